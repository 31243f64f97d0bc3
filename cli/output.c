// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * output.c - what a test prints, as much as is worth keeping
 *
 * A test may print for ever. Its first lines and its last ones are kept; what
 * is between is counted. Bytes may be any: what is no text would break
 * terminals and files that the lines are written to later, so it is kept in a
 * way that shows which bytes they were.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 65536
#define TAIL_BYTES 196608	/* at least that much, at most twice */

/* Length of the UTF-8 character at @s, 0: it is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};

	for (size_t len = 1; len <= 4 && len <= left; len++) {
		uint32_t code = s[0] & ~forms[len - 1].mask;

		if ((s[0] & forms[len - 1].mask) != forms[len - 1].lead)
			continue;
		for (size_t i = 1; i < len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[i] & 0x3f);
		}
		if (code < forms[len - 1].least || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000))
			return 0;
		return len;
	}
	return 0;
}

static bool is_text(const unsigned char *s, size_t len)
{
	if (len == 1)
		return (*s >= ' ' && *s != 0x7f) || *s == '\t';
	/* Of two bytes, U+0080 to U+009F are controls too. */
	return len > 2 || (len == 2 && (s[0] != 0xc2 || s[1] >= 0xa0));
}

char *printable(const char *line, size_t len)
{
	const unsigned char *s = (const unsigned char *)line;
	char *out = xcalloc(len * 4 + 1, 1), *to = out;

	while (len) {
		size_t n = utf8_len(s, len);

		if (is_text(s, n)) {
			memcpy(to, s, n);
			to += n;
		} else {
			n = 1;
			to += sprintf(to, "\\x%02x", *s);
		}
		s += n;
		len -= n;
	}
	return xrealloc(out, to - out + 1, 1);
}

/* Forget the oldest lines of the tail. In one go, as each moves the rest. */
static void output_drop(struct output *output)
{
	struct strings *tail = &output->tail;
	size_t num = 0;

	while (output->tail_bytes > TAIL_BYTES && num + 1 < tail->num) {
		size_t bytes = strlen(tail->items[num]) + 1;

		free(tail->items[num++]);
		output->tail_bytes -= bytes;
		output->dropped += bytes;
	}
	memmove(tail->items, tail->items + num,
		(tail->num - num + 1) * sizeof(*tail->items));
	tail->num -= num;
}

void output_add(struct output *output, const char *line, size_t len)
{
	char *kept = printable(line, len);
	size_t bytes = strlen(kept) + 1;

	if (!output->tail.num && output->head_bytes + bytes <= HEAD_BYTES) {
		strings_add(&output->head, kept);
		output->head_bytes += bytes;
		return;
	}
	strings_add(&output->tail, kept);
	output->tail_bytes += bytes;
	if (output->tail_bytes > 2 * TAIL_BYTES)
		output_drop(output);
}

void output_take(struct output *output, struct strings *lines)
{
	if (output->dropped)
		strings_add(&output->head,
			    text("(%zu bytes are left out here)",
				 output->dropped));
	for (size_t i = 0; i < output->tail.num; i++) {
		strings_add(&output->head, output->tail.items[i]);
		output->tail.items[i] = NULL;
	}
	*lines = output->head;
	output->head = (struct strings){ 0 };
	output_deinit(output);
}

void output_deinit(struct output *output)
{
	strings_deinit(&output->head);
	strings_deinit(&output->tail);
	*output = (struct output){ 0 };
}
