// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * objects.c - directories of object files, one for each set of options
 *
 * kbuild makes again what an option that changed has a part in. In a directory
 * that several sets of options share, each of them undoes the work of the
 * others. So each set, which is a .config, has its own (90 MB), and a new one
 * begins as a copy of the one whose options are most like its own: what both
 * have is there already. A directory changes only with its source.
 *
 *	roadtest.objects	the source and the compiler: it is complete
 *	roadtest.tree, .base	rebuild.c
 */
#include "build.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "roadtest.objects"
/* The one that was not used for longest goes. */
#define MAX_KEPT 16
/* An option that is built in is in more files than one of a module. */
#define BUILT_IN_WEIGHT 20

static char *objects_root(void)
{
	char *cache = cache_dir(), *root = text("%s/objects", cache);

	free(cache);
	return root;
}

static char *lock_name(const char *key)
{
	return text("objects-%s", key);
}

/* Made before objects had marks, when sets of options shared them: they can be
 * copied, and kbuild sees by itself what another compiler makes differently. */
static bool is_of_old(const struct plan *plan, const char *dir)
{
	char *options = text("%s/roadtest.config", dir);
	char *made = text("%s/linux", dir);
	char *link = text("%s/source", dir);
	char *source = realpath(link, NULL);
	bool is = source && !strcmp(source, plan->source->dir) &&
		  file_exists(options) && file_exists(made);

	free(source);
	free(link);
	free(made);
	free(options);
	return is;
}

/* Can they be copied? */
static bool is_whole(const struct plan *plan, const char *dir)
{
	char *path = text("%s/" MARK, dir), *mark = file_read(path);
	bool whole = mark ? !strcmp(mark, plan->lineage) :
			    is_of_old(plan, dir);

	free(mark);
	free(path);
	return whole;
}

bool objects_whole(const struct plan *plan)
{
	return is_whole(plan, plan->objects);
}

void objects_begin(const struct plan *plan)
{
	char *path = objects_file(plan, MARK);

	unlink(path);
	free(path);
}

void objects_end(const struct plan *plan)
{
	char *path = objects_file(plan, MARK), *mark = file_read(path);

	/* Its time is when they were used last. Others may be reading it. */
	if (mark && !strcmp(mark, plan->lineage))
		utimensat(AT_FDCWD, path, NULL, 0);
	else
		file_write(path, plan->lineage);
	free(mark);
	free(path);
}

/* ------------------------------------------------------------------------
 * Which is most like what is wanted
 */

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The options of a .config, sorted. */
static struct strings config_lines(const char *config)
{
	char *copy = text("%s", config), *rest = copy, *line;
	struct strings lines = { 0 };

	while ((line = strsep(&rest, "\n")))
		if (starts_with(line, "CONFIG_"))
			strings_add(&lines, text("%s", line));
	if (lines.num)
		qsort(lines.items, lines.num, sizeof(*lines.items),
		      compare_lines);
	free(copy);
	return lines;
}

static unsigned int line_weight(const char *line)
{
	return ends_with(line, "=m") ? 1 : BUILT_IN_WEIGHT;
}

/* How much stands in one and not in the other. */
static unsigned int distance(const struct strings *a, const struct strings *b)
{
	unsigned int sum = 0;
	size_t i = 0, n = 0;

	while (i < a->num || n < b->num) {
		int order = i == a->num ? 1 : n == b->num ? -1 :
			    strcmp(a->items[i], b->items[n]);

		if (order)
			sum += line_weight(order < 0 ? a->items[i] :
						       b->items[n]);
		i += order <= 0;
		n += order >= 0;
	}
	return sum;
}

struct candidate {
	char *key;
	unsigned int distance;
};

struct candidates {
	struct candidate *items;
	size_t num;
};

static int nearest_first(const void *a, const void *b)
{
	const struct candidate *one = a, *two = b;

	if (one->distance != two->distance)
		return one->distance < two->distance ? -1 : 1;
	return strcmp(one->key, two->key);
}

