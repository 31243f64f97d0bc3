# SPDX-License-Identifier: LGPL-2.1-or-later
"""The AMS/TAOS TSL2772 and its relatives.

Written from the datasheets TSL2772 (TAOS131), TMD2772, TSL2571, TSL2671,
TSL2771, TMD2771 and APDS-9930 (Avago); "command register", "enable register"
and so on are their sections. The parts have one register set; those with one
function alone leave the registers of the other one out, which this model
does not enforce (:class:`AlsOnly` does, for one of them). From the driver
alone come two facts: that the data of a TSL2x71 proximity channel are
announced by AVALID, and that those parts have no PVALID.
"""

from roadtest.models import Register, RegisterModel

SPECIAL_FUNCTION = 0x60  # command register: TYPE 11
CLEARS = {0: (), 5: ("PINT",), 6: ("AINT",), 7: ("PINT", "AINT")}

# Persistence register: cycles in a row out of range, by the value of APERS.
ALS_FILTER = (0, 1, 2, 3, *range(5, 65, 5))

PARTS = {
    # compatible: ID, length of a step of ATIME, PTIME and WTIME in us
    "amstaos,tsl2571": (0x04, 2720),
    "amstaos,tsl2671": (0x00, 2720),
    "amstaos,tmd2671": (0x20, 2720),
    "amstaos,tsl2771": (0x00, 2720),
    "amstaos,tmd2771": (0x20, 2720),
    "amstaos,tsl2572": (0x34, 2730),
    "amstaos,tsl2672": (0x32, 2730),
    "amstaos,tmd2672": (0x32, 2730),
    "amstaos,tsl2772": (0x30, 2730),
    "amstaos,tmd2772": (0x30, 2730),
    "avago,apds9930": (0x39, 2730),
}


