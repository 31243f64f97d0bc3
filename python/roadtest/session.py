# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine of a test class, and what the class declares about it."""

from __future__ import annotations

import os

from . import _roadtest, leaks
from .device import Device, DtFragment
from .machine import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import OracleError
    from .models import Model
    from .testcase import TestCase

# Hides these frames from unittest's tracebacks.
__unittest = True


class Session:
    """A class's machine, and what it declares about it."""

    def __init__(self, cls: type[TestCase]) -> None:
        self.cls = cls
        self.machine: Machine | None = None
        self.nodes: dict[str, _roadtest.Node] = {}
        self.chips: dict[str, Model | None] = {}
        self.setup_used_it = False
        self._replayed = False
        self._fixture = False
        self.ran: list[str] = []
        """Methods of the tests that have run on the machine, and passed."""
        self.modules: set[str] | None = None
        """Those that stay from test to test; None: not known yet."""
        self.lost: tuple[OracleError, list[str]] | None = None
        """Memory that drivers have lost on one of its machines, and the tests
        that ran on that."""

    @property
    def isolate(self) -> bool:
        """One kernel per test? With autoprobe the guest probes at boot."""
        return self.cls.isolate == "test" or self.cls.autoprobe

    def get(self) -> Machine:
        """The machine, made if there is none that is up."""
        if self.machine is not None:
            return self.machine
        machine = Machine(
            seed=self.cls._road_seed(),
            autoprobe=self.cls.autoprobe,
            **self.cls.machine_options,
        )
        running = self.cls._road_running
        if running is not None:  # a report of it has what boot says, then
            machine.test_step(_roadtest.STEP_TEST, running.id(), None, 0)
        try:
            self._assemble(machine)
            machine.boot()
            for program in self.cls.programs:
                machine.guest.install(program)
        except BaseException:
            machine.close()
            raise
        self.machine = machine
        self.modules = None
        self.ran = []
        if self.setup_used_it:
            self._replay()
        return machine

    def _replay(self) -> None:
        """Do again what setUpClass did to the machine before."""
        self._replayed = True
        try:
            self.cls.setUpClass()
        except BaseException:
            self.close()  # or the next test would run on half of it
            raise
        finally:
            self._replayed = False

    def fixture(self, name: str) -> Callable[[], Machine]:
        """Gives the machine to something that belongs to no test. From its
        first use on the oracles watch that, until :meth:`end_fixture`."""

        def get() -> Machine:
            machine = self.get()
            if not self._fixture and not self._replayed:
                self._fixture = True
                machine.test_begin(f"{self.cls.__name__}.{name}")
            return machine

        return get

    def end_fixture(self) -> None:
        """Ask the oracles about it, if it has used the machine."""
        machine, used = self.machine, self._fixture
        self._fixture = False
        if machine is not None and used:
            machine.end_of_test()

    def aftermath(self, machine: Machine) -> None:
        """Behind a test: let time pass until what its drivers have left
        behind has run. Where each test has a machine of its own, that is all
        the time there will be."""
        machine.aftermath(self.isolate)

    def ended(self, test: TestCase, errors: list[BaseException]) -> None:
        """A test on the machine is over, and this is wrong."""
        self.ran.append(test._testMethodName)

    def finish(self) -> None:
        """The class is over: undo what setUpClass did, and let the time pass
        in which what drivers of any test have left behind runs. The oracles
        are asked about it."""
        machine = self.machine
        if machine is None or not machine.is_up:
            return
        mark = machine.log_mark()
        failed = machine.undo_all(kept=True)
        if machine.is_up:
            machine.aftermath(True)
            self.scan(machine)
        # As a rule nothing was printed, and the journal has no entry of this.
        if machine.log_since(mark) and not machine.told:
            machine.test_end()
        for _, error in failed:
            raise error

    def scan(self, machine: Machine) -> None:
        """The machine is about to end: has a driver lost memory on it?"""
        error = leaks.lost(machine)
        if error is not None:
            self.lost = error, self.ran

    def keep_undo(self) -> None:
        """setUpClass is over: what it did is not undone after a test. Where
        each test has a machine of its own, it is."""
        if self.machine is not None and not self.isolate:
            self.machine.keep_undo()

    def _assemble(self, machine: Machine) -> None:
        for name, device in self.cls._road_declared(Device).items():
            self.nodes[name] = device.add_to(machine)
        for fragment in self.cls._road_declared(DtFragment).values():
            fragment.add_to(machine)
        self.chips = {}
        if self.cls.autoprobe:
            self.attach(machine)

    def attach(self, machine: Machine) -> None:
        """A new model for each device."""
        self.chips = {}
        for name, device in self.cls._road_declared(Device).items():
            chip = device.model() if device.model is not None else None
            self.chips[name] = chip
            if chip is not None:
                machine.board.attach(chip, self.nodes[name].addr)

    def close(self) -> None:
        """End the machine; the next get() makes another one."""
        machine, self.machine = self.machine, None
        self._fixture = False
        if machine is not None:
            machine.undo_all(kept=True)
            self._write_trace(machine)
            machine.close()

    def _write_trace(self, machine: Machine) -> None:
        """Append the trace to a file of the class, for ROADTEST_TRACE=DIR."""
        directory = os.environ.get("ROADTEST_TRACE")
        if directory:
            name = f"{self.cls.__module__}.{self.cls.__qualname__}.trace"
            path = os.path.join(directory, name)
            with open(path, "a", encoding="utf-8") as f:
                f.write(machine.board.trace.text())
