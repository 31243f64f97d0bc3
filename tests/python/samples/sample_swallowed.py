"""Passes over what went wrong; for the runner."""

import contextlib
import threading

import roadtest
from roadtest.models import I2CModel

I2C_SLAVE = 0x703


class Closed(I2CModel):
    def write(self, data):
        pass

    def read(self, length):
        self.fail("the driver may not read")


class Swallowed(roadtest.TestCase):
    def test_crash(self):
        with contextlib.suppress(Exception):
            roadtest.insmod("lkdtm")
            path = "/sys/kernel/debug/provoke-crash/DIRECT"
            roadtest.write_str(path, "PANIC")

    def test_model(self):
        self.board.attach(Closed(), 0x50)
        with (self.guest / "dev/i2c-0").open("rw") as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            with self.assertRaises(Exception):
                bus.read(1)

    def test_thread(self):
        thread = threading.Thread(target=lambda: self.assertEqual(1, 2))
        thread.start()
        thread.join()
