# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drivers to bind by hand, devices, and files of the guest."""

from __future__ import annotations

from ... import tools
from ...guest import GuestPath
from ...machine import current_machine
from ...tools import (
    I2CDriver,
    read_float,
    read_int,
    read_str,
    write_float,
    write_int,
    write_str,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...tools import Binding

__all__ = [
    "I2CDevice",
    "I2CDriver",
    "PlatformDevice",
    "PlatformDriver",
    "read_float",
    "read_int",
    "read_str",
    "write_float",
    "write_int",
    "write_str",
]


class PlatformDriver(tools.PlatformDriver):
    """A driver on the platform bus, to bind a device by hand."""

    def bind(self, devname: str) -> Binding:
        """A context manager that binds the device called ``devname`` and
        unbinds it. A driver that is not there is loaded by the device's
        modalias: the RFC's kernel had such drivers built in."""
        machine = current_machine()
        bus = GuestPath(machine, "/sys/bus/platform")
        if not (bus / "drivers" / self.name).exists():
            alias = read_str(bus / "devices" / devname / "modalias")
            machine.guest.insmod(alias)
        return super().bind(devname)


class I2CDevice:
    """A device on an I2C bus, by its address: ``id``, its name there, and
    ``path``, its directory in the guest's sysfs."""

    def __init__(self, addr: int, bus: int = 0) -> None:
        self.id = f"{bus}-{addr:04x}"
        self.path = GuestPath(
            current_machine(), f"/sys/bus/i2c/devices/{self.id}"
        )


class PlatformDevice:
    """A device on the platform bus, by its name: ``id`` and ``path``."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.path = GuestPath(
            current_machine(), f"/sys/bus/platform/devices/{name}"
        )
