# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain functions on the machine of the running test."""

from __future__ import annotations

import errno

from .busdevice import Probing, no_driver
from .errors import GuestError, NoDeviceError
from .guest import GuestPath
from .machine import current_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from types import TracebackType
    from typing import Union

    from .machine import Machine

    AnyPath = Union[str, os.PathLike[str], GuestPath]


def insmod(name: str, params: str = "") -> None:
    """Load a module and what it depends on. ``params``: "a=1 b=2". GuestError
    with the errno of the module's init; NoDriverError when the kernel has no
    such module. Unloaded after the test."""
    current_machine().guest.insmod(name, params)


modprobe = insmod


def rmmod(name: str) -> None:
    """Unload a module. GuestError ENOENT when it is not loaded, EAGAIN when
    it is in use."""
    current_machine().guest.rmmod(name)


def _path(path: AnyPath) -> GuestPath:
    # which makes a str of it, or says that it can't be one
    return GuestPath(current_machine(), path)  # type: ignore[arg-type]


def read_str(path: AnyPath) -> str:
    """A guest file's text, without its trailing newline."""
    text = _path(path).read_text()
    return text[:-1] if text.endswith("\n") else text


def read_int(path: AnyPath) -> int:
    """A guest file's integer, decimal or with 0x."""
    return int(read_str(path).strip(), 0)


def read_float(path: AnyPath) -> float:
    """A guest file's number. Prefer :func:`read_str`: numbers of sysfs are
    exact as text."""
    return float(read_str(path))


def write_str(path: AnyPath, text: str) -> None:
    """Write a guest file with one write()."""
    _path(path).write_text(text)


def write_int(path: AnyPath, value: int) -> None:
    """Write a decimal integer into a guest file."""
    _path(path).write_text(str(value))


def write_float(path: AnyPath, value: float) -> None:
    """Write a number into a guest file, in decimal without exponent."""
    _path(path).write_text(f"{value:f}")


class BoundDriver:
    """A device that is bound to a driver: ``id`` ("0-0044", "regulator-vdd")
    and ``path``."""

    def __init__(self, path: GuestPath) -> None:
        self.path = path
        self.id = path.name


class I2CDriver:
    """A driver on the I2C bus, to bind a device by hand."""

    def __init__(self, name: str) -> None:
        self.name = name

    def bind(self, addr: int, bus: int = 0) -> Binding:
        """A context manager that binds the device at ``addr`` to this driver
        and unbinds it. GuestError with the errno of the driver's probe."""
        return Binding("i2c", self.name, f"{bus}-{addr:04x}")


class PlatformDriver:
    """A driver on the platform bus, to bind a device by hand."""

    def __init__(self, name: str) -> None:
        self.name = name

    def bind(self, devname: str) -> Binding:
        """A context manager that binds the device called ``devname`` (the
        devicetree node's name; with a ``reg``, "10000000.serial") to this
        driver and unbinds it. GuestError with the errno of the driver's
        probe."""
        return Binding("platform", self.name, devname)


class Binding:
    """What ``I2CDriver.bind`` and ``PlatformDriver.bind`` give: binds on
    entry, unbinds on exit, unless the test has done so meanwhile."""

    def __init__(self, bus: str, driver: str, id: str) -> None:
        self._driver = f"/sys/bus/{bus}/drivers/{driver}"
        self._device = f"/sys/bus/{bus}/devices/{id}"
        self._id = id

    def __enter__(self) -> BoundDriver:
        machine = current_machine()
        try:
            with Probing(machine, self._id):
                GuestPath(machine, f"{self._driver}/bind").write_text(self._id)
        except GuestError as error:
            raise self._explained(machine, error) from None
        return BoundDriver(GuestPath(machine, self._device))

    def _explained(self, machine: Machine, error: GuestError) -> Exception:
        """There may be no such driver, or no such device."""
        if not GuestPath(machine, self._driver).exists():
            return no_driver(*self._driver.split("/")[3::2])
        if not GuestPath(machine, self._device).exists():
            return NoDeviceError(
                f"there is no device {self._device}: has the devicetree a node "
                "for it?",
            )
        return error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        machine = current_machine()
        if not machine.is_up:
            return
        try:
            GuestPath(machine, f"{self._driver}/unbind").write_text(self._id)
        except GuestError as failed:
            if failed.errno not in (errno.ENODEV, errno.ENOENT):
                raise
