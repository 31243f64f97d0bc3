"""What goes wrong in setUpModule, where unittest does not look."""

import threading
import unittest


def setUpModule():
    thread = threading.Thread(target=unittest.TestCase().assertEqual, args=(1, 2))
    thread.start()
    thread.join()


class One(unittest.TestCase):
    def test_it(self):
        pass
