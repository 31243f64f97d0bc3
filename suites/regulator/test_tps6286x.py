# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/regulator/tps6286x-regulator.c: voltage, mode, power and probe.

The model and the datasheets are in tps6286x.py. Times and what the devicetree
constrains are in test_tps6286x_board.py.

Later drivers keep the registers in a cache. So what a test finds in the chip it
puts there before the driver is bound, and a read that is not made is no
failure.
"""

import contextlib
import errno

from roadtest import (
    Device,
    GuestError,
    NoDeviceError,
    TestCase,
    mark,
    requires_kernel,
)
from roadtest.driver import MatchTable
from roadtest.regulator import Consumer, Output
from tps6286x import HIGHEST, LOWEST, STEP, TPS6286x

# include/dt-bindings/regulator/ti,tps62864.h
MODE_NORMAL, MODE_FPWM = 0, 1


def regulators(more="", label="sw:"):
    """The node of the regulator, which may have all voltages and modes; with
    ``more`` properties."""
    return f"""
    regulators {{
        {label} SW {{
            regulator-name = "core";
            regulator-min-microvolt = <300000>;
            regulator-max-microvolt = <1700000>;
            regulator-allowed-modes = <{MODE_NORMAL} {MODE_FPWM}>;
            {more}
        }};
    }};
"""


class RegulatorTest(TestCase):
    device = Device("ti,tps62864", model=TPS6286x, properties=regulators())

    @contextlib.contextmanager
    def bound(self, **registers):
        """The driver is bound to a chip that comes up with these registers."""
        if self.dev.driver:
            self.dev.unbind()
        for name, value in registers.items():
            getattr(self.chip, name).value = value
        self.dev.bind()
        yield
        self.dev.unbind()

    def assert_each_nak_gives_eio(self, act, done, undo=lambda: None):
        """Whichever message of ``act`` is not acknowledged: it gives EIO, or
        it could do without and has ``done`` it. A write it can't do
        without."""
        for message in range(20):
            self.chip.inject(after=message)
            with self.subTest(message=message):
                with self.chip.traffic() as traffic:
                    error = None
                    try:
                        act()
                    except GuestError as caught:
                        error = caught.errno
                self.chip.inject(count=0)
                self.assertIn(error, (None, errno.EIO))
                if error is None:
                    self.assertTrue(done())
                elif len(traffic.failed.values[0]) > 1:
                    self.assertFalse(done())
            if not traffic.failed:
                break
            if len(traffic.failed.values[0]) > 1:
                self.assertEqual(error, errno.EIO)
            undo()
        self.assertGreater(message, 0)
        self.assertLess(message, 19)

    def skip_if_cached(self, attribute):
        """A reading that does not ask the chip can't fail."""
        with self.chip.traffic() as traffic:
            self.dev.regulator[attribute]
        if not traffic.reads:
            self.skipTest("this driver has a cache of the registers")


