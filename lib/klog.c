// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * klog.c - the lines of the guest's console
 *
 * The guest may be broken or worse: it may write control characters, never
 * end a line, or write without end. A line's text is printable whatever came,
 * a long one is cut, and past a limit only the reports of bugs are kept.
 */
#include "klog.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
/* Of a line whose end does not come: room behind what will be shown, and how
 * much of it is kept, for the kernel may begin a line of its own there. */
#define PARTIAL_BYTES (LINE_MAX_BYTES + 1024)
#define PARTIAL_KEPT 64
#define LOG_MAX_LINES 200000
/* Of reports past the limit: that many lines each, until the log has so many
 * more. */
#define REPORT_LINES 40
#define REPORTS_MAX_LINES 10000

void klog_init(struct klog *klog, const uint64_t *now)
{
	*klog = (struct klog){ .now = now, .test_over = SIZE_MAX };
}

void klog_deinit(struct klog *klog)
{
	size_t i;

	for (i = 0; i < klog->num_lines; i++)
		free(klog->lines[i].text);
	free(klog->lines);
	free(klog->partial);
	klog_expects_deinit(klog);
	*klog = (struct klog){ 0 };
}

/*
 * The kernel's own stamp, "[   12.345678] ", if the line has one: with it the
 * line has the guest's time even if the guest ran free of the host's clock
 * when it wrote. Return: its length, 0 if there is none.
 */
static size_t klog_stamp(const char *s, uint64_t *time)
{
	static const char digits[] = "0123456789";
	size_t blanks, seconds, len;

	if (s[0] != '[')
		return 0;
	blanks = 1 + strspn(s + 1, " ");
	seconds = strspn(s + blanks, digits);
	len = blanks + seconds;
	/* At most ten digits, which leaves room for the nanoseconds. */
	if (!seconds || seconds > 10 || s[len] != '.' ||
	    strspn(s + len + 1, digits) != 6 || s[len + 7] != ']')
		return 0;
	/* With CONFIG_PRINTK_CALLER the caller follows, and then the blank. */
	if (s[len + 8] != ' ' && s[len + 8] != '[')
		return 0;
	*time = strtoull(s + blanks, NULL, 10) * ROAD_S +
		strtoull(s + len + 1, NULL, 10) * ROAD_US;
	return len + 8 + (s[len + 8] == ' ');
}

/*
 * Where in the partial line one of the kernel's begins: it writes whole lines,
 * but a program may have left one without an end on the console. In a line of
 * the kernel's own a stamp is text, unless a report stands behind it or @any.
 * Return: 0 if there is none.
 */
static size_t klog_inner_line(const struct klog *klog, bool any)
{
	char *start = klog->partial, *end = start + klog->partial_len, *s;
	uint64_t time;
	size_t len;

	*end = '\0';
	any |= !klog_stamp(start, &time);
	for (s = start + 1; s < end; s++) {
		s = memchr(s, '[', end - s);
		if (!s)
			break;
		len = klog_stamp(s, &time);
		if (len && (any || klog_is_headline(s + len)))
			return s - start;
	}
	return 0;
}

/* The first @len bytes of the partial line as text that can be shown, and when
 * it was written; NULL when out of memory. */
