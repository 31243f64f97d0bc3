# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test that does not end, for the watchdog's own test."""

import sys
import unittest


class Loop(unittest.TestCase):
    def test_loops(self) -> None:
        while True:
            pass

    def test_is_traced(self) -> None:
        """Spins for longer than the limit with a trace function set, as a
        debugger has it."""
        import time

        sys.settrace(lambda *args: None)
        try:
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                pass
        finally:
            sys.settrace(None)
