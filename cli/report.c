// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report.c - show results: for people, or as one stream of KTAP
 *
 * Tests run in any order, and several at once; they are shown in the order of
 * the plan, each as soon as those before it are. In KTAP each program is a
 * test and its tests are subtests.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void report_begin(struct report *report, bool ktap, struct programs *programs)
{
	*report = (struct report){ .ktap = ktap, .programs = programs,
				   .begin = now_ms() };
	if (ktap)
		printf("KTAP version 1\n1..%zu\n", programs->num);
	fflush(stdout);
}

/* ------------------------------------------------------------------------
 * What is known
 */

static struct entry *entry_add(struct program *program, const char *id)
{
	struct entry *entry;

	program->entries = xrealloc(program->entries, program->num_entries + 1,
				    sizeof(*program->entries));
	entry = &program->entries[program->num_entries++];
	*entry = (struct entry){ .id = text("%s", id) };
	return entry;
}

/* Results come mostly in order, so the search goes on where the last ended. */
static size_t entry_find(const struct program *program, const char *id)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		size_t at = (program->hint + i) % program->num_entries;

		if (!strcmp(program->entries[at].id, id))
			return at;
	}
	return program->num_entries;
}

bool report_has(const struct program *program, const char *id)
{
	size_t at = entry_find(program, id);

	return at < program->num_entries && program->entries[at].done;
}

/* ------------------------------------------------------------------------
 * Showing it
 */

static void print_lines(const struct strings *lines, const char *indent)
{
	for (size_t i = 0; lines && i < lines->num; i++)
		printf("%s%s\n", indent, lines->items[i]);
}

static void print_test_ktap(const struct entry *entry, size_t number)
{
	static const char *const directives[] = {
		[RESULT_SKIP] = "SKIP",
		[RESULT_KNOWN] = "known bug:",
	};
	bool directed = entry->result == RESULT_SKIP ||
			entry->result == RESULT_KNOWN;

	printf("    # start %s\n", entry->id);
	print_lines(&entry->lines, "    # ");
	printf("    %sok %zu %s", entry->result == RESULT_FAIL ? "not " : "",
	       number, entry->id);
	if (directed)
		printf(" # %s %s", directives[entry->result],
		       entry->reason ? entry->reason : "");
	putchar('\n');
}

static void print_test_text(const struct entry *entry)
{
	static const struct { const char *word; enum colour colour; } words[] = {
		[RESULT_PASS] = { "ok", COLOUR_GREEN },
		[RESULT_FAIL] = { "FAIL", COLOUR_RED },
		[RESULT_SKIP] = { "skip", COLOUR_YELLOW },
		[RESULT_KNOWN] = { "known", COLOUR_YELLOW },
	};

	printf("  %s%-5s%s %s", colour(stdout, words[entry->result].colour),
	       words[entry->result].word, colour(stdout, COLOUR_NONE),
	       entry->id);
	if (entry->reason && *entry->reason)
		printf(" (%s)", entry->reason);
	if (entry->ms >= 100)
		printf(" %s%lld ms%s", colour(stdout, COLOUR_DIM),
		       (long long)entry->ms, colour(stdout, COLOUR_NONE));
	putchar('\n');
	if (entry->result == RESULT_FAIL)
		print_lines(&entry->lines, "        ");
}

static void print_begin(struct report *report, struct program *program)
{
	if (program->begun)
		return;
	program->begun = true;
	if (report->ktap)
		printf("# Subtest: %s\n    KTAP version 1\n", program->path);
	else
		printf("%s\n", program->path);
}

/* The next test that is done; @any: also behind one that is not. */
static struct entry *next_entry(struct program *program, bool any)
{
	while (program->printed < program->num_entries) {
		struct entry *entry = &program->entries[program->printed];

		if (!entry->done && !any)
			return NULL;
		program->printed++;
		if (entry->done)
			return entry;
	}
	return NULL;
}

static void print_tests(struct report *report, struct program *program,
			bool any)
{
	struct entry *entry;

	if (program->num_entries)
		print_begin(report, program);
	while ((entry = next_entry(program, any))) {
		if (report->ktap)
			print_test_ktap(entry, program->printed);
		else
			print_test_text(entry);
		if (!report->reports)
			strings_deinit(&entry->lines);
	}
}

