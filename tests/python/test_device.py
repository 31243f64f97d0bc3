# SPDX-License-Identifier: LGPL-2.1-or-later
"""Device, DtFragment, events and errors, without a guest."""

from __future__ import annotations

import errno
import os
import unittest
import unittest.mock

from roadtest import Device, DtFragment, DtVar, GuestError, TestCase, UsageError
from roadtest import known_bug
from roadtest.errors import guest_error
from roadtest.iio import IioEvent
from roadtest.models import Register, RegisterModel

FRAGMENT = DtFragment(
    variables={"addr": DtVar.I2C_ADDR},
    src="""
&i2c { chip@$addr$ { }; };
""",
)
SHARED = """&i2c { };"""


class Devices(unittest.TestCase):
    def test_a_device_cannot_be_changed(self) -> None:
        device = Device("a,b")
        with self.assertRaisesRegex(AttributeError, "can't be changed"):
            device.compatible = "c,d"

    def test_with_irq_makes_another_one(self) -> None:
        device = Device("a,b", addr=0x44)
        other = device.with_irq("low")
        self.assertIsNone(device.irq)
        self.assertEqual((other.irq, other.irq_type, other.addr), ("low", 8, 0x44))

    def test_an_unknown_interrupt_type_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "falling.*not 'up'"):
            Device("a,b").with_irq("up")

    def test_a_model_that_is_made_already_is_refused(self) -> None:
        class Chip(RegisterModel):
            A = Register(0)

        with self.assertRaisesRegex(TypeError, r"model=Chip, not Chip\(\)$"):
            Device("acme,chip", model=Chip())  # type: ignore[arg-type]

    def test_arguments_that_make_no_device_are_refused(self) -> None:
        with self.assertRaisesRegex(TypeError, "compatible is a string"):
            Device(RegisterModel, "a,b")  # type: ignore[arg-type]
        for addr in -1, 0, 0x80, 1 << 33:
            with self.subTest(addr), self.assertRaisesRegex(ValueError, "7 bits"):
                Device("a,b", addr=addr)

    def test_one_must_not_hide_what_a_test_needs(self) -> None:
        for name in "chip", "guest", "machine", "id", "run":
            for thing in Device("a,b"), DtFragment("&spi { };"):
                with self.subTest(name, thing=thing):
                    with self.assertRaisesRegex(TypeError, f"Bad.{name} hides"):
                        type("Bad", (TestCase,), {name: thing})
        type("Good", (TestCase,), {"dev": Device("a,b")})


class Fragments(unittest.TestCase):
    def test_its_location_is_where_the_text_starts(self) -> None:
        file, line = FRAGMENT.location()
        self.assertTrue(file.endswith("test_device.py"), file)
        with open(file, encoding="utf-8") as f:
            lines = f.read().split("\n")
        self.assertEqual(lines[line - 1], '    src="""')

    def test_a_text_from_elsewhere_in_the_file_is_found(self) -> None:
        file, line = DtFragment(SHARED).location()
        with open(file, encoding="utf-8") as f:
            self.assertIn("SHARED =", f.read().split("\n")[line - 1])

    def test_a_text_that_was_put_together_has_the_line_of_the_call(self) -> None:
        fragment = DtFragment("&gpio {" + " };")
        with open(__file__, encoding="utf-8") as f:
            here = f.read().split("\n")[fragment.location()[1] - 1]
        self.assertIn('DtFragment("&gpio {" +', here)

    def test_a_variable_has_no_value_before_boot(self) -> None:
        with self.assertRaisesRegex(UsageError, "booted"):
            FRAGMENT["addr"]
        with self.assertRaises(KeyError):
            FRAGMENT["other"]


