// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine: puts guest, board, clock and agent together
 */
#include "machine.h"

#include "agent.h"
#include "board.h"
#include "device.h"
#include "devicetree.h"
#include "engine.h"
#include "kernel.h"
#include "klog.h"
#include "roadtest-proto.h"
#include "uml.h"
#include "uml-where.h"
#include "virtio/console.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CALL_LIMIT_NS (100 * ROAD_S)
#define DEFAULT_WALL_LIMIT_MS 30000
#define BOOT_LIMIT_NS (60 * ROAD_S)
/* For asking a guest that ran into a limit where it stands. */
#define STACKS_LIMIT_NS (1 * ROAD_S)
/* Lines of the log in the message about the guest's end. */
#define END_LOG_LINES 40

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
	uint64_t call_limit_ns;
	uint64_t limit_ns;		/* of the call that runs */
	struct road_machine_config config;
	int (*interrupt)(void *arg);
	void *interrupt_arg;
	size_t boot_mark;		/* in the log */
	uint64_t boot_ns;		/* wall time that it took */
	bool explaining;		/* a limit has passed; asking why */
};

/* ---- errors */

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

const char *road_machine_error(const struct road_machine *machine)
{
	return err_message(&machine->error);
}

/* ---- for the other parts */

struct board *board_of(struct road_machine *machine)
{
	return &machine->board;
}

struct engine *machine_engine(struct road_machine *machine)
{
	return &machine->engine;
}

struct agent *machine_agent(struct road_machine *machine)
{
	return machine->agent;
}

struct trace *machine_trace(struct road_machine *machine)
{
	return &machine->engine.trace;
}

struct dt *machine_dt(struct road_machine *machine)
{
	return &machine->dt;
}

struct road_device **machine_devices(struct road_machine *machine)
{
	return &machine->devices;
}

const char *machine_root(const struct road_machine *machine)
{
	return machine->root;
}

const char *machine_modules(const struct road_machine *machine)
{
	return machine->kernel.modules;
}

int machine_i2c_irq(const struct road_machine *machine, unsigned int addr,
		    unsigned int *line, unsigned int *type)
{
	if (machine->state == MACHINE_NEW)
		return -ENOENT;
	return dt_i2c_irq(&machine->dt, addr, line, type);
}

bool machine_is_new(const struct road_machine *machine)
{
	return machine->state == MACHINE_NEW;
}

/* ---- the end of the guest */

/* Why, with how the kernel's process ended and what it said last. */
static void machine_explain_end(struct road_machine *machine)
{
	struct road_error *fatal = &machine->engine.fatal;
	char how[128];
	char *log;

	if (!uml_describe_end(&machine->uml,
			      fatal->code == -ROAD_EGONE ? 500 : 0, how,
			      sizeof(how)))
		err_append(fatal, "; its kernel %s", how);
	/* It may have printed its reasons after its last message. */
	if (machine->console_source.fd >= 0)
		machine->console_source.ready(&machine->console_source);
	/* Once it has booted, how it did that is no longer news. */
	log = klog_since(&machine->klog, machine->boot_mark, END_LOG_LINES);
	if (log && *log)
		err_append(fatal, "\nthe kernel's log ends with:\n%s", log);
	free(log);
}

