# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.power: suspend and resume of the system, runtime PM."""

from __future__ import annotations

import errno
import unittest

from roadtest import Device, TestCase, UsageError
from roadtest.guest import POLLPRI
from roadtest.iio import HrtimerTrigger
from roadtest.power import powered_off, suspended

from chips import Lm75, Vcnl4040
from inner import run
from test_guest_iio import PROXIMITY, Vcnl4010


class System(TestCase):
    device = Device("national,lm75", model=Lm75)

    def test_the_chip_sleeps_in_the_block_alone(self) -> None:
        before = self.clock.now
        with suspended():
            self.assertEqual(self.chip.CONF.SHUTDOWN, 1)
        self.assertEqual(self.chip.CONF.SHUTDOWN, 0)
        self.assertGreater(self.clock.now - before, 5 * 10**9)

    def test_traffic_shows_the_way_down_and_up(self) -> None:
        down, up = Lm75.CONF.write(SHUTDOWN=1), Lm75.CONF.write(SHUTDOWN=0)
        with self.chip.traffic() as traffic:
            with suspended():
                traffic.assert_writes(down)
        traffic.assert_writes(down, up)
        traffic.assert_delay(down, up, at_least=4.9, at_most=5.1)

    def test_each_level_gets_as_far_as_it_says(self) -> None:
        for level, state, shutdown in (
            ("freezer", "freeze", 0),
            ("devices", "freeze", 1),
            ("platform", "freeze", 1),
            ("core", "mem", 1),
        ):
            with self.subTest(level):
                with suspended(level, state):
                    self.assertEqual(self.chip.CONF.SHUTDOWN, shutdown)
                self.assertEqual(self.chip.CONF.SHUTDOWN, 0)

    def test_a_level_that_the_state_lacks_gives_eagain(self) -> None:
        with self.assertGuestError(errno.EAGAIN):
            with suspended("core"):
                pass

    def test_an_unknown_level_is_an_error(self) -> None:
        with self.assertRaisesRegex(UsageError, "freezer, devices"):
            suspended("deep")

    def test_a_device_that_refuses_to_sleep_is_named(self) -> None:
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO) as caught:
            with suspended():
                pass
        self.assertRegex(
            str(caught.exception), f"{self.dev.id} refused to sleep.*suspend"
        )
        with suspended():
            self.assertEqual(self.chip.CONF.SHUTDOWN, 1)

    def test_a_device_that_does_not_resume_is_a_failure(self) -> None:
        with self.assertRaisesRegex(
            AssertionError, f"{self.dev.id} failed to resume"
        ):
            with suspended():
                self.chip.inject(count=1)

    def test_the_kernels_log_goes_on_in_the_block(self) -> None:
        mark = self.machine.log_mark()
        with suspended():
            self.assertIn(
                "Waiting for 5 second", self.machine.log_since(mark)
            )

    def test_a_guest_call_in_the_block_ends_with_the_resume(self) -> None:
        with suspended():
            asleep = self.clock.now
            (self.guest / "proc/version").read_text()
            self.assertGreater(self.clock.now - asleep, 2 * 10**9)

    def test_one_that_is_left_open_ends_with_the_test(self) -> None:
        class Inner(TestCase):
            def test_a(self) -> None:
                suspended().__enter__()

            def test_b(self) -> None:
                level = (self.guest / "sys/power/pm_test").read_text()
                self.assertIn("[none]", level)

        self.assertEqual(run(Inner).texts(), {})

    def test_an_exception_in_the_block_comes_through(self) -> None:
        with self.assertRaisesRegex(AssertionError, "mine"):
            with suspended():
                self.fail("mine")
        level = (self.guest / "sys/power/pm_test").read_text()
        self.assertIn("[none]", level)


class StartedAfter(TestCase):
    device = Device("national,lm75", model=Lm75)
    isolate = "test"

    def test_a_port_that_appears_late_is_waited_for(self) -> None:
        """A sleep shifts the order in which the guest's tasks run: its agent
        can see the port's device before the driver lets it be opened."""
        for _ in range(3):
            with suspended():
                pass
        self.dev.rebind()
        self.clock.idle()
        file = (self.guest / "sys/power/state").open()
        file.read()
        waiting = self.guest.start.poll(file, POLLPRI, 1.0)
        version = self.guest.start.read_text("/proc/version").result()
        self.assertIn("Linux", version)
        waiting.wait()


class WorkWhileAsleep(TestCase):
    """A driver's thread that transfers while the devices are asleep."""

    device = Device("vishay,vcnl4010", model=Vcnl4010)
    isolate = "test"

    def readings(self, level: str, state: str) -> None:
        self.dev.iio.trigger = HrtimerTrigger(self.guest, "ticks", 4)
        with self.dev.iio.buffer().capture(PROXIMITY) as buffer:
            with suspended(level, state):
                self.chip.after(0.1, self.ready)
            self.assertEqual(buffer.read(), {PROXIMITY: 0x1234})

    def ready(self) -> None:
        self.chip.STATUS.value = 0x08

    def test_devices(self) -> None:
        self.readings("devices", "freeze")

    def test_core(self) -> None:
        self.readings("core", "mem")


