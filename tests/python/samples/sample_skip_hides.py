"""A skip that is raised over a failure."""

import unittest

import roadtest


class Plain(unittest.TestCase):
    def test_a_finally(self) -> None:
        try:
            self.assertEqual(1, 2)
        finally:
            self.skipTest("hidden")

    def test_b_except(self) -> None:
        try:
            self.assertEqual(1, 2)
        except AssertionError:
            self.skipTest("hidden")

    def test_c_wanted(self) -> None:
        try:
            self.assertEqual(1, 2)
        except AssertionError:
            raise unittest.SkipTest("wanted") from None

    def test_d_no_failure(self) -> None:
        try:
            raise ImportError("not there")
        except ImportError:
            self.skipTest("wanted")


class Machine(Plain, roadtest.TestCase):
    def test_e_subtest(self) -> None:
        with self.subTest(n=1):
            try:
                self.assertEqual(1, 2)
            finally:
                self.skipTest("hidden")
