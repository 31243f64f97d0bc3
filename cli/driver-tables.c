// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * driver-tables.c - what a driver's source says about the chips that it drives
 *
 * Text is looked at, not C: tables are found by their type, and what macros
 * would make of them is not seen.
 */
#include "new.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Overwrite comments with blanks. What stands in strings is kept. */
static void drop_comments(char *s)
{
	bool quoted = false;

	for (; *s; s++) {
		if (quoted && *s == '\\' && s[1]) {
			s++;
		} else if (*s == '"') {
			quoted = !quoted;
		} else if (*s == '\n') {
			quoted = false;
		} else if (!quoted && s[0] == '/' && s[1] == '*') {
			char *end = strstr(s + 2, "*/");
			char *stop = end ? end + 2 : s + strlen(s);

			memset(s, ' ', stop - s);
			s = stop - 1;
		} else if (!quoted && s[0] == '/' && s[1] == '/') {
			size_t len = strcspn(s, "\n");

			memset(s, ' ', len);
			s += len - 1;
		}
	}
}

/* Behind the brace that closes what opens at @open. */
static const char *block_end(const char *open)
{
	int depth = 0;

	for (const char *s = open; *s; s++) {
		if (*s == '"') {
			s += 1 + strcspn(s + 1, "\"\n");
			if (!*s)
				break;
		} else if (*s == '{') {
			depth++;
		} else if (*s == '}' && !--depth) {
			return s + 1;
		}
	}
	return open + strlen(open);
}

/* The next table of a type at or behind @from: "struct TYPE ... [] = {".
 * Return: its brace, or NULL. */
static const char *find_table(const char *from, const char *type)
{
	while ((from = strstr(from, type))) {
		const char *open;

		from += strlen(type);
		open = from + strcspn(from, "{;()");
		if (*open == '{' && memchr(from, '[', open - from) &&
		    memchr(from, '=', open - from))
			return open;
	}
	return NULL;
}

static void add_once(struct strings *list, const char *start, size_t len)
{
	char *item = text("%.*s", (int)len, start);

	if (len && !strings_have(list, item))
		strings_add(list, item);
	else
		free(item);
}

/* The string that a macro of the file is: "#define NAME "foo"". */
static void add_macro(const char *source, const char *name, size_t len,
		      struct strings *out)
{
	char *define = text("#define %.*s", (int)len, name);
	const char *s = strstr(source, define);

	if (s) {
		s += strlen(define);
		s += strspn(s, " \t");
		if (*s == '"')
			add_once(out, s + 1, strcspn(s + 1, "\""));
	}
	free(define);
}

/* The first string behind each @key in a table; with "{" as the key it is that
 * of each entry. */
static void read_table(const char *source, const char *open, const char *key,
		       struct strings *out)
{
	const char *end = block_end(open);

	for (const char *s = strstr(open + 1, key); s && s < end;
	     s = strstr(s + 1, key)) {
		const char *stop = s + strcspn(s, "}");
		const char *quote = s + strcspn(s, "\"");
		const char *name = s + strlen(key);
		size_t len = 0;

		name += strspn(name, " \t\n=");
		while (isalnum((unsigned char)name[len]) || name[len] == '_')
			len++;
		if (quote < stop && stop < end)
			add_once(out, quote + 1, strcspn(quote + 1, "\""));
		else if (len && stop < end)
			add_macro(source, name, len, out);
	}
}

void driver_read_tables(const char *source, const char *type, const char *key,
			struct strings *out)
{
	const char *open = source;

	while ((open = find_table(open, type))) {
		size_t before = out->num;

		read_table(source, open, key, out);
		/* Macros with arguments make its entries: what is text in them
		 * is the name. */
		if (out->num == before)
			read_table(source, open, "(", out);
	}
}

/* Is a driver of this bus defined here? */
static bool registers(const char *source, const char *bus)
{
	char *type = text("struct %s_driver ", bus);
	const char *found = source;
	bool result = false;

	while (!result && (found = strstr(found, type))) {
		found += strlen(type);
		result = found[strcspn(found, "={;(),")] == '=';
	}
	free(type);
	return result;
}

char *driver_source(const char *path)
{
	char *source = file_read(path);

	if (source)
		drop_comments(source);
	return source;
}

bool driver_read(struct driver *driver, const char *root, const char *path)
{
	char *full = *path == '/' ? text("%s", path) :
				    text("%s/%s", root, path);
	char *source = driver_source(full);
	const char *base = strrchr(path, '/');
	int error = errno;

	free(full);
	if (!source) {
		errno = error;
		return false;
	}
	base = base ? base + 1 : path;
	*driver = (struct driver){
		.path = text("%s", path),
		.name = text("%.*s", (int)strcspn(base, "."), base),
		.i2c = registers(source, "i2c"),
		.spi = registers(source, "spi"),
		.platform = registers(source, "platform"),
	};
	driver_read_tables(source, "struct of_device_id ", ".compatible",
			   &driver->compatibles);
	driver_read_tables(source, "struct i2c_device_id ", "{", &driver->ids);
	free(source);
	return true;
}

void driver_deinit(struct driver *driver)
{
	free(driver->path);
	free(driver->name);
	strings_deinit(&driver->compatibles);
	strings_deinit(&driver->ids);
	*driver = (struct driver){ 0 };
}

const char *compatible_chip(const char *compatible)
{
	const char *comma = strrchr(compatible, ',');

	return comma ? comma + 1 : compatible;
}
