# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test that fails, for docs/writing-tests.md. Its name keeps it out of runs
of whole directories."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from roadtest import Device, TestCase
from test_lm75 import TMP75


class Traffic(TestCase):
    device = Device("ti,tmp75", model=TMP75)

    def test_probe(self):
        self.chip.traffic().assert_accesses(
            TMP75.CONFIG.read(0), TMP75.CONFIG.write(R=2), TMP75.HIGH.read()
        )
