// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * klog-oracle.c - reports of the kernel about its own bugs
 *
 * A report is a group of lines around the one that says what it is about, its
 * headline, which the table below knows. Above it there may be a frame ("cut
 * here"), and on some architectures the text of a WARN; it goes on to an end
 * mark, to the next report, or to the next instant: the kernel prints a report
 * at one point of virtual time.
 *
 * Only what the kernel's core prints at the begin of a line counts. A driver's
 * own "warning: ..." is a message like any other.
 */
#include "klog.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_ABOVE 4		/* of a report, above its headline */
#define LINES_BELOW 100		/* below it, if nothing ends it sooner */
#define HEADLINES 6		/* from the headline on: expectations match */
#define LINES_SHOWN 40
/* Of a guest's end. An oops prints its registers first, and a panic follows. */
#define END_ABOVE 16
#define END_SHOWN 64

/*
 * @start: what the line begins with. @part: what it has further on; may be
 * NULL. @weak: it is the text of a WARN as a rule, and no second report there.
 */
struct oracle {
	const char *start;
	const char *part;
	bool weak;
};

static const struct oracle oracles[] = {
	/* kernel/panic.c; the second form is that of 6.19 and later */
	{ "WARNING: CPU: ", " PID: " },
	{ "WARNING: ", " CPU#" },
	{ "Kernel panic - not syncing" },
	/* BUG() and faults, of any architecture */
	{ "BUG: " },
	{ "watchdog: BUG: " },
	{ "kernel BUG at " },
	{ "Oops: " },
	{ "Oops - " },
	{ "Internal error: " },
	{ "Unable to handle kernel " },
	{ "general protection fault" },
	{ "Kernel mode fault at addr " },
	/* mm/slub.c: "BUG kmalloc-64 (Not tainted): Poison overwritten" */
	{ "BUG ", "): " },
	{ "UBSAN: " },
	/* a handler sleeps while no task runs; one that leaves a lock held */
	{ "bad: scheduling from the idle thread!" },
	{ "huh, entered softirq " },
	/* kernel/locking/lockdep.c */
	{ "WARNING: ", "possible circular locking dependency" },
	{ "WARNING: ", "possible recursive locking" },
	{ "WARNING: ", "possible irq lock inversion dependency" },
	{ "WARNING: ", "unsafe lock order detected" },
	{ "WARNING: ", "inconsistent lock state" },
	{ "WARNING: ", "bad unlock balance" },
	{ "WARNING: ", "bad contention detected" },
	{ "WARNING: ", "held lock freed" },
	{ "WARNING: ", "locks held!" },
	{ "WARNING: ", "lock held when returning to user space" },
	{ "WARNING: ", "Nested lock was not taken" },
	{ "WARNING: ", "chain_key collision" },
	{ "WARNING: ", "suspicious RCU usage" },
	{ "[ BUG: " },
	{ "INFO: trying to register non-static key" },
	{ "DEBUG_LOCKS_WARN_ON(", NULL, true },
	/* what hangs */
	{ "INFO: task ", " blocked for more than " },
	{ "rcu: INFO: ", " stall" },
	{ "INFO: rcu_", " stall" },
	{ "irq ", ": nobody cared" },
	{ "Out of memory: " },
	/* misuse of core objects */
	{ "sysfs: cannot create duplicate filename " },
	{ "kmemleak: ", "new suspected memory leak" },
	{ "unreferenced object 0x", NULL, true },
	{ "refcount_t: ", NULL, true },
	{ "list_add corruption", NULL, true },
	{ "list_add double add", NULL, true },
	{ "list_del corruption", NULL, true },
	{ "ODEBUG: ", NULL, true },
};

static const char end_mark[] = "---[ end ";
static const char cut_here[] = "------------[ cut here ]";

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

const char *klog_bare(const char *text)
{
	const char *s = text;

	if (*s++ != '[')
		return text;
	s += strspn(s, " ");
	if (*s != 'T' && *s != 'C')
		return text;
	if (!isdigit((unsigned char)*++s))
		return text;
	s += strspn(s, "0123456789");
	return s[0] == ']' && s[1] == ' ' ? s + 2 : text;
}

static const char *line_bare(const struct klog *klog, size_t i)
{
	return klog_bare(klog->lines[i].text);
}

static const struct oracle *oracle_find(const char *bare)
{
	size_t i;

	for (i = 0; i < sizeof(oracles) / sizeof(oracles[0]); i++) {
		const struct oracle *oracle = &oracles[i];

		if (starts_with(bare, oracle->start) &&
		    (!oracle->part ||
		     strstr(bare + strlen(oracle->start), oracle->part)))
			return oracle;
	}
	return NULL;
}

/* A line of nothing but '=', as above and below some reports. */
static bool is_frame(const char *bare)
{
	size_t len = strspn(bare, "=");

	return len >= 20 && !bare[len];
}

static bool same_instant(const struct klog *klog, size_t i, size_t k)
{
	return klog->lines[i].time == klog->lines[k].time;
}

/* Does line @i, no headline itself, stand in a report that began above? */
static bool in_report(const struct klog *klog, size_t i)
{
	size_t k, n;

	for (k = i, n = 0; k-- && n < LINES_BELOW; n++) {
		if (!same_instant(klog, i, k) ||
		    starts_with(line_bare(klog, k), end_mark))
			return false;
		if (klog->lines[k].report ||
		    starts_with(line_bare(klog, k), cut_here))
			return true;
	}
	return false;
}

bool klog_is_headline(const char *text)
{
	const char *bare = klog_bare(text);

	return oracle_find(bare) || starts_with(bare, cut_here);
}

bool klog_is_report(const struct klog *klog)
{
	size_t i = klog->num_lines - 1;
	const struct oracle *oracle = oracle_find(line_bare(klog, i));

	return oracle && !(oracle->weak && in_report(klog, i));
}

/* First line of the report with headline @headline; @from: where the one
 * before it ended. */
static size_t report_start(const struct klog *klog, size_t from,
			   size_t headline)
{
	size_t i, start = headline;

	for (i = headline; i-- > from && headline - i <= LINES_ABOVE;) {
		if (!same_instant(klog, i, headline))
			break;
		if (is_frame(line_bare(klog, i)) ||
		    starts_with(line_bare(klog, i), cut_here)) {
			start = i;
			break;
		}
	}
	return start;
}

/* The line behind the report with headline @headline. */
static size_t report_end(const struct klog *klog, size_t headline)
{
	bool closed = starts_with(line_bare(klog, headline), "BUG: K");
	size_t i;

	for (i = headline + 1; i < klog->num_lines; i++) {
		const char *bare = line_bare(klog, i);

		if (i - headline > LINES_BELOW || klog->lines[i].report ||
		    !same_instant(klog, i, headline) ||
		    starts_with(bare, cut_here))
			break;
		if (starts_with(bare, end_mark))
			return i + 1;
		/* Of KASAN and its kin the frame is the end, else the begin
		 * of the next report. */
		if (is_frame(bare))
			return closed ? i + 1 : i;
	}
	return i;
}

/* ------------------------------------------------------------------------
 * Expectations
 */

struct klog_expect {
	regex_t regex;
	char *text;
	size_t from, to;	/* lines that it is about */
};

int klog_expect(struct klog *klog, const char *regex, struct road_error *error)
{
	struct klog_expect *expects;
	char message[128];
	regex_t compiled;
	char *text;
	int ret;

	ret = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);
	if (ret) {
		regerror(ret, &compiled, message, sizeof(message));
		return err_set(error, -ROAD_EUSAGE,
			       "regular expression \"%s\": %s", regex,
			       message);
	}
	text = strdup(regex);
	expects = reallocarray(klog->expects, klog->num_expects + 1,
			       sizeof(*expects));
	if (expects)
		klog->expects = expects;
	if (!text || !expects) {
		free(text);
		regfree(&compiled);
		return err_nomem(error);
	}
	expects[klog->num_expects++] = (struct klog_expect){
		.regex = compiled, .text = text, .to = SIZE_MAX,
	};
	return 0;
}