class Errors(unittest.TestCase):
    def test_a_guest_error_is_the_builtin_one_too(self) -> None:
        error = guest_error(errno.ENOENT, "/x")
        self.assertIsInstance(error, FileNotFoundError)
        self.assertIsInstance(error, GuestError)
        self.assertEqual(
            (error.errno, error.filename), (errno.ENOENT, "/x")
        )
        self.assertEqual(str(error), "[ENOENT] No such file or directory: '/x'")

    def test_its_detail_is_its_text(self) -> None:
        error = guest_error(errno.EIO, "/x", "read /x: why")
        self.assertEqual(str(error), "[EIO] read /x: why")

    def test_a_detail_that_names_the_errno_is_not_told_twice(self) -> None:
        error = guest_error(errno.EIO, "/x", "read /x: why (EIO)")
        self.assertEqual(str(error), "read /x: why (EIO)")


class Events(unittest.TestCase):
    def test_a_threshold_event_is_decoded(self) -> None:
        # IIO_UNMOD_EVENT_CODE(IIO_LIGHT, 0, IIO_EV_TYPE_THRESH,
        # IIO_EV_DIR_RISING), events.h
        event = IioEvent(0 << 56 | 1 << 48 | 6 << 32, 5)
        self.assertEqual(
            (event.channel_type, event.type, event.direction, event.timestamp),
            ("light", "thresh", "rising", 5),
        )

    def test_channel_and_type_are_decoded(self) -> None:
        event = IioEvent(1 << 56 | 1 << 55 | 2 << 48 | 9 << 32 | 2 << 16 | 3, 0)
        self.assertEqual(
            (event.channel_type, event.type, event.direction),
            ("temp", "mag", "falling"),
        )
        self.assertEqual(
            (event.channel, event.channel2, event.differential), (3, 2, True)
        )


class Classes(unittest.TestCase):
    def test_attributes_that_mean_nothing_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "Bad.isolate is .* 'Test'"):
            type("Bad", (TestCase,), {"isolate": "Test"})
        with self.assertRaisesRegex(TypeError, r"Bad.programs is a list: \['sh'\]"):
            type("Bad", (TestCase,), {"programs": "sh"})


class KnownBugs(unittest.TestCase):
    def test_what_can_never_match_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, r"'\(': missing \)"):
            known_bug("(", "broken")
        for release in "mended", "v6.1":
            for name in "until", "since":
                with self.subTest(release, name=name):
                    with self.assertRaisesRegex(ValueError, f"not '{release}'"):
                        known_bug("x", "y", **{name: release})


class Seed(unittest.TestCase):
    def test_the_class_comes_before_the_environment(self) -> None:
        class Own(TestCase):
            seed = 3

        class Other(TestCase):
            pass

        with unittest.mock.patch.dict(os.environ, ROADTEST_SEED="0x10"):
            self.assertEqual(Own._road_seed(), 3)
            self.assertEqual(Other._road_seed(), 16)
        with unittest.mock.patch.dict(os.environ, ROADTEST_SEED=""):
            self.assertEqual(Other._road_seed(), 0)


class AssertGuestError(TestCase):
    """The assertion itself boots nothing."""

    def test_what_is_no_errno_is_refused(self) -> None:
        for errnos in (), ("EIO",), (-errno.EIO,), (0,):
            with self.subTest(errnos), self.assertRaisesRegex(TypeError, "errno.EIO"):
                self.assertGuestError(*errnos)  # type: ignore[arg-type]

    def test_no_error_is_a_failure(self) -> None:
        with self.assertRaisesRegex(
            AssertionError, "gave no error; expected ETIMEDOUT"
        ):
            with self.assertGuestError(errno.ETIMEDOUT):
                pass

    def test_another_errno_is_a_failure_that_names_both(self) -> None:
        with self.assertRaisesRegex(
            AssertionError, "gave EIO; expected ETIMEDOUT or EBUSY: .*why"
        ):
            with self.assertGuestError(errno.ETIMEDOUT, errno.EBUSY):
                raise guest_error(errno.EIO, "/x", "why")

    def test_other_exceptions_pass_through(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            with self.assertGuestError(errno.EIO):
                1 / 0

    def test_the_error_is_kept(self) -> None:
        with self.assertGuestError(errno.EIO) as caught:
            raise guest_error(errno.EIO, "/x")
        self.assertEqual(caught.exception.filename, "/x")


if __name__ == "__main__":
    unittest.main()
