# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of drivers/iio/light/tsl2772.c share."""

import re

from tsl2772_model import TSL2772

from roadtest import Device, TestCase

# Lux equations of the datasheets: counts of channel 0 and 1 in thousandths of
# a lux millisecond, one row for each of the two segments. Device factor times
# coefficient, for instance TSL2772: 60, 1 and 1.87, 0.63 and 1.
TSL2X71 = (53000, 106000), (31800, 53000)
TMD2X71 = (24000, 48000), (14400, 24000)
TSL2X72 = (60000, 112200), (37800, 60000)
TMD2X72 = (20000, 35000), (12600, 20000)
APDS9930 = (52000, 96824), (38792, 67132)

# What probe writes from ENABLE (0x00) to CONTROL (0x0F), in this order.
DEFAULTS = (
    "8000 81ff 82ff 83ff 84c8 8500 8600 8701 8800 8900 8a00 8b02 "
    "8c11 8d00 8e08 8f20"
).split()

ENABLE, CLEAR = "8007", "e7"  # PON, AEN and PEN; both interrupts


def registers(*changed):
    """The writes of a change of settings: DEFAULTS with others in place."""
    values = {message[:2]: message for message in DEFAULTS}
    values.update((message[:2], message) for message in changed)
    return list(values.values())


def restart(*changed, enable=ENABLE):
    """All messages of a change of settings."""
    return ["8000", "8001", *registers(*changed), enable, CLEAR]


def lux(ch0, ch1, counts=1, gain=1, step=2730, table=TSL2X72, trim=1000):
    """What the equations give for the counts of both channels; ``counts``
    and ``step``: integration time in steps of so many microseconds; trim:
    calibration in thousandths."""
    scale = counts * step * gain
    values = [(ch0 * a - ch1 * b) // scale * trim // 1000 for a, b in table]
    return max(0, *values)


class Sensor(TestCase):
    """A TSL2772 whose driver is bound."""

    device = Device("amstaos,tsl2772", model=TSL2772)

    @property
    def iio(self):
        """The attributes of the IIO device."""
        return self.dev.iio

    def measure(self, ch0=None, ch1=None, prox=None):
        """Set what the chip sees, and let it measure that."""
        chip = self.chip
        chip.ch0 = chip.ch0 if ch0 is None else ch0
        chip.ch1 = chip.ch1 if ch1 is None else ch1
        chip.prox = chip.prox if prox is None else prox
        steps = 2 + 256 - chip.ATIME.value + 256 - chip.PTIME.value
        # A round that has begun, and a whole one.
        self.clock.advance(2 * steps * chip.step * 1e-6)

    def sent(self, start):
        """What the guest wrote over the bus since the trace had ``start``
        records: hex digits of each message."""
        self.clock.settle()
        return [
            r.data.hex()
            for r in self.board.trace.since(start)
            if r.kind == "i2c" and not r.read
        ]

    def sent_by(self, call, *args, errors=()):
        """What the guest writes over the bus during a call, in which the
        driver logs these errors and no other."""
        start, logged = len(self.board.trace), len(self.guest.log)
        call(*args)
        self.assertEqual(self.errors(logged), list(errors))
        return self.sent(start)

    def errors(self, start):
        """Errors of the driver in the kernel log from a position on, without
        the function's name."""
        self.clock.settle()
        lines = re.findall(r"tsl2772 0-00..: (.*)", self.guest.log[start:])
        core = "probe with driver", "supply "
        return [
            re.sub(r"^tsl2772_\w+: ", "", line)
            for line in lines
            if not line.startswith(core)
        ]

    def nak(self, message, call, *args):
        """A NAK of the message with that number, from 0 on: nothing more is
        sent. The driver's errors in the log."""
        before, logged = self.chip.messages, len(self.guest.log)
        self.chip.inject(after=message, count=1)
        call(*args)
        self.assertEqual(self.chip.messages - before, message + 1)
        self.chip.inject(count=0)
        return self.errors(logged)

    def set(self, attribute, value):
        """Write an attribute; the messages that it takes."""
        return self.sent_by(self.iio.__setitem__, attribute, value)
