# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel that tests run on, before it is booted: what it is, and what a
test needs of it."""

from __future__ import annotations

import os
import re
import unittest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_ATTRIBUTE = "_road_requires_kernel"


def requires_kernel(
    release: str, reason: str
) -> Callable[[Decorated], Decorated]:
    """Decorator: skip a test method, or all tests of a class and of its
    subclasses, on a kernel older than ``release`` ("6.6").

    ``reason`` says what that kernel or its driver lacks, and stands in the
    result: "needs Linux 6.6: vcnl4000 has no events of light". Nothing is
    booted for a test that is skipped. Raises ValueError for a release that is
    none.
    """
    if not numbers(release):
        raise ValueError(f"a release is like '6.6', not {release!r}")

    def decorate(decorated: Decorated) -> Decorated:
        own = vars(decorated).get(_ATTRIBUTE, ())
        setattr(decorated, _ATTRIBUTE, (*own, (release, reason)))
        return decorated

    return decorate


def numbers(release: str) -> tuple[int, ...]:
    """ "6.12.117+deb" as (6, 12, 117); () if it does not begin with one."""
    found = re.match(r"\d+(\.\d+)*", release)
    return tuple(int(n) for n in found.group().split(".")) if found else ()


def release_of(directory: str | None = None) -> str | None:
    """Release of the kernel in a directory that ``roadtest kernel`` made;
    None: the environment's, else the newest. None if there is no kernel."""
    return _info("release", directory or os.environ.get("ROADTEST_KERNEL"))


def flavour_of(directory: str) -> str | None:
    """Flavour of the kernel in a directory: "fast", "check", "coverage"."""
    return _info("flavour", directory)


def _info(key: str, directory: str | None) -> str | None:
    if not directory:
        # As lib/kernel.c does.
        cache = os.environ.get("ROADTEST_CACHE") or os.path.join(
            os.environ.get("XDG_CACHE_HOME")
            or os.path.expanduser("~/.cache"),
            "roadtest",
        )
        directory = os.path.join(cache, "kernels/default")
    try:
        with open(os.path.join(directory, "info"), encoding="utf-8") as f:
            for line in f:
                if line.startswith(f"{key}="):
                    return line.partition("=")[2].strip()
    except OSError:
        pass
    return None


def lacks(
    cls: type[unittest.TestCase], method: object, kernel: str | None = None
) -> str | None:
    """Why a test can't run on a kernel (a directory, as above); None if it
    can. ``method`` may be None: what all tests of the class need."""
    needs = list(getattr(method, _ATTRIBUTE, ()))
    for base in cls.__mro__:
        needs += vars(base).get(_ATTRIBUTE, ())
    release = release_of(kernel) if needs else None
    for needed, reason in needs:
        if release and numbers(release) < numbers(needed):
            return f"needs Linux {needed}: {reason}"
    return None
