"""What goes wrong in fixtures of classes, where unittest does not look."""

import threading
import unittest

import roadtest


def thread():
    thread = threading.Thread(target=unittest.TestCase().assertEqual, args=(1, 2))
    thread.start()
    thread.join()


class Checks:
    def __del__(self):
        raise ValueError("in a destructor")


class Plain(unittest.TestCase):
    def test_it(self):
        pass


class Machine(roadtest.TestCase):
    def test_it(self):
        pass


class PlainSetUp(Plain):
    @classmethod
    def setUpClass(cls):
        thread()


class PlainSetUpSkips(Plain):
    @classmethod
    def setUpClass(cls):
        thread()
        raise unittest.SkipTest("hidden")


class PlainTearDown(Plain):
    @classmethod
    def tearDownClass(cls):
        thread()


class PlainDestructor(Plain):
    @classmethod
    def tearDownClass(cls):
        Checks()


class PlainCleanup(Plain):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(thread)


class MachineSetUp(Machine):
    @classmethod
    def setUpClass(cls):
        thread()


class MachineTearDown(Machine):
    @classmethod
    def tearDownClass(cls):
        thread()


class MachineDestructor(Machine):
    @classmethod
    def tearDownClass(cls):
        Checks()


class MachineCleanup(Machine):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(thread)
