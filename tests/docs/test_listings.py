# SPDX-License-Identifier: LGPL-2.1-or-later
"""The listings of docs/models.md and docs/time.md, and that they work."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import kernels
from roadtest import Device, LimitExceeded, ModelError, TestCase
from roadtest.guest import POLLPRI
from roadtest.models import I2CModel, Nak, Register, RegisterModel
from test_lm75 import TMP75

I2C_SLAVE = 0x0703


def setUpModule():
    kernel = kernels.find()
    if kernel is None:
        raise unittest.SkipTest("no kernel has what the examples need")
    os.environ["ROADTEST_KERNEL"] = kernel


class Adc(RegisterModel):
    """A converter that signals its end with an interrupt."""

    value_bytes, auto_increment = 1, True
    CONTROL = Register(0x00, reserved=0x80, fields={"START": 0, "GAIN": (5, 4)})
    STATUS = Register(
        0x01, writable=0x01, w1c=0x01, fields={"DONE": 0, "BUSY": 1}
    )
    RESULT = Register(0x02, access="ro", width=2)

    def __init__(self):
        super().__init__()
        self.sample = 0
        """What stands at its input."""
        self.takes = 0.01
        """Seconds that a conversion takes; None: it never ends."""

    @CONTROL.on_write
    def start(self, control):
        if control.START and not control.old.START:
            self.STATUS.BUSY = 1
            if self.takes is not None:
                self.after(self.takes, self.done)

    def done(self):
        self.RESULT.value = self.sample << self.CONTROL.GAIN
        self.STATUS.BUSY, self.STATUS.DONE = 0, 1
        self.irq.assert_()

    @STATUS.on_write
    def acknowledge(self, status):
        if not status.DONE:
            self.irq.deassert()


class FreeRunning(RegisterModel):
    """Counts ten times a second, from power-on."""

    COUNT = Register(0x00, access="ro")

    def power_on(self):
        self.after(0.1, self.tick)

    def tick(self):
        self.COUNT.value += 1
        self.after(0.1, self.tick)


class Hygrometer(I2CModel):
    """Takes commands, and does not answer while it measures."""

    humidity = 0x8000

    def __init__(self):
        super().__init__()
        self.busy = False

    def start(self, read, first):
        if self.busy:
            raise Nak

    def write(self, data):
        if data != b"\x2c\x06":
            self.fail(f"it has no command {data.hex()}")
        self.busy = True
        self.after(0.015, self.measured)

    def measured(self):
        self.busy = False

    def read(self, length):
        return self.humidity.to_bytes(2, "big")[:length]


class Models(TestCase):
    def attach(self, chip):
        """A chip, and i2c-dev to talk to it."""
        self.board.attach(chip, 0x50)
        bus = (self.guest / "dev/i2c-0").open("rw")
        bus.ioctl(I2C_SLAVE, 0x50)
        return chip, bus

    def test_adc(self):
        chip, bus = self.attach(Adc())
        chip.connect_irq(7)
        chip.sample = 0x123
        bus.write(b"\x00\x21")
        self.assertEqual(chip.STATUS.BUSY, 1)
        self.clock.advance(0.01)
        self.assertTrue(chip.irq.active)
        bus.write(b"\x01")
        self.assertEqual(bus.read(3), b"\x01\x04\x8c")
        bus.write(b"\x01\x01")
        self.assertFalse(chip.irq.active)
        self.assertEqual(chip.STATUS.value, 0)

    def test_free_running(self):
        chip, bus = self.attach(FreeRunning())
        self.clock.advance(1.05)
        bus.write(b"\x00")
        self.assertEqual(bus.read(1), b"\x0a")

    def test_hygrometer(self):
        chip, bus = self.attach(Hygrometer())
        bus.write(b"\x2c\x06")
        self.assertEqual(bus.read(2), b"")
        self.clock.advance(0.015)
        self.assertEqual(bus.read(2), b"\x80\x00")

    def test_fail_is_a_failure(self):
        chip, bus = self.attach(Hygrometer())
        with self.assertRaisesRegex(ModelError, "it has no command 0102"):
            bus.write(b"\x01\x02")

    def test_inject(self):
        chip, bus = self.attach(Adc())
        chip.inject(after=1, count=2)
        bus.write(b"\x01")
        written = [bus.write(b"\x01") for _ in range(3)]
        self.assertEqual(written, [0, 0, 1])
        self.assertEqual(chip.messages, 4)


class Traffic(TestCase):
    device = Device("ti,tmp75", model=TMP75)

    def setUp(self):
        (self.hwmon,) = (self.dev / "hwmon").iterdir()

    def test_limits(self):
        with self.chip.traffic() as traffic:
            (self.hwmon / "temp1_max").write_text("85500")
            (self.hwmon / "temp1_max_hyst").write_text("-10000")
        traffic.assert_writes(("HIGH", 0x5580), ("LOW", 0xF600))

    def test_probe_keeps_the_polarity_and_starts_the_chip(self):
        traffic = self.chip.traffic()  # since the chip was attached
        traffic.assert_write_once(TMP75.CONFIG.write(SD=0, POL=0))
        traffic.assert_order(TMP75.CONFIG.read(0), TMP75.CONFIG.write())
        traffic.assert_none(TMP75.HIGH.write(), TMP75.LOW.write())


class Time(TestCase):
    device = Device("ti,tmp75", model=TMP75)

    def test_an_hour(self):
        self.clock.advance(3600)
        self.assertGreaterEqual(self.clock.now, 3600 * 10**9)

    def test_a_transfer_takes_its_bits(self):
        start = len(self.board.trace)
        hwmon, before = self.dev.hwmon, self.clock.now
        hwmon["temp1_input"]
        # START and address 10 bits, pointer 9, again 10, two bytes 18, STOP 1;
        # 2.5 us each
        self.assertGreaterEqual(self.clock.now - before, 48 * 2500)
        pointer, value = [
            r for r in self.board.trace.since(start) if r.kind == "i2c"
        ]
        self.assertEqual(pointer.transaction, value.transaction)
        self.assertEqual(value.time - pointer.time, 28 * 2500)

    def test_a_call_ends_when_it_has_finished(self):
        ran = []
        self.clock.after(1e-9, lambda: ran.append("in the call"))
        self.clock.after(1, lambda: ran.append("later"))
        self.dev.hwmon["temp1_input"]
        self.assertEqual(ran, ["in the call"])
        self.clock.advance(1)
        self.assertEqual(ran, ["in the call", "later"])


class Limits(TestCase):
    device = Device("ti,tmp75", model=TMP75)
    machine_options = {"call_limit": 5}

    def test_a_call_that_does_not_end(self):
        with (self.dev.hwmon.path / "temp1_max").open() as file, self.assertRaises(LimitExceeded) as caught:
            file.read()
            file.poll(POLLPRI)
        self.assertRegex(
            str(caught.exception),
            r"poll .*not finished after 5.000 s of virtual time\n"
            r"calls under way:\npoll .*\nblocked tasks:\nworker",
        )


if __name__ == "__main__":
    unittest.main()
