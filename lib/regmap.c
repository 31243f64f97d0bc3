// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * regmap.c - a chip that is a map of registers
 *
 * A write message is the address of a register and values; a read message
 * gives values. Between messages only the pointer is kept, the address at
 * which the next read starts. The map is strict: what the table does not allow
 * fails the test, because a real chip would answer it with something that no
 * datasheet promises.
 */
#include <roadtest/model.h>

#include "board.h"
#include "machine.h"
#include "trace.h"

#include <errno.h>
#include <stdlib.h>

static unsigned int reg_width(const struct road_regmap *map,
			      const struct road_reg_desc *desc)
{
	if (desc->width)
		return desc->width;
	return map->config->width ? map->config->width : 1;
}

static uint32_t reg_mask(const struct road_regmap *map,
			 const struct road_reg_desc *desc)
{
	return UINT32_MAX >> (32 - 8 * reg_width(map, desc));
}

static unsigned int reg_addr_width(const struct road_regmap *map)
{
	return map->config->addr_width ? map->config->addr_width : 1;
}

struct road_reg *road_regmap_reg(struct road_regmap *map, uint32_t addr)
{
	size_t i;

	for (i = 0; i < map->num_regs; i++)
		if (map->regs[i].desc->addr == addr)
			return &map->regs[i];
	return NULL;
}

/* As it goes over the bus, without the page. */
static uint32_t reg_addr(const struct road_reg_desc *desc)
{
	return desc->addr & 0xffff;
}

/* What stands at an address of the bus now: on this page, or on every one. */
static struct road_reg *reg_at(struct road_regmap *map, uint32_t addr)
{
	struct road_reg *reg = road_regmap_reg(map,
					       ROAD_PAGED(map->page, addr));

	return reg ? reg : road_regmap_reg(map, addr);
}

/*
 * Where a message goes on behind @reg. Chips number their registers one by
 * one, or give each byte of them an address; the table tells which.
 */
static uint32_t reg_next(struct road_regmap *map, const struct road_reg *reg)
{
	uint32_t addr = reg_addr(reg->desc), width = reg_width(map, reg->desc);

	if (!reg_at(map, addr + 1) && reg_at(map, addr + width))
		return addr + width;
	return addr + 1;
}

static void reg_trace(struct road_regmap *map, const struct road_reg *reg,
		      bool read, uint32_t value)
{
	struct road_i2c_chip *chip = &map->chip;

	if (!chip->machine)
		return;
	trace_reg(machine_trace(chip->machine),
		  board_transaction(chip->machine), chip->addr,
		  reg->desc->addr, reg->desc->name, read, value,
		  reg->desc->fields);
}

static int reg_unknown(struct road_regmap *map, const char *access)
{
	if (map->page)
		return road_chip_fail(&map->chip,
				      "%s register 0x%02x of page %u, which the model does not have",
				      access, map->pointer, map->page);
	return road_chip_fail(&map->chip,
			      "%s register 0x%02x, which the model does not have",
			      access, map->pointer);
}

/* What a write of @written leaves in a register that held @old. */
static uint32_t reg_after_write(const struct road_regmap *map,
				const struct road_reg_desc *desc, uint32_t old,
				uint32_t written)
{
	uint32_t mask = reg_mask(map, desc);
	uint32_t writable = desc->writable ? desc->writable : mask;

	writable &= mask & ~desc->w1c;
	return ((old & ~writable) | (written & writable)) &
	       ~(written & desc->w1c);
}

static int reg_write(struct road_regmap *map, struct road_reg *reg,
		     uint32_t written)
{
	const struct road_reg_desc *desc = reg->desc;
	int digits = 2 * reg_width(map, desc);
	uint32_t old = reg->value;

	if (desc->access == ROAD_RO)
		return road_chip_fail(&map->chip,
				      "write of 0x%0*x to %s (0x%02x), which is read-only",
				      digits, written, desc->name,
				      reg_addr(desc));
	if (written & desc->reserved)
		return road_chip_fail(&map->chip,
				      "write of 0x%0*x to %s (0x%02x) sets reserved bits 0x%0*x, which must be 0",
				      digits, written, desc->name,
				      reg_addr(desc), digits,
				      written & desc->reserved);
	reg->value = reg_after_write(map, desc, old, written);
	reg_trace(map, reg, false, written);
	if (!map->config->after_write)
		return 0;
	return map->config->after_write(map, reg, old, written);
}

