# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guest calls, models and lines through the package, on a real guest."""

from __future__ import annotations

import array
import ctypes
import errno
import functools
import os
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import roadtest
from roadtest import Device, DtFragment, DtVar, I2CDriver, PlatformDriver
from roadtest import TestCase, UsageError
from roadtest.driver import i2c_device
from roadtest.errors import ModelError
from roadtest.guest import POLLIN, POLLPRI
from roadtest.models import HOLD, BusError, I2CModel, Nak, Register
from roadtest.models import RegisterModel, RegisterValue

from chips import Lm75, Memory
from inner import run

I2C_SLAVE = 0x0703
I2C_FUNCS = 0x0705
I2C_RDWR = 0x0707
GPIO_V2_GET_LINE = 0xC250B407
GPIO_V2_LINE_SET_VALUES = 0xC010B40F
GPIO_V2_LINE_FLAG_OUTPUT = 8
I2C_M_RD = 1
FAILED = 0  # what write() on i2c-dev gives for a message that failed: virtio-i2c
# has no room for an errno, and counts the messages that passed


class Funcs(ctypes.Structure):
    """The argument of I2C_FUNCS."""

    _fields_ = [("bits", ctypes.c_ulong)]


class Files(TestCase):
    def test_read_and_write(self) -> None:
        path = self.guest.put("/tmp/dir/file", "one\ntwo")
        self.assertEqual(path.read_text(), "one\ntwo")
        path.write_text("three\n")
        self.assertEqual(path.read_bytes(), b"three\n")
        self.assertEqual(roadtest.read_str("/tmp/dir/file"), "three")

    def test_a_big_file_comes_back_whole(self) -> None:
        data = bytes(range(256)) * 1024
        path = self.guest.put("/tmp/big", data)
        self.assertEqual(path.read_bytes(), data)
        self.assertEqual(path.stat().size, len(data))

    def test_a_missing_file_is_a_file_not_found_error_with_its_path(self) -> None:
        with self.assertRaises(FileNotFoundError) as caught:
            self.guest.path("/nowhere/x").read_text()
        self.assertEqual(caught.exception.filename, "/nowhere/x")
        self.assertIn("/nowhere/x", str(caught.exception))
        self.assertIn("ENOENT", str(caught.exception))

    def test_write_does_not_create(self) -> None:
        with self.assertGuestError(errno.ENOENT):
            self.guest.path("/tmp/new").write_text("x")

    def test_directories(self) -> None:
        top = self.guest / "tmp/d"
        top.mkdir()
        for name in ("b", "a"):
            self.guest.put(top / name, "")
        self.assertEqual([p.name for p in top.iterdir()], ["a", "b"])
        self.assertEqual(
            [str(p) for p in top.glob("[ab]")], ["/tmp/d/a", "/tmp/d/b"]
        )
        self.assertTrue(top.is_dir())
        (top / "a").unlink()
        self.assertFalse((top / "a").exists())
        self.assertTrue((top / "b").is_file())

    def test_links(self) -> None:
        link = self.guest / "proc/self"
        self.assertEqual(link.stat(follow_symlinks=False).mode >> 12, 0o12)
        self.assertTrue(str(link.readlink()).isdigit())

    def test_an_open_file(self) -> None:
        path = self.guest.put("/tmp/f", "0123456789")
        with path.open(os.O_RDWR) as file:
            self.assertEqual(file.read(4), b"0123")
            self.assertEqual(file.pread(3, 7), b"789")
            self.assertEqual(file.write("xy"), 2)
            self.assertEqual(file.poll(POLLIN, timeout=0.0), POLLIN)
        self.assertEqual(path.read_text(), "0123xy6789")
        with self.assertGuestError(errno.EBADF):
            file.read(1)

    def test_offsets_of_an_open_file(self) -> None:
        path = self.guest.put("/tmp/f", "0123456789")
        with path.open("rw") as file:
            self.assertEqual(file.pwrite("ab", 3), 2)
            self.assertEqual(file.seek(2), 2)
            self.assertEqual(file.read(4), b"2ab5")
            self.assertEqual(file.seek(-1, os.SEEK_END), 9)
            self.assertEqual(file.read(4), b"9")
            self.assertEqual(self.guest.start.pwrite(file, "X", 0).result(), 1)
            with self.assertGuestError(errno.EINVAL) as caught:
                file.seek(-1)
            self.assertEqual(caught.exception.filename, "/tmp/f")
            with self.assertRaisesRegex(ValueError, "-1 is negative"):
                file.pwrite(b"x", -1)
        self.assertEqual(path.read_text(), "X12ab56789")

    def test_a_started_call_names_its_file_in_errors(self) -> None:
        file = self.guest.put("/tmp/f", "").open()
        start = self.guest.start
        for call in (
            start.write(file, "x"),
            start.pwrite(file, "x", 0),
            start.ioctl(file, 0x7001),
        ):
            with self.subTest(call), self.assertRaises(OSError) as caught:
                call.result()
            self.assertEqual(caught.exception.filename, "/tmp/f")

    def test_text_that_is_no_utf8_goes_back_as_it_was(self) -> None:
        path = self.guest.put("/tmp/text", b"\xff\xc3\xa4")
        path.write_text(path.read_text() + "\u20ac")
        self.assertEqual(path.read_bytes(), b"\xff\xc3\xa4\xe2\x82\xac")
        self.guest.start.write_text(path, path.read_text()).result()
        self.assertEqual(path.read_bytes()[:1], b"\xff")

    def test_a_poll_of_a_closed_file_is_an_error_at_once(self) -> None:
        file = (self.guest / "proc/version").open()
        file.close()
        for poll in file.poll, lambda: self.guest.start.poll(file):
            with self.assertRaisesRegex(
                roadtest.UsageError, "/proc/version: it is closed"
            ):
                poll()

    def test_a_poll_does_not_end_before_its_time(self) -> None:
        with (self.guest / "proc/version").open() as file:
            start = self.clock.now
            self.assertEqual(file.poll(POLLPRI, 0.0004), 0)
            self.assertGreaterEqual(self.clock.now - start, 400_000)
            for timeout in -1, 1e7:
                with self.subTest(timeout), self.assertRaises(ValueError):
                    file.poll(timeout=timeout)

    def test_what_is_no_path_text_or_argument_is_refused(self) -> None:
        guest = self.guest
        path = guest.put("/tmp/file", "x")
        uses: list[tuple[type[Exception], str, Callable[[], object]]] = [
            (TypeError, "str, not bytes", lambda: guest.path(b"/")),  # type: ignore
            (TypeError, "str, not bytes", lambda: roadtest.read_str(b"/")),  # type: ignore
            (TypeError, "str, not None", lambda: guest.path(None)),  # type: ignore
            (TypeError, "unsupported operand", lambda: path / 5),  # type: ignore
            (TypeError, "not 5", lambda: path.write_text(5)),  # type: ignore
            (ValueError, "r, w, rw .*not 'rb'", lambda: path.open("rb")),
            (TypeError, "a list, not 'ls -l'", lambda: guest.run("ls -l")),
            (TypeError, "a list, not \\[\\]", lambda: guest.run([])),
            (TypeError, "string, not 5", lambda: guest.run(["a", 5])),  # type: ignore
            (TypeError, "a list", lambda: guest.start.run("ls")),
        ]
        for error, text, use in uses:
            with self.subTest(text), self.assertRaisesRegex(error, text):
                use()

    def test_plain_functions(self) -> None:
        self.guest.put("/tmp/n", "0")
        roadtest.write_int("/tmp/n", 42)
        self.assertEqual(roadtest.read_int("/tmp/n"), 42)
        roadtest.write_float("/tmp/n", 0.5)
        self.assertEqual(roadtest.read_float("/tmp/n"), 0.5)
        roadtest.write_str("/tmp/n", "0x10")
        self.assertEqual(roadtest.read_int("/tmp/n"), 16)

    def test_mount_is_undone(self) -> None:
        point = self.guest / "tmp/point"
        point.mkdir()
        self.guest.mount("none", point, "tmpfs")
        self.guest.put(point / "x", "")
        self.machine.undo_all()
        self.assertFalse((point / "x").exists())


