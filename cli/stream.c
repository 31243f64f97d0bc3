// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream.c - read the KTAP that a test program prints
 *
 * A program may die in the middle of a line, or print what is not KTAP at all:
 * nothing here trusts it. A test that began and has no result is kept in
 * `current`, so that its end can be reported (docs/ktap.md).
 */
#include "run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 65536		/* a longer one is cut into several */

void stream_init(struct stream *stream, stream_result_fn *result, void *arg)
{
	*stream = (struct stream){ .result = result, .arg = arg, .plan = -1 };
}

void stream_deinit(struct stream *stream)
{
	free(stream->current);
	free(stream->partial[0]);
	free(stream->partial[1]);
	free(stream->bail);
	output_deinit(&stream->output);
}

void stream_take_lines(struct stream *stream, struct strings *lines)
{
	output_take(&stream->output, lines);
}

static int64_t stream_ms(const struct stream *stream)
{
	if (!stream->current)
		return 0;
	/* Its lines may have waited for us. */
	return stream->took_ms >= 0 ? stream->took_ms :
				      now_ms() - stream->started;
}

static void stream_report(struct stream *stream, enum result result,
			  const char *id, const char *reason)
{
	struct strings lines = { 0 };
	struct stream_test test = {
		.result = result,
		.id = id,
		.reason = reason,
		.lines = &lines,
		.ms = stream_ms(stream),
	};

	stream_take_lines(stream, &lines);
	stream->count++;
	stream->failed |= result == RESULT_FAIL;
	stream->result(stream->arg, &test);
	strings_deinit(&lines);
	free(stream->current);
	stream->current = NULL;
}

/* What follows the "#" of a result. Return: its reason, NULL if it is no
 * directive. */
