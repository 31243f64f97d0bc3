// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vhost-user, the device's side
 *
 * Theory of operation. The guest connects to the device's socket and sets it
 * up: SET_OWNER, GET_FEATURES, GET/SET_PROTOCOL_FEATURES, SET_BACKEND_REQ_FD
 * (a pipe or socket on which we interrupt it), SET_FEATURES, GET_CONFIG,
 * SET_MEM_TABLE, and for each queue NUM, BASE, ADDR, then ENABLE. With
 * in-band notifications a kick is a message too (VRING_KICK), and the guest
 * waits for its ACK (REPLY_ACK): while we work on a kick it stands still.
 *
 * Our interrupt is VRING_CALL on the backend channel. Under the calendar the
 * guest takes it at once, even while it waits for the ACK of a kick: it asks
 * the calendar for the time, notes the interrupt for this instant, and
 * answers. We send it with NEED_REPLY and serve the calendar until the answer
 * is there. Only then may the kick that caused it be acknowledged, else guest
 * and host disagree on the time.
 *
 * A queue that is disabled (suspend does it) takes no interrupts: they wait
 * until it is enabled again, and then until it is known what time it is for the
 * guest (see calendar.c).
 *
 * Trust: none. Sizes, indices and descriptors are checked here; addresses in
 * guest-mem.c. A message that breaks the protocol ends the machine.
 *
 * Message numbers and layouts: the vhost-user specification (docs/interop of
 * QEMU), and arch/um/drivers/vhost_user.h for what the guest uses of it.
 */
#include "virtio/vhost-user.h"

#include "virtio/vhost-user-wire.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VU_MAX_PAYLOAD 512
#define VU_MAX_FDS GM_MAX_REGIONS

struct vu_msg {
	struct vu_header header;
	int fds[VU_MAX_FDS];
	unsigned int num_fds;
	/* Last, for some of them end with an array of any length. */
	union {
		uint64_t u64;
		struct vu_vring_state state;
		struct vu_vring_addr addr;
		struct vu_mem_table mem;
		struct vu_config config;
		uint8_t bytes[VU_MAX_PAYLOAD];
	};
};

/* What a handler returns when it has sent its own reply. */
#define VU_REPLIED 1

static int vu_fail(struct vu_dev *dev, const char *what, uint64_t value)
{
	engine_fail(dev->engine, -ROAD_EPROTO, "%s: %s (%llu)", dev->ops->name,
		    what, (unsigned long long)value);
	return -ROAD_EPROTO;
}

/* ---- handlers: 0, VU_REPLIED or a negative code with engine->fatal set */

static int vu_reply(struct vu_dev *dev, const struct vu_msg *msg,
		    const void *data, uint32_t size)
{
	struct {
		struct vu_header header;
		uint8_t data[VU_MAX_PAYLOAD];
	} reply = {
		.header = {
			.request = msg->header.request,
			.flags = VU_VERSION | VU_REPLY,
			.size = size,
		},
	};
	size_t len = sizeof(reply.header) + size;

	memcpy(reply.data, data, size);
	if (send(dev->conn.fd, &reply, len, MSG_NOSIGNAL) != (ssize_t)len)
		engine_fail(dev->engine, -ROAD_EGONE, "%s: the guest hung up",
			    dev->ops->name);
	return VU_REPLIED;
}

static int vu_reply_u64(struct vu_dev *dev, const struct vu_msg *msg,
			uint64_t value)
{
	return vu_reply(dev, msg, &value, sizeof(value));
}

static int vu_get_features(struct vu_dev *dev, struct vu_msg *msg)
{
	return vu_reply_u64(dev, msg,
			    dev->ops->features | VU_F_PROTOCOL_FEATURES |
				    1ULL << VIRTIO_F_VERSION_1);
}

static int vu_set_features(struct vu_dev *dev, struct vu_msg *msg)
{
	uint64_t offered = dev->ops->features | VU_F_PROTOCOL_FEATURES |
			   1ULL << VIRTIO_F_VERSION_1;

	if (msg->u64 & ~offered)
		return vu_fail(dev, "features that were not offered",
			       msg->u64 & ~offered);
	dev->features = msg->u64;
	return 0;
}

static int vu_set_owner(struct vu_dev *dev, struct vu_msg *msg)
{
	return 0;
}

static int vu_get_protocol_features(struct vu_dev *dev, struct vu_msg *msg)
{
	return vu_reply_u64(dev, msg, VU_PROTOCOL_FEATURES);
}

static int vu_set_protocol_features(struct vu_dev *dev, struct vu_msg *msg)
{
	if (msg->u64 != VU_PROTOCOL_FEATURES)
		return vu_fail(dev,
			       "the guest's kernel lacks protocol features",
			       msg->u64);
	return 0;
}

