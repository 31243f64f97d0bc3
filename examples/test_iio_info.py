# SPDX-License-Identifier: LGPL-2.1-or-later
"""libiio's programs run in the guest, unchanged, with a modelled sensor. An
example of docs/writing-tests.md."""

import os
import unittest

from roadtest import Device, TestCase
from test_light import OPT3001

INFO, ATTR = "/usr/bin/iio_info", "/usr/bin/iio_attr"


@unittest.skipUnless(os.path.exists(INFO), "libiio-utils is not installed")
class IioInfo(TestCase):
    device = Device("ti,opt3001", model=OPT3001)
    programs = [INFO, ATTR]

    def info(self):
        return self.guest.run([INFO], check=True).stdout

    def test_iio_info_lists_the_channel_with_its_value(self):
        text = self.info()
        self.assertIn(f"{self.dev.iio.path.name}: opt3001", text)
        self.assertIn("illuminance:  (input)", text)
        self.assertIn("attr  0: input value: 88.800000", text)

    def test_iio_info_says_that_the_sensor_does_not_answer(self):
        self.chip.answers = False
        self.assertIn("input ERROR: Connection timed out", self.info())

    def test_iio_attr_sets_the_integration_time(self):
        self.guest.run(
            [ATTR, "-c", "opt3001", "illuminance", "integration_time", "0.1"],
            check=True,
        )
        self.assertEqual(self.chip.writes(OPT3001.CONFIG).values[-1] >> 11 & 1, 0)
        self.assertEqual(self.dev.iio["in_illuminance_integration_time"], "0.100000")
