# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of `roadtest run` that choose tests, and say how often and in which
order they run; and what is known of earlier runs."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

import ktap_main
from test_command import COMMAND, CommandTestCase, needs_python


class OptionsTestCase(CommandTestCase):
    """Programs here write each start of a test, and of a process, to a log."""

    def logging(self, name, ids, body=""):
        """A program that passes its tests, in the order of the filters. `body`
        runs in each, with $id, and may print a result of its own ("done")."""
        return self.write(name, f"""#!/bin/bash
all="{' '.join(ids)}"
filters=
while [ $# != 0 ]; do
    case $1 in
    --list) printf '%s\\n' $all; exit 0;;
    --filter) filters="$filters $2"; shift;;
    esac
    shift
done
echo "process" >> log
echo "KTAP version 1"; echo "1..$(echo ${{filters:-$all}} | wc -w)"
for id in ${{filters:-$all}}; do
    echo "$id" >> log
    n=$((n + 1))
    echo "# start $id"
    result=ok
    {body}
    echo "$result $n $id"
done
exit 0
""", 0o755)

    def log(self):
        """What has run since the last call."""
        path = self.path("log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            lines = f.read().split()
        os.unlink(path)
        return lines

    def ran(self):
        return [line for line in self.log() if line != "process"]

    def passes(self, *args):
        result = self.run_tests(*args)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result

    def refused(self, *args):
        """Nothing runs; what is printed about it."""
        result = self.run_tests(*args)
        self.assertEqual((result.returncode, result.stdout, self.log()),
                         (2, "", []), args)
        return result.stderr


class Expression(OptionsTestCase):
    IDS = ("Light.raw", "Light.events", "Power.events", "Power.nak")

    def chosen(self, expression):
        self.logging("test-chip", self.IDS)
        result = self.roadtest("list", "-k", expression, "test-chip")
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def test_a_word_is_any_part_of_the_id(self):
        self.assertEqual(self.chosen("ight"), ["Light.raw", "Light.events"])
        self.assertEqual(self.chosen("POWER.n"), ["Power.nak"])

    def test_a_word_may_be_of_the_name_of_the_file(self):
        self.assertEqual(self.chosen("test-chip and raw"), ["Light.raw"])
        self.assertIn(f'no test matches -k "{self.dir}"\n',
                      self.refused("-k", self.dir, "test-chip"))

    def test_an_id_that_is_misspelt_is_told_the_one_that_is_near(self):
        self.logging("test-chip", self.IDS)
        self.assertIn("near to it: Light.raw",
                      self.refused("--filter", "Light.rwa", "test-chip"))

    def test_operators(self):
        for text, expected in [
            ("not events", ["Light.raw", "Power.nak"]),
            ("raw or nak", ["Light.raw", "Power.nak"]),
            ("light and events", ["Light.events"]),
            ("light and not events", ["Light.raw"]),
            # "and" binds closer than "or", "not" closer than both
            ("raw or power and nak", ["Light.raw", "Power.nak"]),
            ("power and nak or raw", ["Light.raw", "Power.nak"]),
            ("(raw or power) and events", ["Power.events"]),
            ("not raw and not nak", ["Light.events", "Power.events"]),
            ("not (raw or nak)", ["Light.events", "Power.events"]),
            ("not not raw", ["Light.raw"]),
            ("((raw))", ["Light.raw"]),
            ("android or raw", ["Light.raw"]),  # only a whole "and" is one
        ]:
            with self.subTest(text):
                self.assertEqual(self.chosen(text), expected)

    def test_mistakes_are_shown(self):
        self.logging("test-chip", self.IDS)
        for text, message in [
            ("", "a word is expected, but it ends there"),
            ("raw and", "a word is expected, but it ends there"),
            ("and raw", 'a word is expected, but there is "and" (character 1)'),
            ("raw nak", '"and" or "or" is expected, but there is "nak" '
                        "(character 5)"),
            ("(raw", 'a ")" is expected, but it ends there'),
            ("raw)", '"and" or "or" is expected, but there is ")"'),
            ("()", 'a word is expected, but there is ")" (character 2)'),
            ("raw or or nak", 'there is "or" (character 8)'),
            ("(" * 10000 + "raw" + ")" * 10000, "nested too deeply"),
            ("not " * 10000 + "raw", "nested too deeply"),
        ]:
            with self.subTest(text[:40]):
                printed = self.refused("-k", text, "test-chip")
                self.assertIn(message, printed)
                self.assertIn("-> -k takes words", printed)
                self.assertEqual(len(printed.splitlines()), 2)

    def test_only_these_run(self):
        self.logging("test-chip", self.IDS)
        self.passes("-k", "events", "test-chip")
        self.assertEqual(sorted(self.ran()), ["Light.events", "Power.events"])


class Shard(OptionsTestCase):
    IDS = [f"{name}.{n}" for name, num in
           (("A", 5), ("B", 1), ("C", 3), ("D", 1)) for n in range(num)]

    def part(self, which, *paths):
        return self.roadtest("list", "--shard", which, *paths).stdout.split()

    def test_each_test_is_in_one_part_and_classes_stay_together(self):
        self.logging("test-x", self.IDS)
        self.logging("test-y", ["E.0", "E.1"])
        parts = [self.part(f"{k}/3", "test-x", "test-y") for k in (1, 2, 3)]
        self.assertEqual(sorted(sum(parts, [])), sorted(self.IDS +
                                                        ["E.0", "E.1"]))
        self.assertEqual([sorted({i[0] for i in part}) for part in parts],
                         [["A"], ["C", "D"], ["B", "E"]])

    def test_one_of_one_is_all(self):
        self.logging("test-x", self.IDS)
        self.assertEqual(self.part("1/1", "test-x"), self.IDS)

    def test_tests_that_say_so_need_not_stay_together(self):
        self.write("test-x", "#!/bin/sh\necho '# independent'\n"
                   "printf 'A.%d\\n' 1 2 3 4 5\n", 0o755)
        self.assertEqual(self.part("1/2", "test-x"), ["A.1", "A.3", "A.5"])
        self.assertEqual(self.part("2/2", "test-x"), ["A.2", "A.4"])

    def test_times_of_this_machine_change_nothing(self):
        self.logging("test-x", self.IDS, "[ $id != B.0 ] || sleep 0.3")
        before = self.part("2/2", "test-x")
        self.passes("test-x")
        self.assertEqual(self.part("2/2", "test-x"), before)

    def test_only_these_run(self):
        self.logging("test-x", self.IDS)
        self.passes("-j1", "--shard", "2/2", "test-x")
        self.assertEqual(self.ran(), self.part("2/2", "test-x"))

    def test_a_part_without_a_test_is_an_error(self):
        self.logging("test-x", self.IDS)
        printed = self.refused("--shard", "5/5", "test-x")
        self.assertIn("no test is left for part 5 of 5", printed)
        self.assertIn("fewer parts", printed)

    def test_mistakes(self):
        self.logging("test-x", self.IDS)
        for text in ("0/2", "3/2", "1", "1/0", "-1/2", "1/2/3", "a/b", "",
                     "1/", "/2", " 1/2", "1/4294967297"):
            with self.subTest(text):
                self.assertIn("--shard needs K/N",
                              self.refused("--shard", text, "test-x"))


class Failed(OptionsTestCase):
    def test_what_failed_runs_again_until_it_passes(self):
        self.logging("test-x", ["A.a", "A.b", "B.c"], """
    [[ $id == A.a ]] || [ -e mended ] || result="not ok" """)
        self.assertEqual(self.run_tests("test-x").returncode, 1)
        self.log()
        self.assertEqual(self.run_tests("--failed", "test-x").returncode, 1)
        self.assertEqual(sorted(self.ran()), ["A.b", "B.c"])
        self.write("mended", "")
        self.passes("--failed", "test-x")
        self.assertEqual(sorted(self.ran()), ["A.b", "B.c"])
        self.assertIn("none of these tests failed in its last run",
                      self.refused("--failed", "test-x"))

    def test_a_run_of_others_forgets_nothing(self):
        self.logging("test-x", ["A.a", "B.b"], '[ -e ok ] || result="not ok"')
        self.run_tests("test-x")
        self.write("ok", "")
        self.passes("--filter", "A.a", "test-x")
        self.log()
        self.passes("--failed", "test-x")
        self.assertEqual(self.ran(), ["B.b"])

    @needs_python
    def test_a_run_of_a_part_forgets_nothing(self):
        body = "".join(f"""
class {name}(unittest.TestCase):
    @roadtest.mark("{name.lower()}mark")
    def test_it(self): self.fail()
""" for name in "AB")
        self.write("test_x.py", f"import roadtest, unittest\n{body}")
        self.logging("test-y", ["A.a"])
        for part in (["--mark", "amark", "test_x.py"], ["test_x.py::A", "test-y"],
                     ["-j1", "test_x.py::A"]):
            with self.subTest(part):
                self.run_tests("test_x.py")
                self.assertIn("1 failed", self.run_tests(*part).stdout)
                self.assertEqual(self.roadtest("list", "--failed", "test_x.py").stdout,
                                 "test_x.A.test_it\ntest_x.B.test_it\n")

    def test_what_did_not_run_counts_as_failed(self):
        self.logging("test-x", ["A.a", "A.b"], "[ $id != A.b ] || exit 3")
        self.logging("test-y", ["A.c"])
        result = self.run_tests("test-x", "test-y")
        self.assertNotEqual(result.returncode, 0)
        self.log()
        self.run_tests("--failed", "test-x", "test-y")
        self.assertEqual(set(self.ran()), {"A.b"})

    def test_without_earlier_run_there_is_none(self):
        self.logging("test-x", ["A.a"])
        self.assertIn("none of these tests failed",
                      self.refused("--failed", "test-x"))

    def test_programs_of_one_name_are_told_apart(self):
        self.logging("one/test-x", ["A.a"], 'result="not ok"')
        self.logging("two/test-x", ["A.a"])
        self.run_tests("one", "two")
        result = self.roadtest("list", "--failed", "two")
        self.assertEqual(result.returncode, 2)
        result = self.roadtest("list", "--failed", "one")
        self.assertEqual(result.stdout, "A.a\n")

    def test_tests_that_are_gone_are_forgotten(self):
        self.logging("test-x", ["A.a", "A.b"], 'result="not ok"')
        self.run_tests("test-x")
        self.logging("test-x", ["A.a"])
        self.passes("test-x")
        (name,) = os.listdir(self.path("cache/history"))
        with open(self.path(f"cache/history/{name}"), encoding="utf-8") as f:
            self.assertEqual(len(f.readlines()), 2)

    def test_what_is_known_of_another_program_is_not_taken(self):
        self.logging("test-x", ["A.a"], 'result="not ok"')
        self.run_tests("test-x")
        (name,) = os.listdir(self.path("cache/history"))
        self.write(f"cache/history/{name}",
                   "roadtest history 1 of /elsewhere/test-x\n9 fail A.a\n")
        self.assertEqual(
            self.roadtest("list", "--failed", "test-x").returncode, 2)

    def test_what_is_known_may_be_damaged(self):
        self.logging("test-x", ["A.a", "A.b"], '[ $id = A.a ] || '
                     'result="not ok"')
        self.run_tests("test-x")
        (name,) = os.listdir(self.path("cache/history"))
        path = self.path(f"cache/history/{name}")
        with open(path, "rb") as f:
            good = f.read()
        self.log()
        for bad in (b"", b"\0" * 100, b"nonsense\n" * 10, good[:-4],
                    good.replace(b"fail", b"\xff"), good + b"\n1\n1 pass\n"
                    b"x fail A.a\n", good.partition(b"\n")[0]):
            with self.subTest(bad[:60]):
                with open(path, "wb") as f:
                    f.write(bad)
                self.assertEqual(self.run_tests("test-x").returncode, 1)
                self.assertEqual(sorted(self.ran()), ["A.a", "A.b"])
                with open(path, "rb") as f:
                    self.assertEqual(re.sub(rb"\n\d+", b"\n0", f.read()),
                                     re.sub(rb"\n\d+", b"\n0", good))

    def test_a_cache_that_can_not_be_written_is_no_error(self):
        self.logging("test-x", ["A.a"])
        self.write("cache", "a file\n")
        result = self.passes("test-x")
        self.assertEqual(result.stderr, "")

    def test_interrupted_run_keeps_what_ran(self):
        self.logging("test-x", ["A.a", "B.b"], """
    [ $id = A.a ] && result="not ok" || sleep 100""")
        process = subprocess.Popen(
            [COMMAND, "run", "-j1", "test-x"], env=self.env, cwd=self.dir,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        end = time.monotonic() + 60
        while "B.b" not in self.read("log") and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), -signal.SIGINT)
        result = self.roadtest("list", "--failed", "test-x")
        self.assertEqual(result.stdout, "A.a\n")

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""


