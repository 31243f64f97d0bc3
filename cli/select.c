// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * select.c - which tests are to be run
 *
 * Each step keeps a part of what the one before it left; one that leaves
 * nothing is an error, since a typing mistake must not look like success.
 */
#include "run.h"

#include <stdlib.h>

/* Does a test stay? */
typedef bool keep_fn(const void *arg, const struct program *program, size_t id);

static void program_keep(struct program *program, keep_fn *keep,
			 const void *arg)
{
	struct strings *ids = &program->ids;
	size_t kept = 0;

	for (size_t i = 0; i < ids->num; i++) {
		if (!keep(arg, program, i)) {
			free(ids->items[i]);
			program->whole = false;
			continue;
		}
		ids->items[kept++] = ids->items[i];
	}
	ids->num = kept;
	if (ids->items)
		ids->items[kept] = NULL;
}

/* Return: how many tests stay. */
static size_t keep_tests(struct programs *programs, keep_fn *keep,
			 const void *arg)
{
	size_t num = 0;

	for (size_t i = 0; i < programs->num; i++) {
		program_keep(programs->items[i], keep, arg);
		num += programs->items[i]->ids.num;
	}
	return num;
}

static bool is_known(const struct programs *programs, const char *id)
{
	for (size_t i = 0; i < programs->num; i++)
		if (strings_have(&programs->items[i]->ids, id))
			return true;
	return false;
}

/* A program that can't say what its tests are may have the one that is
 * missing. */
static void print_unlisted(const struct programs *programs)
{
	for (size_t i = 0; i < programs->num; i++) {
		const struct program *program = programs->items[i];

		for (size_t n = 0; program->unlisted && n < program->errors.num;
		     n++)
			cli_error("%s: %s", program->path,
				  program->errors.items[n]);
	}
}

static bool check_known(const struct programs *programs,
			const struct strings *wanted)
{
	bool ok = true;

	for (size_t i = 0; i < wanted->num; i++) {
		if (is_known(programs, wanted->items[i]))
			continue;
		cli_error("there is no test \"%s\"; \"roadtest list\" shows all",
			  wanted->items[i]);
		ok = false;
	}
	if (!ok)
		print_unlisted(programs);
	return ok;
}

/* ------------------------------------------------------------------------
 * The steps
 */

static bool keep_part(const void *arg, const struct program *program, size_t id)
{
	return program_selects(program, program->ids.items[id]);
}

/* "file::Class": each must name something. */
static bool select_parts(struct programs *programs)
{
	for (size_t i = 0; i < programs->num; i++) {
		struct program *program = programs->items[i];
		size_t before = program->ids.num;

		if (!program->select.num)
			continue;
		program_keep(program, keep_part, NULL);
		if (program->ids.num || program->unlisted || !before)
			continue;
		cli_error("%s has no test \"%s\"; \"roadtest list\" shows all",
			  program->path, program->select.items[0]);
		return false;
	}
	return true;
}

static bool keep_filtered(const void *arg, const struct program *program,
			  size_t id)
{
	const struct selection *selection = arg;
	const char *name = program->ids.items[id];

	return !strings_have(&selection->skip, name) &&
	       (!selection->filter.num ||
		strings_have(&selection->filter, name));
}

/* Programs in which nothing is left to run. */
static void drop_empty(struct programs *programs)
{
	size_t kept = 0;

	for (size_t i = 0; i < programs->num; i++) {
		struct program *program = programs->items[i];

		if (program->ids.num || program->unlisted)
			programs->items[kept++] = program;
		else
			program_destroy(program);
	}
	programs->num = kept;
}

bool select_tests(struct programs *programs, const struct selection *selection)
{
	if (!select_parts(programs) ||
	    !check_known(programs, &selection->filter) ||
	    !check_known(programs, &selection->skip))
		return false;
	keep_tests(programs, keep_filtered, selection);
	drop_empty(programs);
	if (!programs->num)
		cli_error("%s", selection->marked ? "no test has the mark" :
						    "no tests to run");
	return programs->num;
}
