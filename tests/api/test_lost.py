# SPDX-License-Identifier: LGPL-2.1-or-later
"""No test is lost: what a run leaves out it names, and then it is no success.
One file is checked as much as many."""

import os
import unittest

import ktap_main
from test_command import CommandTestCase, needs_python

PASS = """import unittest
class A(unittest.TestCase):
    def test_a(self): pass
"""
LOST = PASS + "def test_function(): assert False\n"
KTAP = "#!/bin/sh\n[ $1 = --list ] && echo z && exit\necho KTAP version 1; echo 1..1; echo ok 1 z\n"


class Files(CommandTestCase):
    """What a directory has, by name."""

    def setUp(self):
        super().setUp()
        self.write("suite/test-z", KTAP, 0o755)

    def assert_named(self, name, why):
        result = self.run_tests("suite")
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn(f"suite/{name}\n  ERROR {why}", result.stdout)
        self.assertIn("1 passed, 0 failed, no tests known of 1 program in", result.stdout)
        listed = self.roadtest("list", "suite")
        self.assertEqual((listed.returncode, listed.stdout), (3, "z\n"))
        self.assertIn(f"roadtest: suite/{name}: {why}", listed.stderr)

    def assert_no_word(self):
        result = self.run_tests("suite")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("1 passed, 0 failed in", result.stdout)

    def test_files_of_python_with_other_names_are_named(self):
        functions = "def test_it(): pass\n"
        for name, content in [("good_test.py", PASS), ("good_test.py", functions),
                              ("tests.py", functions), ("test.py", functions),
                              ("TestX.py", functions), ("x-tests.py", functions),
                              ("test-x.py", functions), ("testx.py", PASS), ("checks.py", PASS)]:
            with self.subTest(name):
                path = self.write(f"suite/{name}", content)
                self.assert_named(name, "it has tests, and only files called test_*.py are run")
                os.unlink(path)

    def test_files_of_python_without_tests_are_not(self):
        for name in "contest.py", "latest.py", "protest.py", "attested.py":
            self.write(f"suite/{name}", "def test_it(): pass\n")
        self.write("suite/test.py", "x = 1\n")
        self.write("suite/case.py", PASS.replace("test_a", "check"))
        self.assert_no_word()

    @needs_python
    def test_those_that_a_test_imports_are_not(self):
        self.write("suite/checks.py", PASS)
        self.write("suite/base_test.py", PASS)
        self.write("suite/test_x.py", "from base_test import A\nimport checks\n")
        result = self.run_tests("suite")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("2 passed, 0 failed in", result.stdout)

    def test_a_program_with_a_dot_in_its_name_is_run(self):
        self.write("suite/test-y.sh", KTAP.replace("z", "y"), 0o755)
        self.write("suite/test-w.1", KTAP.replace("z", "w"), 0o755)
        result = self.run_tests("suite")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("3 passed, 0 failed in", result.stdout)

    def test_what_tools_leave_behind_is_not(self):
        for tail in "~", ".orig", ".rej", ".bak", ".o", ".so":
            self.write(f"suite/test-z{tail}", KTAP, 0o755)
        self.assert_no_word()

    def test_a_program_that_may_not_be_executed_is_named(self):
        for name in "test-y", "test-y.sh":
            path = self.write(f"suite/{name}", KTAP)
            self.assert_named(name, "it is not executable: chmod +x")
            os.unlink(path)

    def test_data_of_a_test_is_not(self):
        for name in "test-data.bin", "test-z.txt", "test_x.json":
            self.write(f"suite/{name}", "data\n")
        self.assert_no_word()

    def test_a_link_that_leads_nowhere_is_named(self):
        os.symlink("nowhere", self.path("suite/test-y"))
        self.assert_named("test-y", "it is a link that leads nowhere")

    def test_a_program_with_another_name_is_named(self):
        for name in "y-test", "test_y", "test_y.sh":
            path = self.write(f"suite/{name}", KTAP, 0o755)
            self.assert_named(name, "it prints KTAP, and only executables called test-* are run")
            os.unlink(path)
        for name in "y-test.c", "test_y.c":
            path = self.write(f"suite/{name}", "#include <roadtest/harness.h>\n\nTEST_HARNESS_MAIN\n")
            self.assert_named(name, "it has tests, and only files called test-*.c are run")
            os.unlink(path)

    def test_helpers_are_not(self):
        self.write("suite/y-test", "#!/bin/sh\n", 0o755)
        self.write("suite/test-helper.h", "int x;\n")
        self.write("suite/helper.c", "#include <roadtest/harness.h>\n")
        self.assert_no_word()

    def test_one_that_is_given_by_name_runs(self):
        self.write("suite/y-test", KTAP.replace("z", "y"), 0o755)
        for paths in ["suite/y-test", "suite"], ["suite", "suite/y-test"]:
            result = self.run_tests(*paths)
            self.assertEqual(result.returncode, 0, result.stdout)
            self.assertIn("2 passed, 0 failed in", result.stdout)

    def test_a_directory_of_them_alone(self):
        os.unlink(self.path("suite/test-z"))
        self.write("suite/good_test.py", PASS)
        result = self.run_tests("suite")
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("suite/good_test.py\n  ERROR it has tests", result.stdout)


