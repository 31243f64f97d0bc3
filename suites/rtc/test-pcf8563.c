// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * drivers/rtc/rtc-pcf8563.c; the whole suite is in Python
 *
 * Section numbers are those of NXP's datasheet PCF8563, Rev. 11.
 */
#include "pcf8563-model.h"

#include <roadtest/harness.h>
#include <roadtest/rtc.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Thursday, 29 February 2024, 12:00:00; as fields, and in the registers. */
static const struct rtc_time noon = {
	.tm_hour = 12, .tm_mday = 29, .tm_mon = 1, .tm_year = 124, .tm_wday = 4,
};
static const uint8_t noon_regs[7] = { 0x00, 0x00, 0x12, 0x29, 4, 0x02, 0x24 };

FIXTURE(pcf8563)
{
	struct road_machine *machine;
	struct road_device *dev;
	struct pcf8563 chip;
	int fd;
};

FIXTURE_SETUP(pcf8563)
{
	struct road_device_config config = {
		.compatible = "nxp,pcf8563",
		.node = "rtc",
		.irq = ROAD_IRQ_LEVEL_LOW,
		.addr = 0x51,	/* 9.5.1: it has this one and no other */
	};

	self->machine = road_test_machine(_metadata, NULL);
	self->fd = -1;
	ASSERT_OK(pcf8563_init(&self->chip));
	ASSERT_OK(road_device_add(self->machine, &config,
				  &self->chip.map.chip, &self->dev));
	ASSERT_OK(road_machine_boot(self->machine));
}

FIXTURE_TEARDOWN(pcf8563)
{
	pcf8563_deinit(&self->chip);
}

/* Probe, and open the character device. */
#define BIND() \
	do { \
		ASSERT_OK(road_device_bind(self->dev)); \
		self->fd = road_rtc_open(self->dev); \
		ASSERT_LE(0, self->fd); \
	} while (0)

static uint8_t reg(FIXTURE_DATA(pcf8563) *self, uint32_t addr)
{
	return road_regmap_get(&self->chip.map, addr);
}

/* Does the kernel come before MAJOR.MINOR? */
static bool before_release(struct road_machine *machine, unsigned int major,
			   unsigned int minor)
{
	unsigned int x = 0, y = 0;

	sscanf(road_machine_release(machine), "%u.%u", &x, &y);
	return x < major || (x == major && y < minor);
}

static const char *text(const struct rtc_time *tm, char buf[64])
{
	snprintf(buf, 64, "%d-%02d-%02d %02d:%02d:%02d, day %d",
		 tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour,
		 tm->tm_min, tm->tm_sec, tm->tm_wday);
	return buf;
}

static const char *read_time(FIXTURE_DATA(pcf8563) *self, char buf[64])
{
	struct rtc_time tm;
	int ret = road_rtc_get_time(self->machine, self->fd, &tm);

	if (ret)
		snprintf(buf, 64, "%s", road_strerror(ret));
	return ret ? buf : text(&tm, buf);
}

/* The seven registers as text. */
static const char *registers(FIXTURE_DATA(pcf8563) *self, char buf[64])
{
	uint8_t t[7];

	pcf8563_get(&self->chip, t);
	snprintf(buf, 64, "%02x %02x %02x %02x %02x %02x %02x", t[0], t[1],
		 t[2], t[3], t[4], t[5], t[6]);
	return buf;
}

/* ---- probe */

TEST_F(pcf8563, probe_stops_timer_interrupts_and_clock_output)
{
	road_regmap_set(&self->chip.map, PCF8563_CONTROL_2, 0xff);
	road_regmap_set(&self->chip.map, PCF8563_TIMER_CONTROL, 0xfc);
	ASSERT_OK(road_device_bind(self->dev));
	EXPECT_EQ(0xe0, reg(self, PCF8563_CONTROL_2));
	if (!before_release(self->machine, 6, 13))
		KNOWN_BUG("PCF8563_TE",
			  "probe sets two bits and leaves the one that enables the timer");
	EXPECT_EQ(0, reg(self, PCF8563_TIMER_CONTROL) & PCF8563_TE);
	EXPECT_EQ(3, reg(self, PCF8563_TIMER_CONTROL) & 3);
	EXPECT_EQ(0, reg(self, PCF8563_CLKOUT) & PCF8563_FE);
}

