# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/vcnl4000.c with a VCNL4040. Most of its tests, those marked
rfc among them, are in vcnl4xxx.py."""

from roadtest import Device, TestCase

import vcnl4xxx
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


class Power(Numbers, vcnl4xxx.Power, TestCase):
    device = Attributes.device


class Events(Numbers, vcnl4xxx.Events, TestCase):
    device = Attributes.device.with_irq("falling")


class Probe(Numbers, vcnl4xxx.Probe, TestCase):
    device = Attributes.device.replace(
        bind=False, properties="proximity-near-level = <220>;"
    )
