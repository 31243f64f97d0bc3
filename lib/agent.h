/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.h - the host's end of the guest agent
 *
 * The agent's channels are ports of the virtio console: port
 * PROTO_PORT_SUPERVISOR for the supervisor, one from PROTO_PORT_WORKER on for
 * each worker. The wire format is in proto/. What comes from the guest is
 * hostile and checked here.
 */
#ifndef LIB_AGENT_H
#define LIB_AGENT_H

#include "error.h"

struct agent;

/* What the agent's host end needs from the machine. */
struct agent_transport {
	/* Queue @len bytes for @port; copies. Does not run the guest. */
	int (*send)(struct agent_transport *transport, unsigned int port,
		    const void *data, size_t len);
	/* Plug in a port; agent_port_open() is called when the guest opened
	 * it. */
	int (*add_port)(struct agent_transport *transport, unsigned int port);
	/* Run the guest until @done(@arg), or a limit or an error. @what is
	 * for messages: the call that waits. Return: 0 or a negative code
	 * with the message in the machine's error. */
	int (*run)(struct agent_transport *transport,
		   bool (*done)(const void *arg), const void *arg,
		   const char *what);
};

struct agent *agent_create(struct road_machine *machine,
			   struct agent_transport *transport,
			   struct road_error *error);
void agent_destroy(struct agent *agent);
/* From the console: bytes of @port, and whether the guest opened it. A
 * protocol error returns -ROAD_EPROTO with a message in the machine's error
 * and ends the machine. */
int agent_receive(struct agent *agent, unsigned int port, const void *data,
		  size_t len);
void agent_port_open(struct agent *agent, unsigned int port, bool open);
/* Is the supervisor ready, and the first worker? For machine_boot(). */
bool agent_ready(const struct agent *agent);
/* Has a call's answer (one that somebody waits for) come since the last
 * time that this was asked? Lets the machine stop the guest at that instant. */
bool agent_answered(struct agent *agent);
/* Text of the calls that are under way ("read_file /sys/..."), for messages;
 * malloc()ed. */
char *agent_describe(const struct agent *agent);
/* See road_stacks(). Runs the guest; the supervisor answers also while every
 * worker is stuck, so a limit's message can have them. */
int agent_stacks(struct agent *agent, char **text);
/* The machine has ended: every call ends with -ROAD_EGONE. */
void agent_gone(struct agent *agent);

#endif /* LIB_AGENT_H */
