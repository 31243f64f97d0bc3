# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the package offers: all names of ``roadtest.__all__``.

A module of its own, so that :mod:`roadtest.forkserver` can prepare the process
before any of this, and of what it needs itself, is imported.
"""

from __future__ import annotations

from .device import Device, DtFragment, DtVar
from .errors import (
    DevicetreeError,
    GuestError,
    HostError,
    IncompleteError,
    Interrupted,
    LimitExceeded,
    MachineGone,
    ModelError,
    NoDeviceError,
    NoDriverError,
    OracleError,
    ProtocolError,
    RoadtestError,
    UsageError,
)
from .guest import GuestFile, GuestPath
from .kernel import requires_kernel
from .known_bugs import known_bug
from .machine import Machine, current_machine
from .marks import mark
from .testcase import TestCase
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
