# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of a faulty driver. test_bad_guests.py runs them, and says what becomes of
each; those whose name has "good" in it pass."""

from __future__ import annotations

import os
import signal
import unittest

import roadtest
from roadtest import Device, TestCase
from roadtest.models import I2CModel


def happen(fault: str) -> None:
    """Here and now."""
    roadtest.write_str("/sys/module/faulty/parameters/now", fault)


def faulty(fault: str, at: str, irq: str | None = None) -> Device:
    return Device(
        "roadtest,faulty",
        model=I2CModel,
        irq=irq,
        properties=f'fault = "{fault}"; at = "{at}";',
    )


def leaves(what: str, after: int = 5, irq: str | None = None) -> Device:
    return Device(
        "roadtest,faulty",
        model=I2CModel,
        irq=irq,
        properties=f'leaves = "{what}"; after = <{after}>;',
    )


class Faulty(TestCase):
    device = faulty("none", "nowhere", irq="rising")
    machine_options = {"wall_limit": 1.0}

    def interrupt(self) -> None:
        pin = self.dev.irq_pin
        assert pin is not None
        self.board.gpio[pin].set(1)
        self.clock.settle()

    def test_good(self) -> None:
        self.clock.settle()


class Good(Faulty):
    """All of the driver, in which nothing happens."""

    def test_good(self) -> None:
        self.interrupt()
        self.clock.advance(2)
        self.assertEqual(self.guest.modules[0], "faulty")


class Probe(TestCase):
    device = faulty("panic", "probe")

    def test_panic(self) -> None:
        raise AssertionError("it was bound")


class ProbeOops(TestCase):
    device = faulty("oops", "probe")

    def test_oops(self) -> None:
        raise AssertionError("it was bound")


class Interrupt(Faulty):
    device = faulty("panic", "interrupt", irq="rising")

    def test_a_panic(self) -> None:
        self.interrupt()


class InterruptLoop(Faulty):
    device = faulty("loop", "interrupt", irq="rising")

    def test_a_loop(self) -> None:
        self.interrupt()


class InterruptSleeps(Faulty):
    """One report brings about the next, without end."""

    device = faulty("sleep", "interrupt", irq="rising")
    machine_options = {}

    def test_a_sleep(self) -> None:
        self.interrupt()


class TimerSleeps(Faulty):
    device = faulty("sleep", "timer")
    machine_options = {}

    def test_a_sleep(self) -> None:
        self.clock.advance(2)


class Timer(Faulty):
    device = faulty("panic", "timer")

    def test_a_panic(self) -> None:
        self.clock.advance(2)


class Remove(TestCase):
    """A driver of two devices; one's goes wrong behind a test of it, when the
    next test is about to run on the same guest."""

    warns = faulty("warn", "remove")
    device = faulty("none", "nowhere")
    bind = False

    def test_a_warn(self) -> None:
        roadtest.current_machine()
        self._road_bound["warns"].bind()

    def test_b_good(self) -> None:
        self.dev.bind()


class Leaves(TestCase):
    """What the driver leaves behind runs five seconds after it is gone."""

    timer = leaves("timer")
    hrtimer = leaves("hrtimer")
    work = leaves("work")
    queue = leaves("queue")
    thread = leaves("thread")
    interrupt = leaves("interrupt", irq="rising")
    device = faulty("none", "nowhere")
    bind = False

    def bind_one(self) -> None:
        self.machine
        self.one = self._road_bound[self.id().rpartition("_")[2]]
        self.one.bind()

    test_a_timer = test_b_hrtimer = test_c_work = test_d_queue = bind_one
    test_e_thread = bind_one

    def test_f_interrupt(self) -> None:
        self.bind_one()
        assert self.one.irq_pin is not None
        self.board.gpio[self.one.irq_pin].set(1)
        self.clock.settle()

    def test_c_good(self) -> None:
        self.dev.bind()

    def test_g_good(self) -> None:
        self.dev.bind()


class LeavesEach(TestCase):
    """A test with a kernel of its own has a minute."""

    device = leaves("work", after=50)
    isolate = "test"

    def test_a_work(self) -> None:
        self.dev.unbind()


class LeavesClass(TestCase):
    """What the last test of a class leaves behind has a minute too."""

    device = leaves("work", after=50)

    def test_a_good_so_far(self) -> None:
        self.dev.unbind()


class LeavesOneOf(TestCase):
    """Which test of a class it was is found by running them alone."""

    device = leaves("work", after=45)
    bind = False

    def test_a_good(self) -> None:
        self.clock.settle()

    def test_b_good_so_far(self) -> None:
        self.dev.bind()

    def test_c_good(self) -> None:
        self.clock.settle()


class LeavesToTheNext(TestCase):
    device = leaves("work", after=15)
    good = faulty("none", "nowhere")
    bind = False

    def test_a_good_so_far(self) -> None:
        self.dev.bind()

    def test_b_is_hit(self) -> None:
        self.machine
        self._road_bound["good"].bind()


class LeavesOnce(TestCase):
    """None shows it again."""

    device = leaves("work", after=45)
    bind = False
    done = False

    def test_a_good_so_far(self) -> None:
        self.machine
        if not self.done:
            type(self).done = True
            self.dev.bind()

    def test_b_good(self) -> None:
        self.clock.settle()


class RemovePanic(TestCase):
    device = faulty("panic", "remove")
    bind = False

    def test_a_panic(self) -> None:
        self.dev.bind()

    def test_b_good(self) -> None:
        self.clock.settle()


class Now(Faulty):
    def test_loop(self) -> None:
        happen("loop")

    def test_loop_irqs_off(self) -> None:
        happen("loop-irqs-off")

    def test_memory(self) -> None:
        happen("memory")

    def test_memory_panic(self) -> None:
        roadtest.write_str("/proc/sys/vm/panic_on_oom", "1")
        happen("memory")

    def test_stack(self) -> None:
        happen("stack")

    def test_stack_a_little(self) -> None:
        happen("stack-a-little")


class Noise(Faulty):
    machine_options = {}

    def test_a_good_100_megabytes(self) -> None:
        happen("noise")

    def test_b_good_has_its_own_log(self) -> None:
        happen("line")
        self.assertEqual(
            [line.rpartition("] ")[2] for line in self.guest.log.splitlines()],
            ["faulty: a line"],
        )


class Boot(TestCase):
    """The agent never comes."""

    machine_options = {"kernel_args": "init=/no/init"}

    def test_a_boot(self) -> None:
        self.clock.settle()

    def test_b_boot(self) -> None:
        self.clock.settle()

    def test_c_good_without_a_guest(self) -> None:
        pass


class SetUpClass(TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        roadtest.insmod("faulty")
        happen("panic")

    def test_a(self) -> None:
        raise AssertionError("it ran")

    test_b = test_a


class SetUp(Faulty):
    def setUp(self) -> None:
        if self.id().endswith("a_panic"):
            happen("panic")

    def test_a_panic(self) -> None:
        raise AssertionError("it ran")


class TearDown(Faulty):
    def tearDown(self) -> None:
        if self.id().endswith("a_panic"):
            happen("panic")

    def test_a_panic(self) -> None:
        pass


class Cleanup(Faulty):
    def test_a_panic(self) -> None:
        self.addCleanup(happen, "panic")

    def test_b_warn(self) -> None:
        self.addCleanup(happen, "warn")


class TearDownClass(Faulty):
    @classmethod
    def tearDownClass(cls) -> None:
        roadtest.insmod("faulty")
        happen("panic")


class TearDownClassWarn(Faulty):
    @classmethod
    def tearDownClass(cls) -> None:
        roadtest.insmod("faulty")
        happen("warn")


class Between(Faulty):
    """Somebody kills the guest when no test runs."""

    def run(
        self, result: unittest.TestResult | None = None
    ) -> unittest.TestResult | None:
        done = super().run(result)
        if self.id().endswith("a_good"):
            machine = self._road_session().machine
            assert machine is not None
            os.kill(machine.pid, signal.SIGKILL)
        return done

    def test_a_good(self) -> None:
        self.clock.settle()

    def test_b_finds_it_dead(self) -> None:
        raise AssertionError("it ran")


class Killed(Faulty):
    def test_a_killed(self) -> None:
        os.kill(self.machine.pid, signal.SIGKILL)
