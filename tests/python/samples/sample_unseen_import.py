"""What goes wrong while the file is imported, where Python does not look."""

import threading
import unittest

thread = threading.Thread(target=unittest.TestCase().assertEqual, args=(1, 2))
thread.start()
thread.join()


class One(unittest.TestCase):
    def test_it(self):
        pass
