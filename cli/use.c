// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * use.c - what programs that the command starts find in their environment
 */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

char *use_given_kernel(const char *given)
{
	char *path = realpath(given, NULL), *image;

	image = text("%s/linux", path ? path : given);
	if (!path || access(image, X_OK)) {
		cli_error("%s: there is no kernel in it", given);
		cli_remedy("give a directory that \"roadtest kernel\" printed");
		free(path);
		path = NULL;
	}
	free(image);
	return path;
}

void use_package(void)
{
	char *python = path_python();

	setenv("PYTHONPATH", python, true);
	if (path_build_dir())
		setenv("ROADTEST_BUILD", path_build_dir(), true);
	free(python);
}
