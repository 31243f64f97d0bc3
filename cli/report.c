// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report.c - what is known of each test
 *
 * Tests run in any order, several at once, some more than once. They are shown
 * in the order of the plan: each as soon as those before it are (show.c), or
 * each program when it has come to its end (ktap.c). A test that was to run has
 * one result in the end: one that never came is "did not run", and that is no
 * success.
 */
#include "run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void report_init(struct report *report, const struct report_options *options,
		 struct programs *programs)
{
	*report = (struct report){ .options = *options, .programs = programs,
				   .begin = now_ms() };
}

void report_deinit(struct report *report)
{
	spool_deinit(&report->spool);
}

void report_begin(struct report *report)
{
	if (report->options.ktap)
		ktap_begin(report);
}

/* ------------------------------------------------------------------------
 * Entries
 */

static struct entry *entry_add(struct program *program, const char *id)
{
	struct entry *entry;

	program->entries = xrealloc(program->entries, program->num_entries + 1,
				    sizeof(*program->entries));
	entry = &program->entries[program->num_entries++];
	*entry = (struct entry){ .id = text("%s", id), .expected = -1 };
	return entry;
}

/* The one that waits for a result, else the first of that id; NULL. Results
 * come mostly in order, so the search goes on where the last one ended. */
static struct entry *entry_find(struct program *program, const char *id)
{
	struct entry *found = NULL;

	for (size_t i = 0; i < program->num_entries; i++) {
		size_t at = (program->hint + i) % program->num_entries;

		if (strcmp(program->entries[at].id, id))
			continue;
		found = &program->entries[at];
		program->hint = at + 1;
		break;
	}
	return found;
}

bool report_has(struct program *program, const char *id)
{
	const struct entry *entry = entry_find(program, id);

	return entry && (entry->done || entry->again);
}

/* Tests that stand in the program's file, and that it can't run. */
static void report_norun(struct report *report, struct program *program)
{
	for (size_t i = 0; i < program->norun.num; i++) {
		struct entry *entry = entry_find(program,
						 program->norun.items[i]);
		struct strings lines = { 0 };
		const struct stream_test test = {
			.result = RESULT_NOT_RUN,
			.id = program->norun.items[i],
			.lines = &lines,
		};

		if (!entry || entry->done)
			continue;
		strings_add(&lines, text("did not run: %s",
					 program->norun_why.items[i]));
		report_test(report, program, &test);
		strings_deinit(&lines);
	}
}

void report_plan(struct report *report, struct program *program)
{
	program->planned = true;
	for (size_t i = 0; i < program->ids.num; i++) {
		struct entry *entry = entry_find(program, program->ids.items[i]);

		/* Of a run that began without a plan there may be results. */
		if (!entry)
			entry = entry_add(program, program->ids.items[i]);
		if (program->past)
			entry->expected = program->past[i].ms;
	}
	report_norun(report, program);
	program->hint = 0;
}

void report_lines(struct report *report, const struct entry *entry,
		  struct strings *lines)
{
	spool_get(&report->spool, &entry->first, lines);
	if (entry->last)
		strings_add(lines, text("tried again: %s at try %u",
					entry->last, entry->tries + 1));
	spool_get(&report->spool, &entry->lines, lines);
}

static void entry_done(struct report *report, struct program *program,
		       struct entry *entry, enum result result)
{
	entry->done = true;
	entry->again = false;
	entry->result = result;
	program->counts[result]++;
	report->counts[result]++;
	report->waiting++;
	program->failed |= result == RESULT_FAIL || result == RESULT_NOT_RUN ||
			   (result == RESULT_FLAKY &&
			    !report->options.allow_flaky);
}

/* A test that failed and was not tried again stays failed. */
static void program_settle(struct report *report, struct program *program)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		struct entry *entry = &program->entries[i];

		if (!entry->again)
			continue;
		entry->tries--;
		entry_done(report, program, entry, RESULT_FAIL);
	}
}

/* ------------------------------------------------------------------------
 * Showing it in order
 */

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

static void show_tests(struct report *report, struct program *program,
		       bool any)
{
	struct entry *entry;

	while ((entry = next_entry(program, any))) {
		show_test(report, program, entry);
		report->waiting--;
	}
}

static void report_show(struct report *report)
{
	struct programs *programs = report->programs;

	progress_end();
	while (report->head < programs->num) {
		struct program *program = programs->items[report->head];

		if (!report->options.ktap)
			show_tests(report, program, program->ended);
		if (!program->ended)
			break;
		if (report->options.ktap)
			report->waiting -= ktap_program(report, program,
							report->head + 1);
		else
			show_program_end(report, program);
		history_save(program);
		report->head++;
		if (!report->reports)
			program_trim(program);
	}
	if (!report->waiting && !report->reports)
		spool_empty(&report->spool);
	fflush(stdout);
}

void report_rest(struct report *report)
{
	progress_end();
	for (; report->head < report->programs->num; report->head++) {
		struct program *program =
			report->programs->items[report->head];

		program_settle(report, program);
		if (report->options.ktap) {
			ktap_interrupted(report, program);
		} else {
			show_tests(report, program, true);
			show_trouble(report, program);
		}
		history_save(program);
	}
	fflush(stdout);
}

