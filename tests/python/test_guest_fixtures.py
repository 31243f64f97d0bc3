# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the fixtures of a class do with its guest, and what is told of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest

import inner
import roadtest
from chips import Lm75, Memory
from roadtest import Device, TestCase

SKIPS = os.path.join(os.path.dirname(__file__), "samples/sample_skip_in_setupclass.py")


def provoke(what: str) -> None:
    """Let the guest's kernel do it: "WARNING", "PANIC"."""
    roadtest.insmod("lkdtm")
    roadtest.write_str("/sys/kernel/debug/provoke-crash/DIRECT", what)


class Loaded(TestCase):
    """Loads lm75 for the class, as plain functions do."""

    @classmethod
    def setUpClass(cls) -> None:
        roadtest.insmod("lm75")


class TearDownClass(unittest.TestCase):
    def test_it_has_the_guest_of_its_class(self) -> None:
        pids: list[int] = []

        class Inner(Loaded):
            def test_a(self) -> None:
                pids.append(self.machine.pid)

            @classmethod
            def tearDownClass(cls) -> None:
                pids.append(roadtest.current_machine().pid)
                roadtest.rmmod("lm75")

        outcome = inner.run(Inner)
        self.assertEqual(outcome.texts(), {})
        self.assertEqual(len(set(pids)), 1, pids)
        with self.assertRaisesRegex(roadtest.UsageError, "no test"):
            roadtest.current_machine()

    def test_an_error_in_it_is_told(self) -> None:
        class Inner(Loaded):
            def test_a(self) -> None:
                pass

            @classmethod
            def tearDownClass(cls) -> None:
                roadtest.rmmod("tmp108")

        (text,) = inner.run(Inner).texts().values()
        self.assertIn("ENOENT", text)

    def test_a_warning_in_it_is_told(self) -> None:
        class Inner(TestCase):
            def test_a(self) -> None:
                self.machine

            @classmethod
            def tearDownClass(cls) -> None:
                provoke("WARNING")

        (text,) = inner.run(Inner).texts().values()
        self.assertIn("OracleError", text)

    def test_nothing_is_left_to_undo_where_the_guest_is_gone(self) -> None:
        ran: list[str] = []

        class Inner(Loaded):
            def test_a(self) -> None:
                provoke("PANIC")

            @classmethod
            def tearDownClass(cls) -> None:
                ran.append("before")
                roadtest.rmmod("lm75")
                ran.append("after")

        outcome = inner.run(Inner)
        self.assertEqual(list(outcome.texts()), ["test_a"])
        self.assertEqual(ran, ["before"])
        with self.assertRaisesRegex(roadtest.UsageError, "no test"):
            roadtest.current_machine()

    def test_super_may_be_called(self) -> None:
        ran: list[str] = []

        class Base(Loaded):
            @classmethod
            def tearDownClass(cls) -> None:
                ran.append("base")
                super().tearDownClass()

        class Inner(Base):
            def test_a(self) -> None:
                pass

            @classmethod
            def tearDownClass(cls) -> None:
                roadtest.rmmod("lm75")
                super().tearDownClass()

        self.assertEqual(inner.run(Inner).texts(), {})
        self.assertEqual(ran, ["base"])


