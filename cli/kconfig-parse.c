// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig-parse.c - what options a kernel tree has and what they depend on
 *
 * Kconfig files are lines: blocks (`config`, `menu`, `if`, ...) with
 * attributes (`depends on`, a type with a prompt, ...) below them. A block
 * inside `if` or `menu` inherits their conditions, through `source` too.
 * Only what the explanations need is kept; anything else is skipped.
 */
#include "kconfig.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64	/* of files that source each other */

struct parser {
	struct kconfig *kconfig;
	const char *root;
	struct strings context;		/* conditions of what we are in */
	size_t *marks;			/* context.num at each open block */
	size_t num_marks;
	bool in_menu;			/* attributes go to the context */
	unsigned int choices;		/* that are open */
	struct kconfig_symbol *symbol;	/* they go here; may be NULL */
	unsigned int depth;
};

static void parse_file(struct parser *parser, const char *path);

static void context_open(struct parser *parser)
{
	parser->marks = xrealloc(parser->marks, parser->num_marks + 1,
				 sizeof(*parser->marks));
	parser->marks[parser->num_marks++] = parser->context.num;
}

static void context_close(struct parser *parser)
{
	size_t mark = parser->num_marks ? parser->marks[--parser->num_marks] :
					  0;

	while (parser->context.num > mark)
		free(parser->context.items[--parser->context.num]);
}

static void symbol_begin(struct parser *parser, const char *name,
			 const char *path, int line)
{
	struct kconfig *kconfig = parser->kconfig;
	struct kconfig_symbol *symbol;

	if (kconfig->num == kconfig->max) {
		kconfig->max = kconfig->max ? 2 * kconfig->max : 4096;
		kconfig->symbols = xrealloc(kconfig->symbols, kconfig->max,
					    sizeof(*kconfig->symbols));
	}
	symbol = &kconfig->symbols[kconfig->num++];
	*symbol = (struct kconfig_symbol){
		.name = text("%s", name),
		.origin = text("%s:%d", path, line),
		.in_choice = parser->choices,
	};
	for (size_t i = 0; i < parser->context.num; i++)
		strings_add(&symbol->depends,
			    text("%s", parser->context.items[i]));
	parser->symbol = symbol;
	parser->in_menu = false;
}

/* `bool "prompt" if X`: @rest is behind the word. */
static void symbol_prompt(struct parser *parser, const char *rest)
{
	struct kconfig_symbol *symbol = parser->symbol;
	const char *end;

	if (!symbol || (*rest != '"' && *rest != '\''))
		return;
	symbol->prompt = true;
	for (end = rest + 1; *end && *end != *rest; end++)
		end += *end == '\\' && end[1];
	end = *end ? strstr(end, " if ") : NULL;
	if (end && !symbol->prompt_if)
		symbol->prompt_if = text("%s", end + strlen(" if "));
}

/* $(SRCARCH) and $(HEADER_ARCH) are all that paths use. */
static char *source_path(const char *rest)
{
	static const struct { const char *name, *value; } variables[] = {
		{ "$(SRCARCH)", "um" },
		{ "$(HEADER_ARCH)", "x86" },
	};
	char *path = text("%.*s", (int)strcspn(rest + 1, "\""), rest + 1);

	for (size_t i = 0; i < 2; i++) {
		char *found = strstr(path, variables[i].name);
		char *copy;

		if (!found)
			continue;
		copy = text("%.*s%s%s", (int)(found - path), path,
			    variables[i].value,
			    found + strlen(variables[i].name));
		free(path);
		path = copy;
	}
	return path;
}

/* A line that opens or closes a block. Return: was it one? */
static bool parse_block(struct parser *parser, const char *word,
			const char *rest, const char *path, int line)
{
	char *source;

	if (!strcmp(word, "config") || !strcmp(word, "menuconfig")) {
		symbol_begin(parser, rest, path, line);
	} else if (!strcmp(word, "if")) {
		context_open(parser);
		strings_add(&parser->context, text("%s", rest));
		parser->symbol = NULL;
		parser->in_menu = false;
	} else if (!strcmp(word, "menu") || !strcmp(word, "choice")) {
		context_open(parser);
		parser->symbol = NULL;
		parser->in_menu = true;
		parser->choices += *word == 'c';
	} else if (!strcmp(word, "endif") || !strcmp(word, "endmenu") ||
		   !strcmp(word, "endchoice")) {
		context_close(parser);
		parser->symbol = NULL;
		parser->in_menu = false;
		parser->choices -= !strcmp(word, "endchoice");
	} else if (!strcmp(word, "source") && *rest == '"') {
		parser->symbol = NULL;
		parser->in_menu = false;
		source = source_path(rest);
		parse_file(parser, source);
		free(source);
	} else if (!strcmp(word, "comment") || !strcmp(word, "mainmenu")) {
		parser->symbol = NULL;
		parser->in_menu = false;
	} else {
		return false;
	}
	return true;
}

