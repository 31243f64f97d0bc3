# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test programs that break every rule: each outcome is the right one, by name,
and the other tests run. (test_command.py has those that die in a test.)"""

import json
import os
import re
import signal
import subprocess
import time

import ktap_main
from test_command import COMMAND, CommandTestCase, is_alive, needs_python

MEMORY = 64  # MB that the command itself may need, whatever a program does


class BadTestCase(CommandTestCase):
    def outcomes(self, *args, status):
        """Run; what became of each test by name, of all programs."""
        result = self.roadtest("run", "--json", "out.json", *args)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.text = result.stdout
        with open(self.path("out.json"), encoding="utf-8") as f:
            programs = json.load(f)["programs"]
        tests = [t for p in programs for t in p["tests"]]
        self.assertEqual(len({(p["path"], t["id"]) for p in programs for t in p["tests"]}),
                         len(tests))
        # text and KTAP say the same
        ktap = self.roadtest("run", "--ktap", *args)
        self.assertEqual(ktap.returncode, status)
        for test in tests:
            bad = test["outcome"] in ("failed", "not run")
            self.assertRegex(ktap.stdout, rf"(?m)^    {'not ok' if bad else 'ok'} \d+ "
                                          rf"{test['id']}\b")
        return {t["id"]: t["outcome"] for t in tests}

    def good(self):
        self.program("test-good", "pass z", ids=("z",))
        return "test-good"


class Death(BadTestCase):
    def test_before_its_first_test(self):
        self.program("test-x", "kill -SEGV $$", ids=("a", "b"))
        self.assertEqual(self.outcomes("test-x", self.good(), status=3),
                         {"a": "not run", "b": "not run", "z": "passed"})
        self.assertIn("did not run: the program ended here: SIGSEGV", self.text)

    def test_between_two_tests(self):
        self.program("test-x", "pass a; [ -n \"$filters\" ] || kill -SEGV $$; pass b; pass c")
        self.assertEqual(self.outcomes("-j1", "test-x", status=1),
                         {"a": "passed", "b": "passed", "c": "passed"})
        self.assertIn("ERROR it ended badly, SIGSEGV, between two tests", self.text)

    @needs_python
    def test_between_two_tests_of_a_file_that_was_not_listed(self):
        self.write("test_x.py", """import os, signal, unittest
class A(unittest.TestCase):
    def test_a(self): pass
    @classmethod
    def tearDownClass(cls):
        if not os.path.exists("died"):
            open("died", "w").close()
            os.kill(os.getpid(), signal.SIGSEGV)
class B(unittest.TestCase):
    def test_b(self): pass
""")
        result = self.run_tests("-j1", "test_x.py")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("ERROR it ended badly, SIGSEGV, between two tests", result.stdout)
        self.assertIn("2 passed, 0 failed", result.stdout)

    def test_between_two_tests_each_time(self):
        self.program("test-x", "pass a; kill -SEGV $$; pass b; pass c")
        self.assertEqual(self.outcomes("-j1", "test-x", status=1),
                         {"a": "passed", "b": "not run", "c": "not run"})
        self.assertIn("the program ended here: SIGSEGV", self.text)

    def test_behind_its_last_test(self):
        self.program("test-x", "pass a; kill -SEGV $$", ids=("a",))
        self.assertEqual(self.outcomes("test-x", self.good(), status=1),
                         {"a": "passed", "z": "passed"})
        self.assertIn("ERROR it ended badly, SIGSEGV, behind its last test", self.text)

    def test_behind_its_last_test_without_a_plan(self):
        for end in ("kill -SEGV $$", "exit 7", "echo Bail out! enough"):
            with self.subTest(end):
                self.write("test-x", f"""#!/bin/bash
