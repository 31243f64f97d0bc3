/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-machine.h - what the agent's host end needs of a machine, without one
 *
 * Either with the real agent as a child on the host, its ports being sockets,
 * or with nobody at the other end: then the test looks at what was sent and
 * plays the guest with agent_receive().
 */
#ifndef TESTS_FAKE_MACHINE_H
#define TESTS_FAKE_MACHINE_H

#include <roadtest.h>

#include "agent.h"
#include "call.h"
#include "proto/roadtest-proto.h"

struct road_machine {
	struct road_error error;
	struct agent *agent;
	struct agent_transport transport;
	int fds[PROTO_PORT_END];	/* our ends; -1: nobody there */
	pid_t pid;
	bool ended;
	/* What the host sent. */
	unsigned int num_sent;
	unsigned int num_received;	/* pieces, from the real agent */
	unsigned int plugged;		/* a bit for each port */
	struct proto_request last;	/* the last request's header */
	unsigned int last_port;
	/* Keep what goes to a worker back until the agent has been quiet for
	 * this long; 0: don't. */
	int hold_ms;
	void *held;
	size_t held_len;
	unsigned int held_port;
	/* For modules. */
	const char *root, *modules;
};

/* With the agent at @path; NULL: with nobody. */
void fake_machine_init(struct road_machine *machine, const char *path);
void fake_machine_deinit(struct road_machine *machine);
/* Serve the agent for @ms. */
void fake_machine_serve(struct road_machine *machine, int ms);

/* Play the guest. */
int fake_send(struct road_machine *machine, unsigned int port, uint32_t id,
	      int64_t result, const void *data, size_t len);
int fake_hello(struct road_machine *machine, unsigned int port);
int fake_answer(struct road_machine *machine, const struct road_call *call,
		int64_t result, const void *data, size_t len);

#endif /* TESTS_FAKE_MACHINE_H */
