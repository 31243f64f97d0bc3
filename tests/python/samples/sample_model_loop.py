# SPDX-License-Identifier: LGPL-2.1-or-later
"""A model in an endless loop, for the watchdog's own test."""

import sys

from roadtest import TestCase
from roadtest.models import I2CModel


class Endless(I2CModel):
    def read(self, length: int) -> bytes:
        while True:
            pass


class Loop(TestCase):
    def test_reads(self) -> None:
        self.board.attach(Endless(), 0x50)
        with self.guest.path("/dev/i2c-0").open() as bus:
            print("guest", self.machine.pid, file=sys.stderr, flush=True)
            bus.ioctl(0x0703, 0x50)
            bus.read(1)
