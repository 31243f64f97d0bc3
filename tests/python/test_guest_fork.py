# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that a test forks has a copy of the machine, not the machine."""

from __future__ import annotations

import os
import time
import traceback
import unittest
from collections.abc import Callable

import roadtest
from roadtest.models import Register, RegisterModel


class Chip(RegisterModel):
    VALUE = Register(0x00)


def forked(run: Callable[[], object]) -> int:
    """Exit status of a process that runs ``run`` and ends as Python does."""
    pid = os.fork()
    if not pid:
        status = 0
        try:
            run()
        except BaseException:
            traceback.print_exc()
            status = 1
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Fork(unittest.TestCase):
    def setUp(self) -> None:
        self.machine = roadtest.Machine()
        self.addCleanup(self.machine.close)
        self.machine.boot()

    def check(self) -> None:
        text = (self.machine.guest / "proc/sys/kernel/ostype").read_text()
        self.assertEqual(text.strip(), "Linux")

    def test_it_cannot_use_the_machine(self) -> None:
        def use() -> None:
            with self.assertRaisesRegex(roadtest.UsageError, "forked"):
                self.check()

        self.assertEqual(forked(use), 0)
        self.check()

    def test_its_end_does_not_end_the_machine(self) -> None:
        self.machine.board.attach(Chip(), 0x40)
        self.assertEqual(forked(self.machine.close), 0)
        self.check()

    def test_the_machine_ends_while_it_lives(self) -> None:
        pid = os.fork()
        if not pid:
            time.sleep(20)
            os._exit(0)
        start = time.monotonic()
        self.machine.close()
        self.assertLess(time.monotonic() - start, 10)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
