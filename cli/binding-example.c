// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * binding-example.c - a node of the devicetree that a binding shows
 *
 * Only as much of the language is read as is needed to tell nodes and
 * properties apart: braces, semicolons, strings, comments, lines of cpp.
 */
#include "new.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 256
#define MAX_PARTS 1024

/* A node, or a property of one. */
struct part {
	int parent;		/* node that it stands in; -1: none */
	bool node;
	const char *start;	/* of its name, with labels */
	const char *body;	/* of a node, behind the brace */
	const char *end;	/* of a node its last brace, else the ";" */
};

struct parts {
	struct part items[MAX_PARTS];
	int num;
	int open[MAX_NODES];
	int depth;
};

static int part_add(struct parts *parts, bool node, const char *start,
		    const char *end)
{
	if (parts->num == MAX_PARTS || parts->depth == MAX_NODES)
		return -1;
	start += strspn(start, " \t\r\n");
	parts->items[parts->num] = (struct part){
		.parent = parts->depth ? parts->open[parts->depth - 1] : -1,
		.node = node,
		.start = start,
		.body = end + 1,
		.end = end,
	};
	return parts->num++;
}

/* Behind a comment, a string or a line of cpp that begins at @s; @s itself if
 * none does. */
static const char *skip(const char *s, const char *text)
{
	if (s[0] == '/' && s[1] == '*') {
		const char *end = strstr(s + 2, "*/");

		return end ? end + 2 : s + strlen(s);
	}
	if ((s[0] == '/' && s[1] == '/') ||
	    (*s == '#' && (starts_with(s, "#include") ||
			   starts_with(s, "#define")) &&
	     (s == text || s[-1] == '\n' || isspace((unsigned char)s[-1]))))
		return s + strcspn(s, "\n");
	if (*s == '"') {
		s += 1 + strcspn(s + 1, "\"");
		return *s ? s + 1 : s;
	}
	return s;
}

static void parts_read(struct parts *parts, const char *text)
{
	const char *statement = text, *s = text;

	while (*s) {
		const char *behind = skip(s, text);

		if (behind != s) {
			if (*s != '"' && s == statement +
			    strspn(statement, " \t\r\n"))
				statement = behind;
			s = behind;
			continue;
		}
		if (*s == '{') {
			int node = part_add(parts, true, statement, s);

			if (node < 0)
				return;
			parts->open[parts->depth++] = node;
		} else if (*s == '}' && parts->depth) {
			parts->items[parts->open[--parts->depth]].end = s;
		} else if (*s == ';' && s > statement &&
			   statement[strspn(statement, " \t\r\n")] != ';') {
			if (part_add(parts, false, statement, s) < 0)
				return;
		}
		if (strchr("{};", *s))
			statement = s + 1;
		s++;
	}
}

static char *property_name(const struct part *part)
{
	size_t len = strcspn(part->start, " \t\r\n=;");

	return text("%.*s", (int)len, part->start);
}

/* What stands behind the "=", in one line. */
static char *property_value(const struct part *part)
{
	const char *s = part->start + strcspn(part->start, "=;");
	char *value, *out;

	if (s >= part->end)
		return text("%s", "");
	s++;
	s += strspn(s, " \t\r\n");
	value = text("%.*s", (int)(part->end - s), s);
	out = value;
	for (const char *in = value; *in; in++)
		if (!isspace((unsigned char)*in))
			*out++ = *in;
		else if (out > value && out[-1] != ' ')
			*out++ = ' ';
	*out = '\0';
	return value;
}

static bool is_compatible(const struct part *part, const char *compatible)
{
	char *name = property_name(part);
	char *value = property_value(part);
	char *quoted = text("\"%s\"", compatible ? compatible : "");
	bool result = !strcmp(name, "compatible") &&
		      (!compatible || strstr(value, quoted));

	free(quoted);
	free(value);
	free(name);
	return result && part->parent >= 0;
}

