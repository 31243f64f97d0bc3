// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * agent-receive.c - frames from the guest
 *
 * See agent.c. Everything that the guest may get wrong is looked at here, and
 * nothing is kept of a frame that is refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent-state.h"
#include "machine.h"
#include "modules.h"

#define MAX_ERRNO 4095

static int recv_error(struct agent *agent, unsigned int port, const char *fmt,
		      ...) ROAD_PRINTF(3, 4);
static int recv_error(struct agent *agent, unsigned int port, const char *fmt,
		      ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (port == PROTO_PORT_SUPERVISOR)
		return machine_error(agent->machine, -ROAD_EPROTO,
				     "the guest's agent broke its protocol: supervisor: %s",
				     text);
	return machine_error(agent->machine, -ROAD_EPROTO,
			     "the guest's agent broke its protocol: worker %d: %s",
			     (int)port - PROTO_PORT_WORKER + 1, text);
}

static bool is_worker(unsigned int port)
{
	return port >= PROTO_PORT_WORKER && port < PROTO_PORT_END;
}

/* ---- events */

static int recv_hello(struct agent *agent, unsigned int port, const char *data,
		      size_t len)
{
	struct agent_port *p = &agent->ports[port];
	struct proto_hello hello;

	if (p->state != PORT_STARTING)
		return recv_error(agent, port, "a second hello");
	if (len != sizeof(hello))
		return recv_error(agent, port, "a hello of %zu bytes", len);
	memcpy(&hello, data, sizeof(hello));
	if (hello.version != PROTO_VERSION)
		return recv_error(agent, port,
				  "it speaks version %u, the host version %u; build both from one tree",
				  hello.version, PROTO_VERSION);
	if (hello.port != port)
		return recv_error(agent, port, "a hello of port %u",
				  hello.port);
	p->state = PORT_READY;
	return agent_dispatch(agent);
}

static int recv_dead(struct agent *agent, const char *data, size_t len)
{
	struct proto_dead dead;
	struct agent_port *p;
	struct road_call *call;

	if (len != sizeof(dead))
		return recv_error(agent, PROTO_PORT_SUPERVISOR,
				  "a death of %zu bytes", len);
	memcpy(&dead, data, sizeof(dead));
	if (!is_worker(dead.port) ||
	    agent->ports[dead.port].state == PORT_UNUSED)
		return recv_error(agent, PROTO_PORT_SUPERVISOR,
				  "death of a worker on port %u, which has none",
				  dead.port);
	p = &agent->ports[dead.port];
	call = p->busy;
	free(p->data);
	*p = (struct agent_port){ .plugged = true };
	if (call) {
		call->death = WIFSIGNALED(dead.status) ?
			      WTERMSIG(dead.status) : SIGKILL;
		/* Not the test's doing: an oops, or the guest is out of
		 * memory. */
		agent_call_done(call, call->signalled == call->death ?
				-EINTR : -ROAD_EORACLE, NULL, 0);
	}
	return agent_dispatch(agent);
}

