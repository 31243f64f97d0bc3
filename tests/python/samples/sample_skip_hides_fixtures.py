"""Skips of class fixtures that are raised over a failure, or come too late."""

import unittest

import roadtest


class Hides:
    @classmethod
    def hides(cls):
        try:
            cls().assertEqual(1, 2)
        finally:
            raise unittest.SkipTest("hidden")

    def test_it(self):
        pass


class SetUp(Hides):
    @classmethod
    def setUpClass(cls):
        cls.hides()


class TearDown(Hides):
    @classmethod
    def tearDownClass(cls):
        cls.hides()


class PlainSetUp(SetUp, unittest.TestCase):
    pass


class PlainTearDown(TearDown, unittest.TestCase):
    pass


class MachineSetUp(Hides, roadtest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hides()


class MachineTearDown(Hides, roadtest.TestCase):
    @classmethod
    def tearDownClass(cls):
        cls.hides()


class NoGuestTearDown(roadtest.TestCase):
    """A call to a guest that is not there is no failure; what was is."""

    def test_it(self):
        pass

    @classmethod
    def tearDownClass(cls):
        try:
            cls().assertEqual(1, 2)
        finally:
            roadtest.write_str("/dev/null", "")


class NoGuestAlone(roadtest.TestCase):
    def test_it(self):
        pass

    @classmethod
    def tearDownClass(cls):
        roadtest.write_str("/dev/null", "")


class Wanted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls().assertEqual(1, 2)
        except AssertionError:
            raise unittest.SkipTest("wanted") from None

    def test_it(self):
        pass


class Late(unittest.TestCase):
    def test_it(self):
        pass

    @classmethod
    def tearDownClass(cls):
        raise unittest.SkipTest("too late")


class LateMachine(roadtest.TestCase):
    def test_it(self):
        pass

    @classmethod
    def tearDownClass(cls):
        raise unittest.SkipTest("too late")


class LateCleanup(roadtest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.skip)

    def test_it(self):
        pass

    @classmethod
    def skip(cls):
        raise unittest.SkipTest("too late")


def tearDownModule():
    raise unittest.SkipTest("too late")