class SetUpClass(unittest.TestCase):
    def test_a_skip_of_it_hides_nothing_that_went_wrong(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "roadtest", SKIPS],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, said)
        found = re.findall(r"(?m)^(ok|not ok) \d+ \w+\.(\w+)\.test_it(.*)", said)
        self.assertEqual(
            found,
            [
                ("not ok", "Crashes", ""),
                ("not ok", "Model", ""),
                ("ok", "Nothing", " # SKIP hidden"),
                ("not ok", "Thread", ""),
                ("not ok", "Warns", ""),
                ("not ok", "WarnsInCleanup", ""),
            ],
        )
        for text in "MachineGone: ", "ModelError: ", "AssertionError: seen":
            self.assertEqual(len(re.findall(f"(?m)^# .*{text}", said)), 1, text)
        self.assertEqual(len(re.findall("(?m)^# .*OracleError: ", said)), 2)

    def test_what_it_did_stays_for_all_tests(self) -> None:
        class Inner(TestCase):
            chip: Memory
            file: roadtest.GuestFile

            @classmethod
            def setUpClass(cls) -> None:
                machine = roadtest.current_machine()
                machine.guest.mount("none", "/mnt", "tmpfs")
                cls.file = (machine.guest / "proc/version").open()
                cls.chip = Memory()
                machine.board.attach(cls.chip, 0x50)

            def check(self) -> None:
                mounts = (self.guest / "proc/mounts").read_text()
                self.assertIn("/mnt tmpfs", mounts)
                self.assertIn(b"Linux", self.file.pread(100, 0))
                self.assertIn(type(self).chip, self.board.chips)

            test_a = test_b = check

        outcome = inner.run(Inner)
        self.assertEqual(outcome.texts(), {})
        self.assertEqual(len(outcome.passed), 2)

    def test_a_warning_in_it_is_told_there(self) -> None:
        class Inner(TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                provoke("WARNING")

            def test_a(self) -> None:
                pass

        outcome = inner.run(Inner)
        self.assertEqual(outcome.passed, [])
        ((name, text),) = outcome.texts().items()
        self.assertIn("setUpClass", name)
        self.assertIn("OracleError", text)

    def test_no_test_runs_where_it_could_not_be_done_again(self) -> None:
        class Inner(TestCase):
            runs = 0

            @classmethod
            def setUpClass(cls) -> None:
                roadtest.insmod("lm75")
                cls.runs += 1
                if cls.runs > 1:
                    raise ValueError("once only")

            def test_a(self) -> None:
                provoke("PANIC")

            def test_b(self) -> None:
                self.machine

            test_c = test_b

        outcome = inner.run(Inner)
        self.assertEqual(outcome.passed, [])
        self.assertIn("once only", outcome.texts()["test_b"])
        self.assertIn("once only", outcome.texts()["test_c"])


class ClassCleanups(unittest.TestCase):
    def test_they_have_the_guest_whenever_they_were_added(self) -> None:
        loaded: list[bool] = []

        def unload() -> None:
            loaded.append("lm75" in roadtest.current_machine().guest.modules)
            roadtest.rmmod("lm75")

        class Late(TestCase):
            device = Device("national,lm75", model=Lm75)

            @classmethod
            def setUpClass(cls) -> None:
                roadtest.insmod("lm75")
                cls.addClassCleanup(unload)

            def test_a(self) -> None:
                self.guest.log

        class Early(Late):
            @classmethod
            def setUpClass(cls) -> None:
                cls.addClassCleanup(unload)
                roadtest.insmod("lm75")

        for cls in Late, Early:
            with self.subTest(cls):
                self.assertEqual(inner.run(cls).texts(), {})
        self.assertEqual(loaded, [True, True])

    def test_a_warning_in_one_is_told(self) -> None:
        class Inner(TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                cls.addClassCleanup(provoke, "WARNING")

            def test_a(self) -> None:
                self.machine

        (text,) = inner.run(Inner).texts().values()
        self.assertIn("OracleError", text)


class AroundATest(unittest.TestCase):
    """What a fixture of pytest does before and behind a test."""

    def test_a_look_at_the_guest_behind_it_does_not_begin_it_again(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_a(self) -> None:
                self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

        outcome = inner.Outcome()
        for _ in range(2):
            test = Inner("test_a")
            test.run(outcome)
            self.assertIn("6.", test.guest.release)
            with self.assertRaisesRegex(roadtest.UsageError, "until the test"):
                test.dev
        Inner.doClassCleanups()
        self.assertEqual(outcome.texts(), {})

    def test_a_device_before_it_is_refused(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_a(self) -> None:
                pass

        with self.assertRaisesRegex(roadtest.UsageError, "from setUp"):
            Inner("test_a").dev
        Inner.doClassCleanups()


if __name__ == "__main__":
    unittest.main()
