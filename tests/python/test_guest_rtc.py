# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.rtc, on a PCF8563 that stands still."""

from __future__ import annotations

import datetime
import errno
import unittest
from pathlib import Path

from roadtest import Device, NoDeviceError, TestCase, known_bug
from roadtest import rtc as rtc_module
from roadtest.errors import NoDeviceError
from roadtest.models import Register, RegisterModel
from roadtest.rtc import AF, IRQF, PF, UF, Rtc, RtcInterrupt, RtcTime, find

Time = datetime.datetime

NOON = Time(2024, 2, 29, 12, 0, 0)

HANDLER = known_bug(
    "MachineGone", "the interrupt of rtc-pcf8563 is an oops", since="6.13"
)


class Still(RegisterModel):
    """The registers of a PCF8563 (datasheet, section 8.2); no clock."""

    auto_increment = True
    CONTROL_1 = Register(0x00)
    CONTROL_2 = Register(0x01, fields={"AF": 3, "AIE": 1})
    SECONDS = Register(0x02)
    MINUTES = Register(0x03)
    HOURS = Register(0x04, reset=0x12)
    DAYS = Register(0x05, reset=0x29)
    WEEKDAYS = Register(0x06, reset=4)
    MONTHS = Register(0x07, reset=0x02)
    YEARS = Register(0x08, reset=0x24)
    MINUTE_ALARM = Register(0x09)
    HOUR_ALARM = Register(0x0A)
    DAY_ALARM = Register(0x0B)
    WEEKDAY_ALARM = Register(0x0C)
    CLKOUT = Register(0x0D)
    TIMER_CONTROL = Register(0x0E)

    @CONTROL_2.on_write
    def interrupt(self, control):  # type: ignore[no-untyped-def]
        if not control.AF:
            self.irq.deassert()

    def ring(self) -> None:
        """The alarm, at the time that it is set to."""
        self.MINUTES.value = self.MINUTE_ALARM.value
        self.CONTROL_2.AF = 1
        self.irq.assert_()


class Times(unittest.TestCase):
    def test_a_date_becomes_the_kernels_fields(self) -> None:
        tm = RtcTime.of(Time(2045, 10, 20, 15, 47, 38, 999999))
        self.assertEqual(tm, (38, 47, 15, 20, 9, 145, 5, 0, 0))
        self.assertEqual(tm.datetime, Time(2045, 10, 20, 15, 47, 38))
        self.assertEqual(str(tm), "2045-10-20 15:47:38")

    def test_sunday_is_0(self) -> None:
        self.assertEqual(RtcTime.of(Time(2024, 3, 3)).tm_wday, 0)
        self.assertEqual(RtcTime.of(Time(2024, 3, 9)).tm_wday, 6)

    def test_a_time_zone_is_converted(self) -> None:
        zone = datetime.timezone(datetime.timedelta(hours=2))
        tm = RtcTime.of(Time(2024, 3, 1, 1, 0, tzinfo=zone))
        self.assertEqual(tm.datetime, Time(2024, 2, 29, 23, 0))

    def test_what_is_no_date_raises(self) -> None:
        with self.assertRaises(ValueError):
            RtcTime.of(NOON)._replace(tm_mday=30).datetime

    def test_the_numbers_of_the_ioctls(self) -> None:
        # as printed by a C program with <linux/rtc.h>
        for name, number in {
            "AIE_ON": 0x7001, "AIE_OFF": 0x7002, "UIE_ON": 0x7003,
            "UIE_OFF": 0x7004, "PIE_ON": 0x7005, "PIE_OFF": 0x7006,
            "ALM_SET": 0x40247007, "ALM_READ": 0x80247008,
            "RD_TIME": 0x80247009, "SET_TIME": 0x4024700A,
            "IRQP_READ": 0x8008700B, "IRQP_SET": 0x4008700C,
            "WKALM_SET": 0x4028700F, "WKALM_RD": 0x80287010,
            "PARAM_GET": 0x40187013, "VL_READ": 0x80047013, "VL_CLR": 0x7014,
        }.items():  # fmt: skip
            with self.subTest(name):
                self.assertEqual(getattr(rtc_module, name), number)


class TwoClocks(TestCase):
    first = Device("nxp,pcf8563", model=Still)
    second = Device("nxp,pcf8563", model=Still, bind=False)

    def test_one_that_is_gone_is_not_taken_for_the_other(self) -> None:
        gone = self.first.rtc
        self.first.unbind()
        self.second.bind()
        self.assertEqual(self.second.rtc.path.name, gone.path.name)
        with self.assertRaisesRegex(NoDeviceError, "rtc0 is gone: was the"):
            gone.read_time()


