# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4000. Most of its tests, those marked
rfc among them, are in vcnl40x0.py."""

from roadtest import Device, TestCase, requires_kernel
from roadtest.driver import MatchTable
from roadtest.iio import find

import vcnl40x0
from vcnl40xx import Vcnl4000, Vcnl4010, Vcnl4040, Vcnl4200


class Numbers:
    GUARD = ()
    NAME, OTHER, WARNING = "VCNL4000", 2, "use vcnl4010/4020"


class Readings(Numbers, vcnl40x0.Measured, vcnl40x0.Readings, TestCase):
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


@requires_kernel("6.12", "vcnl4000 has other units of light")
class EveryEntry(TestCase):
    """The driver's match tables: each entry selects the right chip."""

    table = MatchTable("vcnl4000")

    CHIPS = {
        # model, unit of the light, buffer, integration times
        "vcnl4000": (Vcnl4000, "0.250000", False, False),
        "vcnl4010": (Vcnl4010, "0.250000", True, False),
        "vcnl4020": (Vcnl4010, "0.250000", True, False),
        "vcnl4040": (Vcnl4040, "0.100000", False, True),
        "vcnl4200": (Vcnl4200, "0.024000", False, True),
    }

    def assert_entries(self, entries):
        names = {entry.name.rpartition(",")[2] for entry in entries}
        self.assertEqual(self.CHIPS.keys() - names, set())
        for entry in entries:
            with self.subTest(entry):
                self.assert_entry(entry)

    def assert_entry(self, entry):
        chip = entry.name.rpartition(",")[2]
        if chip not in self.CHIPS:
            self.skipTest(f"the suite has no model of {entry}")
        model, unit, buffer, times = self.CHIPS[chip]
        with entry.bound(model()) as dev:
            iio = find(dev)
            self.assertEqual(iio["in_illuminance_scale"], unit)
            self.assertEqual("buffer0" in iio, buffer)
            self.assertEqual("in_illuminance_integration_time" in iio, times)
        self.assertEqual(self.guest.messages().find("wrong device id"), [])

    def test_every_compatible_selects_its_chip(self):
        self.assert_entries(self.table.compatibles)

    def test_every_id_selects_its_chip(self):
        self.assert_entries(self.table.ids)
