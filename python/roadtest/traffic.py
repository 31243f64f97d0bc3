# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the driver did to the hardware, and assertions on it::

    with self.chip.traffic() as traffic:
        self.dev.iio["in_illuminance_integration_time"] = "0.1"
    traffic.assert_writes(OPT3001.CONFIG.write(CT=0))

:meth:`Model.traffic` has the traffic of one chip, :meth:`Board.traffic` that
of all chips and GPIO lines in one order. All assertions settle first, so that
what the driver does at this instant is in it.
"""

from __future__ import annotations

from . import _roadtest
from .compare import align, good, pair, table
from .errors import UsageError
from .expect import Expected, RegisterAccess, hex_bytes, name_of, resolve
from .trace import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, NoReturn

    from .compare import Row
    from .machine import Machine
    from .models import Model, Register

# Hides these frames from unittest's tracebacks.
__unittest = True

DIRECTIONS = {
    _roadtest.DIR_NONE: None,
    _roadtest.DIR_OUT: "out",
    _roadtest.DIR_IN: "in",
}


class Entry:
    """One thing that happened: a register access, a bus message or a change
    of a GPIO line.

    ``time``: when the chip acts, at the end of a write and before the data of
    a read; ``start``, ``end``: of its transaction on the bus, from the START
    to before the STOP; all in virtual nanoseconds, and all the same for a
    line. ``value``: of the register, bytes of the message, or level of the
    line. ``read``: direction on the bus. ``transaction``: its number, 0 for a
    line. ``chip``: the model, None if nothing is at the address ``addr``.
    ``register``: its declaration, None for a message. ``status``: 0, or
    -errno of a message that the chip did not take. ``line``: number of the
    line, else None; ``direction``: "out", "in" or None, from then on.
    """

    __slots__ = (
        "time", "start", "end", "value", "read", "transaction", "addr",
        "chip", "register", "status", "line", "direction", "drives", "turns",
    )  # fmt: skip

    chip: Model | None
    register: Register | None
    value: int | bytes
    line: int | None
    direction: str | None
    drives: int | None
    """The level that this puts on the line, None if it puts none."""
    turns: str | None
    """"in", "out" or "free" when this changes the direction."""

    def __init__(self, record: Record, chip: Model | None = None) -> None:
        on_bus = record.kind == "i2c"
        self.time = self.end = record.time
        self.start = record.start if on_bus else record.time
        self.value = record.data if on_bus else record.value
        self.read = record.read
        self.transaction = record.transaction
        self.addr = record.addr
        self.chip = chip
        self.register = None
        if chip is not None and record.kind == "reg":
            self.register = chip.registers.get(record.reg)
        self.status = record.status
        self.line = None
        self.direction = self.drives = self.turns = None

    def __str__(self) -> str:
        if self.line is not None:
            return self._line_text()
        verb = "read" if self.read else "write"
        if isinstance(self.value, bytes):
            text = f"{verb} {hex_bytes(self.value)}"
            if self.status:
                text += f" failed ({_roadtest.strerror(self.status)})"
            return text
        if self.register is None:
            return f"{verb} {self.value:#x}"
        width = 2 + 2 * (self.register.width or self._value_bytes())
        return f"{verb} {self.register.name} {self.value:#0{width}x}"

    def __repr__(self) -> str:
        return f"<{self} at {self.time} ns>"

    def _line_text(self) -> str:
        level = "high" if self.value else "low"
        if self.turns is None:
            latched = ", not driven" if self.drives is None else ""
            return f"line {self.line} {level}{latched}"
        driven = f", {level}" if self.turns == "out" else ""
        return f"line {self.line} {self.turns}{driven}"

    def _value_bytes(self) -> int:
        return int(getattr(self.chip, "value_bytes", 1))

    @property
    def fields(self) -> dict[str, int]:
        """The fields of the register that was read or written."""
        register = self.register
        if register is None or not isinstance(self.value, int):
            return {}
        return {n: register.extract(self.value, n) for n in register.fields}

    def decoded(self) -> str:
        """The fields as text: "CONFIG has CT=1 M=0"."""
        fields = self.fields
        if not fields or self.register is None:
            return ""
        text = " ".join(f"{name}={value}" for name, value in fields.items())
        return f"{self.register.name} has {text}"


class Entries(list["Entry"]):
    """Entries in their order."""

    @property
    def values(self) -> list[Any]:
        """The values alone."""
        return [entry.value for entry in self]

    def __str__(self) -> str:
        return "\n".join(f"{e.time / 1e9:.9f} s  {e}" for e in self)


def collect(
    machine: Machine, start: int, chip: Model | None = None
) -> Entries:
    """What happened from record ``start`` of the trace on: to one chip, or
    to all chips and lines.

    A message is an entry if it failed, or if its transaction touched no
    register: what a register model was told is shown as registers.
    """
    records = machine.board.trace.since(start)
    owners = [
        machine.board.owner(r.addr, i) if r.kind in ("i2c", "reg") else None
        for i, r in enumerate(records, start)
    ]
    with_registers = {r.transaction for r in records if r.kind == "reg"}
    lines = LineStates(machine, records)
    spans: dict[int, tuple[int, int]] = {}
    found = Entries()
    for record, owner in zip(records, owners):
        if chip is not None and owner is not chip:
            continue
        if record.kind in ("line", "direction"):
            found.append(lines.entry(record))
        elif record.kind in ("i2c", "reg"):
            if record.kind == "i2c":
                began, _ = spans.get(record.transaction, (record.start, 0))
                spans[record.transaction] = began, record.time
                if record.transaction in with_registers and not record.status:
                    continue
            found.append(Entry(record, owner))
    for entry in found:
        if entry.line is None and entry.transaction in spans:
            entry.start, entry.end = spans[entry.transaction]
    return found


class LineStates:
    """Follows level and direction of the lines through records that reach
    up to now."""

    def __init__(self, machine: Machine, records: Sequence[Record]) -> None:
        self._level: dict[int, int] = {}
        self._direction: dict[int, str | None] = {}
        changes: dict[int, int] = {}
        for record in records:
            line = record.addr
            if record.kind == "direction":
                changes[line] = changes.get(line, 0) + 1
            elif record.kind == "line":
                # It is recorded when it changes.
                self._level.setdefault(line, 1 - record.value)
        for line in {*changes, *self._level}:
            before = machine.trace(0, _roadtest.REC_DIRECTION, line)
            before = before[: len(before) - changes.get(line, 0)]
            self._direction[line] = (
                DIRECTIONS[before[-1][6]] if before else None
            )
            if line not in self._level:
                self._level[line] = machine.line_get(line)[0]

    def entry(self, record: Record) -> Entry:
        """The next change."""
        line, entry = record.addr, Entry(record)
        if record.kind == "direction":
            self._direction[line] = DIRECTIONS[record.value]
            entry.turns = self._direction[line] or "free"
            entry.value = self._level[line]
            driven = entry.turns == "out"
        else:
            self._level[line] = record.value
            driven = not record.guest or self._direction[line] == "out"
        entry.line = line
        entry.direction = self._direction[line]
        entry.drives = self._level[line] if driven else None
        return entry


def _only(entries: Entries, directions: Sequence[bool]) -> Entries:
    """Accesses that a chip took. A message to a register model is none: its
    accesses are those of registers."""
    return Entries(
        e
        for e in entries
        if e.line is None
        and not e.status
        and e.read in directions
        and (e.register or not (e.chip and e.chip.registers))
    )


def _indent(entries: Entries) -> str:
    return "\n".join(f"  {line}" for line in str(entries).splitlines())


class Traffic:
    """What crossed the board's edge. As a context manager: in the ``with``
    block alone. Else from when the chip was attached (of a board: the test
    began) on.

    What the assertions expect of an entry is one of:

    - ``Chip.REG.write(0xC810)``, ``.write(0x10, mask=0x30)``,
      ``.write(CT=1, M=0)`` for those fields alone, ``.write()`` for any
      value; ``.read(...)`` likewise; of the chip (``self.chip.REG.write()``)
      when several have such a register;
    - ``("REG", 0xC810)``, ``("REG", {"CT": 1})`` or ``"REG"``, by name or by
      the register; a read in ``assert_reads``, else a write;
    - bytes, ``Write(b"...")`` or ``Read(b"...")``: a message of a chip
      without registers; ``Transfer()``: anything on the bus;
    - ``self.board.gpio[n].goes_low()`` and so on: a line.

    A message that the chip did not acknowledge is not among the writes and
    reads. ``failed`` has it, ``entries`` too, and every failure shows it.
    """

    def __init__(
        self, machine: Machine, start: int, chip: Model | None = None
    ) -> None:
        self._machine = machine
        self._start = start
        self._chip = chip
        self._closed: Entries | None = None

    def __enter__(self) -> Traffic:
        self._machine.clock.settle()
        self._start = self._machine.trace_count()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._closed = self.entries

    # ---- what there is ---------------------------------------------------

    @property
    def entries(self) -> Entries:
        """All of it, in order."""
        if self._closed is not None:
            return self._closed
        self._machine.clock.settle()
        return collect(self._machine, self._start, self._chip)

    @property
    def accesses(self) -> Entries:
        """Writes and reads that the chip took, in order."""
        return _only(self.entries, (False, True))

    @property
    def writes(self) -> Entries:
        """Writes that the chip took, in order."""
        return _only(self.entries, (False,))

    @property
    def reads(self) -> Entries:
        """Reads that the chip took, in order."""
        return _only(self.entries, (True,))

    @property
    def failed(self) -> Entries:
        """Messages that failed, in order."""
        return Entries(e for e in self.entries if e.status)

    @property
    def lines(self) -> Entries:
        """Changes of GPIO lines, in order."""
        return Entries(e for e in self.entries if e.line is not None)

    def find(self, item: Any) -> Entries:
        """The entries that match."""
        expected = self._expect(item)
        return Entries(e for e in self.entries if expected.matches(e))

    def __str__(self) -> str:
        return str(self.entries)

    # ---- assertions ------------------------------------------------------

    def assert_writes(self, *items: Any, ordered: bool = True) -> None:
        """The driver wrote exactly this; without ``ordered`` in any order."""
        self._compare("writes", items, self.writes, ordered, False)

    def assert_reads(self, *items: Any, ordered: bool = True) -> None:
        """The driver read exactly this; without ``ordered`` in any order."""
        self._compare("reads", items, self.reads, ordered, True)

    def assert_accesses(self, *items: Any, ordered: bool = True) -> None:
        """The driver wrote and read exactly this, and nothing else."""
        self._compare("accesses", items, self.accesses, ordered, False)

    def assert_write_once(self, item: Any) -> None:
        """There is one write to this register (for bytes: to the chip), and
        it is this."""
        expected = self._expect(item)
        rows = align([expected], self._alike(expected))
        self._check("the only write of its kind", rows)

    def assert_last_write(self, item: Any) -> None:
        """The last write to this register (for bytes: to the chip) is
        this."""
        expected = self._expect(item)
        rows = align([expected], self._alike(expected)[-1:])
        self._check("the last write of its kind", rows)

    def assert_order(self, *items: Any) -> None:
        """These come in this order; anything else may come between."""
        rest = [self._expect(item) for item in items]
        rows: list[Row] = []
        after = ""
        for entry in self.entries:
            if rest and rest[0].matches(entry):
                after = f" after {rest[0]}"
                rows.append((rest.pop(0), entry))
            else:
                rows.append((None, entry))
        if rest:
            missing: list[Row] = [(expected, None) for expected in rest]
            self._fail(f"no {rest[0]}{after}", rows + missing, others=True)

    def assert_none(self, *items: Any) -> None:
        """None of these happened; without items: nothing happened at all,
        failed messages included."""
        expected = [self._expect(item) for item in items]
        wrong = [
            entry
            for entry in self.entries
            if not expected or any(e.matches(entry) for e in expected)
        ]
        if wrong:
            what = " or ".join(str(e) for e in expected) or "anything"
            rows: list[Row] = [(None, entry) for entry in wrong]
            self._fail(f"{what}, which is not expected", rows)

    def assert_delay(
        self,
        first: Any,
        second: Any,
        at_least: float = 0.0,
        at_most: float | None = None,
    ) -> int:
        """From the first ``first`` to the first ``second`` it is ``at_least``
        and ``at_most`` so many seconds; so ``second`` must not come before.

        It counts from the end of the first one's transaction on the bus to
        the START of the second one's; inside of one transaction between the
        two. Returns the nanoseconds.
        """
        one, two = (self._first(item) for item in (first, second))
        delay = two.start - one.end
        if one.transaction and one.transaction == two.transaction:
            delay = two.time - one.time
        least = round(at_least * 1e9)
        most = None if at_most is None else round(at_most * 1e9)
        if delay < least or (most is not None and delay > most):
            limit = f"at least {least}" if delay < least else f"at most {most}"
            raise AssertionError(
                f"{self._of()}: {delay} ns from {one} to {two}, not {limit} ns"
                f"\n{_indent(self.entries)}"
            )
        return delay

    # ---- how -------------------------------------------------------------

    def _of(self) -> str:
        if self._chip is None:
            return "traffic"
        return f"traffic of {name_of(self._chip)}"

    def _expect(self, item: Any, read: bool = False) -> Expected:
        expected = resolve(item, read, self._names())
        if isinstance(expected, RegisterAccess):
            self._check_register(expected.register)
        return expected

    def _check_register(self, register: Register) -> None:
        """One that no chip here has can't be in the traffic, and to expect
        none of it would prove nothing."""
        chips = [self._chip] if self._chip else self._machine.board.models
        if not any(register.is_of(chip) for chip in chips):
            raise UsageError(
                f"{self._of()}: {register.owner.__name__}.{register.name} is a "
                "register of another model"
            )

    def _names(self) -> dict[str, Register | _Ambiguous]:
        """Registers by name, of the chip or of all chips."""
        chips = [self._chip] if self._chip else self._machine.board.models
        found: dict[str, Register | _Ambiguous] = {}
        for chip in chips:
            for register in chip.registers.values():
                other = found.setdefault(register.name, register)
                if other is not register:
                    found[register.name] = _Ambiguous(register.name)
        return found

    def _compare(
        self,
        what: str,
        items: Sequence[Any],
        actual: Entries,
        ordered: bool,
        read: bool,
    ) -> None:
        expected = [self._expect(item, read) for item in items]
        for pattern in expected:
            if what != "accesses" and pattern.read is (not read):
                raise UsageError(f"assert_{what} can't expect a {pattern}")
        rows = (align if ordered else pair)(expected, actual)
        self._check(f"the expected {what}", rows)

    def _check(self, what: str, rows: list[Row]) -> None:
        if not all(good(row) for row in rows):
            self._fail(f"not {what}", rows)

    def _fail(
        self, what: str, rows: list[Row], others: bool = False
    ) -> NoReturn:
        text = f"{self._of()}: {what}\n{table(rows, others)}"
        shown = [entry for _, entry in rows]
        failed = Entries(e for e in self.failed if e not in shown)
        if failed:
            text += f"\nfailed on the bus:\n{_indent(failed)}"
        raise AssertionError(text)

    def _alike(self, expected: Expected) -> Entries:
        return Entries(e for e in self.entries if expected.resembles(e))

    def _first(self, item: Any) -> Entry:
        expected = self._expect(item)
        for entry in self.entries:
            if expected.matches(entry):
                return entry
        rows: list[Row] = [(None, entry) for entry in self.entries]
        self._fail(f"no {expected}", rows + [(expected, None)], others=True)


class _Ambiguous:
    """A name that several chips have a register of."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, *args: Any, **kwargs: Any) -> Expected:
        """Raises UsageError."""
        raise UsageError(
            f"several chips have a register {self.name}: say which with "
            f"chip.{self.name}.write(...)"
        )

    read = write
