# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.driver and the devices' methods: binding, aliases, match tables,
deferred probes."""

from __future__ import annotations

import errno
import unittest

from roadtest import (
    Device,
    DtFragment,
    GuestError,
    I2CDriver,
    NoDeviceError,
    NoDriverError,
    TestCase,
    UsageError,
)
from roadtest.driver import (
    MatchTable,
    autoprobe,
    coldplug,
    deferred,
    i2c_device,
    match_table,
    new_device,
    platform_device,
)

from chips import Lm75, Memory, Tsl2772, Vcnl4040
from inner import run


class Bound(TestCase):
    device = Device("national,lm75", model=Lm75)

    def test_it_is_its_path(self) -> None:
        self.assertEqual(self.dev.path, self.dev)
        self.assertEqual((self.dev.path / "name").read_text(), "lm75\n")
        device = i2c_device(self.dev.addr)
        self.assertEqual(device.path, self.dev.path)
        self.assertEqual(device.hwmon["name"], "lm75")

    def test_driver_and_module_are_named(self) -> None:
        self.assertEqual((self.dev.driver, self.dev.module), ("lm75", "lm75"))
        self.dev.unbind()
        self.assertEqual((self.dev.driver, self.dev.module), (None, None))

    def test_the_modalias_is_what_udev_is_told(self) -> None:
        self.assertRegex(self.dev.modalias, "^of:Ndevice.*Cnational,lm75$")
        self.assertEqual(self.dev.uevent["DRIVER"], "lm75")

    def test_rebind_probes_again(self) -> None:
        before = len(self.chip.reads(Lm75.CONF))
        self.dev.rebind()
        self.assertGreater(len(self.chip.reads(Lm75.CONF)), before)
        self.assertEqual(self.dev.driver, "lm75")

    def test_rebind_has_the_errno_of_the_probe(self) -> None:
        self.chip.inject(count=None)
        with self.assertGuestError(errno.EIO):
            self.dev.rebind()
        self.chip.inject(count=0)

    def test_without_a_driver_unbind_rebind_and_reload_say_so(self) -> None:
        self.dev.unbind()
        for call in self.dev.unbind, self.dev.rebind, self.dev.reload:
            with self.subTest(call), self.assertRaises(NoDriverError):
                call()

    def test_what_is_bound_is_not_probed_again(self) -> None:
        with self.assertRaises(GuestError) as caught:
            self.dev.bind("lm75")
        self.assertEqual(caught.exception.errno, errno.EBUSY)
        with self.assertRaisesRegex(AssertionError, "without .* probe function"):
            with self.assertGuestError(errno.EBUSY):
                self.dev.bind("lm75")

    def test_reload_gives_the_module_its_parameters(self) -> None:
        # a parameter that every module has (dynamic debug)
        self.dev.reload("dyndbg=+p")
        self.assertEqual(self.dev.driver, "lm75")
        control = self.guest / "sys/kernel/debug/dynamic_debug/control"
        lines = [n for n in control.read_text().splitlines() if "[lm75]" in n]
        self.assertTrue(lines)
        self.assertEqual([n for n in lines if "=p" not in n], [])
        self.dev.reload()
        lines = [n for n in control.read_text().splitlines() if "[lm75]" in n]
        self.assertEqual([n for n in lines if "=p" in n], [])

    def test_what_was_known_of_the_driver_is_forgotten(self) -> None:
        before = self.dev.hwmon
        self.dev.rebind()
        self.assertIsNot(self.dev.hwmon, before)
        self.dev.unbind()
        with self.assertRaises(NoDeviceError):
            self.dev.hwmon
        for missing in "iio", "rtc", "regulator":
            with self.subTest(missing), self.assertRaises(NoDeviceError):
                getattr(self.dev, missing)


class InUse(TestCase):
    device = Device("vishay,vcnl4040", model=Vcnl4040)

    def test_a_module_in_use_is_not_reloaded(self) -> None:
        with self.dev.iio.open():
            with self.assertGuestError(errno.EAGAIN):
                self.dev.reload()
        self.dev.reload()
        self.assertEqual(self.dev.driver, "vcnl4000")


class Unbound(TestCase):
    bind = False
    device = Device("national,lm75", model=Lm75)
    unknown = Device("none,such", model=Memory)

    def test_autoload_loads_and_binds_nothing(self) -> None:
        self.assertEqual(self.dev.autoload(), ["lm75"])
        self.assertIn("lm75", self.guest.modules)
        self.assertIsNone(self.dev.driver)

    def test_without_a_module_there_is_no_errno(self) -> None:
        for call in self.unknown.autoload, self.unknown.bind:
            with self.subTest(call):
                with self.assertRaisesRegex(NoDriverError, "none,such"):
                    call()
                with self.assertRaises(NoDriverError):
                    with self.assertGuestError(errno.ENODEV):
                        call()

    def test_a_longer_name_is_another_one(self) -> None:
        with new_device("tmp102x") as device:
            with self.assertRaises(NoDriverError):
                device.autoload()

    def test_coldplug_loads_what_there_is(self) -> None:
        (alias,) = coldplug()
        self.assertIn("national,lm75", alias)
        self.assertIn("lm75", self.guest.modules)

    def test_a_driver_that_does_not_match_gives_enodev(self) -> None:
        self.guest.insmod("tmp102")
        with self.assertRaises(GuestError) as caught:
            self.dev.bind("tmp102")
        self.assertEqual(caught.exception.errno, errno.ENODEV)

    def test_it_is_no_errno_of_a_probe(self) -> None:
        self.guest.insmod("tmp102")
        for bind in (
            lambda: self.dev.bind("tmp102"),
            lambda: I2CDriver("tmp102").bind(self.dev.addr).__enter__(),
        ):
            with self.assertRaisesRegex(
                AssertionError, "without having called a probe function"
            ):
                with self.assertGuestError(errno.ENODEV):
                    bind()
        log = self.guest.log
        self.assertNotIn("returned", log)  # of probes: there was none

    def test_bind_to_a_named_driver(self) -> None:
        self.guest.insmod("lm75")
        self.dev.bind("lm75")
        self.assertEqual(self.dev.driver, "lm75")

    def test_probe_lets_the_bus_find_a_driver(self) -> None:
        self.assertFalse(self.dev.probe())
        self.dev.autoload()
        self.assertTrue(self.dev.probe())
        self.assertEqual(self.dev.driver, "lm75")

    def test_autoprobe_is_on_in_the_block_alone(self) -> None:
        with autoprobe("i2c"):
            self.dev.autoload()
            self.assertEqual(self.dev.driver, "lm75")
        self.dev.unbind()
        self.guest.rmmod("lm75")
        self.dev.autoload()
        self.assertIsNone(self.dev.driver)


class WithoutAnAlias(TestCase):
    """The module has no alias for the node, and the kernel matches all the
    same, by the I2C name."""

    bind = False
    device = Device("acme,lm75", model=Lm75)
    known = Device("national,lm75", model=Lm75)
    builtin = Device("acme,dummy")  # of the I2C core
    unknown = Device("acme,nothing", model=Memory)

    def test_it_is_found_by_its_i2c_name_with_a_warning(self) -> None:
        self.dev.bind()
        self.assertEqual(self.dev.driver, "lm75")
        warning = self.dev.node.warning or ""
        self.assertIn("lm75 does not autoload from the devicetree", warning)
        self.assertIn("Cacme,lm75", warning)
        self.assertIn("found by its I2C name", warning)

    def test_autoloads_tells_them_apart(self) -> None:
        self.dev.bind()
        self.assertFalse(self.dev.autoloads)
        self.known.bind()
        self.assertTrue(self.known.autoloads)
        self.assertIsNone(self.known.node.warning)

    def test_one_that_is_built_in_is_found_without_a_warning(self) -> None:
        self.builtin.bind()
        self.assertEqual(self.builtin.driver, "dummy")
        self.assertIsNone(self.builtin.node.warning)
        self.assertTrue(self.builtin.autoloads)

    def test_a_device_by_its_path_does_so_too(self) -> None:
        device = i2c_device(self.dev.addr)
        device.bind()
        self.assertEqual(device.driver, "lm75")
        device = i2c_device(self.builtin.addr)
        device.unbind()  # the kernel has bound it at boot
        device.bind()
        self.assertEqual(device.driver, "dummy")

    def test_probe_errors_are_the_drivers(self) -> None:
        self.chip.inject(count=None)
        with self.assertGuestError(errno.EIO) as caught:
            self.dev.bind()
        self.assertIn("the probe of lm75 failed", str(caught.exception))
        self.chip.inject(count=0)

    def test_without_any_driver_both_names_are_told(self) -> None:
        with self.assertRaisesRegex(NoDriverError, "i2c:nothing") as caught:
            self.unknown.bind()
        self.assertIn("no driver that is loaded", str(caught.exception))


class ProbeThatFails(TestCase):
    device = Device(
        "amstaos,tsl2772", lambda: Tsl2772(0x50), bind=False,
        properties="vdd-supply = <&vdd>; vddio-supply = <&vio>;",
    )  # fmt: skip

    def said(self, driver: str | None) -> list[str]:
        """The lines of the error, without the time of those of the log."""
        with self.assertGuestError(errno.EINVAL) as caught:
            self.dev.bind(driver)
        lines = str(caught.exception).split("\n")
        return [line.partition("] ")[2] or line for line in lines]

    def test_its_error_has_what_the_driver_said_of_the_device(self) -> None:
        expected = [
            f"{self.dev}: the probe of tsl2772 failed with EINVAL",
            f"tsl2772 {self.dev.id}: tsl2772_probe: i2c device found does not "
            "match expected id",
        ]
        self.assertEqual(self.said(None), expected)
        with self.subTest("to a driver that is named"):
            self.assertEqual(self.said("tsl2772"), expected)


class AnyDevice(TestCase):
    """Devices that no test class declared."""

    def test_a_platform_device_is_bound_again_after_the_test(self) -> None:
        class Inner(TestCase):
            drivers: list[str | None] = []

            def test_a(self) -> None:
                supply = platform_device("regulator-vio")
                self.drivers.append(supply.driver)
                supply.unbind()
                self.drivers.append(supply.driver)

            def test_b(self) -> None:
                supply = platform_device("regulator-vio")
                self.drivers.append(supply.driver)
                supply.rebind()
                self.drivers.append(supply.driver)

        self.assertEqual(run(Inner).passed, ["test_a", "test_b"])
        fixed = "reg-fixed-voltage"
        self.assertEqual(Inner.drivers, [fixed, None, fixed, fixed])

    def test_a_driver_that_is_built_in_has_no_module(self) -> None:
        self.assertIsNone(platform_device("regulator-vio").module)

    def test_there_is_no_such_device(self) -> None:
        with self.assertRaises(NoDeviceError):
            i2c_device(0x42)
        with self.assertRaises(NoDeviceError):
            platform_device("none")

    def test_a_new_device_is_gone_behind_its_block(self) -> None:
        chip = Lm75()
        with new_device("tmp75", chip, addr=0x42) as device:
            self.assertEqual(device, i2c_device(0x42))
            self.assertEqual(device.modalias, "i2c:tmp75")
            self.assertIsNone(device.driver)
            device.bind()
            self.assertEqual((device.driver, device.module), ("lm75", "lm75"))
            self.assertNotEqual(chip.reads(Lm75.CONF), [])
        self.assertFalse(device.exists())
        self.assertFalse(chip.attached)

    def test_a_number_in_place_of_the_model_is_refused(self) -> None:
        for error, text, use in (
            (TypeError, r"new_device\('tmp75', addr=0x48\)",
             lambda: new_device("tmp75", 0x48)),  # type: ignore[arg-type]
            (ValueError, "7 bits.*0x123", lambda: new_device("a", addr=0x123)),
            (TypeError, "addr=0x48", lambda: Device("a,b", 0x48)),  # type: ignore
            (TypeError, "number, not '0-0048'", lambda: i2c_device("0-0048")),  # type: ignore
            (TypeError, "a name, not 3", lambda: platform_device(3)),  # type: ignore
            (TypeError, "model is attached, not 72",
             lambda: self.board.attach(0x48, None)),  # type: ignore[arg-type]
        ):  # fmt: skip
            with self.subTest(text), self.assertRaisesRegex(error, text):
                made = use()
                made.__enter__()  # type: ignore[union-attr]

    def test_a_new_device_that_no_driver_knows_has_none(self) -> None:
        with new_device("none") as device:
            with self.assertRaises(NoDriverError):
                device.bind()

    def test_two_new_devices_at_one_address_give_ebusy(self) -> None:
        with new_device("tmp75", addr=0x42):
            with self.assertGuestError(errno.EBUSY):
                with new_device("tmp75", addr=0x42):
                    pass


class Tables(TestCase):
    table = MatchTable("lm75")

    def test_every_compatible_binds(self) -> None:
        names = []
        for entry in self.table.compatibles:
            with self.subTest(entry), entry.bound(Memory()) as dev:
                self.assertEqual(dev.driver, "lm75")
                self.assertIn(f"C{entry.name}", dev.modalias)
                (hwmon,) = dev.glob("hwmon/hwmon*/name")
                names.append(hwmon.read_text().strip())
        _, chips = zip(*(e.name.split(",") for e in self.table.compatibles))
        self.assertEqual(names, list(chips))
        self.assertIn("tmp75", names)

    def test_every_id_binds_without_devicetree(self) -> None:
        names = []
        for entry in self.table.ids:
            with self.subTest(entry), entry.bound(Memory()) as dev:
                self.assertFalse((dev / "of_node").exists())
                (hwmon,) = dev.glob("hwmon/hwmon*/name")
                names.append(hwmon.read_text().strip())
        self.assertEqual(names, [entry.name for entry in self.table.ids])
        self.assertIn("tmp75", names)

    def test_the_tables_are_those_of_the_module(self) -> None:
        table = match_table("rtc-pcf8563")
        self.assertEqual(table.i2c, ["pca8565", "pcf8563", "rtc8564"])
        self.assertIn("microcrystal,rv8564", table.compatibles)
        virtual = match_table("virtual")
        self.assertEqual(virtual.platform, ["reg-virt-consumer"])
        self.assertEqual(
            virtual.compatibles, ["regulator-virtual-consumer"]
        )

    def test_a_module_without_aliases_is_an_error(self) -> None:
        with self.assertRaisesRegex(UsageError, "MODULE_DEVICE_TABLE"):
            match_table("industrialio")


class TablesOfChipsThatDiffer(TestCase):
    """The test chooses the model by the entry's name."""

    table = MatchTable("tsl2772", "vdd-supply = <&vdd>;")

    def model(self, name: str) -> Tsl2772:
        if name.endswith(("tsl2571", "tsl2671", "tsl2771")):
            return Tsl2772(0x00)
        return Tsl2772(0x20 if name.endswith(("tmd2671", "tmd2771")) else 0x30)

    def test_every_entry_binds(self) -> None:
        entries = self.table.compatibles + self.table.ids
        for entry in entries:
            with self.subTest(entry), entry.bound(self.model(entry.name)) as dev:
                self.assertEqual(dev.driver, "tsl2772")
            self.assertIsNone(dev.driver)
        self.assertGreaterEqual(len(entries), 22)

    def test_a_probe_that_fails_is_the_error_of_the_entry(self) -> None:
        with self.assertGuestError(errno.EINVAL):
            with self.table.compatibles[0].bound(Tsl2772(0x50)):
                pass


