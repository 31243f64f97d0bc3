# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.regulator on a real guest: TI's TPS62864, and a fixed regulator."""

from __future__ import annotations

import errno
from pathlib import Path

from roadtest import Device, DtFragment, DtVar, NoDeviceError, TestCase
from roadtest import known_bug, requires_kernel
from roadtest.driver import platform_device
from roadtest.models import Register, RegisterModel
from roadtest.regulator import Consumer, Output, find


class Buck(RegisterModel):
    """TI TPS62864 as far as its driver uses it (datasheet SLVSEI1C, 8.6)."""

    VOUT1 = Register(0x01, reset=0x64)
    CONTROL = Register(0x03, reset=0x6F, fields={"SWEN": 5, "FPWM": 4})


SW = """
    regulators {
        sw: SW {
            regulator-name = "core";
            regulator-min-microvolt = <500000>;
            regulator-max-microvolt = <1200000>;
            regulator-allowed-modes = <0 1>;
        };
    };
"""


class RegulatorTest(TestCase):
    device = Device("ti,tps62864", model=Buck, properties=SW)


class Sysfs(RegulatorTest):
    def test_a_regulator_is_found_by_its_parent(self) -> None:
        core = self.dev.regulator
        self.assertEqual(core["name"], "core")
        self.assertEqual((core.microvolts, core.opmode), (900_000, "normal"))
        self.assertTrue(core.enabled)
        self.assertEqual(core.users, 0)
        self.assertEqual(find(self.dev, "core")["type"], "voltage")

    def test_one_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(NoDeviceError, "no regulator io"):
            find(self.dev, "io")
        self.dev.unbind()
        with self.assertRaisesRegex(NoDeviceError, "is a driver bound"):
            find(self.dev)


