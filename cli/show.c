// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * show.c - results on standard output, for people
 *
 * A run of many rounds is short: what did not pass, and a line for each round.
 */
#include "run.h"

#include <stdlib.h>

static void print_lines(const struct strings *lines, const char *indent)
{
	for (size_t i = 0; lines && i < lines->num; i++)
		printf("%s%s\n", indent, lines->items[i]);
}

static void print_entry_lines(struct report *report,
			      const struct entry *entry, const char *indent)
{
	struct strings lines = { 0 };

	report_lines(report, entry, &lines);
	print_lines(&lines, indent);
	strings_deinit(&lines);
}

/* What roadtest has to say of a test that did not fail. */
static void print_warnings(struct report *report, const struct entry *entry,
			   const char *indent)
{
	struct strings lines = { 0 };

	report_lines(report, entry, &lines);
	for (size_t i = 0; i < lines.num; i++)
		if (starts_with(lines.items[i], "warning: "))
			printf("%s%s\n", indent, lines.items[i]);
	strings_deinit(&lines);
}

static void show_program(const struct report *report, struct program *program)
{
	if (program->begun)
		return;
	program->begun = true;
	printf("%s", program->shown);
	if (report->options.rounds != 1)
		printf(" (round %u)", program->round);
	putchar('\n');
}

/* ------------------------------------------------------------------------
 * A test
 */

static void print_test(struct report *report, const struct entry *entry)
{
	static const struct { const char *word; enum colour colour; } words[] = {
		[RESULT_PASS] = { "ok", COLOUR_GREEN },
		[RESULT_FAIL] = { "FAIL", COLOUR_RED },
		[RESULT_SKIP] = { "skip", COLOUR_YELLOW },
		[RESULT_KNOWN] = { "known", COLOUR_YELLOW },
		[RESULT_FLAKY] = { "FLAKY", COLOUR_RED },
		[RESULT_NOT_RUN] = { "NORUN", COLOUR_RED },
	};
	enum result result = entry->result;

	printf("  %s%-5s%s %s", colour(stdout, words[result].colour),
	       words[result].word, colour(stdout, COLOUR_NONE), entry->id);
	if (entry->reason && *entry->reason)
		printf(" (%s)", entry->reason);
	if (entry->ms >= 100)
		printf(" %s%lld ms%s", colour(stdout, COLOUR_DIM),
		       (long long)entry->ms, colour(stdout, COLOUR_NONE));
	putchar('\n');
	if (result == RESULT_FAIL || result == RESULT_FLAKY ||
	    result == RESULT_NOT_RUN)
		print_entry_lines(report, entry, "        ");
	else
		print_warnings(report, entry, "        ");
}

void show_test(struct report *report, struct program *program,
	       const struct entry *entry)
{
	bool brief = report->options.rounds != 1;

	report->round_counts[entry->result]++;
	if (brief && entry->result == RESULT_PASS)
		return;
	if (brief && program->round > 1 && (entry->result == RESULT_SKIP ||
					    entry->result == RESULT_KNOWN))
		return;
	show_program(report, program);
	print_test(report, entry);
}

/* ------------------------------------------------------------------------
 * Ends
 */

/* ", 3 skipped", unless there are none. */
static void print_counts(const unsigned int *counts)
{
	static const char *const words[NUM_RESULTS] = {
		[RESULT_FLAKY] = "flaky",
		[RESULT_NOT_RUN] = "did not run",
		[RESULT_KNOWN] = "known bugs",
		[RESULT_SKIP] = "skipped",
	};
	static const enum result order[] = {
		RESULT_FLAKY, RESULT_NOT_RUN, RESULT_KNOWN, RESULT_SKIP,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (counts[order[i]])
			printf(", %u %s", counts[order[i]], words[order[i]]);
}

void show_trouble(struct report *report, struct program *program)
{
	if (!program->trouble.num)
		return;
	show_program(report, program);
	print_lines(&program->trouble, "  ");
}

static bool is_last_of_round(const struct report *report)
{
	const struct programs *programs = report->programs;
	size_t next = report->head + 1;

	return next == programs->num || programs->items[next]->round >
					programs->items[report->head]->round;
}

static void show_round_end(struct report *report,
			   const struct program *program)
{
	unsigned int *counts = report->round_counts;

	printf("round %u", program->round);
	if (program->seeded)
		printf(", seed %llu", (unsigned long long)program->seed);
	printf(": %u passed, %u failed", counts[RESULT_PASS],
	       counts[RESULT_FAIL]);
	print_counts(counts);
	putchar('\n');
	for (int i = 0; i < NUM_RESULTS; i++)
		counts[i] = 0;
}

void show_program_end(struct report *report, struct program *program)
{
	show_trouble(report, program);
	if (report->options.rounds != 1 && is_last_of_round(report))
		show_round_end(report, program);
}

/* Programs whose tests nobody knows; in each round they are the same. */
static unsigned int count_unlisted(const struct report *report)
{
	const struct programs *programs = report->programs;
	unsigned int count = 0;

	for (size_t i = 0; i < programs->num; i++)
		count += programs->items[i]->unlisted &&
			 programs->items[i]->round == programs->items[0]->round;
	return count;
}

void show_end(const struct report *report)
{
	unsigned int unlisted = count_unlisted(report);
	const unsigned int *counts = report->counts;
	int64_t ms = now_ms() - report->begin;
	bool bad = report_is_bad(report) || counts[RESULT_NOT_RUN] ||
		   report->unlisted || report->unfinished;

	printf("\n%s%u passed, %u failed%s",
	       colour(stdout, bad ? COLOUR_RED : COLOUR_GREEN),
	       counts[RESULT_PASS], counts[RESULT_FAIL],
	       colour(stdout, COLOUR_NONE));
	print_counts(counts);
	if (unlisted)
		printf(", no tests known of %u program%s", unlisted,
		       unlisted == 1 ? "" : "s");
	if (report->left_out)
		printf(", %u left out after the failure", report->left_out);
	printf(" in %lld.%02lld s", (long long)ms / 1000,
	       (long long)ms % 1000 / 10);
	if (report->options.seed && report->options.rounds == 1)
		printf(", --seed %s", report->options.seed);
	putchar('\n');
	fflush(stdout);
}
