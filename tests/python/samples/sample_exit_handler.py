"""Passes, and then an exit handler fails."""

import atexit
import unittest


class One(unittest.TestCase):
    def test_it(self):
        atexit.register(self.assertEqual, 1, 2)
