# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run --gdb`, with gdb."""

import glob
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from test_shell import COMMAND, SOURCE, find_kernel

TIMEOUT = 120
SUITE = os.path.join(SOURCE, "suites/iio/light")
PYTHON = SUITE + "/test_opt3001.py::Polled::test_integration_time"
C = "--filter", "opt3001.polled.illuminance", SUITE + "/test-opt3001.c"


@unittest.skipIf(shutil.which("gdb") is None, "gdb is not installed")
class Gdb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kernel = find_kernel()
        if kernel is None:
            raise unittest.SkipTest("the cache has no kernel with iio/opt3001")
        cls.env = {**os.environ, "ROADTEST_KERNEL": kernel}

    def start(self, *args, cache=None):
        """A run that waits; the script for gdb."""
        env = {**self.env, "ROADTEST_CACHE": cache} if cache else self.env
        run = subprocess.Popen(
            [COMMAND, "run", "--gdb", *args], env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.terminate)
        text, end = "", time.monotonic() + TIMEOUT
        while '"continue"' not in text:
            self.assertTrue(
                select.select([run.stderr], [], [], end - time.monotonic())[0],
                f"it does not say how to go on:\n{text}")
            data = os.read(run.stderr.fileno(), 4096).decode()
            self.assertNotEqual(data, "", text)
            text += data
        if cache and not os.path.exists(cache + "/objects"):
            self.assertIn("there are no symbols", text)
            self.assertIn('"roadtest kernel --force SUITE"', text)
        elif "there are no symbols" in text:
            self.skipTest("the objects of this kernel are not in the cache")
        return run, re.search(r"^    gdb -x (\S+)$", text, re.M)[1]

    def gdb(self, script, *commands):
        """What gdb prints; it lets the guest go in the end."""
        argv = ["gdb", "-nx", "-batch", "-x", script]
        for command in (*commands, "delete", "detach"):
            argv += ["-ex", command]
        return subprocess.run(argv, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL,
                              timeout=TIMEOUT).stdout

    def passed(self, run):
        """Its end, which must be good."""
        out = run.communicate(timeout=TIMEOUT)[0]
        self.assertEqual(run.returncode, 0, out)
        self.assertIn("1 passed, 0 failed", out)


    @unittest.skipIf(os.environ.get("SANITIZED") == "1",
                     "Python is not built with sanitizers")
    def test_lines_variables_and_callers_in_the_driver(self):
        run, script = self.start(PYTHON)
        seen = self.gdb(script, "break opt3001_read_raw", "continue",
                        "backtrace", "print chan->type", "info source")
        self.assertRegex(seen, r"Breakpoint 1, opt3001_read_raw \(.*mask=\d+\)")
        self.assertRegex(seen, r"#1 .* iio_read_channel_info ")
        self.assertRegex(seen, r"#\d+ .* sys_read ")
        self.assertIn("$1 = IIO_LIGHT", seen)
        self.passed(run)

    def test_the_probe_in_a_suite_in_c(self):
        run, script = self.start(*C)
        seen = self.gdb(script, "break opt3001_probe", "continue",
                        "print client->name")
        self.assertRegex(seen, "Breakpoint 1, opt3001_probe ")
        self.assertRegex(seen, r'\$1 = "opt3001')
        self.passed(run)

    def test_without_the_objects_modules_have_names_still(self):
        with tempfile.TemporaryDirectory() as cache:
            run, script = self.start(*C, cache=cache)
            seen = self.gdb(script, "break opt3001_probe", "continue")
            self.assertRegex(seen, r"Breakpoint 1, 0x\w+ in opt3001_probe \(\)")
            self.passed(run)

    def test_objects_of_other_options_are_none_of_its(self):
        """A directory that is being made has the image of the one that it was copied from."""
        home = os.environ.get("ROADTEST_CACHE") or os.path.expanduser("~/.cache/roadtest")
        with open(self.env["ROADTEST_KERNEL"] + "/config", encoding="utf-8") as f:
            wanted = f.read()
        with tempfile.TemporaryDirectory() as cache:
            os.makedirs(cache + "/objects/0")
            for made in glob.glob(home + "/objects/*/.config"):
                with open(made, encoding="utf-8") as f:
                    if f.read() == wanted:
                        made = os.path.dirname(made)
                        os.symlink(made, cache + "/objects/1")
                        os.symlink(made + "/linux", cache + "/objects/0/linux")
                        break
            else:
                self.skipTest("the objects of this kernel are not in the cache")
            with open(cache + "/objects/0/.config", "w", encoding="utf-8") as f:
                f.write(wanted.replace("=m", "=y"))
            with open(cache + "/objects/0/roadtest.objects", "w", encoding="utf-8"):
                pass
            run, script = self.start(*C, cache=cache)
            seen = self.gdb(script, "break opt3001_probe", "continue")
            self.assertRegex(seen, r"Breakpoint 1, opt3001_probe ")
            self.passed(run)

    def test_an_interrupted_wait_leaves_nothing(self):
        run, script = self.start(*C)
        run.terminate()
        run.wait(TIMEOUT)
        end = time.monotonic() + 30
        while os.path.exists(script) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(script))

    def test_the_helper_alone_says_what_it_is_for(self):
        done = subprocess.run([COMMAND, "gdb"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn('"roadtest run --gdb"', done.stderr)


if __name__ == "__main__":
    unittest.main()
