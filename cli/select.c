// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * select.c - which tests are to be run
 *
 * Each step keeps a part of what the one before it left; one that leaves
 * nothing is an error, since a typing mistake must not look like success.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

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
		if (program->past)
			program->past[kept] = program->past[i];
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

static void suggest_tests(const struct programs *programs, const char *id)
{
	struct strings ids = { 0 };

	for (size_t i = 0; i < programs->num; i++)
		for (size_t n = 0; n < programs->items[i]->ids.num; n++)
			strings_add(&ids, text("%s",
					programs->items[i]->ids.items[n]));
	near_suggest(id, &ids);
	strings_deinit(&ids);
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
		suggest_tests(programs, wanted->items[i]);
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
	const struct strings *select = &program->select;

	for (size_t i = 0; i < select->num; i++)
		if (selection_is_of(select->items[i], program->ids.items[id]))
			return true;
	return false;
}

static bool has_part(const struct program *program, const char *selection)
{
	for (size_t i = 0; i < program->ids.num; i++)
		if (selection_is_of(selection, program->ids.items[i]))
			return true;
	return false;
}

/* "file::Class": each must name something. */
static bool select_parts(struct programs *programs)
{
	for (size_t i = 0; i < programs->num; i++) {
		struct program *program = programs->items[i];
		const struct strings *select = &program->select;

		for (size_t n = 0; program->ids.num && n < select->num; n++) {
			if (has_part(program, select->items[n]))
				continue;
			cli_error("%s has no test \"%s\"; \"roadtest list\" shows all",
				  program->path, select->items[n]);
			return false;
		}
		if (select->num)
			program_keep(program, keep_part, NULL);
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

static bool keep_matching(const void *arg, const struct program *program,
			  size_t id)
{
	const char *slash = strrchr(program->path, '/');
	char *name = text("%s %s", slash ? slash + 1 : program->path,
			  program->ids.items[id]);
	bool keep = expression_matches(arg, name);

	free(name);
	return keep;
}

static bool keep_known(const void *arg, const struct program *program,
		       size_t id)
{
	return program->ids.items[id];
}

static bool keep_failed(const void *arg, const struct program *program,
			size_t id)
{
	return program->past && past_failed(&program->past[id]);
}

static bool cut_shard(struct programs *programs, const struct shard *shard)
{
	bool some = shard_cut(programs, shard);

	keep_tests(programs, keep_known, NULL);
	if (!some) {
		cli_error("no test is left for part %u of %u",
			  shard->index + 1, shard->count);
		cli_remedy("a class is never split: cut the tests into fewer parts");
	}
	return some;
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

/* Why there is nothing to run; a program that can't say what its tests are is
 * no nothing. */
static void say_none(const struct selection *selection)
{
	if (selection->failed)
		cli_error("none of these tests failed in its last run");
	else if (selection->expression)
		cli_error("no test matches -k \"%s\"", selection->words);
	else if (selection->marked)
		cli_error("no test has the mark");
	else
		cli_error("no tests to run");
}

bool select_tests(struct programs *programs, const struct selection *selection)
{
	if (!select_parts(programs) ||
	    !check_known(programs, &selection->filter) ||
	    !check_known(programs, &selection->skip))
		return false;
	keep_tests(programs, keep_filtered, selection);
	if (selection->expression)
		keep_tests(programs, keep_matching, selection->expression);
	drop_empty(programs);
	if (programs->num && selection->shard.count &&
	    !cut_shard(programs, &selection->shard))
		return false;
	for (size_t i = 0; i < programs->num; i++)
		history_load(programs->items[i]);
	if (selection->failed)
		keep_tests(programs, keep_failed, NULL);
	drop_empty(programs);
	if (!programs->num)
		say_none(selection);
	return programs->num;
}
