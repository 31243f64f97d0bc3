// SPDX-License-Identifier: LGPL-2.1-or-later
/* models.c - models that fail, and what they may not do */
#include "guest.h"
#include "opt3001-model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDR 0x42

/* ---- a chip whose hooks the test chooses, reached through i2c-dev */

FIXTURE(chip) {
	struct road_machine *machine;
	struct road_i2c_chip chip;
	struct road_timer timer;
	int fd;
	int result;		/* of a call that a hook makes */
};

static int failing(struct road_i2c_chip *chip, const uint8_t *data, size_t len)
{
	return road_chip_fail(chip, "register 0x%02x is not for you", data[0]);
}

static int holding(struct road_i2c_chip *chip, const uint8_t *data, size_t len)
{
	return ROAD_I2C_HOLD;
}

static int calling(struct road_i2c_chip *chip, const uint8_t *data, size_t len)
{
	FIXTURE_DATA(chip) *self = road_container_of(chip, FIXTURE_DATA(chip),
						     chip);
	char text[64];

	self->result = road_read_file(self->machine, "/proc/version", text,
				      sizeof(text));
	return 0;
}

static int taking(struct road_i2c_chip *chip, const uint8_t *data, size_t len)
{
	return 0;
}

static const struct road_i2c_ops failing_ops = { .write = failing };
static const struct road_i2c_ops holding_ops = { .write = holding };
static const struct road_i2c_ops calling_ops = { .write = calling };
static const struct road_i2c_ops taking_ops = { .write = taking };

FIXTURE_SETUP(chip)
{
	self->machine = guest_boot(_metadata, NULL);
	road_test_begin(self->machine, road_test_name(_metadata));
	self->fd = road_open(self->machine, "/dev/i2c-0", O_RDWR, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, road_ioctl_int(self->machine, self->fd, I2C_SLAVE_FORCE,
				    ADDR));
}

FIXTURE_TEARDOWN(chip)
{
	road_machine_destroy(self->machine);
	guest_next_works(_metadata);
}

static void attach(struct road_test_run *_metadata, FIXTURE_DATA(chip) *self,
		   const struct road_i2c_ops *ops)
{
	road_i2c_detach(&self->chip);
	road_i2c_chip_init(&self->chip, "chip", ops);
	ASSERT_EQ(0, road_i2c_attach(self->machine, ADDR, &self->chip));
}

