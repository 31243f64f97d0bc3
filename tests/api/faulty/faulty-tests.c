// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faulty-tests.c - tests of a faulty driver, in C; test_bad_guests.py runs them
 *
 * There is one test, which each variant of the driver ends in its own way.
 */
#include <roadtest/harness.h>
#include <roadtest/model.h>

#include <stdio.h>

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
FIXTURE_VARIANT_ADD(faulty, good_too) { "none", "nowhere" };

static const struct road_i2c_ops nothing;

FIXTURE_SETUP(faulty)
{
	const struct road_machine_config config = {
		.wall_limit_ms = variant->leaves ? 0 : 1000,
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
	ASSERT_OK(road_device_bind(self->dev));
}

FIXTURE_TEARDOWN(faulty)
{
	/* The harness does what is not done. */
	if (!variant->leaves)
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
