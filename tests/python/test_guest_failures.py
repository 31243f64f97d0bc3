# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong ends in a clear error of the right test, and the next test
passes. The failing tests are classes inside the tests here."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Iterator

import roadtest
from roadtest import Device, TestCase, known_bug
from roadtest.models import HOLD, I2CModel, Register, RegisterModel, RegisterValue

from chips import Lm75, Memory
from inner import Outcome, run

I2C_SLAVE = 0x0703


class Crashing(TestCase):
    """A test that crashes the guest through LKDTM."""

    def crash(self, kind: str) -> None:
        roadtest.insmod("lkdtm")
        self.guest.path("/sys/kernel/debug/provoke-crash/DIRECT").write_text(
            kind
        )


class Outer(unittest.TestCase):
    """A test whose subject is the outcome of another one."""

    def check(self, outcome: Outcome, passed: list[str]) -> None:
        """Exactly these tests passed."""
        text = "\n".join(f"{k}: {v}" for k, v in outcome.texts().items())
        self.assertEqual(outcome.passed, passed, text)


class Divides(RegisterModel):
    """Vishay VCNL4000, for whose proximity the driver divides by zero."""

    value_bytes, auto_increment = 1, True
    COMMAND = Register(0x80, reset=0x80)
    PRODUCT = Register(0x81, access="ro", reset=0x11)
    PROXIMITY = Register(0x87, access="ro", width=2)

    @COMMAND.on_write
    def command(self, command: RegisterValue) -> None:
        self.COMMAND.value = 0xA0  # the proximity is there


class Kernel(Outer):
    def test_a_division_by_zero_comes_with_its_stack(self) -> None:
        class Inner(TestCase):
            device = Device("vishay,vcnl4000", model=Divides)

            def test(self) -> None:
                self.dev.iio["in_proximity_raw"]

        text = run(Inner).texts()["test"]
        for part in (
            "Oops: divide error",
            "Modules linked in: vcnl4000",
            "iio_read_channel_info",
        ):
            self.assertIn(part, text)


class Loops(Outer):
    def test_a_loop_on_the_bus_ends_with_its_messages_and_its_stack(
        self,
    ) -> None:
        class Inner(TestCase):
            programs = ["busybox"]
            machine_options = {"message_limit": 50}

            def test(self) -> None:
                self.board.attach(Memory(), 0x50)
                self.guest.run(
                    ["busybox", "sh", "-c",
                     "while :; do busybox i2cget -y 0 0x50 7; done"]
                )  # fmt: skip

            def test_those_of_an_advance_may_be_many(self) -> None:
                self.board.attach(Memory(), 0x50)
                loop = self.guest.start.run(
                    ["busybox", "sh", "-c",
                     "for i in $(seq 40); do busybox i2cget -y 0 0x50 7; "
                     "busybox usleep 2000; done"]
                )  # fmt: skip
                self.clock.advance(20)
                self.assertTrue(loop.done)

        outcome = run(Inner)
        self.check(outcome, ["test_those_of_an_advance_may_be_many"])
        text = outcome.texts()["test"]
        for part in (
            "LimitExceeded",
            "the guest has sent 51 I2C messages",
            "set message_limit",
            "the last messages:",
            "50 Memory W 07",
            "worker 1",
        ):
            self.assertIn(part, text)


    def test_a_driver_that_loops_is_stopped_by_its_messages(self) -> None:
        """Its handler goes on as long as the interrupt does. Limits of time
        are far away: what ends it is the number of messages."""

        class Inner(TestCase):
            device = Device("st,m41t80", model=StuckAlarm).with_irq("low")
            machine_options = {"message_limit": 300}

            def test(self) -> None:
                self.chip.irq.assert_()
                self.clock.advance(1)

        text = run(Inner).texts()["test"]
        for part in (
            "LimitExceeded: advance: the guest has sent 301 I2C messages",
            "does a driver loop",
            "StuckAlarm R 4f",
        ):
            self.assertIn(part, text)


class StuckAlarm(I2CModel):
    """ST M41T80 whose alarm flag (bit 6 of register 0x0f) can't be cleared."""

    def __init__(self) -> None:
        self.pointer = 0

    def write(self, data: bytes) -> None:
        self.pointer = data[0]

    def read(self, length: int) -> bytes:
        return bytes([0x4F if self.pointer == 0x0F else 0]) * length


