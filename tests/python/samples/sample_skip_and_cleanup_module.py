"""A file that skips itself, whose cleanup fails."""

import unittest


def undo():
    raise RuntimeError("the file's cleanup is broken")


def setUpModule():
    unittest.addModuleCleanup(undo)
    raise unittest.SkipTest("hidden")


class One(unittest.TestCase):
    def test_it(self):
        pass
