# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two tests that pass, for the runner's own tests."""

import unittest


class Two(unittest.TestCase):
    def test_a(self) -> None:
        pass

    def test_b(self) -> None:
        pass
