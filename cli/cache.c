// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cache.c - the directory where kernels are kept
 *
 *	sources/NAME	an unpacked source package
 *	configs/KEY	where kernels of a source are configured (configure.c)
 *	objects/KEY	object files of a source and a set of options (objects.c)
 *	kernels/KEY	finished kernels ("bundles")
 *	kernels/default	link to the one used last
 *	images/KEY	kernels that others have built (image.c)
 *	history/KEY	what is known of tests (history.c)
 *	locks/NAME	held while one of the others is made
 */
#include "cli.h"

#include <errno.h>
#include <ftw.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A compiler that found no room has removed what it had written. */
#define FULL_BYTES (1 << 20)

/* The environment's, else the user's. */
static const char *home_dir(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home && *home)
		return home;
	user = getpwuid(getuid());
	return user ? user->pw_dir : "";
}

char *cache_dir(void)
{
	const char *own = getenv("ROADTEST_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");

	if (own && *own)
		return text("%s", own);
	if (xdg && *xdg)
		return text("%s/roadtest", xdg);
	return text("%s/.cache/roadtest", home_dir());
}

void path_remedy(const char *path)
{
	bool full = errno == ENOSPC || errno == EDQUOT;
	char *cache = cache_dir();

	if (starts_with(path, cache))
		cli_remedy(full ? "make room there (see \"roadtest kernel list\"), or set ROADTEST_CACHE to a directory elsewhere; the cache is %s" :
				  "set ROADTEST_CACHE to a directory that you may write to; the cache is %s",
			   cache);
	else if (full)
		cli_remedy("make room there");
	free(cache);
}

bool disk_is_full(const char *dir)
{
	struct statvfs st;

	return !statvfs(dir, &st) &&
	       (unsigned long long)st.f_bavail * st.f_frsize < FULL_BYTES;
}

/* FNV-1a. Whoever uses a name made with it compares the whole content too. */
char *hash_text(const char *content)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *content; content++)
		hash = (hash ^ (unsigned char)*content) * 0x100000001b3;
	return text("%016llx", (unsigned long long)hash);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

bool remove_tree(const char *path)
{
	return !nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
