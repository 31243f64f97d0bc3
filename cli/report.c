// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report.c - show results: for people, or as one stream of KTAP
 *
 * In KTAP each program is a test and its tests are subtests.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>

void report_begin(struct report *report, bool ktap, unsigned int programs)
{
	*report = (struct report){ .ktap = ktap, .plan = programs,
				   .begin = now_ms() };
	if (ktap)
		printf("KTAP version 1\n1..%u\n", programs);
	fflush(stdout);
}

void report_program(struct report *report, const char *path)
{
	report->current = path;
	report->programs++;
	report->tests = 0;
	report->program_failed = false;
	if (report->ktap)
		printf("# Subtest: %s\n    KTAP version 1\n", path);
	else
		printf("%s\n", path);
	fflush(stdout);
}

static void print_lines(const struct strings *lines, const char *indent)
{
	for (size_t i = 0; lines && i < lines->num; i++)
		printf("%s%s\n", indent, lines->items[i]);
}

static void report_test_ktap(struct report *report,
			     const struct stream_test *test)
{
	static const char *const directives[] = {
		[RESULT_SKIP] = "SKIP",
		[RESULT_KNOWN] = "known bug:",
	};
	bool directed = test->result == RESULT_SKIP ||
			test->result == RESULT_KNOWN;

	printf("    # start %s\n", test->id);
	print_lines(test->lines, "    # ");
	printf("    %sok %u %s", test->result == RESULT_FAIL ? "not " : "",
	       report->tests, test->id);
	if (directed)
		printf(" # %s %s", directives[test->result],
		       test->reason ? test->reason : "");
	putchar('\n');
}

static void report_test_text(const struct stream_test *test)
{
	static const struct { const char *word; enum colour colour; } words[] = {
		[RESULT_PASS] = { "ok", COLOUR_GREEN },
		[RESULT_FAIL] = { "FAIL", COLOUR_RED },
		[RESULT_SKIP] = { "skip", COLOUR_YELLOW },
		[RESULT_KNOWN] = { "known", COLOUR_YELLOW },
	};

	printf("  %s%-5s%s %s", colour(stdout, words[test->result].colour),
	       words[test->result].word, colour(stdout, COLOUR_NONE),
	       test->id);
	if (test->reason && *test->reason)
		printf(" (%s)", test->reason);
	if (test->ms >= 100)
		printf(" %s%lld ms%s", colour(stdout, COLOUR_DIM),
		       (long long)test->ms, colour(stdout, COLOUR_NONE));
	putchar('\n');
	if (test->result == RESULT_FAIL)
		print_lines(test->lines, "        ");
}

void report_test(struct report *report, const struct stream_test *test)
{
	unsigned int *const counts[] = {
		[RESULT_PASS] = &report->passed,
		[RESULT_FAIL] = &report->failed,
		[RESULT_SKIP] = &report->skipped,
		[RESULT_KNOWN] = &report->known,
	};

	report->tests++;
	++*counts[test->result];
	if (test->result == RESULT_FAIL)
		report->program_failed = true;
	if (report->ktap)
		report_test_ktap(report, test);
	else
		report_test_text(test);
	fflush(stdout);
}

void report_trouble(struct report *report, const struct strings *lines,
		    const char *fmt, ...)
{
	char *what;
	va_list ap;

	report->program_failed = report->trouble = true;
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (report->ktap) {
		print_lines(lines, "    # ");
		printf("    # %s: %s\n", report->current, what);
	} else {
		print_lines(lines, "        ");
		printf("  %sERROR%s %s\n", colour(stdout, COLOUR_RED),
		       colour(stdout, COLOUR_NONE), what);
	}
	fflush(stdout);
	free(what);
}

void report_program_end(struct report *report)
{
	if (!report->ktap)
		return;
	/* The plan may stand behind the results. */
	printf("    1..%u\n%sok %u %s\n", report->tests,
	       report->program_failed ? "not " : "", report->programs,
	       report->current);
	fflush(stdout);
}

unsigned int report_tests(const struct report *report)
{
	return report->passed + report->failed + report->skipped +
	       report->known;
}

int report_end(struct report *report)
{
	int64_t ms = now_ms() - report->begin;
	bool bad = report->failed || report->trouble;

	if (!report->ktap) {
		printf("\n%s%u passed, %u failed%s",
		       colour(stdout, bad ? COLOUR_RED : COLOUR_GREEN),
		       report->passed, report->failed,
		       colour(stdout, COLOUR_NONE));
		if (report->known)
			printf(", %u known bugs", report->known);
		if (report->skipped)
			printf(", %u skipped", report->skipped);
		printf(" in %lld.%02lld s\n", (long long)ms / 1000,
		       (long long)ms % 1000 / 10);
	}
	fflush(stdout);
	if (report->not_run)
		return CLI_NOT_RUN;
	return bad ? CLI_FAILED : CLI_OK;
}
