// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * misnamed.c - files that look like tests and that no run would find
 *
 * What a directory has is taken by name (docs/cli.md). A good_test.py, or a
 * test-x that may not be executed, would be left out without a word, so it is
 * named and the run is no success.
 */
#include "run.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 4096	/* bytes of a program, to see what it is */

/* Left beside a program by editors, patch(1) and compilers. */
bool is_by_product(const char *name)
{
	static const char *const tails[] = {
		"~", ".orig", ".rej", ".bak", ".swp", ".o", ".so", ".a", ".ko",
		".d", ".pyc", ".gcno", ".gcda", ".p", ".log",
	};

	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
		if (ends_with(name, tails[i]))
			return true;
	return false;
}

/* Is "test" or "tests" a word of the name, as in x_test.py, TestX.py, tests.py?
 * It is none of contest.py. */
static bool name_says_test(const char *name)
{
	for (const char *at = name; *at; at++) {
		bool begins = at == name || !isalpha((unsigned char)at[-1]) ||
			      (*at == 'T' && islower((unsigned char)at[-1]));
		const char *end = at + 4;

		if (!begins || strncasecmp(at, "test", 4))
			continue;
		end += *end == 's';
		if (!islower((unsigned char)*end))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------------
 * Python
 */

static const char *skip_word(const char *line, const char *word)
{
	return starts_with(line, word) ? line + strlen(word) : NULL;
}

/* Has it a function that is called like a test, and a class of such? */
static void python_tests(const char *content, bool *function, bool *class)
{
	for (const char *line = content; line; line = strchr(line, '\n')) {
		const char *word, *end;

		line += *line == '\n';
		word = line + strspn(line, " \t");
		end = strchrnul(word, '\n');
		if (starts_with(word, "async def "))
			word += strlen("async ");
		if (starts_with(word, "def test"))
			*function = true;
		word = skip_word(word, "class ");
		if (word && memmem(word, end - word, "TestCase",
				   strlen("TestCase")))
			*class = true;
	}
}

/* Does the file import a module of this name? */
static bool file_imports(const char *path, const char *module)
{
	char *content = file_read(path), *rest = content, *line, *word;
	bool found = false;

	while (!found && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		if (!starts_with(line, "import ") && !starts_with(line, "from "))
			continue;
		while (!found && (word = strsep(&line, " \t,.()")))
			found = !strcmp(word, module);
	}
	free(content);
	return found;
}

static char *python_why(const char *path, const char *name)
{
	char *content = file_read(path);
	bool function = false, class = false;

	python_tests(content ? content : "", &function, &class);
	free(content);
	if (!function || !(class || name_says_test(name)))
		return NULL;
	return text("it has tests, and only files called test_*.py are run: rename it, or import it where they are to run");
}

bool misnamed_is_imported(const struct programs *programs,
			  const struct program *program)
{
	const char *slash = strrchr(program->path, '/');
	const char *name = slash ? slash + 1 : program->path;
	char *module = text("%.*s", (int)strlen(name) - 3, name);
	bool found = false;

	for (size_t i = 0; !found && i < programs->num; i++) {
		const struct program *other = programs->items[i];

		found = other != program && ends_with(other->path, ".py") &&
			file_imports(other->path, module);
	}
	free(module);
	return found;
}

/* ------------------------------------------------------------------------
 * Others
 */

/* The beginning of a file, as a string; to be freed. */
static char *file_head(const char *path)
{
	char *head = xcalloc(HEAD + 1, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0) {
		if (read(fd, head, HEAD) < 0)
			*head = '\0';
		close(fd);
	}
	return head;
}

static bool file_has(const char *path, const char *word)
{
	char *content = file_read(path);
	bool has = content && strstr(content, word);

	free(content);
	return has;
}

/* A test-x that may not be executed. */
static char *mode_why(const char *path, const char *name)
{
	char *head = file_head(path);
	bool program = starts_with(head, "#!") || starts_with(head, "\177ELF");

	free(head);
	if (strchr(name, '.') && !program)
		return NULL;
	return text("it is not executable: chmod +x, or call it otherwise if it is no test");
}

/* An executable or a source with another name than tests have. */
static char *other_why(const char *path, const char *name)
{
	char *head;
	bool script;

	if (ends_with(name, ".c"))
		return file_has(path, "\nTEST_HARNESS_MAIN") ?
			       text("it has tests, and only files called test-*.c are run: rename it") :
			       NULL;
	if (!is_program(path) || !name_says_test(name))
		return NULL;
	head = file_head(path);
	script = starts_with(head, "#!") && strstr(head, "KTAP version");
	free(head);
	return script ? text("it prints KTAP, and only executables called test-* are run: rename it") :
			NULL;
}

char *misnamed_why(const char *path, const char *name)
{
	struct stat st;

	if (is_by_product(name))
		return NULL;
	if (stat(path, &st)) {
		if (starts_with(name, "test-") || starts_with(name, "test_"))
			return text("it is a link that leads nowhere");
		return NULL;
	}
	if (!S_ISREG(st.st_mode))
		return NULL;
	if (starts_with(name, "test-") && !ends_with(name, ".c") &&
	    !is_program(path))
		return ends_with(name, ".py") ? python_why(path, name) :
						mode_why(path, name);
	if (ends_with(name, ".py"))
		return python_why(path, name);
	return other_why(path, name);
}
