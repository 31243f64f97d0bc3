# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the registers that a class of models declares to the extension's table
of them."""

from __future__ import annotations

from . import _roadtest
from .hooks import find_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .models import Register, RegisterModel

_MASKS = ("writable", "w1c", "rc", "reserved")
ACCESS = {"rw": _roadtest.RW, "ro": _roadtest.RO, "wo": _roadtest.WO}


def find_registers(cls: type) -> list[Register]:
    """Those of the class, base classes first."""
    from .models import Register

    found: dict[str, Register] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Register):
                found[name] = value
            else:
                found.pop(name, None)
    return list(found.values())


def refuse_nameless(cls: type) -> None:
    """A register in a list has no name in the class, and would be left out."""
    from .models import Register

    for name, value in vars(cls).items():
        if isinstance(value, dict):
            value = list(value.values())
        if not isinstance(value, (list, tuple)):
            continue
        for item in value:
            if isinstance(item, Register) and item.owner is object:
                raise TypeError(
                    f"{cls.__name__}.{name} has a register at {item.addr:#04x} "
                    "without a name of its own: write NAME = Register(...)"
                )


def check(cls: type[RegisterModel], register: Register) -> None:
    """Does all that is declared of a register fit into it? ValueError."""
    where = f"{cls.__name__}.{register.name}"
    width = register.bytes_of(cls)
    if not 1 <= width <= 4:
        raise ValueError(f"{where} has 1 to 4 bytes, not {width}")
    reset, masks = register.reset, zip(_MASKS, register.masks)
    for name, value in ("reset", reset), *masks:
        if not 0 <= value < 1 << 8 * width:
            raise ValueError(
                f"{where} has {8 * width} bits: {name}={value:#x} does not fit"
            )
    for name, (msb, _) in register.fields.items():
        if msb >= 8 * width:
            raise ValueError(
                f"{where} has {8 * width} bits: field {name} ends at bit {msb}"
            )
    if not issubclass(cls, register.owner):
        raise TypeError(
            f"{register.owner.__name__}.{register.name} is no register of "
            f"{cls.__name__}: declare it anew, or derive the class from "
            f"{register.owner.__name__}"
        )


def table(cls: type, registers: list[Register]) -> tuple[object, ...]:
    """The rows that the extension turns into struct road_reg_desc."""
    hooks = find_hooks(cls, registers)

    def functions(kind: str, register: Register) -> tuple[object, ...]:
        return tuple(hooks.get((kind, register.name), ()))

    return tuple(
        (
            r.addr,
            r.name,
            r.reset,
            ACCESS[r.access],
            r.width,
            *r.masks,
            tuple((n, msb, lsb) for n, (msb, lsb) in r.fields.items()),
            r,
            functions("before_read", r),
            functions("on_write", r),
            functions("on_read", r),
        )
        for r in registers
    )
