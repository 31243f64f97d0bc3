# SPDX-License-Identifier: LGPL-2.1-or-later
"""The modelled hardware around the guest: chips, lines and what they did."""

from __future__ import annotations

from . import _roadtest
from .errors import UsageError
from .expect import LineLevel
from .hooks import refuse_suspended
from .trace import Trace
from .traffic import DIRECTIONS, Entries, Traffic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .machine import Machine
    from .models import Model


class Line:
    """A line of ``&gpio``."""

    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        self.number = number

    def __repr__(self) -> str:
        return f"<Line {self.number}>"

    @property
    def level(self) -> int:
        """Its level, whoever drives it: 0 or 1."""
        return self._machine.line_get(self.number)[0]

    @property
    def direction(self) -> str | None:
        """"out": the guest drives it; "in": the guest listens to it; None:
        the guest has not claimed it."""
        return DIRECTIONS[self._machine.line_get(self.number)[1]]

    @property
    def irqs(self) -> int:
        """Interrupts that were delivered on it so far."""
        return self._machine.line_get(self.number)[2]

    @property
    def history(self) -> Entries:
        """Its changes since the test began, of level and of direction, in
        order. Settles first. Each has ``time`` (virtual ns), ``value`` (the
        level), ``direction`` and ``drives``: the level that is on the line
        from then on, None if the change puts none there."""
        changes = self._machine.board.traffic().lines
        return Entries(change for change in changes if change.line == self.number)

    def goes_low(self) -> LineLevel:
        """To expect of traffic: the guest drives it low, or the board's side
        does."""
        return LineLevel(self.number, level=0)

    def goes_high(self) -> LineLevel:
        """To expect of traffic: it is driven high."""
        return LineLevel(self.number, level=1)

    def turns(self, direction: str) -> LineLevel:
        """To expect of traffic: the guest makes it an output ("out"), an
        input ("in"), or lets it go ("free")."""
        return LineLevel(self.number, direction=direction)

    def set(self, level: int) -> None:
        """Drive it from the board's side. An interrupt is taken when the
        guest runs next. UsageError when the guest drives the line. The level
        goes back to what it was after the test."""
        if level not in (0, 1):
            raise ValueError(f"a level is 0 or 1, not {level!r}")
        before = self.level
        self._machine.line_set(self.number, level)
        self._machine.undo(
            f"line {self.number}",
            lambda: self._restore(before),
            quiet=True,
            key=("line", self.number),
            first=True,
        )

    def _restore(self, level: int) -> None:
        if self.direction != "out":
            self._machine.line_set(self.number, level)

    def watch(
        self, fn: Callable[[str | None, int], object]
    ) -> _roadtest.LineWatch:
        """Call ``fn(direction, level)`` in virtual time whenever the guest
        changes direction or level. ``close()`` of what it returns ends that,
        and so does the end of the test."""
        refuse_suspended(fn, "a watch's function")

        def changed(line: int, direction: int, level: int) -> None:
            fn(DIRECTIONS[direction], level)

        watch = self._machine.watch(self.number, changed)
        self._machine.undo(
            f"watch {self.number}",
            watch.close,
            quiet=True,
            live=lambda: not watch.closed,
        )
        return watch


class Lines:
    """The lines of ``&gpio``, by number."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __len__(self) -> int:
        return _roadtest.NUM_LINES

    def __getitem__(self, number: int) -> Line:
        if number is None:
            raise UsageError(
                "board.gpio[None]: a device without an interrupt has no line; "
                'Device(..., irq="falling") or with_irq() gives it one'
            )
        if not isinstance(number, int):
            raise TypeError(f"a line of &gpio is a number, not {number!r}")
        if not 0 <= number < _roadtest.NUM_LINES:
            raise IndexError(f"&gpio has lines 0 to {len(self) - 1}: {number}")
        return Line(self._machine, number)


class Board:
    """What surrounds the guest."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.gpio = Lines(machine)
        """The lines of ``&gpio``."""
        self.trace = Trace(machine)
        """What crossed the board's edge."""
        self._attached: list[tuple[int, int | None, Model]] = []
        self._test_start = 0

    def attach(self, model: Model, addr: int | None) -> None:
        """Put a model on the I2C bus; its interrupt is taken from the
        devicetree node at that address, if there is one. Its ``power_on()``
        runs. Detached after the test. UsageError when the address is taken
        or not 7 bits.

        ``addr`` None: the model answers at every address at which no other
        one stands, and its own ``addr`` is the one that was called last.
        """
        machine = self._machine
        if not isinstance(model, _roadtest.Chip):
            raise TypeError(f"a model is attached, not {model!r}")
        model._trace_start = machine.trace_count()
        machine.attach(model, _roadtest.I2C_EVERY_ADDR if addr is None else addr)
        entry = (model._trace_start, addr, model)
        self._attached.append(entry)

        def undo() -> None:
            self._attached.remove(entry)
            machine.detach(model)

        machine.undo(f"detach {model.name}", undo, quiet=True)
        model.power_on()

    def detach(self, model: Model) -> None:
        """Take it off the bus: its address is not acknowledged any more."""
        self._machine.detach(model)

    @property
    def models(self) -> list[Model]:
        """The models that were attached in this test."""
        return [model for _, _, model in self._attached]

    def owner(self, addr: int, index: int) -> Model | None:
        """Of the models of this test the one that was attached last at an
        address when the trace had ``index`` records; also when it was
        detached since. Else one that answers at every address."""
        for wanted in addr, None:
            for start, at, model in reversed(self._attached):
                if at == wanted and start <= index:
                    return model
        return None

    def traffic(self) -> Traffic:
        """What the guest did to all chips and lines since the test began, or
        in a ``with`` block; see :class:`roadtest.traffic.Traffic`."""
        return Traffic(self._machine, self._test_start)

    @property
    def chips(self) -> list[_roadtest.Chip]:
        """The models that are attached."""
        return self._machine.chips()