class Holds(I2CModel):
    """An LM75 that stretches the clock without end once it is asked to."""

    hold = False

    def write(self, data: bytes) -> None:
        pass

    def read(self, length: int) -> bytes | int:
        return HOLD if self.hold else bytes(length)


class Blocked(TestCase):
    device = Device("national,lm75", model=Holds)

    def test_the_place_is_the_first_frame_that_is_not_the_schedulers(
        self,
    ) -> None:
        (hwmon,) = self.dev.glob("hwmon/hwmon*")
        self.chip.hold = True
        call = self.guest.start.read_text(hwmon / "temp1_input")
        self.clock.advance(0.01)
        (place,) = [
            line for line in self.guest.stacks().splitlines() if " state " in line
        ][:1]
        self.assertRegex(place, r"^worker 1 .* in virtio_i2c_xfer$")
        self.chip.hold = False
        self.chip.release(bytes(2))
        self.assertEqual(call.result(), "0\n")


class Models(Outer):
    def test_an_exception_in_a_model_reaches_the_test_with_its_traceback(
        self,
    ) -> None:
        class Broken(Lm75):
            @Lm75.TEMP.before_read
            def bug(self, value: RegisterValue) -> None:
                raise ZeroDivisionError("in the model")

        class Inner(TestCase):
            device = Device("national,lm75", model=Broken)

            def test_a_reads(self) -> None:
                (hwmon,) = self.dev.glob("hwmon/hwmon*")
                (hwmon / "temp1_input").read_text()

            def test_b_next(self) -> None:
                self.assertEqual(self.chip.HYST.value, 0x4B00)

        outcome = run(Inner)
        self.check(outcome, ["test_b_next"])
        text = outcome.texts()["test_a_reads"]
        self.assertIn("ZeroDivisionError: in the model", text)
        self.assertIn("in test_a_reads\n", text)
        self.assertIn("in bug\n", text)
        self.assertNotIn("GuestError", text)
        self.assertEqual(text.count("Traceback"), 1)

    def test_an_exception_in_a_timer_reaches_the_test(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                self.clock.after(0.5, lambda: 1 // 0)
                with self.assertRaises(ZeroDivisionError):
                    self.clock.advance(1)
                self.clock.advance(1)

        self.check(run(Inner), ["test_it"])

    def test_one_that_nobody_waited_for_is_raised_after_the_test(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                self.machine.after(0, self.fail_later)

            def fail_later(self) -> None:
                raise RuntimeError("late")

        outcome = run(Inner)
        self.check(outcome, [])
        self.assertIn("RuntimeError: late", outcome.texts()["test_it"])

    def check_strict(self, write: bytes, read: int, wanted: str) -> None:
        """A transfer that a strict model forbids fails with these words."""

        class Chip(RegisterModel):
            value_bytes = 2
            ID = Register(0x7E, access="ro", reset=1)
            CMD = Register(0x10, access="wo")

        class Inner(TestCase):
            def test_it(self) -> None:
                self.board.attach(Chip(), 0x50)
                with self.guest.path("/dev/i2c-0").open(os.O_RDWR) as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    bus.write(write)
                    if read:
                        bus.read(read)

        outcome = run(Inner)
        self.check(outcome, [])
        self.assertEqual(outcome.errors, [], "a failure, not an error")
        self.assertRegex(outcome.texts()["test_it"], wanted)

    def test_a_write_to_a_read_only_register_fails_by_name(self) -> None:
        self.check_strict(b"\x7e\x00\x01", 0, r"ModelError: .*Chip.*ID")

    def test_a_read_of_a_write_only_register_fails_by_name(self) -> None:
        self.check_strict(b"\x10", 2, r"ModelError: .*Chip.*CMD")

    def test_an_undeclared_register_fails(self) -> None:
        self.check_strict(b"\x33\x00\x01", 0, r"ModelError: .*Chip.*0x33")

    def test_a_wrong_width_fails_by_name(self) -> None:
        class Chip(RegisterModel):
            value_bytes = 2
            A = Register(0x01)

        class Inner(TestCase):
            def test_it(self) -> None:
                self.board.attach(Chip(), 0x50)
                with self.guest.path("/dev/i2c-0").open(os.O_RDWR) as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    bus.write(b"\x01\x00")

        self.assertRegex(run(Inner).texts()["test_it"], r"ModelError: .*A\b")

    def test_a_raw_model_without_a_read_hook_is_strict(self) -> None:
        class Mute(I2CModel):
            pass

        class Inner(TestCase):
            def test_it(self) -> None:
                self.board.attach(Mute(), 0x50)
                with self.guest.path("/dev/i2c-0").open(os.O_RDWR) as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    bus.read(1)

        self.assertRegex(run(Inner).texts()["test_it"], "ModelError: .*Mute")

    def test_a_short_read_hook_is_an_error_that_says_so(self) -> None:
        class Short(I2CModel):
            def read(self, length: int) -> bytes:
                return b"x"

        class Inner(TestCase):
            def test_it(self) -> None:
                self.board.attach(Short(), 0x50)
                with self.guest.path("/dev/i2c-0").open(os.O_RDWR) as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    bus.read(2)

        self.assertIn(
            "ValueError: the read hook of Short returned 1 bytes; the guest "
            "reads 2",
            run(Inner).texts()["test_it"],
        )

    def test_a_guest_call_from_a_callback_is_refused(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                def callback() -> None:
                    (self.guest / "proc/version").read_text()

                self.clock.after(0.1, callback)
                with self.assertRaisesRegex(
                    roadtest.UsageError, "from inside a callback"
                ):
                    self.clock.advance(1)
                self.assertIn("Linux", (self.guest / "proc/version").read_text())

        self.check(run(Inner), ["test_it"])


class Ends(Outer):
    def test_a_panic_fails_its_test_and_the_next_gets_a_new_guest(self) -> None:
        pids: list[int] = []

        class Inner(Crashing):
            def test_a_panics(self) -> None:
                pids.append(self.machine.pid)
                self.crash("PANIC")

            def test_b_next(self) -> None:
                pids.append(self.machine.pid)

        outcome = run(Inner)
        self.check(outcome, ["test_b_next"])
        text = outcome.texts()["test_a_panics"]
        self.assertIn("MachineGone", text)
        self.assertIn("dumptest", text)
        self.assertEqual(text.count("Traceback"), 1)
        self.assertNotEqual(pids[0], pids[1])

    def test_a_call_after_the_end_names_the_cause(self) -> None:
        class Inner(Crashing):
            def test_it(self) -> None:
                with self.assertRaises(roadtest.MachineGone):
                    self.crash("PANIC")
                with self.assertRaisesRegex(roadtest.MachineGone, "dumptest"):
                    (self.guest / "proc/version").read_text()

        self.check(run(Inner), ["test_it"])

    def test_a_killed_guest_is_gone(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                os.kill(self.machine.pid, signal.SIGKILL)
                with self.assertRaises(roadtest.MachineGone):
                    (self.guest / "proc/version").read_text()

        self.check(run(Inner), ["test_it"])

    def test_an_endless_loop_of_the_kernel_hits_the_wall_limit(self) -> None:
        class Inner(Crashing):
            machine_options = {"wall_limit": 1.0}

            def test_a_loops(self) -> None:
                self.crash("SOFTLOCKUP")

            def test_b_next(self) -> None:
                self.clock.settle()

        outcome = run(Inner)
        self.check(outcome, ["test_b_next"])
        self.assertIn("LimitExceeded", outcome.texts()["test_a_loops"])

    def test_a_sleep_for_ever_hits_the_virtual_limit(self) -> None:
        class Inner(TestCase):
            machine_options = {"call_limit": 5.0}

            def test_it(self) -> None:
                with self.guest.path("/dev/kmsg").open() as log:
                    while log.poll(timeout=0.0):
                        log.read(8192)
                    with self.assertRaisesRegex(
                        roadtest.LimitExceeded, r"/dev/kmsg"
                    ):
                        log.read(1)

        self.check(run(Inner), ["test_it"])

    def test_ctrl_c_ends_the_wait_and_the_machine(self) -> None:
        machine = roadtest.Machine()
        self.addCleanup(machine.close)
        machine.boot()
        machine.guest.insmod("lkdtm")
        trigger = machine.guest / "sys/kernel/debug/provoke-crash/DIRECT"
        old = signal.signal(signal.SIGALRM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with self.assertRaises(KeyboardInterrupt):
            trigger.write_text("SOFTLOCKUP")
        with self.assertRaisesRegex(roadtest.MachineGone, "interrupted"):
            machine.clock.settle()

    def test_a_model_in_an_endless_loop_is_named_and_leaves_nothing(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "roadtest", "--timeout", "3"]
            + ["samples/sample_model_loop.py"],
            cwd=os.path.dirname(os.path.abspath(__file__)),
            capture_output=True,
            text=True,
            timeout=60,
        )
        test = "sample_model_loop.Loop.test_reads"
        self.assertIn(f"not ok 1 {test} # TIMEOUT\n", done.stdout)
        self.assertIn("in read\n", done.stdout)
        self.assertEqual(done.returncode, 1)
        pid = int(done.stderr.split()[1])
        end = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(f"/proc/{pid}"), "the guest lives on")

    def test_a_signal_whose_handler_returns_does_not_end_the_wait(self) -> None:
        machine = roadtest.Machine()
        self.addCleanup(machine.close)
        machine.boot()
        seen: list[int] = []
        old = signal.signal(signal.SIGALRM, lambda *args: seen.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        end = time.monotonic() + 30
        # Some come while we wait for the guest, however fast it is.
        while len(seen) < 20 and time.monotonic() < end:
            (machine.guest / "proc/version").read_text()
        self.assertGreaterEqual(len(seen), 20)
        self.assertTrue(machine.is_up)


class Oracles(Outer):
    def test_a_warning_fails_its_test_with_the_log(self) -> None:
        class Inner(Crashing):
            def test_a_warns(self) -> None:
                self.crash("WARNING")

            def test_b_next(self) -> None:
                self.clock.settle()

        outcome = run(Inner)
        self.check(outcome, ["test_b_next"])
        self.assertEqual(outcome.errors, [], "a failure, not an error")
        text = outcome.texts()["test_a_warns"]
        self.assertIn("OracleError", text)
        self.assertIn("drivers/misc/lkdtm/bugs.c", text)

    def test_an_expected_warning_is_none(self) -> None:
        class Inner(Crashing):
            def test_it(self) -> None:
                self.expect_log("WARNING: .*lkdtm/bugs")
                self.crash("WARNING")

        self.check(run(Inner), ["test_it"])

    def test_another_warning_than_the_expected_one_fails(self) -> None:
        class Inner(Crashing):
            def test_it(self) -> None:
                self.expect_log("WARNING: .*lkdtm_OTHER")
                self.crash("WARNING")
                self.crash("BUG")

        self.check(run(Inner), [])

    def test_an_expected_report_that_does_not_come_fails(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                self.expect_log("WARNING: never")

        outcome = run(Inner)
        self.assertIn("WARNING: never", outcome.texts()["test_it"])
        self.assertEqual(outcome.errors, [])

    def test_a_guest_with_an_accepted_report_is_replaced(self) -> None:
        pids: list[int] = []

        class Inner(Crashing):
            def test_a(self) -> None:
                pids.append(self.machine.pid)
                self.expect_log("WARNING: .*lkdtm/bugs")
                self.crash("WARNING")

            def test_b(self) -> None:
                pids.append(self.machine.pid)

        self.check(run(Inner), ["test_a", "test_b"])
        self.assertNotEqual(pids[0], pids[1])


class KnownBugs(Outer):
    def test_the_named_failure_is_accepted(self) -> None:
        class Inner(TestCase):
            @known_bug("AssertionError: 1 != 2", "a bug")
            def test_decorated(self) -> None:
                self.assertEqual(1, 2)

            def test_block(self) -> None:
                with known_bug("FileNotFound|ENOENT", "a bug"):
                    self.guest.path("/none").read_text()

        self.check(run(Inner), ["test_block", "test_decorated"])

    def test_another_failure_is_none(self) -> None:
        class Inner(TestCase):
            @known_bug("AssertionError: 1 != 3", "a bug")
            def test_decorated(self) -> None:
                self.assertEqual(1, 2)

            def test_block(self) -> None:
                with known_bug("EIO", "a bug"):
                    self.guest.path("/none").read_text()

        outcome = run(Inner)
        self.check(outcome, [])
        self.assertIn("AssertionError: 1 != 2", outcome.texts()["test_decorated"])
        self.assertIn("ENOENT", outcome.texts()["test_block"])

    def test_a_failure_behind_it_is_none(self) -> None:
        class Inner(Crashing):
            @known_bug("bad unbind", "a bug")
            def test_decorated(self) -> None:
                try:
                    self.assertEqual("25000", "0")
                finally:
                    raise RuntimeError("bad unbind")

            def test_block(self) -> None:
                with known_bug("bad unbind", "a bug"):
                    try:
                        self.assertEqual("25000", "0")
                    finally:
                        raise RuntimeError("bad unbind")

            @known_bug("bad unbind", "a bug")
            def test_subtest(self) -> None:
                with self.subTest(n=1):
                    raise RuntimeError("bad unbind")
                with self.subTest(n=2):
                    try:
                        self.assertEqual("25000", "0")
                    finally:
                        raise RuntimeError("bad unbind")

            @known_bug("bad unbind", "a bug")
            def test_group(self) -> None:
                raise ExceptionGroup(
                    "bad unbind",
                    [
                        RuntimeError("bad unbind"),
                        AssertionError("'25000' != '0'"),
                    ],
                )

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        texts = outcome.texts()
        self.assertEqual(len(texts), 4)
        for text in texts.values():
            self.assertIn("AssertionError: '25000' != '0'", text)

    def test_what_the_test_dealt_with_is_not_behind_it(self) -> None:
        class Inner(Crashing):
            @known_bug("bad unbind", "a bug")
            def test_from(self) -> None:
                try:
                    self.assertEqual(1, 2)
                except AssertionError as error:
                    raise RuntimeError("bad unbind") from error

            @known_bug("bad unbind", "a bug")
            def test_no_assertion(self) -> None:
                try:
                    self.guest.path("/none").read_text()
                except FileNotFoundError:
                    self.fail("bad unbind")

            @known_bug("bad", "a bug")
            def test_the_same(self) -> None:
                try:
                    self.fail("bad bind")
                except AssertionError:
                    self.fail("bad unbind")

            def test_around_the_block(self) -> None:
                try:
                    self.assertEqual(1, 2)
                except AssertionError:
                    with known_bug("bad unbind", "a bug"):
                        raise RuntimeError("bad unbind")

            @known_bug("bad", "a bug")
            def test_group(self) -> None:
                raise ExceptionGroup(
                    "both", [RuntimeError("bad bind"), ValueError("bad unbind")]
                )

        outcome = run(Inner)
        self.assertEqual(outcome.texts(), {})
        self.assertEqual(len(outcome.passed), 5)

    def test_its_absence_is_reported_as_fixed(self) -> None:
        class Inner(TestCase):
            @known_bug("never", "a bug")
            def test_decorated(self) -> None:
                self.clock.settle()

            def test_block(self) -> None:
                with known_bug("never", "a bug"):
                    self.clock.settle()

        outcome = run(Inner)
        self.check(outcome, [])
        for text in outcome.texts().values():
            self.assertIn("AssertionError: fixed? The known bug /never/", text)

    def test_the_named_report_is_accepted(self) -> None:
        class Inner(Crashing):
            @known_bug(r"WARNING: CPU: \d+ (?:.*)lkdtm/bugs", "a bug")
            def test_decorated(self) -> None:
                self.crash("WARNING")

            def test_block(self) -> None:
                with known_bug("WARNING: .*lkdtm/bugs", "a bug"):
                    self.crash("WARNING")

        self.check(run(Inner), ["test_block", "test_decorated"])

    def test_of_a_block_only_its_own_reports_are(self) -> None:
        class Inner(Crashing):
            def block(self) -> None:
                with known_bug("WARNING: .*lkdtm/bugs", "a bug"):
                    self.crash("WARNING")

            def test_before(self) -> None:
                self.crash("WARNING")
                self.block()

            def test_behind(self) -> None:
                self.block()
                self.crash("WARNING")

            def test_cleanup(self) -> None:
                self.addCleanup(self.crash, "WARNING")
                self.block()

            def test_two_blocks(self) -> None:
                self.block()
                self.block()

        outcome = run(Inner)
        self.check(outcome, ["test_two_blocks"])
        for name, text in outcome.texts().items():
            with self.subTest(name):
                self.assertIn("kernel reported a bug", text)
                self.assertNotIn("more report", text)

    def test_another_report_is_none(self) -> None:
        class Inner(Crashing):
            @known_bug("WARNING: .*somewhere_else", "a bug")
            def test_it(self) -> None:
                self.crash("WARNING")

        text = run(Inner).texts()["test_it"]
        self.assertIn("fixed?", text)
        self.assertIn("OracleError", text)

    def test_from_the_fixed_release_on_it_does_nothing(self) -> None:
        class Inner(TestCase):
            @known_bug("1 != 2", "a bug", until="6.1")
            def test_fails(self) -> None:
                self.assertEqual(1, 2)

            @known_bug("1 != 2", "a bug", until="6.1")
            def test_passes(self) -> None:
                pass

            @known_bug("1 != 2", "a bug", until="99.0")
            def test_still_there(self) -> None:
                self.assertEqual(1, 2)

        self.check(run(Inner), ["test_passes", "test_still_there"])

    def test_before_the_first_release_that_has_it_it_does_nothing(self) -> None:
        class Inner(TestCase):
            @known_bug("1 != 2", "a bug", since="99.0")
            def test_fails(self) -> None:
                self.assertEqual(1, 2)

            @known_bug("1 != 2", "a bug", since="99.0")
            def test_passes(self) -> None:
                pass

            @known_bug("1 != 2", "a bug", since="6.1", until="99.0")
            def test_there(self) -> None:
                self.assertEqual(1, 2)

        self.check(run(Inner), ["test_passes", "test_there"])

    def test_it_may_show_in_a_subtest(self) -> None:
        class Inner(TestCase):
            values = (1, 2, 1)
            bugs: list[str] = []

            def subtests(self) -> None:
                for value in self.values:
                    with self.subTest(value=value):
                        self.assertEqual(value, 1)

            @known_bug("2 != 1", "a bug")
            def test_decorated(self) -> None:
                self.subtests()

            def test_block(self) -> None:
                with known_bug("2 != 1", "a bug"):
                    self.subtests()
                self.bugs += self.known_bugs

            @known_bug("2 != 1", "a bug")
            @known_bug("3 != 1", "another")
            def test_two(self) -> None:
                self.values = (3, 2)
                self.subtests()

        self.check(run(Inner), ["test_block", "test_decorated", "test_two"])
        self.assertEqual(Inner.bugs, ["a bug"])

    def test_another_failure_of_a_subtest_is_one(self) -> None:
        class Inner(TestCase):
            @known_bug("2 != 1", "a bug")
            def test_it(self) -> None:
                for value in 1, 2, 3:
                    with self.subTest(value=value):
                        self.assertEqual(value, 1)

            def test_behind_a_block(self) -> None:
                with known_bug("2 != 1", "a bug"):
                    with self.subTest():
                        self.assertEqual(2, 1)
                with self.subTest():
                    self.assertEqual(2, 1)

        outcome = run(Inner)
        self.assertEqual(
            [text.splitlines()[-1] for _, text in outcome.failures],
            ["AssertionError: 2 != 1", "AssertionError: 3 != 1"],
        )
        self.assertEqual(outcome.errors, [])

    def test_absent_from_all_subtests_it_is_reported_as_fixed(self) -> None:
        class Inner(TestCase):
            @known_bug("2 != 1", "a bug")
            def test_it(self) -> None:
                with self.subTest():
                    self.assertEqual(1, 1)

        outcome = run(Inner)
        self.check(outcome, [])
        self.assertIn("fixed?", outcome.texts()["test_it"])

    def test_a_skip_inside_is_a_skip(self) -> None:
        class Inner(TestCase):
            @known_bug("Skip", "a bug")
            def test_it(self) -> None:
                self.skipTest("why")

        self.assertEqual(len(run(Inner).skipped), 1)


class Lifetime(Outer):
    def test_one_machine_for_a_class_or_for_each_test(self) -> None:
        pids: dict[str, list[int]] = {"class": [], "test": []}
        for isolate, seen in pids.items():

            class Inner(TestCase):
                def test_a(self) -> None:
                    seen.append(self.machine.pid)

                test_b = test_a

            Inner.isolate = isolate
            self.assertEqual(run(Inner).errors, [])
        self.assertEqual(len(set(pids["class"])), 1)
        self.assertEqual(len(set(pids["test"])), 2)

    def test_the_machine_ends_with_its_class(self) -> None:
        machines: list[roadtest.Machine] = []

        class Inner(TestCase):
            def test_a(self) -> None:
                machines.append(self.machine)

        run(Inner)
        self.assertTrue(machines[0].closed)
        with self.assertRaisesRegex(roadtest.UsageError, "no current machine"):
            roadtest.read_str("/proc/version")

    def test_a_skip_in_setUpClass_boots_nothing(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)
            machine_options = {"kernel": "/nowhere"}

            @classmethod
            def setUpClass(cls) -> None:
                raise unittest.SkipTest("no")

            def test_a(self) -> None:
                pass

        outcome = run(Inner)
        self.assertEqual((len(outcome.skipped), outcome.errors), (1, []))

    def test_a_test_that_needs_no_guest_boots_nothing(self) -> None:
        class Inner(TestCase):
            machine_options = {"kernel": "/nowhere"}

            def test_a(self) -> None:
                pass

        self.check(run(Inner), ["test_a"])

    def test_a_kernel_that_is_missing_is_a_host_error(self) -> None:
        class Inner(TestCase):
            machine_options = {"kernel": "/nowhere"}

            def test_a(self) -> None:
                self.clock.settle()

        text = run(Inner).texts()["test_a"]
        self.assertIn("HostError", text)
        self.assertIn("/nowhere", text)

    def test_subclasses_need_not_call_super(self) -> None:
        order: list[str] = []

        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            @classmethod
            def setUpClass(cls) -> None:
                order.append("setUpClass")

            def setUp(self) -> None:
                order.append(f"setUp {(self.dev / 'driver').exists()}")

            def test_a(self) -> None:
                order.append("test")

            def tearDown(self) -> None:
                order.append(f"tearDown {(self.dev / 'driver').exists()}")

        self.check(run(Inner), ["test_a"])
        self.assertEqual(
            order, ["setUpClass", "setUp True", "test", "tearDown True"]
        )

    def test_what_a_test_did_is_undone(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_a(self) -> None:
                self.board.attach(Memory(), 0x50)
                self.board.gpio[3].set(1)
                self.clock.after(1, lambda: 1 // 0)
                self.guest.path("/dev/i2c-0").open()
                self.guest.start.read(self.guest.path("/dev/kmsg").open(), 1)
                self.kept = self.machine

            def test_b(self) -> None:
                self.assertEqual(len(self.board.chips), 1)
                self.assertEqual(self.board.gpio[3].level, 0)
                self.clock.advance(2)
                self.assertEqual(self.guest.modules[0], "lm75")

        self.check(run(Inner), ["test_a", "test_b"])

    def test_a_read_that_a_chip_holds_is_ended_after_its_test(self) -> None:
        class Stuck(I2CModel):
            def read(self, length: int) -> int:
                return HOLD

        class Inner(TestCase):
            def test_a(self) -> None:
                self.board.attach(Stuck(), 0x50)
                bus = self.guest.path("/dev/i2c-0").open(os.O_RDWR)
                bus.ioctl(I2C_SLAVE, 0x50)
                self.guest.start.read(bus, 1)
                self.clock.advance(1)

            def test_b(self) -> None:
                self.guest.path("/dev/i2c-0").open().close()

        self.check(run(Inner), ["test_a", "test_b"])

    def test_a_device_is_unbound_while_its_model_is_there(self) -> None:
        steps: list[str] = []

        class Watched(Lm75):
            @Lm75.CONF.on_write
            def wrote(self, value: RegisterValue) -> None:
                steps.append("CONF written")

        class Inner(TestCase):
            device = Device("national,lm75", model=Watched)

            def test_a(self) -> None:
                steps.append("test")

        self.check(run(Inner), ["test_a"])
        # lm75_remove() puts the configuration back
        self.assertEqual(steps[-2:], ["test", "CONF written"])

    def test_modules_of_a_test_are_unloaded_after_it(self) -> None:
        class Inner(TestCase):
            def test_a(self) -> None:
                roadtest.insmod("lm75")

            def test_b(self) -> None:
                # what lm75 needed stays until the class ends
                self.assertCountEqual(
                    self.guest.modules, ["hwmon", "regmap_i2c"]
                )
                roadtest.rmmod("hwmon")
                roadtest.insmod("hwmon")  # now for its own sake

            def test_c(self) -> None:
                self.assertCountEqual(
                    self.guest.modules, ["hwmon", "regmap_i2c"]
                )

        self.check(run(Inner), ["test_a", "test_b", "test_c"])

    def test_a_guest_that_cannot_be_cleaned_is_replaced_and_its_test_named(
        self,
    ) -> None:
        pids: list[int] = []

        class Inner(TestCase):
            def test_a_soils(self) -> None:
                pids.append(self.machine.pid)
                (self.guest / "tmp/m").mkdir()
                self.guest.mount("none", "/tmp/m", "tmpfs")
                self.guest.put("/tmp/m/f", "")
                self.machine.open("/tmp/m/f", os.O_RDONLY, 0)  # stays open

            def test_b(self) -> None:
                pids.append(self.machine.pid)

        outcome = run(Inner)
        self.check(outcome, ["test_b"])
        self.assertRegex(
            outcome.texts()["test_a_soils"],
            r"EBUSY(.|\n)*test_a_soils left the guest unclean: unmount /tmp/m",
        )
        self.assertNotEqual(pids[0], pids[1])

    def test_what_setUpClass_did_stays_and_is_done_again(self) -> None:
        pids: list[int] = []

        class Inner(Crashing):
            @classmethod
            def setUpClass(cls) -> None:
                roadtest.insmod("lm75")

            def test_a_panics(self) -> None:
                pids.append(self.machine.pid)
                self.crash("PANIC")

            def test_b(self) -> None:
                pids.append(self.machine.pid)
                self.assertEqual(self.guest.modules[0], "lm75")

            def test_c(self) -> None:
                pids.append(self.machine.pid)
                self.assertEqual(self.guest.modules[0], "lm75")

        self.check(run(Inner), ["test_b", "test_c"])
        self.assertNotEqual(pids[0], pids[1])
        self.assertEqual(pids[1], pids[2])

    def test_a_probe_error_is_the_tests_error(self) -> None:
        class Absent(I2CModel):
            def start(self, read: bool, first: bool) -> None:
                raise roadtest.models.Nak

        class Inner(TestCase):
            device = Device("national,lm75", model=Absent)

            def test_a(self) -> None:
                raise AssertionError("ran")

        text = run(Inner).texts()["test_a"]
        self.assertIn("GuestError", text)
        self.assertNotIn("ran", text)

    def test_async_tests_are_refused(self) -> None:
        class Inner(TestCase):
            async def test_a(self) -> None:
                raise AssertionError("ran")

        text = run(Inner).texts()["test_a"]
        self.assertIn("test_a: async tests are not supported", text)
        with self.assertRaisesRegex(TypeError, "async tests"):

            class Both(TestCase, unittest.IsolatedAsyncioTestCase):
                pass

    def test_what_only_seems_to_run_is_refused(self) -> None:
        class Inner(TestCase):
            @known_bug("never", "not on this kernel", until="1.0")
            async def test_a_decorated(self) -> None:
                self.fail("does not run")

            def test_b_generator(self) -> Iterator[None]:
                yield
                self.fail("does not run")

        class Fixtures(TestCase):
            async def setUp(self) -> None:  # type: ignore[override]
                self.fail("does not run")

            def test_a(self) -> None:
                pass

        class Last(TestCase):
            def test_a(self) -> None:
                pass

            async def tearDown(self) -> None:  # type: ignore[override]
                self.fail("does not run")

        outcome = run(Inner)
        self.check(outcome, [])
        self.assertIn("async tests", outcome.texts()["test_a_decorated"])
        self.assertIn("generator", outcome.texts()["test_b_generator"])
        for cls, name in (Fixtures, "setUp"), (Last, "tearDown"):
            outcome = run(cls)
            self.check(outcome, [])
            self.assertIn(f"{name}: async", outcome.texts()["test_a"])

    def test_a_model_is_freed_with_its_machine(self) -> None:
        import gc
        import weakref

        refs: list[weakref.ref[object]] = []

        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_a(self) -> None:
                refs.append(weakref.ref(self.chip))
                refs.append(weakref.ref(self.machine))
                self.chip.after(1000, self.chip.reset)

        run(Inner)
        del Inner
        gc.collect()
        self.assertEqual([ref() for ref in refs], [None, None])


class Races(Outer):
    def test_an_unbind_under_a_read_ends_both(self) -> None:
        class Slow(Lm75):
            """Does not acknowledge while it converts."""

        class Inner(TestCase):
            device = Device("national,lm75", model=Slow)

            def test_it(self) -> None:
                (hwmon,) = self.dev.glob("hwmon/hwmon*")
                read = self.guest.start.read_text(hwmon / "temp1_input")
                self.dev.unbind()
                try:
                    self.assertEqual(read.result(), "25000\n")
                except roadtest.GuestError as error:
                    self.assertIn(error.errno, (errno.ENODEV, errno.ENOENT))

        self.check(run(Inner), ["test_it"])


if __name__ == "__main__":
    unittest.main()
