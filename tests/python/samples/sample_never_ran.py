"""Code that looks as if it ran: in classes of unittest alone, and of roadtest."""

import functools
import unittest

import roadtest


def through(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)

    return wrapper


class Parts:
    async def test_async(self):
        raise AssertionError

    def test_generator(self):
        yield self.fail()

    async def test_async_generator(self):
        yield self.fail()

    @through
    async def test_decorated(self):
        raise AssertionError

    def test_cleanup(self):
        async def undo():
            raise AssertionError

        self.addCleanup(undo)

    def test_class_cleanup(self):
        def undo_class():
            yield self.fail()

        self.addClassCleanup(undo_class)

    @unittest.expectedFailure
    async def test_expected_failure(self):
        raise AssertionError


class Plain(Parts, unittest.TestCase):
    pass


class Machine(Parts, roadtest.TestCase):
    pass


class SetUp:
    async def setUp(self):
        raise AssertionError

    def test_it(self):
        pass


class PlainSetUp(SetUp, unittest.TestCase):
    pass


class MachineSetUp(SetUp, roadtest.TestCase):
    pass


class TearDown:
    def test_it(self):
        pass

    def tearDown(self):
        yield


class PlainTearDown(TearDown, unittest.TestCase):
    pass


class MachineTearDown(TearDown, roadtest.TestCase):
    pass


class SetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        yield

    def test_it(self):
        pass


class MachineSetUpClass(roadtest.TestCase):
    @classmethod
    async def setUpClass(cls):
        raise AssertionError

    def test_it(self):
        pass


class TearDownClass(unittest.TestCase):
    def test_it(self):
        pass

    @classmethod
    async def tearDownClass(cls):
        raise AssertionError


class MachineTearDownClass(roadtest.TestCase):
    def test_it(self):
        pass

    @classmethod
    def tearDownClass(cls):
        yield


class Async(unittest.IsolatedAsyncioTestCase):
    """Of unittest's own, whose async tests do run."""

    ran = False

    async def test_a_runs(self):
        Async.ran = True

    def test_b_ran(self):
        self.assertTrue(self.ran)

    def test_c_generator(self):
        yield self.fail()