static void vu_set_asleep(struct vu_dev *dev, struct virtq *vq, bool asleep)
{
	dev->engine->cal.asleep += asleep - vq->asleep;
	vq->asleep = asleep;
}

static void vu_reset_queues(struct vu_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->ops->num_queues; i++) {
		vu_set_asleep(dev, &dev->queues[i], false);
		vq_reset(&dev->queues[i]);
	}
	dev->ops->reset(dev);
}

static int vu_set_mem_table(struct vu_dev *dev, struct vu_msg *msg)
{
	unsigned int i;
	int ret;

	if (msg->header.size < sizeof(msg->mem) ||
	    msg->mem.num > GM_MAX_REGIONS ||
	    msg->header.size < sizeof(msg->mem) +
			       msg->mem.num * sizeof(msg->mem.regions[0]))
		return vu_fail(dev, "memory table of a wrong size",
			       msg->header.size);
	if (msg->mem.num != msg->num_fds)
		return vu_fail(dev, "memory table with missing descriptors",
			       msg->num_fds);
	/* The guest sets the device up (again): its old rings are gone. */
	vu_reset_queues(dev);
	gm_clear(&dev->mem);
	for (i = 0; i < msg->mem.num; i++) {
		const struct vu_mem_region *r = &msg->mem.regions[i];

		ret = gm_add(&dev->mem, r->guest_addr, r->size, r->offset,
			     msg->fds[i], &dev->engine->fatal);
		if (ret)
			return ret;
	}
	return 0;
}

static struct virtq *vu_queue(struct vu_dev *dev, uint32_t index)
{
	if (index < dev->ops->num_queues)
		return &dev->queues[index];
	vu_fail(dev, "no such queue", index);
	return NULL;
}

static int vu_set_vring_num(struct vu_dev *dev, struct vu_msg *msg)
{
	struct virtq *vq = vu_queue(dev, msg->state.index);

	if (!vq)
		return -ROAD_EPROTO;
	return vq_set_num(vq, msg->state.num, &dev->engine->fatal);
}

static int vu_set_vring_base(struct vu_dev *dev, struct vu_msg *msg)
{
	struct virtq *vq = vu_queue(dev, msg->state.index);

	if (!vq)
		return -ROAD_EPROTO;
	if (msg->state.num > UINT16_MAX)
		return vu_fail(dev, "ring base out of range", msg->state.num);
	vq_set_base(vq, msg->state.num);
	return 0;
}

/* "User" addresses are guest addresses: UML maps its memory 1:1. */
static int vu_set_vring_addr(struct vu_dev *dev, struct vu_msg *msg)
{
	struct virtq *vq = vu_queue(dev, msg->addr.index);

	if (!vq)
		return -ROAD_EPROTO;
	return vq_set_addr(vq, msg->addr.desc, msg->addr.avail,
			   msg->addr.used, &dev->engine->fatal);
}

/* The queue can be used: what has waited for that? */
static void vu_serve(struct vu_dev *dev, struct virtq *vq)
{
	if (dev->ops->enabled)
		dev->ops->enabled(dev, vq->index);
	if (vq->call_pending)
		vu_call(dev, vq->index);
	if (vq_available(vq))
		dev->ops->kick(dev, vq->index);
}

static void vu_wake(struct road_timer *timer)
{
	struct vu_dev *dev = road_container_of(timer, struct vu_dev, wake);
	unsigned int i;

	for (i = 0; i < dev->ops->num_queues; i++) {
		struct virtq *vq = &dev->queues[i];

		if (!vq->waking)
			continue;
		vq->waking = false;
		vu_serve(dev, vq);
	}
}

static int vu_set_vring_enable(struct vu_dev *dev, struct vu_msg *msg)
{
	struct virtq *vq = vu_queue(dev, msg->state.index);
	bool woken;

	if (!vq)
		return -ROAD_EPROTO;
	if (msg->state.num > 1)
		return vu_fail(dev, "enable is neither 0 nor 1",
			       msg->state.num);
	woken = vq->asleep && msg->state.num;
	vu_set_asleep(dev, vq, !msg->state.num && (vq->enabled || vq->asleep));
	vq->enabled = msg->state.num;
	vq->waking = woken && vq_ready(vq);
	if (vq->waking &&
	    cal_add(&dev->engine->cal, &dev->wake, cal_stride(&dev->engine->cal)))
		engine_fail(dev->engine, -ROAD_EHOST, "out of memory");
	if (vq_ready(vq) && !vq->waking)
		vu_serve(dev, vq);
	return 0;
}

