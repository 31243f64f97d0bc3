// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * use.c - what programs that the command starts find in their environment
 */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

char *use_given_kernel(const char *given, const char *by)
{
	char *path = realpath(given, NULL), *info, *image;
	char *kernel = NULL;

	if (!path) {
		cli_error("%s %s: %m", by, given);
		cli_remedy("give a directory that \"roadtest kernel\" printed, or the file of a kernel");
		return NULL;
	}
	info = text("%s/info", path);
	image = text("%s/linux", path);
	if (file_exists(info) && !access(image, X_OK)) {
		kernel = text("%s", path);
	} else if (!is_directory(path)) {
		kernel = image_use(path);
	} else if (!access(image, X_OK)) {
		kernel = image_use(image);
	} else {
		cli_error("%s: there is no kernel in it, no file \"linux\"",
			  given);
		cli_remedy("give a directory that \"roadtest kernel\" printed, or the file of a kernel");
	}
	free(image);
	free(info);
	free(path);
	return kernel;
}

void use_package(void)
{
	char *python = path_python();

	setenv("PYTHONPATH", python, true);
	if (path_build_dir())
		setenv("ROADTEST_BUILD", path_build_dir(), true);
	free(python);
}
