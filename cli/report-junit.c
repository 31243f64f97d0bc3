// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report-junit.c - results as JUnit XML
 *
 * There is no standard; this is what Jenkins and GitLab both read
 * (tests/api/junit.rng). A program is a test suite, a test is a case. A known
 * bug is "skipped" with its reason, as pytest has it: neither passed nor to be
 * looked at. What belongs to no test is an error of a case of its own.
 */
#include "reports.h"

#include <stdlib.h>
#include <string.h>

struct counts {
	size_t tests, failures, errors, skipped;
	int64_t ms;
};

/* Line ends and tabs in it are blanks for whoever reads it. */
static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	xml_put(out, value);
	putc('"', out);
}

static void put_seconds(FILE *out, int64_t ms)
{
	fprintf(out, " time=\"%lld.%03lld\"", (long long)ms / 1000,
		(long long)ms % 1000);
}

static void put_counts(FILE *out, const struct counts *counts)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
		counts->tests, counts->failures, counts->errors,
		counts->skipped);
}

/* A flaky test is a failure here, unless it does not fail the run. */
static enum result junit_result(const struct results *results,
				const struct entry *entry)
{
	if (!entry->done)
		return RESULT_NOT_RUN;
	if (entry->result != RESULT_FLAKY)
		return entry->result;
	return results->report->options.allow_flaky ? RESULT_PASS :
						      RESULT_FAIL;
}

static void count_program(const struct results *results,
			  const struct program *program, struct counts *counts)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		const struct entry *entry = &program->entries[i];

		counts->tests++;
		counts->ms += entry->ms;
		switch (junit_result(results, entry)) {
		case RESULT_PASS:
			break;
		case RESULT_FAIL:
			counts->failures++;
			break;
		case RESULT_NOT_RUN:
			counts->errors++;
			break;
		default:
			counts->skipped++;
		}
	}
	counts->tests += program->errors.num > 0;
	counts->errors += program->errors.num > 0;
}

static void put_lines(FILE *out, const struct strings *lines)
{
	for (size_t i = 0; i < lines->num; i++) {
		xml_put(out, lines->items[i]);
		putc('\n', out);
	}
}

/* The line that says most where only one is shown: the last of a traceback,
 * the only one of an assertion in C. */
static const char *headline(const struct strings *lines)
{
	const char *found = NULL;

	for (size_t i = 0; i < lines->num; i++) {
		const char *line = lines->items[i];

		if (starts_with(line, "kernel log"))
			break;
		if (*line && *line != ' ' && (!found || !strstr(found, "Error")))
			found = line;
	}
	return found ? found : "failed";
}

static void put_outcome(FILE *out, const struct entry *entry,
			enum result result, const struct strings *lines)
{
	const char *element = result == RESULT_FAIL ? "failure" : "error";

	if (result == RESULT_SKIP || result == RESULT_KNOWN) {
		fputs("      <skipped", out);
		put_attribute(out, "type", result_word(entry));
		put_attribute(out, "message", entry->reason ? entry->reason :
							      "");
		fputs("/>\n", out);
		return;
	}
	fprintf(out, "      <%s", element);
	put_attribute(out, "type", result_word(entry));
	put_attribute(out, "message", result == RESULT_FAIL ? headline(lines) :
							      "it did not run");
	putc('>', out);
	put_lines(out, lines);
	fprintf(out, "</%s>\n", element);
}

static void put_case(FILE *out, const struct results *results,
		     const struct program *program, const struct entry *entry)
{
	const char *dot = strrchr(entry->id, '.');
	char *class = text("%.*s", dot ? (int)(dot - entry->id) : 0, entry->id);
	enum result result = junit_result(results, entry);
	struct strings lines = { 0 };

	report_lines(results->report, entry, &lines);
	fputs("    <testcase", out);
	put_attribute(out, "classname", dot ? class : program->path);
	put_attribute(out, "name", dot ? dot + 1 : entry->id);
	put_attribute(out, "file", program->path);
	put_seconds(out, entry->ms);
	if (result == RESULT_PASS && !lines.num) {
		fputs("/>\n", out);
	} else {
		fputs(">\n", out);
		if (result != RESULT_PASS)
			put_outcome(out, entry, result, &lines);
		if (result != RESULT_FAIL && result != RESULT_NOT_RUN &&
		    lines.num) {
			fputs("      <system-out>", out);
			put_lines(out, &lines);
			fputs("</system-out>\n", out);
		}
		fputs("    </testcase>\n", out);
	}
	strings_deinit(&lines);
	free(class);
}

static void put_trouble(FILE *out, const struct program *program)
{
	const struct strings *errors = &program->errors;

	fputs("    <testcase", out);
	put_attribute(out, "classname", program->path);
	put_attribute(out, "name", "(the program)");
	put_attribute(out, "file", program->path);
	put_seconds(out, 0);
	fputs(">\n      <error type=\"program\"", out);
	put_attribute(out, "message", errors->items[errors->num - 1]);
	putc('>', out);
	put_lines(out, errors);
	fputs("</error>\n    </testcase>\n", out);
}

static void put_program(FILE *out, const struct results *results,
			const struct program *program, const char *timestamp)
{
	struct counts counts = { 0 };

	if (!program->num_entries && !program->errors.num)
		return;
	count_program(results, program, &counts);
	fputs("  <testsuite", out);
	put_attribute(out, "name", program->path);
	put_counts(out, &counts);
	put_seconds(out, counts.ms);
	put_attribute(out, "timestamp", timestamp);
	fputs(">\n", out);
	for (size_t i = 0; i < program->num_entries; i++)
		put_case(out, results, program, &program->entries[i]);
	if (program->errors.num)
		put_trouble(out, program);
	fputs("  </testsuite>\n", out);
}

bool report_junit(FILE *out, const struct results *results)
{
	const struct programs *programs = results->programs;
	struct counts counts = { 0 };
	char timestamp[32];

	report_time(results->began, timestamp);
	timestamp[strlen(timestamp) - 1] = '\0';	/* without its "Z" */
	for (size_t i = 0; i < programs->num; i++)
		count_program(results, programs->items[i], &counts);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"roadtest\"",
	      out);
	put_counts(out, &counts);
	put_seconds(out, results->ms);
	fputs(">\n", out);
	for (size_t i = 0; i < programs->num; i++)
		put_program(out, results, programs->items[i], timestamp);
	fputs("</testsuites>\n", out);
	return true;
}
