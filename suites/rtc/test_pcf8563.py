# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/rtc/rtc-pcf8563.c: time, voltage, alarm.

What stands in the devicetree (probe, properties, clock output, match tables)
is in test_pcf8563_board.py. Section numbers are those of NXP's datasheet
PCF8563, Rev. 11.
"""

import datetime
import errno

from pcf8563 import PCF8563
from roadtest import (
    Device,
    GuestError,
    TestCase,
    insmod,
    known_bug,
    mark,
    requires_kernel,
)
from roadtest.rtc import AF, IRQF, VL_DATA_INVALID, RtcInterrupt, RtcTime

Time = datetime.datetime
SECOND = datetime.timedelta(seconds=1)

NOON = Time(2024, 2, 29, 12, 0, 0)

# What the driver clears or sets in CONTROL_2.
TI_TP, FLAG, TIMER_FLAG, ALARM_ON, TIMER_ON = 0x10, 0x08, 0x04, 0x02, 0x01


HANDLER = known_bug(
    "MachineGone|OracleError|ProtocolError|LimitExceeded",
    "pcf8563_irq() takes the i2c client for the driver's own data: an oops "
    "with the first interrupt",
    since="6.13",
)
ALWAYS_ALARM = known_bug(
    "AssertionError",
    "without an interrupt the driver offers an alarm, which can't go off",
    until="6.2",
)


class RtcTest(TestCase):
    """What all tests of this chip share.

    The module is there from the start and stays: the kernel's alarmtimer holds
    the first RTC that can wake the system for ever, and a module that can't go
    costs each test a kernel of its own. Each test probes anew.
    """

    @classmethod
    def setUpClass(cls):
        insmod("rtc-pcf8563")

    @property
    def rtc(self):
        return self.dev.rtc

    def idle(self):
        """Let the class finish what it has put off: setting the time makes it
        look at its timers in a work item, which has transfers of its own."""
        self.clock.advance(0.01)

    def mark(self):
        """Remember where the trace stands, once all is quiet."""
        self.idle()
        self.start = len(self.board.trace)

    def written(self):
        """(register, value) of all writes since mark(), in their order."""
        self.clock.settle()
        return [
            (record.name, record.value)
            for record in self.board.trace.since(self.start)
            if record.kind == "reg" and not record.read
        ]

    def messages_of(self, call):
        """How many bus messages a call takes."""
        self.idle()
        before = self.chip.messages
        call()
        return self.chip.messages - before

    def assert_nak_gives_eio(self, call):
        """A NAK at each message of a call is EIO; then the call works."""
        for message in range(self.messages_of(call)):
            with self.subTest(message=message):
                self.idle()
                self.chip.inject(after=message, count=1)
                with self.assertGuestError(errno.EIO):
                    call()
                self.chip.inject(count=0)
        call()


# The chip has this address and no other (9.5.1).
PLAIN = Device("nxp,pcf8563", model=PCF8563, addr=0x51, node="rtc")


class Clock(RtcTest):
    """The time. Nothing is connected to INT, so there is no alarm either."""

    device = PLAIN

    # reading

    @mark("rfc")
    def test_time_is_read(self):
        for time in [
            Time(2000, 1, 1, 0, 0, 0),
            Time(2001, 9, 10, 19, 59, 59),
            Time(2024, 2, 29, 23, 48, 37),
            Time(2038, 1, 19, 3, 14, 8),
            Time(2045, 10, 20, 15, 26, 4),
            Time(2069, 12, 31, 23, 59, 59),
        ]:
            with self.subTest(time):
                self.chip.time = time
                self.assertEqual(self.rtc.read_time(), RtcTime.of(time))

    def test_years_70_to_99_are_those_of_the_last_century(self):
        # the class's window: 100 years from 1970 on
        for year in 1970, 1985, 1999:
            with self.subTest(year):
                self.chip.time = Time(year + 100, 7, 4, 1, 2, 3)
                read = self.rtc.read_time()._replace(tm_yday=0)
                self.assertEqual(read, RtcTime.of(Time(year, 7, 4, 1, 2, 3)))

    def test_time_passes(self):
        for before, after in [
            (Time(2023, 2, 28, 23, 59, 59), Time(2023, 3, 1)),
            (Time(2024, 2, 28, 23, 59, 59), Time(2024, 2, 29)),
            (Time(2000, 2, 28, 23, 59, 59), Time(2000, 2, 29)),
            (Time(2024, 12, 31, 23, 59, 59), Time(2025, 1, 1)),
        ]:
            with self.subTest(before):
                self.chip.time = before
                self.chip.run()
                self.clock.advance(1)
                self.assertEqual(self.rtc.read_time(), RtcTime.of(after))

    def test_a_new_century(self):
        self.chip.time = Time(2099, 12, 31, 23, 59, 59)
        self.assertEqual(
            self.rtc.read_time().datetime, Time(1999, 12, 31, 23, 59, 59)
        )
        self.chip.run()
        self.clock.advance(1)
        self.assertEqual(self.rtc.read_time().datetime, Time(2000, 1, 1))
        self.assertEqual(self.chip.MONTHS.C, 1)

    def test_one_access_reads_all_of_the_time(self):
        # 8.5: seconds to years in one go, else a carry comes between
        self.chip.time = NOON
        self.mark()
        self.rtc.read_time()
        reads = [
            record
            for record in self.board.trace.since(self.start)
            if record.kind == "reg"
        ]
        self.assertEqual(len({record.transaction for record in reads}), 1)
        names = [record.name for record in reads if record.read]
        self.assertEqual(
            names[-7:],
            ["SECONDS", "MINUTES", "HOURS", "DAYS", "WEEKDAYS", "MONTHS", "YEARS"],
        )

    def test_nak_in_reading_gives_eio(self):
        self.chip.time = NOON
        self.assert_nak_gives_eio(self.rtc.read_time)

    def test_attributes(self):
        self.chip.time = Time(2045, 10, 20, 15, 26, 4)
        for name, text in [
            ("date", "2045-10-20"),
            ("time", "15:26:04"),
            ("since_epoch", "2392125964"),
            ("name", f"rtc-pcf8563 {self.dev.id}"),
            ("range", "[946684800,4102444799]"),
            ("hctosys", "0"),
            ("max_user_freq", "64"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.rtc[name], text)
        self.rtc["max_user_freq"] = 128
        self.assertEqual(self.rtc["max_user_freq"], "128")
        with self.assertGuestError(errno.EINVAL):
            self.rtc["max_user_freq"] = 0

    # voltage

    def test_time_is_invalid_after_power_on(self):
        self.assertEqual(self.chip.SECONDS.VL, 1)
        with self.assertGuestError(errno.EINVAL):
            self.rtc.read_time()
        self.assertIn(
            "low voltage detected, date/time is not reliable.",
            self.dev.messages().lines,
        )
        for attribute in "date", "time", "since_epoch":
            with self.subTest(attribute), self.assertGuestError(errno.EINVAL):
                self.rtc[attribute]

    def test_setting_the_time_makes_it_valid(self):
        self.assertEqual(self.rtc.read_voltage_low(), VL_DATA_INVALID)
        self.rtc.set_time(NOON)
        self.assertEqual(self.chip.SECONDS.VL, 0)
        self.assertEqual(self.rtc.read_voltage_low(), 0)
        self.assertEqual(self.rtc.read_time().datetime, NOON)

    @mark("rfc")
    def test_low_voltage_is_seen_when_it_comes(self):
        self.rtc.set_time(NOON)
        self.chip.SECONDS.VL = 1
        self.assertEqual(self.rtc.read_voltage_low(), VL_DATA_INVALID)
        with self.assertGuestError(errno.EINVAL):
            self.rtc.read_time()

    def test_full_seconds_are_no_low_voltage(self):
        self.chip.time = Time(2024, 2, 29, 12, 0, 59)
        self.assertEqual(self.rtc.read_voltage_low(), 0)

    def test_low_voltage_is_not_cleared_by_ioctl(self):
        # only setting the time clears it: the driver has no RTC_VL_CLR
        self.mark()
        with self.assertGuestError(errno.ENOTTY):
            self.rtc.clear_voltage_low()
        self.assertEqual(self.written(), [])
        self.assertEqual(self.rtc.read_voltage_low(), VL_DATA_INVALID)

    def test_nak_in_reading_the_voltage_gives_eio(self):
        self.assert_nak_gives_eio(self.rtc.read_voltage_low)

    @known_bug(
        "gave no error",
        "pcf8563_rtc_set_time() writes seconds and VL first: if a later "
        "register fails, a time that nobody set counts as valid",
        until="6.13",
    )
    def test_time_stays_invalid_when_it_could_not_be_set(self):
        self.chip.inject(after=1, count=1)
        try:
            self.rtc.set_time(NOON)
        except GuestError:
            self.chip.inject(count=0)
            with self.assertGuestError(errno.EINVAL):
                self.rtc.read_time()

    # setting

    def assert_set(self, time, registers):
        """Setting it writes these and nothing else."""
        names = "SECONDS MINUTES HOURS DAYS WEEKDAYS MONTHS YEARS".split()
        self.mark()
        self.rtc.set_time(time)
        self.assertEqual(self.written(), list(zip(names, registers)))

    @mark("rfc")
    def test_time_is_set(self):
        for time, registers in [
            (Time(2000, 1, 1), (0, 0, 0, 1, 6, 0x01, 0)),
            (
                Time(2024, 2, 29, 23, 59, 58),
                (0x58, 0x59, 0x23, 0x29, 4, 0x02, 0x24),
            ),
            (
                Time(2045, 10, 20, 15, 47, 38),
                (0x38, 0x47, 0x15, 0x20, 5, 0x10, 0x45),
            ),
            (
                Time(2069, 12, 31, 9, 6, 7),
                (0x07, 0x06, 0x09, 0x31, 2, 0x12, 0x69),
            ),
        ]:
            with self.subTest(time):
                self.assert_set(time, registers)
                self.assertEqual(self.chip.time, time)

    def test_last_century_is_kept_in_years_70_to_99(self):
        # 4 July 2085 is a Wednesday; that of 1985 was a Thursday
        self.assert_set(
            Time(1985, 7, 4, 1, 2, 3), (0x03, 0x02, 0x01, 0x04, 3, 0x07, 0x85)
        )
        self.assertEqual(self.rtc.read_time().datetime, Time(1985, 7, 4, 1, 2, 3))

    @mark("rfc")
    def test_century_bit_stays_as_it_was_read(self):
        # 8.4.6: its meaning is the user's; the driver goes by what is there
        for century in 0, 1:
            for year in 2000, 2001, 2069:
                with self.subTest(century=century, year=year):
                    self.chip.time = Time(year, 5, 6)
                    self.chip.MONTHS.C = century
                    self.rtc.read_time()
                    self.mark()
                    self.rtc.set_time(Time(year, 12, 6))
                    self.assertIn(
                        ("MONTHS", century << 7 | 0x12), self.written()
                    )

    def test_century_bit_is_0_for_the_first_time(self):
        self.rtc.set_time(Time(2000, 5, 6))
        self.assertEqual(self.chip.MONTHS.C, 0)

    def test_the_window_is_100_years(self):
        for time in Time(1970, 1, 1), Time(2069, 12, 31, 23, 59, 59):
            with self.subTest(time):
                self.rtc.set_time(time)
                self.assertEqual(self.rtc.read_time().datetime, time)
        self.mark()
        with self.assertGuestError(errno.EINVAL):
            self.rtc.set_time(Time(1969, 12, 31, 23, 59, 59))
        with self.assertGuestError(errno.ERANGE):
            self.rtc.set_time(Time(2070, 1, 1))
        self.assertEqual(self.written(), [])

    def test_no_date_gives_einval(self):
        good = RtcTime.of(NOON)
        self.mark()
        for change in [
            {"tm_sec": 60}, {"tm_min": 60}, {"tm_hour": 24}, {"tm_mday": 30},
            {"tm_mday": 0}, {"tm_mon": 12}, {"tm_mon": -1},
        ]:  # fmt: skip
            with self.subTest(change), self.assertGuestError(errno.EINVAL):
                self.rtc.set_time(good._replace(**change))
        self.assertEqual(self.written(), [])

    def test_nak_in_setting_gives_eio(self):
        self.assert_nak_gives_eio(lambda: self.rtc.set_time(NOON))
        self.assertEqual(self.chip.time, NOON)

    @known_bug(
        "not found in",
        "pcf8563_rtc_set_time() writes each register in a transfer of its own: "
        "a second that ends in between changes those that are still to come "
        "(datasheet, 8.5)",
        until="6.13",
    )
    def test_a_second_that_ends_meanwhile_does_not_spoil_the_time(self):
        time = Time(2024, 2, 29, 12, 30, 59)
        self.chip.run(100e-6)  # behind the first register, before the second
        self.rtc.set_time(time)
        self.assertIn(self.chip.time, (time, time + SECOND))

    # no interrupt

    @ALWAYS_ALARM
    def test_no_alarm_is_offered(self):
        self.assertEqual(self.rtc.features(), {"alarm_res_minute"})
        self.assertNotIn("wakealarm", self.rtc)
        wakeup = self.dev / "power/wakeup"
        self.assertNotEqual(wakeup.exists() and wakeup.read_text(), "enabled\n")

    @ALWAYS_ALARM
    @mark("rfc")
    def test_alarm_ioctls_give_einval(self):
        self.rtc.set_time(NOON)
        self.mark()
        rtc = self.rtc
        for name, call in [
            ("ALM_SET", lambda: rtc.set_alarm(NOON)),
            ("ALM_READ", rtc.read_alarm),
            ("WKALM_SET", lambda: rtc.set_wake_alarm(NOON + 60 * SECOND)),
            ("WKALM_RD", rtc.read_wake_alarm),
            ("AIE_ON", rtc.enable_alarm),
            ("AIE_OFF", lambda: rtc.enable_alarm(False)),
            ("UIE_ON", rtc.enable_updates),
        ]:
            with self.subTest(name), self.assertGuestError(errno.EINVAL):
                call()
        self.assertEqual(self.written(), [])
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)

    def test_other_requests_give_enotty(self):
        with self.assertGuestError(errno.ENOTTY):
            self.rtc.file.ioctl(0x7011)


class Alarm(RtcTest):
    device = PLAIN.with_irq("low")

    def setUp(self):
        self.rtc.set_time(NOON)
        self.mark()
        self.chip.run()

    @property
    def irqs(self):
        return self.board.gpio[self.dev.irq_pin].irqs

    def at(self, seconds):
        return NOON + seconds * SECOND

    def test_features(self):
        self.assertEqual(self.rtc.features(), {"alarm", "alarm_res_minute"})

    def test_time_of_the_alarm_is_written(self):
        for time, registers in [
            (Time(2024, 2, 29, 12, 1), (0x01, 0x12, 0x29, 4)),
            (Time(2045, 10, 20, 23, 48), (0x48, 0x23, 0x20, 5)),
            (Time(2069, 12, 31, 9, 59), (0x59, 0x09, 0x31, 2)),
            (Time(2024, 3, 3, 0, 0), (0, 0, 0x03, 0)),
            (Time(2024, 3, 9, 20, 0), (0, 0x20, 0x09, 6)),
        ]:
            with self.subTest(time):
                self.rtc.set_wake_alarm(time, enabled=False)
                self.mark()
                self.rtc.set_wake_alarm(time)
                names = "MINUTE_ALARM HOUR_ALARM DAY_ALARM WEEKDAY_ALARM".split()
                self.assertEqual(
                    self.written(),
                    [*zip(names, registers), ("CONTROL_2", ALARM_ON)],
                )
                alarm = self.rtc.read_wake_alarm()
                self.assertEqual(alarm.time.datetime, time)
                self.assertTrue(alarm.enabled)

    @HANDLER
    @mark("rfc")
    def test_alarm_goes_off(self):
        self.rtc.set_wake_alarm(self.at(60))
        self.mark()
        before = self.irqs
        reading = self.rtc.start_read_interrupt()
        self.clock.advance(59.9)
        self.assertFalse(reading.done)
        self.assertFalse(self.chip.irq.active)
        self.clock.advance(0.2)
        self.assertTrue(reading.done)
        self.assertEqual(reading.result(), RtcInterrupt(IRQF | AF, 1))
        self.assertEqual(self.irqs - before, 1)
        # the handler clears the flag, then the class turns the alarm off
        self.assertEqual(
            self.written(), [("CONTROL_2", ALARM_ON), ("CONTROL_2", 0)]
        )
        self.assertFalse(self.chip.irq.active)
        self.assertFalse(self.rtc.read_wake_alarm().enabled)

    @HANDLER
    def test_poll(self):
        self.rtc.set_wake_alarm(self.at(60))
        self.assertFalse(self.rtc.poll(0))
        self.assertFalse(self.rtc.poll(59))
        self.assertTrue(self.rtc.poll(2))
        self.assertEqual(self.rtc.read_interrupt(), RtcInterrupt(IRQF | AF, 1))
        self.assertFalse(self.rtc.poll(0))

    def test_seconds_are_cut(self):
        self.rtc.set_wake_alarm(self.at(100))
        self.assertEqual(
            self.rtc.read_wake_alarm().time.datetime, self.at(60)
        )

    def test_alarm_that_is_off(self):
        self.rtc.set_wake_alarm(self.at(60), enabled=False)
        self.assertEqual(self.written(), [])
        self.rtc.set_wake_alarm(self.at(60))
        self.assertEqual(self.chip.CONTROL_2.AIE, 1)
        self.mark()
        self.rtc.set_wake_alarm(self.at(60), enabled=False)
        self.assertEqual(self.written(), [("CONTROL_2", 0)])
        self.assertFalse(self.rtc.poll(61))

    @HANDLER
    def test_alarm_of_the_next_24_hours(self):
        self.rtc.set_alarm(self.at(60))
        self.assertEqual(self.written(), [])
        self.assertEqual(self.rtc.read_alarm().datetime, self.at(60))
        self.rtc.enable_alarm()
        self.assertEqual(self.chip.CONTROL_2.AIE, 1)
        self.assertTrue(self.rtc.poll(61))
        self.rtc.set_alarm(self.at(-60))
        tomorrow = self.at(-60) + datetime.timedelta(days=1)
        self.assertEqual(self.rtc.read_alarm().datetime, tomorrow)

    def test_alarm_interrupt_on_and_off(self):
        self.rtc.set_alarm(self.at(60))
        self.rtc.enable_alarm()
        self.rtc.enable_alarm(False)
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)
        self.assertEqual(self.written()[-1], ("CONTROL_2", 0))
        self.assertFalse(self.rtc.poll(61))

    def test_timer_bits_are_left_alone_and_an_old_flag_is_cleared(self):
        self.rtc.set_alarm(self.at(60))
        for bits in TI_TP, TIMER_FLAG:
            with self.subTest(bits):
                self.rtc.enable_alarm()
                self.chip.CONTROL_2.value = 0xE0 | FLAG | bits
                self.mark()
                self.rtc.enable_alarm()
                self.rtc.enable_alarm(False)
                self.assertEqual(self.written()[0], ("CONTROL_2", bits | ALARM_ON))
                self.assertEqual(self.written()[-1], ("CONTROL_2", bits))
                self.assertEqual(self.chip.CONTROL_2.value & 0x1F, bits)

    def test_alarm_in_the_past_goes_off_at_once(self):
        self.rtc.set_wake_alarm(self.at(-60))
        self.idle()
        self.assertTrue(self.rtc.poll(0))
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)

    def test_no_update_interrupts(self):
        with self.assertGuestError(errno.EINVAL):
            self.rtc.enable_updates()
        self.assertEqual(self.written(), [])

    def test_nak_in_setting_gives_eio_and_sets_no_alarm(self):
        time = self.at(3600)
        calls = self.messages_of(lambda: self.rtc.set_wake_alarm(time))
        for message in range(calls):
            with self.subTest(message=message):
                self.rtc.set_wake_alarm(time, enabled=False)
                self.idle()
                self.chip.inject(after=message, count=1)
                with self.assertGuestError(errno.EIO):
                    self.rtc.set_wake_alarm(time)
                self.chip.inject(count=0)
                self.assertEqual(self.chip.CONTROL_2.AIE, 0)
                self.assertFalse(self.rtc.read_wake_alarm().enabled)

    def test_nak_in_switching_gives_eio(self):
        self.rtc.set_alarm(self.at(3600))
        self.rtc.enable_alarm()
        # on while it is on: the class only passes the call on to the driver
        self.assert_nak_gives_eio(self.rtc.enable_alarm)
        self.assertEqual(self.chip.CONTROL_2.AIE, 1)

    @HANDLER
    def test_nak_in_the_handler_only_delays_the_alarm(self):
        for message in range(5):
            with self.subTest(message=message):
                self.rtc.set_time(NOON)
                self.idle()
                self.chip.run()
                self.rtc.set_wake_alarm(self.at(60))
                self.clock.advance(59)
                before = self.irqs
                self.chip.inject(after=message, count=1)
                self.assertTrue(self.rtc.poll(2))
                self.rtc.read_interrupt()
                self.idle()
                self.assertEqual(self.irqs - before, 2)
                self.assertFalse(self.chip.irq.active)

    def test_wakealarm(self):
        now = 1709208000  # NOON
        self.assertEqual(self.rtc["wakealarm"], "")
        self.rtc["wakealarm"] = f"+{120}"
        self.assertEqual(self.rtc["wakealarm"], str(now + 120))
        self.assertEqual(self.chip.MINUTE_ALARM.value, 0x02)
        with self.assertGuestError(errno.EBUSY):
            self.rtc["wakealarm"] = now + 180
        self.rtc["wakealarm"] = "+=60"
        self.assertEqual(self.rtc["wakealarm"], str(now + 180))
        self.rtc["wakealarm"] = 0
        self.assertEqual(self.rtc["wakealarm"], "")
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)

    @requires_kernel("6.12", "pcf8563 leaves wake-up to userspace")
    def test_it_can_wake_the_system(self):
        self.assertEqual((self.dev / "power/wakeup").read_text(), "enabled\n")

    @requires_kernel("6.12", "pcf8563 leaves wake-up to userspace")
    @HANDLER
    def test_alarm_goes_off_while_the_system_sleeps(self):
        self.clock.advance(57)
        self.rtc.set_wake_alarm(self.at(60))
        (self.guest / "sys/power/pm_test").write_text("devices")
        (self.guest / "sys/power/state").write_text("freeze")  # for 5 s
        self.idle()
        self.assertEqual(self.rtc.read_interrupt(), RtcInterrupt(IRQF | AF, 1))
        self.assertEqual(self.rtc.read_time().datetime, self.at(62))
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)

    def test_unbind_leaves_the_alarm_to_who_comes_next(self):
        self.rtc.set_wake_alarm(self.at(60))
        self.rtc.close()
        self.mark()
        self.dev.unbind()
        self.assertEqual(self.written(), [])
