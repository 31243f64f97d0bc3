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

static bool bundle_is(const char *bundle, const struct plan *plan)
{
	char *request = bundle_read(bundle, "request");
	bool same = request && !strcmp(request, plan->request);

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
	serves = config && options_check(&plan->options, config);
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
	return bundle_search(plan);
}

void bundle_set_default(const char *bundle)
{
	size_t len = strrchr(bundle, '/') - bundle;
	char *link = text("%.*s/default", (int)len, bundle);
	char *temp = text("%s.%d", link, getpid());

	if (symlink(bundle + len + 1, temp) || rename(temp, link)) {
		cli_error("can't make the link %s: %m", link);
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
	if (!ok)
		cli_error("can't make %s: %m", bundle);
	remove_tree(temp);
	free(path);
	return ok;
}
