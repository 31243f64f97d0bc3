// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * klog-report.c - what a report of the kernel says, in parts
 *
 * For programs that judge reports. Which lines are a report's is the matter of
 * klog-oracle.c; here they are taken apart: what it is about, where in the
 * source, in which function of which module, and the frames of its stack.
 *
 * The lines are the guest's: whatever is in them, a part that is not what it
 * seems is the worst that comes of it.
 */
#include "klog.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Registers stand above the headline of UML's oops. */
#define REGISTERS_ABOVE 20

/* A place as reports write it, in a line of the log. */
struct place {
	const char *function, *module;
	int function_len, module_len;
};

struct kind {
	const char *start, *part, *name;
};

/* Of the headline, the first that fits; klog-oracle.c says where they come
 * from. */
static const struct kind kinds[] = {
	{ "BUG: KASAN: ", NULL, "KASAN" },
	{ "BUG: KFENCE: ", NULL, "KFENCE" },
	{ "BUG: ", "invalid context", "atomic" },
	{ "BUG: ", "scheduling while atomic", "atomic" },
	{ "bad: scheduling ", NULL, "atomic" },
	{ "BUG: ", "soft lockup", "hang" },
	{ "watchdog: BUG: ", NULL, "hang" },
	{ "BUG: ", "workqueue lockup", "hang" },
	{ "BUG: ", "NULL pointer dereference", "oops" },
	{ "BUG: ", "unable to handle", "oops" },
	{ "BUG ", NULL, "slab" },
	{ "[ BUG: ", NULL, "lockdep" },
	{ "BUG: ", "held lock", "lockdep" },
	{ "BUG: ", NULL, "BUG" },
	{ "kernel BUG at ", NULL, "BUG" },
	{ "Kernel panic - not syncing: Kernel mode ", NULL, "oops" },
	{ "Kernel panic", NULL, "panic" },
	{ "UBSAN: ", NULL, "UBSAN" },
	{ "WARNING: CPU: ", NULL, "WARNING" },
	{ "WARNING: ", " CPU#", "WARNING" },
	{ "WARNING: ", "suspicious RCU usage", "RCU" },
	{ "WARNING: ", NULL, "lockdep" },
	{ "INFO: trying to register non-static key", NULL, "lockdep" },
	{ "DEBUG_LOCKS_WARN_ON(", NULL, "lockdep" },
	{ "huh, entered softirq ", NULL, "lockdep" },
	{ "INFO: task ", NULL, "hang" },
	{ "rcu: INFO: ", NULL, "hang" },
	{ "INFO: rcu_", NULL, "hang" },
	{ "irq ", NULL, "interrupt" },
	{ "Out of memory: ", NULL, "memory" },
	{ "sysfs: ", NULL, "sysfs" },
	{ "kmemleak: ", NULL, "leak" },
	{ "unreferenced object ", NULL, "leak" },
	{ "refcount_t: ", NULL, "refcount" },
	{ "list_", NULL, "list" },
	{ "ODEBUG: ", NULL, "ODEBUG" },
	{ "", NULL, "oops" },
};

