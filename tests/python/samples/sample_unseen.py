"""What goes wrong where unittest does not look, in a class of its own."""

import threading
import unittest

go = threading.Event()


class Plain(unittest.TestCase):
    def test_a_thread(self):
        thread = threading.Thread(target=lambda: self.assertEqual(1, 2))
        thread.start()
        thread.join()

    def test_b_destructor(self):
        class Checks:
            def __del__(self):
                raise ValueError("in a destructor")

        Checks()

    def test_c_leaves_a_thread(self):
        threading.Thread(target=self.late, name="late", daemon=True).start()

    def late(self):
        go.wait()
        raise ValueError("late")

    def test_d_is_not_to_blame(self):
        (late,) = [t for t in threading.enumerate() if t.name == "late"]
        go.set()
        late.join()

    def test_e_skips(self):
        thread = threading.Thread(target=lambda: self.assertEqual(1, 2))
        thread.start()
        thread.join()
        self.skipTest("not here")
