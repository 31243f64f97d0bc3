"""Ends of a file that do not run."""

import unittest


def tearDownModule():
    yield


async def undo():
    raise AssertionError


def setUpModule():
    unittest.addModuleCleanup(undo)


class One(unittest.TestCase):
    def test_it(self):
        pass
