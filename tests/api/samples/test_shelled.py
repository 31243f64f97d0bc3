# SPDX-License-Identifier: LGPL-2.1-or-later
"""For test_shell.py: an LM75, bound and not, and a class that can't be set up."""

from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel


class LM75(RegisterModel):
    value_bytes = 2
    TEMP = Register(0x00, reset=0x1900, access="ro")
    CONFIG = Register(0x01, width=1)
    LOW = Register(0x02, reset=0x4B00)
    HIGH = Register(0x03, reset=0x5000, access="ro")


class First(TestCase):
    device = Device("national,lm75", model=LM75)

    def test_temperature(self):
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")


class Other(TestCase):
    device = Device("national,lm75a", model=LM75, bind=False)

    def test_nothing(self):
        pass


class Broken(First):
    def setUp(self):
        raise ValueError("on purpose")
