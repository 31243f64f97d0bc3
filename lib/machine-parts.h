/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine-parts.h - the machine itself, for the files named machine*.c
 */
#ifndef LIB_MACHINE_PARTS_H
#define LIB_MACHINE_PARTS_H

#include "agent.h"
#include "board.h"
#include "devicetree.h"
#include "engine.h"
#include "kernel.h"
#include "klog.h"
#include "machine.h"
#include "uml.h"
#include "virtio/console.h"

#include <pthread.h>

enum machine_state {
	MACHINE_NEW,
	MACHINE_UP,
	MACHINE_GONE,
};

struct road_machine {
	enum machine_state state;
	struct road_error error;	/* road_machine_error() */
	struct engine engine;
	struct board board;
	struct con_dev console;
	struct dt dt;
	struct klog klog;
	struct uml uml;
	struct kernel kernel;
	struct agent *agent;
	struct agent_transport transport;
	struct road_device *devices;
	struct loop_source console_source;	/* what the kernel prints */
	struct loop_source death_source;	/* the kernel's pidfd */
	char *root;
	pthread_t thread;
	pid_t process;			/* that made it */
	uint64_t call_limit_ns;
	uint64_t limit_ns;		/* of the call that runs */
	struct road_machine_config config;
	int (*interrupt)(void *arg);
	void *interrupt_arg;
	size_t boot_mark;		/* in the log */
	uint64_t boot_ns;		/* wall time that it took */
	size_t reports_before;		/* in the log, when the call began */
	bool crashed;			/* it ended by itself */
	bool driver_seen;		/* one has come or gone */
	bool driver_moved;		/* ... since @driver_at */
	uint64_t driver_at;		/* when a test's last one had */
	bool explaining;		/* a limit has passed; asking why */
	struct machine_trouble *troubles;
	bool kept;			/* see machine_keep() */
	bool expect_off;		/* the test wants a power-off */
	bool explained;			/* where the guest stood is told */
};

/* Of the guest, which is booted or will be. */
static inline unsigned int machine_mem_mib(const struct road_machine *machine)
{
	return machine->config.mem_mib ? machine->config.mem_mib :
					 machine->kernel.mem_mib;
}

/* ---- machine-run.c */

/* The guest has ended, or is ended now. Return: the code of why. */
int machine_end(struct road_machine *machine);
/* -ROAD_EGONE, with why it ended. */
int machine_gone(struct road_machine *machine);
/* Run the guest until @done(@arg) or for @limit_ns; @done NULL: for that long.
 * @what is for messages. Return: 0 or a negative code. */
int machine_run(struct road_machine *machine, bool (*done)(const void *arg),
		const void *arg, const char *what, uint64_t limit_ns);
/* struct agent_transport's run(). */
int machine_run_call(struct agent_transport *transport,
		     bool (*done)(const void *arg), const void *arg,
		     const char *what);
bool machine_interrupted(struct engine *engine);
/* End the guest if one call has made its kernel report bugs without end. */
void machine_count_reports(struct road_machine *machine);

/* ---- machine-trouble.c */

/* Note the machine's error; @end: the machine has ended with it. NULL when out
 * of memory. */
struct machine_trouble *machine_trouble_add(struct road_machine *machine,
					    bool end);
/* More is known of the last one: take the machine's error for it. */
void machine_trouble_renew(struct road_machine *machine);
void machine_troubles_free(struct road_machine *machine);

/* ---- machine-boot.c */

/* Read about the kernel to boot, if that is not done yet. Return: 0 or a
 * negative code. */
int machine_find_kernel(struct road_machine *machine);

/* Wire the agent's channels, the console and the kernel's death. */
void machine_init_channels(struct road_machine *machine);

#endif /* LIB_MACHINE_PARTS_H */