[ $1 = --list ] && echo a && exit
printf 'KTAP version 1\\n# start a\\nok 1 a\\n'
{end}
""", 0o755)
                self.assertEqual(self.outcomes("test-x", status=1), {"a": "passed"})
                self.assertRegex(self.text, "ERROR it ended badly, "
                                            '(SIGSEGV|exit status 7|"Bail out! enough"), '
                                            "behind its last test")

    def test_exit_0_without_a_word(self):
        self.write("test-x", "#!/bin/sh\n[ $1 = --list ] && echo a\nexit 0\n", 0o755)
        self.assertEqual(self.outcomes("test-x", self.good(), status=3),
                         {"a": "not run", "z": "passed"})
        self.assertIn("did not run: it printed no KTAP (exit status 0)", self.text)

    def test_exit_0_with_a_plan_alone(self):
        self.program("test-x", "exit 0", ids=("a",))
        self.assertEqual(self.outcomes("test-x", self.good(), status=3),
                         {"a": "not run", "z": "passed"})

    def test_all_that_there_is_exit_0_without_a_result_is_exit_2(self):
        self.program("test-x", "exit 0", ids=("a",))
        self.assertEqual(self.outcomes("test-x", status=2), {"a": "not run"})

    def test_standard_output_is_closed(self):
        self.program("test-x", "pass a; exec >&-; pass b 2>/dev/null; sleep 0.1", ids=("a", "b"))
        self.assertEqual(self.outcomes("-j1", "test-x", status=3),
                         {"a": "passed", "b": "not run"})


class Hang(BadTestCase):
    def test_before_its_first_test(self):
        self.program("test-x", "sleep 1000", ids=("a", "b"))
        result = self.run_tests("--timeout", "1", "test-x", self.good())
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn("NORUN a\n        did not run: it took more than 11 s", result.stdout)
        self.assertIn("1 passed, 0 failed, 2 did not run", result.stdout)

    def test_behind_its_last_test(self):
        self.program("test-x", "pass a; sleep 1000", ids=("a",))
        result = self.run_tests("--timeout", "1", "test-x", self.good())
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("ok    a\n", result.stdout)
        self.assertIn("it ended badly, SIG", result.stdout)
        self.assertIn("2 passed, 0 failed", result.stdout)

    def test_time_in_which_the_command_is_stopped_does_not_count(self):
        self.program("test-x", "echo '# start a'; touch begun; until [ -e go ]; do sleep 0.1; done;"
                     " echo ok 1 a", ids=("a",))
        with subprocess.Popen([COMMAND, "run", "--timeout", "1", "test-x"], env=self.env,
                              cwd=self.dir, stdout=subprocess.PIPE, text=True) as process:
            while not os.path.exists(self.path("begun")):
                time.sleep(0.02)
            process.send_signal(signal.SIGSTOP)
            time.sleep(14)  # the limit is 11 s
            process.send_signal(signal.SIGCONT)
            time.sleep(1)
            self.write("go", "")
            printed, _ = process.communicate()
        self.assertEqual(process.returncode, 0, printed)

    def test_while_it_lists(self):
        self.write("test-x", "#!/bin/sh\nsleep 1000\n", 0o755)
        result = self.run_tests("--timeout", "1", "test-x", self.good())
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn("ERROR it can't list its tests: it took more than 11 s", result.stdout)
        self.assertIn("1 passed", result.stdout)

    def test_it_ignores_being_asked_to_end(self):
        self.program("test-x", "trap '' TERM INT ABRT HUP; echo $$ > pid; echo '# start a'\n"
                     "while :; do sleep 0.05; done", ids=("a",))
        process = subprocess.Popen([COMMAND, "run", "test-x"], env=self.env, cwd=self.dir,
                                   stdout=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(
                                       signal.SIGINT, signal.SIG_DFL))
        while not os.path.exists(self.path("pid")) or not os.path.getsize(self.path("pid")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), -signal.SIGINT)
        with open(self.path("pid"), encoding="ascii") as f:
            self.assertFalse(is_alive(int(f.read())))


class Results(BadTestCase):
    def test_too_few(self):
        self.program("test-x", "pass a; pass b")
        self.assertEqual(self.outcomes("-j1", "test-x", status=3),
                         {"a": "passed", "b": "passed", "c": "not run"})

    def test_two_for_a_test(self):
        for second in "ok 2 a", "not ok 2 a":
            self.program("test-x", f"pass a; echo {second}; pass b", ids=("a", "b"))
            result = self.run_tests("test-x")
            self.assertEqual(result.returncode, 1)
            self.assertIn("ERROR it has two results for a", result.stdout)
            self.assertIn("ok    b\n", result.stdout)

    def test_for_what_is_no_test_of_it(self):
        self.program("test-x", "pass a; echo ok 2 other", ids=("a",))
        result = self.run_tests("test-x", self.good())
        self.assertEqual(result.returncode, 1)
        self.assertIn("ERROR it has a result for other, which is no test of its list",
                      result.stdout)

    def test_for_ever(self):
        self.program("test-x", "pass a; while :; do echo ok 9 again; done", ids=("a",))
        begin = time.monotonic()
        result = self.run_tests("test-x", self.good())
        self.assertLess(time.monotonic() - begin, 60)
        self.assertEqual(result.returncode, 1)
        self.assertLessEqual(result.stdout.count("again"), 2010)
        self.assertIn("ok    a\n", result.stdout)
        self.assertIn("ok    z\n", result.stdout)

    def test_without_the_line_that_says_what_it_is(self):
        for plan in "echo 1..1", "true":
            self.write("test-x", f"#!/bin/sh\n[ $1 = --list ] && echo a && exit\n{plan}\n"
                       "echo ok 1 a\n", 0o755)
            self.assertEqual(self.outcomes("test-x", status=1), {"a": "passed"})
            self.assertIn("ERROR it printed no KTAP", self.text)

    def test_filters_are_ignored(self):
        self.program("test-x", "filters=; pass a; pass b; pass c")
        result = self.run_tests("--filter", "b", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ERROR it has a result for a, which is no test", result.stdout)
        self.assertIn("ok    b\n", result.stdout)

    def test_a_plan_that_is_wrong(self):
        for plan in "1..7", "1..0", "1..x", "1..-1", "1..99999999999999999999":
            with self.subTest(plan):
                self.program("test-x", f"echo {plan}; pass a; pass b", ids=("a", "b"))
                result = self.run_tests("-j1", "test-x")
                self.assertIn("2 passed, 0 failed", result.stdout)


class Words(BadTestCase):
    """What stands behind a result, and how it ends."""

    def test_directives_are_words_in_capitals(self):
        for rest, outcome in [("# SKIP", "skipped"), ("# SKIP why", "skipped"),
                              ("# SKIP: why", "skipped"), ("# TODO it", "known bug"),
                              ("# XFAIL", "known bug"), ("# known bug: it", "known bug"),
                              ("# 3 items # SKIP why", "skipped"),
                              ("# skip list is broken", "passed"), ("# SKIPPED", "passed"),
                              ("# TODOxyz", "passed"), ("# XFAILS", "passed"),
                              ("# TIMEOUT", "failed"), ("# ERROR it", "failed")]:
            with self.subTest(rest):
                self.program("test-x", f"echo 'ok 1 a {rest}'", ids=("a",))
                status = {"failed": 1, "skipped": 4}.get(outcome, 0)
                self.assertEqual(self.outcomes("test-x", status=status), {"a": outcome})

    def test_a_failure_is_no_skip_by_what_it_says(self):
        for rest in "# skip list is broken", "# TODOxyz", "# 3 != 4 # SKIP", "# XFAIL", "":
            with self.subTest(rest):
                self.program("test-x", f"echo 'not ok 1 a {rest}'", ids=("a",))
                self.assertEqual(self.outcomes("test-x", status=1), {"a": "failed"})

    def test_a_result_without_a_name_is_the_tests_that_began(self):
        self.program("test-x", "echo '# start a'; echo ok; echo '# start b'; echo not ok", "ab")
        self.assertEqual(self.outcomes("test-x", status=1), {"a": "passed", "b": "failed"})

    def test_no_message_is_too_long_for_its_result(self):
        for size in 65000, 65530, 65536, 70000, 300000:
            with self.subTest(size):
                self.program("test-x", f"""printf 'ok 1 a # SKIP %0{size}d\\n' 0
