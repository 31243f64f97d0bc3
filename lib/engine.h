/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.h - what the virtual devices and the clock share
 *
 * The guest is always in one of three states: in WAIT (it asked the calendar
 * for a time and sleeps), blocked on an answer that we owe it, or the only
 * thing that runs. Everything here happens in the first two, so there are no
 * races, no locks and no threads.
 */
#ifndef LIB_ENGINE_H
#define LIB_ENGINE_H

#include "calendar.h"
#include "loop.h"
#include "trace.h"

/* More kicks than this at one virtual instant: the guest makes no progress.
 * Seen in working guests: at most 17; a board of 128 lines makes some hundred
 * at boot. */
#define ENGINE_MAX_KICKS 10000

/* More timers than this at one virtual instant: one of them sets itself again
 * without a delay, and time stands still. Some models have dozens. */
#define ENGINE_MAX_TIMERS 100000

struct engine {
	struct road_machine *machine;
	struct loop loop;
	struct calendar cal;
	struct trace trace;
	struct journal journal;
	struct road_error fatal;	/* code: the guest has ended, and why */
	struct road_error model;	/* the first failure of a model */
	char *cut;			/* a transfer that a signal cut short */
	unsigned int in_model;		/* depth of model code on the stack */
	uint32_t transaction;		/* the bus transaction that runs */
	int wall_limit_ms;
	bool debug;
	/* Did a signal come? True ends the call. Asked when one arrived while
	 * we wait, and now and then, for it may have come just before. */
	bool (*interrupted)(struct engine *engine);
	uint64_t asked_ns;		/* wall time of that */
	/* What the test waits for, while it does; NULL: a time. */
	bool (*done)(const void *arg);
	const void *done_arg;
	uint64_t limit;			/* virtual time at which it ends */
	/* I2C messages since it began to wait; more than the limit are a loop.
	 * 0: no limit. */
	unsigned int messages, message_limit;
	uint64_t message_time;
	uint64_t kick_time;
	unsigned int kicks;
	uint64_t timer_time;
	unsigned int timers;
};

int engine_init(struct engine *engine, struct road_machine *machine,
		uint64_t seed);
void engine_deinit(struct engine *engine);
/* The guest broke a protocol or died: nothing more is served. The first
 * reason counts. */
void engine_fail(struct engine *engine, int code, const char *fmt, ...)
	ROAD_PRINTF(3, 4);
/* A model failed; the first failure counts. Takes over @error's content. */
void engine_model_error(struct engine *engine, struct road_error *error);
/* A transfer was cut short, as @text says: failures of models that come after
 * it say so too. NULL: forget that. */
void engine_cut(struct engine *engine, const char *text);
/* Before a kick is acknowledged: may the guest run on as far as it was told? */
void engine_before_ack(struct engine *engine);
/* Counts kicks at one instant; false (and fatal) when there are too many. */
bool engine_count_kick(struct engine *engine, const char *device);
/* Counts the I2C messages of a call. Those of an advance only as long as they
 * follow each other without a pause: it may be as long as one likes. */
void engine_count_message(struct engine *engine);
/* Wall time of the host, from some point on. */
uint64_t engine_wall_ns(void);
/* A listening socket at @path. Return: its descriptor or -ROAD_EHOST. */
int engine_listen_on(const char *path, struct road_error *error);
/* Accept a connection of the guest's on @fd. Return: its descriptor, which
 * gives up after the wall limit; -1: none, and fatal if that is the host's
 * fault, who would find it again and again. @name is for the message. */
int engine_accept(struct engine *engine, int fd, const char *name);
/* Let reading and writing of a socket of the guest's end at the wall limit. */
void engine_limit_socket(const struct engine *engine, int fd);
void engine_debug(const struct engine *engine, const char *fmt, ...)
	ROAD_PRINTF(2, 3);

/*
 * Run the guest until @done(@arg) is true while the guest waits, or the clock
 * reaches @limit. @done NULL: until @limit.
 *
 * After a failure of a model the guest goes on until @done, so that the call
 * in progress is not torn; without a @done it stops as soon as it waits.
 */
enum engine_end {
	ENGINE_DONE,		/* @done is true */
	ENGINE_LIMIT,		/* the clock reached @limit */
	ENGINE_IDLE,		/* the guest sleeps for ever */
	ENGINE_WALL,		/* no message of the guest for too long */
	ENGINE_GONE,		/* it has ended: see engine->fatal */
	ENGINE_MODEL,		/* a model failed: see engine->model */
	ENGINE_MESSAGES,	/* more messages than a call may need */
	ENGINE_SIGNAL,		/* a signal interrupted the wait */
};

enum engine_end engine_run(struct engine *engine,
			   bool (*done)(const void *arg), const void *arg,
			   uint64_t limit);

#endif /* LIB_ENGINE_H */
