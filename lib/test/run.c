// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - one test: its fixture, its machines, its end
 *
 * Runs in the child. Failures are judged at the end, since KNOWN_BUG() may
 * accept one of them.
 */
#include "device.h"
#include "machine.h"
#include "test.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much stack the functions of a test use at most. */
#define TEST_STACK (1 << 20)
/* At the end of a failed test the kernel's last words are shown. */
#define LOG_BYTES 4000

const char *road_test_name(const struct road_test_run *_metadata)
{
	return _metadata->tc->id;
}

/*
 * An assertion ends what it stands in: a process that the test forked, a
 * thread, an exit handler, or else the phase of the test. The models of a test
 * may be variables of the function that ends here: take them off their boards
 * while they are still there.
 */
void road_test_bail(struct road_test_run *_metadata)
{
	struct run_machine *m;

	if (getpid() != _metadata->pid || !_metadata->running) {
		fflush(NULL);
		_exit(1);
	}
	if (run_is_elsewhere(_metadata))
		pthread_exit(NULL);
	for (m = _metadata->machines; m; m = m->next) {
		machine_abandon(m->machine);
		machine_forget(m->machine, __builtin_frame_address(0),
			       _metadata->frame);
	}
	longjmp(_metadata->bail, 1);
}

/* ------------------------------------------------------------------------
 * Machines
 */

struct road_machine *
road_test_machine(struct road_test_run *_metadata,
		  const struct road_machine_config *config)
{
	struct road_machine_config own = config ? *config :
						  (struct road_machine_config){};
	struct run_machine *entry = calloc(1, sizeof(*entry));
	const char *seed = getenv("ROADTEST_SEED");

	if (getpid() != _metadata->pid) {
		road_test_fail(_metadata, _metadata->tc->test->file,
			       _metadata->tc->test->line,
			       "road_test_machine() in a process that the test forked: nobody would ask its oracles");
		road_test_bail(_metadata);
	}
	if (!own.seed && seed)
		own.seed = strtoull(seed, NULL, 0);
	if (entry)
		entry->machine = road_machine_create(&own);
	if (!entry || !entry->machine) {
		free(entry);
		road_test_fail(_metadata, __FILE__, __LINE__,
			       "no memory for a machine");
		road_test_bail(_metadata);
	}
	machine_keep(entry->machine, true);
	entry->next = _metadata->machines;
	_metadata->machines = entry;
	road_test_begin(entry->machine, road_test_name(_metadata));
	entry->log_mark = road_log_mark(entry->machine);
	return entry->machine;
}

static void run_print_log(const struct run_machine *entry)
{
	size_t boot = road_log_boot_mark(entry->machine);
	char *log = road_log_since(entry->machine, boot > entry->log_mark ?
							   boot :
							   entry->log_mark);
	const char *tail = log;

	if (log && *log) {
		if (strlen(log) > LOG_BYTES) {
			tail = strchr(log + strlen(log) - LOG_BYTES, '\n');
			tail = tail ? tail + 1 : log;
		}
		fprintf(stderr, "kernel log%s:\n%s",
			tail == log ? "" : " (its end)", tail);
	}
	free(log);
}