printf 'not ok 2 b # %0{size}d\\n' 0; echo ok 3 c""")
                self.assertEqual(self.outcomes("test-x", status=1),
                                 {"a": "skipped", "b": "failed", "c": "passed"})

    def test_a_message_may_have_nul(self):
        self.program("test-x", r"""printf 'ok 1 a # SKIP no\0chip\nnot ok 2 b # \0\n'; pass c""")
        self.assertEqual(self.outcomes("test-x", status=1),
                         {"a": "skipped", "b": "failed", "c": "passed"})
        self.assertIn(r"skip  a (no\x00chip)", self.text)

    def test_nothing_counts_behind_bail_out(self):
        self.program("test-x", "[ -n \"$filters\" ] && exit 1; pass a; echo '# start b'\n"
                     "echo Bail out! no chip; echo ok 2 b; echo ok 3 c")
        self.assertEqual(self.outcomes("-j1", "test-x", status=1),
                         {"a": "passed", "b": "failed", "c": "not run"})
        self.assertIn("the program gave up: no chip", self.text)

    def test_bail_out_before_all_is_the_reason(self):
        for first in "echo KTAP version 1", "echo 1..3", "true":
            self.write("test-x", f"#!/bin/sh\n[ $1 = --list ] && echo a && exit\n{first}\n"
                       "echo Bail out! no chip\n", 0o755)
            self.assertEqual(self.outcomes("test-x", status=2), {"a": "not run"})
            self.assertIn("did not run: the program gave up: no chip", self.text)

    def test_a_subtest_that_failed_fails_its_test(self):
        self.program("test-x", """echo '# start a'
