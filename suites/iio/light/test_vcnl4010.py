# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4010 and a VCNL4020."""

import errno

from roadtest import (
    Device,
    NoDeviceError,
    TestCase,
    known_bug,
    mark,
    requires_kernel,
)
from roadtest.iio import HrtimerTrigger, SysfsTrigger

import vcnl40x0
from vcnl40x0 import LIGHT, LUX, NEAR
from vcnl40xx import Vcnl4010

RATE = "in_proximity_sampling_frequency"
ENABLE = "events/in_proximity_thresh_either_en"
HIGH = "events/in_proximity_thresh_rising_value"
LOW = "events/in_proximity_thresh_falling_value"

RATES = (
    "1.950000", "3.906250", "7.812500", "16.625000", "31.250000", "62.500000",
    "125.000000", "250.000000",
)  # fmt: skip
"""Measurements a second by RATE."""

PERIODIC = 0x03  # selftimed_en and prox_en


class Numbers:
    GUARD = ("COMMAND",)
    NAME, OTHER, WARNING = "VCNL4010/4020", 1, "use vcnl4000"


class Readings(Numbers, vcnl40x0.Readings, TestCase):
    device = Device("vishay,vcnl4010", model=Vcnl4010)

    def test_attributes_are_these(self):
        attributes = [name for name in self.iio if name.startswith("in_")]
        self.assertEqual(
            attributes,
            [
                "in_illuminance_raw", "in_illuminance_scale",
                "in_proximity_nearlevel", "in_proximity_raw",
                "in_proximity_sampling_frequency",
                "in_proximity_sampling_frequency_available",
            ],
        )  # fmt: skip
        events = [path.name for path in (self.iio.path / "events").iterdir()]
        self.assertEqual([f"events/{n}" for n in events], [ENABLE, LOW, HIGH])
        self.assertEqual(self.iio["name"], "vcnl4000")
        self.assertEqual(self.iio["in_proximity_nearlevel"], "0")

    def test_sampling_frequency(self):
        for index, text in enumerate(RATES):
            with self.subTest(text):
                with self.does("COMMAND", ("RATE", index)):
                    self.iio[RATE] = text
                with self.does("RATE"):
                    self.assertEqual(self.iio[RATE], text)

    def test_available_frequencies(self):
        with self.does():
            self.assertEqual(self.iio[f"{RATE}_available"].split(), list(RATES))

    def test_unknown_frequency_gives_einval(self):
        for text in "0", "1.95001", "1", "125.5", "0.95", "-1.95", "x":
            with self.subTest(text), self.assertGuestError(errno.EINVAL):
                self.iio[RATE] = text
        self.assertEqual(self.chip.writes(Vcnl4010.RATE), [])

    def test_rate_that_the_chip_has_not_gives_einval(self):
        for value in 8, 255:
            self.chip.RATE.value = value
            with self.subTest(value), self.assertGuestError(errno.EINVAL):
                self.iio[RATE]

    def test_thresholds(self):
        for attribute, register in (HIGH, "HIGH"), (LOW, "LOW"):
            for value in 0, 1, 0x00FF, 0x1234, 0xFFFF:
                with self.subTest(attribute, value=value):
                    with self.does((register, value)):
                        self.iio[attribute] = value
                    with self.does(register):
                        self.assertEqual(self.iio[attribute], str(value))

    def test_threshold_above_16_bits_gives_erange(self):
        for attribute in HIGH, LOW:
            for text in "65536", "100000":
                with self.subTest(attribute, text=text), self.does():
                    with self.assertGuestError(errno.ERANGE):
                        self.iio[attribute] = text

    @known_bug(
        "gave no error",
        "vcnl4000_write_data() refuses what is too large, but not what is "
        "negative: -1 is written as 0xffff",
    )
    def test_negative_threshold_is_refused(self):
        for attribute in HIGH, LOW:
            with self.subTest(attribute):
                with self.assertGuestError(errno.ERANGE, errno.EINVAL):
                    self.iio[attribute] = "-1"

    def test_nak_is_an_error_and_the_next_time_it_works(self):
        for attribute, text, messages in [
            (HIGH, "1", 1), (LOW, "1", 1), (ENABLE, "1", 2), (ENABLE, "0", 4),
            (HIGH, None, 2), (LOW, None, 2), (RATE, None, 2),
        ]:  # fmt: skip
            first = 2 if (attribute, text) == (ENABLE, "0") else 0
            for message in range(first, messages):
                with self.subTest(attribute, text=text, message=message):
                    self.chip.inject(after=message)
                    with self.assertGuestError(errno.EIO):
                        self.use(attribute, text)
                    self.chip.inject(count=0)
            before = self.chip.messages
            self.use(attribute, text)
            self.assertEqual(self.chip.messages - before, messages)

    def use(self, attribute, text):
        if text is None:
            self.iio[attribute]
        else:
            self.iio[attribute] = text

    def test_nak_while_the_frequency_is_written(self):
        self.chip.inject(after=2)  # the guard's two messages
        with self.assertGuestError(errno.EIO):
            self.iio[RATE] = RATES[3]
        self.iio[RATE] = RATES[3]
        self.assertEqual(self.chip.RATE.value, 3)

    def test_nak_while_an_enable_is_looked_at_reads_as_off(self):
        self.iio[ENABLE] = "1"
        self.assertEqual(self.iio[ENABLE], "1")
        for message in 0, 1:
            self.chip.inject(after=message)
            self.assertEqual(self.iio[ENABLE], "0")
            self.chip.inject(after=message)
            self.iio[ENABLE] = "0"
        self.assertEqual(self.chip.INT_CONTROL.value, 0x02)

    def test_nak_while_it_looks_for_the_mode_reads_as_idle(self):
        for message in 0, 1:
            self.chip.inject(after=message)
            self.chip.light = 9
            self.assertEqual(self.iio[LIGHT], "9")

    def test_there_is_no_trigger(self):
        with self.assertRaises(NoDeviceError):
            self.iio.own_trigger

    @requires_kernel("6.12", "vcnl4000 has no buffer without an interrupt")
    def test_another_trigger_will_do(self):
        trigger = SysfsTrigger(self.guest)
        self.iio.trigger = trigger
        self.chip.proximity = 21
        with self.iio.buffer().capture("in_proximity") as buffer:
            self.clock.advance(0.6)
            trigger.fire()
            self.assertEqual(buffer.read(), {"in_proximity": 21})


