// SPDX-License-Identifier: LGPL-2.1-or-later
/* fake-machine.c - see fake-machine.h */
#include "fake-machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roadtest/model.h>

#include "machine.h"

/* A test that hangs must end. */
#define FAKE_LIMIT_MS 20000

/* ---- machine.h */

void machine_note_call(struct road_machine *machine,
		       const struct call_request *request)
{
}

int machine_error(struct road_machine *machine, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(&machine->error, code, fmt, ap);
	va_end(ap);
	return code;
}

struct road_error *machine_error_of(struct road_machine *machine)
{
	return &machine->error;
}

int machine_may_call(struct road_machine *machine)
{
	if (machine->ended)
		return machine_error(machine, -ROAD_EGONE, "it has ended");
	return 0;
}

unsigned int machine_transfer(const struct road_machine *machine)
{
	return 0;
}

void machine_cut(struct road_machine *machine, unsigned int transfer,
		 const char *who)
{
}

struct journal *machine_journal(struct road_machine *machine)
{
	return NULL;
}

struct agent *machine_agent(struct road_machine *machine)
{
	return machine->agent;
}

const char *machine_root(const struct road_machine *machine)
{
	return machine->root;
}

const char *machine_modules(const struct road_machine *machine)
{
	return machine->modules;
}

const char *road_machine_release(const struct road_machine *machine)
{
	return NULL;
}

const char *road_machine_error(const struct road_machine *machine)
{
	return err_message(&machine->error);
}

/* ---- transport */

static struct road_machine *fake_of(struct agent_transport *transport)
{
	return road_container_of(transport, struct road_machine, transport);
}

static int fake_transport_send(struct agent_transport *transport,
			       unsigned int port, const void *data, size_t len)
{
	struct road_machine *machine = fake_of(transport);

	if (machine->hold_ms && !machine->held &&
	    port >= PROTO_PORT_WORKER) {
		machine->held = malloc(len);
		memcpy(machine->held, data, len);
		machine->held_len = len;
		machine->held_port = port;
		return 0;
	}
	machine->num_sent++;
	machine->last_port = port;
	memcpy(&machine->last, data, sizeof(machine->last));
	if (machine->fds[port] >= 0 &&
	    send(machine->fds[port], data, len, MSG_NOSIGNAL) != len)
		return machine_error(machine, -ROAD_EGONE, "send: %s",
				     strerror(errno));
	return 0;
}

static int fake_transport_add_port(struct agent_transport *transport,
				   unsigned int port)
{
	fake_of(transport)->plugged |= 1U << port;
	return 0;
}

/* Return: 0 when the agent has nothing more to say for @ms. */
static int fake_poll(struct road_machine *machine, int ms)
{
	struct pollfd fds[PROTO_PORT_END];
	char data[70000];
	ssize_t len;
	int i, num;

	for (i = 0; i < PROTO_PORT_END; i++)
		fds[i] = (struct pollfd){ machine->fds[i], POLLIN, 0 };
	num = poll(fds, PROTO_PORT_END,
		   machine->held ? machine->hold_ms : ms);
	if (!num && machine->held) {
		void *held = machine->held;

		/* It is sent and not held again. */
		fake_transport_send(&machine->transport, machine->held_port,
				    held, machine->held_len);
		machine->held = NULL;
		free(held);
		num = poll(fds, PROTO_PORT_END, ms);
	}
	for (i = 0; num > 0 && i < PROTO_PORT_END; i++) {
		if (!fds[i].revents)
			continue;
		len = read(machine->fds[i], data, sizeof(data));
		if (len <= 0) {
			close(machine->fds[i]);
			machine->fds[i] = -1;
			continue;
		}
		machine->num_received++;
		if (agent_receive(machine->agent, i, data, len)) {
			machine->ended = true;
			agent_gone(machine->agent);
		}
	}
	return num;
}

