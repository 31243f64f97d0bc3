// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace-text.c - a trace as lines of text, and as JSON Lines
 *
 * Both are compared byte for byte between runs: nothing in them may depend on
 * an address, the locale or the wall clock. Names and notes come from tests
 * and may hold anything; a record stays one line whatever they hold.
 */
#include "text.h"
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef void (*trace_render)(FILE *out, const struct road_record *record);

static void put_text(FILE *out, const char *text)
{
	const char *s = text;

	while (s && *s) {
		if (*s == '\n') {
			fputs("\\n", out);
			s++;
		} else {
			s += text_put_plain(out, s);
		}
	}
}

static const char *direction_name(uint32_t direction)
{
	switch (direction) {
	case ROAD_DIR_OUT:
		return "out";
	case ROAD_DIR_IN:
		return "in";
	default:
		return "none";
	}
}

static const char *irq_type_name(uint32_t type)
{
	switch (type) {
	case ROAD_IRQ_EDGE_RISING:
		return "rising";
	case ROAD_IRQ_EDGE_FALLING:
		return "falling";
	case ROAD_IRQ_EDGE_BOTH:
		return "both";
	case ROAD_IRQ_LEVEL_HIGH:
		return "high";
	case ROAD_IRQ_LEVEL_LOW:
		return "low";
	default:
		return "none";
	}
}

static void text_i2c(FILE *out, const struct road_record *record)
{
	uint32_t i;

	fprintf(out, "i2c #%" PRIu32 " %02x ", record->transaction,
		record->addr);
	put_text(out, record->name ? record->name : "-");
	fputs(record->flags & ROAD_REC_F_READ ? " R" : " W", out);
	for (i = 0; i < record->len; i++)
		fprintf(out, " %02x", record->data[i]);
	if (record->status)
		fprintf(out, " = -%s", road_strerror(record->status));
}

/* "=" is what the guest wrote, "->" what it was given. */
static void text_reg(FILE *out, const struct road_record *record)
{
	fputs("reg ", out);
	if (record->name)
		put_text(out, record->name);
	else
		fprintf(out, "0x%02" PRIx32, record->reg);
	fprintf(out, " %s 0x%" PRIx32,
		record->flags & ROAD_REC_F_READ ? "->" : "=", record->value);
}

static void text_line(FILE *out, const struct road_record *record)
{
	fprintf(out, "line %u = %" PRIu32 "%s", record->addr, record->value,
		record->flags & ROAD_REC_F_GUEST ? " guest" : "");
}

static void text_direction(FILE *out, const struct road_record *record)
{
	fprintf(out, "line %u %s", record->addr, direction_name(record->value));
}

static void text_irq_type(FILE *out, const struct road_record *record)
{
	fprintf(out, "irq %u type %s", record->addr,
		irq_type_name(record->value));
}

static void text_irq(FILE *out, const struct road_record *record)
{
	fprintf(out, "irq %u", record->addr);
}

static void text_timer(FILE *out, const struct road_record *record)
{
	fputs("timer ", out);
	put_text(out, record->name ? record->name : "-");
}

static void text_note(FILE *out, const struct road_record *record)
{
	fputs("-- ", out);
	put_text(out, record->name);
}

static void json_i2c(FILE *out, const struct road_record *record)
{
	uint32_t i;

	fprintf(out, ",\"start\":%" PRIu64 ",\"transaction\":%" PRIu32
		",\"addr\":%u", record->start, record->transaction,
		record->addr);
	text_put_json(out, "chip", record->name);
	fprintf(out, ",\"read\":%s,\"data\":\"",
		record->flags & ROAD_REC_F_READ ? "true" : "false");
	for (i = 0; i < record->len; i++)
		fprintf(out, "%02x", record->data[i]);
	fputc('"', out);
	if (record->status)
		text_put_json(out, "error", road_strerror(record->status));
}

static void json_reg(FILE *out, const struct road_record *record)
{
	fprintf(out, ",\"transaction\":%" PRIu32 ",\"addr\":%u,\"reg\":%" PRIu32,
		record->transaction, record->addr, record->reg);
	text_put_json(out, "name", record->name);
	fprintf(out, ",\"read\":%s,\"value\":%" PRIu32,
		record->flags & ROAD_REC_F_READ ? "true" : "false",
		record->value);
}

static void json_line(FILE *out, const struct road_record *record)
{
	fprintf(out, ",\"line\":%u,\"level\":%" PRIu32 ",\"guest\":%s",
		record->addr, record->value,
		record->flags & ROAD_REC_F_GUEST ? "true" : "false");
}

static void json_direction(FILE *out, const struct road_record *record)
{
	fprintf(out, ",\"line\":%u", record->addr);
	text_put_json(out, "direction", direction_name(record->value));
}

static void json_irq_type(FILE *out, const struct road_record *record)
{
	fprintf(out, ",\"line\":%u", record->addr);
	text_put_json(out, "irq_type", irq_type_name(record->value));
}

static void json_irq(FILE *out, const struct road_record *record)
{
	fprintf(out, ",\"line\":%u", record->addr);
}

static void json_timer(FILE *out, const struct road_record *record)
{
	text_put_json(out, "name", record->name);
}

static void json_note(FILE *out, const struct road_record *record)
{
	text_put_json(out, "text", record->name);
}

static const struct {
	const char *name;
	trace_render text, json;
} trace_types[] = {
	[ROAD_REC_I2C] = { "i2c", text_i2c, json_i2c },
	[ROAD_REC_REG] = { "reg", text_reg, json_reg },
	[ROAD_REC_LINE] = { "line", text_line, json_line },
	[ROAD_REC_DIRECTION] = { "direction", text_direction, json_direction },
	[ROAD_REC_IRQ_TYPE] = { "irq_type", text_irq_type, json_irq_type },
	[ROAD_REC_IRQ] = { "irq", text_irq, json_irq },
	[ROAD_REC_TIMER] = { "timer", text_timer, json_timer },
	[ROAD_REC_NOTE] = { "note", text_note, json_note },
};

static void render_text(FILE *out, const struct road_record *record)
{
	fprintf(out, "%4llu.%09llu ", record->time / ROAD_S,
		record->time % ROAD_S);
	trace_types[record->type].text(out, record);
	fputc('\n', out);
}

const char *trace_type_name(const struct road_record *record)
{
	return trace_types[record->type].name;
}

void trace_put_json(FILE *out, const struct road_record *record)
{
	trace_types[record->type].json(out, record);
}

static void render_json(FILE *out, const struct road_record *record)
{
	fprintf(out, "{\"time\":%" PRIu64 ",\"type\":\"%s\"", record->time,
		trace_type_name(record));
	trace_put_json(out, record);
	fputs("}\n", out);
}

/* @dropped is the last line of a trace that is not complete. */
static char *trace_write(const struct trace *trace, size_t from,
			 trace_render render, const char *dropped)
{
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (i = from; i < trace_count(trace); i++)
		render(out, trace_get(trace, i));
	if (trace->full)
		fputs(dropped, out);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

char *trace_text(const struct trace *trace, size_t from)
{
	return trace_write(trace, from, render_text,
			   "-- out of memory: records are missing\n");
}

char *trace_json(const struct trace *trace, size_t from)
{
	return trace_write(trace, from, render_json,
			   "{\"type\":\"incomplete\"}\n");
}
