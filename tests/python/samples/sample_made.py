# SPDX-License-Identifier: LGPL-2.1-or-later
"""Classes that are made by code: those that no name leads to are not run."""

import unittest

for number in range(3):

    class Loop(unittest.TestCase):
        def test_it(self):
            pass


def make(number):
    class Listed(unittest.TestCase):
        def test_it(self):
            self.assertLess(number, 2)

    return Listed


LISTED = [make(number) for number in (1, 2)]

for number in range(2):
    Type = type("Type", (unittest.TestCase,), {"test_it": lambda self: None})


def base(number):
    class Base(unittest.TestCase):
        def test_it(self):
            pass

    return Base


# What is a base of one that runs is run there; what has a name is run.
for number in (1, 2):
    globals()[f"Base{number}"] = type(f"Base{number}", (base(number),), {})


def ends_with(number):
    class OfAFunctionThatIsNotCalled(unittest.TestCase):
        def test_it(self):
            self.fail()

    return OfAFunctionThatIsNotCalled


class Holder:
    __test__ = False
    Inner = make(3)


Holder.Inner.__qualname__ = "Holder.Inner"
# Enough for a garbage collection.
MANY = [[] for _ in range(200000)]
