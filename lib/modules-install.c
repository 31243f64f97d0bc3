// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * modules-install.c - put modules into the guest's root directory
 *
 * Copies, not links: the guest's root may write to what it sees, and what it
 * sees must not be the cache.
 *
 * Trust: the directory is the guest's, who may have put links there that lead
 * out of it. None is followed. The guest stands still meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
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

/* Open a directory below @dir, which is closed; it is made if need be. Return:
 * a descriptor, -1 with errno. */
static int enter_dir(int dir, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);
	int error;

	if (fd < 0 && errno == ENOENT &&
	    (!mkdirat(dir, name, 0755) || errno == EEXIST))
		fd = openat(dir, name, flags);
	error = errno;
	close(dir);
	errno = error;
	return fd;
}

/* Open the directory that @path ("/a/b/file") is in. @path is taken apart;
 * *@name is its last part. */
static int enter_parents(const char *root, char *path, char **name)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *part = path + 1, *slash;

	while (dir >= 0 && (slash = strchr(part, '/'))) {
		*slash = '\0';
		dir = enter_dir(dir, part);
		part = slash + 1;
	}
	*name = part;
	return dir;
}

static int copy_bytes(int from, int to, off_t len)
{
	ssize_t done;

	while (len > 0) {
		done = sendfile(to, from, NULL, len);
		if (done < 0)
			return -1;
		if (!done) {
			errno = EIO;
			return -1;
		}
		len -= done;
	}
	return 0;
}

/* The time is copied too: it tells whether a copy is still good. */
static int copy_file(int from, const struct stat *st, int dir, const char *name)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	int to, ret;

	if (unlinkat(dir, name, 0) && errno != ENOENT)
		return -1;
	to = openat(dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (to < 0)
		return -1;
	ret = copy_bytes(from, to, st->st_size);
	if (!ret)
		ret = futimens(to, times);
	close(to);
	return ret;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return S_ISREG(b->st_mode) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int install_one(const struct module *module, int dir, const char *name,
		       struct road_error *error)
{
	struct stat have, want;
	int from, ret = 0;

	from = open(module->path, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &want))
		ret = host_error(error, module->path);
	else if ((fstatat(dir, name, &have, AT_SYMLINK_NOFOLLOW) ||
		  !same_file(&want, &have)) &&
		 copy_file(from, &want, dir, name))
		ret = host_error(error, module->guest_path);
	if (from >= 0)
		close(from);
	return ret;
}

int modules_install(const struct module_list *list, const char *root,
		    struct road_error *error)
{
	char *path, *name;
	int ret = 0, dir;
	size_t i;

	for (i = 0; i < list->num && !ret; i++) {
		path = strdup(list->modules[i].guest_path);
		if (!path)
			return err_nomem(error);
		dir = enter_parents(root, path, &name);
		if (dir < 0) {
			ret = host_error(error, list->modules[i].guest_path);
		} else {
			ret = install_one(&list->modules[i], dir, name, error);
			close(dir);
		}
		free(path);
		if (ret)
			err_prefix(error, "module %s for the guest",
				   list->modules[i].name);
	}
	return ret;
}
