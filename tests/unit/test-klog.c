// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-klog.c - of lib/klog.c and lib/klog-oracle.c */
#include "klog.h"
#include "unit.h"

static uint64_t now;
static struct road_error error;

static void setup(struct klog *klog)
{
	now = 0;
	klog_init(klog, &now);
}

static void teardown(struct klog *klog)
{
	err_clear(&error);
	klog_deinit(klog);
}

static void feed(struct klog *klog, const char *text)
{
	klog_feed(klog, text, strlen(text));
}

static void bytes_become_lines(void)
{
	struct klog klog;
	char *text;
	size_t mark;

	setup(&klog);
	now = 120046264;
	feed(&klog, "first\nsec");
	mark = klog_mark(&klog);
	CHECK_INT(mark, 1);
	now = ROAD_S;
	feed(&klog, "ond\r\n\nfourth\n");
	text = klog_since(&klog, 0, 0);
	CHECK_STR(text, "[   0.120046264] first\n[   1.000000000] second\n"
			"[   1.000000000] \n[   1.000000000] fourth\n");
	free(text);
	text = klog_since(&klog, mark, 1);
	CHECK_STR(text, "[   1.000000000] fourth\n");
	free(text);
	text = klog_since(&klog, mark, 9);
	CHECK_STR(text, "[   1.000000000] second\n"
			"[   1.000000000] \n[   1.000000000] fourth\n");
	free(text);
	text = klog_since(&klog, 99, 0);
	CHECK_STR(text, "");
	free(text);
	CHECK(klog_contains(&klog, mark, "cond"));
	CHECK(!klog_contains(&klog, mark, "first"));
	feed(&klog, "half");
	CHECK_INT(klog_mark(&klog), 4);
	klog_flush(&klog);
	klog_flush(&klog);
	CHECK_INT(klog_mark(&klog), 5);
	teardown(&klog);
}

/* A guest that runs free knows the time better than the host; but its clock
 * ticks in steps. */
static void stamps_of_the_kernel_are_the_time(void)
{
	struct klog klog;
	char *text;

	setup(&klog);
	now = 5 * ROAD_MS;
	feed(&klog, "[    0.000000] early\n[    0.010000] at a tick\n"
		    "[  366.560000][   T17] caller\n[99999.999999] long\n"
		    "[  366.56] short\n[  366.560000]none\n[ x.560000] none\n"
		    "[12345678901.000000] none\n[ -1.000000] none\n"
		    "[    1.00000x] none\n[");
	klog_flush(&klog);
	text = klog_since(&klog, 0, 0);
	CHECK_STR(text, "[   0.005000000] early\n[   0.010000000] at a tick\n"
		  "[ 366.560000000] [   T17] caller\n"
		  "[99999.999999000] long\n"
		  "[   0.005000000] [  366.56] short\n"
		  "[   0.005000000] [  366.560000]none\n"
		  "[   0.005000000] [ x.560000] none\n"
		  "[   0.005000000] [12345678901.000000] none\n"
		  "[   0.005000000] [ -1.000000] none\n"
		  "[   0.005000000] [    1.00000x] none\n"
		  "[   0.005000000] [\n");
	free(text);
	teardown(&klog);
}

static void hostile_bytes_become_printable(void)
{
	static const char bytes[] = "a\0b\x1b[2J\tc\x7f \xff\xc3 \xc3\xa5\rd\n";
	struct klog klog;

	setup(&klog);
	klog_feed(&klog, bytes, sizeof(bytes) - 1);
	CHECK_STR(klog.lines[0].text,
		  "a\\x00b\\x1b[2J\tc\\x7f \\xff\\xc3 \xc3\xa5\\x0dd");
	teardown(&klog);
}

static void long_lines_are_cut(void)
{
	static char chunk[1000];
	struct klog klog;
	int i;

	setup(&klog);
	memset(chunk, 'x', sizeof(chunk));
	for (i = 0; i < 5000; i++)
		klog_feed(&klog, chunk, sizeof(chunk));
	CHECK_INT(klog_mark(&klog), 0);
	feed(&klog, "\nnext\n");
	CHECK_INT(strlen(klog.lines[0].text), 4096 + strlen(" [...]"));
	CHECK_STR(klog.lines[0].text + 4090, "xxxxxx [...]");
	CHECK_STR(klog.lines[1].text, "next");
	/* Exactly as long as allowed. */
	for (i = 0; i < 4; i++)
		klog_feed(&klog, chunk, sizeof(chunk));
	klog_feed(&klog, chunk, 96);
	feed(&klog, "\n");
	CHECK_INT(strlen(klog.lines[2].text), 4096);
	teardown(&klog);
}

