# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time, seeds and binding on a real guest: what makes a run repeatable, and
what the wall clock has no part in."""

from __future__ import annotations

import json
import time
import unittest

import roadtest
from roadtest import Device, TestCase
from roadtest.calls import Pending
from roadtest.models import Register, RegisterModel, RegisterValue

from chips import Lm75, Memory
from inner import run


def scenario(seed: int, free_until: bool = True) -> tuple[int, str, str]:
    """Bind an LM75, read it, let an hour pass: its address, the temperature,
    and the trace."""
    machine = roadtest.Machine(seed=seed, free_until=free_until)
    node = machine.add_device("national,lm75", 0, None, 0, None)
    with machine:
        machine.board.attach(Lm75(), node.addr)
        node.bind()
        (hwmon,) = machine.guest.path(node.path).glob("hwmon/hwmon*")
        text = (hwmon / "temp1_input").read_text()
        machine.clock.advance(3600)
        (hwmon / "temp1_max").write_text("30000")
        return node.addr, text, machine.board.trace.text()


class Repeatable(unittest.TestCase):
    maxDiff = None

    def test_the_same_seed_gives_the_same_trace(self) -> None:
        self.assertEqual(scenario(1), scenario(1))

    def test_the_trace_does_not_depend_on_free_until(self) -> None:
        self.assertEqual(scenario(1), scenario(1, free_until=False))

    def test_another_seed_gives_another_address_and_the_same_result(self) -> None:
        runs = [scenario(seed) for seed in range(4)]
        self.assertGreater(len({addr for addr, _, _ in runs}), 1)
        self.assertEqual({text for _, text, _ in runs}, {"25000\n"})


class Waiting(TestCase):
    device = Device("national,lm75", model=Lm75)
    programs = ["sh", "cat", "sleep"]

    def reading(self) -> Pending:
        """A task of the guest that does transfers, as a thread of a driver
        would."""
        return self.guest.start.read_text(self.dev.hwmon.path / "temp1_input")

    def test_settle_does_not_wait_for_a_transfer_and_idle_does(self) -> None:
        reading = self.reading()
        self.clock.settle()
        self.assertFalse(reading.done)
        start = self.clock.now
        self.clock.idle()
        self.assertTrue(reading.done)
        self.assertLess(self.clock.now - start, 30_000_000)

    def test_a_guest_that_does_nothing_is_idle(self) -> None:
        self.chip.after(0.001, self.tick)  # the model alone
        start = self.clock.now
        self.clock.idle(quiet=0.005)
        self.assertEqual(self.clock.now - start, 5_000_000)

    def tick(self) -> None:
        self.chip.after(0.001, self.tick)
        self.chip.irq.assert_()

    def test_a_guest_that_polls_is_never_idle(self) -> None:
        file = self.dev.hwmon.path / "temp1_input"
        loop = f"for i in $(seq 40); do cat {file}; sleep 0.01; done"
        self.guest.install("seq")
        polling = self.guest.start.run(["sh", "-c", loop])
        with self.assertRaisesRegex(AssertionError, "still uses the board"):
            self.clock.idle(quiet=0.02, limit=0.1)
        self.assertFalse(polling.done)
        self.assertEqual(polling.result().stdout, "25000\n" * 40)

    def test_wait_for_a_condition(self) -> None:
        self.clock.after(0.25, self.chip.reset)
        self.chip.OS.value = 0
        seconds = self.clock.wait_for(lambda: self.chip.OS.value)
        self.assertAlmostEqual(seconds, 0.25, delta=0.0011)
        self.assertEqual(self.clock.wait_for(lambda: True), 0)

        def warm() -> bool:
            return self.dev.hwmon["temp1_input"] == "90000"

        with self.assertRaisesRegex(AssertionError, "warm was not true with.* 2 s"):
            self.clock.wait_for(warm, limit=2, step=0.5)


class WallClock(unittest.TestCase):
    """A debugger that stops the test or a model is time in host code: it does
    not count, though the limit is far shorter."""

    def test_a_stop_in_a_test_or_a_model_does_not_matter(self) -> None:
        class Stopped(Lm75):
            @Lm75.TEMP.before_read
            def breakpoint(self, value: RegisterValue) -> None:
                time.sleep(1.5)

        class Inner(TestCase):
            machine_options = {"wall_limit": 1.0}
            device = Device("national,lm75", model=Stopped)

            def test_it(self) -> None:
                time.sleep(1.5)
                (hwmon,) = self.dev.glob("hwmon/hwmon*")
                before = self.clock.now
                self.assertEqual(roadtest.read_int(hwmon / "temp1_input"), 25000)
                self.assertLess(self.clock.now - before, 1_000_000_000)

        outcome = run(Inner)
        self.assertEqual(outcome.passed, ["test_it"], outcome.texts())


class Timers(TestCase):
    def test_detaching_a_model_cancels_its_timers(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        timer = chip.after(0.1, lambda: self.fail("ran"))
        self.board.detach(chip)
        self.assertFalse(timer.pending)
        self.clock.advance(1)

    def test_a_callback_must_not_close_its_machine(self) -> None:
        self.clock.after(0.1, self.machine.close)
        with self.assertRaisesRegex(roadtest.UsageError, "must not close"):
            self.clock.advance(1)

    def test_settling_takes_no_time(self) -> None:
        before = self.clock.now
        self.clock.settle()
        self.assertEqual(self.clock.now, before)


class Trace(TestCase):
    device = Device("national,lm75", model=Lm75)

    def test_a_note_is_in_the_text_and_in_json(self) -> None:
        start = len(self.board.trace)
        self.board.trace.note("here")
        self.assertIn("here", self.board.trace.text(start))
        record = json.loads(self.board.trace.json(start).splitlines()[0])
        self.assertIn("here", record.values())
        self.assertEqual(self.board.trace[start].kind, "note")
        self.assertEqual(self.board.trace[-1].name, "here")

    def test_probe_is_in_the_trace(self) -> None:
        names = [r.name for r in self.board.trace if r.kind == "reg"]
        self.assertIn("CONF", names)


class Autoprobe(TestCase):
    autoprobe = True
    device = Device("national,lm75", model=Lm75)
    unknown = Device("none,such")

    def test_modules_come_by_modalias_and_drivers_bind(self) -> None:
        self.assertEqual((self.dev.driver, self.dev.module), ("lm75", "lm75"))
        self.assertIsNone(self.unknown.driver)


class AutoprobeWithoutModules(TestCase):
    autoprobe = True
    bind = False
    device = Device("national,lm75", model=Lm75)

    def test_a_driver_binds_once_its_module_is_there(self) -> None:
        self.assertFalse((self.dev / "driver").exists())
        roadtest.insmod("lm75")
        self.assertTrue((self.dev / "driver").exists())


class NoAutoprobe(TestCase):
    bind = False
    device = Device("national,lm75", model=Lm75)

    def test_a_module_alone_binds_nothing(self) -> None:
        roadtest.insmod("lm75")
        self.assertFalse((self.dev / "driver").exists())


class Properties(TestCase):
    device = Device(
        "national,lm75",
        model=Lm75,
        addr=0x4D,
        node="thermometer",
        properties="vs-supply = <&vdd>;",
    )

    def test_they_are_in_the_node(self) -> None:
        node = self.dev / "of_node"
        self.assertEqual((node / "name").read_bytes(), b"thermometer\0")
        self.assertEqual((node / "reg").read_bytes(), b"\0\0\0\x4d")
        self.assertTrue((node / "vs-supply").exists())
        self.assertEqual(self.dev.id, "0-004d")


class Level(RegisterModel):
    """NXP PCF8563 real-time clock as far as its alarm interrupt goes
    (datasheet PCF8563, section 8.3)."""

    auto_increment = True
    CS1 = Register(0x00)
    CS2 = Register(0x01, fields={"AF": 3, "AIE": 1})
    SECONDS = Register(0x02)
    MINUTES = Register(0x03)
    HOURS = Register(0x04)
    DAYS = Register(0x05, reset=0x01)
    WEEKDAYS = Register(0x06)
    MONTHS = Register(0x07, reset=0x01)
    YEARS = Register(0x08, reset=0x20)
    MINUTE_ALARM = Register(0x09)
    HOUR_ALARM = Register(0x0A)
    DAY_ALARM = Register(0x0B)
    WEEKDAY_ALARM = Register(0x0C)
    CLKOUT = Register(0x0D)
    TIMER_CONTROL = Register(0x0E)
    TIMER = Register(0x0F)

    @CS2.on_write
    def update(self, value: RegisterValue) -> None:
        self.drive()

    def drive(self) -> None:
        """The line follows the flag."""
        if self.CS2.AF and self.CS2.AIE:
            self.irq.assert_()
        else:
            self.irq.deassert()

    def alarm(self) -> None:
        """It is the time that the alarm is set to."""
        self.CS2.AF = 1
        self.drive()


class LevelInterrupt(TestCase):
    device = Device("nxp,pcf8563", model=Level).with_irq("low")

    def test_each_alarm_is_one_interrupt_and_is_cleared(self) -> None:
        pin = self.dev.irq_pin
        assert pin is not None
        self.assertEqual(self.chip.irq.line, pin)
        for count in range(1, 4):
            self.chip.CS2.AIE = 1  # the RTC core disarms an alarm that rang
            self.chip.after(0.5, self.chip.alarm)
            self.clock.advance(1)
            self.assertEqual(self.board.gpio[pin].irqs, count)
            self.assertEqual(self.chip.CS2.AF, 0)
            self.assertFalse(self.chip.irq.active)
            self.assertEqual(self.board.gpio[pin].level, 1)


if __name__ == "__main__":
    unittest.main()
