/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * board.h - the modelled hardware around the guest: an I2C bus with its
 * chips, and 128 lines
 */
#ifndef LIB_BOARD_H
#define LIB_BOARD_H

#include "virtio/gpio.h"
#include "virtio/i2c.h"

#include <roadtest/model.h>

struct board_line {
	uint8_t level;
	uint8_t direction;		/* enum road_direction */
	struct road_line_watch *watches;
};

struct board {
	struct engine *engine;
	struct i2c_dev i2c;
	struct gpio_dev gpio;
	struct road_i2c_chip *chips;
	struct board_line lines[ROAD_NUM_LINES];
	/* Who is told next of a change: the one before may unwatch it. */
	struct road_line_watch *next_watch;
	char *missed;			/* faults that have not struck */
	/* In a hook of a bus transfer: interrupts wait for the transfer. */
	unsigned int in_transfer;
};

int board_init(struct board *board, struct engine *engine);
void board_deinit(struct board *board);
/* See machine_forget(). */
void board_forget(struct board *board, const void *from, const void *to);
bool board_holds(const struct board *board, const void *from, const void *to);

/* The board of a machine, and its parts for the devices. */
struct board *board_of(struct road_machine *machine);
struct road_i2c_chip *board_chip(const struct board *board, unsigned int addr);
/* Number of the bus transaction that runs. */
uint32_t board_transaction(const struct road_machine *machine);
/* A line changes its level; @guest: the guest drives it. */
void board_set_level(struct board *board, unsigned int line, int level,
		     bool guest);
/* The guest changes a line's direction. */
void board_set_direction(struct board *board, unsigned int line,
			 enum road_direction direction);
/* Take interrupt line and type from the devicetree, and let the line idle. */
void board_connect_irq(struct road_i2c_chip *chip, unsigned int line,
		       unsigned int type);
/* Let the interrupts of all nodes idle at which only @chip answers, which is at
 * every address. */
void board_idle_all(struct road_i2c_chip *chip);
/* A message to @chip comes, at @addr. */
void board_called(struct road_i2c_chip *chip, unsigned int addr);
/* The fault that was injected into @chip can't strike any more: write down if it
 * has not. */
void board_fault_end(struct board *board, struct road_i2c_chip *chip);
/* All of them: 0, or -ROAD_EORACLE with what was written down. */
int board_faults_end(struct board *board, struct road_error *error);

#endif /* LIB_BOARD_H */