int klog_expect_logged(struct klog *klog, const char *regex, size_t mark,
		       struct road_error *error)
{
	struct klog_expect *expect;
	int ret;

	klog_flush(klog);
	ret = klog_expect(klog, regex, error);
	if (ret)
		return ret;
	expect = &klog->expects[klog->num_expects - 1];
	expect->from = mark;
	expect->to = klog->num_lines;
	return 0;
}

void klog_expects_deinit(struct klog *klog)
{
	size_t i;

	for (i = 0; i < klog->num_expects; i++) {
		regfree(&klog->expects[i].regex);
		free(klog->expects[i].text);
	}
	free(klog->expects);
	klog->expects = NULL;
	klog->num_expects = 0;
}

static bool expect_matches(const struct klog *klog,
			   const struct klog_expect *expect, size_t from,
			   size_t to)
{
	size_t i;

	if (from < expect->from)
		from = expect->from;
	if (to > expect->to)
		to = expect->to;
	for (i = from; i < to; i++)
		if (!regexec(&expect->regex, line_bare(klog, i), 0, NULL, 0))
			return true;
	return false;
}

static bool report_expected(const struct klog *klog, size_t start,
			    size_t headline, size_t end)
{
	size_t last = headline + HEADLINES < end ? headline + HEADLINES : end;
	size_t i;

	for (i = 0; i < klog->num_expects; i++)
		if (expect_matches(klog, &klog->expects[i], start, last))
			return true;
	return false;
}