@needs_python
class FailedFixture(OptionsTestCase):
    """tearDownClass and tearDownModule have results of their own, and no test."""

    def setUp(self):
        super().setUp()
        self.write("test_x.py", """import os, unittest
def tearDownModule():
    if os.environ.get("BAD") == "module": raise RuntimeError("broken")
class A(unittest.TestCase):
    def test_a(self): pass
    @classmethod
    def tearDownClass(cls):
        if os.environ.get("BAD") == "class": raise RuntimeError("broken")
class B(unittest.TestCase):
    def test_b(self): pass
""")
        self.env["BAD"] = "class"

    def fails(self, *args, name="A.tearDownClass"):
        result = self.run_tests(*args, "test_x.py")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(f"FAIL  test_x.{name}\n", result.stdout)
        self.assertNotIn("ERROR", result.stdout)
        return result.stdout

    def listed(self):
        return self.roadtest("list", "--failed", "test_x.py").stdout.split()

    def test_it_is_no_result_that_nobody_asked_for(self):
        self.assertIn("2 passed, 1 failed", self.fails())
        self.assertIn("2 passed, 1 failed", self.fails("-j1"))

    def test_failed_takes_the_tests_that_have_it(self):
        self.fails()
        self.assertEqual(self.listed(), ["test_x.A.test_a"])
        self.fails("--failed")
        self.env["BAD"] = ""
        self.assertEqual(self.run_tests("--failed", "test_x.py").returncode, 0)
        self.assertEqual(self.listed(), [])
        self.env["BAD"] = "module"
        self.fails(name="tearDownModule")
        self.assertEqual(self.listed(), ["test_x.A.test_a", "test_x.B.test_b"])

    def test_one_that_is_said_to_have_passed_is_a_stray(self):
        self.write("test_y.py", """import sys, unittest
class A(unittest.TestCase):
    def test_a(self): sys.stdout._ktap.line("ok 7 test_y.A.tearDownClass")
""")
        result = self.run_tests("test_y.py")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ERROR it has a result for test_y.A.tearDownClass, which is no test",
                      result.stdout)

    def test_it_is_not_tried_again(self):
        self.assertIn("2 passed, 1 failed", self.fails("--retry", "1"))


