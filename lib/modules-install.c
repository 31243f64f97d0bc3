// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * modules-install.c - put modules into the guest's root directory
 *
 * Copies, not links: the guest's root may write to what it sees, and what it
 * sees must not be the cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules.h"

static int host_error(struct road_error *error, const char *path)
{
	return err_set(error, -ROAD_EHOST, "%s: %s", path, strerror(errno));
}

static int make_parents(char *path, struct road_error *error)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return host_error(error, path);
		*slash = '/';
	}
	return 0;
}

static int copy_bytes(int from, int to, off_t len)
{
	ssize_t done;

	while (len > 0) {
		done = sendfile(to, from, NULL, len);
		if (done < 0)
			return -errno;
		if (!done)
			return -EIO;
		len -= done;
	}
	return 0;
}

/* The time is copied too: it tells whether a copy is still good. */
static int copy_file(int from, const struct stat *st, const char *path,
		     struct road_error *error)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	int to, ret;

	/* One that is there may be a link that the guest made. */
	if (unlink(path) && errno != ENOENT)
		return host_error(error, path);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (to < 0)
		return host_error(error, path);
	ret = copy_bytes(from, to, st->st_size);
	if (!ret && futimens(to, times))
		ret = -errno;
	close(to);
	if (ret)
		return err_set(error, -ROAD_EHOST, "%s: %s", path,
			       strerror(-ret));
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return S_ISREG(b->st_mode) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int install_one(const struct module *module, char *path,
		       struct road_error *error)
{
	struct stat have, want;
	int from, ret = 0;

	from = open(module->path, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &want)) {
		ret = host_error(error, module->path);
	} else if (lstat(path, &have) || !same_file(&want, &have)) {
		ret = make_parents(path, error);
		if (!ret)
			ret = copy_file(from, &want, path, error);
	}
	if (from >= 0)
		close(from);
	return ret;
}

int modules_install(const struct module_list *list, const char *root,
		    struct road_error *error)
{
	char *path;
	size_t i;
	int ret = 0;

	for (i = 0; i < list->num && !ret; i++) {
		if (asprintf(&path, "%s%s", root,
			     list->modules[i].guest_path) < 0)
			return err_nomem(error);
		ret = install_one(&list->modules[i], path, error);
		free(path);
	}
	return ret;
}
