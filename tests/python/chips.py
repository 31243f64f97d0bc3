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