/* What has no newline yet when the kernel prints: a program on the console, a
 * prompt, a progress bar that only returns. */
static void reports_behind_an_unterminated_line_are_seen(void)
{
	static const char warning[] =
		"[   12.340000] WARNING: CPU: 0 PID: 1 at drivers/foo.c:1 bar+0x1/0x2\n";
	static const char *const before[] = {
		"progress: 42 %", "bad [    1.0", "10%\r20%\r",
		/* of the kernel's own, as of a program that reads its log */
		"[    1.000000] usb: half a li",
	};
	struct klog klog;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		setup(&klog);
		feed(&klog, before[i]);
		feed(&klog, warning);
		CHECK_INT(klog.num_lines, 2);
		CHECK(!klog.lines[0].report);
		CHECK(klog.lines[1].report);
		CHECK_INT(klog.lines[1].time, 12340 * ROAD_MS);
		CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
		teardown(&klog);
	}
	/* Every kernel message has a line of its own again, a frame too. */
	setup(&klog);
	feed(&klog, "a[    1.000000] ------------[ cut here ]------------\n");
	feed(&klog, "b[    1.000000] c[    1.000000] d\n");
	text = klog_since(&klog, 0, 0);
	CHECK_STR(text, "[   0.000000000] a\n"
		  "[   1.000000000] ------------[ cut here ]------------\n"
		  "[   0.000000000] b\n"
		  "[   1.000000000] c[    1.000000] d\n");
	free(text);
	teardown(&klog);
}

static void a_report_behind_a_line_that_is_too_long_is_seen(void)
{
	static const char report[] =
		"[   12.340000] BUG: sleeping function called from invalid context\n";
	static char dots[10000];
	struct klog klog;
	size_t len, i;

	memset(dots, '.', sizeof(dots));
	/* The cut falls before, into and behind the stamp. */
	for (len = 4000; len < 4200; len++) {
		setup(&klog);
		klog_feed(&klog, dots, len);
		feed(&klog, report);
		CHECK_INT(klog.num_lines, 2);
		CHECK(klog.num_lines == 2 && klog.lines[1].report);
		teardown(&klog);
	}
	/* ... and so does what the host reads at once. */
	setup(&klog);
	klog_feed(&klog, dots, sizeof(dots));
	for (i = 0; i < strlen(report); i++)
		klog_feed(&klog, report + i, 1);
	CHECK_INT(klog.num_lines, 2);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	teardown(&klog);
}

static void a_full_log_still_takes_reports(void)
{
	struct klog klog;
	char *text;
	int i;

	setup(&klog);
	for (i = 0; i < 250000; i++)
		klog_feed(&klog, "x\n", 2);
	CHECK_INT(klog_mark(&klog), 200000);
	CHECK(klog.dropped);
	feed(&klog, "BUG: KASAN: use-after-free in foo+0x1/0x2\n");
	for (i = 0; i < 1000; i++)
		klog_feed(&klog, "y\n", 2);
	CHECK_INT(klog_mark(&klog), 200040);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), "KASAN: use-after-free");
	text = klog_since(&klog, 200039, 0);
	CHECK_STR(text, "[   0.000000000] y\n"
		  "-- the log was too long: lines are missing\n");
	free(text);
	/* Nor can reports without end fill the memory. */
	for (i = 0; i < 100000; i++)
		feed(&klog, "BUG: again\n");
	CHECK_INT(klog_mark(&klog), 210000);
	teardown(&klog);
}

static void a_full_log_has_room_for_the_next_test(void)
{
	struct klog klog;
	char *text;
	int i;

	setup(&klog);
	feed(&klog, "boot\n");
	CHECK(!klog_test_begin(&klog));
	for (i = 0; i < 250000; i++)
		klog_feed(&klog, "x\n", 2);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	feed(&klog, "BUG: between\n");
	CHECK(klog_test_begin(&klog));
	feed(&klog, "of the next test\n");
	text = klog_since(&klog, 0, 0);
	CHECK_STR(text, "[   0.000000000] BUG: between\n"
			"[   0.000000000] of the next test\n");
	free(text);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), "BUG: between");
	CHECK(!klog_test_begin(&klog));
	CHECK_INT(klog_test_end(&klog, &error), 0);
	teardown(&klog);
}

