# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of a faulty driver on a kernel of the flavour "check". test_check_guests.py
runs them, and says what becomes of each; those whose name has "good" in it pass."""

from __future__ import annotations

import errno

import roadtest
from roadtest import Device, TestCase
from roadtest.models import I2CModel


def faulty(properties: str | None = None) -> Device:
    return Device("roadtest,faulty", model=I2CModel, properties=properties)


class Leaves(TestCase):
    """What the driver leaves behind is in memory that goes with it."""

    timer = faulty('leaves = "timer";')
    work = faulty('leaves = "work";')
    rcu = faulty('leaves = "rcu";')
    device = faulty()
    bind = False

    def bind_one(self) -> None:
        self.machine
        self._road_bound[self.id().rpartition("_")[2]].bind()

    test_a_timer = test_b_work = test_c_rcu = bind_one

    def test_d_good(self) -> None:
        self.dev.bind()


class User(TestCase):
    """Work of a module that stays uses memory of a device that is gone."""

    user = faulty('leaves = "user";')
    device = faulty()
    bind = False

    @classmethod
    def setUpClass(cls) -> None:
        roadtest.insmod("faulty")

    def test_a_good(self) -> None:
        self.dev.bind()

    def test_b_user(self) -> None:
        self.machine
        self._road_bound["user"].bind()

    def test_c_good(self) -> None:
        self.dev.bind()


class Loses(TestCase):
    """An error path of probe loses memory."""

    memory = faulty('loses = "memory";')
    device = faulty()
    bind = False

    def test_a_good(self) -> None:
        self.dev.bind()

    def test_b_good_so_far(self) -> None:
        self.machine
        with self.assertGuestError(errno.EIO):
            self._road_bound["memory"].bind()

    def test_c_good(self) -> None:
        self.dev.bind()


class LosesEach(TestCase):
    isolate = "test"
    memory = faulty('loses = "memory";')
    device = faulty()
    bind = False

    test_a_good = Loses.test_a_good
    test_b_loses = Loses.test_b_good_so_far


class LosesKnown(TestCase):
    memory = faulty('loses = "memory";')
    bind = False

    test_a_good = roadtest.known_bug("has lost memory", "probe forgets it")(
        Loses.test_b_good_so_far
    )
