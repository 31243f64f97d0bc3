# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine's virtual time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from . import _roadtest
    from .machine import Machine


def nanoseconds(seconds: float, ns: int = 0) -> int:
    """A time from now on in the clock's unit."""
    if not isinstance(seconds, (int, float)):
        raise TypeError(f"seconds are a number, not {seconds!r}")
    total = round(seconds * 1e9) + ns
    if total < 0:
        raise ValueError(f"the clock does not go back: {total / 1e9:g} s")
    if total >= 1 << 62:
        raise ValueError(f"the clock holds 146 years: {total / 1e9:g} s")
    return total


class Clock:
    """Moves only inside guest calls and the functions here."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def now(self) -> int:
        """Nanoseconds since the guest's power-on."""
        return self._machine.now

    def advance(self, seconds: float = 0.0, *, ns: int = 0) -> None:
        """Let virtual time pass and the guest run. ValueError for a negative
        time."""
        self._machine.advance(nanoseconds(seconds, ns))

    def settle(self) -> None:
        """Run the guest until nothing is left at this instant."""
        self._machine.advance(0)

    def after(
        self, seconds: float, fn: Callable[[], object], *, ns: int = 0
    ) -> _roadtest.Timer:
        """Call ``fn()`` when that much virtual time has passed. Cancelled
        after the test.

        Returns a timer with ``cancel()``, ``pending`` and ``due`` (ns).
        """
        name = getattr(fn, "__name__", "timer")
        timer = self._machine.after(nanoseconds(seconds, ns), fn, name)
        self._machine.undo("timer", timer.cancel, quiet=True)
        return timer