/* ------------------------------------------------------------------------
 * News
 */

/* The entry that a result belongs to; a result that nobody waits for is
 * trouble. */
static struct entry *entry_for(struct report *report, struct program *program,
			       const char *id)
{
	struct entry *entry = entry_find(program, id);

	if (entry && !entry->done)
		return entry;
	program->strays += program->planned;
	if (program->planned)
		report_trouble(report, program, NULL, entry ?
			       "it has two results for %s" :
			       "it has a result for %s, which is no test of its list",
			       id);
	return entry_add(program, id);
}

/* @result ends several tries. Return: what that makes of them. A skip says
 * nothing about the failure, so it stays one. */
static enum result entry_tried(struct entry *entry, enum result result)
{
	static const char *const words[NUM_RESULTS] = {
		[RESULT_PASS] = "passed",
		[RESULT_FAIL] = "failed",
		[RESULT_SKIP] = "was skipped",
		[RESULT_KNOWN] = "showed a known bug",
		[RESULT_NOT_RUN] = "did not run",
	};

	entry->last = words[result];
	if (result == RESULT_FAIL || result == RESULT_NOT_RUN)
		return RESULT_FAIL;
	free(entry->reason);
	entry->reason = text("failed, then %s at try %u", entry->last,
			     entry->tries + 1);
	return result == RESULT_SKIP ? RESULT_FAIL : RESULT_FLAKY;
}

void report_test(struct report *report, struct program *program,
		 const struct stream_test *test)
{
	enum result result = test->result;
	bool fixture = result == RESULT_FAIL && is_fixture(program, test->id);
	struct entry *entry = fixture ? entry_find(program, test->id) : NULL;

	/* A module's, in each process that runs a part of it. */
	if (entry && entry->done)
		return;
	if (fixture && !entry)
		entry = entry_add(program, test->id);
	else
		entry = entry_for(report, program, test->id);
	entry->ms = test->ms;
	free(entry->journal);
	entry->journal = test->journal ? text("%s", test->journal) : NULL;
	/* A fixture is no test that could be asked for again. */
	if (result == RESULT_FAIL && entry->tries < report->options.retries &&
	    !fixture) {
		if (!entry->tries++)
			entry->first = spool_add(&report->spool, test->lines);
		entry->again = true;
		return;
	}
	entry->lines = spool_add(&report->spool, test->lines);
	entry->reason = test->reason ? text("%s", test->reason) : NULL;
	if (entry->tries)
		result = entry_tried(entry, result);
	entry_done(report, program, entry, result);
	report_show(report);
}

static void trouble_add(struct program *program, const struct strings *lines,
			const char *what)
{
	for (size_t i = 0; lines && i < lines->num; i++) {
		strings_add(&program->trouble,
			    text("    %s", lines->items[i]));
		strings_add(&program->errors, text("%s", lines->items[i]));
	}
	strings_add(&program->trouble, text("ERROR %s", what));
	strings_add(&program->errors, text("%s", what));
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
	trouble_add(program, lines, what);
	free(what);
}

void report_unfinished(struct report *report, struct program *program,
		       const struct strings *lines, const char *what)
{
	report->unfinished = true;
	report_note(program, lines, what);
}

void report_note(struct program *program, const struct strings *lines,
		 const char *what)
{
	program->failed = true;
	trouble_add(program, lines, what);
}

void report_unlisted(struct report *report, struct program *program,
		     const struct strings *lines, const char *what)
{
	strings_deinit(&program->ids);
	program->unlisted = report->unlisted = true;
	report_note(program, lines, what);
}

void report_program_end(struct report *report, struct program *program)
{
	program_settle(report, program);
	program->ended = true;
	report_show(report);
}

void report_stop(struct report *report)
{
	for (size_t i = report->head; i < report->programs->num; i++) {
		struct program *program = report->programs->items[i];

		program_settle(report, program);
		for (size_t n = 0; n < program->num_entries; n++)
			report->left_out += !program->entries[n].done;
		program->ended = true;
	}
	report_show(report);
}

unsigned int report_tests(const struct report *report)
{
	unsigned int tests = 0;

	for (int i = 0; i < NUM_RESULTS; i++)
		tests += report->counts[i];
	return tests;
}

bool report_is_bad(const struct report *report)
{
	return report->trouble || report->counts[RESULT_FAIL] ||
	       (report->counts[RESULT_FLAKY] && !report->options.allow_flaky);
}

int report_end(struct report *report)
{
	const unsigned int *counts = report->counts;
	unsigned int ran = report_tests(report) - counts[RESULT_NOT_RUN];

	if (report->options.ktap)
		ktap_end(report);
	else
		show_end(report);
	if (report_is_bad(report) && ran)
		return CLI_FAILED;
	if (counts[RESULT_NOT_RUN] || report->unlisted || report->unfinished)
		return ran ? CLI_SOME_NOT_RUN : CLI_NOT_RUN;
	if (report_is_bad(report))
		return CLI_FAILED;
	return ran && ran == counts[RESULT_SKIP] ? CLI_ALL_SKIPPED : CLI_OK;
}