/* The paths, each with its empty parameters; *@len bytes, malloc()ed. */
static char *pack_modules(const struct module_list *list, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	size_t i;

	if (!f)
		return NULL;
	for (i = 0; i < list->num; i++)
		fprintf(f, "%s%c%c", list->modules[i].guest_path, '\0', '\0');
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What request_module() asked for is in the guest's root; or why not. */
static int find_modules(struct agent *agent, const char *alias, char **paths,
			size_t *len)
{
	struct road_error error = { 0 };
	struct module_list list = { 0 };
	struct modules *modules;
	int ret;

	ret = agent_modules(agent, &modules, &error);
	if (!ret)
		ret = modules_resolve(modules, alias, &list, &error);
	if (!ret)
		ret = modules_install(&list, machine_root(agent->machine),
				      &error);
	if (!ret) {
		*paths = pack_modules(&list, len);
		if (!*paths)
			ret = -ROAD_ENOMEM;
	}
	modules_list_deinit(&list);
	err_clear(&error);
	if (ret == -ROAD_ENODRIVER)
		return -ENOENT;
	return ret < -MAX_ERRNO ? -EIO : ret;
}

static int recv_modprobe(struct agent *agent, const char *data, size_t len)
{
	struct call_request request = { .op = PROTO_MODPROBE };
	struct proto_modprobe event;
	struct call_part part = { 0 };
	struct road_call *call;
	char *paths = NULL;
	int ret;

	if (len <= sizeof(event) || data[len - 1])
		return recv_error(agent, PROTO_PORT_SUPERVISOR,
				  "a request for a module without a name");
	memcpy(&event, data, sizeof(event));
	request.arg[0] = event.token;
	/* A name with '/' would be a path of the host. */
	if (strchr(data + sizeof(event), '/'))
		ret = -ENOENT;
	else
		ret = find_modules(agent, data + sizeof(event), &paths,
				   &part.len);
	request.arg[1] = ret;
	if (paths) {
		part.data = paths;
		request.parts = &part;
		request.num_parts = 1;
	}
	ret = agent_start(agent, true, &request, "answer request_module()",
			  &call);
	free(paths);
	if (!ret)
		call->dropped = true;
	return ret;
}

static int recv_event(struct agent *agent, unsigned int port, int64_t event,
		      const char *data, size_t len)
{
	if (event == PROTO_EVENT_HELLO)
		return recv_hello(agent, port, data, len);
	if (port == PROTO_PORT_SUPERVISOR && event == PROTO_EVENT_DEAD)
		return recv_dead(agent, data, len);
	if (port == PROTO_PORT_SUPERVISOR && event == PROTO_EVENT_MODPROBE)
		return recv_modprobe(agent, data, len);
	return recv_error(agent, port, "an event %lld", (long long)event);
}

/* ---- frames */

static struct road_call *find_call(struct agent *agent, unsigned int port,
				   uint32_t id)
{
	struct road_call *call;

	if (port != PROTO_PORT_SUPERVISOR) {
		call = agent->ports[port].busy;
		return call && call->id == id ? call : NULL;
	}
	for (call = agent->calls; call; call = call->next)
		if (call->port == port && call->id == id && !call->done)
			return call;
	return NULL;
}

/* Is the answer one that the request can have? */
static int check_reply(struct agent *agent, unsigned int port,
		       const struct road_call *call, int64_t result, size_t len)
{
	if (len > call->max_data)
		return recv_error(agent, port,
				  "%zu bytes in the answer to \"%s\", at most %zu were asked for",
				  len, call->what, call->max_data);
	if (result < -MAX_ERRNO || result > INT32_MAX)
		return recv_error(agent, port, "result %lld of \"%s\"",
				  (long long)result, call->what);
	if ((call->check == CALL_COUNTED && result >= 0 && result != len) ||
	    (call->check == CALL_EXACT && result >= 0 && len != call->max_data))
		return recv_error(agent, port,
				  "result %lld of \"%s\" with %zu bytes",
				  (long long)result, call->what, len);
	return 0;
}

/* The header is complete. */
static int recv_head(struct agent *agent, unsigned int port)
{
	struct agent_port *p = &agent->ports[port];
	size_t len;
	int ret;

	if (p->head.size < sizeof(p->head) ||
	    p->head.size - sizeof(p->head) > PROTO_MAX_DATA)
		return recv_error(agent, port, "a frame of %u bytes",
				  p->head.size);
	len = p->head.size - sizeof(p->head);
	if (p->head.id == PROTO_ID_EVENT) {
		p->call = NULL;
		if (len > PROTO_MAX_EVENT)
			return recv_error(agent, port, "an event of %zu bytes",
					  len);
	} else {
		p->call = find_call(agent, port, p->head.id);
		if (!p->call)
			return recv_error(agent, port,
					  "an answer to call %u, which is not under way",
					  p->head.id);
		ret = check_reply(agent, port, p->call, p->head.result, len);
		if (ret)
			return ret;
	}
	/* One more: what is text gets its end. */
	p->data = malloc(len + 1);
	if (!p->data)
		return err_nomem(machine_error_of(agent->machine));
	p->data[len] = '\0';
	return 0;
}

/* The frame is complete. */
static int recv_frame(struct agent *agent, unsigned int port)
{
	struct agent_port *p = &agent->ports[port];
	size_t len = p->head.size - sizeof(p->head);
	struct road_call *call = p->call;
	char *data = p->data;
	int ret;

	p->data = NULL;
	p->call = NULL;
	p->got = 0;
	if (call) {
		agent_call_done(call, p->head.result, data, len);
		return port == PROTO_PORT_SUPERVISOR ? 0 :
						       agent_dispatch(agent);
	}
	ret = recv_event(agent, port, p->head.result, data, len);
	free(data);
	return ret;
}

/* Take some of @len bytes for the frame that comes in. */
static size_t recv_some(struct agent_port *p, const char *data, size_t len)
{
	size_t head = sizeof(p->head);
	size_t want = (p->got < head ? head : p->head.size) - p->got;

	if (want > len)
		want = len;
	if (p->got < head)
		memcpy((char *)&p->head + p->got, data, want);
	else
		memcpy(p->data + p->got - head, data, want);
	p->got += want;
	return want;
}

int agent_receive(struct agent *agent, unsigned int port, const void *data,
		  size_t len)
{
	struct agent_port *p;
	const char *at = data;
	size_t taken;
	int ret = 0;

	if (agent->gone)
		return 0;
	if (agent->broken)
		return -ROAD_EPROTO;
	if (port != PROTO_PORT_SUPERVISOR && !is_worker(port))
		return machine_error(agent->machine, -ROAD_EPROTO,
				     "the guest's agent wrote to port %u, which it does not have",
				     port);
	p = &agent->ports[port];
	while (len && !ret) {
		if (p->state == PORT_UNUSED) {
			ret = recv_error(agent, port, "no task is on its port");
			break;
		}
		taken = recv_some(p, at, len);
		at += taken;
		len -= taken;
		if (p->got == sizeof(p->head) && !p->data)
			ret = recv_head(agent, port);
		if (!ret && p->data && p->got == p->head.size)
			ret = recv_frame(agent, port);
	}
	agent->broken = ret != 0;
	return ret;
}

/* What was half sent when the guest closed the port is lost. */
void agent_port_open(struct agent *agent, unsigned int port, bool open)
{
	struct agent_port *p;

	if (port >= PROTO_PORT_END)
		return;
	p = &agent->ports[port];
	free(p->data);
	p->data = NULL;
	p->call = NULL;
	p->got = 0;
}
