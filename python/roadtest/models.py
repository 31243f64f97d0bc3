# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of chips.

:class:`RegisterModel` is a chip that is a map of registers: declare them from
the datasheet and hook the few that act. :class:`I2CModel` answers the bus
messages itself. Hooks run in virtual time while the guest waits: they may use
timers and lines and must not make guest calls.

Models are strict: an access that the datasheet does not allow fails the test,
even if the driver ignores the error. A hook that raises fails the test too,
with its own traceback; :class:`Nak` and :class:`BusError` are answers on the
bus, not failures.
"""

from __future__ import annotations

import errno as _errno
import sys

from . import _roadtest, raised
from .attributes import check_new, nearest
from .clock import nanoseconds
from .errors import ModelError
from .expect import RegisterAccess
from .hooks import note_hook, refuse_suspended, refuse_suspended_hooks
from .layout import ACCESS, check, find_registers, refuse_nameless, table
from .options import PAGES, check_option, differ, options_of
from .trace import Accesses, accesses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, overload

    from .traffic import Traffic

    Hook = TypeVar("Hook", bound=Callable[..., Any])

HOLD: int = _roadtest.I2C_HOLD
"""What a read or write hook returns to stretch the clock: the transfer stays
open until :meth:`Model.release`."""

_NO_FIELDS = (
    "value", "old", "written", "declaration", "read", "write", "mask",
)  # fmt: skip


class BusError(_roadtest.BusError):
    """Raise it in a hook to let the transfer fail with an errno.

    The driver sees the transfer fail; the test does not fail by itself.
    virtio-i2c has no room for the errno: a driver sees a short count or -EIO,
    the trace has the errno.
    """

    def __init__(self, errno: int = _errno.EIO) -> None:
        super().__init__(errno)
        self.errno = errno


class Nak(BusError):
    """Raise it in a hook to not acknowledge (ENXIO in the trace)."""

    def __init__(self) -> None:
        super().__init__(_errno.ENXIO)


class Irq:
    """A chip's interrupt output. The polarity is the devicetree's."""

    __slots__ = ("_chip",)

    def __init__(self, chip: _roadtest.Chip) -> None:
        self._chip = chip

    def assert_(self) -> None:
        """Drive the line to its active level. No-op without a line."""
        self._chip._irq_assert()

    def deassert(self) -> None:
        """Drive the line to its inactive level. No-op without a line."""
        self._chip._irq_deassert()

    @property
    def active(self) -> bool:
        """Does the chip drive the active level?"""
        return self._chip.irq_active

    @property
    def line(self) -> int | None:
        """Line of ``board.gpio`` that it is wired to, or None."""
        return self._chip.irq_line


_RAW_HOOKS = {"start", "write", "read", "stop"}


class Model(_roadtest.Chip):
    """What all models share. Use :class:`RegisterModel` or
    :class:`I2CModel`.

    A test sets attributes that the model has: of its class, also if they are
    only annotated there, or those that its methods have set. Another name is
    an AttributeError; it would be a slip that no test notices.
    """

    _trace_start = 0

    registers: Mapping[int, Register] = {}
    """Its registers by address; of a raw chip none."""

    if not TYPE_CHECKING:  # or it would take any name there too

        def __setattr__(self, name, value):
            cls = type(self)
            if name not in self.__dict__ and not hasattr(cls, name):
                check_new(self, name, sys._getframe(1))
            check_option(self, name, value)
            object.__setattr__(self, name, value)

    @property
    def irq(self) -> Irq:
        """The interrupt output."""
        return Irq(self)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        raw = issubclass(cls, _roadtest.RawChip)
        refuse_suspended_hooks(cls, _RAW_HOOKS if raw else set())

    def power_on(self) -> None:
        """A hook: the model was put on the bus, so that it has a clock from
        here on. What the chip does by itself from power-on begins here. Does
        nothing if it is not overridden."""

    def after(
        self, seconds: float, fn: Callable[[], object], *, ns: int | None = None
    ) -> _roadtest.Timer:
        """Call ``fn()`` in ``seconds`` of virtual time (or ``ns``
        nanoseconds). Detaching the model cancels it.

        Returns a timer with ``cancel()``, ``pending`` and ``due`` (ns).
        """
        refuse_suspended(fn, "a timer's function")
        delay = nanoseconds(seconds) if ns is None else nanoseconds(0, ns)
        name = f"{self.name}.{getattr(fn, '__name__', 'timer')}"
        timer: _roadtest.Timer = self.machine.after(delay, fn, name, self)
        return timer

    def fail(self, message: str) -> None:
        """The driver did what the chip forbids: the transfer in progress and
        the test fail with ``message``, also if the hook catches that. Raises
        ModelError."""
        error = ModelError(f"{self.name}: {message}")
        raised.in_model(error)
        raise error

    def inject(
        self,
        *,
        after: int = 0,
        count: int | None = 1,
        error: int = _errno.ENXIO,
    ) -> None:
        """Let bus messages fail without asking the model.

        ``after`` messages from now on still work, then ``count`` fail (None:
        all, and one at least) with ``error``, an errno (ENXIO: the address is
        not acknowledged). What has not struck by the end of the test, or when
        another fault is injected, fails the test, also if the model was never
        attached; ``count=0`` cancels it.
        """
        if after < 0 or (count or 0) < 0:
            raise ValueError(
                f"after={after}, count={count}: numbers of messages are not "
                "negative; count=None lets all fail"
            )
        if not 0 < error < 4096:
            raise ValueError(f"error is an errno, such as errno.EIO: {error}")
        self._inject(after, 0xFFFFFFFF if count is None else count, -error)
        if raised.Watch.current is not None:
            raised.Watch.current.injected(self)

    def connect_irq(self, line: int, type: str = "falling") -> None:
        """Wire the interrupt output to a line of ``board.gpio`` by hand;
        ``type`` as in :meth:`Device.with_irq`."""
        from .device import irq_type

        self._connect_irq(line, irq_type(type))

    def traffic(self) -> Traffic:
        """What the driver did to this chip since it was attached, or in a
        ``with`` block; see :class:`roadtest.traffic.Traffic`."""
        from .traffic import Traffic

        return Traffic(self.machine, self._trace_start, self)

    def release(self, data: bytes | None = None, *, error: int = 0) -> None:
        """End a transfer that a hook held with HOLD: ``data`` for a read, or
        ``error``, an errno. UsageError when there is none, or ``data`` is not
        what the guest reads in full."""
        if not 0 <= error < 4096:
            raise ValueError(f"error is an errno, such as errno.EIO: {error}")
        self._release(-error, data)


class I2CModel(Model, _roadtest.RawChip):
    """A chip that answers the messages on the bus.

    A transaction is what stands between START and STOP: one or more messages.
    Define the hooks that the chip needs:

    ``start(read, first)``
        addressed; ``read`` is the direction of the message that follows and
        ``first`` marks the first one of a transaction.
    ``write(data)``
        bytes from the guest, b"" for a zero-length message. Without it, any
        write fails the test. May return HOLD.
    ``read(length)``
        returns exactly ``length`` bytes, or HOLD. Without it, any read fails
        the test.
    ``stop()``
        the transaction is over, also one that failed.
    """

    if TYPE_CHECKING:

        def start(self, read: bool, first: bool) -> int | None:
            """Addressed: see the class."""

        def write(self, data: bytes) -> int | None:
            """Bytes from the guest: see the class."""

        def read(self, length: int) -> bytes | int:
            """Bytes for the guest: see the class."""
            return b""

        def stop(self) -> None:
            """The transaction is over: see the class."""


class Register:
    """A register of a :class:`RegisterModel`, from the datasheet.

    ``addr`` is its address (pointer byte); ``page`` the page or bank that it
    stands on, None for every one; ``reset`` the value after power-on; ``access`` "rw", "ro" (a write fails the test) or "wo" (a read
    does); ``width`` its bytes, 0 for the model's. Masks: ``writable`` bits
    that a write changes (0: all), ``w1c`` bits that a write of 1 clears,
    ``rc`` bits that a read clears, ``reserved`` bits that must be written as
    0. ``fields`` names bits: a bit number, or (msb, lsb), inclusive.

    In a model ``self.NAME.value`` is the register's value and
    ``self.NAME.FIELD`` a field; both can be set. Neither runs hooks.
    """

    def __init__(
        self,
        addr: int,
        *,
        page: int | None = None,
        reset: int = 0,
        access: str = "rw",
        width: int = 0,
        writable: int = 0,
        w1c: int = 0,
        rc: int = 0,
        reserved: int = 0,
        fields: Mapping[str, int | tuple[int, int]] | None = None,
    ) -> None:
        if access not in ACCESS:
            raise ValueError(f'access is "rw", "ro" or "wo", not {access!r}')
        if not 0 <= addr <= 0xFFFF:
            raise ValueError(f"a register's address has 16 bits: {addr:#x}")
        if not 0 <= width <= 4:
            raise ValueError(f"a register has 1 to 4 bytes, not {width}")
        if page is not None and page not in PAGES:
            raise ValueError(f"a page has a number, 0 to 254, not {page}")
        self.name = f"0x{addr:02x}"
        self.page = page
        # What the table and the trace call it: ROAD_PAGED() of model.h.
        self.addr = addr if page is None else page + 1 << 16 | addr
        self.reset = reset
        self.access = access
        self.width = width
        self.masks = (writable, w1c, rc, reserved)
        self.owner: type = object
        """The class of models that declares it."""
        self.fields: dict[str, tuple[int, int]] = {}
        for name, bits in (fields or {}).items():
            msb, lsb = (bits, bits) if isinstance(bits, int) else bits
            if not 31 >= msb >= lsb >= 0:
                raise ValueError(f"field {name}: (msb, lsb), not {bits}")
            if name in _NO_FIELDS or hasattr(int, name):
                raise ValueError(f"a field can't be called {name}")
            self.fields[name] = (msb, lsb)

    def __set_name__(self, owner: type, name: str) -> None:
        if self.owner is object:  # else RegisterModel refuses the second one
            self.name = name
            self.owner = owner

    def __repr__(self) -> str:
        of = "" if self.page is None else f" of page {self.page}"
        return f"<Register {self.name} at 0x{self.addr & 0xFFFF:02x}{of}>"

    if TYPE_CHECKING:

        @overload
        def __get__(self, chip: None, owner: type) -> Register:
            ...

        @overload
        def __get__(self, chip: RegisterModel, owner: type) -> RegisterState:
            ...

        @overload
        def __get__(self, chip: object, owner: type) -> Register:
            ...

    def __get__(
        self, chip: Any, owner: type
    ) -> Register | RegisterState:
        return self if chip is None else RegisterState(chip, self)

    def __set__(self, chip: RegisterModel, value: int) -> None:
        raise AttributeError(f"set {self.name}.value, or a field of it")

    def is_of(self, chip: object) -> bool:
        """Has this chip the register, or one in its place that its class
        declares anew?"""
        own = getattr(chip, "registers", {}).get(self.addr)
        return (
            own is not None
            and own.name == self.name
            and isinstance(chip, self.owner)
        )

    def bytes_of(self, cls: type) -> int:
        """Its width in a class of models that has it."""
        return self.width or int(getattr(cls, "value_bytes", 1))

    def width_of(self, field: str) -> int:
        """Bits of a field; KeyError if it has none of that name."""
        msb, lsb = self.fields[field]
        return msb - lsb + 1

    def extract(self, value: int, field: str) -> int:
        """The field's value in a register value; KeyError if it has none of
        that name."""
        msb, lsb = self.fields[field]
        return value >> lsb & (1 << msb - lsb + 1) - 1

    def insert(self, value: int, field: str, bits: int) -> int:
        """The register value with the field set; ValueError if it does not
        fit."""
        msb, lsb = self.fields[field]
        mask = (1 << msb - lsb + 1) - 1
        if not 0 <= bits <= mask:
            raise ValueError(
                f"{self.name}.{field} has {msb - lsb + 1} bits: {bits} "
                "does not fit"
            )
        return value & ~(mask << lsb) | bits << lsb

    def write(
        self, value: int | None = None, /, *, mask: int | None = None,
        **fields: int,
    ) -> RegisterAccess:
        """A write of ``value`` (with ``mask``: in those bits), or of fields
        whatever the others are, to expect of :class:`~roadtest.traffic.\
Traffic`."""
        return RegisterAccess(self, False, value, mask, fields)

    def read(
        self, value: int | None = None, /, *, mask: int | None = None,
        **fields: int,
    ) -> RegisterAccess:
        """A read that gave this; arguments as of :meth:`write`."""
        return RegisterAccess(self, True, value, mask, fields)

    def before_read(self, fn: Hook) -> Hook:
        """Decorator: ``fn(self, value)`` runs before the register goes out;
        it may set the register."""
        note_hook(sys._getframe(1), "before_read", self, fn)
        return fn

    def on_write(self, fn: Hook) -> Hook:
        """Decorator: ``fn(self, value)`` runs when the guest wrote; ``value``
        is a :class:`RegisterValue`. It may set the register."""
        note_hook(sys._getframe(1), "on_write", self, fn)
        return fn

    def on_read(self, fn: Hook) -> Hook:
        """Decorator: ``fn(self, value)`` runs when the register went out and
        read-to-clear was applied."""
        note_hook(sys._getframe(1), "on_read", self, fn)
        return fn


class RegisterState:
    """A register of a live model: ``value`` and the fields, to read and
    set."""

    __slots__ = ("_chip", "_register")

    _chip: RegisterModel
    _register: Any

    def __init__(self, chip: RegisterModel, register: Register) -> None:
        object.__setattr__(self, "_chip", chip)
        object.__setattr__(self, "_register", register)

    @property
    def value(self) -> int:
        """The register's value."""
        return self._chip._get(self._register.addr)

    @value.setter
    def value(self, value: int) -> None:
        self._chip._set(self._register.addr, value)

    def write(
        self, value: int | None = None, /, *, mask: int | None = None,
        **fields: int,
    ) -> RegisterAccess:
        """As :meth:`Register.write`, to this chip and no other."""
        register = self.declaration
        return RegisterAccess(register, False, value, mask, fields, self._chip)

    def read(
        self, value: int | None = None, /, *, mask: int | None = None,
        **fields: int,
    ) -> RegisterAccess:
        """As :meth:`Register.read`, from this chip and no other."""
        register = self.declaration
        return RegisterAccess(register, True, value, mask, fields, self._chip)

    @property
    def declaration(self) -> Register:
        """The register as it is declared."""
        register: Register = self._register
        return register

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            raise TypeError(self._whole())
        return NotImplemented

    def __bool__(self) -> bool:
        raise TypeError(self._whole())

    __hash__ = object.__hash__

    def _whole(self) -> str:
        name = self.declaration.name
        return f"{name} is a register: its value is {name}.value"

    def __getattr__(self, name: str) -> int:
        register = self.declaration
        try:
            return register.extract(self.value, name)
        except KeyError:
            raise AttributeError(_no_field(register, name)) from None

    def __setattr__(self, name: str, value: int) -> None:
        register = self.declaration
        if not isinstance(value, int):
            raise TypeError(
                f"{register.name}.{name} takes an int, not {value!r}"
            )
        if name != "value":
            try:
                value = register.insert(self.value, name, value)
            except KeyError:
                raise AttributeError(_no_field(register, name)) from None
        object.__setattr__(self, "value", value)

    def __repr__(self) -> str:
        return f"<{self._register.name} = {self.value:#x}>"


