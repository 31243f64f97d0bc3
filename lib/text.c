// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * text.c - bytes that should be text
 */
#include "text.h"

/*
 * The well-formed sequences of the Unicode standard (table 3-7): range of the
 * first byte, range of the second. The later ones are 80 to bf.
 */
static const struct {
	unsigned char first, last, low, high;
	size_t len;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0x00, 0xff, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },		/* no surrogates */
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t text_utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, k, len;

	for (i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		if (s[0] < utf8_forms[i].first || s[0] > utf8_forms[i].last)
			continue;
		len = utf8_forms[i].len;
		if (len > 1 &&
		    (s[1] < utf8_forms[i].low || s[1] > utf8_forms[i].high))
			return 0;
		for (k = 2; k < len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return len;
	}
	return 0;
}

size_t text_put_plain(FILE *out, const char *s)
{
	size_t len = text_utf8_len(s);
	unsigned char c = *s;

	if (len && (c >= 0x20 || c == '\t') && c != 0x7f) {
		fwrite(s, 1, len, out);
		return len;
	}
	fprintf(out, "\\x%02x", c);
	return 1;
}

void text_put_json(FILE *out, const char *key, const char *text)
{
	const char *s = text;
	size_t len;

	fprintf(out, ",\"%s\":", key);
	if (!s) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	for (; *s; s += len ? len : 1) {
		len = text_utf8_len(s);
		if (!len)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else
			fwrite(s, 1, len, out);
	}
	fputc('"', out);
}