static void check_last_words(struct klog *klog, size_t mark, const char *wanted)
{
	char *text = klog_last_words(klog, mark);

	CHECK_STR(text, wanted);
	free(text);
}

static void last_words_begin_with_what_the_guest_died_of(void)
{
	struct klog klog;
	char *text;
	int i;

	setup(&klog);
	check_last_words(&klog, 0, "");
	feed(&klog, "WARNING: CPU: 0 PID: 1 at a long time ago\n");
	klog_test_end(&klog, NULL);
	klog_test_begin(&klog);
	check_last_words(&klog, 0, "");
	now = 1;
	feed(&klog, "Kernel panic - not syncing: an earlier instant\n");
	now = 2;
	feed(&klog, "RIP: 0033:probe+0x1/0x10\n");
	feed(&klog, "Kernel panic - not syncing: foo\nCall Trace:\n"
		    " 0123456789abcdef 0000000000000000\n");
	for (i = 0; i < 70; i++)
		feed(&klog, " [<60000000>] bar+0x1/0x2\n");
	feed(&klog, "Kernel panic - not syncing: of that\n");
	text = klog_last_words(&klog, 0);
	CHECK(strstr(text, "\n[   0.000000002] RIP: 0033:probe+0x1/0x10\n"
		     "[   0.000000002] Kernel panic - not syncing: foo\n"
		     "[   0.000000002] Call Trace:\n"
		     "[   0.000000002]  [<60000000>] bar+0x1/0x2\n") == text);
	CHECK_HAS(text, "\n(10 more lines)");
	free(text);
	teardown(&klog);
}

static void last_words_of_a_guest_without_a_report_are_its_last_lines(void)
{
	struct klog klog;
	char *text;
	int i;

	setup(&klog);
	feed(&klog, "one\ntwo\n");
	check_last_words(&klog, 1, "\n[   0.000000000] two");
	check_last_words(&klog, 2, "");
	for (i = 0; i < 60; i++)
		feed(&klog, i < 22 ? "early\n" : "late\n");
	text = klog_last_words(&klog, 0);
	CHECK(strstr(text, "\n[   0.000000000] early\n"
		     "[   0.000000000] early\n"
		     "[   0.000000000] late") == text);
	free(text);
	teardown(&klog);
}

static bool is_report(const char *line)
{
	struct klog klog;
	bool report;

	setup(&klog);
	feed(&klog, "something before\n");
	feed(&klog, line);
	feed(&klog, "\n");
	report = klog.lines[1].report;
	CHECK(!klog.lines[0].report);
	CHECK_INT(klog_test_end(&klog, &error), report ? -ROAD_EORACLE : 0);
	teardown(&klog);
	return report;
}

