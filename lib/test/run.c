// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - one test: its fixture, its machines, its failures
 *
 * Runs in the child. Failures are collected and judged at the end, since
 * KNOWN_BUG() may accept one of them; meanwhile each is printed as it happens.
 */
#include "device.h"
#include "machine.h"
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How much stack the functions of a test use at most. */
#define TEST_STACK (1 << 20)
/* At the end of a failed test the kernel's last words are shown. */
#define LOG_BYTES 4000

struct run_machine {
	struct run_machine *next;
	struct road_machine *machine;
	size_t log_mark;
};

/* struct road_test_run - a test that runs, `_metadata` in its functions */
struct road_test_run {
	const struct test_case *tc;
	struct test_outcome *outcome;
	struct run_machine *machines;		/* newest first */
	jmp_buf bail;
	const void *frame;			/* of what bail leads to */
	unsigned int failures, matched;
	bool has_known_bug;
	regex_t known_bug;
};

const char *road_test_name(const struct road_test_run *_metadata)
{
	return _metadata->tc->id;
}

/* The models of a test may be variables of the function that ends here: take
 * them off their boards while they are still there. */
void road_test_bail(struct road_test_run *_metadata)
{
	struct run_machine *m;

	for (m = _metadata->machines; m; m = m->next)
		machine_forget(m->machine, __builtin_frame_address(0),
			       _metadata->frame);
	longjmp(_metadata->bail, 1);
}

/* For the reports of a run: @text is one of every machine's steps. */
static void run_step(struct road_test_run *run, enum road_step step,
		     const char *text, const char *file, int line)
{
	for (struct run_machine *m = run->machines; m; m = m->next)
		road_test_step(m->machine, step, text, file, line);
}

/* A failure with its message, which may have several lines. */
static void run_failure(struct road_test_run *run, const char *message)
{
	run->failures++;
	if (run->has_known_bug &&
	    !regexec(&run->known_bug, message, 0, NULL, 0))
		run->matched++;
	fflush(stdout);
	fprintf(stderr, "%s\n", message);
}

static void run_vfailure(struct road_test_run *run, const char *file, int line,
			 const char *fmt, va_list ap)
{
	char *text, *message;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	if (asprintf(&message, "%s:%d: %s", file, line, text) < 0)
		abort();
	run_step(run, ROAD_STEP_FAILED, text, file, line);
	run_failure(run, message);
	free(message);
	free(text);
}

void road_test_fail(struct road_test_run *_metadata, const char *file,
		    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	run_vfailure(_metadata, file, line, fmt, ap);
	va_end(ap);
}

void road_test_log(struct road_test_run *_metadata, const char *file, int line,
		   const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	run_step(_metadata, ROAD_STEP_LOG, text, file, line);
	free(text);
}

void road_test_skip(struct road_test_run *_metadata, const char *fmt, ...)
{
	struct test_outcome *outcome = _metadata->outcome;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(outcome->reason, sizeof(outcome->reason), fmt, ap);
	va_end(ap);
	outcome->skipped = true;
}

