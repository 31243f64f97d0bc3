/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-board.h - a machine without UML: engine, board and console, for a fake
 * guest or a fuzzer at the other end
 */
#ifndef TESTS_FAKE_BOARD_H
#define TESTS_FAKE_BOARD_H

#include "board.h"
#include "engine.h"
#include "virtio/console.h"

struct road_machine {
	struct road_error error;
	struct engine engine;
	struct board board;
	struct con_dev con;
	/* From the console, of all ports. */
	uint8_t received[65536];
	size_t num_received;
	unsigned int open_ports;	/* a bit for each */
	char dir[64];
};

/* Listening on calendar, i2c, gpio and console below machine->dir. */
int fake_board_init(struct road_machine *machine, uint64_t seed);
/* Without sockets. */
int fake_board_init_quiet(struct road_machine *machine, uint64_t seed);
void fake_board_deinit(struct road_machine *machine);

#endif /* TESTS_FAKE_BOARD_H */