static uint32_t reg_decode(const struct road_regmap *map, const uint8_t *data,
			   unsigned int width)
{
	uint32_t value = 0;
	unsigned int i;

	for (i = 0; i < width; i++)
		value = value << 8 |
			data[map->little_endian ? width - 1 - i : i];
	return value;
}

/* Does a message go on with the next register? A hook may have changed it. */
static bool reg_goes_on(const struct road_regmap *map)
{
	return map->increment || map->auto_increment;
}

/* The values behind the address of a write message. */
static int regmap_write_values(struct road_regmap *map, const uint8_t *data,
			       size_t len)
{
	size_t total = len;
	int ret;

	while (len) {
		struct road_reg *reg = reg_at(map, map->pointer);
		bool on = reg_goes_on(map);
		unsigned int width;

		if (!reg)
			return reg_unknown(map, "write to");
		width = reg_width(map, reg->desc);
		if (len < width || (!on && len > width))
			return road_chip_fail(&map->chip,
					      "write of %zu byte%s to %s (0x%02x), which has %u%s",
					      on ? len : total,
					      (on ? len : total) == 1 ? "" : "s",
					      reg->desc->name,
					      reg_addr(reg->desc), width,
					      len > width ? " and no auto-increment" : "");
		ret = reg_write(map, reg, reg_decode(map, data, width));
		if (ret)
			return ret;
		data += width;
		len -= width;
		if (on)
			map->pointer = reg_next(map, reg);
	}
	return 0;
}

/* The address of a message: a register's, and perhaps a command. */
static void reg_select(struct road_regmap *map, uint32_t sent)
{
	const struct road_regmap_config *config = map->config;

	map->pointer = config->addr_mask ? sent & config->addr_mask : sent;
	map->increment = sent & config->increment_mask;
	map->pointer_valid = true;
}

/* Return: 1 if the message is a command alone. */
static int reg_command(struct road_regmap *map, uint32_t sent, size_t values)
{
	int ret = map->config->command ? map->config->command(map, sent) : 0;

	if (ret <= 0 || !values)
		return ret;
	return road_chip_fail(&map->chip,
			      "%zu byte%s behind command 0x%02x, which takes none",
			      values, values == 1 ? "" : "s", sent);
}

static int regmap_write(struct road_i2c_chip *chip, const uint8_t *data,
			size_t len)
{
	struct road_regmap *map = road_container_of(chip, struct road_regmap,
						    chip);
	unsigned int addr_width = reg_addr_width(map);
	uint32_t sent;
	int ret;

	if (!len)
		return 0;	/* SMBus quick: probes for presence */
	if (len < addr_width)
		return road_chip_fail(chip,
				      "register address cut short: %zu of %u bytes",
				      len, addr_width);
	sent = addr_width == 2 ? data[0] << 8 | data[1] : data[0];
	ret = reg_command(map, sent, len - addr_width);
	if (ret)
		return ret < 0 ? ret : 0;
	reg_select(map, sent);
	if (len == addr_width && !reg_at(map, map->pointer))
		return reg_unknown(map, "selection of");
	return regmap_write_values(map, data + addr_width, len - addr_width);
}

/* One register of a read message; it may be cut short by the STOP. */
static int reg_read(struct road_regmap *map, struct road_reg *reg,
		    uint8_t *data, size_t len)
{
	const struct road_regmap_config *config = map->config;
	unsigned int width = reg_width(map, reg->desc);
	uint32_t value;
	size_t i;
	int ret;

	if (reg->desc->access == ROAD_WO)
		return road_chip_fail(&map->chip,
				      "read of %s (0x%02x), which is write-only",
				      reg->desc->name, reg_addr(reg->desc));
	if (config->before_read) {
		ret = config->before_read(map, reg);
		if (ret)
			return ret;
	}
	value = reg->value & reg_mask(map, reg->desc);
	for (i = 0; i < len; i++)
		data[i] = value >> 8 * (map->little_endian ?
					i : width - 1 - i);
	reg_trace(map, reg, true, value);
	reg->value = value & ~reg->desc->rc;
	return config->after_read ? config->after_read(map, reg) : 0;
}

