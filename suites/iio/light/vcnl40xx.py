# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of Vishay's proximity and ambient light sensors that
drivers/iio/light/vcnl4000.c drives, and what their tests share.

Written from the datasheets VCNL4000 (document 83798), VCNL4010 (83462),
VCNL4020 (83476), VCNL4040 (84274) and VCNL4200 (84430); comments name the
register table or chapter. The VCNL4000 family has byte registers and measures
on demand, or periodically with an interrupt; VCNL4040 and VCNL4200 have words,
low byte first, and measure all the time while they are not shut down.
"""

import contextlib

from roadtest.models import Register, RegisterModel


@contextlib.contextmanager
def does(test, *expected):
    """In the block the driver does exactly this to ``test.chip``: "NAME" is
    a read of that register, ("NAME", value) a write."""
    chip = test.chip
    with chip.traffic() as traffic:
        yield
    traffic.assert_accesses(*(step_of(chip, step) for step in expected))


def step_of(chip, step):
    """What traffic's assertions want for a step of :func:`does`."""
    if isinstance(step, str):
        return getattr(chip, step).read()
    name, value = step
    return getattr(chip, name).write(value)


# ---- VCNL4000, VCNL4010, VCNL4020 ------------------------------------------


class Vcnl4000(RegisterModel):
    """VCNL4000: measures when it is told to, registers 80h to 8Ah."""

    value_bytes, auto_increment = 1, True
    COMMAND = Register(
        0x80,
        reset=0x80,
        writable=0x18,  # config_lock and the ready bits are read-only
        fields={
            "LOCK": 7, "AL_RDY": 6, "PS_RDY": 5, "AL_OD": 4, "PS_OD": 3,
        },
    )  # fmt: skip
    PRODUCT = Register(0x81, access="ro", reset=0x11)
    LED_CURRENT = Register(0x83, reset=0x02)
    AL_PARAM = Register(0x84)
    AL_RESULT = Register(0x85, access="ro", width=2)
    PS_RESULT = Register(0x87, access="ro", width=2)
    PS_FREQUENCY = Register(0x89)
    PS_TIMING = Register(0x8A)

    def __init__(self) -> None:
        super().__init__()
        self.light = 0
        """Counts of ambient light, of 0.25 lx each."""
        self.proximity = 0
        """Counts of reflected light."""
        self.al_time: float | None = 0.1
        """Seconds of a light measurement (figure "ambient light timing": 100
        ms); None: it never ends."""
        self.ps_time: float | None = 0.0005
        """Seconds of a proximity measurement; None: it never ends."""

    @COMMAND.on_write
    def measure(self, command):
        if command.AL_OD and self.al_time is not None:
            self.after(self.al_time, self.light_ready)
        if command.PS_OD and self.ps_time is not None:
            self.after(self.ps_time, self.proximity_ready)

    def light_ready(self):
        self.AL_RESULT.value = self.light
        self.COMMAND.AL_RDY, self.COMMAND.AL_OD = 1, 0

    def proximity_ready(self):
        self.PS_RESULT.value = self.proximity
        self.COMMAND.PS_RDY, self.COMMAND.PS_OD = 1, 0

    # Register #0: the ready bits are reset when a result is read.
    @AL_RESULT.on_read
    def light_taken(self, value):
        self.COMMAND.AL_RDY = 0

    @PS_RESULT.on_read
    def proximity_taken(self, value):
        self.COMMAND.PS_RDY = 0


class Vcnl4010(Vcnl4000):
    """VCNL4010 and VCNL4020: with periodic measurements of the proximity and
    an interrupt. Periodic light measurements (als_en) are not modelled."""

    COMMAND = Register(
        0x80,
        reset=0x80,
        writable=0x1F,
        reserved=0x04,  # als_en: see above
        fields={
            "LOCK": 7, "AL_RDY": 6, "PS_RDY": 5, "AL_OD": 4, "PS_OD": 3,
            "AL_EN": 2, "PS_EN": 1, "SELF_TIMED": 0,
        },
    )  # fmt: skip
    PRODUCT = Register(0x81, access="ro", reset=0x21)
    RATE = Register(0x82, reserved=0xF8, fields={"RATE": (2, 0)})
    AL_PARAM = Register(0x84, reset=0x1D)
    INT_CONTROL = Register(
        0x89,
        reserved=0x10,
        fields={
            "COUNT": (7, 5), "PS_EN": 3, "AL_EN": 2, "THRES_EN": 1,
            "THRES_SEL": 0,
        },
    )  # fmt: skip
    LOW = Register(0x8A, width=2)
    HIGH = Register(0x8C, width=2)
    INT_STATUS = Register(
        0x8E, w1c=0x0F, fields={"PS": 3, "AL": 2, "LOW": 1, "HIGH": 0}
    )
    PS_FREQUENCY = None
    PS_TIMING = Register(0x8F)

    HERTZ = (1.95, 3.90625, 7.8125, 16.625, 31.25, 62.5, 125, 250)
    """Measurements a second by RATE (register #2)."""

    timer = None

    @COMMAND.on_write
    def measure(self, command):
        # Register #0: the modes exclude each other.
        if command.SELF_TIMED:
            if command.PS_EN and self.timer is None:
                self.wait()
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        super().measure(command)

    def wait(self):
        self.timer = self.after(1 / self.HERTZ[self.RATE.RATE], self.period)

    def period(self):
        self.wait()
        self.proximity_ready()
        control, status = self.INT_CONTROL, self.INT_STATUS
        if control.PS_EN:
            status.PS = 1
        if control.THRES_EN and not control.THRES_SEL:
            if self.proximity > self.HIGH.value:
                status.HIGH = 1
            if self.proximity < self.LOW.value:
                status.LOW = 1
        if status.value:
            self.irq.assert_()

    @RATE.on_write
    def set_rate(self, rate):
        if self.COMMAND.SELF_TIMED:
            self.fail("the rate must not change while selftimed_en is set")

    # Register #14: the INT pin is low until all bits are cleared.
    @INT_STATUS.on_write
    def acknowledge(self, status):
        if not status:
            self.irq.deassert()