/* Formats as in linux 6.12: kernel/panic.c, lib/bug.c, kernel/locking, ... */
static void reports_are_recognised(void)
{
	static const char *const lines[] = {
		"WARNING: CPU: 0 PID: 23 at drivers/iio/light/opt3001.c:5 opt3001_probe+0x1c/0x20 [opt3001]",
		"[    1.234567] WARNING: CPU: 0 PID: 23 at kernel/irq/manage.c:1912 free_irq+0x0/0x1",
		"[    1.234567][   T23] WARNING: CPU: 0 PID: 23 at foo+0x0/0x1",
		"[   98.000000][   C0] BUG: something",
		"WARNING: drivers/foo.c:12 at foo_probe+0x1/0x2, CPU#0: insmod/23",
		"BUG: failure at mm/slub.c:434/kfree()!",
		"kernel BUG at lib/list_debug.c:59!",
		"Kernel panic - not syncing: Kernel mode fault at addr 0x8, ip 0x60001234",
		"Kernel mode fault at addr 0x8, ip 0x60001234",
		"Oops: 0000 [#1] PREEMPT",
		"Oops: general protection fault, probably for non-canonical address",
		"Internal error: Oops: 96000004 [#1] SMP",
		"Unable to handle kernel NULL pointer dereference at virtual address 0",
		"general protection fault, maybe for address 0x0: 0000 [#1]",
		"BUG: unable to handle page fault for address: 00000008",
		"BUG: kernel NULL pointer dereference, address: 0000000000000008",
		"BUG: KASAN: slab-out-of-bounds in foo+0x12/0x34 [foo]",
		"BUG kmalloc-64 (Tainted: G    B   W         ): Poison overwritten",
		"UBSAN: array-index-out-of-bounds in drivers/foo.c:12:3",
		"WARNING: possible circular locking dependency detected",
		"WARNING: possible recursive locking detected",
		"WARNING: possible irq lock inversion dependency detected",
		"WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
		"WARNING: inconsistent lock state",
		"WARNING: bad unlock balance detected!",
		"WARNING: bad contention detected!",
		"WARNING: held lock freed!",
		"WARNING: insmod/23 still has locks held!",
		"WARNING: lock held when returning to user space!",
		"WARNING: Nested lock was not taken",
		"WARNING: suspicious RCU usage",
		"[ BUG: Invalid wait context ]",
		"INFO: trying to register non-static key.",
		"DEBUG_LOCKS_WARN_ON(lock->magic != lock)",
		"refcount_t: underflow; use-after-free.",
		"BUG: sleeping function called from invalid context at kernel/locking/mutex.c:585",
		"BUG: scheduling while atomic: cat/23/0x00000002",
		"bad: scheduling from the idle thread!",
		"huh, entered softirq 1 TIMER 00000000 with preempt_count 00000100, exited with 00000101?",
		"BUG: spinlock bad magic on CPU#0, cat/23",
		"BUG: workqueue leaked atomic, lock or RCU: kworker/0:1[12]",
		"INFO: task cat:23 blocked for more than 122 seconds.",
		"watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [cat:23]",
		"rcu: INFO: rcu_sched self-detected stall on CPU",
		"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
		"irq 21: nobody cared (try booting with the \"irqpoll\" option)",
		"list_add corruption. next->prev should be prev (1), but was 2. (next=3).",
		"list_del corruption, 1->next is LIST_POISON1 (2)",
		"ODEBUG: free active (active state 0) object: 1 object type: timer_list hint: foo+0x0/0x10",
		"kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
		"unreferenced object 0x60abcdef (size 64):",
		"sysfs: cannot create duplicate filename '/devices/foo'",
		"Out of memory: Killed process 23 (cat) total-vm:1kB",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!is_report(lines[i]))
			UNIT_FAIL("no report: %s", lines[i]);
}

