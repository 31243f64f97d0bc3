// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-klog-report.c - of lib/klog-report.c: what reports of the kernel say */
#include "klog.h"
#include "unit.h"

static uint64_t now;

/* The only report of @log, in parts. */
static struct road_report report_of(const char *log)
{
	struct road_report report = {};
	struct klog_report lines;
	struct klog klog;

	now = 42;
	klog_init(&klog, &now);
	klog_feed(&klog, log, strlen(log));
	CHECK(klog_next_report(&klog, 0, &lines));
	CHECK_INT(klog_report_parts(&klog, &lines, &report), 0);
	klog_deinit(&klog);
	return report;
}

static void check_place(const char *log, const char *kind, const char *file,
			int line, const char *function, const char *module)
{
	struct road_report report = report_of(log);

	CHECK_STR(report.kind, kind);
	CHECK_STR(report.file, file);
	CHECK_INT(report.line, line);
	CHECK_STR(report.function, function);
	CHECK_STR(report.module, module);
	road_report_deinit(&report);
}

#define STACK								\
	"Stack:\n"							\
	" 60297555 610dfbf0 610dfc30 60267191\n"			\
	"Call Trace:\n"							\
	" [<60297555>] ? _printk+0x0/0x57\n"				\
	" [<60293219>] show_stack.cold+0x8c/0x11b\n"			\
	" [<602ad2de>] dump_stack+0x1a/0x1c\n"				\
	" [<602946fb>] __warn.cold+0x3d/0x69\n"			\
	" [<6381b798>] ? nobody+0x3/0x40 [none]\n"			\
	" [<60034567>] regmap_read+0x3/0x40\n"				\
	" [<6381b799>] foo_read.isra.0+0x39/0x40 [foo]\n"		\
	" [<60112d2a>] vfs_write+0xba/0x2b0\n"

static const char warning[] =
	"harmless\n"
	"------------[ cut here ]------------\n"
	"WARNING: CPU: 0 PID: 17 at drivers/foo/foo.c:112 foo_init+0x39/0x40 [foo]\n"
	"Modules linked in: bar\n"
	STACK
	"---[ end trace 0000000000000000 ]---\n"
	"harmless\n";

static void a_warning_comes_apart(void)
{
	struct road_report report = report_of(warning);

	CHECK_INT(report.time, 42);
	CHECK_STR(report.kind, "WARNING");
	CHECK(strstr(report.text, "------------[ cut here") == report.text);
	CHECK(!strstr(report.text, "harmless"));
	CHECK_HAS(report.text, "---[ end trace 0000000000000000 ]---\n");
	CHECK_STR(report.stack, "show_stack.cold+0x8c/0x11b\n"
				"dump_stack+0x1a/0x1c\n"
				"__warn.cold+0x3d/0x69\n"
				"regmap_read+0x3/0x40\n"
				"foo_read.isra.0+0x39/0x40 [foo]\n"
				"vfs_write+0xba/0x2b0\n");
	CHECK(!report.expected);
	road_report_deinit(&report);
	check_place(warning, "WARNING", "drivers/foo/foo.c", 112, "foo_init",
		    "foo");
	/* The form of 6.19 and later. */
	check_place("WARNING: drivers/foo/foo.c:7 at foo_init+0x1/0x2 [foo], CPU#0: init/17\n",
		    "WARNING", "drivers/foo/foo.c", 7, "foo_init", "foo");
}

static void the_first_line_names_the_place(void)
{
	check_place("BUG: failure at drivers/foo/foo.c:105/foo_BUG()!\n", "BUG",
		    "drivers/foo/foo.c", 105, "foo_BUG", "");
	check_place("BUG: failure at drivers/foo/foo.c:105/foo_BUG()!\n"
		    "Kernel panic - not syncing: BUG!\n" STACK,
		    "BUG", "drivers/foo/foo.c", 105, "foo_BUG", "foo");
	check_place("BUG: KASAN: slab-use-after-free in foo_read+0x1/0x2 [foo]\n",
		    "KASAN", "", 0, "foo_read", "foo");
	check_place("UBSAN: shift-out-of-bounds in ../drivers/foo/foo.c:12:34\n"
		    STACK,
		    "UBSAN", "../drivers/foo/foo.c", 12, "regmap_read", "foo");
	check_place("BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580\n"
		    STACK,
		    "atomic", "kernel/locking/mutex.c", 580, "regmap_read",
		    "foo");
}

static void what_no_line_names_is_in_the_stack_or_the_registers(void)
{
	check_place("Modules linked in: foo\n"
		    "RIP: 0033:foo_fault+0x0/0x10 [foo]\n"
		    "RSP: 00000000610dfd88  EFLAGS: 00010206\n"
		    "Kernel panic - not syncing: Kernel mode fault at addr 0x0, ip 0x6381b330\n"
		    STACK,
		    "oops", "", 0, "foo_fault", "foo");
	check_place("WARNING: possible recursive locking detected\n" STACK,
		    "lockdep", "", 0, "regmap_read", "foo");
	check_place("Kernel panic - not syncing: foo\n", "panic", "", 0, "", "");
}

static void the_text_of_a_warning_says_its_kind(void)
{
	check_place("------------[ cut here ]------------\n"
		    "WARNING: CPU: 0 PID: 17 at lib/refcount.c:22 refcount_warn_saturate+0xc7/0x1e0\n"
		    "refcount_t: saturated; leaking memory.\n"
		    STACK,
		    "refcount", "lib/refcount.c", 22, "refcount_warn_saturate",
		    "foo");
}

static void hostile_reports_do_no_harm(void)
{
	check_place("Oops: \nRIP: \nRIP:\nCall Trace:\n [<\n", "oops", "", 0,
		    "", "");
	check_place("WARNING: CPU:  PID: a.:1 .c: :1 x.c:99999999999999999999 +0x\n",
		    "WARNING", "x.c", 0x7fffffff, "", "");
	check_place("BUG: failure at /()!\n", "BUG", "", 0, "", "");
	check_place("BUG: x+0x1 [\n", "BUG", "", 0, "x", "");
}

static const struct unit_test tests[] = {
	{ "a_warning_comes_apart", a_warning_comes_apart },
	{ "the_first_line_names_the_place", the_first_line_names_the_place },
	{ "what_no_line_names_is_in_the_stack_or_the_registers",
	  what_no_line_names_is_in_the_stack_or_the_registers },
	{ "the_text_of_a_warning_says_its_kind",
	  the_text_of_a_warning_says_its_kind },
	{ "hostile_reports_do_no_harm", hostile_reports_do_no_harm },
};

UNIT_MAIN(tests)
