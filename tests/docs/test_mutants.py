# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each test of the examples that were written after the tutorial finds a bug
that is put into a copy of the driver, and no other test minds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import kernels
from kernels import BUILD, SOURCE

sys.path.insert(0, str(SOURCE / "tools"))
import drivers  # noqa: E402

LM73 = {
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
TMP421 = {
    # what is below a degree is lost
    "test_temperature": ("reg & ~0xf;", "reg & ~0xff;"),
    # the offset of the extended range is not that of the datasheet
    "test_extended_range": ("temp - 64 * 256", "temp - 55 * 256"),
    # the bit for a diode that is not connected is not looked at
    "test_diode_that_is_not_connected_is_a_fault": ("temp & 0x03", "temp & 0x02"),
    # a channel that is enabled once stays so
    "test_disabled_channel_is_not_measured": (
        "new = old & ~TMP421_CONFIG_REG_REN_MASK;",
        "new = old;",
    ),
    # the factor goes to the next channel
    "test_diode_has_the_label_and_factor_of_the_devicetree": (
        "TMP421_N_FACTOR_REG_1 + i - 1",
        "TMP421_N_FACTOR_REG_1 + i",
    ),
}


# The drivers are in drivers/hwmon, and have the names of their chips.
EXAMPLES = {"lm73": LM73, "tmp421": TMP421}


def example(chip: str) -> Path:
    return SOURCE / f"examples/test_{chip}.py"


def objects(kernel: Path) -> Path | None:
    """The build directory of a kernel; None if it can't be had."""
    try:
        return drivers.objects(BUILD, kernel)
    except SystemExit:
        return None


def mutate(driver: str, old: str, new: str) -> str:
    if driver.count(old) != 1:
        raise ValueError(f"the driver has {driver.count(old)} times {old!r}")
    return driver.replace(old, new)


class Mutants(unittest.TestCase):
    def setUp(self) -> None:
        found = kernels.find()
        if found is None:
            self.skipTest("no kernel has what the examples need")
        self.kernel = Path(found).resolve()
        built = objects(self.kernel)
        if built is None:
            self.skipTest("the objects of the kernel can't be had")
        self.objects = built
        self.dir = Path(tempfile.mkdtemp(prefix="roadtest-mutants-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def build(self, chip: str, name: str, text: str) -> Path:
        """Build the module from this source."""
        directory = self.dir / chip / name
        directory.mkdir(parents=True)
        (directory / f"{chip}.c").write_text(text)
        (directory / "Makefile").write_text(f"obj-m := {chip}.o\n")
        subprocess.run(
            ["make", "-s", "-C", self.objects, "ARCH=um", f"M={directory}", "modules"],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return directory / f"{chip}.ko"

    def failures(self, module: Path) -> set[str]:
        """Names of the example's tests that fail with this module."""
        kernel = self.dir / "kernel"
        shutil.rmtree(kernel, ignore_errors=True)
        shutil.copytree(self.kernel, kernel, symlinks=True)
        (installed,) = (kernel / "modules").rglob(module.name)
        shutil.copy(module, installed)
        done = subprocess.run(
            ["/usr/bin/python3", "-m", "roadtest", example(module.stem)],
            env=dict(
                os.environ,
                ROADTEST_KERNEL=str(kernel),
                PYTHONPATH=str(BUILD / "python"),
            ),
            stdout=subprocess.PIPE,
            text=True,
        )
        results = re.findall(r"^(not )?ok \d+ \S+\.(\w+)", done.stdout, re.M)
        tests = set(EXAMPLES[module.stem])
        self.assertEqual({name for _, name in results}, tests, done.stdout)
        return {name for failed, name in results if failed}

    def check(self, chip: str) -> None:
        driver = self.objects / f"source/drivers/hwmon/{chip}.c"
        text = driver.read_text(encoding="utf-8")
        self.assertEqual(self.failures(self.build(chip, "unchanged", text)), set())
        for name, edit in EXAMPLES[chip].items():
            with self.subTest(name):
                module = self.build(chip, name, mutate(text, *edit))
                self.assertEqual(self.failures(module), {name})

    def test_each_test_of_the_lm73_finds_its_bug(self) -> None:
        self.check("lm73")

    def test_each_test_of_the_tmp421_finds_its_bug(self) -> None:
        self.check("tmp421")


class Example(unittest.TestCase):
    def test_it_is_short(self) -> None:
        for chip in EXAMPLES:
            with self.subTest(chip):
                lines = example(chip).read_text(encoding="utf-8").splitlines()
                self.assertLessEqual(len(lines), 80)
                self.assertEqual(sum("def test_" in line for line in lines), 5)

    def test_the_examples_are_as_the_formatter_leaves_them(self) -> None:
        if shutil.which("black") is None:
            self.skipTest("there is no black")
        done = subprocess.run(["black", "--quiet", "--check", SOURCE / "examples"])
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
