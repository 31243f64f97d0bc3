# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test Linux device drivers without their hardware.

A test class declares the device that it needs, with a model of the chip; the
driver runs unmodified in a User Mode Linux guest, and the test talks to it
through files, ioctls and events while it reads and sets the model directly::

    from roadtest import Device, TestCase
    from mychip import MyChip

    class Basic(TestCase):
        device = Device("vendor,mychip", model=MyChip)

        def test_value(self):
            self.chip.RESULT.value = 7
            self.assertEqual(self.dev.iio["in_voltage0_raw"], "7")

Everything runs in one thread; the guest runs only inside calls that touch it.
"""

from __future__ import annotations

import os as _os

# The extension is built outside the source tree: beside a package of links in
# the build directory, or where ROADTEST_BUILD says.
_parent = _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
_build = _os.environ.get("ROADTEST_BUILD") or _os.path.join(
    _os.path.dirname(_parent), "build"
)
__path__ += [
    _os.path.join(_parent, "ext"),
    _os.path.join(_build, "python", "ext"),
]

from .device import Device, DtFragment, DtVar
from .errors import (
    DevicetreeError,
    GuestError,
    HostError,
    LimitExceeded,
    MachineGone,
    ModelError,
    OracleError,
    ProtocolError,
    RoadtestError,
    UsageError,
)
from .guest import GuestFile, GuestPath
from .kernel import requires_kernel
from .machine import Machine, current_machine
from .marks import mark
from .testcase import TestCase, known_bug
from .tools import (
    I2CDriver,
    PlatformDriver,
    insmod,
    modprobe,
    read_float,
    read_int,
    read_str,
    rmmod,
    write_float,
    write_int,
    write_str,
)

__all__ = [
    "Device",
    "DevicetreeError",
    "DtFragment",
    "DtVar",
    "GuestError",
    "GuestFile",
    "GuestPath",
    "HostError",
    "I2CDriver",
    "LimitExceeded",
    "Machine",
    "MachineGone",
    "ModelError",
    "OracleError",
    "PlatformDriver",
    "ProtocolError",
    "RoadtestError",
    "TestCase",
    "UsageError",
    "current_machine",
    "insmod",
    "known_bug",
    "mark",
    "modprobe",
    "read_float",
    "read_int",
    "read_str",
    "requires_kernel",
    "rmmod",
    "write_float",
    "write_int",
    "write_str",
]
