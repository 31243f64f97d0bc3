# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that unittest leaves out without a word, one of each kind."""

# mypy: ignore-errors

import functools
import sys
import unittest


def test_of_the_module():
    raise AssertionError


class TestPlain:
    def test_it(self):
        raise AssertionError


class Forgot:
    def test_it(self):
        self.assertEqual(1, 2)


def returns_nothing(function):
    pass


class Case(unittest.TestCase):
    def test_it(self):
        pass

    class Nested(unittest.TestCase):
        def test_it(self):
            self.fail()

    def test_twice(self):
        self.fail()

    def test_twice(self):
        pass

    def test_around(self):
        def test_inside(self):
            self.fail()

    if sys.version_info > (99,):

        def test_of_a_later_python(self):
            self.fail()

    @property
    def test_property(self):
        self.fail()

    @functools.cached_property
    def test_cached(self):
        self.fail()

    @returns_nothing
    def test_decorated(self):
        self.fail()


class Twice(unittest.TestCase):
    def test_first(self):
        self.fail()


class Twice(unittest.TestCase):
    def test_second(self):
        pass


class First:
    def setUp(self):
        pass

    def test_it(self):
        pass


class Second:
    def test_it(self):
        self.fail()


class Both(First, Second, unittest.TestCase):
    pass


class WrongOrder(unittest.TestCase, First):
    pass


class Deleted(unittest.TestCase):
    def test_it(self):
        self.fail()


del Deleted

try:
    import a_module_that_nobody_has
except ImportError:
    pass
else:

    class Optional(unittest.TestCase):
        def test_it(self):
            self.fail(a_module_that_nobody_has)


class LeftOut(unittest.TestCase):
    def test_it(self):
        self.fail()


test_lambda = lambda: 1 / 0


class Hidden(unittest.TestCase):
    def test_disabled(self):
        self.fail()


class Disables(Hidden):
    test_disabled = None


del Hidden


def load_tests(loader, tests, pattern):
    suite = unittest.TestSuite()
    for cls in Case, Twice, Both, WrongOrder, Disables:
        suite.addTests(loader.loadTestsFromTestCase(cls))
    return suite
