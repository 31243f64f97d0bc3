// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bare - the least that an I2C device for the guest needs; the yardstick of
 * the benchmarks
 *
 *	bare LINUX ROOT SHIM DIR COUNT
 *
 * Calendar and virtio-i2c for LINUX with ROOT (its /init is guest-loop), with
 * fixed bytes as answers; prints the nanoseconds between the first and the last
 * of COUNT register reads. No model, no trace, no library; but checked rings
 * and addresses, bus timing (400 kHz) and the calendar's shared page, as in
 * roadtest (Linux 6.11 on).
 */
#include "spawn.h"

#include <fcntl.h>
#include <linux/virtio_i2c.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BIT_NS 2500
#define MAX_REQS 64
#define FOREVER ((uint64_t)INT64_MAX)

struct page {
	uint32_t version, len;
	uint64_t free_until, now;
	uint16_t running, max_clients;
	uint32_t unused[1017];	/* of the header's 4096 bytes */
	struct {
		uint32_t capa, flags;
		uint64_t time, reserve[14];
	} clients[2];
};

struct tt_msg {
	uint32_t op, seq;
	uint64_t time;
};

struct vu_msg {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct {
			uint32_t index, num;
			uint64_t desc, used, avail, log;
		};
		struct {
			uint32_t nregions, padding;
			uint64_t addr, len, user, offset;
		};
		uint8_t bytes[256];
	};
} __attribute__((packed));

struct req {
	uint16_t head;
	bool read, linked;
	uint8_t *data, *status;
	uint32_t len;
};

static int tt = -1, vu = -1, backend = -1;
static volatile struct page *page;
static uint64_t now, due = UINT64_MAX;
static bool waiting, gone;
static uint32_t seq;
static uint8_t *mem;
static uint64_t mem_addr, mem_len;
static struct vring_desc *desc;
static struct vring_avail *avail;
static struct vring_used *used;
static uint32_t num;
static uint16_t next_avail, next_used;
static struct req reqs[MAX_REQS];
static unsigned int num_reqs;
static unsigned long transactions;
static struct timespec first, last;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void *ptr(uint64_t addr, uint64_t len)
{
	uint64_t offset = addr - mem_addr;

	if (addr < mem_addr || offset >= mem_len || len > mem_len - offset)
		die("address outside memory");
	return mem + offset;
}

static void tt_send(uint32_t op, uint32_t s, uint64_t time)
{
	struct tt_msg msg = { op, s, time };

	if (send(tt, &msg, sizeof(msg), MSG_NOSIGNAL) != sizeof(msg))
		gone = true;
}

static void tt_ack_start(uint32_t s)
{
	struct tt_msg msg = { .seq = s, .time = 1 };
	struct iovec iov = { &msg, sizeof(msg) };
	char control[CMSG_SPACE(8)] __attribute__((aligned(8))) = {};
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
	int fds[2] = { memfd_create("tt", 0), open("/dev/null", O_RDWR) };

	if (ftruncate(fds[0], sizeof(*page)))
		die("memfd");
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fds[0], 0);
	if (page == MAP_FAILED)
		die("mmap");
	page->version = 2, page->len = sizeof(*page);
	page->running = page->clients[0].capa = 1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	sendmsg(tt, &hdr, MSG_NOSIGNAL);
}

static void tt_serve(void)
{
	struct tt_msg msg;

	if (recv(tt, &msg, sizeof(msg), MSG_WAITALL) != sizeof(msg)) {
		gone = true;
	} else if (msg.op == 1) {	/* START */
		tt_ack_start(msg.seq);
	} else if (msg.op == 3) {	/* WAIT */
		now = page->now;
		page->running = 0;
		waiting = true;
	} else if (msg.op != 8) {	/* GET_TOD */
		die("the kernel does not take the calendar's page");
	} else {
		tt_send(0, msg.seq, 0);
	}
}

static uint64_t request(void)
{
	return page->clients[1].flags & 1 ? page->clients[1].time : UINT64_MAX;
}

static void grant(void)
{
	if (request() > now)
		now = request();
	waiting = false;
	page->now = now;
	page->free_until = due < FOREVER ? due : FOREVER;
	page->running = 1;
	tt_send(6, ++seq, now);
}

static bool pop(struct req *r)
{
	struct vring_desc d[3];
	struct virtio_i2c_out_hdr hdr;
	uint16_t i, head;
	unsigned int n = 0;

	if (!desc || __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) ==
			     next_avail)
		return false;
	head = i = avail->ring[next_avail++ & (num - 1)];
	do {
		if (i >= num || n == 3)
			die("broken ring");
		memcpy(&d[n], &desc[i], sizeof(d[n]));
		ptr(d[n].addr, d[n].len);
		i = d[n].next;
	} while (d[n++].flags & VRING_DESC_F_NEXT);
	if (n < 2 || d[0].len != sizeof(hdr) || d[n - 1].len != 1)
		die("broken request");
	memcpy(&hdr, ptr(d[0].addr, sizeof(hdr)), sizeof(hdr));
	r->head = head;
	r->read = hdr.flags & VIRTIO_I2C_FLAGS_M_RD;
	r->linked = hdr.flags & VIRTIO_I2C_FLAGS_FAIL_NEXT;
	r->data = n == 3 ? ptr(d[1].addr, d[1].len) : NULL;
	r->len = n == 3 ? d[1].len : 0;
	r->status = ptr(d[n - 1].addr, 1);
	return true;
}

static void kick(void)
{
	uint64_t bits = 0;

	while (num_reqs < MAX_REQS && pop(&reqs[num_reqs])) {
		bits += 10 + 9 * reqs[num_reqs].len;
		num_reqs++;
	}
	if (bits)
		due = now + (bits + 1) * BIT_NS;
}

