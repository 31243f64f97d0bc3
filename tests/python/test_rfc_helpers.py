# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RFC's helpers that the tests of OPT3001 and PCF8563 have no use for:
buffers, the platform bus, modules."""

import errno
import unittest
import warnings
from pathlib import Path
from typing import Any, Final

from roadtest import NoDriverError
from roadtest.rfc.backend.i2c import SimpleSMBusModel
from roadtest.rfc.core.devicetree import DtFragment, DtVar
from roadtest.rfc.core.hardware import Hardware
from roadtest.rfc.core.modules import Module, insmod, modprobe, rmmod
from roadtest.rfc.core.suite import UMLTestCase
from roadtest.rfc.core.sysfs import (
    I2CDevice,
    I2CDriver,
    PlatformDevice,
    PlatformDriver,
    read_int,
    read_str,
    write_int,
    write_str,
)
from roadtest.rfc.support import iio

REG_COMMAND: Final = 0x80
REG_PROX_RESULT_HIGH: Final = 0x87
REG_PROX_RESULT_LOW: Final = 0x88
REG_INTERRUPT_CONTROL: Final = 0x89
REG_INTERRUPT_STATUS: Final = 0x8E

COMMAND_PROX_DATA_RDY: Final = 1 << 5
INT_PROX_READY: Final = 1 << 3


class VCNL4010(SimpleSMBusModel):
    """Vishay VCNL4010 (datasheet 83462), as far as its data-ready interrupt
    goes."""

    def __init__(self, int: int, **kwargs: Any) -> None:
        regs = dict.fromkeys(range(REG_COMMAND, REG_INTERRUPT_STATUS + 1), 0)
        regs[0x81] = 0x21  # product and revision
        super().__init__(regs, regbytes=1, **kwargs)
        self.int = int
        self.backend.gpio.set(self.int, True)

    def reg_write(self, addr: int, val: int) -> None:
        if addr == REG_INTERRUPT_STATUS:  # a 1 clears the bit
            val = self.regs[addr] & ~val
            self.backend.gpio.set(self.int, not val)
        super().reg_write(addr, val)

    def approach(self, proximity: int) -> None:
        """A measurement ends."""
        high_low = proximity.to_bytes(2, "big")
        self.regs[REG_PROX_RESULT_HIGH], self.regs[REG_PROX_RESULT_LOW] = high_low
        self.regs[REG_COMMAND] |= COMMAND_PROX_DATA_RDY
        if self.regs[REG_INTERRUPT_CONTROL] & INT_PROX_READY:
            self.regs[REG_INTERRUPT_STATUS] |= INT_PROX_READY
            self.backend.gpio.set(self.int, False)


class TestBuffer(UMLTestCase):
    dts = DtFragment(
        src="""
#include <dt-bindings/interrupt-controller/irq.h>

&i2c {
    light-sensor@$addr$ {
        compatible = "vishay,vcnl4020";
        reg = <0x$addr$>;
        interrupt-parent = <&gpio>;
        interrupts = <$gpio$ IRQ_TYPE_EDGE_FALLING>;
    };
};
        """,
        variables={"addr": DtVar.I2C_ADDR, "gpio": DtVar.GPIO_PIN},
    )

    def test_a_buffer_gives_scans(self) -> None:
        with (
            Module("vcnl4000"),
            Hardware("i2c").load_model(VCNL4010, int=self.dts["gpio"]) as hw,
            I2CDriver("vcnl4000").bind(self.dts["addr"]) as dev,
        ):
            trigger = read_str(Path("/sys/bus/iio/devices/trigger0/name"))
            write_str(dev.path / "iio:device0/trigger/current_trigger", trigger)
            write_int(dev.path / "iio:device0/buffer0/in_proximity_en", 1)
            with iio.IIOBuffer("/dev/iio:device0", bufidx=0) as buffer:
                write_int(dev.path / "iio:device0/buffer0/enable", 1)
                for proximity in 0, 1, 0xF002, 0xFFFF:
                    hw.approach(proximity)
                    self.assertEqual(buffer.read("H"), (proximity,))
                write_int(dev.path / "iio:device0/buffer0/enable", 0)
            with self.assertRaises(OSError) as cm:
                with iio.IIOBuffer("/dev/iio:device0", bufidx=1):
                    pass
            self.assertEqual(cm.exception.errno, errno.ENODEV)


class TestPlatform(UMLTestCase):
    dts = DtFragment(
        src="""
/ {
    vdd_consumer {
        compatible = "regulator-virtual-consumer";
        default-supply = <&vdd>;
    };
};
        """
    )

    def test_a_driver_that_is_not_there_is_loaded(self) -> None:
        with PlatformDriver("reg-virt-consumer").bind("vdd_consumer") as dev:
            self.assertEqual(dev.id, "vdd_consumer")
            other = PlatformDevice("vdd_consumer")
            self.assertEqual((other.id, str(other.path)), (dev.id, str(dev.path)))
            self.assertTrue((other.path / "driver").exists())
            i2c = I2CDevice(0x42, bus=1)
            self.assertEqual((i2c.id, str(i2c.path)),
                             ("1-0042", "/sys/bus/i2c/devices/1-0042"))
            self.assertEqual(read_int(dev.path / "min_microvolts"), 0)
        self.assertFalse((dev.path / "driver").exists())


class TestOldNames(UMLTestCase):
    def test_assertions_have_the_names_that_the_rfc_used(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEquals(1, 1)
            self.assertNotEquals(1, 2)
            with self.assertRaises(AssertionError):
                self.assertEquals(1, 2)


class TestModules(UMLTestCase):
    def test_modules_come_and_go(self) -> None:
        for load in insmod, modprobe:
            load("rtc-pcf8563")
            self.assertIn("rtc_pcf8563", self.guest.modules)
            rmmod("rtc-pcf8563")
            self.assertNotIn("rtc_pcf8563", self.guest.modules)

    def test_a_module_is_unloaded_at_the_end_of_its_block(self) -> None:
        with Module("opt3001"):
            self.assertIn("opt3001", self.guest.modules)
        self.assertNotIn("opt3001", self.guest.modules)

    def test_an_unknown_module_is_an_error(self) -> None:
        with self.assertRaisesRegex(NoDriverError, "nothing-of-that-name"):
            insmod("nothing-of-that-name")


class TestSeparately(UMLTestCase):
    """What setUpClass did is there in each test's own guest."""

    run_separately = True

    @classmethod
    def setUpClass(cls) -> None:
        insmod("opt3001")

    @classmethod
    def tearDownClass(cls) -> None:
        rmmod("opt3001")

    def test_first(self) -> None:
        self.leave_a_mark()

    def test_second(self) -> None:
        self.leave_a_mark()

    def leave_a_mark(self) -> None:
        """A file that is only in this test's guest."""
        self.assertIn("opt3001", self.guest.modules)
        mark = self.guest / "tmp/mark"
        self.assertFalse(mark.exists())
        self.guest.put(mark, b"")


if __name__ == "__main__":
    unittest.main()