void road_test_known_bug(struct road_test_run *_metadata, const char *file,
			 int line, const char *regex, const char *reason)
{
	char why[128];
	int rc;

	if (_metadata->has_known_bug) {
		road_test_fail(_metadata, file, line,
			       "KNOWN_BUG() stands twice in one test");
		return;
	}
	rc = regcomp(&_metadata->known_bug, regex, REG_EXTENDED | REG_NOSUB);
	if (rc) {
		regerror(rc, &_metadata->known_bug, why, sizeof(why));
		road_test_fail(_metadata, file, line,
			       "KNOWN_BUG(): bad regular expression \"%s\": %s",
			       regex, why);
		return;
	}
	_metadata->has_known_bug = true;
	snprintf(_metadata->outcome->reason,
		 sizeof(_metadata->outcome->reason), "%s", reason);
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

/* Ask the oracles of every machine, newest first, and end it. */
static void run_end_machines(struct road_test_run *run)
{
	while (run->machines) {
		struct run_machine *entry = run->machines;
		unsigned int before = run->failures;
		/* One that was never booted has nothing to tell. */
		bool booted = road_machine_dir(entry->machine);

		if (booted && road_test_end(entry->machine))
			run_failure(run, road_machine_error(entry->machine));
		else if (booted && before)
			run_print_log(entry);
		run_print_warnings(entry);
		run_write_trace(entry, road_test_name(run));
		run->machines = entry->next;
		road_machine_destroy(entry->machine);
		free(entry);
	}
}

/* ------------------------------------------------------------------------
 * Assertions
 */

/* -1, 0, 1; signed and unsigned are compared by value. */
static int value_order(struct road_value a, struct road_value b)
{
	bool a_negative = a.kind == ROAD_VALUE_SIGNED && a.i < 0;
	bool b_negative = b.kind == ROAD_VALUE_SIGNED && b.i < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	/* Of equal sign, two's complement orders as unsigned does. */
	return a.u < b.u ? -1 : a.u > b.u;
}

/* @errno_wanted: the author speaks of error codes, so name them. */
static void value_text(struct road_value value, bool errno_wanted, char *buf,
		       size_t size)
{
	switch (value.kind) {
	case ROAD_VALUE_POINTER:
		if (value.p)
			snprintf(buf, size, "%p", (const void *)value.p);
		else
			snprintf(buf, size, "NULL");
		break;
	case ROAD_VALUE_UNSIGNED:
		if (value.u > 9)
			snprintf(buf, size, "%" PRIu64 " (0x%" PRIx64 ")",
				 value.u, value.u);
		else
			snprintf(buf, size, "%" PRIu64, value.u);
		break;
	case ROAD_VALUE_SIGNED:
		if (errno_wanted && value.i < 0 && value.i > -8192)
			snprintf(buf, size, "%" PRId64 " (%s)", value.i,
				 road_strerror(value.i));
		else if (value.i > 9)
			snprintf(buf, size, "%" PRId64 " (0x%" PRIx64 ")",
				 value.i, value.u);
		else
			snprintf(buf, size, "%" PRId64, value.i);
		break;
	}
}

/* What the machines say of their last error; "" if nothing. */
static const char *run_machine_error(const struct road_test_run *run)
{
	for (const struct run_machine *m = run->machines; m; m = m->next)
		if (*road_machine_error(m->machine))
			return road_machine_error(m->machine);
	return "";
}

bool road_test_compare(struct road_test_run *_metadata,
		       const struct road_where *where,
		       enum road_comparison comparison,
		       struct road_value expected, struct road_value seen)
{
	static const char *const names[] = {
		[ROAD_CMP_EQ] = "==", [ROAD_CMP_NE] = "!=",
		[ROAD_CMP_LT] = "<",  [ROAD_CMP_LE] = "<=",
		[ROAD_CMP_GT] = ">",  [ROAD_CMP_GE] = ">=",
	};
	int order = value_order(expected, seen);
	const bool holds[] = {
		[ROAD_CMP_EQ] = order == 0, [ROAD_CMP_NE] = order != 0,
		[ROAD_CMP_LT] = order < 0,  [ROAD_CMP_LE] = order <= 0,
		[ROAD_CMP_GT] = order > 0,  [ROAD_CMP_GE] = order >= 0,
	};
	const char *first = where->expected ? where->expected : "";
	bool errors = strstr(first, "-E") || strstr(first, "-ROAD_E") ||
		      !strcmp(first, "0");
	char left[64], right[64];

	if (holds[comparison])
		return true;
	value_text(expected, errors, left, sizeof(left));
	value_text(seen, errors, right, sizeof(right));
	road_test_fail(_metadata, where->file, where->line,
		       "%s(%s%s%s): %s %s %s does not hold", where->macro,
		       first, *first ? ", " : "", where->seen, left,
		       names[comparison], right);
	return false;
}

bool road_test_truth(struct road_test_run *_metadata,
		     const struct road_where *where, bool expected, bool seen)
{
	if (seen == expected)
		return true;
	road_test_fail(_metadata, where->file, where->line, "%s(%s): it is %s",
		       where->macro, where->seen, seen ? "true" : "false");
	return false;
}

/* A string as a C literal, or NULL; the caller frees. */
static char *string_text(const char *s)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (!s) {
		fputs("NULL", out);
		fclose(out);
		return text;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
	fclose(out);
	return text;
}

bool road_test_strings(struct road_test_run *_metadata,
		       const struct road_where *where, bool equal,
		       const char *expected, const char *seen)
{
	bool same = expected && seen ? !strcmp(expected, seen) :
				       expected == seen;
	char *left, *right;

	if (same == equal)
		return true;
	left = string_text(expected);
	right = string_text(seen);
	road_test_fail(_metadata, where->file, where->line,
		       "%s(%s, %s): %s %s %s does not hold", where->macro,
		       where->expected, where->seen, left, equal ? "==" : "!=",
		       right);
	free(left);
	free(right);
	return false;
}

bool road_test_ok(struct road_test_run *_metadata,
		  const struct road_where *where, int64_t result)
{
	const char *message;

	if (result >= 0)
		return true;
	message = run_machine_error(_metadata);
	road_test_fail(_metadata, where->file, where->line,
		       "%s(%s): %" PRId64 " (%s)%s%s", where->macro,
		       where->seen, result,
		       result > -8192 ? road_strerror(result) : "?",
		       *message ? ": " : "", message);
	return false;
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
			    "a model, timer or watch that is a variable of the test is still in use at its end: detach it before, or make it a member of the fixture");
		run->outcome->failed = run->outcome->finished = true;
		fflush(NULL);
		_exit(0);
	}
}

