/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * klog.h - the guest's console: lines with virtual time, and the oracles
 *
 * The kernel's messages come as bytes from the console. They are cut into
 * lines, stamped with the virtual time, and looked through for reports
 * (WARN, BUG, oops, lockdep, KASAN, UBSAN, refcount, atomic sleep, hung task,
 * panic). A report that the test did not expect fails the test.
 */
#ifndef LIB_KLOG_H
#define LIB_KLOG_H

#include "error.h"
#include "journal.h"

struct klog_expect;

struct klog_line {
	uint64_t time;
	char *text;		/* without the newline; printable */
	bool report;		/* says what a report of the kernel is about */
};

struct klog {
	const uint64_t *now;
	struct journal *journal;	/* gets each line too; may be NULL */
	struct klog_line *lines;
	size_t num_lines, max_lines;
	char *partial;		/* a line without its end yet */
	size_t partial_len;
	bool partial_cut;	/* the rest of the line is left out */
	size_t num_reports;	/* that came at all, forgotten ones too */
	const char *end;	/* the kernel went down in order: how */
	bool end_is_off;	/* it was a power-off */
	size_t test_start;	/* first line of the test that runs */
	size_t test_over;	/* first line behind its end; see below */
	size_t checked;		/* lines that the oracles have seen */
	struct klog_expect *expects;
	size_t num_expects;
	bool dropped;		/* out of memory, or past the limit of lines */
	unsigned int keep;	/* lines past the limit that still stay */
	unsigned int unexpected;	/* what klog_test_end() found wrong */
	bool end_expected;	/* reports of the last instant are no more news */
};

void klog_init(struct klog *klog, const uint64_t *now);
void klog_deinit(struct klog *klog);
/* Bytes from the console, as they come: hostile, may hold anything. */
void klog_feed(struct klog *klog, const char *data, size_t len);
/* End a line that has no newline: nothing more will come, or not soon. */
void klog_flush(struct klog *klog);
/* Make room: the first @num lines are gone, and marks are of no use. */
void klog_forget(struct klog *klog, size_t num);
size_t klog_mark(const struct klog *klog);
/* malloc()ed text of the lines since @mark, at most the last @max_lines of
 * them (0: all); NULL when out of memory. */
char *klog_since(const struct klog *klog, size_t mark, size_t max_lines);
/* Did a line since @mark contain @needle? */
bool klog_contains(const struct klog *klog, size_t mark, const char *needle);

/*
 * Oracles, in klog-oracle.c.
 */

/* The text of a line behind the caller that CONFIG_PRINTK_CALLER names,
 * "[   T17] ". */
const char *klog_bare(const char *text);
/* Does a report begin with this text of a line, or its frame? */
bool klog_is_headline(const char *text);
/* Lines of a report: @start to @end, which is behind it. */
struct klog_report {
	size_t start, headline, end;
	bool expected;
};

/* The next report from line @from on. Return: is there one? */
bool klog_next_report(const struct klog *klog, size_t from,
		      struct klog_report *report);
/* What the lines of one say, in klog-report.c. Return: 0; -ROAD_ENOMEM. */
int klog_report_parts(const struct klog *klog, const struct klog_report *lines,
		      struct road_report *report);
/* Is the last line, which nobody looked at yet, the begin of a report? */
bool klog_is_report(const struct klog *klog);
int klog_expect(struct klog *klog, const char *regex, struct road_error *error);
/* The same of the lines from @mark to the last one alone. */
int klog_expect_logged(struct klog *klog, const char *regex, size_t mark,
		       struct road_error *error);
/* Return: were lines of earlier tests forgotten, so that this one has room? */
bool klog_test_begin(struct klog *klog);
/* The test is over: reports from here on are of what it left behind. */
void klog_test_over(struct klog *klog);
/* Lines since @mark that begin with @start are no reports. */
void klog_pass(struct klog *klog, size_t mark, const char *start);
/* 0, or -ROAD_EORACLE with a message that has the report's lines. Asked again,
 * it answers the same. */
int klog_test_end(struct klog *klog, struct road_error *error);
/* The same for a guest that crashed, which is known: without the reports of
 * that. */
int klog_crash_end(struct klog *klog, struct road_error *error);
/* Of a guest that has ended: was there a report at its last instant that the
 * test expects? Then the others of that instant, which follow from it, are
 * expected too. */
bool klog_end_expected(struct klog *klog);
void klog_expects_deinit(struct klog *klog);
/* malloc()ed text for a message about the guest's end: lines since @mark and of
 * the test that runs, each with a newline before it; NULL when out of memory. */
char *klog_last_words(const struct klog *klog, size_t mark);

#endif /* LIB_KLOG_H */
