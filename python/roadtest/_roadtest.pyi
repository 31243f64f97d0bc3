# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types of the extension: roadtest.h and roadtest/model.h as they are.

Times are virtual nanoseconds. Functions that run the guest raise
roadtest.errors; see the C headers for what each of them does.
"""

from collections.abc import Callable, Sequence
from typing import Any

_list = list

EGONE: int
ELIMIT: int
EMODEL: int
EORACLE: int
EPROTO: int
EUSAGE: int
EHOST: int
EDEVICETREE: int
ENOMEM: int
EINTR: int
ENODRIVER: int
ENODEVICE: int
ESIZE: int
ESHORT: int
NO_FREE_UNTIL: int
AUTOPROBE: int
NO_PIN: int
DEBUG: int
KEEP: int
VAR_I2C_ADDR: int
VAR_GPIO_PIN: int
IRQ_NONE: int
IRQ_EDGE_RISING: int
IRQ_EDGE_FALLING: int
IRQ_EDGE_BOTH: int
IRQ_LEVEL_HIGH: int
IRQ_LEVEL_LOW: int
RW: int
RO: int
WO: int
DIR_NONE: int
DIR_OUT: int
DIR_IN: int
I2C_HOLD: int
I2C_EVERY_ADDR: int
NUM_LINES: int
REC_I2C: int
REC_REG: int
REC_LINE: int
REC_DIRECTION: int
REC_IRQ_TYPE: int
REC_IRQ: int
REC_TIMER: int
REC_NOTE: int
STEP_BEGIN: int
STEP_END: int
STEP_FAILED: int
STEP_TEST: int
REC_F_READ: int
REC_F_GUEST: int

RawRecord = tuple[
    int, int, int, int, int, int, int, int, bytes, str | None, int
]
"""time, type, flags, addr, transaction, reg, value, status, data, name,
start."""

def strerror(error: int) -> str:
    """Name of an errno or of an enum road_errno, such as "ETIMEDOUT"."""

def die_with_parent() -> None:
    """SIGKILL when the process that started this one ends."""

class BusError(Exception):
    """A model's deliberate bus error; it has ``errno``."""

class Timer:
    """Calls a function at a virtual time."""

    @property
    def pending(self) -> bool:
        """Is it set?"""
    @property
    def due(self) -> int | None:
        """When it runs, None if it is not set."""
    def cancel(self) -> None:
        """Don't; does nothing if it is not set."""

class LineWatch:
    """Calls a function when the guest changes a line."""

    @property
    def closed(self) -> bool:
        """Was it stopped?"""
    def close(self) -> None:
        """Stop that."""

class Call:
    """A guest call that was started."""

    @property
    def done(self) -> bool:
        """road_call_done()."""
    def wait(self) -> None:
        """road_call_wait()."""
    def signal(self, signo: int) -> None:
        """road_call_signal()."""
    def end(self) -> None:
        """road_call_end()."""
    def result(self) -> int:
        """road_call_result(); the guest's errno as GuestError."""
    def data(self) -> bytes:
        """road_call_data()."""
    def fill(self, bufs: Sequence[bytearray]) -> None:
        """Its data, into the buffers of an ioctl that was started."""

class Node:
    """struct road_device."""

    @property
    def addr(self) -> int:
        """road_device_addr()."""
    @property
    def pin(self) -> int | None:
        """road_device_pin()."""
    @property
    def path(self) -> str:
        """road_device_path()."""
    @property
    def warning(self) -> str | None:
        """road_device_warning()."""
    def bind(self) -> None:
        """road_device_bind()."""
    def unbind(self) -> None:
        """road_device_unbind()."""

class Chip:
    """struct road_i2c_chip; the base of RawChip and RegisterChip."""

    name: str
    @property
    def machine(self) -> Any:
        """The Machine that it is attached to; UsageError if none."""
    @property
    def attached(self) -> bool:
        """Is it on a bus?"""
    @property
    def addr(self) -> int:
        """Its I2C address while it is attached."""
    @property
    def irq_line(self) -> int | None:
        """Line that its interrupt is wired to."""
    @property
    def irq_active(self) -> bool:
        """Does it drive the active level?"""
    @property
    def messages(self) -> int:
        """Messages that it has seen, failed ones included."""
    def _irq_assert(self) -> None: ...
    def _irq_deassert(self) -> None: ...
    def _connect_irq(self, line: int, type: int) -> None: ...
    @property
    def _pending(self) -> bool: ...
    def _inject(self, after: int, count: int, error: int) -> None: ...
    def _release(self, status: int, data: bytes | None) -> None: ...

