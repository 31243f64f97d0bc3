"""Classes that skip themselves, whose cleanups fail."""

import unittest

import roadtest


class Skips:
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.fail, "broken")
        raise unittest.SkipTest("hidden")

    @classmethod
    def fail(cls, text):
        raise RuntimeError(f"{cls.__name__} is {text}")


class Machine(Skips, roadtest.TestCase):
    def test_it(self):
        pass


class Plain(Skips, unittest.TestCase):
    def test_it(self):
        pass


class Twice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(Plain.fail, "broken in a cleanup")
        raise RuntimeError("Twice is broken")

    def test_it(self):
        pass
