# SPDX-License-Identifier: LGPL-2.1-or-later
"""Directories of sysfs as mappings of their attributes."""

from __future__ import annotations

from .guest import GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


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
        text = (self.path / attribute).read_text()
        return text[:-1] if text.endswith("\n") else text

    def __setitem__(self, attribute: str, value: str | int) -> None:
        (self.path / attribute).write_text(str(value))

    def __contains__(self, attribute: str) -> bool:
        return (self.path / attribute).exists()

    def __iter__(self) -> Iterator[str]:
        return iter([path.name for path in self.path.iterdir()])