TEST_F(pcf8563, a_nak_in_probe_is_an_error_and_the_next_probe_works)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		road_i2c_inject(&self->chip.map.chip, i, 1, -ENXIO);
		EXPECT_EQ(-EIO, road_device_bind(self->dev)) {
			TH_LOG("NAK of message %u", i);
		}
	}
	EXPECT_OK(road_device_bind(self->dev));
}

/* ---- time */

static const struct {
	struct rtc_time tm;
	const char *regs;
} times[] = {
	{ { .tm_mday = 1, .tm_year = 100, .tm_wday = 6 },
	  "00 00 00 01 06 01 00" },
	{ { 58, 59, 23, 29, 1, 124, 4 }, "58 59 23 29 04 02 24" },
	{ { 38, 47, 15, 20, 9, 145, 5 }, "38 47 15 20 05 10 45" },
	{ { 7, 6, 9, 31, 11, 169, 2 }, "07 06 09 31 02 12 69" },
};

TEST_F(pcf8563, time_is_set_and_read)
{
	char buf[64], expected[64];
	size_t i;

	BIND();
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		EXPECT_OK(road_rtc_set_time(self->machine, self->fd,
					    &times[i].tm));
		EXPECT_STREQ(times[i].regs, registers(self, buf));
		EXPECT_STREQ(text(&times[i].tm, expected),
			     read_time(self, buf));
	}
}

TEST_F(pcf8563, time_passes)
{
	static const uint8_t last[7] = { 0x59, 0x59, 0x23, 0x28, 3, 2, 0x24 };
	char buf[64];

	BIND();
	pcf8563_set(&self->chip, last);
	pcf8563_run(&self->chip, ROAD_S);
	ASSERT_OK(road_advance(self->machine, 2 * ROAD_S));
	EXPECT_STREQ("2024-02-29 00:00:01, day 4", read_time(self, buf));
}

TEST_F(pcf8563, years_70_to_99_are_those_of_the_last_century)
{
	static const uint8_t last[7] = { 0x59, 0x59, 0x23, 0x31, 4, 0x12, 0x99 };
	char buf[64];

	BIND();
	pcf8563_set(&self->chip, last);
	pcf8563_run(&self->chip, ROAD_S);
	EXPECT_STREQ("1999-12-31 23:59:59, day 5", read_time(self, buf));
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_EQ(PCF8563_C, reg(self, PCF8563_MONTHS) & PCF8563_C);
	EXPECT_STREQ("2000-01-01 00:00:00, day 5", read_time(self, buf));
}

TEST_F(pcf8563, the_century_bit_stays_as_it_was_read)
{
	unsigned int c;
	char buf[64];

	BIND();
	for (c = 0; c <= PCF8563_C; c += PCF8563_C) {
		pcf8563_set(&self->chip, noon_regs);
		road_regmap_update(&self->chip.map, PCF8563_MONTHS, PCF8563_C,
				   c);
		read_time(self, buf);
		EXPECT_OK(road_rtc_set_time(self->machine, self->fd,
					    &times[0].tm));
		EXPECT_EQ(c, reg(self, PCF8563_MONTHS) & PCF8563_C);
	}
}

TEST_F(pcf8563, a_time_outside_of_1970_to_2069_gives_an_error)
{
	struct rtc_time tm = noon;

	BIND();
	tm.tm_year = 170;
	tm.tm_mday = 1;
	EXPECT_EQ(-ERANGE, road_rtc_set_time(self->machine, self->fd, &tm));
	tm.tm_year = 69;
	EXPECT_EQ(-EINVAL, road_rtc_set_time(self->machine, self->fd, &tm));
	EXPECT_EQ(PCF8563_VL, reg(self, PCF8563_SECONDS));
}

