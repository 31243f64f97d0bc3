# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/rtc/rtc-pcf8563.c: probe, properties, match tables, clock output,
other types of interrupts.

Time and alarms are in test_pcf8563.py.
"""

import contextlib
import datetime
import errno

from pcf8563 import PCF8563
from roadtest import (
    DtFragment, I2CDriver, PlatformDriver, TestCase, known_bug, requires_kernel,
)  # fmt: skip
from roadtest.rtc import AF, IRQF, RtcInterrupt, find
from test_pcf8563 import (
    ALWAYS_ALARM,
    HANDLER,
    NOON,
    PLAIN,
    SECOND,
    RtcTest,
    Time,
)

EPOCH = Time(1970, 1, 1)
CLOCKS = "sys/kernel/debug/clk"


class Probe(RtcTest):
    device = PLAIN.replace(irq="low", bind=False)

    def test_interrupts_and_clock_output_are_off(self):
        # as a firmware may leave it
        self.chip.CONTROL_2.value = 0xFF
        self.chip.CLKOUT.value = 0xFD
        self.chip.drive_int()
        self.dev.bind()
        self.assertEqual(self.chip.CONTROL_2.value & 0x1F, 0)
        self.assertEqual(self.chip.clkout, 0)
        self.assertFalse(self.chip.irq.active)

    @known_bug(
        "1 != 0",
        "pcf8563_probe() sets the bits of the lowest frequency and leaves the "
        "one that enables the timer as it is",
        since="6.13",
    )
    def test_timer_is_off(self):
        self.chip.TIMER.value = 5
        self.chip.TIMER_CONTROL.value = 0xFE  # 1 Hz
        self.chip.start_timer(self.chip.TIMER_CONTROL)
        self.dev.bind()
        self.assertEqual(self.chip.TIMER_CONTROL.TD, 3)  # 8.8.1: saves power
        self.assertEqual(self.chip.TIMER_CONTROL.TE, 0)
        self.clock.advance(10)
        self.assertEqual(self.chip.CONTROL_2.TF, 0)

    def test_time_and_flags_of_the_clock_are_left_alone(self):
        self.chip.time = NOON
        self.chip.MONTHS.C = 1
        self.mark()
        self.dev.bind()
        self.assertLessEqual(
            {name for name, _ in self.written()},
            {"TIMER_CONTROL", "CONTROL_2", "CLKOUT"},
        )
        self.assertEqual(self.rtc.read_time().datetime, NOON)

    def test_alarm_that_is_set_in_the_chip_is_taken_over(self):
        self.chip.time = NOON
        self.chip.MINUTE_ALARM.value = 0xD9  # 59, and the bits to be masked
        self.chip.HOUR_ALARM.value = 0xE3
        self.chip.DAY_ALARM.value = 0xE9
        self.dev.bind()
        alarm = self.rtc.read_wake_alarm()
        self.assertEqual(alarm.time.datetime, Time(2024, 2, 29, 23, 59))
        self.assertFalse(alarm.enabled)

    def test_nak(self):
        """What each message's NAK does; the next probe works."""
        self.chip.time = NOON
        self.chip.MINUTE_ALARM.value = 0x01
        self.chip.HOUR_ALARM.value = 0x12
        self.chip.DAY_ALARM.value = 0x29
        for number, message in enumerate(self.messages_of_probe()):
            with self.subTest(message=number, what=message):
                self.chip.CLKOUT.FE = 1
                self.chip.inject(after=number, count=1)
                if "TIMER_CONTROL" in message or message == "write CONTROL_2":
                    with self.assertGuestError(errno.EIO):
                        self.dev.bind()
                    continue
                self.dev.bind()
                self.chip.inject(count=0)
                alarm = self.rtc.read_alarm().datetime
                if "CLKOUT" in message:  # no clock, or one of unknown rate
                    self.assertIn(self.rate(), (None, "0\n"))
                    self.assertEqual(alarm, NOON + 60 * SECOND)
                else:  # the class does not know of the alarm
                    self.assertEqual(self.rate(), "32768\n")
                    self.assertEqual(alarm, EPOCH)
                self.rtc.close()
                self.dev.unbind()
        self.dev.bind()
        self.assertEqual(self.rtc.read_time().datetime, NOON)

    def messages_of_probe(self):
        """"read CONTROL_2" and so on; a read is two messages."""
        self.chip.CLKOUT.FE = 1
        self.mark()
        self.dev.bind()
        self.idle()
        messages, names = [], {
            register.addr: name
            for name, register in vars(PCF8563).items()
            if hasattr(register, "addr")
        }
        for record in self.board.trace.since(self.start):
            if record.kind == "i2c" and not record.read:
                verb = "read" if len(record.data) == 1 else "write"
                messages.append(f"{verb} {names[record.data[0]]}")
            elif record.kind == "i2c":
                messages.append(messages[-1])
        self.dev.unbind()
        return messages

    def rate(self):
        """Of the clock, None if there is none."""
        path = self.guest / CLOCKS / "pcf8563-clkout/clk_rate"
        return path.read_text() if path.exists() else None

    def test_interrupt_that_nobody_gets_is_an_error(self):
        # a GPIO that somebody drives can't be an interrupt
        directory, line = self.gpio()
        (directory / "export").write_text(line)
        self.addCleanup((directory / "unexport").write_text, line)
        direction = directory / f"gpio{line}/direction"
        direction.write_text("out")
        self.addCleanup(direction.write_text, "in")
        with self.assertGuestError(errno.EIO):
            self.dev.bind()
        self.assertIn("unable to request IRQ", self.guest.messages().text)

    def gpio(self):
        """Where sysfs exports the interrupt's line, and its number there."""
        for chip in (self.guest / "sys/class/gpio").iterdir():
            if chip.name.startswith("chip"):  # newer kernels
                return chip, str(self.dev.irq_pin)
            if chip.name.startswith("gpiochip"):
                base = int((chip / "base").read_text())
                return chip.parent, str(base + self.dev.irq_pin)


