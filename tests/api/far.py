# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of real launchers share: runs of programs at the far end."""

import os
import re
import signal
import subprocess
import time

from keeper import SOURCE, wait_until
from test_command import COMMAND, CommandTestCase, is_alive


def documented(heading):
    """The commands of a section of docs/ci.md, each as the words behind "roadtest"."""
    with open(os.path.join(SOURCE, "docs/ci.md"), encoding="utf-8") as f:
        section = f.read().partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"(?m)^\t?build/cli/roadtest (run (?:.*\\\n)*.*)$", section)


class FarTestCase(CommandTestCase):
    launcher = ""
    keeper = None       # of the daemons

    def launch(self, *args, launcher=None):
        return self.run_tests("--launcher", launcher or self.launcher, *args)

    def launch_suites(self, kernel, command):
        """Run tests that pass by a command as it is typed; its output."""
        done = subprocess.run(["sh", "-c", f"{COMMAND} {command}"], cwd=SOURCE,
                              env={**self.env, "ROADTEST_KERNEL": kernel},
                              capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"\n([2-9]|\d{2,}) passed, 0 failed")
        return done.stdout

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def wait_until(self, true):
        wait_until(true, self.keeper.logs)

    def popen(self, *args):
        """A run, one program at a time. What it prints is in the file `out`."""
        with open(self.path("out"), "w", encoding="utf-8") as out:
            process = subprocess.Popen(
                [COMMAND, "run", "--launcher", self.launcher, "-j1", *args],
                env=self.env, cwd=self.dir, stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def output(self, process, status):
        """What it printed until its end, which has this status."""
        found = process.wait(timeout=60)
        out = self.text("out")
        self.assertEqual(found, status, out)
        return out

    def start(self):
        """A run whose test b waits: the command, and what runs at the far end."""
        self.program("test-x", """pass a
want b && { echo "# start b"; sleep 1000 & echo "$$ $!." >pids; wait; }
pass c""")
        process = self.popen("test-x")
        self.wait_until(lambda: os.path.exists(self.path("pids")) and
                        self.text("pids").endswith(".\n"))
        # what it printed is on its way
        self.wait_until(lambda: "  ok    a" in self.text("out"))
        time.sleep(0.2)
        pids = self.text("pids").strip(".\n").split()
        self.assertTrue(all(map(is_alive, pids)))
        return process, pids

    def assert_gone(self, pids):
        self.wait_until(lambda: not any(map(is_alive, pids)))

    def interrupt(self, process, what):
        """Ctrl-C."""
        process.send_signal(signal.SIGINT)
        self.assertIn(what, self.output(process, -signal.SIGINT))

    def kill_launcher(self, process):
        """Kill the only process that the command has started."""
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as f:
            pids = f.read().split()
        self.assertEqual(len(pids), 1)
        os.kill(int(pids[0]), signal.SIGKILL)

    def assert_b_failed(self, process, why):
        """And the others of start() passed."""
        out = self.output(process, 1)
        self.assertRegex(out, r"  ok    a\n  FAIL  b.*\n(        .*\n)*        " + why)
        self.assertRegex(out, "\n  ok    c\n")
        self.assertIn("\n2 passed, 1 failed", out)


class EndTests:
    """What every launcher must hold to; the class beside it is a FarTestCase."""

    def test_nothing_is_left_after_ctrl_c(self):
        process, pids = self.start()
        self.interrupt(process, "interrupted")
        self.assert_gone(pids)

    def test_nothing_is_left_after_the_command_was_killed(self):
        process, pids = self.start()
        process.kill()
        self.assert_gone(pids)

    def test_nothing_is_left_after_the_launcher_was_killed(self):
        process, pids = self.start()
        self.kill_launcher(process)
        self.assert_b_failed(process, "the program ended here: SIGKILL\n")
        self.assert_gone(pids)
