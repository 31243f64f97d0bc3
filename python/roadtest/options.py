# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a class of models says of its chips, and what a chip may change."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OF_CLASS = ("value_bytes", "addr_bytes", "addr_mask", "increment_mask")
_OF_CHIP = ("auto_increment", "byteorder")
PAGES = range(255)
# Looked for in the class when a chip is made, and not later.
_RAW_HOOKS = ("start", "write", "read", "stop")


def options_of(cls: type) -> tuple[object, ...]:
    """What the layout of a class of register maps is made from."""
    values = [getattr(cls, name) for name in (*_OF_CLASS, *_OF_CHIP)]
    return (*values, hasattr(cls, "command"))


def differ(cls: Any) -> bool:
    """Has an option changed since the layout was made?"""
    return bool(cls._options) and options_of(cls) != cls._options


def check_option(chip: Any, name: str, value: object) -> None:
    """The chip is given an attribute; AttributeError for one that would have
    no effect."""
    cls = type(chip)
    is_map = hasattr(cls, "_layout")
    hooks = ("command",) if is_map else _RAW_HOOKS
    if name in hooks and callable(value) and not hasattr(cls, name):
        raise AttributeError(
            f"{cls.__name__} has no {name}(), and to set it of a chip is too "
            "late: define the method in the class"
        )
    if not is_map:
        return
    if name in _OF_CLASS or name == "registers":
        raise AttributeError(
            f"{name} is an option of the class {cls.__name__}, and of one chip "
            "has no effect: set it in the class"
        )
    if name == "auto_increment":
        chip._set_auto_increment(bool(value))
    elif name == "byteorder":
        if value not in ("big", "little"):
            raise ValueError(f'byteorder is "big" or "little": {value!r}')
        chip._set_little_endian(value == "little")
    elif name == "page":
        if not isinstance(value, int) or value not in PAGES:
            raise ValueError(f"page is a number, 0 to 254, not {value!r}")
        chip._set_page(value)
