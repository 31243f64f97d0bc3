// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * agent.c - the host's end of the guest agent
 *
 * Theory of operation. Each port carries frames of one guest task (proto/ has
 * the format). A task says hello first; before that it is sent nothing. A call
 * goes to the first worker that is free. If none is, it waits in the list of
 * calls, one more port is plugged in and the supervisor asked for a worker on
 * it; that worker's hello sends the call on its way. Nothing here runs the
 * guest except agent_wait().
 *
 * The answer to a call is read into memory of its own size as it comes. A
 * worker that dies ends its call, and its port is free for a new worker.
 *
 * The guest's request_module() arrives as an event at any time, also while the
 * test waits for a call that caused it; it is answered on the spot.
 *
 * Trust: none. Ports, sizes, ids, results and the order of frames are checked;
 * what does not fit is -ROAD_EPROTO, which ends the machine.
 */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-state.h"
#include "machine.h"
#include "modules.h"

/* Descriptors whose path is remembered; RLIMIT_NOFILE of the guest. */
#define MAX_FD_NAMES 1024
/* Requests to the supervisor that are under way. */
#define MAX_SUPERVISOR_CALLS 256

struct agent *agent_create(struct road_machine *machine,
			   struct agent_transport *transport,
			   struct road_error *error)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent) {
		err_nomem(error);
		return NULL;
	}
	agent->machine = machine;
	agent->transport = transport;
	agent->calls_end = &agent->calls;
	/* The machine plugs these in at boot and init starts their tasks. */
	agent->ports[PROTO_PORT_SUPERVISOR].state = PORT_STARTING;
	agent->ports[PROTO_PORT_SUPERVISOR].plugged = true;
	agent->ports[PROTO_PORT_WORKER].state = PORT_STARTING;
	agent->ports[PROTO_PORT_WORKER].plugged = true;
	return agent;
}

static void call_free(struct road_call *call)
{
	free(call->frame);
	free(call->data);
	free(call);
}

void agent_destroy(struct agent *agent)
{
	struct road_call *call, *next;
	size_t i;

	if (!agent)
		return;
	for (call = agent->calls; call; call = next) {
		next = call->next;
		call_free(call);
	}
	for (i = 0; i < PROTO_PORT_END; i++)
		free(agent->ports[i].data);
	for (i = 0; i < agent->num_fd_names; i++)
		free(agent->fd_names[i]);
	free(agent->fd_names);
	modules_destroy(agent->modules);
	free(agent->frame);
	free(agent);
}

struct road_machine *agent_machine(struct agent *agent)
{
	return agent->machine;
}

bool agent_ready(const struct agent *agent)
{
	return agent->ports[PROTO_PORT_SUPERVISOR].state == PORT_READY &&
	       agent->ports[PROTO_PORT_WORKER].state == PORT_READY;
}

bool agent_answered(struct agent *agent)
{
	bool answered = agent->answered;

	agent->answered = false;
	return answered;
}

int agent_modules(struct agent *agent, struct modules **out,
		  struct road_error *error)
{
	int ret = 0;

	if (!agent->modules)
		ret = modules_create(machine_modules(agent->machine),
				     road_machine_release(agent->machine),
				     &agent->modules, error);
	if (!ret)
		*out = agent->modules;
	return ret;
}

/* ---- names of descriptors */

const char *agent_fd_name(struct agent *agent, int fd)
{
	if (fd < 0 || fd >= agent->num_fd_names || !agent->fd_names[fd])
		return "?";
	return agent->fd_names[fd];
}

void agent_fd_closed(struct agent *agent, int fd)
{
	if (fd < 0 || fd >= agent->num_fd_names)
		return;
	free(agent->fd_names[fd]);
	agent->fd_names[fd] = NULL;
}

/* Only for messages: that it may fail is no harm. */
void agent_fd_opened(struct agent *agent, int64_t fd, const char *name)
{
	char **names;

	if (fd >= MAX_FD_NAMES)
		return;
	if (fd >= agent->num_fd_names) {
		names = reallocarray(agent->fd_names, fd + 1, sizeof(*names));
		if (!names)
			return;
		memset(names + agent->num_fd_names, 0,
		       (fd + 1 - agent->num_fd_names) * sizeof(*names));
		agent->fd_names = names;
		agent->num_fd_names = fd + 1;
	}
	free(agent->fd_names[fd]);
	agent->fd_names[fd] = strdup(name);
}

/* ---- calls */

static void call_unlink(struct road_call *call)
{
	struct agent *agent = call->agent;
	struct road_call **at = &agent->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	if (agent->calls_end == &call->next)
		agent->calls_end = at;
}

