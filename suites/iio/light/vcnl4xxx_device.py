# SPDX-License-Identifier: LGPL-2.1-or-later
"""Further tests that VCNL4040 and VCNL4200 share: power management, interrupt
and probe."""

import errno
from decimal import Decimal

from roadtest import NoDeviceError, known_bug

from vcnl4xxx import (
    LIGHT_EN,
    LIGHT_HIGH,
    LIGHT_LOW,
    LIGHT_PERIOD,
    NEAR_FALLING_EN,
    NEAR_HIGH,
    NEAR_LOW,
    NEAR_RISING_EN,
    TOLERANCE,
    USLEEP,
    Common,
)


class Waiting(Common):
    """Runtime power management: on for a reading."""

    def setUp(self):
        self.clock.advance(3)

    def on(self):
        return "AL_CONF", ("AL_CONF", 0), "PS_CONF", ("PS_CONF", 0x800)

    def shut_down(self):
        return self.chip.AL_CONF.ALS_SD, self.chip.PS_CONF.PS_SD

    def test_reading_switches_on_and_waits_for_a_measurement(self):
        self.chip.lux, self.chip.proximity = 48, 0x1234
        for attribute, register, wait, text in [
            ("in_illuminance_raw", "AL_DATA", self.LIGHT_WAIT,
             str(int(48 / Decimal(self.SCALES[0])))),
            ("in_proximity_raw", "PS_DATA", self.NEAR_WAIT, "291.250000000"),
        ]:  # fmt: skip
            with self.subTest(attribute):
                self.clock.advance(3)
                self.assertEqual(self.shut_down(), (1, 1))
                with self.does(*self.on(), register):
                    self.assertEqual(self.iio[attribute], text)
                on = self.chip.writes(self.chip.PS_CONF)[-1].time
                read = self.chip.reads(getattr(self.chip, register))[-1].time
                # between: the write's STOP, and START, address, register and
                # address of the read
                apart = read - on - 75_000
                self.assertGreaterEqual(apart, wait)
                self.assertLess(apart, wait + USLEEP + 2 * TOLERANCE)