class Off(TestCase):
    device = Device("national,lm75", model=Lm75)
    programs = ["busybox"]

    def test_a_power_off_ends_the_machine_and_not_the_test(self) -> None:
        machine = self.machine
        self.guest.power_off()
        self.assertTrue(machine.is_off)
        self.assertFalse(machine.is_up)
        self.assertIn("reboot: Power down", self.machine.log_since(0))
        self.assertEqual(self.chip.CONF.SHUTDOWN, 0)

    def test_the_next_test_has_a_new_machine(self) -> None:
        self.assertTrue(self.machine.is_up)

    def test_nothing_is_removed_behind_it(self) -> None:
        count = len(self.board.trace)
        self.guest.power_off()
        self.assertEqual(self.board.trace.text(count), "")

    def test_one_by_a_program_can_be_expected(self) -> None:
        with powered_off():
            self.guest.run(["busybox", "poweroff", "-f"])

    def test_one_that_does_not_come_is_a_failure(self) -> None:
        class Inner(TestCase):
            def test(self) -> None:
                with powered_off():
                    self.clock.advance(1)

        self.assertIn("was not powered off", run(Inner).texts()["test"])

    def test_one_that_nobody_wants_is_named(self) -> None:
        class Inner(TestCase):
            programs = ["busybox"]

            def test_off(self) -> None:
                self.guest.run(["busybox", "poweroff", "-f"])

            def test_restart(self) -> None:
                self.guest.run(["busybox", "reboot", "-f"])

        texts = run(Inner).texts()
        self.assertIn("MachineGone: the guest was powered off", texts["test_off"])
        self.assertIn("the guest was restarted", texts["test_restart"])
        self.assertNotIn("panic", texts["test_off"])


class Log(unittest.TestCase):
    def test_it_is_the_same_whether_the_guest_runs_free_or_not(self) -> None:
        logs: list[str] = []
        for free in True, False:

            class Inner(TestCase):
                device = Device("national,lm75", model=Lm75)
                machine_options = {"free_until": free}

                def test(self) -> None:
                    mark = self.machine.log_mark()
                    with suspended():
                        pass
                    self.clock.advance(1.2345)
                    self.dev.rebind()
                    with suspended("platform"):
                        self.dev.glob("*")
                    logs.append(self.machine.log_since(mark))

            self.assertEqual(run(Inner).texts(), {})
        self.assertIn("PM: suspend entry", logs[0])
        self.assertEqual(logs[0], logs[1])


class WakeUp(TestCase):
    def test_a_wake_up_source_at_a_level_too_deep_is_explained(self) -> None:
        class Inner(TestCase):
            device = Device(
                "vishay,vcnl4010", model=Vcnl4010, properties="wakeup-source;"
            ).with_irq("falling")

            def test(self) -> None:
                with suspended("platform"):
                    pass

        self.assertRegex(
            run(Inner).texts()["test"],
            "a driver waits for the board's gpio controller, which sleeps.*"
            'level "devices"',
        )


class Runtime(TestCase):
    device = Device("vishay,vcnl4040", model=Vcnl4040)

    def read(self) -> str:
        return self.dev.iio["in_illuminance_raw"]

    def asleep(self) -> tuple[int, int]:
        return self.chip.ALS_CONF.SD, self.chip.PS_CONF.SD

    def test_it_is_suspended_after_its_delay(self) -> None:
        power = self.dev.power
        self.assertEqual(power.autosuspend_delay, 2.0)
        self.read()
        self.assertEqual((power.status, self.asleep()), ("active", (0, 0)))
        self.clock.advance(1.9)
        self.assertEqual((power.status, self.asleep()), ("active", (0, 0)))
        seconds = power.wait("suspended")
        self.assertLess(seconds, 2.5 - 1.9 + 0.02)
        self.assertEqual(self.asleep(), (1, 1))

    def test_a_reading_wakes_it(self) -> None:
        self.dev.power.wait("suspended")
        self.assertEqual(self.read(), "291")
        self.assertEqual(self.dev.power.status, "active")
        self.assertEqual(self.asleep(), (0, 0))

    def test_on_keeps_it_awake_and_auto_lets_it_sleep(self) -> None:
        power = self.dev.power
        power.wait("suspended")
        power.control = "on"
        self.assertEqual((power.control, power.status), ("on", "active"))
        self.assertEqual(self.asleep(), (0, 0))
        self.clock.advance(60)
        self.assertEqual((power.status, self.asleep()), ("active", (0, 0)))
        power.control = "auto"
        power.wait("suspended")
        self.assertEqual(self.asleep(), (1, 1))

    def test_the_delay_can_be_set(self) -> None:
        power = self.dev.power
        power.autosuspend_delay = 0.1
        self.assertEqual(power.autosuspend_delay, 0.1)
        self.read()
        self.assertLess(power.wait("suspended"), 0.15)
        power.autosuspend_delay = -1
        self.read()
        self.clock.advance(60)
        self.assertEqual(power.status, "active")

    def test_times_are_counted(self) -> None:
        power = self.dev.power
        power.wait("suspended")
        active, asleep = power.active_time, power.suspended_time
        self.clock.advance(10)
        self.assertEqual(power.active_time, active)
        self.assertAlmostEqual(power.suspended_time - asleep, 10, delta=0.02)

    def test_what_does_not_come_is_a_failure_that_says_what_is(self) -> None:
        self.dev.power.control = "on"
        start = self.clock.now
        with self.assertRaisesRegex(
            AssertionError, f"{self.dev.id} is active, not suspended, after 3"
        ):
            self.dev.power.wait("suspended", limit=3)
        self.assertLess(self.clock.now - start, 3.1 * 10**9)
        self.dev.power.control = "auto"

    def test_suspend_of_the_system_sends_it_to_sleep_too(self) -> None:
        self.read()
        with suspended():
            self.assertEqual(self.asleep(), (1, 1))
        self.assertEqual(self.read(), "291")


class WithoutRuntimePm(TestCase):
    device = Device("national,lm75", model=Lm75)

    def test_it_is_unsupported(self) -> None:
        self.assertEqual(self.dev.power.status, "unsupported")
        self.assertIsNone(self.dev.power.autosuspend_delay)


if __name__ == "__main__":
    unittest.main()
