# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test that fails, for docs/writing-tests.md. Its name keeps it out of runs
of whole directories."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from roadtest import Device, TestCase
from test_lm75 import AS6200


class Strict(TestCase):
    device = Device("ams,as6200", model=AS6200).with_irq("rising")

    def test_unbind(self):
        self.dev.unbind()