class LongestFirst(OptionsTestCase):
    def test_what_took_long_goes_first(self):
        ids = ["A.a", "B.b", "C.c", "D.d"]
        self.logging("test-x", ids, "[ $id != C.c ] || sleep 0.4")
        self.passes("-j1", "test-x")
        self.assertEqual(self.ran(), ids)
        result = self.passes("-j2", "test-x")
        self.assertIn("C.c", self.ran()[:2])  # two begin at once
        # but they are shown in the order of the list
        self.assertEqual(re.findall(r"ok    (\S+)", result.stdout), ids)


class Repeat(OptionsTestCase):
    IDS = ("A.a", "A.b", "B.c")

    def test_each_round_runs_all(self):
        self.logging("test-x", self.IDS)
        result = self.passes("--repeat", "3", "test-x")
        self.assertEqual(sorted(self.ran()), sorted(self.IDS * 3))
        self.assertEqual(re.findall(r"^round (\d): 3 passed, 0 failed$",
                                    result.stdout, re.M), ["1", "2", "3"])
        self.assertIn("\n9 passed, 0 failed in", result.stdout)

    def test_ktap_has_a_program_for_each_round(self):
        self.logging("test-x", self.IDS)
        result = self.passes("--repeat", "2", "--ktap", "test-x")
        self.assertIn("\n1..2\n", result.stdout)
        self.assertEqual(re.findall(r"^ok (\d) test-x$", result.stdout, re.M),
                         ["1", "2"])

    def test_failure_in_one_round_fails_the_run_and_names_the_round(self):
        self.logging("test-x", self.IDS, """
    if [ $id = A.b ] && [ $(grep -c A.b log) = 2 ]; then
        result="not ok"; echo "# because"; fi""")
        result = self.run_tests("-j1", "--repeat", "3", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("test-x (round 2)\n  FAIL  A.b\n        because\n"
                      "round 2: 2 passed, 1 failed", result.stdout)
        self.assertIn("8 passed, 1 failed", result.stdout)
        self.log()
        self.run_tests("--failed", "test-x")
        self.assertEqual(self.ran(), ["A.b"])

    def test_until_failure_ends_with_it(self):
        self.logging("test-x", self.IDS, """
    [ $(grep -c A.b log) != 4 ] || [ $id != A.b ] || result="not ok" """)
        result = self.run_tests("-j1", "--until-failure", "test-x")
        self.assertEqual(result.returncode, 1)
        ran = self.ran()
        self.assertEqual(ran.count("A.b"), 4)
        self.assertLessEqual(len(ran), 12)
        self.assertIn("(round 4)", result.stdout)

    def test_until_failure_with_a_number_of_rounds(self):
        self.logging("test-x", self.IDS)
        self.passes("--until-failure", "--repeat", "2", "test-x")
        self.assertEqual(len(self.ran()), 6)

    def test_what_is_left_out_after_the_failure_is_said(self):
        ids = [f"{c}.x" for c in "ABCDEFGH"]
        self.logging("test-x", ids, '[ $id != C.x ] || result="not ok"')
        result = self.run_tests("-j1", "--isolate", "class", "--repeat", "2",
                                "--until-failure", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.ran(), ids[:3])
        self.assertIn("2 passed, 1 failed, 5 left out after the failure",
                      result.stdout)

    def test_rounds_in_which_nothing_can_run_come_to_an_end(self):
        self.write("test-x", "#!/bin/sh\nexit 7\n", 0o755)
        for options in ["--until-failure"], ["--repeat", "9"]:
            result = self.run_tests("-j4", *options, "test-x")
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stdout.count("it can't list its tests"), 1)

    def test_mistakes(self):
        self.logging("test-x", self.IDS)
        for option, texts in (("--repeat", ("0", "-1", "x", "", "99999999")),
                              ("--retry", ("0", "x", "1.5", "1000000")),
                              ("--isolate", ("module", "")),
                              ("--jobs", ("0", "x")),
                              ("--seed", (" -5", "0x", "1e3", str(2 ** 64))),
                              ("--kernel", ("",))):
            for text in texts:
                with self.subTest(option, text=text):
                    self.assertIn(option, self.refused(option, text, "test-x"))