TEST_F(chip, failure_of_a_model_is_the_error_of_the_call)
{
	attach(_metadata, self, &failing_ops);
	EXPECT_ERROR(self->machine, -ROAD_EMODEL,
		     "register 0x17 is not for you",
		     road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_HAS(road_machine_error(self->machine), "chip");
	/* Told once; the guest goes on. */
	EXPECT_TRUE(road_machine_is_up(self->machine));
	attach(_metadata, self, &taking_ops);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_EQ(0, road_test_end(self->machine));
}

TEST_F(chip, failure_of_a_model_ends_an_advance)
{
	struct road_call *call;
	uint64_t before = road_now(self->machine);

	attach(_metadata, self, &failing_ops);
	call = road_start_write(self->machine, self->fd, "\x17", 1);
	ASSERT_NOT_NULL(call);
	EXPECT_ERROR(self->machine, -ROAD_EMODEL, "not for you",
		     road_advance(self->machine, ROAD_S));
	EXPECT_GT(before + ROAD_S, road_now(self->machine));
	/* To i2c-dev it is a message that did not go out. */
	EXPECT_EQ(0, road_call_wait(call));
	EXPECT_EQ(0, road_call_result(call));
	road_call_destroy(call);
}

TEST_F(chip, write_to_a_chip_that_takes_none_fails_the_test)
{
	static const struct road_i2c_ops none;

	attach(_metadata, self, &none);
	EXPECT_ERROR(self->machine, -ROAD_EMODEL, "can't be written",
		     road_write(self->machine, self->fd, "\x17", 1));
}

TEST_F(chip, address_without_a_chip_is_an_error_of_the_driver_only)
{
	EXPECT_EQ(0, road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_EQ(0, road_test_end(self->machine));
}

TEST_F(chip, transfer_that_never_completes_names_the_task_and_its_stack)
{
	attach(_metadata, self, &holding_ops);
	EXPECT_ERROR(self->machine, -ROAD_ELIMIT, "calls under way:\nwrite",
		     road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_HAS(road_machine_error(self->machine), "/dev/i2c-0");
	EXPECT_HAS(road_machine_error(self->machine), "worker 1 (task ");
	EXPECT_HAS(road_machine_error(self->machine), "virtio_i2c_xfer");
	EXPECT_HAS(road_machine_error(self->machine), "i2cdev_write");
	EXPECT_FALSE(road_machine_is_up(self->machine));
}

static void release(struct road_timer *timer)
{
	FIXTURE_DATA(chip) *self = road_container_of(timer, FIXTURE_DATA(chip),
						     timer);

	road_i2c_release(&self->chip, 0, NULL, 0);
}

TEST_F(chip, clock_that_is_stretched_delays_the_driver)
{
	uint64_t before = road_now(self->machine);

	attach(_metadata, self, &holding_ops);
	road_timer_init(&self->timer, "release", release);
	road_timer_set(self->machine, &self->timer, 3 * ROAD_S);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_LE(before + 3 * ROAD_S, road_now(self->machine));
	EXPECT_GT(before + 3 * ROAD_S + ROAD_MS, road_now(self->machine));
	EXPECT_EQ(-ROAD_EUSAGE, road_i2c_release(&self->chip, 0, NULL, 0));
}

TEST_F(chip, chip_that_is_detached_during_a_transfer_lets_it_fail)
{
	struct road_call *call;

	attach(_metadata, self, &holding_ops);
	call = road_start_write(self->machine, self->fd, "\x17", 1);
	ASSERT_NOT_NULL(call);
	ASSERT_EQ(0, road_advance(self->machine, ROAD_S));
	EXPECT_FALSE(road_call_done(call));
	road_i2c_detach(&self->chip);
	EXPECT_EQ(0, road_call_wait(call));
	EXPECT_EQ(0, road_call_result(call));
	road_call_destroy(call);
}

/* A write of @len bytes that goes on for more than a millisecond, and whose
 * task is told to let it be. */
static void interrupted_write(struct road_test_run *_metadata,
			      FIXTURE_DATA(chip) *self, size_t len)
{
	static const char data[4096];
	struct road_call *call = road_start_write(self->machine, self->fd,
						  data, len);

	ASSERT_NOT_NULL(call);
	ASSERT_EQ(0, road_advance(self->machine, ROAD_MS));
	ASSERT_FALSE(road_call_done(call));
	ASSERT_EQ(0, road_call_signal(call, SIGUSR1));
	ASSERT_EQ(0, road_call_wait(call));
	road_call_destroy(call);
}

TEST_F(chip, transfer_that_nobody_waits_for_any_more_is_completed)
{
	attach(_metadata, self, &holding_ops);
	interrupted_write(_metadata, self, 1);
	EXPECT_EQ(0, road_i2c_release(&self->chip, 0, NULL, 0));
	ASSERT_EQ(0, road_advance(self->machine, ROAD_MS));
	attach(_metadata, self, &taking_ops);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_EQ(0, road_test_end(self->machine));
}

/* Take the driver of the bus away and give it back. */
static void reset_bus(struct road_test_run *_metadata,
		      FIXTURE_DATA(chip) *self, bool release)
{
	static const char driver[] = "/sys/bus/virtio/drivers/i2c_virtio/";
	char path[96], *device, *name;
	size_t records;

	/* Its adapter can't go while somebody has it open. */
	ASSERT_EQ(0, road_close(self->machine, self->fd));
	snprintf(path, sizeof(path), "%svirtio*", driver);
	ASSERT_EQ(0, road_glob(self->machine, path, &device));
	name = strrchr(device, '/') + 1;
	snprintf(path, sizeof(path), "%sunbind", driver);
	ASSERT_EQ(0, road_write_file(self->machine, path, name));
	/* The guest has the memory of its queue back: what ended now would
	 * write there. */
	records = road_trace_count(self->machine);
	if (release)
		EXPECT_EQ(0, road_i2c_release(&self->chip, 0, NULL, 0));
	ASSERT_EQ(0, road_advance(self->machine, ROAD_S));
	EXPECT_EQ(records, road_trace_count(self->machine));
	attach(_metadata, self, &taking_ops);
	snprintf(path, sizeof(path), "%sbind", driver);
	ASSERT_EQ(0, road_write_file(self->machine, path, name));
	free(device);
	self->fd = road_open(self->machine, "/dev/i2c-0", O_RDWR, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, road_ioctl_int(self->machine, self->fd, I2C_SLAVE_FORCE,
				    ADDR));
}

TEST_F(chip, bus_that_is_reset_under_a_held_transfer_works_again)
{
	attach(_metadata, self, &holding_ops);
	interrupted_write(_metadata, self, 1);
	reset_bus(_metadata, self, true);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
}

TEST_F(chip, bus_that_is_reset_in_mid_transfer_works_again)
{
	attach(_metadata, self, &taking_ops);
	/* 92 ms at 400 kHz. */
	interrupted_write(_metadata, self, 4096);
	reset_bus(_metadata, self, false);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
}

TEST_F(chip, guest_call_from_a_hook_is_refused)
{
	attach(_metadata, self, &calling_ops);
	EXPECT_EQ(1, road_write(self->machine, self->fd, "\x17", 1));
	EXPECT_EQ(-ROAD_EUSAGE, self->result);
	EXPECT_TRUE(road_machine_is_up(self->machine));
}

static void calling_timer(struct road_timer *timer)
{
	FIXTURE_DATA(chip) *self = road_container_of(timer, FIXTURE_DATA(chip),
						     timer);

	self->result = road_advance(self->machine, ROAD_S);
}

static void destroying_timer(struct road_timer *timer)
{
	road_machine_destroy(timer->machine);
}

TEST_F(chip, callback_that_destroys_the_machine_ends_it_with_an_error)
{
	road_timer_init(&self->timer, "destroy", destroying_timer);
	road_timer_set(self->machine, &self->timer, ROAD_MS);
	EXPECT_ERROR(self->machine, -ROAD_EUSAGE, "destroyed the machine",
		     road_advance(self->machine, ROAD_S));
	EXPECT_FALSE(road_machine_is_up(self->machine));
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "destroyed the machine",
		     road_advance(self->machine, ROAD_S));
}

static void started(struct road_timer *timer)
{
	FIXTURE_DATA(chip) *self = road_container_of(timer, FIXTURE_DATA(chip),
						     timer);

	self->result = 1;
}

static void power_on(struct road_i2c_chip *chip)
{
	FIXTURE_DATA(chip) *self = road_container_of(chip, FIXTURE_DATA(chip),
						     chip);

	road_timer_init(&self->timer, "start", started);
	road_timer_set(chip->machine, &self->timer, 20 * ROAD_MS);
}

static const struct road_i2c_ops booting_ops = { .power_on = power_on };

TEST_F(chip, power_on_runs_when_a_chip_is_put_on_the_bus)
{
	attach(_metadata, self, &booting_ops);
	ASSERT_EQ(0, road_advance(self->machine, 19 * ROAD_MS));
	EXPECT_EQ(0, self->result);
	ASSERT_EQ(0, road_advance(self->machine, 2 * ROAD_MS));
	EXPECT_EQ(1, self->result);
}

static void map_on(struct road_regmap *map)
{
	road_regmap_set(map, 0, 0x55);
}

TEST_F(chip, power_on_of_a_register_map_may_set_registers)
{
	static const struct road_reg_desc regs[] = { { 0, "ID" }, {} };
	static const struct road_regmap_config config = {
		.regs = regs,
		.power_on = map_on,
	};
	struct road_regmap map;

	ASSERT_EQ(0, road_regmap_init(&map, "map", &config));
	ASSERT_EQ(0, road_i2c_attach(self->machine, ADDR, &map.chip));
	EXPECT_EQ(0x55, road_regmap_get(&map, 0));
	road_regmap_deinit(&map);
}

TEST_F(chip, guest_call_from_a_timer_is_refused)
{
	road_timer_init(&self->timer, "calling", calling_timer);
	road_timer_set(self->machine, &self->timer, ROAD_MS);
	ASSERT_EQ(0, road_advance(self->machine, ROAD_S));
	EXPECT_EQ(-ROAD_EUSAGE, self->result);
	EXPECT_HAS(road_machine_error(self->machine), "a model's callback");
}

static void *other_thread(void *arg)
{
	FIXTURE_DATA(chip) *self = arg;

	self->result = road_settle(self->machine);
	return NULL;
}

TEST_F(chip, call_from_a_second_thread_is_refused)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, other_thread, self));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-ROAD_EUSAGE, self->result);
	EXPECT_HAS(road_machine_error(self->machine), "thread that made it");
	EXPECT_EQ(0, road_settle(self->machine));
}