class Programs(TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        source = (
            "#include <stdio.h>\n#include <unistd.h>\n"
            "int main(int argc, char **argv) { char b[64];"
            " ssize_t n = read(0, b, sizeof(b)); sleep(argc);"
            ' fwrite(b, 1, n, stdout); fputs("err", stderr); return argc; }'
        )
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "a.out")
            subprocess.run(
                ["gcc", "-static", "-x", "c", "-", "-o", out],
                input=source.encode(),
                check=True,
            )
            with open(out, "rb") as f:
                cls.program = f.read()

    program: bytes

    def test_a_program_has_streams_and_an_exit_status(self) -> None:
        self.guest.put("/bin/echo", self.program, mode=0o755)
        before = self.clock.now
        done = self.guest.run(["/bin/echo", "x"], input="hello")
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr), (2, "hello", "err")
        )
        self.assertGreaterEqual(self.clock.now - before, 2_000_000_000)

    def test_check_fails_on_another_status(self) -> None:
        self.guest.put("/bin/echo", self.program, mode=0o755)
        with self.assertRaisesRegex(AssertionError, "exit status 1: err"):
            self.guest.run(["/bin/echo"], check=True)

    def test_a_program_runs_beside_other_calls(self) -> None:
        self.guest.put("/bin/echo", self.program, mode=0o755)
        pending = self.guest.start.run(["/bin/echo", "x", "y"], b"in")
        self.clock.advance(1)
        self.assertIn("time-travel=ext", (self.guest / "proc/cmdline").read_text())
        self.assertFalse(pending.done)
        self.clock.advance(5)
        self.assertTrue(pending.done)
        done = pending.result()
        self.assertEqual((done.returncode, done.stdout), (3, "in"))

    def test_a_missing_program_is_an_error(self) -> None:
        with self.assertGuestError(errno.ENOENT):
            self.guest.run(["/bin/none"])


class HostPrograms(TestCase):
    programs = ("/usr/bin/env", "true")

    def test_a_host_program_runs_with_its_libraries(self) -> None:
        done = self.guest.run(["/usr/bin/env", "-i", "A=1"], check=True)
        self.assertEqual(done.stdout, "A=1\n")

    def test_a_name_is_looked_up_in_the_usual_directories(self) -> None:
        self.guest.put("/usr/sbin/here", "#!/usr/bin/env true\n", 0o755)
        for name in "true", "here":
            self.assertEqual(self.guest.run([name]).returncode, 0)
        with self.assertGuestError(errno.ENOENT):
            self.guest.run(["false"])

    def test_a_program_that_the_host_lacks_is_an_error(self) -> None:
        with self.assertRaisesRegex(FileNotFoundError, "no-such-program"):
            self.guest.install("no-such-program")