static const char *directive(const char *rest, bool ok, enum result *result)
{
	static const struct { const char *word; enum result result; } table[] = {
		{ "SKIP", RESULT_SKIP },
		{ "known bug:", RESULT_KNOWN },
		{ "XFAIL", RESULT_KNOWN },
		{ "TODO", RESULT_KNOWN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		size_t len = strlen(table[i].word);

		if (strncasecmp(rest, table[i].word, len))
			continue;
		/* A known bug that fails is reported as "ok"; TODO is not. */
		if (ok || table[i].result == RESULT_SKIP ||
		    !strcmp(table[i].word, "TODO"))
			*result = table[i].result;
		return rest + len + strspn(rest + len, " \t:");
	}
	return NULL;
}

/* "ok 3 - id # SKIP why": behind the "ok". @rest is cut up. */
static void stream_line_result(struct stream *stream, bool ok, char *rest)
{
	enum result result = ok ? RESULT_PASS : RESULT_FAIL;
	const char *reason = NULL;
	char *hash, *end, *why;

	rest += strspn(rest, " \t");
	while (isdigit((unsigned char)*rest))
		rest++;
	rest += strspn(rest, " \t");
	if (starts_with(rest, "- "))
		rest += 2;
	hash = strstr(rest, " # ");
	if (!hash && starts_with(rest, "# "))
		hash = rest - 1;
	if (hash) {
		reason = directive(hash + 3, ok, &result);
		*(hash < rest ? rest : hash) = '\0';
	}
	end = rest + strlen(rest);
	while (end > rest && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (!*rest && stream->current)
		rest = stream->current;
	rest = printable(*rest ? rest : "(no name)",
			 *rest ? strlen(rest) : strlen("(no name)"));
	why = reason ? printable(reason, strlen(reason)) : NULL;
	stream_report(stream, result, rest, why);
	free(rest);
	free(why);
}

/* "# time 0.012", in seconds. Return: is it one? */
static bool stream_line_time(struct stream *stream, const char *rest)
{
	char *end;
	double seconds = strtod(rest, &end);

	if (!stream->current || !isdigit((unsigned char)*rest) || *end ||
	    !(seconds < 1e9))
		return false;
	stream->took_ms = seconds * 1000;
	return true;
}

/* A line of the protocol. @len counts bytes behind a NUL too. */
static void stream_line_out(struct stream *stream, char *line, size_t len)
{
	size_t blank;
	int plan;
	char extra;

	if (starts_with(line, "KTAP version ") ||
	    starts_with(line, "TAP version ")) {
		stream->header = true;
	} else if (sscanf(line, "1..%d%c", &plan, &extra) == 1 && plan >= 0) {
		stream->plan = plan;
	} else if (starts_with(line, "# start ")) {
		free(stream->current);
		line += strlen("# start ");
		stream->current = printable(line, strlen(line));
		stream->started = now_ms();
		stream->took_ms = -1;
	} else if (starts_with(line, "# time ") &&
		   stream_line_time(stream, line + strlen("# time "))) {
		return;
	} else if (starts_with(line, "ok ")) {
		stream_line_result(stream, true, line + 3);
	} else if (starts_with(line, "not ok ")) {
		stream_line_result(stream, false, line + 7);
	} else if (starts_with(line, "Bail out!")) {
		free(stream->bail);
		line += strlen("Bail out!");
		line += strspn(line, " ");
		stream->bail = printable(line, strlen(line));
	} else if (!strcmp(line, WORKER_MARK)) {
		return;
	} else if (*line == '#') {
		blank = 1 + (line[1] == ' ');
		output_add(&stream->output, line + blank, len - blank);
	} else {
		/* Subtests are indented; anything else is kept as it is. */
		output_add(&stream->output, line, len);
	}
}

/* @cut: more of the line is to come. */
static void stream_line(struct stream *stream, int fd, bool cut)
{
	size_t i = fd - 1, len = stream->partial_len[i];
	char *line = stream->partial[i];
	bool whole = !cut && !stream->cut[i];

	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	/* No line of the protocol is that long, or has a NUL in it; and what
	 * stands in the midst of a line is none. */
	if (fd == 1 && whole && strlen(line) == len)
		stream_line_out(stream, line, len);
	else
		output_add(&stream->output, line, len);
	stream->partial_len[i] = 0;
	stream->cut[i] = cut;
}

void stream_feed(struct stream *stream, int fd, const char *data, size_t len)
{
	size_t i = fd - 1;

	if (!stream->partial[i])
		stream->partial[i] = xcalloc(MAX_LINE + 1, 1);
	while (len) {
		size_t room = MAX_LINE - stream->partial_len[i];
		size_t take = len < room ? len : room;
		const char *end = memchr(data, '\n', take);

		take = end ? (size_t)(end - data) : take;
		memcpy(stream->partial[i] + stream->partial_len[i], data,
		       take);
		stream->partial_len[i] += take;
		if (end || take == room)
			stream_line(stream, fd, !end);
		data += take + !!end;
		len -= take + !!end;
	}
}

/*
 * Standard error has a pipe of its own: where in this piece of standard output
 * does it belong? Usually a piece has one result, or none. If we come late, and
 * it has several: to the first test that failed, for it is shown then; else to
 * the last one.
 */
size_t stream_place_err(const char *data, size_t len)
{
	size_t place = len;

	for (size_t i = 0; i < len; i++) {
		const char *end = memchr(data + i, '\n', len - i);

		if (len - i >= 7 && !memcmp(data + i, "not ok ", 7))
			return i;
		if (len - i >= 3 && !memcmp(data + i, "ok ", 3))
			place = i;
		else if (len - i >= 8 && !memcmp(data + i, "# start ", 8))
			place = len;
		if (!end)
			break;
		i = end - data;
	}
	return place;
}

void stream_finish(struct stream *stream)
{
	for (int fd = 1; fd <= 2; fd++)
		if (stream->partial_len[fd - 1])
			stream_line(stream, fd, false);
}

void stream_fail_current(struct stream *stream, const char *why)
{
	char *id = text("%s", stream->current);

	output_add(&stream->output, why, strlen(why));
	stream_report(stream, RESULT_FAIL, id, NULL);
	free(id);
}
