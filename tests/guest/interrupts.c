// SPDX-License-Identifier: LGPL-2.1-or-later
/* interrupts.c - lines and their interrupts, as a guest sees them */
#include "guest.h"
#include "opt3001-model.h"
#include "pcf8563.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/rtc.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* The last interrupt in the trace; 0: none. */
static uint64_t last_irq(struct road_machine *machine)
{
	const struct road_record *record;
	uint64_t time = 0;
	size_t i;

	for (i = 0; (record = road_trace_get(machine, i)); i++)
		if (record->type == ROAD_REC_IRQ)
			time = record->time;
	return time;
}

/* ---- a level interrupt: an alarm clock */

FIXTURE(level) {
	struct road_machine *machine;
	struct road_device *device;
	struct pcf8563 chip;
	int line;
	int fd;
};

FIXTURE_SETUP(level)
{
	const struct road_device_config config = {
		.compatible = "nxp,pcf8563",
		.irq = ROAD_IRQ_LEVEL_LOW,
	};

	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_EQ(0, pcf8563_init(&self->chip));
	ASSERT_OK(road_device_add(self->machine, &config,
				  &self->chip.map.chip, &self->device));
	self->line = road_device_pin(self->device);
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_device_bind(self->device));
	self->fd = road_open(self->machine, "/dev/rtc0", O_RDONLY, 0);
	ASSERT_OK(self->fd);
}

FIXTURE_TEARDOWN(level)
{
	road_regmap_deinit(&self->chip.map);
}

static void set_alarm(struct road_test_run *_metadata,
		      FIXTURE_DATA(level) *self, int minute)
{
	struct rtc_wkalrm alarm = {
		.enabled = 1,
		/* The chip's time is 12:30. */
		.time = { .tm_year = 124, .tm_mday = 1, .tm_hour = 12,
			  .tm_min = minute },
	};

	ASSERT_OK(road_ioctl(self->machine, self->fd, RTC_WKALM_SET, &alarm,
			     sizeof(alarm)));
	ASSERT_OK(road_settle(self->machine));
}

TEST_F(level, alarm_is_one_interrupt_at_its_exact_time)
{
	unsigned long data = 0;
	uint64_t then;

	EXPECT_EQ(1, road_line_get(self->machine, self->line));
	set_alarm(_metadata, self, 40);
	ASSERT_OK(road_advance(self->machine, 12345678));
	EXPECT_EQ(0, road_line_irqs(self->machine, self->line));
	then = road_now(self->machine);
	pcf8563_ring(&self->chip);
	EXPECT_EQ(0, road_line_get(self->machine, self->line));
	EXPECT_EQ(sizeof(data), road_read(self->machine, self->fd, &data,
					  sizeof(data)));
	EXPECT_TRUE(data & RTC_AF);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_EQ(1, road_line_irqs(self->machine, self->line));
	EXPECT_EQ(then, last_irq(self->machine));
	EXPECT_EQ(1, road_line_get(self->machine, self->line));
}

TEST_F(level, line_that_is_held_through_a_clear_interrupts_again)
{
	set_alarm(_metadata, self, 40);
	self->chip.hold = 1;
	pcf8563_ring(&self->chip);
	ASSERT_OK(road_advance(self->machine, 10 * ROAD_MS));
	EXPECT_EQ(2, road_line_irqs(self->machine, self->line));
	set_alarm(_metadata, self, 50);
	pcf8563_ring(&self->chip);
	ASSERT_OK(road_advance(self->machine, 10 * ROAD_MS));
	EXPECT_EQ(3, road_line_irqs(self->machine, self->line));
}

TEST_F(level, pulse_that_is_over_when_the_guest_unmasks_is_not_delivered)
{
	struct road_machine *machine = self->machine;

	ASSERT_OK(road_line_set(machine, self->line, 0));
	ASSERT_OK(road_line_set(machine, self->line, 1));
	ASSERT_OK(road_advance(machine, ROAD_S));
	/* One was: the guest had its buffer there when the line fell. */
	EXPECT_EQ(1, road_line_irqs(machine, self->line));
}