printf '  KTAP version 1\\n  # Subtest: a\\n  1..3\\n  ok 1 x\\n  not ok 2 y # why\\n  not ok 3\\n'
echo ok 1 a
printf '    1..2\\n        not ok 1 inner\\n    not ok 1 z # TODO it\\n    ok 2 w\\nok 2 b\\n'""", "ab")
        self.assertEqual(self.outcomes("test-x", status=1), {"a": "failed", "b": "passed"})
        self.assertIn('  FAIL  a\n        2 of 3 subtests failed: y, number 3\n'
                      '        the test itself says "ok"\n', self.text)
        for word in "KTAP", "Subtest", "1..3", "ok 1":
            self.assertNotIn(word, self.text)

    def test_subtests_that_did_not_come_to_their_end_fail_their_test(self):
        for printed, said in (
                (r"\tnot ok 1 sub\n", "1 of 1 subtests failed: sub"),
                (r"    1..3\n    ok 1 x\n    ok 2 y\n", "2 of 3 subtests have a result"),
                (r"    1..1\n    ok 1 x\n    ok 2 y\n", "2 of 1 subtests have a result"),
                (r"    1..1\n    ok 1 x\n    Bail out! no chip\n",
                 "1 of 1 subtests failed: Bail out! no chip")):
            with self.subTest(printed):
                self.program("test-x", f"printf '# start a\\n{printed}'\necho ok 1 a\npass b",
                             "ab")
                self.assertEqual(self.outcomes("test-x", status=1),
                                 {"a": "failed", "b": "passed"})
                self.assertIn(f'  FAIL  a\n        {said}\n', self.text)

    def test_subtests_behind_the_last_test_are_no_success(self):
        self.program("test-x", r"pass a; pass b; printf '    not ok 1 sub\n'", "ab")
        self.assertEqual(self.outcomes("test-x", status=1), {"a": "passed", "b": "passed"})
        self.assertIn("behind its last test: 1 of 1 subtests failed: sub", self.text)


class Output(BadTestCase):
    def test_what_is_no_text(self):
        self.program("test-x", r"""pass a
