// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * failure.c - what a test says: failures, logs, why it is skipped
 *
 * Failures are counted in memory that the harness shares with the test, so that
 * none is lost: not that of a process that the test forked, of a thread, or of
 * an exit handler. What is left of them after a known bug is judged at the
 * test's end; meanwhile each is printed as it happens.
 */
#include "machine.h"
#include "test.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void run_count(unsigned int *counter, unsigned int num)
{
	__atomic_add_fetch(counter, num, __ATOMIC_SEQ_CST);
}

bool run_is_elsewhere(const struct road_test_run *run)
{
	return getpid() != run->pid || !pthread_equal(pthread_self(),
						      run->thread);
}

/* To the harness, also when the test has closed its standard error. */
static void run_say(const struct road_test_run *run, const char *text)
{
	struct stat st;

	fflush(stdout);
	/* The test may have closed it, and opened another file since. */
	if (run->say_fd >= 0 && !fstat(run->say_fd, &st) &&
	    st.st_ino == run->say_ino)
		dprintf(run->say_fd, "%s\n", text);
	else
		fprintf(stderr, "%s\n", text);
}

/* For the reports of a run: @text is one of every machine's steps. */
static void run_step(struct road_test_run *run, enum road_step step,
		     const char *text, const char *file, int line)
{
	for (struct run_machine *m = run->machines;
	     m && getpid() == run->pid; m = m->next)
		road_test_step(m->machine, step, text, file, line);
}

static bool run_is_known(const struct road_test_run *run, const char *message)
{
	return run->has_known_bug &&
	       !regexec(&run->known_bug, message, 0, NULL, 0);
}

void run_failure(struct road_test_run *run, const char *message,
		 struct machine_trouble *trouble)
{
	bool known = run_is_known(run, message) ||
		     (trouble && run_is_known(run, trouble->message));

	run_say(run, message);
	/* What a crash leads to counts once, with all that fails by it. */
	if (!trouble || !trouble->told)
		run_count(&run->outcome->failures, 1);
	if (known && (!trouble || !trouble->matched))
		run_count(&run->outcome->matched, 1);
	if (trouble) {
		trouble->told = true;
		trouble->matched |= known;
	}
}

/* @trouble: which the failure is about; may be NULL. */
static void run_vfailure(struct road_test_run *run,
			 struct machine_trouble *trouble, const char *file,
			 int line, const char *fmt, va_list ap)
{
	char *text, *message;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	if (asprintf(&message, "%s:%d: %s", file, line, text) < 0)
		abort();
	run_count(&run->outcome->checks, 1);
	run_step(run, ROAD_STEP_FAILED, text, file, line);
	run_failure(run, message, trouble);
	free(message);
	free(text);
}

void run_fail_about(struct road_test_run *run, struct machine_trouble *trouble,
		    const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	run_vfailure(run, trouble, file, line, fmt, ap);
	va_end(ap);
}

void road_test_fail(struct road_test_run *_metadata, const char *file,
		    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	run_vfailure(_metadata, NULL, file, line, fmt, ap);
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

/* Of the test as a whole nobody else may speak. */
static bool run_refuse(struct road_test_run *run, const char *what)
{
	const char *why = NULL;

	if (getpid() != run->pid)
		why = "in a process that the test forked: it is for the test itself";
	else if (run_is_elsewhere(run))
		why = "in a thread of the test: it is for the test itself";
	else if (!run->running || run->phase == ROAD_TEST_TEARDOWN)
		why = "when the test has run: it is for what comes behind it";
	if (why)
		run_fail_about(run, NULL, run->tc->test->file,
			       run->tc->test->line, "%s %s", what, why);
	return why;
}

void road_test_skip(struct road_test_run *_metadata, const char *fmt, ...)
{
	struct test_outcome *outcome = _metadata->outcome;
	va_list ap;

	if (run_refuse(_metadata, "SKIP()"))
		return;
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

	if (run_refuse(_metadata, "KNOWN_BUG()"))
		return;
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
