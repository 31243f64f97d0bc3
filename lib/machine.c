// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine: puts guest, board, clock and agent together
 */
#include "coverage.h"
#include "device.h"
#include "gdb.h"
#include "machine-parts.h"
#include "missing-option.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CALL_LIMIT_NS (100 * ROAD_S)
#define DEFAULT_WALL_LIMIT_MS 30000
#define DEFAULT_MESSAGE_LIMIT 20000
#define DEBUGGED_WALL_LIMIT_MS 1000000000	/* days: a debugger has it */

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

const char *road_machine_cut(const struct road_machine *machine)
{
	return machine->engine.cut;
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

struct journal *machine_journal(struct road_machine *machine)
{
	return &machine->engine.journal;
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
	return dt_i2c_irq(&machine->dt, addr, line, type);
}

unsigned int machine_transfer(const struct road_machine *machine)
{
	return machine->board.i2c.started_num;
}

void machine_cut(struct road_machine *machine, unsigned int transfer,
		 const char *who)
{
	if (machine_transfer(machine) == transfer)
		i2c_cut(&machine->board.i2c, who);
}

bool machine_is_new(const struct road_machine *machine)
{
	return machine->state == MACHINE_NEW;
}

/* ---- life */

static void machine_free_config(struct road_machine *machine)
{
	free((char *)machine->config.kernel);
	free((char *)machine->config.kernel_args);
}

static int machine_copy_config(struct road_machine *machine,
			       const struct road_machine_config *config)
{
	if (!config)
		return 0;
	machine->config = *config;
	machine->config.kernel = config->kernel ? strdup(config->kernel) : NULL;
	machine->config.kernel_args =
		config->kernel_args ? strdup(config->kernel_args) : NULL;
	if ((config->kernel && !machine->config.kernel) ||
	    (config->kernel_args && !machine->config.kernel_args)) {
		machine_free_config(machine);
		return -ENOMEM;
	}
	return 0;
}

static bool env_is(const char *name, const char *value)
{
	const char *text = getenv(name);

	return text && !strcmp(text, value);
}

/* A number of the environment, times @unit; @fallback if there is none. */
static uint64_t env_number(const char *name, uint64_t unit, uint64_t fallback)
{
	const char *text = getenv(name);
	double number = text ? strtod(text, NULL) : 0;

	return number > 0 && number < 1e9 ? number * unit : fallback;
}

static void machine_init_engine(struct road_machine *machine)
{
	struct road_machine_config *config = &machine->config;
	struct engine *engine = &machine->engine;

	if (env_is("ROADTEST_FREE_UNTIL", "0"))
		config->flags |= ROAD_NO_FREE_UNTIL;
	if (env_is("ROADTEST_CALENDAR_PAGE", "0"))
		config->flags |= ROAD_NO_PAGE;
	if (env_is("ROADTEST_DEBUG", "1"))
		config->flags |= ROAD_DEBUG;
	/* Its errors show at boot. */
	engine_init(engine, machine, config->seed);
	engine->cal.use_free_until = !(config->flags & ROAD_NO_FREE_UNTIL);
	engine->cal.use_page = !(config->flags & ROAD_NO_PAGE);
	engine->debug = config->flags & ROAD_DEBUG;
	engine->interrupted = machine_interrupted;
	engine->wall_limit_ms =
		config->wall_limit_ms ?
			config->wall_limit_ms :
			env_number("ROADTEST_WALL_LIMIT", 1000,
				   DEFAULT_WALL_LIMIT_MS);
	engine->message_limit = config->message_limit ?
					config->message_limit :
					env_number("ROADTEST_MESSAGE_LIMIT", 1,
						   DEFAULT_MESSAGE_LIMIT);
	if (gdb_wanted())
		engine->wall_limit_ms = DEBUGGED_WALL_LIMIT_MS;
	machine->call_limit_ns = config->call_limit_ns ?
					 config->call_limit_ns :
					 env_number("ROADTEST_CALL_LIMIT",
						    ROAD_S,
						    DEFAULT_CALL_LIMIT_NS);
}

struct road_machine *
road_machine_create(const struct road_machine_config *config)
{
	struct road_machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return NULL;
	if (machine_copy_config(machine, config)) {
		free(machine);
		return NULL;
	}
	machine->thread = pthread_self();
	machine->process = getpid();
	uml_init(&machine->uml);
	machine_init_engine(machine);
	klog_init(&machine->klog, &machine->engine.cal.known);
	machine->klog.journal = &machine->engine.journal;
	dt_init(&machine->dt, machine->config.seed);
	board_init(&machine->board, &machine->engine);
	con_init(&machine->console, &machine->engine);
	machine_init_channels(machine);
	return machine;
}

void road_machine_destroy(struct road_machine *machine)
{
	if (!machine)
		return;
	/* A copy that came with fork(): sockets, rings and the guest itself
	 * are the other process's still, and to free alone is not worth it. */
	if (machine->process != getpid())
		return;
	/* The callback returns into what would be freed. */
	if (machine->engine.in_model) {
		engine_fail(&machine->engine, -ROAD_EUSAGE,
			    "a model's callback destroyed the machine, which waits for it; do it in the test");
		return;
	}
	if (machine->kept) {
		engine_fail(&machine->engine, -ROAD_EUSAGE,
			    "road_machine_destroy() of a machine of road_test_machine(), which ends with the test");
		return;
	}
	coverage_take(machine);
	/* This end is none to be told. */
	journal_deinit(&machine->engine.journal);
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
	machine_troubles_free(machine);
	machine_free_config(machine);
	free(machine->root);
	free(machine);
}

void machine_forget(struct road_machine *machine, const void *from,
		    const void *to)
{
	board_forget(&machine->board, from, to);
	cal_forget(&machine->engine.cal, from, to);
}

bool machine_holds(const struct road_machine *machine, const void *from,
		   const void *to)
{
	return board_holds(&machine->board, from, to) ||
	       cal_find_in(&machine->engine.cal, from, to);
}

bool road_machine_is_up(const struct road_machine *machine)
{
	return machine->state == MACHINE_UP && !machine->engine.fatal.code;
}

const char *road_machine_dir(const struct road_machine *machine)
{
	return machine->uml.dir;
}

const char *road_machine_kernel(struct road_machine *machine)
{
	return machine_find_kernel(machine) ? NULL : machine->kernel.dir;
}

const char *road_machine_release(const struct road_machine *machine)
{
	return machine->kernel.release;
}

bool road_machine_older(struct road_machine *machine, const char *release)
{
	return road_machine_kernel(machine) &&
	       strverscmp(machine->kernel.release, release) < 0;
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

const char *road_missing_option(struct road_machine *machine, const char *path)
{
	return missing_option(road_machine_kernel(machine), path);
}

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

size_t road_log_test_mark(const struct road_machine *machine)
{
	return machine->klog.test_start;
}

int road_report_next(struct road_machine *machine, size_t *mark,
		     struct road_report *report)
{
	struct klog_report lines;
	int ret;

	klog_flush(&machine->klog);
	if (!klog_next_report(&machine->klog, *mark, &lines))
		return 0;
	ret = klog_report_parts(&machine->klog, &lines, report);
	if (ret)
		return err_nomem(&machine->error);
	*mark = lines.end;
	return 1;
}

int road_expect_log(struct road_machine *machine, const char *regex)
{
	return klog_expect(&machine->klog, regex, &machine->error);
}

int road_expect_logged(struct road_machine *machine, const char *regex,
		       size_t mark)
{
	return klog_expect_logged(&machine->klog, regex, mark, &machine->error);
}

void road_test_begin(struct road_machine *machine, const char *name)
{
	if (klog_test_begin(&machine->klog))
		machine->boot_mark = 0;
	engine_cut(&machine->engine, NULL);
	machine->expect_off = false;
	journal_put(&machine->engine.journal, "test", "id", name);
	trace_note(&machine->engine.trace, name);
}

int road_faults_end(struct road_machine *machine)
{
	return board_faults_end(&machine->board, &machine->error);
}

int road_test_end_gone(struct road_machine *machine)
{
	int ret;

	if (machine->state != MACHINE_GONE)
		return road_test_end(machine);
	/* Of a limit that has passed no report is a part. */
	if (machine->crashed)
		ret = klog_crash_end(&machine->klog, &machine->error);
	else
		ret = klog_test_end(&machine->klog, &machine->error);
	journal_put(&machine->engine.journal, "end", ret ? "error" : NULL,
		    err_message(&machine->error));
	return ret;
}

bool road_end_expected(struct road_machine *machine)
{
	return (machine->expect_off && road_machine_is_off(machine)) ||
	       (machine->crashed && klog_end_expected(&machine->klog));
}

/* Did the guest end with a report that the test expects, or a power-off? */
static bool machine_end_expected(struct road_machine *machine)
{
	struct machine_trouble *end;

	if (machine->state != MACHINE_GONE ||
	    machine->engine.fatal.code != -ROAD_EGONE)
		return false;
	if (!(machine->expect_off && road_machine_is_off(machine)) &&
	    !klog_end_expected(&machine->klog))
		return false;
	end = machine_trouble_of(machine, -ROAD_EGONE);
	if (end)
		end->taken = end->count;
	return true;
}

int road_test_end(struct road_machine *machine)
{
	int ret = 0;

	if (machine->state == MACHINE_UP)
		ret = road_settle(machine);
	if (machine_end_expected(machine))
		ret = 0;
	else if (!ret && machine->state == MACHINE_GONE)
		return machine_gone(machine);
	else if (!ret && machine->expect_off)
		ret = machine_error(machine, -ROAD_EORACLE,
				    "the guest was not powered off, which the test expects");
	/* The first error counts, but its reports are not the next test's. */
	if (ret)
		klog_test_end(&machine->klog, NULL);
	else
		ret = klog_test_end(&machine->klog, &machine->error);
	if (ret)
		board_faults_end(&machine->board, NULL);
	else
		ret = board_faults_end(&machine->board, &machine->error);
	journal_put(&machine->engine.journal, "end", ret ? "error" : NULL,
		    err_message(&machine->error));
	/* Once told, these reports are not told again. */
	if (ret == -ROAD_EORACLE && machine->kept)
		machine_trouble_add(machine, false);
	return ret;
}

void road_test_step(struct road_machine *machine, enum road_step step,
		    const char *text, const char *file, int line)
{
	static const char *const names[] = {
		[ROAD_STEP_BEGIN] = "begin",   [ROAD_STEP_END] = "end",
		[ROAD_STEP_FAILED] = "failed", [ROAD_STEP_LOG] = "log",
	};
	FILE *out;

	if (step == ROAD_STEP_TEST) {
		journal_put(&machine->engine.journal, "test", "id", text);
		return;
	}
	out = journal_begin(&machine->engine.journal, "step");
	if (!out)
		return;
	text_put_json(out, "step", names[step]);
	text_put_json(out, "text", text);
	if (file) {
		text_put_json(out, "file", file);
		fprintf(out, ",\"line\":%d", line);
	}
	journal_end(&machine->engine.journal);
}

unsigned int machine_reports(const struct road_machine *machine)
{
	return machine->klog.unexpected;
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