class Power(Waiting):
    """Also what is the same for both chips: off 2 seconds after the last
    reading."""

    def off(self):
        """The accesses that shut down what is on with default settings."""
        return "AL_CONF", ("AL_CONF", 1), "PS_CONF", ("PS_CONF", 0x801)

    def test_delay_is_two_seconds(self):
        delay = self.dev / "power/autosuspend_delay_ms"
        self.assertEqual(delay.read_text(), "2000\n")

    def test_off_two_seconds_after_the_last_reading(self):
        for _ in range(2):
            self.iio["in_proximity_raw"]
            with self.does():
                self.clock.advance(1.95)
            self.assertEqual(self.shut_down(), (0, 0))
        self.iio["in_proximity_raw"]
        with self.does(*self.off()):
            self.clock.advance(2.6)
        status = self.dev / "power/runtime_status"
        self.assertEqual(status.read_text(), "suspended\n")
        with self.does():
            self.clock.advance(10)

    def test_off_also_after_a_reading_that_failed(self):
        self.iio["in_illuminance_raw"]
        self.chip.inject()
        with self.assertGuestError(errno.EIO):
            self.iio["in_illuminance_raw"]
        self.clock.advance(2.6)
        self.assertEqual(self.shut_down(), (1, 1))

    def test_settings_are_kept_while_it_is_off(self):
        self.chip.AL_CONF.value, self.chip.PS_CONF.value = 0x00CD, 0x08FB
        with self.does(
            "AL_CONF", ("AL_CONF", 0x00CC), "PS_CONF", ("PS_CONF", 0x08FA),
            "PS_DATA",
        ):  # fmt: skip
            self.iio["in_proximity_raw"]
        with self.does("AL_CONF", ("AL_CONF", 0x00CD), "PS_CONF", ("PS_CONF", 0x08FB)):
            self.clock.advance(2.6)

    def test_events_keep_it_on(self):
        for attribute in LIGHT_EN, NEAR_RISING_EN, NEAR_FALLING_EN:
            with self.subTest(attribute):
                self.iio["in_proximity_raw"]
                self.iio[attribute] = "1"
                with self.does():
                    self.clock.advance(5)
                self.assertEqual(self.shut_down(), (0, 0))
                self.iio[attribute] = "0"
                self.iio["in_proximity_raw"]
                self.clock.advance(2.6)
                self.assertEqual(self.shut_down(), (1, 1))

    def test_reading_an_enable_tells_what_the_chip_has(self):
        """Also for what keeps it on."""
        for attribute, register, value, off in [
            (LIGHT_EN, "AL_CONF", 0x0002, 0x0000),
            (NEAR_RISING_EN, "PS_CONF", 0x0900, 0x0800),
            (NEAR_FALLING_EN, "PS_CONF", 0x0A00, 0x0800),
        ]:
            with self.subTest(attribute):
                self.iio["in_proximity_raw"]
                getattr(self.chip, register).value = value
                self.assertEqual(self.iio[attribute], "1")
                with self.does():
                    self.clock.advance(5)
                getattr(self.chip, register).value = off
                self.assertEqual(self.iio[attribute], "0")
                self.iio["in_proximity_raw"]
                self.clock.advance(2.6)
                self.assertEqual(self.shut_down(), (1, 1))

    @known_bug(
        "!=",
        "vcnl4040_write_event_config() does not resume the device: events of "
        "a chip that is off never come",
    )
    def test_enabling_an_event_switches_on(self):
        self.assertEqual(self.shut_down(), (1, 1))
        self.iio[LIGHT_EN] = self.iio[NEAR_RISING_EN] = "1"
        self.assertEqual(self.shut_down(), (0, 0))

    def test_nak_while_switching_on_fails_the_reading(self):
        self.chip.inject(after=self.nak_at)
        with self.assertGuestError(errno.EIO):
            self.iio["in_illuminance_raw"]

    nak_at = 0

    @known_bug(
        "EINVAL",
        "vcnl4000_runtime_resume() hands an error of the bus to the core, "
        "which remembers it: every later reading gives EINVAL",
    )
    def test_nak_while_switching_on_fails_one_reading_alone(self):
        for message in range(6):
            self.chip.inject(after=message)
            with self.assertGuestError(errno.EIO):
                self.iio["in_proximity_raw"]
            self.assertEqual(self.iio["in_proximity_raw"], "0.000000000")
            self.clock.advance(3)

    def sleep(self):
        """The system sleeps for 5 s; what the chip was in the first."""
        asleep = []
        self.clock.after(1, lambda: asleep.append(self.shut_down()))
        (self.guest / "sys/power/pm_test").write_text("devices")
        (self.guest / "sys/power/state").write_text("freeze")
        return asleep

    def test_system_sleep_switches_off_and_on_again(self):
        self.keep_on()
        with self.does(*self.off(), *self.on()):
            self.assertEqual(self.sleep(), [(1, 1)])
        self.assertEqual(self.iio["in_proximity_raw"], "0.000000000")

    def test_system_sleep_leaves_what_nobody_uses_off(self):
        self.iio["in_proximity_raw"]
        with self.does(*self.off()):
            self.assertEqual(self.sleep(), [(1, 1)])
        with self.does():
            self.sleep()
        self.assertEqual(self.iio["in_proximity_raw"], "0.000000000")

    def test_unbind_switches_off(self):
        self.keep_on()
        with self.does(*self.off()):
            self.dev.unbind()

    def test_unbind_switches_off_what_was_read_just_before(self):
        self.iio["in_proximity_raw"]
        self.dev.unbind()
        self.assertEqual(self.shut_down(), (1, 1))

    def test_works_when_it_is_bound_again(self):
        self.iio["in_proximity_raw"]
        self.dev.unbind()
        self.dev.bind()
        self.chip.proximity = 16
        self.assertEqual(self.iio["in_proximity_raw"], "1.000000000")
        self.clock.advance(2.6)
        self.assertEqual(self.shut_down(), (1, 1))

    def test_unbind_says_that_it_can_not_switch_off(self):
        for message in 0, 2, 3, 5:  # each transfer
            with self.subTest(message=message):
                self.keep_on()
                before = self.guest.log.count("Failed to power down (-")
                self.chip.inject(after=message)
                self.dev.unbind()
                self.chip.inject(count=0)
                log = self.guest.log
                after = log.count("Failed to power down (-")
                self.assertEqual(after - before, 1)
                self.dev.bind()

    @known_bug(
        "!=",
        "vcnl4200_set_power_state() refuses to power down while events are "
        "on, also when the driver goes: the chip measures and interrupts on",
    )
    def test_unbind_switches_off_with_events_on(self):
        self.iio["in_proximity_raw"]
        self.iio[LIGHT_EN] = "1"
        self.dev.unbind()
        self.assertEqual(self.shut_down(), (1, 1))


