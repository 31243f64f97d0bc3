# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/regulator/tps6286x-regulator.c: times, and what the devicetree says.

Voltage, mode, power and probe by itself are in test_tps6286x.py.
"""

import errno

from roadtest import Device, DtFragment, DtVar, TestCase
from roadtest.driver import i2c_device
from roadtest.regulator import Consumer, find
from test_tps6286x import MODE_FPWM, MODE_NORMAL, RegulatorTest, regulators
from tps6286x import HIGHEST, LOWEST, TPS6286x

MS = 1_000_000  # ns


def part(label, more=""):
    """A device whose regulator has a label and further properties."""
    return Device(
        "ti,tps62864", model=TPS6286x, properties=regulators(more, f"{label}:")
    )


class Times(TestCase):
    """How long the driver waits.

    usleep_range() adds the same slack to each, so that times are compared with
    each other; what the kernel needs besides is less than half a microsecond.
    After 6.12 the slack is up to a quarter of the time (fsleep()).
    """

    @property
    def exact(self):
        """Has this kernel a fixed slack?"""
        release = self.guest.release.split(".")
        return (int(release[0]), int(release[1])) <= (6, 12)

    def assertSameTime(self, one, two, longest=0):
        """Of two waits, or of the difference of two; ``longest`` is the
        longer one then."""
        slack = max(one, two, longest) / 4
        self.assertAlmostEqual(one, two, delta=500 if self.exact else slack)

    device = part("sw")
    alike = part(
        "alike",
        "regulator-ramp-delay = <1000>; regulator-enable-ramp-delay = <3000>;",
    )
    other = part(
        "other",
        "regulator-ramp-delay = <500>; regulator-enable-ramp-delay = <7000>;",
    )
    settling = part("settling", "regulator-settling-time-us = <900>;")
    consumers = {
        name: Consumer(name)
        for name in ("sw", "alike", "other", "settling")
    }  # fmt: skip
    sw, same, changed, settled = consumers.values()

    def ramp(self, consumer, chip, start, end):
        """Nanoseconds from the write of the voltage to the end of the call."""
        consumer.set_voltage(start)
        with chip.traffic() as traffic:
            consumer.set_voltage(end)
        (write,) = traffic.writes
        return self.clock.now - write.time

    def switch_on(self, consumer, chip):
        """Nanoseconds from the write of the bit to the end of the call."""
        consumer.set_voltage(LOWEST)
        consumer.disable()
        with chip.traffic() as traffic:
            consumer.set_voltage(LOWEST)
        (write,) = traffic.writes
        return self.clock.now - write.time

    def test_a_new_voltage_is_given_a_microsecond_for_a_millivolt(self):
        consumer, chip = self.sw.bind(), self.chip
        self.clock.advance(0.1)  # from the first tick on timers are exact
        whole = self.ramp(consumer, chip, LOWEST, HIGHEST)
        # 8.6.5: the ramp is 1 mV/us, unless the driver would change it
        self.assertGreaterEqual(whole, 1_275_000)
        self.assertLess(whole, 1_500_000 if self.exact else 1_600_000)
        self.assertEqual(chip.CONTROL.RAMP, 3)
        part = self.ramp(consumer, chip, LOWEST, 500_000)
        self.assertSameTime(whole - part, 1_175_000, whole)
        self.assertSameTime(whole, self.ramp(consumer, chip, HIGHEST, LOWEST))

    def test_the_ramp_of_the_devicetree(self):
        self.clock.advance(0.1)
        times = [
            self.ramp(node.bind(), dev.chip, LOWEST, HIGHEST)
            for node, dev in (
                (self.sw, self.device), (self.same, self.alike),
                (self.changed, self.other), (self.settled, self.settling),
            )
        ]  # fmt: skip
        own, same, half, settling = times
        self.assertSameTime(own, same)
        self.assertSameTime(half - own, 1_275_000, half)
        self.assertSameTime(own, settling)

    def test_power_is_given_three_milliseconds(self):
        self.clock.advance(0.1)
        times = [
            self.switch_on(node.bind(), dev.chip)
            for node, dev in (
                (self.sw, self.device), (self.same, self.alike),
                (self.changed, self.other),
            )
        ]  # fmt: skip
        own, same, longer = times
        self.assertGreaterEqual(own, 3 * MS)
        self.assertLess(own, 4 * MS)
        self.assertSameTime(own, same)
        self.assertSameTime(longer - own, 4 * MS, longer)


class InitialMode(TestCase):
    """The names of dt-bindings/regulator/ti,tps62864.h, and their effect."""

    dts = DtFragment(
        src="""
