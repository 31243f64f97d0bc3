# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of readings and settings that VCNL4040 and VCNL4200 share; see
test_vcnl4040.py and test_vcnl4200.py, which have the classes and each chip's
numbers, and vcnl4xxx_device.py."""

import errno
from decimal import Decimal

from roadtest import known_bug, mark, requires_kernel

from vcnl40xx import does

LIGHT_IT = "in_illuminance_integration_time"
NEAR_IT = "in_proximity_integration_time"
CURRENT = "in_proximity_calibbias"
PULSES = "in_proximity_oversampling_ratio"
LIGHT_EN = "events/in_illuminance_thresh_either_en"
LIGHT_PERIOD = "events/in_illuminance_thresh_either_period"
LIGHT_HIGH = "events/in_illuminance_thresh_rising_value"
LIGHT_LOW = "events/in_illuminance_thresh_falling_value"
NEAR_RISING_EN = "events/in_proximity_thresh_rising_en"
NEAR_FALLING_EN = "events/in_proximity_thresh_falling_en"
NEAR_PERIOD = "events/in_proximity_thresh_either_period"
NEAR_HIGH = "events/in_proximity_thresh_rising_value"
NEAR_LOW = "events/in_proximity_thresh_falling_value"

CURRENTS = (
    "0.050000", "0.075000", "0.100000", "0.120000", "0.140000", "0.160000",
    "0.180000", "0.200000",
)  # fmt: skip
"""Amperes by LED_I."""

USLEEP = 500_000
"""ns that usleep_range(t, t + 500) takes on top in virtual time."""
TOLERANCE = 700
"""ns: the driver computes its delay in whole microseconds."""


@requires_kernel("6.12", "vcnl4000 has other settings and units for these chips")
class Common:
    """What the classes of a chip have in common. Each chip gives these:"""

    LIGHT_TIMES: tuple[str, ...]
    """Integration times of the light by ALS_IT, as sysfs has them."""
    SCALES: tuple[str, ...]
    """Lux a count by ALS_IT."""
    NEAR_TIMES: tuple[str, ...]
    """Integration times of the proximity by PS_IT."""
    LIGHT_WAIT: int
    """ns between two readings of the light after probe."""
    NEAR_WAIT: int
    """ns between two readings of the proximity after probe."""
    ID_READS: tuple[str, ...]
    """Registers that probe reads to identify the chip."""

    @property
    def iio(self):
        return self.dev.iio

    def does(self, *expected):
        return does(self, *expected)

    def keep_on(self):
        """Without runtime power management: the chip stays on."""
        control = self.dev / "power/control"
        control.write_text("on")
        self.addCleanup(control.write_text, "auto")

    def assert_reads(self, register, attribute, cases):
        """For each value of the register the attribute reads as."""
        for value, text in cases:
            with self.subTest(attribute, register=hex(value)):
                getattr(self.chip, register).value = value
                with self.does(register):
                    self.assertEqual(self.iio[attribute], text)

    def assert_writes(self, register, before, attribute, cases, reads=1):
        """What is written to the attribute changes the register from
        ``before`` to, with so many reads of it before."""
        for text, after in cases:
            with self.subTest(attribute, text=text, before=hex(before)):
                getattr(self.chip, register).value = before
                with self.does(*[register] * reads, (register, after)):
                    self.iio[attribute] = text

    def assert_refused(self, attribute, texts, reads=()):
        """These give EINVAL, and nothing is written."""
        for text in texts:
            with self.subTest(attribute, text=text), self.does(*reads):
                with self.assertGuestError(errno.EINVAL):
                    self.iio[attribute] = text


def field(values, lsb, rest):
    """(value, register) with the index of the value in a field."""
    return [(value, rest | i << lsb) for i, value in enumerate(values)]


class Measuring(Common):
    """Readings and what they depend on, without interrupt, on a chip that stays
    on: each chip has numbers of its own."""

    def setUp(self):
        self.keep_on()

    def test_attributes_are_these(self):
        attributes = [name for name in self.iio if name.startswith("in_")]
        self.assertEqual(
            attributes,
            [
                LIGHT_IT, f"{LIGHT_IT}_available", "in_illuminance_raw",
                "in_illuminance_scale", CURRENT, f"{CURRENT}_available",
                NEAR_IT, f"{NEAR_IT}_available", "in_proximity_nearlevel",
                PULSES, f"{PULSES}_available", "in_proximity_raw",
            ],
        )  # fmt: skip
        events = [path.name for path in (self.iio.path / "events").iterdir()]
        wanted = [
            LIGHT_EN, LIGHT_PERIOD, LIGHT_LOW, LIGHT_HIGH, NEAR_PERIOD,
            NEAR_FALLING_EN, NEAR_LOW, NEAR_RISING_EN, NEAR_HIGH,
        ]  # fmt: skip
        self.assertEqual([f"events/{name}" for name in events], wanted)
        self.assertEqual(self.iio["name"], "vcnl4000")
        self.assertNotIn("buffer", self.iio)

    @mark("rfc")
    def test_illuminance_with_every_integration_time(self):
        light = self.iio.channel("in_illuminance")
        self.chip.lux = 48
        for it, text in enumerate(self.LIGHT_TIMES):
            with self.subTest(text):
                light["integration_time"] = text
                self.assertEqual(light["scale"], self.SCALES[it])
                self.clock.advance(1)
                with self.does("AL_DATA"):
                    raw = light.raw
                self.assertEqual(raw, 48 / Decimal(self.SCALES[it]))
                self.assertEqual(light.processed, 48)

    @mark("rfc")
    def test_illuminance_over_the_whole_range(self):
        for counts in 0, 1, 0x00FF, 0x1234, 0xFF00, 0xFFFF:
            with self.subTest(counts):
                self.chip.lux = counts * Decimal(self.SCALES[0])
                self.clock.advance(0.1)
                self.assertEqual(self.iio["in_illuminance_raw"], str(counts))

    @mark("rfc")
    def test_proximity_over_the_whole_range(self):
        for counts, text in [
            (0, "0.000000000"), (1, "0.062500000"), (16, "1.000000000"),
            (0x1234, "291.250000000"), (0xFFFF, "4095.937500000"),
        ]:  # fmt: skip
            with self.subTest(counts):
                self.chip.proximity = counts
                with self.does("PS_DATA"):
                    self.assertEqual(self.iio["in_proximity_raw"], text)

    def test_defaults(self):
        for attribute, text in [
            (LIGHT_IT, self.LIGHT_TIMES[0]), (NEAR_IT, self.NEAR_TIMES[0]),
            ("in_illuminance_scale", self.SCALES[0]), (CURRENT, "0.120000"),
            (PULSES, "8"), ("in_proximity_nearlevel", "0"),
        ]:  # fmt: skip
            with self.subTest(attribute):
                self.assertEqual(self.iio[attribute], text)

    def test_available_lists(self):
        for attribute, values in [
            (LIGHT_IT, self.LIGHT_TIMES), (NEAR_IT, self.NEAR_TIMES),
            (PULSES, ("1", "2", "4", "8")), (CURRENT, CURRENTS),
        ]:  # fmt: skip
            with self.subTest(attribute), self.does():
                text = self.iio[f"{attribute}_available"]
                self.assertEqual(text.split(), list(values))

    def test_light_integration_time(self):
        # the other bits: persistence 8 times, interrupt on
        cases = field(self.LIGHT_TIMES, 6, 0x000E)
        self.assert_writes("AL_CONF", 0x000E, LIGHT_IT, cases)
        self.assert_writes("AL_CONF", 0x00CE, LIGHT_IT, cases[:1])
        self.assert_reads("AL_CONF", LIGHT_IT, [(v, t) for t, v in cases])

    def test_proximity_integration_time(self):
        cases = field(self.NEAR_TIMES, 1, 0x0AF0)
        self.assert_writes("PS_CONF", 0x0AF0, NEAR_IT, cases)
        for it in 3, len(self.NEAR_TIMES) - 1:
            before = 0x0AF0 | it << 1
            self.assert_writes("PS_CONF", before, NEAR_IT, cases[:1])
        self.assert_reads("PS_CONF", NEAR_IT, [(v, t) for t, v in cases])

    def test_unknown_integration_time_gives_einval(self):
        light, near = self.LIGHT_TIMES[0], self.NEAR_TIMES[0]
        self.assert_refused(
            LIGHT_IT,
            ["0", "0.000001", light[:-1] + "1", "1" + light[1:], "x"],
        )
        self.assert_refused(
            NEAR_IT, ["0", "0.000001", near[:-1] + "1", "1" + near[1:], "x"]
        )

    def test_periods_that_are_read(self):
        for attribute, register, times, factors, shifts, rest in [
            (LIGHT_PERIOD, "AL_CONF", self.LIGHT_TIMES, (1, 2, 4, 8), (6, 2), 2),
            (NEAR_PERIOD, "PS_CONF", self.NEAR_TIMES, (1, 2, 3, 4), (1, 4), 0xBC0),
        ]:
            for it, time in enumerate(times):
                # each persistence with the shortest and the longest time
                all = it in (0, len(times) - 1)
                for pers, factor in list(enumerate(factors))[0 if all else 3 :]:
                    value = rest | it << shifts[0] | pers << shifts[1]
                    text = f"{Decimal(time) * factor:.6f}"
                    self.assert_reads(register, attribute, [(value, text)])

    def test_time_between_two_readings_of_the_light(self):
        self.assert_apart("in_illuminance_raw", "AL_DATA", self.LIGHT_WAIT)
        for text in self.LIGHT_TIMES:
            with self.subTest(text):
                self.iio[LIGHT_IT] = text
                # 20 % more than the integration time
                wait = int(Decimal(text) * 1_200_000_000)
                self.assert_apart("in_illuminance_raw", "AL_DATA", wait)

    def test_time_between_two_readings_of_the_proximity(self):
        self.assert_apart("in_proximity_raw", "PS_DATA", self.NEAR_WAIT)
        for text in self.NEAR_TIMES:
            with self.subTest(text):
                self.iio[NEAR_IT] = text
                # 50 times the integration time, and 20 % more
                wait = int(Decimal(text) * 60_000_000_000)
                self.assert_apart("in_proximity_raw", "PS_DATA", wait)

    def assert_apart(self, attribute, register, wait):
        """Readings, one after the other, are so many ns apart. When another
        timer of the kernel ends in its range, usleep_range() does, too."""
        for _ in range(5):
            self.iio[attribute]
        reads = self.chip.reads(getattr(self.chip, register))[-4:]
        apart = [b.time - a.time for a, b in zip(reads, reads[1:])]
        self.assertGreaterEqual(min(apart), wait - TOLERANCE)
        self.assertAlmostEqual(max(apart), wait + USLEEP, delta=TOLERANCE)


class Attributes(Measuring):
    """Also what is the same for both chips, and need be tested with one
    alone."""

    def test_light_period_is_rounded_to_the_persistence(self):
        least = Decimal("0.000001")
        for it, time in enumerate(self.LIGHT_TIMES):
            step = Decimal(time)
            cases = [(2 * step - least, 1), (2 * step + least, 2), (100, 3)]
            if it in (0, len(self.LIGHT_TIMES) - 1):
                cases += [(step - least, 0), (step + least, 1)]
                cases += [(4 * step - least, 2), (4 * step + least, 3)]
            rest = it << 6 | 0x02
            cases = [(str(text), rest | pers << 2) for text, pers in cases]
            before = rest | 0x0C if it else rest
            self.assert_writes("AL_CONF", before, LIGHT_PERIOD, cases, reads=2)

    def test_proximity_period_is_rounded_to_the_persistence(self):
        least = Decimal("0.000001")
        for it, time in enumerate(self.NEAR_TIMES):
            step = Decimal(time)
            cases = [(3 * step, 2), (step + least, 1)]
            if it in (0, len(self.NEAR_TIMES) - 1):
                cases += [(n * step, n - 1) for n in (1, 2)]
                cases += [(n * step + least, n) for n in (2, 3)]
                cases += [(1, 3), (Decimal("1.000001"), 3)]
            rest = it << 1 | 0x0BC0
            cases = [(str(text), rest | pers << 4) for text, pers in cases]
            before = rest | 0x30 if it else rest
            self.assert_writes("PS_CONF", before, NEAR_PERIOD, cases, reads=2)

    def test_oversampling_ratio_is_the_number_of_pulses(self):
        cases = field(("1", "2", "4", "8"), 5, 0x0719)
        self.assert_writes("PS_CONF3", 0x0719, PULSES, cases)
        self.assert_writes("PS_CONF3", 0x0779, PULSES, cases[:1])
        self.assert_reads("PS_CONF3", PULSES, [(v, t) for t, v in cases])
        self.assert_refused(PULSES, ["0", "3", "16", "-1", "x"])

    def test_calibbias_is_the_current_of_the_led(self):
        cases = field(CURRENTS, 8, 0x0079)
        self.assert_writes("PS_CONF3", 0x0079, CURRENT, cases)
        self.assert_writes("PS_CONF3", 0x0779, CURRENT, cases[:1])
        self.assert_reads("PS_CONF3", CURRENT, [(v, t) for t, v in cases])
        self.assert_refused(CURRENT, ["0", "0.050001", "0.06", "x"])

    def test_a_register_of_zero_is_a_value_like_others(self):
        for register, attribute, first, last, value in [
            ("AL_CONF", LIGHT_IT, self.LIGHT_TIMES[0], self.LIGHT_TIMES[3], 0xC0),
            ("AL_CONF", LIGHT_EN, "0", "1", 0x02),
            ("PS_CONF", NEAR_IT, self.NEAR_TIMES[0], self.NEAR_TIMES[5], 0x0A),
            ("PS_CONF", NEAR_RISING_EN, "0", "1", 0x0100),
            ("PS_CONF", NEAR_FALLING_EN, "0", "1", 0x0200),
            ("PS_CONF3", PULSES, "1", "8", 0x60),
            ("PS_CONF3", CURRENT, "0.050000", "0.200000", 0x0700),
        ]:
            self.assert_reads(register, attribute, [(0, first)])
            self.assert_writes(register, 0, attribute, [(last, value)])
        for register, attribute, times, value in [
            ("AL_CONF", LIGHT_PERIOD, self.LIGHT_TIMES, 0x0C),
            ("PS_CONF", NEAR_PERIOD, self.NEAR_TIMES, 0x30),
        ]:
            self.assert_reads(register, attribute, [(0, times[0])])
            self.assert_writes(register, 0, attribute, [("1", value)], reads=2)

    @known_bug(
        "gave no error",
        "vcnl4040_write_ps_calibbias() looks at the fraction alone: 7.05 A "
        "sets 50 mA",
    )
    def test_current_of_several_amperes_gives_einval(self):
        with self.assertGuestError(errno.EINVAL):
            self.iio[CURRENT] = "7.05"

    @known_bug(
        "gave no error",
        "vcnl4040_write_ps_oversampling_ratio() drops the fraction: 2.5 sets 2",
    )
    def test_ratio_with_a_fraction_gives_einval(self):
        with self.assertGuestError(errno.EINVAL):
            self.iio[PULSES] = "2.5"

    def test_thresholds(self):
        for attribute, register in [
            (LIGHT_HIGH, "AL_HIGH"), (LIGHT_LOW, "AL_LOW"),
            (NEAR_HIGH, "PS_HIGH"), (NEAR_LOW, "PS_LOW"),
        ]:  # fmt: skip
            for value in 0x1234, 0xFFFF, 0:
                with self.subTest(attribute, value=value):
                    with self.does((register, value)):
                        self.iio[attribute] = value
                    with self.does(register):
                        self.assertEqual(self.iio[attribute], str(value))

    @known_bug(
        "gave no error",
        "vcnl4040_write_event() lets SMBus cut the threshold to 16 bits",
    )
    def test_threshold_out_of_range_is_refused(self):
        for attribute in LIGHT_HIGH, LIGHT_LOW, NEAR_HIGH, NEAR_LOW:
            for text in "65536", "-1":
                with self.subTest(attribute, text=text):
                    with self.assertGuestError(errno.EINVAL, errno.ERANGE):
                        self.iio[attribute] = text

    def test_enabling_events(self):
        for attribute, register, rest, bit in [
            (LIGHT_EN, "AL_CONF", 0x00CC, 0x0002),
            (NEAR_RISING_EN, "PS_CONF", 0x08FA, 0x0100),
            (NEAR_RISING_EN, "PS_CONF", 0x0AFA, 0x0100),
            (NEAR_FALLING_EN, "PS_CONF", 0x08FA, 0x0200),
            (NEAR_FALLING_EN, "PS_CONF", 0x09FA, 0x0200),
        ]:
            on, off = rest | bit, rest
            self.assert_writes(register, off, attribute, [("1", on)])
            self.assert_writes(register, on, attribute, [("0", off)])
            self.assert_reads(register, attribute, [(on, "1"), (off, "0")])

    @known_bug(
        "!=",
        "vcnl4040_write_als_period() compares with < where _ps_period() has "
        "<=: each period that is read gives twice as much when it is written",
    )
    def test_light_period_can_be_written_as_it_is_read(self):
        self.chip.AL_CONF.ALS_PERS = 1
        period = self.iio[LIGHT_PERIOD]
        self.iio[LIGHT_PERIOD] = period
        self.assertEqual(self.iio[LIGHT_PERIOD], period)

    @known_bug(
        "!=",
        "vcnl4040_write_als_it() does not wait for a measurement with the new "
        "time: the old count is multiplied with the new scale",
    )
    def test_reading_after_another_integration_time_is_right(self):
        light = self.iio.channel("in_illuminance")
        self.chip.lux = 48
        self.clock.advance(1)
        self.assertEqual(light.processed, 48)
        self.clock.advance(1)
        light["integration_time"] = self.LIGHT_TIMES[3]
        self.assertEqual(light.processed, 48)

    OPERATIONS = [
        ("in_illuminance_raw", None, 2), ("in_proximity_raw", None, 2),
        (LIGHT_IT, None, 2), (NEAR_IT, None, 2), (PULSES, None, 2),
        (CURRENT, None, 2), (LIGHT_EN, None, 2), (NEAR_RISING_EN, None, 2),
        (NEAR_FALLING_EN, None, 2), (LIGHT_PERIOD, None, 2),
        (NEAR_PERIOD, None, 2), (LIGHT_HIGH, None, 2), (LIGHT_LOW, None, 2),
        (NEAR_HIGH, None, 2), (NEAR_LOW, None, 2),
        (LIGHT_IT, 1, 3), (NEAR_IT, 1, 3), (PULSES, "4", 3),
        (CURRENT, "0.2", 3), (LIGHT_EN, "1", 3), (NEAR_RISING_EN, "1", 3),
        (NEAR_FALLING_EN, "1", 3), (LIGHT_PERIOD, "0.1", 5),
        (NEAR_PERIOD, "0.1", 5), (LIGHT_HIGH, "7", 1), (LIGHT_LOW, "7", 1),
        (NEAR_HIGH, "7", 1), (NEAR_LOW, "7", 1),
    ]  # fmt: skip
    """Attribute, what is written (None: it is read; a number: that
    integration time), messages on the bus."""

    def test_nak_is_an_error_and_nothing_is_written(self):
        for attribute, text, messages in self.OPERATIONS:
            if isinstance(text, int):
                times = self.LIGHT_TIMES if "illum" in attribute else self.NEAR_TIMES
                text = times[text]
            # each transfer: reads have two messages, writes follow them
            for message in range(0, messages, 2):
                with self.subTest(attribute, text=text, message=message):
                    self.fail_at(message, attribute, text)
            before = self.chip.messages
            self.use(attribute, text)
            self.assertEqual(self.chip.messages - before, messages)

    def fail_at(self, message, attribute, text):
        self.chip.inject(after=message, count=1)
        with self.chip.traffic() as traffic:
            with self.assertGuestError(errno.EIO):
                self.use(attribute, text)
        self.chip.inject(count=0)
        traffic.assert_writes()

    def use(self, attribute, text):
        if text is None:
            self.iio[attribute]
        else:
            self.iio[attribute] = text

    @known_bug(
        "!=",
        "vcnl4040_write_als_it() sets the new scale before the chip took the "
        "new integration time",
    )
    def test_scale_stays_when_the_integration_time_can_not_be_written(self):
        self.chip.inject(after=2)
        with self.assertGuestError(errno.EIO):
            self.iio[LIGHT_IT] = self.LIGHT_TIMES[1]
        self.assertEqual(self.iio["in_illuminance_scale"], self.SCALES[0])
