# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of attributes that a model does not have."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType


def check_new(model: object, name: str, frame: FrameType) -> None:
    """May the code in ``frame`` give the model this attribute, which it does
    not have? AttributeError if not.

    The model's own methods may: that is how ``__init__`` works, and a hook
    that remembers something. Anybody else means one that is there.
    """
    if frame.f_locals.get("self") is model:
        return
    cls = type(model)
    if any(name in vars(base).get("__annotations__", ()) for base in cls.__mro__):
        return
    known = [n for n in (*vars(model), *dir(cls)) if not n.startswith("_")]
    raise AttributeError(
        f"{cls.__name__} has no attribute {name}{nearest(name, known)}: a test "
        "sets what the model has; declare it in the class, or in __init__"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """", did you mean x?", or "" if none is similar."""
    import difflib

    found = difflib.get_close_matches(name, sorted(set(known)), 1)
    return f"; did you mean {found[0]}?" if found else ""