static void take_node(struct example *example, const struct parts *parts,
		      int node)
{
	for (int i = 0; i < parts->num; i++) {
		const struct part *part = &parts->items[i];

		if (part->parent != node)
			continue;
		if (part->node) {
			strings_add(&example->children,
				    text("%.*s}", (int)(part->end -
							part->start),
					 part->start));
			continue;
		}
		strings_add(&example->names, property_name(part));
		strings_add(&example->values, property_value(part));
	}
}

static void take_includes(struct example *example, const char *source)
{
	for (const char *s = source; (s = strstr(s, "#include")); s++)
		strings_add(&example->includes,
			    text("%.*s", (int)strcspn(s, "\r\n"), s));
}

bool example_read(struct example *example, const char *source,
		  const char *compatible)
{
	struct parts *parts = xcalloc(1, sizeof(*parts));
	int node = -1;

	*example = (struct example){ 0 };
	parts_read(parts, source);
	for (int i = 0; i < parts->num && node < 0; i++)
		if (!parts->items[i].node &&
		    is_compatible(&parts->items[i], compatible))
			node = parts->items[i].parent;
	if (node >= 0) {
		take_node(example, parts, node);
		take_includes(example, source);
	}
	free(parts);
	return node >= 0;
}

/* ------------------------------------------------------------------------
 * What of a child is the chip's own
 */

/* Does a node stand for another maker's chip, or for what a board does with a
 * line? */
static bool is_foreign(const struct parts *parts, int node, const char *vendor)
{
	bool foreign = false;

	for (int i = 0; i < parts->num && !foreign; i++) {
		const struct part *part = &parts->items[i];
		char *name, *value;

		if (part->parent != node || part->node)
			continue;
		name = property_name(part);
		value = property_value(part);
		foreign = !strcmp(name, "gpio-hog") ||
			  (!strcmp(name, "compatible") &&
			   (*value != '"' || strncmp(value + 1, vendor,
						     strlen(vendor))));
		free(value);
		free(name);
	}
	return foreign;
}

static void put_node(FILE *out, const struct parts *parts, int node,
		     const char *vendor)
{
	const struct part *part = &parts->items[node];

	fprintf(out, "%.*s{\n", (int)(part->body - 1 - part->start),
		part->start);
	for (int i = 0; i < parts->num; i++) {
		const struct part *below = &parts->items[i];

		if (below->parent != node)
			continue;
		if (below->node && !is_foreign(parts, i, vendor))
			put_node(out, parts, i, vendor);
		else if (!below->node && starts_with(below->start,
						     "remote-endpoint"))
			fputs("/* TODO: remote-endpoint, which refers to another node */\n",
			      out);
		else if (!below->node)
			fprintf(out, "%.*s;\n",
				(int)(below->end - below->start),
				below->start);
	}
	fputs("};\n", out);
}

char *example_own(const char *child, const char *compatible)
{
	size_t len = strcspn(compatible, ",");
	char *vendor = text("%.*s,", (int)len, compatible);
	struct parts *parts = xcalloc(1, sizeof(*parts));
	char *own = NULL;
	size_t size;
	bool changed = false;
	FILE *out;

	parts_read(parts, child);
	for (int i = 0; i < parts->num; i++)
		changed |= parts->items[i].node ?
				   is_foreign(parts, i, vendor) :
				   starts_with(parts->items[i].start,
					       "remote-endpoint");
	if (!changed) {
		own = text("%s;", child);
	} else if (parts->items[0].node && !is_foreign(parts, 0, vendor)) {
		out = open_memstream(&own, &size);
		if (!out)
			abort();
		put_node(out, parts, 0, vendor);
		fclose(out);
	}
	free(parts);
	free(vendor);
	return own;
}

void example_deinit(struct example *example)
{
	strings_deinit(&example->names);
	strings_deinit(&example->values);
	strings_deinit(&example->children);
	strings_deinit(&example->includes);
}

const char *example_value(const struct example *example, const char *name)
{
	for (size_t i = 0; i < example->names.num; i++)
		if (!strcmp(example->names.items[i], name))
			return example->values.items[i];
	return NULL;
}
