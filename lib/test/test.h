/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test.h - the parts of the C test harness
 *
 * harness.c	the parent: options, one child after the other, time limit
 * run.c	the child: one test with its machines
 * assert.c	its assertions
 * failure.c	what they count and say
 * crash.c	the child's handler of fatal signals
 * ktap.c	output
 */
#ifndef LIB_TEST_TEST_H
#define LIB_TEST_TEST_H

#include <roadtest/harness.h>

#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

/* One run of a test: with one variant, or NULL. */
struct test_case {
	const struct road_test *test;
	const struct road_variant *variant;
	char *id;
	bool selected;
	struct test_outcome *outcome;
	unsigned int failures;	/* of them, when its result was printed */
};

/* How the child tells the parent; in memory that both share, and with them
 * whatever the test forked. */
struct test_outcome {
	unsigned int failures;	/* atomic, as are the next two */
	unsigned int matched;	/* failures that are the known bug */
	unsigned int checks;	/* assertions that ran */
	unsigned int judged;	/* failures at the end of the test */
	bool finished;		/* the test came to its end */
	bool failed;
	bool skipped;
	bool known_bug;
	char reason[256];	/* of a skip or a known bug */
};

/* --- run.c */

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
	pid_t pid;				/* the test's, and its thread */
	pthread_t thread;
	enum road_test_phase phase;
	bool running;				/* a phase does, and it can bail */
	bool asked;				/* a machine's oracles were */
	bool cut;				/* a phase did not end by itself */
	jmp_buf bail;
	const void *frame;			/* of what bail leads to */
	int say_fd;				/* to the harness; -1: none */
	ino_t say_ino;
	bool has_known_bug;
	regex_t known_bug;
};

/* Run one case in this process. What it prints goes to stderr and stdout, its
 * failures to @say_fd if that is one. */
void test_run_case(const struct test_case *tc, int say_fd);

/* --- failure.c */

struct machine_trouble;

/* A counter of struct test_outcome. */
void run_count(unsigned int *counter, unsigned int num);
/* Is this a process that the test forked, or a thread that it started? */
bool run_is_elsewhere(const struct road_test_run *run);
/* A failure with its message, which may have several lines. @trouble: which it
 * is about, may be NULL: such failures count once. */
void run_failure(struct road_test_run *run, const char *message,
		 struct machine_trouble *trouble);
/* The same, of a place in the test. */
void run_fail_about(struct road_test_run *run, struct machine_trouble *trouble,
		    const char *file, int line, const char *fmt, ...)
	ROAD_PRINTF(5, 6);

/* --- crash.c */

/* The signal that asks a child for its stack and ends it. */
#define TEST_SIG_HANG SIGABRT

/* Print a backtrace on fatal signals, on a stack of its own, then die by the
 * signal. */
void test_crash_init(void);
/* Name the places of the "file(+0x123)" frames of @text on @out, as far as
 * addr2line knows them. */
void test_crash_symbolize(FILE *out, const char *text);

/* --- ktap.c */

/* A KTAP stream; flushed after each line. */
struct ktap {
	FILE *file;
	unsigned int count, failed;
	int64_t started_ns;	/* of the test that runs; monotonic */
	/* Text of a line whose end has not come yet. */
	char line[4096];
	size_t len;
};

void ktap_begin(struct ktap *ktap, FILE *file, unsigned int plan);
void ktap_start(struct ktap *ktap, const char *id);
/* Text of any form, in pieces of any size, as diagnostics. */
void ktap_output(struct ktap *ktap, const char *data, size_t len);
/* Ends a line of ktap_output(), if one is open. */
void ktap_output_end(struct ktap *ktap);
void ktap_diag(struct ktap *ktap, const char *fmt, ...) ROAD_PRINTF(2, 3);
/* @directive: "SKIP", "known bug:" or NULL; @reason goes with it. */
void ktap_result(struct ktap *ktap, bool ok, const char *id,
		 const char *directive, const char *reason);

#endif /* LIB_TEST_TEST_H */