class Debugging(RtcTest):
    """What the driver says with its debugging messages switched on."""

    device = PLAIN.replace(irq="low")

    def setUp(self):
        self.rtc.set_time(NOON)
        control = self.guest / "sys/kernel/debug/dynamic_debug/control"
        control.write_text("module rtc_pcf8563 +p")
        self.addCleanup(control.write_text, "module rtc_pcf8563 -p")
        self.idle()
        self.before = len(self.guest.log)

    def assert_says(self, *texts):
        log = self.guest.log[self.before :]
        for text in texts:
            with self.subTest(text):
                self.assertIn(text + "\n", log)

    def test_time_is_read(self):
        self.chip.time = Time(2024, 2, 29, 23, 48, 37)
        self.rtc.read_time()
        self.assert_says(
            "raw data is st1=5f, st2=e0, sec=37, min=c8, hr=e3, mday=e9, "
            "wday=fc, mon=62, year=24",
            "tm is secs=37, mins=48, hours=23, mday=29, mon=1, year=124, wday=4",
        )

    def test_time_is_set(self):
        self.rtc.set_time(Time(2045, 10, 20, 15, 47, 38))
        self.assert_says(
            "pcf8563_rtc_set_time: secs=38, mins=47, hours=15, mday=20, mon=9, "
            "year=145, wday=5"
        )

    def test_alarm_is_read(self):
        self.dev.unbind()
        self.chip.MINUTE_ALARM.value = 0xC8
        self.chip.HOUR_ALARM.value = 0xE3
        self.chip.DAY_ALARM.value = 0xE9
        self.chip.WEEKDAY_ALARM.value = 0xFC
        self.dev.bind()
        self.assert_says(
            "raw data is min=c8, hr=e3, mday=e9, wday=fc",
            "tm is mins=48, hours=23, mday=29, wday=4, enabled=0, pending=0",
        )

    def test_alarm_is_switched(self):
        self.rtc.set_alarm(NOON + 60 * SECOND)
        self.rtc.enable_alarm()
        self.assert_says("pcf8563_irq_enable: en=1")
        self.rtc.enable_alarm(False)
        self.assert_says("pcf8563_irq_enable: en=0")


