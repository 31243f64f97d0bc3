"""What goes wrong in the fixtures of a file, where unittest does not look."""

import threading
import unittest


def thread(text):
    thread = threading.Thread(target=unittest.TestCase().fail, args=(text,))
    thread.start()
    thread.join()


def setUpModule():
    unittest.addModuleCleanup(thread, "in a cleanup")


def tearDownModule():
    thread("in tearDownModule")


class One(unittest.TestCase):
    def test_it(self):
        pass
