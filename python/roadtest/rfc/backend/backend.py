# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a model finds in its ``backend``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...machine import Machine


class Gpio:
    """The lines of ``&gpio``, as a model drives them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._driven: set[int] = set()

    def set(self, pin: int | None, level: bool | int) -> None:
        """Drive a line; none if ``pin`` is None. The guest sees it when it
        runs next. The level goes back after the test to what it was."""
        if pin is None:
            return
        if pin not in self._driven:
            self._driven.add(pin)
            # the board's own call restores the line
            self._machine.board.gpio[pin].set(1 if level else 0)
        self._machine.line_set(pin, 1 if level else 0)


class Journal:
    """What a model tells about the driver: any method can be called, and each
    call is kept for the test's mock (``Hardware.update_mock``)."""

    def __init__(self) -> None:
        self._calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._muted = 0

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(name)

        def called(*args: Any, **kwargs: Any) -> None:
            if not self._muted:
                self._calls.append((name, args, kwargs))

        return called

    def _without(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The same method, keeping nothing while it runs."""

        def muted(*args: Any, **kwargs: Any) -> Any:
            self._muted += 1
            try:
                return method(*args, **kwargs)
            finally:
                self._muted -= 1

        return muted

    def _replay(self, mock: Any) -> None:
        """Make the calls that were kept, on ``mock``, and forget them."""
        calls, self._calls = self._calls, []
        for name, args, kwargs in calls:
            getattr(mock, name)(*args, **kwargs)


class Backend:
    """A model's surroundings: ``gpio`` and ``mock``."""

    def __init__(self, machine: Machine) -> None:
        self.gpio = Gpio(machine)
        self.mock = Journal()
        """``mock.reg_write(addr, val)``: the driver wrote a register."""
