# SPDX-License-Identifier: LGPL-2.1-or-later
"""setUpClass and tearDownClass of a test class, with a machine.

A subclass overrides them and calls no super(): they are wrapped when the class
is made.
"""

from __future__ import annotations

import unittest

from .errors import MachineGone
from .kernel import lacks
from .machine import Machine, current
from .ran import failed_behind, ran, watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .session import Session
    from .testcase import TestCase

# Hides these frames from unittest's tracebacks.
__unittest = True


def wrap_setup(cls: type[TestCase]) -> None:
    """Give plain functions a machine in setUpClass, and remember whether it
    was used: a replaced guest needs the same again. The oracles are asked
    after it."""
    inner = cls.__dict__["setUpClass"]

    def setUpClass(self: type[TestCase]) -> None:
        missing = lacks(self, None, self.machine_options.get("kernel"))
        if missing:
            raise unittest.SkipTest(missing)
        # Made here, so that the class's own cleanups still find a guest.
        session = self._road_session()
        current.set(session.fixture("setUpClass"))
        with passed_over(f"{self.__name__}.setUpClass", session):
            try:
                ran(f"{self.__name__}.setUpClass", inner.__get__(None, self)())
            except unittest.SkipTest:
                session.end_fixture()
                raise
            if session.machine is not None:
                session.setup_used_it = True
                session.keep_undo()
            session.end_fixture()

    setattr(cls, "setUpClass", classmethod(setUpClass))


def wrap_teardown(cls: type[TestCase]) -> None:
    """Give plain functions the class's machine in tearDownClass, and ask the
    oracles after it. Where the guest is gone (it was replaced after the last
    test, or there was none), nothing is left to undo: a call to it raises
    MachineGone, which then is no failure."""
    inner = cls.__dict__["tearDownClass"]

    def tearDownClass(self: type[TestCase]) -> None:
        session: Session | None = self.__dict__.get("_road_session_")
        machine = session.machine if session is not None else None
        name = f"{self.__name__}.tearDownClass"
        if machine is None or not machine.is_up:
            current.set(_no_guest_left)
            with watched(name):
                try:
                    ran(name, inner.__get__(None, self)())
                except _NoGuestLeft as gone:
                    for failed in failed_behind(gone):
                        raise failed  # noqa: B904
            current.set(session.fixture("cleanups") if session else None)
            return
        left: Machine = machine
        current.set(lambda: left)
        machine.test_begin(name)
        try:
            with passed_over(name, session):
                try:
                    ran(name, inner.__get__(None, self)())
                finally:
                    machine.end_of_test()
        finally:
            if session is not None:
                current.set(session.fixture("cleanups"))

    setattr(cls, "tearDownClass", classmethod(tearDownClass))


def passed_over(
    name: str, session: Session | None
) -> AbstractContextManager[None]:
    """A context manager around a part of a class that is no test: see
    :func:`watched`; errors of the guest and of models count too."""
    return watched(
        name, lambda: session.machine if session is not None else None, True
    )


class _NoGuestLeft(MachineGone):
    """The class has no guest any more."""


def _no_guest_left() -> Machine:
    raise _NoGuestLeft("the guest of this class has ended")