class RawChip(Chip):
    """A chip whose class answers the messages on the bus."""

class Layout:
    """The table of registers that all chips of a class share."""

    def __new__(
        cls,
        registers: tuple[object, ...],
        value_type: Callable[..., object],
        width: int,
        addr_width: int,
        little_endian: bool,
        auto_increment: bool,
        addr_mask: int,
        increment_mask: int,
        has_command: bool,
    ) -> Layout: ...

class RegisterChip(Chip):
    """struct road_regmap; the class has its Layout as _layout."""

    def _get(self, addr: int) -> int: ...
    def _set(self, addr: int, value: int) -> None: ...
    def _reset(self) -> None: ...
    def _set_auto_increment(self, on: bool, /) -> None: ...
    def _set_page(self, page: int, /) -> None: ...
    def _set_little_endian(self, on: bool, /) -> None: ...

class Machine:
    """struct road_machine."""

    def __new__(
        cls,
        *,
        kernel: str | None = None,
        seed: int = 0,
        mem_mib: int = 0,
        flags: int = 0,
        call_limit_ns: int = 0,
        wall_limit_ms: int = 0,
        kernel_args: str | None = None,
        message_limit: int = 0,
    ) -> Any: ...
    @property
    def now(self) -> int:
        """road_now()."""
    @property
    def is_off(self) -> bool:
        """road_machine_is_off()."""
    @property
    def is_up(self) -> bool:
        """Booted, not ended, not closed."""
    @property
    def closed(self) -> bool:
        """Has close() been called?"""
    @property
    def told(self) -> bool:
        """Has its end been raised from a call?"""
    @property
    def end_expected(self) -> bool:
        """road_end_expected()."""
    @property
    def running(self) -> bool:
        """Does the guest run, so that this is a callback?"""
    @property
    def error(self) -> str:
        """road_machine_error()."""
    @property
    def dir(self) -> str | None:
        """road_machine_dir()."""
    @property
    def kernel(self) -> str | None:
        """road_machine_kernel(); None when there is none."""
    @property
    def release(self) -> str | None:
        """road_machine_release()."""
    @property
    def pid(self) -> int:
        """road_machine_pid()."""
    def boot(self) -> None:
        """road_machine_boot()."""
    def close(self) -> None:
        """road_machine_destroy()."""
    def advance(self, ns: int) -> None:
        """road_advance()."""
    def aftermath(self, last: bool) -> None:
        """road_aftermath(): of a test, or the last one on this machine."""
    def leaks(self) -> None:
        """road_leaks(): OracleError when a driver has lost memory."""
    def after(
        self,
        ns: int,
        fn: Callable[[], object],
        name: str = ...,
        owner: object = ...,
    ) -> Timer:
        """A road_timer; detaching its owner cancels it."""
    def watch(
        self, line: int, fn: Callable[[int, int, int], object]
    ) -> LineWatch:
        """road_line_watch(): fn(line, direction, level)."""
    def add_device(
        self,
        compatible: str,
        irq: int,
        properties: str | None,
        addr: int,
        node: str | None,
    ) -> Node:
        """road_device_add() without a chip."""
    def add_fragment(
        self,
        src: str,
        file: str | None,
        variables: tuple[tuple[str, int], ...],
        line: int,
    ) -> _list[int]:
        """road_add_fragment(); the values of the variables."""
    def attach(self, chip: Chip, addr: int) -> None:
        """road_i2c_attach()."""
    def detach(self, chip: Chip) -> None:
        """road_i2c_detach()."""
    def chips(self) -> _list[Chip]:
        """What is attached."""
    def line_set(self, line: int, level: int) -> None:
        """road_line_set()."""
    def line_get(self, line: int) -> tuple[int, int, int]:
        """Level, direction, interrupts."""
    def log_mark(self) -> int:
        """road_log_mark()."""
    def log_since(self, mark: int) -> str:
        """road_log_since()."""
    def missing_option(self, path: str) -> str | None:
        """road_missing_option()."""
    def log_test_mark(self) -> int:
        """road_log_test_mark()."""
    def report_next(
        self, mark: int
    ) -> (
        tuple[
            int, tuple[int, str, str, str, str, int, str, str, bool]
        ]
        | None
    ):
        """road_report_next(): where to go on, and the fields of Report."""
    def expect_log(self, regex: str) -> None:
        """road_expect_log()."""
    def expect_logged(self, regex: str, mark: int) -> None:
        """road_expect_logged()."""
    def test_begin(self, name: str) -> None:
        """road_test_begin()."""
    def test_end(self) -> None:
        """road_test_end()."""

    def test_end_gone(self) -> None:
        """road_test_end_gone()."""

    def faults_end(self) -> None:
        """road_faults_end()."""
    def test_step(
        self, step: int, text: str, file: str | None, line: int
    ) -> None:
        """road_test_step()."""
    def trace_count(self) -> int:
        """road_trace_count()."""
    def trace(self, start: int, type: int, addr: int) -> _list[RawRecord]:
        """Records from start on, of a type and address (-1: all)."""
    def trace_note(self, text: str) -> None:
        """road_trace_note()."""
    def trace_text(self, start: int) -> str:
        """road_trace_text()."""
    def trace_json(self, start: int) -> str:
        """road_trace_json()."""
    def open(self, path: str, flags: int, mode: int) -> int:
        """road_open()."""
    def close_fd(self, fd: int) -> None:
        """road_close()."""
    def read(self, fd: int, length: int) -> bytes:
        """road_read()."""
    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """road_pread()."""
    def write(self, fd: int, data: bytes) -> int:
        """road_write()."""
    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        """road_pwrite()."""
    def lseek(self, fd: int, offset: int, whence: int) -> int:
        """road_lseek()."""
    def name_fd(self, fd: int, name: str) -> None:
        """road_fd_set_name()."""
    def write_file(self, path: str, data: bytes) -> None:
        """road_write_file_data()."""
    def put(self, path: str, data: bytes, mode: int) -> None:
        """road_put()."""
    def stat(self, path: str, follow: bool) -> tuple[int, ...]:
        """road_stat(): mode, uid, gid, size, rdev, ino, nlink, mtime_ns."""
    def readlink(self, path: str) -> str:
        """road_readlink()."""
    def list(self, path: str) -> _list[str]:
        """road_list()."""
    def glob(self, pattern: str) -> _list[str]:
        """road_glob()."""
    def mkdir(self, path: str, mode: int) -> None:
        """road_mkdir()."""
    def unlink(self, path: str) -> None:
        """road_unlink()."""
    def mount(
        self, source: str, target: str, type: str, flags: int, data: str | None
    ) -> None:
        """road_mount()."""
    def umount(self, target: str) -> None:
        """road_umount()."""
    def module_load(self, name: str, params: str | None) -> None:
        """road_module_load()."""
    def module_unload(self, name: str) -> None:
        """road_module_unload()."""
    def run(
        self, argv: Sequence[str], input: bytes
    ) -> tuple[int, bytes, bytes]:
        """road_run(): wait status, standard output, standard error."""
    def power_off(self) -> None:
        """road_power_off()."""
    def expect_power_off(self) -> None:
        """road_expect_power_off()."""
    def stacks(self) -> str:
        """road_stacks()."""
    def poll(self, fd: int, events: int, timeout_ms: int) -> int:
        """road_poll() on one descriptor: its revents."""
    def ioctl_int(self, fd: int, request: int, arg: int) -> int:
        """road_ioctl_int()."""
    def ioctl(
        self, fd: int, request: int, arg: bytearray | memoryview
    ) -> int:
        """road_ioctl()."""
    def ioctl_bufs(
        self,
        fd: int,
        request: int,
        bufs: Sequence[bytearray],
        ptrs: Sequence[tuple[int, int, int]],
    ) -> int:
        """road_ioctl_bufs()."""
    def start_open(self, path: str, flags: int, mode: int) -> Call:
        """road_start_open()."""
    def start_read(self, fd: int, length: int) -> Call:
        """road_start_read()."""
    def start_pread(self, fd: int, length: int, offset: int) -> Call:
        """road_start_pread()."""
    def start_write(self, fd: int, data: bytes) -> Call:
        """road_start_write()."""
    def start_pwrite(self, fd: int, data: bytes, offset: int) -> Call:
        """road_start_pwrite()."""
    def start_read_file(self, path: str) -> Call:
        """road_start_read_file()."""
    def start_write_file(self, path: str, data: bytes) -> Call:
        """road_start_write_file()."""
    def start_poll(self, fd: int, events: int, timeout_ms: int) -> Call:
        """road_start_poll() on one descriptor."""
    def start_ioctl(
        self,
        fd: int,
        request: int,
        arg: int,
        bufs: Sequence[bytes | bytearray | memoryview],
        ptrs: Sequence[tuple[int, int, int]],
    ) -> Call:
        """road_start_ioctl()."""
    def start_run(self, argv: Sequence[str], input: bytes) -> Call:
        """road_start_run()."""
