// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_init(struct loop *loop, struct road_error *error)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return err_set(error, -ROAD_EHOST, "epoll_create1: %s",
			       strerror(errno));
	loop->events = calloc(LOOP_BATCH, sizeof(*loop->events));
	return loop->events ? 0 : err_nomem(error);
}

void loop_deinit(struct loop *loop)
{
	free(loop->events);
	loop->events = NULL;
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

int loop_add(struct loop *loop, struct loop_source *source, int fd,
	     enum loop_order order, struct road_error *error)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.ptr = source,
	};

	source->fd = fd;
	source->order = order;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		source->fd = -1;
		return err_set(error, -ROAD_EHOST, "epoll_ctl: %s",
			       strerror(errno));
	}
	return 0;
}

void loop_close(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

int loop_wait(struct loop *loop, int timeout_ms)
{
	int n = epoll_wait(loop->epoll_fd, loop->events, LOOP_BATCH,
			   timeout_ms);

	return n < 0 ? -errno : n;
}

void loop_serve(struct loop *loop, int n)
{
	int order, i;

	for (order = LOOP_CONSOLE; order <= LOOP_DEATH; order++) {
		for (i = 0; i < n; i++) {
			struct loop_source *source = loop->events[i].data.ptr;

			/* One that was served before may have closed it. */
			if (source->fd >= 0 && source->order == order)
				source->ready(source);
		}
	}
}