/* The guest has ended, or is ended now. Return: -ROAD_EGONE or the code. */
static int machine_end(struct road_machine *machine)
{
	struct road_error *fatal = &machine->engine.fatal;

	if (machine->state == MACHINE_UP || machine->state == MACHINE_NEW) {
		machine->state = MACHINE_GONE;
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
	return machine_error(machine, fatal->code, "%s", err_message(fatal));
}

static int machine_gone(struct road_machine *machine)
{
	return machine_error(machine, -ROAD_EGONE,
			     "the machine has ended: %s",
			     err_message(&machine->engine.fatal));
}

int machine_may_call(struct road_machine *machine)
{
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

/* What the guest is doing, for a call that does not end. */
static void machine_explain_limit(struct road_machine *machine,
				  struct road_error *error)
{
	char *calls = agent_describe(machine->agent);
	char *stacks = NULL;

	if (calls && *calls)
		err_append(error, "\ncalls under way:\n%s", calls);
	free(calls);
	machine->explaining = true;
	machine->limit_ns = STACKS_LIMIT_NS;
	if (!road_stacks(machine, &stacks)) {
		err_append(error, "\nblocked tasks:\n%s", stacks);
		free(stacks);
	}
	machine->explaining = false;
}

static int machine_limit(struct road_machine *machine, enum engine_end end,
			 const char *what, uint64_t limit_ns)
{
	struct road_error error = {};
	char where[200];

	switch (end) {
	case ENGINE_LIMIT:
		err_set(&error, -ROAD_ELIMIT,
			"%s: not finished after %.3f s of virtual time", what,
			limit_ns / 1e9);
		break;
	case ENGINE_IDLE:
		err_set(&error, -ROAD_ELIMIT,
			"%s: the guest sleeps for ever: no timer of guest, model or test is left that could wake it",
			what);
		break;
	case ENGINE_SIGNAL:
		err_set(&error, -EINTR, "%s: interrupted by a signal", what);
		break;
	default:
		err_set(&error, -ROAD_ELIMIT,
			"%s: the guest was busy for %.1f s of wall time and has not finished: an endless loop? Or is it more than fits into one call?",
			what, machine->engine.wall_limit_ms / 1e3);
		if (!uml_where(machine->uml.pid, machine->kernel.image, where,
			       sizeof(where)))
			err_append(&error, " Its kernel is %s.", where);
	}
	if ((end == ENGINE_LIMIT || end == ENGINE_IDLE) &&
	    !machine->explaining)
		machine_explain_limit(machine, &error);
	if (machine->explaining)
		return err_move(&machine->error, &error);
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
	return ret;
}

static int machine_run(struct road_machine *machine,
		       bool (*done)(const void *arg), const void *arg,
		       const char *what, uint64_t limit_ns)
{
	uint64_t now = machine->engine.cal.now;
	uint64_t limit = limit_ns > INT64_MAX - now ? INT64_MAX - 2 :
						      now + limit_ns;
	enum engine_end end = engine_run(&machine->engine, done, arg, limit);

	switch (end) {
	case ENGINE_DONE:
		return 0;
	case ENGINE_GONE:
		return machine_end(machine);
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

static int machine_run_call(struct agent_transport *transport,
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

static bool machine_interrupted(struct engine *engine)
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

/* ---- the agent's channels */

static int machine_send(struct agent_transport *transport, unsigned int port,
			const void *data, size_t len)
{
	struct road_machine *machine = road_container_of(transport,
							 struct road_machine,
							 transport);

	return con_send(&machine->console, port, data, len);
}

static int machine_add_port(struct agent_transport *transport,
			    unsigned int port)
{
	struct road_machine *machine = road_container_of(transport,
							 struct road_machine,
							 transport);

	return con_add_port(&machine->console, port);
}

static void machine_receive(struct con_dev *con, unsigned int port,
			    const void *data, size_t len)
{
	struct road_machine *machine = con->vu.engine->machine;

	if (agent_receive(machine->agent, port, data, len))
		engine_fail(&machine->engine, -ROAD_EPROTO, "%s",
			    err_message(&machine->error));
}

static void machine_opened(struct con_dev *con, unsigned int port, bool open)
{
	struct road_machine *machine = con->vu.engine->machine;

	agent_port_open(machine->agent, port, open);
}

/* ---- the kernel's console and its death */

static void machine_console(struct loop_source *source)
{
	struct road_machine *machine = road_container_of(source,
							 struct road_machine,
							 console_source);
	char buf[16384];
	ssize_t n;

	while ((n = read(source->fd, buf, sizeof(buf))) > 0)
		klog_feed(&machine->klog, buf, n);
	if (!n)
		loop_close(&machine->engine.loop, source);
}

static void machine_death(struct loop_source *source)
{
	struct road_machine *machine = road_container_of(source,
							 struct road_machine,
							 death_source);

	engine_fail(&machine->engine, -ROAD_EGONE, "the guest has ended");
}

/* ---- boot */

static int machine_listen(struct road_machine *machine)
{
	const struct {
		const char *name;
		struct vu_dev *dev;
	} devices[] = {
		{ "console", &machine->console.vu },
		{ "gpio", &machine->board.gpio.vu },
		{ "i2c", &machine->board.i2c.vu },
	};
	char path[128];
	size_t i;
	int ret;

	snprintf(path, sizeof(path), "%s/calendar.sock", machine->uml.dir);
	ret = cal_listen(&machine->engine.cal, path);
	for (i = 0; !ret && i < sizeof(devices) / sizeof(devices[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", machine->uml.dir,
			 devices[i].name);
		ret = vu_listen(devices[i].dev, path);
	}
	return ret ? err_move(&machine->error, &machine->engine.fatal) : 0;
}

static int machine_build_tree(struct road_machine *machine, const char *dtb)
{
	struct road_i2c_chip *chip;
	unsigned int line, type;
	int ret;

	ret = dt_build(&machine->dt, machine->kernel.include,
		       machine->uml.dir, machine->uml.dir, dtb,
		       &machine->error);
	if (ret)
		return ret;
	i2c_set_hertz(&machine->board.i2c, dt_i2c_hertz(&machine->dt));
	for (chip = machine->board.chips; chip; chip = chip->next)
		if (chip->irq_line < 0 &&
		    !dt_i2c_irq(&machine->dt, chip->addr, &line, &type))
			board_connect_irq(chip, line, type);
	return 0;
}

static int machine_start(struct road_machine *machine, const char *dtb)
{
	char calendar[128];
	struct uml_config config = {
		.image = machine->kernel.image,
		.dtb = dtb,
		.calendar = calendar,
		.mem_mib = machine->config.mem_mib ? machine->config.mem_mib :
						     machine->kernel.mem_mib,
		.seed = machine->config.seed,
		.seccomp = machine->kernel.seccomp,
		.pin = !(machine->config.flags & ROAD_NO_PIN),
		.autoprobe = machine->config.flags & ROAD_AUTOPROBE,
		.args = machine->config.kernel_args,
	};
	struct road_error *error = &machine->error;
	struct loop *loop = &machine->engine.loop;
	int ret;

	snprintf(calendar, sizeof(calendar), "%s/calendar.sock",
		 machine->uml.dir);
	ret = uml_start(&machine->uml, &config, error);
	if (ret)
		return ret;
	ret = loop_add(loop, &machine->console_source,
		       fcntl(machine->uml.console_fd, F_DUPFD_CLOEXEC, 3),
		       LOOP_CONSOLE, error);
	if (!ret)
		ret = loop_add(loop, &machine->death_source,
			       fcntl(machine->uml.pidfd, F_DUPFD_CLOEXEC, 3),
			       LOOP_DEATH, error);
	return ret;
}

static bool machine_ready(const void *arg)
{
	return agent_ready(arg);
}

static int machine_prepare(struct road_machine *machine, char *dtb,
			   size_t size)
{
	int ret = kernel_find(&machine->kernel, machine->config.kernel,
			      &machine->error);

	if (!ret)
		ret = uml_make_dir(&machine->uml, &machine->error);
	if (ret)
		return ret;
	snprintf(dtb, size, "%s/board.dtb", machine->uml.dir);
	if (asprintf(&machine->root, "%s/root", machine->uml.dir) < 0) {
		machine->root = NULL;
		return err_nomem(&machine->error);
	}
	ret = machine_build_tree(machine, dtb);
	if (ret)
		return ret;
	machine->agent = agent_create(machine, &machine->transport,
				      &machine->error);
	if (!machine->agent)
		return machine->error.code;
	/* The agent waits for these two. */
	if (con_add_port(&machine->console, PROTO_PORT_SUPERVISOR) ||
	    con_add_port(&machine->console, PROTO_PORT_WORKER))
		return err_nomem(&machine->error);
	return machine_listen(machine);
}

int road_machine_boot(struct road_machine *machine)
{
	char dtb[128];
	uint64_t start;
	int ret;

	if (machine->state != MACHINE_NEW)
		return machine_error(machine, -ROAD_EUSAGE,
				     "the machine has been booted already");
	if (machine->engine.fatal.code)
		return machine_end(machine);
	ret = machine_prepare(machine, dtb, sizeof(dtb));
	start = engine_wall_ns();
	if (!ret)
		ret = machine_start(machine, dtb);
	if (ret) {
		engine_fail(&machine->engine, ret, "%s",
			    err_message(&machine->error));
		return machine_end(machine);
	}
	machine->state = MACHINE_UP;
	ret = machine_run(machine, machine_ready, machine->agent, "boot",
			  BOOT_LIMIT_NS);
	machine->boot_ns = engine_wall_ns() - start;
	machine->boot_mark = klog_mark(&machine->klog);
	return ret;
}

/* ---- life */

static int machine_copy_config(struct road_machine *machine,
			       const struct road_machine_config *config)
{
	if (!config)
		return 0;
	machine->config = *config;
	machine->config.kernel = config->kernel ? strdup(config->kernel) : NULL;
	machine->config.kernel_args =
		config->kernel_args ? strdup(config->kernel_args) : NULL;
	return (config->kernel && !machine->config.kernel) ||
			       (config->kernel_args &&
				!machine->config.kernel_args) ?
		       -ENOMEM :
		       0;
}

struct road_machine *
road_machine_create(const struct road_machine_config *config)
{
	struct road_machine *machine = calloc(1, sizeof(*machine));
	const char *no_free_until, *debug;
	struct engine *engine;

	if (!machine)
		return NULL;
	engine = &machine->engine;
	machine->thread = pthread_self();
	machine->console_source = (struct loop_source){
		.fd = -1, .ready = machine_console };
	machine->death_source = (struct loop_source){
		.fd = -1, .ready = machine_death };
	machine->transport = (struct agent_transport){
		.send = machine_send,
		.add_port = machine_add_port,
		.run = machine_run_call,
	};
	uml_init(&machine->uml);
	if (machine_copy_config(machine, config)) {
		free(machine);
		return NULL;
	}
	no_free_until = getenv("ROADTEST_FREE_UNTIL");
	if (no_free_until && !strcmp(no_free_until, "0"))
		machine->config.flags |= ROAD_NO_FREE_UNTIL;
	debug = getenv("ROADTEST_DEBUG");
	if (debug && !strcmp(debug, "1"))
		machine->config.flags |= ROAD_DEBUG;
	/* Their errors show at boot. */
	engine_init(engine, machine, machine->config.seed);
	engine->cal.use_free_until =
		!(machine->config.flags & ROAD_NO_FREE_UNTIL);
	engine->debug = machine->config.flags & ROAD_DEBUG;
	engine->interrupted = machine_interrupted;
	engine->wall_limit_ms = machine->config.wall_limit_ms ?
					machine->config.wall_limit_ms :
					DEFAULT_WALL_LIMIT_MS;
	machine->call_limit_ns = machine->config.call_limit_ns ?
					 machine->config.call_limit_ns :
					 DEFAULT_CALL_LIMIT_NS;
	klog_init(&machine->klog, &engine->cal.now);
	dt_init(&machine->dt, machine->config.seed);
	board_init(&machine->board, engine);
	con_init(&machine->console, engine);
	machine->console.receive = machine_receive;
	machine->console.opened = machine_opened;
	return machine;
}

void road_machine_destroy(struct road_machine *machine)
{
	if (!machine)
		return;
	engine_fail(&machine->engine, -ROAD_EGONE, "the machine was destroyed");
	/* Without its clock the guest ends by itself, and at once. */
	cal_close(&machine->engine.cal);
	uml_kill(&machine->uml);
	loop_close(&machine->engine.loop, &machine->console_source);
	loop_close(&machine->engine.loop, &machine->death_source);
	device_free_all(machine);
	con_deinit(&machine->console);
	board_deinit(&machine->board);
	agent_destroy(machine->agent);
	uml_deinit(&machine->uml, machine->config.flags & ROAD_KEEP);
	engine_deinit(&machine->engine);
	klog_deinit(&machine->klog);
	dt_deinit(&machine->dt);
	kernel_deinit(&machine->kernel);
	err_clear(&machine->error);
	free((char *)machine->config.kernel);
	free((char *)machine->config.kernel_args);
	free(machine->root);
	free(machine);
}

bool road_machine_is_up(const struct road_machine *machine)
{
	return machine->state == MACHINE_UP && !machine->engine.fatal.code;
}

const char *road_machine_dir(const struct road_machine *machine)
{
	return machine->uml.dir;
}

const char *road_machine_kernel(const struct road_machine *machine)
{
	return machine->kernel.dir;
}

const char *road_machine_release(const struct road_machine *machine)
{
	return machine->kernel.release;
}

uint64_t road_machine_boot_ns(const struct road_machine *machine)
{
	return machine->boot_ns;
}

pid_t road_machine_pid(const struct road_machine *machine)
{
	return machine->uml.pid;
}

int road_add_fragment(struct road_machine *machine,
		      struct road_fragment *fragment)
{
	if (machine->state != MACHINE_NEW)
		return machine_error(machine, -ROAD_EUSAGE,
				     "the devicetree is fixed once the machine is booted; add fragments before");
	return dt_add_fragment(&machine->dt, fragment, &machine->error);
}

/* ---- log, oracles, trace */

size_t road_log_mark(const struct road_machine *machine)
{
	return klog_mark(&machine->klog);
}

size_t road_log_boot_mark(const struct road_machine *machine)
{
	return machine->boot_mark;
}

char *road_log_since(const struct road_machine *machine, size_t mark)
{
	return klog_since(&machine->klog, mark, 0);
}

int road_expect_log(struct road_machine *machine, const char *regex)
{
	return klog_expect(&machine->klog, regex, &machine->error);
}

void road_test_begin(struct road_machine *machine, const char *name)
{
	klog_test_begin(&machine->klog);
	trace_note(&machine->engine.trace, name);
}

int road_test_end(struct road_machine *machine)
{
	int ret = 0;

	if (machine->state == MACHINE_GONE)
		return machine_gone(machine);
	if (machine->state == MACHINE_UP)
		ret = road_settle(machine);
	/* The first error counts, but its reports are not the next test's. */
	if (ret)
		klog_test_end(&machine->klog, NULL);
	else
		ret = klog_test_end(&machine->klog, &machine->error);
	return ret;
}

size_t road_trace_count(const struct road_machine *machine)
{
	return trace_count(&machine->engine.trace);
}

const struct road_record *road_trace_get(const struct road_machine *machine,
					 size_t i)
{
	return trace_get(&machine->engine.trace, i);
}

void road_trace_note(struct road_machine *machine, const char *text)
{
	trace_note(&machine->engine.trace, text);
}

char *road_trace_text(const struct road_machine *machine, size_t from)
{
	return trace_text(&machine->engine.trace, from);
}

char *road_trace_json(const struct road_machine *machine, size_t from)
{
	return trace_json(&machine->engine.trace, from);
}