#include <dt-bindings/regulator/ti,tps62864.h>
&i2c {
    fpwm@$fpwm$ {
        compatible = "ti,tps62864";
        reg = <0x$fpwm$>;
        regulators {
            SW {
                regulator-initial-mode = <TPS62864_MODE_FPWM>;
                regulator-allowed-modes = <TPS62864_MODE_NORMAL>;
            };
        };
    };
    normal@$normal$ {
        compatible = "ti,tps62864";
        reg = <0x$normal$>;
        regulators {
            SW {
                regulator-initial-mode = <TPS62864_MODE_NORMAL>;
            };
        };
    };
    wrong@$wrong$ {
        compatible = "ti,tps62864";
        reg = <0x$wrong$>;
        regulators {
            SW {
                regulator-initial-mode = <2>;
            };
        };
    };
};
""",
        variables={
            "fpwm": DtVar.I2C_ADDR, "normal": DtVar.I2C_ADDR,
            "wrong": DtVar.I2C_ADDR,
        },
    )  # fmt: skip

    def probe(self, name, control=0x6F):
        self.machine
        chip = TPS6286x()
        chip.CONTROL.value = control
        self.board.attach(chip, self.dts[name])
        device = i2c_device(self.dts[name])
        device.bind()
        return chip, find(device)

    def test_power_save_as_it_comes_up_is_not_written_again(self):
        chip, regulator = self.probe("normal")
        chip.traffic().assert_writes()
        self.assertEqual(regulator.opmode, "normal")

    def test_power_save_when_the_firmware_left_forced_pwm(self):
        chip, regulator = self.probe("normal", 0x7F)
        chip.traffic().assert_writes(("CONTROL", 0x6F))
        self.assertEqual(regulator.opmode, "normal")

    def test_unknown_mode_is_reported_and_changes_nothing(self):
        chip, regulator = self.probe("wrong", 0x7F)
        chip.traffic().assert_writes()
        self.assertEqual(regulator.opmode, "fast")
        self.assertIn("SW: invalid mode 2", self.guest.messages().text)

    def test_nak_gives_eio(self):
        self.machine
        chip = TPS6286x()
        self.board.attach(chip, self.dts["fpwm"])
        device = i2c_device(self.dts["fpwm"])
        for message in range(3):
            with self.subTest(message=message):
                chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    device.bind()
        device.bind()
        self.assertEqual(chip.CONTROL.value, 0x7F)


def constrained(label, more):
    """A device whose regulator has these properties alone."""
    return Device(
        "ti,tps62864", model=TPS6286x, bind=False,
        properties=f"regulators {{ {label}: SW {{ {more} }}; }};",
    )  # fmt: skip


class Constraints(TestCase):
    on = constrained("on", "regulator-boot-on;")
    always = constrained(
        "always",
        """regulator-always-on; regulator-min-microvolt = <400000>;
           regulator-max-microvolt = <1675000>;""",
    )
    fixed = constrained(
        "fixed",
        """regulator-min-microvolt = <1100000>;
           regulator-max-microvolt = <1100000>;""",
    )
    low = constrained(
        "low",
        """regulator-min-microvolt = <500000>;
           regulator-max-microvolt = <702000>;""",
    )
    fast = constrained("fast", f"regulator-allowed-modes = <{MODE_FPWM}>;")
    slow = constrained("slow", f"regulator-allowed-modes = <{MODE_NORMAL}>;")
    wrong = constrained("wrong", "regulator-allowed-modes = <2 1>;")
    load = constrained("load", "regulator-name = \"load\";")
    of_always, of_low, of_fast, of_slow, of_wrong, of_load = (
        Consumer(label)
        for label in ("always", "low", "fast", "slow", "wrong", "load")
    )

    def test_boot_on_switches_on_what_is_off(self):
        self.on.chip.CONTROL.value = 0x4F
        self.on.bind()
        self.on.chip.traffic().assert_writes(("CONTROL", 0x6F))

    def test_boot_on_leaves_on_what_is_on(self):
        self.on.bind()
        self.on.chip.traffic().assert_writes()

    def test_always_on_is_never_switched_off(self):
        self.always.chip.CONTROL.value = 0x4F
        self.always.bind()
        consumer = self.of_always.bind()
        consumer.set_voltage(900_000)
        consumer.disable()
        self.always.chip.traffic().assert_writes(("CONTROL", 0x6F))

    def test_one_voltage_is_set_by_probe(self):
        self.fixed.bind()
        self.fixed.chip.traffic().assert_writes(("VOUT1", 140))
        self.assertEqual(self.fixed.regulator.microvolts, 1_100_000)

    def test_voltage_that_is_set_already_is_not_written(self):
        self.fixed.chip.VOUT1.value = 140
        self.fixed.bind()
        self.fixed.chip.traffic().assert_writes()

    def test_voltage_over_the_limit_is_lowered_to_the_last_step_below(self):
        self.low.bind()
        self.low.chip.traffic().assert_writes(("VOUT1", 60))

    def test_voltage_out_of_the_limits_gives_einval(self):
        self.low.chip.VOUT1.value = 40
        self.low.bind()
        consumer = self.of_low.bind()
        for microvolts in 495_000, 705_000:
            with self.subTest(microvolts), self.assertGuestError(errno.EINVAL):
                consumer.set_voltage(microvolts)
        consumer.set_voltage(500_000)
        self.low.chip.traffic().assert_writes(("VOUT1", 20))

    def test_modes_that_are_not_allowed(self):
        self.slow.bind()
        consumer = self.of_slow.bind()
        with self.assertGuestError(errno.EINVAL):
            consumer.set_mode("fast")
        self.slow.chip.traffic().assert_writes()

    def test_mode_that_is_not_allowed_becomes_a_faster_one(self):
        self.fast.bind()
        self.of_fast.bind().set_mode("idle")
        self.fast.chip.traffic().assert_writes(("CONTROL", 0x7F))

    def test_unknown_mode_is_not_allowed(self):
        self.wrong.bind()
        consumer = self.of_wrong.bind()
        consumer.set_mode("idle")  # a faster one is allowed
        self.wrong.chip.traffic().assert_writes(("CONTROL", 0x7F))
        self.assertIn(
            "invalid regulator-allowed-modes", self.guest.messages().text
        )

    def test_without_allowed_modes_and_limits_nothing_may_be_changed(self):
        self.load.bind()
        consumer = self.of_load.bind()
        with self.assertGuestError(errno.EPERM):
            consumer.set_mode("fast")
        with self.assertGuestError(errno.EPERM):
            consumer.set_voltage(1_000_000)
        self.load.chip.traffic().assert_writes()


class Sleep(RegulatorTest):
    consumer = Consumer("sw")

    def test_voltage_and_power_outlast_a_sleep(self):
        consumer = self.consumer.bind()
        consumer.set_voltage(1_000_000)
        with self.chip.traffic() as traffic:
            (self.guest / "sys/power/pm_test").write_text("devices")
            (self.guest / "sys/power/state").write_text("freeze")
        traffic.assert_writes()
        consumer.set_voltage(1_100_000)
        self.assertEqual(self.chip.microvolts, 1_100_000)