class AlarmIsOn(RtcTest):
    class Model(PCF8563):
        """Another master turns the alarm on while the driver probes."""

        @PCF8563.MINUTE_ALARM.on_read
        def turn_on(self, alarm):
            self.CONTROL_2.AIE = 1

    device = PLAIN.replace(model=Model, irq="low", bind=False)

    @HANDLER
    def test_it_is_taken_over(self):
        self.chip.time = NOON
        self.chip.MINUTE_ALARM.value = 0x01
        self.chip.HOUR_ALARM.value = 0x12
        self.chip.DAY_ALARM.value = 0x29
        self.chip.run()
        self.dev.bind()
        alarm = self.rtc.read_wake_alarm()
        self.assertEqual(alarm.time.datetime, NOON + 60 * SECOND)
        self.assertTrue(alarm.enabled)
        self.assertTrue(self.rtc.poll(61))


class EdgeInterrupt(RtcTest):
    device = PLAIN.with_irq("falling")

    def setUp(self):
        self.rtc.set_time(NOON)
        self.chip.run()

    @HANDLER
    def test_alarm_goes_off(self):
        self.rtc.set_wake_alarm(NOON + 60 * SECOND)
        self.assertFalse(self.rtc.poll(59.9))
        self.assertTrue(self.rtc.poll(0.2))
        self.assertEqual(self.rtc.read_interrupt(), RtcInterrupt(IRQF | AF, 1))

    @HANDLER
    def test_interrupt_of_the_timer_is_no_alarm(self):
        if "type low" in self.board.trace.text():
            self.skipTest("this release asks for a low level in any case")
        # nobody but a firmware or another master would start the timer
        self.chip.CONTROL_2.TIE = 1
        self.chip.TIMER.value = 5
        self.chip.TIMER_CONTROL.value = 0x82  # 1 Hz
        self.chip.start_timer(self.chip.TIMER_CONTROL)
        self.mark()
        before = self.board.gpio[self.dev.irq_pin].irqs
        self.assertFalse(self.rtc.poll(6))
        self.assertEqual(self.board.gpio[self.dev.irq_pin].irqs, before + 1)
        self.assertEqual(self.chip.CONTROL_2.TF, 1)
        self.assertEqual(self.written(), [])