class Shuffle(OptionsTestCase):
    IDS = [f"{c}.{n}" for c in "ABCDEF" for n in range(4)]

    def order(self, *args):
        self.logging("test-x", self.IDS)
        result = self.passes("-j1", "--shuffle", *args, "test-x")
        return self.ran(), result.stdout

    def test_a_seed_is_decimal_unless_it_says_otherwise(self):
        for seed, number in ("010", 10), ("0x10", 16), (str(2 ** 64 - 1), 2 ** 64 - 1):
            self.assertIn(f", --seed {number}\n", self.order("--seed", seed)[1])

    def test_the_seed_says_the_order(self):
        one, text = self.order("--seed", "1")
        self.assertIn(", --seed 1\n", text)
        self.assertEqual(sorted(one), self.IDS)
        self.assertNotEqual(one, self.IDS)
        self.assertEqual(self.order("--seed", "1")[0], one)
        self.assertNotEqual(self.order("--seed", "2")[0], one)

    def test_classes_stay_together(self):
        classes = [i[0] for i in self.order("--seed", "7")[0]]
        ends = [a for a, b in zip(classes, classes[1:] + [""]) if a != b]
        self.assertEqual(sorted(ends), list("ABCDEF"))
        self.assertNotEqual(ends, list("ABCDEF"))

    def test_a_seed_that_was_drawn_repeats_the_run(self):
        order, text = self.order()
        seed = re.search(r"--seed (\d+)", text)[1]
        self.assertEqual(self.order("--seed", seed)[0], order)

    def test_ktap_and_json_have_the_seed(self):
        _, text = self.order("--ktap", "--json", "x.json")
        seed = re.search(r"^# seed (\d+)$", text, re.M)[1]
        with open(self.path("x.json"), encoding="utf-8") as f:
            self.assertEqual(str(json.load(f)["run"]["seed"]), seed)

    def test_each_round_has_the_next_seed_and_can_be_repeated_alone(self):
        orders, text = self.order("--repeat", "3", "--seed", "10")
        self.assertEqual(re.findall(r"round \d, seed (\d+)", text),
                         ["10", "11", "12"])
        rounds = [orders[i:i + 24] for i in (0, 24, 48)]
        self.assertNotEqual(rounds[0], rounds[1])
        self.assertEqual(self.order("--seed", "12")[0], rounds[2])

    def test_the_order_does_not_depend_on_jobs(self):
        def parts(*args):
            self.logging("test-x", self.IDS)
            self.passes("--shuffle", "--seed", "3", *args, "test-x")
            lines = " ".join(self.log()).split("process")
            return {tuple(line.split()) for line in lines if line.strip()}

        # in one process after the other, so that the log is not mixed
        self.assertGreater(len(parts("-j1")), 1)
        self.assertEqual(parts("-j1"), parts("-j1"))

    def test_programs_get_the_seed(self):
        self.program("test-x", 'echo $ROADTEST_SEED >> log; pass a', ids="a")
        self.passes("-j1", "--shuffle", "--repeat", "2", "--seed", "41",
                    "test-x")
        self.assertEqual(self.log(), ["41", "42"])


