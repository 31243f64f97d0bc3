// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faulty-tests.c - tests of a faulty driver, in C; test_bad_guests.py runs them
 *
 * There is one test, which each variant of the driver ends in its own way.
 */
#include <roadtest/harness.h>
#include <roadtest/model.h>

#include <stdio.h>
#include <string.h>

FIXTURE(faulty)
{
	struct road_machine *machine;
	struct road_i2c_chip chip;
	struct road_device *dev;
};

FIXTURE_VARIANT(faulty)
{
	const char *fault;
	const char *at;
	const char *leaves;
	bool detaches;
};

FIXTURE_VARIANT_ADD(faulty, good) { "none", "nowhere" };
FIXTURE_VARIANT_ADD(faulty, probe_panics) { "panic", "probe" };
FIXTURE_VARIANT_ADD(faulty, interrupt_panics) { "panic", "interrupt" };
FIXTURE_VARIANT_ADD(faulty, interrupt_loops) { "loop-irqs-off", "interrupt" };
FIXTURE_VARIANT_ADD(faulty, timer_overflows_its_stack) { "stack", "timer" };
FIXTURE_VARIANT_ADD(faulty, probe_takes_all_memory) { "memory", "probe" };
FIXTURE_VARIANT_ADD(faulty, remove_warns) { "warn", "remove" };
FIXTURE_VARIANT_ADD(faulty, remove_panics) { "panic", "remove" };
FIXTURE_VARIANT_ADD(faulty, leaves_timer) { "none", "nowhere", "timer" };
FIXTURE_VARIANT_ADD(faulty, leaves_hrtimer) { "none", "nowhere", "hrtimer" };
FIXTURE_VARIANT_ADD(faulty, leaves_work) { "none", "nowhere", "work" };
FIXTURE_VARIANT_ADD(faulty, leaves_queue) { "none", "nowhere", "queue" };
FIXTURE_VARIANT_ADD(faulty, leaves_thread) { "none", "nowhere", "thread" };
FIXTURE_VARIANT_ADD(faulty, leaves_interrupt) { "none", "nowhere", "interrupt" };
FIXTURE_VARIANT_ADD(faulty, detached_leaves_work) {
	"none", "nowhere", "work", true
};
FIXTURE_VARIANT_ADD(faulty, good_and_polls) { "none", "poll" };
FIXTURE_VARIANT_ADD(faulty, good_too) { "none", "nowhere" };

static int anything(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	return 0;
}

static const struct road_i2c_ops nothing = { .read = anything };

/* As a test may do it: then the harness does not know of it. */
static int bind_by_hand(FIXTURE_DATA(faulty) *self)
{
	int ret = road_module_load(self->machine, "faulty", NULL);

	return ret < 0 ? ret :
			 road_write_file(self->machine,
					 "/sys/bus/i2c/drivers/faulty/bind",
					 strrchr(road_device_path(self->dev), '/') + 1);
}

FIXTURE_SETUP(faulty)
{
	bool polls = !strcmp(variant->at, "poll");
	const struct road_machine_config config = {
		.wall_limit_ms = variant->leaves || polls ? 0 : 1000,
	};
	char properties[160];
	struct road_device_config device = {
		.compatible = "roadtest,faulty",
		.irq = ROAD_IRQ_EDGE_RISING,
		.properties = properties,
	};

	snprintf(properties, sizeof(properties),
		 "fault = \"%s\"; at = \"%s\"; leaves = \"%s\";",
		 variant->fault, variant->at,
		 variant->leaves ? variant->leaves : "");
	self->machine = road_test_machine(_metadata, &config);
	road_i2c_chip_init(&self->chip, "faulty", &nothing);
	ASSERT_OK(road_device_add(self->machine, &device, &self->chip,
				  &self->dev));
	ASSERT_OK(road_machine_boot(self->machine));
	if (polls)
		ASSERT_OK(bind_by_hand(self));
	else
		ASSERT_OK(road_device_bind(self->dev));
}

FIXTURE_TEARDOWN(faulty)
{
	if (variant->detaches)
		road_i2c_detach(&self->chip);
	/* The harness does what is not done. */
	else if (!variant->leaves && strcmp(variant->at, "poll"))
		EXPECT_OK(road_device_unbind(self->dev));
}

TEST_F(faulty, works)
{
	road_irq_assert(&self->chip);
	ASSERT_OK(road_settle(self->machine));
	road_irq_deassert(&self->chip);
	/* Its thread sleeps for longer than the test. */
	ASSERT_OK(road_advance(self->machine, 2 * ROAD_S));
}

TEST_HARNESS_MAIN
