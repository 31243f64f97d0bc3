// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz-vhost-user.c - a stream of vhost-user messages with descriptors, as a
 * guest's kernel sends them that has gone mad
 *
 * Input: a byte for the device, a u16 with the length of the messages, the
 * messages, then the guest's memory. Each message is a byte that says which
 * descriptors come with it (0 to 9 of the low four bits; 0x10: the memory,
 * 0x20: a backend channel, else /dev/null), then header and payload as they
 * go over the wire.
 */
#include "fake-guest/fake-board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { \
	if (!(condition)) \
		abort(); \
} while (0)

#define MEM_SIZE 0x4000
#define MAX_STREAM 4096
#define MAX_MESSAGES 64
#define HEADER_SIZE 12
#define MAX_TIMERS 200

static struct road_machine machine;
static int mem_fd = -1, null_fd = -1;
/* The guest's ends of backend channels, open until the input's end. */
static int peers[MAX_MESSAGES], num_peers;

/* A channel whose other end has answered all interrupts in advance. */
static int make_backend(void)
{
	static const uint32_t reply[5] = { 4, 5, 8 };
	int fds[2];

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	for (int i = 0; i < 40; i++)
		REQUIRE(send(fds[1], reply, sizeof(reply), MSG_DONTWAIT) ==
			sizeof(reply));
	peers[num_peers++] = fds[1];
	return fds[0];
}

static void send_message(int sock, uint8_t kind, const void *data, size_t len)
{
	struct iovec iov = { (void *)data, len };
	union {
		char buf[CMSG_SPACE(10 * sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int num = (kind & 15) % 10;
	struct cmsghdr *cmsg;
	int fds[10], backend = -1;

	if (num) {
		if (kind & 0x20)
			backend = make_backend();
		for (unsigned int i = 0; i < num; i++)
			fds[i] = backend >= 0 ? backend :
				 kind & 0x10 ? mem_fd : null_fd;
		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_SPACE(num * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(num * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, num * sizeof(int));
	}
	sendmsg(sock, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (backend >= 0)
		close(backend);
}

static void send_stream(int sock, const uint8_t *data, size_t size)
{
	uint32_t payload;

	for (int i = 0; i < MAX_MESSAGES && size > 1; i++) {
		size_t len = size - 1;

		if (len > HEADER_SIZE) {
			memcpy(&payload, data + 9, sizeof(payload));
			if (payload < len - HEADER_SIZE)
				len = HEADER_SIZE + payload;
		}
		send_message(sock, data[0], data + 1, len);
		data += 1 + len;
		size -= 1 + len;
	}
	/* A message that is cut short ends here; nobody waits for more. */
	shutdown(sock, SHUT_WR);
}

static void serve(struct vu_dev *dev, int sock)
{
	struct engine *engine = &machine.engine;
	static char replies[65536];
	int n;

	while (dev->conn.fd >= 0 && !engine->fatal.code) {
		n = loop_wait(&engine->loop, 0);
		REQUIRE(n > 0);
		loop_serve(&engine->loop, n);
		while (recv(sock, replies, sizeof(replies), MSG_DONTWAIT) > 0)
			;
		if (engine->cal.num_timers)
			cal_run_next(&engine->cal);
	}
	for (int i = 0; i < MAX_TIMERS && engine->cal.num_timers &&
	     !engine->fatal.code; i++)
		cal_run_next(&engine->cal);
}

static struct vu_dev *fuzz_device(uint8_t which)
{
	switch (which % 3) {
	case 0:
		return &machine.board.i2c.vu;
	case 1:
		return &machine.board.gpio.vu;
	default:
		return &machine.con.vu;
	}
}

static void fill_memory(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[MEM_SIZE];

	if (mem_fd < 0) {
		mem_fd = memfd_create("fuzz", MFD_CLOEXEC);
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		REQUIRE(mem_fd >= 0 && null_fd >= 0);
	}
	REQUIRE(pwrite(mem_fd, zeros, MEM_SIZE, 0) == MEM_SIZE);
	if (size > MEM_SIZE)
		size = MEM_SIZE;
	REQUIRE(pwrite(mem_fd, data, size, 0) == (ssize_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vu_dev *dev;
	size_t stream;
	int fds[2], code;

	if (size < 3)
		return 0;
	stream = (data[1] | data[2] << 8) % MAX_STREAM;
	if (stream > size - 3)
		stream = size - 3;
	fill_memory(data + 3 + stream, size - 3 - stream);
	REQUIRE(!fake_board_init_quiet(&machine, 0));
	machine.engine.wall_limit_ms = 0;
	dev = fuzz_device(data[0]);
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	REQUIRE(!loop_add(&machine.engine.loop, &dev->conn, fds[0],
			  LOOP_MESSAGE, NULL));
	send_stream(fds[1], data + 3, stream);
	serve(dev, fds[1]);
	code = machine.engine.fatal.code;
	REQUIRE(!code || code == -ROAD_EPROTO || code == -ROAD_ELIMIT ||
		code == -ROAD_EGONE);
	fake_board_deinit(&machine);
	close(fds[1]);
	while (num_peers)
		close(peers[--num_peers]);
	return 0;
}