TEST_F(pcf8563, a_nak_in_reading_or_setting_the_time_gives_eio)
{
	struct road_i2c_chip *bus = &self->chip.map.chip;
	unsigned int i;
	char buf[64];

	BIND();
	ASSERT_OK(road_rtc_set_time(self->machine, self->fd, &noon));
	ASSERT_OK(road_advance(self->machine, 10 * ROAD_MS));
	for (i = 0; i < 2; i++) {
		road_i2c_inject(bus, i, 1, -ENXIO);
		EXPECT_STREQ("EIO", read_time(self, buf));
	}
	road_i2c_inject(bus, 0, 1, -ENXIO);
	EXPECT_EQ(-EIO, road_rtc_set_time(self->machine, self->fd, &noon));
}

TEST_F(pcf8563, a_second_that_ends_meanwhile_does_not_spoil_the_time)
{
	struct rtc_time tm = noon;
	char buf[64];

	BIND();
	tm.tm_min = 30;
	tm.tm_sec = 59;
	pcf8563_run(&self->chip, 100 * ROAD_US);
	ASSERT_OK(road_rtc_set_time(self->machine, self->fd, &tm));
	if (before_release(self->machine, 6, 13))
		KNOWN_BUG("59 30 12",
			  "pcf8563_rtc_set_time() writes each register in a transfer of its own (8.5)");
	EXPECT_STREQ("59 30 12 29 04 02 24", registers(self, buf));
}

/* ---- voltage */

TEST_F(pcf8563, the_time_is_invalid_until_it_is_set)
{
	unsigned int flags;
	char buf[64];

	BIND();
	ASSERT_OK(road_rtc_voltage_low(self->machine, self->fd, &flags));
	EXPECT_EQ(RTC_VL_DATA_INVALID, flags);
	EXPECT_STREQ("EINVAL", read_time(self, buf));
	EXPECT_EQ(-EINVAL, road_rtc_read(self->dev, "time", buf, sizeof(buf)));

	ASSERT_OK(road_rtc_set_time(self->machine, self->fd, &noon));
	ASSERT_OK(road_rtc_voltage_low(self->machine, self->fd, &flags));
	EXPECT_EQ(0, flags);
	ASSERT_OK(road_rtc_read(self->dev, "time", buf, sizeof(buf)));
	EXPECT_STREQ("12:00:00", buf);
}

TEST_F(pcf8563, a_low_voltage_is_seen)
{
	unsigned int flags;
	char buf[64];

	BIND();
	pcf8563_set(&self->chip, noon_regs);
	EXPECT_STREQ("2024-02-29 12:00:00, day 4", read_time(self, buf));
	road_regmap_set(&self->chip.map, PCF8563_SECONDS, PCF8563_VL | 0x30);
	ASSERT_OK(road_rtc_voltage_low(self->machine, self->fd, &flags));
	EXPECT_EQ(RTC_VL_DATA_INVALID, flags);
	EXPECT_STREQ("EINVAL", read_time(self, buf));
}

/* ---- alarm */

static const struct rtc_wkalrm in_a_minute = {
	.enabled = 1,
	.time = { .tm_min = 1, .tm_hour = 12, .tm_mday = 29, .tm_mon = 1,
		  .tm_year = 124, .tm_wday = 4 },
};