static void ordinary_messages_are_no_reports(void)
{
	static const char *const lines[] = {
		"",
		"[    1.234567] ",
		"opt3001 0-0044: WARNING: CPU: 0 PID: 1 of the chip is odd",
		"WARNING: this driver is deprecated",
		"Warning: unable to open an initial console.",
		"warning: `cat' uses deprecated something",
		"opt3001 0-0044: BUG: no such chip",
		"DEBUG: something",
		"cat[23]: segfault at 0 ip 0x1 sp 0x2 error 4 in cat[3]",
		"rcu: Hierarchical SRCU implementation.",
		"rcu: INFO: something harmless",
		"irq 21: Affinity broken due to vector space exhaustion.",
		"INFO: lockdep is turned off.",
		"INFO: task cat:23 is fine",
		"BUGs are fixed (all of them): yes",
		"list_add is a function",
		"[ not a stamp ] BUG: behind something else",
		"[12",
		"[",
		"kmemleak: Kernel memory leak detector initialized (mem pool available: 15675)",
		"====================================================",
		"---[ end trace 0000000000000000 ]---",
		"------------[ cut here ]------------",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (is_report(lines[i]))
			UNIT_FAIL("a report: %s", lines[i]);
}

static const char warn[] =
	"------------[ cut here ]------------\n"
	"WARNING: CPU: 0 PID: 23 at a.c:1 foo+0x1/0x2\n"
	"refcount_t: underflow; use-after-free.\n"
	"Modules linked in: foo\n"
	"Stack:\n"
	" 00000000 61153c90 60399fa9 602d91a8\n"
	"Call Trace:\n"
	" bar+0x1/0x2\n"
	"---[ end trace 0000000000000000 ]---\n";

static const char kasan[] =
	"==================================================================\n"
	"BUG: KASAN: slab-use-after-free in foo+0x1/0x2\n"
	"Read of size 8 at addr 60abc by task cat/23\n"
	"==================================================================\n";

static const char lockdep[] =
	"======================================================\n"
	"WARNING: possible circular locking dependency detected\n"
	"6.12.117 #1 Not tainted\n"
	"------------------------------------------------------\n"
	"cat/23 is trying to acquire lock:\n";

static void a_report_has_all_its_lines(void)
{
	struct klog klog;

	setup(&klog);
	feed(&klog, "harmless\n");
	feed(&klog, warn);
	feed(&klog, "harmless, too\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_STR(err_message(&error),
		  "the kernel reported a bug that the test did not expect:\n"
		  "[   0.000000000] ------------[ cut here ]------------\n"
		  "[   0.000000000] WARNING: CPU: 0 PID: 23 at a.c:1 foo+0x1/0x2\n"
		  "[   0.000000000] refcount_t: underflow; use-after-free.\n"
		  "[   0.000000000] Modules linked in: foo\n"
		  "[   0.000000000] Call Trace:\n"
		  "[   0.000000000]  bar+0x1/0x2\n"
		  "[   0.000000000] ---[ end trace 0000000000000000 ]---");
	teardown(&klog);
}

static void a_line_without_a_stack_may_be_the_drivers_own(void)
{
	static const char own[] = "may be the driver's own text";
	struct klog klog;

	setup(&klog);
	feed(&klog, "BUG: the chip is gone\nharmless\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), own);
	klog_test_begin(&klog);
	feed(&klog, "BUG: kernel NULL pointer dereference\nCall Trace:\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK(!strstr(err_message(&error), own));
	klog_test_begin(&klog);
	feed(&klog, kasan);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK(!strstr(err_message(&error), own));
	teardown(&klog);
}

static void lines_that_are_passed_are_no_reports(void)
{
	static const char found[] =
		"kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)\n";
	struct klog klog;
	size_t mark;

	setup(&klog);
	mark = klog_mark(&klog);
	feed(&klog, found);
	klog_pass(&klog, mark, "kmemleak: ");
	CHECK_INT(klog_test_end(&klog, &error), 0);
	klog_test_begin(&klog);
	/* Neither one before the mark nor another report. */
	feed(&klog, found);
	mark = klog_mark(&klog);
	feed(&klog, warn);
	klog_pass(&klog, mark, "kmemleak: ");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), "kmemleak: 3 new");
	CHECK_HAS(err_message(&error), "and 1 more report");
	teardown(&klog);
}

static void reports_are_told_apart(void)
{
	struct klog klog;

	setup(&klog);
	feed(&klog, kasan);
	feed(&klog, "harmless\n");
	feed(&klog, lockdep);
	feed(&klog, warn);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_STR(err_message(&error),
		  "the kernel reported a bug that the test did not expect:\n"
		  "[   0.000000000] ==================================================================\n"
		  "[   0.000000000] BUG: KASAN: slab-use-after-free in foo+0x1/0x2\n"
		  "[   0.000000000] Read of size 8 at addr 60abc by task cat/23\n"
		  "[   0.000000000] ==================================================================\n"
		  "and 2 more reports");
	klog_test_begin(&klog);
	feed(&klog, lockdep);
	now = 1;
	feed(&klog, "harmless\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_STR(err_message(&error),
		  "the kernel reported a bug that the test did not expect:\n"
		  "[   0.000000000] ======================================================\n"
		  "[   0.000000000] WARNING: possible circular locking dependency detected\n"
		  "[   0.000000000] 6.12.117 #1 Not tainted\n"
		  "[   0.000000000] ------------------------------------------------------\n"
		  "[   0.000000000] cat/23 is trying to acquire lock:");
	teardown(&klog);
}

static void long_reports_are_shown_in_part(void)
{
	struct klog klog;
	int i;

	setup(&klog);
	feed(&klog, "BUG: long\n");
	for (i = 0; i < 60; i++)
		feed(&klog, " line\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), " line\n(21 more lines)");
	teardown(&klog);
}

static void an_expected_report_is_no_failure(void)
{
	struct klog klog;

	setup(&klog);
	CHECK_INT(klog_expect(&klog, "^refcount_t: (under|over)flow", &error),
		  0);
	feed(&klog, warn);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	/* A second one is not covered, and the test says so each time. */
	feed(&klog, kasan);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), "KASAN");
	/* The next test starts afresh. */
	klog_test_begin(&klog);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	feed(&klog, warn);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	teardown(&klog);
}

static void a_report_between_two_tests_fails_the_next_one(void)
{
	struct klog klog;

	setup(&klog);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	feed(&klog, warn);
	klog_test_begin(&klog);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	klog_test_begin(&klog);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	teardown(&klog);
}

