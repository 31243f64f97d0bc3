# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reports of the kernel about bugs, in parts, for programs that judge them.

::

    for report in machine.guest.reports():
        print(report.kind, report.module, report.function, report.line)
"""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Machine


@dataclass(frozen=True)
class Report:
    """A report of the kernel: a WARN, an oops, what KASAN or lockdep say. All
    is as the kernel wrote it."""

    time: int
    """Virtual time of its first line, in nanoseconds."""
    kind: str
    """"WARNING", "BUG", "oops" (a fault, a division by zero), "panic",
    "KASAN", "KFENCE", "UBSAN", "slab", "refcount", "list", "ODEBUG",
    "lockdep", "RCU", "atomic" (it sleeps where it must not), "hang",
    "interrupt" (nobody cared), "memory", "sysfs" or "leak"."""
    text: str
    """All its lines."""
    stack: list[str]
    """Frames that are certain, the innermost first, such as
    "lm75_read+0x1a/0x60 [lm75]"."""
    file: str
    """Source file that its first line names, else ""."""
    line: int
    """In that file; 0: not known."""
    function: str
    """Which its first line names; else where the processor stood; else the
    first of the stack that does not belong to the reporting; or ""."""
    module: str
    """Of that function, or of the first one of the stack that is in a module;
    "" if none is."""
    expected: bool
    """Has the test asked for it (``expect_log``)?"""

    @property
    def headline(self) -> str:
        """The line of the text that says what it is about: what a short list
        of reports shows."""
        lines = self.text.splitlines()
        frames = ("---", "===")
        return next((line for line in lines if not line.startswith(frames)), "")


def reports(machine: Machine, mark: int | None) -> list[Report]:
    """Those behind a position of the log; None: of the test that runs, or ran
    last."""
    found: list[Report] = []
    at = machine.log_test_mark() if mark is None else mark
    while (next := machine.report_next(at)) is not None:
        at, (time, kind, text, stack, file, line, function, module, wanted) = next
        frames = stack.splitlines()
        found.append(
            Report(time, kind, text, frames, file, line, function, module, wanted)
        )
    return found
