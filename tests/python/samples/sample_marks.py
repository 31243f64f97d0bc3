# SPDX-License-Identifier: LGPL-2.1-or-later
"""Marked tests, for the runner's own tests."""

import unittest

from roadtest import mark


class Plain(unittest.TestCase):
    def test_a(self) -> None:
        pass

    @mark("quick", "small")
    def test_b(self) -> None:
        pass


@mark("quick")
class Marked(unittest.TestCase):
    def test_c(self) -> None:
        pass


@mark("slow")
class Inherits(Marked):
    @mark("small")
    def test_d(self) -> None:
        pass
