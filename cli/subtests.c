// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * subtests.c - what a test prints about its parts, for people
 *
 * Subtests are KTAP once more, indented. Of the protocol nothing is shown: a
 * line says how many failed, and which. One that failed fails the test, whatever
 * the test says of itself.
 */
#include "run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMED 10

void subtests_deinit(struct subtests *subtests)
{
	strings_deinit(&subtests->failed);
	*subtests = (struct subtests){ 0 };
}

static void add_failed(struct subtests *subtests, char *name)
{
	subtests->num_failed++;
	if (subtests->failed.num < MAX_NAMED)
		strings_add(&subtests->failed, name);
	else
		free(name);
}

/* "1 - name # SKIP why": behind the "ok". */
static void add_result(struct subtests *subtests, bool ok, const char *rest)
{
	const char *end = strstr(rest, " # ");
	enum result result = ok ? RESULT_PASS : RESULT_FAIL;

	if (end)
		stream_directive(end + 3, ok, &result);
	else
		end = rest + strlen(rest);
	subtests->num++;
	subtests->done++;
	if (result != RESULT_FAIL)
		return;
	rest += strspn(rest, " ");
	rest += strspn(rest, "0123456789");
	rest += strspn(rest, " ");
	if (starts_with(rest, "- "))
		rest += 2;
	add_failed(subtests, rest < end ? printable(rest, end - rest) :
					  text("number %u", subtests->num));
}

/* Behind the blanks. Those further in are parts of parts: they are counted
 * there. */
static void add_line(struct subtests *subtests, const char *word, int plan)
{
	if (plan >= 0)
		subtests->planned += plan;
	else if (starts_with(word, "ok "))
		add_result(subtests, true, word + 3);
	else if (starts_with(word, "not ok "))
		add_result(subtests, false, word + 7);
}

bool subtests_line(struct subtests *subtests, const char *line)
{
	size_t indent = strspn(line, " \t");
	const char *word = line + indent;
	bool bail = starts_with(word, "Bail out!");
	int plan = -1;
	char extra;

	if (sscanf(word, "1..%d%c", &plan, &extra) != 1)
		plan = -1;
	if (!indent || !(plan >= 0 || bail || starts_with(word, "ok ") ||
			 starts_with(word, "not ok ") ||
			 starts_with(word, "KTAP version ") ||
			 starts_with(word, "# Subtest:")))
		return false;
	if (!subtests->indent || indent < subtests->indent) {
		subtests->indent = indent;
		subtests->planned = subtests->done = 0;
	}
	/* What ends a part's parts ends it, wherever it stands. */
	if (bail)
		add_failed(subtests, printable(word, strlen(word)));
	else if (indent == subtests->indent)
		add_line(subtests, word, plan);
	return true;
}

bool subtests_bad(const struct subtests *subtests)
{
	return subtests->num_failed ||
	       (subtests->planned && subtests->planned != subtests->done);
}

char *subtests_text(const struct subtests *subtests)
{
	const struct strings *failed = &subtests->failed;
	char *line;

	if (!subtests->num_failed)
		return text("%u of %u subtests have a result",
			    subtests->done, subtests->planned);
	line = text("%u of %u subtests failed:", subtests->num_failed,
		    subtests->num);

	for (size_t i = 0; i < failed->num; i++) {
		char *longer = text("%s %s%s", line, failed->items[i],
				    i + 1 < failed->num ? "," : "");

		free(line);
		line = longer;
	}
	if (subtests->num_failed > failed->num) {
		char *longer = text("%s and %zu more", line,
				    subtests->num_failed - failed->num);

		free(line);
		line = longer;
	}
	return line;
}
