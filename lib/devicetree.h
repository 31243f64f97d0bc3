/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * devicetree.h - the board's devicetree from the base tree and the fragments
 *
 * cpp and dtc do the work; `#line` marks make their messages point into the
 * test's own file. libfdt reads the blob.
 */
#ifndef LIB_DEVICETREE_H
#define LIB_DEVICETREE_H

#include "error.h"

struct dt_fragment;

struct dt {
	struct dt_fragment *fragments;
	size_t num_fragments;
	uint8_t addrs_used[16];		/* a bit for each of 128 addresses */
	uint8_t lines_used[ROAD_NUM_LINES / 8];
	uint64_t random;		/* state, from the seed */
	void *blob;			/* after dt_build() */
};

void dt_init(struct dt *dt, uint64_t seed);
void dt_deinit(struct dt *dt);
/* See road_add_fragment(). */
int dt_add_fragment(struct dt *dt, struct road_fragment *fragment,
		    struct road_error *error);
/* Give out an address (0x08 to 0x77) or a line, or claim a given one:
 * *value 0 (address) or -1 (line) means any. */
int dt_alloc_addr(struct dt *dt, unsigned int *value, struct road_error *error);
int dt_alloc_line(struct dt *dt, int *value, struct road_error *error);
/*
 * Compile everything into the file @dtb. @include: directory that has
 * dt-bindings/. @sock_dir: where the devices' sockets are (i2c.sock,
 * gpio.sock, console.sock). @work: directory for intermediate files.
 */
int dt_build(struct dt *dt, const char *include, const char *sock_dir,
	     const char *work, const char *dtb, struct road_error *error);
/* Has each device on &i2c an address of its own? Return: 0 or
 * -ROAD_EDEVICETREE. */
int dt_check(const void *blob, struct road_error *error);
/* Interrupt of the I2C device at @addr, if it is a line of &gpio.
 * Return: 0 or -ENOENT. */
int dt_i2c_irq(const struct dt *dt, unsigned int addr, unsigned int *line,
	       unsigned int *type);
/* clock-frequency of &i2c in hertz; 400000 if the tree does not say. */
uint32_t dt_i2c_hertz(const struct dt *dt);

#endif /* LIB_DEVICETREE_H */
