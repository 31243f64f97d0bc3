# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of the host run in the guest, unchanged: i2c-tools look at a
modelled chip. An example of docs/writing-tests.md."""

import os
import unittest

from roadtest import Device, TestCase
from test_lm75 import TMP75


@unittest.skipUnless(
    os.path.exists("/usr/sbin/i2cdetect"), "i2c-tools is not installed"
)
class I2CTools(TestCase):
    device = Device("ti,tmp75", model=TMP75, addr=0x48, bind=False)
    programs = ["i2cdetect", "i2cget", "i2cset"]

    def run_tool(self, *args):
        return self.guest.run(args, check=True).stdout

    def detected(self):
        """What the grid of i2cdetect has at each address that answers."""
        found = {}
        for line in self.run_tool("i2cdetect", "-y", "0").splitlines()[1:]:
            row, cells = int(line[:2], 16), line[4:]
            for column in range(16):
                cell = cells[3 * column : 3 * column + 3].strip()
                if cell not in ("", "--"):
                    found[row + column] = cell
        return found

    def test_i2cdetect_sees_the_chip_and_then_its_driver(self):
        self.assertEqual(self.detected(), {0x48: "48"})
        self.dev.bind()
        self.assertEqual(self.detected(), {0x48: "UU"})
        self.dev.unbind()
        self.board.detach(self.chip)
        self.assertEqual(self.detected(), {})

    def test_i2cget_reads_what_the_model_measures(self):
        self.chip.celsius = -1.5
        # SMBus words have the low byte first, this chip the high one
        word = self.run_tool("i2cget", "-y", "0", "0x48", "0", "w")
        self.assertEqual(word, "0x80fe\n")

    def test_i2cset_writes_a_register(self):
        self.run_tool("i2cset", "-y", "0", "0x48", "3", "0x5055", "w")
        self.assertEqual(self.chip.writes(TMP75.HIGH).values, [0x5550])

    def test_i2cget_fails_where_no_chip_answers(self):
        done = self.guest.run(["i2cget", "-y", "0", "0x49", "0", "w"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("Read failed", done.stderr)
