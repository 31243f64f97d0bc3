# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each test of examples/test_lm73.py, which was written after the tutorial,
finds a bug that is put into a copy of the driver, and no other test minds."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import kernels
from kernels import BUILD, SOURCE

EXAMPLE = SOURCE / "examples/test_lm73.py"
DRIVER = "drivers/hwmon/lm73.c"
MUTANTS = {
    # the sign of a temperature is lost
    "test_temperature": ("(((s16) err) * 250) / 32", "(err * 250) / 32"),
    # the one limit is taken for the other
    "test_limits": ("temp1_max, temp, LM73_REG_MAX", "temp1_max, temp, LM73_REG_MIN"),
    # an interval that the chip has gives the next longer one
    "test_update_interval_selects_the_resolution": (
        "convrate > lm73_convrates[res]",
        "convrate >= lm73_convrates[res]",
    ),
    # the state of the ALERT pin is taken for the flag
    "test_alarm_stays_until_it_was_read": (
        "LM73_CTRL_HI_SHIFT\t2",
        "LM73_CTRL_HI_SHIFT\t3",
    ),
    # an error of the bus is taken for a temperature
    "test_nak_is_an_error": (
        "attr->index);\n\tif (err < 0)\n\t\treturn err;\n\n\t/* use",
        "attr->index);\n\n\t/* use",
    ),
}


def objects(kernel: Path) -> Path | None:
    """The build directory that a kernel of the cache came from."""
    for path in (kernel.parent.parent / "objects").glob("*/.config"):
        if filecmp.cmp(path, kernel / "config", shallow=False):
            return path.parent
    return None


def mutate(driver: str, old: str, new: str) -> str:
    if driver.count(old) != 1:
        raise ValueError(f"{DRIVER} has {driver.count(old)} times {old!r}")
    return driver.replace(old, new)


class Mutants(unittest.TestCase):
    def setUp(self) -> None:
        found = kernels.find()
        if found is None:
            self.skipTest("no kernel has what the examples need")
        self.kernel = Path(found).resolve()
        built = objects(self.kernel)
        if built is None:
            self.skipTest("the objects of the kernel are not in the cache")
        self.objects = built
        self.dir = Path(tempfile.mkdtemp(prefix="roadtest-mutants-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def build(self, name: str, text: str) -> Path:
        """Build the module from this source."""
        directory = self.dir / name
        directory.mkdir()
        (directory / "lm73.c").write_text(text)
        (directory / "Makefile").write_text("obj-m := lm73.o\n")
        subprocess.run(
            ["make", "-s", "-C", self.objects, "ARCH=um", f"M={directory}", "modules"],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return directory / "lm73.ko"

    def failures(self, module: Path) -> set[str]:
        """Names of the example's tests that fail with this module."""
        kernel = self.dir / "kernel"
        shutil.rmtree(kernel, ignore_errors=True)
        shutil.copytree(self.kernel, kernel, symlinks=True)
        (installed,) = (kernel / "modules").rglob("lm73.ko")
        shutil.copy(module, installed)
        done = subprocess.run(
            ["/usr/bin/python3", "-m", "roadtest", EXAMPLE],
            env=dict(
                os.environ,
                ROADTEST_KERNEL=str(kernel),
                PYTHONPATH=str(BUILD / "python"),
            ),
            stdout=subprocess.PIPE,
            text=True,
        )
        results = re.findall(r"^(not )?ok \d+ \S+\.(\w+)", done.stdout, re.M)
        self.assertEqual({name for _, name in results}, set(MUTANTS), done.stdout)
        return {name for failed, name in results if failed}

    def test_each_test_finds_its_bug(self) -> None:
        driver = (self.objects / "source" / DRIVER).read_text(encoding="utf-8")
        self.assertEqual(self.failures(self.build("unchanged", driver)), set())
        for name, edit in MUTANTS.items():
            with self.subTest(name):
                module = self.build(name, mutate(driver, *edit))
                self.assertEqual(self.failures(module), {name})


class Example(unittest.TestCase):
    def test_it_is_short(self) -> None:
        lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
        self.assertLessEqual(len(lines), 80)
        self.assertEqual(sum("def test_" in line for line in lines), 5)

    def test_the_examples_are_as_the_formatter_leaves_them(self) -> None:
        if shutil.which("black") is None:
            self.skipTest("there is no black")
        done = subprocess.run(["black", "--quiet", "--check", SOURCE / "examples"])
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