class Vcnl4020(Numbers, vcnl40x0.Common, TestCase):
    """The VCNL4020 is the same chip in another package."""

    device = Readings.device.replace(compatible="vishay,vcnl4020")

    def test_light_rates_and_events_are_there(self):
        self.chip.light = 8
        self.assertEqual(self.iio.channel("in_illuminance").processed, 2)
        with self.does("COMMAND", ("RATE", 7)):
            self.iio[RATE] = "250"
        with self.does(("COMMAND", PERIODIC), ("INT_CONTROL", 0x02)):
            self.iio[ENABLE] = "1"


class Events(Numbers, vcnl40x0.Measured, TestCase):
    """What comes with the interrupt: thresholds, and a scan (Capture has the
    others). It changes nothing in a reading."""

    device = Readings.device.with_irq("falling")

    def setUp(self):
        self.iio[HIGH], self.iio[LOW] = 2000, 1000
        self.chip.proximity = 1500
        self.iio[RATE] = "31.25"

    def tearDown(self):
        # The handler of the last event may still write: if the driver goes
        # meanwhile, the i2c-virtio of 6.1 gives its buffer to somebody else.
        self.clock.advance(0.001)

    def assert_events(self, events, *directions):
        self.assertEqual(
            [(e.channel_type, e.type, e.direction, e.channel) for e in events],
            [("proximity", "thresh", name, 1) for name in directions],
        )

    def test_enabling_starts_periodic_measurements(self):
        with self.does("INT_CONTROL"):
            self.assertEqual(self.iio[ENABLE], "0")
        with self.does(("COMMAND", PERIODIC), ("INT_CONTROL", 0x02)):
            self.iio[ENABLE] = "1"
        with self.does("INT_CONTROL"):
            self.assertEqual(self.iio[ENABLE], "1")
        with self.does("INT_CONTROL", ("COMMAND", 0), ("INT_CONTROL", 0)):
            self.iio[ENABLE] = "0"
        with self.does("INT_CONTROL"):
            self.iio[ENABLE] = "0"

    def test_enable_is_the_bit_of_thresholds(self):
        for value, text in [
            (0x02, "1"), (0x0F, "1"), (0x0D, "0"), (0xE8, "0"), (0x01, "0"),
        ]:  # fmt: skip
            with self.subTest(hex(value)):
                self.chip.INT_CONTROL.value = value
                self.assertEqual(self.iio[ENABLE], text)

    def test_no_event_between_the_thresholds(self):
        with self.iio.events() as events:
            self.iio[ENABLE] = "1"
            for proximity in 1000, 1500, 2000:
                self.chip.proximity = proximity
                self.clock.advance(0.1)
            self.assertEqual(events.pending(), [])

    @mark("rfc")
    def test_event_beyond_a_threshold(self):
        with self.iio.events() as events:
            self.iio[ENABLE] = "1"
            for proximity, direction, status in [
                (2001, "rising", 0x01), (999, "falling", 0x02),
            ]:  # fmt: skip
                with self.subTest(direction):
                    self.chip.proximity = proximity
                    with self.does("INT_STATUS", ("INT_STATUS", status)):
                        self.clock.advance(0.033)
                    self.chip.proximity = 1500
                    self.assert_events(events.pending(), direction)
                    self.clock.advance(0.1)
                    self.assertEqual(events.pending(), [])

    @mark("rfc")
    def test_each_measurement_is_a_scan(self):
        self.iio.trigger = self.iio.own_trigger
        self.iio[RATE] = "62.5"
        with self.iio.buffer().capture("in_proximity", "in_timestamp") as buffer:
            self.chip.proximity = 0x1234
            with self.does(
                "INT_STATUS", "INT_STATUS", "PS_RESULT", ("INT_STATUS", 0x08)
            ):
                self.clock.advance(0.017)
            first = buffer.read()
            self.chip.proximity = 0xFF01
            second = buffer.read()
            self.assertEqual(buffer.pending(), [])
        self.assertEqual(first["in_proximity"], 0x1234)
        self.assertEqual(second["in_proximity"], 0xFF01)
        apart = second.timestamp - first.timestamp
        self.assertAlmostEqual(apart, 16_000_000, delta=1_000)

    def test_measurements_come_with_the_rate(self):
        line = self.board.gpio[self.dev.irq_pin]
        self.iio[RATE] = "7.8125"
        self.chip.proximity = 3000
        self.iio[ENABLE] = "1"
        before = line.irqs
        self.clock.advance(10 / 7.8125 + 0.001)
        self.assertEqual(line.irqs - before, 10)

    def test_each_bit_of_the_status(self):
        for status, directions, cleared in [
            (0x01, ["rising"], 0x01), (0x02, ["falling"], 0x02),
            (0x03, ["falling", "rising"], 0x03), (0x0F,
            ["falling", "rising"], 0x03),
        ]:  # fmt: skip
            with self.subTest(hex(status)), self.iio.events() as events:
                with self.does("INT_STATUS", ("INT_STATUS", cleared)):
                    self.interrupt(status)
                self.assert_events(events.pending(), *directions)

    def interrupt(self, status):
        self.chip.INT_STATUS.value = status
        self.chip.irq.assert_()
        self.clock.advance(0.001)
        self.chip.irq.deassert()

    def test_data_that_nobody_captures_is_left_alone(self):
        for status in 0x08, 0x04, 0x0C, 0x00:
            with self.subTest(hex(status)), self.iio.events() as events:
                with self.does("INT_STATUS"):
                    self.interrupt(status)
                self.assertEqual(events.pending(), [])

    def test_nak_in_the_interrupt_gives_no_event(self):
        with self.iio.events() as events:
            for message in 0, 1:
                self.chip.inject(after=message)
                self.interrupt(0x03)
                self.assertEqual(events.pending(), [])
            self.chip.inject(after=2)  # the acknowledgement
            self.interrupt(0x02)
            self.assert_events(events.pending(), "falling")
            self.interrupt(0x01)
            self.assert_events(events.pending(), "rising")

    def test_time_of_the_event_is_that_of_the_interrupt(self):
        self.chip.proximity = 3000
        self.iio[RATE] = "250"
        with self.iio.events() as events:
            self.iio[ENABLE] = "1"
            first, second = events.read(), events.read()
        apart = second.timestamp - first.timestamp
        self.assertAlmostEqual(apart, 4_000_000, delta=1_000)

    def test_measuring_by_hand_gives_ebusy_meanwhile(self):
        self.iio[ENABLE] = "1"
        for attribute in LIGHT, NEAR, LUX:
            with self.subTest(attribute), self.does("COMMAND"):
                with self.assertGuestError(errno.EBUSY):
                    self.iio[attribute]
        with self.does("COMMAND"), self.assertGuestError(errno.EBUSY):
            self.iio[RATE] = "1.95"
        with self.does("RATE"):
            self.assertEqual(self.iio[RATE], "31.250000")
        self.iio[ENABLE] = "0"
        self.assertEqual(self.iio[LUX], "0.250000")
        self.iio[RATE] = "1.95"

    def test_buffer_gives_ebusy_meanwhile(self):
        self.iio.trigger = self.iio.own_trigger
        self.iio[ENABLE] = "1"
        with self.does("COMMAND"), self.assertGuestError(errno.EBUSY):
            with self.iio.buffer().capture("in_proximity"):
                self.fail("it started")

    def test_interrupt_is_of_the_falling_edge(self):
        line = self.board.gpio[self.dev.irq_pin]
        before = line.irqs
        self.chip.irq.assert_()
        self.clock.advance(0.001)
        self.assertEqual(line.irqs - before, 1)
        self.chip.irq.deassert()
        self.clock.advance(0.001)
        self.assertEqual(line.irqs - before, 1)
        names = (self.guest / "proc/interrupts").read_text()
        self.assertRegex(names, "vcnl40[01]0_irq")  # 6.1 has the 1

    def test_events_go_on_when_the_device_is_idle(self):
        self.iio[ENABLE] = "1"
        with self.iio.events() as events:
            self.clock.advance(5)
            self.assertEqual(events.pending(), [])
            self.chip.proximity = 3000
            self.assert_events([events.read()], "rising")

    @known_bug(
        "!=",
        "VCNL4010 has no power state in the driver: after unbind the chip "
        "measures and interrupts on",
    )
    def test_unbind_ends_periodic_measurements(self):
        self.iio[ENABLE] = "1"
        self.dev.unbind()
        self.assertEqual(self.chip.COMMAND.SELF_TIMED, 0)


