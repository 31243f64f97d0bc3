// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The engine: takes turns with the guest until what the test waits for is
 * there
 *
 * While the guest is in WAIT, the next thing to happen is the earliest of the
 * host's next timer (which goes first on ties), the time that the guest asked
 * for, and the limit of the call. Otherwise we wait for its next message; that
 * is the only place where wall time passes, and so the only place where it is
 * counted: a debugger that stops a test or a model costs nothing.
 */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The guest asks for this time when it has nothing to do. */
#define GUEST_FOREVER ((uint64_t)INT64_MAX)

/* A driver that leaves the bus alone for so long does not loop on it. */
#define ENGINE_PAUSE_NS ROAD_MS

/* So long a signal may go unnoticed that came while we did not wait. */
#define ENGINE_ASK_MS 100ULL

int engine_init(struct engine *engine, struct road_machine *machine,
		uint64_t seed)
{
	memset(engine, 0, sizeof(*engine));
	engine->machine = machine;
	engine->wall_limit_ms = 30000;
	engine->limit = ROAD_NEVER;
	engine->kick_time = ROAD_NEVER;
	engine->timer_time = ROAD_NEVER;
	cal_init(&engine->cal, engine, seed);
	journal_init(&engine->journal, &engine->cal.now);
	trace_init(&engine->trace, &engine->cal.now);
	engine->trace.journal = &engine->journal;
	return loop_init(&engine->loop, &engine->fatal);
}

void engine_deinit(struct engine *engine)
{
	cal_deinit(&engine->cal);
	trace_deinit(&engine->trace);
	journal_deinit(&engine->journal);
	loop_deinit(&engine->loop);
	err_clear(&engine->fatal);
	err_clear(&engine->model);
	free(engine->cut);
}

void engine_fail(struct engine *engine, int code, const char *fmt, ...)
{
	va_list ap;

	if (engine->fatal.code)
		return;
	va_start(ap, fmt);
	err_vset(&engine->fatal, code, fmt, ap);
	va_end(ap);
	journal_put(&engine->journal, "gone", "text",
		    err_message(&engine->fatal));
}

void engine_model_error(struct engine *engine, struct road_error *error)
{
	if (engine->model.code) {
		err_clear(error);
		return;
	}
	if (engine->cut)
		err_append(error, "\n%s; what the driver does after it may follow from that",
			   engine->cut);
	err_move(&engine->model, error);
}

void engine_cut(struct engine *engine, const char *text)
{
	free(engine->cut);
	engine->cut = text ? strdup(text) : NULL;
	if (text)
		trace_note(&engine->trace, text);
}

void engine_debug(const struct engine *engine, const char *fmt, ...)
{
	va_list ap;

	if (!engine->debug)
		return;
	dprintf(2, "%12llu ", (unsigned long long)engine->cal.now);
	va_start(ap, fmt);
	vdprintf(2, fmt, ap);
	va_end(ap);
	dprintf(2, "\n");
}

int engine_listen_on(const char *path, struct road_error *error)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(error, -ROAD_EHOST,
			       "%s: path too long for a socket", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(error, -ROAD_EHOST, "socket: %s",
			       strerror(errno));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1)) {
		err_set(error, -ROAD_EHOST, "%s: %s", path, strerror(errno));
		close(fd);
		return -ROAD_EHOST;
	}
	return fd;
}

void engine_limit_socket(const struct engine *engine, int fd)
{
	const struct timeval limit = {
		.tv_sec = engine->wall_limit_ms / 1000,
		.tv_usec = engine->wall_limit_ms % 1000 * 1000,
	};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int engine_accept(struct engine *engine, int fd, const char *name)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (conn >= 0)
		engine_limit_socket(engine, conn);
	else if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
		engine_fail(engine, -ROAD_EHOST, "%s: accept: %s", name,
			    strerror(errno));
	return conn;
}

static bool engine_done(const struct engine *engine)
{
	return engine->done && engine->done(engine->done_arg);
}

void engine_before_ack(struct engine *engine)
{
	uint64_t until = cal_next(&engine->cal);

	if (engine->cal.waiting)
		return;
	if (engine_done(engine))
		until = engine->cal.now;
	/* It may be further already than the stride that begins now. */
	if (engine->cal.asleep &&
	    engine->cal.free_until > cal_stride(&engine->cal))
		until = engine->cal.now;
	if (until < engine->cal.now)
		until = engine->cal.now;
	cal_shrink(&engine->cal, until);
}

bool engine_count_kick(struct engine *engine, const char *device)
{
	if (engine->cal.now != engine->kick_time) {
		engine->kick_time = engine->cal.now;
		engine->kicks = 0;
	}
	if (++engine->kicks <= ENGINE_MAX_KICKS)
		return true;
	engine_fail(engine, -ROAD_ELIMIT,
		    "the guest makes no progress: %u requests at one instant of virtual time, the last to %s",
		    engine->kicks, device);
	return false;
}

