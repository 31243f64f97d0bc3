# SPDX-License-Identifier: LGPL-2.1-or-later
"""Directories of sysfs as mappings of their attributes."""

from __future__ import annotations

from errno import EINVAL, ENOENT

from .errors import (
    GuestError,
    GuestNotFoundError,
    NoDeviceError,
    UsageError,
    guest_error,
)
from .guest import GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OF_THE_CORE = {"device", "of_node", "power", "subsystem", "uevent"}
"""What is in the directory of every device."""


def as_text(value: object) -> str:
    """As sysfs takes it: text as it is, a number in decimal, a bool as 0 or
    1. TypeError for the rest, None and floats for example: a driver would
    refuse what is printed for them, or take a rounded number."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if type(value).__name__ == "Decimal":  # it takes long to import
        return f"{value:f}"
    raise TypeError(f"an attribute is text or an int, not {value!r}")


class Attributes:
    """A sysfs directory as a mapping of its attributes.

    ``attributes["name"]`` is the text without its newline, and assigning
    writes; both raise GuestError with the driver's errno. ``path`` is the
    directory. ``in`` asks for a file, and iterating gives all names, sorted.
    """

    def __init__(self, path: GuestPath) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    def __getitem__(self, attribute: str) -> str:
        try:
            text = (self.path / attribute).read_text()
        except GuestNotFoundError as error:
            raise self._not_found(attribute, error) from None
        return text[:-1] if text.endswith("\n") else text

    def __setitem__(self, attribute: str, value: str | int) -> None:
        try:
            (self.path / attribute).write_text(as_text(value))
        except GuestNotFoundError as error:
            raise self._not_found(attribute, error) from None

    def _check_there(self) -> None:
        """Before its node in /dev is opened, which may be another device's
        since: numbers are given again. NoDeviceError when it is gone."""
        if not self.path.exists():
            raise NoDeviceError(f"{self.path} is gone: was the driver unbound?")

    def _not_found(
        self, attribute: str, error: GuestNotFoundError
    ) -> GuestError:
        """The error with the names that there are, unless it is the driver
        that gave it."""
        try:
            names = list(self)
        except GuestNotFoundError:
            return error
        if attribute in names:
            return error
        known = " ".join(n for n in names if n not in OF_THE_CORE)
        return guest_error(
            error.errno or ENOENT, error.filename, f"{error} (there is: {known})"
        )

    def __contains__(self, attribute: str) -> bool:
        return (self.path / attribute).exists()

    def __iter__(self) -> Iterator[str]:
        return iter([path.name for path in self.path.iterdir()])


def class_devices(device: GuestPath, pattern: str) -> list[GuestPath]:
    """Paths of what drivers registered for a device in a class, such as
    "class/rtc/rtc*" or "bus/iio/devices/iio:device*" of /sys, sorted by their
    numbers: its own; when it has none, those of the devices that it consists
    of, the cells of an MFD for example, the nearest alone.
    """
    top = _real(device)
    if top is None:
        return []
    own = top.count("/") + (2 if pattern.startswith("class/") else 1)
    found: dict[int, list[str]] = {}
    for link in device._at("/sys").glob(pattern):
        path = _real(link)
        if path is not None and path.startswith(top + "/"):
            found.setdefault(max(path.count("/"), own), []).append(path)
    nearest = found[min(found)] if found else []
    below = [path[len(top) :] for path in sorted(nearest, key=_by_number)]
    return [device._at(f"{device}{path}") for path in below]


def _real(path: GuestPath) -> str | None:
    """Where a directory below /sys/devices is; None when it is gone."""
    try:
        return str(path.resolve_link())
    except FileNotFoundError:
        return None
    except GuestError as error:
        if error.errno != EINVAL:  # no link
            raise
        return str(path)


def _by_number(path: str) -> tuple[int, str]:
    return len(path), path


def class_device(
    device: GuestPath, pattern: str, what: str, name: str | None
) -> GuestPath:
    """The one that the helpers mean: the first of the device itself, or the
    one whose attribute ``name`` it is.

    NoDeviceError when there is none; UsageError when several parts of the
    device have one each.
    """
    paths = class_devices(device, pattern)
    if name is not None:
        paths = [p for p in paths if (p / "name").read_text().strip() == name]
    if not paths:
        called = f" {name}" if name is not None else ""
        option = device._machine.missing_option(f"/sys/{pattern}")
        why = f"CONFIG_{option} is off in this kernel" if option else (
            "is a driver bound?"
        )
        raise NoDeviceError(f"{device} has no {what}{called}: {why}")
    parents = sorted({_parent(path, pattern) for path in paths})
    if len(parents) > 1:
        raise UsageError(
            f"{device} has no {what} itself, and several of its parts have "
            f"one: take that of one of {', '.join(parents)}"
        )
    return paths[0]


def _parent(path: GuestPath, pattern: str) -> str:
    parent = path.parent
    return str(parent.parent if pattern.startswith("class/") else parent)
