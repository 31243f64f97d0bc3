"""A fixture of a file that does not run."""

import unittest


async def setUpModule():
    raise AssertionError


class One(unittest.TestCase):
    def test_it(self):
        pass
