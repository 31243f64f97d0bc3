# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.iio on a real guest: a driver with events, a buffer and a trigger,
and attributes that are shared, in files of its own making."""

from __future__ import annotations

import errno
from decimal import Decimal

import roadtest
from roadtest import Device, TestCase, known_bug
from roadtest.iio import (
    HrtimerTrigger,
    IioDevice,
    Range,
    SysfsTrigger,
    find_trigger,
    triggers,
)
from roadtest.models import Register, RegisterModel, RegisterValue


class Vcnl4010(RegisterModel):
    """Vishay VCNL4010 as far as the tests need it (document 83462): periodic
    measurements of the proximity with an interrupt each."""

    value_bytes, auto_increment = 1, True
    COMMAND = Register(0x80, reset=0x80)
    PRODUCT = Register(0x81, access="ro", reset=0x21)
    RATE = Register(0x82)
    AMBIENT = Register(0x85, access="ro", width=2)
    PROXIMITY = Register(0x87, access="ro", width=2)
    INTERRUPT = Register(0x89)
    LOW = Register(0x8A, width=2)
    HIGH = Register(0x8C, width=2)
    STATUS = Register(0x8E, w1c=0x0F)

    proximity = 0x1234

    @COMMAND.on_write
    def command(self, command: RegisterValue) -> None:
        if command & 0x10:
            self.AMBIENT.value, self.COMMAND.value = 200, 0xC0
        if command == 0x03:
            self.after(0.5, self.measured)

    def measured(self) -> None:
        self.PROXIMITY.value = self.proximity
        self.STATUS.value = 0x08 if self.INTERRUPT.value & 0x08 else 0
        if self.INTERRUPT.value & 2 and self.proximity > self.HIGH.value:
            self.STATUS.value |= 0x01
        if self.STATUS.value:
            self.irq.assert_()
            self.irq.deassert()
        if self.COMMAND.value & 1:
            self.after(0.5, self.measured)


PROXIMITY, STAMP = "in_proximity", "in_timestamp"


class Real(TestCase):
    device = Device("vishay,vcnl4010", model=Vcnl4010).with_irq("falling")

    def test_channels(self) -> None:
        self.assertEqual(
            list(self.dev.iio.channels), ["in_illuminance", "in_proximity"]
        )
        light = self.dev.iio.channel("in_illuminance")
        self.assertEqual((light.raw, light.scale), (200, Decimal("0.25")))
        self.assertEqual(light.processed, 50)
        self.assertNotIn("offset", light)

    def test_available_list(self) -> None:
        proximity = self.dev.iio.channel(PROXIMITY)
        rates = proximity.available("sampling_frequency")
        assert isinstance(rates, list)
        self.assertEqual(rates[0], Decimal("1.95"))
        self.assertEqual(rates[-1], 250)

    def test_event_settings(self) -> None:
        proximity = self.dev.iio.channel(PROXIMITY)
        proximity.event("thresh", "rising").value = 1000
        self.assertEqual(proximity.event("thresh", "rising").value, 1000)
        self.assertEqual(self.chip.HIGH.value, 1000)
        either = proximity.event("thresh", "either")
        self.assertFalse(either.enabled)
        with self.dev.iio.events() as events:
            either.enabled = True
            self.assertTrue(either.enabled)
            self.assertEqual(self.chip.INTERRUPT.value, 2)
            self.clock.advance(0.6)
            (event,) = events.pending()
            self.assertEqual((event.type, event.direction), ("thresh", "rising"))
        either.enabled = False
        self.assertEqual(self.chip.INTERRUPT.value, 0)

    def test_what_is_not_there_is_named(self) -> None:
        with self.assertRaises(FileNotFoundError) as caught:
            self.dev.iio.channel("in_voltage0")["raw"]
        self.assertIn(
            "in_voltage0_raw, in_voltage_raw, in_raw, raw", str(caught.exception)
        )
        with self.assertRaises(ValueError):
            self.dev.iio.channel("voltage0")
        with self.assertRaises(KeyError) as wrong:
            self.dev.iio.buffer().select("in_voltage0")
        self.assertIn("in_proximity, in_timestamp", str(wrong.exception))

    def test_own_trigger_and_buffer(self) -> None:
        trigger = self.dev.iio.own_trigger
        self.assertEqual(find_trigger(self.guest, trigger.name).path.name,
                         trigger.path.name)  # fmt: skip
        self.dev.iio.trigger = trigger
        self.assertEqual(self.dev.iio.trigger, trigger.name)
        start = self.clock.now
        with self.dev.iio.buffer().capture(PROXIMITY, STAMP) as buffer:
            self.assertEqual(buffer.pending(), [])
            first = buffer.read()
            self.chip.proximity = 0xFFFF
            second = buffer.read()
        self.assertEqual(first[PROXIMITY], 0x1234)
        self.assertEqual(second[PROXIMITY], 0xFFFF)
        # of the wall clock, whose start the seed gives; half a second apart
        apart = second.timestamp - first.timestamp
        self.assertAlmostEqual(apart, 500_000_000, delta=1_000_000)
        self.assertGreater(self.clock.now - start, 1_000_000_000)
        self.assertFalse(buffer.enabled)

    def test_a_buffer_by_hand(self) -> None:
        self.dev.iio.trigger = self.dev.iio.own_trigger
        buffer = self.dev.iio.buffer()
        elements = buffer.elements
        self.assertEqual(list(elements), [PROXIMITY, STAMP])
        self.assertEqual(elements[PROXIMITY].type.text, "le:u16/16>>0")
        buffer.select(PROXIMITY)
        self.assertTrue(elements[PROXIMITY].enabled)
        self.assertFalse(elements[STAMP].enabled)
        buffer.length, buffer.watermark = 8, 3
        self.assertEqual((buffer.length, buffer.watermark), (8, 3))
        buffer.enabled = True
        file = buffer.open()
        self.clock.advance(1.1)
        self.assertEqual(buffer.data_available, 2)
        self.assertEqual(buffer.pending(), [], "before the watermark")
        self.clock.advance(0.5)
        self.assertEqual(buffer.pending(), [{PROXIMITY: 0x1234}] * 3)
        self.assertEqual(buffer.data_available, 0)
        with self.assertGuestError(errno.EBUSY):
            self.dev.iio.buffer().open()
        buffer.close()
        self.assertEqual(file.fd, -1)
        buffer.enabled = False

    def test_capture_fails_without_a_trigger(self) -> None:
        with self.assertGuestError(errno.EINVAL):
            with self.dev.iio.buffer().capture(PROXIMITY):
                self.fail("it started")

    def test_sysfs_trigger(self) -> None:
        trigger = SysfsTrigger(self.guest, 7)
        self.assertIn("sysfstrig7", [t.name for t in triggers(self.guest)])
        self.dev.iio.trigger = trigger
        with self.dev.iio.buffer().capture(PROXIMITY) as buffer:
            self.chip.STATUS.value = 0x08
            self.chip.PROXIMITY.value = 77
            trigger.fire()
            self.assertEqual(buffer.read(), {PROXIMITY: 77})

    def test_triggers_are_gone_after_the_test(self) -> None:
        SysfsTrigger(self.guest, 3)
        self.machine.undo_all(1)
        self.assertNotIn("sysfstrig3", [t.name for t in triggers(self.guest)])
        with self.assertRaises(roadtest.NoDeviceError):
            find_trigger(self.guest, "sysfstrig3")

    def test_hrtimer_trigger(self) -> None:
        trigger = HrtimerTrigger(self.guest, "ticks", 4)
        self.assertEqual(float(trigger.frequency), 4)
        self.dev.iio.trigger = trigger
        with self.dev.iio.buffer().capture(PROXIMITY, STAMP) as buffer:
            self.chip.after(0.2, self.ready)
            self.chip.after(0.45, self.ready)
            first, second = buffer.read(), buffer.read()
        self.assertEqual(second.timestamp - first.timestamp >> 20, 238)

    @known_bug(
        "KASAN: slab-use-after-free in config_item_put",
        "trigger_drop_group() puts the item that iio_sw_trigger_destroy() has "
        "freed",
        flavour="check",
    )
    def test_removing_a_software_trigger_is_a_use_after_free(self) -> None:
        HrtimerTrigger(self.guest, "gone")
        (self.guest / "sys/kernel/config/iio/triggers/hrtimer/gone").unlink()

    def ready(self) -> None:
        self.chip.STATUS.value = 0x08


class Made(TestCase):
    """Attributes in plain files."""

    def make(self, **files: str) -> IioDevice:
        for name, text in files.items():
            self.guest.put(f"/tmp/{self.id()}/{name}", f"{text}\n")
        return IioDevice(self.guest.path(f"/tmp/{self.id()}"))

    def test_the_most_specific_name_wins(self) -> None:
        iio = self.make(
            in_voltage0_raw="10", in_voltage0_scale="2",
            in_voltage1_raw="20", in_voltage_scale="3",
            in_temp_raw="30", in_scale="5",
            out_voltage0_raw="40", scale="7",
        )  # fmt: skip
        found = {name: c.processed for name, c in iio.channels.items()}
        self.assertEqual(
            found,
            {
                "in_temp": 150,
                "in_voltage0": 20,
                "in_voltage1": 60,
                "out_voltage0": 280,
            },
        )

    def test_differential_and_modified_channels(self) -> None:
        iio = self.make(
            **{"in_voltage2-voltage3_raw": "3", "in_voltage-voltage_scale": "3"}
        )
        diff = iio.channel("in_voltage2-voltage3")
        self.assertEqual((diff.index, diff.index2, diff.type), (2, 3, "voltage"))
        self.assertEqual(diff.processed, 9)
        accel = self.make(in_accel_x_raw="-4", in_accel_scale="0.5").channel(
            "in_accel_x"
        )
        self.assertEqual((accel.type, accel.modifier), ("accel", "x"))
        self.assertEqual(accel.processed, -2)

    def test_processed_is_exact(self) -> None:
        temp = self.make(
            in_temp7_raw="12345", in_temp7_offset="-273.150000000",
            in_temp7_scale="0.000000001",
        ).channel("in_temp7")  # fmt: skip
        self.assertEqual(temp.processed, Decimal("0.00001207185"))

    def test_input_is_taken_as_it_is(self) -> None:
        channel = self.make(
            in_temp8_input="-0.5", in_temp8_raw="3", in_temp8_scale="4"
        ).channel("in_temp8")
        self.assertEqual(channel.processed, Decimal("-0.5"))

    def test_an_attribute_is_written_where_it_is_found(self) -> None:
        iio = self.make(in_pressure_gain="1")
        iio.channel("in_pressure0")["gain"] = Decimal("0.25")
        path = iio.path / "in_pressure_gain"
        self.assertEqual(path.read_text(), "0.25")

    def test_ranges(self) -> None:
        iio = self.make(in_current0_bias_available="[0 1 7]")
        found = iio.channel("in_current0").available("bias")
        self.assertEqual(found, Range(0, 1, 7))

    def test_shared_events(self) -> None:
        iio = self.make(**{"events/in_accel_mag_rising_value": "9"})
        event = iio.channel("in_accel_y").event("mag", "rising")
        self.assertEqual(event.value, 9)

