# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers, fields and model classes, without a guest."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from typing import Any

from roadtest import ModelError, UsageError, layout
from roadtest.models import BusError, I2CModel, Nak, Register, RegisterModel
from roadtest.models import RegisterValue


class Chip(RegisterModel):
    value_bytes = 2
    STATUS = Register(0x00, access="ro")
    CONFIG = Register(0x01, reset=0xC810, fields={"M": (10, 9), "CRF": 7})
    BYTE = Register(0x02, width=1, reset=0xFF)

    @CONFIG.on_write
    def start(self, value: RegisterValue) -> None:
        pass


class Registers(unittest.TestCase):
    def setUp(self) -> None:
        self.chip = Chip()

    def test_a_register_starts_at_its_reset_value(self) -> None:
        self.assertEqual(self.chip.CONFIG.value, 0xC810)

    def test_a_field_is_cut_out_of_the_value(self) -> None:
        self.chip.CONFIG.value = 0xFFFF
        self.assertEqual((self.chip.CONFIG.M, self.chip.CONFIG.CRF), (3, 1))

    def test_setting_a_field_leaves_the_other_bits(self) -> None:
        self.chip.CONFIG.M = 1
        self.chip.CONFIG.CRF = 1
        self.assertEqual(self.chip.CONFIG.value, 0xC810 | 1 << 9 | 1 << 7)
        self.chip.CONFIG.M = 2
        self.assertEqual(self.chip.CONFIG.value, 0xC810 | 2 << 9 | 1 << 7)

    def test_a_field_takes_no_more_than_its_bits(self) -> None:
        with self.assertRaisesRegex(ValueError, r"CONFIG\.M has 2 bits: 4"):
            self.chip.CONFIG.M = 4
        self.assertEqual(self.chip.CONFIG.value, 0xC810)

    def test_a_register_takes_no_more_than_its_bits(self) -> None:
        with self.assertRaisesRegex(ValueError, r"CONFIG has 16 bits: 65536"):
            self.chip.CONFIG.value = 0x10000
        with self.assertRaisesRegex(ValueError, r"BYTE has 8 bits: 256"):
            self.chip.BYTE.value = 0x100
        with self.assertRaisesRegex(ValueError, r"BYTE has 8 bits: -1"):
            self.chip.BYTE.value = -1

    def test_a_value_that_is_no_int_is_refused_with_the_name(self) -> None:
        value: Any = 1.5
        with self.assertRaisesRegex(TypeError, r"CONFIG\.value .* not 1\.5"):
            self.chip.CONFIG.value = value
        with self.assertRaisesRegex(TypeError, r"CONFIG\.M .* not 1\.5"):
            self.chip.CONFIG.M = value
        self.assertEqual(self.chip.CONFIG.value, 0xC810)

    def test_an_unknown_field_is_named_with_those_that_exist(self) -> None:
        with self.assertRaisesRegex(AttributeError, "no field X .* M, CRF"):
            self.chip.CONFIG.X
        with self.assertRaisesRegex(AttributeError, "no field X .* M, CRF"):
            self.chip.CONFIG.X = 1

    def test_assigning_to_a_register_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(AttributeError, r"set CONFIG\.value"):
            self.chip.CONFIG = 5

    def test_a_register_is_not_taken_for_its_value(self) -> None:
        for use in (
            lambda: self.chip.CONFIG == 0xC810,
            lambda: self.chip.CONFIG != 0,
            lambda: bool(self.chip.CONFIG),
        ):
            with self.assertRaisesRegex(TypeError, "its value is CONFIG.value"):
                use()
        self.assertNotEqual(self.chip.CONFIG, "CONFIG")

    def test_reset_restores_all(self) -> None:
        self.chip.CONFIG.value = 0
        self.chip.BYTE.value = 0
        self.chip.reset()
        self.assertEqual(self.chip.CONFIG.value, 0xC810)
        self.assertEqual(self.chip.BYTE.value, 0xFF)

    def test_chips_of_one_class_do_not_share_values(self) -> None:
        self.chip.CONFIG.value = 0
        self.assertEqual(Chip().CONFIG.value, 0xC810)

    def test_a_hook_value_has_fields_and_the_old_ones(self) -> None:
        value = RegisterValue(Chip.CONFIG, 0x0200, 0x0400, 0x0280)
        self.assertEqual((value, value.M, value.old.M), (0x0200, 1, 2))
        self.assertEqual(value.written, 0x0280)


