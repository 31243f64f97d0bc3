// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * marks.c - which programs may have a marked test
 *
 * A mark stands in the text as it is: in the test's own file, or in one beside
 * it, which has a class that the test's inherits. Looking for it there saves
 * importing every file of Python. What is kept may turn out to have no marked
 * test after all; the program itself says so. C programs have no marks.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

static bool may_have(const char *path, const struct strings *marks,
		     struct strings *seen);

/* Does a line import a file beside @path that may have one? @line is cut
 * up. */
static bool imports_marked(char *line, const char *path,
			   const struct strings *marks, struct strings *seen)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? slash - path + 1 : 0;
	bool found = false;
	char *word;

	line += strspn(line, " \t");
	if (!starts_with(line, "import ") && !starts_with(line, "from "))
		return false;
	while (!found && (word = strsep(&line, " \t,.()"))) {
		char *file = text("%.*s%s.py", dir, path, word);

		found = *word && file_exists(file) &&
			may_have(file, marks, seen);
		free(file);
	}
	return found;
}

/* @seen: files that were looked into, against imports in a ring. */
static bool may_have(const char *path, const struct strings *marks,
		     struct strings *seen)
{
	char *content, *rest, *line;
	bool found;

	if (strings_have(seen, path))
		return false;
	strings_add(seen, text("%s", path));
	content = rest = file_read(path);
	/* One that can't be read fails later; one that changes sys.path may
	 * import from anywhere. */
	found = !content || strstr(content, "sys.path");
	for (size_t i = 0; !found && i < marks->num; i++)
		found = strstr(content, marks->items[i]);
	while (!found && (line = strsep(&rest, "\n")))
		found = imports_marked(line, path, marks, seen);
	free(content);
	return found;
}

void programs_mark(struct programs *programs, const struct strings *marks)
{
	size_t kept = 0;

	for (size_t i = 0; i < programs->num; i++) {
		struct program *program = programs->items[i];
		struct strings seen = { 0 };
		bool keep = program->python &&
			    may_have(program->path, marks, &seen);

		strings_deinit(&seen);
		if (!keep) {
			program_destroy(program);
			continue;
		}
		for (size_t n = 0; n < marks->num; n++)
			strings_add(&program->marks, text("%s",
							  marks->items[n]));
		programs->items[kept++] = program;
	}
	programs->num = kept;
}