class Properties(RtcTest):
    """One device each; other addresses, so that they fit on one bus."""

    bind = False
    start_year = PLAIN.replace(addr=0x52, properties="start-year = <2010>;")
    wakeup = PLAIN.replace(addr=0x53, properties="wakeup-source;")
    wakeup_irq = PLAIN.replace(addr=0x54, irq="low", properties="wakeup-source;")
    names = PLAIN.replace(
        addr=0x55,
        properties='#clock-cells = <0>; clock-output-names = "roadtest-clk";',
    )

    def test_start_year_moves_the_window(self):
        # 36525 days: a century with 25 leap years, which the chip goes by
        century = datetime.timedelta(days=36525)
        self.start_year.bind()
        rtc, chip = self.start_year.rtc, self.start_year.chip
        for time, kept in [
            (Time(2010, 1, 1), Time(2010, 1, 1)),
            (Time(2099, 12, 31, 23, 59, 59), Time(2099, 12, 31, 23, 59, 59)),
            (Time(2100, 1, 1), Time(2000, 1, 1)),
            (Time(2105, 3, 2, 4, 5, 6), Time(2005, 3, 1, 4, 5, 6)),
            (Time(2110, 1, 1, 23, 59, 59), Time(2009, 12, 31, 23, 59, 59)),
        ]:
            with self.subTest(time):
                rtc.set_time(time)
                self.assertEqual(chip.time, kept)
                self.assertEqual(rtc.read_time().datetime, time)
        for time in Time(2009, 12, 31, 23, 59, 59), Time(2010, 1, 1) + century:
            with self.subTest(time), self.assertGuestError(errno.ERANGE):
                rtc.set_time(time)

    def test_wakeup_source_has_an_alarm_without_an_interrupt(self):
        self.wakeup.bind()
        rtc, chip = self.wakeup.rtc, self.wakeup.chip
        self.assertEqual(rtc.features(), {"alarm", "alarm_res_minute"})
        self.assertEqual((self.wakeup / "power/wakeup").read_text(), "enabled\n")
        rtc.set_time(NOON)
        chip.run()
        self.assertEqual(rtc["wakealarm"], "")
        rtc.set_wake_alarm(NOON + 60 * SECOND)
        self.assertEqual((chip.MINUTE_ALARM.value, chip.CONTROL_2.AIE), (1, 1))
        self.assertFalse(rtc.poll(61))
        self.assertEqual(chip.CONTROL_2.AF, 1)

    @HANDLER
    def test_wakeup_source_with_an_interrupt(self):
        self.wakeup_irq.bind()
        rtc = self.wakeup_irq.rtc
        rtc.set_time(NOON)
        self.wakeup_irq.chip.run()
        rtc.set_wake_alarm(NOON + 60 * SECOND)
        self.assertTrue(rtc.poll(61))

    def test_clock_output_names(self):
        self.names.bind()
        clocks = self.guest / CLOCKS
        self.assertTrue((clocks / "roadtest-clk").exists())
        self.assertFalse((clocks / "pcf8563-clkout").exists())


class MatchTables(TestCase):
    """Each entry: the module has its alias, and the driver takes it."""

    bind = False
    of_0 = PLAIN.replace(addr=0x51)
    of_1 = PLAIN.replace(compatible="epson,rtc8564", addr=0x52)
    of_2 = PLAIN.replace(compatible="microcrystal,rv8564", addr=0x53)
    of_3 = PLAIN.replace(compatible="nxp,pca8565", addr=0x54)

    def test_compatibles(self):
        for device in self.of_0, self.of_1, self.of_2, self.of_3:
            with self.subTest(device.addr):
                device.chip.time = NOON
                device.bind()
                self.assertEqual(device.rtc.read_time().datetime, NOON)
                device.rtc.close()
                device.unbind()
                self.guest.rmmod("rtc-pcf8563")

    @ALWAYS_ALARM
    def test_ids(self):
        bus = self.guest / "sys/bus/i2c/devices/i2c-0"
        for name in "pcf8563", "rtc8564", "pca8565":
            with self.subTest(name):
                chip = PCF8563()
                self.board.attach(chip, 0x60)
                chip.time = NOON
                (bus / "new_device").write_text(f"{name} 0x60")
                self.guest.insmod(f"i2c:{name}")
                with I2CDriver("rtc-pcf8563").bind(0x60) as device:
                    rtc = find(device.path)
                    time, features = rtc.read_time(), rtc.features()
                    rtc.close()
                (bus / "delete_device").write_text("0x60")
                self.guest.rmmod("rtc-pcf8563")
                self.board.detach(chip)
                self.assertEqual(time.datetime, NOON)
                self.assertNotIn("alarm", features)


RATES = 32768, 1024, 32, 1, 40000, 32767, 1023, 31
"""What consumers ask for."""

RATE = """
    rate-{0} {{
        compatible = "regulator-fixed";
        regulator-name = "rate-{0}";
        assigned-clocks = <&{{/virtio-i2c/i2c/rtc@51}}>;
        assigned-clock-rates = <{0}>;
    }};
"""


CONSUMER = requires_kernel(
    "6.2", "reg-userspace-consumer has no devicetree"
)


