// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pcf8563-model.h"

/* 8.2 and, for the values after power-on, 8.11 */
static const struct road_reg_desc pcf8563_regs[] = {
	{ PCF8563_CONTROL_1, "CONTROL_1", 0x5f,
	  .writable = 0xa8, .reserved = 0xd7 },
	{ PCF8563_CONTROL_2, "CONTROL_2", 0xe0,
	  .writable = PCF8563_TI_TP | PCF8563_AIE | PCF8563_TIE,
	  .reserved = 0xe0 },
	{ PCF8563_SECONDS, "SECONDS", PCF8563_VL },
	{ PCF8563_MINUTES, "MINUTES", 0x80, .writable = 0x7f },
	{ PCF8563_HOURS, "HOURS", 0xc0, .writable = 0x3f },
	{ PCF8563_DAYS, "DAYS", 0xc1, .writable = 0x3f },
	{ PCF8563_WEEKDAYS, "WEEKDAYS", 0xf8, .writable = 0x07 },
	{ PCF8563_MONTHS, "MONTHS", 0x61, .writable = 0x9f },
	{ PCF8563_YEARS, "YEARS" },
	{ PCF8563_MINUTE_ALARM, "MINUTE_ALARM", 0x80 },
	{ PCF8563_HOUR_ALARM, "HOUR_ALARM", 0xc0, .writable = 0xbf },
	{ PCF8563_DAY_ALARM, "DAY_ALARM", 0xc0, .writable = 0xbf },
	{ PCF8563_WEEKDAY_ALARM, "WEEKDAY_ALARM", 0xf8, .writable = 0x87 },
	{ PCF8563_CLKOUT, "CLKOUT", 0xfc, .writable = 0x83 },
	{ PCF8563_TIMER_CONTROL, "TIMER_CONTROL", 0x7f, .writable = 0x83 },
	{ PCF8563_TIMER, "TIMER" },
	{},
};

/* From SECONDS on: the bits that are used, and the first and last value. */
static const struct {
	uint8_t mask, low, high;
} ranges[7] = {
	{ 0x7f, 0, 59 }, { 0x7f, 0, 59 }, { 0x3f, 0, 23 }, { 0x3f, 1, 31 },
	{ 0x07, 0, 6 },	 { 0x1f, 1, 12 }, { 0xff, 0, 99 },
};

static unsigned int from_bcd(unsigned int digits)
{
	return (digits >> 4) * 10 + (digits & 0xf);
}

static unsigned int to_bcd(unsigned int number)
{
	return number / 10 << 4 | number % 10;
}

static unsigned int get_time(struct pcf8563 *chip, unsigned int addr)
{
	return from_bcd(road_regmap_get(&chip->map, addr) &
			ranges[addr - PCF8563_SECONDS].mask);
}

static void set_time(struct pcf8563 *chip, unsigned int addr,
		     unsigned int number)
{
	road_regmap_update(&chip->map, addr,
			   ranges[addr - PCF8563_SECONDS].mask, to_bcd(number));
}

/* 8.3.2: the INT pin follows the flag of the alarm. */
static void drive_int(struct pcf8563 *chip)
{
	uint32_t both = PCF8563_AF | PCF8563_AIE;
	uint32_t control = road_regmap_get(&chip->map, PCF8563_CONTROL_2);

	if ((control & both) == both)
		road_irq_assert(&chip->map.chip);
	else
		road_irq_deassert(&chip->map.chip);
}

static bool alarm_matches(struct pcf8563 *chip)
{
	static const struct {
		uint8_t alarm, time;
	} pairs[] = {
		{ PCF8563_MINUTE_ALARM, PCF8563_MINUTES },
		{ PCF8563_HOUR_ALARM, PCF8563_HOURS },
		{ PCF8563_DAY_ALARM, PCF8563_DAYS },
		{ PCF8563_WEEKDAY_ALARM, PCF8563_WEEKDAYS },
	};
	unsigned int i, enabled = 0;

	for (i = 0; i < 4; i++) {
		uint32_t alarm = road_regmap_get(&chip->map, pairs[i].alarm);
		uint32_t time = road_regmap_get(&chip->map, pairs[i].time);

		if (alarm & PCF8563_AE)
			continue;
		enabled++;
		if ((alarm ^ time) & ranges[pairs[i].time - PCF8563_SECONDS].mask)
			return false;
	}
	return enabled > 0;
}

