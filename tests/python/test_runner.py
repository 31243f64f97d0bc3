# SPDX-License-Identifier: LGPL-2.1-or-later
"""The runner's contract: KTAP, selection, exit status, watchdog."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import roadtest

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")


def run(sample: str, *args: str) -> subprocess.CompletedProcess[str]:
    """``python3 -m roadtest`` on a sample."""
    path = sample if os.path.isabs(sample) else os.path.join(SAMPLES, sample)
    return subprocess.run(
        [sys.executable, "-m", "roadtest", path, *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


EXPECTED = """\
KTAP version 1
1..15
# start sample_all.BrokenTearDown.test_a
ok 1 sample_all.BrokenTearDown.test_a
not ok 2 sample_all.BrokenTearDown.tearDownClass
# start sample_all.Kinds.test_01_passes
ok 3 sample_all.Kinds.test_01_passes
# start sample_all.Kinds.test_02_fails
not ok 4 sample_all.Kinds.test_02_fails
# start sample_all.Kinds.test_03_raises
not ok 5 sample_all.Kinds.test_03_raises
# start sample_all.Kinds.test_04_is_skipped
ok 6 sample_all.Kinds.test_04_is_skipped # SKIP no need
# start sample_all.Kinds.test_05_is_expected_to_fail
ok 7 sample_all.Kinds.test_05_is_expected_to_fail # XFAIL as it should
# start sample_all.Kinds.test_06_is_expected_to_fail_but_passes
not ok 8 sample_all.Kinds.test_06_is_expected_to_fail_but_passes
# start sample_all.Kinds.test_07_has_subtests
    KTAP version 1
    1..2
    ok 1 (n=1)
    not ok 2 (n=2)
not ok 9 sample_all.Kinds.test_07_has_subtests
# start sample_all.Kinds.test_08_skips_itself
ok 10 sample_all.Kinds.test_08_skips_itself # SKIP not today
# start sample_all.Kinds.test_09_fails_in_a_cleanup
not ok 11 sample_all.Kinds.test_09_fails_in_a_cleanup
# start sample_all.Kinds.test_10_prints_a_part_of_a_line
ok 12 sample_all.Kinds.test_10_prints_a_part_of_a_line
# start sample_all.BrokenSetUp.test_a
not ok 13 sample_all.BrokenSetUp.test_a
# start sample_all.BrokenSetUp.test_b
not ok 14 sample_all.BrokenSetUp.test_b
# start sample_all.SkippedByItsSetUp.test_a
ok 15 sample_all.SkippedByItsSetUp.test_a # SKIP whole class
# start sample_all.SkippedByItsSetUp.test_b
ok 16 sample_all.SkippedByItsSetUp.test_b # SKIP whole class
"""


PRINTS_START = """
import unittest
class A(unittest.TestCase):
    def test_it(self):
        print("start print")
        print("st", end="")
        print("art in pieces")
        self.fail("x\\nstart of a message")
"""


SUBTESTS = """
import unittest
class A(unittest.TestCase):
    def test_it(self):
        for n in 1, 2, 3, 4:
            with self.subTest(n=n):
                """

REASONS = """
import unittest
class A(unittest.TestCase):
    def test_nul(self): self.skipTest("a\\0b")
    @unittest.expectedFailure
    def test_size(self): self.fail("x" * 100000)
"""


LOADS_TWICE = """
import unittest
class A(unittest.TestCase):
    def test_it(self): pass
def load_tests(loader, tests, pattern):
    return unittest.TestSuite([tests, loader.loadTestsFromTestCase(A)])
