# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which functions of a class of models are hooks of its registers.

A hook is noted in the namespace of the class body that declares it, and not by
its name: two of one name, or those that a loop makes, are hooks all the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from .models import Register

    Note = tuple[str, Register, Callable[..., Any]]

_NOTES = "_roadtest_hooks"


_SUSPENDS = 0x20 | 0x80 | 0x200
"""In the flags of code: a generator, a coroutine, an async generator."""


def refuse_suspended(fn: object, what: str) -> None:
    """TypeError for a function that a call does not run: it is async, or has a
    yield. ``what`` it was to be is for the message."""
    inner = getattr(fn, "__func__", fn)
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    code = getattr(inner, "__code__", None)
    flags = code.co_flags & _SUSPENDS if code is not None else 0
    if flags:
        why = "a yield makes it a generator" if flags == 0x20 else "it is async"
        raise TypeError(
            f"{getattr(fn, '__qualname__', fn)} is {what} and would never run: {why}"
        )


def refuse_suspended_hooks(cls: type, names: set[str]) -> None:
    """The same for methods of a class of models that this package calls: those
    with these names, and those that its own classes have too."""
    for base in cls.__mro__[1:]:
        if base.__module__.partition(".")[0] == "roadtest":
            names = names | set(vars(base))
    for name, value in vars(cls).items():
        if name in names:
            refuse_suspended(value, "a hook of its model")


def note_hook(
    frame: FrameType, kind: str, register: Register, fn: Callable[..., Any]
) -> None:
    """The code in ``frame`` declares ``fn`` as a hook; TypeError where no
    class would learn of it."""
    if not callable(fn):
        raise TypeError(f"{register.name}.{kind} is for a function, not {fn!r}")
    refuse_suspended(fn, f"{register.name}.{kind}")
    body: FrameType | None = frame
    while body is not None and "__qualname__" not in body.f_locals:
        body = body.f_back
    if body is None:
        name = getattr(fn, "__name__", repr(fn))
        raise TypeError(
            f"{name}() can't become a hook of {register.name} here, where no "
            f"class is made: write @{register.name}.{kind} in the body of the "
            "model's class, or of one that is derived from it"
        )
    body.f_locals.setdefault(_NOTES, []).append((kind, register, fn))


def _bound(cls: type, name: str, fn: object) -> bool:
    """Is ``fn``, or what a decorator made of it, what the class has under this
    name?"""
    value = vars(cls).get(name)
    while value is not None and value is not fn:
        value = getattr(value, "__wrapped__", None)
    return value is not None


def _override(cls: type, base: type, name: str) -> bool:
    """Has a class between the two something of its own of this name?"""
    between = cls.__mro__[: cls.__mro__.index(base)]
    return any(name in vars(derived) for derived in between)


def _check_mine(cls: type, notes: list[Note], names: set[str]) -> None:
    for kind, register, fn in notes:
        if register.name in names and issubclass(cls, register.owner):
            continue
        of = "" if register.owner is object else f"{register.owner.__name__}."
        raise TypeError(
            f"{cls.__name__}: {getattr(fn, '__name__', fn)}() is {kind} of "
            f"{of}{register.name}, which is no register of {cls.__name__}: it "
            "would never run"
        )


def find_hooks(
    cls: type, registers: list[Register]
) -> dict[tuple[str, str], list[object]]:
    """The functions to call, by kind of hook and name of register: those of
    base classes first, unless a method of the same name overrides them."""
    hooks: dict[tuple[str, str], list[object]] = {}
    seen: set[tuple[str, str, str]] = set()
    own = vars(cls).get(_NOTES, [])
    _check_mine(cls, own, {r.name for r in registers})
    for base in reversed(cls.__mro__):
        notes = vars(base).get(_NOTES, [])
        for kind, register, fn in notes:
            name = getattr(fn, "__name__", "")
            key = kind, register.name
            found = hooks.setdefault(key, [])
            if _bound(base, name, fn):
                if (*key, name) not in seen:
                    found.append(getattr(cls, name))
                seen.add((*key, name))
            elif _override(cls, base, name):
                raise TypeError(
                    f"{cls.__name__}.{name} would override one of several "
                    f"hooks of {base.__name__} that are called {name}: give "
                    "it another name, or give those names of their own"
                )
            else:
                found.append(fn)
    return hooks