static int regmap_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	struct road_regmap *map = road_container_of(chip, struct road_regmap,
						    chip);
	int ret;

	if (len && !map->pointer_valid)
		return road_chip_fail(chip,
				      "read of %zu byte%s before a register was selected since power-on",
				      len, len == 1 ? "" : "s");
	while (len) {
		struct road_reg *reg = reg_at(map, map->pointer);
		size_t part;

		if (!reg)
			return reg_unknown(map, "read of");
		part = reg_width(map, reg->desc);
		if (part > len)
			part = len;
		ret = reg_read(map, reg, data, part);
		if (ret)
			return ret;
		data += part;
		len -= part;
		if (reg_goes_on(map) && part == reg_width(map, reg->desc))
			map->pointer = reg_next(map, reg);
	}
	return 0;
}

static void regmap_power_on(struct road_i2c_chip *chip)
{
	struct road_regmap *map = road_container_of(chip, struct road_regmap,
						    chip);

	if (map->config->power_on)
		map->config->power_on(map);
}

static const struct road_i2c_ops regmap_ops = {
	.power_on = regmap_power_on,
	.write = regmap_write,
	.read = regmap_read,
};

/* At one address, and on one page: one that is on every page is on each. */
static bool regs_collide(const struct road_reg_desc *a,
			 const struct road_reg_desc *b)
{
	unsigned int page_a = a->addr >> 16, page_b = b->addr >> 16;

	return reg_addr(a) == reg_addr(b) &&
	       (page_a == page_b || !page_a || !page_b);
}

static bool regmap_table_valid(const struct road_regmap_config *config)
{
	uint32_t max_addr = config->addr_width == 2 ? 0xffff : 0xff;
	const struct road_reg_desc *desc, *other;

	if (!config->regs || config->width > 4 || config->addr_width > 2)
		return false;
	for (desc = config->regs; desc->name; desc++) {
		if (desc->width > 4 || reg_addr(desc) > max_addr)
			return false;
		for (other = config->regs; other != desc; other++)
			if (regs_collide(desc, other))
				return false;
	}
	return true;
}

int road_regmap_init(struct road_regmap *map, const char *name,
		     const struct road_regmap_config *config)
{
	size_t i;

	*map = (struct road_regmap){ .config = config };
	road_i2c_chip_init(&map->chip, name, &regmap_ops);
	if (!config || !regmap_table_valid(config))
		return -ROAD_EUSAGE;
	while (config->regs[map->num_regs].name)
		map->num_regs++;
	/* One more: a table without registers is no lack of memory. */
	map->regs = calloc(map->num_regs + 1, sizeof(*map->regs));
	if (!map->regs) {
		map->num_regs = 0;
		return -ROAD_ENOMEM;
	}
	for (i = 0; i < map->num_regs; i++)
		map->regs[i].desc = &config->regs[i];
	road_regmap_reset(map);
	return 0;
}

void road_regmap_deinit(struct road_regmap *map)
{
	road_i2c_detach(&map->chip);
	free(map->regs);
	map->regs = NULL;
	map->num_regs = 0;
}

void road_regmap_reset(struct road_regmap *map)
{
	size_t i;

	for (i = 0; i < map->num_regs; i++)
		map->regs[i].value = map->regs[i].desc->reset &
				     reg_mask(map, map->regs[i].desc);
	map->pointer_valid = false;
	map->increment = false;
	map->auto_increment = map->config->auto_increment;
	map->little_endian = map->config->little_endian;
	map->page = 0;
}

void road_regmap_set_auto_increment(struct road_regmap *map, bool on)
{
	map->auto_increment = on;
}

void road_regmap_set_little_endian(struct road_regmap *map, bool on)
{
	map->little_endian = on;
}

void road_regmap_set_page(struct road_regmap *map, unsigned int page)
{
	map->page = page;
}

uint32_t road_regmap_get(struct road_regmap *map, uint32_t addr)
{
	const struct road_reg *reg = road_regmap_reg(map, addr);

	return reg ? reg->value : 0;
}

void road_regmap_set(struct road_regmap *map, uint32_t addr, uint32_t value)
{
	struct road_reg *reg = road_regmap_reg(map, addr);

	if (reg)
		reg->value = value & reg_mask(map, reg->desc);
}

void road_regmap_update(struct road_regmap *map, uint32_t addr, uint32_t mask,
			uint32_t value)
{
	const struct road_reg *reg = road_regmap_reg(map, addr);

	if (reg)
		road_regmap_set(map, addr,
				(reg->value & ~mask) | (value & mask));
}
