# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the driver model does with a driver: match tables, modules, deferred
probes, sleep. An example of docs/driver-model.md, on drivers/hwmon/lm75.c."""

import errno

from roadtest import Device, DtFragment, TestCase
from roadtest.driver import MatchTable, autoprobe, deferred, platform_device
from roadtest.models import I2CModel
from roadtest.power import suspended
from test_lm75 import TMP75


class AnyChip(I2CModel):
    """Answers what every chip of the table may be asked in probe."""

    def write(self, data):
        pass

    def read(self, length):
        return bytes(length)


class EveryEntry(TestCase):
    table = MatchTable("lm75")

    def test_every_compatible_binds_and_has_its_name(self):
        for entry in self.table.compatibles:
            with self.subTest(entry), entry.bound(AnyChip()) as dev:
                self.assertEqual(dev.driver, "lm75")
                (name,) = dev.glob("hwmon/hwmon*/name")
                chip = entry.name.partition(",")[2]
                self.assertEqual(name.read_text(), chip + "\n")

    def test_every_id_binds_without_devicetree(self):
        for entry in self.table.ids:
            with self.subTest(entry), entry.bound(AnyChip()) as dev:
                self.assertEqual(dev.driver, "lm75")


class Module(TestCase):
    device = Device("ti,tmp75", model=TMP75)

    def test_driver_comes_and_goes(self):
        self.assertEqual((self.dev.driver, self.dev.module), ("lm75", "lm75"))
        self.dev.rebind()
        self.dev.reload("dyndbg=+p")  # the module's parameters
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

    def test_chip_is_shut_down_while_the_system_sleeps(self):
        with self.chip.traffic() as traffic:
            with suspended():
                self.assertEqual(self.chip.CONFIG.SD, 1)
        traffic.assert_writes(TMP75.CONFIG.write(SD=1), TMP75.CONFIG.write(SD=0))

    def test_a_chip_that_does_not_answer_stops_the_suspend(self):
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            with suspended():
                pass
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")


class LateSupply(TestCase):
    supply = DtFragment(
        """
/ {
    late: regulator-late {
        compatible = "regulator-fixed";
        regulator-name = "late";
    };
};
"""
    )
    device = Device(
        "ti,tmp75", model=TMP75, properties="vs-supply = <&late>;", bind=False
    )

    def setUp(self):
        self.late = platform_device("regulator-late")
        self.late.unbind()

    def test_probe_is_deferred(self):
        with self.assertGuestError(errno.EAGAIN):
            self.dev.bind()
        self.assertEqual(self.chip.messages, 0)

    def test_the_kernel_probes_again_when_the_supply_is_there(self):
        with autoprobe("i2c"):
            self.dev.autoload()
            self.assertIn(self.dev.id, deferred())
            self.late.bind("reg-fixed-voltage")
            self.clock.settle()
            self.assertEqual(self.dev.driver, "lm75")
