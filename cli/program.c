// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * program.c - find what can be run: programs that print KTAP
 *
 * A test program is any executable that follows docs/ktap.md. Files of Python
 * are run by the package's runner; a C suite test-x.c by the program that was
 * built from it.
 */
#include "run.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ID 4000	/* bytes */

bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* ------------------------------------------------------------------------
 * Finding
 */

/* The same for each way that leads to the file. A link with another name is
 * another program: it may look at how it was called. To be freed; NULL if there
 * is none. */
static char *file_place(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = text("%.*s", slash ? (int)(slash - path) + 1 : 1,
			 slash ? path : ".");
	char *real = realpath(dir, NULL), *place = NULL;

	if (real)
		place = text("%s/%s", real, slash ? slash + 1 : path);
	free(real);
	free(dir);
	return place;
}

/* The one that was added for the same file; NULL: none. */
static struct program *programs_find(const struct programs *programs,
				     const char *path)
{
	char *place = file_place(path);
	struct program *found = NULL;

	for (size_t i = 0; place && !found && i < programs->num; i++)
		if (programs->items[i]->place &&
		    !strcmp(programs->items[i]->place, place))
			found = programs->items[i];
	free(place);
	return found;
}

static struct program *programs_push(struct programs *programs,
				     const char *path, char *exe, bool python)
{
	struct program *program = xcalloc(1, sizeof(*program));

	*program = (struct program){
		.path = text("%s", path),
		.shown = printable(path, strlen(path)),
		.exe = exe,
		.python = python,
		.origin = program,
		.round = 1,
	};
	programs->items = xrealloc(programs->items, programs->num + 1,
				   sizeof(*programs->items));
	programs->items[programs->num++] = program;
	return program;
}

/* "Class::test" is kept as "Class.test", as in the ids. */
static void add_selection(struct program *program, const char *selection)
{
	char *dotted = xcalloc(strlen(selection) + 1, 1);
	size_t len = 0;

	for (; *selection; selection++) {
		if (starts_with(selection, "::")) {
			selection++;
			dotted[len++] = '.';
		} else {
			dotted[len++] = *selection;
		}
	}
	strings_add(&program->select, dotted);
}

/* @selection: "Class::test", NULL for all of it. A file that was added before
 * runs once, and what is wanted of it is all that was asked for. */
static void push_file(struct programs *programs, const char *path, char *exe,
		      bool python, const char *selection)
{
	struct program *program = programs_find(programs, path);
	bool whole = program && !program->select.num;

	if (program) {
		free(exe);
		/* Of a directory it was none; by its name it is. */
		if (program->misnamed) {
			free(program->misnamed);
			program->misnamed = NULL;
			program->python = python;
		}
	} else {
		program = programs_push(programs, path, exe, python);
		program->place = file_place(path);
	}
	if (!selection)
		strings_deinit(&program->select);
	else if (!whole)
		add_selection(program, selection);
	programs->found++;
}

/* It is no program that is run, but may look like one. */
static void add_misnamed(struct programs *programs, const char *path,
			 const char *name)
{
	char *why = misnamed_why(path, name);

	if (why && !programs_find(programs, path)) {
		struct program *program = programs_push(programs, path,
							text("%s", path), false);

		program->place = file_place(path);
		program->misnamed = why;
		programs->found++;
	} else {
		free(why);
	}
}

/* @named: the user named it, so it must be a test program. */
static bool add_file(struct programs *programs, const char *path, bool named,
		     const char *selection)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *exe;

	if (ends_with(name, ".py") && (named || starts_with(name, "test_"))) {
		push_file(programs, path, text(PYTHON), true, selection);
	} else if (ends_with(name, ".c") &&
		   (named || starts_with(name, "test-"))) {
		exe = c_suite_program(path);
		if (!exe)
			return false;
		push_file(programs, path, exe, false, selection);
	} else if (is_program(path) &&
		   (named || (starts_with(name, "test-") &&
			      !is_by_product(name)))) {
		/* execvp() searches what has no slash. */
		push_file(programs, path, text("%s%s", slash ? "" : "./", path),
			  false, selection);
	} else if (named) {
		cli_error("%s is not a test program", path);
		cli_remedy("give a test_*.py, a test-*.c, an executable that prints KTAP, or a directory");
		return false;
	} else {
		add_misnamed(programs, path, name);
	}
	return true;
}

static int wanted_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "__pycache__");
}

/* What Meson built there is found by way of its source. */
static bool is_build_directory(const char *path)
{
	char *ninja = text("%s/build.ninja", path);
	bool found = file_exists(ninja);

	free(ninja);
	return found;
}

