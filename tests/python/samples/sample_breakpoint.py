# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test that stops in the debugger, for the runner's own tests."""

import unittest


class Stops(unittest.TestCase):
    def test_it(self) -> None:
        value = 42
        breakpoint()
        self.assertEqual(value, 43)
