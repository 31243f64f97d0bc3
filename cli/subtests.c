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
	if (result != RESULT_FAIL)
		return;
	subtests->num_failed++;
	rest += strspn(rest, " ");
	rest += strspn(rest, "0123456789");
	rest += strspn(rest, " ");
	if (starts_with(rest, "- "))
		rest += 2;
	if (subtests->failed.num < MAX_NAMED)
		strings_add(&subtests->failed,
			    rest < end ? printable(rest, end - rest) :
					 text("number %u", subtests->num));
}

bool subtests_line(struct subtests *subtests, const char *line)
{
	size_t indent = strspn(line, " ");
	const char *word = line + indent;
	bool ok = starts_with(word, "ok "), plan;
	char extra;
	int num;

	plan = sscanf(word, "1..%d%c", &num, &extra) == 1;
	if (!indent || !(ok || plan || starts_with(word, "not ok ") ||
			 starts_with(word, "KTAP version ") ||
			 starts_with(word, "# Subtest:")))
		return false;
	if (!subtests->indent || indent < subtests->indent)
		subtests->indent = indent;
	/* Those further in are parts of parts: they are counted there. */
	if (!plan && indent == subtests->indent &&
	    (ok || starts_with(word, "not ok ")))
		add_result(subtests, ok, word + (ok ? 3 : 7));
	return true;
}

char *subtests_text(const struct subtests *subtests)
{
	const struct strings *failed = &subtests->failed;
	char *line = text("%u of %u subtests failed:", subtests->num_failed,
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
