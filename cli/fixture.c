// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fixture.c - results of the fixtures of a class or module in Python
 *
 * One that fails has a result of its own, "module.Class.tearDownClass", which is
 * on no list. It concerns the tests of that class or module.
 */
#include "run.h"

#include <string.h>

/* How many names the owner is of "module.Class.test": that of a class is all but
 * the last, that of a module all but two. */
static const struct {
	const char *name;
	int behind;
} fixtures[] = {
	{ "setUpClass", 1 },  { "tearDownClass", 1 },
	{ "setUpModule", 2 }, { "tearDownModule", 2 },
};

#define NUM_FIXTURES (sizeof(fixtures) / sizeof(*fixtures))

bool is_fixture(const struct program *program, const char *id)
{
	const char *name = strrchr(id, '.');

	for (size_t i = 0; name && program->python && i < NUM_FIXTURES; i++)
		if (!strcmp(name + 1, fixtures[i].name))
			return true;
	return false;
}

void fixtures_of(const struct program *program, const char *id,
		 struct strings *ids)
{
	for (size_t i = 0; program->python && i < NUM_FIXTURES; i++) {
		size_t len = strlen(id);

		for (int n = 0; n < fixtures[i].behind; n++)
			while (len && id[--len] != '.')
				continue;
		if (len)
			strings_add(ids, text("%.*s.%s", (int)len, id,
					      fixtures[i].name));
	}
}
