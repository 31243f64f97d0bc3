# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hardware monitoring devices: their attributes.

Names and units are those of Documentation/hwmon/sysfs-interface.rst:
temperatures in 1/1000 degree Celsius, voltages in mV, currents in mA, power
in uW.
"""

from __future__ import annotations

from .guest import GuestPath
from .sysfs import Attributes


class HwmonDevice(Attributes):
    """A hwmon device as a mapping of its sysfs attributes.

    ``hwmon["temp1_input"]`` is the text without its newline, and assigning
    writes; both raise GuestError. ``path`` is its directory; open an
    attribute of that to poll it.
    """


def find(device: GuestPath) -> HwmonDevice:
    """The hwmon device below a bus device. FileNotFoundError when there is
    none: is the driver bound?"""
    for path in device.glob("hwmon/hwmon*"):
        return HwmonDevice(path)
    raise FileNotFoundError(f"{device} has no hwmon device: is a driver bound?")