/* ---- two reads at once, and an unbind under them */

FIXTURE(sensor) {
	struct road_machine *machine;
	struct road_device *device;
	struct opt3001 chip;
	char *attribute;
};

FIXTURE_VARIANT(sensor) {
	enum road_irq_type irq;
	/* Of two reads under an unbind. The driver's remove gives the interrupt
	 * back and shuts the chip down before its device goes. */
	int results[2];
};

FIXTURE_VARIANT_ADD(sensor, polled) {
	.irq = ROAD_IRQ_NONE,
	.results = { -ETIMEDOUT, -ENODEV },
};

FIXTURE_VARIANT_ADD(sensor, interrupt) {
	.irq = ROAD_IRQ_EDGE_FALLING,
	.results = { -ETIMEDOUT, -ETIMEDOUT },
};

FIXTURE_SETUP(sensor)
{
	const struct road_device_config config = {
		.compatible = "ti,opt3001",
		.irq = variant->irq,
	};

	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_EQ(0, opt3001_init(&self->chip));
	ASSERT_OK(road_device_add(self->machine, &config,
				  &self->chip.map.chip, &self->device));
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_device_bind(self->device));
	ASSERT_OK(road_glob(self->machine,
			    "/sys/bus/i2c/devices/*/iio:device*/in_illuminance_input",
			    &self->attribute));
	self->chip.raw = 0x3456;
}