/* No worker came: the call that waits longest would wait for ever. */
static void spawn_failed(struct agent *agent, unsigned int port)
{
	struct road_call *call;

	agent->ports[port].state = PORT_UNUSED;
	if (agent->gone)
		return;
	for (call = agent->calls; call; call = call->next)
		if (!call->port && !call->done) {
			agent_call_done(call, -ROAD_EHOST, NULL, 0);
			return;
		}
}

void agent_call_done(struct road_call *call, int64_t result, char *data,
		     size_t len)
{
	struct agent *agent = call->agent;

	if (call->port && agent->ports[call->port].busy == call)
		agent->ports[call->port].busy = NULL;
	call->result = result;
	call->data = data;
	call->len = len;
	call->done = true;
	call_journal_end(call);
	if (call->waited)
		agent->answered = true;
	if (call->op == PROTO_OPEN && result >= 0)
		agent_fd_opened(agent, result,
				call->what + strlen("open "));
	if (call->spawns && result < 0)
		spawn_failed(agent, call->spawns);
	if (call->dropped) {
		call_unlink(call);
		call_free(call);
	}
}

void agent_drop(struct agent *agent, struct road_call *call)
{
	call->dropped = true;
	/* Its task works on it. */
	if (!call->done && call->port)
		return;
	call_unlink(call);
	call_free(call);
}

void agent_gone(struct agent *agent)
{
	struct road_call *call, *next;

	agent->gone = true;
	for (call = agent->calls; call; call = next) {
		next = call->next;
		if (!call->done)
			agent_call_done(call, -ROAD_EGONE, NULL, 0);
	}
}

static size_t request_size(const struct call_request *request)
{
	size_t size = sizeof(struct proto_request), i;

	for (i = 0; i < request->num_parts; i++)
		size += request->parts[i].len;
	return size;
}

static void request_pack(const struct call_request *request, uint32_t id,
			 char *frame, size_t size)
{
	struct proto_request head = {
		.size = size, .id = id, .op = request->op,
	};
	char *at = frame + sizeof(head);
	size_t i;

	memcpy(head.arg, request->arg, sizeof(head.arg));
	memcpy(frame, &head, sizeof(head));
	for (i = 0; i < request->num_parts; i++) {
		if (request->parts[i].len)
			memcpy(at, request->parts[i].data,
			       request->parts[i].len);
		at += request->parts[i].len;
	}
}

/* Memory for a frame that is gone again before the next one is made. */
static char *agent_scratch(struct agent *agent, size_t size)
{
	char *frame;

	if (size <= agent->frame_max)
		return agent->frame;
	frame = realloc(agent->frame, size);
	if (!frame)
		return NULL;
	agent->frame = frame;
	agent->frame_max = size;
	return frame;
}

static struct road_call *call_create(struct agent *agent,
				     const struct call_request *request,
				     const char *what)
{
	size_t len = strlen(what) + 1;
	struct road_call *call = calloc(1, sizeof(*call) + len);

	if (!call)
		return NULL;
	call->agent = agent;
	call->op = request->op;
	call->max_data = request->max_data;
	call->check = request->check;
	memcpy(call->what, what, len);
	if (++agent->last_id == PROTO_ID_EVENT)
		++agent->last_id;
	call->id = agent->last_id;
	*agent->calls_end = call;
	agent->calls_end = &call->next;
	return call;
}

/* The first worker's port that is in @state and without a call; 0: none. */
static unsigned int find_port(const struct agent *agent, enum port_state state)
{
	unsigned int port;

	for (port = PROTO_PORT_WORKER; port < PROTO_PORT_END; port++)
		if (agent->ports[port].state == state &&
		    !agent->ports[port].busy)
			return port;
	return 0;
}

static int call_send(struct road_call *call, unsigned int port,
		     const char *frame, size_t size)
{
	struct agent *agent = call->agent;

	call->port = port;
	if (port != PROTO_PORT_SUPERVISOR)
		agent->ports[port].busy = call;
	return agent->transport->send(agent->transport, port, frame, size);
}

static int call_send_queued(struct road_call *call, unsigned int port)
{
	struct proto_request *frame = call->frame;
	int ret;

	call->frame = NULL;
	ret = call_send(call, port, (char *)frame, frame->size);
	free(frame);
	return ret;
}