class TSL2772(RegisterModel):
    """Integrates the light and the echo of its LED, in turns."""

    addr_mask, increment_mask = 0x1F, 0x20
    ENABLE = Register(
        0x00,
        reserved=0x80,
        fields={
            "SAI": 6, "PIEN": 5, "AIEN": 4, "WEN": 3, "PEN": 2, "AEN": 1,
            "PON": 0,
        },
    )  # fmt: skip
    ATIME = Register(0x01, reset=0xFF)
    PTIME = Register(0x02, reset=0xFF)
    WTIME = Register(0x03, reset=0xFF)
    AILTL, AILTH, AIHTL, AIHTH = (Register(a) for a in range(0x04, 0x08))
    PILTL, PILTH, PIHTL, PIHTH = (Register(a) for a in range(0x08, 0x0C))
    PERS = Register(0x0C, fields={"PPERS": (7, 4), "APERS": (3, 0)})
    CONFIG = Register(
        0x0D, reserved=0xF8, fields={"AGL": 2, "WLONG": 1, "PDL": 0}
    )
    PPULSE = Register(0x0E)
    CONTROL = Register(
        0x0F,
        fields={
            "PDRIVE": (7, 6), "PDIODE": (5, 4), "PGAIN": (3, 2), "AGAIN": (1, 0),
        },
    )  # fmt: skip
    REVISION = Register(0x11, access="ro", reset=0x01)
    ID = Register(0x12, access="ro", reset=0x30)
    STATUS = Register(
        0x13,
        access="ro",
        fields={"PSAT": 6, "PINT": 5, "AINT": 4, "PVALID": 1, "AVALID": 0},
    )
    C0DATA, C0DATAH, C1DATA, C1DATAH, PDATA, PDATAH = (
        Register(a, access="ro") for a in range(0x14, 0x1A)
    )

    def __init__(self, compatible: str = "amstaos,tsl2772") -> None:
        super().__init__()
        self.ID.value, self.step = PARTS[compatible]
        self.has_pvalid = not compatible.endswith("71")
        self.ch0 = self.ch1 = 0
        """Light on the two diodes: counts of an integration."""
        self.prox = 0
        """Echo of the LED: counts."""
        self.ends = True
        """An integration comes to its end."""
        self.cleared: list[int] = []
        """The special functions that it was given."""
        self.latched = (0, 0, 0)
        self.faults = {"A": 0, "P": 0}
        self.timer = None

    # -- command register ---------------------------------------------------

    def command(self, sent):
        if not sent & 0x80:
            self.fail(f"address byte {sent:#04x} without the COMMAND bit")
        if sent & 0x60 != SPECIAL_FUNCTION:
            return False
        self.clear_interrupts(sent & 0x1F)
        return True

    def clear_interrupts(self, function):
        if function not in CLEARS:
            self.fail(f"it has no special function {function:#04x}")
        self.cleared.append(function)
        for flag in CLEARS[function]:
            setattr(self.STATUS, flag, 0)
        self.drive()

    # -- state machine: proximity, wait, ALS, and again ----------------------

    @ENABLE.on_write
    def enable(self, enable):
        # STATUS: valid once a cycle has ended since the function was enabled
        self.STATUS.AVALID &= enable.AEN & enable.PON
        self.STATUS.PVALID &= enable.PEN & enable.PON
        self.drive()
        if not enable.PON or not (enable.PEN or enable.AEN):
            self.stop()
        elif self.timer is None:
            self.proximity()

    def stop(self):
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def wait(self, steps, then):
        self.timer = self.after(0, then, ns=steps * self.step * 1000)

    def proximity(self):
        # One step to start, another one for each count down of PTIME.
        if self.ENABLE.PEN:
            self.wait(1 + 256 - self.PTIME.value, self.proximity_done)
        else:
            self.pause()

    def proximity_done(self):
        if self.ends:
            self.latched = (*self.latched[:2], self.prox)
            self.STATUS.PVALID = int(self.has_pvalid)
            limits = self.word("PILT"), self.word("PIHT")
            self.compare("P", self.prox, limits, self.PERS.PPERS)
        self.pause()

    def pause(self):
        if self.ENABLE.WEN:
            long = 12 if self.CONFIG.WLONG else 1
            self.wait(long * (256 - self.WTIME.value), self.light)
        else:
            self.light()

    def light(self):
        if self.ENABLE.AEN:
            self.wait(1 + 256 - self.ATIME.value, self.light_done)
        else:
            self.wait(0, self.proximity)

    def light_done(self):
        if self.ends:
            self.latched = (self.ch0, self.ch1, self.latched[2])
            self.STATUS.AVALID = 1
            limits = self.word("AILT"), self.word("AIHT")
            self.compare("A", self.ch0, limits, ALS_FILTER[self.PERS.APERS])
        self.proximity()

    # -- interrupts ----------------------------------------------------------

    def word(self, name):
        low, high = getattr(self, name + "L"), getattr(self, name + "H")
        return high.value << 8 | low.value

    def compare(self, function, count, limits, cycles):
        """Persistence register: so many in a row, or 0: every one."""
        outside = count < limits[0] or count > limits[1]
        self.faults[function] = self.faults[function] + 1 if outside else 0
        if self.faults[function] >= cycles and (outside or not cycles):
            setattr(self.STATUS, function + "INT", 1)
        self.drive()

    def drive(self):
        """The INT pin: what is pending and enabled."""
        status, enable = self.STATUS, self.ENABLE
        if status.PINT & enable.PIEN or status.AINT & enable.AIEN:
            self.irq.assert_()
        else:
            self.irq.deassert()

    # -- data registers: reading a low byte holds the high one ----------------

    @C0DATA.before_read
    def hold_c0(self, value):
        self.C0DATAH.value, self.C0DATA.value = divmod(self.latched[0], 256)

    @C1DATA.before_read
    def hold_c1(self, value):
        self.C1DATAH.value, self.C1DATA.value = divmod(self.latched[1], 256)

    @PDATA.before_read
    def hold_p(self, value):
        self.PDATAH.value, self.PDATA.value = divmod(self.latched[2], 256)


class AlsOnly(TSL2772):
    """TSL2571: the bits of proximity are reserved in its enable register, and
    must be written as 0."""

    ENABLE = Register(
        0x00,
        reserved=0xE4,
        fields={
            "SAI": 6, "PIEN": 5, "AIEN": 4, "WEN": 3, "PEN": 2, "AEN": 1,
            "PON": 0,
        },
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__("amstaos,tsl2571")
