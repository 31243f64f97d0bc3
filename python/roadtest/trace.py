# SPDX-License-Identifier: LGPL-2.1-or-later
"""What crossed the board's edge, as typed records."""

from __future__ import annotations

from . import _roadtest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .models import Model, Register

KINDS = {
    _roadtest.REC_I2C: "i2c",
    _roadtest.REC_REG: "reg",
    _roadtest.REC_LINE: "line",
    _roadtest.REC_DIRECTION: "direction",
    _roadtest.REC_IRQ_TYPE: "irq-type",
    _roadtest.REC_IRQ: "irq",
    _roadtest.REC_TIMER: "timer",
    _roadtest.REC_NOTE: "note",
}
"""The kinds of records, by enum road_record_type."""


class Access:
    """The guest read or wrote a register.

    ``value``; ``time`` in virtual nanoseconds; ``transaction``: number of the
    bus transaction; ``read``: direction; ``name`` of the register.
    """

    __slots__ = ("value", "time", "transaction", "read", "name")

    def __init__(
        self, value: int, time: int, transaction: int, read: bool, name: str
    ) -> None:
        self.value = value
        self.time = time
        self.transaction = transaction
        self.read = read
        self.name = name

    def __repr__(self) -> str:
        verb = "read" if self.read else "write"
        return f"<{verb} {self.name} {self.value:#x} at {self.time} ns>"


class Accesses(list["Access"]):
    """Accesses in the order of time."""

    @property
    def values(self) -> list[int]:
        """The values alone."""
        return [access.value for access in self]


class Record:
    """One entry of the trace; struct road_record says which field holds what.

    ``kind`` is one of KINDS' values; ``time`` in virtual nanoseconds;
    ``guest``: the guest drives the line; ``addr``: I2C address or line;
    ``status``: 0 or -errno; ``data``: what went over the bus; ``start``: when
    the bus began with it (i2c).
    """

    __slots__ = (
        "time",
        "kind",
        "read",
        "guest",
        "addr",
        "transaction",
        "reg",
        "value",
        "status",
        "data",
        "name",
        "start",
    )

    def __init__(self, raw: _roadtest.RawRecord) -> None:
        flags = raw[2]
        self.time = raw[0]
        self.kind = KINDS.get(raw[1], "?")
        self.read = bool(flags & _roadtest.REC_F_READ)
        self.guest = bool(flags & _roadtest.REC_F_GUEST)
        self.addr = raw[3]
        self.transaction = raw[4]
        self.reg = raw[5]
        self.value = raw[6]
        self.status = raw[7]
        self.data = raw[8]
        self.name = raw[9]
        self.start = raw[10]

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name or self.addr} at {self.time} ns>"


class Trace:
    """The machine's trace, from power-on: a sequence of :class:`Record`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __len__(self) -> int:
        return self._machine.trace_count()

    def __iter__(self) -> Iterator[Record]:
        return iter(self.since(0))

    def __getitem__(self, index: int) -> Record:
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.since(index)[0]

    def since(self, start: int) -> list[Record]:
        """Records from index ``start`` on."""
        return [Record(raw) for raw in self._machine.trace(start, -1, -1)]

    def note(self, text: str) -> None:
        """A note of the test in the trace."""
        self._machine.trace_note(text)

    def text(self, start: int = 0) -> str:
        """Records from ``start`` on as lines of text."""
        return self._machine.trace_text(start)

    def json(self, start: int = 0) -> str:
        """The same as JSON Lines."""
        return self._machine.trace_json(start)


def accesses(chip: Model, register: Register, read: bool) -> Accesses:
    """The guest's accesses to a chip's register since it was attached.
    Settles first."""
    machine = chip.machine
    machine.advance(0)
    found = Accesses()
    for raw in machine.trace(chip._trace_start, _roadtest.REC_REG, chip.addr):
        is_read = bool(raw[2] & _roadtest.REC_F_READ)
        if raw[5] == register.addr and is_read == read:
            found.append(
                Access(raw[6], raw[0], raw[4], is_read, register.name)
            )
    return found
