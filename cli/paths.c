// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * paths.c - where the command finds what belongs to it
 *
 * The command works from its build directory, where everything is taken from
 * the source tree, and installed. Which of the two it is shows the place of
 * the executable itself.
 */
#include "cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *path_build_dir(void)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len < 0)
		return NULL;
	exe[len] = '\0';
	return strcmp(exe, ROADTEST_BUILD "/cli/roadtest") ? NULL :
							     ROADTEST_BUILD;
}

const char *path_source_dir(void)
{
	return path_build_dir() ? ROADTEST_SOURCE : NULL;
}

char *path_kernel_configs(void)
{
	return text("%s", path_build_dir() ? ROADTEST_SOURCE "/kernel" :
					     ROADTEST_DATA "/kernel");
}

char *path_preload(const char *name)
{
	const char *dirs[] = { getenv("ROADTEST_LIBEXEC"), ROADTEST_LIBEXEC_DIR,
			       ROADTEST_BUILD "/kernel" };
	char *found = NULL;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && !found; i++) {
		char *path = text("%s/%s", dirs[i] ? dirs[i] : "", name);

		if (file_exists(path))
			found = text("%s", path);
		free(path);
	}
	return found;
}

char *path_python(void)
{
	const char *old = getenv("PYTHONPATH");
	const char *own = path_build_dir() ?
		ROADTEST_BUILD "/python" :
		ROADTEST_PYTHON;

	return text("%s%s%s", own, old && *old ? ":" : "", old ? old : "");
}

char *path_built(const char *source)
{
	size_t root = strlen(ROADTEST_SOURCE);
	char *real = realpath(source, NULL);
	char *built = NULL;

	if (real && path_build_dir() && starts_with(real, ROADTEST_SOURCE) &&
	    real[root] == '/' && ends_with(real, ".c"))
		built = text(ROADTEST_BUILD "%.*s",
			     (int)(strlen(real) - root - 2), real + root);
	free(real);
	return built;
}
