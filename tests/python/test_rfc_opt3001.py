# SPDX-License-Identifier: LGPL-2.1-or-later
"""OPT3001 in the style of the 2022 RFC: only the import lines are new.

Tests roadtest.rfc, not the chip's driver; suites/iio/light does that. Numbers
in comments are sections of TI's datasheet SBOS681C.
"""

import errno
import unittest
from typing import Any, Final, Optional

from roadtest.rfc.backend.i2c import SMBusModel
from roadtest.rfc.core.devicetree import DtFragment, DtVar
from roadtest.rfc.core.hardware import Hardware
from roadtest.rfc.core.modules import Module, insmod, rmmod
from roadtest.rfc.core.suite import UMLTestCase
from roadtest.rfc.core.sysfs import (
    I2CDriver,
    read_float,
    read_int,
    read_str,
    write_float,
    write_int,
    write_str,
)
from roadtest.rfc.support import iio

REG_RESULT: Final = 0x00
REG_CONFIGURATION: Final = 0x01
REG_LOW_LIMIT: Final = 0x02
REG_HIGH_LIMIT: Final = 0x03
REG_MANUFACTURER_ID: Final = 0x7E
REG_DEVICE_ID: Final = 0x7F

# 7.6.1.1.2
CONFIGURATION_M: Final = 3 << 9
CONFIGURATION_SINGLE: Final = 1 << 9
CONFIGURATION_CRF: Final = 1 << 7
CONFIGURATION_FH: Final = 1 << 6
CONFIGURATION_FL: Final = 1 << 5
CONFIGURATION_READ_ONLY: Final = 0x01E0

LUX: Final = "iio:device0/in_illuminance_input"
HIGH_LIMIT: Final = "iio:device0/events/in_illuminance_thresh_rising_value"
HIGH_LIMIT_EN: Final = "iio:device0/events/in_illuminance_thresh_rising_en"


class OPT3001(SMBusModel):
    """A conversion takes no time; with the INT pin, if it is wired."""

    def __init__(self, int: Optional[int] = None, **kwargs: Any) -> None:
        super().__init__(regbytes=2, byteorder="big", **kwargs)
        self.int = int
        self.light = 0
        self.regs = {
            REG_RESULT: 0x0000,
            REG_CONFIGURATION: 0xC810,
            REG_LOW_LIMIT: 0xC000,
            REG_HIGH_LIMIT: 0xBFFF,
            REG_MANUFACTURER_ID: 0x5449,
            REG_DEVICE_ID: 0x3001,
        }
        self._drive(False)

    def _drive(self, active: bool) -> None:
        self.backend.gpio.set(self.int, not active)

    def reg_read(self, addr: int) -> int:
        value = self.regs[addr]
        if addr == REG_CONFIGURATION:
            # 7.4.2.1: reading it releases the pin and clears the flags
            self.regs[addr] &= ~(CONFIGURATION_FH | CONFIGURATION_FL)
            self._drive(False)
        return value

    def reg_write(self, addr: int, val: int) -> None:
        assert addr in (REG_CONFIGURATION, REG_LOW_LIMIT, REG_HIGH_LIMIT)
        if addr == REG_CONFIGURATION:
            kept = self.regs[addr] & CONFIGURATION_READ_ONLY
            val = val & ~CONFIGURATION_READ_ONLY | kept
        self.regs[addr] = val
        if addr == REG_CONFIGURATION and val & CONFIGURATION_M:
            self._convert()

    def expose(self, light: int) -> int:
        """Light falls on it, as the result register shows it. Returns what
        fell on it before."""
        before, self.light = self.light, light
        if self.regs[REG_CONFIGURATION] & CONFIGURATION_M:
            self._convert()
        return before

    def _convert(self) -> None:
        self.regs[REG_RESULT] = self.light
        config = self.regs[REG_CONFIGURATION] | CONFIGURATION_CRF
        if lux(self.light) > lux(self.regs[REG_HIGH_LIMIT]):
            config |= CONFIGURATION_FH
        if config & CONFIGURATION_M == CONFIGURATION_SINGLE:
            config &= ~CONFIGURATION_M
        self.regs[REG_CONFIGURATION] = config
        # 7.6.1.1.3: an exponent of 11xx selects end-of-conversion mode
        end = self.regs[REG_LOW_LIMIT] >> 14 == 3
        if end or config & CONFIGURATION_FH:
            self._drive(True)


def lux(register: int) -> float:
    """7.6.1.1.1: exponent and mantissa."""
    return 0.01 * (1 << (register >> 12)) * (register & 0xFFF)