static void parse_attribute(struct parser *parser, const char *word,
			    const char *rest)
{
	bool boolean = !strcmp(word, "bool") || !strcmp(word, "def_bool");

	if (!strcmp(word, "depends") && starts_with(rest, "on ")) {
		if (parser->symbol)
			strings_add(&parser->symbol->depends,
				    text("%s", rest + 3));
		else if (parser->in_menu)
			strings_add(&parser->context, text("%s", rest + 3));
	} else if (boolean || !strcmp(word, "tristate") ||
		   !strcmp(word, "string") || !strcmp(word, "int") ||
		   !strcmp(word, "hex") || !strcmp(word, "prompt")) {
		if (parser->symbol && boolean)
			parser->symbol->is_bool = true;
		if (parser->symbol && !strcmp(word, "tristate"))
			parser->symbol->is_tristate = true;
		symbol_prompt(parser, rest);
	} else if (!strcmp(word, "default") && parser->symbol) {
		strings_add(&parser->symbol->defaults, text("%s", rest));
	} else if (!strcmp(word, "select") && parser->symbol) {
		strings_add(&parser->symbol->selects, text("%s", rest));
	}
}

static int indentation(const char *line)
{
	int column = 0;

	for (; *line == ' ' || *line == '\t'; line++)
		column = *line == '\t' ? (column | 7) + 1 : column + 1;
	return column;
}

/* Cut a comment and trailing blanks. */
static void trim(char *line)
{
	bool quoted = false;
	size_t len;

	for (char *p = line; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == '#' && !quoted)
			*p = '\0';
		if (!*p)
			break;
	}
	len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
}

static void parse_line(struct parser *parser, char *line, const char *path,
		       int number)
{
	char *rest;

	while (isspace((unsigned char)*line))
		line++;
	trim(line);
	rest = line;
	while (*rest && !isspace((unsigned char)*rest))
		rest++;
	if (*rest)
		*rest++ = '\0';
	while (isspace((unsigned char)*rest))
		rest++;
	if (!parse_block(parser, line, rest, path, number))
		parse_attribute(parser, line, rest);
}

/* Join lines that end in a backslash: the next begins at @next. Return: how
 * many were joined to @line. */
static int join_lines(char *line, char **next)
{
	size_t len = strlen(line);
	int joined = 0;

	while (*next && len && line[len - 1] == '\\') {
		size_t blanks = strspn(*next, " \t");

		/* One blank stays of the backslash, the newline and what the
		 * next line is indented by. */
		line[len - 1] = ' ';
		memmove(line + len, *next + blanks,
			strlen(*next + blanks) + 1);
		*next = line + len;
		strsep(next, "\n");
		len = strlen(line);
		joined++;
	}
	return joined;
}

/* A help text goes on as long as lines are indented as its first one is. */
static bool in_help(const char *line, int *help)
{
	const char *p = line + strspn(line, " \t");

	if (!*help)
		return false;
	if (!*p)
		return true;
	if (*help < 0)
		*help = indentation(line);
	if (*help && indentation(line) >= *help)
		return true;
	*help = 0;
	return false;
}

static void parse_file(struct parser *parser, const char *path)
{
	char *full = text("%s/%s", parser->root, path);
	char *content = parser->depth < MAX_DEPTH ? file_read(full) : NULL;
	int number = 0, joined;
	int help = 0;		/* column of a help text; -1: not known yet */
	char *rest = content, *line;

	parser->depth++;
	while (rest && (line = strsep(&rest, "\n"))) {
		const char *word = line + strspn(line, " \t");

		number++;
		if (in_help(line, &help))
			continue;
		if (!strcmp(word, "help") || !strcmp(word, "---help---")) {
			help = -1;
			continue;
		}
		joined = join_lines(line, &rest);
		parse_line(parser, line, path, number);
		number += joined;
	}
	parser->depth--;
	free(content);
	free(full);
}

static int compare_symbols(const void *a, const void *b)
{
	const struct kconfig_symbol *one = *(struct kconfig_symbol *const *)a;
	const struct kconfig_symbol *two = *(struct kconfig_symbol *const *)b;
	int order = strcmp(one->name, two->name);

	return order ? order : one < two ? -1 : one > two;
}

static void sort_symbols(struct kconfig *kconfig)
{
	kconfig->by_name = xcalloc(kconfig->num + 1, sizeof(*kconfig->by_name));
	for (size_t i = 0; i < kconfig->num; i++)
		kconfig->by_name[i] = &kconfig->symbols[i];
	if (kconfig->num)
		qsort(kconfig->by_name, kconfig->num, sizeof(*kconfig->by_name),
		      compare_symbols);
}

struct kconfig_symbol *const *kconfig_find(const struct kconfig *kconfig,
					   const char *name)
{
	size_t low = 0, high = kconfig->num;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(kconfig->by_name[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == kconfig->num || strcmp(kconfig->by_name[low]->name, name))
		return NULL;
	return &kconfig->by_name[low];
}

struct kconfig *kconfig_parse(const char *source_dir)
{
	struct parser parser = {
		.kconfig = xcalloc(1, sizeof(struct kconfig)),
		.root = source_dir,
	};

	parse_file(&parser, "Kconfig");
	strings_deinit(&parser.context);
	free(parser.marks);
	sort_symbols(parser.kconfig);
	return parser.kconfig;
}

void kconfig_destroy(struct kconfig *kconfig)
{
	for (size_t i = 0; kconfig && i < kconfig->num; i++) {
		struct kconfig_symbol *symbol = &kconfig->symbols[i];

		free(symbol->name);
		free(symbol->prompt_if);
		free(symbol->origin);
		strings_deinit(&symbol->depends);
		strings_deinit(&symbol->defaults);
		strings_deinit(&symbol->selects);
	}
	if (kconfig) {
		free(kconfig->by_name);
		free(kconfig->symbols);
	}
	free(kconfig);
}
