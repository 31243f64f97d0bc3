// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calendar: the peer of a guest that runs with time-travel=ext
 *
 * Theory of operation. The guest has no clock of its own. It asks for the time
 * at which it wants to run next (REQUEST; the last one counts), sleeps (WAIT),
 * and goes on when it is told to (RUN). Each of its messages is answered with
 * an ACK that carries the same sequence number; it acknowledges our RUN and
 * FREE_UNTIL. GET asks for the time, UPDATE tells us that time passed while it
 * ran, GET_TOD is asked once for the time of day at power-on.
 *
 * FREE_UNTIL(t) before a RUN lets the guest handle its own timers up to before
 * t without asking. It forgets that at each WAIT. When something happens that
 * makes t too late (a new timer of a model, the answer that the test waits
 * for), the guest is blocked on us by definition, and we shrink t before we
 * let it go on.
 *
 * A guest that ran free says how far it came with a kick, and with nothing
 * else. While its devices are suspended there are no kicks, and then their
 * queues are enabled again: what has waited for that can't be told at once, for
 * it may be past for the guest, which panics. So meanwhile it runs free only to
 * the next multiple of CAL_STRIDE, and is told then (cal_stride()).
 *
 * The ACK of START carries two descriptors. Kernels since 6.11 map the first
 * one, a page that we share with them: REQUEST, GET, UPDATE and FREE_UNTIL
 * then are a look at the page or a word written to it, and nobody acknowledges
 * WAIT and RUN. That is two thirds of all messages. What happens and when is
 * the same both ways.
 *
 * Trust. Messages have a fixed size; a guest that sends an unknown operation,
 * a time that runs backwards or a message that is cut short is ended with a
 * protocol error.
 *
 * Message format and operations: include/uapi/linux/um_timetravel.h.
 */
#include "calendar.h"

#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TT_ACK,
	TT_START,
	TT_REQUEST,
	TT_WAIT,
	TT_GET,
	TT_UPDATE,
	TT_RUN,
	TT_FREE_UNTIL,
	TT_GET_TOD,
	TT_BROADCAST,
};

static const char *const tt_names[] = {
	"ACK", "START", "REQUEST", "WAIT", "GET", "UPDATE", "RUN",
	"FREE_UNTIL", "GET_TOD", "BROADCAST",
};

struct tt_msg {
	uint32_t op;
	uint32_t seq;
	uint64_t time;
};

/* The guest's own limit: it panics when it is told to run at S64_MAX. */
#define TT_FOREVER ((uint64_t)INT64_MAX)

/* Messages instead of the ACK that we wait for; normal are none. */
#define TT_MAX_UNASKED 1000

/* ---- timers */

