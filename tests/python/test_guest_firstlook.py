# SPDX-License-Identifier: LGPL-2.1-or-later
"""next_step() of a suite that `roadtest new` began: what it says until there is
a test."""

from __future__ import annotations

from unittest import mock

from roadtest import Device, DtFragment, TestCase, firstlook
from roadtest.driver import platform_device
from roadtest.firstlook import Explorer, interface, next_step
from roadtest.models import I2CModel, Nak, Register, RegisterModel


class Empty(RegisterModel):
    value_bytes = 2


class Ids(RegisterModel):
    """Of an OPT3001."""

    value_bytes = 2
    VENDOR = Register(0x7E, reset=0x5449)
    CHIP = Register(0x7F, reset=0x3001)


class Finished(RegisterModel):
    value_bytes = 2
    CONFIG = Register(0x01, reset=0x60A0)
    TEMP = Register(0x00)
    LOW = Register(0x02)
    HIGH = Register(0x03)


class ReadOnly(Finished):
    CONFIG = Register(0x01, reset=0x60A0, access="ro")


class OtherChip(Finished):
    CONFIG = Register(0x01, reset=0x00A0)


class Clock(RegisterModel):
    """Of a PCF8563."""

    auto_increment = True
    CONTROL1, CONTROL2, SECONDS, MINUTES, HOURS, DAYS = map(Register, range(6))
    WEEKDAYS, MONTHS, YEARS, ALARM1, ALARM2 = map(Register, range(6, 11))
    ALARM3, ALARM4, CLKOUT, TIMER = map(Register, range(11, 15))


class Narrow(RegisterModel):
    value_bytes = 2


class Wide(RegisterModel):
    addr_bytes = 2


class Mute(I2CModel):
    """Commands that nobody has looked up yet."""


class Talks(I2CModel):
    """The LM75's configuration."""

    def write(self, data: bytes) -> None:
        """Which register."""

    def read(self, length: int) -> bytes:
        """All are 0."""
        return bytes(length)


class NextStep(TestCase):
    narrow = Device("national,lm75", model=Narrow, bind=False)
    empty = Device("ti,tmp102", model=Empty, bind=False)
    ids = Device("ti,opt3001", model=Ids, bind=False)
    finished = Device("ti,tmp102", model=Finished, bind=False)
    strict = Device("ti,tmp102", model=ReadOnly, bind=False)
    other = Device("ti,tmp102", model=OtherChip, bind=False)
    rtc = Device("nxp,pcf8563", model=Clock, bind=False)
    unknown = Device("acme,nothing", model=Finished, bind=False)
    wide = Device("national,lm75", model=Wide, bind=False)
    mute = Device("national,lm75", model=Mute, bind=False)
    talks = Device("national,lm75", model=Talks, bind=False)
    no_alias = Device("acme,lm75", model=Narrow, bind=False)
    device = empty

    def step(self, device: Device) -> str:
        """What it says about a device."""
        bound = device

        class Test:
            dev = bound
            chip = bound.chip  # type: ignore[attr-defined]
            board = self.board
            guest = self.guest

        with self.assertRaises(AssertionError) as caught:
            next_step(Test())  # type: ignore[arg-type]
        text = str(caught.exception)
        self.assertTrue(text.startswith("next step: "), text)
        return text

    def test_registers_that_the_model_lacks_with_their_width(self) -> None:
        text = self.step(self.empty)  # type: ignore[arg-type]
        self.assertIn("Empty has no registers yet", text)
        self.assertIn("\n    read  0x01, 2 bytes\n", text)
        self.assertIn("failed with ENODEV", text)
        self.assertIn("NAME = Register(0x01, reset=0x00)", text)

    def test_a_width_that_is_not_the_models(self) -> None:
        text = self.step(self.narrow)  # type: ignore[arg-type]
        self.assertIn("\n    read  0x01, 1 byte\n", text)
        self.assertIn("NAME = Register(0x01, reset=0x00, width=1)", text)

    def test_those_that_are_declared_are_not_named_again(self) -> None:
        text = self.step(self.ids)  # type: ignore[arg-type]
        self.assertIn("register 0x01", text.partition("\n")[0])
        self.assertIn("\n    read  0x01, 2 bytes\n", text)
        self.assertNotIn("0x7", text)
        self.assertIn("and it binds then.", text)

    def test_what_the_driver_offers_once_it_has_bound(self) -> None:
        text = self.step(self.finished)  # type: ignore[arg-type]
        self.assertIn("the driver tmp102 has bound the chip", text)
        self.assertRegex(text, r"hwmon/hwmon\d+: name .*temp1_input temp1_max")
        self.assertIn("self.dev.hwmon[NAME]", text)

    def test_a_clock_is_read_by_its_method(self) -> None:
        text = self.step(self.rtc)  # type: ignore[arg-type]
        self.assertRegex(text, r"\n    rtc/rtc\d+[:\n]")
        self.assertIn("self.dev.rtc.read_time() (docs/subsystems.md", text)
        self.assertNotIn("rtc[NAME]", text)

    def test_an_access_that_the_model_forbids(self) -> None:
        text = self.step(self.strict)  # type: ignore[arg-type]
        self.assertIn("what ReadOnly does not allow", text)
        self.assertIn("CONFIG (0x01)", text)

    def test_a_driver_that_refuses_with_its_last_transfers(self) -> None:
        text = self.step(self.other)  # type: ignore[arg-type]
        self.assertIn("failed with ENODEV", text)
        self.assertIn("the driver did not accept the chip", text)
        self.assertIn("read CONFIG", text)

    def test_messages_of_a_chip_that_is_no_map(self) -> None:
        text = self.step(self.mute)  # type: ignore[arg-type]
        self.assertIn("Mute does not answer yet", text)
        self.assertIn("\n    write 01\n    read 1 byte\nand it binds", text)
        self.assertIn("read(self, length) of Mute", text)

    def test_such_a_chip_that_answers_is_bound(self) -> None:
        text = self.step(self.talks)  # type: ignore[arg-type]
        self.assertIn("the driver lm75 has bound the chip", text)
        self.assertIn("sets what self.chip answers", text)

    def test_an_address_of_another_width(self) -> None:
        text = self.step(self.wide)  # type: ignore[arg-type]
        self.assertIn("write 01, which is no address of 2 bytes", text)

    def test_a_driver_that_waits_for_another_answer(self) -> None:
        with mock.patch.object(firstlook, "_PATIENCE", 3):
            text = self.step(self.ids)  # type: ignore[arg-type]
        self.assertIn("The driver waits for another answer: in 3 messages", text)
        self.assertIn('nothing new, at last "read VENDOR"', text)
        self.assertIn("did not acknowledge, and /sys", text)

    def test_a_chip_that_is_asked_the_same_for_ever_falls_silent(self) -> None:
        explorer = Explorer(Empty())
        with self.assertRaises(Nak):
            for _ in range(10000):
                explorer.start(False, True)
                explorer.write(b"\x05")
                explorer.start(True, False)
                explorer.read(2)
        self.assertEqual(explorer.seen, ["read  0x05, 2 bytes"])
        self.assertEqual(explorer.waits_for, "read 0x05, 2 bytes")

    def test_one_that_is_asked_for_much_does_not(self) -> None:
        explorer = Explorer(Mute())
        for number in range(10000):
            explorer.start(False, True)
            explorer.write(number.to_bytes(2, "big"))
        self.assertEqual(explorer.waits_for, "")

    def test_a_driver_that_has_no_alias_for_the_node(self) -> None:
        text = self.step(self.no_alias)  # type: ignore[arg-type]
        self.assertIn("\n    read  0x01, 1 byte\n", text)

    def test_a_kernel_without_the_driver(self) -> None:
        text = self.step(self.unknown)  # type: ignore[arg-type]
        self.assertIn('alias "of:NdeviceT(null)Cacme,nothing"', text)
        self.assertIn("option in the file config", text)

    def test_interface_names_class_devices_and_attributes(self) -> None:
        self.finished.bind()  # type: ignore[attr-defined]
        found = interface(self.finished)  # type: ignore[arg-type]
        (name,) = found
        self.assertTrue(name.startswith("hwmon/hwmon"))
        self.assertIn("temp1_input", found[name])
        self.assertNotIn("uevent", found[name])


