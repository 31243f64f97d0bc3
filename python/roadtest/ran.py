# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that only seems to run.

A call of an async function or of a generator gives an object and runs nothing of
it. To unittest that is a test that passed, or a fixture that worked; here it is
an error that has the function's name.
"""

from __future__ import annotations

import contextlib
import functools
import unittest

from .errors import UsageError
from .raised import Watch, left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

    from .machine import Machine

# Hides these frames from unittest's tracebacks.
__unittest = True

NO_ASYNC = (
    "{}: async tests are not supported: the guest runs inside plain calls; use "
    "guest.start for calls that go on while the test acts"
)


def ran(name: str, returned: object) -> None:
    """Refuse what has not run yet: a coroutine or a generator, also below a
    decorator."""
    if hasattr(returned, "throw"):
        returned.close()  # type: ignore[attr-defined]
    elif not hasattr(returned, "athrow"):
        return
    if hasattr(returned, "gi_code"):
        error = UsageError(f"{name} did not run: a yield makes it a generator")
    else:
        error = UsageError(NO_ASYNC.format(name))
    if Watch.current is not None:  # expectedFailure is no way out
        Watch.current.add(error, "what has not run can't be expected to fail")
    raise error


def failed_behind(
    error: BaseException, end: BaseException | None = None
) -> Iterator[AssertionError]:
    """Failed assertions over which ``error`` was raised, and itself if it is
    one. ``raise ... from`` says that what is behind it was dealt with, and so
    was ``end``."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and at is not end and id(at) not in seen:
        seen.add(id(at))
        if isinstance(at, AssertionError):
            yield at
        at = None if at.__suppress_context__ else at.__context__


def out_of(error: BaseException) -> BaseException:
    """What goes out of a part of a test. A skip that was raised over a failed
    assertion (`finally: self.skipTest()`) does not hide it."""
    if not isinstance(error, unittest.SkipTest):
        return error
    return next(failed_behind(error), error)


@contextlib.contextmanager
def watched(
    name: str,
    machine: Callable[[], Machine | None] = lambda: None,
    machines: bool = False,
) -> Iterator[None]:
    """A context manager around a fixture that is no test's: what it passes over
    is raised at its end, also in place of a skip. See :class:`Watch`;
    ``machine`` gives the one of the class."""
    with Watch(name, machines):
        try:
            yield
        except unittest.SkipTest as skip:
            for error in left([], machine()):
                raise error  # noqa: B904
            raise out_of(skip)  # noqa: B904
        for error in left([], machine()):
            raise error


def checked(name: str, fn: Callable[..., object]) -> Callable[..., None]:
    """The same function, which must have run when it returns."""

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            returned = fn(*args, **kwargs)
        except unittest.SkipTest as skip:
            raise out_of(skip)  # noqa: B904
        ran(name, returned)

    return run


def alone(name: str, fn: Callable[..., object]) -> Callable[..., None]:
    """The same function, which runs outside of tests: see :func:`watched`."""

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> None:
        with watched(name):
            fn(*args, **kwargs)

    return run


def cleanup(fn: Callable[..., object]) -> Callable[..., None]:
    """The same for a function that is called by itself at the end."""
    return checked(f"the cleanup {getattr(fn, '__name__', fn)}", fn)


# ---- classes of unittest that know nothing of this package


def is_async(cls: type) -> bool:
    """Is it a class whose async tests do run? (To import it costs 20 ms.)"""
    return any(c.__name__ == "IsolatedAsyncioTestCase" for c in cls.__mro__)


def guards_itself(test: unittest.TestCase) -> bool:
    """Is it one of a roadtest.TestCase, which does what follows by itself?"""
    return hasattr(test, "_road_part")


def guard(test: unittest.TestCase) -> None:
    """Check the parts of a test that is about to run."""
    case: Any = test
    names = ["setUp", "tearDown"]
    if is_async(type(test)):
        call = case._callMaybeAsync

        def maybe_async(fn: Callable[..., object], *args: Any, **kw: Any) -> Any:
            returned = call(fn, *args, **kw)
            ran(getattr(fn, "__name__", str(fn)), returned)
            return returned

        case._callMaybeAsync = maybe_async
    else:
        names.append(case._testMethodName)
        case._callCleanup = lambda fn, *args, **kw: cleanup(fn)(*args, **kw)
    for name in names:
        setattr(case, name, checked(name, getattr(case, name)))


def guard_class(cls: type[unittest.TestCase]) -> None:
    """Check the fixtures of a class, and of those that it is made of."""
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in ("unittest", "roadtest"):
            continue
        for name in ("setUpClass", "tearDownClass"):
            inner = base.__dict__.get(name)
            if isinstance(inner, classmethod) and not hasattr(inner, "_road"):
                setattr(base, name, _checked_method(name, inner))


def _checked_method(name: str, inner: Any) -> Any:
    def run(cls: type) -> None:
        with watched(f"{cls.__module__}.{cls.__qualname__}.{name}"):
            ran(f"{cls.__name__}.{name}", inner.__get__(None, cls)())

    method: Any = classmethod(run)
    method._road = True
    return method


def guard_module(module: ModuleType) -> None:
    """Check the fixtures of a file."""
    for name in ("setUpModule", "tearDownModule"):
        fn = getattr(module, name, None)
        if callable(fn):
            full = f"{module.__name__}.{name}"
            setattr(module, name, alone(full, checked(full, fn)))


def guard_cleanups() -> None:
    """Check all cleanups of classes and files. Before files are imported."""
    add_class = unittest.TestCase.__dict__["addClassCleanup"].__func__
    add_module = unittest.addModuleCleanup
    case: Any = unittest.TestCase

    def class_cleanup(
        cls: type, fn: Callable[..., object], /, *args: Any, **kw: Any
    ) -> None:
        name = f"{cls.__module__}.{cls.__qualname__}.addClassCleanup"
        add_class(cls, alone(name, cleanup(fn)), *args, **kw)

    def module_cleanup(
        fn: Callable[..., object], /, *args: Any, **kw: Any
    ) -> None:
        add_module(alone("addModuleCleanup", cleanup(fn)), *args, **kw)

    case.addClassCleanup = classmethod(class_cleanup)
    unittest.addModuleCleanup = module_cleanup