class OnTheGuest(TestCase):
    device = Device("nxp,pcf8563", model=Still, irq="low")

    def test_it_is_found_by_its_parent(self) -> None:
        path = self.dev.rtc.path
        self.assertEqual(path.parent, self.dev / "rtc")
        self.assertRegex(path.name, r"^rtc\d+$")
        self.assertIs(self.dev.rtc, self.dev.rtc)

    def test_there_is_none_without_a_driver(self) -> None:
        self.dev.rtc
        self.dev.unbind()
        with self.assertRaisesRegex(NoDeviceError, "no RTC: is a driver"):
            self.dev.rtc
        self.dev.bind()
        self.assertEqual(self.dev.rtc.read_time().datetime, NOON)

    def test_attributes_are_a_mapping(self) -> None:
        rtc = self.dev.rtc
        self.assertEqual(rtc["date"], "2024-02-29")
        self.assertIn("wakealarm", rtc)
        self.assertNotIn("date2", rtc)
        self.assertIn("since_epoch", list(rtc))
        rtc["wakealarm"] = "+60"
        self.assertEqual(self.chip.MINUTE_ALARM.value, 0x01)
        with self.assertGuestError(errno.EACCES):
            rtc["date"] = "2024-03-01"

    def test_time_is_set_from_either_type(self) -> None:
        rtc = self.dev.rtc
        rtc.set_time(Time(2031, 5, 6, 7, 8, 9))
        self.assertEqual(rtc.read_time().datetime, Time(2031, 5, 6, 7, 8, 9))
        rtc.set_time(RtcTime.of(NOON))
        self.assertEqual(self.chip.HOURS.value, 0x12)
        with self.assertGuestError(errno.EINVAL) as caught:
            rtc.set_time(RtcTime.of(NOON)._replace(tm_sec=60))
        self.assertIsInstance(caught.exception, OSError)

    def test_alarm_within_a_day(self) -> None:
        rtc = self.dev.rtc
        rtc.set_alarm(NOON.replace(minute=5))
        self.assertEqual(rtc.read_alarm().datetime, NOON.replace(minute=5))
        rtc.enable_alarm()
        self.assertEqual(self.chip.CONTROL_2.AIE, 1)
        self.assertTrue(rtc.read_wake_alarm().enabled)
        rtc.enable_alarm(False)
        self.assertEqual(self.chip.CONTROL_2.AIE, 0)
        self.assertFalse(rtc.read_wake_alarm().enabled)

    def test_wake_alarm(self) -> None:
        rtc = self.dev.rtc
        rtc.set_wake_alarm(Time(2030, 1, 2, 3, 4))
        self.assertEqual(
            rtc.read_wake_alarm(),
            (RtcTime.of(Time(2030, 1, 2, 3, 4))._replace(tm_yday=2), True, False),
        )
        rtc.set_wake_alarm(RtcTime.of(NOON.replace(minute=1)), enabled=False)
        self.assertFalse(rtc.read_wake_alarm().enabled)

    @HANDLER
    def test_alarm_wakes_who_reads(self) -> None:
        rtc = self.dev.rtc
        rtc.set_wake_alarm(NOON.replace(minute=1))
        self.assertFalse(rtc.poll(0.5))
        reading = rtc.start_read_interrupt()
        self.clock.advance(0.1)
        self.assertFalse(reading.done)
        self.chip.ring()
        self.assertEqual(reading.result(), RtcInterrupt(IRQF | AF, 1))

    @HANDLER
    def test_alarm_wakes_who_polls(self) -> None:
        rtc = self.dev.rtc
        rtc.set_wake_alarm(NOON.replace(minute=1))
        self.clock.after(3, self.chip.ring)
        self.assertTrue(rtc.poll(10))
        self.assertLess(self.clock.now, 5e9)
        self.assertEqual(rtc.read_interrupt(), RtcInterrupt(IRQF | AF, 1))
        self.assertFalse(rtc.poll(0))

    def test_periodic_interrupts(self) -> None:
        rtc = self.dev.rtc
        rtc.periodic_rate = 64
        self.assertEqual(rtc.periodic_rate, 64)
        rtc.enable_periodic()
        self.clock.advance(0.1)  # 6.4 of them
        self.assertEqual(rtc.read_interrupt(), RtcInterrupt(IRQF | PF, 6))
        rtc.enable_periodic(False)
        self.assertFalse(rtc.poll(1))
        with self.assertGuestError(errno.EINVAL):
            rtc.periodic_rate = 0

    def test_voltage_low(self) -> None:
        rtc = self.dev.rtc
        self.assertEqual(rtc.read_voltage_low(), 0)
        self.chip.SECONDS.value = 0x80
        self.assertEqual(rtc.read_voltage_low(), rtc_module.VL_DATA_INVALID)
        with self.assertGuestError(errno.ENOTTY):
            rtc.clear_voltage_low()

    def test_features(self) -> None:
        self.assertEqual(
            self.dev.rtc.features(), {"alarm", "alarm_res_minute"}
        )
        with self.assertGuestError(errno.EINVAL):
            self.dev.rtc.enable_updates()

    def test_a_kernel_without_devices_says_which_option_it_lacks(self) -> None:
        # No clock, but a directory without "dev", as that of a clock is then.
        rtc = Rtc(self.guest / "sys/kernel")
        with self.assertRaisesRegex(
            NoDeviceError, r"/dev/kernel.*with CONFIG_RTC_INTF_DEV=y"
        ):
            rtc.read_time()
        gone = self.dev.rtc
        self.dev.unbind()
        with self.assertRaises(NoDeviceError) as caught:
            gone.read_time()
        self.assertNotIn("CONFIG", str(caught.exception))

    def test_an_open_clock_does_not_use_up_the_numbers(self) -> None:
        for _ in range(18):
            self.assertEqual(self.dev.rtc.read_time().datetime, NOON)
            self.dev.rebind()
        self.assertLess(int(self.dev.rtc.path.name[3:]), 2)

    def test_a_clock_stays_open_without_its_driver(self) -> None:
        rtc = self.dev.rtc
        rtc.read_time()
        self.dev.unbind()
        with self.assertGuestError(errno.ENODEV) as caught:
            rtc.read_time()
        self.assertIn("ioctl RTC_RD_TIME /dev/rtc", str(caught.exception))

    def test_when_the_numbers_are_used_up_it_says_so(self) -> None:
        for _ in range(16):
            self.dev.rtc.device.open()
            self.dev.rebind()
        with self.assertRaisesRegex(
            NoDeviceError, "16 clocks.*as long as its device is open"
        ):
            self.dev.rtc.read_time()

    def test_it_is_open_once(self) -> None:
        rtc = self.dev.rtc
        rtc.read_time()
        with self.assertGuestError(errno.EBUSY):
            find(self.dev).read_time()
        rtc.close()
        rtc.close()
        find(self.dev).read_time()

    def test_it_is_opened_again_after_it_was_closed(self) -> None:
        self.dev.rtc.file.close()
        self.assertEqual(self.dev.rtc.read_time().datetime, NOON)