/* ------------------------------------------------------------------------
 * A test's begin and end
 */

bool klog_test_begin(struct klog *klog)
{
	bool full = klog->dropped;

	klog_flush(klog);
	if (full)
		klog_forget(klog, klog->checked);
	klog_expects_deinit(klog);
	klog->end_expected = false;
	/* Not where the log ends now: a report that came between two tests
	 * would be nobody's. */
	klog->test_start = klog->checked;
	klog->test_over = SIZE_MAX;
	return full;
}

void klog_test_over(struct klog *klog)
{
	klog_flush(klog);
	if (klog->test_over > klog->num_lines)
		klog->test_over = klog->num_lines;
}

void klog_pass(struct klog *klog, size_t mark, const char *start)
{
	size_t i;

	klog_flush(klog);
	for (i = mark; i < klog->num_lines; i++)
		if (starts_with(line_bare(klog, i), start))
			klog->lines[i].report = false;
}

/* Words of memory, which UML puts above each call trace: " 61153c90 0000". */
static bool is_stack_dump(const char *bare)
{
	return !strcmp(bare, "Stack:") ||
	       (*bare == ' ' && strlen(bare) > 8 &&
		!bare[strspn(bare, " 0123456789abcdef")]);
}

static void put_lines(FILE *out, const struct klog *klog, size_t from,
		      size_t to, size_t max)
{
	size_t i, shown = 0;

	for (i = from; i < to && shown < max; i++) {
		if (is_stack_dump(line_bare(klog, i)))
			continue;
		shown++;
		fprintf(out, "\n[%4llu.%09llu] %s", klog->lines[i].time / ROAD_S,
			klog->lines[i].time % ROAD_S, klog->lines[i].text);
	}
	if (i < to)
		fprintf(out, "\n(%zu more lines)", to - i);
}

bool klog_next_report(const struct klog *klog, size_t from,
		      struct klog_report *report)
{
	size_t i;

	for (i = from; i < klog->num_lines; i++) {
		if (!klog->lines[i].report)
			continue;
		report->start = report_start(klog, from, i);
		report->headline = i;
		report->end = report_end(klog, i);
		report->expected = report_expected(klog, report->start, i,
						   report->end);
		return true;
	}
	return false;
}

/*
 * A line alone that only begins like a report: a driver can print that. The
 * kernel prints a stack, below one that has no frame around it too.
 */
static bool may_be_printed(const struct klog *klog,
			   const struct klog_report *report)
{
	static const char *const starts[] = {
		"BUG: ", "WARNING: ", "Oops: ", "UBSAN: ",
	};
	const char *bare = line_bare(klog, report->headline);
	bool known = false;
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		known |= starts_with(bare, starts[i]);
	for (i = report->headline + 1; i < report->end; i++)
		known &= !starts_with(line_bare(klog, i), "Call Trace:");
	return known && report->start == report->headline;
}

/* Write the first report above line @to that nobody expected. Return: how many
 * there are. */