static void call(void)
{
	struct vu_msg msg = { .request = 4, .flags = 9, .size = 8 };

	page->now = now;
	if (send(backend, &msg, 20, MSG_NOSIGNAL) != 20 ||
	    recv(backend, &msg, 20, MSG_WAITALL) != 20)
		gone = true;
}

/* The transaction's bits are over: answer, and interrupt. */
static void complete(void)
{
	unsigned int i;

	due = UINT64_MAX;
	for (i = 0; i < num_reqs; i++) {
		struct req *r = &reqs[i];

		if (r->read)
			memset(r->data, 0xa5, r->len);
		*r->status = VIRTIO_I2C_MSG_OK;
		used->ring[next_used & (num - 1)].id = r->head;
		used->ring[next_used & (num - 1)].len =
			1 + (r->read ? r->len : 0);
		__atomic_store_n(&used->idx, ++next_used, __ATOMIC_RELEASE);
	}
	num_reqs = 0;
	clock_gettime(CLOCK_MONOTONIC, transactions++ ? &last : &first);
	if (!(avail->flags & VRING_AVAIL_F_NO_INTERRUPT))
		call();
}

static void set_mem(const struct vu_msg *msg, int fd)
{
	struct stat st;

	if (msg->nregions != 1 || fd < 0 || fstat(fd, &st) ||
	    (uint64_t)st.st_size < msg->offset + msg->len)
		die("memory table");
	mem = mmap(NULL, msg->offset + msg->len, PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	mem += msg->offset;
	mem_addr = msg->addr;
	mem_len = msg->len;
	close(fd);
}

static void set_rings(const struct vu_msg *msg)
{
	desc = ptr(msg->desc, 16ULL * num);
	avail = ptr(msg->avail, 6 + 2ULL * num);
	used = ptr(msg->used, 6 + 8ULL * num);
}

static void reply(struct vu_msg *msg, uint64_t value)
{
	msg->flags = 5;
	msg->size = 8;
	msg->u64 = value;
	send(vu, msg, 20, MSG_NOSIGNAL);
}

static int recv_vu(struct vu_msg *msg)
{
	struct iovec iov = { msg, 12 };
	char control[CMSG_SPACE(4)] __attribute__((aligned(8)));
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd = -1;

	if (recvmsg(vu, &hdr, MSG_WAITALL) != 12 || msg->size > 256 ||
	    (msg->size && recv(vu, msg->bytes, msg->size, MSG_WAITALL) !=
				  (ssize_t)msg->size)) {
		gone = true;
		return -1;
	}
	c = CMSG_FIRSTHDR(&hdr);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void serve_vu(void)
{
	struct vu_msg msg;
	int fd = recv_vu(&msg);

	if (gone)
		return;
	if (!waiting)
		now = page->now;
	if (msg.request == 1) {		/* GET_FEATURES */
		reply(&msg, 1ULL << 32 | 1 << 30 | 1);
		return;
	}
	if (msg.request == 15) {	/* GET_PROTOCOL_FEATURES */
		reply(&msg, 1 << 3 | 1 << 5 | 1 << 9 | 1 << 14);
		return;
	}
	if (msg.request == 5)
		set_mem(&msg, fd);
	else if (msg.request == 8)
		num = msg.num;
	else if (msg.request == 9)
		set_rings(&msg);
	else if (msg.request == 21)
		backend = fd;
	else if (msg.request == 35)
		kick();
	if (!waiting && due < page->free_until)
		page->free_until = due;
	if (msg.flags & 8)
		reply(&msg, 0);
}

static void run(int tt_listen, int vu_listen)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int *fds[] = { &tt, &vu, &tt_listen, &vu_listen };
	struct epoll_event ev = { .events = EPOLLIN };
	int i;

	for (i = 2; i < 4; i++) {
		ev.data.u32 = i;
		epoll_ctl(ep, EPOLL_CTL_ADD, *fds[i], &ev);
	}
	while (!gone) {
		if (waiting && due <= request()) {
			now = due > now ? due : now;
			complete();
			continue;
		}
		if (waiting) {
			grant();
			continue;
		}
		if (epoll_wait(ep, &ev, 1, 10000) <= 0)
			die("the guest is silent");
		i = ev.data.u32;
		if (i == 0) {
			tt_serve();
		} else if (i == 1) {
			serve_vu();
		} else {
			*fds[i - 2] = accept(*fds[i], NULL, NULL);
			ev.data.u32 = i - 2;
			epoll_ctl(ep, EPOLL_CTL_ADD, *fds[i - 2], &ev);
			epoll_ctl(ep, EPOLL_CTL_DEL, *fds[i], NULL);
		}
	}
}

int main(int argc, char **argv)
{
	char tt_path[108], vu_path[108], time[130], device[130];
	char *args[] = { time, device, "--", "0x44", argv[argc - 1], NULL };
	int tt_listen, vu_listen;
	unsigned long wanted;
	pid_t pid;

	if (argc != 6)
		die("usage: bare LINUX ROOT SHIM DIR COUNT");
	wanted = strtoul(argv[5], NULL, 0);
	tt_listen = listen_on(argv[4], "tt", tt_path, sizeof(tt_path));
	vu_listen = listen_on(argv[4], "vu", vu_path, sizeof(vu_path));
	snprintf(time, sizeof(time), "time-travel=ext:1:%s", tt_path);
	snprintf(device, sizeof(device), "virtio_uml.device=%s:34", vu_path);
	pid = spawn_guest(argv + 1, args, open("/dev/null", O_WRONLY));
	run(tt_listen, vu_listen);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (transactions != wanted)
		die("not all transactions came");
	printf("%lld\n", (last.tv_sec - first.tv_sec) * 1000000000LL +
				 last.tv_nsec - first.tv_nsec);
	return 0;
}