class Capture(Numbers, vcnl40x0.Common, TestCase):
    """The buffer, filled by the chip's own trigger."""

    device = Events.device

    def setUp(self):
        self.iio.trigger = self.iio.own_trigger
        self.iio[RATE] = "62.5"

    def test_trigger_is_that_of_the_device(self):
        number = self.iio.path.name[len("iio:device"):]  # fmt: skip
        self.assertEqual(self.iio.own_trigger.name, f"vcnl4000-dev{number}")
        self.assertEqual(self.iio.trigger, f"vcnl4000-dev{number}")

    def test_elements(self):
        elements = self.iio.buffer().elements
        self.assertEqual(
            [(e.name, e.index, e.type.text) for e in elements.values()],
            [
                ("in_proximity", 0, "le:u16/16>>0"),
                ("in_timestamp", 1, "le:s64/64>>0"),
            ],
        )

    def test_start_and_stop(self):
        buffer = self.iio.buffer()
        buffer.select("in_proximity")
        with self.does("COMMAND", ("INT_CONTROL", 0x08), ("COMMAND", PERIODIC)):
            buffer.enabled = True
        with self.does(("INT_CONTROL", 0), ("COMMAND", 0)):
            buffer.enabled = False

    @requires_kernel("6.12", "the IIO core ends the clock's name with a NUL")
    def test_time_is_that_of_the_clock_that_is_chosen(self):
        self.assertEqual(self.iio["current_timestamp_clock"], "realtime")
        self.iio["current_timestamp_clock"] = "monotonic"
        with self.iio.buffer().capture("in_proximity", "in_timestamp") as buffer:
            stamp = buffer.read().timestamp
        taken = self.chip.reads(Vcnl4010.PS_RESULT)[-1].time
        self.assertAlmostEqual(stamp, taken, delta=200_000)

    def test_scans_wait_for_the_watermark(self):
        buffer = self.iio.buffer()
        self.assertEqual((buffer.path / "direction").read_text(), "in\n")
        buffer.select("in_proximity")
        buffer.length, buffer.watermark = 8, 3
        buffer.enabled = True
        self.clock.advance(2.1 / 62.5)
        self.assertEqual(buffer.pending(), [])
        self.clock.advance(1 / 62.5)
        self.assertEqual(len(buffer.pending()), 3)
        buffer.close()

    def test_scans_come_with_the_rate(self):
        with self.iio.buffer().capture("in_proximity", length=64) as buffer:
            self.clock.advance(1.001)
            self.assertEqual(len(buffer.pending()), 62)

    def test_timestamp_alone_can_not_be_captured(self):
        with self.assertGuestError(errno.EINVAL):
            with self.iio.buffer().capture("in_timestamp"):
                self.fail("it started")

    def test_trigger_without_data_gives_nothing(self):
        trigger = SysfsTrigger(self.guest)
        self.iio.trigger = trigger
        self.iio[RATE] = "1.95"
        with self.iio.buffer().capture("in_proximity") as buffer:
            for status, cleared in (0x00, 0x00), (0x07, 0x04):
                self.chip.INT_STATUS.value = status
                with self.does("INT_STATUS", ("INT_STATUS", cleared)):
                    trigger.fire()
                    self.clock.advance(0.02)
                self.assertEqual(buffer.pending(), [])
            self.chip.INT_STATUS.value, self.chip.PS_RESULT.value = 0x0C, 6
            with self.does("INT_STATUS", "PS_RESULT", ("INT_STATUS", 0x0C)):
                trigger.fire()
                self.clock.advance(0.02)
            self.assertEqual(buffer.pending(), [{"in_proximity": 6}])

    def test_nak_in_the_handler_loses_the_scan_alone(self):
        # the interrupt's own reading of the status has 2 messages; then
        # status 2, result 2, acknowledgement 1
        for message in range(2, 7):
            with self.subTest(message=message):
                with self.iio.buffer().capture("in_proximity") as buffer:
                    self.chip.inject(after=message)
                    self.clock.advance(0.017)
                    self.assertEqual(buffer.pending(), [])
                    self.chip.inject(count=0)
                    # what was not acknowledged keeps INT low: no edge more
                    self.chip.INT_STATUS.value = 0
                    self.chip.irq.deassert()
                    self.clock.advance(0.017)
                    self.assertEqual(len(buffer.pending()), 1)

    def test_nak_while_it_starts(self):
        buffer = self.iio.buffer()
        buffer.select("in_proximity")
        for message in 2, 3:
            with self.subTest(message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    buffer.enabled = True
                self.assertFalse(buffer.enabled)
        buffer.enabled = True
        self.assertTrue(buffer.enabled)

    def test_nak_while_it_stops(self):
        buffer = self.iio.buffer()
        buffer.select("in_proximity")
        for message in 0, 1:
            with self.subTest(message=message):
                buffer.enabled = True
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    buffer.enabled = False
                self.assertFalse(buffer.enabled)
                self.chip.COMMAND.value = 0x80
                self.chip.INT_CONTROL.value = 0

    def test_events_and_readings_give_ebusy_meanwhile(self):
        with self.iio.buffer().capture("in_proximity"), self.does():
            for attribute in LIGHT, NEAR, LUX:
                with self.subTest(attribute):
                    with self.assertGuestError(errno.EBUSY):
                        self.iio[attribute]
            for attribute, text in (ENABLE, "1"), (RATE, "1.95"):
                with self.subTest(attribute):
                    with self.assertGuestError(errno.EBUSY):
                        self.iio[attribute] = text
        self.assertEqual(self.iio[LUX], "0.250000")
        self.iio[RATE] = "1.95"
        self.iio[ENABLE] = "1"
        self.iio[ENABLE] = "0"

    def test_switching_events_off_leaves_a_capture_alone(self):
        with self.iio.buffer().capture("in_proximity"):
            with self.does("INT_CONTROL"):
                self.iio[ENABLE] = "0"

    def test_trigger_can_not_be_changed_meanwhile(self):
        with self.iio.buffer().capture("in_proximity"):
            with self.assertGuestError(errno.EBUSY):
                self.iio.trigger = None


class Two(TestCase):
    """Two chips, each with its trigger."""

    device = Events.device
    other = Events.device

    def test_trigger_is_for_its_own_device_alone(self):
        with self.assertGuestError(errno.EINVAL):
            self.other.iio.trigger = self.dev.iio.own_trigger
        self.assertEqual(self.other.iio.trigger, "")
        self.other.iio.trigger = self.other.iio.own_trigger


class Proximity(Numbers, vcnl40x0.Proximity, TestCase):
    device = Readings.device


class Probe(Numbers, vcnl40x0.Probe, TestCase):
    device = Events.device.replace(
        bind=False, properties="proximity-near-level = <220>;"
    )

    def test_name_of_the_trigger_that_is_taken_gives_eexist(self):
        self.dev.bind()
        name = self.iio.own_trigger.name
        self.dev.unbind()
        HrtimerTrigger(self.guest, name)
        with self.assertGuestError(errno.EEXIST):
            self.dev.bind()