TEST(line_that_is_never_released_is_a_storm_by_name)
{
	struct road_machine *machine = road_machine_create(NULL);
	const struct road_device_config config = {
		.compatible = "nxp,pcf8563",
		.irq = ROAD_IRQ_LEVEL_LOW,
	};
	struct road_device *device;
	struct pcf8563 chip;
	char text[64];

	ASSERT_EQ(0, pcf8563_init(&chip));
	ASSERT_EQ(0, road_device_add(machine, &config, &chip.map.chip,
				     &device));
	guest_boot_it(_metadata, machine);
	ASSERT_EQ(0, road_device_bind(device));
	chip.stuck = true;
	pcf8563_ring(&chip);
	road_irq_assert(&chip.map.chip);
	snprintf(text, sizeof(text), "interrupts on line %d, which stays low",
		 road_device_pin(device));
	EXPECT_ERROR(machine, -ROAD_ELIMIT, "interrupt storm",
		     road_advance(machine, 10 * ROAD_S));
	EXPECT_HAS(road_machine_error(machine), text);
	EXPECT_ERROR(machine, -ROAD_EGONE, text, road_settle(machine));
	road_machine_destroy(machine);
	road_regmap_deinit(&chip.map);
	guest_next_works(_metadata);
}

/* ---- an edge interrupt: a light sensor */

FIXTURE(edge) {
	struct road_machine *machine;
	struct road_device *device;
	struct opt3001 chip;
	struct road_timer timer;
	unsigned int pulses;
	int line;
};

FIXTURE_SETUP(edge)
{
	const struct road_device_config config = {
		.compatible = "ti,opt3001",
		.irq = ROAD_IRQ_EDGE_FALLING,
	};

	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_EQ(0, opt3001_init(&self->chip));
	ASSERT_OK(road_device_add(self->machine, &config,
				  &self->chip.map.chip, &self->device));
	self->line = road_device_pin(self->device);
	ASSERT_OK(road_machine_boot(self->machine));
	ASSERT_OK(road_device_bind(self->device));
}

FIXTURE_TEARDOWN(edge)
{
	opt3001_deinit(&self->chip);
}

static void pulse(struct road_timer *timer)
{
	FIXTURE_DATA(edge) *self = road_container_of(timer, FIXTURE_DATA(edge),
						     timer);

	road_line_set(self->machine, self->line, 1);
	road_line_set(self->machine, self->line, 0);
	if (--self->pulses)
		road_timer_set(self->machine, timer, 10 * ROAD_US);
}

TEST_F(edge, edges_under_the_mask_are_latched_as_one)
{
	uint64_t messages = self->chip.map.chip.messages;
	uint64_t then;

	/* While the handler reads its register, some 100 us. */
	self->pulses = 3;
	road_timer_init(&self->timer, "pulse", pulse);
	road_timer_set(self->machine, &self->timer, 20 * ROAD_US);
	then = road_now(self->machine);
	ASSERT_OK(road_line_set(self->machine, self->line, 0));
	ASSERT_OK(road_settle(self->machine));
	EXPECT_EQ(1, road_line_irqs(self->machine, self->line));
	EXPECT_EQ(then, last_irq(self->machine));
	ASSERT_OK(road_advance(self->machine, 10 * ROAD_MS));
	EXPECT_EQ(0, self->pulses);
	EXPECT_EQ(2, road_line_irqs(self->machine, self->line));
	/* The second one when the first read of two messages was over. */
	EXPECT_LT(then + 80 * ROAD_US, last_irq(self->machine));
	EXPECT_EQ(messages + 4, self->chip.map.chip.messages);
}

TEST_F(edge, other_edge_does_not_interrupt)
{
	ASSERT_OK(road_line_set(self->machine, self->line, 0));
	ASSERT_OK(road_advance(self->machine, ROAD_MS));
	EXPECT_EQ(1, road_line_irqs(self->machine, self->line));
	ASSERT_OK(road_line_set(self->machine, self->line, 1));
	ASSERT_OK(road_advance(self->machine, ROAD_MS));
	EXPECT_EQ(1, road_line_irqs(self->machine, self->line));
}

TEST_F(edge, unbound_driver_gets_no_interrupts)
{
	ASSERT_OK(road_device_unbind(self->device));
	ASSERT_OK(road_line_set(self->machine, self->line, 0));
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_EQ(0, road_line_irqs(self->machine, self->line));
}

/* ---- lines through the GPIO character device, and sysfs */

FIXTURE(gpio) {
	struct road_machine *machine;
	int fd;
	struct road_line_watch watch;
	unsigned int changes, line;
	enum road_direction direction;
	int level;
};