static int vu_set_backend_fd(struct vu_dev *dev, struct vu_msg *msg)
{
	if (msg->num_fds != 1)
		return vu_fail(dev, "backend channel without a descriptor",
			       msg->num_fds);
	if (dev->backend_fd >= 0)
		close(dev->backend_fd);
	dev->backend_fd = msg->fds[0];
	msg->num_fds = 0;
	engine_limit_socket(dev->engine, dev->backend_fd);
	return 0;
}

static int vu_get_config(struct vu_dev *dev, struct vu_msg *msg)
{
	uint8_t config[VU_MAX_PAYLOAD] = {};
	uint32_t size = msg->config.size;

	if (msg->header.size < sizeof(msg->config) || msg->config.offset ||
	    size != msg->header.size - sizeof(msg->config))
		return vu_fail(dev, "configuration request of a wrong size",
			       msg->header.size);
	if (dev->ops->get_config)
		dev->ops->get_config(dev, config);
	memcpy(msg->config.data, config, size);
	return vu_reply(dev, msg, &msg->config, msg->header.size);
}

/* No device of ours has configuration that can be written. */
static int vu_set_config(struct vu_dev *dev, struct vu_msg *msg)
{
	return 0;
}

static int vu_kick(struct vu_dev *dev, struct vu_msg *msg)
{
	struct virtq *vq = vu_queue(dev, msg->state.index);

	if (!vq)
		return -ROAD_EPROTO;
	dev->engine->cal.known = dev->engine->cal.now;
	if (!engine_count_kick(dev->engine, dev->ops->name))
		return -ROAD_ELIMIT;
	if (vq_ready(vq)) {
		dev->ops->kick(dev, vq->index);
	}
	return dev->engine->fatal.code;
}

static const struct {
	const char *name;
	uint32_t size;		/* the least that the payload must have */
	int (*handle)(struct vu_dev *dev, struct vu_msg *msg);
} vu_messages[VU_NUM_MESSAGES] = {
	[VU_GET_FEATURES] = { "GET_FEATURES", 0, vu_get_features },
	[VU_SET_FEATURES] = { "SET_FEATURES", 8, vu_set_features },
	[VU_SET_OWNER] = { "SET_OWNER", 0, vu_set_owner },
	[VU_SET_MEM_TABLE] = { "SET_MEM_TABLE", 8, vu_set_mem_table },
	[VU_SET_VRING_NUM] = { "SET_VRING_NUM", 8, vu_set_vring_num },
	[VU_SET_VRING_ADDR] = { "SET_VRING_ADDR", 40, vu_set_vring_addr },
	[VU_SET_VRING_BASE] = { "SET_VRING_BASE", 8, vu_set_vring_base },
	[VU_GET_PROTOCOL_FEATURES] = { "GET_PROTOCOL_FEATURES", 0,
				       vu_get_protocol_features },
	[VU_SET_PROTOCOL_FEATURES] = { "SET_PROTOCOL_FEATURES", 8,
				       vu_set_protocol_features },
	[VU_SET_VRING_ENABLE] = { "SET_VRING_ENABLE", 8, vu_set_vring_enable },
	[VU_SET_BACKEND_REQ_FD] = { "SET_BACKEND_REQ_FD", 0,
				    vu_set_backend_fd },
	[VU_GET_CONFIG] = { "GET_CONFIG", 12, vu_get_config },
	[VU_SET_CONFIG] = { "SET_CONFIG", 12, vu_set_config },
	[VU_VRING_KICK] = { "VRING_KICK", 8, vu_kick },
};

/* ---- receiving */

static void vu_take_fds(struct msghdr *hdr, struct vu_msg *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(msg->fds, CMSG_DATA(c), n * sizeof(int));
		msg->num_fds = n;
	}
}

