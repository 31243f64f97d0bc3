# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which test of a class was it?

What a driver left behind may show when other tests have run since, or the class
is over. Then the tests are run again, the last one first, each on a machine of
its own that goes on for a minute behind it.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
import unittest

from .leaks import is_lost
from .machine import current
from .session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from .errors import OracleError
    from .testcase import TestCase

# Hides these frames from unittest's tracebacks.
__unittest = True

WALL_S = 20.0
"""No test is run again after that."""

AFTER = "in the time that passes"
"""Stands in the errors of what came behind a test, and in no other."""


def is_late(error: BaseException) -> bool:
    """Did it come in the time behind a test?"""
    return AFTER in str(error)


class Alone(Session):
    """For one test, which is run again: does it show that?"""

    def __init__(
        self, cls: type[TestCase], shows: Callable[[BaseException], bool]
    ) -> None:
        super().__init__(cls)
        self.shows = shows
        self.shown: BaseException | None = None

    @property
    def isolate(self) -> bool:
        """Yes."""
        return True

    def ended(self, test: TestCase, errors: list[BaseException]) -> None:
        """It is over."""
        for error in filter(self.shows, errors):
            self.shown = self.shown or error


class Again:
    """Tests of a class that are run again until one shows what is looked for.

    ``session``: the class's, without a machine; ``names``: of the tests'
    methods, in the order in which they ran. ``found`` is the id of the one,
    ``error`` what it shows, ``tried`` how many it took.
    """

    def __init__(
        self,
        session: Session,
        names: Sequence[str],
        shows: Callable[[BaseException], bool] = is_late,
    ) -> None:
        self.found = ""
        self.error: BaseException | None = None
        self.tried = 0
        end = time.monotonic() + WALL_S
        for name in reversed(names):
            if time.monotonic() >= end:
                break
            self.tried += 1
            test = session.cls(name)
            with _alone(session, shows) as alone:
                test.run(unittest.TestResult())
            if alone.shown is not None:
                self.found = test.id()
                self.error = alone.shown
                break

    def none(self) -> str:
        """... of them does."""
        return (
            f"Of the last {self.tried} tests that ran on this machine none shows "
            "it alone: it takes more than one of them, or a fixture of the class."
        )


@contextlib.contextmanager
def _alone(
    outer: Session, shows: Callable[[BaseException], bool]
) -> Iterator[Alone]:
    """A session for one test. Nothing of it goes into results and reports."""
    cls: Any = outer.cls
    session, kept = Alone(cls, shows), cls.__dict__.get("_road_session_")
    session.setup_used_it = outer.setup_used_it
    cleanups, cls._class_cleanups = cls._class_cleanups, []
    failed = getattr(cls, "tearDown_exceptions", [])
    before = current.get()
    reports = {
        name: os.environ.pop(name)
        for name in ("ROADTEST_JOURNAL", "ROADTEST_TRACE")
        if name in os.environ
    }
    cls._road_session_ = session
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield session
            cls.doClassCleanups()  # of a setUpClass that ran again
    finally:
        session.close()
        os.environ.update(reports)
        cls._road_session_ = kept
        cls._class_cleanups = cleanups
        cls.tearDown_exceptions = failed
        current.set(before)


def note_test(session: Session, test: TestCase, error: BaseException) -> None:
    """Something came up behind a test: say so if it is of one that ran on the
    same machine before. The machine has been closed."""
    *before, name = session.ran or [""]
    if not before or Again(session, [name]).found:
        return
    again = Again(session, before)
    if again.found:
        text = f"{again.found}, which ran before, shows it alone: it is of that."
    else:
        text = again.none()
    _note(error, f"{test.id()} does not show this when it runs alone. {text}")


def note_class(session: Session, error: BaseException) -> None:
    """Something came up when the class was over: say which test it is of. The
    machine has been closed."""
    if not session.ran:
        return
    again = Again(session, session.ran)
    if again.found:
        text = f"{again.found} shows this when it runs alone: it is of that."
    else:
        text = again.none()
    _note(error, text)


def lost_in(
    session: Session, error: OracleError, names: Sequence[str]
) -> BaseException:
    """Memory was lost on a machine on which these tests ran: an error that says
    in which. The machine has been closed."""
    again = Again(session, names, is_lost)
    if again.error is None:
        _note(error, again.none())
        return error
    # Behind one test the module is still there, and its functions have names.
    _note(again.error, f"{again.found} loses this when it runs alone.")
    return again.error.with_traceback(None)


def _note(error: BaseException, text: str) -> None:
    error.__dict__.setdefault("__notes__", []).append(text)