class Flags(Common):
    """The interrupt, and the chip's register of flags."""

    def setUp(self):
        self.keep_on()
        self.chip.lux, self.chip.proximity = 48, 100
        self.iio[LIGHT_HIGH] = self.counts(100)
        self.iio[LIGHT_LOW] = self.counts(10)
        self.iio[NEAR_HIGH], self.iio[NEAR_LOW] = 2000, 1000

    def counts(self, lux):
        return int(lux / Decimal(self.SCALES[0]))

    def assert_events(self, events, *wanted):
        self.assertEqual(
            [(e.channel_type, e.type, e.direction, e.channel) for e in events],
            [(kind, "thresh", direction, 0) for kind, direction in wanted],
        )

    def test_light_beyond_the_thresholds(self):
        with self.iio.events() as events:
            self.iio[LIGHT_EN] = "1"
            self.clock.advance(0.2)
            self.assertEqual(events.pending(), [])
            for lux, direction in (101, "rising"), (9, "falling"):
                with self.subTest(direction):
                    self.chip.lux = lux
                    self.clock.advance(float(self.LIGHT_TIMES[0]) + 0.001)
                    self.chip.lux = 48
                    self.assert_events(events.pending(), ("light", direction))
                    self.clock.advance(0.2)
                    self.assertEqual(events.pending(), [])

    def test_proximity_comes_close_and_goes_away(self):
        with self.iio.events() as events:
            self.iio[NEAR_RISING_EN] = self.iio[NEAR_FALLING_EN] = "1"
            self.clock.advance(0.05)
            self.assertEqual(events.pending(), [])
            for near, direction in (2001, "rising"), (999, "falling"):
                with self.subTest(direction):
                    self.chip.proximity = near
                    self.clock.advance(0.02)
                    self.assert_events(events.pending(), ("proximity", direction))
                    self.clock.advance(0.05)
                    self.assertEqual(events.pending(), [])

    def test_each_flag_is_an_event(self):
        for flags, wanted in [
            (0x0200, [("proximity", "rising")]),
            (0x0100, [("proximity", "falling")]),
            (0x1000, [("light", "rising")]),
            (0x2000, [("light", "falling")]),
            (0x3300, [("proximity", "rising"), ("proximity", "falling"),
                      ("light", "falling"), ("light", "rising")]),
            (0x0000, []), (0xCCFF, []),
        ]:  # fmt: skip
            with self.subTest(hex(flags)), self.iio.events() as events:
                self.interrupt(flags)
                self.assert_events(events.pending(), *wanted)

    def interrupt(self, flags):
        self.chip.INT_FLAGS.value = flags
        with self.does("INT_FLAGS"):
            self.chip.irq.assert_()
            self.clock.advance(0.001)


class Events(Flags):
    """Also what is the same for both chips."""

    def test_light_event_comes_after_the_period(self):
        time = Decimal(self.LIGHT_TIMES[0])
        self.iio[LIGHT_PERIOD] = time * 3  # rounded to 4 measurements
        with self.iio.events() as events:
            self.iio[LIGHT_EN] = "1"
            self.chip.lux = 101
            self.clock.advance(float(time) * 3.9)
            self.assertEqual(events.pending(), [])
            self.clock.advance(float(time) * 0.2)
            self.assert_events(events.pending(), ("light", "rising"))

    def test_one_direction_of_the_proximity(self):
        for attribute, direction in [
            (NEAR_RISING_EN, "rising"), (NEAR_FALLING_EN, "falling"),
        ]:  # fmt: skip
            with self.subTest(direction), self.iio.events() as events:
                self.iio[attribute] = "1"
                for near in 3000, 100:
                    self.chip.proximity = near
                    self.clock.advance(0.02)
                self.assert_events(events.pending(), ("proximity", direction))
                self.iio[attribute] = "0"

    def test_time_of_the_event_is_that_of_the_interrupt(self):
        stamps = []
        with self.iio.events() as events:
            for _ in range(2):
                self.interrupt(0x0200)
                stamps.append(events.read().timestamp)
                self.clock.advance(1)
        self.assertAlmostEqual(stamps[1] - stamps[0], 1_001_000_000, delta=1_000)

    def test_nak_in_the_interrupt_gives_no_event(self):
        with self.iio.events() as events:
            for message in 0, 1:
                self.chip.INT_FLAGS.value = 0x3300
                self.chip.inject(after=message)
                self.chip.irq.assert_()
                self.clock.advance(0.001)
                self.chip.irq.deassert()
                self.assertEqual(events.pending(), [])
            self.interrupt(0x0200)
            self.assert_events(events.pending(), ("proximity", "rising"))

    def test_interrupt_has_the_name_of_the_driver(self):
        text = (self.guest / "proc/interrupts").read_text()
        (line,) = [n for n in text.splitlines() if "vcnl4000_irq" in n]
        self.assertEqual(line.split()[-1], "vcnl4000_irq")

    def test_interrupt_is_of_the_falling_edge(self):
        line = self.board.gpio[self.dev.irq_pin]
        before = line.irqs
        self.chip.irq.assert_()
        self.clock.advance(0.001)
        self.assertEqual(line.irqs - before, 1)
        self.chip.irq.deassert()
        self.clock.advance(0.001)
        self.assertEqual(line.irqs - before, 1)

    def test_driver_registers_a_trigger(self):
        number = self.iio.path.name[len("iio:device"):]  # fmt: skip
        self.assertEqual(self.iio.own_trigger.name, f"vcnl4000-dev{number}")