class RegisterValue(int):
    """What a hook is given: the register's value, an int with its fields as
    attributes. ``written`` is what the guest sent, ``old`` the value
    before."""

    declaration: Any
    written: int
    _old: int

    def __new__(
        cls, register: Register, value: int, old: int, written: int
    ) -> RegisterValue:
        self = super().__new__(cls, value)
        self.declaration = register
        self._old = old
        self.written = written
        return self

    @property
    def old(self) -> RegisterValue:
        """The value before the write, with fields too."""
        return RegisterValue(self.declaration, self._old, self._old, self._old)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int:
            ...

    else:

        def __getattr__(self, name):
            try:
                return self.declaration.extract(self, name)
            except KeyError:
                text = _no_field(self.declaration, name)
                raise AttributeError(text) from None


def _no_field(register: Register, name: str) -> str:
    known = ", ".join(register.fields) or "none"
    near = nearest(name, ["value", *register.fields])
    return (
        f"register {register.name} has no field {name} (it has: {known}; "
        f"value is all of it){near}"
    )


class RegisterModel(Model, _roadtest.RegisterChip):
    """A chip that is a map of registers.

    Class attributes: the :class:`Register` s; ``value_bytes``, 1 to 4, the
    width of those that say none; ``byteorder`` of values, "big" or "little";
    ``addr_bytes``, 1 or 2, of a register's address; ``auto_increment``: a
    message goes on with the next register, else reading on repeats the same
    one and writing on fails the test.

    For chips whose address byte holds more than a register's number:
    ``addr_mask``, its bits that are the number (0: all), and
    ``increment_mask``, bits that ask for ``auto_increment`` in one message. A
    method ``command(self, sent)`` sees the address of each write message as
    it was sent; if it returns True the byte was all, and selects no register.

    Of a chip, ``self.auto_increment``, ``self.byteorder`` and ``self.page``
    can be set at any time, which is for chips that have a register for them;
    what comes next on the bus goes by it, and :meth:`reset` undoes it. The
    others are the class's: to
    set them of a chip is an AttributeError.

    A register without hooks never enters Python.
    """

    value_bytes: int = 1
    byteorder: str = "big"
    addr_bytes: int = 1
    auto_increment: bool = False
    addr_mask: int = 0
    increment_mask: int = 0
    page: int = 0
    """The page that is selected, of registers that have one; of the class:
    at power-on."""
    _layout: _roadtest.Layout | None = None
    _options: tuple[object, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        refuse_nameless(cls)
        cls._make_layout()

    def __new__(cls, *args: Any, **kwargs: Any) -> RegisterModel:
        # Somebody set an option of the class after it was made.
        if differ(cls):
            cls._make_layout()
        self = super().__new__(cls, *args, **kwargs)
        self._first_page()
        return self

    def _first_page(self) -> None:
        page = type(self).page
        if isinstance(page, int):  # it may be the name of a hook, too
            check_option(self, "page", page)

    @classmethod
    def _make_layout(cls) -> None:
        if cls.byteorder not in ("big", "little"):
            raise ValueError(f'byteorder is "big" or "little": {cls.byteorder}')
        if cls.addr_bytes not in (1, 2):
            raise ValueError(f"addr_bytes is 1 or 2, not {cls.addr_bytes}")
        registers = find_registers(cls)
        cls.registers = {}
        for register in registers:
            check(cls, register)
            other = cls.registers.setdefault(register.addr, register)
            if other is not register:
                raise ValueError(
                    f"{cls.__name__}: {other.name} and {register.name} have the "
                    f"same address, {register.addr:#04x}"
                )
        cls._layout = _roadtest.Layout(
            table(cls, registers),
            RegisterValue,
            cls.value_bytes,
            cls.addr_bytes,
            cls.byteorder == "little",
            cls.auto_increment,
            cls.addr_mask,
            cls.increment_mask,
            hasattr(cls, "command"),
        )
        cls._options = options_of(cls)

    def reset(self) -> None:
        """All registers to their reset value, as at power-on;
        ``auto_increment``, ``byteorder`` and ``page`` too."""
        self._reset()
        for name in ("auto_increment", "byteorder", "page"):
            self.__dict__.pop(name, None)
        self._first_page()

    def writes(self, register: Register | RegisterState | str) -> Accesses:
        """The guest's writes to a register (or the one of this name) since
        the model was attached. Settles first."""
        return accesses(self, self._declaration(register), read=False)

    def reads(self, register: Register | RegisterState | str) -> Accesses:
        """The guest's reads of a register (or the one of this name) since the
        model was attached. Settles first."""
        return accesses(self, self._declaration(register), read=True)

    def _declaration(
        self, register: Register | RegisterState | str
    ) -> Register:
        """ValueError for a register of another class: an empty list would
        say that the driver left it alone."""
        if isinstance(register, RegisterState):
            register = register.declaration
        if isinstance(register, Register):
            if register.is_of(self):
                return register
            raise ValueError(
                f"{register.owner.__name__}.{register.name} is no register of "
                f"{self.name}"
            )
        names = {r.name: r for r in self.registers.values()}
        if register not in names:
            raise ValueError(
                f"{self.name} has no register {register!r} (but: "
                f"{', '.join(names) or 'none'})"
            )
        return names[register]