/* For ROADTEST_TRACE=DIR: the trace into a file of the test. */
static void run_write_trace(const struct run_machine *entry, const char *test)
{
	const char *dir = getenv("ROADTEST_TRACE");
	char path[PATH_MAX];
	char *text;
	FILE *f;

	if (!dir || !*dir)
		return;
	text = road_trace_text(entry->machine, 0);
	snprintf(path, sizeof(path), "%s/%s.trace", dir, test);
	f = fopen(path, "a");
	if (!text || !f || fputs(text, f) < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (f)
		fclose(f);
	free(text);
}

static void run_print_warnings(const struct run_machine *entry)
{
	const char *warning;

	for (struct road_device *device = *machine_devices(entry->machine);
	     device; device = device_next(device)) {
		warning = road_device_warning(device);
		if (warning)
			fprintf(stderr, "warning: %s\n", warning);
	}
}

/* What went wrong and the test did not expect. */
static void run_troubles(struct road_test_run *run,
			 struct road_machine *machine)
{
	struct machine_trouble *trouble;
	char *message;

	for (trouble = machine_troubles(machine); trouble;
	     trouble = trouble->next) {
		if (trouble->told || trouble->taken >= trouble->count)
			continue;
		if (asprintf(&message,
			     "a call returned %s, and the test went on: %s",
			     road_strerror(trouble->code),
			     trouble->message) < 0)
			abort();
		run_failure(run, message, trouble);
		free(message);
	}
}

/* A call that nobody waited for may block for ever. */
static void run_blocked(struct road_test_run *run,
			struct road_machine *machine)
{
	char *calls = machine_blocked(machine), *message;

	if (!calls)
		return;
	if (asprintf(&message,
		     "a call still blocks at the end of the test: %s; wait for it, or end it with road_call_signal()",
		     calls) < 0)
		abort();
	run_failure(run, message, NULL);
	free(message);
	free(calls);
}

/* Undo what the test bound and loaded, and wait for what that leaves behind. */
static void run_aftermath(struct road_test_run *run,
			  struct road_machine *machine)
{
	int ret;

	if (!road_machine_is_up(machine))
		return;
	ret = machine_undo(machine);
	if (!ret)
		ret = road_aftermath(machine, ROAD_AFTER_ALL_NS);
	if (ret)
		run_failure(run, road_machine_error(machine),
			    machine_trouble_of(machine, ret));
}

/* Faults that have not struck; not those of a test that ended before. What
 * comes now, and the undoing, must not meet them. */
static void run_faults(struct road_test_run *run, struct road_machine *machine)
{
	bool ended = run->cut || run->outcome->skipped ||
		     (machine_is_gone(machine) && !road_end_expected(machine));

	if (road_faults_end(machine) && !ended)
		run_failure(run, road_machine_error(machine), NULL);
}

/* Ask the oracles of a machine. */
static void run_ask(struct road_test_run *run, struct road_machine *machine)
{
	unsigned int reports;
	int ret;

	run_faults(run, machine);
	/* Before the undoing, which may end it. */
	if (road_machine_is_up(machine) && !road_settle(machine))
		run_blocked(run, machine);
	run_aftermath(run, machine);
	/* It is the harness that asks now, and tells. */
	machine_keep(machine, false);
	ret = road_test_end(machine);
	reports = ret == -ROAD_EORACLE ? machine_reports(machine) : 0;
	/* What is not among the troubles below. */
	if (ret == -ROAD_EORACLE || (ret && !machine_trouble_of(machine, ret)))
		run_failure(run, road_machine_error(machine), NULL);
	/* The message is about all of them; a known bug explains one. */
	if (reports > 1)
		run_count(&run->outcome->failures, reports - 1);
	run_troubles(run, machine);
}

/* Ask the oracles of every machine, newest first, and end it. */
static void run_end_machines(struct road_test_run *run)
{
	while (run->machines) {
		struct run_machine *entry = run->machines;
		unsigned int before = run->outcome->failures;
		/* One that was never booted has nothing to tell. */
		bool booted = road_machine_dir(entry->machine);

		run->asked |= booted;
		if (booted)
			run_ask(run, entry->machine);
		else
			run_troubles(run, entry->machine);
		machine_keep(entry->machine, false);
		if (booted && before && run->outcome->failures == before &&
		    !machine_is_gone(entry->machine))
			run_print_log(entry);
		run_print_warnings(entry);
		run_write_trace(entry, road_test_name(run));
		run->machines = entry->next;
		road_machine_destroy(entry->machine);
		free(entry);
	}
}

/* ------------------------------------------------------------------------
 * The run
 */

/*
 * The function that has returned left a model behind that was a variable of it.
 * Where that stood is somebody else's memory now, and so is what the machine
 * would do with it: the test ends here. The guest dies with this process.
 */
static void run_check_stack(struct road_test_run *run)
{
	const struct run_machine *m;

	for (m = run->machines; m; m = m->next) {
		if (!machine_holds(m->machine,
				   (const char *)run->frame - TEST_STACK,
				   run->frame))
			continue;
		run_failure(run,
			    "a model, timer or watch that is a variable of the test is still in use at its end: detach it before, or make it a member of the fixture",
			    NULL);
		run->outcome->finished = true;
		fflush(NULL);
		_exit(0);
	}
}

/* A process that the test forked has left its function. What comes now is not
 * for it: the tear-down, and to say how the test ended. */
static void run_check_process(struct road_test_run *run)
{
	if (getpid() == run->pid)
		return;
	run_fail_about(run, NULL, run->tc->test->file, run->tc->test->line,
		       "a process that the test forked came back from it: end it with _exit()");
	fflush(NULL);
	_exit(1);
}

/* Run one phase. Return: did it come to its end? */
static bool run_phase(struct road_test_run *run, enum road_test_phase phase,
		      void *self)
{
	const struct road_variant *variant = run->tc->variant;

	run->frame = __builtin_frame_address(0);
	run->phase = phase;
	run->running = true;
	if (setjmp(run->bail)) {
		run->running = false;
		run->cut = true;
		return false;
	}
	run->tc->test->run(run, phase, self, variant ? variant->data : NULL);
	run_check_process(run);
	run_check_stack(run);
	run->running = false;
	return true;
}

/* Has the test looked at anything? */
static void run_check_checks(struct road_test_run *run)
{
	const struct test_outcome *outcome = run->outcome;

	if (outcome->checks || outcome->failures || outcome->skipped ||
	    run->has_known_bug || run->asked)
		return;
	run_failure(run,
		    "no assertion ran, and there was no machine to ask: this test can't fail",
		    NULL);
}

static void run_judge(struct road_test_run *run)
{
	struct test_outcome *outcome = run->outcome;
	unsigned int failures;

	run_check_checks(run);
	failures = outcome->failures;
	outcome->failed = failures > 0;
	if (run->has_known_bug && !outcome->skipped) {
		if (!failures)
			fprintf(stderr, "fixed? The known bug did not show: %s\n",
				outcome->reason);
		else if (failures > 1)
			fprintf(stderr, "%u failures, a known bug explains one\n",
				failures);
		else if (!outcome->matched)
			fprintf(stderr, "not the known bug: %s\n",
				outcome->reason);
		outcome->known_bug = failures == 1 && outcome->matched == 1;
		outcome->failed = !outcome->known_bug;
	}
	outcome->judged = failures;
	outcome->finished = true;
}

/* For as long as the process lives: exit handlers of the test may use it. */
static struct road_test_run *run_create(const struct test_case *tc, int say_fd)
{
	struct road_test_run *run = calloc(1, sizeof(*run));
	struct stat st;

	if (!run)
		abort();
	run->tc = tc;
	run->outcome = tc->outcome;
	run->pid = getpid();
	run->thread = pthread_self();
	run->say_fd = -1;
	if (say_fd >= 0 && !fstat(say_fd, &st)) {
		run->say_fd = say_fd;
		run->say_ino = st.st_ino;
	}
	return run;
}

void test_run_case(const struct test_case *tc, int say_fd)
{
	/* Where the leak checker finds it. */
	static struct road_test_run *run;
	bool fixture = tc->test->fixture;
	void *self = calloc(1, tc->test->size ? tc->test->size : 1);

	if (!self)
		abort();
	run = run_create(tc, say_fd);
	if (!fixture || run_phase(run, ROAD_TEST_SETUP, self)) {
		if (!tc->outcome->skipped)
			run_phase(run, ROAD_TEST_BODY, self);
		if (fixture)
			run_phase(run, ROAD_TEST_TEARDOWN, self);
	}
	run_end_machines(run);
	run_judge(run);
	free(self);
	fflush(NULL);
}