class M41T65(RegisterModel):
    """ST M41T65, as far as drivers/rtc/rtc-m41t80.c uses it (datasheet
    DocID12394, table 3 and section 3.3). Its alarm has seconds, so that Linux
    makes update interrupts with it. It counts seconds up to 59."""

    auto_increment = True
    SUBSECONDS = Register(0x00)
    SECONDS = Register(0x01)
    MINUTES = Register(0x02)
    HOURS = Register(0x03, reset=0x12)
    WEEKDAY = Register(0x04, reset=5)
    DAY = Register(0x05, reset=0x29)
    MONTH = Register(0x06, reset=0x02)
    YEAR = Register(0x07, reset=0x24)
    CONTROL = Register(0x08)
    WATCHDOG = Register(0x09)
    ALARM_MONTH = Register(0x0A, fields={"AFE": 7})
    ALARM_DATE = Register(0x0B)
    ALARM_HOUR = Register(0x0C, reset=0x40)
    ALARM_MINUTES = Register(0x0D)
    ALARM_SECONDS = Register(0x0E)
    FLAGS = Register(0x0F, fields={"AF": 6, "OF": 2})

    def power_on(self) -> None:
        self.after(1, self.tick)

    def tick(self) -> None:
        self.after(1, self.tick)
        seconds = (self.SECONDS.value >> 4) * 10 + (self.SECONDS.value & 15) + 1
        self.SECONDS.value = seconds // 10 << 4 | seconds % 10
        if self.SECONDS.value == self.ALARM_SECONDS.value:
            self.FLAGS.AF = 1
            if self.ALARM_MONTH.AFE:
                self.irq.assert_()

    @FLAGS.on_read
    def acknowledge(self, flags: int) -> None:
        self.irq.deassert()


class Updates(TestCase):
    device = Device("st,m41t65", model=M41T65, irq="low", bind=False)

    def setUp(self) -> None:
        kernel = Path(self.machine.kernel or "")
        if "rtc-m41t80.ko" not in {path.name for path in kernel.rglob("*.ko")}:
            self.skipTest("the kernel has no CONFIG_RTC_DRV_M41T80")
        self.dev.bind()

    def test_an_interrupt_each_second(self) -> None:
        rtc = self.dev.rtc
        self.assertEqual(rtc.features(), {"alarm", "update_interrupt"})
        rtc.enable_updates()
        rtc.read_interrupt()
        for _ in range(3):
            start = self.clock.now
            self.assertEqual(rtc.read_interrupt(), RtcInterrupt(IRQF | UF, 1))
            seconds = (self.clock.now - start) / 1e9
            self.assertAlmostEqual(seconds, 1, delta=0.01)
        rtc.enable_updates(False)
        self.assertFalse(rtc.poll(3))
        self.assertEqual(self.chip.ALARM_MONTH.AFE, 0)


if __name__ == "__main__":
    unittest.main()
