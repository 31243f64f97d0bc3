# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/soak: what it makes of tests that fail, or leave another trace, in one
round of several. The test programs are fakes that write journals."""

import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import ktap_main
from test_command import COMMAND, CommandTestCase, is_alive

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from load import Load  # noqa: E402

# Two tests. Of b: $time, $log and $boot are in its journal, $order says where the
# kernel's log stands there; $result and $directive are what it prints.
PROGRAM = """#!/bin/bash
[ "$1" = --list ] && { echo a; echo b; exit 0; }
echo round >> rounds
round=$(wc -l < rounds)
time=5000 log=hello boot=dir1 order=first result=ok directive=
%s
put() { [ "$MUTE" ] || echo "{\\"time\\":$1,\\"type\\":\\"$2\\"$3}"; }
log() { put 30 log ",\\"text\\":\\"$log\\""; }
{
    put 0 log ",\\"text\\":\\"$boot\\""
    put 20 ready
    put 20 test ',"id":"a"'; put 25 note
    put 25 test ',"id":"b"'
    [ $order = first ] && log
    put $time note
    [ $order = last ] && log
} > "$ROADTEST_JOURNAL/1-00000.jsonl"
echo "KTAP version 1"; echo 1..2
echo "# start a"; echo ok 1 a
echo "# start b"; echo "# said in round $round"; echo "$result 2 b$directive"
"""


class SoakTestCase(CommandTestCase):
    def setUp(self):
        super().setUp()
        self.build = self.path("build")
        os.makedirs(f"{self.build}/cli")
        os.symlink(COMMAND, f"{self.build}/cli/roadtest")
        os.mkdir(self.path("tmp"))
        self.env["TMPDIR"] = self.path("tmp")

    def start(self, *options):
        """On one processor, so that a round begins when the last one is over."""
        one = {min(os.sched_getaffinity(0))}
        return subprocess.Popen(
            [TOOLS / "soak", self.build, "--no-load", *options, "test-x"],
            cwd=self.dir, env=self.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, one))

    def soak(self, body, *options):
        """Five rounds of the program with `body` in it: exit status, output."""
        self.write("test-x", PROGRAM % body, 0o755)
        soak = self.start(*(options or ["--rounds=5"]))
        out, err = soak.communicate(timeout=60)
        self.assertEqual(err, "")
        return soak.returncode, out

    def kept(self):
        return sorted(path.name for path in Path(self.build).glob("soak-*/*"))

    def passes(self, body):
        status, out = self.soak(body)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"(?m)^5 rounds in \d+ s: 2 tests, no failure, "
                                      r"one trace each; hash of all traces: \w{16}$")
        self.assertEqual((self.kept(), os.listdir(self.env["TMPDIR"])), ([], []))
        return out.split()[-1]

    def differs(self, body):
        """It is seen that b leaves another trace in round 4."""
        status, out = self.soak(f"[ $round = 4 ] && {body}", "--rounds=5", "--seed=7")
        self.assertEqual(status, 1, out)
        self.assertIn("\nb, round 4, seed 7: not the trace of before\n", out)
        self.assertIn("2 tests, 0 failures, 1 with more than one trace;", out)
        self.assertEqual(self.kept(), ["b.round-1", "b.round-4", "rounds-3.log"])
        (diff,) = re.findall(r"^    (diff -u .*)$", out, re.MULTILINE)
        return subprocess.run(diff.split(), capture_output=True, text=True).stdout


class Traces(SoakTestCase):
    def test_the_same_each_time(self):
        before = self.passes("")
        self.assertEqual(self.passes(""), before)
        self.assertNotEqual(self.passes("time=6000"), before)

    def test_another_virtual_time_is_seen(self):
        diff = self.differs("time=5001")
        self.assertIn('\n-{"time":5000,"type":"note"}\n'
                      '+{"time":5001,"type":"note"}\n', diff)

    def test_another_message_of_the_kernel_is_seen(self):
        self.assertIn('"text":"hullo"', self.differs("log=hullo"))

    def test_another_outcome_is_seen(self):
        diff = self.differs("directive=' # SKIP it rains'")
        self.assertIn("\n-passed\n+skipped\n", diff)

    def test_the_kernels_boot_is_not_part_of_it(self):
        self.passes("boot=dir$round")

    def test_when_the_kernels_log_was_read_does_not_matter(self):
        self.passes("[ $round = 4 ] && order=last")

    def test_none_at_all_are_a_failure(self):
        status, out = self.soak("MUTE=1")
        self.assertEqual(status, 1, out)
        self.assertIn("no test left a trace", out)


class Failures(SoakTestCase):
    def test_one_is_named_with_its_round_and_what_was_printed(self):
        status, out = self.soak("[ $round = 4 ] && result='not ok'")
        self.assertEqual(status, 1, out)
        self.assertIn("\nb, round 4, seed 0: failed\n    diff -u ", out)
        self.assertIn("2 tests, 1 failures, 0 with more than one trace;", out)
        (log,) = re.findall(r"what the run printed: (\S+)\n", out)
        self.assertIn("said in round 4", Path(log).read_text(encoding="utf-8"))

    def test_a_test_that_did_not_run_is_one(self):
        status, out = self.soak("[ $round = 4 ] && { echo 'KTAP version 1'; echo 1..2; "
                         "echo '# start a'; echo ok 1 a; exit 0; }")
        self.assertEqual(status, 1, out)
        self.assertIn("\nb, round 4, seed 0: not run\n", out)

    def test_a_journal_that_is_cut_off_is_no_trouble(self):
        status, out = self.soak("[ $round = 4 ] && { result='not ok'; "
                                "trap 'printf {\\\"time >> $ROADTEST_JOURNAL/1-00000.jsonl' "
                                "EXIT; }")
        self.assertEqual(status, 1, out)
        kept = Path(re.search(r"diff -u \S+ (\S+)", out)[1])
        self.assertIn('"note"}\n{"time{', kept.read_text(encoding="utf-8"))

    def test_trouble_that_is_no_tests_is_one(self):
        status, out = self.soak("[ $round = 4 ] && trap 'exit 3' EXIT")
        self.assertEqual(status, 1, out)
        self.assertIn("\nroadtest run: exit status 1\n", out)

    def test_it_gives_up_when_there_are_many(self):
        status, out = self.soak("result='not ok'", "--rounds=1000")
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"\ngiven up after 22 rounds ")

    def test_nothing_can_be_run(self):
        soak = self.start()
        out, err = soak.communicate(timeout=60)
        self.assertEqual((soak.returncode, out), (1, ""))
        self.assertIn("test-x: there is no such file", err)
        self.assertIn("nothing was run", err)

    def test_one_round_is_refused(self):
        soak = self.start("--rounds=1")
        out, err = soak.communicate(timeout=60)
        self.assertEqual((soak.returncode, out), (2, ""))
        self.assertIn("--rounds: one round can't differ from another", err)


class Interrupted(SoakTestCase):
    def test_it_ends_at_once_and_leaves_nothing(self):
        self.write("test-x", PROGRAM % "echo $$ > pid; [ $round = 4 ] && sleep 100",
                   0o755)
        soak = self.start("--rounds=9")
        while not os.path.exists(self.path("rounds")) or \
                len(Path(self.path("rounds")).read_text().split()) < 4:
            time.sleep(0.01)
        soak.send_signal(signal.SIGINT)
        out, err = soak.communicate(timeout=60)
        self.assertEqual((soak.returncode, err), (130, ""))
        self.assertIn("interrupted after 2 rounds in ", out)
        self.assertEqual((self.kept(), os.listdir(self.env["TMPDIR"])), ([], []))
        self.assertFalse(is_alive(Path(self.path("pid")).read_text().strip()))


class Loaded(unittest.TestCase):
    def test_each_processor_has_a_process_that_is_busy(self):
        with Load() as load:
            pids = [process.pid for process in load.processes]
            self.assertEqual(len(pids), len(os.sched_getaffinity(0)))
            time.sleep(0.3)
            for pid in pids:
                used = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
                self.assertGreater(int(used), 10_000_000)
        self.assertFalse(any(map(is_alive, pids)))

    def test_they_end_with_a_parent_that_is_killed(self):
        script = ("import os, signal; from load import Load\n"
                  "with Load() as load:\n"
                  "    print(*[p.pid for p in load.processes], flush=True)\n"
                  "    os.kill(os.getpid(), signal.SIGKILL)\n")
        done = subprocess.run([sys.executable, "-c", script], cwd=TOOLS,
                              stdout=subprocess.PIPE, text=True)
        pids = done.stdout.split()
        self.assertTrue(pids)
        end = time.monotonic() + 30
        while any(map(is_alive, pids)) and time.monotonic() < end:
            time.sleep(0.05)
        left = [pid for pid in pids if is_alive(pid)]
        for pid in left:
            os.kill(int(pid), signal.SIGKILL)
        self.assertEqual(left, [])


if __name__ == "__main__":
    ktap_main.main()
