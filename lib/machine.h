/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine.h - what the parts of a machine may know of the whole
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include "error.h"

struct agent;
struct call_request;
struct dt;
struct engine;
struct modules;
struct journal;
struct trace;

/* Set the machine's error. Return: @code. */
int machine_error(struct road_machine *machine, int code, const char *fmt, ...)
	ROAD_PRINTF(3, 4);

struct road_error *machine_error_of(struct road_machine *machine);

/*
 * May a guest call begin now? 0, or the code with its message: not booted,
 * ended, inside a model's callback.
 */
int machine_may_call(struct road_machine *machine);

/* See dt_i2c_irq(); before boot nothing is known: -ENOENT. */
int machine_i2c_irq(const struct road_machine *machine, unsigned int addr,
		    unsigned int *line, unsigned int *type);
struct dt *machine_dt(struct road_machine *machine);
/* Head of the machine's list of devices. */
struct road_device **machine_devices(struct road_machine *machine);
bool machine_is_new(const struct road_machine *machine);
struct engine *machine_engine(struct road_machine *machine);
struct agent *machine_agent(struct road_machine *machine);
struct trace *machine_trace(struct road_machine *machine);
struct journal *machine_journal(struct road_machine *machine);
/* Host path of the guest's root directory. */
const char *machine_root(const struct road_machine *machine);
/* Host path of a modules_install tree: has lib/modules/RELEASE. */
const char *machine_modules(const struct road_machine *machine);

/* Number of the last I2C transfer that the guest has begun. */
unsigned int machine_transfer(const struct road_machine *machine);
/* The guest's task has left that transfer, if it is still under way; see
 * i2c_cut(). */
void machine_cut(struct road_machine *machine, unsigned int transfer,
		 const char *who);

/* A call begins: does it make a driver come or go? See road_aftermath(). */
void machine_note_call(struct road_machine *machine,
		       const struct call_request *request);
/* What a test in C has bound is unbound, and modules that nobody uses are
 * unloaded, or stay. Return: 0, or the first error that is not the guest's. */
int machine_undo(struct road_machine *machine);

/* Take off the models, timers and watches that lie between two addresses: that
 * memory is about to go. */
void machine_forget(struct road_machine *machine, const void *from,
		    const void *to);
/* Is one of them there? It may be gone already, and is not looked at. */
bool machine_holds(const struct road_machine *machine, const void *from,
		   const void *to);

/* ---- machine-trouble.c: for the end of a test */

/*
 * struct machine_trouble - something that no test may pass over: a model
 * failed, the guest ended
 * @code, @message: as the call that met with it returned them
 * @end: the machine has ended with it
 * @count: so often it came
 * @taken: so often the test named the error as the one that it expects
 * @told: a failure of the test is about it
 * @matched: and that is the bug that the test knows of
 */
struct machine_trouble {
	struct machine_trouble *next;
	int code;
	bool end, told, matched;
	unsigned int count, taken;
	char message[];
};

/* The oldest first. */
struct machine_trouble *machine_troubles(const struct road_machine *machine);
/* The last one that a call can have met with that returned @code; NULL. */
struct machine_trouble *machine_trouble_of(const struct road_machine *machine,
					   int code);
/* Calls of the test that still run, as text for a message; NULL: none. */
char *machine_blocked(const struct road_machine *machine);
bool machine_is_gone(const struct road_machine *machine);
/* A machine that is kept is not destroyed by road_machine_destroy(): somebody
 * else will do that. */
void machine_keep(struct road_machine *machine, bool keep);
/* The test leaves a model's callback by longjmp(): the machine has ended. Does
 * nothing if it is in none. */
void machine_abandon(struct road_machine *machine);
/* Reports in the log that the last road_test_end() found unexpected, and those
 * that it missed. */
unsigned int machine_reports(const struct road_machine *machine);

#endif /* LIB_MACHINE_H */