class Isolate(OptionsTestCase):
    IDS = ("A.a", "A.b", "B.c")

    def processes(self, *args):
        self.logging("test-x", self.IDS)
        self.passes("-j1", *args, "test-x")
        lines = " ".join(self.log()).split("process")
        return [line.split() for line in lines if line.strip()]

    def test_none(self):
        self.assertEqual(self.processes(), [["A.a", "A.b", "B.c"]])

    def test_class(self):
        self.assertEqual(self.processes("--isolate", "class"),
                         [["A.a", "A.b"], ["B.c"]])

    def test_test(self):
        self.assertEqual(self.processes("--isolate", "test"),
                         [["A.a"], ["A.b"], ["B.c"]])


class Retry(OptionsTestCase):
    BODY = """
    if [ $id = A.b ] && [ $(grep -c A.b log) -le $(cat fails) ]; then
        result="not ok"; echo "# failure $(grep -c A.b log)"; fi"""

    def retry(self, fails, *args):
        self.logging("test-x", ["A.a", "A.b", "B.c"], self.BODY)
        self.write("fails", str(fails))
        return self.run_tests(*args, "test-x")

    def test_flaky_is_shown_with_both_outcomes_and_fails_the_run(self):
        result = self.retry(1, "--retry", "2")
        self.assertEqual(result.returncode, 1)
        # A slow machine has its time behind the first line.
        self.assertRegex(result.stdout,
                         r"FLAKY A\.b \(failed, then passed at try 2\).*\n"
                         "        failure 1\n"
                         "        tried again: passed at try 2\n")
        self.assertIn("2 passed, 0 failed, 1 flaky", result.stdout)
        self.assertEqual(sorted(self.ran()), ["A.a", "A.b", "A.b", "B.c"])

    def test_flaky_may_be_allowed(self):
        result = self.retry(2, "--retry", "2", "--allow-flaky")
        self.assertEqual(result.returncode, 0)
        self.assertIn("1 flaky", result.stdout)

    def test_failing_each_time_is_a_failure(self):
        result = self.retry(9, "--retry", "2", "--allow-flaky")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout,
                         r"FAIL  A\.b.*\n        failure 1\n        tried again: "
                         "failed at try 3\n        failure 3\n")
        self.assertEqual(self.ran().count("A.b"), 3)

    def test_a_skip_does_not_undo_a_failure(self):
        self.logging("test-x", ["A.a"], """
    if [ $(grep -c A.a log) = 1 ]; then result="not ok"; echo "# failure"
    else id="$id # SKIP no"; fi""")
        result = self.run_tests("--retry", "2", "--allow-flaky", "test-x")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout,
                         r"FAIL  A\.a \(failed, then was skipped at try 2\).*\n"
                         "        failure\n"
                         "        tried again: was skipped at try 2\n")

    def test_what_failed_and_was_not_tried_again_has_failed(self):
        self.logging("test-x", ["A.a", "A.b"], """
    if [ $id = A.a ]; then result="not ok"; echo "# failure"
    else kill -TERM $PPID; sleep 1000; fi""")
        result = self.run_tests("-j1", "--retry", "1", "test-x")
        self.assertEqual(result.returncode, -signal.SIGTERM)
        self.assertEqual(result.stdout, "test-x\n  FAIL  A.a\n        failure\n"
                         "interrupted in A.b after 0 passed, 1 failed, 1 did not run\n")

    def test_nothing_is_tried_again_unless_it_is_wanted(self):
        result = self.retry(1)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.ran().count("A.b"), 1)

    def test_the_second_try_has_a_process_of_its_own(self):
        self.retry(1, "--retry", "1", "-j1")
        lines = " ".join(self.log()).split("process")
        self.assertEqual(lines[-1].split(), ["A.b"])

    def test_a_process_that_goes_on_meanwhile_makes_no_difference(self):
        self.logging("test-x", ["A.a", "A.b", "B.c"], """
    case $id in
    A.a) if [ $(grep -c A.a log) = 1 ]; then result="not ok"
         else sleep 0.6; fi;;
    A.b) sleep 0.4;;
    B.c) sleep 0.2;;
    esac""")
        result = self.run_tests("-j2", "--retry", "1", "test-x")
        self.assertIn("2 passed, 0 failed, 1 flaky", result.stdout)
        self.assertNotIn("ERROR", result.stdout)

    def test_reports_have_both_outcomes(self):
        result = self.retry(1, "--retry", "1", "--ktap", "--json", "x.json",
                            "--junit", "x.xml")
        self.assertRegex(result.stdout, r"(?m)^    not ok 2 A.b # flaky:")
        with open(self.path("x.json"), encoding="utf-8") as f:
            tests = json.load(f)["programs"][0]["tests"]
        (test,) = [t for t in tests if t["id"] == "A.b"]
        self.assertEqual(test["outcome"], "flaky")
        self.assertIn("failure 1", json.dumps(test))

    def test_a_flaky_test_is_one_of_failed(self):
        self.retry(1, "--retry", "1")
        result = self.roadtest("list", "--failed", "test-x")
        self.assertEqual(result.stdout, "A.b\n")

    def test_a_test_that_kills_its_program_is_tried_again(self):
        self.logging("test-x", ["A.a", "A.b"], """
    [ $id != A.a ] || [ $(grep -c A.a log) != 1 ] || kill -SEGV $$""")
        result = self.run_tests("--retry", "1", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("FLAKY A.a", result.stdout)
        self.assertIn("SIGSEGV", result.stdout)
        self.assertIn("1 passed, 0 failed, 1 flaky", result.stdout)


if __name__ == "__main__":
    ktap_main.main()