static void changed(struct road_line_watch *watch, unsigned int line,
		    enum road_direction direction, int level)
{
	FIXTURE_DATA(gpio) *self = road_container_of(watch, FIXTURE_DATA(gpio),
						     watch);

	self->changes++;
	self->line = line;
	self->direction = direction;
	self->level = level;
}

FIXTURE_SETUP(gpio)
{
	self->machine = road_test_machine(_metadata, NULL);
	ASSERT_OK(road_machine_boot(self->machine));
	self->fd = road_open(self->machine, "/dev/gpiochip0", O_RDWR, 0);
	ASSERT_OK(self->fd);
	self->watch.changed = changed;
	ASSERT_OK(road_line_watch(self->machine, 7, &self->watch));
}

FIXTURE_TEARDOWN(gpio)
{
	road_line_unwatch(&self->watch);
}

/* Return: the guest's descriptor of the line. */
static int request_line(struct road_test_run *_metadata,
			FIXTURE_DATA(gpio) *self, unsigned int line,
			uint64_t flags)
{
	struct gpio_v2_line_request request = {
		.offsets = { line },
		.num_lines = 1,
		.consumer = "test",
		.config.flags = flags,
	};

	ASSERT_OK(road_ioctl(self->machine, self->fd, GPIO_V2_GET_LINE_IOCTL,
			     &request, sizeof(request)));
	return request.fd;
}

TEST_F(gpio, outputs_reach_the_watch_and_the_trace)
{
	struct gpio_v2_line_values values = { .bits = 1, .mask = 1 };
	size_t from = road_trace_count(self->machine);
	char *trace;
	int fd;

	EXPECT_EQ(ROAD_DIR_NONE, road_line_direction(self->machine, 7));
	fd = request_line(_metadata, self, 7, GPIO_V2_LINE_FLAG_OUTPUT);
	EXPECT_EQ(ROAD_DIR_OUT, self->direction);
	EXPECT_EQ(ROAD_DIR_OUT, road_line_direction(self->machine, 7));
	EXPECT_EQ(0, self->level);
	ASSERT_OK(road_ioctl(self->machine, fd, GPIO_V2_LINE_SET_VALUES_IOCTL,
			     &values, sizeof(values)));
	EXPECT_EQ(1, self->level);
	EXPECT_EQ(7, self->line);
	EXPECT_EQ(1, road_line_get(self->machine, 7));
	trace = road_trace_text(self->machine, from);
	EXPECT_HAS(trace, " line 7 out\n");
	EXPECT_HAS(trace, " line 7 = 1 guest\n");
	free(trace);
	/* The guest drives it: the board can't. */
	EXPECT_EQ(-ROAD_EUSAGE, road_line_set(self->machine, 7, 0));
	EXPECT_HAS(road_machine_error(self->machine), "line 7 is driven");
	EXPECT_EQ(-ROAD_EUSAGE, road_line_set(self->machine, 128, 0));
}

TEST_F(gpio, direction_changes_reach_the_watch)
{
	struct gpio_v2_line_config config = {
		.flags = GPIO_V2_LINE_FLAG_INPUT,
	};
	int fd = request_line(_metadata, self, 7, GPIO_V2_LINE_FLAG_OUTPUT);

	EXPECT_EQ(ROAD_DIR_OUT, self->direction);
	ASSERT_OK(road_ioctl(self->machine, fd, GPIO_V2_LINE_SET_CONFIG_IOCTL,
			     &config, sizeof(config)));
	EXPECT_EQ(ROAD_DIR_IN, self->direction);
	EXPECT_EQ(ROAD_DIR_IN, road_line_direction(self->machine, 7));
}

TEST_F(gpio, sysfs_drives_a_line)
{
	char *chips, path[128], base[32], number[16];
	unsigned int changes;

	/* Also of another number base: the kernel gives it out. */
	ASSERT_OK(road_glob(self->machine, "/sys/class/gpio/gpiochip*/base",
			    &chips));
	ASSERT_NE('\0', chips[0]);
	ASSERT_OK(road_read_file(self->machine, chips, base, sizeof(base)));
	free(chips);
	snprintf(number, sizeof(number), "%d", atoi(base) + 7);
	ASSERT_OK(road_write_file(self->machine, "/sys/class/gpio/export",
				  number));
	snprintf(path, sizeof(path), "/sys/class/gpio/gpio%s/direction",
		 number);
	ASSERT_OK(road_write_file(self->machine, path, "high"));
	EXPECT_EQ(ROAD_DIR_OUT, self->direction);
	EXPECT_EQ(1, self->level);
	changes = self->changes;
	snprintf(path, sizeof(path), "/sys/class/gpio/gpio%s/value", number);
	ASSERT_OK(road_write_file(self->machine, path, "0"));
	EXPECT_EQ(0, self->level);
	EXPECT_EQ(changes + 1, self->changes);
}

