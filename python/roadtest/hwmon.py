# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hardware monitoring devices: their attributes.

Names and units are those of Documentation/hwmon/sysfs-interface.rst:
temperatures in 1/1000 degree Celsius, voltages in mV, currents in mA, power
in uW.
"""

from __future__ import annotations

from .guest import GuestPath
from .sysfs import Attributes, class_device


class HwmonDevice(Attributes):
    """A hwmon device as a mapping of its sysfs attributes.

    ``hwmon["temp1_input"]`` is the text without its newline, and assigning
    writes; both raise GuestError. ``path`` is its directory; open an
    attribute of that to poll it.
    """


def find(device: GuestPath, name: str | None = None) -> HwmonDevice:
    """The hwmon device of a bus device, or of a part of it (a cell of an
    MFD): the first one, or the one with this ``name``.

    NoDeviceError when there is none: is the driver bound? UsageError when
    several parts have one: name the part instead of the whole.
    """
    what = "hwmon device"
    return HwmonDevice(class_device(device, "class/hwmon/hwmon*", what, name))