class Offers(TestCase):
    """A driver that has nothing in sysfs, or uses something that is a library."""

    bind = False
    device = Device("national,lm75", model=Talks)

    def step(self) -> str:
        with mock.patch.object(firstlook, "interface", return_value={}):
            with self.assertRaises(AssertionError) as caught:
                firstlook._bound(self.dev)
        return str(caught.exception)

    def test_users_of_a_library_are_found_through_others(self) -> None:
        self.dev.bind()
        self.assertTrue(firstlook._uses(self.dev, "regmap_i2c"))
        self.assertFalse(firstlook._uses(self.dev, "v4l2_async"))
        self.assertIn("nothing in sysfs", self.step())

    def test_what_each_kind_is_told(self) -> None:
        self.dev.bind()
        for library, text in (
            ("v4l2_async", "a sensor or another part of a camera"),
            ("mfd_core", "struct mfd_cell"),
        ):
            with mock.patch.object(
                firstlook, "_uses", side_effect=lambda _, name: name == library
            ):
                self.assertIn(text, self.step())


class BeforeAnyTraffic(TestCase):
    """The probe fails, and the chip has not been asked."""

    dts = DtFragment(
        """
/ {
    late: regulator-late {
        compatible = "regulator-fixed";
        regulator-name = "late";
        regulator-min-microvolt = <3300000>;
        regulator-max-microvolt = <3300000>;
    };
};
"""
    )
    device = Device(
        "amstaos,tsl2772",
        model=Narrow,
        properties="vdd-supply = <&late>; vddio-supply = <&vio>;",
        bind=False,
    )
    reason = "supplier regulator-late not ready"

    def test_the_errno_and_what_the_kernel_says(self) -> None:
        platform_device("regulator-late").unbind()
        with self.assertRaises(AssertionError) as caught:
            next_step(self)
        text = str(caught.exception)
        self.assertIn("failed before the driver used the chip", text)
        self.assertIn("failed with EAGAIN", text)
        self.assertIn("EPROBE_DEFER", text)
        self.assertRegex(text, f"The kernel said\n.*{self.reason}")
        self.assertIn("vdd-supply", text)


class BeforeAnyTrafficWithoutLinks(BeforeAnyTraffic):
    """It is the driver that asks for the supply."""

    machine_options = {"kernel_args": "fw_devlink=off"}
    reason = "Failed to get supply 'vdd'"
