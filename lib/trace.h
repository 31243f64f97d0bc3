/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.h - what crossed the board's edge, in order
 *
 * Records are appended to chunks that never move, so that pointers to them
 * stay valid until trace_deinit(). Bytes and names that are not constant are
 * copied. Recording must be cheap: it happens in each bus transfer.
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <roadtest.h>
#include <roadtest/model.h>
#include <stdio.h>

#include "journal.h"

struct trace_chunk;
struct trace_name;

#define TRACE_NAME_BUCKETS 64

struct trace {
	const uint64_t *now;		/* the machine's clock */
	struct journal *journal;	/* gets each record too; may be NULL */
	struct trace_chunk **chunks;
	size_t num_chunks, num_records;
	struct trace_block *blocks;	/* bytes and strings of the records */
	struct trace_name *names[TRACE_NAME_BUCKETS];	/* shared copies */
	bool full;			/* out of memory: records were dropped */
};

void trace_init(struct trace *trace, const uint64_t *now);
void trace_deinit(struct trace *trace);

/* One message, which began at @start; @data is copied. @name (the chip's) is copied too, NULL: no
 * chip there. */
void trace_i2c(struct trace *trace, uint64_t start, uint32_t transaction,
	       unsigned int addr, const char *name, bool read,
	       const uint8_t *data, size_t len, int status);
/* A register access; @name is copied (repeated names share one copy). @fields
 * are for the journal; may be NULL. */
void trace_reg(struct trace *trace, uint32_t transaction, unsigned int addr,
	       uint32_t reg, const char *name, bool read, uint32_t value,
	       const struct road_reg_field *fields);
void trace_line(struct trace *trace, unsigned int line, int level, bool guest);
void trace_direction(struct trace *trace, unsigned int line,
		     enum road_direction direction);
void trace_irq_type(struct trace *trace, unsigned int line, unsigned int type);
void trace_irq(struct trace *trace, unsigned int line);
void trace_timer(struct trace *trace, const char *name);
void trace_note(struct trace *trace, const char *text);

size_t trace_count(const struct trace *trace);
const struct road_record *trace_get(const struct trace *trace, size_t i);
/* Its type as JSON has it, and its other members, each with a comma. */
const char *trace_type_name(const struct road_record *record);
void trace_put_json(FILE *out, const struct road_record *record);
/* malloc()ed text; NULL when out of memory. */
char *trace_text(const struct trace *trace, size_t from);
char *trace_json(const struct trace *trace, size_t from);

#endif /* LIB_TRACE_H */
