// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timeline-text.c - a timeline as lines of text
 *
 * A line has the virtual time, how long after the line above it that is, what
 * kind of thing it is and what happened. What the guest and the test say may
 * hold anything and is made harmless for a terminal.
 */
#include "reports.h"

#include "../lib/text.h"

#include <inttypes.h>
#include <string.h>

#define MAX_CALLS 256

struct call {
	int64_t id;
	const json_t *record;
};

struct text_out {
	FILE *out;
	int64_t last;			/* time of the line above; -1: none */
	const char *test;		/* its id */
	struct call calls[MAX_CALLS];	/* that go on */
	size_t num_calls;
};

const char *record_text(const json_t *record, const char *key)
{
	const char *s = json_string_value(json_object_get(record, key));

	return s ? s : "";
}

int64_t record_number(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

bool record_is(const json_t *record, const char *type)
{
	return !strcmp(record_text(record, "type"), type);
}

/* In place of a line end its escape: a record is a line. */
static void put_plain(FILE *out, const char *s)
{
	while (*s) {
		if (*s == '\n') {
			fputs("\\n", out);
			s++;
		} else {
			s += text_put_plain(out, s);
		}
	}
}

static void put_duration(char *buf, size_t size, int64_t ns)
{
	static const struct { int64_t scale; const char *unit; } units[] = {
		{ 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" },
		{ 1, "ns" },
	};
	size_t i = 0;

	while (i < 3 && ns < units[i].scale)
		i++;
	snprintf(buf, size, "%.4g %s", (double)ns / units[i].scale,
		 units[i].unit);
}

static void begin_line(struct text_out *text, const json_t *record,
		       const char *kind)
{
	int64_t time = record_number(record, "time");
	char since[32] = "", gap[24];

	if (text->last >= 0 && time > text->last) {
		put_duration(gap, sizeof(gap), time - text->last);
		snprintf(since, sizeof(since), "+%s", gap);
	}
	text->last = time;
	fprintf(text->out, "%s%4" PRId64 ".%09" PRId64 " %9s%s  %-5s ",
		colour(text->out, COLOUR_DIM), time / 1000000000,
		time % 1000000000, since, colour(text->out, COLOUR_NONE), kind);
}

static void end_line(struct text_out *text)
{
	putc('\n', text->out);
}

/* Text, or bytes as hex digits, that a call moved. */
static void put_payload(FILE *out, const json_t *record)
{
	const char *data = record_text(record, "data");

	if (json_object_get(record, "text")) {
		fputs(" \"", out);
		put_plain(out, record_text(record, "text"));
		putc('"', out);
	}
	for (; data[0] && data[1]; data += 2)
		fprintf(out, " %.2s", data);
}

static void put_bad(struct text_out *text, const char *fmt, const char *s)
{
	fputs(colour(text->out, COLOUR_RED), text->out);
	fprintf(text->out, fmt, s);
	fputs(colour(text->out, COLOUR_NONE), text->out);
}

static void text_simple(struct text_out *text, const json_t *record,
			const char *kind, const char *before, const char *what)
{
	begin_line(text, record, kind);
	fputs(before, text->out);
	put_plain(text->out, what);
	end_line(text);
}

static void text_test(struct text_out *text, const json_t *record)
{
	if (!strcmp(record_text(record, "id"), text->test))
		return;
	text->test = record_text(record, "id");
	text_simple(text, record, "test", "", text->test);
}

static void text_end(struct text_out *text, const json_t *record)
{
	const char *error = record_text(record, "error");

	text_simple(text, record, "test", *error ? "end: " : "end", error);
}

static void text_gone(struct text_out *text, const json_t *record)
{
	text_simple(text, record, "gone", "the machine has ended: ",
		    record_text(record, "text"));
}

static void text_ready(struct text_out *text, const json_t *record)
{
	text_simple(text, record, "boot", "the guest is up: Linux ",
		    record_text(record, "release"));
}

static void text_log(struct text_out *text, const json_t *record)
{
	bool report = json_is_true(json_object_get(record, "report"));

	begin_line(text, record, "log");
	if (report)
		fputs(colour(text->out, COLOUR_RED), text->out);
	put_plain(text->out, record_text(record, "text"));
	if (report)
		fputs(colour(text->out, COLOUR_NONE), text->out);
	end_line(text);
}

static void text_step(struct text_out *text, const json_t *record)
{
	const char *step = record_text(record, "step");
	const char *file = record_text(record, "file");

	begin_line(text, record, "step");
	if (!strcmp(step, "failed"))
		put_bad(text, "%s: ", "FAILED");
	else if (strcmp(step, "log"))
		fprintf(text->out, "%s ", strcmp(step, "end") ? "begin" :
								"end");
	put_plain(text->out, record_text(record, "text"));
	if (*file) {
		fputs(" (", text->out);
		put_plain(text->out, strrchr(file, '/') ?
					     strrchr(file, '/') + 1 : file);
		fprintf(text->out, ":%" PRId64 ")",
			record_number(record, "line"));
	}
	end_line(text);
}

static void text_note(struct text_out *text, const json_t *record)
{
	/* The begin of a test is noted, too. */
	if (!strcmp(record_text(record, "text"), text->test))
		return;
	text_simple(text, record, "note", "", record_text(record, "text"));
}

static void text_chip(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "chip");
	put_plain(text->out, record_text(record, "name"));
	fprintf(text->out, " is at %02" PRIx64, record_number(record, "addr"));
	if (json_object_get(record, "irq_line"))
		fprintf(text->out, ", interrupt on line %" PRId64,
			record_number(record, "irq_line"));
	end_line(text);
}

static void text_call(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "call");
	put_plain(text->out, record_text(record, "what"));
	put_payload(text->out, record);
	end_line(text);
	if (text->num_calls < MAX_CALLS)
		text->calls[text->num_calls++] = (struct call){
			record_number(record, "call"), record };
}

