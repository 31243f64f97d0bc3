/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calendar-page.h - memory that calendar and guest share instead of messages
 *
 * Linux 6.11 and later. The guest reads the time and how far it may run on its
 * own, and leaves there the time that it has reached and the time at which it
 * wants to run next. Of the messages START, GET_TOD, WAIT and RUN remain, the
 * last two without an ACK.
 */
#ifndef LIB_CALENDAR_PAGE_H
#define LIB_CALENDAR_PAGE_H

#include <stdbool.h>
#include <stdint.h>

/* The number of the guest among the calendar's clients; 0 is ourselves. */
#define CAL_PAGE_GUEST 1

struct cal_page {
	struct cal_page_shm *shm;	/* NULL: not made */
	int fd;				/* -1: not made */
};

/*
 * Make the page, at time 0 with a guest that runs and may not run on by
 * itself. @offered false: with a version that no guest takes. Return: 0 or
 * -errno.
 */
int cal_page_init(struct cal_page *page, bool offered);
void cal_page_deinit(struct cal_page *page);
/* Once the guest has been given the descriptor. */
void cal_page_close_fd(struct cal_page *page);
/* Has the guest taken it? Only the answer after its START counts. */
bool cal_page_is_taken(const struct cal_page *page);

/* The guest runs, from @now on; freely to before @free_until. */
void cal_page_run(struct cal_page *page, uint64_t now, uint64_t free_until);
/* The guest waits: the clock is ours. */
void cal_page_wait(struct cal_page *page);
void cal_page_set_time(struct cal_page *page, uint64_t now);
void cal_page_set_free_until(struct cal_page *page, uint64_t time);
/* What the guest says that the time is; believe nothing. */
uint64_t cal_page_time(const struct cal_page *page);
/* When the waiting guest wants to run, or ROAD_NEVER. */
uint64_t cal_page_request(const struct cal_page *page);

#endif /* LIB_CALENDAR_PAGE_H */
