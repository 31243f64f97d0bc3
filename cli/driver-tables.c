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

/* The first string behind each @key in a table; with "{" as the key it is that
 * of each entry. */
static void read_table(const char *open, const char *key, struct strings *out)
{
	const char *end = block_end(open);

	for (const char *s = strstr(open + 1, key); s && s < end;
	     s = strstr(s + 1, key)) {
		const char *stop = s + strcspn(s, "}");
		const char *quote = s + strcspn(s, "\"");

		if (quote < stop && stop < end)
			add_once(out, quote + 1, strcspn(quote + 1, "\""));
	}
}

static void read_tables(const char *source, const char *type, const char *key,
			struct strings *out)
{
	const char *open = source;

	while ((open = find_table(open, type)))
		read_table(open, key, out);
}

/* "NAME = 16," in bytes; 0 if it does not stand there. */
static unsigned int bits_of(const char *source, const char *name)
{
	const char *found = strstr(source, name);

	if (!found)
		return 0;
	found += strlen(name);
	found += strspn(found, " \t=");
	return isdigit((unsigned char)*found) ? atoi(found) / 8 : 0;
}

/* How wide registers are; a driver that says nothing uses bytes. */
static void read_widths(struct driver *driver, const char *source)
{
	unsigned int value = bits_of(source, ".val_bits");
	unsigned int addr = bits_of(source, ".reg_bits");

	if (!value && strstr(source, "_word_swapped(")) {
		value = 2;
	} else if (!value && strstr(source, "i2c_smbus_read_word_data(")) {
		value = 2;
		driver->little = true;
	}
	if (strstr(source, "REGMAP_ENDIAN_LITTLE"))
		driver->little = true;
	driver->value_bytes = value >= 1 && value <= 4 ? value : 1;
	driver->addr_bytes = addr == 2 ? 2 : 1;
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

bool driver_read(struct driver *driver, const char *root, const char *path)
{
	char *full = *path == '/' ? text("%s", path) :
				    text("%s/%s", root, path);
	char *source = file_read(full);
	const char *base = strrchr(path, '/');
	int error = errno;

	free(full);
	if (!source) {
		errno = error;
		return false;
	}
	base = base ? base + 1 : path;
	drop_comments(source);
	*driver = (struct driver){
		.path = text("%s", path),
		.name = text("%.*s", (int)strcspn(base, "."), base),
		.i2c = registers(source, "i2c"),
		.spi = registers(source, "spi"),
		.platform = registers(source, "platform"),
	};
	read_tables(source, "struct of_device_id ", ".compatible",
		    &driver->compatibles);
	read_tables(source, "struct i2c_device_id ", "{", &driver->ids);
	read_widths(driver, source);
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
