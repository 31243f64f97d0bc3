# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4000. Most of its tests, those marked
rfc among them, are in vcnl40x0.py."""

from roadtest import Device, TestCase

import vcnl40x0
from vcnl40xx import Vcnl4000


class Numbers:
    GUARD = ()
    NAME, OTHER, WARNING = "VCNL4000", 2, "use vcnl4010/4020"


class Readings(Numbers, vcnl40x0.Readings, TestCase):
    device = Device("vishay,vcnl4000", model=Vcnl4000)

    def test_attributes_are_these(self):
        attributes = [name for name in self.iio if name.startswith("in_")]
        self.assertEqual(
            attributes,
            [
                "in_illuminance_raw", "in_illuminance_scale",
                "in_proximity_nearlevel", "in_proximity_raw",
            ],
        )  # fmt: skip
        self.assertEqual(self.iio["name"], "vcnl4000")
        self.assertEqual(self.iio["in_proximity_nearlevel"], "0")
        self.assertNotIn("events", self.iio)
        self.assertNotIn("buffer", self.iio)


class Proximity(Numbers, vcnl40x0.Proximity, TestCase):
    device = Readings.device


class Probe(Numbers, vcnl40x0.Probe, TestCase):
    # It has no interrupt: that of the node is not asked for.
    device = Device(
        "vishay,vcnl4000",
        model=Vcnl4000,
        bind=False,
        irq="falling",
        properties="proximity-near-level = <220>;",
    )

    def test_interrupt_of_the_node_is_left_alone(self):
        self.dev.bind()
        text = (self.guest / "proc/interrupts").read_text()
        self.assertNotIn("vcnl4000", text)
