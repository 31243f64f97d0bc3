// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a device does with its queues: take chains, give them back, interrupt
 */
#include "virtio/vhost-user.h"

#include "virtio/vhost-user-wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

struct vq_chain *vu_pop_into(struct vu_dev *dev, unsigned int queue,
			     struct vq_chain *chain)
{
	if (dev->engine->fatal.code ||
	    vq_pop(&dev->queues[queue], chain, &dev->engine->fatal) <= 0)
		return NULL;
	return chain;
}

struct vq_chain *vu_pop(struct vu_dev *dev, unsigned int queue)
{
	return vu_pop_into(dev, queue, dev->chain);
}

bool vu_unheard(const struct vu_dev *dev)
{
	unsigned int i;

	for (i = 0; dev->queues && i < dev->ops->num_queues; i++)
		if (dev->queues[i].asleep && vq_pending(&dev->queues[i]))
			return true;
	return false;
}

void vu_push(struct vu_dev *dev, unsigned int queue, uint16_t head,
	     uint32_t len)
{
	vq_push(&dev->queues[queue], head, len);
}

/* Messages to the calendar before the answer; normal are two. */
#define VU_MAX_UNASKED 1000

static bool vu_call_failed(struct vu_dev *dev, const char *how)
{
	engine_fail(dev->engine, -ROAD_EGONE, "%s: the guest %s",
		    dev->ops->name, how);
	return false;
}

/* Serve the calendar until the guest has answered on the backend channel. */
static bool vu_await_call_reply(struct vu_dev *dev)
{
	struct engine *engine = dev->engine;
	struct pollfd fds[2] = {
		{ .fd = dev->backend_fd, .events = POLLIN },
		{ .fd = engine->cal.conn.fd, .events = POLLIN },
	};
	struct {
		struct vu_header header;
		uint32_t status[2];	/* no padding before it */
	} reply;
	unsigned int others = 0;
	ssize_t n;

	for (;;) {
		n = poll(fds, 2, engine->wall_limit_ms);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || others == VU_MAX_UNASKED)
			return vu_call_failed(dev, "does not take interrupts");
		if (!fds[1].revents)
			break;
		others++;
		if (!cal_serve(&engine->cal))
			return false;
	}
	do {
		n = recv(dev->backend_fd, &reply, sizeof(reply), MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(reply) || vu_call_failed(dev, "hung up");
}

void vu_call(struct vu_dev *dev, unsigned int queue)
{
	struct virtq *vq = &dev->queues[queue];
	struct {
		struct vu_header header;
		struct vu_vring_state state;
	} call = {
		.header = {
			.request = VU_BACKEND_VRING_CALL,
			.flags = VU_VERSION | VU_NEED_REPLY,
			.size = sizeof(call.state),
		},
		.state.index = queue,
	};

	if (dev->engine->fatal.code || dev->backend_fd < 0 ||
	    !vq_wants_call(vq))
		return;
	vq->call_pending = !vq->enabled;
	if (vq->call_pending)
		return;
	engine_debug(dev->engine, "%s > VRING_CALL %u", dev->ops->name, queue);
	cal_push(&dev->engine->cal);
	if (send(dev->backend_fd, &call, sizeof(call), MSG_NOSIGNAL) ==
	    sizeof(call))
		vu_await_call_reply(dev);
	else
		vu_call_failed(dev, errno == EAGAIN ?
			       "does not take interrupts" : "hung up");
}
