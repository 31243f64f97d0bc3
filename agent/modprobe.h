/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modprobe.h - between the module helper and the supervisor */
#ifndef AGENT_MODPROBE_H
#define AGENT_MODPROBE_H

#include <stdint.h>

#define MODPROBE_MAX_ALIAS	1024
/* What goes into a pipe that nobody reads yet. */
#define MODPROBE_MAX_LIST	(60U << 10)

struct modprobe_request {
	uint32_t pid;
	char alias[MODPROBE_MAX_ALIAS];
};

/* @len bytes of (path, parameters) texts follow. */
struct modprobe_answer {
	int32_t error;
	uint32_t len;
};

#endif /* AGENT_MODPROBE_H */
