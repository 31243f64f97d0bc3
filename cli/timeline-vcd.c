// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timeline-vcd.c - a timeline as value changes for waveform viewers (VCD,
 * IEEE 1364-2005, 18)
 *
 * Lines are wires, and an interrupt is a pulse of one nanosecond. SCL and SDA
 * are drawn from the messages as lib/virtio/i2c.c times them: START or repeated
 * START, one bit; nine for the address and for each byte; STOP, one. A bit lasts
 * as long as the shortest message says; where a chip stretched the clock, SCL
 * is low for what is left. Within a bit SDA changes at its begin, and SCL is
 * high in its middle half.
 */
#include "reports.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BIT_NS 2500		/* at 400 kHz, if no message says it */
#define BITS_START 1
#define BITS_BYTE 9
#define NUM_LINES 1024		/* numbers that are believed */

enum { SIGNAL_SCL, SIGNAL_SDA, SIGNAL_LINES, SIGNAL_IRQS = SIGNAL_LINES +
       NUM_LINES, NUM_SIGNALS = SIGNAL_IRQS + NUM_LINES };

struct change {
	int64_t time;
	size_t order;
	unsigned int signal;
	char value;
};

struct vcd {
	struct change *changes;
	size_t num, max;
	bool used[NUM_SIGNALS];
	char *names[NUM_LINES];		/* of lines: whose interrupt; NULL */
	int64_t bit;
};

static void add(struct vcd *vcd, int64_t time, unsigned int signal, char value)
{
	if (vcd->num == vcd->max) {
		vcd->max = vcd->max ? 2 * vcd->max : 1024;
		vcd->changes = xrealloc(vcd->changes, vcd->max,
					sizeof(*vcd->changes));
	}
	vcd->used[signal] = true;
	vcd->changes[vcd->num] = (struct change){ time, vcd->num, signal,
						  value };
	vcd->num++;
}

/* ------------------------------------------------------------------------
 * The bus
 */

static size_t num_bytes(const json_t *record)
{
	return strlen(record_text(record, "data")) / 2;
}

static unsigned int byte_at(const json_t *record, size_t i)
{
	char digits[3] = { 0 };

	memcpy(digits, record_text(record, "data") + 2 * i, 2);
	return strtoul(digits, NULL, 16);
}

static int64_t message_time(const json_t *record)
{
	return record_number(record, "time") - record_number(record, "start");
}

/* Time of one bit, of messages that the chip took: of others it is not known
 * how far they came. */
static int64_t bit_time(const json_t *records)
{
	int64_t shortest = 0;
	json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		int64_t bits = BITS_START + BITS_BYTE * (num_bytes(record) + 1);

		if (!record_is(record, "i2c") ||
		    *record_text(record, "error") || message_time(record) <= 0)
			continue;
		if (!shortest || message_time(record) / bits < shortest)
			shortest = message_time(record) / bits;
	}
	return shortest >= 8 ? shortest : BIT_NS;
}

static int64_t put_start(struct vcd *vcd, int64_t at)
{
	int64_t quarter = vcd->bit / 4;

	add(vcd, at, SIGNAL_SDA, '1');
	add(vcd, at + quarter, SIGNAL_SCL, '1');
	add(vcd, at + 2 * quarter, SIGNAL_SDA, '0');
	add(vcd, at + 3 * quarter, SIGNAL_SCL, '0');
	return at + vcd->bit;
}

static void put_stop(struct vcd *vcd, int64_t at)
{
	int64_t quarter = vcd->bit / 4;

	add(vcd, at, SIGNAL_SDA, '0');
	add(vcd, at + quarter, SIGNAL_SCL, '1');
	add(vcd, at + 2 * quarter, SIGNAL_SDA, '1');
}

static int64_t put_bit(struct vcd *vcd, int64_t at, bool one)
{
	int64_t quarter = vcd->bit / 4;

	add(vcd, at, SIGNAL_SDA, one ? '1' : '0');
	add(vcd, at + quarter, SIGNAL_SCL, '1');
	add(vcd, at + 3 * quarter, SIGNAL_SCL, '0');
	return at + vcd->bit;
}

