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
	*stream = (struct stream){ .result = result, .arg = arg, .plan = -1,
				   .second_plan = -1 };
}

void stream_deinit(struct stream *stream)
{
	free(stream->current);
	free(stream->partial[0]);
	free(stream->partial[1]);
	free(stream->bail);
	free(stream->list);
	subtests_deinit(&stream->subtests);
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
	if (subtests_bad(&stream->subtests)) {
		strings_add(&lines, subtests_text(&stream->subtests));
		if (result == RESULT_PASS)
			strings_add(&lines, text("the test itself says \"ok\""));
		test.result = result == RESULT_PASS ? RESULT_FAIL : result;
	}
	subtests_deinit(&stream->subtests);
	stream->count++;
	stream->failed |= test.result == RESULT_FAIL;
	stream->result(stream->arg, &test);
	strings_deinit(&lines);
	free(stream->current);
	stream->current = NULL;
}

/* They are words: "# SKIPPED" is none, nor is "# skip it". */
const char *stream_directive(const char *rest, bool ok, enum result *result)
{
	static const struct { const char *word; enum result result; } table[] = {
		{ "SKIP", RESULT_SKIP },     { "known bug:", RESULT_KNOWN },
		{ "XFAIL", RESULT_KNOWN },   { "TODO", RESULT_KNOWN },
		{ "TIMEOUT", RESULT_FAIL },  { "ERROR", RESULT_FAIL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *word = table[i].word;
		size_t len = strlen(word);

		if (!starts_with(rest, word) ||
		    (word[len - 1] != ':' && !strchr(" \t:", rest[len])))
			continue;
		/* A known bug that fails is reported as "ok"; TODO is not. */
		if (ok || table[i].result == RESULT_SKIP ||
		    !strcmp(word, "TODO"))
			*result = table[i].result;
		return rest + len + strspn(rest + len, " \t:");
	}
	return NULL;
}

/* Where the directive of a result begins, with its " # "; else where its first
 * remark does; NULL: there is none. In what a failure says any word may stand. */
static char *find_directive(char *rest, bool ok)
{
	char *first = NULL, *hash = rest;
	enum result result;

	if (starts_with(rest, "# "))
		first = hash = rest - 1;
	else
		first = hash = strstr(rest, " # ");
	while (hash && ok && !stream_directive(hash + 3, ok, &result))
		hash = strstr(hash + 1, " # ");
	return hash ? hash : first;
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
	hash = find_directive(rest, ok);
	if (hash) {
		reason = stream_directive(hash + 3, ok, &result);
		*(hash < rest ? rest : hash) = '\0';
		hash = strstr(rest, " # ");
		if (hash)
			*hash = '\0';
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

/* What only our own runner says. Return: is it that? */
static bool stream_line_own(struct stream *stream, const char *line)
{
	bool test = starts_with(line, "# test ");
	char *longer;

	if (!strcmp(line, "# end of tests")) {
		stream->ended = true;
	} else if (!strcmp(line, "# end of list")) {
		if (stream->listed && stream->list)
			stream->listed(stream->arg, stream->list);
		stream->listed = NULL;
	} else if (test || starts_with(line, "# norun ")) {
		longer = text("%s%s\n", stream->list ? stream->list : "",
			      line + (test ? strlen("# test ") : 0));
		free(stream->list);
		stream->list = longer;
	} else {
		return false;
	}
	return true;
}

static void stream_line_plan(struct stream *stream, int plan)
{
	if (stream->plan < 0)
		stream->plan = plan;
	else
		stream->second_plan = plan;
}

static void stream_line_start(struct stream *stream, const char *id)
{
	free(stream->current);
	stream->current = printable(id, strlen(id));
	stream->started = now_ms();
	stream->took_ms = -1;
}

static void stream_line_bail(struct stream *stream, const char *why)
{
	why += strspn(why, " ");
	stream->bail = printable(why, strlen(why));
}

/* What is left when it is no line of the protocol, or nothing counts any
 * more. @len counts bytes behind a NUL too. */
static void stream_line_text(struct stream *stream, const char *line, size_t len)
{
	size_t blank = *line == '#' ? 1 + (line[1] == ' ') : 0;

	if (!blank && subtests_line(&stream->subtests, line))
		return;
	output_add(&stream->output, line + blank, len - blank);
}

/* Behind "Bail out!" nothing is a result. */
static void stream_line_out(struct stream *stream, char *line, size_t len)
{
	int plan;
	char extra;

	if (stream->own && stream_line_own(stream, line))
		return;
	if (stream->bail)
		stream_line_text(stream, line, len);
	else if (starts_with(line, "KTAP version ") ||
		 starts_with(line, "TAP version "))
		stream->header = true;
	else if (sscanf(line, "1..%d%c", &plan, &extra) == 1 && plan >= 0)
		stream_line_plan(stream, plan);
	else if (starts_with(line, "# start "))
		stream_line_start(stream, line + strlen("# start "));
	else if (starts_with(line, "# time ") &&
		 stream_line_time(stream, line + strlen("# time ")))
		return;
	else if (starts_with(line, "ok ") || !strcmp(line, "ok"))
		stream_line_result(stream, true, line + 2);
	else if (starts_with(line, "not ok ") || !strcmp(line, "not ok"))
		stream_line_result(stream, false, line + 6);
	else if (starts_with(line, "Bail out!"))
		stream_line_bail(stream, line + strlen("Bail out!"));
	else if (strcmp(line, WORKER_MARK))
		stream_line_text(stream, line, len);
}

/* What must not be lost, however long its message is. */
static bool is_result(const char *line)
{
	return starts_with(line, "ok ") || starts_with(line, "not ok ") ||
	       starts_with(line, "Bail out!");
}

/* @cut: more of the line is to come. What stands in the midst of a line is none
 * of the protocol. */
static void stream_line(struct stream *stream, int fd, bool cut)
{
	size_t i = fd - 1, len = stream->partial_len[i];
	char *line = stream->partial[i], *clean;
	bool whole = !cut && !stream->cut[i];

	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	if (fd == 1 && stream->cut[i] && stream->drop) {
		stream->drop = cut;
	} else if (fd == 1 && !stream->cut[i] && is_result(line)) {
		clean = printable(line, len);
		stream_line_out(stream, clean, strlen(clean));
		free(clean);
		stream->drop = cut;
	} else if (fd == 1 && whole && strlen(line) == len) {
		stream_line_out(stream, line, len);
	} else {
		output_add(&stream->output, line, len);
	}
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