static void a_stack_does_not_match_an_expectation(void)
{
	struct klog klog;

	setup(&klog);
	CHECK_INT(klog_expect(&klog, "deep", &error), 0);
	feed(&klog, "BUG: a\n1\n2\n3\n4\n5\ndeep\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_HAS(err_message(&error), "BUG: a");
	teardown(&klog);
}

static void one_that_was_expected_there_is_none_elsewhere(void)
{
	struct klog klog;
	size_t mark;

	setup(&klog);
	feed(&klog, "BUG: a\n");
	mark = klog_mark(&klog);
	feed(&klog, "BUG: a\nBUG: a");
	CHECK_INT(klog_expect_logged(&klog, "BUG: a", mark, &error), 0);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_INT(klog.unexpected, 1);
	klog_test_begin(&klog);
	mark = klog_mark(&klog);
	feed(&klog, "BUG: a\n");
	CHECK_INT(klog_expect_logged(&klog, "BUG: a", mark, &error), 0);
	CHECK_INT(klog_test_end(&klog, &error), 0);
	feed(&klog, "BUG: a\n");
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_INT(klog.unexpected, 1);
	teardown(&klog);
}

static void an_expected_report_must_come(void)
{
	struct klog klog;

	setup(&klog);
	feed(&klog, "WARNING: of the last test\n");
	CHECK_INT(klog_test_end(&klog, &error), 0);
	klog_test_begin(&klog);
	CHECK_INT(klog_expect(&klog, "WARNING", &error), 0);
	CHECK_INT(klog_expect(&klog, "a driver's message", &error), 0);
	CHECK_INT(klog_test_end(&klog, &error), -ROAD_EORACLE);
	CHECK_STR(err_message(&error),
		  "no line of the kernel's log matches \"WARNING\", which the test expects\n"
		  "no line of the kernel's log matches \"a driver's message\", which the test expects");
	/* Any line will do, also one that has no end yet. */
	feed(&klog, "foo 1-2: a driver's message\nWARNING");
	CHECK_INT(klog_test_end(&klog, &error), 0);
	CHECK_INT(klog_expect(&klog, "(", &error), -ROAD_EUSAGE);
	CHECK_STR(err_message(&error),
		  "regular expression \"(\": Unmatched ( or \\(");
	teardown(&klog);
}

static const struct unit_test tests[] = {
	{ "bytes_become_lines", bytes_become_lines },
	{ "stamps_of_the_kernel_are_the_time",
	  stamps_of_the_kernel_are_the_time },
	{ "hostile_bytes_become_printable", hostile_bytes_become_printable },
	{ "long_lines_are_cut", long_lines_are_cut },
	{ "reports_behind_an_unterminated_line_are_seen",
	  reports_behind_an_unterminated_line_are_seen },
	{ "a_report_behind_a_line_that_is_too_long_is_seen",
	  a_report_behind_a_line_that_is_too_long_is_seen },
	{ "a_full_log_still_takes_reports", a_full_log_still_takes_reports },
	{ "a_full_log_has_room_for_the_next_test",
	  a_full_log_has_room_for_the_next_test },
	{ "last_words_begin_with_what_the_guest_died_of",
	  last_words_begin_with_what_the_guest_died_of },
	{ "last_words_of_a_guest_without_a_report_are_its_last_lines",
	  last_words_of_a_guest_without_a_report_are_its_last_lines },
	{ "reports_are_recognised", reports_are_recognised },
	{ "ordinary_messages_are_no_reports",
	  ordinary_messages_are_no_reports },
	{ "a_report_has_all_its_lines", a_report_has_all_its_lines },
	{ "a_line_without_a_stack_may_be_the_drivers_own",
	  a_line_without_a_stack_may_be_the_drivers_own },
	{ "lines_that_are_passed_are_no_reports",
	  lines_that_are_passed_are_no_reports },
	{ "reports_are_told_apart", reports_are_told_apart },
	{ "long_reports_are_shown_in_part", long_reports_are_shown_in_part },
	{ "an_expected_report_is_no_failure",
	  an_expected_report_is_no_failure },
	{ "a_report_between_two_tests_fails_the_next_one",
	  a_report_between_two_tests_fails_the_next_one },
	{ "a_stack_does_not_match_an_expectation",
	  a_stack_does_not_match_an_expectation },
	{ "one_that_was_expected_there_is_none_elsewhere",
	  one_that_was_expected_there_is_none_elsewhere },
	{ "an_expected_report_must_come", an_expected_report_must_come },
};

UNIT_MAIN(tests)