@needs_python
class Tests(CommandTestCase):
    """What a file of Python has."""

    WAYS = (["-j1"], ["-j2"], ["-j1", "test-z"], ["--repeat", "2"])

    def setUp(self):
        super().setUp()
        self.write("test-z", KTAP, 0o755)

    def test_what_is_not_run_is_named_however_it_is_asked_for(self):
        self.write("test_x.py", LOST)
        for way in self.WAYS:
            with self.subTest(way):
                result = self.run_tests(*way, "test_x.py")
                self.assertEqual(result.returncode, 3, result.stdout + result.stderr)
                self.assertIn("NORUN test_x.test_function\n        did not run: line 4: it is a "
                              "function", result.stdout)
                self.assertNotIn("ERROR", result.stdout)

    def test_it_is_one_of_the_tests_of_its_file(self):
        self.write("test_x.py", LOST)
        for args, status, text in [
                (["test_x.py::A"], 0, "1 passed, 0 failed in"),
                (["test_x.py::test_function"], 2, "0 passed, 0 failed, 1 did not run in"),
                (["--filter", "test_x.A.test_a", "test_x.py"], 0, "1 passed, 0 failed in"),
                (["--skip", "test_x.test_function", "test_x.py"], 0, "1 passed, 0 failed in"),
                (["-k", "function", "test_x.py"], 2, "0 passed, 0 failed, 1 did not run in"),
                (["--failed", "test_x.py"], 2, "0 passed, 0 failed, 1 did not run in")]:
            with self.subTest(args):
                result = self.run_tests(*args)
                self.assertEqual(result.returncode, status, result.stdout + result.stderr)
                self.assertIn(text, result.stdout)

    def test_list_says_so(self):
        self.write("test_x.py", LOST)
        result = self.roadtest("list", "test_x.py")
        self.assertEqual((result.returncode, result.stdout), (3, "test_x.A.test_a\n"))
        self.assertIn("test_x.py: test_x.test_function is not run: line 4: it is a function",
                      result.stderr)

    def test_reports_have_it(self):
        self.write("test_x.py", LOST)
        self.run_tests("--junit", "out.xml", "--json", "out.json", "test_x.py")
        for name in "out.xml", "out.json":
            with open(self.path(name), encoding="utf-8") as f:
                self.assertIn("did not run: line 4: it is a function", f.read())
        ktap = self.run_tests("--ktap", "test_x.py").stdout
        self.assertIn("    not ok 2 test_x.test_function\n", ktap)

    def test_a_file_of_functions_alone(self):
        self.write("test_x.py", "def test_function(): assert False\n")
        for way in self.WAYS:
            with self.subTest(way):
                result = self.run_tests(*way, "test_x.py")
                self.assertIn("NORUN test_x.test_function\n", result.stdout)
                self.assertIn(result.returncode, (2, 3))
                self.assertNotIn("ERROR", result.stdout)

    def test_a_directory_without_config_is_run(self):
        self.write("suites/a/test_x.py", PASS)
        self.write("suites/b/config", "")
        self.write("suites/b/test_y.py", PASS)
        result = self.run_tests("suites")
        self.assertEqual(result.returncode, 0)
        self.assertIn("2 passed", result.stdout)

    def test_a_linked_directory_is_run(self):
        self.write("there/test_x.py", PASS)
        os.makedirs(self.path("suites"))
        os.symlink("../there", self.path("suites/link"))
        self.assertIn("1 passed", self.run_tests("suites").stdout)


