# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that crashed or hung, or a model's error, fails the test whatever it
does with the exception, unless it says that it wants this one."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import re
import subprocess
import sys
import threading
import unittest

import roadtest
from chips import Lm75
from inner import Outcome, run
from roadtest import (
    Device,
    LimitExceeded,
    MachineGone,
    ModelError,
    TestCase,
    known_bug,
)
from roadtest.models import I2CModel, Nak

I2C_SLAVE = 0x0703
LATE = os.path.join(os.path.dirname(__file__), "samples/sample_late_loop.py")
SAMPLE = os.path.join(os.path.dirname(__file__), "samples/sample_swallowed.py")


class Closed(I2CModel):
    """A chip that may not be read."""

    def write(self, data: bytes) -> None:
        pass

    def read(self, length: int) -> bytes:
        self.fail("the driver may not read")
        return b""


class Quiet(Closed):
    """A hook that passes over what the model says."""

    def read(self, length: int) -> bytes:
        with contextlib.suppress(Exception):
            self.fail("the driver may not read")
        return bytes(length)


class Naks(Closed):
    def read(self, length: int) -> bytes:
        try:
            self.fail("the driver may not read")
        finally:
            raise Nak


class Twice(Closed):
    def stop(self) -> None:
        self.fail("nor stop")


class Raising(Closed):
    def read(self, length: int) -> bytes:
        raise ZeroDivisionError("in a hook")


class Wrong(TestCase):
    """What can go wrong, to be swallowed."""

    isolate = "test"

    def crash(self) -> None:
        roadtest.insmod("lkdtm")
        self.provoke("PANIC")

    def provoke(self, what: str) -> None:
        path = self.guest.path("/sys/kernel/debug/provoke-crash/DIRECT")
        path.write_text(what)

    def hang(self) -> None:
        """The guest sleeps for ever: its log has no more to say."""
        with self.guest.path("/dev/kmsg").open() as log:
            while log.poll(timeout=0.0):
                log.read(8192)
            log.read(8192)

    def forbidden(self, model: type[I2CModel] = Closed) -> None:
        self.board.attach(model(), 0x50)
        with (self.guest / "dev/i2c-0").open("rw") as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            bus.read(1)


class Outer(unittest.TestCase):
    def fails(self, outcome: Outcome, wanted: str, note: str = "") -> None:
        """All tests of it failed, with this error and where it came from."""
        text = "\n".join(f"{k}: {v}" for k, v in outcome.texts().items())
        self.assertEqual(outcome.passed, [], text)
        self.assertEqual(outcome.expectedFailures, [], text)
        self.assertTrue(outcome.texts())
        for name, text in outcome.texts().items():
            with self.subTest(name):
                self.assertIn(wanted, text)
                self.assertRegex(text, rf"in ({name}|crash|hang)\n")
                self.assertIn(note, text)

    def passes(self, outcome: Outcome) -> None:
        self.assertEqual(outcome.texts(), {})
        self.assertTrue(outcome.passed)


