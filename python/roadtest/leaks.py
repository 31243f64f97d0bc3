# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory that drivers have lost.

A scan for it costs more than most tests, so there is one at the end of each
machine. What that finds is pinned to a test as what comes long after one is.
"""

from __future__ import annotations

from . import raised
from .errors import OracleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Machine

# Hides these frames from unittest's tracebacks.
__unittest = True

FILE = "/sys/kernel/debug/kmemleak"
"""Of a kernel that can tell."""

LOST = "the guest has lost memory"
"""Stands in the errors about that, and in no other."""


def lost(machine: Machine) -> OracleError | None:
    """What drivers have lost on this machine, if it can tell."""
    try:
        machine.leaks()
    except OracleError as error:
        raised.close(error)  # who asked tells it
        return error
    return None


def is_lost(error: BaseException) -> bool:
    """Is it about that?"""
    return LOST in str(error)
