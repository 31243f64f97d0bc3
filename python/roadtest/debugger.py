# SPDX-License-Identifier: LGPL-2.1-or-later
"""``breakpoint()`` under the runner, which keeps standard output for itself."""

from __future__ import annotations

import os
import sys
import unittest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types


def install() -> None:
    """Make ``breakpoint()`` work in a terminal, and say elsewhere what to do:
    ``roadtest run`` has no terminal for its tests. PYTHONBREAKPOINT keeps its
    say."""
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = stop


def stop() -> None:
    """Stop in the debugger, on standard input and standard error. UsageError
    with the command to use instead when there is no terminal."""
    frame = sys._getframe(1)
    if not sys.stdin.isatty():
        from .errors import UsageError

        raise UsageError(_remedy(frame))
    import pdb

    pdb.Pdb(stdout=sys.stderr).set_trace(frame)


def _remedy(frame: types.FrameType | None) -> str:
    text = "breakpoint() has no terminal here. Run the test by itself:"
    test = _running(frame)
    if test is None:
        return text + " python3 -m unittest"
    module = sys.modules[type(test).__module__]
    file = os.path.abspath(module.__file__ or "")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    kernel = os.environ.get("ROADTEST_KERNEL")
    words = [
        *([f"ROADTEST_KERNEL={kernel}"] if kernel else []),
        f"PYTHONPATH={package}:{os.path.dirname(file)}",
        sys.executable,
        "-m unittest",
        f"{os.path.splitext(os.path.basename(file))[0]}."
        f"{type(test).__qualname__}.{test._testMethodName}",
    ]
    return text + "\n" + " ".join(words)


def _running(frame: types.FrameType | None) -> unittest.TestCase | None:
    """The test that this frame runs in."""
    while frame is not None:
        test = frame.f_locals.get("self")
        if isinstance(test, unittest.TestCase):
            return test
        frame = frame.f_back
    return None
