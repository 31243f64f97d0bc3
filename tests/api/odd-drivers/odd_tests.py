# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of odd_i2c.c, run by ../test_odd_drivers.py."""

import errno

from roadtest import Device, TestCase
from roadtest.driver import i2c_device
from roadtest.models import Register, RegisterModel


class Chip(RegisterModel):
    ID = Register(0x00, reset=0x55)


class Odd(TestCase):
    split = Device("acme,split", bind=False)
    stubborn = Device("acme,stubborn", model=Chip, bind=False)
    device = stubborn

    def test_the_alias_is_of_a_module_without_a_driver(self):
        self.split.bind()
        self.assertEqual(self.split.driver, "split")
        self.assertFalse(self.split.autoloads)
        self.assertIn("odd_i2c does not autoload", self.split.node.warning)

    def test_the_same_by_its_path(self):
        device = i2c_device(self.split.addr)
        device.bind()
        self.assertEqual(device.driver, "split")

    def check_stubborn(self, device):
        for _ in range(2):
            device.bind()
            self.assertEqual(device.driver, "stubborn")
            device.unbind()
            self.assertIsNone(device.driver)

    def test_without_bind_and_unbind(self):
        self.check_stubborn(self.dev)

    def test_without_them_by_its_path(self):
        self.check_stubborn(i2c_device(self.dev.addr))

    def test_the_errno_of_such_a_probe(self):
        for value, number in (0, errno.EREMOTEIO), (1, errno.ENODEV):
            with self.subTest(number):
                self.chip.ID.value = value
                with self.assertGuestError(number) as caught:
                    self.dev.bind()
                self.assertIn("the probe of stubborn failed", str(caught.exception))

    def test_left_bound(self):
        self.dev.bind()

    def test_left_bound_is_undone(self):
        self.assertIsNone(self.dev.driver)
