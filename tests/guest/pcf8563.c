// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pcf8563.h"

static const struct road_reg_desc pcf8563_regs[] = {
	{ 0x00, "Control_status_1", 0x08 },
	{ PCF8563_STATUS_2, "Control_status_2", 0x00 },
	{ 0x02, "VL_seconds", 0x00 },
	{ PCF8563_MINUTES, "Minutes", 0x30 },
	{ 0x04, "Hours", 0x12 },
	{ 0x05, "Days", 0x01 },
	{ 0x06, "Weekdays", 0x01 },
	{ 0x07, "Century_months", 0x01 },
	{ 0x08, "Years", 0x24 },
	{ PCF8563_MINUTE_ALARM, "Minute_alarm", 0x80 },
	{ 0x0a, "Hour_alarm", 0x80 },
	{ 0x0b, "Day_alarm", 0x80 },
	{ 0x0c, "Weekday_alarm", 0x80 },
	{ 0x0d, "CLKOUT_control", 0x80 },
	{ 0x0e, "Timer_control", 0x03 },
	{ 0x0f, "Timer", 0x00 },
	{},
};

static void drive(struct pcf8563 *chip)
{
	uint32_t status = road_regmap_get(&chip->map, PCF8563_STATUS_2);
	uint32_t both = PCF8563_AF | PCF8563_AIE;

	if (chip->stuck || (status & both) == both)
		road_irq_assert(&chip->map.chip);
	else
		road_irq_deassert(&chip->map.chip);
}

static int after_write(struct road_regmap *map, struct road_reg *reg,
		       uint32_t old, uint32_t written)
{
	struct pcf8563 *chip = road_container_of(map, struct pcf8563, map);

	if (reg->desc->addr != PCF8563_STATUS_2)
		return 0;
	if (chip->hold && old & PCF8563_AF && !(reg->value & PCF8563_AF)) {
		chip->hold--;
		reg->value |= PCF8563_AF;
	}
	drive(chip);
	return 0;
}

static const struct road_regmap_config pcf8563_config = {
	.regs = pcf8563_regs,
	.auto_increment = true,
	.after_write = after_write,
};

int pcf8563_init(struct pcf8563 *chip)
{
	*chip = (struct pcf8563){};
	return road_regmap_init(&chip->map, "pcf8563", &pcf8563_config);
}

void pcf8563_ring(struct pcf8563 *chip)
{
	/* The driver's core looks whether the time has come. */
	road_regmap_update(&chip->map, PCF8563_MINUTES, 0x7f,
			   road_regmap_get(&chip->map, PCF8563_MINUTE_ALARM));
	road_regmap_update(&chip->map, PCF8563_STATUS_2, PCF8563_AF,
			   PCF8563_AF);
	drive(chip);
}
