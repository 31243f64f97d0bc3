# SPDX-License-Identifier: LGPL-2.1-or-later
"""KTAP, as a test program prints it (docs/ktap.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

MARKS = ("start ", "time ", "test ", "norun ", "end of ")
"""What means something behind "# "."""


def unmarked(text: str) -> str:
    """Text for a diagnostic, or the beginning of it, that is not taken for a
    mark."""
    if text and any(text.startswith(m) or m.startswith(text) for m in MARKS):
        return f" {text}"
    return text


class Ktap:
    """Writes KTAP to the standard output that the program started with."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self._open_line = False

    def line(self, text: str) -> None:
        """A line of the protocol, flushed."""
        if self._open_line:
            self.out.write("\n")
            self._open_line = False
        self.out.write(text + "\n")
        self.out.flush()

    def diagnostic(self, text: str) -> None:
        """Lines for the reader."""
        for line in text.rstrip("\n").split("\n"):
            self.line(f"# {unmarked(line)}" if line else "#")

    def write(self, text: str) -> None:
        """What a test printed: diagnostics, also of a part of a line (a
        debugger's prompt)."""
        for part in text.splitlines(keepends=True):
            if not self._open_line:
                self.out.write("# ")
                part = unmarked(part)
            self.out.write(part)
            self._open_line = not part.endswith("\n")


class Prints:
    """Stands in for sys.stdout while tests run."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, ktap: Ktap) -> None:
        self._ktap = ktap

    def write(self, text: str) -> int:
        """As of a text stream."""
        self._ktap.write(text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """As of a text stream."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """As of a text stream."""
        self._ktap.out.flush()

    def isatty(self) -> bool:
        """Never a terminal, so that nothing draws on it."""
        return False

    def writable(self) -> bool:
        """As of a text stream."""
        return True
