// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * drivers/hwmon/lm75.c with a TMP75 in C: see docs/writing-tests.md
 */
#include <roadtest/harness.h>
#include <roadtest/model.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TI TMP75, datasheet SBOS288: registers and the bits of CONFIG. */
enum { TEMP, CONFIG, LOW, HIGH };

#define CONFIG_R 0x60
#define CONFIG_SD 0x01

static const struct road_reg_desc tmp75_regs[] = {
	{ TEMP, "TEMP", .access = ROAD_RO },
	{ CONFIG, "CONFIG", .width = 1 },
	{ LOW, "LOW", 0x4b00, .reserved = 0x000f },
	{ HIGH, "HIGH", 0x5000, .reserved = 0x000f },
	{},
};

struct tmp75 {
	struct road_regmap map;
	int16_t raw;			/* what it measures, in 1/256 degree */
};

/* R selects a resolution of 9 to 12 bits. */
static int measure(struct road_regmap *map, struct road_reg *reg)
{
	struct tmp75 *chip = road_container_of(map, struct tmp75, map);
	unsigned int r = (road_regmap_get(map, CONFIG) & CONFIG_R) >> 5;
	unsigned int unused_bits = 7 - r;

	if (reg->desc->addr == TEMP)
		reg->value = (uint16_t)chip->raw >> unused_bits << unused_bits;
	return 0;
}

static const struct road_regmap_config tmp75_config = {
	.regs = tmp75_regs,
	.width = 2,
	.before_read = measure,
};

FIXTURE(tmp75)
{
	struct road_machine *machine;
	struct road_device *dev;
	struct tmp75 chip;
	char *hwmon;			/* its directory in the guest's sysfs */
};

FIXTURE_SETUP(tmp75)
{
	const struct road_device_config config = { .compatible = "ti,tmp75" };
	char pattern[128];

	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_OK(road_regmap_init(&self->chip.map, "tmp75", &tmp75_config));
	ASSERT_OK(road_device_add(self->machine, &config, &self->chip.map.chip,
				  &self->dev));
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_device_bind(self->dev));
	snprintf(pattern, sizeof(pattern), "%s/hwmon/hwmon*",
		 road_device_path(self->dev));
	ASSERT_OK(road_glob(self->machine, pattern, &self->hwmon));
}

FIXTURE_TEARDOWN(tmp75)
{
	free(self->hwmon);
	road_regmap_deinit(&self->chip.map);
}

static int read_attr(FIXTURE_DATA(tmp75) *self, const char *name, char *buf,
		     size_t size)
{
	char path[128];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", self->hwmon, name);
	n = road_read_file(self->machine, path, buf, size);
	if (n < 0)
		return n;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static int write_attr(FIXTURE_DATA(tmp75) *self, const char *name,
		      const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", self->hwmon, name);
	return road_write_file(self->machine, path, value);
}

TEST_F(tmp75, temperature)
{
	static const struct {
		int16_t raw;
		const char *text;
	} readings[] = {
		{ 0x7ff0, "127937" }, { 0x1900, "25000" }, { 0, "0" },
		{ -64, "-250" },      { -55 * 256, "-55000" },
	};
	char buf[16];
	size_t i;

	for (i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		self->chip.raw = readings[i].raw;
		ASSERT_OK(read_attr(self, "temp1_input", buf, sizeof(buf)));
		EXPECT_STREQ(readings[i].text, buf);
	}
}

TEST_F(tmp75, limit_that_is_no_number_gives_einval)
{
	EXPECT_EQ(-EINVAL, write_attr(self, "temp1_max", "warm"));
	EXPECT_EQ(0x5000, road_regmap_get(&self->chip.map, HIGH));
	ASSERT_OK(write_attr(self, "temp1_max", "85500"));
	EXPECT_EQ(0x5580, road_regmap_get(&self->chip.map, HIGH));
}

TEST_F(tmp75, nak_is_an_error_and_the_next_reading_works)
{
	char buf[16];

	road_i2c_inject(&self->chip.map.chip, 0, 1, -ENXIO);
	EXPECT_EQ(-EIO, read_attr(self, "temp1_input", buf, sizeof(buf)));
	EXPECT_OK(read_attr(self, "temp1_input", buf, sizeof(buf)));
}

/* A timer of the test's own, which looks at the chip at a time. */
struct look {
	struct road_timer timer;
	struct tmp75 *chip;
	bool shut_down;
};

static void look(struct road_timer *timer)
{
	struct look *l = road_container_of(timer, struct look, timer);

	l->shut_down = road_regmap_get(&l->chip->map, CONFIG) & CONFIG_SD;
}

TEST_F(tmp75, chip_is_shut_down_while_the_system_sleeps)
{
	struct look l = { .chip = &self->chip };

	road_timer_init(&l.timer, "look", look);
	road_timer_set(self->machine, &l.timer, 2 * ROAD_S);
	ASSERT_OK(road_write_file(self->machine, "/sys/power/pm_test",
				  "devices"));
	ASSERT_OK(road_write_file(self->machine, "/sys/power/state",
				  "freeze"));	/* for 5 s */
	EXPECT_TRUE(l.shut_down);
	EXPECT_EQ(0, road_regmap_get(&self->chip.map, CONFIG) & CONFIG_SD);
}

TEST_HARNESS_MAIN
