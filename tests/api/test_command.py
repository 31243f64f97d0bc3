# SPDX-License-Identifier: LGPL-2.1-or-later
"""The roadtest command, with test programs and kernel trees that are fakes."""

import ctypes
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import ktap_main

COMMAND = os.environ["ROADTEST_COMMAND"]


def is_alive(pid):
    """Not gone, and not only waiting for init to notice its end."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def needs_python(thing):
    """What runs files of Python: the package is not built with sanitizers."""
    return unittest.skipIf(os.environ.get("SANITIZED") == "1",
                           "Python is not built with sanitizers")(thing)


class CommandTestCase(unittest.TestCase):
    """A directory of its own with a cache and something like a kernel."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = temp.name
        self.kernel = self.write("kernel/linux", "#!/bin/sh\n", 0o755)[:-len("/linux")]
        self.write("kernel/info", "release=6.99.0\n")
        self.env = {
            **os.environ,
            "ROADTEST_CACHE": self.path("cache"),
            "ROADTEST_KERNEL": self.kernel,
        }
        self.env.pop("ROADTEST_KERNEL_SOURCE", None)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        os.chmod(path, mode)
        return path

    def program(self, name, body, ids=("a", "b", "c")):
        """A test program in shell: `body` runs if it isn't asked to list.
        `want ID` is true if the filters have it."""
        return self.write(name, f"""#!/bin/bash
want() {{ [ -z "$filters" ] || [[ " $filters " == *" $1 "* ]]; }}
pass() {{ want "$1" && echo "# start $1" && echo "ok $((++n)) $1"; }}
filters=; n=0
args="$*"
while [ $# != 0 ]; do
    case $1 in
    --list) printf '%s\\n' {' '.join(ids)}; exit 0;;
    --filter) filters="$filters $2"; shift;;
    esac
    shift
done
echo "KTAP version 1"
if [ -z "$filters" ]; then echo "1..{len(ids)}"
else echo "1..$(echo $filters | wc -w)"; fi
{body}
exit 0
""", 0o755)

    def roadtest(self, *args, **kwargs):
        return subprocess.run(
            [COMMAND, *args], capture_output=True, text=True, timeout=100,
            stdin=subprocess.DEVNULL, env=self.env, cwd=self.dir, **kwargs)

    def run_tests(self, *args):
        """Without the times that stand behind slow tests: on a busy machine
        each may be slow."""
        done = self.roadtest("run", *args)
        done.stdout = re.sub(r"(?m)^(  \w+ +\S+) \d+ ms\b", r"\1", done.stdout)
        return done


