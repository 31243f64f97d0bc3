// SPDX-License-Identifier: LGPL-2.1-or-later
/* call.c - guest calls that are started, waited for and destroyed */
#include "call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "missing-option.h"
#include "touched.h"

/* A longer description (a long path) is cut. */
#define MAX_WHAT 512

struct road_call *call_start(struct road_machine *machine,
			     const struct call_request *request,
			     const char *fmt, ...)
{
	struct road_call *call;
	char what[MAX_WHAT];
	va_list ap;

	if (machine_may_call(machine))
		return NULL;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (agent_start(machine_agent(machine), false, request, what, &call))
		return NULL;
	touched_call(request);
	machine_note_call(machine, request);
	return call;
}

int call_start_error(struct road_machine *machine)
{
	int code = machine_error_of(machine)->code;

	return code ? code : -ROAD_ENOMEM;
}

/* Of a file that is not there; who asks whether it is gets no more than that. */
static const char *call_missing_option(const struct road_call *call)
{
	if (call->result != -ENOENT || call->op == PROTO_STAT)
		return NULL;
	return missing_option(road_machine_kernel(agent_machine(call->agent)),
			      call->what);
}

int64_t call_error(const struct road_call *call)
{
	struct road_machine *machine = agent_machine(call->agent);
	const char *text, *option;
	int error = call->result;

	/* The machine's error says why it ended. */
	if (error == -ROAD_EGONE)
		return error;
	if (call->death)
		return machine_error(machine, error,
				     "%s: the guest task that did it was killed (%s)",
				     call->what, strsignal(call->death));
	if (error == -ROAD_EHOST)
		return machine_error(machine, error,
				     "%s: the guest can't start another task for it",
				     call->what);
	text = strerrordesc_np(-error);
	option = call_missing_option(call);
	return machine_error(machine, error, "%s: %s (%s)%s%s%s", call->what,
			     text ? text : "error of the kernel",
			     road_strerror(error), option ? "; CONFIG_" : "",
			     option ? option : "",
			     option ? " is off in this kernel" : "");
}

int64_t call_result(struct road_machine *machine, struct road_call *call)
{
	int ret;

	if (!call)
		return call_start_error(machine);
	ret = road_call_wait(call);
	if (ret)
		return ret;
	return call->result < 0 ? call_error(call) : call->result;
}

int64_t call_finish(struct road_machine *machine, struct road_call *call)
{
	int64_t result = call_result(machine, call);

	road_call_destroy(call);
	return result;
}

bool road_call_done(const struct road_call *call)
{
	return call->done;
}

int road_call_wait(struct road_call *call)
{
	int ret;

	if (!call->done) {
		ret = machine_may_call(agent_machine(call->agent));
		if (!ret)
			ret = agent_wait(call->agent, call);
		if (ret)
			return ret;
	}
	return call->result == -ROAD_EGONE ? -ROAD_EGONE : 0;
}

int64_t road_call_result(const struct road_call *call)
{
	if (!call->done)
		return machine_error(agent_machine(call->agent), -ROAD_EUSAGE,
				     "%s: it still runs; road_call_wait() first",
				     call->what);
	if (call->result < 0)
		return call_error(call);
	if (call->op == PROTO_RUN && call->result)
		return call_program_error(call);
	return call->result;
}

int road_call_status(const struct road_call *call)
{
	return call->op == PROTO_RUN && call->done && call->result >= 0 ?
		       call->result : -1;
}

const void *road_call_data(const struct road_call *call, size_t *len)
{
	*len = call->len;
	return call->data;
}

void road_call_destroy(struct road_call *call)
{
	if (call)
		agent_drop(call->agent, call);
}

static int call_signal_error(struct road_call *call)
{
	return machine_error(agent_machine(call->agent), -ROAD_EUSAGE,
			     "%s: it has finished, there is no task to signal",
			     call->what);
}

int call_signal(struct road_call *call, int signo, unsigned int flags)
{
	struct road_machine *machine = agent_machine(call->agent);
	struct call_request request = { .op = PROTO_SIGNAL };
	unsigned int transfer;
	struct road_call *signal;
	char what[MAX_WHAT + 32];
	int64_t result;
	int ret;

	ret = machine_may_call(machine);
	if (!ret)
		ret = agent_wait_begun(call->agent, call);
	if (ret)
		return ret;
	if (call->done)
		return call_signal_error(call);
	request.arg[0] = call->port;
	request.arg[1] = signo;
	request.arg[2] = call->id;
	request.arg[3] = flags;
	snprintf(what, sizeof(what), "signal %d to \"%s\"", signo, call->what);
	call->signalled = signo;
	transfer = machine_transfer(machine);
	ret = agent_start(call->agent, true, &request, what, &signal);
	if (ret)
		return ret;
	result = call_finish(machine, signal);
	if (result == PROTO_SIGNAL_CUT)
		machine_cut(machine, transfer, what);
	if (result == -ESRCH)
		return call_signal_error(call);
	return result < 0 ? result : 0;
}

int road_call_signal(struct road_call *call, int signo)
{
	return call_signal(call, signo, 0);
}

int agent_stacks(struct agent *agent, char **text)
{
	const struct call_request request = {
		.op = PROTO_STACKS, .max_data = PROTO_MAX_DATA,
	};
	struct road_call *call;
	int ret;

	ret = agent_start(agent, true, &request, "stacks of the guest's tasks",
			  &call);
	if (ret)
		return ret;
	ret = agent_wait(agent, call);
	if (!ret && call->result < 0)
		ret = call_error(call);
	if (!ret) {
		/* agent-receive.c ends data with a NUL. */
		*text = call->data;
		call->data = NULL;
	}
	agent_drop(agent, call);
	return ret;
}

int road_stacks(struct road_machine *machine, char **text)
{
	int ret = machine_may_call(machine);

	return ret ? ret : agent_stacks(machine_agent(machine), text);
}
