// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * swallowed.c - what goes wrong on a machine, and tests that look away
 *
 * The begin of a name says how the test must end: fails_, passes_, or known_
 * for one that passes with its known bug. test_bad.py looks.
 */
#include "guest.h"
#include "opt3001-model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <stdio.h>
#include <unistd.h>

#define ADDR 0x42
#define CRASH "/sys/kernel/debug/provoke-crash/DIRECT"

FIXTURE(machine) {
	struct road_machine *machine;
	struct road_i2c_chip chip;
	struct road_timer timer;
	struct road_test_run *run;
	int fd;
};

static int failing(struct road_i2c_chip *chip, const uint8_t *data, size_t len)
{
	return road_chip_fail(chip, "register %d is not for you", data[0]);
}

static int asserting(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	FIXTURE_DATA(machine) *self = road_container_of(chip,
							FIXTURE_DATA(machine),
							chip);
	struct road_test_run *_metadata = self->run;

	ASSERT_EQ(3, len);
	return 0;
}

static void expecting(struct road_timer *timer)
{
	FIXTURE_DATA(machine) *self = road_container_of(timer,
							FIXTURE_DATA(machine),
							timer);
	struct road_test_run *_metadata = self->run;

	EXPECT_EQ(3, 4);
}

static const struct road_i2c_ops ops = { .write = failing, .read = asserting };

FIXTURE_SETUP(machine)
{
	self->run = _metadata;
	self->machine = road_test_machine(_metadata, NULL);
	road_i2c_chip_init(&self->chip, "chip", &ops);
	road_timer_init(&self->timer, "timer", expecting);
	ASSERT_OK(road_i2c_attach(self->machine, ADDR, &self->chip));
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(self->fd = road_open(self->machine, "/dev/i2c-0", O_RDWR, 0));
	ASSERT_OK(road_ioctl_int(self->machine, self->fd, I2C_SLAVE_FORCE,
				 ADDR));
	ASSERT_OK(road_module_load(self->machine, "lkdtm", NULL));
}

FIXTURE_TEARDOWN(machine)
{
	if (self->fd >= 0)
		EXPECT_OK(road_close(self->machine, self->fd));
}

static ssize_t forbidden(FIXTURE_DATA(machine) *self, char reg)
{
	return road_write(self->machine, self->fd, &reg, 1);
}

static int crash(FIXTURE_DATA(machine) *self, const char *how)
{
	return road_write_file(self->machine, CRASH, how);
}

/* Nobody will ever write to it. */
static const struct road_pollfd never = { .fd = -1 };

static int hang(FIXTURE_DATA(machine) *self)
{
	struct road_pollfd fd = never;

	return road_poll(self->machine, &fd, 1, -1);
}

/* ---- a model's error */

TEST_F(machine, fails_when_a_models_error_is_ignored)
{
	(void)forbidden(self, 1);
}

TEST_F(machine, fails_when_a_models_error_is_any_error)
{
	EXPECT_NE(1, forbidden(self, 1));
}

TEST_F(machine, fails_when_a_models_error_is_some_error)
{
	EXPECT_GT(0, forbidden(self, 1));
	EXPECT_TRUE(forbidden(self, 1) == -ROAD_EMODEL);
}

TEST_F(machine, fails_when_it_comes_once_more_than_expected)
{
	EXPECT_EQ(-ROAD_EMODEL, forbidden(self, 1));
	(void)forbidden(self, 1);
}

TEST_F(machine, fails_when_another_one_is_ignored)
{
	EXPECT_EQ(-ROAD_EMODEL, forbidden(self, 1));
	(void)forbidden(self, 2);
}

TEST_F(machine, passes_when_a_models_error_is_expected)
{
	EXPECT_EQ(-ROAD_EMODEL, forbidden(self, 1));
	EXPECT_EQ(forbidden(self, 1), -ROAD_EMODEL);
}

TEST_F(machine, known_models_error)
{
	KNOWN_BUG("register 1 is not for you", "known");
	(void)forbidden(self, 1);
}

TEST_F(machine, known_models_error_that_an_assertion_meets)
{
	KNOWN_BUG("register 1 is not for you", "known");
	ASSERT_EQ(1, forbidden(self, 1));
}

TEST_F(machine, fails_with_a_known_models_error_and_another)
{
	KNOWN_BUG("is not for you", "known");
	EXPECT_EQ(1, forbidden(self, 1));
	(void)forbidden(self, 2);
}

