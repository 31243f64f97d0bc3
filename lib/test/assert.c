// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * assert.c - the assertions, and what they say when they do not hold
 *
 * An assertion that names an error of the machine's, -ROAD_EMODEL say, as the
 * one that it expects has taken it: it is no failure at the test's end. One
 * that fails by it tells of it.
 */
#include "machine.h"
#include "test.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* -1, 0, 1; signed and unsigned are compared by value. */
static int value_order(struct road_value a, struct road_value b)
{
	bool a_negative = a.kind == ROAD_VALUE_SIGNED && a.i < 0;
	bool b_negative = b.kind == ROAD_VALUE_SIGNED && b.i < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	/* Of equal sign, two's complement orders as unsigned does. */
	return a.u < b.u ? -1 : a.u > b.u;
}

/* @errno_wanted: the author speaks of error codes, so name them. */
static void value_text(struct road_value value, bool errno_wanted, char *buf,
		       size_t size)
{
	switch (value.kind) {
	case ROAD_VALUE_POINTER:
		if (value.p)
			snprintf(buf, size, "%p", (const void *)value.p);
		else
			snprintf(buf, size, "NULL");
		break;
	case ROAD_VALUE_UNSIGNED:
		if (value.u > 9)
			snprintf(buf, size, "%" PRIu64 " (0x%" PRIx64 ")",
				 value.u, value.u);
		else
			snprintf(buf, size, "%" PRIu64, value.u);
		break;
	case ROAD_VALUE_SIGNED:
		if ((errno_wanted && value.i < 0 && value.i > -8192) ||
		    (value.i < -4096 && value.i > -8192))
			snprintf(buf, size, "%" PRId64 " (%s)", value.i,
				 road_strerror(value.i));
		else if (value.i > 9)
			snprintf(buf, size, "%" PRId64 " (0x%" PRIx64 ")",
				 value.i, value.u);
		else
			snprintf(buf, size, "%" PRId64, value.i);
		break;
	}
}

/* What the machines say of their last error; "" if nothing. */
static const char *run_machine_error(const struct road_test_run *run)
{
	for (const struct run_machine *m = run->machines; m; m = m->next)
		if (*road_machine_error(m->machine))
			return road_machine_error(m->machine);
	return "";
}

/* Which a call met with that returned @code; NULL: it is none of a machine. */
static struct machine_trouble *run_trouble(const struct road_test_run *run,
					   int64_t code)
{
	struct machine_trouble *trouble;

	if (code >= 0 || code < INT_MIN || run_is_elsewhere(run))
		return NULL;
	for (const struct run_machine *m = run->machines; m; m = m->next) {
		trouble = machine_trouble_of(m->machine, code);
		if (trouble)
			return trouble;
	}
	return NULL;
}

/* Does the test say by its name which error it expects? */
static bool where_names_error(const struct road_where *where)
{
	return (where->expected && strstr(where->expected, "-ROAD_E")) ||
	       strstr(where->seen, "-ROAD_E");
}

/* "text" as it stands in the source: where it lies is all that it has. */
static bool is_literal(const char *text)
{
	return text && text[0] == '"';
}

static bool run_compares_literals(struct road_test_run *run,
				  const struct road_where *where)
{
	if (!is_literal(where->expected) && !is_literal(where->seen))
		return false;
	road_test_fail(run, where->file, where->line,
		       "%s(%s, %s): compares addresses, not the text: use EXPECT_STREQ() or EXPECT_STRNE()",
		       where->macro, where->expected, where->seen);
	return true;
}

bool road_test_compare(struct road_test_run *_metadata,
		       const struct road_where *where,
		       enum road_comparison comparison,
		       struct road_value expected, struct road_value seen)
{
	static const char *const names[] = {
		[ROAD_CMP_EQ] = "==", [ROAD_CMP_NE] = "!=",
		[ROAD_CMP_LT] = "<",  [ROAD_CMP_LE] = "<=",
		[ROAD_CMP_GT] = ">",  [ROAD_CMP_GE] = ">=",
	};
	int order = value_order(expected, seen);
	const bool holds[] = {
		[ROAD_CMP_EQ] = order == 0, [ROAD_CMP_NE] = order != 0,
		[ROAD_CMP_LT] = order < 0,  [ROAD_CMP_LE] = order <= 0,
		[ROAD_CMP_GT] = order > 0,  [ROAD_CMP_GE] = order >= 0,
	};
	const char *first = where->expected ? where->expected : "";
	bool errors = strstr(first, "-E") || strstr(first, "-ROAD_E") ||
		      !strcmp(first, "0");
	struct machine_trouble *trouble = NULL;
	bool told;
	char left[64], right[64];

	run_count(&_metadata->outcome->checks, 1);
	if (run_compares_literals(_metadata, where))
		return false;
	if (seen.kind == ROAD_VALUE_SIGNED)
		trouble = run_trouble(_metadata, seen.i);
	if (holds[comparison]) {
		if (trouble && comparison == ROAD_CMP_EQ &&
		    where_names_error(where))
			trouble->taken++;
		return true;
	}
	value_text(expected, errors, left, sizeof(left));
	value_text(seen, errors, right, sizeof(right));
	told = !trouble || trouble->told;
	run_fail_about(_metadata, trouble, where->file, where->line,
		       "%s(%s%s%s): %s %s %s does not hold%s%s", where->macro,
		       first, *first ? ", " : "", where->seen, left,
		       names[comparison], right, told ? "" : ": ",
		       told ? "" : trouble->message);
	return false;
}

bool road_test_truth(struct road_test_run *_metadata,
		     const struct road_where *where, bool expected, bool seen)
{
	run_count(&_metadata->outcome->checks, 1);
	if (seen == expected)
		return true;
	road_test_fail(_metadata, where->file, where->line, "%s(%s): it is %s",
		       where->macro, where->seen, seen ? "true" : "false");
	return false;
}

/* A string as a C literal, or NULL; the caller frees. */
static char *string_text(const char *s)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (!s) {
		fputs("NULL", out);
		fclose(out);
		return text;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
	fclose(out);
	return text;
}

bool road_test_strings(struct road_test_run *_metadata,
		       const struct road_where *where, bool equal,
		       const char *expected, const char *seen)
{
	bool same = expected && seen ? !strcmp(expected, seen) :
				       expected == seen;
	char *left, *right;

	run_count(&_metadata->outcome->checks, 1);
	if (same == equal)
		return true;
	left = string_text(expected);
	right = string_text(seen);
	road_test_fail(_metadata, where->file, where->line,
		       "%s(%s, %s): %s %s %s does not hold", where->macro,
		       where->expected, where->seen, left, equal ? "==" : "!=",
		       right);
	free(left);
	free(right);
	return false;
}

bool road_test_ok(struct road_test_run *_metadata,
		  const struct road_where *where, int64_t result)
{
	struct machine_trouble *trouble;
	const char *message;

	run_count(&_metadata->outcome->checks, 1);
	if (result >= 0)
		return true;
	trouble = run_trouble(_metadata, result);
	message = trouble && trouble->told ? "see above" :
					     run_machine_error(_metadata);
	run_fail_about(_metadata, trouble, where->file, where->line,
		       "%s(%s): %" PRId64 " (%s)%s%s", where->macro,
		       where->seen, result,
		       result > -8192 ? road_strerror(result) : "?",
		       *message ? ": " : "", message);
	return false;
}