FIXTURE_TEARDOWN(sensor)
{
	free(self->attribute);
	opt3001_deinit(&self->chip);
}

TEST(a_driver_without_an_alias_binds_by_its_i2c_name)
{
	const struct road_device_config configs[] = {
		{ .compatible = "acme,opt3001" },
		{ .compatible = "ti,opt3001" },
		{ .compatible = "acme,dummy" },		/* built in */
		{ .compatible = "acme,nothing" },
	};
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	struct road_device *devices[4];
	struct opt3001 chips[2];
	size_t i;

	for (i = 0; i < 4; i++) {
		if (i < 2)
			ASSERT_EQ(0, opt3001_init(&chips[i]));
		ASSERT_OK(road_device_add(machine, &configs[i],
					  i < 2 ? &chips[i].map.chip : NULL,
					  &devices[i]));
	}
	ASSERT_OK(road_machine_boot(machine));
	for (i = 0; i < 3; i++)
		EXPECT_OK(road_device_bind(devices[i]));
	EXPECT_EQ(0, road_device_autoloads(devices[0]));
	EXPECT_EQ(1, road_device_autoloads(devices[1]));
	EXPECT_EQ(1, road_device_autoloads(devices[2]));
	ASSERT_NOT_NULL(road_device_warning(devices[0]));
	EXPECT_NOT_NULL(strstr(road_device_warning(devices[0]),
			       "does not autoload from the devicetree"));
	EXPECT_NULL(road_device_warning(devices[1]));
	EXPECT_NULL(road_device_warning(devices[2]));
	EXPECT_EQ(-ROAD_ENODRIVER, road_device_bind(devices[3]));
	EXPECT_NOT_NULL(strstr(road_machine_error(machine), "\"i2c:nothing\""));
	EXPECT_EQ(0, road_device_autoloads(devices[3]));
	for (i = 0; i < 2; i++)
		opt3001_deinit(&chips[i]);
}

TEST_F(sensor, unbind_under_two_reads_lets_all_three_end)
{
	struct road_call *reads[2];
	char text[32];
	size_t i;

	for (i = 0; i < 2; i++) {
		reads[i] = road_start_read_file(self->machine,
						self->attribute);
		ASSERT_NOT_NULL(reads[i]);
	}
	ASSERT_OK(road_advance(self->machine, 50 * ROAD_MS));
	EXPECT_FALSE(road_call_done(reads[0]));
	EXPECT_FALSE(road_call_done(reads[1]));
	EXPECT_OK(road_device_unbind(self->device));
	for (i = 0; i < 2; i++) {
		EXPECT_OK(road_call_wait(reads[i]));
		EXPECT_EQ(variant->results[i], road_call_result(reads[i]));
		road_call_destroy(reads[i]);
	}
	EXPECT_EQ(-ENOENT, road_read_file(self->machine, self->attribute, text,
					  sizeof(text)));
	EXPECT_EQ(-ROAD_ENODRIVER, road_device_unbind(self->device));
	ASSERT_OK(road_device_bind(self->device));
	EXPECT_OK(road_read_file(self->machine, self->attribute, text,
				 sizeof(text)));
	EXPECT_STREQ("88.800000\n", text);
}

TEST_F(sensor, two_reads_at_once_both_get_the_value)
{
	struct road_call *reads[2];
	const char *data;
	size_t i, len;

	for (i = 0; i < 2; i++)
		reads[i] = road_start_read_file(self->machine,
						self->attribute);
	for (i = 0; i < 2; i++) {
		ASSERT_NOT_NULL(reads[i]);
		ASSERT_OK(road_call_wait(reads[i]));
		EXPECT_EQ(10, road_call_result(reads[i]));
		data = road_call_data(reads[i], &len);
		EXPECT_EQ(0, strncmp(data, "88.800000\n", 10));
		road_call_destroy(reads[i]);
	}
	EXPECT_EQ(2, self->chip.conversions);
}

TEST_HARNESS_MAIN