class Declarations(unittest.TestCase):
    def test_a_model_needs_no_super_init(self) -> None:
        class Lazy(Chip):
            def __init__(self) -> None:
                self.mine = 1

        self.assertEqual(Lazy().CONFIG.value, 0xC810)

    def test_a_subclass_adds_and_replaces_registers(self) -> None:
        class Variant(Chip):
            CONFIG = Register(0x01, reset=0x0001)
            EXTRA = Register(0x09, reset=0x1234)

        chip = Variant()
        self.assertEqual(chip.CONFIG.value, 0x0001)
        self.assertEqual(chip.EXTRA.value, 0x1234)
        self.assertEqual(chip.BYTE.value, 0xFF)

    def test_an_address_that_stands_twice_is_refused(self) -> None:
        with self.assertRaisesRegex(
            ValueError, "Twice: A and B have the same address, 0x01"
        ):

            class Twice(RegisterModel):
                A = Register(0x01)
                B = Register(0x01)

    def test_what_does_not_fit_into_a_register_is_refused(self) -> None:
        for register, text in (
            (Register(0, reset=0x100), "R has 8 bits: reset=0x100"),
            (Register(0, reset=-1), "reset=-0x1"),
            (Register(0, width=2, w1c=0x10000), "R has 16 bits: w1c"),
            (Register(0, fields={"LOW": (7, 0), "F": 8}), "field F ends at bit 8"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                type("Wrong", (RegisterModel,), {"R": register})
        type("Right", (RegisterModel,), {"R": Register(0, fields={"F": 7})})

    def test_a_register_belongs_to_one_class_of_models(self) -> None:
        with self.assertRaisesRegex(TypeError, "Chip.CONFIG is no register of Other"):

            class Other(RegisterModel):
                value_bytes = 2
                ID = Chip.CONFIG

        self.assertEqual(Chip.CONFIG.name, "CONFIG")
        self.assertIs(Chip.CONFIG.owner, Chip)

    def test_an_address_has_one_or_two_bytes(self) -> None:
        with self.assertRaisesRegex(ValueError, "addr_bytes is 1 or 2, not 3"):
            type("Wrong", (RegisterModel,), {"addr_bytes": 3})

    def test_a_register_without_a_name_is_refused(self) -> None:
        for several in ([Register(0x05)], (Register(0x05),), {1: Register(0x05)}):
            with self.subTest(several=several), self.assertRaisesRegex(
                TypeError, "Listed.TEMPS has a register at 0x05 without a name"
            ):

                class Listed(RegisterModel):
                    TEMPS = several

    def test_registers_with_names_may_stand_in_a_list_too(self) -> None:
        class Paired(RegisterModel):
            A, B = map(Register, (0x01, 0x02))
            BOTH = [A, B]

        self.assertEqual(sorted(Paired().registers), [0x01, 0x02])

    def test_a_model_that_has_no_registers_yet_can_be_made(self) -> None:
        class Empty(RegisterModel):
            pass

        self.assertEqual(Empty().registers, {})
        with self.assertRaisesRegex(TypeError, "declares no register"):
            RegisterModel()

    def test_wrong_declarations_are_refused(self) -> None:
        for kwargs in (
            {"access": "r"},
            {"width": 5},
            {"fields": {"F": (3, 4)}},
            {"fields": {"value": 1}},
            {"fields": {"real": 1}},  # an int, which a hook is given, has it
        ):
            with self.subTest(kwargs=kwargs), self.assertRaises(ValueError):
                Register(0, **kwargs)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            Register(0x10000)

    def test_a_wrong_byte_order_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "byteorder"):

            class Wrong(RegisterModel):
                byteorder = "network"


class HooksDeclared(unittest.TestCase):
    """Hooks that could never run are refused by name."""

    def test_a_hook_outside_of_a_class_is_refused(self) -> None:
        with self.assertRaisesRegex(
            TypeError, r"late\(\) can't become a hook of CONFIG here"
        ):

            @Chip.CONFIG.on_write
            def late(self: object, value: RegisterValue) -> None:
                pass

    def test_a_hook_of_another_classes_register_is_refused(self) -> None:
        with self.assertRaisesRegex(
            TypeError,
            r"Other: wrote\(\) is on_write of Chip\.CONFIG, which is no "
            "register of Other",
        ):

            class Other(RegisterModel):
                CONFIG = Register(0x01)

                @Chip.CONFIG.on_write
                def wrote(self, value: RegisterValue) -> None:
                    pass

        self.assertEqual(Chip().CONFIG.value, 0xC810)

    def test_one_that_a_call_does_not_run_is_refused(self) -> None:
        async def wait(self: object, *args: object) -> None:
            pass

        def hold(self: object, *args: object) -> Iterator[None]:
            yield

        for fn, why in (wait, "it is async"), (hold, "a yield makes it"):
            for base, name in (
                (I2CModel, "write"),
                (I2CModel, "read"),
                (RegisterModel, "power_on"),
            ):
                with self.assertRaisesRegex(TypeError, f"{fn.__name__} is a hook.*{why}"):
                    type("Bad", (base,), {name: fn})
            with self.assertRaisesRegex(TypeError, f"is CONFIG.on_write.*{why}"):

                class Bad(Chip):
                    Chip.CONFIG.on_write(fn)  # type: ignore[arg-type]

            with self.assertRaisesRegex(TypeError, f"a timer's function.*{why}"):
                Chip().after(1, fn)  # type: ignore[arg-type]

        class Good(Chip):
            def own(self) -> Iterator[int]:
                yield 1

        self.assertEqual(list(Good().own()), [1])

    def test_what_was_refused_is_nobodys_hook(self) -> None:
        def broken() -> None:
            class Bad(Chip):
                @Chip.BYTE.on_write
                def wrote(self, value: RegisterValue) -> None:
                    pass

                raise KeyError

        with self.assertRaises(KeyError):
            broken()

        class Good(Chip):
            pass

        hooks = [row[-1] for row in layout.table(Good, [Chip.BYTE])]
        self.assertEqual(hooks, [()])

    def test_one_of_several_of_a_name_is_not_overridden(self) -> None:
        class Twice(RegisterModel):
            A = Register(0)
            B = Register(1)

            @A.on_write
            def wrote(self, value: RegisterValue) -> None:
                pass

            @B.on_write
            def wrote(self, value: RegisterValue) -> None:  # type: ignore[no-redef] # noqa: F811
                pass

        with self.assertRaisesRegex(
            TypeError, r"Over\.wrote would override one of several hooks of Twice"
        ):

            class Over(Twice):
                def wrote(self, value: RegisterValue) -> None:
                    pass

    def test_a_hook_is_a_function(self) -> None:
        wrong: Any = 3
        with self.assertRaisesRegex(TypeError, "A.on_read is for a function"):

            class Wrong(RegisterModel):
                A = Register(0)
                A.name = "A"
                A.on_read(wrong)


class Options(unittest.TestCase):
    """What has no effect when it is set of a chip is refused."""

    def test_options_of_the_class_are_not_the_chips(self) -> None:
        chip: Any = Chip()
        for name, value in (
            ("value_bytes", 1),
            ("addr_bytes", 2),
            ("addr_mask", 0x7F),
            ("increment_mask", 0x80),
            ("registers", {}),
        ):
            with self.subTest(name), self.assertRaisesRegex(
                AttributeError, f"{name} is an option of the class Chip"
            ):
                setattr(chip, name, value)

    def test_a_method_that_comes_too_late_is_refused(self) -> None:
        class Raw(I2CModel):
            def __init__(self) -> None:
                self.stop = lambda: None  # type: ignore[method-assign]

        class Map(RegisterModel):
            def __init__(self) -> None:
                self.command = lambda sent: True

        for cls, name in ((Raw, "stop"), (Map, "command")):
            with self.assertRaisesRegex(
                AttributeError, rf"{cls.__name__} has no {name}\(\), and"
            ):
                cls()

    def test_data_of_that_name_is_the_models_own(self) -> None:
        class Raw(I2CModel):
            def __init__(self) -> None:
                self.command = 5
                self.stop = False  # type: ignore[assignment, method-assign]

        self.assertEqual(Raw().command, 5)

    def test_an_option_that_is_wrong_later_is_refused_too(self) -> None:
        class Late(Chip):
            pass

        Late.addr_bytes = 3
        with self.assertRaisesRegex(ValueError, "addr_bytes is 1 or 2, not 3"):
            Late()


class Attributes(unittest.TestCase):
    """What a test may set of a model."""

    def test_a_slip_is_an_error_that_names_what_was_meant(self) -> None:
        class Slow(Chip):
            conversion = 0.1

            def __init__(self) -> None:
                self.answers = True

        chip = Slow()
        for name, near in (
            ("conversoin", "conversion"), ("answer", "answers"),
            ("CONFIC", "CONFIG"), ("inejct", "inject"),
        ):  # fmt: skip
            with self.subTest(name), self.assertRaisesRegex(
                AttributeError,
                f"Slow has no attribute {name}; did you mean {near}.*declare it",
            ):
                setattr(chip, name, None)
            self.assertNotIn(name, vars(chip))
        with self.assertRaisesRegex(AttributeError, "attribute qqq: a test"):
            setattr(chip, "qqq", None)

    def test_a_raw_chip_without_a_hook_takes_none(self) -> None:
        class Mute(I2CModel):
            pass

        with self.assertRaisesRegex(AttributeError, "no attribute read"):
            setattr(Mute(), "read", bytes)

    def test_what_it_has_may_be_set(self) -> None:
        class Open(Chip):
            annotated: int
            plain = None

            def later(self) -> None:
                self.found = 1

            def closure(self) -> Callable[[], None]:
                def run() -> None:
                    self.nested = 1

                return run

        chip = Open()
        chip.annotated = 1
        chip.plain = None
        chip.later()
        chip.found = 2
        chip.closure()()
        chip.nested = 2
        self.assertEqual(
            vars(chip), {"annotated": 1, "plain": None, "found": 2, "nested": 2}
        )

    def test_a_slip_in_a_register_names_what_was_meant(self) -> None:
        with self.assertRaisesRegex(AttributeError, "did you mean value"):
            Chip().CONFIG.vale = 3
        with self.assertRaisesRegex(AttributeError, "no field CRV .*mean CRF"):
            Chip().CONFIG.CRV


class Detached(unittest.TestCase):
    def test_a_model_is_not_usable_before_it_is_attached(self) -> None:
        chip = Chip()
        self.assertFalse(chip.attached)
        uses: list[Callable[[], object]] = [
            lambda: chip.irq.assert_(),
            lambda: chip.after(1.0, print),
            lambda: chip.writes(Chip.CONFIG),
            lambda: chip.addr,
        ]
        for use in uses:
            with self.assertRaisesRegex(UsageError, "Chip is not attached"):
                use()

    def test_fail_names_the_model(self) -> None:
        with self.assertRaisesRegex(ModelError, "^Raw: no$"):

            class Raw(I2CModel):
                pass

            Raw().fail("no")

    def test_bus_errors_carry_their_errno(self) -> None:
        self.assertEqual(Nak().errno, 6)
        self.assertEqual(BusError(110).errno, 110)


if __name__ == "__main__":
    unittest.main()