static char *klog_printable(const struct klog *klog, size_t len, uint64_t *time)
{
	bool cut = klog->partial_cut || len > LINE_MAX_BYTES;
	const char *s = klog->partial;
	const char *end = s + (cut ? LINE_MAX_BYTES : len);
	uint64_t stamp = 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	/* The kernel's clock is as coarse as its tick, and the host's may be
	 * behind: both are never late. */
	s += klog_stamp(s, &stamp);
	*time = stamp > *klog->now ? stamp : *klog->now;
	/* The byte behind the end is NUL, so that a cut sequence ends there. */
	while (s < end)
		s += text_put_plain(out, s);
	if (cut)
		fputs(" [...]", out);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool klog_grow(struct klog *klog)
{
	size_t max = klog->max_lines ? 2 * klog->max_lines : 256;
	struct klog_line *lines;

	if (klog->num_lines < klog->max_lines)
		return true;
	lines = reallocarray(klog->lines, max, sizeof(*lines));
	if (!lines)
		return false;
	klog->lines = lines;
	klog->max_lines = max;
	return true;
}

/* Past the limit: does the line that was just added stay? */
static bool klog_keeps(struct klog *klog, const struct klog_line *line)
{
	if (klog->num_lines <= LOG_MAX_LINES)
		return true;
	klog->dropped = true;
	if (klog->num_lines > LOG_MAX_LINES + REPORTS_MAX_LINES)
		return false;
	if (line->report)
		klog->keep = REPORT_LINES;
	if (!klog->keep)
		return false;
	klog->keep--;
	return true;
}

static void klog_journal(struct klog *klog, const struct klog_line *line)
{
	FILE *out = journal_begin_at(klog->journal, "log", line->time);

	if (!out)
		return;
	text_put_json(out, "text", line->text);
	if (line->report)
		fputs(",\"report\":true", out);
	journal_end(klog->journal);
}

/* kernel/reboot.c; 6.1 halts where there is nothing that powers off. */
static void klog_look_for_end(struct klog *klog, const char *bare)
{
	static const struct {
		const char *line, *end;
		bool off;
	} ends[] = {
		{ "reboot: Power down", "the guest was powered off", true },
		{ "reboot: System halted", "the guest was halted", true },
		{ "reboot: Restarting system", "the guest was restarted",
		  false },
	};
	size_t i;

	for (i = 0; !klog->end && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strncmp(bare, ends[i].line, strlen(ends[i].line))) {
			klog->end = ends[i].end;
			klog->end_is_off = ends[i].off;
		}
}

/* The first @len bytes of the partial line are a line. */
static void klog_add_line(struct klog *klog, size_t len)
{
	struct klog_line *line;
	char after = klog->partial[len];
	uint64_t time;
	char *text;

	while (len && klog->partial[len - 1] == '\r')
		len--;
	klog->partial[len] = '\0';
	text = klog_printable(klog, len, &time);
	klog->partial[len] = after;
	klog->partial_cut = false;
	if (!text || !klog_grow(klog)) {
		free(text);
		klog->dropped = true;
		return;
	}
	line = &klog->lines[klog->num_lines++];
	*line = (struct klog_line){ .time = time, .text = text };
	line->report = klog_is_report(klog);
	klog->num_reports += line->report;
	klog_look_for_end(klog, klog_bare(text));
	if (klog_keeps(klog, line)) {
		klog_journal(klog, line);
	} else {
		free(text);
		klog->num_lines--;
	}
}

/* The first @len bytes of the partial line are one, and the rest is another's
 * begin. */
static void klog_split(struct klog *klog, size_t len)
{
	klog_add_line(klog, len);
	klog->partial_len -= len;
	memmove(klog->partial, klog->partial + len, klog->partial_len);
}

/* The partial line is whole. */
static void klog_end_line(struct klog *klog)
{
	size_t inner;

	if (!klog->partial)
		return;		/* out of memory, as is noted already */
	inner = klog_inner_line(klog, false);
	if (inner)
		klog_split(klog, inner);
	klog_add_line(klog, klog->partial_len);
	klog->partial_len = 0;
}

/* There is no room for more of the partial line. */
static void klog_shorten(struct klog *klog)
{
	size_t inner = klog_inner_line(klog, true);

	if (inner) {
		klog_split(klog, inner);
		return;
	}
	memmove(klog->partial + LINE_MAX_BYTES,
		klog->partial + klog->partial_len - PARTIAL_KEPT, PARTIAL_KEPT);
	klog->partial_len = LINE_MAX_BYTES + PARTIAL_KEPT;
	klog->partial_cut = true;
}

static void klog_add_partial(struct klog *klog, const char *data, size_t len)
{
	size_t n;

	if (!klog->partial) {
		klog->partial = malloc(PARTIAL_BYTES + 1);
		if (!klog->partial) {
			klog->dropped = true;
			return;
		}
	}
	for (; len; data += n, len -= n) {
		if (klog->partial_len == PARTIAL_BYTES)
			klog_shorten(klog);
		n = PARTIAL_BYTES - klog->partial_len;
		if (n > len)
			n = len;
		memcpy(klog->partial + klog->partial_len, data, n);
		klog->partial_len += n;
	}
}

void klog_feed(struct klog *klog, const char *data, size_t len)
{
	const char *end;

	while (len) {
		end = memchr(data, '\n', len);
		klog_add_partial(klog, data, end ? end - data : len);
		if (!end)
			return;
		klog_end_line(klog);
		len -= end + 1 - data;
		data = end + 1;
	}
}

void klog_flush(struct klog *klog)
{
	if (klog->partial_len)
		klog_end_line(klog);
}

void klog_forget(struct klog *klog, size_t num)
{
	size_t i;

	for (i = 0; i < num; i++)
		free(klog->lines[i].text);
	klog->num_lines -= num;
	memmove(klog->lines, klog->lines + num,
		klog->num_lines * sizeof(*klog->lines));
	klog->checked = klog->checked > num ? klog->checked - num : 0;
	klog->test_over = SIZE_MAX;
	klog->dropped = false;
	klog->keep = 0;
}

size_t klog_mark(const struct klog *klog)
{
	return klog->num_lines;
}

char *klog_since(const struct klog *klog, size_t mark, size_t max_lines)
{
	char *text = NULL;
	size_t size, i = mark;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (max_lines && klog->num_lines > max_lines &&
	    i < klog->num_lines - max_lines)
		i = klog->num_lines - max_lines;
	for (; i < klog->num_lines; i++)
		fprintf(out, "[%4llu.%09llu] %s\n",
			klog->lines[i].time / ROAD_S,
			klog->lines[i].time % ROAD_S, klog->lines[i].text);
	if (klog->dropped)
		fputs("-- the log was too long: lines are missing\n", out);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

bool klog_contains(const struct klog *klog, size_t mark, const char *needle)
{
	size_t i;

	for (i = mark; i < klog->num_lines; i++)
		if (strstr(klog->lines[i].text, needle))
			return true;
	return false;
}