class TestOPT3001(UMLTestCase):
    dts = DtFragment(
        src="""
#include <dt-bindings/interrupt-controller/irq.h>

&i2c {
    light-sensor@$addr$ {
        compatible = "ti,opt3001";
        reg = <0x$addr$>;
    };

    light-sensor@$irqaddr$ {
        compatible = "ti,opt3001";
        reg = <0x$irqaddr$>;
        interrupt-parent = <&gpio>;
        interrupts = <$gpio$ IRQ_TYPE_EDGE_FALLING>;
    };
};
        """,
        variables={
            "addr": DtVar.I2C_ADDR,
            "irqaddr": DtVar.I2C_ADDR,
            "gpio": DtVar.GPIO_PIN,
        },
    )

    @classmethod
    def setUpClass(cls) -> None:
        insmod("opt3001")

    @classmethod
    def tearDownClass(cls) -> None:
        rmmod("opt3001")

    def setUp(self) -> None:
        self.driver = I2CDriver("opt3001")
        self.hw = Hardware("i2c")
        self.hw.load_model(OPT3001, int=self.dts["gpio"])

    def tearDown(self) -> None:
        self.hw.close()

    def test_illuminance(self) -> None:
        for addr in self.dts["addr"], self.dts["irqaddr"]:
            with self.driver.bind(addr) as dev:
                for light in 0x0001, 0x3456, 0x789A, 0xBFFF:
                    self.hw.expose(light)
                    self.assertAlmostEqual(
                        read_float(dev.path / LUX), lux(light), places=6
                    )

    def test_device(self) -> None:
        with self.driver.bind(self.dts["addr"]) as dev:
            self.assertEqual(dev.id, f"0-{self.dts['addr']:04x}")
            self.assertEqual(dev.path.name, dev.id)
            self.assertEqual(read_str(dev.path / "name"), "opt3001")
        self.assertFalse((dev.path / "iio:device0").exists())

    def test_writes(self) -> None:
        with self.driver.bind(self.dts["irqaddr"]) as dev:
            self.hw.update_mock().reset_mock()

            write_float(dev.path / HIGH_LIMIT, 40.95)
            mock = self.hw.update_mock()
            mock.assert_reg_write_once(self, REG_HIGH_LIMIT, 0x0FFF)
            self.assertEqual(mock.get_last_reg_write(REG_HIGH_LIMIT), 0x0FFF)
            mock.reset_mock()
            self.assertEqual(mock.mock_calls, [])

            write_str(dev.path / HIGH_LIMIT, "0.01")
            write_str(dev.path / HIGH_LIMIT, "0.02")
            mock = self.hw.update_mock()
            mock.assert_last_reg_write(self, REG_HIGH_LIMIT, 0x0002)
            with self.assertRaisesRegex(AssertionError, r"0x1.*\n?.*0x2"):
                mock.assert_reg_write_once(self, REG_HIGH_LIMIT, 0x0002)
            with self.assertRaisesRegex(AssertionError, "0x02 was not written"):
                mock.get_last_reg_write(REG_LOW_LIMIT)

    def test_calls_of_the_test_are_not_in_the_mock(self) -> None:
        with self.driver.bind(self.dts["addr"]):
            mock = self.hw.update_mock()
            mock.reset_mock()
            self.hw.reg_write(REG_HIGH_LIMIT, 0x0123)
            self.hw.write(bytes([REG_HIGH_LIMIT, 0x01, 0x24]))
            self.assertIs(self.hw.update_mock(), mock)
            self.assertEqual(mock.mock_calls, [])
            self.assertEqual(self.hw.reg_read(REG_HIGH_LIMIT), 0x0124)

    def test_calls_of_the_test_return_what_the_model_does(self) -> None:
        self.assertEqual(self.hw.expose(0x1234), 0)
        self.assertEqual(self.hw.expose(0x5678), 0x1234)
        self.assertEqual(self.hw.regs[REG_DEVICE_ID], 0x3001)
        self.assertEqual(self.hw.light, 0x5678)
        with self.assertRaises(AttributeError):
            self.hw.no_such_method()
        self.hw.close()
        with self.assertRaisesRegex(AttributeError, "no model is loaded"):
            self.hw.expose(0)

    def test_event(self) -> None:
        with self.driver.bind(self.dts["irqaddr"]) as dev:
            write_int(dev.path / HIGH_LIMIT, 40)
            with iio.IIOEventMonitor("/dev/iio:device0") as monitor:
                write_int(dev.path / HIGH_LIMIT_EN, 1)
                self.assertEqual(read_int(dev.path / HIGH_LIMIT_EN), 1)
                before = self.clock.now
                self.hw.expose(0x3456)
                self.hw.kick()
                event = monitor.read()
                self.assertEqual(event.type, iio.IIOChanType.IIO_LIGHT)
                self.assertEqual(event.id >> 56, 0)  # IIO_EV_TYPE_THRESH
                self.assertEqual(event.id >> 48 & 0x7F, 1)  # IIO_EV_DIR_RISING
                # of the guest's clock, which started later than the machine's
                self.assertGreater(event.timestamp, 0)
                self.assertLess(self.clock.now - before, 1_000_000_000)

    def test_error(self) -> None:
        self.hw.close()
        with self.assertRaises(OSError) as cm:
            with self.driver.bind(self.dts["addr"]):
                pass
        self.assertEqual(cm.exception.errno, errno.EIO)

    def test_a_second_model_takes_the_place_of_the_first(self) -> None:
        with Hardware("i2c").load_model(OPT3001) as other:
            other.expose(0x0001)
            with self.driver.bind(self.dts["addr"]) as dev:
                self.assertEqual(read_str(dev.path / LUX), "0.010000")
                self.hw.update_mock()
                self.assertEqual(self.hw.update_mock().mock_calls, [])
                self.assertNotEqual(other.update_mock().mock_calls, [])


class TestSeparately(UMLTestCase):
    """An address of its own, and so a guest."""

    run_separately = True
    dts = DtFragment(
        src="""
&i2c {
    light-sensor@44 {
        compatible = "ti,opt3001";
        reg = <0x44>;
    };
};
        """
    )
    guests: "list[int]" = []

    def test_first(self) -> None:
        self.check()

    def test_second(self) -> None:
        self.check()

    def check(self) -> None:
        """Bind, and see that no test ran in this guest before."""
        self.assertNotIn(self.machine.pid, self.guests)
        self.guests.append(self.machine.pid)
        with (
            Module("opt3001"),
            Hardware("i2c").load_model(OPT3001) as hw,
            I2CDriver("opt3001").bind(0x44) as dev,
        ):
            hw.expose(0x0FFF)
            self.assertEqual(read_float(dev.path / LUX), 40.95)
        self.assertNotIn("opt3001", self.guest.modules)


if __name__ == "__main__":
    unittest.main()