# ---- VCNL4040, VCNL4200 ----------------------------------------------------


class Vcnl4040(RegisterModel):
    """VCNL4040: command codes of table 1, formats of tables 2 to 13. Words,
    low byte first.

    It measures all the time while SD is 0; the first result is there one
    integration time after that, or after ALS_IT changed. Interrupts (chapter
    "Interruption"): a channel that is enabled is compared after each
    integration time; INT goes low with a flag, and high again when the flags
    are read, which clears them.
    """

    value_bytes, byteorder = 2, "little"
    AL_CONF = Register(
        0x00,
        reset=0x0001,
        reserved=0xFF30,
        fields={
            "ALS_IT": (7, 6), "ALS_PERS": (3, 2), "ALS_INT_EN": 1, "ALS_SD": 0,
        },
    )  # fmt: skip
    AL_HIGH = Register(0x01)
    AL_LOW = Register(0x02)
    PS_CONF = Register(
        0x03,
        reset=0x0001,
        reserved=0xF400,
        fields={
            "PS_HD": 11, "PS_INT": (9, 8), "PS_DUTY": (7, 6),
            "PS_PERS": (5, 4), "PS_IT": (3, 1), "PS_SD": 0,
        },
    )  # fmt: skip
    PS_CONF3 = Register(
        0x04,
        reserved=0x3882,
        fields={
            "WHITE_EN": 15, "PS_MS": 14, "LED_I": (10, 8), "PS_MPS": (6, 5),
            "SMART_PERS": 4, "PS_AF": 3, "PS_TRIG": 2, "PS_SC_EN": 0,
        },
    )  # fmt: skip
    PS_CANCEL = Register(0x05)
    PS_LOW = Register(0x06)
    PS_HIGH = Register(0x07)
    PS_DATA = Register(0x08, access="ro")
    AL_DATA = Register(0x09, access="ro")
    WHITE = Register(0x0A, access="ro")
    INT_FLAGS = Register(
        0x0B,
        access="ro",
        rc=0xFFFF,
        fields={"AL_LOW": 13, "AL_HIGH": 12, "CLOSE": 9, "AWAY": 8},
    )
    ID = Register(0x0C, access="ro", reset=0x0186)
    # Not in the datasheet: the driver looks for a VCNL4200 there first.
    OTHER_ID = Register(0x0E, access="ro")

    AL_TIMES = (0.08, 0.16, 0.32, 0.64)
    """Seconds of a light measurement by ALS_IT."""
    PS_TIME = 0.005
    """Seconds from one proximity measurement to the next with PS_IT and
    PS_DUTY 0: 1T of 125 us at a duty ratio of 1/40."""
    PS_FACTORS: tuple[float, ...] = (1, 1.5, 2, 2.5, 3, 3.5, 4, 8)
    """What PS_IT multiplies PS_TIME with."""
    NANOLUX = 100_000_000
    """Nanolux that one count stands for with ALS_IT 0 (table 14)."""

    def __init__(self) -> None:
        super().__init__()
        self.lux = 0
        """The light that falls on it."""
        self.proximity = 0
        """Counts of reflected light, of 16 bits."""
        self.since = {"AL": 0, "PS": 0}
        """When the measurement in progress was started, ns."""
        self.timers = {"AL": None, "PS": None}
        self.hits = {"AL": 0, "PS": 0}
        """Measurements beyond a threshold in a row."""
        self.near = False

    def seconds(self, channel):
        """How long a measurement takes."""
        if channel == "AL":
            return self.AL_TIMES[self.AL_CONF.ALS_IT]
        factor = self.PS_FACTORS[self.PS_CONF.PS_IT]
        return self.PS_TIME * factor * (1 << self.PS_CONF.PS_DUTY)

    def measured(self, channel):
        """Has one ended since it was switched on?"""
        ends = self.since[channel] + round(self.seconds(channel) * 1e9)
        return self.machine.clock.now >= ends

    def counts(self, integration):
        """The light as AL_DATA shows it: the longer the finer, 16 bits."""
        step = self.NANOLUX >> integration
        return min(round(self.lux * 10**9 / step), 0xFFFF)

    def reflected(self):
        """The proximity as PS_DATA shows it: 12 bits without PS_HD."""
        return min(self.proximity, 0xFFFF if self.PS_CONF.PS_HD else 0x0FFF)

    @AL_DATA.before_read
    def read_light(self, value):
        if not self.AL_CONF.ALS_SD and self.measured("AL"):
            self.AL_DATA.value = self.counts(self.AL_CONF.ALS_IT)

    @PS_DATA.before_read
    def read_proximity(self, value):
        if not self.PS_CONF.PS_SD and self.measured("PS"):
            self.PS_DATA.value = self.reflected()

    @AL_CONF.on_write
    def configure_light(self, conf):
        old = conf.old
        if old.ALS_SD and not conf.ALS_SD or old.ALS_IT != conf.ALS_IT:
            if not old.ALS_SD:
                self.AL_DATA.value = self.counts(old.ALS_IT)
            self.since["AL"] = self.machine.clock.now
        self.watch("AL", conf.ALS_INT_EN and not conf.ALS_SD)

    @PS_CONF.on_write
    def configure_proximity(self, conf):
        if conf.old.PS_SD and not conf.PS_SD:
            self.since["PS"] = self.machine.clock.now
        self.watch("PS", conf.PS_INT and not conf.PS_SD)

    # ---- interrupts

    def watch(self, channel, on):
        """Compare the channel with its thresholds, or do not."""
        timer = self.timers[channel]
        if on and timer is None:
            self.hits[channel] = 0
            self.next(channel)
        elif not on and timer is not None:
            timer.cancel()
            self.timers[channel] = None

    def next(self, channel):
        compare = self.compare_light if channel == "AL" else self.compare_near
        self.timers[channel] = self.after(self.seconds(channel), compare)

    def compare_light(self):
        self.next("AL")
        light = self.counts(self.AL_CONF.ALS_IT)
        high, low = light > self.AL_HIGH.value, light < self.AL_LOW.value
        if self.persists("AL", high or low, (1, 2, 4, 8)[self.AL_CONF.ALS_PERS]):
            self.flag("AL_HIGH" if high else "AL_LOW")

    def compare_near(self):
        self.next("PS")
        value = self.reflected()
        beyond = value < self.PS_LOW.value if self.near else value > self.PS_HIGH.value
        if self.persists("PS", beyond, self.PS_CONF.PS_PERS + 1):
            self.near = not self.near
            if self.PS_CONF.PS_INT & (1 if self.near else 2):
                self.flag("CLOSE" if self.near else "AWAY")

    def persists(self, channel, beyond, times):
        self.hits[channel] = self.hits[channel] + 1 if beyond else 0
        if self.hits[channel] < times:
            return False
        self.hits[channel] = 0
        return True

    def flag(self, name):
        """Set a flag and pull INT low."""
        setattr(self.INT_FLAGS, name, 1)
        self.irq.assert_()

    @INT_FLAGS.on_read
    def release_int(self, value):
        self.irq.deassert()


