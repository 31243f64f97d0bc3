// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - the records of a trace
 *
 * Records lie in chunks of a fixed number, so that record i is found without
 * a search and never moves. Bytes and strings lie in an arena of blocks that
 * is freed as a whole. Their rendering is in trace-text.c.
 */
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_RECORDS 256
#define BLOCK_BYTES (32 * 1024)

struct trace_chunk {
	struct road_record records[CHUNK_RECORDS];
};

struct trace_block {
	struct trace_block *next;
	size_t used, size;
	char bytes[];
};

struct trace_name {
	struct trace_name *next;
	size_t len;
	char text[];
};

void trace_init(struct trace *trace, const uint64_t *now)
{
	*trace = (struct trace){ .now = now };
}

void trace_deinit(struct trace *trace)
{
	struct trace_block *block, *next;
	size_t i;

	for (i = 0; i < trace->num_chunks; i++)
		free(trace->chunks[i]);
	free(trace->chunks);
	for (block = trace->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*trace = (struct trace){ 0 };
}

static struct trace_block *trace_block_add(struct trace *trace, size_t need)
{
	size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
	struct trace_block *block = malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	*block = (struct trace_block){ .next = trace->blocks, .size = size };
	trace->blocks = block;
	return block;
}

/* Memory that lives as long as the trace, aligned for a pointer. */
static void *trace_alloc(struct trace *trace, size_t len)
{
	size_t need = (len + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	struct trace_block *block = trace->blocks;
	void *mem;

	if (!block || block->size - block->used < need)
		block = trace_block_add(trace, need);
	if (!block)
		return NULL;
	mem = block->bytes + block->used;
	block->used += need;
	return mem;
}

static const char *trace_intern(struct trace *trace, const char *text)
{
	size_t len = strlen(text), i;
	struct trace_name *name;
	unsigned int hash = 5381;

	for (i = 0; i < len; i++)
		hash = hash * 33 + (unsigned char)text[i];
	hash %= TRACE_NAME_BUCKETS;
	for (name = trace->names[hash]; name; name = name->next)
		if (name->len == len && !memcmp(name->text, text, len))
			return name->text;
	name = trace_alloc(trace, sizeof(*name) + len + 1);
	if (!name)
		return NULL;
	name->len = len;
	memcpy(name->text, text, len + 1);
	name->next = trace->names[hash];
	trace->names[hash] = name;
	return name->text;
}

static struct road_record *trace_slot(struct trace *trace)
{
	size_t chunk = trace->num_records / CHUNK_RECORDS;
	struct trace_chunk **chunks;

	if (chunk == trace->num_chunks) {
		chunks = reallocarray(trace->chunks, chunk + 1,
				      sizeof(*chunks));
		if (!chunks)
			return NULL;
		trace->chunks = chunks;
		chunks[chunk] = malloc(sizeof(**chunks));
		if (!chunks[chunk])
			return NULL;
		trace->num_chunks++;
	}
	return &trace->chunks[chunk]->records[trace->num_records %
					      CHUNK_RECORDS];
}

static void put_fields(FILE *out, uint32_t value,
		       const struct road_reg_field *field)
{
	const char *comma = "";

	fputs(",\"fields\":{", out);
	for (; field->name; field++, comma = ",") {
		uint32_t mask = 0xffffffff >> (31 - field->msb + field->lsb);

		fprintf(out, "%s\"%s\":%" PRIu32, comma, field->name,
			value >> field->lsb & mask);
	}
	fputc('}', out);
}

static void trace_journal(struct trace *trace, const struct road_record *record,
			  const struct road_reg_field *fields)
{
	FILE *out = journal_begin(trace->journal, trace_type_name(record));

	if (!out)
		return;
	trace_put_json(out, record);
	if (fields && fields->name)
		put_fields(out, record->value, fields);
	journal_end(trace->journal);
}

/*
 * Append @record at the clock's time, its data and name copied. Without memory
 * the record is dropped as a whole: half of one would be a lie.
 */
static void trace_add_reg(struct trace *trace, struct road_record record,
			  const struct road_reg_field *fields)
{
	struct road_record *slot = trace_slot(trace);
	void *data = NULL;

	record.time = *trace->now;
	if (slot && record.name) {
		record.name = trace_intern(trace, record.name);
		if (!record.name)
			slot = NULL;
	}
	if (slot && record.len) {
		data = trace_alloc(trace, record.len);
		if (data)
			record.data = memcpy(data, record.data, record.len);
		else
			slot = NULL;
	}
	if (!slot) {
		trace->full = true;
		return;
	}
	if (!record.len)
		record.data = NULL;
	*slot = record;
	trace->num_records++;
	trace_journal(trace, slot, fields);
}

static void trace_add(struct trace *trace, struct road_record record)
{
	trace_add_reg(trace, record, NULL);
}

void trace_i2c(struct trace *trace, uint64_t start, uint32_t transaction,
	       unsigned int addr, const char *name, bool read,
	       const uint8_t *data, size_t len, int status)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_I2C,
		.start = start,
		.flags = read ? ROAD_REC_F_READ : 0,
		.addr = addr,
		.transaction = transaction,
		.status = status,
		.len = data ? len : 0,
		.data = data,
		.name = name,
	});
}

void trace_reg(struct trace *trace, uint32_t transaction, unsigned int addr,
	       uint32_t reg, const char *name, bool read, uint32_t value,
	       const struct road_reg_field *fields)
{
	trace_add_reg(trace, (struct road_record){
		.type = ROAD_REC_REG,
		.flags = read ? ROAD_REC_F_READ : 0,
		.addr = addr,
		.transaction = transaction,
		.reg = reg,
		.value = value,
		.name = name,
	}, fields);
}

void trace_line(struct trace *trace, unsigned int line, int level, bool guest)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_LINE,
		.flags = guest ? ROAD_REC_F_GUEST : 0,
		.addr = line,
		.value = level,
	});
}

void trace_direction(struct trace *trace, unsigned int line,
		     enum road_direction direction)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_DIRECTION,
		.flags = ROAD_REC_F_GUEST,
		.addr = line,
		.value = direction,
	});
}

void trace_irq_type(struct trace *trace, unsigned int line, unsigned int type)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_IRQ_TYPE,
		.flags = ROAD_REC_F_GUEST,
		.addr = line,
		.value = type,
	});
}

void trace_irq(struct trace *trace, unsigned int line)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_IRQ,
		.addr = line,
	});
}

void trace_timer(struct trace *trace, const char *name)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_TIMER,
		.name = name,
	});
}

void trace_note(struct trace *trace, const char *text)
{
	trace_add(trace, (struct road_record){
		.type = ROAD_REC_NOTE,
		.name = text,
	});
}

size_t trace_count(const struct trace *trace)
{
	return trace->num_records;
}

const struct road_record *trace_get(const struct trace *trace, size_t i)
{
	if (i >= trace->num_records)
		return NULL;
	return &trace->chunks[i / CHUNK_RECORDS]->records[i % CHUNK_RECORDS];
}