static int64_t put_byte(struct vcd *vcd, int64_t at, unsigned int byte,
			bool nak)
{
	for (int i = 7; i >= 0; i--)
		at = put_bit(vcd, at, byte >> i & 1);
	return put_bit(vcd, at, nak);
}

/* A failed message may have ended behind its address. */
static void put_message(struct vcd *vcd, const json_t *record)
{
	bool read = json_is_true(json_object_get(record, "read"));
	bool failed = *record_text(record, "error");
	int64_t end = record_number(record, "time"), held;
	size_t len = num_bytes(record);
	int64_t at = put_start(vcd, record_number(record, "start"));

	if (failed && message_time(record) / vcd->bit <
			      (int64_t)(BITS_START + BITS_BYTE * (len + 1)))
		len = 0;
	held = end - at - BITS_BYTE * (int64_t)(len + 1) * vcd->bit;
	at = put_byte(vcd, at, record_number(record, "addr") << 1 | read,
		      failed && !len);
	/* A chip holds the clock before what it is to say. */
	if (read && held > 0)
		at += held;
	for (size_t i = 0; i < len; i++)
		at = put_byte(vcd, at, byte_at(record, i),
			      i + 1 == len && (read || failed));
}

/* Does the next message on the bus go on with the transaction? */
static bool goes_on(const json_t *records, size_t i)
{
	const json_t *record = json_array_get(records, i), *next = NULL;

	for (i++; !next && i < json_array_size(records); i++)
		if (record_is(json_array_get(records, i), "i2c"))
			next = json_array_get(records, i);
	return next && record_number(next, "transaction") ==
			       record_number(record, "transaction");
}

static void put_bus(struct vcd *vcd, const json_t *records)
{
	json_t *record;
	size_t i;

	vcd->bit = bit_time(records);
	json_array_foreach(records, i, record) {
		if (!record_is(record, "i2c") || message_time(record) <= 0)
			continue;
		put_message(vcd, record);
		if (!goes_on(records, i))
			put_stop(vcd, record_number(record, "time"));
	}
}

/* ------------------------------------------------------------------------
 * The lines
 */

static void put_lines(struct vcd *vcd, const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		int64_t line = record_number(record, "line");
		int64_t time = record_number(record, "time");

		if (record_is(record, "chip")) {
			line = json_object_get(record, "irq_line") ?
				       record_number(record, "irq_line") : -1;
			if (line < 0 || line >= NUM_LINES)
				continue;
			free(vcd->names[line]);
			vcd->names[line] = text("%s", record_text(record,
								  "name"));
		} else if (line < 0 || line >= NUM_LINES) {
			continue;
		} else if (record_is(record, "line")) {
			add(vcd, time, SIGNAL_LINES + line,
			    record_number(record, "level") ? '1' : '0');
		} else if (record_is(record, "irq")) {
			add(vcd, time, SIGNAL_IRQS + line, '1');
			add(vcd, time + 1, SIGNAL_IRQS + line, '0');
		}
	}
}

/* ------------------------------------------------------------------------
 * The file
 */

/* What stands for a signal of a machine: printable, without blanks. */
static void put_code(FILE *out, size_t machine, unsigned int signal)
{
	for (size_t n = machine * NUM_SIGNALS + signal + 1; n; n /= 94)
		putc('!' + n % 94, out);
}

static void put_name(FILE *out, const struct vcd *vcd, unsigned int signal)
{
	unsigned int line = (signal - SIGNAL_LINES) % NUM_LINES;
	const char *name = vcd->names[line];

	if (signal < SIGNAL_LINES) {
		fputs(signal == SIGNAL_SCL ? "scl" : "sda", out);
		return;
	}
	fprintf(out, "%s%u", signal < SIGNAL_IRQS ? "line" : "irq", line);
	if (name && signal < SIGNAL_IRQS)
		putc('_', out);
	for (; name && signal < SIGNAL_IRQS && *name; name++)
		putc(isalnum((unsigned char)*name) ? *name : '_', out);
}

