# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs need that are no tests: they sweep a board, bind in loops and
judge what the kernel reports."""

from __future__ import annotations

import tracemalloc
import unittest

import roadtest
from roadtest import Device, DtFragment, DtVar, Machine, TestCase
from roadtest.driver import i2c_device
from roadtest.models import I2CModel

from chips import Lm75

CRASH = "sys/kernel/debug/provoke-crash/DIRECT"


class Reports(unittest.TestCase):
    """Of a machine that belongs to no test."""

    def crashed(self, kind: str) -> Machine:
        machine = Machine()
        self.addCleanup(machine.close)
        machine.boot()
        machine.guest.insmod("lkdtm")
        try:
            (machine.guest / CRASH).write_text(kind)
        except roadtest.MachineGone:
            pass
        return machine

    def test_a_warning_comes_in_parts(self) -> None:
        machine = self.crashed("WARNING")
        (report,) = machine.guest.reports()
        self.assertEqual(
            (report.kind, report.file, report.function, report.module),
            ("WARNING", "drivers/misc/lkdtm/bugs.c", "lkdtm_WARNING", "lkdtm"),
        )
        self.assertRegex(report.headline, rf"bugs\.c:{report.line}\b")
        self.assertIn("[ end trace ", report.text.splitlines()[-1])
        names = [frame.partition("+")[0] for frame in report.stack]
        self.assertIn("lkdtm_WARNING", names)
        self.assertIn("vfs_write", names)
        self.assertFalse(report.expected)
        self.assertLessEqual(report.time, machine.now)

    def test_a_fault_is_told_of_a_guest_that_has_ended(self) -> None:
        machine = self.crashed("EXCEPTION")
        self.assertFalse(machine.is_up)
        first = machine.guest.reports()[0]
        self.assertEqual(
            (first.kind, first.function, first.module),
            ("oops", "lkdtm_EXCEPTION", "lkdtm"),
        )

    def test_bug_has_its_line_and_module(self) -> None:
        first, *_ = self.crashed("BUG").guest.reports()
        self.assertEqual(
            (first.kind, first.file, first.function, first.module),
            ("BUG", "drivers/misc/lkdtm/bugs.c", "lkdtm_BUG", "lkdtm"),
        )
        self.assertGreater(first.line, 0)

    def test_those_behind_a_mark_and_of_a_test_are_told_apart(self) -> None:
        machine = self.crashed("WARNING")
        mark = machine.log_mark()
        (machine.guest / CRASH).write_text("REFCOUNT_INC_OVERFLOW")
        kinds = [report.kind for report in machine.guest.reports()]
        self.assertEqual(kinds, ["WARNING", "refcount"])
        (second,) = machine.guest.reports(mark)
        self.assertEqual((second.kind, second.module), ("refcount", "lkdtm"))
        with self.assertRaises(roadtest.OracleError):
            machine.end_of_test()
        self.assertEqual(len(machine.guest.reports()), 2)
        machine.test_begin("next")
        self.assertEqual(machine.guest.reports(), [])


class ReportsOfATest(TestCase):
    def test_an_expected_one_says_so(self) -> None:
        self.assertEqual(self.guest.reports(), [])
        self.expect_log("WARNING: .*lkdtm/bugs")
        roadtest.insmod("lkdtm")
        (self.guest / CRASH).write_text("WARNING")
        self.assertEqual([r.expected for r in self.guest.reports()], [True])


class Undo(TestCase):
    """What is done in a loop leaves one entry, or none."""

    device = Device("national,lm75", model=Lm75, bind=False)

    def test_binding_in_a_loop(self) -> None:
        self.dev.bind()
        before = len(self.machine._undo)
        for _ in range(10):
            self.dev.rebind()
            i2c_device(self.dev.addr)
        self.assertEqual(len(self.machine._undo), before + 1)
        self.dev.unbind()
        self.assertEqual(len(self.machine._undo), before)

    def test_files_timers_and_watches_in_a_loop(self) -> None:
        line = self.board.gpio[3]
        for _ in range(200):
            (self.guest / "proc/version").open().close()
            self.clock.after(1, int).cancel()
            line.watch(lambda direction, level: None).close()
            line.set(1)
        self.assertLess(len(self.machine._undo), 150)
        self.machine.undo_all()
        self.assertEqual(line.level, 0)

    def test_what_is_still_open_is_kept(self) -> None:
        kept = (self.guest / "proc/version").open()
        for _ in range(200):
            (self.guest / "proc/version").open().close()
        self.machine.undo_all()
        self.assertEqual(kept.fd, -1)

    def test_a_loop_of_binds_needs_no_more_memory(self) -> None:
        self.dev.bind()

        def rounds(num: int) -> int:
            for _ in range(num):
                self.dev.rebind()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before = rounds(100)
        # 10,000 rounds grow by less than that a hundredfold: 600 KiB.
        self.assertLess(rounds(100) - before, 6000)


class Sweep(unittest.TestCase):
    """Nodes and models of a program."""

    def test_a_device_and_a_fragment_outside_of_a_test(self) -> None:
        machine = Machine()
        self.addCleanup(machine.close)
        first = machine.add(Device("national,lm75", model=Lm75))
        second = machine.add(Device("national,lm75", model=Lm75, addr=0x4C))
        fragment = machine.add(
            DtFragment(
                '&i2c { temp@$a$ { compatible = "national,lm75";'
                " reg = <0x$a$>; }; };",
                variables={"a": DtVar.I2C_ADDR},
            )
        )
        second.chip.TEMP.value = 0x3200
        with machine:
            for dev, milli in (first, "25000"), (second, "50000"):
                dev.bind()
                self.assertEqual(dev.hwmon["temp1_input"], milli)
            machine.board.attach(Lm75(), fragment["a"])
            third = i2c_device(fragment["a"])
            third.bind()
            self.assertEqual(third.hwmon["temp1_input"], "25000")
            self.assertEqual(machine.undo_all(), [])
            self.assertIsNone(first.driver)
        with self.assertRaises(roadtest.UsageError):
            roadtest.current_machine()

    def test_a_booted_machine_takes_no_more(self) -> None:
        with Machine() as machine:
            with self.assertRaisesRegex(roadtest.UsageError, "once the machine"):
                machine.add(Device("national,lm75"))

    def test_an_interrupt_for_each_address_of_the_bus(self) -> None:
        machine = Machine()
        self.addCleanup(machine.close)
        sensors = [
            machine.add(Device("ti,tmp102", model=Lm75, irq="falling"))
            for _ in range(0x08, 0x78)
        ]
        self.assertEqual(len({dev.addr for dev in sensors}), 112)
        self.assertEqual(len({dev.irq_pin for dev in sensors}), 112)
        with machine:
            for dev in sensors[0], sensors[-1]:
                assert dev.irq_pin is not None
                line = machine.board.gpio[dev.irq_pin]
                self.assertEqual(line.level, 1)
                dev.chip.irq.assert_()
                self.assertEqual(line.level, 0)


class MissingOption(TestCase):
    def test_a_file_of_an_option_that_is_off_names_it(self) -> None:
        with self.assertRaisesRegex(
            FileNotFoundError, "CONFIG_INPUT_UINPUT is off in this kernel"
        ):
            (self.guest / "dev/uinput").open()
        self.assertFalse((self.guest / "dev/uinput").exists())

    def test_other_missing_files_name_none(self) -> None:
        for path in "dev/i2c-9", "sys/class/nothing":
            with self.assertRaises(FileNotFoundError) as caught:
                (self.guest / path).read_text()
            self.assertNotIn("CONFIG_", str(caught.exception))


class Anybody(I2CModel):
    """Answers at every address, and wants attention then."""

    def start(self, read: bool, first: bool) -> None:
        self.irq.assert_()

    def read(self, length: int) -> bytes:
        return bytes(length)

    def write(self, data: bytes) -> None:
        pass


class EveryAddress(TestCase):
    """A model at every address has the interrupt of the node that is
    called."""

    first = Device("national,lm75", addr=0x48, irq="high", bind=False)
    second = Device("national,lm75", addr=0x49, irq="falling", bind=False)
    none = Device("national,lm75", addr=0x4A, bind=False)

    def lines(self) -> list[int]:
        pins = self.first.irq_pin, self.second.irq_pin
        return [self.board.gpio[pin or 0].level for pin in pins]

    def test_the_interrupt_is_that_of_the_address_that_is_called(self) -> None:
        self.board.attach(Anybody(), None)
        seen = [self.lines()]
        for dev in self.first, self.second, self.none:
            roadtest.insmod("lm75")
            with self.subTest(addr=dev.addr):
                dev.bind()
                seen.append(self.lines())
                dev.unbind()
        self.assertEqual(seen, [[0, 1], [1, 1], [0, 0], [0, 1]])


if __name__ == "__main__":
    unittest.main()