TEST_F(pcf8563, an_alarm_goes_off)
{
	unsigned int flags;

	if (!before_release(self->machine, 6, 13))
		SKIP(return, "since 6.13 the interrupt handler oopses");
	BIND();
	pcf8563_set(&self->chip, noon_regs);
	pcf8563_run(&self->chip, ROAD_S);
	ASSERT_OK(road_rtc_set_alarm(self->machine, self->fd, &in_a_minute));
	EXPECT_EQ(0x01, reg(self, PCF8563_MINUTE_ALARM));
	EXPECT_EQ(0x52, reg(self, PCF8563_HOUR_ALARM));
	EXPECT_EQ(0x69, reg(self, PCF8563_DAY_ALARM));
	EXPECT_EQ(0x7c, reg(self, PCF8563_WEEKDAY_ALARM));
	EXPECT_EQ(0, road_rtc_wait(self->machine, self->fd, 59900, &flags));
	EXPECT_EQ(1, road_rtc_wait(self->machine, self->fd, 200, &flags));
	EXPECT_EQ(RTC_IRQF | RTC_AF, flags);
	EXPECT_EQ(1, road_line_irqs(self->machine, road_device_pin(self->dev)));
	ASSERT_OK(road_advance(self->machine, 10 * ROAD_MS));
	EXPECT_EQ(0xe0, reg(self, PCF8563_CONTROL_2));
}

TEST_F(pcf8563, a_write_of_the_alarm_leaves_the_timers_bits_alone)
{
	BIND();
	pcf8563_set(&self->chip, noon_regs);
	road_regmap_set(&self->chip.map, PCF8563_CONTROL_2,
			0xe0 | PCF8563_AF | PCF8563_TF | PCF8563_TI_TP);
	ASSERT_OK(road_rtc_set_alarm(self->machine, self->fd, &in_a_minute));
	EXPECT_EQ(0xe0 | PCF8563_TF | PCF8563_TI_TP | PCF8563_AIE,
		  reg(self, PCF8563_CONTROL_2));
}

TEST_F(pcf8563, wakealarm_sets_an_alarm_and_takes_it_back)
{
	char buf[64];

	BIND();
	pcf8563_set(&self->chip, noon_regs);
	ASSERT_OK(road_rtc_write(self->dev, "wakealarm", "+120"));
	EXPECT_EQ(0x02, reg(self, PCF8563_MINUTE_ALARM));
	EXPECT_EQ(PCF8563_AIE, reg(self, PCF8563_CONTROL_2) & PCF8563_AIE);
	ASSERT_OK(road_rtc_read(self->dev, "wakealarm", buf, sizeof(buf)));
	EXPECT_STREQ("1709208120", buf);
	EXPECT_EQ(-EBUSY, road_rtc_write(self->dev, "wakealarm", "+180"));
	ASSERT_OK(road_rtc_write(self->dev, "wakealarm", "0"));
	EXPECT_EQ(0, reg(self, PCF8563_CONTROL_2) & PCF8563_AIE);
}

/* ---- without an interrupt */

TEST(without_an_interrupt_there_is_no_alarm)
{
	const struct road_device_config config = {
		.compatible = "nxp,pcf8563",
		.node = "rtc",
		.addr = 0x51,
	};
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_device *dev;
	struct pcf8563 chip;
	struct rtc_wkalrm alarm;
	char buf[64];
	int fd;

	ASSERT_OK(pcf8563_init(&chip));
	ASSERT_OK(road_device_add(machine, &config, &chip.map.chip, &dev));
	ASSERT_OK(road_machine_boot(machine));
	if (before_release(machine, 6, 2)) {
		pcf8563_deinit(&chip);
		SKIP(return, "before 6.2 an alarm is offered in any case");
	}
	ASSERT_OK(road_device_bind(dev));
	fd = road_rtc_open(dev);
	ASSERT_LE(0, fd);
	EXPECT_OK(road_rtc_set_time(machine, fd, &noon));
	EXPECT_EQ(-EINVAL, road_rtc_set_alarm(machine, fd, &in_a_minute));
	EXPECT_EQ(-EINVAL, road_rtc_get_alarm(machine, fd, &alarm));
	EXPECT_EQ(-EINVAL, road_rtc_enable_alarm(machine, fd, true));
	EXPECT_EQ(-ENOENT, road_rtc_read(dev, "wakealarm", buf, sizeof(buf)));
	EXPECT_EQ(0xe0, road_regmap_get(&chip.map, PCF8563_CONTROL_2));
	pcf8563_deinit(&chip);
}

TEST_HARNESS_MAIN
