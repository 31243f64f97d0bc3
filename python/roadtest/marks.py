# SPDX-License-Identifier: LGPL-2.1-or-later
"""Marks: names by which tests can be selected.

``python3 -m roadtest --mark NAME``, ``roadtest run --mark NAME`` and
``pytest -m NAME`` run those that have one.
"""

from __future__ import annotations

import sys
import unittest
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Marked = TypeVar("Marked", bound=Callable[..., Any])

_ATTRIBUTE = "_road_marks"


def mark(*names: str) -> Callable[[Marked], Marked]:
    """Decorator that marks a test method, or all tests of a class and of its
    subclasses.

    Names are identifiers ("rfc", "slow"), and stand in the text as they are:
    ``roadtest run`` does not start files in which one does not occur, nor in
    what they import from beside them. Under pytest they are pytest's marks
    too. Raises ValueError for another name or none.
    """
    if not names:
        raise ValueError("mark() needs a name")
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"a mark is an identifier, not {name!r}")

    def decorate(marked: Marked) -> Marked:
        own = vars(marked).get(_ATTRIBUTE, frozenset())
        setattr(marked, _ATTRIBUTE, own | set(names))
        if "pytest" in sys.modules:
            _mark_for_pytest(marked, names)
        return marked

    return decorate


def _mark_for_pytest(marked: Callable[..., Any], names: tuple[str, ...]) -> None:
    marks = sys.modules["pytest"].mark
    for name in names:
        with warnings.catch_warnings():
            # that pytest's configuration does not list it
            warnings.simplefilter("ignore")
            decorator = getattr(marks, name)
        decorator(marked)


def marks_of(test: unittest.TestCase) -> set[str]:
    """The marks of a test: its method's, its class's and its bases'."""
    method = getattr(test, test._testMethodName, None)
    found: set[str] = set(getattr(method, _ATTRIBUTE, ()))
    for cls in type(test).__mro__:
        found |= vars(cls).get(_ATTRIBUTE, frozenset())
    return found
