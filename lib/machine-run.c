// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine runs: until an answer, a time, a limit, or the guest's end, each
 * of which comes with a message that says why
 */
#include "machine-parts.h"
#include "uml-where.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* For asking a guest that ran into a limit where it stands. */
#define STACKS_LIMIT_NS (1 * ROAD_S)

/* Of a driver that loops on the bus. */
#define MESSAGES_SHOWN 6

/* More reports than this in one call: each brings about the next, and there is
 * no end to it, as when a task sleeps where it must not. */
#define MAX_REPORTS 100

/* ---- the end of the guest */

/* A guest whose memory has no room left is killed; UML knows what that means,
 * and says so if it has come far enough. What it had is free again by now. */
static void machine_explain_memory(struct road_machine *machine,
				   struct road_error *error)
{
	unsigned int mem_mib = machine_mem_mib(machine);
	struct statvfs st;
	uint64_t room;

	if (klog_contains(&machine->klog, 0, "likely just ran out of space")) {
		err_append(error,
			   "; there is no room left in /dev/shm, where its memory is (up to %u MiB for each of the guests that run at once): make room there, or give roadtest run -j1",
			   mem_mib);
		return;
	}
	if (error->code != -ROAD_EGONE || !machine->uml.dir ||
	    statvfs(machine->uml.dir, &st))
		return;
	room = (uint64_t)st.f_bavail * st.f_frsize >> 20;
	if (room < mem_mib)
		err_append(error,
			   "; /dev/shm has room for %" PRIu64 " of the %u MiB of memory that the guest may use: if it ran full, make room there, or give roadtest run -j1",
			   room, mem_mib);
}

/* Why, with how the kernel's process ended and what it said last. */
static void machine_explain_end(struct road_machine *machine)
{
	struct road_error *fatal = &machine->engine.fatal;
	char how[200];
	char *log;

	if (!uml_describe_end(&machine->uml,
			      fatal->code == -ROAD_EGONE ? 500 : 0, how,
			      sizeof(how)))
		err_append(fatal, "; its kernel %s", how);
	/* It may have printed its reasons after its last message. */
	if (machine->console_source.fd >= 0)
		machine->console_source.ready(&machine->console_source);
	machine_explain_memory(machine, fatal);
	/* Once it has booted, how it did that is no longer news. */
	klog_flush(&machine->klog);
	log = klog_last_words(&machine->klog, machine->boot_mark);
	if (log && *log)
		err_append(fatal, "\nthe kernel's log ends with:%s", log);
	free(log);
}

static void machine_explain_place(struct road_machine *machine,
				  struct road_error *error);

int machine_end(struct road_machine *machine)
{
	struct road_error *fatal = &machine->engine.fatal;
	bool ends = machine->state != MACHINE_GONE;
	int ret;

	if (ends) {
		machine->state = MACHINE_GONE;
		machine->crashed = fatal->code == -ROAD_EGONE &&
				   !machine->klog.end;
		if (fatal->code == -ROAD_ELIMIT && !machine->explained)
			machine_explain_place(machine, fatal);
		if (!machine->klog.end)
			machine_explain_end(machine);
		uml_kill(&machine->uml);
		cal_close(&machine->engine.cal);
		vu_close(&machine->console.vu);
		vu_close(&machine->board.gpio.vu);
		vu_close(&machine->board.i2c.vu);
		loop_close(&machine->engine.loop, &machine->death_source);
		if (machine->agent)
			agent_gone(machine->agent);
	}
	ret = machine_error(machine, fatal->code, "%s", err_message(fatal));
	if (ends)
		machine_trouble_add(machine, true);
	return ret;
}

int machine_gone(struct road_machine *machine)
{
	return machine_error(machine, -ROAD_EGONE,
			     "the machine has ended: %s",
			     err_message(&machine->engine.fatal));
}

int machine_may_call(struct road_machine *machine)
{
	if (machine->process != getpid())
		return machine_error(machine, -ROAD_EUSAGE,
				     "a machine belongs to the process that made it, not to one that it forked");
	if (!pthread_equal(machine->thread, pthread_self()))
		return machine_error(machine, -ROAD_EUSAGE,
				     "a machine belongs to the thread that made it");
	if (machine->engine.in_model)
		return machine_error(machine, -ROAD_EUSAGE,
				     "a model's callback can't call the guest, which waits for it; use a timer, or do it in the test");
	if (machine->state == MACHINE_NEW)
		return machine_error(machine, -ROAD_EUSAGE,
				     "the machine is not booted yet");
	/* It may have died between two calls. */
	if (machine->state == MACHINE_UP && machine->engine.fatal.code)
		machine_end(machine);
	if (machine->state == MACHINE_GONE)
		return machine_gone(machine);
	return 0;
}