/* What a stack has of the reporting itself. */
static const char *const reporters[] = {
	"show_stack", "dump_stack", "__warn", "warn_slowpath", "panic",
	"kasan_", "__kasan_", "print_report", "print_address", "__asan_",
	"__ubsan_", "ubsan_", "handle_overflow", "__might_", "__schedule",
	"schedule", "print_", "check_", "validate_chain", "__lock_acquire",
	"lock_acquire", "debug_check_no", "lockdep_", "refcount_warn",
	"__list_", "debug_print_object", "object_err", "slab_", "die",
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static const char *bare(const struct klog *klog, size_t i)
{
	return klog_bare(klog->lines[i].text);
}

static const char *kind_of(const char *headline)
{
	size_t i = 0;

	while (!starts_with(headline, kinds[i].start) ||
	       (kinds[i].part && !strstr(headline, kinds[i].part)))
		i++;
	return kinds[i].name;
}

/* A WARN whose text says more: "refcount_t: ..." below it. */
static const char *report_kind(const struct klog *klog,
			       const struct klog_report *report)
{
	const char *kind = kind_of(bare(klog, report->headline));
	size_t below = report->headline + 1;

	if (strcmp(kind, "WARNING"))
		return kind;
	if (below < report->end && klog_is_headline(bare(klog, below)))
		kind = kind_of(bare(klog, below));
	return kind;
}

/* "function+0x1/0x20 [module]" at @s? The suffixes of what the compiler made
 * of a function, ".cold" say, are no part of its name. */
static bool place_at(const char *s, struct place *place)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *end;

	*place = (struct place){ .function = s };
	place->function_len = strspn(s, letters);
	end = s + place->function_len;
	if (*end == '.')
		end += strcspn(end, "+ ");
	if (!place->function_len || !starts_with(end, "+0x"))
		return false;
	end += 3 + strspn(end + 3, "0123456789abcdef/x");
	if (starts_with(end, " [")) {
		place->module = end + 2;
		place->module_len = strspn(end + 2, letters);
	}
	return true;
}

/* The frame of a stack in @line, NULL if that is none; one with "?" is but a
 * word on the stack. */
static const char *frame_at(const char *line, bool *sure)
{
	struct place place;
	const char *s = line + strspn(line, " ");

	if (s == line)
		return NULL;
	if (starts_with(s, "[<")) {
		s += strcspn(s, ">");
		s += starts_with(s, ">] ") ? 3 : 0;
	}
	*sure = !starts_with(s, "? ");
	s += *sure ? 0 : 2;
	return place_at(s, &place) ? s : NULL;
}

/* Call @fn for the sure frames of the first stack of @report, until it says
 * that it has seen enough. */
static void each_frame(const struct klog *klog,
		       const struct klog_report *report,
		       bool (*fn)(void *context, const char *frame),
		       void *context)
{
	size_t i = report->headline;
	const char *frame;
	bool sure, done = false;

	while (i < report->end && !starts_with(bare(klog, i), "Call Trace:"))
		i++;
	for (i++; i < report->end && !done; i++) {
		/* x86's own marks, "<TASK>", stand among them. */
		if (bare(klog, i)[strspn(bare(klog, i), " ")] == '<')
			continue;
		frame = frame_at(bare(klog, i), &sure);
		if (!frame)
			break;
		if (sure)
			done = fn(context, frame);
	}
}

static bool put_frame(void *out, const char *frame)
{
	fprintf(out, "%s\n", frame);
	return false;
}

static bool is_reporter(const struct place *place)
{
	size_t i;

	for (i = 0; i < sizeof(reporters) / sizeof(reporters[0]); i++)
		if (!place->module &&
		    starts_with(place->function, reporters[i]))
			return true;
	return false;
}

static bool first_place(void *context, const char *frame)
{
	struct place *place = context;

	if (place_at(frame, place) && !is_reporter(place))
		return true;
	*place = (struct place){};
	return false;
}

static bool first_in_module(void *context, const char *frame)
{
	struct place *place = context;

	return place_at(frame, place) && place->module;
}

/* "NAME.c:112", or a header's; UBSAN gives the column too. */
static const char *source_at(const char *s, int *len, int *line)
{
	const char *dot;

	*len = strcspn(s, ": ");
	dot = memrchr(s, '.', *len);
	if (s[*len] != ':' || !dot || !strchr("chSrs", dot[1]) ||
	    !isdigit((unsigned char)s[*len + 1]))
		return NULL;
	*line = strtol(s + *len + 1, NULL, 10) & 0x7fffffff;
	return s;
}

/* The words of the headline that say where in the source, and in which
 * function. */
static void headline_places(const char *headline, struct road_report *report,
			    struct place *place)
{
	const char *word, *found;
	struct place here;
	int len, line;

