// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * source.c - kernel sources: a directory, or a package of the distribution
 *
 * A package's tarball is unpacked once, into the cache. A directory is the
 * user's: it is read and never written to.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKAGES "/usr/src"
#define DEFAULT_PACKAGE "linux-source-6.12"
#define TAR_SUFFIX ".tar.xz"

static char *package_tarball(const char *package)
{
	char *path = text(PACKAGES "/%s" TAR_SUFFIX, package);

	if (file_exists(path))
		return path;
	free(path);
	return NULL;
}

/* The default package, else the newest that is installed. */
static char *default_tarball(void)
{
	char *best = package_tarball(DEFAULT_PACKAGE);
	struct dirent *entry;
	char *found = NULL;
	DIR *dir;

	if (best)
		return best;
	dir = opendir(PACKAGES);
	while (dir && (entry = readdir(dir))) {
		if (!starts_with(entry->d_name, "linux-source-") ||
		    !ends_with(entry->d_name, TAR_SUFFIX) ||
		    (found && strverscmp(entry->d_name, found) < 0))
			continue;
		free(found);
		found = text("%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (found)
		best = text(PACKAGES "/%s", found);
	free(found);
	return best;
}

static bool source_set_tarball(struct source *source, char *tarball)
{
	const char *base = strrchr(tarball, '/') + 1;
	char *cache = cache_dir();
	struct stat st;
	char *hash;

	if (stat(tarball, &st)) {
		cli_error("can't read %s: %m", tarball);
		free(tarball);
		free(cache);
		return false;
	}
	source->tarball = tarball;
	source->identity = text("tarball %s %lld %lld.%09ld", tarball,
				(long long)st.st_size,
				(long long)st.st_mtim.tv_sec,
				st.st_mtim.tv_nsec);
	source->name = text("%.*s", (int)(strlen(base) - strlen(TAR_SUFFIX)),
			    base);
	hash = hash_text(source->identity);
	source->dir = text("%s/sources/%s-%s", cache, source->name, hash);
	free(hash);
	free(cache);
	return true;
}

static bool source_set_dir(struct source *source, const char *wanted)
{
	char *probe = text("%s/arch/um/Kconfig", wanted);
	bool ok = file_exists(probe);
	char *content, *hash;

	free(probe);
	if (!ok) {
		cli_error("%s is not a Linux source tree (no arch/um/Kconfig)",
			  wanted);
		return false;
	}
	source->dir = realpath(wanted, NULL);
	if (!source->dir) {
		cli_error("%s: %m", wanted);
		return false;
	}
	if (!tree_read(&source->tree, source->dir))
		return false;
	content = tree_text(&source->tree);
	hash = hash_text(content);
	source->identity = text("directory %s %zu files %s", source->dir,
				source->tree.num, hash);
	free(hash);
	free(content);
	source->name = text("%s", source->dir);
	return true;
}

bool source_find(struct source *source, const char *wanted)
{
	char *tarball;

	*source = (struct source){ 0 };
	if (!wanted)
		wanted = getenv("ROADTEST_KERNEL_SOURCE");
	if (wanted && is_directory(wanted))
		return source_set_dir(source, wanted);
	if (wanted && strchr(wanted, '/') && !ends_with(wanted, TAR_SUFFIX)) {
		cli_error("%s: there is no such directory", wanted);
		return false;
	}
	if (wanted && strchr(wanted, '/'))
		tarball = realpath(wanted, NULL);
	else
		tarball = wanted ? package_tarball(wanted) : default_tarball();
	if (!tarball) {
		cli_error("no kernel source: %s is not installed",
			  wanted ? wanted : DEFAULT_PACKAGE);
		cli_remedy("apt install %s, or --source DIR with a kernel tree",
			   wanted ? wanted : DEFAULT_PACKAGE);
		return false;
	}
	return source_set_tarball(source, tarball);
}

static bool unpack_into(const struct source *source, const char *temp)
{
	char *const argv[] = { "tar", "-xJf", source->tarball, "-C",
			       (char *)temp, "--strip-components=1", NULL };
	const struct process_options options = { 0 };

	fprintf(stderr, "unpacking %s\n", source->tarball);
	if (!make_directories(temp))
		return false;
	if (!process_run(argv, &options) && !rename(temp, source->dir))
		return true;
	cli_error("can't unpack %s into %s", source->tarball, temp);
	cli_remedy("look at what tar said above, and for space: a kernel tree has 1.7 GB");
	remove_tree(temp);
	return false;
}

bool source_unpack(const struct source *source)
{
	bool ok = true;
	struct lock lock;
	char *temp;

	if (!source->tarball || is_directory(source->dir))
		return true;
	if (!lock_take(&lock, strrchr(source->dir, '/') + 1,
		       "to unpack a kernel source"))
		return false;
	temp = text("%s.unpacking", source->dir);
	/* Somebody else may have done it meanwhile, or died in it before. */
	if (!is_directory(source->dir)) {
		remove_tree(temp);
		ok = unpack_into(source, temp);
	}
	free(temp);
	lock_drop(&lock);
	return ok;
}

void source_deinit(struct source *source)
{
	free(source->dir);
	free(source->tarball);
	free(source->identity);
	free(source->name);
	tree_deinit(&source->tree);
	*source = (struct source){ 0 };
}