class ClockOutput(RtcTest):
    """CLKOUT, with drivers of regulators as its consumers: each asks for a
    rate when it is probed, and one runs on the clock."""

    device = PLAIN.replace(properties="#clock-cells = <0>;")
    consumers = DtFragment(
        "/ {"
        + "".join(RATE.format(rate) for rate in RATES)
        + """
    clocked: clocked {
        compatible = "regulator-fixed-clock";
        regulator-name = "clocked";
        regulator-min-microvolt = <1000000>;
        regulator-max-microvolt = <1000000>;
        clocks = <&{/virtio-i2c/i2c/rtc@51}>;
    };
    switch {
        compatible = "regulator-output";
        vout-supply = <&clocked>;
    };
};"""
    )

    @property
    def clk(self):
        return self.guest / CLOCKS / "pcf8563-clkout"

    def ask(self, rate):
        """A consumer that wants a rate comes, and goes again."""
        with PlatformDriver("reg-fixed-voltage").bind(f"rate-{rate}"):
            pass

    def test_it_is_off_after_probe(self):
        self.assertEqual(self.chip.CLKOUT.value & 0x83, 0)
        self.assertEqual((self.clk / "clk_rate").read_text(), "32768\n")

    def test_rates(self):
        for rate, field, hertz in [
            (1024, 1, 1024),
            (32, 2, 32),
            (1, 3, 1),
            (32768, 0, 32768),
            (1023, 2, 32),
            (32767, 1, 1024),
            (31, 3, 1),
            (40000, 0, 32768),
        ]:
            with self.subTest(rate):
                self.mark()
                self.ask(rate)
                self.assertEqual(self.written(), [("CLKOUT", 0x7C | field)])
                self.assertEqual((self.clk / "clk_rate").read_text(), f"{hertz}\n")

    def test_nak_leaves_the_rate(self):
        results = []
        for message in range(self.messages_of(lambda: self.ask(1024))):
            self.ask(32768)
            self.chip.inject(after=message, count=1)
            self.ask(1024)
            self.chip.inject(count=0)
            rate = (self.clk / "clk_rate").read_text()
            results.append((self.chip.CLKOUT.FD, rate))
        # nothing was written, or it could not be read back
        self.assertEqual(results[0], (0, "32768\n"))
        self.assertEqual(results[-1], (1, "0\n"))
        self.assertEqual(set(results), {results[0], results[-1]})

    @contextlib.contextmanager
    def consumer(self):
        """A regulator that runs on the clock: the file that switches it."""
        with PlatformDriver("reg-fixed-voltage").bind("clocked"):
            self.guest.insmod("userspace-consumer")
            with PlatformDriver("reg-userspace-consumer").bind("switch") as switch:
                yield switch.path / "state"

    @CONSUMER
    def test_a_consumer_turns_it_on_and_off(self):
        self.ask(1024)
        with self.consumer() as state:
            self.mark()
            state.write_text("enabled")
            self.assertEqual(self.chip.clkout, 1024)
            self.assertEqual(self.written(), [("CLKOUT", 0xFD)])
            state.write_text("disabled")
            self.assertEqual(self.chip.clkout, 0)
            self.assertEqual(self.written(), [("CLKOUT", 0xFD), ("CLKOUT", 0x7D)])

    @CONSUMER
    def test_rate_of_a_clock_that_runs(self):
        with self.consumer() as state:
            state.write_text("enabled")
            for rate in 32, 1, 32768:
                with self.subTest(rate):
                    self.ask(rate)
                    self.assertEqual(self.chip.clkout, rate)
            state.write_text("disabled")

    @CONSUMER
    def test_nak_keeps_it_off(self):
        with self.consumer() as state:
            for message in range(3):
                with self.subTest(message=message):
                    self.chip.inject(after=message, count=1)
                    self.mark()
                    state.write_text("enabled")
                    self.chip.inject(count=0)
                    self.assertEqual(state.read_text(), "disabled\n")
                    self.assertEqual(self.written(), [])
