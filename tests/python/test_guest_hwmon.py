# SPDX-License-Identifier: LGPL-2.1-or-later
"""dev.hwmon: found by its parent, attributes with the driver's errno."""

from __future__ import annotations

import errno
from decimal import Decimal

from chips import Lm75
from roadtest import Device, NoDeviceError, TestCase, UsageError
from roadtest.driver import platform_device
from roadtest.hwmon import HwmonDevice, find
from roadtest.sysfs import as_text


class Hwmon(TestCase):
    first = Device("national,lm75", model=Lm75, bind=False)
    second = Device("national,lm75", model=Lm75, bind=False)

    def test_each_device_has_its_own(self) -> None:
        self.second.bind()
        self.first.bind()
        self.first.chip.TEMP.value = 0x0A00
        self.second.chip.TEMP.value = 0x0B00
        self.assertEqual(self.first.hwmon["temp1_input"], "10000")
        self.assertEqual(self.second.hwmon["temp1_input"], "11000")
        self.assertEqual(self.second.hwmon.path.name, "hwmon0")

    def test_its_number_may_change_when_it_is_bound_again(self) -> None:
        self.first.bind()
        self.assertEqual(self.first.hwmon.path.name, "hwmon0")
        self.first.unbind()
        self.second.bind()
        self.first.bind()
        self.assertEqual(self.first.hwmon.path.name, "hwmon1")
        self.assertEqual(self.first.hwmon["temp1_input"], "25000")

    def test_that_of_a_part_is_found(self) -> None:
        """The chips are parts of the bus's controller."""
        name = self.first.resolve_link()
        while name.parent.name != "platform":
            name = name.parent
        whole = platform_device(name.name)
        with self.assertRaisesRegex(NoDeviceError, "no hwmon device: is a"):
            whole.hwmon
        self.first.bind()
        self.assertEqual(whole.hwmon["temp1_input"], "25000")
        self.second.bind()
        with self.assertRaisesRegex(
            UsageError, f"several .*{self.first.id}.*{self.second.id}"
        ):
            find(whole)
        self.assertEqual(self.first.hwmon.path.parent, self.first / "hwmon")
        with self.assertRaisesRegex(NoDeviceError, "hwmon device x"):
            find(self.first, "x")

    def test_attributes_are_read_and_written(self) -> None:
        self.first.bind()
        hwmon = self.first.hwmon
        hwmon["temp1_max"] = 30000
        self.assertEqual(self.first.chip.OS.value, 0x1E00)
        self.assertEqual(hwmon["temp1_max"], "30000")
        self.assertEqual(hwmon["name"], "lm75")

    def test_what_is_written_is_what_was_meant(self) -> None:
        self.first.bind()
        hwmon = self.first.hwmon
        for value in None, 30.5, b"30000", [30000]:
            with self.subTest(value), self.assertRaisesRegex(TypeError, "text or"):
                hwmon["temp1_max"] = value  # type: ignore[assignment]
        self.assertEqual(as_text(True), "1")
        self.assertEqual(as_text(Decimal("1E+3")), "1000")

    def test_errors_are_the_drivers(self) -> None:
        self.first.bind()
        hwmon = self.first.hwmon
        with self.assertGuestError(errno.EINVAL):
            hwmon["temp1_max"] = "warm"
        with self.assertGuestError(errno.ENOENT):
            hwmon["temp2_input"]

    def test_a_name_that_is_not_there_gives_those_that_are(self) -> None:
        self.first.bind()
        hwmon = self.first.hwmon
        names = r"\(there is: name temp1_input temp1_max temp1_max_hyst "
        with self.assertRaisesRegex(FileNotFoundError, names):
            hwmon["temp3_input"]
        with self.assertRaisesRegex(FileNotFoundError, names):
            hwmon["temp1_mx"] = "1"
        self.first.unbind()
        with self.assertRaisesRegex(FileNotFoundError, r"\(ENOENT\)$"):
            hwmon["temp3_input"]

    def test_what_there_is(self) -> None:
        self.first.bind()
        hwmon = self.first.hwmon
        self.assertIn("temp1_input", hwmon)
        self.assertNotIn("temp2_input", hwmon)
        self.assertLess({"name", "temp1_max", "temp1_max_hyst"}, set(hwmon))
        self.assertIsInstance(hwmon, HwmonDevice)
        self.assertEqual(repr(hwmon), f"<HwmonDevice {self.first}/hwmon/hwmon0>")

    def test_without_a_driver_there_is_none(self) -> None:
        with self.assertRaisesRegex(NoDeviceError, "is a driver bound"):
            self.first.hwmon
        self.first.bind()
        self.first.hwmon["name"]
        self.first.unbind()
        with self.assertRaisesRegex(NoDeviceError, "is a driver bound"):
            self.first.hwmon