/* Return: true, or false at the end of the connection. */
static bool vu_recv_all(struct vu_dev *dev, void *data, size_t len)
{
	ssize_t n;

	do {
		n = recv(dev->conn.fd, data, len, MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* The guest sends header and payload in one go, so one call gets both. */
static int vu_recv(struct vu_dev *dev, struct vu_msg *msg)
{
	struct iovec iov = { &msg->header, sizeof(msg->header) };
	union {
		char buf[CMSG_SPACE(VU_MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;

	msg->num_fds = 0;
	do {
		n = recvmsg(dev->conn.fd, &hdr, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		vu_take_fds(&hdr, msg);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n != sizeof(msg->header))
		return vu_fail(dev, "a message that is cut short", n);
	if (hdr.msg_flags & MSG_CTRUNC)
		return vu_fail(dev,
			       "too many descriptors, for a message or for this process",
			       VU_MAX_FDS);
	if (msg->header.size > VU_MAX_PAYLOAD)
		return vu_fail(dev, "message too long", msg->header.size);
	if (msg->header.size &&
	    !vu_recv_all(dev, msg->bytes, msg->header.size))
		return vu_fail(dev, "a message that is cut short",
			       msg->header.size);
	return 1;
}

static int vu_dispatch(struct vu_dev *dev, struct vu_msg *msg)
{
	uint32_t request = msg->header.request;
	int ret;

	if ((msg->header.flags & ~VU_NEED_REPLY) != VU_VERSION)
		return vu_fail(dev, "unknown flags", msg->header.flags);
	if (request >= VU_NUM_MESSAGES || !vu_messages[request].handle)
		return vu_fail(dev, "unknown request", request);
	if (msg->header.size < vu_messages[request].size)
		return vu_fail(dev, "a message that is too short",
			       msg->header.size);
	if (!cal_pull(&dev->engine->cal))
		return -ROAD_EPROTO;
	engine_debug(dev->engine, "%s %s %u", dev->ops->name,
		     vu_messages[request].name,
		     msg->header.size >= 8 ? msg->state.index : 0);
	ret = vu_messages[request].handle(dev, msg);
	if (ret || !(msg->header.flags & VU_NEED_REPLY))
		return ret;
	engine_before_ack(dev->engine);
	return vu_reply_u64(dev, msg, 0);
}

/* The guest hung up: virtio_uml does it when the device is removed. */
static void vu_hung_up(struct vu_dev *dev)
{
	loop_close(&dev->engine->loop, &dev->conn);
	if (dev->backend_fd >= 0)
		close(dev->backend_fd);
	dev->backend_fd = -1;
	vu_reset_queues(dev);
	gm_clear(&dev->mem);
}

static void vu_ready(struct loop_source *source)
{
	struct vu_dev *dev = road_container_of(source, struct vu_dev, conn);
	struct vu_msg msg;
	int ret;

	msg.num_fds = 0;
	ret = vu_recv(dev, &msg);
	if (ret > 0)
		vu_dispatch(dev, &msg);
	while (msg.num_fds)
		close(msg.fds[--msg.num_fds]);
	if (ret <= 0)
		vu_hung_up(dev);
}

/* ---- set-up */

static void vu_accept(struct loop_source *source)
{
	struct vu_dev *dev = road_container_of(source, struct vu_dev, listen);
	int fd = engine_accept(dev->engine, source->fd, dev->ops->name);

	if (fd < 0)
		return;
	if (dev->conn.fd >= 0) {
		vu_fail(dev, "a second connection", 0);
		close(fd);
		return;
	}
	if (loop_add(&dev->engine->loop, &dev->conn, fd, LOOP_MESSAGE,
		     &dev->engine->fatal))
		close(fd);
}

int vu_listen(struct vu_dev *dev, const char *path)
{
	int fd = engine_listen_on(path, &dev->engine->fatal);

	if (fd < 0)
		return fd;
	if (!loop_add(&dev->engine->loop, &dev->listen, fd, LOOP_MESSAGE,
		      &dev->engine->fatal))
		return 0;
	close(fd);
	return -ROAD_EHOST;
}

void vu_close(struct vu_dev *dev)
{
	/* Without memory it never came to vu_init(). */
	if (!dev->ops)
		return;
	loop_close(&dev->engine->loop, &dev->listen);
	cal_del(&dev->engine->cal, &dev->wake);
	if (dev->conn.fd >= 0)
		vu_hung_up(dev);
}

int vu_init(struct vu_dev *dev, struct engine *engine,
	    const struct vu_ops *ops)
{
	unsigned int i;

	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	dev->engine = engine;
	dev->listen = (struct loop_source){ .fd = -1, .ready = vu_accept };
	dev->conn = (struct loop_source){ .fd = -1, .ready = vu_ready };
	dev->backend_fd = -1;
	road_timer_init(&dev->wake, ops->name, vu_wake);
	dev->wake.quiet = true;
	gm_init(&dev->mem);
	dev->queues = calloc(ops->num_queues, sizeof(*dev->queues));
	dev->chain = malloc(sizeof(*dev->chain));
	if (!dev->queues || !dev->chain)
		return err_nomem(&engine->fatal);
	for (i = 0; i < ops->num_queues; i++)
		vq_init(&dev->queues[i], &dev->mem, ops->name, i);
	return 0;
}

void vu_deinit(struct vu_dev *dev)
{
	vu_close(dev);
	gm_clear(&dev->mem);
	free(dev->queues);
	free(dev->chain);
	dev->queues = NULL;
	dev->chain = NULL;
}