static struct candidates find_candidates(const struct plan *plan)
{
	struct strings wanted = config_lines(plan->config), has;
	struct candidates found = { 0 };
	struct dirent *entry;
	char *root = objects_root();
	DIR *dir = opendir(root);

	while (dir && (entry = readdir(dir))) {
		char *path = text("%s/%s", root, entry->d_name);
		char *config_path = text("%s/.config", path);
		char *config = *entry->d_name != '.' && is_whole(plan, path) ?
			       file_read(config_path) : NULL;

		if (config) {
			has = config_lines(config);
			found.items = xrealloc(found.items, found.num + 1,
					       sizeof(*found.items));
			found.items[found.num++] = (struct candidate){
				.key = text("%s", entry->d_name),
				.distance = distance(&wanted, &has),
			};
			strings_deinit(&has);
		}
		free(config);
		free(config_path);
		free(path);
	}
	if (dir)
		closedir(dir);
	if (found.num)
		qsort(found.items, found.num, sizeof(*found.items),
		      nearest_first);
	strings_deinit(&wanted);
	free(root);
	return found;
}

/* A copy is as of now: without its mark until it is complete again. */
static void forget_old(const char *dir)
{
	static const char *const names[] = { MARK, "roadtest.config",
					     "roadtest.base" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = text("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
}

/* Under another name first: whoever is ended in between leaves nothing that
 * looks complete. */
static bool copy_objects(const struct plan *plan, const char *key)
{
	char *root = objects_root(), *from = text("%s/%s", root, key);
	char *temp = text("%s.copying", plan->objects);
	char *argv[] = { "cp", "-a", "--reflink=auto", from, temp, NULL };
	const struct process_options options = { 0 };
	bool ok;

	remove_tree(temp);
	progress("copying the objects that are most like those wanted");
	ok = !process_run(argv, &options);
	forget_old(temp);
	ok = ok && !rename(temp, plan->objects);
	progress_end();
	if (!ok)
		remove_tree(temp);
	free(temp);
	free(from);
	free(root);
	return ok;
}

void objects_copy(const struct plan *plan)
{
	struct candidates found = find_candidates(plan);
	bool copied = false;

	for (size_t i = 0; i < found.num; i++) {
		char *name = lock_name(found.items[i].key);
		struct lock lock;

		/* One that is changed at the moment is no use. */
		if (!copied && lock_try(&lock, name, true)) {
			copied = copy_objects(plan, found.items[i].key);
			lock_drop(&lock);
		}
		free(name);
		free(found.items[i].key);
	}
	free(found.items);
}

/* ------------------------------------------------------------------------
 * Which are kept
 */

struct kept {
	char *key;
	time_t used;
};

static int oldest_first(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;

	return one->used < two->used ? -1 : one->used > two->used;
}

/* One that is in use stays. */
static void drop_objects(const char *root, const char *key)
{
	char *name = lock_name(key), *path = text("%s/%s", root, key);
	char *gone = text("%s.gone", path);
	struct lock lock;

	if (lock_try(&lock, name, false)) {
		if (!rename(path, gone))
			remove_tree(gone);
		lock_drop(&lock);
	}
	free(gone);
	free(path);
	free(name);
}

void objects_prune(void)
{
	char *root = objects_root();
	DIR *dir = opendir(root);
	struct dirent *entry;
	struct kept *kept = NULL;
	size_t num = 0;

	while (dir && (entry = readdir(dir))) {
		char *mark = text("%s/%s/" MARK, root, entry->d_name);
		struct stat st;

		if (!stat(mark, &st)) {
			kept = xrealloc(kept, num + 1, sizeof(*kept));
			kept[num++] = (struct kept){
				.key = text("%s", entry->d_name),
				.used = st.st_mtime,
			};
		}
		free(mark);
	}
	if (dir)
		closedir(dir);
	if (num)
		qsort(kept, num, sizeof(*kept), oldest_first);
	for (size_t i = 0; i < num; i++) {
		if (i + MAX_KEPT < num)
			drop_objects(root, kept[i].key);
		free(kept[i].key);
	}
	free(kept);
	free(root);
}
