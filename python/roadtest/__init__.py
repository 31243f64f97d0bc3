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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The extension is built outside the source tree: beside a package of links in
# the build directory, or where ROADTEST_BUILD says.
# Behind the links stand the sources, which may have got a module since they
# were made.
_parent = _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
_build = _os.environ.get("ROADTEST_BUILD") or _os.path.join(
    _os.path.dirname(_parent), "build"
)
__path__ += [
    _os.path.dirname(_os.path.realpath(__file__)),
    _os.path.join(_parent, "ext"),
    _os.path.join(_build, "python", "ext"),
]

if TYPE_CHECKING:
    from .public import *

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
    "IncompleteError",
    "Interrupted",
    "LimitExceeded",
    "Machine",
    "MachineGone",
    "ModelError",
    "NoDeviceError",
    "NoDriverError",
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


def __getattr__(name: str) -> Any:
    """The names above and the package's modules, once one is asked for."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in __all__:
        public = import_module(".public", __name__)
        globals().update({item: getattr(public, item) for item in __all__})
        return globals()[name]
    try:
        return import_module(f".{name}", __name__)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}"
        ) from None