static int fake_transport_run(struct agent_transport *transport,
			      bool (*done)(const void *arg), const void *arg,
			      const char *what)
{
	struct road_machine *machine = fake_of(transport);

	while (!done(arg)) {
		if (machine->pid && fake_poll(machine, FAKE_LIMIT_MS) > 0)
			continue;
		return machine_error(machine, -ROAD_ELIMIT,
				     "%s: nothing comes from the agent", what);
	}
	return machine->ended ? machine->error.code : 0;
}

/* ---- the agent as a child */

static void fake_exec(const char *path, const int *fds)
{
	char text[PROTO_PORT_END][16], *argv[PROTO_PORT_END + 3];
	int i, argc = 0;

	setpgid(0, 0);
	argv[argc++] = "roadtest-agent";
	argv[argc++] = "--supervisor";
	for (i = PROTO_PORT_SUPERVISOR; i < PROTO_PORT_END; i++) {
		fcntl(fds[i], F_SETFD, 0);
		snprintf(text[i], sizeof(text[i]), "%d", fds[i]);
		argv[argc++] = text[i];
	}
	argv[argc] = NULL;
	execv(path, argv);
	perror(path);
	_exit(127);
}

static bool fake_ready(const void *arg)
{
	return agent_ready(arg);
}

static void fake_spawn(struct road_machine *machine, const char *path)
{
	int theirs[PROTO_PORT_END], pair[2], i;

	for (i = PROTO_PORT_SUPERVISOR; i < PROTO_PORT_END; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			abort();
		machine->fds[i] = pair[0];
		theirs[i] = pair[1];
	}
	machine->pid = fork();
	if (!machine->pid)
		fake_exec(path, theirs);
	for (i = PROTO_PORT_SUPERVISOR; i < PROTO_PORT_END; i++)
		close(theirs[i]);
	fake_transport_run(&machine->transport, fake_ready, machine->agent,
			   "boot");
}

void fake_machine_init(struct road_machine *machine, const char *path)
{
	int i;

	memset(machine, 0, sizeof(*machine));
	for (i = 0; i < PROTO_PORT_END; i++)
		machine->fds[i] = -1;
	machine->transport = (struct agent_transport){
		.send = fake_transport_send,
		.add_port = fake_transport_add_port,
		.run = fake_transport_run,
	};
	machine->agent = agent_create(machine, &machine->transport,
				      &machine->error);
	if (path)
		fake_spawn(machine, path);
}

void fake_machine_deinit(struct road_machine *machine)
{
	int i;

	agent_destroy(machine->agent);
	for (i = 0; i < PROTO_PORT_END; i++)
		if (machine->fds[i] >= 0)
			close(machine->fds[i]);
	/* A worker that blocks does not notice that we are gone. */
	if (machine->pid) {
		kill(-machine->pid, SIGKILL);
		waitpid(machine->pid, NULL, 0);
	}
	err_clear(&machine->error);
}

void fake_machine_serve(struct road_machine *machine, int ms)
{
	while (fake_poll(machine, ms) > 0)
		;
}

/* ---- the guest, played */

int fake_send(struct road_machine *machine, unsigned int port, uint32_t id,
	      int64_t result, const void *data, size_t len)
{
	struct proto_reply head = {
		.size = sizeof(head) + len, .id = id, .result = result,
	};
	char *frame = malloc(sizeof(head) + len);
	int ret;

	memcpy(frame, &head, sizeof(head));
	if (len)
		memcpy(frame + sizeof(head), data, len);
	ret = agent_receive(machine->agent, port, frame, sizeof(head) + len);
	free(frame);
	return ret;
}

int fake_hello(struct road_machine *machine, unsigned int port)
{
	const struct proto_hello hello = { PROTO_VERSION, port };

	return fake_send(machine, port, PROTO_ID_EVENT, PROTO_EVENT_HELLO,
			 &hello, sizeof(hello));
}

int fake_answer(struct road_machine *machine, const struct road_call *call,
		int64_t result, const void *data, size_t len)
{
	return fake_send(machine, call->port, call->id, result, data, len);
}

const char *road_machine_kernel(struct road_machine *machine)
{
	return "/nonexistent";
}
