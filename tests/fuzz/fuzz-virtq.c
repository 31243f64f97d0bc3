// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz-virtq.c - a guest's memory with anything in its rings, and devices that
 * walk them: i2c, gpio, console
 *
 * Input: a byte for the device and the size of its rings, one for the number
 * of steps, the steps (two bytes each), then the guest's memory, which starts
 * with the rings of queue 0. Guest memory is from malloc(), so that the address
 * sanitizer sees a step too far.
 */
#include "fake-guest/fake-board.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { \
	if (!(condition)) \
		abort(); \
} while (0)

#define MEM_ADDR 0x1000
#define MEM_SIZE 0x1000

/* Rings of a queue: descriptors, then available, then used. */
#define QUEUE_SIZE 0x200
#define AVAIL_OFFSET 0x100
#define USED_OFFSET 0x140

#define MAX_STEPS 32
#define MAX_TIMERS 200

/* One input after the other uses it, for it is large. */
static struct road_machine machine;

struct fuzz_chip {
	struct road_i2c_chip chip;
	uint8_t sum;
	int ret;
};

static int chip_write(struct road_i2c_chip *chip, const uint8_t *data,
		      size_t len)
{
	struct fuzz_chip *c = road_container_of(chip, struct fuzz_chip, chip);

	while (len--)
		c->sum += data[len];
	return c->ret;
}

static int chip_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	struct fuzz_chip *c = road_container_of(chip, struct fuzz_chip, chip);

	memset(data, c->sum, len);
	return c->ret;
}

static const struct road_i2c_ops chip_ops = {
	.write = chip_write,
	.read = chip_read,
};

static struct vu_dev *fuzz_device(uint8_t which)
{
	switch (which % 3) {
	case 0:
		return &machine.board.i2c.vu;
	case 1:
		return &machine.board.gpio.vu;
	default:
		return &machine.con.vu;
	}
}

static void fuzz_setup(struct vu_dev *dev, uint8_t *memory, uint16_t num)
{
	struct road_error error = {};

	dev->mem.num_regions = 1;
	dev->mem.regions[0] = (struct gm_region){
		.addr = MEM_ADDR, .size = MEM_SIZE, .base = memory,
	};
	for (unsigned int i = 0; i < dev->ops->num_queues && i < 6; i++) {
		uint64_t addr = MEM_ADDR + i * QUEUE_SIZE;

		REQUIRE(!vq_set_num(&dev->queues[i], num, &error));
		REQUIRE(!vq_set_addr(&dev->queues[i], addr,
				     addr + AVAIL_OFFSET, addr + USED_OFFSET,
				     &error));
		dev->queues[i].enabled = true;
	}
}

static void run_timers(void)
{
	for (int i = 0; i < MAX_TIMERS && machine.engine.cal.num_timers &&
	     !machine.engine.fatal.code; i++)
		cal_run_next(&machine.engine.cal);
}

static void fuzz_step(struct vu_dev *dev, struct fuzz_chip *chip, uint8_t op,
		      uint8_t arg)
{
	unsigned int queue = arg % dev->ops->num_queues;

	switch (op % 10) {
	case 0:
	case 1:
		if (vq_ready(&dev->queues[queue]))
			dev->ops->kick(dev, queue);
		break;
	case 2:
		run_timers();
		break;
	case 3:
		if (machine.engine.cal.num_timers)
			cal_run_next(&machine.engine.cal);
		break;
	case 4:
		road_line_set(&machine, arg & 63, arg >> 7);
		break;
	case 5:
		con_send(&machine.con, 1, "0123456789abcdef", arg & 15);
		break;
	case 6:
		chip->ret = arg == 1 ? ROAD_I2C_HOLD : arg == 2 ? -EIO : 0;
		break;
	case 7:
		road_i2c_release(&chip->chip, arg & 1 ? -EIO : 0,
				 (uint8_t[]){ 1, 2, 3 }, arg % 4);
		break;
	case 8:
		dev->queues[queue].enabled = arg >> 7;
		if (vq_ready(&dev->queues[queue]) && dev->ops->enabled)
			dev->ops->enabled(dev, queue);
		break;
	default:
		/* More becomes available, as if the guest went on. */
		if (dev->queues[queue].avail)
			dev->queues[queue].avail->idx++;
		break;
	}
}

static void check_fatal(void)
{
	int code = machine.engine.fatal.code;

	REQUIRE(!code || code == -ROAD_EPROTO || code == -ROAD_ELIMIT);
	REQUIRE(!code || *err_message(&machine.engine.fatal));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chip chip = {};
	const uint8_t *steps;
	struct vu_dev *dev;
	uint8_t *memory;
	size_t num;

	if (size < 2)
		return 0;
	num = data[1] % MAX_STEPS;
	if (size < 2 + 2 * num)
		return 0;
	steps = data + 2;
	size -= 2 + 2 * num;
	memory = aligned_alloc(16, MEM_SIZE);
	if (!memory)
		return 0;
	memset(memory, 0, MEM_SIZE);
	memcpy(memory, steps + 2 * num, size < MEM_SIZE ? size : MEM_SIZE);

	REQUIRE(!fake_board_init_quiet(&machine, 0));
	road_i2c_chip_init(&chip.chip, "chip", &chip_ops);
	REQUIRE(!road_i2c_attach(&machine, 0x44, &chip.chip));
	con_add_port(&machine.con, 1);
	dev = fuzz_device(data[0]);
	fuzz_setup(dev, memory, 1 << (data[0] >> 4) % 5);
	for (size_t i = 0; i < num && !machine.engine.fatal.code; i++)
		fuzz_step(dev, &chip, steps[2 * i], steps[2 * i + 1]);
	run_timers();
	check_fatal();

	/* It is not mapped. */
	dev->mem.num_regions = 0;
	fake_board_deinit(&machine);
	free(memory);
	return 0;
}