static size_t put_unexpected(FILE *out, const struct klog *klog, size_t to)
{
	struct klog_report report;
	size_t num = 0, from;

	for (from = klog->test_start; klog_next_report(klog, from, &report);
	     from = report.end) {
		if (report.headline >= to)
			break;
		if (klog->end_expected &&
		    same_instant(klog, report.headline, klog->num_lines - 1))
			continue;
		if (report.expected || num++)
			continue;
		fputs(report.headline < klog->test_over ?
			      "the kernel reported a bug that the test did not expect:" :
			      "the kernel reported a bug after the test, in the time that passes then: of a timer, work or a thread that its driver left behind?",
		      out);
		put_lines(out, klog, report.start, report.end, LINES_SHOWN);
		if (may_be_printed(klog, &report))
			fputs("\n(it comes without a stack: it may be the driver's own text, printed with printk() or the like)",
			      out);
	}
	if (num > 1)
		fprintf(out, "\nand %zu more report%s", num - 1,
			num > 2 ? "s" : "");
	return num;
}

/* Write the expectations that did not come true. Return: how many there are. */
static size_t put_missing(FILE *out, const struct klog *klog, bool behind)
{
	size_t num = 0, i;

	for (i = 0; i < klog->num_expects; i++) {
		if (expect_matches(klog, &klog->expects[i], klog->test_start,
				   klog->num_lines))
			continue;
		fprintf(out, "%sno line of the kernel's log matches \"%s\", which the test expects",
			behind || num ? "\n" : "", klog->expects[i].text);
		num++;
	}
	return num;
}

bool klog_end_expected(struct klog *klog)
{
	struct klog_report report;
	size_t from;

	klog_flush(klog);
	for (from = klog->test_start; klog_next_report(klog, from, &report);
	     from = report.end)
		if (report.expected &&
		    same_instant(klog, report.headline, klog->num_lines - 1))
			klog->end_expected = true;
	return klog->end_expected;
}

/* Ask about the lines above @to. */
static int klog_ask(struct klog *klog, size_t to, struct road_error *error)
{
	char *text = NULL;
	size_t size, num;
	FILE *out;

	klog->checked = klog->num_lines;
	out = open_memstream(&text, &size);
	if (!out)
		return err_nomem(error);
	num = put_unexpected(out, klog, to);
	num += put_missing(out, klog, num != 0);
	klog->unexpected = num;
	if (ferror(out) | fclose(out)) {
		free(text);
		return err_nomem(error);
	}
	if (num)
		err_set(error, -ROAD_EORACLE, "%s", text);
	free(text);
	return num ? -ROAD_EORACLE : 0;
}

int klog_test_end(struct klog *klog, struct road_error *error)
{
	klog_flush(klog);
	return klog_ask(klog, klog->num_lines, error);
}

/* ------------------------------------------------------------------------
 * The end of the guest
 */

/*
 * Where what is to be said of the end begins: at the first report of the log's
 * last instant, since what follows from that comes below it. Without a report
 * the last lines have to do.
 */
static size_t last_words_start(const struct klog *klog, size_t from)
{
	size_t last = klog->num_lines - 1, report = 0, i;

	for (i = klog->num_lines; i-- > from && same_instant(klog, i, last);)
		if (klog->lines[i].report)
			report = i + 1;
	if (!report)
		return klog->num_lines - from > LINES_SHOWN ?
			       klog->num_lines - LINES_SHOWN :
			       from;
	for (i = report - 1; i > from && report - i <= END_ABOVE; i--)
		if (!same_instant(klog, i - 1, last))
			break;
	return i;
}

/* First line of the reports of the log's last instant, of which a crash is. */
static size_t crash_start(const struct klog *klog)
{
	size_t last = klog->num_lines - 1, found = klog->num_lines, i;

	for (i = klog->num_lines;
	     i-- > klog->test_start && same_instant(klog, i, last);)
		if (klog->lines[i].report)
			found = report_start(klog, klog->test_start, i);
	return found;
}

int klog_crash_end(struct klog *klog, struct road_error *error)
{
	klog_flush(klog);
	return klog_ask(klog, crash_start(klog), error);
}

char *klog_last_words(const struct klog *klog, size_t mark)
{
	size_t from = mark > klog->test_start ? mark : klog->test_start;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (from < klog->num_lines)
		put_lines(out, klog, last_words_start(klog, from),
			  klog->num_lines, END_SHOWN);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