/* ---- the guest crashes */

TEST_F(machine, fails_when_a_crash_is_ignored)
{
	(void)crash(self, "PANIC");
}

TEST_F(machine, known_crash)
{
	KNOWN_BUG("Kernel panic - not syncing: dumptest", "known");
	ASSERT_OK(crash(self, "PANIC"));
}

TEST_F(machine, known_crash_that_is_ignored)
{
	KNOWN_BUG("Kernel panic - not syncing: dumptest", "known");
	(void)crash(self, "PANIC");
}

TEST_F(machine, known_crash_that_an_assertion_meets)
{
	KNOWN_BUG("Kernel panic - not syncing: dumptest", "known");
	EXPECT_EQ(0, crash(self, "PANIC"));
	EXPECT_OK(road_settle(self->machine));
}

TEST_F(machine, fails_with_a_known_crash_and_another_failure)
{
	KNOWN_BUG("Kernel panic - not syncing: dumptest", "known");
	EXPECT_EQ(0, crash(self, "PANIC"));
	EXPECT_EQ(3, 4);
}

TEST_F(machine, fails_with_another_crash_than_is_known)
{
	KNOWN_BUG("NULL pointer", "known");
	EXPECT_OK(crash(self, "PANIC"));
}

TEST_F(machine, passes_with_a_crash_that_is_expected_in_the_log)
{
	ASSERT_OK(road_expect_log(self->machine, "panic - not syncing: dump"));
	(void)crash(self, "PANIC");
	/* The tear-down could not close it. */
	self->fd = -1;
}

TEST_F(machine, fails_with_a_crash_where_a_warning_is_expected)
{
	ASSERT_OK(road_expect_log(self->machine, "WARNING: "));
	(void)crash(self, "PANIC");
}

TEST_F(machine, fails_with_a_warning_before_a_crash_that_is_expected)
{
	ASSERT_OK(road_expect_log(self->machine, "panic - not syncing: dump"));
	EXPECT_OK(crash(self, "WARNING"));
	EXPECT_OK(road_advance(self->machine, ROAD_S));
	(void)crash(self, "PANIC");
}

/* ---- it hangs */

TEST_F(machine, fails_when_a_hang_is_ignored)
{
	(void)hang(self);
}

TEST_F(machine, known_hang)
{
	KNOWN_BUG("poll .*: not finished after 100", "known");
	EXPECT_EQ(1, hang(self));
}

TEST_F(machine, fails_when_a_call_blocks_at_its_end)
{
	EXPECT_NOT_NULL(road_start_poll(self->machine, &never, 1, -1));
	EXPECT_OK(road_settle(self->machine));
}

TEST_F(machine, fails_when_a_call_blocks_that_was_given_up)
{
	road_call_destroy(road_start_poll(self->machine, &never, 1, -1));
}

/* ---- reports */

TEST_F(machine, known_report)
{
	KNOWN_BUG("WARNING: .*lkdtm", "known");
	EXPECT_OK(crash(self, "WARNING"));
}

TEST_F(machine, fails_with_a_known_report_and_another)
{
	KNOWN_BUG("WARNING: .*lkdtm", "known");
	EXPECT_OK(crash(self, "WARNING"));
	EXPECT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_OK(crash(self, "WARNING_MESSAGE"));
}

TEST_F(machine, fails_when_it_asks_the_oracles_and_looks_away)
{
	EXPECT_OK(crash(self, "WARNING"));
	(void)road_test_end(self->machine);
	road_test_begin(self->machine, "another");
}

TEST_F(machine, passes_when_it_asks_the_oracles_for_what_it_expects)
{
	EXPECT_OK(crash(self, "WARNING"));
	EXPECT_EQ(-ROAD_EORACLE, road_test_end(self->machine));
	road_test_begin(self->machine, "another");
}

/* ---- faults that were injected */

TEST_F(machine, fails_when_a_fault_has_not_struck)
{
	road_i2c_inject(&self->chip, 1, 1, -EIO);
	EXPECT_EQ(-ROAD_EMODEL, forbidden(self, 1));
}

TEST_F(machine, fails_when_a_fault_has_struck_once_of_twice)
{
	road_i2c_inject(&self->chip, 0, 2, -EIO);
	/* As i2c-virtio tells it. */
	EXPECT_EQ(0, forbidden(self, 1));
}