FIXTURES = {
    "tearDownClass": "class B(unittest.TestCase):\n    def test_b(self): pass\n"
                     "    @classmethod\n    def tearDownClass(cls): {}\n",
    "tearDownModule": "def tearDownModule(): {}\n",
    "a cleanup of the class": "class B(unittest.TestCase):\n"
                              "    def test_b(self): self.addClassCleanup(lambda: {})\n",
    "an exit handler": "@atexit.register\ndef handler(): {}\n",
}

ENDS = ("sys.exit(0)", "os._exit(0)", "os.execv('/bin/true', ['true'])")


@needs_python
class Ends(CommandTestCase):
    """A process that ends before its time, with exit status 0."""

    def each(self):
        for fixture, source in FIXTURES.items():
            for end in ENDS:
                if (fixture, end) == ("an exit handler", "sys.exit(0)"):
                    continue  # Python goes on behind it
                with self.subTest(fixture=fixture, end=end):
                    yield f"import atexit, os, sys\n{PASS}" + source.format(end)

    def test_behind_the_last_test_it_is_no_success(self):
        for source in self.each():
            self.write("test_x.py", source)
            for way in ["-j1"], ["-j2"], ["-j1", "test_x.py::A", "test_x.py::B"]:
                if way[-1] == "test_x.py::B" and "class B" not in source:
                    continue
                result = self.run_tests(*way, "test_x.py")
                self.assertEqual(result.returncode, 3, result.stdout)
                self.assertIn("ok    test_x.A.test_a\n", result.stdout)
                self.assertIn("ERROR it did not come to its end: the process ended behind its last "
                              "test, exit status", result.stdout)

    def test_tests_that_come_later_did_not_run(self):
        for end in ENDS:
            self.write("test_x.py", f"import os, sys\n{PASS}    @classmethod\n"
                       f"    def tearDownClass(cls): {end}\n"
                       "class B(unittest.TestCase):\n    def test_b(self): pass\n")
            for way in ["-j1"], ["-j1", "--repeat", "2"]:
                result = self.run_tests(*way, "test_x.py")
                self.assertEqual(result.returncode, 3, result.stdout)
                self.assertIn("NORUN test_x.B.test_b\n        did not run: the process ended before "
                              "them, exit status", result.stdout)

    def test_a_plan_that_was_not_finished_is_no_success(self):
        self.program("test-x", "echo 1..7; pass a", ids=("a",))
        self.write("test-x", KTAP.replace("1..1", "1..7"), 0o755)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn("ERROR it did not come to its end: its plan is 1..7, and there are 1 results",
                      result.stdout)


FORKS = """import os, unittest
class A(unittest.TestCase):
    def test_a(self): A.child = os.fork()
    def test_b(self):
        if A.child:
            os.waitpid(A.child, 0)
"""

WRITES = """import sys, unittest
class A(unittest.TestCase):
    def test_a(self): sys.stdout._ktap.line("{}")
    def test_b(self): pass
"""


@needs_python
class OneFile(CommandTestCase):
    """It is not asked for its tests before it runs them."""

    WAYS = (["-j1", "test_x.py"], ["test_x.py::A"], ["-j1", "test_x.py", "--repeat", "2"])

    def each(self, source, text):
        self.write("test_x.py", source)
        for way in self.WAYS:
            with self.subTest(way):
                result = self.run_tests(*way)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(text, result.stdout)

    def test_a_child_that_goes_on(self):
        self.each(FORKS, "ERROR it has two results for test_x.A.test_b")

    def test_a_result_of_no_test(self):
        self.each(WRITES.format("ok 1 other"),
                  "ERROR it has a result for other, which is no test of its list")

    def test_a_second_plan(self):
        self.each(WRITES.format("1..9"), "ERROR it has two plans, 1..2 and 1..9")

    def test_a_plan_for_fewer(self):
        self.write("test-x", "#!/bin/sh\n[ $1 = --list ] && printf 'a\\nb\\n' && exit\n"
                   "printf 'KTAP version 1\\n1..1\\nok 1 a\\nok 2 b\\n'\n", 0o755)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("ERROR its plan is 1..1, and 2 tests were asked for", result.stdout)

    def test_an_id_twice(self):
        self.write("test_x.py", PASS + "class B(A):\n    def id(self): return 'test_x.A.test_a'\n")
        for way in self.WAYS:
            result = self.run_tests(*way)
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn("two tests have the id", result.stdout)


if __name__ == "__main__":
    ktap_main.main()
