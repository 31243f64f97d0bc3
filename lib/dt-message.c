// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dt-message.c - what cpp and dtc said, in terms of the test's own file
 *
 * The message itself is the tool's: only names of files are replaced, and the
 * line of source put behind it. Where dtc points to the wrong place, a line
 * with the right one follows.
 */
#include "dt-message.h"

#include "dt-fragment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *fragment_file(const struct dt_fragment *fragment)
{
	return fragment->file ? fragment->file : "fragment";
}

static void put_source(FILE *out, const char *line)
{
	line += strspn(line, " \t");
	fprintf(out, "    %.*s\n", (int)strcspn(line, "\r\n"), line);
}

/* The fragment whose mark stands at @s, and where the mark ends; else NULL. */
static const struct dt_fragment *marked(const struct dt *dt, const char *s,
					char **end)
{
	unsigned long i;

	s += strlen(DT_FRAGMENT_MARK);
	if (!isdigit((unsigned char)*s))
		return NULL;	/* strtoul() would go on in the next line */
	i = strtoul(s, end, 10);
	return i < dt->num_fragments ? &dt->fragments[i] : NULL;
}

static void rewrite_line(const struct dt *dt, FILE *out, const char *s,
			 size_t len)
{
	const struct dt_fragment *fragment = NULL;
	const char *source = NULL, *stop = s + len, *mark;
	char *end;

	while ((mark = memmem(s, stop - s, DT_FRAGMENT_MARK,
			      strlen(DT_FRAGMENT_MARK)))) {
		fwrite(s, 1, mark - s, out);
		s = mark;
		fragment = marked(dt, mark, &end);
		if (!fragment) {
			fputc(*s++, out);
			continue;
		}
		fputs(fragment_file(fragment), out);
		s = end;
		if (*s == ':' && !source)
			source = dt_fragment_line(fragment,
						  strtol(s + 1, NULL, 10));
	}
	fwrite(s, 1, stop - s, out);
	fputc('\n', out);
	if (source)
		put_source(out, source);
}

/* Lines that only say that there were lines before. */
static bool is_noise(const char *s, size_t len)
{
	static const char *const starts[] = {
		"FATAL ERROR: Unable to parse input tree",
		"FATAL ERROR: Syntax error parsing input tree",
		"ERROR: Input tree has errors, aborting",
		"compilation terminated",
	};
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (len >= strlen(starts[i]) &&
		    !memcmp(s, starts[i], strlen(starts[i])))
			return true;
	return !len;
}

/* Where a fragment refers to @label, for a message that names the node. */
static void put_reference(FILE *out, const struct dt_fragment *fragment,
			  const char *label, size_t len)
{
	const char *s = fragment->text, *line = s;
	int number = fragment->line;

	for (; *s; s++) {
		if (*s == '\n') {
			number++;
			line = s + 1;
		}
		if (*s != '&' || strncmp(s + 1, label, len) ||
		    isalnum((unsigned char)s[1 + len]) || s[1 + len] == '_')
			continue;
		fprintf(out, "%s:%d: &%.*s stands here\n",
			fragment_file(fragment), number, (int)len, label);
		put_source(out, line);
		return;
	}
}

/* dtc points to the node, which may be one of the base tree. */
static void put_references(const struct dt *dt, FILE *out, const char *s,
			   size_t len)
{
	static const char text[] = "non-existent node or label \"";
	const char *label = memmem(s, len, text, strlen(text));
	size_t i, label_len;

	if (!label)
		return;
	label += strlen(text);
	label_len = strcspn(label, "\"\n");
	for (i = 0; i < dt->num_fragments; i++)
		put_reference(out, &dt->fragments[i], label, label_len);
}

/* dtc notices in the fragment behind it, or at the end of all. */
static void put_open_braces(const struct dt *dt, FILE *out)
{
	size_t i;

	for (i = 0; i < dt->num_fragments; i++) {
		const struct dt_fragment *fragment = &dt->fragments[i];
		int line = dt_fragment_open_brace(fragment);

		/* With conditionals in it counting proves nothing. */
		if (line && !fragment->cpp)
			fprintf(out, "%s:%d: this '{' is not closed\n",
				fragment_file(fragment), line);
	}
}

void dt_message_rewrite(const struct dt *dt, FILE *out, const char *output)
{
	const char *s;
	size_t len;

	for (s = output; *s; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		if (is_noise(s, len))
			continue;
		rewrite_line(dt, out, s, len);
		put_references(dt, out, s, len);
	}
	put_open_braces(dt, out);
}