/* ---- running */

void machine_count_reports(struct road_machine *machine)
{
	const struct klog *klog = &machine->klog;
	size_t num = klog->num_reports - machine->reports_before, i;

	if (num <= MAX_REPORTS)
		return;
	for (i = klog->num_lines - 1; i && !klog->lines[i].report; i--)
		;
	engine_fail(&machine->engine, -ROAD_ELIMIT,
		    "the kernel reported %zu bugs in one call and would not have come to an end, the last is: %s",
		    num, klog_bare(klog->lines[i].text));
}

static void machine_explain_calls(struct road_machine *machine,
				  struct road_error *error)
{
	char *calls = machine->agent ? agent_describe(machine->agent) : NULL;

	if (calls && *calls)
		err_append(error, "\ncalls under way:\n%s", calls);
	free(calls);
}

/* What the guest is doing, for a call that does not end; it waits. */
static void machine_explain_limit(struct road_machine *machine,
				  struct road_error *error)
{
	unsigned int message_limit = machine->engine.message_limit;
	char *stacks = NULL;

	machine_explain_calls(machine, error);
	machine->explaining = true;
	machine->engine.message_limit = 0;
	if (!road_stacks(machine, &stacks)) {
		err_append(error, "\nblocked tasks:\n%s", stacks);
		free(stacks);
	}
	machine->engine.message_limit = message_limit;
	machine->explaining = false;
}

static bool ends_a_sentence(const char *text)
{
	size_t len = strlen(text);

	return len && strchr(".?!", text[len - 1]);
}

/* The same for a guest that can't be asked. */
static void machine_explain_place(struct road_machine *machine,
				  struct road_error *error)
{
	char where[2000];

	if (!uml_where(machine->uml.pid, machine->kernel.image,
		       machine->kernel.modules, where, sizeof(where)))
		err_append(error, "%s Its kernel is %s.",
			   ends_a_sentence(err_message(error)) ? "" : ".",
			   where);
	machine_explain_calls(machine, error);
}

/* The last messages on the bus: what a driver does over and over. */
static void machine_explain_messages(struct road_machine *machine,
				     struct road_error *error)
{
	const struct trace *trace = &machine->engine.trace;
	size_t i = trace_count(trace), shown = 0;
	char *text;

	while (i && shown < MESSAGES_SHOWN)
		shown += trace_get(trace, --i)->type == ROAD_REC_I2C;
	text = trace_text(trace, i);
	if (text)
		err_append(error, "\nthe last messages:\n%s", text);
	free(text);
}

/* Nobody wakes a driver that asks the board for something after that went to
 * sleep; the agent sleeps as well, and can't show where it stands. */
static void machine_explain_sleep(struct road_machine *machine,
				  struct road_error *error)
{
	struct board *board = &machine->board;
	const struct vu_dev *devs[] = { &board->gpio.vu, &board->i2c.vu };
	size_t i;

	for (i = 0; i < sizeof(devs) / sizeof(devs[0]); i++)
		if (vu_unheard(devs[i]))
			err_append(error,
				   "\nThe system is suspended, and a driver waits for the board's %s controller, which sleeps: the kernel's virtio drivers lose what is asked of them in the \"late\" and \"noirq\" steps of a suspend and of its resume (for gpio that is an interrupt that may wake the system, as with \"wakeup-source\"). Such a driver can be tested with level \"devices\".",
				   devs[i]->ops->name);
}

