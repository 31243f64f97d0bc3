# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RFC's models and names, without a guest."""

from __future__ import annotations

import importlib
import unittest
from typing import Any
from unittest.mock import MagicMock, call

from roadtest import UsageError
from roadtest.rfc.backend.backend import Journal
from roadtest.rfc.backend.i2c import I2CModel, SimpleSMBusModel, SMBusModel
from roadtest.rfc.core.hardware import Hardware
from roadtest.rfc.core.mock import HwMock


class StubBackend:
    """A backend with nothing but the journal."""

    def __init__(self) -> None:
        self.mock = Journal()

    def writes(self) -> list[Any]:
        """The calls that were kept."""
        mock = HwMock()
        self.mock._replay(mock)
        return list(mock.mock_calls)


class Words(SMBusModel):
    """Notes what it is asked; a register holds its own address, twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regbytes=2, **kwargs)
        self.written: list[tuple[int, int]] = []

    def reg_read(self, addr: int) -> int:
        return addr << 8 | 0xA0

    def reg_write(self, addr: int, val: int) -> None:
        self.written.append((addr, val))


class Models(unittest.TestCase):
    def setUp(self) -> None:
        self.backend: Any = StubBackend()

    def test_the_first_byte_of_a_write_is_the_register(self) -> None:
        chip = Words(backend=self.backend)
        chip.write(b"\x10\x34\x12")
        self.assertEqual(chip.written, [(0x10, 0x1234)])
        self.assertEqual(self.backend.writes(), [call.reg_write(0x10, 0x1234)])

    def test_values_that_follow_are_for_the_registers_behind_it(self) -> None:
        chip = Words(backend=self.backend, byteorder="big")
        chip.write(b"\x10\x12\x34\x56\x78")
        self.assertEqual(chip.written, [(0x10, 0x1234), (0x12, 0x5678)])

    def test_a_read_starts_at_the_register_that_was_written_last(self) -> None:
        chip = Words(backend=self.backend)
        chip.write(b"\x20")
        self.assertEqual(chip.read(2), b"\xa0\x20")
        self.assertEqual(chip.read(4), b"\xa0\x20\xa0\x22")
        self.assertEqual((chip.written, self.backend.writes()), ([], []))

    def test_a_part_of_a_value_is_refused(self) -> None:
        chip = Words(backend=self.backend)
        with self.assertRaisesRegex(AssertionError, "1 bytes to register 0x10"):
            chip.write(b"\x10\x34")
        self.assertEqual(chip.written, [])

    def test_simple_registers_keep_what_is_written(self) -> None:
        chip = SimpleSMBusModel(
            regs={0: 1, 1: 2}, regbytes=1, backend=self.backend
        )
        chip.write(b"\x01\x55")
        self.assertEqual(chip.regs, {0: 1, 1: 0x55})
        chip.write(b"\x00")
        self.assertEqual(chip.read(2), b"\x01\x55")

    def test_simple_registers_are_all_there_is(self) -> None:
        chip = SimpleSMBusModel(regs={0: 1}, regbytes=1, backend=self.backend)
        with self.assertRaisesRegex(AssertionError, "no register 0x02"):
            chip.write(b"\x02\x00")
        with self.assertRaisesRegex(AssertionError, "no register 0x02"):
            chip.read(1)

    def test_a_model_without_read_and_write_cannot_be_made(self) -> None:
        with self.assertRaisesRegex(TypeError, "abstract"):
            I2CModel(backend=self.backend)  # type: ignore[abstract]

    def test_the_journal_keeps_any_call_but_those_of_the_test(self) -> None:
        journal = self.backend.mock
        journal.reset(1, hard=True)
        journal._without(journal.reset)(2)
        journal.reset(3)
        self.assertEqual(
            self.backend.writes(), [call.reset(1, hard=True), call.reset(3)]
        )
        self.assertEqual(self.backend.writes(), [])

    def test_other_buses_are_refused(self) -> None:
        with self.assertRaisesRegex(UsageError, "no bus 'spi'"):
            Hardware("spi")

    def test_a_mock_is_a_magic_mock(self) -> None:
        self.assertIsInstance(HwMock(), MagicMock)


class Names(unittest.TestCase):
    def test_every_name_is_where_the_rfc_had_it(self) -> None:
        names = {
            "backend.i2c": "I2CModel SMBusModel SimpleSMBusModel",
            "core.devicetree": "DtFragment DtVar",
            "core.hardware": "Hardware",
            "core.modules": "insmod rmmod modprobe Module",
            "core.suite": "UMLTestCase",
            "core.sysfs": "I2CDriver PlatformDriver read_str read_int read_float "
            "write_str write_int write_float",
            "core.devices": "I2CDriver PlatformDriver",
            "support.iio": "IIOEventMonitor IIOBuffer IIOChanType",
            "support.rtc": "RTC RTCTime RTC_IRQF RTC_AF RTC_VL_DATA_INVALID",
            "tests.iio": "iio",
            "tests.rtc": "rtc",
        }
        for module, found in names.items():
            for name in found.split():
                with self.subTest(module=module, name=name):
                    loaded = importlib.import_module(f"roadtest.rfc.{module}")
                    self.assertTrue(hasattr(loaded, name))


if __name__ == "__main__":
    unittest.main()