static void text_return(struct text_out *text, const json_t *record)
{
	const char *error = record_text(record, "error");
	const json_t *call = NULL;
	size_t i = text->num_calls;

	while (i-- && !call) {
		if (text->calls[i].id != record_number(record, "call"))
			continue;
		call = text->calls[i].record;
		text->calls[i] = text->calls[--text->num_calls];
	}
	begin_line(text, record, "done");
	put_plain(text->out, call ? record_text(call, "what") : "?");
	if (*error)
		put_bad(text, " = -%s", error);
	else
		fprintf(text->out, " = %" PRId64,
			record_number(record, "result"));
	put_payload(text->out, record);
	if (call && record_number(record, "time") >
			    record_number(call, "time")) {
		char took[24];

		put_duration(took, sizeof(took), record_number(record, "time") -
			     record_number(call, "time"));
		fprintf(text->out, " (after %s)", took);
	}
	end_line(text);
}

static void text_i2c(struct text_out *text, const json_t *record)
{
	const char *chip = record_text(record, "chip");
	const char *error = record_text(record, "error");

	begin_line(text, record, "i2c");
	fprintf(text->out, "#%" PRId64 " %02" PRIx64 " ",
		record_number(record, "transaction"),
		record_number(record, "addr"));
	put_plain(text->out, *chip ? chip : "(no chip)");
	fputs(json_is_true(json_object_get(record, "read")) ? " R" : " W",
	      text->out);
	put_payload(text->out, record);
	if (*error)
		put_bad(text, " = -%s", error);
	end_line(text);
}

static void text_reg(struct text_out *text, const json_t *record)
{
	const char *name = record_text(record, "name"), *field;
	json_t *fields = json_object_get(record, "fields"), *value;

	begin_line(text, record, "reg");
	if (*name)
		put_plain(text->out, name);
	else
		fprintf(text->out, "0x%02" PRIx64,
			record_number(record, "reg"));
	fprintf(text->out, " %s 0x%" PRIx64,
		json_is_true(json_object_get(record, "read")) ? "->" : "=",
		record_number(record, "value"));
	json_object_foreach(fields, field, value) {
		fputs("  ", text->out);
		put_plain(text->out, field);
		fprintf(text->out, "=%lld",
			(long long)json_integer_value(value));
	}
	end_line(text);
}

static void text_line(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "line");
	fprintf(text->out, "%" PRId64 " = %" PRId64 "%s",
		record_number(record, "line"), record_number(record, "level"),
		json_is_true(json_object_get(record, "guest")) ?
			" by the guest" : "");
	end_line(text);
}

static void text_direction(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "line");
	fprintf(text->out, "%" PRId64 " turns %s",
		record_number(record, "line"),
		record_text(record, "direction"));
	end_line(text);
}

static void text_irq_type(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "irq");
	fprintf(text->out, "%" PRId64 " is on %s",
		record_number(record, "line"),
		record_text(record, "irq_type"));
	end_line(text);
}

static void text_irq(struct text_out *text, const json_t *record)
{
	begin_line(text, record, "irq");
	fprintf(text->out, "%" PRId64, record_number(record, "line"));
	end_line(text);
}

static void text_timer(struct text_out *text, const json_t *record)
{
	text_simple(text, record, "timer", "", record_text(record, "name"));
}

static const struct {
	const char *type;
	void (*put)(struct text_out *text, const json_t *record);
} types[] = {
	{ "test", text_test },	     { "end", text_end },
	{ "gone", text_gone },	     { "ready", text_ready },
	{ "log", text_log },	     { "step", text_step },
	{ "note", text_note },	     { "chip", text_chip },
	{ "call", text_call },	     { "return", text_return },
	{ "i2c", text_i2c },	     { "reg", text_reg },
	{ "line", text_line },	     { "direction", text_direction },
	{ "irq_type", text_irq_type }, { "irq", text_irq },
	{ "timer", text_timer },
};

bool timeline_text(FILE *out, const json_t *machine)
{
	struct text_out text = { .out = out, .last = -1, .test = "" };
	json_t *records = json_object_get(machine, "records"), *record;
	size_t i, n;

	json_array_foreach(records, i, record)
		for (n = 0; n < sizeof(types) / sizeof(*types); n++)
			if (record_is(record, types[n].type))
				types[n].put(&text, record);
	return !ferror(out);
}