class Crash(Outer):
    def test_it_fails_whatever_catches_it(self) -> None:
        class Inner(Wrong):
            def test_suppress(self) -> None:
                with contextlib.suppress(Exception):
                    self.crash()

            def test_except(self) -> None:
                try:
                    self.crash()
                except MachineGone:
                    pass

            def test_any_exception(self) -> None:
                with self.assertRaises(Exception):
                    self.crash()

            def test_any_exception_called(self) -> None:
                self.assertRaisesRegex(roadtest.RoadtestError, "", self.crash)

            def test_finally_return(self) -> None:
                try:
                    self.crash()
                finally:
                    return  # noqa: B012

            @unittest.expectedFailure
            def test_expected_failure(self) -> None:
                self.crash()

            def test_skip(self) -> None:
                try:
                    self.crash()
                except MachineGone:
                    self.skipTest("does not work here")

            def test_the_second_is_wanted(self) -> None:
                with contextlib.suppress(Exception):
                    self.crash()
                with self.assertRaises(MachineGone):
                    self.clock.advance(1)

            def test_any_or_the_right_one(self) -> None:
                with self.assertRaises((MachineGone, Exception)):
                    self.crash()

        outcome = run(Inner)
        self.assertEqual(len(outcome.texts()), 9)
        self.fails(outcome, "MachineGone", "caught this error and went on")

    def test_in_setup_teardown_and_cleanups(self) -> None:
        class InSetUp(Wrong):
            def setUp(self) -> None:
                with contextlib.suppress(Exception):
                    self.crash()

            def test_it(self) -> None:
                pass

        class InTearDown(Wrong):
            def test_it(self) -> None:
                pass

            def tearDown(self) -> None:
                with contextlib.suppress(Exception):
                    self.crash()

        class InCleanup(Wrong):
            def test_it(self) -> None:
                self.addCleanup(self.quietly)

            def quietly(self) -> None:
                with contextlib.suppress(Exception):
                    self.crash()

        for cls in InSetUp, InTearDown, InCleanup:
            with self.subTest(cls.__name__):
                outcome = run(cls)
                self.assertEqual(outcome.passed, [])
                self.assertIn("MachineGone", outcome.texts()["test_it"])

    def test_in_a_subtest_it_fails_once(self) -> None:
        class Inner(Wrong):
            def test_told(self) -> None:
                with self.subTest("one"):
                    self.crash()

            def test_swallowed(self) -> None:
                with self.subTest("one"), contextlib.suppress(Exception):
                    self.crash()

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        self.assertEqual(len(outcome.errors), 2)

    def test_one_that_is_told_is_told_once(self) -> None:
        class Inner(Wrong):
            def test_it(self) -> None:
                self.crash()

            def test_in_other_words(self) -> None:
                try:
                    self.crash()
                except MachineGone as error:
                    raise RuntimeError("crashed") from error

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        self.assertEqual(len(outcome.errors), 2)

    def test_in_class_fixtures(self) -> None:
        def quietly() -> None:
            with contextlib.suppress(Exception):
                roadtest.insmod("lkdtm")
                roadtest.write_str(
                    "/sys/kernel/debug/provoke-crash/DIRECT", "PANIC"
                )

        class SetUp(TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                quietly()

            def test_it(self) -> None:
                pass

        class TearDown(TestCase):
            def test_it(self) -> None:
                self.machine

            @classmethod
            def tearDownClass(cls) -> None:
                quietly()

        class Cleanup(TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                cls.addClassCleanup(quietly)

            def test_it(self) -> None:
                self.machine

        for cls in SetUp, TearDown, Cleanup:
            with self.subTest(cls.__name__):
                (text,) = run(cls).texts().values()
                self.assertIn("MachineGone", text)

    def test_what_takes_it(self) -> None:
        class Inner(Wrong):
            def test_by_its_class(self) -> None:
                with self.assertRaises(MachineGone):
                    self.crash()
                with contextlib.suppress(MachineGone):  # no news
                    self.clock.advance(1)

            def test_called(self) -> None:
                self.assertRaisesRegex(MachineGone, "panic", self.crash)

            def test_its_report(self) -> None:
                self.expect_log("Kernel panic")
                with contextlib.suppress(MachineGone):
                    self.crash()

            @known_bug("Kernel panic", "an example")
            def test_known_bug(self) -> None:
                self.crash()

            def test_known_bug_block(self) -> None:
                with known_bug("Kernel panic", "an example"):
                    self.crash()

        outcome = run(Inner)
        self.passes(outcome)
        self.assertEqual(len(outcome.passed), 5)

    def test_another_report_is_not_taken_with_it(self) -> None:
        class Inner(Wrong):
            def test_raises(self) -> None:
                roadtest.insmod("lkdtm")
                self.provoke("WARNING")
                self.clock.advance(1)
                with self.assertRaises(MachineGone):
                    self.crash()

            def test_other_log(self) -> None:
                self.expect_log("lkdtm_WARNING")
                roadtest.insmod("lkdtm")
                self.provoke("WARNING")
                self.clock.advance(1)
                with contextlib.suppress(MachineGone):
                    self.crash()

        texts = run(Inner).texts()
        self.assertIn("lkdtm_WARNING", texts["test_raises"])
        self.assertIn("OracleError", texts["test_raises"])
        self.assertIn("MachineGone", texts["test_other_log"])

    def test_at_boot(self) -> None:
        class Inner(TestCase):
            machine_options = {"kernel_args": "init=/none rdinit=/none"}

            def test_it(self) -> None:
                with contextlib.suppress(Exception):
                    self.machine

        self.fails(run(Inner), "MachineGone")


class Hang(Outer):
    def test_it_fails_whatever_catches_it(self) -> None:
        class Inner(Wrong):
            machine_options = {"call_limit": 5.0}

            def test_suppress(self) -> None:
                with contextlib.suppress(Exception):
                    self.hang()

            def test_any_exception(self) -> None:
                with self.assertRaises(Exception):
                    self.hang()

            def test_expect_log_is_for_crashes(self) -> None:
                self.expect_log("Linux|.*")
                with contextlib.suppress(Exception):
                    self.hang()

        outcome = run(Inner)
        self.assertEqual(len(outcome.texts()), 3)
        self.fails(outcome, "LimitExceeded")

    def test_what_takes_it(self) -> None:
        class Inner(Wrong):
            machine_options = {"call_limit": 5.0}

            def test_limit(self) -> None:
                with self.assertRaises(LimitExceeded):
                    self.hang()

            def test_gone(self) -> None:
                with self.assertRaises(MachineGone):
                    self.hang()

        self.passes(run(Inner))


class Model(Outer):
    def test_it_fails_whatever_catches_it(self) -> None:
        class Inner(Wrong):
            isolate = "class"

            def test_suppress(self) -> None:
                with contextlib.suppress(Exception):
                    self.forbidden()

            def test_any_assertion(self) -> None:
                with self.assertRaises(AssertionError):
                    self.forbidden()

            @unittest.expectedFailure
            def test_expected_failure(self) -> None:
                self.forbidden()

            def test_second(self) -> None:
                with contextlib.suppress(ModelError):
                    self.forbidden()
                with self.assertRaises(ModelError):
                    self.forbidden()

        outcome = run(Inner)
        self.assertEqual(len(outcome.texts()), 4)
        self.fails(outcome, "ModelError: Closed: the driver may not read")

    def test_it_fails_if_the_hook_catches_it(self) -> None:
        class Inner(Wrong):
            isolate = "class"

            def test_quiet(self) -> None:
                self.forbidden(Quiet)

            def test_naks(self) -> None:
                self.forbidden(Naks)

            def test_by_the_test_itself(self) -> None:
                with known_bug("rule 1", "an example"):
                    Closed().fail("rule 1")
                with contextlib.suppress(Exception):
                    Closed().fail("the driver may not read")

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        texts = outcome.texts()
        self.assertEqual(len(texts), 3)
        for text in texts.values():
            self.assertEqual(
                text.count("ModelError: Closed: the driver may not read")
                + text.count("ModelError: Quiet: the driver may not read")
                + text.count("ModelError: Naks: the driver may not read"),
                1,
            )
            self.assertIn("caught it and went on", text)

    def test_of_several_in_a_call_the_first_counts(self) -> None:
        class Inner(Wrong):
            def test_it(self) -> None:
                with self.assertRaises(ModelError):
                    self.forbidden(Twice)

        self.passes(run(Inner))

    def test_an_exception_of_a_hook(self) -> None:
        class Inner(Wrong):
            def test_suppress(self) -> None:
                with contextlib.suppress(ArithmeticError):
                    self.forbidden(Raising)

            def test_base(self) -> None:
                with self.assertRaises(ArithmeticError):
                    self.forbidden(Raising)

        self.fails(run(Inner), "ZeroDivisionError: in a hook")

    def test_what_takes_it(self) -> None:
        class Inner(Wrong):
            def test_model_error(self) -> None:
                with self.assertRaises(ModelError):
                    self.forbidden()

            def test_the_class_of_a_hook_s_exception(self) -> None:
                with self.assertRaises(ZeroDivisionError):
                    self.forbidden(Raising)

            @known_bug("may not read", "an example")
            def test_known_bug(self) -> None:
                self.forbidden()

        self.passes(run(Inner))

    def test_a_report_of_the_kernel_that_the_test_asks_for_itself(self) -> None:
        class Inner(Wrong):
            def test_it(self) -> None:
                roadtest.insmod("lkdtm")
                self.provoke("WARNING")
                with contextlib.suppress(Exception):
                    self.machine.test_end()

        self.fails(run(Inner), "OracleError")


class Runner(unittest.TestCase):
    def test_it_fails_in_a_run_too(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "roadtest", SAMPLE],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(
            re.findall(r"(?m)^(.*ok) \d+ \S+\.(\w+)$", done.stdout),
            [
                ("not ok", "test_crash"),
                ("not ok", "test_model"),
                ("not ok", "test_thread"),
            ],
        )


class Faults(unittest.TestCase):
    """A fault that was injected and has not struck proves nothing."""

    def test_one_that_has_not_struck_fails(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_after(self) -> None:
                self.chip.inject(after=100)

            def test_no_message(self) -> None:
                self.chip.inject()

            def test_all(self) -> None:
                self.chip.inject(after=100, count=None)

            def test_count(self) -> None:
                self.chip.inject(count=2)
                with self.assertGuestError(errno.EIO):
                    self.dev.hwmon["temp1_input"]

            def test_detached(self) -> None:
                self.chip.inject()
                self.board.detach(self.chip)

            def test_replaced(self) -> None:
                self.chip.inject(after=100)
                self.chip.inject()
                with self.assertGuestError(errno.EIO):
                    self.dev.hwmon["temp1_input"]

            def test_another_chip(self) -> None:
                chip = Lm75()
                self.board.attach(chip, 0x50)
                chip.inject(after=1)

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        self.assertEqual(outcome.errors, [], "failures, not errors")
        for name, why in {
            "test_after": "100 more messages come before it",
            "test_no_message": "no message came",
            "test_all": "100 more messages come before it",
            "test_count": "1 more messages should fail",
            "test_detached": "no message came",
            "test_replaced": "100 more messages come before it",
            "test_another_chip": "0x50: a fault .* 1 more message",
        }.items():
            self.assertRegex(outcome.texts()[name], why)

    def test_one_of_a_model_that_is_on_no_bus_fails(self) -> None:
        class Inner(TestCase):
            def test_forgotten(self) -> None:
                Lm75().inject()
                self.board.attach(Lm75(), 0x50)

            def test_no_guest(self) -> None:
                Lm75().inject(after=1, count=None)

            def test_cancelled(self) -> None:
                chip = Lm75()
                chip.inject()
                chip.inject(count=0)

            def test_attached_later(self) -> None:
                chip = Lm75()
                chip.inject()
                self.board.attach(chip, 0x50)
                with (self.guest / "dev/i2c-0").open("rw") as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    bus.read(1)  # i2c-virtio tells it with a count of 0

            @known_bug("before", "an example")
            def test_ended_before(self) -> None:
                Lm75().inject()
                self.fail("before")

        outcome = run(Inner)
        texts = outcome.texts()
        self.assertEqual(list(texts), ["test_forgotten", "test_no_guest"])
        self.assertEqual(outcome.errors, [], "failures, not errors")
        for text in texts.values():
            self.assertIn("Lm75: a fault that was injected has not", text)

    def test_one_that_strikes_or_is_cancelled_does_not(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_cancelled(self) -> None:
                self.chip.inject(after=100)
                self.chip.inject(count=0)

            def test_all(self) -> None:
                self.chip.inject(count=None)
                with self.assertGuestError(errno.EIO):
                    self.dev.hwmon["temp1_input"]

            def test_count(self) -> None:
                self.chip.inject(count=1)
                with self.assertGuestError(errno.EIO):
                    self.dev.hwmon["temp1_input"]

        self.assertEqual(run(Inner).texts(), {})

    def test_where_the_test_ended_before_it_says_nothing(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def setUp(self) -> None:
                self.chip.inject()
                if self._testMethodName == "test_set_up":
                    self.fail("before")

            def test_fails(self) -> None:
                self.fail("before")

            def test_set_up(self) -> None:
                pass

            def test_subtest(self) -> None:
                with self.subTest(n=1):
                    self.fail("before")

            def test_cleanup(self) -> None:
                self.addCleanup(self.fail, "before")

            def test_skips(self) -> None:
                self.skipTest("before")

            @unittest.expectedFailure
            def test_expected(self) -> None:
                self.fail("before")

            @known_bug("before", "an example")
            def test_known(self) -> None:
                self.fail("before")

        outcome = run(Inner)
        texts = outcome.texts()
        self.assertEqual(
            list(texts), ["test_cleanup", "test_fails", "test_set_up", "runTest"]
        )
        for name, text in texts.items():
            self.assertEqual(text.count("AssertionError:"), 1, f"{name}: {text}")
        self.assertEqual(outcome.passed, ["test_known"])
        self.assertEqual(len(outcome.skipped), 1)
        self.assertEqual(len(outcome.expectedFailures), 1)


class Unseen(Outer):
    """What unittest does not see at all."""

    def test_an_exception_in_a_thread(self) -> None:
        class Inner(TestCase):
            def test_it(self) -> None:
                thread = threading.Thread(target=self.check, name="checker")
                thread.start()
                thread.join()

            def check(self) -> None:
                self.assertEqual(1, 2)

        (text,) = run(Inner).texts().values()
        self.assertIn("AssertionError: 1 != 2", text)
        self.assertIn("in check\n", text)
        self.assertIn("in the thread checker", text)

    def test_an_exception_in_a_destructor(self) -> None:
        class Checks:
            def __del__(self) -> None:
                raise ValueError("in a destructor")

        class Inner(TestCase):
            def test_it(self) -> None:
                Checks()

            def test_in_a_cycle(self) -> None:
                checks = Checks()
                checks.__dict__["own"] = checks
                del checks
                gc.collect()

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        for text in outcome.texts().values():
            self.assertIn("ValueError: in a destructor", text)

    def test_what_asyncio_only_prints(self) -> None:
        class Inner(TestCase):
            def test_task(self) -> None:
                async def check() -> None:
                    self.assertEqual(1, 2)

                async def main() -> None:
                    task = asyncio.create_task(check())
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                    del task

                asyncio.run(main())

            def test_callback(self) -> None:
                async def main() -> None:
                    loop = asyncio.get_running_loop()
                    loop.call_soon(self.assertEqual, 1, 2)
                    await asyncio.sleep(0)

                asyncio.run(main())

        outcome = run(Inner)
        self.assertEqual(outcome.passed, [])
        texts = outcome.texts()
        self.assertEqual(len(texts), 2)
        for text in texts.values():
            self.assertIn("AssertionError: 1 != 2", text)
            self.assertIn("asyncio: ", text)

    def test_what_asyncio_hands_on(self) -> None:
        class Inner(TestCase):
            def test_awaited(self) -> None:
                async def check() -> None:
                    self.assertEqual(1, 2)

                async def main() -> None:
                    with contextlib.suppress(AssertionError):
                        await asyncio.create_task(check())

                asyncio.run(main())

            def test_own_handler(self) -> None:
                seen = []

                async def main() -> None:
                    loop = asyncio.get_running_loop()
                    loop.set_exception_handler(lambda _, what: seen.append(what))
                    loop.call_soon(self.assertEqual, 1, 2)
                    await asyncio.sleep(0)

                asyncio.run(main())
                self.assertEqual(len(seen), 1)

        self.passes(run(Inner))

    def test_asyncio_that_a_test_imports(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "roadtest", LATE],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^not ok \d+ \S+\.test_callback$")
        self.assertNotIn("asyncio", done.stderr)

    def test_a_thread_that_is_left_is_not_the_next_test_s(self) -> None:
        go = threading.Event()

        class Inner(TestCase):
            def test_a_starts_it(self) -> None:
                threading.Thread(target=self.late, daemon=True).start()

            def late(self) -> None:
                go.wait()
                raise ValueError("late")

            def test_b_is_there_when_it_raises(self) -> None:
                before = threading.enumerate()
                go.set()
                for thread in before:
                    if thread is not threading.current_thread():
                        thread.join()

        outcome = run(Inner)
        self.assertEqual(len(outcome.passed), 2)
        (text,) = outcome.texts().values()
        self.assertIn("ValueError: late", text)
        self.assertIn("test_a_starts_it left the thread", text)
