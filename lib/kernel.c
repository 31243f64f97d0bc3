// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Measured: 32 and 80 boot; the agent's channels and tests need some more. */
#define MEM_FAST_MIB 48
#define MEM_CHECK_MIB 128

/* First release whose UML can use seccomp instead of ptrace. */
#define SECCOMP_MAJOR 6
#define SECCOMP_MINOR 16

static char *kernel_default_dir(void)
{
	const char *cache = getenv("ROADTEST_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *dir;
	int n;

	if (cache && *cache)
		n = asprintf(&dir, "%s/kernels/default", cache);
	else if (xdg && *xdg)
		n = asprintf(&dir, "%s/roadtest/kernels/default", xdg);
	else
		n = asprintf(&dir, "%s/.cache/roadtest/kernels/default",
			     home ? home : "");
	return n < 0 ? NULL : dir;
}

static void kernel_info(struct kernel *kernel, const char *key,
			const char *value)
{
	int major, minor;

	if (!strcmp(key, "release")) {
		free(kernel->release);
		kernel->release = strdup(value);
		if (sscanf(value, "%d.%d", &major, &minor) == 2)
			kernel->seccomp = major > SECCOMP_MAJOR ||
					  (major == SECCOMP_MAJOR &&
					   minor >= SECCOMP_MINOR);
	} else if (!strcmp(key, "flavour") && !strcmp(value, "check")) {
		kernel->mem_mib = MEM_CHECK_MIB;
		kernel->checks = true;
	}
}

static int kernel_read_info(struct kernel *kernel, struct road_error *error)
{
	char *path, *line = NULL, *value;
	size_t size = 0;
	FILE *f;

	if (asprintf(&path, "%s/info", kernel->dir) < 0)
		return err_nomem(error);
	f = fopen(path, "re");
	if (!f) {
		err_set(error, -ROAD_EHOST,
			"no kernel in %s (%s: %s); build one with `roadtest kernel`, or name one by ROADTEST_KERNEL",
			kernel->dir, path, strerror(errno));
		free(path);
		return -ROAD_EHOST;
	}
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		kernel_info(kernel, line, value);
	}
	free(line);
	fclose(f);
	if (!kernel->release)
		err_set(error, -ROAD_EHOST, "%s: no line release=", path);
	free(path);
	return kernel->release ? 0 : -ROAD_EHOST;
}

int kernel_find(struct kernel *kernel, const char *dir,
		struct road_error *error)
{
	int ret;

	if (!dir || !*dir)
		dir = getenv("ROADTEST_KERNEL");
	kernel->mem_mib = MEM_FAST_MIB;
	kernel->dir = dir && *dir ? realpath(dir, NULL) : kernel_default_dir();
	if (!kernel->dir)
		return err_set(error, -ROAD_EHOST, "kernel %s: %s",
			       dir ? dir : "", strerror(errno));
	ret = kernel_read_info(kernel, error);
	if (ret)
		return ret;
	if (asprintf(&kernel->image, "%s/linux", kernel->dir) < 0 ||
	    asprintf(&kernel->modules, "%s/modules", kernel->dir) < 0 ||
	    asprintf(&kernel->include, "%s/include", kernel->dir) < 0)
		return err_nomem(error);
	if (access(kernel->image, X_OK))
		return err_set(error, -ROAD_EHOST, "%s: %s", kernel->image,
			       strerror(errno));
	return 0;
}

void kernel_deinit(struct kernel *kernel)
{
	free(kernel->dir);
	free(kernel->image);
	free(kernel->modules);
	free(kernel->include);
	free(kernel->release);
	memset(kernel, 0, sizeof(*kernel));
}