class Consumed(RegulatorTest):
    consumer = Consumer("sw")
    forced = Device(
        "ti,tps62864", model=TPS6286x, bind=False,
        properties=regulators(f"regulator-initial-mode = <{MODE_FPWM}>;", ""),
    )  # fmt: skip

    # The voltage

    def test_every_voltage_is_written(self):
        consumer = self.consumer.bind()
        consumer.set_voltage(HIGHEST)
        with self.chip.traffic() as traffic:
            # of a range the lowest voltage that there is
            for microvolts in range(LOWEST, HIGHEST + 1, STEP):
                consumer["min_microvolts"] = microvolts
                self.assertEqual(self.chip.microvolts, microvolts)
        traffic.assert_writes(*[("VOUT1", n) for n in range(256)])

    def test_voltage_that_the_chip_comes_up_with(self):
        for selector in 0x00, 0x01, 0x02, 0x14, 0x28, 0x50, 0xA0, 0xFF:
            with self.subTest(selector), self.bound(VOUT1=selector):
                self.assertEqual(
                    self.dev.regulator["microvolts"],
                    str(LOWEST + selector * STEP),
                )

    @mark("rfc")
    def test_voltage(self):
        consumer = self.consumer.bind()
        for microvolts, selector in (
            (400_000, 0x00), (405_000, 0x01), (900_000, 0x64),
            (1_040_000, 0x80), (1_675_000, 0xFF),
        ):  # fmt: skip
            with self.subTest(microvolts):
                consumer.set_voltage(microvolts)
                self.assertEqual(self.chip.VOUT1.value, selector)
                self.assertEqual(self.dev.regulator.microvolts, microvolts)

    def test_of_a_range_the_lowest_step_is_taken(self):
        consumer = self.consumer.bind()
        for lowest, highest, microvolts in (
            (901_000, 909_999, 905_000), (900_001, 905_000, 905_000),
            (300_000, 500_000, 400_000), (1_671_000, 1_700_000, 1_675_000),
        ):  # fmt: skip
            with self.subTest(lowest):
                consumer.set_voltage(lowest, highest)
                self.assertEqual(self.chip.microvolts, microvolts)

    def test_out_of_range_gives_einval_and_writes_nothing(self):
        consumer = self.consumer.bind()
        for microvolts in LOWEST - STEP, HIGHEST + STEP:
            with self.subTest(microvolts), self.assertGuestError(errno.EINVAL):
                consumer.set_voltage(microvolts)
        self.chip.traffic().assert_writes()

    def test_between_two_steps_gives_einval_and_writes_nothing(self):
        consumer = self.consumer.bind()
        with self.assertGuestError(errno.EINVAL):
            consumer.set_voltage(901_000, 904_000)
        self.chip.traffic().assert_writes()

    def test_limits_are_those_of_the_chip(self):
        # the devicetree has a wider range
        regulator = self.dev.regulator
        self.assertEqual(regulator["min_microvolts"], str(LOWEST))
        self.assertEqual(regulator["max_microvolts"], str(HIGHEST))

    def test_the_other_registers_are_left_alone(self):
        with self.chip.traffic() as traffic:
            consumer = self.consumer.bind()
            consumer.set_voltage(1_000_000)
            consumer.set_mode("fast")
            consumer.disable()
        for register in TPS6286x.VOUT2, TPS6286x.STATUS:
            traffic.assert_none(register.read(), register.write())

    def test_nak_at_a_voltage_gives_eio_and_the_next_one_works(self):
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        self.assert_each_nak_gives_eio(
            lambda: consumer.set_voltage(1_100_000),
            lambda: self.chip.microvolts == 1_100_000,
            lambda: consumer.set_voltage(1_000_000),
        )

    def test_nak_at_a_reading_gives_eio(self):
        self.skip_if_cached("microvolts")
        for message in range(2):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    self.dev.regulator["microvolts"]
        self.assertEqual(self.dev.regulator.microvolts, 900_000)

    # The mode

    @mark("rfc")
    def test_modes(self):
        consumer = self.consumer.bind()
        for mode, fpwm in ("fast", 1), ("normal", 0), ("fast", 1):
            with self.subTest(mode):
                consumer.set_mode(mode)
                self.assertEqual(self.chip.CONTROL.FPWM, fpwm)
                self.assertEqual(self.dev.regulator.opmode, mode)

    @mark("rfc")
    def test_forced_pwm_from_the_devicetree(self):
        self.forced.bind()
        self.forced.chip.traffic().assert_writes(("CONTROL", 0x7F))
        self.assertEqual(self.forced.regulator.opmode, "fast")

    def test_mode_changes_its_bit_alone(self):
        for others in 0x00, 0x6F, 0x20, 0x4F:
            with self.subTest(hex(others)), self.bound(CONTROL=others):
                consumer = self.consumer.bind()
                with self.chip.traffic() as traffic:
                    consumer.set_mode("fast")
                    consumer.set_mode("normal")
                consumer.unbind()
                traffic.assert_writes(
                    ("CONTROL", others | 0x10), ("CONTROL", others)
                )

    def test_mode_that_is_set_is_not_written_again(self):
        consumer = self.consumer.bind()
        with self.chip.traffic() as traffic:
            consumer.set_mode("normal")
        traffic.assert_writes()

    def test_mode_is_read_from_its_bit(self):
        for value, mode in (
            (0x10, "fast"), (0x6F, "normal"), (0x7F, "fast"), (0, "normal"),
        ):  # fmt: skip
            with self.subTest(hex(value)), self.bound(CONTROL=value):
                self.assertEqual(self.dev.regulator["opmode"], mode)

    def test_modes_that_save_more_are_normal(self):
        consumer = self.consumer.bind()
        for mode in "idle", "standby":
            with self.subTest(mode):
                consumer.set_mode("fast")
                consumer.set_mode(mode)
                self.assertEqual(self.chip.CONTROL.value, 0x6F)

    def test_mode_that_can_not_be_read_is_unknown(self):
        self.skip_if_cached("opmode")
        for message in range(2):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                self.assertEqual(self.dev.regulator.opmode, "unknown")

    def test_nak_at_a_mode_gives_eio_and_the_next_one_works(self):
        consumer = self.consumer.bind()
        self.assert_each_nak_gives_eio(
            lambda: consumer.set_mode("fast"),
            lambda: self.chip.CONTROL.FPWM,
            lambda: consumer.set_mode("normal"),
        )

    # Power

    def test_power_changes_its_bit_alone(self):
        for others in 0x00, 0x4F, 0x50, 0x1F:
            with self.subTest(hex(others)), self.bound(CONTROL=others):
                consumer = self.consumer.bind()
                with self.chip.traffic() as traffic:
                    consumer.set_voltage(900_000)  # as it comes up
                    consumer.disable()
                consumer.unbind()
                traffic.assert_writes(
                    ("CONTROL", others | 0x20), ("CONTROL", others)
                )

    def test_power_that_is_on_is_not_switched(self):
        consumer = self.consumer.bind()
        consumer.set_voltage(900_000)
        self.chip.traffic().assert_writes()

    def test_state_is_read_from_its_bit(self):
        for value, state in (
            (0x20, "enabled"), (0x6F, "enabled"), (0x5F, "disabled"),
        ):  # fmt: skip
            with self.subTest(hex(value)), self.bound(CONTROL=value):
                self.assertEqual(self.dev.regulator["state"], state)

    def test_state_that_can_not_be_read_is_unknown(self):
        self.skip_if_cached("state")
        for message in range(2):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                self.assertEqual(self.dev.regulator["state"], "unknown")

    def test_users_are_counted(self):
        regulator = self.dev.regulator
        self.assertEqual(regulator["num_users"], "0")
        consumer = self.consumer.bind()
        consumer.set_voltage(900_000)
        self.assertEqual(regulator["num_users"], "1")
        consumer.disable()
        self.assertEqual(regulator["num_users"], "0")

    def test_nak_at_switching_on_gives_eio_and_the_next_one_works(self):
        with self.bound(CONTROL=0x4F):
            consumer = self.consumer.bind()
            self.assert_each_nak_gives_eio(
                lambda: consumer.set_voltage(900_000),
                lambda: self.chip.CONTROL.SWEN,
            )
            consumer.unbind()

    def test_nak_at_switching_off_gives_eio_and_the_next_one_works(self):
        consumer = self.consumer.bind()
        consumer.set_voltage(900_000)
        self.assert_each_nak_gives_eio(
            consumer.disable, lambda: not self.chip.CONTROL.SWEN
        )


