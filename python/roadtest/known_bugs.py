# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bugs that a test knows of, and accepts until they are mended."""

from __future__ import annotations

import re
import sys
import unittest

from . import raised
from .kernel import flavour_of, numbers
from .machine import Machine, current_machine
from .ran import failed_behind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, TypeVar

    from .testcase import TestCase

    Function = TypeVar("Function", bound=Callable[..., Any])

# Hides these frames from unittest's tracebacks.
__unittest = True

HIDES = (
    "known_bug() does not take this: it was raised over another failure, {}. "
    "`raise ... from` says that the other one was dealt with"
)


def _running_test() -> TestCase | None:
    from .testcase import TestCase

    return TestCase._road_running


class KnownBug:
    """See :func:`known_bug`."""

    def __init__(
        self,
        regex: str,
        reason: str,
        until: str | None,
        since: str | None,
        flavour: str | None,
    ) -> None:
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"known_bug: {regex!r}: {error}") from None
        for release in until, since:
            if release is not None and not numbers(release):
                raise ValueError(
                    f"known_bug: a release is like '6.14', not {release!r}"
                )
        self.regex = regex
        self.reason = reason
        self.until = until
        self.since = since
        self.flavour = flavour
        self._mark = 0
        self._around: BaseException | None = None
        self._active = False

    def applies(self, machine: Machine) -> bool:
        """Has this kernel the bug, and shows it?"""
        if self.flavour not in (None, flavour_of(machine.kernel or "")):
            return False
        release = numbers(machine.release or "")
        if self.since is not None and release < numbers(self.since):
            return False
        return self.until is None or release < numbers(self.until)

    def matches(self, error: BaseException) -> bool:
        """Is this the failure that is named? A group is if all in it are."""
        if not isinstance(error, Exception) or isinstance(
            error, unittest.SkipTest
        ):
            return False
        members = getattr(error, "exceptions", ())
        if members and isinstance(members, tuple):
            return all(self.matches(member) for member in members)
        text = f"{type(error).__name__}: {error}"
        return re.search(self.regex, text) is not None

    def takes(self, error: BaseException) -> bool:
        """The same, and if it is, the oracles accept it. Not if it was raised
        over a failed assertion that is another."""
        if not self.matches(error):
            return False
        for failed in self._failed(error):
            if not self.matches(failed):
                error.__dict__.setdefault("__notes__", []).append(
                    HIDES.format(type(failed).__name__)
                )
                return False
        raised.close(error, self.matches)
        return True

    def _failed(self, error: BaseException) -> Iterator[AssertionError]:
        yield from failed_behind(error, self._around)
        members = getattr(error, "exceptions", ())
        for member in members if isinstance(members, tuple) else ():
            yield from self._failed(member)

    def accept_report(self, machine: Machine, mark: int, block: bool) -> bool:
        """Is the report that is named in the log? Then the oracles accept
        it; of a block none that comes behind it."""
        for line in machine.log_since(mark).splitlines():
            found = re.search(self.regex, line)
            if found is not None:
                # expect_log() takes POSIX expressions: give it plain text
                text = re.sub(r"([][.{}()*+?^$|\\])", r"\\\1", found.group())
                if block:
                    machine.expect_logged(text, mark)
                else:
                    machine.expect_log(text)
                return True
        return False

    def gone(self) -> AssertionError:
        """The failure that says that the bug did not show."""
        return AssertionError(
            f"fixed? The known bug /{self.regex}/ did not show ({self.reason}). "
            "If the kernel under test has the fix, remove known_bug or give "
            "until=RELEASE"
        )

    def __call__(self, fn: Function) -> Function:
        def wrapper(test: TestCase, *args: Any, **kwargs: Any) -> object:
            return test._road_run_known(self, lambda: fn(test, *args, **kwargs))

        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(wrapper, name, getattr(fn, name))
        wrapper.__dict__.update(fn.__dict__)
        wrapper.__wrapped__ = fn  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    def __enter__(self) -> KnownBug:
        machine = current_machine()
        self._active = self.applies(machine)
        self._mark = machine.log_mark()
        self._around = sys.exc_info()[1]
        test = _running_test()
        if self._active and test is not None:
            test._road_known.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not self._active:
            return False
        test = _running_test()
        shown = test is not None and test._road_known_end(self)
        known = error is not None and self.takes(error)
        self._around = None
        if error is not None:
            if known and test is not None:
                test.known_bugs.append(self.reason)
            return known
        if shown:
            return False
        machine = current_machine()
        machine.clock.settle()
        if not self.accept_report(machine, self._mark, block=True):
            raise self.gone()
        if test is not None:
            test.known_bugs.append(self.reason)
        return False


def known_bug(
    regex: str,
    reason: str,
    until: str | None = None,
    since: str | None = None,
    flavour: str | None = None,
) -> KnownBug:
    """Accept exactly one named failure or kernel report.

    Decorates a test or stands around a block (``with known_bug(...)``).
    ``regex`` (Python's) is searched in "TypeName: message" of the exception,
    else in the lines of the kernel log. Anything else still fails, also a
    failed assertion over which the named one was raised, and when
    it does not show, that is a failure that asks "fixed?". With subtests it
    has to show in one of them at least, and the others go on. ``reason`` says
    what the bug is and where it is reported. ``until``: the first kernel
    release that has the fix ("6.14"); from there on this does nothing.
    ``since``: the first release that has the bug; before it this does nothing.
    ``flavour``: "check" for a bug that shows on no other kernel, since it takes
    KASAN or lockdep to see it. ValueError for what is no expression or no
    release.
    """
    return KnownBug(regex, reason, until, since, flavour)
