// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * spool.c - text that waits to be shown, in a file and not in memory
 *
 * Results are shown in the order of the plan, and come in another one. What
 * tests printed meanwhile may be much, so that memory would grow with their
 * number; it waits in a file without a name.
 */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool spool_write(struct spool *spool, const struct strings *lines)
{
	if (!spool->file)
		spool->file = tmpfile();
	if (!spool->file || fseek(spool->file, spool->end, SEEK_SET))
		return false;
	for (size_t i = 0; i < lines->num; i++)
		if (fputs(lines->items[i], spool->file) < 0 ||
		    putc('\n', spool->file) == EOF)
			return false;
	return !fflush(spool->file);
}

struct spooled spool_add(struct spool *spool, const struct strings *lines)
{
	struct spooled text = { .at = spool->end };

	if (!lines || !lines->num)
		return text;
	if (spool_write(spool, lines)) {
		text.len = ftell(spool->file) - text.at;
		spool->end += text.len;
		return text;
	}
	text.lost = true;
	if (!spool->error) {
		spool->error = errno;
		cli_error("what tests print can't be kept in %s: %m", P_tmpdir);
		cli_remedy("make room there; results are not affected");
	}
	if (spool->file)
		clearerr(spool->file);
	return text;
}

void spool_get(struct spool *spool, const struct spooled *text_at,
	       struct strings *lines)
{
	char *data, *rest, *line;

	if (text_at->lost)
		strings_add(lines, text("(what it printed could not be kept: %s)",
					strerror(spool->error)));
	if (!text_at->len)
		return;
	data = rest = xcalloc(text_at->len + 1, 1);
	if (fseek(spool->file, text_at->at, SEEK_SET) ||
	    fread(data, 1, text_at->len, spool->file) != text_at->len)
		strings_add(lines, text("(what it printed can't be read: %m)"));
	while ((line = strsep(&rest, "\n")) && rest)
		strings_add(lines, text("%s", line));
	free(data);
}

void spool_empty(struct spool *spool)
{
	if (spool->file && spool->end && !fflush(spool->file) &&
	    !ftruncate(fileno(spool->file), 0))
		spool->end = 0;
}

void spool_deinit(struct spool *spool)
{
	if (spool->file)
		fclose(spool->file);
	*spool = (struct spool){ 0 };
}
