# SPDX-License-Identifier: LGPL-2.1-or-later
"""As a test was written for the RFC, for docs/from-the-rfc.md: it imports what
is not there, until its import lines are changed."""

from typing import Any, Final

from roadtest.backend.i2c import SMBusModel
from roadtest.core.devicetree import DtFragment, DtVar
from roadtest.core.hardware import Hardware
from roadtest.core.modules import insmod, rmmod
from roadtest.core.suite import UMLTestCase
from roadtest.core.sysfs import I2CDriver, read_float, write_int
from roadtest.tests.iio import iio

REG_RESULT: Final = 0x00
REG_CONFIG: Final = 0x01
REG_HIGH_LIMIT: Final = 0x03

CONFIG_FH: Final = 1 << 6
CONFIG_CRF: Final = 1 << 7


class OPT3001(SMBusModel):
    def __init__(self, int: int, **kwargs: Any) -> None:
        super().__init__(regbytes=2, byteorder="big", **kwargs)
        self.int = int
        self.backend.gpio.set(self.int, True)
        self.regs = {
            REG_RESULT: 0x0000,
            REG_CONFIG: 0xC810,
            0x02: 0xC000,
            REG_HIGH_LIMIT: 0xBFFF,
            0x7E: 0x5449,
            0x7F: 0x3001,
        }

    def reg_read(self, addr: int) -> int:
        val = self.regs[addr]
        if addr == REG_CONFIG:
            self.regs[addr] &= ~CONFIG_FH
            self.backend.gpio.set(self.int, True)
            val |= CONFIG_CRF  # a conversion takes no time
        return val

    def reg_write(self, addr: int, val: int) -> None:
        assert addr in self.regs
        self.regs[addr] = val

    def brighten(self, result: int) -> None:
        self.regs[REG_RESULT] = result
        self.regs[REG_CONFIG] |= CONFIG_FH
        self.backend.gpio.set(self.int, False)


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
        interrupts-extended = <&gpio $int$ IRQ_TYPE_EDGE_FALLING>;
    };
};
        """,
        variables={
            "addr": DtVar.I2C_ADDR,
            "irqaddr": DtVar.I2C_ADDR,
            "int": DtVar.GPIO_PIN,
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
        self.hw.load_model(OPT3001, int=self.dts["int"])

    def tearDown(self) -> None:
        self.hw.close()

    def test_illuminance(self) -> None:
        with self.driver.bind(self.dts["addr"]) as dev:
            self.hw.reg_write(REG_RESULT, 0x3456)
            self.hw.kick()
            lux = dev.path / "iio:device0/in_illuminance_input"
            self.assertEqual(read_float(lux), 88.8)

    def test_event(self) -> None:
        with self.driver.bind(self.dts["irqaddr"]) as dev:
            events = dev.path / "iio:device0/events"
            write_int(events / "in_illuminance_thresh_rising_value", 40)
            mock = self.hw.update_mock()
            mock.assert_reg_write_once(self, REG_HIGH_LIMIT, 4000)

            with iio.IIOEventMonitor("/dev/iio:device0") as monitor:
                write_int(events / "in_illuminance_thresh_rising_en", 1)
                self.hw.brighten(0x3456)
                self.hw.kick()
                event = monitor.read()
                self.assertEqual(event.type, iio.IIOChanType.IIO_LIGHT)
