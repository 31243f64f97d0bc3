// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fake guest's vhost-user front-end, in the order in which virtio_uml does
 * things, and the driver's side of its rings
 */
#include "fake-guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FG_REQUIRE(condition) do { \
	if (!(condition)) { \
		printf("# fake guest: %s:%d: not true: %s\n", __FILE__, \
		       __LINE__, #condition); \
		fflush(stdout); \
		_exit(3); \
	} \
} while (0)

#define FG_VRING_CALL 4

/* ---- messages */

static void fg_read_all(struct fg_guest *guest, int fd, void *data, size_t len)
{
	ssize_t n;

	if (!len)
		return;
	do {
		n = recv(fd, data, len, MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		fg_hang_up(guest);
}

void fg_vu_send(struct fg_device *dev, uint32_t request, uint32_t flags,
		const void *payload, uint32_t size, const int *fds,
		unsigned int num_fds)
{
	struct fg_header header = { request, flags, size };
	struct iovec iov[2] = {
		{ &header, sizeof(header) },
		{ (void *)payload, size },
	};
	union {
		char buf[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = 2 };

	if (num_fds) {
		struct cmsghdr *cmsg;

		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, num_fds * sizeof(int));
	}
	if (sendmsg(dev->sock, &hdr, MSG_NOSIGNAL) < 0)
		fg_hang_up(dev->guest);
}

uint32_t fg_vu_recv(struct fg_device *dev, uint32_t request, void *payload,
		    uint32_t size)
{
	struct fg_header header;

	fg_wait_readable(dev->guest, dev->sock);
	fg_read_all(dev->guest, dev->sock, &header, sizeof(header));
	FG_REQUIRE(header.request == request);
	FG_REQUIRE(header.flags == (FG_VERSION | FG_REPLY));
	FG_REQUIRE(header.size <= size);
	fg_read_all(dev->guest, dev->sock, payload, header.size);
	return header.size;
}

uint64_t fg_vu_request(struct fg_device *dev, uint32_t request,
		       const void *payload, uint32_t size, const int *fds,
		       unsigned int num_fds)
{
	uint64_t status;

	fg_vu_send(dev, request, FG_VERSION | FG_NEED_REPLY, payload, size,
		   fds, num_fds);
	FG_REQUIRE(fg_vu_recv(dev, request, &status, sizeof(status)) ==
		   sizeof(status));
	return status;
}

uint64_t fg_vu_get(struct fg_device *dev, uint32_t request)
{
	uint64_t value;

	fg_vu_send(dev, request, FG_VERSION, NULL, 0, NULL, 0);
	FG_REQUIRE(fg_vu_recv(dev, request, &value, sizeof(value)) ==
		   sizeof(value));
	return value;
}

/* ---- interrupts */

static void fg_answer_call(struct fg_device *dev,
			   const struct fg_header *call)
{
	struct {
		struct fg_header header;
		uint64_t status;
	} __attribute__((packed)) reply = {
		.header = { call->request, FG_VERSION | FG_REPLY, 8 },
	};

	if (send(dev->backend, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		fg_hang_up(dev->guest);
}

static void fg_take_call(struct fg_device *dev)
{
	struct fg_guest *guest = dev->guest;
	struct fg_vring_state state;
	struct fg_header call;

	fg_read_all(guest, dev->backend, &call, sizeof(call));
	FG_REQUIRE(call.request == FG_VRING_CALL);
	FG_REQUIRE(call.flags == (FG_VERSION | FG_NEED_REPLY));
	FG_REQUIRE(call.size == sizeof(state));
	fg_read_all(guest, dev->backend, &state, sizeof(state));
	FG_REQUIRE(state.index < dev->num_queues);
	dev->queues[state.index].calls++;
	if (dev->on_call) {
		dev->on_call(dev, &call);
		return;
	}
	/* An event at this instant, which the calendar has to tell. */
	fg_tt_get(guest);
	if (!guest->irq_pending) {
		guest->irq_pending = true;
		guest->irq_time = guest->now;
	}
	fg_tt_request(guest, guest->irq_time);
	fg_answer_call(dev, &call);
}

void fg_wait_readable(struct fg_guest *guest, int fd)
{
	for (;;) {
		struct pollfd fds[2 + FG_MAX_DEVICES] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = fd == guest->tt ? -1 : guest->tt,
			  .events = POLLIN },
		};
		bool served = false;

		for (int i = 0; i < FG_MAX_DEVICES; i++) {
			fds[2 + i].fd = guest->devices[i].backend;
			fds[2 + i].events = POLLIN;
		}
		if (poll(fds, 2 + FG_MAX_DEVICES, -1) < 0)
			continue;
		for (int i = 0; i < FG_MAX_DEVICES; i++) {
			if (!fds[2 + i].revents)
				continue;
			fg_take_call(&guest->devices[i]);
			served = true;
		}
		if (fds[1].revents && !served) {
			struct fg_tt_msg msg;

			fg_tt_handle(guest, &msg);
			FG_REQUIRE(msg.op != FG_ACK);
			served = true;
		}
		if (fds[0].revents && !served)
			return;
	}
}

/* ---- setting a device up */

void fg_vu_connect(struct fg_device *dev, const char *path)
{
	fg_tt_propagate(dev->guest);
	dev->sock = fg_socket(path);
}

void fg_vu_negotiate(struct fg_device *dev)
{
	uint64_t features, protocol;
	int fds[2];

	fg_vu_send(dev, FG_SET_OWNER, FG_VERSION, NULL, 0, NULL, 0);
	features = fg_vu_get(dev, FG_GET_FEATURES);
	protocol = fg_vu_get(dev, FG_GET_PROTOCOL_FEATURES);
	FG_REQUIRE(protocol == FG_PROTOCOL_FEATURES);
	fg_vu_request(dev, FG_SET_PROTOCOL_FEATURES, &protocol, 8, NULL, 0);
	FG_REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	dev->backend = fds[0];
	fg_vu_request(dev, FG_SET_BACKEND_REQ_FD, NULL, 0, &fds[1], 1);
	close(fds[1]);
	dev->features = features;
	fg_vu_request(dev, FG_SET_FEATURES, &features, 8, NULL, 0);
}

uint64_t fg_vu_set_mem_table(struct fg_device *dev)
{
	struct fg_mem_table table = {
		.num = 1,
		.regions[0] = { FG_MEM_START, FG_MEM_SIZE, FG_MEM_START,
				FG_MEM_START },
	};

	return fg_vu_request(dev, FG_SET_MEM_TABLE, &table,
			     8 + sizeof(table.regions[0]),
			     &dev->guest->mem_fd, 1);
}

uint64_t fg_vu_set_state(struct fg_device *dev, uint32_t request,
			 uint32_t index, uint32_t num)
{
	struct fg_vring_state state = { index, num };

	return fg_vu_request(dev, request, &state, sizeof(state), NULL, 0);
}

uint64_t fg_vu_set_addr(struct fg_device *dev, unsigned int index)
{
	const struct fg_queue *queue = &dev->queues[index];
	struct fg_vring_addr addr = {
		.index = index,
		.desc = queue->desc_addr,
		.used = queue->used_addr,
		.avail = queue->avail_addr,
		.log = -1,
	};

	return fg_vu_request(dev, FG_SET_VRING_ADDR, &addr, sizeof(addr), NULL,
			     0);
}

static void fg_alloc_queue(struct fg_guest *guest, struct fg_queue *queue,
			   unsigned int num)
{
	unsigned int calls = queue->calls;

	memset(queue, 0, sizeof(*queue));
	queue->calls = calls;
	queue->num = num;
	queue->desc_addr = fg_alloc(guest, 16 * num, 4096);
	queue->avail_addr = fg_alloc(guest, 6 + 2 * num, 2);
	queue->used_addr = fg_alloc(guest, 6 + 8 * num, 4096);
	queue->desc = fg_mem(guest, queue->desc_addr);
	queue->avail = fg_mem(guest, queue->avail_addr);
	queue->used = fg_mem(guest, queue->used_addr);
	memset(queue->desc, 0, 16 * num);
	memset(queue->avail, 0, 6 + 2 * num);
	memset(queue->used, 0, 6 + 8 * num);
	while (queue->num_free < num) {
		queue->free[queue->num_free] = num - 1 - queue->num_free;
		queue->num_free++;
	}
}

void fg_vu_setup_queue(struct fg_device *dev, unsigned int index,
		       unsigned int num)
{
	FG_REQUIRE(index < FG_MAX_QUEUES && num <= FG_QUEUE_SIZE);
	if (dev->num_queues <= index)
		dev->num_queues = index + 1;
	fg_alloc_queue(dev->guest, &dev->queues[index], num);
	fg_vu_set_state(dev, FG_SET_VRING_NUM, index, num);
	fg_vu_set_state(dev, FG_SET_VRING_BASE, index, 0);
	fg_vu_set_addr(dev, index);
}

void fg_vu_start(struct fg_device *dev, unsigned int num_queues)
{
	fg_vu_set_mem_table(dev);
	for (unsigned int i = 0; i < num_queues; i++)
		fg_vu_setup_queue(dev, i, FG_QUEUE_SIZE);
	for (unsigned int i = 0; i < num_queues; i++)
		fg_vu_set_state(dev, FG_SET_VRING_ENABLE, i, 1);
}

void fg_vu_probe(struct fg_device *dev, const char *path,
		 unsigned int num_queues)
{
	fg_vu_connect(dev, path);
	fg_vu_negotiate(dev);
	fg_vu_start(dev, num_queues);
}

void fg_vu_stop(struct fg_device *dev)
{
	for (unsigned int i = dev->num_queues; i--;)
		fg_vu_set_state(dev, FG_SET_VRING_ENABLE, i, 0);
	fg_vu_get(dev, FG_GET_FEATURES);
}

void fg_vu_close(struct fg_device *dev)
{
	close(dev->sock);
	dev->sock = -1;
	close(dev->backend);
	dev->backend = -1;
}

uint64_t fg_kick(struct fg_device *dev, unsigned int queue)
{
	fg_tt_propagate(dev->guest);
	return fg_vu_set_state(dev, FG_VRING_KICK, queue, 0);
}

/* ---- memory and rings */

uint64_t fg_alloc(struct fg_guest *guest, size_t len, size_t align)
{
	uint64_t addr = (guest->alloc + align - 1) / align * align;

	FG_REQUIRE(addr + len <= FG_MEM_END);
	guest->alloc = addr + len;
	memset(guest->mem + addr, 0xa5, len);
	return addr;
}

uint16_t fg_chain(struct fg_queue *queue, const struct fg_buf *bufs,
		  unsigned int num)
{
	uint16_t head = 0, last = 0;

	FG_REQUIRE(num && num <= queue->num_free);
	for (unsigned int i = 0; i < num; i++) {
		uint16_t index = queue->free[--queue->num_free];

		queue->desc[index] = (struct vring_desc){
			.addr = bufs[i].addr,
			.len = bufs[i].len,
			.flags = bufs[i].in ? VRING_DESC_F_WRITE : 0,
		};
		if (i) {
			queue->desc[last].next = index;
			queue->desc[last].flags |= VRING_DESC_F_NEXT;
		} else {
			head = index;
		}
		last = index;
	}
	return head;
}

void fg_make_available(struct fg_queue *queue, uint16_t head)
{
	queue->avail->ring[queue->avail->idx % queue->num] = head;
	__atomic_store_n(&queue->avail->idx, queue->avail->idx + 1,
			 __ATOMIC_RELEASE);
}

uint16_t fg_add(struct fg_queue *queue, const struct fg_buf *bufs,
		unsigned int num)
{
	uint16_t head = fg_chain(queue, bufs, num);

	fg_make_available(queue, head);
	return head;
}

bool fg_get_used(struct fg_queue *queue, uint32_t *head, uint32_t *len)
{
	const struct vring_used_elem *elem;
	uint16_t index;

	if (__atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE) ==
	    queue->last_used)
		return false;
	elem = &queue->used->ring[queue->last_used++ % queue->num];
	FG_REQUIRE(elem->id < queue->num);
	*head = elem->id;
	*len = elem->len;
	for (index = elem->id;; index = queue->desc[index].next) {
		queue->free[queue->num_free++] = index;
		if (!(queue->desc[index].flags & VRING_DESC_F_NEXT))
			break;
	}
	return true;
}
