# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/tsl2772.c: parts, probe, properties, power.

Readings are in test_tsl2772_light.py and test_tsl2772_proximity.py, thresholds
and interrupts in test_tsl2772_events.py, the chip in tsl2772_model.py.
"""

import errno
from functools import partial

from tsl2772_case import CLEAR, DEFAULTS, ENABLE, Sensor, registers
from tsl2772_model import PARTS, TSL2772, AlsOnly

from roadtest import Device, DtFragment, DtVar, TestCase, known_bug
from roadtest.models import Nak

ALS = {
    "in_illuminance0_input", "in_illuminance0_calibrate",
    "in_illuminance0_lux_table", "in_illuminance0_target_input",
    "in_intensity0_raw", "in_intensity0_calibbias",
    "in_intensity0_calibscale", "in_intensity0_calibscale_available",
    "in_intensity0_integration_time",
    "in_intensity0_integration_time_available",
}  # fmt: skip
IR = {"in_intensity1_raw"}
PROX = {"in_proximity0_raw"}
CALIBRATE = {"in_proximity0_calibrate"}
GAIN = {"in_proximity0_calibscale", "in_proximity0_calibscale_available"}

ATTRIBUTES = {
    "amstaos,tsl2571": ALS,
    "amstaos,tsl2671": PROX | CALIBRATE,
    "amstaos,tmd2671": PROX | CALIBRATE,
    "amstaos,tsl2771": ALS | IR | PROX,
    "amstaos,tmd2771": ALS | IR | PROX,
    "amstaos,tsl2572": ALS,
    "amstaos,tsl2672": PROX | CALIBRATE | GAIN,
    "amstaos,tmd2672": PROX | CALIBRATE | GAIN,
    "amstaos,tsl2772": ALS | IR | PROX | CALIBRATE | GAIN,
    "amstaos,tmd2772": ALS | IR | PROX | CALIBRATE | GAIN,
    "avago,apds9930": ALS | IR | PROX | CALIBRATE | GAIN,
}


# What the driver calls the registers of its settings in the log.
CONFIGURED = range(0x80, 0x90)


def events(channel):
    """The event attributes of a channel."""
    names = "rising_value falling_value either_en either_period".split()
    return {f"in_{channel}0_thresh_{name}" for name in names}


def attribute(compatible):
    """Name of a part in a test class."""
    return compatible.partition(",")[2]


class Parts(TestCase):
    """Each entry of the match table."""

    for part in PARTS:
        locals()[attribute(part)] = Device(
            part, model=partial(TSL2772, part), bind=False
        )

    def bound(self):
        """Each part in turn, bound."""
        for compatible in PARTS:
            with self.subTest(compatible):
                device = getattr(self, attribute(compatible))
                device.bind()
                yield compatible, device
                device.unbind()

    def test_name_and_attributes(self):
        for compatible, device in self.bound():
            found = {a for a in device.iio if a.startswith("in_")}
            self.assertEqual(found, ATTRIBUTES[compatible])
            self.assertEqual(device.iio["name"], attribute(compatible))
            self.assertNotIn("events", device.iio)

    def test_id_of_another_family_gives_einval(self):
        # 0x9: variants for a bus of 1.8 V, whose low digit differs
        families = {0x00: self.tsl2671, 0x20: self.tmd2771, 0x30: self.tsl2772}
        for right, device in families.items():
            for wrong in {0x00, 0x10, 0x20, 0x30} - {right}:
                device.chip.ID.value = wrong | 0x9
                with self.subTest(right=right, wrong=wrong):
                    with self.assertGuestError(errno.EINVAL):
                        device.bind()
            self.assertEqual(device.chip.writes(TSL2772.ENABLE), [])
            device.chip.ID.value = right | 0x9
            device.bind()


class PartsWithInterrupt(TestCase):
    """One part of each set of channels."""

    tsl2571 = Parts.tsl2571.with_irq("falling")
    tsl2671 = Parts.tsl2671.with_irq("falling")
    tsl2771 = Parts.tsl2771.with_irq("falling")
    tsl2672 = Parts.tsl2672.with_irq("falling")
    tsl2772 = Parts.tsl2772.with_irq("falling")

    def test_attributes_and_events(self):
        for device in (
            self.tsl2571, self.tsl2671, self.tsl2771, self.tsl2672,
            self.tsl2772,
        ):  # fmt: skip
            device.bind()
            attributes = ATTRIBUTES["amstaos," + device.iio["name"]]
            found = {a for a in device.iio if a.startswith("in_")}
            self.assertEqual(found, attributes)
            expected = set()
            if "in_intensity0_raw" in attributes:
                expected |= events("intensity")
            if "in_proximity0_raw" in attributes:
                expected |= events("proximity")
            found = {p.name for p in (device.iio.path / "events").iterdir()}
            self.assertEqual(
                {a for a in found if a.startswith("in_")}, expected
            )
            device.unbind()


class ReservedBits(TestCase):
    """A part without proximity, by its datasheet."""

    device = Device("amstaos,tsl2571", model=AlsOnly, bind=False)

    @known_bug(
        "write of 0x07 to ENABLE .* sets reserved bits 0x04",
        "tsl2772_chip_on() sets PEN for all parts; the ambient light sensors "
        "TSL2571 and TSL2572 have a reserved bit there",
    )
    def test_probe_writes_no_reserved_bit(self):
        self.dev.bind()


class Probe(Sensor):
    device = Sensor.device.replace(bind=False)

    def test_writes_exactly_this(self):
        self.assertEqual(
            self.sent_by(self.dev.bind),
            ["92", "80", "8001", *DEFAULTS, ENABLE, CLEAR],
        )
        self.assertEqual(self.chip.cleared, [7])

    def test_waits_for_the_boot_and_for_the_oscillator(self):
        start = self.clock.now
        self.dev.bind()
        identified = self.chip.reads(TSL2772.ID)[0].time
        self.assertGreaterEqual(identified - start, 10_000_000)
        self.assertLess(identified - start, 30_000_000)
        settings = self.chip.writes(TSL2772.CONTROL)[0].time
        enabled = self.chip.writes(TSL2772.ENABLE)[-1].time
        self.assertGreaterEqual(enabled - settings, 3_000_000)

    def test_nak_is_an_error_and_the_next_probe_works(self):
        logs = [
            "", "",  # of the id
            "Failed to write to CMD register: -5",
            "failed to write to control register 1: -5",
            *(f"failed to write to register {r:x}: -5" for r in CONFIGURED),
            "failed to write to control register 7: -5",
            "failed to clear interrupt status: -5",
        ]  # fmt: skip
        for message, line in enumerate(logs):
            with self.subTest(message):
                errors = self.nak(message, self.bind_with_eio)
                self.assertEqual(errors, [line] if line else [])
        before = self.chip.messages
        self.dev.bind()
        self.assertEqual(self.chip.messages - before, len(logs))
        self.assertEqual(self.chip.ENABLE.value, 0x07)

    def bind_with_eio(self):
        with self.assertGuestError(errno.EIO):
            self.dev.bind()

    def test_unbind_switches_the_chip_off(self):
        self.dev.bind()
        self.assertEqual(self.sent_by(self.dev.unbind), ["8000"])

    def test_rebind_starts_from_the_defaults(self):
        self.dev.bind()
        self.iio["in_intensity0_calibscale"] = "8"
        self.dev.unbind()
        self.dev.bind()
        self.assertEqual(self.chip.CONTROL.value, 0x20)


def properties(text):
    return Sensor.device.replace(properties=text, bind=False)


class Property(Sensor):
    """A property changes one register of those that probe writes."""

    def assert_writes(self, device, *changed, errors=()):
        self.assertEqual(
            self.sent_by(device.bind, errors=errors),
            ["92", "80", "8001", *registers(*changed), ENABLE, CLEAR],
        )
        device.unbind()


class ProximityDiodes(Property):
    """PDIODE is bit 5:4 of CONTROL: 1 for CH0, 2 for CH1, 3 for both."""

    first = properties("amstaos,proximity-diodes = <0>;")
    both = properties("amstaos,proximity-diodes = <0 1>;")

    def test_first_diode(self):
        self.assert_writes(self.first, "8f10")
        self.assertEqual(self.first.chip.CONTROL.PDIODE, 1)

    def test_both_diodes(self):
        self.assert_writes(self.both, "8f30")
        self.assertEqual(self.both.chip.CONTROL.PDIODE, 3)


class OddProximityDiodes(Property):
    second = properties("amstaos,proximity-diodes = <1>;")
    unknown = properties("amstaos,proximity-diodes = <2>;")
    later = properties("amstaos,proximity-diodes = <0 2>;")
    three = properties("amstaos,proximity-diodes = <1 1 0>;")

    def test_second_diode_is_the_default(self):
        self.assert_writes(self.second, "8f20")

    def test_unknown_diode_leaves_the_default_and_is_logged(self):
        error = "Invalid value 2 in amstaos,proximity-diodes."
        for device in self.unknown, self.later:
            self.assert_writes(device, "8f20", errors=[error])

    def test_there_are_two_diodes_at_most(self):
        self.assert_writes(self.three, "8f20")


class LedCurrent(Property):
    """PDRIVE is bit 7:6 of CONTROL."""

    ma100 = properties("led-max-microamp = <100000>;")
    ma50 = properties("led-max-microamp = <50000>;")
    ma25 = properties("led-max-microamp = <25000>;")
    ma13 = properties("led-max-microamp = <13000>;")
    ma12 = properties("led-max-microamp = <12000>;")

    def test_100_mA(self):
        self.assert_writes(self.ma100, "8f20")

    def test_50_mA(self):
        self.assert_writes(self.ma50, "8f60")

    def test_25_mA(self):
        self.assert_writes(self.ma25, "8fa0")

    def test_13_mA(self):
        self.assert_writes(self.ma13, "8fe0")

    def test_unknown_current_leaves_the_default_and_is_logged(self):
        error = "Invalid value 12000 for led-max-microamp"
        self.assert_writes(self.ma12, "8f20", errors=[error])


class Supplied(TSL2772):
    """Answers while it has power."""

    powered = staticmethod(lambda: False)

    def command(self, sent):
        if not self.powered():
            raise Nak
        return super().command(sent)


class Powered(Sensor):
    """vdd and vddio come from the board's regulators, which a line switches.

    The chip is reset when one of them goes, and answers while both are on.
    """

    dts = DtFragment(
        src="""
