// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ktap.c - results of tests in the kernel's test anything protocol
 *
 * The stream is line based, and a line of diagnostics must not be taken for
 * anything else by whoever reads it: what a test prints is put behind "# ",
 * control characters are replaced, and a printed "start ..." or "time ..." is
 * moved one column so that it isn't a mark (docs/ktap.md).
 */
#include "test.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define START "start "
#define TIME "time "

static int64_t ktap_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void ktap_begin(struct ktap *ktap, FILE *file, unsigned int plan)
{
	*ktap = (struct ktap){ .file = file };
	fprintf(file, "KTAP version 1\n1..%u\n", plan);
	fflush(file);
}

void ktap_start(struct ktap *ktap, const char *id)
{
	fprintf(ktap->file, "# " START "%s\n", id);
	fflush(ktap->file);
	ktap->started_ns = ktap_now_ns();
}

/* Does the line begin with a mark's word? */
static bool ktap_is(const struct ktap *ktap, const char *word)
{
	return ktap->len >= strlen(word) &&
	       !memcmp(ktap->line, word, strlen(word));
}

static void ktap_put_line(struct ktap *ktap)
{
	bool mark = ktap_is(ktap, START) || ktap_is(ktap, TIME);

	fprintf(ktap->file, "#%s%s%.*s\n", ktap->len ? " " : "",
		mark ? " " : "", (int)ktap->len, ktap->line);
	fflush(ktap->file);
	ktap->len = 0;
}

void ktap_output(struct ktap *ktap, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = data[i];

		if (c == '\n') {
			ktap_put_line(ktap);
			continue;
		}
		if (ktap->len == sizeof(ktap->line))
			ktap_put_line(ktap);
		ktap->line[ktap->len++] =
			(c < ' ' && c != '\t') || c == 0x7f ? '?' : c;
	}
}

void ktap_output_end(struct ktap *ktap)
{
	if (ktap->len)
		ktap_put_line(ktap);
}

void ktap_diag(struct ktap *ktap, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	ktap_output_end(ktap);
	ktap_output(ktap, text, len);
	ktap_output_end(ktap);
	free(text);
}

/* One line, whatever the author of a reason wrote: the next one would be a
 * result. */
static void ktap_put_reason(struct ktap *ktap, const char *reason)
{
	for (; *reason; reason++)
		fputc((unsigned char)*reason < ' ' || *reason == 0x7f ?
			      ' ' : *reason, ktap->file);
}

void ktap_result(struct ktap *ktap, bool ok, const char *id,
		 const char *directive, const char *reason)
{
	int64_t us = (ktap_now_ns() - ktap->started_ns) / 1000;

	ktap_output_end(ktap);
	ktap->count++;
	if (!ok)
		ktap->failed++;
	fprintf(ktap->file, "# " TIME "%lld.%06lld\n",
		(long long)us / 1000000, (long long)us % 1000000);
	fprintf(ktap->file, "%sok %u %s", ok ? "" : "not ", ktap->count, id);
	if (directive) {
		fprintf(ktap->file, " # %s ", directive);
		ktap_put_reason(ktap, reason);
	}
	fputc('\n', ktap->file);
	fflush(ktap->file);
}
