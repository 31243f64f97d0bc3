// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dt-query.c - what the board needs to know of its devicetree
 *
 * The blob is dtc's and was checked as a whole, but its contents are what a
 * test's fragments say: every property may be missing or of the wrong length.
 */
#include "devicetree.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#define I2C_PATH "/virtio-i2c/i2c"
#define GPIO_PATH "/virtio-gpio/gpio"
#define I2C_HERTZ_DEFAULT 400000

/* Cell @i of a property, or @missing. */
static uint32_t dt_cell(const void *blob, int node, const char *name, int i,
			uint32_t missing)
{
	const fdt32_t *cells;
	int len;

	cells = fdt_getprop(blob, node, name, &len);
	if (!cells || len / 4 <= i)
		return missing;
	return fdt32_ld(&cells[i]);
}

static bool dt_enabled(const void *blob, int node)
{
	const char *status = fdt_getprop(blob, node, "status", NULL);

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

/*
 * dtc takes two nodes with one address, the kernel then refuses one of them in
 * a line of its log. It happens when a fragment has an address of its own and
 * another is given it as a free one.
 */
int dt_check(const void *blob, struct road_error *error)
{
	int bus = fdt_path_offset(blob, I2C_PATH), node, other;
	uint32_t addr;

	if (bus < 0)
		return 0;	/* a test may well delete it */
	fdt_for_each_subnode(node, blob, bus) {
		addr = dt_cell(blob, node, "reg", 0, UINT32_MAX);
		if (addr == UINT32_MAX || !dt_enabled(blob, node))
			continue;
		for (other = fdt_next_subnode(blob, node); other >= 0;
		     other = fdt_next_subnode(blob, other))
			if (dt_cell(blob, other, "reg", 0, 0) == addr &&
			    dt_enabled(blob, other))
				return err_set(error, -ROAD_EDEVICETREE,
					       "%s and %s have the same I2C address 0x%02x",
					       fdt_get_name(blob, node, NULL),
					       fdt_get_name(blob, other, NULL),
					       addr);
	}
	return 0;
}

static int dt_i2c_node(const void *blob, unsigned int addr)
{
	int bus = fdt_path_offset(blob, I2C_PATH), node;

	if (bus < 0)
		return -1;
	fdt_for_each_subnode(node, blob, bus)
		if (dt_cell(blob, node, "reg", 0, UINT32_MAX) == addr &&
		    dt_enabled(blob, node))
			return node;
	return -1;
}

/* phandle of the controller that @node's "interrupts" go to; 0: none. */
static uint32_t dt_interrupt_parent(const void *blob, int node)
{
	uint32_t phandle = 0;

	while (node >= 0 && !phandle) {
		phandle = dt_cell(blob, node, "interrupt-parent", 0, 0);
		node = fdt_parent_offset(blob, node);
	}
	return phandle;
}

/* The first specifier of "interrupts-extended" that is for @gpio. */
static int dt_extended_irq(const void *blob, int node, uint32_t gpio,
			   unsigned int *line, unsigned int *type)
{
	uint32_t phandle, cells;
	int i, len, controller;

	if (!fdt_getprop(blob, node, "interrupts-extended", &len))
		return -ENOENT;
	for (i = 0; i < len / 4; i += 1 + cells) {
		phandle = dt_cell(blob, node, "interrupts-extended", i, 0);
		if (phandle == gpio && i + 2 < len / 4) {
			*line = dt_cell(blob, node, "interrupts-extended",
					i + 1, 0);
			*type = dt_cell(blob, node, "interrupts-extended",
					i + 2, 0);
			return 0;
		}
		controller = fdt_node_offset_by_phandle(blob, phandle);
		if (controller < 0)
			return -ENOENT;
		cells = dt_cell(blob, controller, "#interrupt-cells", 0, 0);
		if (cells > len / 4)
			return -ENOENT;
	}
	return -ENOENT;
}

int dt_i2c_irq(const struct dt *dt, unsigned int addr, unsigned int *line,
	       unsigned int *type)
{
	const void *blob = dt->blob;
	unsigned int found, found_type;
	int node, gpio_node, len;
	uint32_t gpio;

	if (!blob)
		return -ENOENT;
	node = dt_i2c_node(blob, addr);
	gpio_node = fdt_path_offset(blob, GPIO_PATH);
	if (node < 0 || gpio_node < 0)
		return -ENOENT;
	gpio = fdt_get_phandle(blob, gpio_node);
	if (!gpio)
		return -ENOENT;
	/* Of the two properties the kernel prefers this one, too. */
	if (fdt_getprop(blob, node, "interrupts-extended", &len)) {
		if (dt_extended_irq(blob, node, gpio, &found, &found_type))
			return -ENOENT;
	} else {
		if (!fdt_getprop(blob, node, "interrupts", &len) || len < 8 ||
		    dt_interrupt_parent(blob, node) != gpio)
			return -ENOENT;
		found = dt_cell(blob, node, "interrupts", 0, 0);
		found_type = dt_cell(blob, node, "interrupts", 1, 0);
	}
	if (found >= ROAD_NUM_LINES)
		return -ENOENT;
	*line = found;
	*type = found_type;
	return 0;
}

uint32_t dt_i2c_hertz(const struct dt *dt)
{
	uint32_t hertz = 0;
	int bus;

	if (dt->blob) {
		bus = fdt_path_offset(dt->blob, I2C_PATH);
		if (bus >= 0)
			hertz = dt_cell(dt->blob, bus, "clock-frequency", 0, 0);
	}
	return hertz ? hertz : I2C_HERTZ_DEFAULT;
}