&vdd {
    gpio = <&gpio $vdd$ 0>;
    enable-active-high;
};
&vio {
    gpio = <&gpio $vio$ 0>;
    enable-active-high;
};
""",
        variables={"vdd": DtVar.GPIO_PIN, "vio": DtVar.GPIO_PIN},
    )
    device = properties("vdd-supply = <&vdd>; vddio-supply = <&vio>;").replace(
        model=Supplied
    )

    def setUp(self):
        self.switched = []
        for name in "vdd", "vio":
            line = self.board.gpio[self.dts[name]]
            line.watch(partial(self.switch, name))
            self.assertEqual(line.level, 0, name)
        self.chip.powered = lambda: self.levels() == (1, 1)

    def levels(self):
        return tuple(self.board.gpio[self.dts[n]].level for n in ("vdd", "vio"))

    def switch(self, name, direction, level):
        self.switched.append((self.clock.now, name, level))
        if not level:
            self.chip.stop()
            self.chip.reset()

    def names(self):
        return [(name, level) for _, name, level in self.switched]

    def suspend(self):
        (self.guest / "sys/power/pm_test").write_text("devices")
        (self.guest / "sys/power/state").write_text("freeze")


class Supplies(Powered):
    only_vdd = properties("vdd-supply = <&vdd>;")
    only_vio = properties("vddio-supply = <&vio>;")

    def test_are_on_10_ms_before_the_first_transfer(self):
        self.dev.bind()
        self.assertEqual(self.levels(), (1, 1))
        self.assertEqual(sorted(self.names()), [("vdd", 1), ("vio", 1)])
        last = max(time for time, _, _ in self.switched)
        first = self.chip.reads(TSL2772.ID)[0].time
        self.assertGreaterEqual(first - last, 10_000_000)

    def test_each_property_is_one_of_them(self):
        self.only_vdd.bind()
        self.assertEqual(self.levels(), (1, 0))
        self.only_vdd.unbind()
        self.only_vio.bind()
        self.assertEqual(self.levels(), (0, 1))

    def test_are_off_after_unbind(self):
        self.dev.bind()
        self.switched.clear()
        start = len(self.board.trace)
        self.dev.unbind()
        self.assertEqual(self.sent(start), ["8000"])
        self.assertEqual(sorted(self.names()), [("vdd", 0), ("vio", 0)])

    def test_are_off_after_a_probe_that_failed(self):
        self.chip.ID.value = 0
        with self.assertGuestError(errno.EINVAL):
            self.dev.bind()
        self.assertEqual(self.levels(), (0, 0))

    def test_are_off_while_the_system_sleeps(self):
        self.dev.bind()
        self.iio["in_intensity0_calibscale"] = "16"
        self.switched.clear()
        start = len(self.board.trace)
        self.suspend()
        self.assertEqual(
            sorted(self.names()),
            [("vdd", 0), ("vdd", 1), ("vio", 0), ("vio", 1)],
        )
        self.assertEqual(
            self.sent(start),
            ["8000", "8001", *registers("8f22"), ENABLE, CLEAR],
        )
        on = max(time for time, _, _ in self.switched)
        written = self.chip.writes(TSL2772.CONTROL)[-1].time
        self.assertGreaterEqual(written - on, 10_000_000)
        self.measure(ch0=20, ch1=3)
        self.assertEqual(self.iio["in_intensity0_raw"], "20")


class FailedSuspend(Powered):
    REASON = (
        "tsl2772_suspend() switches the supplies off even if it fails; a device "
        "whose suspend failed is not resumed"
    )

    def test_leaves_the_supplies_on(self):
        self.dev.bind()
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.suspend()
        with known_bug("off although it is awake", self.REASON):
            self.assertEqual(self.levels(), (1, 1), "off although it is awake")
        with known_bug("unbalanced disables for board-1v8", self.REASON):
            self.dev.unbind()


class MissingSupply(Sensor):
    dts = DtFragment(
        src="""
/ {
    late: regulator-late {
        compatible = "regulator-fixed";
        regulator-name = "late";
        status = "disabled";
    };
};"""
    )
    device = properties("vdd-supply = <&late>;")

    def test_defers_the_probe(self):
        with self.assertGuestError(errno.EAGAIN):
            self.dev.bind()
        self.assertEqual(self.chip.messages, 0)
