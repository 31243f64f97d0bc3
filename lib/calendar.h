/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calendar.h - the machine's clock: timers of the host, and the guest's time
 */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include "calendar-page.h"
#include "loop.h"

#include <roadtest/model.h>

struct engine;

/* See calendar.c; a jiffy. */
#define CAL_STRIDE (10 * ROAD_MS)

struct calendar {
	struct engine *engine;
	uint64_t now;
	struct road_timer **heap;	/* heap[1] is due first */
	size_t num_timers, max_timers;
	uint64_t next_order;
	uint64_t random;		/* 0: insertion order breaks ties */
	struct loop_source listen, conn;
	uint64_t start_of_day;		/* answer to GET_TOD */
	uint64_t request;		/* what REQUEST said; see cal_request() */
	uint64_t free_until;		/* granted; 0: nothing */
	uint32_t seq;
	bool waiting;			/* the guest is in WAIT */
	bool use_free_until;
	bool use_page;			/* offer the shared page */
	/* The last time that is known also when the guest runs free: of a kick,
	 * of a timer of ours, of a limit. What the guest prints is stamped
	 * with it, so that the log is the same both ways. */
	uint64_t known;
	bool shared;			/* the guest has taken it */
	unsigned int asleep;		/* queues that suspend has disabled */
	struct cal_page page;
	uint64_t messages;		/* received, for benchmarks and tests */
};

void cal_init(struct calendar *cal, struct engine *engine, uint64_t seed);
void cal_deinit(struct calendar *cal);
/* Listen on the socket @path. */
int cal_listen(struct calendar *cal, const char *path);
/* The guest has ended, or shall end. */
void cal_close(struct calendar *cal);

/* See road_timer_set(); @due is absolute. Return: 0 or -ENOMEM. */
int cal_add(struct calendar *cal, struct road_timer *timer, uint64_t due);
void cal_del(struct calendar *cal, struct road_timer *timer);
/* Remove the timers that lie between two addresses. */
void cal_forget(struct calendar *cal, const void *from, const void *to);
/* One of them, or NULL. */
struct road_timer *cal_find_in(const struct calendar *cal, const void *from,
			       const void *to);
/* When the next timer is due; ROAD_NEVER. */
uint64_t cal_next(const struct calendar *cal);
/* Move the clock to the next timer and run it. */
void cal_run_next(struct calendar *cal);

/*
 * Let the waiting guest run: at the time that it asked for, and freely to
 * before the next timer or @limit.
 */
void cal_grant(struct calendar *cal, uint64_t limit);
/* While queues are asleep: a time that is not past for the guest, however far
 * it ran free. */
uint64_t cal_stride(const struct calendar *cal);
/* The guest, which is blocked on us, may not run past @time any more. */
void cal_shrink(struct calendar *cal, uint64_t time);
/* When the waiting guest wants to run; ROAD_NEVER. */
uint64_t cal_request(const struct calendar *cal);
/* Take over how far the guest has come, before a device acts on what it
 * said. Return: false (and fatal) for a time that can't be. */
bool cal_pull(struct calendar *cal);
/* Let the guest know what time it is, before a device tells it something. */
void cal_push(struct calendar *cal);
/* Serve one message of the guest. Return: false when the link is gone. */
bool cal_serve(struct calendar *cal);

#endif /* LIB_CALENDAR_H */
