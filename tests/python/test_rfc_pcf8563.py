# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCF8563 in the style of the 2022 RFC: only the import lines are new.

Tests roadtest.rfc, not the chip's driver; suites/rtc does that. Numbers in
comments are sections of NXP's datasheet PCF8563, revision 11.
"""

import errno
import unittest
from typing import Any, Final, Optional

from roadtest.rfc.backend.i2c import I2CModel
from roadtest.rfc.core.devicetree import DtFragment, DtVar
from roadtest.rfc.core.hardware import Hardware
from roadtest.rfc.core.modules import insmod
from roadtest.rfc.core.suite import UMLTestCase
from roadtest.rfc.core.sysfs import I2CDriver
from roadtest.rfc.support import rtc

REG_CONTROL_STATUS_2: Final = 0x01
REG_VL_SECONDS: Final = 0x02
REG_MINUTES: Final = 0x03
REG_CENTURY_MONTHS: Final = 0x07
REG_YEARS: Final = 0x08
REG_MINUTE_ALARM: Final = 0x09
REG_WEEKDAY_ALARM: Final = 0x0C

AIE: Final = 1 << 1
AF: Final = 1 << 3
VL: Final = 1 << 7
ALARM_DISABLED: Final = 1 << 7


class PCF8563(I2CModel):
    """Sixteen registers with an address that counts on (8.2); the clock
    stands still, and the test turns it."""

    def __init__(self, int: Optional[int] = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.int = int
        self.address = 0
        # 8.11, table 27: after power-on
        self.regs = bytearray.fromhex("08 00 80 00 00 00 00 00 00 80 80 80 80 80 03 00")
        self._drive()

    def _drive(self) -> None:
        # 8.3.2: INT is low while AF and AIE are set
        status = self.regs[REG_CONTROL_STATUS_2]
        self.backend.gpio.set(self.int, not (status & AF and status & AIE))

    def read(self, length: int) -> bytes:
        data = self.regs[self.address : self.address + length]
        self.address += length
        return bytes(data)

    def write(self, data: bytes) -> None:
        self.address = data[0]
        for value in data[1:]:
            self.backend.mock.reg_write(self.address, value)
            if self.address == REG_CONTROL_STATUS_2:
                # 8.3.2: AF can only be cleared
                value &= ~AF | self.regs[self.address]
            self.regs[self.address] = value
            self.address += 1
        self._drive()

    def turn(self, minutes: int) -> None:
        """The minute hand comes to ``minutes`` (BCD); 8.6: an alarm is due
        when all that are enabled match."""
        self.regs[REG_MINUTES] = minutes
        alarms = self.regs[REG_MINUTE_ALARM : REG_WEEKDAY_ALARM + 1]
        times = self.regs[REG_MINUTES:REG_CENTURY_MONTHS]
        enabled = [
            (alarm, time)
            for alarm, time in zip(alarms, times)
            if not alarm & ALARM_DISABLED
        ]
        if enabled and all(alarm == time for alarm, time in enabled):
            self.regs[REG_CONTROL_STATUS_2] |= AF
        self._drive()


class TestPCF8563(UMLTestCase):
    dts = DtFragment(
        src="""
#include <dt-bindings/interrupt-controller/irq.h>

&i2c {
    rtc@$addr$ {
        compatible = "nxp,pcf8563";
        reg = <0x$addr$>;
    };

    rtc@$irqaddr$ {
        compatible = "nxp,pcf8563";
        reg = <0x$irqaddr$>;
        interrupt-parent = <&gpio>;
        interrupts = <$gpio$ IRQ_TYPE_LEVEL_LOW>;
    };
};
        """,
        variables={
            "addr": DtVar.I2C_ADDR,
            "irqaddr": DtVar.I2C_ADDR,
            "gpio": DtVar.GPIO_PIN,
        },
    )

    time = rtc.RTCTime(
        tm_sec=56, tm_min=34, tm_hour=12, tm_mday=28, tm_mon=1, tm_year=124,
        tm_wday=3, tm_yday=0, tm_isdst=0,
    )  # fmt: skip

    @classmethod
    def setUpClass(cls) -> None:
        insmod("rtc-pcf8563")

    def setUp(self) -> None:
        self.driver = I2CDriver("rtc-pcf8563")
        self.hw = Hardware("i2c")
        self.hw.load_model(PCF8563, int=self.dts["gpio"])

    def tearDown(self) -> None:
        self.hw.close()

    def test_after_power_on(self) -> None:
        with self.driver.bind(self.dts["addr"]) as dev:
            with rtc.RTC(dev.path) as clock:
                self.assertEqual(clock.read_vl(), rtc.RTC_VL_DATA_INVALID)
                with self.assertRaises(OSError) as cm:
                    clock.read_time()
                self.assertEqual(cm.exception.errno, errno.EINVAL)

    def test_time(self) -> None:
        with self.driver.bind(self.dts["addr"]) as dev:
            with rtc.RTC(dev.path) as clock:
                clock.set_time(self.time)
                mock = self.hw.update_mock()
                mock.assert_reg_write_once(self, REG_VL_SECONDS, 0x56)
                mock.assert_reg_write_once(self, REG_MINUTES, 0x34)
                mock.assert_reg_write_once(self, REG_YEARS, 0x24)
                self.assertEqual(clock.read_vl(), 0)
                self.assertEqual(clock.read_time(), self.time)
                self.hw.turn(0x35)
                self.assertEqual(clock.read_time(), self.time._replace(tm_min=35))

    def test_alarm(self) -> None:
        with self.driver.bind(self.dts["irqaddr"]) as dev:
            with rtc.RTC(dev.path) as clock:
                clock.set_time(self.time)
                clock.set_wake_alarm(
                    True, self.time._replace(tm_sec=0, tm_min=40)
                )
                mock = self.hw.update_mock()
                mock.assert_last_reg_write(self, REG_MINUTE_ALARM, 0x40)
                mock.assert_last_reg_write(self, REG_WEEKDAY_ALARM, 3)
                mock.assert_last_reg_write(self, REG_CONTROL_STATUS_2, AIE)
                mock.reset_mock()

                reading = self.guest.start.read(clock._file, 8)
                self.hw.turn(0x39)
                self.clock.advance(1)
                self.assertFalse(reading.done)
                self.hw.turn(0x40)
                self.hw.kick()
                self.assertTrue(reading.done)
                self.assertEqual(reading.result()[0], rtc.RTC_IRQF | rtc.RTC_AF)

                clock.set_wake_alarm(
                    True, self.time._replace(tm_sec=0, tm_min=41)
                )
                mock = self.hw.update_mock()
                mock.reset_mock()
                self.hw.turn(0x41)
                self.hw.update_mock()
                # the handler acknowledges it
                self.assertTrue(mock.reg_write.called)
                self.assertEqual(clock.read() & 0xFF, rtc.RTC_IRQF | rtc.RTC_AF)

                later = self.time._replace(tm_min=50)
                clock.set_wake_alarm(True, later)
                self.hw.update_mock().reset_mock()
                clock.set_wake_alarm(False, later)
                mock = self.hw.update_mock()
                mock.assert_reg_write_once(self, REG_CONTROL_STATUS_2, 0)

    def test_no_alarm_without_interrupt(self) -> None:
        with self.driver.bind(self.dts["addr"]) as dev:
            with rtc.RTC(dev.path) as clock:
                clock.set_time(self.time)
                with self.assertRaises(OSError) as cm:
                    clock.set_wake_alarm(True, self.time._replace(tm_sec=0))
                self.assertEqual(cm.exception.errno, errno.EINVAL)


if __name__ == "__main__":
    unittest.main()
