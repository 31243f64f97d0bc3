// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * make-error.c - what went wrong first in the log of a kernel's build
 *
 * With several jobs the lines of other files, and make's complaints about the
 * end of each directory, stand around the one error that matters. A compiler's
 * message is three parts: where it is ("In file included from", "In function"),
 * the error, and the source line with notes.
 */
#include "build.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BEFORE 12	/* lines that are shown */
#define MAX_AFTER 24
#define MAX_LAST 8	/* where no line names an error */

/* What tells what is wrong, and what tells only that something is. */
static const char *const errors[] = {
	"error:", "ERROR:", "undefined reference to", "syntax error",
	"No rule to make target", "No space left on device", NULL
};
static const char *const ends[] = { "*** ", "not found", NULL };

static bool names_error(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (strstr(line, *words))
			return true;
	return false;
}

/* The first line with one of @words; lines->num: none. */
static size_t find_line(const struct strings *lines, const char *const *words)
{
	size_t i = 0;

	while (i < lines->num && !names_error(lines->items[i], words))
		i++;
	return i;
}

/* Does the line say where the next one's trouble is? */
static bool leads(const char *line)
{
	return starts_with(line, "In file included from") ||
	       starts_with(line, "                 from ") ||
	       strstr(line, ": In function ") ||
	       strstr(line, ": At top level:") ||
	       strstr(line, ": in expansion of ");
}

/* Does it belong to the error above it? The compiler cites "  12 | code". */
static bool follows(const char *line)
{
	size_t i = strspn(line, " 0123456789");

	return (i && line[i] == '|') || strstr(line, " note: ") ||
	       starts_with(line, "                 from ") ||
	       starts_with(line, "In file included from");
}

static struct strings log_lines(const char *path)
{
	struct strings lines = { 0 };
	char *log = file_read(path);
	char *rest = log, *line;

	while (rest && (line = strsep(&rest, "\n")))
		strings_add(&lines, text("%s", line));
	free(log);
	return lines;
}

/* The part of the log that tells what is wrong: [*from, *to). */
static void find_part(const struct strings *lines, size_t *from, size_t *to)
{
	size_t error = find_line(lines, errors);

	if (error == lines->num) {
		*to = find_line(lines, ends);
		*to += *to < lines->num;
		*from = *to > MAX_LAST ? *to - MAX_LAST : 0;
		return;
	}
	*from = error;
	*to = error + 1;
	while (*from && error - *from < MAX_BEFORE &&
	       leads(lines->items[*from - 1]))
		--*from;
	while (*to < lines->num && *to - error < MAX_AFTER &&
	       follows(lines->items[*to]))
		++*to;
}

void make_show_error(const char *log)
{
	struct strings lines = log_lines(log);
	size_t from, to;

	find_part(&lines, &from, &to);
	for (; from < to; from++)
		fprintf(stderr, "    %s\n", lines.items[from]);
	fprintf(stderr, "    the whole log: %s\n", log);
	strings_deinit(&lines);
}
