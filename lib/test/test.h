/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test.h - the parts of the C test harness
 *
 * harness.c	the parent: options, one child after the other, time limit
 * run.c	the child: one test with its machines and its assertions
 * crash.c	the child's handler of fatal signals
 * ktap.c	output
 */
#ifndef LIB_TEST_TEST_H
#define LIB_TEST_TEST_H

#include <roadtest/harness.h>

#include <signal.h>
#include <stdio.h>

/* One run of a test: with one variant, or NULL. */
struct test_case {
	const struct road_test *test;
	const struct road_variant *variant;
	char *id;
	bool selected;
};

/* How the child tells the parent; in memory that both share. */
struct test_outcome {
	bool finished;		/* the test came to its end */
	bool failed;
	bool skipped;
	bool known_bug;
	char reason[256];	/* of a skip or a known bug */
};

/* --- run.c */

/* Run one case in this process. What it prints goes to stderr and stdout. */
void test_run_case(const struct test_case *tc, struct test_outcome *outcome);

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