printf 'ok 2 \377\376\n\0ok 2 b\nok\0 2 b\n\033[31mred\n\302\205\n'
printf '# start b\n'; head -c 200000 /dev/urandom; printf '\n'
pass b""", ids=("a", "b"))
        result = subprocess.run([COMMAND, "run", "--json", "out.json", "--junit", "out.xml",
                                 "--html", "out.html", "test-x"], env=self.env, cwd=self.dir,
                                capture_output=True, timeout=100)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"ok    a\n", result.stdout)
        self.assertIn(b"ok    b\n", result.stdout)
        result.stdout.decode("utf-8")
        self.assertNotIn(b"\x1b", result.stdout)
        for name in "out.json", "out.xml", "out.html":
            with open(self.path(name), encoding="utf-8") as f:
                self.assertNotIn("\x1b", f.read())

    def test_a_line_without_end(self):
        self.program("test-x", "pass a; echo '# start b'; head -c 3000000 /dev/zero | tr '\\0' x\n"
                     "echo; echo not ok 2 b", ids=("a", "b"))
        self.assertEqual(self.outcomes("test-x", status=1), {"a": "passed", "b": "failed"})
        self.assertLess(len(self.text), 600000)

    def command_memory(self, *args):
        """Peak MB of the command itself, not of what it starts."""
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", 'cd "$0" && exec "$@" > out', self.dir,
                                         COMMAND, *args], self.env)
        _, status, usage = os.wait4(pid, 0)
        with open(self.path("out"), encoding="utf-8") as f:
            self.text = f.read()
        return usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)

    def test_100_megabytes(self):
        for stream in 1, 2:
            self.program("test-x", f"pass a; echo '# start b'; yes this is noise | "
                         f"head -c 100000000 >&{stream}; echo; echo not ok 2 b; pass c")
            used, status = self.command_memory("run", "-j1", "test-x")
            self.assertEqual(status, 1)
            left_out = int(re.search(r"\((\d+) bytes are left out here", self.text)[1])
            self.assertGreater(left_out, 90000000)
            self.assertIn("2 passed, 1 failed", self.text)
            self.assertLess(len(self.text), 2000000)
            if os.environ.get("SANITIZED") != "1":
                self.assertLess(used, MEMORY)

    def test_a_list_without_end(self):
        self.write("test-x", "#!/bin/sh\nyes this_is_a_test\n", 0o755)
        used, status = self.command_memory("run", "-j1", "test-x", self.good())
        self.assertEqual(status, 3)
        self.assertIn("it can't list its tests: the list has more than", self.text)
        self.assertIn("ok    z\n", self.text)
        if os.environ.get("SANITIZED") != "1":
            self.assertLess(used, MEMORY + 48)

    def test_output_of_many_tests_is_not_kept_in_memory(self):
        ids = [f"C{n}.t" for n in range(300)]
        self.program("test-x", "for i in " + " ".join(ids) + """; do
want $i && { echo "# start $i"; head -c 100000 /dev/zero | tr '\\0' '\\n' | sed s/^/noise/ |
head -c 100000; echo; echo "not ok $((++n)) $i"; }; done""", ids=ids)
        used, status = self.command_memory("run", "-j2", "test-x")
        self.assertEqual(status, 1)
        self.assertIn("0 passed, 300 failed", self.text)
        if os.environ.get("SANITIZED") != "1":
            self.assertLess(used, MEMORY)

    def test_standard_output_and_error_at_once_and_then_no_more(self):
        """The command is still there for a Ctrl-C, and for other programs."""
        self.program("test-x", """kill -STOP $PPID; echo err >&2; echo '# out'