class Vcnl4200(Vcnl4040):
    """VCNL4200: as VCNL4040, with other times, and other places for flags and
    id. The time between two proximity measurements, 4.8 ms, is that of the
    driver's comment."""

    AL_CONF = Register(
        0x00,
        reset=0x0001,
        reserved=0xFF10,
        fields={
            "ALS_IT": (7, 6), "INT_SWITCH": 5, "ALS_PERS": (3, 2),
            "ALS_INT_EN": 1, "ALS_SD": 0,
        },
    )  # fmt: skip
    PS_CONF3 = Register(
        0x04,
        reserved=0xC080,
        fields={
            "PS_MS": 13, "PS_SP": 12, "PS_SPO": 11, "LED_I": (10, 8),
            "PS_MPS": (6, 5), "SMART_PERS": 4, "PS_AF": 3, "PS_TRIG": 2,
            "PS_SC_ADV": 1, "PS_SC_EN": 0,
        },
    )  # fmt: skip
    INT_FLAGS = Register(
        0x0D,
        access="ro",
        rc=0xFFFF,
        fields={
            "UPFLAG": 15, "SPFLAG": 14, "AL_LOW": 13, "AL_HIGH": 12,
            "CLOSE": 9, "AWAY": 8,
        },
    )  # fmt: skip
    OTHER_ID = Register(0x0C, access="ro")
    ID = Register(0x0E, access="ro", reset=0x1058)

    AL_TIMES = (0.05, 0.1, 0.2, 0.4)
    PS_TIME = 0.0048
    PS_FACTORS = (1, 1.5, 2, 4, 8, 9)
    NANOLUX = 24_000_000
