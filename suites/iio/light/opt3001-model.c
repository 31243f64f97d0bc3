// SPDX-License-Identifier: LGPL-2.1-or-later
#include "opt3001-model.h"

/* 6.5: integration time, typical. */
#define CONVERSION_SHORT (100 * ROAD_MS)
#define CONVERSION_LONG (800 * ROAD_MS)

static const struct road_reg_field result_fields[] = {
	{ "E", 15, 12 },
	{ "R", 11, 0 },
	{},
};

static const struct road_reg_field config_fields[] = {
	{ "RN", 15, 12 }, { "CT", 11, 11 }, { "M", 10, 9 },
	{ "OVF", 8, 8 },  { "CRF", 7, 7 },  { "FH", 6, 6 },
	{ "FL", 5, 5 },	  { "L", 4, 4 },    { "POL", 3, 3 },
	{ "ME", 2, 2 },	  { "FC", 1, 0 },   {},
};

static const struct road_reg_field limit_fields[] = {
	{ "E", 15, 12 },
	{ "T", 11, 0 },
	{},
};

/* 7.6.1, table 6; the flags of the configuration register are read-only. */
static const struct road_reg_desc opt3001_regs[] = {
	{ OPT3001_RESULT, "RESULT", 0x0000, ROAD_RO, .fields = result_fields },
	{ OPT3001_CONFIG, "CONFIG", 0xc810, ROAD_RW,
	  .writable = OPT3001_RN | OPT3001_CT | OPT3001_M | OPT3001_L |
		      OPT3001_POL | OPT3001_ME | OPT3001_FC,
	  .fields = config_fields },
	{ OPT3001_LOW_LIMIT, "LOW_LIMIT", 0xc000, ROAD_RW,
	  .fields = limit_fields },
	{ OPT3001_HIGH_LIMIT, "HIGH_LIMIT", 0xbfff, ROAD_RW,
	  .fields = limit_fields },
	{ OPT3001_MANUFACTURER, "MANUFACTURER", 0x5449, ROAD_RO },
	{ OPT3001_DEVICE, "DEVICE", 0x3001, ROAD_RO },
	{},
};

static struct opt3001 *to_opt3001(struct road_regmap *map)
{
	return road_container_of(map, struct opt3001, map);
}

static uint32_t light(uint16_t reg)
{
	return (uint32_t)(reg & 0x0fff) << (reg >> 12);
}

static bool end_of_conversion_mode(struct opt3001 *chip)
{
	return (road_regmap_get(&chip->map, OPT3001_LOW_LIMIT) &
		OPT3001_EOC) == OPT3001_EOC;
}

static void start_conversion(struct opt3001 *chip)
{
	uint32_t config = road_regmap_get(&chip->map, OPT3001_CONFIG);

	if (chip->never_ends)
		return;
	road_timer_set(chip->map.chip.machine, &chip->timer,
		       config & OPT3001_CT ? CONVERSION_LONG :
					     CONVERSION_SHORT);
}

/* 7.4.2.1: latched window comparison, after FC faults in a row. */
static void compare(struct opt3001 *chip)
{
	uint32_t config = road_regmap_get(&chip->map, OPT3001_CONFIG);
	unsigned int count = 1U << (config & OPT3001_FC);
	uint16_t low = road_regmap_get(&chip->map, OPT3001_LOW_LIMIT);
	uint16_t high = road_regmap_get(&chip->map, OPT3001_HIGH_LIMIT);
	uint32_t flags = 0;

	chip->faults_high = light(chip->raw) > light(high) ?
				    chip->faults_high + 1 : 0;
	/* 7.4.2.3: in end-of-conversion mode the low limit is none. */
	chip->faults_low = !end_of_conversion_mode(chip) &&
					   light(chip->raw) < light(low) ?
				   chip->faults_low + 1 : 0;
	if (chip->faults_high >= count)
		flags |= OPT3001_FH;
	if (chip->faults_low >= count)
		flags |= OPT3001_FL;
	road_regmap_update(&chip->map, OPT3001_CONFIG, flags, flags);
	if (flags || end_of_conversion_mode(chip))
		road_irq_assert(&chip->map.chip);
}

static void conversion_done(struct road_timer *timer)
{
	struct opt3001 *chip = road_container_of(timer, struct opt3001,
						 timer);
	uint32_t mode = road_regmap_get(&chip->map, OPT3001_CONFIG) &
			OPT3001_M;

	chip->conversions++;
	road_regmap_set(&chip->map, OPT3001_RESULT, chip->raw);
	road_regmap_update(&chip->map, OPT3001_CONFIG, OPT3001_CRF,
			   OPT3001_CRF);
	compare(chip);
	/* 7.6.1.1.2, M: a single shot ends in shutdown. */
	if (mode == OPT3001_M_SINGLE)
		road_regmap_update(&chip->map, OPT3001_CONFIG, OPT3001_M,
				   OPT3001_M_SHUTDOWN);
	else
		start_conversion(chip);
}

static int after_write(struct road_regmap *map, struct road_reg *reg,
		       uint32_t old, uint32_t written)
{
	struct opt3001 *chip = to_opt3001(map);
	uint32_t mode = reg->value & OPT3001_M;

	if (reg->desc->addr != OPT3001_CONFIG)
		return 0;
	if (mode == OPT3001_M_SHUTDOWN) {
		/* 7.6.1.1.2, CRF: writing shutdown leaves it alone. */
		road_timer_cancel(&chip->timer);
		return 0;
	}
	reg->value &= ~OPT3001_CRF;
	/* Continuous mode goes on with the conversion that runs. */
	if (mode == OPT3001_M_SINGLE || !road_timer_pending(&chip->timer))
		start_conversion(chip);
	return 0;
}

/* 7.6.1.1.2: reading clears CRF, and the latched flags and the INT pin. */
static int after_read(struct road_regmap *map, struct road_reg *reg)
{
	if (reg->desc->addr != OPT3001_CONFIG)
		return 0;
	reg->value &= ~(OPT3001_CRF | OPT3001_FH | OPT3001_FL);
	road_irq_deassert(&map->chip);
	return 0;
}

static const struct road_regmap_config opt3001_config = {
	.regs = opt3001_regs,
	.width = 2,
	.after_write = after_write,
	.after_read = after_read,
};

int opt3001_init(struct opt3001 *chip)
{
	*chip = (struct opt3001){};
	road_timer_init(&chip->timer, "conversion", conversion_done);
	return road_regmap_init(&chip->map, "opt3001", &opt3001_config);
}

void opt3001_deinit(struct opt3001 *chip)
{
	road_timer_cancel(&chip->timer);
	road_regmap_deinit(&chip->map);
}

void opt3001_reset(struct opt3001 *chip)
{
	road_timer_cancel(&chip->timer);
	road_regmap_reset(&chip->map);
	chip->faults_high = chip->faults_low = 0;
}
