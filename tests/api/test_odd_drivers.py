# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drivers that are not found, bound or unbound as most are. They are in
odd-drivers/, and built here as the faulty one of test_bad_guests.py."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import ktap_main
from test_bad_guests import COMMAND, HERE, make_kernel


@unittest.skipIf(os.environ.get("SANITIZED") == "1", "Python is not built with sanitizers")
class OddDrivers(unittest.TestCase):
    def test_all_of_odd_tests(self):
        work = Path(tempfile.mkdtemp(prefix="roadtest-odd-drivers-"))
        self.addCleanup(shutil.rmtree, work)
        kernel = make_kernel(work, "fast", "odd-drivers", ("odd_core", "odd_i2c"))
        env = {**os.environ, "ROADTEST_KERNEL": str(kernel),
               "ROADTEST_CACHE": str(work / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [COMMAND, "run", "--json", str(work / "out.json"),
                   str(HERE / "odd-drivers/odd_tests.py")]
        done = subprocess.run(command, env=env, capture_output=True, text=True,
                              timeout=100, stdin=subprocess.DEVNULL)
        with open(work / "out.json", encoding="utf-8") as f:
            (program,) = json.load(f)["programs"]
        self.assertEqual([t["outcome"] for t in program["tests"]], ["passed"] * 7,
                         done.stdout)


if __name__ == "__main__":
    ktap_main.main()
