# SPDX-License-Identifier: LGPL-2.1-or-later
"""The C harness, through a program whose tests end in every way there is."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import ktap_main

SAMPLE = os.environ["HARNESS_SAMPLE"]
SANITIZED = os.environ.get("SANITIZED") == "1"


def run(*args, timeout=60):
    return subprocess.run(
        [SAMPLE, *args], capture_output=True, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


class Sample(unittest.TestCase):
    """One run of all tests; each test here looks at a part of the output."""

    @classmethod
    def setUpClass(cls):
        begin = time.monotonic()
        cls.done = run()
        cls.seconds = time.monotonic() - begin
        cls.results, cls.diagnostics, cls.times = {}, {}, {}
        lines, took = [], None
        for line in cls.done.stdout.splitlines():
            match = re.match(r"((?:not )?ok) \d+ (\S+)(?: # (.*))?$", line)
            if match:
                cls.results[match[2]] = (match[1], match[3])
                cls.diagnostics[match[2]] = lines
                cls.times[match[2]] = took
                lines, took = [], None
            elif line.startswith("# time "):
                took = float(line.removeprefix("# time "))
            elif line.startswith("#"):
                lines.append(line)

    def check(self, name, word, directive=None):
        self.assertEqual(self.results[name], (word, directive),
                         self.diagnostics[name])
        return "\n".join(self.diagnostics[name])

    def test_the_plan_comes_first_and_is_kept(self):
        lines = self.done.stdout.splitlines()
        self.assertEqual(lines[:2], ["KTAP version 1", f"1..{len(self.results)}"])
        numbers = [int(n) for n in re.findall(r"^(?:not )?ok (\d+)", self.done.stdout, re.M)]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_steps_are_in_the_journal(self):
        with tempfile.TemporaryDirectory() as directory:
            os.environ["ROADTEST_JOURNAL"] = directory
            self.addCleanup(os.environ.pop, "ROADTEST_JOURNAL")
            run("--filter", "fails_with_a_machine")
            (name,) = os.listdir(directory)
            with open(os.path.join(directory, name), encoding="utf-8") as f:
                records = [json.loads(line) for line in f]
        self.assertEqual(records[0]["id"], "fails_with_a_machine")
        steps = [r for r in records if r["type"] == "step"]
        self.assertEqual([s["step"] for s in steps], ["log", "begin", "failed"])
        self.assertEqual(steps[0]["text"], 'the "machine" is at hand')
        self.assertEqual(os.path.basename(steps[2]["file"]), "harness-sample.c")
        self.assertIn("EXPECT_EQ(1, 2)", steps[2]["text"])
        self.assertEqual({r["time"] for r in records}, {0})

    def test_exit_status_is_1_when_one_failed(self):
        self.assertEqual(self.done.returncode, 1)
        self.assertEqual(self.done.stderr, "")

    def test_every_test_is_announced_before_it_runs(self):
        for name, lines in self.diagnostics.items():
            self.assertEqual(lines[0], f"# start {name}")

    def test_order_is_that_of_the_file(self):
        names = list(self.results)
        self.assertEqual(names[:4], [
            "numbers.small.are_those_of_the_variant", "numbers.small.are_small",
            "numbers.big.are_those_of_the_variant", "numbers.big.are_small"])
        self.assertEqual(names[-1], "after_all_that")

    def test_variants_give_their_values(self):
        self.check("numbers.small.are_those_of_the_variant", "ok")
        self.check("numbers.big.are_those_of_the_variant", "ok")
        self.check("numbers.small.are_small", "ok")
        text = self.check("numbers.big.are_small", "not ok")
        self.assertRegex(text, r"harness-sample\.c:\d+: ASSERT_GT\(10, self->value\): "
                               r"10 \(0xa\) > 1000 \(0x3e8\) does not hold")
        self.assertIn("a block that runs on failure", text)
        self.assertNotIn("not reached", text)

    def test_teardown_runs_after_an_assertion(self):
        self.assertIn("# tear-down of 1000",
                      self.diagnostics["numbers.big.are_small"])

    def test_a_failed_setup_runs_neither_test_nor_teardown(self):
        text = self.check("broken.setup_fails", "not ok")
        self.assertNotIn("without its set-up", text)
        self.assertNotIn("tear-down", text)

    def test_passing_tests_say_nothing(self):
        for name in ("passes", "plain.has_no_variant", "after_all_that"):
            self.check(name, "ok")
            self.assertEqual(self.diagnostics[name], [f"# start {name}"])

    def test_messages_have_expression_and_values(self):
        text = self.check("messages", "not ok")
        for part in (
            "EXPECT_EQ(-ETIMEDOUT, -EIO): -110 (ETIMEDOUT) == -5 (EIO) does not hold",
            "EXPECT_EQ(0, -EINVAL): 0 == -22 (EINVAL) does not hold",
            "EXPECT_EQ(0x10, 17U): 16 (0x10) == 17 (0x11) does not hold",
            "EXPECT_LT(2, 1): 2 < 1 does not hold",
            r'EXPECT_STREQ("a\n\"b\"", NULL): "a\n\"b\"" == NULL does not hold',
            "EXPECT_TRUE(1 == 2): it is false",
            "EXPECT_NULL(&errno): NULL == 0x",
            "EXPECT_OK(-ENOENT): -2 (ENOENT)",
            "free text 7",
        ):
            self.assertIn(part, text)
        self.assertEqual(text.count("only once"), 1)

    def test_what_a_test_prints_is_a_diagnostic(self):
        name = "output_is_not_taken_for_ktap"
        text = self.check(name, "ok")
        self.assertEqual(text, "\n".join([
            f"# start {name}", "# ok 1 fake", "# not ok 2 fake",
            "#  start fake", "#  time 7", "# \ttab ?",
            "# on standard error, no newline"]))

    def test_each_test_says_what_it_took(self):
        self.assertEqual([n for n, took in self.times.items() if took is None], [])
        self.assertGreaterEqual(self.times["hangs"], 1)
        self.assertLess(self.times["passes"], self.times["hangs"])

    def test_an_assertion_in_a_helper_ends_the_test(self):
        text = self.check("an_assertion_in_a_helper_ends_the_test", "not ok")
        self.assertNotIn("not reached", text)

    def test_skip_has_its_reason(self):
        self.check("is_skipped", "ok", "SKIP no hardware here")
        self.check("is_skipped_on_an_older_kernel", "ok",
                   "SKIP needs Linux 6.13: no such %")
        self.check("is_skipped_after_a_failure", "not ok")

    def test_known_bug_accepts_exactly_one_failure(self):
        self.check("known_bug_shows", "ok", "known bug: issue 7")
        self.assertIn("2 failures, a known bug explains one",
                      self.check("known_bug_and_another", "not ok"))
        self.assertIn("not the known bug: issue 7",
                      self.check("known_bug_is_a_different_one", "not ok"))
        self.assertIn("fixed?", self.check("known_bug_is_fixed", "not ok"))

    def test_a_crash_fails_one_test_with_its_stack(self):
        text = self.check("crashes", "not ok")
        if not SANITIZED:
            self.assertIn("fatal signal SIGSEGV, here:", text)
            self.assertIn("died of SIGSEGV", text)
            self.assertRegex(text, r"crash_in_here at .*harness-sample\.c:\d+")
        text = self.check("aborts", "not ok")
        self.assertIn("fatal signal SIGABRT, here:", text)
        self.assertIn("died of SIGABRT", text)

    def test_an_exit_fails_the_test(self):
        self.assertIn("the test called exit(0)", self.check("exits", "not ok"))

    def test_a_hang_is_ended_with_its_stack(self):
        text = self.check("hangs", "not ok")
        self.assertIn("took more than 1 s and was killed", text)
        self.assertRegex(text, r"endless at .*harness-sample\.c:\d+")

    def test_a_process_left_behind_does_not_hold_up(self):
        self.check("leaves_a_process_behind", "ok")
        self.assertLess(self.seconds, 25)


class Odd(unittest.TestCase):
    """Tests that might pass by what they do. Their names say how they end."""

    @classmethod
    def setUpClass(cls):
        cls.done = subprocess.run(
            [os.environ["HARNESS_ODD"]], capture_output=True, text=True,
            stdin=subprocess.DEVNULL)
        cls.results, cls.said, lines = {}, {}, []
        for line in cls.done.stdout.splitlines():
            match = re.match(r"((?:not )?ok) \d+ (?:fixture\.)?(\S+)(?: # (.*))?$", line)
            if match:
                cls.results[match[2]] = (match[1], match[3])
                cls.said[match[2]] = "\n".join(lines)
                lines = []
            else:
                lines.append(line[:500])

    def test_each_ends_as_its_name_says(self):
        self.assertIn(f"1..{len(self.results)}\n", self.done.stdout)
        for name, result in self.results.items():
            with self.subTest(name):
                expected = {
                    "fails": ("not ok", None), "passes": ("ok", None),
                    "known": ("ok", "known bug: known"),
                    "skips": ("ok", "SKIP a reason ok 99 fails_but_who_knows  ."),
                }[name.partition("_")[0]]
                word, directive = result
                result = word, directive and directive.rstrip()
                self.assertEqual(result, expected, self.said[name][-1000:])
                self.assertNotIn("not reached", self.said[name])

    def test_failures_are_said(self):
        for name, text in (
            ("fails_by_an_expectation_in_a_child", "EXPECT_EQ(1, 2)"),
            ("fails_by_an_assertion_in_a_child", "ASSERT_EQ(1, 2)"),
            ("fails_when_a_child_comes_back", "came back from it: end it with _exit()"),
            ("fails_when_a_child_skips", "SKIP() in a process that the test forked"),
            ("fails_when_a_thread_skips", "SKIP() in a thread of the test"),
            ("fails_by_an_expectation_at_exit", "EXPECT_EQ(1, 2)"),
            ("fails_when_it_is_empty", "no assertion ran"),
            ("fails_with_a_machine_in_a_child", "nobody would ask its oracles"),
            ("fails_when_it_has_itself_traced_and_hangs", "took more than 1 s"),
            ("fails_when_it_compares_the_addresses_of_strings", "use EXPECT_STREQ()"),
            ("fails_audibly_with_its_outputs_closed", "EXPECT_EQ(1, 2)"),
            ("fails_audibly_with_its_outputs_elsewhere", "EXPECT_EQ(1, 2)"),
            ("fails_when_it_prints_for_ever", "took more than 1 s"),
            ("fails_when_it_skips_in_its_teardown", "SKIP() when the test has run"),
        ):
            with self.subTest(name):
                self.assertIn(text, self.said[name])

    def test_a_failure_behind_its_test_fails_the_program(self):
        self.assertRegex(self.done.stderr,
                         "passes_and_leaves_a_child: an assertion failed in a process")
        done = subprocess.run(
            [os.environ["HARNESS_ODD"], "--filter", "passes_and_leaves_a_child",
             "--filter", "passes_behind_it"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(re.findall("^ok", done.stdout, re.M)), 2)


class Twice(unittest.TestCase):
    def test_a_name_that_stands_twice_is_refused(self):
        for args in ([], ["--list"], ["--filter", "stands_in_two_files"]):
            done = subprocess.run([os.environ["HARNESS_TWICE"], *args],
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(
                done.stderr, r'two tests are called "stands_in_two_files", at .*'
                             r'-a\.c:\d+ and .*-b\.c:\d+: give one another name')


class Compiled(unittest.TestCase):
    """What can only be a mistake does not compile."""

    def compiles(self, body):
        include = os.path.join(os.path.dirname(__file__), "../../include")
        done = subprocess.run(
            ["cc", "-O1", "-Werror", "-I", include, "-x", "c", "-", "-c", "-o", "/dev/null"],
            input=f"#include <roadtest/harness.h>\nTEST(x) {{ {body} }}\n",
            capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stderr

    def test_ok_is_for_what_has_an_error(self):
        for type_ in ("int", "long", "ssize_t", "int64_t", "size_t", "uint64_t"):
            self.assertEqual(self.compiles(f"{type_} x = 0; EXPECT_OK(x);"), "", type_)
        for value, text in (
            ("road_machine_is_up(NULL)", "a bool is no result"),
            ("road_start_read(NULL, 0, 1)", "a pointer is no result"),
            ("(unsigned int)0", "an error does not fit"),
            ("(uint8_t)0", "an error does not fit"),
        ):
            self.assertIn(text, self.compiles(f"EXPECT_OK({value});"), value)


class Options(unittest.TestCase):
    def test_list_prints_ids_only(self):
        result = run("--list")
        self.assertEqual(result.returncode, 0)
        first, *ids = result.stdout.splitlines()
        self.assertEqual(first, "# independent")
        self.assertIn("numbers.big.are_small", ids)
        self.assertEqual(len(ids), len(set(ids)))
        self.assertNotIn("#", "".join(ids))

    def test_filters_are_exact_and_add_up(self):
        result = run("--filter", "passes", "--filter", "is_skipped")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(re.findall(r"^ok \d (\S+)", result.stdout, re.M),
                         ["passes", "is_skipped"])
        self.assertIn("1..2\n", result.stdout)

    def test_an_unknown_id_is_an_error(self):
        for option in ("--filter", "--skip"):
            for name in ("pass", "passes.x", ""):
                result = run(option, name)
                self.assertEqual(result.returncode, 2)
                self.assertIn(f'there is no test "{name}"', result.stderr)
                self.assertEqual(result.stdout, "")

    def test_skip_leaves_out(self):
        result = run("--filter", "passes", "--filter", "crashes",
                     "--skip", "crashes")
        self.assertEqual(result.returncode, 0)
        self.assertIn("1..1\n", result.stdout)

    def test_nothing_left_is_an_error(self):
        result = run("--filter", "passes", "--skip", "passes")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no tests to run", result.stderr)

    def test_wrong_options_are_errors(self):
        for args in (["--nope"], ["--timeout", "x"], ["--timeout", "-1"], ["passes"]):
            self.assertEqual(run(*args).returncode, 2, args)
        self.assertEqual(run("--help").returncode, 0)

    def test_timeout_0_is_none(self):
        process = subprocess.Popen(
            [SAMPLE, "--timeout", "0", "--filter", "hangs"],
            stdout=subprocess.PIPE, text=True)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(2.5)
        process.terminate()
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGTERM)


class NoFork(unittest.TestCase):
    """One test in the program itself, as in a debugger."""

    def test_results_are_the_same(self):
        for name, status, result in (
            ("passes", 0, "ok 1 passes"),
            ("messages", 1, "not ok 1 messages"),
            ("is_skipped", 0, "ok 1 is_skipped # SKIP "),
            ("known_bug_shows", 0, "ok 1 known_bug_shows # known bug: "),
        ):
            with self.subTest(name):
                done = run("--no-fork", "--filter", name)
                self.assertEqual(done.returncode, status, done.stderr)
                lines = done.stdout.splitlines()
                self.assertEqual(lines[:3],
                                 ["KTAP version 1", "1..1", f"# start {name}"])
                self.assertRegex(lines[3], r"^# time \d+\.\d{6}$")
                self.assertEqual(len(lines), 5, done.stdout)
                self.assertTrue(lines[4].startswith(result), lines[4])

    def test_what_a_test_prints_goes_to_standard_error(self):
        done = run("--no-fork", "--filter", "output_is_not_taken_for_ktap")
        self.assertIn("not ok 2 fake\n", done.stderr)
        self.assertNotIn("fake", done.stdout)

    def test_a_crash_is_the_programs_and_left_to_the_debugger(self):
        done = run("--no-fork", "--filter", "aborts")
        self.assertEqual(done.returncode, -signal.SIGABRT)
        self.assertNotIn("ok 1", done.stdout)

    def test_it_is_for_one_test(self):
        for args in ((), ("--filter", "passes", "--filter", "messages")):
            done = run("--no-fork", *args)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertIn("--no-fork is for one test: --filter ID", done.stderr)


class Signals(unittest.TestCase):
    def children(self, pid):
        path = f"/proc/{pid}/task/{pid}/children"
        with open(path, encoding="ascii") as f:
            return [int(n) for n in f.read().split()]

    def start(self):
        process = subprocess.Popen(
            [SAMPLE, "--timeout", "60", "--filter", "hangs", "--timeout", "0"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while not process.stdout.readline().startswith("# start"):
            pass
        while not self.children(process.pid):
            time.sleep(0.01)
        return process, self.children(process.pid)[0]

    def assertGone(self, pid):
        deadline = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}"):
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                if f.read().rpartition(")")[2].split()[0] == "Z":
                    return
            self.assertLess(time.monotonic(), deadline, "the child still runs")
            time.sleep(0.01)

    def test_an_interrupt_ends_the_child_too(self):
        process, child = self.start()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(5), -signal.SIGINT)
        self.assertGone(child)

    def test_the_child_dies_with_its_parent(self):
        process, child = self.start()
        process.kill()
        process.wait(5)
        self.assertGone(child)


class Debugger(unittest.TestCase):
    def test_time_in_a_debugger_does_not_count(self):
        """A tracer is attached past the limit of 1 s, then lets go."""
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        process = subprocess.Popen([SAMPLE, "--filter", "hangs"],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        while not process.stdout.readline().startswith("# start"):
            pass
        path = f"/proc/{process.pid}/task/{process.pid}/children"
        children = []
        while not children:
            with open(path, encoding="ascii") as f:
                children = f.read().split()
        child = int(children[0])
        ptrace_seize, ptrace_detach, ptrace_interrupt = 0x4206, 17, 0x4207
        self.assertEqual(libc.ptrace(ptrace_seize, child, None, None), 0)
        time.sleep(5.5)
        self.assertIsNone(process.poll())
        self.assertFalse(os.path.exists(f"/proc/{child}/status")
                         and "(zombie)" in open(f"/proc/{child}/status").read())
        libc.ptrace(ptrace_interrupt, child, None, None)
        os.waitpid(child, 0x40000000)
        self.assertEqual(libc.ptrace(ptrace_detach, child, None, None), 0)
        out = process.communicate(timeout=60)[0]
        self.assertIn("not ok 1 hangs", out)


if __name__ == "__main__":
    ktap_main.main()
