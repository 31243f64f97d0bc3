# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that leave a journal, for test_guest_journal.py; one of them fails."""

from roadtest import Device, TestCase

from chips import Lm75


class Thermometer(TestCase):
    device = Device("national,lm75", model=Lm75)

    def test_a_reads(self) -> None:
        with self.subTest("<first>", at=1):
            self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

    def test_b_fails(self) -> None:
        self.chip.inject(count=None)
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")
