/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call.h - guest calls under way; what agent.c, call.c and guest-*.c share
 */
#ifndef LIB_CALL_H
#define LIB_CALL_H

#include "agent.h"
#include "proto/roadtest-proto.h"

/* A piece of a request's payload. */
struct modules;
struct call_part {
	const void *data;
	size_t len;
};

/* What the reply's result must be for its data. */
enum call_check {
	CALL_ANY,
	CALL_COUNTED,		/* if no error: the number of bytes */
	CALL_EXACT,		/* if no error, @max_data bytes must come */
};

/*
 * struct call_request - one request
 * @op, @arg: see proto/
 * @parts, @num_parts: make up the payload
 * @max_data: more bytes in the reply are a protocol error
 * @check: see there
 */
struct call_request {
	enum proto_op op;
	uint64_t arg[4];
	const struct call_part *parts;
	size_t num_parts;
	size_t max_data;
	enum call_check check;
};

/*
 * struct road_call - a call from its start to road_call_destroy()
 * @port: whose task does it; 0: it waits for a free worker
 * @frame: the request, while it waits; owned
 * @result, @data, @len: the answer, once @done. @data is owned.
 * @waited: somebody runs the guest for it
 * @dropped: nobody wants the answer: freed when it comes
 * @signalled: signal that the test sent to its task, 0: none
 * @death: signal that ended its task, 0: none
 * @spawns: the port whose worker this request starts
 * @what: for messages: "read /dev/i2c-0 (fd 3)"
 */
struct road_call {
	struct agent *agent;
	struct road_call *next;
	uint32_t id;
	enum proto_op op;
	unsigned int port;
	void *frame;
	size_t max_data;
	enum call_check check;
	bool done, waited, dropped;
	int signalled, death;
	unsigned int spawns;
	int64_t result;
	char *data;
	size_t len;
	char what[];
};

/*
 * Begin a call in a worker; @fmt makes @what. NULL on failure, with the
 * machine's error.
 */
struct road_call *call_start(struct road_machine *machine,
			     const struct call_request *request,
			     const char *fmt, ...) ROAD_PRINTF(3, 4);
/* The code that a NULL call stands for. */
int call_start_error(struct road_machine *machine);
/*
 * Run the guest until it is done. @call may be NULL (a start that failed).
 * Return: its result; a failure has its message in the machine's error.
 */
int64_t call_result(struct road_machine *machine, struct road_call *call);
/* The same, and destroy it. */
int64_t call_finish(struct road_machine *machine, struct road_call *call);
/* Leave the message of a call that failed. Return: its result. */
int64_t call_error(const struct road_call *call);

/* A program that ended otherwise than by exit(0): leave the message. Return:
 * -ROAD_EPROGRAM. */
int call_program_error(const struct road_call *call);

/* ---- call-journal.c */

void call_journal_begin(const struct road_call *call,
			const struct call_request *request);
void call_journal_end(const struct road_call *call);

/* ---- agent.c, for call.c */

/* Create a call and send it, or queue it if it is for a worker and none is
 * free. Return: 0 or a negative code with the machine's error. */
int agent_start(struct agent *agent, bool supervisor,
		const struct call_request *request, const char *what,
		struct road_call **out);
/* Run the guest until @call is done. */
int agent_wait(struct agent *agent, struct road_call *call);
/* Free @call now if it is done, else when its answer comes. */
void agent_drop(struct agent *agent, struct road_call *call);
/* Run the guest until @call has a task, or is done. */
int agent_wait_begun(struct agent *agent, struct road_call *call);
struct road_machine *agent_machine(struct agent *agent);
/* Modules of the machine's kernel, opened on first use. */
int agent_modules(struct agent *agent, struct modules **out,
		  struct road_error *error);
/* Path that descriptor @fd was opened with, or the name that it was given; "?"
 * if not known. */
const char *agent_fd_name(struct agent *agent, int fd);
void agent_fd_opened(struct agent *agent, int64_t fd, const char *name);
void agent_fd_closed(struct agent *agent, int fd);

/* See road_call_signal(); @flags: PROTO_SIGNAL_*. */
int call_signal(struct road_call *call, int signo, unsigned int flags);

#endif /* LIB_CALL_H */
