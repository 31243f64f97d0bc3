/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent-state.h - what agent.c and agent-receive.c share
 */
#ifndef LIB_AGENT_STATE_H
#define LIB_AGENT_STATE_H

#include "call.h"

enum port_state {
	PORT_UNUSED,		/* no task there */
	PORT_STARTING,		/* its hello is awaited */
	PORT_READY,
};

/*
 * struct agent_port - what comes from one port
 * @plugged: the guest has the device
 * @head, @got: the frame that is coming in, and how much of it came, header
 *	included
 * @call: whose answer it is; NULL: an event
 * @data: its data; owned
 * @busy: the worker's call
 */
struct agent_port {
	enum port_state state;
	bool plugged;
	struct proto_reply head;
	size_t got;
	struct road_call *call;
	char *data;
	struct road_call *busy;
};

struct agent {
	struct road_machine *machine;
	struct agent_transport *transport;
	struct agent_port ports[PROTO_PORT_END];
	struct road_call *calls, **calls_end;
	uint32_t last_id;
	bool answered, gone;
	bool broken;		/* a frame was refused; nothing fits any more */
	char *frame;		/* scratch, for a request sent at once */
	size_t frame_max;
	struct modules *modules;
	char **fd_names;
	size_t num_fd_names;
};

/* The answer is there; @data becomes the call's. A call that nobody wants is
 * freed. */
void agent_call_done(struct road_call *call, int64_t result, char *data,
		     size_t len);
/* Send what waits to workers that are free; see to more workers for the
 * rest. */
int agent_dispatch(struct agent *agent);

#endif /* LIB_AGENT_STATE_H */
