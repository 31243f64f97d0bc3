# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test expects of the traffic: patterns for one entry of it.

Get them from what they are about: ``Chip.CONFIG.write(M=1)``,
``self.chip.CONFIG.read()``, ``self.board.gpio[3].goes_low()``. For chips
without registers there are :class:`Write` and :class:`Read`, and
:class:`Transfer` for anything on the bus.
"""

from __future__ import annotations

from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .models import Model, Register
    from .traffic import Entry


class Expected:
    """A pattern for one entry of the traffic."""

    read: bool | None = None
    """Direction that it is for; None: both."""

    def matches(self, entry: Entry) -> bool:
        """Is it this one?"""
        raise NotImplementedError

    def resembles(self, entry: Entry) -> bool:
        """Is it about the same thing, whatever the value?"""
        return self.matches(entry)

    def difference(self, entry: Entry) -> str:
        """How an entry that it resembles differs from it."""
        return ""


class RegisterAccess(Expected):
    """An access to a register.

    ``value``: all of it, or with ``mask`` those bits; ``fields``: those
    fields alone; neither: any value. ``chip``: None for any that has the
    register. Made by :meth:`Register.write` and :meth:`Register.read`.
    """

    def __init__(
        self,
        register: Register,
        read: bool,
        value: int | None = None,
        mask: int | None = None,
        fields: Mapping[str, int] | None = None,
        chip: Model | None = None,
    ) -> None:
        if mask is not None and (value is None or value & ~mask):
            raise ValueError(
                f"{register.name}: the value has bits outside of the mask"
                if value is not None
                else f"{register.name}: a mask needs a value"
            )
        if value is not None and fields:
            raise ValueError(f"{register.name}: a value, or fields")
        for number in value, mask:
            if number is not None:
                self._check_fits(register, number)
        self.register = register
        self.read = read
        self.fields = dict(fields or {})
        self.value = value
        self.mask = mask
        self.chip = chip
        for name, bits in self.fields.items():
            self._add_field(name, bits)

    @staticmethod
    def _check_fits(register: Register, number: int) -> None:
        """What does not fit can't be in the traffic, and to expect none of it
        would prove nothing."""
        if not isinstance(number, int):
            raise TypeError(f"{register.name} has a number, not {number!r}")
        bits = 8 * register.bytes_of(register.owner)
        if not 0 <= number < 1 << bits:
            raise ValueError(
                f"{register.name} has {bits} bits: {number:#x} does not fit"
            )

    def _add_field(self, name: str, bits: int) -> None:
        register = self.register
        if name not in register.fields:
            known = ", ".join(register.fields) or "none"
            raise AttributeError(
                f"register {register.name} has no field {name} "
                f"(it has: {known})"
            )
        self.value = register.insert(self.value or 0, name, bits)
        ones = (1 << register.width_of(name)) - 1
        self.mask = register.insert(self.mask or 0, name, ones)

    def __str__(self) -> str:
        text = f"{'read' if self.read else 'write'} {self.register.name}"
        if self.fields:
            return f"{text} " + " ".join(
                f"{name}={bits}" for name, bits in self.fields.items()
            )
        if self.value is None:
            return f"{text} (any value)"
        if self.mask is not None:
            return f"{text} {self._hex(self.value)} in {self._hex(self.mask)}"
        return f"{text} {self._hex(self.value)}"

    def _hex(self, value: int) -> str:
        width = self.register.bytes_of(self.register.owner)
        return f"{value:#0{2 + 2 * width}x}"

    def resembles(self, entry: Entry) -> bool:
        """The same register and direction."""
        register = entry.register
        return (
            register is not None
            and entry.read == self.read
            and register.addr == self.register.addr
            and register.name == self.register.name
            and isinstance(entry.chip, self.register.owner)
            and (self.chip is None or entry.chip is self.chip)
        )

    def matches(self, entry: Entry) -> bool:
        """The same register and direction, and the value."""
        return self.resembles(entry) and not self._wrong_bits(entry)

    def _wrong_bits(self, entry: Entry) -> int:
        if self.value is None:
            return 0
        assert isinstance(entry.value, int)
        wrong = entry.value ^ self.value
        return wrong if self.mask is None else wrong & self.mask

    def difference(self, entry: Entry) -> str:
        """The fields that differ, and the bits that are in none."""
        wrong = self._wrong_bits(entry)
        if not wrong:
            return ""
        assert isinstance(entry.value, int) and self.value is not None
        register = self.register
        texts: list[str] = []
        for name in register.fields:
            ones = (1 << register.width_of(name)) - 1
            bits = register.insert(0, name, ones)
            if wrong & bits:
                is_, not_ = (
                    register.extract(v, name) for v in (entry.value, self.value)
                )
                texts.append(f"{name} is {is_}, not {not_}")
            wrong &= ~bits
        if wrong:
            texts.append(f"bits {wrong:#x} differ")
        return ", ".join(texts)


class Transfer(Expected):
    """Any access or message on the bus, failed ones included. ``chip``: to
    that one."""

    def __init__(self, chip: Model | None = None) -> None:
        self.chip = chip

    def __str__(self) -> str:
        if self.chip is None:
            return "transfer"
        return f"transfer of {name_of(self.chip)}"

    def matches(self, entry: Entry) -> bool:
        """Is it on the bus?"""
        return entry.line is None and self.chip in (None, entry.chip)


class _Message(Expected):
    read: bool
    word: str

    def __init__(
        self, data: bytes | None = None, chip: Model | None = None
    ) -> None:
        self.data = data
        self.chip = chip

    def __str__(self) -> str:
        if self.data is None:
            return f"{self.word} (any bytes)"
        return f"{self.word} {hex_bytes(self.data)}"

    def resembles(self, entry: Entry) -> bool:
        """A message of the same direction that the chip took."""
        return (
            entry.line is None
            and entry.register is None
            and entry.read == self.read
            and not entry.status
            and self.chip in (None, entry.chip)
        )

    def matches(self, entry: Entry) -> bool:
        """And the bytes."""
        return self.resembles(entry) and self.data in (None, entry.value)


class Write(_Message):
    """A message that the guest wrote to a chip without registers.
    ``data``: its bytes, None for any."""

    read, word = False, "write"


class Read(_Message):
    """A message that the guest read from a chip without registers."""

    read, word = True, "read"


class LineLevel(Expected):
    """A line of ``&gpio`` changes; made by ``Line.goes_low()`` and the
    like. ``level`` is 0 or 1, ``direction`` "in", "out" or "free"."""

    def __init__(
        self,
        number: int,
        level: int | None = None,
        direction: str | None = None,
    ) -> None:
        if level is None and direction not in ("in", "out", "free"):
            raise ValueError(f'"in", "out" or "free", not {direction!r}')
        self.number = number
        self.level = level
        self.direction = direction

    def __str__(self) -> str:
        if self.level is None:
            return f"line {self.number} turns {self.direction}"
        return f"line {self.number} goes {'high' if self.level else 'low'}"

    def resembles(self, entry: Entry) -> bool:
        """The same line."""
        return entry.line == self.number

    def matches(self, entry: Entry) -> bool:
        """The change that is meant."""
        if entry.line != self.number:
            return False
        if self.level is not None:
            return entry.drives == self.level
        return entry.turns == self.direction


def name_of(chip: Model) -> str:
    """Its name, and where it stands while it does."""
    try:
        return f"{chip.name} at 0x{chip.addr:02x}"
    except UsageError:
        return chip.name


def hex_bytes(data: bytes) -> str:
    """Bytes as in the trace's text; "(nothing)" for none."""
    return data.hex(" ") if data else "(nothing)"


def resolve(item: Any, read: bool, names: Mapping[str, Any]) -> Expected:
    """What a test wrote, as a pattern.

    An Expected; ``(register, value)`` or ``(register, {field: value})``; a
    register alone, for any value; bytes, for a message. A register may be
    its name: ``names`` has those that are known. ``read`` is the direction
    of what does not say it.
    """
    if isinstance(item, Expected):
        return item
    if isinstance(item, (bytes, bytearray)):
        return (Read if read else Write)(bytes(item))
    value: Any = None
    if isinstance(item, tuple) and len(item) == 2:
        item, value = item
    if isinstance(item, str):
        if item not in names:
            known = ", ".join(names) or "none"
            raise ValueError(f"there is no register {item} (but: {known})")
        item = names[item]
    make = getattr(item, "read" if read else "write", None)
    if make is None or isinstance(item, type):
        raise TypeError(
            f"not something to expect of traffic: {item!r}; give "
            "(REGISTER, value), REGISTER.write(...), .read(...), or bytes"
        )
    if isinstance(value, dict):
        expected = make(**value)
    else:
        expected = make(value)
    assert isinstance(expected, Expected)
    return expected
