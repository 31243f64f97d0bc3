# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4200. Most of its tests, those marked
rfc among them, are in vcnl4xxx.py."""

import errno

from roadtest import Device, TestCase

import vcnl4xxx
import vcnl4xxx_device
from vcnl40xx import Vcnl4200


class Numbers:
    NAME = "VCNL4200"
    LIGHT_TIMES = ("0.050000", "0.100000", "0.200000", "0.400000")
    SCALES = ("0.024000", "0.012000", "0.006000", "0.003000")
    NEAR_TIMES = (
        "0.000096", "0.000144", "0.000192", "0.000384", "0.000768", "0.000864",
    )  # fmt: skip
    LIGHT_WAIT, NEAR_WAIT = 60_000_000, 5_760_000
    ID_READS = ("ID",)


class Attributes(Numbers, vcnl4xxx.Measuring, TestCase):
    device = Device("vishay,vcnl4200", model=Vcnl4200)

    def test_times_that_the_chip_has_not_give_einval(self):
        for it in 6, 7:
            self.chip.PS_CONF.PS_IT = it
            for attribute in vcnl4xxx.NEAR_IT, vcnl4xxx.NEAR_PERIOD:
                with self.subTest(attribute, it=it), self.does("PS_CONF"):
                    with self.assertGuestError(errno.EINVAL):
                        self.iio[attribute]
            self.assert_refused(vcnl4xxx.NEAR_PERIOD, ["0.0001"], reads=["PS_CONF"])


class Power(Numbers, vcnl4xxx_device.Waiting, TestCase):
    device = Attributes.device


class Events(Numbers, vcnl4xxx_device.Flags, TestCase):
    device = Attributes.device.with_irq("falling")


class Probe(Numbers, vcnl4xxx_device.Probe, TestCase):
    device = Attributes.device.replace(
        bind=False, properties="proximity-near-level = <220>;"
    )
