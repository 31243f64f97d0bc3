// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bundle.c - finished kernels in the cache
 *
 * A bundle is a directory with all that a machine needs of a kernel:
 *
 *	linux		the kernel, an ordinary program
 *	modules/	what modules_install made
 *	include/	dt-bindings for the fragments of tests
 *	config		the .config
 *	info		name=value lines
 *	request		what it was made from; all of it is compared
 *
 * Its name is the hash of `request`. It is made under another name, so that
 * whatever has the name is complete.
 */
#include "build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_LEN 16	/* of hash_text() */

char *bundle_read(const char *bundle, const char *name)
{
	char *path = text("%s/%s", bundle, name);
	char *content = file_read(path);

	free(path);
	return content;
}

/* One that somebody has damaged is none: it is built again. */
static bool bundle_is_whole(const char *bundle)
{
	static const char *const files[] = { "linux", "config", "info" };
	char *modules = text("%s/modules", bundle);
	bool whole = is_directory(modules);
	struct stat st;

	free(modules);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *path = text("%s/%s", bundle, files[i]);

		whole = whole && !stat(path, &st) && S_ISREG(st.st_mode) &&
			st.st_size;
		free(path);
	}
	return whole;
}

static bool bundle_is(const char *bundle, const struct plan *plan)
{
	char *request = bundle_read(bundle, "request");
	bool same = request && !strcmp(request, plan->request) &&
		    bundle_is_whole(bundle);

	free(request);
	return same;
}

/* Made from the same, for suites that wanted at least what is wanted now. */
static bool bundle_serves(const char *bundle, const struct plan *plan)
{
	char *request = bundle_read(bundle, "request");
	char *config = NULL;
	bool serves = request && starts_with(request, plan->head);

	if (serves)
		config = bundle_read(bundle, "config");
	serves = config && options_check(&plan->options, config) &&
		 bundle_is_whole(bundle);
	free(config);
	free(request);
	return serves;
}

/* The newest bundle that serves the plan; NULL if there is none. */
static char *bundle_search(const struct plan *plan)
{
	size_t len = strrchr(plan->bundle, '/') - plan->bundle;
	char *parent = text("%.*s", (int)len, plan->bundle);
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char *found = NULL;
	time_t newest = 0;

	while (dir && (entry = readdir(dir))) {
		char *bundle = text("%s/%s", parent, entry->d_name);
		struct stat st;

		/* Not the link, and not what is being made. */
		if (strlen(entry->d_name) == KEY_LEN && !stat(bundle, &st) &&
		    st.st_mtime >= newest && bundle_serves(bundle, plan)) {
			newest = st.st_mtime;
			free(found);
			found = bundle;
			continue;
		}
		free(bundle);
	}
	if (dir)
		closedir(dir);
	free(parent);
	return found;
}

char *bundle_find(const struct plan *plan)
{
	if (bundle_is(plan->bundle, plan))
		return text("%s", plan->bundle);
	return plan->exact ? NULL : bundle_search(plan);
}

static bool is_link_to(const char *link, const char *target)
{
	char now[KEY_LEN + 2];
	ssize_t len = readlink(link, now, sizeof(now) - 1);

	now[len > 0 ? len : 0] = '\0';
	return !strcmp(now, target);
}

void bundle_set_default(const char *bundle)
{
	size_t len = strrchr(bundle, '/') - bundle;
	char *link = text("%.*s/default", (int)len, bundle);
	char *temp = text("%s.%d", link, getpid());

	if (is_link_to(link, bundle + len + 1)) {
		/* Nothing to write: the cache may be read-only. */
	} else if (symlink(bundle + len + 1, temp) || rename(temp, link)) {
		cli_error("can't make the link %s: %m", link);
		path_remedy(link);
		unlink(temp);
	}
	free(temp);
	free(link);
}

/* ------------------------------------------------------------------------
 * Making one
 */

char *bundle_path(const char *request)
{
	char *cache = cache_dir(), *hash = hash_text(request);
	char *path = text("%s/kernels/%s", cache, hash);

	free(hash);
	free(cache);
	return path;
}

bool bundle_finish(const char *temp, const char *request, const char *bundle)
{
	char *path = text("%s/request", temp);
	bool ok;

	/* It may be a link to that of another bundle. */
	unlink(path);
	ok = file_write(path, request);
	/* A run that uses an older one finds all files at any time. */
	if (ok && is_directory(bundle))
		ok = !renameat2(AT_FDCWD, temp, AT_FDCWD, bundle,
				RENAME_EXCHANGE);
	else if (ok)
		ok = !rename(temp, bundle);
	if (!ok) {
		cli_error("can't make %s: %m", bundle);
		path_remedy(bundle);
	}
	remove_tree(temp);
	free(path);
	return ok;
}
