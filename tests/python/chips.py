# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that the tests of the package share."""

from __future__ import annotations

from roadtest.models import I2CModel, Register, RegisterModel


class Lm75(RegisterModel):
    """National LM75 temperature sensor, as far as drivers/hwmon/lm75.c uses
    it (datasheet SNOS808, section 7.5)."""

    value_bytes = 2
    TEMP = Register(0x00, access="ro", reset=0x1900)
    CONF = Register(0x01, width=1, fields={"SHUTDOWN": 0})
    HYST = Register(0x02, reset=0x4B00)
    OS = Register(0x03, reset=0x5000)


class Tsl2772(I2CModel):
    """TAOS TSL2772 light and proximity sensor and its relatives, as far as
    probe and sleep go (datasheet TAOS133, "Register Description")."""

    ENABLE, ID = 0x00, 0x12

    def __init__(self, id: int = 0x30) -> None:
        self.registers = bytearray(0x20)
        self.registers[self.ID] = id
        self.pointer = 0

    def write(self, data: bytes) -> None:
        if not data[0] & 0x80:
            self.fail(f"{data[0]:#x} is no command")
        if data[0] & 0x60 == 0x60:  # a special function
            return
        self.pointer = data[0] & 0x1F
        for value in data[1:]:
            self.registers[self.pointer] = value

    def read(self, length: int) -> bytes:
        return self.registers[self.pointer :][:length]


class Vcnl4040(RegisterModel):
    """Vishay VCNL4040 light and proximity sensor, as far as its power goes
    (datasheet 84274, "Command Register Format"). Of NOT_THERE only the driver
    tells, which looks for the id of a VCNL4200 there first."""

    value_bytes, byteorder = 2, "little"
    ALS_CONF = Register(0x00, reset=0x0001, fields={"SD": 0})
    PS_CONF = Register(0x03, reset=0x0001, fields={"SD": 0})
    PS_CONF3 = Register(0x04)
    PS_DATA = Register(0x08, access="ro")
    ALS_DATA = Register(0x09, access="ro", reset=0x0123)
    ID = Register(0x0C, access="ro", reset=0x0186)
    NOT_THERE = Register(0x0E, access="ro")


class Memory(I2CModel):
    """Gives back what was written to it."""

    def __init__(self) -> None:
        self.data = b""
        self.transactions = 0

    def write(self, data: bytes) -> None:
        self.data = data

    def read(self, length: int) -> bytes:
        return self.data[:length].ljust(length, b"\0")

    def stop(self) -> None:
        self.transactions += 1
