# SPDX-License-Identifier: LGPL-2.1-or-later
"""A selftest of the kernel, in the guest, on a modelled chip:
tools/testing/selftests/rtc/rtctest.c on the PCF8563 of suites/rtc.

It waits for some two minutes of the guest's time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime
from pathlib import Path

from roadtest import Device, Machine, TestCase, known_bug

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "suites" / "rtc"))

from pcf8563 import PCF8563  # noqa: E402


def kernel_source(machine: Machine) -> Path | None:
    """The tree that the machine's kernel was built from; None if it is not
    here any more."""
    kernel = Path(machine.kernel or "/").resolve()
    for line in (kernel / "info").read_text().splitlines():
        key, _, name = line.partition("=")
        if key == "source":
            # a directory, or a package that is unpacked in the cache
            if name.startswith("/"):
                return Path(name) if os.path.isdir(name) else None
            cache = kernel.parent.parent / "sources"
            for path in cache.glob(f"{name}-*"):
                return path
    return None


def results_of(tap: str) -> dict[str, str]:
    """"ok", "skip" or "not ok" for each test of a selftest's output."""
    results = {}
    line = re.compile(r"^(ok|not ok) \d+ (?:- )?(\S+)(.*)$", re.MULTILINE)
    for result, name, rest in line.findall(tap):
        results[name] = "skip" if "SKIP" in rest else result
    return results


class RtcTest(TestCase):
    device = Device(
        "nxp,pcf8563", model=PCF8563, addr=0x51, node="rtc", irq="low"
    )
    machine_options = {"call_limit": 600}

    def build(self) -> bytes:
        """rtctest as a static program."""
        source = kernel_source(self.machine)
        if source is None:
            self.skipTest("the source of the kernel is not here")
        directory = source / "tools" / "testing" / "selftests" / "rtc"
        if not (directory / "rtctest.c").exists():
            self.skipTest(f"{source} has no tools/testing/selftests/rtc")
        work = tempfile.mkdtemp(prefix="roadtest-selftest-")
        self.addCleanup(shutil.rmtree, work)
        program = os.path.join(work, "rtctest")
        compiler = os.environ.get("CC", "gcc").split()
        subprocess.run(
            [*compiler, "-static", "-D_GNU_SOURCE=", "-I..", "-o", program]
            + ["rtctest.c"],
            cwd=directory,
            check=True,
        )
        return Path(program).read_bytes()

    @known_bug(
        "MachineGone", "the interrupt of rtc-pcf8563 is an oops", since="6.13"
    )
    def test_rtctest(self) -> None:
        program = self.guest.put("/bin/rtctest", self.build(), 0o755)
        self.chip.time = datetime(2024, 2, 29, 12, 0, 0)
        start = self.clock.now
        done = self.guest.run([str(program), str(self.dev.rtc.device)])
        results = results_of(done.stdout)
        # The chip's alarm has no seconds. The tests that want an alarm in three
        # of them fail on such an RTC, or, in later kernels, are skipped.
        for name in "rtc.alarm_alm_set", "rtc.alarm_wkalm_set":
            self.assertIn(results.pop(name), ("not ok", "skip"), done.stderr)
        self.assertGreaterEqual(len(results), 6)
        bad = [name for name, result in results.items() if result == "not ok"]
        self.assertEqual(bad, [], done.stderr)
        for name in "date_read", "alarm_alm_set_minute", "alarm_wkalm_set_minute":
            self.assertEqual(results[f"rtc.{name}"], "ok", done.stderr)
        # 31 s of reading, and two alarms at the full minute
        self.assertGreater((self.clock.now - start) / 1e9, 60)
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)


if __name__ == "__main__":
    unittest.main()
