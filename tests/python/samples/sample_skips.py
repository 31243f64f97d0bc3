# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that boot nothing, for the frameworks' own tests."""

import unittest

from roadtest import Device, TestCase


class NeedsNoGuest(TestCase):
    def test_a(self) -> None:
        self.assertTrue(True)

    def test_b(self) -> None:
        for n in range(2):
            with self.subTest(n=n):
                self.assertEqual(n, n)


class SkippedClass(TestCase):
    device = Device("a,b")

    @classmethod
    def setUpClass(cls) -> None:
        raise unittest.SkipTest("no")

    def test_a(self) -> None:
        raise AssertionError


class SkippedTest(TestCase):
    device = Device("a,b")

    @unittest.skip("no")
    def test_a(self) -> None:
        raise AssertionError
