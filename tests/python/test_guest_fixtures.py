# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tearDownClass finds: the guest of its class, or none."""

from __future__ import annotations

import unittest

import inner
import roadtest
from roadtest import TestCase


def provoke(what: str) -> None:
    """Let the guest's kernel do it: "WARNING", "PANIC"."""
    roadtest.insmod("lkdtm")
    roadtest.write_str("/sys/kernel/debug/provoke-crash/DIRECT", what)


class Loaded(TestCase):
    """Loads lm75 for the class, as plain functions do."""

    @classmethod
    def setUpClass(cls) -> None:
        roadtest.insmod("lm75")


class TearDownClass(unittest.TestCase):
    def test_it_has_the_guest_of_its_class(self) -> None:
        pids: list[int] = []

        class Inner(Loaded):
            def test_a(self) -> None:
                pids.append(self.machine.pid)

            @classmethod
            def tearDownClass(cls) -> None:
                pids.append(roadtest.current_machine().pid)
                roadtest.rmmod("lm75")

        outcome = inner.run(Inner)
        self.assertEqual(outcome.texts(), {})
        self.assertEqual(len(set(pids)), 1, pids)
        with self.assertRaisesRegex(roadtest.UsageError, "no test"):
            roadtest.current_machine()

    def test_an_error_in_it_is_told(self) -> None:
        class Inner(Loaded):
            def test_a(self) -> None:
                pass

            @classmethod
            def tearDownClass(cls) -> None:
                roadtest.rmmod("tmp108")

        (text,) = inner.run(Inner).texts().values()
        self.assertIn("ENOENT", text)

    def test_a_warning_in_it_is_told(self) -> None:
        class Inner(TestCase):
            def test_a(self) -> None:
                self.machine

            @classmethod
            def tearDownClass(cls) -> None:
                provoke("WARNING")

        (text,) = inner.run(Inner).texts().values()
        self.assertIn("OracleError", text)

    def test_nothing_is_left_to_undo_where_the_guest_is_gone(self) -> None:
        ran: list[str] = []

        class Inner(Loaded):
            def test_a(self) -> None:
                provoke("PANIC")

            @classmethod
            def tearDownClass(cls) -> None:
                ran.append("before")
                roadtest.rmmod("lm75")
                ran.append("after")

        outcome = inner.run(Inner)
        self.assertEqual(list(outcome.texts()), ["test_a"])
        self.assertEqual(ran, ["before"])
        with self.assertRaisesRegex(roadtest.UsageError, "no test"):
            roadtest.current_machine()

    def test_super_may_be_called(self) -> None:
        ran: list[str] = []

        class Base(Loaded):
            @classmethod
            def tearDownClass(cls) -> None:
                ran.append("base")
                super().tearDownClass()

        class Inner(Base):
            def test_a(self) -> None:
                pass

            @classmethod
            def tearDownClass(cls) -> None:
                roadtest.rmmod("lm75")
                super().tearDownClass()

        self.assertEqual(inner.run(Inner).texts(), {})
        self.assertEqual(ran, ["base"])


if __name__ == "__main__":
    unittest.main()