static bool timer_before(const struct road_timer *a, const struct road_timer *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void heap_put(struct calendar *cal, size_t slot, struct road_timer *timer)
{
	cal->heap[slot] = timer;
	timer->slot = slot;
}

static void heap_up(struct calendar *cal, size_t slot, struct road_timer *timer)
{
	while (slot > 1 && timer_before(timer, cal->heap[slot / 2])) {
		heap_put(cal, slot, cal->heap[slot / 2]);
		slot /= 2;
	}
	heap_put(cal, slot, timer);
}

static void heap_down(struct calendar *cal, size_t slot,
		      struct road_timer *timer)
{
	size_t child;

	while ((child = slot * 2) <= cal->num_timers) {
		if (child < cal->num_timers &&
		    timer_before(cal->heap[child + 1], cal->heap[child]))
			child++;
		if (!timer_before(cal->heap[child], timer))
			break;
		heap_put(cal, slot, cal->heap[child]);
		slot = child;
	}
	heap_put(cal, slot, timer);
}

/* xorshift64*: a seed other than 0 shuffles timers of one instant. */
static uint64_t cal_random(struct calendar *cal)
{
	cal->random ^= cal->random >> 12;
	cal->random ^= cal->random << 25;
	cal->random ^= cal->random >> 27;
	return cal->random * 0x2545f4914f6cdd1dULL;
}

static uint64_t cal_order(struct calendar *cal, const struct road_timer *timer)
{
	uint64_t order = cal->next_order++ & 0xffffffffffff;

	/* The library's own timers keep their order among each other. */
	if (cal->random && !timer->quiet)
		order |= cal_random(cal) >> 49 << 48;
	return order;
}

int cal_add(struct calendar *cal, struct road_timer *timer, uint64_t due)
{
	cal_del(cal, timer);
	if (cal->num_timers + 1 >= cal->max_timers) {
		size_t max = cal->max_timers ? cal->max_timers * 2 : 32;
		struct road_timer **heap =
			realloc(cal->heap, max * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		cal->heap = heap;
		cal->max_timers = max;
	}
	timer->due = due < cal->now ? cal->now : due;
	timer->order = cal_order(cal, timer);
	heap_up(cal, ++cal->num_timers, timer);
	return 0;
}

void cal_del(struct calendar *cal, struct road_timer *timer)
{
	struct road_timer *last;
	size_t slot = timer->slot;

	if (!slot)
		return;
	timer->slot = 0;
	last = cal->heap[cal->num_timers--];
	if (last == timer)
		return;
	if (slot > 1 && timer_before(last, cal->heap[slot / 2]))
		heap_up(cal, slot, last);
	else
		heap_down(cal, slot, last);
}

struct road_timer *cal_find_in(const struct calendar *cal, const void *from,
			       const void *to)
{
	size_t slot;

	for (slot = 1; slot <= cal->num_timers; slot++)
		if ((void *)cal->heap[slot] >= from &&
		    (void *)cal->heap[slot] < to)
			return cal->heap[slot];
	return NULL;
}

void cal_forget(struct calendar *cal, const void *from, const void *to)
{
	struct road_timer *timer;

	while ((timer = cal_find_in(cal, from, to)))
		cal_del(cal, timer);
}

uint64_t cal_next(const struct calendar *cal)
{
	return cal->num_timers ? cal->heap[1]->due : ROAD_NEVER;
}

void cal_run_next(struct calendar *cal)
{
	struct road_timer *timer = cal->heap[1];

	cal_del(cal, timer);
	if (timer->due > cal->now)
		cal->now = timer->due;
	cal->known = cal->now;
	if (timer->quiet) {
		timer->fn(timer);
		return;
	}
	trace_timer(&cal->engine->trace, timer->name);
	cal->engine->in_model++;
	timer->fn(timer);
	cal->engine->in_model--;
}

/* ---- messages */

static bool tt_send(struct calendar *cal, uint32_t op, uint32_t seq,
		    uint64_t time)
{
	struct tt_msg msg = { .op = op, .seq = seq, .time = time };
	ssize_t n;

	engine_debug(cal->engine, "tt > %s %llu", tt_names[op],
		     (unsigned long long)time);
	n = send(cal->conn.fd, &msg, sizeof(msg), MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		engine_fail(cal->engine, -ROAD_EPROTO,
			    "calendar: the guest does not read what it is told");
	return n == sizeof(msg);
}

/* The ACK of START: the guest's number, the page, and a log to ignore. */
static bool tt_ack_start(struct calendar *cal, uint32_t seq)
{
	struct tt_msg msg = {
		.op = TT_ACK, .seq = seq, .time = CAL_PAGE_GUEST,
	};
	struct iovec iov = { .iov_base = &msg, .iov_len = sizeof(msg) };
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
	int fds[2] = { -1, -1 };
	bool ok = false;

	cal->shared = false;
	cal_page_deinit(&cal->page);
	fds[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fds[1] >= 0 && !cal_page_init(&cal->page, cal->use_page)) {
		fds[0] = cal->page.fd;
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
		ok = sendmsg(cal->conn.fd, &hdr, MSG_NOSIGNAL) == sizeof(msg);
	} else {
		engine_fail(cal->engine, -ROAD_EHOST, "calendar: %s",
			    strerror(errno));
	}
	cal_page_close_fd(&cal->page);
	if (fds[1] >= 0)
		close(fds[1]);
	return ok;
}

/* The guest reports that time passed while it ran. */
static bool tt_update(struct calendar *cal, uint64_t time)
{
	if (time < cal->now || time >= TT_FOREVER) {
		engine_fail(cal->engine, -ROAD_EPROTO,
			    "calendar: the guest's clock went from %llu to %llu ns",
			    (unsigned long long)cal->now,
			    (unsigned long long)time);
		return false;
	}
	cal->now = time;
	return true;
}

bool cal_pull(struct calendar *cal)
{
	return !cal->shared || cal->waiting ||
	       tt_update(cal, cal_page_time(&cal->page));
}

static bool tt_wait(struct calendar *cal)
{
	if (!cal_pull(cal))
		return false;
	cal->waiting = true;
	if (cal->shared)
		cal_page_wait(&cal->page);
	return true;
}

/* Return: the operation, or -1 when the link is gone or broken. */
static int tt_serve(struct calendar *cal)
{
	struct tt_msg msg;
	uint64_t answer = 0;
	ssize_t n;

	do {
		n = recv(cal->conn.fd, &msg, sizeof(msg), MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(msg)) {
		if (n > 0)
			engine_fail(cal->engine, -ROAD_EPROTO,
				    "calendar: a message of %zd bytes", n);
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			engine_fail(cal->engine, -ROAD_EGONE,
				    "calendar: the guest does not answer");
		return -1;
	}
	cal->messages++;
	if (msg.op <= TT_BROADCAST)
		engine_debug(cal->engine, "tt < %s %llu", tt_names[msg.op],
			     (unsigned long long)msg.time);
	switch (msg.op) {
	case TT_ACK:
		return TT_ACK;
	case TT_START:
		return tt_ack_start(cal, msg.seq) ? TT_START : -1;
	case TT_REQUEST:
		cal->request = msg.time;
		break;
	case TT_WAIT:
		if (!tt_wait(cal))
			return -1;
		if (cal->shared)
			return TT_WAIT;
		break;
	case TT_GET:
		answer = cal->now;
		break;
	case TT_UPDATE:
		if (!tt_update(cal, msg.time))
			return -1;
		break;
	case TT_GET_TOD:
		/* Asked once, after the guest had a look at the page. */
		cal->shared = cal_page_is_taken(&cal->page);
		answer = cal->start_of_day + cal->now;
		break;
	default:
		engine_fail(cal->engine, -ROAD_EPROTO,
			    "calendar: unknown operation %u", msg.op);
		return -1;
	}
	if (!tt_send(cal, TT_ACK, msg.seq, answer))
		return -1;
	return msg.op;
}

static void cal_gone(struct calendar *cal)
{
	loop_close(&cal->engine->loop, &cal->conn);
	/* If the guest still runs it was told to end; why shows elsewhere. */
	engine_fail(cal->engine, -ROAD_EGONE, "the guest has ended");
}

bool cal_serve(struct calendar *cal)
{
	if (tt_serve(cal) >= 0)
		return true;
	cal_gone(cal);
	return false;
}

/* Send an operation and serve the guest until it has acknowledged it. */
static void tt_sync(struct calendar *cal, uint32_t op, uint64_t time)
{
	unsigned int others = 0;
	int got = -1;

	if (cal->conn.fd < 0)
		return;
	if (tt_send(cal, op, ++cal->seq, time)) {
		do {
			got = tt_serve(cal);
		} while (got > TT_ACK && ++others < TT_MAX_UNASKED);
	}
	if (others == TT_MAX_UNASKED)
		engine_fail(cal->engine, -ROAD_EPROTO,
			    "calendar: the guest does not acknowledge %s",
			    tt_names[op]);
	if (got != TT_ACK)
		cal_gone(cal);
}

uint64_t cal_request(const struct calendar *cal)
{
	return cal->shared ? cal_page_request(&cal->page) : cal->request;
}

uint64_t cal_stride(const struct calendar *cal)
{
	return (cal->now / CAL_STRIDE + 1) * CAL_STRIDE;
}

void cal_grant(struct calendar *cal, uint64_t limit)
{
	uint64_t request = cal_request(cal);
	uint64_t next = cal_next(cal);

	if (request > cal->now)
		cal->now = request;
	cal->waiting = false;
	cal->request = ROAD_NEVER;
	cal->free_until = 0;
	if (next > limit)
		next = limit;
	if (next > TT_FOREVER)
		next = TT_FOREVER;
	if (cal->asleep && next > cal_stride(cal))
		next = cal_stride(cal);
	if (cal->use_free_until && next > cal->now)
		cal->free_until = next;
	if (cal->shared) {
		cal_page_run(&cal->page, cal->now, cal->free_until);
		if (!tt_send(cal, TT_RUN, ++cal->seq, cal->now))
			cal_gone(cal);
		return;
	}
	if (cal->free_until)
		tt_sync(cal, TT_FREE_UNTIL, next);
	tt_sync(cal, TT_RUN, cal->now);
}

void cal_shrink(struct calendar *cal, uint64_t time)
{
	if (cal->waiting || time >= cal->free_until)
		return;
	cal->free_until = time;
	if (cal->shared)
		cal_page_set_free_until(&cal->page, time);
	else
		tt_sync(cal, TT_FREE_UNTIL, time);
}

void cal_push(struct calendar *cal)
{
	if (cal->shared)
		cal_page_set_time(&cal->page, cal->now);
}

/* ---- connection */

static void cal_ready(struct loop_source *source)
{
	cal_serve(road_container_of(source, struct calendar, conn));
}

static void cal_accept(struct loop_source *source)
{
	struct calendar *cal = road_container_of(source, struct calendar,
						 listen);
	struct engine *engine = cal->engine;
	int fd = engine_accept(engine, source->fd, "calendar");

	if (fd < 0)
		return;
	loop_close(&engine->loop, source);
	if (loop_add(&engine->loop, &cal->conn, fd, LOOP_MESSAGE,
		     &engine->fatal))
		close(fd);
}

int cal_listen(struct calendar *cal, const char *path)
{
	struct road_error *error = &cal->engine->fatal;
	int fd = engine_listen_on(path, error);

	if (fd < 0)
		return fd;
	if (!loop_add(&cal->engine->loop, &cal->listen, fd, LOOP_MESSAGE,
		      error))
		return 0;
	close(fd);
	return -ROAD_EHOST;
}

void cal_close(struct calendar *cal)
{
	loop_close(&cal->engine->loop, &cal->listen);
	loop_close(&cal->engine->loop, &cal->conn);
	cal->waiting = false;
}

void cal_init(struct calendar *cal, struct engine *engine, uint64_t seed)
{
	*cal = (struct calendar){
		.engine = engine,
		.random = seed,
		.request = ROAD_NEVER,
		.use_free_until = true,
		.use_page = true,
		.page = { .fd = -1 },
		.listen = { .fd = -1, .ready = cal_accept },
		.conn = { .fd = -1, .ready = cal_ready },
		/* 2024-01-01 00:00:00 UTC, and up to a day more. */
		.start_of_day = (1704067200ULL + seed % 86400) * ROAD_S,
	};
}

void cal_deinit(struct calendar *cal)
{
	cal_close(cal);
	cal_page_deinit(&cal->page);
	while (cal->num_timers)
		cal_del(cal, cal->heap[1]);
	free(cal->heap);
	cal->heap = NULL;
	cal->max_timers = 0;
}
