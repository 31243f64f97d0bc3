// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bad.c - tests that fail in every way; test_bad.py runs them and looks at
 * what is said about each
 *
 * The good ones in between pass: what another test did is not theirs.
 */
#include "guest.h"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDR 0x42
#define CRASH "/sys/kernel/debug/provoke-crash/DIRECT"

/* For those who look at what is left behind. */
static void boot(struct road_test_run *_metadata, struct road_machine *machine)
{
	ASSERT_OK(road_machine_boot(machine));
	TH_LOG("machine %s kernel %d test %d", road_machine_dir(machine),
	       (int)road_machine_pid(machine), (int)getpid());
}

/* ---- models */

static int good_write(struct road_i2c_chip *chip, const uint8_t *data,
		      size_t len)
{
	return 0;
}

static int segfault_write(struct road_i2c_chip *chip, const uint8_t *data,
			  size_t len)
{
	volatile int *nowhere = NULL;

	*nowhere = data[0];
	return 0;
}

static int endless_write(struct road_i2c_chip *chip, const uint8_t *data,
			 size_t len)
{
	volatile bool ever = true;

	while (ever)
		;
	return 0;
}

static int failing_write(struct road_i2c_chip *chip, const uint8_t *data,
			 size_t len)
{
	return road_chip_fail(chip, "no writing on Sundays");
}

static void use(struct road_test_run *_metadata,
		int (*write_hook)(struct road_i2c_chip *chip,
				  const uint8_t *data, size_t len))
{
	const struct road_i2c_ops ops = { .write = write_hook };
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_i2c_chip chip;
	int fd;

	road_i2c_chip_init(&chip, "bad chip", &ops);
	ASSERT_OK(road_i2c_attach(machine, ADDR, &chip));
	boot(_metadata, machine);
	fd = road_open(machine, "/dev/i2c-0", O_RDWR, 0);
	ASSERT_OK(fd);
	ASSERT_OK(road_ioctl_int(machine, fd, I2C_SLAVE_FORCE, ADDR));
	EXPECT_OK(road_write(machine, fd, "x", 1));
	road_i2c_detach(&chip);
}

TEST(good_1)
{
	use(_metadata, good_write);
}

TEST(model_segfaults)
{
	use(_metadata, segfault_write);
}

TEST(good_2)
{
	use(_metadata, good_write);
}

TEST_TIMEOUT(model_loops, 3)
{
	use(_metadata, endless_write);
}

TEST(good_3)
{
	use(_metadata, good_write);
}

TEST(model_fails)
{
	use(_metadata, failing_write);
}

TEST(guest_panics)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);

	boot(_metadata, machine);
	ASSERT_OK(road_module_load(machine, "lkdtm", NULL));
	ASSERT_OK(road_write_file(machine, CRASH, "PANIC"));
}

TEST(test_exits)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);

	boot(_metadata, machine);
	exit(0);
}

TEST(good_4)
{
	use(_metadata, good_write);
}

static void ignore_timer(struct road_timer *timer)
{
}

static void ignore_change(struct road_line_watch *watch, unsigned int line,
			  enum road_direction direction, int level)
{
}

/* Everything that the machine knows of is gone when the assertion fails. */
TEST(assertion_ends_a_function_with_a_model)
{
	const struct road_i2c_ops ops = { .write = good_write };
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_line_watch watch = { .changed = ignore_change };
	struct road_i2c_chip chip, other;
	struct road_timer timer, earlier;

	road_i2c_chip_init(&chip, "chip", &ops);
	road_i2c_chip_init(&other, "other chip", &ops);
	road_timer_init(&timer, "timer", ignore_timer);
	road_timer_init(&earlier, "earlier timer", ignore_timer);
	ASSERT_OK(road_i2c_attach(machine, ADDR, &chip));
	ASSERT_OK(road_i2c_attach(machine, ADDR + 1, &other));
	boot(_metadata, machine);
	road_line_watch(machine, 5, &watch);
	road_timer_set(machine, &timer, ROAD_S);
	road_timer_set(machine, &earlier, ROAD_MS);
	ASSERT_EQ(1, 2);
}

TEST(returns_with_a_model_attached)
{
	static const struct road_i2c_ops ops = { .write = good_write };
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_i2c_chip chip;

	road_i2c_chip_init(&chip, "chip", &ops);
	ASSERT_OK(road_i2c_attach(machine, ADDR, &chip));
	boot(_metadata, machine);
}

TEST(returns_with_a_timer_set)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_timer timer;

	boot(_metadata, machine);
	road_timer_init(&timer, "timer", ignore_timer);
	road_timer_set(machine, &timer, ROAD_S);
}

TEST(good_5)
{
	use(_metadata, good_write);
}

/* ---- a report in the tear-down */

FIXTURE(warned) {
	struct road_machine *machine;
};

FIXTURE_SETUP(warned)
{
	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_module_load(self->machine, "lkdtm", NULL));
}

FIXTURE_TEARDOWN(warned)
{
	EXPECT_OK(road_write_file(self->machine, CRASH, "WARNING"));
}

TEST_F(warned, teardown_warns)
{
}

TEST_F(warned, teardown_warns_as_expected)
{
	ASSERT_OK(road_expect_log(self->machine, "WARNING: .*lkdtm"));
}

/* ---- for the tests of what is left behind: says what there is, and waits */

TEST_TIMEOUT(waits, 60)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);

	boot(_metadata, machine);
	if (getenv("BAD_IN_A_CALL"))
		road_poll(machine, &(struct road_pollfd){ .fd = -1 }, 1, 50000);
	pause();
}

TEST_HARNESS_MAIN