class Probe(Common):
    """What happens when the driver is bound."""

    def reset(self):
        """What probe does on a chip that has its reset values."""
        return (
            *self.ID_READS,
            "PS_CONF", ("PS_CONF", 0x0801), "PS_CONF3", ("PS_CONF3", 0x0360),
            "AL_CONF", ("AL_CONF", 0x0000), "PS_CONF", ("PS_CONF", 0x0800),
        )  # fmt: skip

    def first(self, count):
        """The first accesses, without what runtime PM does afterwards."""
        entries = self.chip.traffic().accesses[:count]
        return tuple(
            e.register.name if e.read else (e.register.name, e.value) for e in entries
        )

    def test_switches_on_with_16_bits_of_proximity(self):
        self.dev.bind()
        wanted = self.reset()
        self.assertEqual(self.first(len(wanted)), wanted)

    def test_keeps_what_it_does_not_set(self):
        self.chip.PS_CONF.value = 0x02FB
        self.chip.PS_CONF3.value = 0x0419
        self.chip.AL_CONF.value = 0x00CF
        self.dev.bind()
        wanted = (
            *self.ID_READS,
            "PS_CONF", ("PS_CONF", 0x0AFB), "PS_CONF3", ("PS_CONF3", 0x0779),
            "AL_CONF", ("AL_CONF", 0x00CE), "PS_CONF", ("PS_CONF", 0x0AFA),
        )  # fmt: skip
        self.assertEqual(self.first(len(wanted)), wanted)

    def test_foreign_chip_gives_enodev(self):
        for id in 0x0000, 0x0187, 0x1059, 0x8600, 0x5800, 0xFFFF:
            with self.subTest(hex(id)):
                self.chip.ID.value = id
                with self.assertGuestError(errno.ENODEV):
                    self.dev.bind()
        self.assertEqual(self.chip.traffic().writes, [])

    def test_revision_is_taken_from_the_id(self):
        self.guest.insmod("vcnl4000", "dyndbg=+p")
        (self.guest / "proc/sys/kernel/printk").write_text("8")
        self.chip.ID.value = self.chip.ID.value & 0xFF | 0xFA00
        self.dev.bind()
        log = self.guest.log
        self.assertIn(f"device id {self.chip.ID.value & 0xFF:#x}", log)
        self.assertIn(f"{self.NAME} Ambient light/proximity sensor, Rev: 0a", log)

    def test_near_level_is_that_of_the_devicetree(self):
        self.dev.bind()
        self.assertEqual(self.iio["in_proximity_nearlevel"], "220")

    def test_nak_is_an_error_and_the_next_probe_works(self):
        message = 0
        for step in self.reset():
            with self.subTest(step, message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    self.dev.bind()
                self.chip.inject(count=0)
                with self.assertRaises(NoDeviceError):
                    self.iio
            message += 2 if isinstance(step, str) else 1  # a read has two
        self.dev.bind()
        self.assertEqual(self.iio["name"], "vcnl4000")
