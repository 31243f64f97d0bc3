/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop.h - waiting for the guest: descriptors, in an order that is the same
 * in every run
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include "error.h"

/*
 * Of sources that are ready together the lower one is served first. What the
 * guest printed before it sent a message is read before that message, and its
 * death is noticed after everything that it said.
 */
enum loop_order {
	LOOP_CONSOLE,
	LOOP_MESSAGE,
	LOOP_DEATH,
};

struct loop_source {
	int fd;				/* -1: not in the loop */
	enum loop_order order;
	/* The descriptor is readable or hung up. */
	void (*ready)(struct loop_source *source);
};

#define LOOP_BATCH 16

struct epoll_event;

struct loop {
	int epoll_fd;
	struct epoll_event *events;	/* LOOP_BATCH of them */
};

int loop_init(struct loop *loop, struct road_error *error);
void loop_deinit(struct loop *loop);
int loop_add(struct loop *loop, struct loop_source *source, int fd,
	     enum loop_order order, struct road_error *error);
/* Out of the loop, and closed. Nothing happens if it is not in it. */
void loop_close(struct loop *loop, struct loop_source *source);
/*
 * Wait until something is ready. Return: how much, to be served with
 * loop_serve(); 0 after @timeout_ms (-1: no limit); -EINTR for a signal.
 */
int loop_wait(struct loop *loop, int timeout_ms);
/* Serve the @n sources that the last loop_wait() found. */
void loop_serve(struct loop *loop, int n);

#endif /* LIB_LOOP_H */
