# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4040. Most of its tests, those marked
rfc among them, are in vcnl4xxx.py."""

import errno

from roadtest import (
    Device,
    DtFragment,
    DtVar,
    I2CDriver,
    TestCase,
    known_bug,
    requires_kernel,
)

import vcnl4xxx
import vcnl4xxx_device
from vcnl40xx import Vcnl4040


class Numbers:
    NAME = "VCNL4040"
    LIGHT_TIMES = ("0.080000", "0.160000", "0.320000", "0.640000")
    SCALES = ("0.100000", "0.050000", "0.025000", "0.012500")
    NEAR_TIMES = (
        "0.000100", "0.000150", "0.000200", "0.000250", "0.000300",
        "0.000350", "0.000400", "0.000800",
    )  # fmt: skip
    LIGHT_WAIT, NEAR_WAIT = 96_000_000, 6_000_000
    ID_READS = ("OTHER_ID", "ID")


class Attributes(Numbers, vcnl4xxx.Attributes, TestCase):
    device = Device("vishay,vcnl4040", model=Vcnl4040)


class Power(Numbers, vcnl4xxx_device.Power, TestCase):
    device = Attributes.device


class Events(Numbers, vcnl4xxx_device.Events, TestCase):
    device = Attributes.device.with_irq("falling")


class Probe(Numbers, vcnl4xxx_device.Probe, TestCase):
    device = Attributes.device.replace(
        bind=False, properties="proximity-near-level = <220>;"
    )


@requires_kernel("6.12", "vcnl4000 has no interrupt for this chip")
class SharedLine(TestCase):
    """Two chips with their interrupts on one line, which the driver does not
    share."""

    dts = DtFragment(
        src="""
#include <dt-bindings/interrupt-controller/irq.h>
&i2c {
    first@$first$ {
        compatible = "vishay,vcnl4040";
        reg = <0x$first$>;
        interrupts-extended = <&gpio $irq$ IRQ_TYPE_EDGE_FALLING>;
    };
    second@$second$ {
        compatible = "vishay,vcnl4040";
        reg = <0x$second$>;
        interrupts-extended = <&gpio $irq$ IRQ_TYPE_EDGE_FALLING>;
    };
};
""",
        variables={
            "first": DtVar.I2C_ADDR,
            "second": DtVar.I2C_ADDR,
            "irq": DtVar.GPIO_PIN,
        },
    )

    def setUp(self):
        self.guest.insmod("vcnl4000")
        first, self.second = Vcnl4040(), Vcnl4040()
        self.board.attach(first, self.dts["first"])
        self.board.attach(self.second, self.dts["second"])
        self.enterContext(I2CDriver("vcnl4000").bind(self.dts["first"]))

    def test_second_probe_gives_ebusy(self):
        with self.assertGuestError(errno.EBUSY):
            with I2CDriver("vcnl4000").bind(self.dts["second"]):
                self.fail("it was bound")
        found = self.guest.messages().find("irq request failed|request_irq")
        self.assertEqual(len(found), 1, found)

    @known_bug(
        "!=",
        "vcnl4000_probe() returns without switching the chip off",
        until="7.2",
    )
    def test_probe_that_failed_switches_off(self):
        with self.assertGuestError(errno.EBUSY):
            with I2CDriver("vcnl4000").bind(self.dts["second"]):
                self.fail("it was bound")
        self.assertEqual(self.second.AL_CONF.ALS_SD, 1)
