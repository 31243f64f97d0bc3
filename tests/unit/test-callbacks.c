// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-callbacks.c - what models may do from within a callback, and with the
 * objects that they embed
 */
#include "virtio.h"

static struct fixture fx;

static void begin(void)
{
	CHECK_INT(fake_board_init_quiet(&fx.machine, 0), 0);
}

static void end(void)
{
	fake_board_deinit(&fx.machine);
}

/* ---- watches of a line */

static struct road_line_watch *watches[3];
static char called[16];

static struct road_line_watch *
make_watch(unsigned int i, void (*changed)(struct road_line_watch *watch,
					   unsigned int line,
					   enum road_direction direction,
					   int level))
{
	watches[i] = calloc(1, sizeof(*watches[i]));
	watches[i]->changed = changed;
	return watches[i];
}

static void note_watch(struct road_line_watch *watch, unsigned int line,
		       enum road_direction direction, int level)
{
	for (unsigned int i = 0; i < 3; i++)
		if (watch == watches[i])
			strcat(called, (char[]){ '0' + i, '\0' });
}

/* Frees all of them, as a model does that is replaced. */
static void free_all(struct road_line_watch *watch, unsigned int line,
		     enum road_direction direction, int level)
{
	note_watch(watch, line, direction, level);
	for (unsigned int i = 0; i < 3; i++) {
		road_line_unwatch(watches[i]);
		free(watches[i]);
		watches[i] = NULL;
	}
}

static void a_watch_may_end_every_watch_of_its_line(void)
{
	begin();
	called[0] = '\0';
	/* The last one is told first. */
	for (unsigned int i = 0; i < 3; i++)
		CHECK_INT(road_line_watch(&fx.machine, 5,
					  make_watch(i, i == 1 ? free_all :
								 note_watch)),
			  0);
	board_set_level(&fx.machine.board, 5, 1, true);
	CHECK_STR(called, "21");
	board_set_level(&fx.machine.board, 5, 0, true);
	CHECK_STR(called, "21");
	end();
}

static void a_watch_watches_one_line(void)
{
	begin();
	make_watch(0, note_watch);
	CHECK_INT(road_line_watch(&fx.machine, 5, watches[0]), 0);
	CHECK_INT(road_line_watch(&fx.machine, 5, watches[0]), -ROAD_EUSAGE);
	CHECK_INT(road_line_watch(&fx.machine, 6, watches[0]), -ROAD_EUSAGE);
	CHECK_HAS(err_message(&fx.machine.error), "line 5 has this watch");
	called[0] = '\0';
	board_set_level(&fx.machine.board, 5, 1, true);
	CHECK_STR(called, "0");
	road_line_unwatch(watches[0]);
	CHECK_INT(road_line_watch(&fx.machine, 6, watches[0]), 0);
	road_line_unwatch(watches[0]);
	free(watches[0]);
	end();
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_watch_may_end_every_watch_of_its_line),
	TEST(a_watch_watches_one_line),
};

UNIT_MAIN(tests)
