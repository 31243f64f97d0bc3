# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of rfc_style.py as one writes them now, for
docs/from-the-rfc.md."""

import errno

from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel

HIGH = "events/in_illuminance_thresh_rising_"


class OPT3001(RegisterModel):
    """TI OPT3001 ambient light sensor, datasheet SBOS681C."""

    value_bytes, byteorder = 2, "big"
    RESULT = Register(0x00, access="ro")
    CONFIG = Register(
        0x01, reset=0xC810, rc=0x0060, fields={"M": (10, 9), "CRF": 7, "FH": 6}
    )
    LOW_LIMIT = Register(0x02, reset=0xC000)
    HIGH_LIMIT = Register(0x03, reset=0xBFFF)
    MANUFACTURER = Register(0x7E, access="ro", reset=0x5449)
    DEVICE = Register(0x7F, access="ro", reset=0x3001)

    raw, ends = 0, True

    @CONFIG.on_write
    def start(self, config):
        if config.M and self.ends:
            self.after(0.1, self.done)

    def done(self):
        self.RESULT.value, self.CONFIG.CRF = self.raw, 1
        if self.raw > self.HIGH_LIMIT.value:  # exponent first
            self.CONFIG.FH = 1
            self.irq.assert_()
        if self.CONFIG.M > 1:
            self.after(0.1, self.done)

    @CONFIG.on_read
    def release(self, config):
        self.irq.deassert()


class Polled(TestCase):
    device = Device("ti,opt3001", model=OPT3001)

    def test_illuminance(self):
        self.chip.raw = 0x3456
        self.assertEqual(self.dev.iio["in_illuminance_input"], "88.800000")

    def test_conversion_that_never_ends(self):
        self.chip.ends = False
        with self.assertGuestError(errno.ETIMEDOUT):
            self.dev.iio["in_illuminance_input"]


class Interrupt(TestCase):
    device = Polled.device.with_irq("falling")

    def test_event(self):
        with self.chip.traffic() as traffic:
            self.dev.iio[HIGH + "value"] = "40"
        traffic.assert_write_once(OPT3001.HIGH_LIMIT.write(4000))

        with self.dev.iio.events() as events:
            self.dev.iio[HIGH + "en"] = "1"
            self.clock.advance(1)
            self.assertEqual(events.pending(), [])
            self.chip.raw = 0x3456
            event = events.read()
            self.assertEqual(event.channel_type, "light")
            self.assertEqual(event.direction, "rising")