class Virtual(RegulatorTest):
    consumer = Consumer("sw")

    def test_a_voltage_is_one_request_and_power(self) -> None:
        self.chip.CONTROL.SWEN = 0
        consumer = self.consumer.bind()
        with self.chip.traffic() as traffic:
            consumer.set_voltage(1_000_000)
        traffic.assert_writes(("VOUT1", 120), Buck.CONTROL.write(SWEN=1))
        self.assertEqual(self.dev.regulator.users, 1)

    def test_each_further_range_is_one_request_too(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        for lowest, highest in (
            (600_000, 700_000), (500_000, 1_200_000), (1_100_000, 1_100_000),
            (1_000_000, 1_150_000), (650_000, 1_050_000),
        ):  # fmt: skip
            with self.subTest(lowest), self.chip.traffic() as traffic:
                consumer.set_voltage(lowest, highest)
            traffic.assert_write_once(("VOUT1", lowest // 5000 - 80))
            traffic.assert_none(Buck.CONTROL.write())
        self.assertEqual(consumer["min_microvolts"], "650000")
        self.assertEqual(consumer["max_microvolts"], "1050000")

    def test_a_voltage_out_of_the_constraints_gives_einval(self) -> None:
        consumer = self.consumer.bind()
        for volts in (499_000, 499_999), (1_201_000, 1_300_000):
            with self.subTest(volts), self.assertGuestError(errno.EINVAL):
                consumer.set_voltage(*volts)
        self.assertEqual(self.chip.writes(Buck.VOUT1), [])
        consumer.set_voltage(500_000)
        with self.assertGuestError(errno.EINVAL) as caught:
            consumer.set_voltage(1_300_000)
        self.assertIn("regulator_set_voltage() failed", str(caught.exception))
        consumer.set_voltage(505_000)
        self.assertEqual(self.chip.writes(Buck.VOUT1).values, [20, 21])

    def test_a_range_between_two_steps_gives_einval_and_no_voltage(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        with self.chip.traffic() as traffic:
            with self.assertGuestError(errno.EINVAL):
                consumer.set_voltage(601_000, 604_000)
        traffic.assert_writes()

    def test_what_is_no_range_is_refused(self) -> None:
        consumer = self.consumer.bind()
        for volts in (0, 5), (6, 5), (-1, 5), (1, 2**31):
            with self.subTest(volts), self.assertRaises(ValueError):
                consumer.set_voltage(*volts)
            with self.subTest(volts), self.assertRaises(ValueError):
                consumer.set_current_limit(*volts)

    def test_no_voltage_is_no_power(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        with self.chip.traffic() as traffic:
            consumer.disable()
        traffic.assert_writes(Buck.CONTROL.write(SWEN=0))
        self.assertFalse(self.dev.regulator.enabled)
        with self.chip.traffic() as traffic:
            consumer.set_voltage(900_000)
        traffic.assert_writes(("VOUT1", 100), Buck.CONTROL.write(SWEN=1))

    def test_unbind_takes_power_back(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        consumer.unbind()
        self.assertEqual(self.chip.CONTROL.SWEN, 0)

    def test_modes(self) -> None:
        consumer = self.consumer.bind()
        self.assertEqual(consumer.mode, "normal")
        consumer.set_mode("fast")
        self.assertEqual(consumer.mode, "fast")
        self.assertEqual(self.dev.regulator.opmode, "fast")
        self.assertEqual(self.chip.CONTROL.FPWM, 1)
        with self.assertRaisesRegex(ValueError, "fast, normal"):
            consumer.set_mode("slow")

    def test_errors_of_the_chip_are_raised(self) -> None:
        consumer = self.consumer.bind()
        self.chip.inject(count=None)
        with self.assertGuestError(errno.EIO):
            consumer.set_voltage(1_000_000)
        with self.assertGuestError(errno.EIO):
            consumer.set_mode("fast")
        self.chip.inject(count=0)

    def test_a_limit_of_current_that_the_chip_has_not_gives_an_error(self) -> None:
        consumer = self.consumer.bind()
        with self.assertGuestError(errno.EINVAL) as caught:
            consumer.set_current_limit(1000, 2000)
        self.assertIn("current_limit", str(caught.exception))

    def test_it_is_deferred_while_there_is_no_regulator(self) -> None:
        self.dev.unbind()
        with self.assertGuestError(errno.EAGAIN):
            self.consumer.bind()
        self.dev.bind()
        self.consumer.bind().set_voltage(1_000_000)
        self.assertEqual(self.chip.VOUT1.value, 120)


NO_OUTPUT = "reg-userspace-consumer has no devicetree"


@requires_kernel("6.2", NO_OUTPUT)
class Userspace(RegulatorTest):
    output = Output("&sw")

    def test_power_is_switched(self) -> None:
        output = self.output.bind()
        self.assertTrue(output.enabled)  # as the chip comes up
        output.disable()
        self.assertFalse(output.enabled)
        self.assertEqual(self.chip.CONTROL.SWEN, 0)
        output.enable()
        self.assertTrue(output.enabled)
        self.assertEqual(self.chip.CONTROL.SWEN, 1)

    def test_errors_of_the_chip_are_raised(self) -> None:
        output = self.output.bind()
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            output.disable()
        self.assertTrue(output.enabled)

    @known_bug(
        r"WARNING: .*_regulator_put",
        "regulator_userspace_consumer_remove() leaves the power on that it has "
        "for a node of the devicetree, and gives the regulator back",
    )
    def test_unbind_while_power_is_on_is_clean(self) -> None:
        self.output.bind().unbind()


@requires_kernel("6.2", NO_OUTPUT)
class Shared(RegulatorTest):
    output = Output("sw")
    consumer = Consumer("sw", name="other-consumer")

    def test_an_output_wants_the_regulator_alone(self) -> None:
        self.consumer.bind()
        with self.assertGuestError(errno.EBUSY, errno.EPERM):
            self.output.bind()


class Current(TestCase):
    """The kernel's gpio-regulator, which limits a current by a line."""

    dts = DtFragment(
        src="""
&{/} {
    limiter: current-limiter {
        compatible = "regulator-gpio";
        regulator-name = "limiter";
        regulator-type = "current";
        regulator-min-microamp = <100000>;
        regulator-max-microamp = <500000>;
        gpios = <&gpio $pin$ 0>;
        gpios-states = <0>;
        states = <100000 0>, <500000 1>;
    };
};
""",
        variables={"pin": DtVar.GPIO_PIN},
    )
    consumer = Consumer("limiter")

    def setUp(self) -> None:
        kernel = Path(self.machine.kernel or "")
        if "gpio-regulator.ko" not in {path.name for path in kernel.rglob("*.ko")}:
            self.skipTest("the kernel has no CONFIG_REGULATOR_GPIO=m")
        self.device = platform_device("current-limiter")
        self.device.bind()

    def test_a_limit_is_asked_for_and_power(self) -> None:
        limiter = find(self.device)
        line = self.board.gpio[self.dts["pin"]]
        consumer = self.consumer.bind()
        users = limiter.users
        self.assertEqual(line.level, 1)  # the most that its node allows
        for lowest, highest, level in (
            (100_000, 499_999, 0), (100_001, 500_000, 1), (100_000, 100_000, 0),
            (100_000, 500_000, 1),
        ):  # fmt: skip
            with self.subTest(lowest, highest=highest):
                consumer.set_current_limit(lowest, highest)
                self.assertEqual(line.level, level)
                self.assertEqual(
                    limiter["microamps"], "500000" if level else "100000"
                )
                self.assertEqual(limiter.users, users + 1)
        self.assertEqual(consumer["min_microamps"], "100000")
        self.assertEqual(consumer["max_microamps"], "500000")
        consumer.disable()
        self.assertEqual(limiter.users, users)

    def test_a_limit_between_two_gives_einval_and_changes_nothing(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_current_limit(100_001, 500_000)
        with self.board.traffic() as traffic:
            with self.assertGuestError(errno.EINVAL):
                consumer.set_current_limit(200_000, 300_000)
        traffic.assert_none()


class Fixed(TestCase):
    consumer = Consumer("vdd")

    def test_a_regulator_without_a_chip(self) -> None:
        consumer = self.consumer.bind()
        consumer.set_voltage(3_300_000)
        with self.assertGuestError(errno.EINVAL):
            consumer.set_voltage(1_800_000)
