// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fake guest's clock: a client of the calendar
 *
 * In what it sends and when it is like the kernel's: a REQUEST is left out
 * when the time is known or lies in the time that was granted by FREE_UNTIL;
 * the grant ends with each WAIT; interrupts are events at the present time.
 * Where it has taken the shared page, it reads and writes that instead.
 */
#include "fake-guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The host and its mistakes are what is tested: say it and end. */
#define FG_REQUIRE(condition) do { \
	if (!(condition)) { \
		printf("# fake guest: %s:%d: not true: %s\n", __FILE__, \
		       __LINE__, #condition); \
		fflush(stdout); \
		_exit(3); \
	} \
} while (0)

void fg_hang_up(struct fg_guest *guest)
{
	longjmp(guest->hung_up, 1);
}

int fg_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	FG_REQUIRE(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

void fg_tt_send(struct fg_guest *guest, uint32_t op, uint32_t seq,
		uint64_t time)
{
	struct fg_tt_msg msg = { op, seq, time };

	guest->messages++;
	if (send(guest->tt, &msg, sizeof(msg), MSG_NOSIGNAL) != sizeof(msg))
		fg_hang_up(guest);
}

static void fg_set_time(struct fg_guest *guest, uint64_t time)
{
	/* Where the kernel panics. */
	FG_REQUIRE(time >= guest->now);
	FG_REQUIRE(time < FG_FOREVER);
	guest->now = time;
}

/* Receive with the descriptors that the ACK of START carries. */
static void fg_tt_recv(struct fg_guest *guest, struct fg_tt_msg *msg,
		       int *fds)
{
	struct iovec iov = { msg, sizeof(*msg) };
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	do {
		n = recvmsg(guest->tt, &hdr, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		fg_hang_up(guest);
	FG_REQUIRE(n == sizeof(*msg));
	cmsg = CMSG_FIRSTHDR(&hdr);
	FG_REQUIRE(!cmsg == !fds);
	if (!cmsg)
		return;
	FG_REQUIRE(cmsg->cmsg_len == CMSG_LEN(2 * sizeof(int)));
	memcpy(fds, CMSG_DATA(cmsg), 2 * sizeof(int));
}

void fg_tt_handle(struct fg_guest *guest, struct fg_tt_msg *msg)
{
	fg_tt_recv(guest, msg, NULL);
	switch (msg->op) {
	case FG_ACK:
		return;
	case FG_RUN:
		FG_REQUIRE(guest->waiting);
		fg_set_time(guest, msg->time);
		guest->runs++;
		if (guest->page) {
			guest->page->clients[FG_PAGE_ID].flags = 0;
			return;
		}
		break;
	case FG_FREE_UNTIL:
		FG_REQUIRE(!guest->page);
		/* It may be past: the host does not know how far we came when
		 * it is not a kick that we send. It is like now, then. */
		guest->free_until = msg->time;
		guest->free_until_valid = true;
		break;
	default:
		FG_REQUIRE(!"an operation that the calendar may send");
	}
	fg_tt_send(guest, FG_ACK, msg->seq, 0);
}

static void fg_take_page(struct fg_guest *guest, int fd, uint64_t id)
{
	struct fg_page *page = mmap(NULL, sizeof(*page),
				    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	FG_REQUIRE(page != MAP_FAILED);
	FG_REQUIRE(page->version == 0 || page->version == 2);
	if (guest->no_page || !page->version) {
		munmap(page, sizeof(*page));
		return;
	}
	FG_REQUIRE(page->len >= sizeof(*page) && id == FG_PAGE_ID);
	FG_REQUIRE(page->current_time == 0);
	page->clients[FG_PAGE_ID].capa |= 1;
	guest->page = page;
}

uint64_t fg_tt_req(struct fg_guest *guest, uint32_t op, uint64_t time)
{
	uint32_t seq = ++guest->seq;
	struct fg_tt_msg msg;
	int fds[2];

	fg_tt_send(guest, op, seq, time);
	if (op == FG_WAIT && guest->page)
		return 0;
	if (op == FG_START) {
		fg_tt_recv(guest, &msg, fds);
		fg_take_page(guest, fds[0], msg.time);
		close(fds[0]);
		close(fds[1]);
	} else {
		do {
			fg_tt_handle(guest, &msg);
		} while (msg.op != FG_ACK);
	}
	FG_REQUIRE(msg.op == FG_ACK && msg.seq == seq);
	if (op == FG_GET)
		fg_set_time(guest, msg.time);
	return msg.time;
}

void fg_tt_get(struct fg_guest *guest)
{
	if (guest->page)
		fg_set_time(guest, guest->page->current_time);
	else
		fg_tt_req(guest, FG_GET, -1);
}

uint64_t fg_free_until(const struct fg_guest *guest)
{
	if (guest->page)
		return guest->page->free_until;
	return guest->free_until_valid ? guest->free_until : 0;
}

static bool fg_is_free(const struct fg_guest *guest, uint64_t time)
{
	return !guest->waiting && time < fg_free_until(guest);
}

static void fg_page_request(struct fg_guest *guest, uint64_t time)
{
	struct fg_page *page = guest->page;

	FG_REQUIRE(page->running_id == (guest->waiting ? 0 : FG_PAGE_ID));
	/* While the calendar runs, its own capability counts. */
	FG_REQUIRE(page->clients[page->running_id].capa & 1);
	page->clients[FG_PAGE_ID].flags = 1;
	page->clients[FG_PAGE_ID].req_time = time;
	if (time < page->free_until)
		page->free_until = time;
}

void fg_tt_request(struct fg_guest *guest, uint64_t time)
{
	if (guest->request_valid && time == guest->request)
		return;
	if (fg_is_free(guest, time))
		return;
	guest->request = time;
	guest->request_valid = true;
	if (guest->page)
		fg_page_request(guest, time);
	else
		fg_tt_req(guest, FG_REQUEST, time);
}

void fg_tt_propagate(struct fg_guest *guest)
{
	if (guest->page) {
		FG_REQUIRE(guest->page->running_id == FG_PAGE_ID);
		guest->page->current_time = guest->now;
		return;
	}
	if (guest->propagated == guest->now)
		return;
	fg_tt_req(guest, FG_UPDATE, guest->now);
	guest->propagated = guest->now;
}

void fg_tt_connect(struct fg_guest *guest, const char *path)
{
	guest->tt = fg_socket(path);
	fg_tt_req(guest, FG_START, 1);
	guest->start_of_day = fg_tt_req(guest, FG_GET_TOD, -1);
	fg_tt_get(guest);
}

static void fg_tt_wait(struct fg_guest *guest)
{
	unsigned int runs = guest->runs;
	struct fg_tt_msg msg;

	guest->request_valid = false;
	guest->free_until_valid = false;
	guest->waiting = true;
	fg_tt_req(guest, FG_WAIT, -1);
	while (guest->runs == runs) {
		fg_wait_readable(guest, guest->tt);
		fg_tt_handle(guest, &msg);
	}
	guest->waiting = false;
	guest->request_valid = false;
}

bool fg_idle(struct fg_guest *guest, uint64_t time)
{
	for (;;) {
		uint64_t next = guest->irq_pending && guest->irq_time < time ?
				guest->irq_time : time;

		if (fg_is_free(guest, next)) {
			fg_set_time(guest, next);
		} else {
			fg_tt_request(guest, next);
			fg_tt_wait(guest);
		}
		if (guest->irq_pending && guest->now >= guest->irq_time) {
			guest->irq_pending = false;
			return true;
		}
		if (guest->now >= time)
			return false;
	}
}

void fg_sleep_until(struct fg_guest *guest, uint64_t time)
{
	while (fg_idle(guest, time))
		;
}

void fg_wait_calls(struct fg_queue *queue, struct fg_guest *guest,
		   unsigned int calls)
{
	while (queue->calls < calls || guest->irq_pending)
		fg_idle(guest, FG_FOREVER);
}

void fg_give_turn(struct fg_guest *guest, uint64_t ns)
{
	fg_tt_propagate(guest);
	guest->answered = true;
	/* A real answer comes with a kick, before whose ACK the host does
	 * this. */
	guest->free_until_valid = false;
	if (guest->page)
		guest->page->free_until = 0;
	fg_sleep_until(guest, ns == FG_FOREVER ? ns : guest->now + ns);
}

void fg_answer(struct fg_guest *guest)
{
	fg_give_turn(guest, FG_FOREVER);
}

struct fg_guest *fg_create(void)
{
	struct fg_guest *guest;

	guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guest == MAP_FAILED)
		return NULL;
	guest->tt = -1;
	guest->no_page = getenv("FAKE_GUEST_NO_PAGE");
	guest->mem_fd = memfd_create("fake-guest", MFD_CLOEXEC);
	if (guest->mem_fd < 0 || ftruncate(guest->mem_fd, FG_MEM_END))
		return NULL;
	guest->mem = mmap(NULL, FG_MEM_END, PROT_READ | PROT_WRITE, MAP_SHARED,
			  guest->mem_fd, 0);
	if (guest->mem == MAP_FAILED)
		return NULL;
	guest->alloc = FG_MEM_START;
	for (int i = 0; i < FG_MAX_DEVICES; i++) {
		guest->devices[i].guest = guest;
		guest->devices[i].sock = -1;
		guest->devices[i].backend = -1;
	}
	return guest;
}

void fg_destroy(struct fg_guest *guest)
{
	if (!guest)
		return;
	close(guest->mem_fd);
	munmap(guest->mem, FG_MEM_END);
	munmap(guest, sizeof(*guest));
}