static void machine_limit_text(struct road_machine *machine,
			       enum engine_end end, const char *what,
			       uint64_t limit_ns, struct road_error *error)
{
	switch (end) {
	case ENGINE_LIMIT:
		err_set(error, -ROAD_ELIMIT,
			"%s: not finished after %.3f s of virtual time", what,
			limit_ns / 1e9);
		break;
	case ENGINE_IDLE:
		err_set(error, -ROAD_ELIMIT,
			"%s: the guest sleeps for ever: no timer of guest, model or test is left that could wake it",
			what);
		break;
	case ENGINE_MESSAGES:
		err_set(error, -ROAD_ELIMIT,
			"%s: the guest has sent %u I2C messages and goes on: does a driver loop on the bus? If it needs so many, set message_limit",
			what, machine->engine.messages);
		machine_explain_messages(machine, error);
		break;
	case ENGINE_SIGNAL:
		err_set(error, -ROAD_EINTR, "%s: interrupted by a signal", what);
		break;
	default:
		err_set(error, -ROAD_ELIMIT,
			"%s: the guest was busy for %.1f s of wall time and has not finished: an endless loop? Or is it more than fits into one call?",
			what, machine->engine.wall_limit_ms / 1e3);
	}
}

static int machine_limit(struct road_machine *machine, enum engine_end end,
			 const char *what, uint64_t limit_ns)
{
	struct road_error error = {};

	machine_limit_text(machine, end, what, limit_ns, &error);
	machine_explain_sleep(machine, &error);
	if (machine->explaining)
		return err_move(&machine->error, &error);
	/* One that was interrupted may not be run any more. */
	if (end == ENGINE_SIGNAL || end == ENGINE_WALL)
		machine_explain_place(machine, &error);
	else
		machine_explain_limit(machine, &error);
	machine->explained = true;
	if (machine->engine.fatal.code)
		err_clear(&machine->engine.fatal);
	err_move(&machine->engine.fatal, &error);
	return machine_end(machine);
}

static int machine_model_error(struct road_machine *machine, bool torn)
{
	int ret = err_move(&machine->error, &machine->engine.model);

	if (torn) {
		/* Nobody waits for the call's answer any more. */
		engine_fail(&machine->engine, -ROAD_EGONE,
			    "a call was given up after a model had failed: %s",
			    err_message(&machine->error));
		machine->state = MACHINE_GONE;
		uml_kill(&machine->uml);
		agent_gone(machine->agent);
	}
	machine_trouble_add(machine, torn);
	return ret;
}

/* If a model failed before, that is the reason to look at first. */
static int machine_ended(struct road_machine *machine)
{
	int ret = machine_end(machine);

	if (!machine->engine.model.code)
		return ret;
	ret = err_move(&machine->error, &machine->engine.model);
	err_append(&machine->error, "\nand then the guest ended: %s",
		   err_message(&machine->engine.fatal));
	machine_trouble_renew(machine);
	return ret;
}

int machine_run(struct road_machine *machine, bool (*done)(const void *arg),
		const void *arg, const char *what, uint64_t limit_ns)
{
	uint64_t now = machine->engine.cal.now;
	uint64_t limit = limit_ns > INT64_MAX - now ? INT64_MAX - 2 :
						      now + limit_ns;
	enum engine_end end;

	machine->reports_before = machine->klog.num_reports;
	end = engine_run(&machine->engine, done, arg, limit);
	switch (end) {
	case ENGINE_DONE:
		return 0;
	case ENGINE_GONE:
		return machine_ended(machine);
	case ENGINE_MODEL:
		return machine_model_error(machine, done && !done(arg));
	case ENGINE_LIMIT:
		if (!done)
			return 0;
		/* fall through */
	default:
		return machine_limit(machine, end, what, limit_ns);
	}
}

int machine_run_call(struct agent_transport *transport,
		     bool (*done)(const void *arg), const void *arg,
		     const char *what)
{
	struct road_machine *machine = road_container_of(transport,
							 struct road_machine,
							 transport);
	uint64_t limit_ns = machine->explaining ? STACKS_LIMIT_NS :
						  machine->call_limit_ns;

	return machine_run(machine, done, arg, what, limit_ns);
}

int road_advance(struct road_machine *machine, uint64_t ns)
{
	int ret = machine_may_call(machine);

	if (ret)
		return ret;
	return machine_run(machine, NULL, NULL, "advance", ns);
}

int road_settle(struct road_machine *machine)
{
	return road_advance(machine, 0);
}

uint64_t road_now(const struct road_machine *machine)
{
	return machine->engine.cal.now;
}

bool machine_interrupted(struct engine *engine)
{
	struct road_machine *machine = engine->machine;

	return machine->interrupt &&
	       machine->interrupt(machine->interrupt_arg);
}

void road_machine_set_interrupt(struct road_machine *machine,
				int (*check)(void *arg), void *arg)
{
	machine->interrupt = check;
	machine->interrupt_arg = arg;
}