class Supplies(TestCase):
    """A supply that comes after the chip. The driver core itself sees that
    the supplier is not there, and does not call the driver's probe."""

    supply = DtFragment(
        """
/ {
    late: regulator-late {
        compatible = "regulator-fixed";
        regulator-name = "late";
        regulator-min-microvolt = <3300000>;
        regulator-max-microvolt = <3300000>;
    };
};
"""
    )
    device = Device(
        "amstaos,tsl2772",
        model=Tsl2772,
        properties="vdd-supply = <&late>; vddio-supply = <&vio>;",
        bind=False,
    )
    reason = "supplier regulator-late not ready"

    def setUp(self) -> None:
        self.late = platform_device("regulator-late")
        self.late.unbind()

    def test_bind_gives_eagain_until_the_supply_is_there(self) -> None:
        with self.assertGuestError(errno.EAGAIN):
            self.dev.bind()
        self.assertEqual(self.chip.messages, 0)
        self.late.bind("reg-fixed-voltage")
        self.dev.bind()
        self.assertEqual(self.dev.driver, "tsl2772")
        self.assertNotEqual(self.chip.registers[Tsl2772.ENABLE], 0)

    def test_the_kernel_probes_again_when_the_supply_comes(self) -> None:
        with autoprobe("i2c"):
            self.dev.autoload()
            self.assertIsNone(self.dev.driver)
            self.assertRegex(deferred()[self.dev.id], self.reason)
            self.late.bind("reg-fixed-voltage")
            self.clock.settle()
            self.assertEqual(self.dev.driver, "tsl2772")
            self.assertEqual(deferred(), {})

    def test_without_autoprobe_it_stays_deferred(self) -> None:
        self.dev.autoload()
        self.assertFalse(self.dev.probe())
        self.assertIn(self.dev.id, deferred())
        self.late.bind("reg-fixed-voltage")
        self.clock.advance(1)
        self.assertIsNone(self.dev.driver)
        self.assertTrue(self.dev.probe())


class SuppliesWithoutLinks(Supplies):
    """The same, with the driver core kept out of it: the driver's own probe
    asks for the supply and defers."""

    machine_options = {"kernel_args": "fw_devlink=off"}
    reason = "Failed to get regulators"


if __name__ == "__main__":
    unittest.main()
