// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report-text.c - texts of any bytes inside of XML, JSON and HTML
 *
 * Names and output of tests may hold anything: no UTF-8, control characters,
 * "]]>", "</script>". Whatever goes into a report comes through here.
 */
#include "reports.h"

#include "../lib/text.h"
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

/* Characters that well-formed UTF-8 can spell and XML 1.0 can't have. */
static bool xml_forbids(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	if (c[0] < 0x20)
		return c[0] != '\t' && c[0] != '\n' && c[0] != '\r';
	return c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

void xml_put(FILE *out, const char *s)
{
	for (size_t len; *s; s += len ? len : 1) {
		len = text_utf8_len(s);
		if (!len || xml_forbids(s))
			fputs(REPLACEMENT, out);
		else if (xml_entity(*s))
			fputs(xml_entity(*s), out);
		else
			fwrite(s, 1, len, out);
	}
}

json_t *json_text(const char *s)
{
	json_t *json = json_string(s);
	char *clean;
	size_t size;
	FILE *out;

	if (json)
		return json;
	out = open_memstream(&clean, &size);
	if (!out)
		abort();
	for (size_t len; *s; s += len ? len : 1) {
		len = text_utf8_len(s);
		if (len)
			fwrite(s, 1, len, out);
		else
			fputs(REPLACEMENT, out);
	}
	fclose(out);
	json = json_string(clean);
	free(clean);
	if (!json)
		abort();
	return json;
}

/* A "<" stands only in strings, where this means the same; "</script>" and
 * "<!--" would end or change the element around it. */
static int put_part(const char *data, size_t len, void *arg)
{
	FILE *out = arg;

	for (size_t i = 0; i < len; i++)
		if (data[i] == '<')
			fputs("\\u003c", out);
		else
			putc(data[i], out);
	return ferror(out) ? -1 : 0;
}

bool json_put(FILE *out, const json_t *json)
{
	return !json_dump_callback(json, put_part, out,
				   JSON_COMPACT | JSON_ENCODE_ANY);
}