kill -CONT $PPID; touch written; exec sleep 60""")
        run = subprocess.Popen([COMMAND, "run", "-j1", "test-x"], cwd=self.dir,
                               env=self.env, stdout=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        while not os.path.exists(self.path("written")):
            time.sleep(0.01)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(10), -signal.SIGINT)


class Children(BadTestCase):
    def test_they_hold_the_pipes_open(self):
        self.program("test-x", "pass a; sleep 1000 & echo $! >> pids", ids=("a",))
        self.check_children()

    def test_in_a_session_of_their_own(self):
        self.program("test-x", "pass a; setsid sh -c 'echo $$ >> pids; sleep 1000' &\n"
                     "while [ ! -s pids ]; do sleep 0.01; done", ids=("a",))
        self.check_children(killed=False)

    def test_they_go_on_writing(self):
        self.program("test-x", "pass a; (while :; do echo noise; echo ok 7 x; done) &\n"
                     "echo $! >> pids", ids=("a",))
        self.check_children()

    def test_those_that_ended_are_not_kept_until_the_program_ends(self):
        self.program("test-x", """for i in 1 2 3 4 5; do (sleep 0 &); done
sleep 0.2; pass a; sleep 0.2
cat /proc/[0-9]*/stat 2>/dev/null | awk '$3 == "Z" && $4 == '$PPID > zombies""",
                     ids=("a",))
        self.assertEqual(self.run_tests("-j1", "test-x").returncode, 0)
        with open(self.path("zombies"), encoding="ascii") as f:
            self.assertEqual(f.read(), "")

    def check_children(self, killed=True):
        begin = time.monotonic()
        result = self.run_tests("-j1", "test-x", self.good())
        self.assertLess(time.monotonic() - begin, 20)
        self.assertIn("ok    a\n", result.stdout)
        self.assertIn("ok    z\n", result.stdout)
        with open(self.path("pids"), encoding="ascii") as f:
            pids = [int(word) for word in f.read().split()]
        self.assertTrue(pids)
        for pid in pids:
            if killed:
                end = time.monotonic() + 30
                while is_alive(pid) and time.monotonic() < end:
                    time.sleep(0.01)
                self.assertFalse(is_alive(pid))
            else:
                os.kill(pid, signal.SIGKILL)


class Files(BadTestCase):
    def test_bad_interpreter(self):
        self.write("test-x", "#!/nope\n", 0o755)
        result = self.run_tests("test-x", self.good())
        self.assertEqual(result.returncode, 3)
        self.assertIn("test-x\n", result.stdout)
        self.assertRegex(result.stdout + result.stderr, r"test-x.*No such file|can't be started|"
                                                        r"can't list its tests")
        self.assertIn("ok    z\n", result.stdout)

    def test_no_program_at_all(self):
        self.write("test-x", "\x7fELF and nothing else", 0o755)
        result = self.run_tests("test-x", self.good())
        self.assertEqual(result.returncode, 3)
        self.assertIn("ok    z\n", result.stdout)

    def test_gone_between_list_and_run(self):
        self.write("test-x", "#!/bin/sh\necho a; rm test-x\n", 0o755)
        result = self.run_tests("test-x", self.good())
        self.assertEqual(result.returncode, 3, result.stdout + result.stderr)
        self.assertIn("  NORUN a\n", result.stdout)
        self.assertIn("ok    z\n", result.stdout)

    def test_other_tests_than_it_listed(self):
        self.write("test-x", """#!/bin/sh
[ $1 = --list ] && { echo a; exit; }
echo KTAP version 1; echo 1..1; echo ok 1 b
""", 0o755)
        result = self.run_tests("test-x")
        self.assertIn("  NORUN a\n", result.stdout)
        self.assertIn("result for b, which is no test of its list", result.stdout)
        self.assertNotEqual(result.returncode, 0)


if __name__ == "__main__":
    ktap_main.main()
