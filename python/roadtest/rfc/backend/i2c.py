# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of I2C chips.

All of them take ``backend=`` in the constructor, which ``load_model`` gives,
and have it as ``self.backend``.
"""

from __future__ import annotations

import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .backend import Backend


class I2CModel(abc.ABC):
    """A chip that answers the messages on the bus."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    @abc.abstractmethod
    def read(self, length: int) -> bytes:
        """The driver reads ``length`` bytes: exactly so many."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """The driver writes ``data``, at least one byte."""


class SMBusModel(I2CModel):
    """A chip of registers, all ``regbytes`` wide.

    The first byte of a write is a register's address; values follow, each at
    an address that is ``regbytes`` higher than the one before. A read starts
    at the address that was written last.
    """

    reg_addr = 0

    def __init__(
        self,
        regbytes: int,
        byteorder: Literal["little", "big"] = "little",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.regbytes = regbytes
        self.byteorder = byteorder

    @abc.abstractmethod
    def reg_read(self, addr: int) -> int:
        """The driver reads a register: its value."""

    @abc.abstractmethod
    def reg_write(self, addr: int, val: int) -> None:
        """The driver writes a register."""

    def read(self, length: int) -> bytes:
        """Registers from the address on that was written last."""
        data = b""
        while len(data) < length:
            value = self.reg_read(self.reg_addr + len(data))
            data += value.to_bytes(self.regbytes, self.byteorder)
        return data

    def write(self, data: bytes) -> None:
        """An address, then values. AssertionError for a part of a value."""
        self.reg_addr, values = data[0], data[1:]
        width = self.regbytes
        if len(values) % width:
            raise AssertionError(
                f"write of {len(values)} bytes to register "
                f"{self.reg_addr:#04x}; registers have {width}"
            )
        for start in range(0, len(values), width):
            value = int.from_bytes(values[start : start + width], self.byteorder)
            self.backend.mock.reg_write(self.reg_addr + start, value)
            self.reg_write(self.reg_addr + start, value)


class SimpleSMBusModel(SMBusModel):
    """Registers that keep what is written to them.

    ``regs``: values after power-on, by address; any other address fails the
    test.
    """

    def __init__(self, regs: dict[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.regs = regs

    def reg_read(self, addr: int) -> int:
        """What was written last."""
        self._check(addr)
        return self.regs[addr]

    def reg_write(self, addr: int, val: int) -> None:
        """Keep it."""
        self._check(addr)
        self.regs[addr] = val

    def _check(self, addr: int) -> None:
        if addr not in self.regs:
            raise AssertionError(f"there is no register {addr:#04x}")