/* 8.4.4: a leap year is one that 4 divides, 00 among them. */
static unsigned int days_of_month(unsigned int month, unsigned int year)
{
	if (month == 2)
		return year % 4 ? 28 : 29;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void carry_date(struct pcf8563 *chip)
{
	unsigned int day = get_time(chip, PCF8563_DAYS);
	unsigned int month = get_time(chip, PCF8563_MONTHS);
	unsigned int year = get_time(chip, PCF8563_YEARS);

	set_time(chip, PCF8563_WEEKDAYS,
		 (get_time(chip, PCF8563_WEEKDAYS) + 1) % 7);
	if (day < days_of_month(month, year)) {
		set_time(chip, PCF8563_DAYS, day + 1);
		return;
	}
	set_time(chip, PCF8563_DAYS, 1);
	set_time(chip, PCF8563_MONTHS, month % 12 + 1);
	if (month < 12)
		return;
	set_time(chip, PCF8563_YEARS, (year + 1) % 100);
	if (year == 99) {	/* 8.4.6: the century bit is toggled */
		uint32_t value = road_regmap_get(&chip->map, PCF8563_MONTHS);

		road_regmap_set(&chip->map, PCF8563_MONTHS, value ^ PCF8563_C);
	}
}

static void carry(struct pcf8563 *chip)
{
	unsigned int addr;

	for (addr = PCF8563_SECONDS; addr <= PCF8563_HOURS; addr++) {
		unsigned int value = get_time(chip, addr);

		if (value < ranges[addr - PCF8563_SECONDS].high) {
			set_time(chip, addr, value + 1);
			return;
		}
		set_time(chip, addr, 0);
	}
	carry_date(chip);
}

static void tick(struct road_timer *timer)
{
	struct pcf8563 *chip = road_container_of(timer, struct pcf8563, second);
	bool before;

	pcf8563_run(chip, ROAD_S);
	if (road_regmap_get(&chip->map, PCF8563_CONTROL_1) & PCF8563_STOP)
		return;
	before = alarm_matches(chip);
	carry(chip);
	/* 8.6.5: set by an increment that makes it match, and by no other */
	if (alarm_matches(chip) && !before) {
		road_regmap_update(&chip->map, PCF8563_CONTROL_2, PCF8563_AF,
				   PCF8563_AF);
		drive_int(chip);
	}
}

static int check_time(struct road_regmap *map, const struct road_reg *reg)
{
	unsigned int i = reg->desc->addr - PCF8563_SECONDS;
	uint32_t digits = reg->value & ranges[i].mask;

	if ((digits & 0xf) > 9 || from_bcd(digits) < ranges[i].low ||
	    from_bcd(digits) > ranges[i].high)
		return road_chip_fail(&map->chip, "%s can't be 0x%02x",
				      reg->desc->name, digits);
	return 0;
}

static int after_write(struct road_regmap *map, struct road_reg *reg,
		       uint32_t old, uint32_t written)
{
	const uint32_t flags = PCF8563_AF | PCF8563_TF;

	if (reg->desc->addr >= PCF8563_SECONDS &&
	    reg->desc->addr <= PCF8563_YEARS)
		return check_time(map, reg);
	if (reg->desc->addr == PCF8563_CONTROL_2) {
		/* 8.3.2: a 1 leaves a flag alone, a 0 clears it */
		reg->value = (reg->value & ~flags) | (old & written & flags);
		drive_int(road_container_of(map, struct pcf8563, map));
	}
	return 0;
}

static void power_on(struct road_regmap *map)
{
	pcf8563_run(road_container_of(map, struct pcf8563, map), ROAD_S);
}

static const struct road_regmap_config pcf8563_config = {
	.regs = pcf8563_regs,
	.auto_increment = true,
	.after_write = after_write,
	.power_on = power_on,
};

int pcf8563_init(struct pcf8563 *chip)
{
	*chip = (struct pcf8563){};
	road_timer_init(&chip->second, "second", tick);
	return road_regmap_init(&chip->map, "pcf8563", &pcf8563_config);
}

void pcf8563_deinit(struct pcf8563 *chip)
{
	road_timer_cancel(&chip->second);
	road_regmap_deinit(&chip->map);
}

void pcf8563_run(struct pcf8563 *chip, uint64_t ns)
{
	road_timer_set(chip->map.chip.machine, &chip->second, ns);
}

void pcf8563_set(struct pcf8563 *chip, const uint8_t time[7])
{
	unsigned int i;

	for (i = 0; i < 7; i++)
		road_regmap_update(&chip->map, PCF8563_SECONDS + i,
				   ranges[i].mask | (i ? 0 : PCF8563_VL),
				   time[i]);
}

void pcf8563_get(struct pcf8563 *chip, uint8_t time[7])
{
	unsigned int i;

	for (i = 0; i < 7; i++)
		time[i] = road_regmap_get(&chip->map, PCF8563_SECONDS + i) &
			  ranges[i].mask;
}