void engine_count_message(struct engine *engine)
{
	uint64_t now = engine->cal.now;

	if (!engine->done && now - engine->message_time >= ENGINE_PAUSE_NS)
		engine->messages = 0;
	engine->message_time = now;
	engine->messages++;
}

uint64_t engine_wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * ROAD_S + now.tv_nsec;
}

static bool engine_interrupted(struct engine *engine, uint64_t now, bool signal)
{
	if (!signal && now - engine->asked_ns < ENGINE_ASK_MS * ROAD_MS)
		return false;
	/* The call is over: no reason to end the machine. */
	if (engine->cal.waiting && engine_done(engine))
		return false;
	engine->asked_ns = now;
	return engine->interrupted && !engine->fatal.code &&
	       engine->interrupted(engine);
}

/*
 * Wait for what the guest says next, and serve it; @waited adds up the time in
 * which we did nothing but wait. ENGINE_DONE: go on.
 */
static enum engine_end engine_listen(struct engine *engine, uint64_t *waited)
{
	uint64_t limit = engine->wall_limit_ms * ROAD_MS;
	uint64_t left, start, now;
	int n;

	if (*waited >= limit)
		return ENGINE_WALL;
	left = (limit - *waited) / ROAD_MS + 1;
	start = engine_wall_ns();
	n = loop_wait(&engine->loop,
		      left < ENGINE_ASK_MS ? left : ENGINE_ASK_MS);
	now = engine_wall_ns();
	*waited += now - start;
	if (n > 0)
		loop_serve(&engine->loop, n);
	return engine_interrupted(engine, now, n == -EINTR) ? ENGINE_SIGNAL :
							      ENGINE_DONE;
}

/* Run the next timer, unless there are too many of them at one instant. */
static void engine_run_timer(struct engine *engine)
{
	const struct road_timer *timer = engine->cal.heap[1];
	uint64_t due = timer->due > engine->cal.now ? timer->due :
						      engine->cal.now;

	if (due != engine->timer_time) {
		engine->timer_time = due;
		engine->timers = 0;
	}
	if (++engine->timers <= ENGINE_MAX_TIMERS)
		cal_run_next(&engine->cal);
	else
		engine_fail(engine, -ROAD_ELIMIT,
			    "the models make no progress: %u timers at one instant of virtual time, the next is \"%s\"; does it set itself again without a delay?",
			    engine->timers, timer->name ? timer->name : "");
}

/* The guest is in WAIT: what happens next? ENGINE_DONE: something did. */
static enum engine_end engine_step(struct engine *engine)
{
	struct calendar *cal = &engine->cal;
	uint64_t next = cal_next(cal);
	uint64_t guest = cal_request(cal);

	if (next <= guest && next <= engine->limit) {
		engine_run_timer(engine);
		return ENGINE_DONE;
	}
	if (guest > engine->limit) {
		if (guest >= GUEST_FOREVER && next == ROAD_NEVER &&
		    engine->done)
			return ENGINE_IDLE;
		if (engine->limit > cal->now)
			cal->now = engine->limit;
		cal->known = cal->now;
		return ENGINE_LIMIT;
	}
	/* What is due at the limit still runs, so that settling works. */
	cal_grant(cal, engine->limit == ROAD_NEVER ? ROAD_NEVER :
						     engine->limit + 1);
	return ENGINE_DONE;
}

static enum engine_end engine_loop(struct engine *engine)
{
	enum engine_end end = ENGINE_DONE;
	uint64_t waited = 0;

	for (;;) {
		if (engine->fatal.code)
			return ENGINE_GONE;
		if (engine->cal.waiting) {
			if (engine_done(engine))
				return ENGINE_DONE;
			if (engine->model.code && !engine->done)
				return ENGINE_MODEL;
			if (engine->message_limit &&
			    engine->messages > engine->message_limit)
				return ENGINE_MESSAGES;
			end = engine_step(engine);
		} else {
			end = engine_listen(engine, &waited);
		}
		if (end != ENGINE_DONE)
			return end;
	}
}

enum engine_end engine_run(struct engine *engine,
			   bool (*done)(const void *arg), const void *arg,
			   uint64_t limit)
{
	enum engine_end end;

	engine->done = done;
	engine->done_arg = arg;
	engine->limit = limit;
	engine->timer_time = ROAD_NEVER;
	engine->messages = 0;
	end = engine_loop(engine);
	engine->done = NULL;
	engine->done_arg = NULL;
	engine->limit = ROAD_NEVER;
	if (engine->model.code && end != ENGINE_GONE)
		return ENGINE_MODEL;
	return end;
}