TEST_F(machine, passes_when_a_fault_has_struck)
{
	road_i2c_inject(&self->chip, 0, 1, -EIO);
	/* As i2c-virtio tells it. */
	EXPECT_EQ(0, forbidden(self, 1));
}

TEST_F(machine, passes_when_a_fault_was_cancelled)
{
	road_i2c_inject(&self->chip, 1, 1, -EIO);
	EXPECT_EQ(-ROAD_EMODEL, forbidden(self, 1));
	road_i2c_inject(&self->chip, 0, 0, 0);
}

TEST_F(machine, fails_before_a_fault_could_strike)
{
	road_i2c_inject(&self->chip, 0, 1, -EIO);
	ASSERT_EQ(1, 2);
}

TEST_F(machine, known_failure_before_a_fault_could_strike)
{
	KNOWN_BUG("1 == 2 does not hold", "known");
	road_i2c_inject(&self->chip, 0, 1, -EIO);
	ASSERT_EQ(1, 2);
}

TEST_F(machine, fails_with_a_known_failure_and_a_fault_that_has_not_struck)
{
	KNOWN_BUG("1 == 2 does not hold", "known");
	road_i2c_inject(&self->chip, 0, 1, -EIO);
	EXPECT_EQ(1, 2);
}

FIXTURE(light) {
	struct opt3001 chip;
	struct road_machine *machine;
	struct road_device *dev;
};

FIXTURE_SETUP(light)
{
	const struct road_device_config config = { .compatible = "ti,opt3001" };

	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_EQ(0, opt3001_init(&self->chip));
	ASSERT_OK(road_device_add(self->machine, &config, &self->chip.map.chip,
				  &self->dev));
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_device_bind(self->dev));
}

FIXTURE_TEARDOWN(light)
{
}

TEST_F(light, fails_when_a_fault_strikes_the_harness_alone)
{
	/* It unbinds, and the driver writes to the chip. */
	road_i2c_inject(&self->chip.map.chip, 0, 1, -EIO);
	EXPECT_OK(road_settle(self->machine));
}

/* ---- assertions where the machine waits for them */

TEST_F(machine, fails_by_an_assertion_in_a_model)
{
	char c;

	(void)road_read(self->machine, self->fd, &c, 1);
	printf("not reached\n");
}

TEST_F(machine, fails_by_an_assertion_in_a_timer)
{
	road_timer_set(self->machine, &self->timer, 5);
	EXPECT_OK(road_advance(self->machine, 10));
	printf("reached\n");
}

TEST_F(machine, known_assertion_in_a_model)
{
	char c;

	KNOWN_BUG("3 == 1 does not hold", "known");
	EXPECT_OK(road_read(self->machine, self->fd, &c, 1));
}

/* ---- programs */

TEST_F(machine, fails_when_a_program_exits_with_1)
{
	const char *const argv[] = { GUEST_HELPER_PATH, "cat", "1", NULL };

	guest_put_helper(_metadata, self->machine);
	ASSERT_OK(road_run(self->machine, argv, "", 0, NULL));
}

TEST_F(machine, fails_when_a_program_that_was_started_exits_with_1)
{
	struct road_call *call;

	guest_put_helper(_metadata, self->machine);
	call = guest_start_helper(_metadata, self->machine, "cat", "1", NULL);
	EXPECT_OK(road_call_wait(call));
	EXPECT_OK(road_call_result(call));
	road_call_destroy(call);
}

/* ---- machines that are not the test's to end */

TEST_F(machine, fails_when_it_destroys_the_harnesss_machine)
{
	road_machine_destroy(self->machine);
}

TEST(fails_when_a_boot_that_failed_is_ignored)
{
	const struct road_machine_config config = { .kernel = "/nowhere" };

	(void)road_machine_boot(road_test_machine(_metadata, &config));
}

TEST(passes_when_a_boot_fails_as_expected)
{
	const struct road_machine_config config = { .kernel = "/nowhere" };

	EXPECT_EQ(-ROAD_EHOST,
		  road_machine_boot(road_test_machine(_metadata, &config)));
}

TEST_F(machine, passes)
{
	EXPECT_TRUE(road_machine_is_up(self->machine));
}

TEST_HARNESS_MAIN