@requires_kernel("6.2", "reg-userspace-consumer has no devicetree")
class Switch(RegulatorTest):
    output = Output("sw")

    def test_power_is_switched_by_its_only_user(self):
        output = self.output.bind()
        with self.chip.traffic() as traffic:
            output.disable()
            output.enable()
        traffic.assert_writes(("CONTROL", 0x4F), ("CONTROL", 0x6F))


class Probe(RegulatorTest):
    device = RegulatorTest.device.replace(bind=False)

    def test_reads_and_writes_nothing(self):
        self.dev.bind()
        self.chip.traffic().assert_writes()
        self.assertEqual(self.dev.driver, "tps6286x")

    def test_regulator_is_that_of_the_node(self):
        self.dev.bind()
        regulator = self.dev.regulator
        self.assertEqual(regulator["name"], "core")
        self.assertEqual(regulator["type"], "voltage")
        self.assertEqual(regulator["requested_microamps"], "0")
        for state in "standby", "mem", "disk":
            self.assertEqual(regulator[f"suspend_{state}_state"], "disabled")

    def test_nak_at_the_voltage_gives_eio_and_the_next_probe_works(self):
        for message in range(2):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    self.dev.bind()
        self.assertEqual(
            len(self.dev.messages().find("Failed to register tps6286x regulator")),
            2,
        )
        self.dev.bind()
        self.assertEqual(self.dev.regulator.microvolts, 900_000)

    def test_nak_later_is_no_matter(self):
        for message in range(2, 8):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                self.dev.bind()
                self.chip.inject(count=0)
                self.assertEqual(self.dev.regulator.microvolts, 900_000)
                self.dev.unbind()

    def test_unbind_removes_the_regulator_and_leaves_the_chip(self):
        self.dev.bind()
        with self.chip.traffic() as traffic:
            self.dev.unbind()
        traffic.assert_none()
        with self.assertRaises(NoDeviceError):
            self.dev.regulator


class Tables(TestCase):
    """Each entry of the match tables."""

    parts = ["tps62864", "tps62866", "tps62868", "tps62869"]
    table = MatchTable("tps6286x-regulator", properties=regulators(label=""))

    def test_every_compatible_binds(self):
        entries = self.table.compatibles
        self.assertEqual([e.name for e in entries], [f"ti,{p}" for p in self.parts])
        for entry in entries:
            with self.subTest(entry), entry.bound(TPS6286x()) as dev:
                self.assertEqual(dev.driver, "tps6286x")
                self.assertEqual(dev.regulator.microvolts, 900_000)

    def test_every_id_binds_without_devicetree(self):
        entries = self.table.ids
        self.assertEqual([e.name for e in entries], self.parts)
        for entry in entries:
            with self.subTest(entry), entry.bound(TPS6286x()) as dev:
                self.assertEqual(dev.driver, "tps6286x")
