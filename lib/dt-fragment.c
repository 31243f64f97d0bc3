// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dt-fragment.c - devicetree source that a test gave
 *
 * $NAME$ is a placeholder and $$ a dollar sign. Every line of the result
 * stands where it stood in the test's source, so that messages of cpp and dtc
 * need no more than the number of the first one.
 */
#include "dt-fragment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Length of the name behind the '$' at @s; 0 for "$$", -1 if no '$' ends it. */
static int placeholder_len(const char *s)
{
	int len = 0;

	while (is_name_char(s[1 + len]))
		len++;
	return s[1 + len] == '$' ? len : -1;
}

static bool name_is(const char *name, const char *s, int len)
{
	return !strncmp(name, s, len) && !name[len];
}

static int find_var(const struct road_fragment *src, const char *name, int len)
{
	size_t i;

	for (i = 0; i < src->num_vars; i++)
		if (name_is(src->vars[i].name, name, len))
			return (int)i;
	return -1;
}

static int check_fail(const struct road_fragment *src, const char *at,
		      struct road_error *error, const char *what, int len,
		      const char *name)
{
	int line = src->line;
	const char *s;

	for (s = src->src; s < at; s++)
		line += *s == '\n';
	return err_set(error, -ROAD_EUSAGE, "%s:%d: placeholder %.*s %s",
		       src->file ? src->file : "fragment", line, len, name,
		       what);
}

static int check_vars(const struct road_fragment *src, struct road_error *error)
{
	size_t i;

	for (i = 0; i < src->num_vars; i++) {
		const struct road_var *var = &src->vars[i];

		if (!var->name)
			return err_set(error, -ROAD_EUSAGE,
				       "a variable of the fragment has no name");
		if (var->type != ROAD_VAR_I2C_ADDR &&
		    var->type != ROAD_VAR_GPIO_PIN)
			return err_set(error, -ROAD_EUSAGE,
				       "variable %s of the fragment has an unknown type %d",
				       var->name, var->type);
		if (find_var(src, var->name, strlen(var->name)) != (int)i)
			return err_set(error, -ROAD_EUSAGE,
				       "variable %s of the fragment is declared twice",
				       var->name);
	}
	return 0;
}

static bool is_used(const struct road_fragment *src, const char *name)
{
	const char *s;
	int len;

	for (s = strchr(src->src, '$'); s; s = strchr(s + len + 2, '$')) {
		len = placeholder_len(s);
		if (len && name_is(name, s + 1, len))
			return true;
	}
	return false;
}

int dt_fragment_check(const struct road_fragment *src, struct road_error *error)
{
	const char *s;
	size_t i;
	int len, ret;

	if (!src->src || (src->num_vars && !src->vars))
		return err_set(error, -ROAD_EUSAGE, "the fragment is NULL");
	ret = check_vars(src, error);
	if (ret)
		return ret;
	for (s = strchr(src->src, '$'); s; s = strchr(s + len + 2, '$')) {
		len = placeholder_len(s);
		if (len < 0)
			return check_fail(src, s, error,
					  "has no '$' behind it (a dollar sign is $$)",
					  (int)strcspn(s, " \t\r\n"), s);
		if (len && find_var(src, s + 1, len) < 0)
			return check_fail(src, s, error, "is not declared",
					  len + 2, s);
	}
	for (i = 0; i < src->num_vars; i++)
		if (!is_used(src, src->vars[i].name))
			return err_set(error, -ROAD_EUSAGE,
				       "%s:%d: variable %s is declared, but $%s$ does not occur in the fragment",
				       src->file ? src->file : "fragment",
				       src->line, src->vars[i].name,
				       src->vars[i].name);
	return 0;
}

static char *substitute(const struct road_fragment *src,
			const unsigned int *values)
{
	const char *s = src->src, *next;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int len, var;

	if (!out)
		return NULL;
	for (; (next = strchr(s, '$')); s = next + len + 2) {
		fwrite(s, 1, next - s, out);
		len = placeholder_len(next);
		var = len ? find_var(src, next + 1, len) : -1;
		if (var < 0)
			fputc('$', out);
		else
			fprintf(out, src->vars[var].type == ROAD_VAR_I2C_ADDR ?
				     "%02x" : "%u", values[var]);
	}
	fputs(s, out);
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Directives, as opposed to properties like #size-cells. */
static bool is_directive(const char *s)
{
	static const char *const names[] = {
		"define", "elif", "else", "endif", "error", "if", "ifdef",
		"ifndef", "include", "line", "pragma", "undef", "warning",
	};
	size_t i, len;

	s += strspn(s, " \t");
	if (*s++ != '#')
		return false;
	s += strspn(s, " \t");
	len = strcspn(s, " \t\r\n<\"(/");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name_is(names[i], s, (int)len))
			return true;
	return false;
}

static bool has_directive(const char *text)
{
	const char *s;

	for (s = text; s; s = strchr(s, '\n')) {
		if (*s == '\n')
			s++;
		if (is_directive(s))
			return true;
	}
	return false;
}

int dt_fragment_init(struct dt_fragment *fragment,
		     const struct road_fragment *src,
		     const unsigned int *values, struct road_error *error)
{
	*fragment = (struct dt_fragment){ .line = src->line };
	fragment->text = substitute(src, values);
	if (src->file)
		fragment->file = strdup(src->file);
	if (!fragment->text || (src->file && !fragment->file)) {
		dt_fragment_deinit(fragment);
		return err_nomem(error);
	}
	fragment->cpp = has_directive(fragment->text);
	return 0;
}

void dt_fragment_deinit(struct dt_fragment *fragment)
{
	free(fragment->text);
	free(fragment->file);
	*fragment = (struct dt_fragment){ 0 };
}

const char *dt_fragment_line(const struct dt_fragment *fragment, long line)
{
	const char *s = fragment->text;
	long i;

	if (line < fragment->line)
		return NULL;
	for (i = fragment->line; i < line; i++) {
		s = strchr(s, '\n');
		if (!s)
			return NULL;
		s++;
	}
	return s;
}

/* The end of a string or comment that begins at @s; @s itself if none does. */
static const char *skip_quoted(const char *s)
{
	const char *end;

	if (s[0] == '/' && s[1] == '/')
		return s + strcspn(s, "\n");
	if (s[0] == '/' && s[1] == '*') {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	if (s[0] != '"')
		return s;
	for (end = s + 1; *end && *end != '"'; end++)
		if (end[0] == '\\' && end[1])
			end++;
	return *end ? end + 1 : end;
}

int dt_fragment_open_brace(const struct dt_fragment *fragment)
{
	const char *s = fragment->text, *end;
	int line = fragment->line, opened = 0;
	unsigned int depth = 0;

	/* The outermost brace is the one to name: which of the inner ones was
	 * forgotten nobody can tell. */
	while (*s) {
		end = skip_quoted(s);
		if (end == s) {
			if (*s == '{' && !depth++)
				opened = line;
			else if (*s == '}' && depth)
				depth--;
			end++;
		}
		for (; s < end; s++)
			line += *s == '\n';
	}
	return depth ? opened : 0;
}