TEST_F(gpio, input_has_the_level_of_the_board)
{
	struct gpio_v2_line_values values = { .mask = 1 };
	int fd;

	ASSERT_OK(road_line_set(self->machine, 9, 1));
	fd = request_line(_metadata, self, 9, GPIO_V2_LINE_FLAG_INPUT);
	ASSERT_OK(road_ioctl(self->machine, fd, GPIO_V2_LINE_GET_VALUES_IOCTL,
			     &values, sizeof(values)));
	EXPECT_EQ(1, values.bits);
	ASSERT_OK(road_line_set(self->machine, 9, 0));
	ASSERT_OK(road_ioctl(self->machine, fd, GPIO_V2_LINE_GET_VALUES_IOCTL,
			     &values, sizeof(values)));
	EXPECT_EQ(0, values.bits);
}

TEST_F(gpio, edge_event_has_the_time_of_the_edge)
{
	struct gpio_v2_line_event event;
	struct road_pollfd pfd = { .events = 1 /* POLLIN */ };
	uint64_t then;

	pfd.fd = request_line(_metadata, self, 9, GPIO_V2_LINE_FLAG_INPUT |
			      GPIO_V2_LINE_FLAG_EDGE_RISING |
			      GPIO_V2_LINE_FLAG_EDGE_FALLING);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_EQ(0, road_poll(self->machine, &pfd, 1, 0));
	then = road_now(self->machine);
	ASSERT_OK(road_line_set(self->machine, 9, 1));
	ASSERT_EQ(sizeof(event), road_read(self->machine, pfd.fd, &event,
					   sizeof(event)));
	EXPECT_EQ(GPIO_V2_LINE_EVENT_RISING_EDGE, event.id);
	/* The guest's clock has steps of 256 ns, and reading costs one. */
	EXPECT_LE(then / 256 * 256, event.timestamp_ns);
	EXPECT_GT(then + 2000, event.timestamp_ns);
	ASSERT_OK(road_line_set(self->machine, 9, 0));
	ASSERT_EQ(sizeof(event), road_read(self->machine, pfd.fd, &event,
					   sizeof(event)));
	EXPECT_EQ(GPIO_V2_LINE_EVENT_FALLING_EDGE, event.id);
	EXPECT_EQ(2, road_line_irqs(self->machine, 9));
}

/* ---- an interrupt that is raised in a bus hook */

static int raising_write(struct road_i2c_chip *chip, const uint8_t *data,
			 size_t len)
{
	road_irq_assert(chip);
	return 0;
}

TEST_F(gpio, interrupt_of_a_bus_hook_comes_after_the_transfer)
{
	static const struct road_i2c_ops ops = { .write = raising_write };
	const struct road_record *record;
	uint64_t i2c = 0, line = 0, irq = 0;
	struct road_i2c_chip chip;
	size_t i;
	int fd;

	road_i2c_chip_init(&chip, "raiser", &ops);
	ASSERT_OK(road_i2c_attach(self->machine, 0x42, &chip));
	ASSERT_OK(road_i2c_connect_irq(&chip, 9, ROAD_IRQ_EDGE_RISING));
	request_line(_metadata, self, 9, GPIO_V2_LINE_FLAG_INPUT |
					 GPIO_V2_LINE_FLAG_EDGE_RISING);
	fd = road_open(self->machine, "/dev/i2c-0", O_RDWR, 0);
	ASSERT_OK(fd);
	ASSERT_OK(road_ioctl_int(self->machine, fd, I2C_SLAVE_FORCE, 0x42));
	EXPECT_EQ(1, road_write(self->machine, fd, "x", 1));
	ASSERT_OK(road_settle(self->machine));
	for (i = 0; (record = road_trace_get(self->machine, i)); i++) {
		if (record->type == ROAD_REC_I2C)
			i2c = record->time;
		if (record->type == ROAD_REC_LINE)
			line = record->time;
		if (record->type == ROAD_REC_IRQ)
			irq = record->time;
	}
	/* In the hook; one bit for the STOP at 400 kHz. */
	EXPECT_EQ(i2c, line);
	EXPECT_EQ(line + 2500, irq);
	road_i2c_detach(&chip);
}