/* Run one phase. Return: did it come to its end? */
static bool run_phase(struct road_test_run *run, enum road_test_phase phase,
		      void *self)
{
	const struct road_variant *variant = run->tc->variant;

	run->frame = __builtin_frame_address(0);
	if (setjmp(run->bail))
		return false;
	run->tc->test->run(run, phase, self, variant ? variant->data : NULL);
	run_check_stack(run);
	return true;
}

static void run_judge(struct road_test_run *run)
{
	struct test_outcome *outcome = run->outcome;

	outcome->failed = run->failures > 0;
	if (run->has_known_bug && !outcome->skipped) {
		if (!run->failures)
			fprintf(stderr, "fixed? The known bug did not show: %s\n",
				outcome->reason);
		else if (run->failures > 1)
			fprintf(stderr, "%u failures, a known bug explains one\n",
				run->failures);
		else if (!run->matched)
			fprintf(stderr, "not the known bug: %s\n",
				outcome->reason);
		outcome->known_bug = run->failures == 1 && run->matched == 1;
		outcome->failed = !outcome->known_bug;
	}
	outcome->finished = true;
}

void test_run_case(const struct test_case *tc, struct test_outcome *outcome)
{
	struct road_test_run run = { .tc = tc, .outcome = outcome };
	bool fixture = tc->test->fixture;
	void *self = calloc(1, tc->test->size ? tc->test->size : 1);

	if (!self)
		abort();
	if (!fixture || run_phase(&run, ROAD_TEST_SETUP, self)) {
		if (!outcome->skipped)
			run_phase(&run, ROAD_TEST_BODY, self);
		if (fixture)
			run_phase(&run, ROAD_TEST_TEARDOWN, self);
	}
	run_end_machines(&run);
	run_judge(&run);
	if (run.has_known_bug)
		regfree(&run.known_bug);
	free(self);
	fflush(NULL);
}