class RawModel(TestCase):
    """Raw chips through i2c-dev."""

    def bus(self) -> roadtest.GuestFile:
        return self.guest.path("/dev/i2c-0").open(os.O_RDWR)

    def rdwr(self, addr: int, write: bytes, read: int) -> bytes:
        """One transaction: a write message, then a read message."""
        msgs = bytearray(
            struct.pack("<HHHxxQ", addr, 0, len(write), 0)
            + struct.pack("<HHHxxQ", addr, I2C_M_RD, read, 0)
        )
        out, back = bytearray(write), bytearray(read)
        with self.bus() as bus:
            done = bus.ioctl_buffers(
                I2C_RDWR,
                [bytearray(struct.pack("<QI4x", 0, 2)), msgs, out, back],
                [(0, 0, 1), (1, 8, 2), (1, 24, 3)],
            )
        self.assertEqual(done, 2)
        return bytes(back)

    def test_an_ioctl_changes_what_can_be_changed_in_place(self) -> None:
        with self.bus() as bus:
            got = bus.ioctl(I2C_FUNCS, bytes(8))
            self.assertEqual(len(got), 8)
            self.assertNotEqual(got, bytes(8))
            self.assertEqual(self.guest.start.ioctl(bus, I2C_FUNCS, bytes(8)).result(), got)
            for make in bytearray, lambda n: array.array("Q", [0]), Funcs:
                for ioctl in bus.ioctl, self.started_ioctl, self.waited_ioctl:
                    buffer = make(8)
                    with self.subTest(f"{type(buffer)} {ioctl}"):
                        self.assertEqual(ioctl(I2C_FUNCS, buffer), 0)
                        self.assertEqual(bytes(memoryview(buffer)), got)

    def started_ioctl(self, request: int, buffer: Any) -> object:
        with self.bus() as bus:
            return self.guest.start.ioctl(bus, request, buffer).result()

    def waited_ioctl(self, request: int, buffer: Any) -> object:
        with self.bus() as bus:
            pending = self.guest.start.ioctl(bus, request, buffer)
            pending.wait()
            data = bytes(memoryview(buffer))
            result = pending.result()
        self.assertEqual(bytes(memoryview(buffer)), data)
        return result

    def test_a_started_ioctl_with_pointers_fills_its_buffers(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        msgs = bytearray(struct.pack("<HHHxxQ", 0x50, I2C_M_RD, 4, 0))
        back = bytearray(b"\xff" * 4)
        self.rdwr(0x50, b"abc", 1)
        with self.bus() as bus:
            pending = self.guest.start.ioctl_buffers(
                bus,
                I2C_RDWR,
                [bytearray(struct.pack("<QI4x", 0, 1)), msgs, back],
                [(0, 0, 1), (1, 8, 2)],
            )
            self.assertEqual(back, b"\xff" * 4)
            self.assertEqual(pending.result(), 1)
        self.assertNotEqual(back, b"\xff" * 4)

    def test_a_buffer_that_shrank_meanwhile_is_told(self) -> None:
        buffer = bytearray(8)
        with self.bus() as bus:
            pending = self.guest.start.ioctl(bus, I2C_FUNCS, buffer)
            del buffer[4:]
            with self.assertRaisesRegex(BufferError, "8 bytes.* have 4 now"):
                pending.result()

    def test_a_transaction_of_two_messages(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        self.assertEqual(self.rdwr(0x50, b"abc", 4), b"abc\0")
        self.assertEqual(chip.transactions, 1)

    def test_nobody_answers_at_a_free_address(self) -> None:
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x51)
            self.assertEqual(bus.write(b"x"), FAILED)

    def test_detached_it_answers_no_more(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            bus.write(b"x")
            self.board.detach(chip)
            self.assertEqual(bus.write(b"y"), FAILED)
        self.assertEqual(chip.data, b"x")

    def test_a_nak_fails_the_transfer_and_not_the_test(self) -> None:
        class Shy(I2CModel):
            def write(self, data: bytes) -> None:
                raise Nak() if data == b"n" else BusError(errno.EPROTO)

        self.board.attach(Shy(), 0x50)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            for data in (b"n", b"e"):
                self.assertEqual(bus.write(data), FAILED)
        status = [r.status for r in self.board.trace if r.kind == "i2c"]
        self.assertEqual(status[-2:], [-errno.ENXIO, -errno.EPROTO])

    def test_injected_errors_fail_the_right_messages(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        chip.inject(after=1, count=2)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            seen = [bus.write(data) for data in (b"1", b"2", b"3", b"4")]
        self.assertEqual(seen, [1, FAILED, FAILED, 1])
        self.assertEqual(chip.data, b"4")

    def test_an_injected_error_is_that_of_the_trace(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        start = len(self.board.trace)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            for error in errno.EIO, errno.ETIMEDOUT, errno.ENXIO:
                chip.inject(error=error)
                self.assertEqual(bus.write(b"x"), FAILED)
        records = self.board.trace.since(start)
        self.assertEqual(
            [r.status for r in records if r.kind == "i2c"],
            [-errno.EIO, -errno.ETIMEDOUT, -errno.ENXIO],
        )

    def test_numbers_that_mean_nothing_are_refused(self) -> None:
        file = (self.guest / "proc/version").open()
        chip, line = Memory(), self.board.gpio[3]
        self.board.attach(chip, 0x50)
        for text, use in (
            ("error is an errno", lambda: chip.inject(error=-errno.EIO)),
            ("error is an errno", lambda: chip.inject(error=0)),
            ("count=-1", lambda: chip.inject(count=-1)),
            ("after=-1", lambda: chip.inject(after=-1)),
            ("one of none, rising.*not 'up'", lambda: chip.connect_irq(3, "up")),
            ("-1 is negative", lambda: chip.connect_irq(-1)),
            ("go back: -1 s", lambda: chip.after(-1, print)),
            ("go back: -5e-09 s", lambda: chip.after(1, print, ns=-5)),
            ("go back: -1 s", lambda: self.clock.after(-1, print)),
            ("go back: -1e-09 s", lambda: self.clock.advance(1e-9, ns=-2)),
            ("holds 146 years", lambda: self.clock.advance(1e11)),
            ("not 2", lambda: line.set(2)),
            ("not 'low'", lambda: line.set("low")),  # type: ignore[arg-type]
            ("-1 is negative", lambda: file.read(-1)),
            ("-1 is negative", lambda: self.guest.start.read(file, -1)),
            ("-1 is negative", lambda: file.pread(1, -1)),
            ("more than 64 bits", lambda: file.pread(1, 1 << 70)),
            ("-1 is negative", lambda: self.board.attach(Memory(), -1)),
            ("32 bits", lambda: self.board.attach(Memory(), 1 << 32 | 0x51)),
            ("-1 is negative", lambda: roadtest.Machine(seed=-1)),
            ("-.* is negative", lambda: roadtest.Machine(call_limit=-1)),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                use()
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            self.assertEqual(bus.write(b"x"), 1)  # nothing was injected
        self.assertEqual(line.level, 0)

    def test_a_chip_stretches_the_clock(self) -> None:
        class Slow(I2CModel):
            def read(self, length: int) -> int:
                self.after(0.25, lambda: self.release(b"\x2a" * length))
                return HOLD

        self.board.attach(Slow(), 0x50)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            before = self.clock.now
            self.assertEqual(bus.read(2), b"\x2a\x2a")
        self.assertGreaterEqual(self.clock.now - before, 250_000_000)

    def test_a_release_has_all_bytes_of_the_read(self) -> None:
        class Held(I2CModel):
            def read(self, length: int) -> int:
                return HOLD

        chip = Held()
        self.board.attach(chip, 0x50)
        with self.bus() as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            reading = self.guest.start.read(bus, 2)
            self.clock.advance(0.01)
            for data in b"", b"x", b"xyz":
                with self.assertRaisesRegex(
                    UsageError, f"Held releases {len(data)} bytes; .* reads 2"
                ):
                    chip.release(data)
            with self.assertRaisesRegex(ValueError, "an errno"):
                chip.release(error=-errno.EIO)
            chip.release(b"xy")
            self.assertEqual(reading.result(), b"xy")

    def test_what_a_hook_must_not_return_is_named(self) -> None:
        for value in True, False, 0, 7, "ab", [1, 2], None:
            with self.subTest(value):
                chip = type("Odd", (I2CModel,), {})
                setattr(chip, "read", lambda self, length: value)
                setattr(chip, "write", lambda self, data: value)
                model = chip()
                self.board.attach(model, 0x50)
                with self.bus() as bus:
                    bus.ioctl(I2C_SLAVE, 0x50)
                    if value is not None:
                        with self.assertRaisesRegex(
                            TypeError, "the write hook of Odd returned .* None or"
                        ):
                            bus.write(b"ab")
                    with self.assertRaisesRegex(
                        TypeError, "the read hook of Odd returned "
                    ):
                        bus.read(2)
                self.board.detach(model)

    def test_power_on_runs_when_it_is_put_on_the_bus(self) -> None:
        class Booting(I2CModel):
            ready = False

            def power_on(self) -> None:
                self.after(0.02, self.started)

            def started(self) -> None:
                self.ready = True

        chip = Booting()
        self.board.attach(chip, 0x50)
        self.clock.advance(0.0199)
        self.assertFalse(chip.ready)
        self.clock.advance(0.0002)
        self.assertTrue(chip.ready)

    def test_an_address_is_taken_once(self) -> None:
        self.board.attach(Memory(), 0x50)
        with self.assertRaisesRegex(roadtest.UsageError, "0x50|50"):
            self.board.attach(Memory(), 0x50)

    def test_a_model_without_an_address_answers_where_no_other_does(
        self,
    ) -> None:
        own, everywhere = Memory(), Memory()
        self.board.attach(everywhere, None)
        self.board.attach(own, 0x50)
        with self.bus() as bus:
            for addr in (0x08, 0x50, 0x77):
                bus.ioctl(I2C_SLAVE, addr)
                bus.write(bytes([addr]))
                self.assertEqual(bus.read(1), bytes([addr]))
            self.assertEqual((own.data, everywhere.data), (b"\x50", b"\x77"))
            self.assertEqual((own.addr, everywhere.addr), (0x50, 0x77))
            with self.assertRaisesRegex(roadtest.UsageError, "every address"):
                self.board.attach(Memory(), None)
            self.board.detach(everywhere)
            self.assertEqual(bus.read(1), b"")  # i2c-dev: no byte came

    def test_a_model_stands_at_one_address(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        with self.assertRaisesRegex(roadtest.UsageError, "attached already"):
            self.board.attach(chip, 0x52)


class Hooks(TestCase):
    """Register hooks through i2c-dev."""

    def transfer(self, write: bytes, read: int = 0) -> bytes:
        with self.guest.path("/dev/i2c-0").open(os.O_RDWR) as bus:
            bus.ioctl(I2C_SLAVE, 0x50)
            bus.write(write)
            return bus.read(read) if read else b""

    def test_each_hook_is_called_at_its_time(self) -> None:
        calls: list[tuple[str, int, int]] = []

        class Chip(RegisterModel):
            A = Register(0x00, rc=0x0F, reset=0xFF)
            B = Register(0x01, w1c=0xF0, reset=0xFF)

            @A.before_read
            def before(self, value: RegisterValue) -> None:
                calls.append(("before", value, self.A.value))
                self.A.value = 0x5A

            @A.on_read
            def after_it(self, value: RegisterValue) -> None:
                calls.append(("read", value, self.A.value))

            @B.on_write
            def written(self, value: RegisterValue) -> None:
                calls.append(("write", value, value.old))
                self.B.value = 0x11

        chip = Chip()
        self.board.attach(chip, 0x50)
        self.assertEqual(self.transfer(b"\x00", 1), b"\x5a")
        self.transfer(b"\x01\x30")
        self.assertEqual(
            calls,
            [("before", 0xFF, 0xFF), ("read", 0x50, 0x50), ("write", 0xC0, 0xFF)],
        )
        self.assertEqual(chip.B.value, 0x11)

    def test_an_overridden_method_stays_a_hook(self) -> None:
        class Base(RegisterModel):
            A = Register(0x00)
            seen = 0

            @A.on_write
            def wrote(self, value: RegisterValue) -> None:
                raise AssertionError("the base's")

        class Derived(Base):
            def wrote(self, value: RegisterValue) -> None:
                self.seen = value

        chip = Derived()
        self.board.attach(chip, 0x50)
        self.transfer(b"\x00\x07")
        self.assertEqual(chip.seen, 7)

    def test_a_method_that_is_decorated_again_runs_once(self) -> None:
        class Base(RegisterModel):
            A = Register(0x00)
            seen = 0

            @A.on_write
            def wrote(self, value: RegisterValue) -> None:
                raise AssertionError("the base's")

        class Derived(Base):
            @Base.A.on_write
            def wrote(self, value: RegisterValue) -> None:
                self.seen += 1

        chip = Derived()
        self.board.attach(chip, 0x50)
        self.transfer(b"\x00\x07")
        self.assertEqual(chip.seen, 1)

    def test_two_hooks_of_one_name_both_run(self) -> None:
        class Twice(RegisterModel):
            A = Register(0x00)
            B = Register(0x01)

            def __init__(self) -> None:
                self.seen: list[object] = []

            @A.on_write
            def changed(self, value: RegisterValue) -> None:
                self.seen.append(("A", int(value)))

            @B.on_write
            def changed(self, value: RegisterValue) -> None:  # type: ignore[no-redef] # noqa: F811
                self.seen.append(("B", int(value)))

            @B.on_write
            def changed(self, value: RegisterValue) -> None:  # type: ignore[no-redef] # noqa: F811
                self.seen.append("B again")

        class Derived(Twice):
            pass

        for chip in Twice(), Derived():
            self.board.attach(chip, 0x50)
            self.transfer(b"\x00\x05")
            self.transfer(b"\x01\x06")
            self.assertEqual(chip.seen, [("A", 5), ("B", 6), "B again"])
            self.board.detach(chip)

    def test_hooks_that_a_loop_makes_all_run(self) -> None:
        class Looped(RegisterModel):
            for _i in range(3):
                vars()[f"R{_i}"] = Register(_i)

                def hook(self, value: RegisterValue, i: int = _i) -> None:
                    getattr(self, f"R{i}").value = 0x10 + i

                vars()[f"R{_i}"].before_read(hook)
            del hook
            LAST = Register(3)
            LAST.before_read(lambda self, value: setattr(self.LAST, "value", 9))

        self.board.attach(Looped(), 0x50)
        self.assertEqual(
            [self.transfer(bytes([i]), 1)[0] for i in range(4)],
            [0x10, 0x11, 0x12, 9],
        )

    def test_a_hook_under_another_decorator_is_what_that_made(self) -> None:
        def twice(fn: Any) -> Any:
            @functools.wraps(fn)
            def wrapper(self: Any, value: RegisterValue) -> None:
                fn(self, value)
                fn(self, value)

            return wrapper

        class Chip(RegisterModel):
            A = Register(0x00)
            seen = 0

            @twice
            @A.on_write
            def wrote(self, value: RegisterValue) -> None:
                self.seen += 1

        chip = Chip()
        self.board.attach(chip, 0x50)
        self.transfer(b"\x00\x01")
        self.assertEqual(chip.seen, 2)

    def test_auto_increment_is_a_register_bit(self) -> None:
        class Chip(RegisterModel):
            MODE = Register(0x00, fields={"AI": 5})
            DATA = Register(0x01)
            MORE = Register(0x02)

            @MODE.on_write
            def mode(self, value: RegisterValue) -> None:
                self.auto_increment = bool(value.AI)

        chip = Chip()
        self.board.attach(chip, 0x50)
        self.transfer(b"\x00\x20")
        self.assertTrue(chip.auto_increment)
        self.transfer(b"\x01\xaa\xbb")
        self.assertEqual((chip.DATA.value, chip.MORE.value), (0xAA, 0xBB))
        self.assertEqual(self.transfer(b"\x01", 2), b"\xaa\xbb")
        self.transfer(b"\x00\x00")
        self.assertEqual(self.transfer(b"\x01", 2), b"\xaa\xaa")
        chip.auto_increment = True
        chip.reset()
        self.assertFalse(chip.auto_increment)
        chip.DATA.value = 1
        self.assertEqual(self.transfer(b"\x01", 2), b"\x01\x01")

    def test_a_register_selects_the_page(self) -> None:
        class Chip(RegisterModel):
            PAGE = Register(0x00)
            BELOW = Register(0x01, page=0, reset=0x10)
            ABOVE = Register(0x01, page=1, reset=0x11)

            @PAGE.on_write
            def turn(self, value: RegisterValue) -> None:
                self.page = int(value)

        chip = Chip()
        self.board.attach(chip, 0x50)
        self.assertEqual(self.transfer(b"\x01", 1), b"\x10")
        self.transfer(b"\x00\x01")
        self.assertEqual(self.transfer(b"\x01", 1), b"\x11")
        self.transfer(b"\x01\x77")
        self.assertEqual((chip.BELOW.value, chip.ABOVE.value), (0x10, 0x77))
        self.assertEqual(chip.writes(chip.ABOVE).values, [0x77])
        self.assertEqual(chip.writes(chip.BELOW).values, [])
        self.assertIn("ABOVE", str(chip.traffic()))
        with self.assertRaisesRegex(ValueError, "0 to 254, not 255"):
            chip.page = 255
        chip.reset()
        self.assertEqual((self.transfer(b"\x01", 1), chip.page), (b"\x10", 0))
        self.board.detach(chip)

        class Other(Chip):
            page = 1

        self.board.attach(Other(), 0x50)
        self.assertEqual(self.transfer(b"\x01", 1), b"\x11")

    def test_byte_order_is_a_register_bit(self) -> None:
        class Chip(RegisterModel):
            value_bytes = 2
            MODE = Register(0x00, width=1)
            DATA = Register(0x01, reset=0x1234)

            @MODE.on_write
            def mode(self, value: RegisterValue) -> None:
                self.byteorder = "little" if value else "big"

        chip = Chip()
        self.board.attach(chip, 0x50)
        self.assertEqual(self.transfer(b"\x01", 2), b"\x12\x34")
        self.transfer(b"\x00\x01")
        self.assertEqual(self.transfer(b"\x01", 2), b"\x34\x12")
        self.transfer(b"\x01\x78\x56")
        self.assertEqual(chip.DATA.value, 0x5678)
        with self.assertRaisesRegex(ValueError, '"big" or "little": .middle'):
            chip.byteorder = "middle"
        chip.reset()
        self.assertEqual(self.transfer(b"\x01", 2), b"\x12\x34")

    def test_an_option_of_the_class_holds_for_chips_made_later(self) -> None:
        class Chip(RegisterModel):
            A = Register(0x10, reset=0x12)
            B = Register(0x11, reset=0x56)

        Chip.auto_increment = True
        self.board.attach(Chip(), 0x50)
        self.assertEqual(self.transfer(b"\x10", 2), b"\x12\x56")

    def test_little_endian_and_auto_increment(self) -> None:
        class Chip(RegisterModel):
            value_bytes, byteorder, auto_increment = 2, "little", True
            A = Register(0x10, reset=0x1234)
            B = Register(0x11, reset=0x5678)

        self.board.attach(Chip(), 0x50)
        self.assertEqual(self.transfer(b"\x10", 4), b"\x34\x12\x78\x56")

    def test_accesses_are_in_the_trace(self) -> None:
        chip = Lm75()
        self.board.attach(chip, 0x50)
        self.transfer(b"\x02\x12\x34")
        self.transfer(b"\x02\x56\x78")
        self.transfer(b"\x02", 2)
        writes = chip.writes(chip.HYST)
        self.assertEqual(writes.values, [0x1234, 0x5678])
        self.assertEqual(chip.reads(Lm75.HYST).values, [0x5678])
        self.assertLess(writes[0].time, writes[1].time)
        self.assertNotEqual(writes[0].transaction, writes[1].transaction)
        self.assertEqual(chip.writes(Lm75.OS).values, [])
        self.assertEqual(chip.writes("HYST").values, [0x1234, 0x5678])
        self.assertEqual(chip.reads("HYST").values, [0x5678])
        wrong: Any
        for wrong in ("HIST", 2):
            with self.assertRaisesRegex(
                ValueError, f"no register {wrong!r} .but: TEMP, CONF, HYST, OS"
            ):
                chip.writes(wrong)


class Arguments(TestCase):
    """Wrong ones are named, and change nothing."""

    def test_time_goes_on(self) -> None:
        chip = Memory()
        self.board.attach(chip, 0x50)
        now = self.clock.now
        uses: list[Callable[[Any], object]] = [
            self.clock.advance,
            lambda seconds: self.clock.after(seconds, print),
            lambda seconds: chip.after(seconds, print),
        ]
        for use in uses:
            with self.assertRaisesRegex(ValueError, "does not go back: -0.5 s"):
                use(-0.5)
            with self.assertRaisesRegex(TypeError, "a number, not '1'"):
                use("1")
        with self.assertRaisesRegex(ValueError, "does not go back"):
            self.clock.advance(1, ns=-1000000001)
        self.assertEqual(self.clock.now, now)

    def test_messages_are_counted_from_0(self) -> None:
        chip = Memory()
        for after, count in (0, -1), (-1, 1):
            with self.assertRaisesRegex(ValueError, "not negative; count=None"):
                chip.inject(after=after, count=count)

    def test_an_errno_is_a_number(self) -> None:
        name: Any = "EIO"
        with self.assertRaisesRegex(TypeError, "errno.EIO, not 'EIO'"):
            self.assertGuestError(name)


class Clock(TestCase):
    def test_advance_moves_virtual_time_exactly(self) -> None:
        before = self.clock.now
        self.clock.advance(1.5)
        self.assertEqual(self.clock.now - before, 1_500_000_000)
        self.clock.advance(ns=7)
        self.assertEqual(self.clock.now - before, 1_500_000_007)

    def test_timers_run_in_order_and_can_be_cancelled(self) -> None:
        ran: list[tuple[str, int]] = []
        start = self.clock.now

        def note(name: str) -> Callable[[], None]:
            return lambda: ran.append((name, self.clock.now - start))

        for name, delay in (("c", 0.3), ("a", 0.1), ("b", 0.1), ("x", 0.2)):
            timer = self.clock.after(delay, note(name))
        self.assertEqual(timer.due, start + 200_000_000)
        timer.cancel()
        self.assertFalse(timer.pending)
        self.clock.advance(1)
        self.assertEqual(
            ran, [("a", 100_000_000), ("b", 100_000_000), ("c", 300_000_000)]
        )

    def test_a_timer_may_set_the_next(self) -> None:
        times: list[int] = []

        def tick() -> None:
            times.append(self.clock.now)
            if len(times) < 3:
                self.clock.after(0.1, tick)

        self.clock.after(0.1, tick)
        self.clock.advance(1)
        self.assertEqual(times[2] - times[0], 200_000_000)


class Started(TestCase):
    def test_a_call_goes_on_while_the_test_acts(self) -> None:
        self.guest.put("/tmp/f", "text")
        pending = self.guest.start.read_text("/tmp/f")
        self.assertFalse(pending.done)
        self.clock.settle()
        self.assertTrue(pending.done)
        self.assertEqual(pending.result(), "text")

    def test_its_error_comes_with_the_result(self) -> None:
        pending = self.guest.start.read_text("/nowhere")
        with self.assertGuestError(errno.ENOENT):
            pending.result()

    def test_a_signal_ends_a_blocking_read(self) -> None:
        with self.guest.path("/dev/kmsg").open() as log:
            while log.poll(timeout=0.0):
                log.read(8192)
            pending = self.guest.start.read(log, 8192)
            self.clock.advance(10)
            self.assertFalse(pending.done)
            pending.signal()
            with self.assertGuestError(errno.EINTR):
                pending.result()

class Held(I2CModel):
    """Reads are held; what is written is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.got.append(data)
        if data == b"\xff":
            self.fail("no such register")

    def read(self, length: int) -> Any:
        return HOLD


class CutShort(TestCase):
    """Transfers whose task leaves them before the end."""

    programs = ["busybox"]

    def read(self, chip: Held) -> Any:
        """A read that the chip holds, and its file."""
        self.board.attach(chip, 0x50)
        bus = (self.guest / "dev/i2c-0").open("rw")
        bus.ioctl(0x0703, 0x50)  # I2C_SLAVE
        reading = self.guest.start.read(bus, 16)
        self.clock.advance(0.01)
        return bus, reading

    def test_nothing_is_written_into_a_buffer_that_was_given_back(self) -> None:
        chip = Held()
        bus, reading = self.read(chip)
        reading.signal()
        self.assertEqual(reading.result(), b"")  # i2c_transfer() gave 0
        writing = self.guest.start.write(bus, b"A" * 16)
        self.clock.advance(0.001)
        chip.release(b"\xee" * 16)  # what the chip answers to the first
        writing.wait()
        self.assertEqual([d.hex() for d in chip.got], [(b"A" * 16).hex()])

    def test_a_signal_that_roadtest_did_not_send_is_no_harm(self) -> None:
        chip = Held()
        bus, reading = self.read(chip)
        script = (
            "for p in /proc/[0-9]*; do busybox grep -q virtio_i2c_xfer "
            "$p/stack && kill -USR1 ${p#/proc/}; done"
        )
        self.guest.run(["busybox", "sh", "-c", script])
        self.assertEqual(reading.result(), b"")
        bus.write(b"B" * 16)
        self.assertEqual(chip.got, [b"B" * 16])
        self.assertRegex(
            self.board.trace.text(), "a signal within the guest cut a transfer"
        )

    def test_the_trace_says_what_was_cut_and_by_whom(self) -> None:
        _, reading = self.read(Held())
        reading.signal()
        self.assertRegex(
            self.board.trace.text(),
            r'signal 10 to "read /dev/i2c-0 .*" cut a transfer short at 0\.'
            r"\d+ s: "
            "the read of 16 bytes from 0x50",
        )

    def test_a_failure_of_a_model_after_it_says_so(self) -> None:
        bus, reading = self.read(Held())
        reading.signal()
        with self.assertRaises(ModelError) as caught:
            bus.write(b"\xff")
        self.assertRegex(
            "".join(caught.exception.__notes__), "cut a transfer short"
        )

    def test_so_many_that_the_adapter_is_full_end_the_machine(self) -> None:
        class Inner(TestCase):
            def test(self) -> None:
                bus, reading = CutShort.read(self, Held())  # type: ignore
                for _ in range(100):
                    reading.signal()
                    reading.wait()
                    reading = self.guest.start.read(bus, 16)
                    self.clock.advance(0.001)

        self.assertIn("have cut so many transfers", run(Inner).texts()["test"])

    def test_a_call_that_is_left_open_is_not_cut(self) -> None:
        texts: list[str] = []

        class Inner(TestCase):
            def test_a(self) -> None:
                CutShort.read(self, Held())  # type: ignore[arg-type]

            def test_b(self) -> None:
                chip = Held()
                self.board.attach(chip, 0x50)
                with (self.guest / "dev/i2c-0").open("rw") as bus:
                    bus.ioctl(0x0703, 0x50)
                    bus.write(b"A" * 16)
                texts.append(self.board.trace.text())

        self.assertEqual(run(Inner).texts(), {})
        self.assertIn("ETIMEDOUT", texts[0])  # the chip's hold was given up
        self.assertNotIn("cut a transfer", texts[0])


class Gpio(TestCase):
    """Lines through the guest's GPIO character device."""

    def request(self, line: int, flags: int) -> roadtest.GuestFile:
        """GPIO_V2_GET_LINE_IOCTL for one line (linux/gpio.h)."""
        arg = bytearray(592)
        struct.pack_into("<I", arg, 0, line)
        arg[256:260] = b"test"
        struct.pack_into("<Q", arg, 288, flags)
        struct.pack_into("<I", arg, 560, 1)
        with self.guest.path("/dev/gpiochip0").open(os.O_RDWR) as chip:
            chip.ioctl(0xC250B407, arg)
        (fd,) = struct.unpack_from("<i", arg, 588)
        return roadtest.GuestFile(self.machine, fd, f"line {line}")

    def value(self, file: roadtest.GuestFile) -> int:
        """GPIO_V2_LINE_GET_VALUES_IOCTL."""
        data: bytes = file.ioctl(0xC010B40E, struct.pack("<QQ", 0, 1))
        return data[0]

    def test_the_guest_sees_a_level_that_the_test_sets(self) -> None:
        with self.request(5, 1 << 2) as line:  # INPUT
            self.assertEqual(self.board.gpio[5].direction, "in")
            self.board.gpio[5].set(1)
            self.assertEqual(self.value(line), 1)
            self.board.gpio[5].set(0)
            self.assertEqual(self.value(line), 0)

    def test_the_test_sees_what_the_guest_drives(self) -> None:
        seen: list[tuple[str | None, int]] = []
        self.board.gpio[6].watch(lambda d, level: seen.append((d, level)))
        with self.request(6, 1 << 3) as line:  # OUTPUT
            self.assertEqual(self.board.gpio[6].direction, "out")
            # GPIO_V2_LINE_SET_VALUES_IOCTL
            line.ioctl(0xC010B40F, struct.pack("<QQ", 1, 1))
            self.assertEqual(self.board.gpio[6].level, 1)
            with self.assertRaises(roadtest.UsageError):
                self.board.gpio[6].set(0)
        self.assertIn(("out", 1), seen)

    def test_there_are_128_lines(self) -> None:
        with self.assertRaisesRegex(IndexError, "0 to 127"):
            self.board.gpio[128]
        self.assertEqual(len(list(self.board.gpio)), 128)

    def test_the_line_of_a_device_without_an_interrupt_is_none(self) -> None:
        with self.assertRaisesRegex(UsageError, r"gpio\[None\].*with_irq"):
            self.board.gpio[None]  # type: ignore[index]
        with self.assertRaisesRegex(TypeError, "a number, not '3'"):
            self.board.gpio["3"]  # type: ignore[index]

    def test_the_descriptor_of_an_ioctl_becomes_a_file(self) -> None:
        request = bytearray(592)  # struct gpio_v2_line_request
        struct.pack_into("<I", request, 0, 6)  # offsets[0]
        struct.pack_into("<Q", request, 288, GPIO_V2_LINE_FLAG_OUTPUT)
        struct.pack_into("<I", request, 560, 1)  # num_lines
        with (self.guest / "dev/gpiochip0").open() as chip:
            chip.ioctl(GPIO_V2_GET_LINE, request)
        (fd,) = struct.unpack_from("<i", request, 588)
        with self.guest.file(fd, "line 6") as line:
            line.ioctl(GPIO_V2_LINE_SET_VALUES, struct.pack("<QQ", 1, 1))
            self.assertEqual(self.board.gpio[6].level, 1)
            with self.assertGuestError(errno.EINVAL) as caught:
                line.read(1)
            self.assertEqual(caught.exception.filename, "line 6")
            self.assertIn(f"read line 6 (fd {fd})", str(caught.exception))
        self.assertEqual(line.fd, -1)
        self.assertNotEqual(self.board.gpio[6].direction, "out")

    def test_what_is_no_descriptor_becomes_no_file(self) -> None:
        with self.assertRaisesRegex(ValueError, "-1 is no descriptor .* line 6"):
            self.guest.file(-1, "line 6")
        with self.assertRaisesRegex(TypeError, "a number, not b'"):
            self.guest.file(b"\1\0\0\0", "line 6")  # type: ignore[arg-type]


class OwnChip(TestCase):
    """A class without a Device has its chip from setUp()."""

    dts = DtFragment("&i2c { memory@50 { reg = <0x50>; }; };")

    def setUp(self) -> None:
        self.chip = Memory()
        self.board.attach(self.chip, 0x50)

    def test_it_is_the_one_that_was_set(self) -> None:
        self.assertEqual(self.chip.addr, 0x50)


class DeclaredChip(TestCase):
    device = Device("national,lm75", model=Lm75, bind=False)

    def test_it_is_the_devices(self) -> None:
        with self.assertRaisesRegex(UsageError, "the model of the class's Device"):
            self.chip = Lm75()
        self.assertIs(self.chip, self.dev.chip)


class Fragment(TestCase):
    dts = DtFragment(
        src="""
&i2c {
    sensor@$addr$ {
        compatible = "national,lm75";
        reg = <0x$addr$>;
    };
};""",
        variables={"addr": DtVar.I2C_ADDR},
    )

    def test_rfc_style(self) -> None:
        chip = Lm75()
        self.board.attach(chip, self.dts["addr"])
        roadtest.insmod("lm75")
        with I2CDriver("lm75").bind(self.dts["addr"]) as dev:
            self.assertEqual(dev.id, f"0-{self.dts['addr']:04x}")
            (hwmon,) = dev.path.glob("hwmon/hwmon*")
            self.assertEqual(roadtest.read_int(hwmon / "temp1_input"), 25000)
        self.assertFalse((dev.path / "driver").exists())
        roadtest.rmmod("lm75")

    def test_a_platform_driver_binds_and_unbinds(self) -> None:
        supply = self.guest / "sys/bus/platform/devices/regulator-vio"
        self.assertTrue((supply / "driver").exists())  # since boot
        fixed = self.guest / "sys/bus/platform/drivers/reg-fixed-voltage"
        (fixed / "unbind").write_text("regulator-vio")
        with PlatformDriver("reg-fixed-voltage").bind("regulator-vio") as dev:
            self.assertEqual((dev.id, dev.path), ("regulator-vio", supply))
            self.assertTrue((supply / "driver").exists())
        self.assertFalse((supply / "driver").exists())
        (fixed / "bind").write_text("regulator-vio")

    def test_a_binding_that_the_test_ended_is_no_error(self) -> None:
        roadtest.insmod("lm75")
        self.board.attach(Lm75(), self.dts["addr"])
        with I2CDriver("lm75").bind(self.dts["addr"]) as dev:
            (dev.path / "driver/unbind").write_text(dev.id)
        with I2CDriver("lm75").bind(self.dts["addr"]):
            roadtest.rmmod("lm75")

    def test_a_missing_module_is_an_error(self) -> None:
        with self.assertRaisesRegex(roadtest.NoDriverError, "no_such_module"):
            roadtest.insmod("no_such_module")

    def test_a_missing_driver_or_device_is_named(self) -> None:
        driver = I2CDriver("lm75")
        missing = roadtest.NoDriverError
        with self.assertRaisesRegex(missing, "no driver lm75 .*insmod"):
            with driver.bind(self.dts["addr"]):
                pass
        roadtest.insmod("lm75")
        with self.assertRaisesRegex(
            roadtest.NoDeviceError, "no device /sys/.*0-0077: .*a node"
        ):
            with driver.bind(0x77):
                pass
        with self.assertRaisesRegex(missing, "no driver lm57 on the bus i2c"):
            i2c_device(self.dts["addr"]).bind("lm57")

    def test_a_probe_error_has_its_errno(self) -> None:
        roadtest.insmod("lm75")
        with self.assertGuestError(errno.EIO, errno.ENXIO, errno.ENODEV):
            with I2CDriver("lm75").bind(self.dts["addr"]):
                pass


class WrongFragment(TestCase):
    """dtc's complaint names the line of this file."""

    bad = '''
&i2c {
    sensor@44 {
        compatible = "a,b"    // no semicolon
        reg = <0x44>;
    };
};'''

    def test_errors_in_the_properties_of_a_device_name_it(self) -> None:
        machine = roadtest.Machine()
        self.addCleanup(machine.close)
        wrong = "child { reg = <1> };"
        machine.add_device("none,such", 0, wrong, 0, None)
        with self.assertRaises(roadtest.DevicetreeError) as caught:
            machine.boot()
        self.assertIn(
            'Error: node of the device "none,such":4.19-20 syntax error\n'
            "    child { reg = <1> };",
            str(caught.exception),
        )

    def test_an_error_points_into_this_file(self) -> None:
        machine = roadtest.Machine()
        self.addCleanup(machine.close)
        with open(__file__, encoding="utf-8") as f:
            lines = f.read().split("\n")
        wrong = 1 + next(
            i for i, text in enumerate(lines) if "// no semicolon" in text
        )
        with self.assertRaises(roadtest.DevicetreeError) as caught:
            DtFragment(self.bad).add_to(machine)
            machine.boot()
        # dtc sees the error at the next token
        self.assertRegex(
            str(caught.exception),
            rf"test_guest_calls\.py:({wrong}|{wrong + 1})\b",
        )


class TwoDevices(TestCase):
    first = Device("national,lm75", model=Lm75)
    second = Device("national,lm75", model=Lm75, addr=0x4A)

    def temperature(self, device: roadtest.GuestPath) -> int:
        (hwmon,) = device.glob("hwmon/hwmon*")
        return roadtest.read_int(hwmon / "temp1_input")

    def test_each_has_its_own_model(self) -> None:
        self.assertEqual(self.second.addr, 0x4A)
        self.first.chip.TEMP.value = 0x0A00
        self.second.chip.TEMP.value = 0x0B00
        self.assertEqual(self.temperature(self.first), 10000)
        self.assertEqual(self.temperature(self.second), 11000)

    def test_models_are_new_for_each_test(self) -> None:
        self.assertEqual(self.first.chip.TEMP.value, 0x1900)

    def test_dev_is_ambiguous(self) -> None:
        with self.assertRaisesRegex(roadtest.UsageError, "first, second"):
            self.dev

    def test_unbind_and_bind_again(self) -> None:
        self.first.unbind()
        with self.assertRaises(roadtest.NoDriverError):
            self.first.unbind()
        self.first.bind()
        self.assertEqual(self.temperature(self.first), 25000)


SHARED = Device("national,lm75", model=Lm75)


class OneShared(TestCase):
    device = SHARED

    def test_it_keeps_its_name_here(self) -> None:
        self.assertIs(self.device, self.dev)
        self.assertEqual(self.device.hwmon["temp1_input"], "25000")


class TwoShared(TestCase):
    first = SHARED
    second = SHARED

    def test_each_is_a_device_of_its_own(self) -> None:
        self.assertNotEqual(self.first.addr, self.second.addr)
        self.second.chip.TEMP.value = 0
        self.assertEqual(self.first.hwmon["temp1_input"], "25000")
        self.assertEqual(self.second.hwmon["temp1_input"], "0")


class ByHand(TestCase):
    bind = False
    device = Device("national,lm75", model=Lm75)

    def test_a_failed_probe_gives_its_errno_and_the_next_one_works(self) -> None:
        self.chip.inject()
        with self.assertGuestError(errno.EIO, errno.ENXIO, errno.ENODEV):
            self.dev.bind()
        self.dev.bind()
        self.assertTrue((self.dev / "driver").exists())


class Keep(TestCase):
    def test_a_directory_that_is_kept_outlives_the_next_machine(self) -> None:
        with roadtest.Machine(keep=True) as machine:
            kept = machine.dir
        assert kept is not None
        self.addCleanup(shutil.rmtree, kept)
        with roadtest.Machine():
            self.assertTrue(os.path.exists(os.path.join(kept, "board.dtb")))


class Threads(TestCase):
    def test_a_second_thread_is_refused(self) -> None:
        machine, chip = self.machine, Memory()
        self.board.attach(chip, 0x50)
        uses: list[Callable[[], object]] = [
            lambda: machine.advance(0),
            lambda: machine.now,
            lambda: machine.line_set(1, 1),
            lambda: machine.detach(chip),
            lambda: machine.close(),
            lambda: chip.irq.assert_(),
            lambda: chip.after(1, print),
            lambda: self.guest.start.read_text("/proc/version"),
        ]
        errors: list[str] = []

        def use() -> None:
            for fn in uses:
                try:
                    fn()
                except roadtest.UsageError as error:
                    errors.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        self.assertEqual(len(errors), len(uses))
        self.assertEqual({"thread" in text for text in errors}, {True})