	for (word = headline; word; word = strchr(word, ' ')) {
		word += strspn(word, " ");
		found = report->file ? NULL : source_at(word, &len, &line);
		if (found) {
			report->file = strndup(found, len);
			report->line = line;
		}
		if (!place->function && place_at(word, &here))
			*place = here;
	}
}

/* UML: "BUG: failure at FILE:LINE/FUNCTION()!" */
static void bug_place(const char *headline, struct place *place)
{
	const char *slash = strrchr(headline, '/');

	if (starts_with(headline, "BUG: failure at ") && slash &&
	    strstr(slash, "()!")) {
		place->function = slash + 1;
		place->function_len = strcspn(slash + 1, "(");
	}
}

/* Where the processor stood, which is said above or below the headline. */
static void register_place(const struct klog *klog,
			   const struct klog_report *report,
			   struct place *place)
{
	size_t i = report->headline, segment, n;
	const char *s;

	if (strcmp(report_kind(klog, report), "oops"))
		return;
	for (n = 0; i && n < REGISTERS_ABOVE &&
		    klog->lines[i - 1].time == klog->lines[i].time &&
		    !klog->lines[i - 1].report; n++)
		i--;
	for (; i < report->end; i++) {
		s = bare(klog, i);
		if (!starts_with(s, "RIP: "))
			continue;
		s += 5;
		segment = strspn(s, "0123456789");
		if (place_at(s[segment] == ':' ? s + segment + 1 : s, place))
			return;
	}
	*place = (struct place){};
}

static char *report_text(const struct klog *klog,
			 const struct klog_report *report, bool stack)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (stack)
		each_frame(klog, report, put_frame, out);
	for (i = report->start; !stack && i < report->end; i++)
		fprintf(out, "%s\n", klog->lines[i].text);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void find_place(const struct klog *klog,
		       const struct klog_report *lines, struct place *place)
{
	const char *headline = bare(klog, lines->headline);

	if (!place->function)
		bug_place(headline, place);
	if (!place->function)
		register_place(klog, lines, place);
	if (!place->function)
		each_frame(klog, lines, first_place, place);
}

/* The stack of BUG() comes in UML with the panic that it ends in. */
static void add_panic(const struct klog *klog, struct klog_report *lines)
{
	struct klog_report panic;

	if (starts_with(bare(klog, lines->headline), "BUG: failure at ") &&
	    klog_next_report(klog, lines->end, &panic) &&
	    panic.start == lines->end &&
	    starts_with(bare(klog, panic.headline), "Kernel panic"))
		lines->end = panic.end;
}

static char *copy(const char *text, int len)
{
	return strndup(text ? text : "", len);
}

int klog_report_parts(const struct klog *klog, const struct klog_report *lines,
		      struct road_report *report)
{
	struct klog_report stack = *lines;
	struct place place = {}, below = {};

	add_panic(klog, &stack);
	*report = (struct road_report){
		.time = klog->lines[lines->headline].time,
		.kind = report_kind(klog, lines),
		.expected = lines->expected,
	};
	headline_places(bare(klog, lines->headline), report, &place);
	find_place(klog, &stack, &place);
	if (!place.module)
		each_frame(klog, &stack, first_in_module, &below);
	report->function = copy(place.function, place.function_len);
	report->module = place.module ? copy(place.module, place.module_len) :
					copy(below.module, below.module_len);
	report->text = report_text(klog, lines, false);
	report->stack = report_text(klog, &stack, true);
	if (!report->file)
		report->file = strdup("");
	if (report->function && report->module && report->text &&
	    report->stack && report->file)
		return 0;
	road_report_deinit(report);
	return -ROAD_ENOMEM;
}

void road_report_deinit(struct road_report *report)
{
	free(report->text);
	free(report->stack);
	free(report->file);
	free(report->function);
	free(report->module);
	*report = (struct road_report){};
}