static void put_declarations(FILE *out, const struct vcd *vcd, size_t machine)
{
	fprintf(out, "$scope module machine%zu $end\n", machine);
	for (unsigned int i = 0; i < NUM_SIGNALS; i++) {
		if (!vcd->used[i])
			continue;
		fputs("$var wire 1 ", out);
		put_code(out, machine, i);
		putc(' ', out);
		put_name(out, vcd, i);
		fputs(" $end\n", out);
	}
	fputs("$upscope $end\n", out);
}

static int change_order(const void *a, const void *b)
{
	const struct change *one = a, *two = b;

	if (one->time != two->time)
		return one->time < two->time ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

/* The bus is idle, no interrupt is there, a line is not known. */
static void put_initial(FILE *out, const struct vcd *vcd, size_t machine)
{
	for (unsigned int i = 0; i < NUM_SIGNALS; i++) {
		if (!vcd->used[i])
			continue;
		putc(i < SIGNAL_LINES ? '1' : i < SIGNAL_IRQS ? 'x' : '0', out);
		put_code(out, machine, i);
		putc('\n', out);
	}
}

/* Times of VCD rise; those of several machines are one after the other in the
 * file, so each machine is merged by its own clock. */
static void put_changes(FILE *out, struct vcd *vcds, size_t num, int64_t begin)
{
	size_t *at = xcalloc(num, sizeof(*at));
	int64_t time = begin;

	for (;;) {
		size_t first = num;

		for (size_t i = 0; i < num; i++)
			if (at[i] < vcds[i].num &&
			    (first == num || vcds[i].changes[at[i]].time <
				     vcds[first].changes[at[first]].time))
				first = i;
		if (first == num)
			break;
		if (vcds[first].changes[at[first]].time > time) {
			time = vcds[first].changes[at[first]].time;
			fprintf(out, "#%" PRId64 "\n", time);
		}
		putc(vcds[first].changes[at[first]].value, out);
		put_code(out, first, vcds[first].changes[at[first]].signal);
		putc('\n', out);
		at[first]++;
	}
	/* The last change needs a time behind it to be seen. */
	fprintf(out, "#%" PRId64 "\n", time + BIT_NS);
	free(at);
}

static int64_t first_begin(const json_t *machines)
{
	int64_t begin = INT64_MAX;
	json_t *machine;
	size_t i;

	json_array_foreach(machines, i, machine)
		if (record_number(machine, "begin") < begin)
			begin = record_number(machine, "begin");
	return begin;
}

bool timeline_vcd(FILE *out, const json_t *machines, size_t *changes)
{
	size_t num = json_array_size(machines), i;
	struct vcd *vcds = xcalloc(num, sizeof(*vcds));
	int64_t begin = first_begin(machines);

	*changes = 0;
	fputs("$version roadtest " ROADTEST_VERSION " $end\n$timescale 1 ns $end\n",
	      out);
	for (i = 0; i < num; i++) {
		const json_t *records = json_object_get(
			json_array_get(machines, i), "records");

		put_bus(&vcds[i], records);
		put_lines(&vcds[i], records);
		qsort(vcds[i].changes, vcds[i].num, sizeof(*vcds[i].changes),
		      change_order);
		put_declarations(out, &vcds[i], i);
		*changes += vcds[i].num;
	}
	fprintf(out, "$enddefinitions $end\n#%" PRId64 "\n$dumpvars\n", begin);
	for (i = 0; i < num; i++)
		put_initial(out, &vcds[i], i);
	fputs("$end\n", out);
	put_changes(out, vcds, num, begin);
	for (i = 0; i < num; i++) {
		free(vcds[i].changes);
		for (size_t n = 0; n < NUM_LINES; n++)
			free(vcds[i].names[n]);
	}
	free(vcds);
	return !ferror(out);
}
