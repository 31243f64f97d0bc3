# SPDX-License-Identifier: LGPL-2.1-or-later
"""Directories of sysfs as mappings of their attributes."""

from __future__ import annotations

from errno import ENOENT

from .errors import GuestError, GuestNotFoundError, guest_error
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