/* Pack the request, and send it or let it wait. */
static int call_submit(struct road_call *call, bool supervisor,
		       const struct call_request *request)
{
	struct agent *agent = call->agent;
	size_t size = request_size(request);
	unsigned int port;
	char *frame;

	port = supervisor ? PROTO_PORT_SUPERVISOR :
			    find_port(agent, PORT_READY);
	frame = port ? agent_scratch(agent, size) : malloc(size);
	if (!frame)
		return err_nomem(machine_error_of(agent->machine));
	request_pack(request, call->id, frame, size);
	if (port)
		return call_send(call, port, frame, size);
	call->frame = frame;
	return agent_dispatch(agent);
}

/* A guest that only asks and never answers must not fill our memory. */
static int check_supervisor(struct agent *agent)
{
	const struct road_call *call;
	unsigned int num = 0;

	for (call = agent->calls; call; call = call->next)
		num += call->port == PROTO_PORT_SUPERVISOR && !call->done;
	if (num < MAX_SUPERVISOR_CALLS)
		return 0;
	return machine_error(agent->machine, -ROAD_EPROTO,
			     "the guest's supervisor has not answered %u requests",
			     num);
}

int agent_start(struct agent *agent, bool supervisor,
		const struct call_request *request, const char *what,
		struct road_call **out)
{
	struct road_call *call;
	int ret;

	if (agent->gone)
		return machine_error(agent->machine, -ROAD_EGONE,
				     "%s: the machine has ended", what);
	if (request_size(request) >
	    sizeof(struct proto_request) + PROTO_MAX_DATA)
		return machine_error(agent->machine, -ROAD_EUSAGE,
				     "%s: more than %u bytes in one call; cut it into several",
				     what, PROTO_MAX_DATA);
	if (supervisor && check_supervisor(agent))
		return -ROAD_EPROTO;
	call = call_create(agent, request, what);
	if (!call)
		return err_nomem(machine_error_of(agent->machine));
	call_journal_begin(call, request);
	ret = call_submit(call, supervisor, request);
	if (ret) {
		call->dropped = true;
		agent_call_done(call, ret, NULL, 0);
		return ret;
	}
	*out = call;
	return 0;
}

/* ---- workers */

static int worker_spawn(struct agent *agent, unsigned int port)
{
	const struct call_request request = {
		.op = PROTO_SPAWN, .arg = { port },
	};
	struct road_call *call;
	int ret = 0;

	if (!agent->ports[port].plugged)
		ret = agent->transport->add_port(agent->transport, port);
	if (ret)
		return ret;
	agent->ports[port].plugged = true;
	ret = agent_start(agent, true, &request, "spawn a worker", &call);
	if (ret)
		return ret;
	agent->ports[port].state = PORT_STARTING;
	call->spawns = port;
	call->dropped = true;
	return 0;
}

int agent_dispatch(struct agent *agent)
{
	unsigned int idle, port, starting = 0;
	struct road_call *call;
	int ret = 0;

	for (port = PROTO_PORT_WORKER; port < PROTO_PORT_END; port++)
		starting += agent->ports[port].state == PORT_STARTING;
	for (call = agent->calls; call && !ret; call = call->next) {
		if (call->port || call->done)
			continue;
		idle = find_port(agent, PORT_READY);
		if (idle) {
			ret = call_send_queued(call, idle);
		} else if (starting) {
			starting--;
		} else {
			port = find_port(agent, PORT_UNUSED);
			/* All are busy: it waits for one of them. */
			if (!port)
				break;
			ret = worker_spawn(agent, port);
		}
	}
	return ret;
}

static bool call_is_done(const void *arg)
{
	return ((const struct road_call *)arg)->done;
}

static bool call_has_begun(const void *arg)
{
	const struct road_call *call = arg;

	return call->done || call->port;
}

int agent_wait(struct agent *agent, struct road_call *call)
{
	int ret;

	if (call->done)
		return 0;
	call->waited = true;
	ret = agent->transport->run(agent->transport, call_is_done, call,
				    call->what);
	call->waited = false;
	return ret;
}

int agent_wait_begun(struct agent *agent, struct road_call *call)
{
	if (call->done || call->port)
		return 0;
	return agent->transport->run(agent->transport, call_has_begun, call,
				     call->what);
}

char *agent_describe(const struct agent *agent)
{
	const struct road_call *call;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (call = agent->calls; call; call = call->next) {
		if (call->done || call->port == PROTO_PORT_SUPERVISOR)
			continue;
		fprintf(f, "%s%s", ftell(f) ? ", " : "", call->what);
		if (call->port)
			fprintf(f, " (worker %u)",
				call->port - PROTO_PORT_WORKER + 1);
		else
			fputs(" (no worker is free)", f);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
