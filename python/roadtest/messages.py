# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel and its drivers print, of a test or of a part of it::

    with self.dev.messages() as messages:
        with self.assertGuestError(errno.EIO):
            self.dev.iio["in_illuminance_input"]
    self.assertEqual(messages.lines, ["failed to read register 00"])

``guest.log`` is the whole log since the boot.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from .machine import Machine

_STAMP = re.compile(r"\[ *\d+\.\d+\] ?")


class Messages:
    """Lines of the kernel's log: since the test began, or as a context
    manager those of the ``with`` block alone. Made by :meth:`Guest.messages`
    and, for what was printed about one device, :meth:`BusDevice.messages`.
    """

    def __init__(self, machine: Machine, device: str | None = None) -> None:
        self._machine = machine
        self._device = device
        self._start = machine.guest._log_start
        self._closed: list[str] | None = None

    def __enter__(self) -> Messages:
        self._machine.clock.settle()
        self._start = self._machine.log_mark()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._closed = self.lines

    @property
    def lines(self) -> list[str]:
        """Without time stamps; of a device also without its name and that of
        its driver. Settles first."""
        if self._closed is not None:
            return self._closed
        self._machine.clock.settle()
        log = self._machine.log_since(self._start).splitlines()
        lines = [_STAMP.sub("", line, 1) for line in log]
        if self._device is None:
            return lines
        about = re.compile(rf"\S+ {re.escape(self._device)}: (.*)")
        found = (about.fullmatch(line) for line in lines)
        return [match[1] for match in found if match]

    @property
    def text(self) -> str:
        """The same as one string."""
        return "".join(f"{line}\n" for line in self.lines)

    def find(self, regex: str) -> list[str]:
        """The lines in which an expression (Python's) is found."""
        return [line for line in self.lines if re.search(regex, line)]

    def __str__(self) -> str:
        return self.text