"""


class Output(unittest.TestCase):
    maxDiff = None

    def test_each_kind_of_result_has_its_line(self) -> None:
        done = run("sample_all.py")
        lines = [
            line
            for line in done.stdout.splitlines(keepends=True)
            if not line.startswith("#") or line.startswith("# start")
        ]
        self.assertEqual("".join(lines), EXPECTED)
        self.assertEqual(done.returncode, 1)

    def test_prints_are_diagnostics_before_the_result(self) -> None:
        lines = run("sample_all.py").stdout.splitlines()
        at = lines.index("# printed")
        self.assertEqual(lines[at + 4], "ok 3 sample_all.Kinds.test_01_passes")

    def test_prints_are_not_taken_for_marks(self) -> None:
        lines = run("sample_all.py").stdout.splitlines()
        at = lines.index("# printed")
        self.assertEqual(lines[at + 1 : at + 3], ["#  start of it", "#  time 7"])

    def test_the_time_of_a_test_stands_before_its_result(self) -> None:
        lines = run("sample_all.py").stdout.splitlines()
        at = lines.index("ok 3 sample_all.Kinds.test_01_passes")
        self.assertRegex(lines[at - 1], r"^# time \d+\.\d{6}$")
        self.assertGreaterEqual(float(lines[at - 1].split()[2]), 0.02)

    def test_no_print_looks_as_if_another_test_began(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(PRINTS_START)
            lines = run(path).stdout.splitlines()
        self.assertEqual(
            [line for line in lines if line.startswith("# start ")],
            ["# start test_x.A.test_it"],
        )
        self.assertEqual(
            [line for line in lines if line.startswith("#  start ")],
            ["#  start print", "#  start in pieces", "#  start of a message"],
        )

    def test_descriptor_1_goes_to_standard_error(self) -> None:
        done = run("sample_all.py")
        self.assertIn("written to descriptor 1", done.stderr)
        self.assertNotIn("written to descriptor 1", done.stdout)

    def test_a_failure_has_its_traceback(self) -> None:
        out = run("sample_all.py").stdout
        self.assertIn("# AssertionError: 1 != 2 : why # not\n", out)
        self.assertIn("# RuntimeError: an error\n", out)

    def subtests(self, body: str) -> str:
        """What a test with subtests prints, without the frames of its
        tracebacks."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(SUBTESTS + body)
            out = run(path).stdout
        return re.sub("(?m)^# ( .*|Traceback.*|time .*|start .*|end .*)\n", "", out)

    def test_each_failure_names_its_subtest(self) -> None:
        self.assertEqual(
            self.subtests("self.assertNotIn(n, (1, 3))"),
            "KTAP version 1\n1..1\n"
            "# in the subtest (n=1):\n"
            "# AssertionError: 1 unexpectedly found in (1, 3)\n"
            "# in the subtest (n=3):\n"
            "# AssertionError: 3 unexpectedly found in (1, 3)\n"
            "    KTAP version 1\n    1..4\n    not ok 1 (n=1)\n    ok 2 (n=2)\n"
            "    not ok 3 (n=3)\n    ok 4 (n=4)\n"
            "not ok 1 test_x.A.test_it\n",
        )

    def test_failures_that_are_alike_are_told_once(self) -> None:
        told = self.subtests("self.assertTrue(n == 2)")
        self.assertEqual(told.count("# AssertionError: False is not true\n"), 1)
        self.assertIn(
            "# in the subtest (n=1):\n# AssertionError: False is not true\n"
            "# 2 more fail as the subtest (n=1) does: (n=3), (n=4)\n",
            told,
        )

    def test_the_log_of_a_dead_machine_is_told_once(self) -> None:
        told = self.subtests(
            "raise RuntimeError(f'call {n}: the kernel\\'s log ends with:\\n[1] a\\n[2] b')"
        )
        self.assertEqual(told.count("# [2] b\n"), 1)
        self.assertEqual(told.count("# RuntimeError: call 1: the kernel's log ends"), 1)
        for n in 2, 3, 4:
            self.assertIn(f"# RuntimeError: call {n}: the kernel's log is above\n", told)

    def test_a_reason_of_any_text_stays_a_line(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(REASONS)
            out = run(path).stdout
        self.assertIn("\nok 1 test_x.A.test_nul # SKIP a\\x00b\n", out)
        (long,) = re.findall("(?m)^ok 2 test_x.A.test_size # XFAIL (.*)", out)
        self.assertEqual(long, "x" * 2000 + "...")

    def test_a_failed_setUpClass_is_told_with_the_tests_of_its_class(self) -> None:
        out = run("sample_all.py").stdout
        _, found, told = out.partition("# start sample_all.BrokenSetUp.test_a\n")
        first, second = told.split("\nnot ok ")[:2]
        self.assertRegex(first, "^# Traceback")
        self.assertTrue(
            first.endswith(
                "# RuntimeError: set-up broke\n"
                "# sample_all.BrokenSetUp: setUpClass failed"
            )
        )
        self.assertEqual(
            second,
            "13 sample_all.BrokenSetUp.test_a\n"
            "# start sample_all.BrokenSetUp.test_b\n"
            "# sample_all.BrokenSetUp: setUpClass failed; what it said is at "
            "sample_all.BrokenSetUp.test_a",
        )

    def test_all_passed_is_0(self) -> None:
        done = run("sample_pass.py", "--ktap")
        self.assertEqual(done.returncode, 0)
        self.assertIn("ok 2 sample_pass.Two.test_b\n", done.stdout)


class NeverRan(unittest.TestCase):
    """What a call of an async function or of a generator gives has not run."""

    def result(self, sample: str) -> tuple[list[str], str]:
        """Names of those that passed, and all that is said."""
        done = run(sample)
        self.assertEqual(done.returncode, 1)
        passed = re.findall(r"^ok \d+ \w+\.(\S+)$", done.stdout, re.MULTILINE)
        return passed, done.stdout

    def test_it_is_refused_by_name(self) -> None:
        passed, said = self.result("sample_never_ran.py")
        # What is wrong behind the tests of a class is told behind them.
        behind = ["MachineTearDownClass.test_it", "TearDownClass.test_it"]
        for cls in "Machine", "Plain":
            behind.append(f"{cls}.test_class_cleanup")
        wanted = ["Async.test_a_runs", "Async.test_b_ran"]
        self.assertEqual(sorted(passed), sorted(behind + wanted))
        for cls in "Machine", "Plain", "TearDownClass", "MachineTearDownClass":
            self.assertRegex(said, rf"\nnot ok \d+ \w+\.{cls}\.tearDownClass\n")
        for name in (
            "test_async: async",
            "test_decorated: async",
            "test_async_generator: async",
            "test_generator did not run: a yield",
            "test_c_generator did not run: a yield",
            "the cleanup undo: async",
            "the cleanup undo_class did not run",
            "test_expected_failure: async",
            "setUp: async",
            "tearDown did not run",
            "SetUpClass.setUpClass did not run",
            "MachineSetUpClass.setUpClass: async",
            "TearDownClass.tearDownClass: async",
            "MachineTearDownClass.tearDownClass did not run",
        ):
            self.assertIn(f"UsageError: {name}", said)

    def test_in_the_fixtures_of_a_file(self) -> None:
        passed, said = self.result("sample_never_ran_module.py")
        self.assertEqual(passed, [])
        self.assertIn("sample_never_ran_module.setUpModule: async", said)
        passed, said = self.result("sample_never_ran_behind.py")
        self.assertIn("tearDownModule did not run", said)

    def test_a_skip_does_not_hide_a_failure(self) -> None:
        passed, said = self.result("sample_skip_hides.py")
        self.assertEqual(passed, [])
        skipped = re.findall(r"(?m)^ok \d+ \w+\.(\S+) # SKIP wanted$", said)
        self.assertEqual(
            skipped,
            [
                f"{cls}.test_{name}"
                for cls in ("Machine", "Plain")
                for name in ("c_wanted", "d_no_failure")
            ],
        )
        self.assertEqual(len(re.findall("(?m)^not ok", said)), 5)
        self.assertEqual(said.count("AssertionError: 1 != 2"), 5)

    def test_a_skip_does_not_hide_what_cleanups_raise(self) -> None:
        passed, said = self.result("sample_skip_and_cleanup.py")
        self.assertEqual(len(re.findall(r"(?m)^not ok \d+ \S+\.test_it$", said)), 3)
        for text in (
            "Machine is broken",
            "Plain is broken",
            "Twice is broken",
            "Plain is broken in a cleanup",
        ):
            self.assertEqual(said.count(f"# RuntimeError: {text}\n"), 1, text)
        passed, said = self.result("sample_skip_and_cleanup_module.py")
        self.assertIn("# RuntimeError: the file's cleanup is broken\n", said)
        self.assertIn("not ok 1 sample_skip_and_cleanup_module.One.test_it\n", said)

    def test_a_skip_of_a_fixture_does_not_hide_a_failure(self) -> None:
        passed, said = self.result("sample_skip_hides_fixtures.py")
        failed = re.findall(r"(?m)^not ok \d+ \w+\.(\S+)$", said)
        self.assertEqual(
            sorted(failed),
            [
                "Late.tearDownClass",
                "LateCleanup.tearDownClass",
                "LateMachine.tearDownClass",
                "MachineSetUp.test_it",
                "MachineTearDown.tearDownClass",
                "NoGuestTearDown.tearDownClass",
                "PlainSetUp.test_it",
                "PlainTearDown.tearDownClass",
                "tearDownModule",
            ],
        )
        self.assertEqual(said.count("# AssertionError: 1 != 2\n"), 5)
        self.assertEqual(said.count("# SkipTest: too late\n"), 4)
        self.assertRegex(said, r"\nok \d+ \w+\.Wanted\.test_it # SKIP wanted\n")

    def test_what_unittest_does_not_see_fails(self) -> None:
        passed, said = self.result("sample_unseen.py")
        wanted = ["Plain.test_c_leaves_a_thread", "Plain.test_d_is_not_to_blame"]
        self.assertEqual(passed, wanted)
        self.assertIn("AssertionError: 1 != 2", said)
        self.assertIn("ValueError: in a destructor", said)
        self.assertRegex(said, r"not ok 6 \S+\.test_c_leaves_a_thread\.thread\n")

    def test_what_is_not_seen_in_fixtures_of_classes_fails(self) -> None:
        passed, said = self.result("sample_unseen_fixtures.py")
        failed = re.findall(r"(?m)^not ok \d+ \w+\.(\S+)$", said)
        self.assertEqual(
            sorted(failed),
            [
                "MachineCleanup.tearDownClass",
                "MachineDestructor.tearDownClass",
                "MachineSetUp.test_it",
                "MachineTearDown.tearDownClass",
                "PlainCleanup.tearDownClass",
                "PlainDestructor.tearDownClass",
                "PlainSetUp.test_it",
                "PlainSetUpSkips.test_it",
                "PlainTearDown.tearDownClass",
            ],
        )
        self.assertEqual(said.count("# AssertionError: 1 != 2\n"), 7)
        self.assertEqual(said.count("# ValueError: in a destructor\n"), 2)

    def test_what_is_not_seen_in_fixtures_of_a_file_fails(self) -> None:
        passed, said = self.result("sample_unseen_module_setup.py")
        self.assertEqual(passed, [])
        self.assertIn("# AssertionError: 1 != 2\n", said)
        passed, said = self.result("sample_unseen_module.py")
        for text in "in tearDownModule", "in a cleanup":
            self.assertIn(f"# AssertionError: {text}\n", said)
        failed = re.findall(r"(?m)^not ok \d+ \w+\.(\S+)$", said)
        self.assertEqual(failed, ["tearDownModule"] * 2)

    def test_what_is_not_seen_in_an_import_fails_it(self) -> None:
        for args in [], ["--list"]:
            done = run("sample_unseen_import.py", *args)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertIn("sample_unseen_import.py can't be imported:\n", done.stderr)
            self.assertIn("\nAssertionError: 1 != 2\n", done.stderr)
            self.assertIn("it was raised in the thread Thread-1", done.stderr)

    def test_an_exit_handler_that_fails_is_no_success(self) -> None:
        done = run("sample_exit_handler.py")
        self.assertEqual(done.returncode, 1)
        self.assertIn("AssertionError: 1 != 2", done.stderr)
        self.assertIn("An exit handler failed", done.stderr)
LOST = {
    "test_of_the_module": "line 11: it is a function, and only methods",
    "TestPlain.test_it": "line 16: TestPlain is no TestCase",
    "Forgot.test_it": "line 21: Forgot is no TestCase",
    "Case.Nested.test_it": "line 34: Nested is a class in a class",
    "Case.test_twice@37": "line 37: a second test_twice hides it, line 40",
    "Case.test_around.test_inside": "line 44: it stands in test_around, which does",
    "Case.test_of_a_later_python": "line 49: there is no test_of_a_later_python in",
    "Case.test_property": "line 52: it is no method but a property",
    "Case.test_cached": "line 56: it is no method but a cached_property",
    "Case.test_decorated": "line 60: its name stands for None",
    "Twice.test_first": "line 66: a second class Twice hides it, line 70",
    "Second.test_it": "line 84: First.test_it hides it: Both has First before",
    "Deleted.test_it": "line 97: there is no Deleted once the file is imported",
    "Optional.test_it": "line 110: there is no Optional once the file is imported",
    "LeftOut.test_it": "line 115: load_tests() leaves it out",
    "Hidden.test_disabled": "line 123: load_tests() leaves it out",
    "test_lambda": "line 119: it is a function, and only methods",
    "WrongOrder.setUp": "First.setUp is never called, TestCase's is",
}


class Lost(unittest.TestCase):
    """Tests that stand in a file and that nothing runs."""

    maxDiff = None

    def lost(self, text: str) -> dict[str, str]:
        """What is said of each, without the module."""
        found = re.findall(r"(?m)^# norun sample_lost\.(\S+) (.*)", text)
        self.assertEqual(len(dict(found)), len(found))
        return dict(found)

    def test_each_kind_is_named_with_its_reason(self) -> None:
        found = self.lost(run("sample_lost.py", "--list").stdout)
        self.assertEqual(list(found), list(LOST))
        for name, why in found.items():
            with self.subTest(name):
                self.assertEqual(why[: len(LOST[name])], LOST[name])

    def test_a_run_names_them_and_is_no_success(self) -> None:
        done = run("sample_lost.py")
        self.assertEqual(list(self.lost(done.stdout)), list(LOST))
        self.assertNotIn("not ok", done.stdout)
        self.assertEqual(done.returncode, 3)

    def test_only_what_was_asked_for_is_missing(self) -> None:
        done = run("sample_lost.py::Twice")
        self.assertEqual(list(self.lost(done.stdout)), ["Twice.test_first"])
        self.assertEqual(done.returncode, 3)
        for args in ["::Both"], ["", "--filter", "sample_lost.Both.test_it"]:
            done = run(f"sample_lost.py{args[0]}", *args[1:])
            self.assertEqual(self.lost(done.stdout), {})
            self.assertEqual(done.returncode, 0)

    def test_classes_that_were_made_and_have_no_name_are(self) -> None:
        done = run("sample_made.py")
        found = re.findall(r"(?m)^# norun sample_made\.(\S+) (a class that no name)", done.stdout)
        self.assertEqual([name for name, _ in found],
                         ["Loop@1", "Loop@2", "Listed@3", "Listed@4", "Type@5"])
        self.assertEqual(re.findall(r"(?m)^ok \d+ sample_made\.(\S+)", done.stdout), [
            "Base1.test_it", "Base2.test_it", "Loop.test_it", "Type.test_it"])
        self.assertEqual(done.returncode, 3)

    def test_a_file_of_a_directory_with_another_name_is(self) -> None:
        test = "import unittest\nclass A(unittest.TestCase):\n    def test_it(self): pass\n"
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {
                "test_x.py": "import base_test\n" + test,
                "base_test.py": test,
                "good_test.py": test,
                "sub/tests.py": "def test_it(): pass\n",
                "contest.py": "def test_it(): pass\n",
                "test.py": "x = 1\n",
            }.items():
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            done = run(folder)
            found = re.findall(rf"(?m)^# norun {folder}/(\S+) it has tests", done.stdout)
            self.assertEqual(found, ["good_test.py", "sub/tests.py"])
            self.assertIn("ok 1 test_x.A.test_it\n", done.stdout)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(run(os.path.join(folder, "test_x.py")).returncode, 0)

    def test_one_that_is_asked_for_by_name_is_missing(self) -> None:
        done = run("sample_lost.py::TestPlain::test_it")
        self.assertEqual(list(self.lost(done.stdout)), ["TestPlain.test_it"])
        self.assertIn("1..0\n", done.stdout)
        self.assertEqual(done.returncode, 3)

    def test_what_is_run_or_is_no_test_is_not_lost(self) -> None:
        done = run("sample_not_lost.py")
        self.assertNotIn("# norun", done.stdout)
        self.assertIn("1..12\n", done.stdout)
        self.assertEqual(done.returncode, 0)

    def test_a_file_of_functions_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write("def test_it():\n    assert False\n")
            done = run(path)
        self.assertIn("# norun test_x.test_it line 1: it is a function", done.stdout)
        self.assertEqual(done.returncode, 3)


class Ends(unittest.TestCase):
    """A process that is ended before its time."""

    def ends(self, source: str) -> subprocess.CompletedProcess[str]:
        """Run a file."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write("import atexit, os, sys, unittest\n" + source)
            return run(path)

    def test_the_end_is_said(self) -> None:
        self.assertTrue(run("sample_pass.py").stdout.endswith("\n# end of tests\n"))
        self.assertTrue(run("sample_all.py").stdout.endswith("\n# end of tests\n"))

    def test_exit_in_a_fixture_is_no_success(self) -> None:
        for name, source in EXITS.items():
            with self.subTest(name):
                done = self.ends(source)
                self.assertEqual(done.returncode, 3, done.stdout)
                self.assertIn("SystemExit: 0\n", done.stdout)
                self.assertNotIn("# end of tests", done.stdout)

    def test_exit_of_the_import_is_no_success(self) -> None:
        done = self.ends("sys.exit(0)\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("can't be imported", done.stderr)

    def test_an_exit_handler_that_ends_the_process_is_seen(self) -> None:
        done = self.ends(EXITS_LAST)
        self.assertIn("ok 1 test_x.A.test_it\n", done.stdout)
        self.assertNotIn("# end of tests", done.stdout)

    def test_tests_that_are_stopped_are_no_success(self) -> None:
        done = self.ends(STOPS)
        self.assertIn("ok 1 test_x.A.test_a\n", done.stdout)
        self.assertNotIn("test_x.A.test_b", done.stdout)
        self.assertEqual(done.returncode, 3)


EXITS = {
    "tearDownClass": """
class A(unittest.TestCase):
    def test_it(self): pass
    @classmethod
    def tearDownClass(cls): sys.exit(0)
""",
    "setUpClass": """
class A(unittest.TestCase):
    def test_it(self): pass
    @classmethod
    def setUpClass(cls): sys.exit(0)
""",
    "tearDownModule": """
class A(unittest.TestCase):
    def test_it(self): pass
def tearDownModule(): sys.exit(0)
""",
    "a cleanup of the class": """
class A(unittest.TestCase):
    def test_it(self): self.addClassCleanup(sys.exit, 0)
""",
}

EXITS_LAST = """
class A(unittest.TestCase):
    def test_it(self): atexit.register(os._exit, 0)
"""

STOPS = """
class A(unittest.TestCase):
    def test_a(self): self._outcome.result.stop()
    def test_b(self): self.fail()
"""


class Selection(unittest.TestCase):
    def test_an_id_that_is_there_twice_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(LOADS_TWICE)
            done = run(path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('two tests have the id "test_x.A.test_it"', done.stderr)

    def test_a_second_name_of_a_class_is_no_second_class(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(
                    "import unittest\nclass B(unittest.TestCase):\n"
                    "    def test_it(self): pass\nA = C = B\n"
                )
            done = run(path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("1..1\n", done.stdout)
        self.assertIn("ok 1 test_x.B.test_it\n", done.stdout)

    def test_list_prints_ids(self) -> None:
        done = run("sample_pass.py", "--list")
        self.assertEqual(
            done.stdout, "sample_pass.Two.test_a\nsample_pass.Two.test_b\n"
        )
        self.assertEqual(done.returncode, 0)

    def test_filter_runs_only_that(self) -> None:
        out = run("sample_pass.py", "--filter", "sample_pass.Two.test_b").stdout
        self.assertIn("1..1\n", out)
        self.assertIn("ok 1 sample_pass.Two.test_b\n", out)

    def test_skip_leaves_that_out(self) -> None:
        out = run("sample_pass.py", "--skip=sample_pass.Two.test_b").stdout
        self.assertIn("1..1\n", out)
        self.assertIn("ok 1 sample_pass.Two.test_a\n", out)

    def test_a_part_of_a_file_runs_only_that(self) -> None:
        out = run("sample_pass.py::Two").stdout
        self.assertIn("1..2\n", out)
        out = run("sample_pass.py::Two::test_b").stdout
        self.assertIn("1..1\n", out)
        self.assertIn("ok 1 sample_pass.Two.test_b\n", out)

    def test_a_part_that_is_not_there_is_an_error(self) -> None:
        for part in ("Tw", "Two::test", "Two::test_b::x"):
            done = run(f"sample_pass.py::{part}")
            self.assert_nothing_ran(done, "there is nothing called")

    def test_a_part_that_is_misspelt_is_told_those_that_are_near(self) -> None:
        for part, meant in [("Tow", "Two"), ("Two::test_c", "Two.test_a")]:
            done = run(f"sample_pass.py::{part}")
            self.assertRegex(
                done.stderr, rf"; near to it: .*\bsample_pass\.{meant}\b"
            )
        self.assertIn("(see --list)", run("sample_pass.py::xyzzyxyzzyx").stderr)

    def assert_nothing_ran(
        self, done: subprocess.CompletedProcess[str], why: str
    ) -> None:
        """Exit status 2 with a reason, and no KTAP."""
        self.assertEqual(done.returncode, 2)
        self.assertIn(why, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_wrong_filter_is_an_error(self) -> None:
        done = run("sample_pass.py", "--filter", "sample_pass.Two.test")
        self.assert_nothing_ran(done, "no test has the id sample_pass.Two.test;")

    def test_a_wrong_skip_is_an_error(self) -> None:
        done = run("sample_pass.py", "--skip", "x")
        self.assert_nothing_ran(done, "no test has the id x ")

    def test_no_tests_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as empty:
            self.assert_nothing_ran(run(empty), "no tests: ")

    def test_a_missing_file_is_an_error(self) -> None:
        self.assert_nothing_ran(run("none.py"), "no such file")

    def test_a_file_that_cannot_be_imported_is_an_error(self) -> None:
        done = run("sample_broken.py")
        self.assert_nothing_ran(done, "No module named 'nothing_of_that_name'")
        self.assertNotIn("run ninja", done.stderr)

    def test_a_name_that_the_package_lacks_may_be_of_newer_sources(self) -> None:
        for line in (
            "import roadtest.nothing_of_that_name",
            "from roadtest import nothing_of_that_name",
            "from roadtest.iio import nothing_of_that_name",
        ):
            with self.subTest(line), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "test_newer.py")
                with open(path, "w", encoding="utf-8") as f:
                    f.write(line + "\n")
                self.assert_nothing_ran(run(path), "run ninja")

    def test_what_the_rfc_imported_from_its_package_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_rtc.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write("from . import rtc\n")
            self.assert_nothing_ran(
                run(path), "`from roadtest.rfc.support import rtc`"
            )

    def test_python_without_assertions_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(
                    "import unittest\nclass A(unittest.TestCase):\n"
                    "    def test_it(self): assert False\n"
                )
            with unittest.mock.patch.dict(os.environ, PYTHONOPTIMIZE="1"):
                done = run(path)
        self.assert_nothing_ran(done, "leaves out the assert statements")

    def test_an_unknown_option_is_an_error(self) -> None:
        self.assert_nothing_ran(run("sample_pass.py", "--what"), "--what")


class Breakpoints(unittest.TestCase):
    ID = "sample_breakpoint.Stops.test_it"

    def test_without_a_terminal_the_failure_has_the_command(self) -> None:
        done = run("sample_breakpoint.py")
        self.assertEqual(done.returncode, 1)
        found = re.search(r"(PYTHONPATH=.* -m unittest [\w.]+)", done.stdout)
        assert found is not None, done.stdout
        self.assertTrue(found.group().endswith(self.ID), done.stdout)
        alone = subprocess.run(
            ["/bin/sh", "-c", found.group()],
            input="p value\nvalue = 43\nc\n",
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertIn("(Pdb) 42", alone.stdout)
        self.assertEqual(alone.returncode, 0, alone.stderr)

    def test_in_a_terminal_it_stops_there(self) -> None:
        terminal, inside = os.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen(
            [sys.executable, "-m", "roadtest", "sample_breakpoint.py"],
            cwd=SAMPLES,
            stdin=inside,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(inside)
        os.write(terminal, b"p value\nvalue = 43\nc\n")
        out, err = process.communicate(timeout=60)
        self.assertIn("(Pdb) 42", err)
        self.assertIn(f"ok 1 {self.ID}\n", out)

    def test_another_debugger_may_be_named(self) -> None:
        with unittest.mock.patch.dict(os.environ, PYTHONBREAKPOINT="0"):
            done = run("sample_breakpoint.py")
        self.assertIn("AssertionError: 42 != 43", done.stdout)


class Marks(unittest.TestCase):
    def ids(self, *args: str) -> list[str]:
        """What ``--list`` prints of the sample, without the module."""
        done = run("sample_marks.py", "--list", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.partition(".")[2] for line in done.stdout.split()]

    def test_a_mark_of_a_method_selects_it(self) -> None:
        self.assertEqual(
            self.ids("--mark", "small"), ["Inherits.test_d", "Plain.test_b"]
        )

    def test_a_mark_of_a_class_selects_its_tests_and_those_of_subclasses(
        self,
    ) -> None:
        self.assertEqual(
            self.ids("--mark=quick"),
            ["Inherits.test_c", "Inherits.test_d", "Marked.test_c", "Plain.test_b"],
        )
        self.assertEqual(
            self.ids("--mark=slow"), ["Inherits.test_c", "Inherits.test_d"]
        )

    def test_several_marks_select_what_has_one_of_them(self) -> None:
        self.assertEqual(
            self.ids("--mark", "small", "--mark", "slow"),
            ["Inherits.test_c", "Inherits.test_d", "Plain.test_b"],
        )

    def test_marks_and_filters_both_hold(self) -> None:
        b = "sample_marks.Plain.test_b"
        a = "sample_marks.Plain.test_a"
        args = ["--mark", "quick", "--filter", a, "--filter", b]
        self.assertEqual(self.ids(*args), ["Plain.test_b"])

    def test_only_marked_tests_run(self) -> None:
        done = run("sample_marks.py", "--mark", "slow")
        self.assertIn("1..2\n", done.stdout)
        self.assertIn("ok 2 sample_marks.Inherits.test_d\n", done.stdout)
        self.assertEqual(done.returncode, 0)

    def test_what_cannot_be_run_is_named_with_a_mark_too(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test_x.py")
            with open(path, "w", encoding="utf-8") as f:
                f.write(
                    "import unittest\nfrom roadtest import mark\n"
                    "class A(unittest.TestCase):\n    @mark('quick')\n"
                    "    def test_it(self): pass\n"
                    "@mark('quick')\ndef test_function(): assert False\n"
                )
            done = run(path, "--mark", "quick")
            self.assertIn("# norun test_x.test_function line 6: it is", done.stdout)
            self.assertIn("1..1\n", done.stdout)
            self.assertEqual(done.returncode, 3)
            done = run(path, "--mark", "quick", "--skip", "test_x.test_function")
            self.assertEqual(done.returncode, 0)

    def test_a_mark_that_no_test_has_is_an_error(self) -> None:
        # "Marked" stands in the file, "nothing" does not
        for name in "Marked", "nothing":
            done = run("sample_marks.py", "--mark", name)
            self.assertEqual((done.returncode, done.stdout), (5, ""))
            self.assertIn(f"no test has the mark {name}", done.stderr)
        done = run("sample_marks.py", "--mark", "nothing", "--list")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (5, "", ""))

    def test_what_is_no_name_is_no_mark(self) -> None:
        for names in (), ("a b",), (print,):
            with self.assertRaises(ValueError):
                roadtest.mark(*names)  # type: ignore[arg-type]

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "no pytest")
    def test_pytest_has_the_same_marks(self) -> None:
        args = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "slow"]
        done = subprocess.run(
            [sys.executable, *args, "sample_marks.py"],
            cwd=SAMPLES,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertIn("2 passed, 3 deselected in", done.stdout, done.stdout)


class Bytecode(unittest.TestCase):
    """Where Python keeps none, roadtest's cache does."""

    def setUp(self) -> None:
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = temp.name
        self.test = self.write("test_x.py", TEST_OF_A_MODEL, age=10)
        self.model = self.write("model.py", "NAME = 'a'\n", age=10)

    def write(self, name: str, text: str, age: float) -> str:
        """A file that was changed ``age`` seconds ago."""
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def names(self, **env: str) -> str:
        """What the test prints: the model's name."""
        env = {"ROADTEST_CACHE": f"{self.dir}/cache", **env}
        done = subprocess.run(
            [sys.executable, "-m", "roadtest", self.test],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
            timeout=60,
        )
        (name,) = re.findall("# name (.)", done.stdout)
        return str(name)

    def kept(self) -> list[str]:
        """Names of the files in the cache."""
        names = [n for _, _, found in os.walk(f"{self.dir}/cache") for n in found]
        return sorted(name.partition(".")[0] for name in names)

    def test_it_is_kept_in_the_cache_and_not_beside_the_files(self) -> None:
        self.assertEqual(self.names(), "a")
        self.assertEqual(self.kept(), ["model", "test_x"])
        self.assertEqual(self.names(), "a")
        self.assertNotIn("__pycache__", os.listdir(self.dir))

    def test_that_of_the_cache_is_used(self) -> None:
        self.names()
        before = os.stat(self.model)
        self.write("model.py", "NAME = 'b'\n", age=0)
        os.utime(self.model, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.names(), "a", "as Python does it")

    def test_a_file_that_changed_is_compiled_anew(self) -> None:
        self.names()
        self.write("model.py", "NAME = 'b'\n", age=5)
        self.assertEqual(self.names(), "b")

    def test_none_is_kept_of_a_file_that_was_just_changed(self) -> None:
        self.write("model.py", "NAME = 'b'\n", age=0)
        self.assertEqual(self.names(), "b")
        self.assertEqual(self.kept(), ["test_x"])
        self.write("model.py", "NAME = 'c'\n", age=0)
        self.assertEqual(self.names(), "c")

    def test_elsewhere_it_stays_as_python_wants_it(self) -> None:
        self.names(PYTHONDONTWRITEBYTECODE="")
        self.assertEqual(self.kept(), [])
        self.assertIn("__pycache__", os.listdir(self.dir))


TEST_OF_A_MODEL = """\
import unittest
import model
class X(unittest.TestCase):
    def test_it(self):
        print("name", model.NAME)
"""


class Watchdog(unittest.TestCase):
    def test_an_endless_test_is_named_with_its_stack(self) -> None:
        test = "sample_loop.Loop.test_loops"
        done = run("sample_loop.py", "--timeout", "0.3", "--filter", test)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"not ok 1 {test} # TIMEOUT\n", done.stdout)
        self.assertIn(f"Bail out! {test} does not end\n", done.stdout)
        self.assertIn("in test_loops\n", done.stdout)
        # Not how the test was reached.
        self.assertEqual(done.stdout.count("File "), 1, done.stdout)

    def test_it_waits_while_a_debugger_is_at_work(self) -> None:
        test = "sample_loop.Loop.test_is_traced"
        done = run("sample_loop.py", "--timeout", "0.3", "--filter", test)
        self.assertEqual(
            done.stdout.splitlines()[-2:], [f"ok 1 {test}", "# end of tests"]
        )
        self.assertEqual(done.returncode, 0)


class Interrupt(unittest.TestCase):
    def test_ctrl_c_ends_the_run(self) -> None:
        path = os.path.join(SAMPLES, "sample_loop.py")
        args = [sys.executable, "-m", "roadtest", path]
        args += ["--filter", "sample_loop.Loop.test_loops"]
        with subprocess.Popen(
            args,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as child:
            assert child.stdout is not None
            while not child.stdout.readline().startswith("# start"):
                pass
            child.send_signal(signal.SIGINT)
            rest = child.stdout.read()
        self.assertIn("Bail out! interrupted\n", rest)
        self.assertEqual(child.returncode, 130)


if __name__ == "__main__":
    unittest.main()
