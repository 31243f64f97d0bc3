# SPDX-License-Identifier: LGPL-2.1-or-later
"""What looks like a test that is left out, and is run or is none."""

# mypy: ignore-errors

import abc
import functools
import sys
import unittest


def test_value(n):
    """A helper: it is called."""
    return n


def test_other(n):
    """One that is not, and says what it is."""


test_other.__test__ = False


def testing():
    """Of another name."""


class Chip:
    def test_mode(self):
        return "a model's method"


class Checks:
    """A mixin."""

    def test_mixed_in(self):
        self.assertEqual(test_value(1), 1)

    def test_overridden(self):
        raise NotImplementedError

    @abc.abstractmethod
    def test_abstract(self):
        pass


class Case(Checks, unittest.TestCase):
    def test_overridden(self):
        pass

    def test_abstract(self):
        pass

    def test_with_a_helper_in_it(self):
        def test_inside():
            pass

        test_inside()

    @property
    def test_dir(self):
        return "dir"

    @test_dir.setter
    def test_dir(self, value):
        pass

    if sys.version_info > (99,):

        def test_either(self):
            pass

    else:

        def test_either(self):
            pass

    try:
        import a_module_that_nobody_has

        def test_tried(self):
            pass

    except ImportError:

        def test_tried(self):
            pass


def twice(function):
    @functools.wraps(function)
    def call(self):
        function(self)
        function(self)

    return call


def unwrapped(*arguments):
    def decorate(function):
        return lambda self: function(self, *arguments)

    return decorate


class Decorated(unittest.TestCase):
    @twice
    @unwrapped(1)
    def test_one(self, n):
        self.assertEqual(n, 1)

    @twice
    @unwrapped(2)
    def test_two(self, n):
        self.assertEqual(n, 2)

    test_three = functools.partialmethod(test_two)


class Base(unittest.TestCase):
    def test_of_a_base(self):
        pass

    def test_of_its_own(self):
        self.fail()


class Derived(Base):
    def test_of_its_own(self):
        pass


del Base


class Holder:
    __test__ = False

    class Sample(unittest.TestCase):
        def test_it(self):
            self.fail()


class Reached:
    class Inner(unittest.TestCase):
        def test_inner(self):
            pass


class ByInheritance(Reached.Inner):
    pass
