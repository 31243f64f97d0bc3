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

/* ---- timers */

static unsigned int runs;

static void count(struct road_timer *timer)
{
	runs++;
}

static void a_timer_can_be_moved_to_another_machine(void)
{
	static struct road_machine second;
	struct road_timer timer, others[2];

	begin();
	CHECK_INT(fake_board_init_quiet(&second, 0), 0);
	for (unsigned int i = 0; i < 2; i++) {
		road_timer_init(&others[i], "other", count);
		road_timer_set(&second, &others[i], 10);
	}
	road_timer_init(&timer, "timer", count);
	road_timer_set(&fx.machine, &timer, 5);
	road_timer_set(&second, &timer, 20);
	CHECK_INT(fx.machine.engine.cal.num_timers, 0);
	CHECK_INT(second.engine.cal.num_timers, 3);
	runs = 0;
	while (second.engine.cal.num_timers)
		cal_run_next(&second.engine.cal);
	CHECK_INT(runs, 3);
	fake_board_deinit(&second);
	end();
}

static void set_again(struct road_timer *timer)
{
	runs++;
	road_timer_set(&fx.machine, timer, 0);
}

static void wait_for_the_end(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_sleep_until(guest, ROAD_S);
}

static void a_timer_that_stops_the_clock_ends_the_machine_by_name(void)
{
	struct road_timer timer;

	fx_init(&fx);
	runs = 0;
	road_timer_init(&timer, "conversion", set_again);
	road_timer_set(&fx.machine, &timer, ROAD_MS);
	fx_start(&fx, wait_for_the_end);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_INT(fx.machine.engine.fatal.code, -ROAD_ELIMIT);
	CHECK_HAS(err_message(&fx.machine.engine.fatal), "\"conversion\"");
	CHECK_INT(runs, ENGINE_MAX_TIMERS);
	CHECK_INT(fx.machine.engine.cal.now, ROAD_MS);
	road_timer_cancel(&timer);
	fx_finish(&fx);
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_watch_may_end_every_watch_of_its_line),
	TEST(a_watch_watches_one_line),
	TEST(a_timer_can_be_moved_to_another_machine),
	TEST(a_timer_that_stops_the_clock_ends_the_machine_by_name),
};

UNIT_MAIN(tests)