static void print_trouble(struct report *report, struct program *program)
{
	if (!program->trouble.num)
		return;
	print_begin(report, program);
	print_lines(&program->trouble, report->ktap ? "    # " : "  ");
}

static void print_end(struct report *report, struct program *program)
{
	if (!program->num_entries && !program->trouble.num) {
		if (report->ktap)
			printf("ok %zu %s # SKIP no test of it was asked for\n",
			       report->head + 1, program->path);
		return;
	}
	print_begin(report, program);
	print_tests(report, program, true);
	print_trouble(report, program);
	if (!report->ktap)
		return;
	/* The plan may stand behind the results. */
	printf("    1..%zu\n%sok %zu %s\n", program->num_entries,
	       program->failed ? "not " : "", report->head + 1, program->path);
}

static void report_show(struct report *report)
{
	struct programs *programs = report->programs;

	progress_end();
	while (report->head < programs->num) {
		struct program *program = &programs->items[report->head];

		print_tests(report, program, program->ended);
		if (!program->ended)
			break;
		print_end(report, program);
		report->head++;
	}
	fflush(stdout);
}

void report_rest(struct report *report)
{
	progress_end();
	for (; report->head < report->programs->num; report->head++) {
		struct program *program =
			&report->programs->items[report->head];

		for (size_t i = program->printed; i < program->num_entries; i++)
			if (program->entries[i].done)
				print_begin(report, program);
		if (program->begun)
			print_tests(report, program, true);
		print_trouble(report, program);
	}
	fflush(stdout);
}

/* ------------------------------------------------------------------------
 * News
 */

static void report_count(struct report *report, struct program *program,
			 enum result result)
{
	unsigned int *const counts[] = {
		[RESULT_PASS] = &report->passed,
		[RESULT_FAIL] = &report->failed,
		[RESULT_SKIP] = &report->skipped,
		[RESULT_KNOWN] = &report->known,
	};

	++*counts[result];
	if (result == RESULT_FAIL)
		program->failed = true;
}

void report_test(struct report *report, struct program *program,
		 const struct stream_test *test)
{
	size_t at = entry_find(program, test->id);
	struct entry *entry;

	if (at < program->num_entries && !program->entries[at].done) {
		entry = &program->entries[at];
		program->hint = at + 1;
	} else {
		if (program->planned)
			report_trouble(report, program, NULL,
				       at < program->num_entries ?
				       "it has two results for %s" :
				       "it has a result for %s, which is no test of its list",
				       test->id);
		entry = entry_add(program, test->id);
	}
	entry->done = true;
	entry->result = test->result;
	entry->reason = test->reason ? text("%s", test->reason) : NULL;
	entry->ms = test->ms;
	entry->journal = test->journal ? text("%s", test->journal) : NULL;
	for (size_t i = 0; test->lines && i < test->lines->num; i++)
		strings_add(&entry->lines, text("%s", test->lines->items[i]));
	report_count(report, program, test->result);
	report_show(report);
}

void report_plan(struct report *report, struct program *program)
{
	program->planned = true;
	for (size_t i = 0; i < program->ids.num; i++)
		entry_add(program, program->ids.items[i]);
	for (; program->refused && program->next < program->ids.num;
	     program->next++) {
		const struct stream_test test = {
			.result = RESULT_SKIP,
			.id = program->ids.items[program->next],
			.reason = program->refused,
		};

		report_test(report, program, &test);
	}
}

void report_trouble(struct report *report, struct program *program,
		    const struct strings *lines, const char *fmt, ...)
{
	char *what;
	va_list ap;

	program->failed = report->trouble = true;
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	va_end(ap);
	for (size_t i = 0; lines && i < lines->num; i++)
		strings_add(&program->trouble,
			    text("%s%s", report->ktap ? "" : "      ",
				 lines->items[i]));
	for (size_t i = 0; report->reports && lines && i < lines->num; i++)
		strings_add(&program->errors, text("%s", lines->items[i]));
	if (report->reports)
		strings_add(&program->errors, text("%s", what));
	strings_add(&program->trouble,
		    report->ktap ? text("%s: %s", program->path, what) :
				   text("%sERROR%s %s",
					colour(stdout, COLOUR_RED),
					colour(stdout, COLOUR_NONE), what));
	free(what);
}

void report_program_end(struct report *report, struct program *program)
{
	program->ended = true;
	report_show(report);
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