static bool add_directory(struct programs *programs, const char *path,
			  const struct walk *above)
{
	struct dirent **entries;
	size_t len = strlen(path);
	struct walk walk = { 0 };
	bool ok = true;
	int num;

	if (!walk_enter(&walk, above, path))
		return true;
	num = scandir(path, &entries, wanted_entry, alphasort);
	if (num < 0) {
		cli_error("can't read %s: %m", path);
		cli_remedy("its tests would be missing: make it readable, or name the others");
		return false;
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (int i = 0; i < num; i++) {
		char *entry = text("%.*s/%s", (int)len, path,
				   entries[i]->d_name);
		char *source = text("%s.c", entry);

		if (is_directory(entry))
			ok &= is_build_directory(entry) ||
			      add_directory(programs, entry, &walk);
		else if (!file_exists(source))	/* else that one finds it */
			ok &= add_file(programs, entry, false, NULL);
		free(source);
		free(entry);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

bool programs_add(struct programs *programs, const char *argument)
{
	const char *selection = strstr(argument, "::");
	char *path = selection ? text("%.*s", (int)(selection - argument),
				      argument) : text("%s", argument);
	size_t before = programs->found;
	bool ok = false;

	if (!file_exists(path)) {
		cli_error("%s: there is no such file or directory", path);
	} else if (is_directory(path)) {
		ok = !selection && add_directory(programs, path, NULL);
		if (selection)
			cli_error("%s: a directory has no \"%s\"", path,
				  selection + 2);
		else if (ok && programs->found == before)
			cli_error("%s: there are no tests in it (test_*.py, test-*.c, executables test-*)",
				  path);
		ok = ok && programs->found > before;
	} else {
		ok = add_file(programs, path, true,
			      selection ? selection + 2 : NULL);
	}
	free(path);
	return ok;
}

void programs_complete(struct programs *programs)
{
	bool *drop = xcalloc(programs->num, sizeof(*drop));
	size_t kept = 0;

	for (size_t i = 0; i < programs->num; i++) {
		const struct program *program = programs->items[i];

		drop[i] = program->misnamed && ends_with(program->path, ".py") &&
			  misnamed_is_imported(programs, program);
	}
	for (size_t i = 0; i < programs->num; i++) {
		if (drop[i])
			program_destroy(programs->items[i]);
		else
			programs->items[kept++] = programs->items[i];
	}
	programs->num = kept;
	free(drop);
}

void strings_copy(struct strings *to, const struct strings *from)
{
	for (size_t i = 0; i < from->num; i++)
		strings_add(to, text("%s", from->items[i]));
}

struct program *programs_add_round(struct programs *programs,
				   const struct program *program)
{
	struct program *copy = programs_push(programs, program->path,
					     text("%s", program->exe),
					     program->python);

	copy->independent = program->independent;
	copy->planned = program->planned;
	copy->whole = program->whole;
	copy->unlisted = program->unlisted;
	copy->refused = program->refused;
	copy->origin = program->origin;
	strings_copy(&copy->select, &program->select);
	strings_copy(&copy->marks, &program->marks);
	strings_copy(&copy->ids, &program->ids);
	strings_copy(&copy->norun, &program->norun);
	strings_copy(&copy->norun_why, &program->norun_why);
	return copy;
}

void program_trim(struct program *program)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		free(program->entries[i].id);
		free(program->entries[i].reason);
		free(program->entries[i].journal);
	}
	free(program->entries);
	free(program->order);
	free(program->units);
	program->entries = NULL;
	program->order = NULL;
	program->units = NULL;
	program->num_entries = program->num_order = program->num_units = 0;
	program->printed = program->next_unit = 0;
	if (program->origin != program)
		strings_deinit(&program->ids);
}

void program_destroy(struct program *program)
{
	program_trim(program);
	free(program->kernel);
	free(program->path);
	free(program->shown);
	free(program->place);
	free(program->misnamed);
	free(program->exe);
	free(program->past);
	strings_deinit(&program->select);
	strings_deinit(&program->marks);
	strings_deinit(&program->ids);
	strings_deinit(&program->norun);
	strings_deinit(&program->norun_why);
	strings_deinit(&program->trouble);
	strings_deinit(&program->errors);
	free(program);
}

void programs_deinit(struct programs *programs)
{
	for (size_t i = 0; i < programs->num; i++)
		program_destroy(programs->items[i]);
	free(programs->items);
	*programs = (struct programs){ 0 };
}

/* ------------------------------------------------------------------------
 * Running
 */

/* A word that the program is to get. */
static void argv_add(const struct program *program, struct strings *argv,
		     const char *word)
{
	strings_add(argv, program->launcher ? launch_encode(word) :
					      text("%s", word));
}

static void argv_each(const struct program *program, struct strings *argv,
		      const char *option, const struct strings *values)
{
	for (size_t i = 0; i < values->num; i++) {
		argv_add(program, argv, option);
		argv_add(program, argv, values->items[i]);
	}
}

static void argv_python(const struct program *program, struct strings *argv)
{
	argv_add(program, argv, "-m");
	argv_add(program, argv, "roadtest");
	for (size_t i = 0; i < program->select.num; i++) {
		char *part = text("%s::%s", program->path,
				  program->select.items[i]);

		argv_add(program, argv, part);
		free(part);
	}
	if (!program->select.num)
		argv_add(program, argv, program->path);
}

void program_argv(const struct program *program, const struct strings *ids,
		  struct strings *argv)
{
	if (program->launcher)
		launcher_argv(program->launcher, argv);
	argv_add(program, argv, program->exe);
	if (program->python)
		argv_python(program, argv);
	if (ids)
		argv_each(program, argv, "--filter", ids);
	argv_each(program, argv, "--mark", &program->marks);
}

/* What stands behind what a launcher printed; NULL if it started nothing. */
static char *skip_launcher(char *listed)
{
	char *mark = strstr(listed, WORKER_MARK "\n");

	return mark ? mark + strlen(WORKER_MARK "\n") : NULL;
}

static int id_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The first id that is there twice; NULL if there is none. */
static const char *double_id(const struct strings *ids)
{
	char **sorted = xcalloc(ids->num, sizeof(*sorted));
	const char *found = NULL;

	if (ids->num)
		memcpy(sorted, ids->items, ids->num * sizeof(*sorted));
	qsort(sorted, ids->num, sizeof(*sorted), id_order);
	for (size_t i = 1; i < ids->num && !found; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			found = sorted[i];
	free(sorted);
	return found;
}

/* It is passed as an argument, and written into reports. */
static bool is_id(const char *line)
{
	size_t len = strlen(line);
	char *clean = printable(line, len);
	bool is = !strcmp(clean, line) && !strpbrk(line, " \t#") &&
		  len <= MAX_ID;

	free(clean);
	return is;
}

/* "# norun ID WHY": a test that is not run. To be freed; NULL: none. */
static char *parse_norun(struct program *program, const char *line)
{
	const char *id = line + strlen("# norun "), *blank;

	if (!starts_with(line, "# norun ") || !(blank = strchr(id, ' ')))
		return NULL;
	strings_add(&program->norun, text("%.*s", (int)(blank - id), id));
	strings_add(&program->norun_why, printable(blank + 1, strlen(blank + 1)));
	return text("%.*s", (int)(blank - id), id);
}

char *program_parse_list(struct program *program, char *listed)
{
	char *rest = listed, *line;
	const char *twice;

	if (program->launcher)
		rest = skip_launcher(listed);
	if (!rest)
		return text("the launcher did not start it");
	while ((line = strsep(&rest, "\n"))) {
		size_t len = strlen(line);
		char *norun;

		/* Through a terminal. */
		if (program->launcher && len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (!strcmp(line, "# independent"))
			program->independent = true;
		norun = program->python ? parse_norun(program, line) : NULL;
		if (norun)
			strings_add(&program->ids, norun);
		if (!*line || *line == '#')
			continue;
		if (!is_id(line)) {
			char *shown = printable(line, strnlen(line, 200));
			char *why = text("\"%s\" is no id of a test", shown);

			free(shown);
			return why;
		}
		strings_add(&program->ids, text("%s", line));
	}
	twice = double_id(&program->ids);
	return twice ? text("two tests have the id \"%s\"", twice) : NULL;
}

bool program_none_marked(const struct program *program, int status)
{
	return program->marks.num && WIFEXITED(status) &&
	       WEXITSTATUS(status) == CLI_NONE_MARKED;
}

static bool is_prefix(const char *selection, const char *id)
{
	size_t len = strlen(selection);

	return !strncmp(selection, id, len) && (!id[len] || id[len] == '.');
}

bool selection_is_of(const char *selection, const char *id)
{
	const char *dot = strchr(id, '.');

	/* In Python's ids the module comes first. */
	return is_prefix(selection, id) ||
	       (dot && is_prefix(selection, dot + 1));
}
