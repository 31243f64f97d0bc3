// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ktap.c - the results of a run as one stream of KTAP
 *
 * Each program is a test, its tests are subtests. The plan has to stand before
 * them, so a program is printed when it has come to its end: only then is it
 * known whether the program itself failed, which is one subtest more.
 *
 * The reader that counts is the kernel's tools/testing/kunit/kunit.py. What
 * tests print must not mean anything to it.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#define INDENT "    "
#define PROGRAM_TEST "(program)"	/* no id looks like this */

/* What kunit.py takes for the end of all results, wherever it stands: a guest
 * that halts prints it. Cut in two, it does not. */
static const struct { const char *text; size_t cut; } ends[] = {
	{ "List of all partitions:", 4 },
	{ "Kernel panic - not syncing: VFS:", 27 },
	{ "reboot: System halted", 7 },
};

void ktap_begin(const struct report *report)
{
	puts("KTAP version 1");
	if (report->options.rounds)
		printf("1..%zu\n",
		       report->programs->num * report->options.rounds);
	if (report->options.seed)
		printf("# seed %s\n", report->options.seed);
	fflush(stdout);
}

void ktap_end(const struct report *report)
{
	if (!report->options.rounds)
		printf("1..%zu\n", report->programs->num);
	fflush(stdout);
}

/* One of them stands in @line: print up to its cut. Return: what is left. */
static const char *print_cut(const char *line, const char *found, size_t cut)
{
	printf("%.*s ", (int)(found - line + cut), line);
	return found + cut;
}

static void print_line(const char *line)
{
	/* "# Subtest: x" would begin a test. */
	printf(INDENT "#%s", starts_with(line, "Subtest:") ? "  " : " ");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends);) {
		const char *found = strstr(line, ends[i].text);

		if (found)
			line = print_cut(line, found, ends[i].cut);
		else
			i++;
	}
	puts(line);
}

static void print_lines(const struct strings *lines)
{
	for (size_t i = 0; i < lines->num; i++)
		print_line(lines->items[i]);
}

static bool is_bad(const struct report *report, enum result result)
{
	return result == RESULT_FAIL || result == RESULT_NOT_RUN ||
	       (result == RESULT_FLAKY && !report->options.allow_flaky);
}

static void print_result(struct report *report, const struct entry *entry,
			 size_t number)
{
	static const char *const directives[NUM_RESULTS] = {
		[RESULT_SKIP] = "SKIP",
		[RESULT_KNOWN] = "known bug:",
		[RESULT_FLAKY] = "flaky:",
	};
	struct strings lines = { 0 };

	report_lines(report, entry, &lines);
	printf(INDENT "# start %s\n", entry->id);
	print_lines(&lines);
	printf(INDENT "%sok %zu %s",
	       is_bad(report, entry->result) ? "not " : "", number, entry->id);
	if (directives[entry->result])
		printf(" # %s %s", directives[entry->result],
		       entry->reason ? entry->reason : "");
	putchar('\n');
	strings_deinit(&lines);
}

static size_t num_done(const struct program *program)
{
	size_t num = 0;

	for (size_t i = 0; i < program->num_entries; i++)
		num += program->entries[i].done;
	return num;
}

/* Behind a "#" stands how it went. */
static void print_name(const struct program *program)
{
	for (const char *c = program->shown; *c; c++)
		if (*c == '#')
			fputs("\\x23", stdout);
		else
			putchar(*c);
}

/* What there is of a program, and its trouble as one more. */
static void print_tests(struct report *report, const struct program *program)
{
	size_t number = 0;

	printf(INDENT "KTAP version 1\n" INDENT "# Subtest: ");
	print_name(program);
	printf("\n" INDENT "1..%zu\n",
	       num_done(program) + !!program->trouble.num);
	for (size_t i = 0; i < program->num_entries; i++)
		if (program->entries[i].done)
			print_result(report, &program->entries[i], ++number);
	if (program->trouble.num) {
		print_lines(&program->trouble);
		printf(INDENT "not ok %zu " PROGRAM_TEST "\n", number + 1);
	}
}

size_t ktap_program(struct report *report, const struct program *program,
		    size_t number)
{
	size_t num = num_done(program);
	bool empty = !num && !program->trouble.num;

	if (!empty)
		print_tests(report, program);
	printf("%sok %zu ", program->failed ? "not " : "", number);
	print_name(program);
	puts(empty ? " # SKIP no test of it was asked for" : "");
	return num;
}

void ktap_interrupted(struct report *report, const struct program *program)
{
	if (num_done(program) || program->trouble.num)
		print_tests(report, program);
}