/* ---- a virtual device that is reset and set up again */

static void lux(struct road_test_run *_metadata, FIXTURE_DATA(edge) *self)
{
	char *path, value[32];

	ASSERT_OK(road_glob(self->machine,
			    "/sys/bus/i2c/devices/*/iio:device*/in_illuminance_input",
			    &path));
	self->chip.raw = 0x3456;
	ASSERT_OK(road_read_file(self->machine, path, value, sizeof(value)));
	EXPECT_STREQ("88.800000\n", value);
	free(path);
}

TEST_F(edge, bus_can_be_unbound_and_bound_again)
{
	char *devices, *name;
	int i;

	lux(_metadata, self);
	ASSERT_OK(road_glob(self->machine,
			    "/sys/bus/virtio/drivers/i2c_virtio/virtio*",
			    &devices));
	name = strrchr(devices, '/') + 1;
	for (i = 0; i < 3; i++) {
		ASSERT_OK(road_write_file(self->machine,
				"/sys/bus/virtio/drivers/i2c_virtio/unbind",
				name));
		ASSERT_OK(road_write_file(self->machine,
				"/sys/bus/virtio/drivers/i2c_virtio/bind",
				name));
		ASSERT_OK(road_device_bind(self->device));
		lux(_metadata, self);
	}
	free(devices);
}

TEST_F(gpio, lines_work_when_their_controller_was_unbound_and_bound)
{
	static const char driver[] = "/sys/bus/virtio/drivers/gpio_virtio/";
	const uint64_t flags = GPIO_V2_LINE_FLAG_INPUT |
			       GPIO_V2_LINE_FLAG_EDGE_RISING;
	struct gpio_v2_line_event event;
	char path[96], *device, *name;
	int fd;

	fd = request_line(_metadata, self, 9, flags);
	ASSERT_OK(road_close(self->machine, fd));
	ASSERT_OK(road_close(self->machine, self->fd));
	snprintf(path, sizeof(path), "%svirtio*", driver);
	ASSERT_OK(road_glob(self->machine, path, &device));
	ASSERT_NE('\0', device[0]);
	name = strrchr(device, '/') + 1;
	snprintf(path, sizeof(path), "%sunbind", driver);
	ASSERT_OK(road_write_file(self->machine, path, name));
	/* Nobody is there to see it. */
	ASSERT_OK(road_line_set(self->machine, 9, 1));
	ASSERT_OK(road_line_set(self->machine, 9, 0));
	ASSERT_OK(road_advance(self->machine, ROAD_MS));
	snprintf(path, sizeof(path), "%sbind", driver);
	ASSERT_OK(road_write_file(self->machine, path, name));
	free(device);
	self->fd = road_open(self->machine, "/dev/gpiochip0", O_RDWR, 0);
	ASSERT_OK(self->fd);
	fd = request_line(_metadata, self, 9, flags);
	ASSERT_OK(road_settle(self->machine));
	EXPECT_EQ(0, road_line_irqs(self->machine, 9));
	ASSERT_OK(road_line_set(self->machine, 9, 1));
	ASSERT_EQ(sizeof(event), road_read(self->machine, fd, &event,
					   sizeof(event)));
	EXPECT_EQ(1, road_line_irqs(self->machine, 9));
}

TEST_F(edge, guest_suspends_and_resumes)
{
	static const char *const states[] = { "freeze", "mem" };
	uint64_t irqs, before;
	size_t i;

	lux(_metadata, self);
	ASSERT_OK(road_write_file(self->machine, "/sys/power/pm_test",
				  "devices"));
	for (i = 0; i < 2; i++) {
		before = road_now(self->machine);
		ASSERT_OK(road_write_file(self->machine, "/sys/power/state",
					  states[i]));
		/* pm_test holds it there for five seconds. */
		EXPECT_LE(before + 5 * ROAD_S, road_now(self->machine));
		irqs = road_line_irqs(self->machine, self->line);
		lux(_metadata, self);
		EXPECT_EQ(irqs + 1, road_line_irqs(self->machine, self->line));
	}
}

TEST_HARNESS_MAIN
