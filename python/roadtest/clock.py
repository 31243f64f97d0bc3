# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine's virtual time."""

from __future__ import annotations

from .hooks import refuse_suspended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from . import _roadtest
    from .machine import Machine
    from .trace import Record


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
        """Run the guest until nothing is left at this instant. A transfer
        takes time: see :meth:`idle`."""
        self._machine.advance(0)

    def wait_for(
        self,
        condition: Callable[[], object],
        limit: float = 1.0,
        step: float = 0.001,
    ) -> float:
        """Let time pass until ``condition()`` is true: asked now, and after
        each ``step`` seconds. It may make guest calls, which take their own
        time.

        Returns the seconds that it took. AssertionError past ``limit``.
        """
        refuse_suspended(condition, "a condition")
        start = self.now
        self.settle()
        while not condition():
            if self.now - start >= nanoseconds(limit):
                raise AssertionError(
                    f"{_named(condition)} was not true within {limit} s of "
                    "virtual time"
                )
            self.advance(step)
        return (self.now - start) / 1e9

    def idle(self, quiet: float = 0.01, limit: float = 1.0) -> None:
        """Let time pass until the guest has done nothing on the bus and to the
        lines for ``quiet`` seconds, as when a threaded interrupt handler or a
        work item is through with its transfers.

        AssertionError past ``limit``: a driver that polls is never idle.
        """
        end = self.now + nanoseconds(limit)
        trace = self._machine.board.trace
        while True:
            count = len(trace)
            self.advance(quiet)
            if not any(_by_guest(record) for record in trace.since(count)):
                return
            if self.now >= end:
                raise AssertionError(
                    f"the guest still uses the board after {limit} s of virtual "
                    "time; wait_for() waits for something else"
                )

    def after(
        self, seconds: float, fn: Callable[[], object], *, ns: int = 0
    ) -> _roadtest.Timer:
        """Call ``fn()`` when that much virtual time has passed. Cancelled
        after the test.

        Returns a timer with ``cancel()``, ``pending`` and ``due`` (ns).
        """
        refuse_suspended(fn, "a timer's function")
        name = getattr(fn, "__name__", "timer")
        timer = self._machine.after(nanoseconds(seconds, ns), fn, name)
        self._machine.undo(
            "timer", timer.cancel, quiet=True, live=lambda: timer.pending
        )
        return timer


def _by_guest(record: Record) -> bool:
    if record.kind == "line":
        return record.guest
    return record.kind in ("i2c", "direction")


def _named(condition: Callable[[], object]) -> str:
    name = getattr(condition, "__name__", "")
    return name if name.isidentifier() else "the condition"