class Main(CommandTestCase):
    def test_help_goes_to_standard_output(self):
        for args in (["--help"], ["help"], ["run", "--help"], ["kernel", "--help"],
                     ["doctor", "--help"], ["-h"], ["list", "-h"],
                     ["help", "list"]):
            result = self.roadtest(*args)
            self.assertEqual((result.returncode, result.stderr), (0, ""), args)
            self.assertIn("Usage: roadtest", result.stdout)

    def test_wrong_use_is_exit_2(self):
        for args in ([], ["nope"], ["run", "--nope"], ["kernel", "--nope"],
                     ["kernel", "--jobs", "0"], ["run", "--seed", "x"],
                     ["doctor", "x"]):
            result = self.roadtest(*args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertNotEqual(result.stderr, "")

    def test_help_with_a_command_is_that_commands(self):
        for args in (["help", "list"], ["list", "-h"]):
            self.assertEqual(self.roadtest(*args).stdout,
                             self.roadtest("list", "--help").stdout, args)

    def test_a_command_that_is_misspelt_is_told_the_one_that_is_near(self):
        for args in (["runn"], ["help", "runn"]):
            result = self.roadtest(*args)
            self.assertEqual((result.returncode, result.stderr), (
                2, 'roadtest: there is no command "runn"\n'
                '       -> near to it: run\n       -> see "roadtest --help"\n'))

    def test_an_option_that_is_not_there_is_said_by_the_name_of_the_command(self):
        self.assertTrue(self.roadtest("run", "--nope").stderr.startswith(
            "roadtest run: unrecognized option '--nope'\n"))


class Run(CommandTestCase):
    def test_all_passed_is_exit_0(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\n3 passed, 0 failed in \d")

    def test_one_failed_is_exit_1_with_its_diagnostics_only(self):
        self.program("test-x", """pass a
echo "# start b"; echo "# because"; echo "  subtest"; echo "not ok 2 b"
echo "# start c"; echo "# chatter"; echo "ok 3 c" """)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("  FAIL  b\n        because\n          subtest\n", result.stdout)
        self.assertNotIn("chatter", result.stdout)
        self.assertIn("2 passed, 1 failed", result.stdout)

    def test_standard_error_is_the_tests_that_wrote_it(self):
        """Also when the command comes to read it late."""
        self.program("test-x", """pass a
want b && { kill -STOP $PPID; echo "# start b"; echo "last words" >&2
            echo "not ok 2 b"; sleep 0.1; kill -CONT $PPID; }
pass c""")
        result = self.roadtest("run", "test-x")
        self.assertIn("FAIL  b\n        last words\n", result.stdout)

    def test_skips_and_known_bugs_are_told_apart(self):
        self.program("test-x", """echo "ok 1 a # SKIP no time"
echo "ok 2 b # known bug: issue 7"; echo "ok 3 - c # XFAIL later" """)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 0)
        self.assertIn("skip  a (no time)", result.stdout)
        self.assertIn("known b (issue 7)", result.stdout)
        self.assertIn("known c (later)", result.stdout)
        self.assertIn("0 passed, 0 failed, 2 known bugs, 1 skipped", result.stdout)

    def marked(self, name, *marks):
        decorator = f"@mark({', '.join(map(repr, marks))})" if marks else ""
        return self.write(name, f"""import unittest
from roadtest import mark
class X(unittest.TestCase):
    {decorator}
    def test_x(self): pass
    def test_y(self): pass  # quick
""")

    @needs_python
    def test_mark_runs_only_what_has_it_and_no_c_program(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.marked("test_one.py", "quick")
        self.marked("test_two.py")      # has only the word
        self.write("test_three.py", "raise SystemError")
        result = self.run_tests("--mark", "quick")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ok    test_one.X.test_x\n", result.stdout)
        self.assertIn("\n1 passed, 0 failed in", result.stdout)
        result = self.run_tests("--mark", "quick", "--list")
        self.assertEqual(result.stdout, "test_one.X.test_x\n")
        result = self.run_tests(
            "--mark", "quick", "--skip", "test_one.X.test_x")
        self.assertEqual(result.returncode, 2, result.stdout)

    @needs_python
    def test_a_mark_may_stand_in_what_a_test_file_imports(self):
        self.marked("sub/base.py", "quick")
        self.write("sub/middle.py", "import os, base\nimport test_x\n")
        self.write("sub/test_x.py", """import unittest
try:
    from middle import base as b
except ImportError: pass
class Y(b.X):
    def test_z(self): pass
""")
        self.write("sub/test_y.py", "import middles")
        self.write("sub/middles.py", "raise SystemError")
        result = self.run_tests("--mark", "quick", "--list")
        self.assertEqual(result.stdout, "test_x.Y.test_x\n", result.stderr)

    @needs_python
    def test_a_mark_that_no_test_has_is_exit_2(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.marked("test_two.py")
        for args in (["quick"], ["slow"], ["quick", "--list"],
                     ["slow", "--list"]):
            result = self.run_tests("--mark", *args)
            self.assertEqual(result.returncode, 2)
            self.assertIn("no test has the mark", result.stderr)

    def test_a_wrong_path_is_exit_2(self):
        for path in ("nope", "nope/test_x.py", "nope.py::Class"):
            result = self.run_tests(path)
            self.assertEqual(result.returncode, 2)
            self.assertIn("there is no such file", result.stderr)

    def test_no_tests_is_exit_2(self):
        self.write("empty/readme", "")
        result = self.run_tests("empty")
        self.assertEqual(result.returncode, 2)
        self.assertIn("there are no tests", result.stderr)
        result = self.run_tests("empty/readme")
        self.assertEqual(result.returncode, 2)
        self.assertIn("is not a test program", result.stderr)

    def test_a_program_without_tests_is_exit_2(self):
        self.write("test-x", "#!/bin/sh\necho KTAP version 1; echo 1..0\n", 0o755)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn('it can\'t list its tests: "KTAP version 1" is no id', result.stdout)
        self.program("test-x", "", ids=())
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn("it can't list its tests: there are none", result.stdout)

    def test_a_list_with_an_id_twice_is_exit_2(self):
        self.program("test-x", "pass a", ids=("a", "b", "a"))
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn('two tests have the id "a"', result.stdout)

    def test_a_program_that_cannot_list_does_not_keep_others_from_running(self):
        self.write("test-a", "#!/bin/sh\necho gone wrong >&2; exit 3\n", 0o755)
        self.program("test-x", "pass a", ids=("a",))
        result = self.run_tests(".")
        self.assertEqual(result.returncode, 3)
        self.assertIn("      gone wrong\n  ERROR it can't list its tests: exit status 3", result.stdout)
        self.assertIn("1 passed, 0 failed", result.stdout)

    def test_a_program_without_ktap_is_exit_2(self):
        self.write("test-x", "#!/bin/sh\necho hello; echo oops >&2\n", 0o755)
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn("it printed no KTAP (exit status 0)", result.stdout)
        self.assertIn("oops", result.stdout)

    def test_a_wrong_filter_is_exit_2(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.program("test-y", "pass d", ids=("d",))
        for args in (["--filter", "z", "test-x"], ["--skip", "z", "test-x"],
                     ["--filter", "a", "--filter", "z", "test-x", "test-y"],
                     ["test-x::z"]):
            result = self.run_tests(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn('"z"', result.stderr)
            self.assertEqual(result.stdout, "")

    def test_a_filter_runs_one_test_of_many_programs(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.program("test-y", "pass d; pass e", ids=("d", "e"))
        result = self.run_tests("--filter", "e", ".")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ok    e\n", result.stdout)
        self.assertIn("1 passed, 0 failed", result.stdout)
        self.assertNotIn("test-x", result.stdout)

    def test_skip_leaves_a_test_out(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.run_tests("--skip", "b", "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 passed, 0 failed", result.stdout)
        self.assertNotIn("  b\n", result.stdout)

    def test_nothing_left_is_exit_2(self):
        self.program("test-x", "pass a", ids=("a",))
        result = self.run_tests("--skip", "a", "test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no tests to run", result.stderr)

    def test_a_part_of_a_file_is_run(self):
        ids = ("m.One.a", "m.One.b", "m.Two.a", "m.OneMore.a")
        self.program("test-x", "for i in " + " ".join(ids) + '; do pass "$i"; done', ids)
        for part, expected in (("One", 2), ("One::b", 1), ("m.Two", 1), ("Two::a", 1)):
            result = self.run_tests(f"test-x::{part}")
            self.assertEqual(result.returncode, 0, part)
            self.assertIn(f"{expected} passed, 0 failed", result.stdout)

    def test_list_runs_nothing(self):
        self.program("test-x", "touch ran")
        self.program("sub/test-y", "touch ran", ids=("d",))
        result = self.run_tests("--list")
        self.assertEqual((result.returncode, result.stdout), (0, "d\na\nb\nc\n"))
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_limits_of_a_guest_call_reach_the_programs(self):
        self.program("test-x", 'echo "$ROADTEST_WALL_LIMIT $ROADTEST_CALL_LIMIT '
                     '$ROADTEST_MESSAGE_LIMIT" >limits; pass a', ids=("a",))
        result = self.run_tests("--wall-limit", "5", "--call-limit", "60", "--message-limit",
                                "100", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        with open(self.path("limits"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "5 60 100\n")
        for option in "--wall-limit", "--call-limit", "--message-limit":
            for value in "0", "-1", "x":
                result = self.run_tests(option, value, "test-x")
                self.assertEqual(result.returncode, 2)
                self.assertIn(option, result.stderr)

    def test_kernel_seed_and_timeout_reach_the_program(self):
        self.program("test-x", 'echo "$ROADTEST_KERNEL $ROADTEST_SEED $args" >out; pass a',
                     ids=("a",))
        self.env.pop("ROADTEST_KERNEL")
        result = self.run_tests("--kernel", "kernel", "--seed", "7", "--timeout", "9", "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("out"), encoding="utf-8") as f:
            self.assertEqual(f.read(), f"{os.path.realpath(self.kernel)} 7 --timeout 9\n")

    def test_a_wrong_kernel_is_exit_2(self):
        self.program("test-x", "pass a", ids=("a",))
        result = self.run_tests("--kernel", self.dir, "test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn("there is no kernel in it", result.stderr)


class Jobs(CommandTestCase):
    """Several at once."""

    def both(self, name, ids, first=":"):
        """A program whose tests wait until `name` has begun elsewhere."""
        other = {"x": "y", "y": "x"}[name]
        body = f"""{first}; touch begun-{name}
until [ -e begun-{other} ]; do sleep 0.01; done
""" + "".join(f"pass {i}; " for i in ids)
        self.program(f"test-{name}", body, ids=ids)

    def test_two_programs_run_at_once_and_are_shown_in_order(self):
        self.both("x", ("m.a", "m.b"))
        self.both("y", ("n.a",))
        result = self.run_tests("-j", "2", ".")
        self.assertEqual(result.returncode, 0, result.stdout)
        names = re.findall(r"ok +(\S+)|^(test\S+|./test\S+)", result.stdout, re.M)
        self.assertEqual([a or b for a, b in names],
                         ["./test-x", "m.a", "m.b", "./test-y", "n.a"])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one processor")
    def test_guests_that_run_at_once_get_processors_of_their_own(self):
        for name, test in ("x", "m.a"), ("y", "n.a"):
            self.both(name, (test,), 'echo "$ROADTEST_CPU" >>cpus')
        self.assertEqual(self.run_tests("-j", "2", ".").returncode, 0)
        with open(self.path("cpus"), encoding="utf-8") as f:
            cpus = [int(cpu) for cpu in f.read().split()]
        self.assertEqual(len(set(cpus)), 2)
        self.assertLessEqual(set(cpus), os.sched_getaffinity(0))

    def test_classes_of_a_program_run_at_once_but_are_not_split(self):
        ids = ("A.a", "A.b", "B.a", "B.b")
        self.program("test-x", """echo "$filters" >>parts
case $filters in *A.a*) mine=A other=B;; *) mine=B other=A;; esac
touch begun-$mine; until [ -e begun-$other ]; do sleep 0.01; done
for i in A.a A.b B.a B.b; do pass "$i"; done""", ids)
        result = self.run_tests("-j2", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("4 passed", result.stdout)
        self.assertEqual(re.findall(r"ok +(\S+)", result.stdout), list(ids))
        with open(self.path("parts"), encoding="utf-8") as f:
            self.assertEqual(sorted(f.read().split("\n")), ["", " A.a A.b", " B.a B.b"])

    def test_independent_tests_are_split(self):
        self.program("test-x", """for i in a b; do want $i && mine=$i || other=$i; done
touch begun-$mine; until [ -e begun-$other ]; do sleep 0.01; done
pass a; pass b""", ("'# independent'", "a", "b"))
        result = self.run_tests("-j2", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("2 passed", result.stdout)

    def test_one_job_runs_one_thing_at_a_time(self):
        body = """[ -e lock ] && echo "Bail out! two at once"
touch lock; sleep 0.1; rm lock; pass a.a; pass b.a"""
        self.program("test-x", body, ("a.a", "b.a"))
        self.program("test-y", body, ("a.a", "b.a"))
        result = self.run_tests("-j1", ".")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_result_that_nobody_asked_for_fails(self):
        self.program("test-x", "pass a; pass b; pass c; echo ok 4 d; echo ok 5 a")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ERROR it has a result for d, which is no test of its list",
                      result.stdout)
        self.assertIn("ERROR it has two results for a", result.stdout)

    def test_wrong_number_of_jobs(self):
        for jobs in ("0", "x", "-1", "100000"):
            result = self.run_tests("-j", jobs, ".")
            self.assertEqual((result.returncode, result.stdout), (2, ""), jobs)
            self.assertIn("--jobs", result.stderr)


@needs_python
class Python(CommandTestCase):
    """Files of Python run in copies of one process."""

    def setUp(self):
        super().setUp()
        for name in "ab":
            self.write(f"test_{name}.py", f"""import os, sys, unittest
class One(unittest.TestCase):
    def test_pid(self):
        with open("pids", "a") as f: f.write(f"{{os.getppid()}} {{os.getpid()}}\\n")
        print("printed by {name}")
class Two(unittest.TestCase):
    def test_module_is_new(self):
        self.assertNotIn("test_{'ba'[name == 'b']}", sys.modules)
""")

    def test_they_run_in_processes_of_their_own(self):
        result = self.run_tests("-j2", ".")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("4 passed", result.stdout)
        with open(self.path("pids"), encoding="utf-8") as f:
            parents, children = zip(*(line.split() for line in f))
        self.assertEqual((len(set(parents)), len(set(children))), (1, 2))

    def test_a_crash_fails_one_test(self):
        self.write("test_b.py", """import os, unittest
class One(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): os.abort()
    def test_c(self): pass
""")
        result = self.run_tests("-j2", ".")
        self.assertEqual(result.returncode, 1)
        self.assertIn("FAIL  test_b.One.test_b\n", result.stdout)
        self.assertIn("the program ended here: SIGABRT", result.stdout)
        self.assertIn("4 passed, 1 failed", result.stdout)

    def test_a_file_that_cannot_be_imported_is_exit_3_and_the_rest_runs(self):
        self.write("test_b.py", "import nonsense\n")
        result = self.run_tests(".")
        self.assertEqual(result.returncode, 3)
        self.assertIn("No module named 'nonsense'", result.stdout)
        self.assertIn("2 passed, 0 failed, no tests known of 1 program in", result.stdout)
        # how it was imported is nobody's business
        self.assertEqual(result.stdout.count("  File "), 1, result.stdout)

    def test_nothing_stays_when_the_command_is_killed(self):
        for name in "ab":
            self.write(f"test_{name}.py", f"""import os, time, unittest
class One(unittest.TestCase):
    def test_a(self):
        with open("pid-{name}", "w") as f: f.write(f"{{os.getpid()}}\\n")
        time.sleep(1000)
""")
        process = subprocess.Popen([COMMAND, "run", "-j2", "."], env=self.env,
                                   cwd=self.dir, stdout=subprocess.DEVNULL)
        pids = [self.wait_for(f"pid-{name}") for name in "ab"]
        process.kill()
        process.wait()
        deadline = time.monotonic() + 30
        while any(map(is_alive, pids)):
            self.assertLess(time.monotonic(), deadline, pids)
            time.sleep(0.01)

    def wait_for(self, name):
        """The line in a file that is being written."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with open(self.path(name), encoding="utf-8") as f:
                    text = f.read()
            except FileNotFoundError:
                text = ""
            if text.endswith("\n"):
                return text.strip()
            time.sleep(0.01)
        self.fail(f"{name} did not come")


class Death(CommandTestCase):
    """Programs that end before their time."""

    def test_the_test_that_ran_is_named_and_the_rest_is_run(self):
        self.program("test-x", """pass a
want b && { echo "# start b"; echo "last words" >&2; kill -SEGV $$; }
pass c""")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("  FAIL  b\n        last words\n"
                      "        the program ended here: SIGSEGV\n", result.stdout)
        self.assertIn("ok    c\n", result.stdout)
        self.assertIn("2 passed, 1 failed", result.stdout)

    def test_tests_that_did_not_run_are_no_success(self):
        self.program("test-x", "pass a; exit 0")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 3)
        self.assertIn("  NORUN b\n        did not run: the program ended here: exit status 0\n",
                      result.stdout)
        self.assertIn("  NORUN c\n        did not run", result.stdout)
        self.assertIn("1 passed, 0 failed, 2 did not run", result.stdout)
        result = self.run_tests("--ktap", "test-x")
        self.assertIn("    # did not run: the program ended here: exit status 0\n"
                      "    not ok 2 b\n", result.stdout)

    def test_an_exit_in_a_test_is_its_failure(self):
        self.program("test-x", 'pass a; want b && { echo "# start b"; exit 0; }; pass c')
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the program ended here: exit status 0", result.stdout)
        self.assertIn("2 passed, 1 failed", result.stdout)

    def test_a_program_that_dies_before_every_test_is_not_started_for_ever(self):
        self.program("test-x", 'echo x >>starts; kill -KILL $$')
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 2)
        self.assertIn("0 passed, 0 failed, 3 did not run", result.stdout)
        with open(self.path("starts"), encoding="utf-8") as f:
            self.assertLessEqual(len(f.read().split()), 2)

    def test_results_of_other_tests_are_no_progress(self):
        self.program("test-x", """echo x >>starts
echo "not ok 1 setup"; [ "$(wc -l <starts)" -lt 5 ] && kill -KILL $$""")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        for name in "abc":
            self.assertIn(f"  NORUN {name}\n        did not run", result.stdout)
        with open(self.path("starts"), encoding="utf-8") as f:
            self.assertLessEqual(len(f.read().split()), 2)

    def test_a_program_that_dies_behind_its_last_test_fails(self):
        self.program("test-x", "pass a; pass b; pass c; kill -ABRT $$")
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it ended badly, SIGABRT", result.stdout)

    def test_a_bad_status_without_a_failed_test_fails(self):
        self.program("test-x", "pass a; pass b; pass c; exit 1")
        self.assertEqual(self.run_tests("test-x").returncode, 1)

    def test_bail_out_is_a_failure_of_the_current_test(self):
        self.program("test-x", 'pass a; want b && '
                     '{ echo "# start b"; echo "Bail out! no more"; exit 1; }; pass c')
        result = self.run_tests("test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the program gave up: no more", result.stdout)
        self.assertIn("ok    c\n", result.stdout)

    def test_garbage_is_survived(self):
        self.program("test-x", """pass a
head -c 300000 /dev/urandom; echo; head -c 300000 /dev/zero | tr '\\0' x; echo; echo "not okay"; echo "1..x"; echo "# start"
printf 'ok'; echo; pass b; printf 'ok 3 c'""")
        result = subprocess.run([COMMAND, "run", "test-x"], capture_output=True,
                                timeout=60, env=self.env, cwd=self.dir)
        self.assertIn(result.returncode, (0, 1))
        self.assertIn(b"ok    b\n", result.stdout)
        self.assertIn(b"ok    c\n", result.stdout)

    def test_a_hang_is_killed_and_named(self):
        self.program("test-x", """pass a
want b && { echo "# start b"; sleep 1000; }
pass c""")
        result = self.run_tests("--timeout", "1", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it took more than 11 s and was killed", result.stdout)
        self.assertIn("ok    c\n", result.stdout)


class Interrupt(CommandTestCase):
    def test_nothing_is_left_behind(self):
        self.program("test-x", 'echo "# start a"; sleep 1000 & echo "$$ $!" >pids; wait',
                     ids=("a",))
        process = subprocess.Popen([COMMAND, "run", "test-x"], env=self.env, cwd=self.dir,
                                   stdout=subprocess.PIPE, text=True)
        while not os.path.exists(self.path("pids")) or not os.path.getsize(self.path("pids")):
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertIn("interrupted in a", out)
        with open(self.path("pids"), encoding="utf-8") as f:
            pids = f.read().split()
        deadline = time.monotonic() + 30
        while any(map(is_alive, pids)):
            self.assertLess(time.monotonic(), deadline, pids)
            time.sleep(0.01)


class Ktap(CommandTestCase):
    def test_programs_are_tests_with_subtests(self):
        self.program("test-x", "pass a; echo '# start b'; echo '# why'; echo 'not ok 2 b'",
                     ids=("a", "b"))
        self.program("test-y", "echo 'ok 1 c # SKIP no'", ids=("c",))
        result = self.run_tests("--ktap", "test-x", "test-y")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, """KTAP version 1
1..2
    KTAP version 1
    # Subtest: test-x
    1..2
    # start a
    ok 1 a
    # start b
    # why
    not ok 2 b
not ok 1 test-x
    KTAP version 1
    # Subtest: test-y
    1..1
    # start c
    ok 1 c # SKIP no
ok 2 test-y
""")


class Doctor(CommandTestCase):
    def test_it_says_what_is_there(self):
        result = self.roadtest("doctor")
        self.assertIn(result.returncode, (0, 1), result.stderr)
        for name in ("ptrace", "shared memory", "registers", "python", "dtc", "flex"):
            self.assertRegex(result.stdout, rf"(?m)^(ok|note|MISS) +{name} ")

    def test_a_missing_program_is_named_with_its_package(self):
        os.mkdir(self.path("bin"))
        for name in ("gcc", "make", "sh"):
            os.symlink(f"/usr/bin/{name}", self.path(f"bin/{name}"))
        self.env["PATH"] = self.path("bin")
        result = self.roadtest("doctor")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"(?m)^MISS  dtc +is missing; it compiles devicetrees\n"
                                        r" +-> apt install device-tree-compiler$")
        self.assertRegex(result.stdout, r"\n\d+ missing\n$")

    def test_a_cache_that_cant_be_made_is_a_miss(self):
        self.assertRegex(self.roadtest("doctor").stdout, r"(?m)^ok +cache ")
        self.write("file", "")
        for cache in "file/cache", self.path("file/x/cache"):
            self.env["ROADTEST_CACHE"] = cache
            result = self.roadtest("doctor")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout,
                             rf"(?m)^MISS +cache +{cache} can't be written.*\n"
                             r" +-> ROADTEST_CACHE=DIR ")

    def test_one_that_is_killed_can_leave_nothing_in_shared_memory(self):
        """What it tries there never has a name."""
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init1(os.O_NONBLOCK)
        self.addCleanup(os.close, watch)
        create = 0x100  # IN_CREATE
        self.assertGreater(libc.inotify_add_watch(watch, b"/dev/shm", create), 0)
        with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="roadtest-doctor-test"):
            result = self.roadtest("doctor")
        self.assertRegex(result.stdout, "(?m)^ok +shared memory ")
        events = os.read(watch, 1 << 16)
        self.assertIn(b"roadtest-doctor-test", events)  # it does see names
        self.assertEqual(events.count(b"roadtest-doctor-"), 1)

    def test_a_kernel_that_does_not_start_is_a_miss(self):
        self.write("kernel/linux", "#!/bin/sh\nexit 3\n", 0o755)
        result = self.roadtest("doctor")
        self.assertEqual(result.returncode, 1)
        self.assertIn("linux does not start", result.stdout)


if __name__ == "__main__":
    ktap_main.main()
