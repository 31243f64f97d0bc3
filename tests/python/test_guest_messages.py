# SPDX-License-Identifier: LGPL-2.1-or-later
"""roadtest.messages, by what lm75 prints when it probes."""

from __future__ import annotations

import unittest

import inner
from roadtest import Device, TestCase

from chips import Lm75

PROBE = ["supply vs not found, using dummy regulator", "hwmon0: sensor 'lm75'"]


class OnTheGuest(TestCase):
    device = Device("national,lm75", model=Lm75)
    other = Device("national,lm75", model=Lm75, bind=False)

    def test_those_of_a_device_since_the_test_began(self) -> None:
        self.assertEqual(self.dev.messages().lines, PROBE)
        self.assertEqual(self.other.messages().lines, [])

    def test_those_of_a_block(self) -> None:
        with self.dev.messages() as messages:
            self.dev.unbind()
            self.assertEqual(messages.lines, [])
            self.dev.bind()
        self.dev.rebind()
        self.assertEqual(messages.find("sensor"), ["hwmon0: sensor 'lm75'"])
        self.assertEqual(messages.text, "".join(f"{m}\n" for m in PROBE))

    def test_those_of_all(self) -> None:
        with self.guest.messages() as messages:
            (self.guest / "dev/kmsg").open("rw").write("[ 1.0] by hand\n")
            self.other.bind()
        name = f"lm75 {self.other.id}: "
        self.assertEqual(
            messages.lines,
            ["[ 1.0] by hand", name + PROBE[0], name + "hwmon1: sensor 'lm75'"],
        )


class AfterAnother(unittest.TestCase):
    def test_those_of_another_test_are_not_among_them(self) -> None:
        class Inner(TestCase):
            device = Device("national,lm75", model=Lm75)

            def test_a(self) -> None:
                self.assertEqual(self.dev.messages().lines, PROBE)
                self.assertEqual(len(self.guest.messages().lines), 2)

            test_b = test_a

        self.assertEqual(inner.run(Inner).texts(), {})


if __name__ == "__main__":
    unittest.main()
