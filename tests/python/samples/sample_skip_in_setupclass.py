"""Classes that skip themselves when something has gone wrong."""

import contextlib
import threading
import unittest

import roadtest
from roadtest.models import I2CModel

I2C_SLAVE = 0x703


class Closed(I2CModel):
    def read(self, length):
        self.fail("the driver may not read")


def provoke(what):
    roadtest.insmod("lkdtm")
    roadtest.write_str("/sys/kernel/debug/provoke-crash/DIRECT", what)


class Skips(roadtest.TestCase):
    """Does wrong, and skips."""

    @classmethod
    def setUpClass(cls):
        cls.wrong()
        raise unittest.SkipTest("hidden")

    @classmethod
    def wrong(cls):
        raise NotImplementedError


class Warns(Skips):
    @classmethod
    def wrong(cls):
        provoke("WARNING")

    def test_it(self):
        pass


class WarnsInCleanup(Skips):
    @classmethod
    def wrong(cls):
        roadtest.insmod("lkdtm")
        cls.addClassCleanup(provoke, "WARNING")

    def test_it(self):
        pass


class Crashes(Skips):
    @classmethod
    def wrong(cls):
        with contextlib.suppress(roadtest.MachineGone):
            provoke("PANIC")

    def test_it(self):
        pass


class Model(Skips):
    @classmethod
    def wrong(cls):
        machine = roadtest.current_machine()
        machine.board.attach(Closed(), 0x50)
        with (machine.guest / "dev/i2c-0").open("rw") as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            with contextlib.suppress(AssertionError):
                bus.read(1)

    def test_it(self):
        pass


class Thread(Skips):
    @classmethod
    def wrong(cls):
        thread = threading.Thread(target=unittest.TestCase().fail, args=("seen",))
        thread.start()
        thread.join()

    def test_it(self):
        pass


class Nothing(Skips):
    @classmethod
    def wrong(cls):
        cls.addClassCleanup(roadtest.insmod, "lkdtm")

    def test_it(self):
        pass
