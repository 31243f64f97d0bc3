// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * near.c - names that are like one that does not exist
 */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 64	/* of what is compared of a name */
#define MAX_SHOWN 5

static int plain(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

bool near_same(const char *a, const char *b)
{
	while (*a && plain(*a) == plain(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many characters to add, take away, change or swap with the next one
 * (Damerau and Levenshtein). */
static unsigned int distance(const char *a, const char *b)
{
	unsigned char d[MAX_NAME + 1][MAX_NAME + 1];
	size_t len_a = strnlen(a, MAX_NAME), len_b = strnlen(b, MAX_NAME);

	for (size_t i = 0; i <= len_a; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= len_b; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= len_a; i++)
		for (size_t j = 1; j <= len_b; j++) {
			bool differ = plain(a[i - 1]) != plain(b[j - 1]);

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + differ);
			if (i > 1 && j > 1 &&
			    plain(a[i - 1]) == plain(b[j - 2]) &&
			    plain(a[i - 2]) == plain(b[j - 1]))
				d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1,
					       MAX_NAME);
		}
	return d[len_a][len_b];
}

/* A part of the other one is as near as one typing mistake. */
static unsigned int farness(const char *name, const char *other)
{
	unsigned int far = distance(name, other);

	if (strlen(name) > 2 && (strcasestr(other, name) ||
				 (strlen(other) > 2 && strcasestr(name, other))))
		return far < 1 ? far : 1;
	return far;
}

void near_suggest(const char *name, const struct strings *names)
{
	unsigned int limit = strlen(name) < 5 ? 1 : (strlen(name) + 1) / 3;
	struct strings shown = { 0 };
	char *line = text("%s", "");

	for (unsigned int far = 0; far <= limit; far++)
		for (size_t i = 0; i < names->num && shown.num < MAX_SHOWN;
		     i++) {
			const char *other = names->items[i];
			char *longer;

			if (farness(name, other) != far ||
			    strings_have(&shown, other))
				continue;
			strings_add(&shown, text("%s", other));
			longer = text("%s%s%s", line, *line ? ", " : "",
				      other);
			free(line);
			line = longer;
		}
	if (shown.num)
		cli_remedy("near to it: %s", line);
	free(line);
	strings_deinit(&shown);
}
