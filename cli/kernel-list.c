// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kernel-list.c - `roadtest kernel list` and `roadtest kernel remove`
 */
#include "build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_LEN 16	/* of hash_text() */

struct kept {
	char *key;
	char *release, *flavour, *source;	/* of its info; "?" */
	time_t used;
	long long bytes;
	bool is_default;
};

struct kept_list {
	struct kept *items;
	size_t num;
};

/* ------------------------------------------------------------------------
 * What there is
 */

/* nftw() has no argument for us. */
static long long tree_bytes;

static int add_bytes(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	tree_bytes += st->st_blocks * 512LL;
	return 0;
}

/* On the disk; 0 if it is not there. */
static long long directory_bytes(const char *path)
{
	tree_bytes = 0;
	nftw(path, add_bytes, 16, FTW_PHYS | FTW_MOUNT);
	return tree_bytes;
}

static char *cache_path(const char *name)
{
	char *cache = cache_dir(), *path = text("%s/%s", cache, name);

	free(cache);
	return path;
}

/* Value of a line "name=value"; the caller frees. */
static char *info_value(const char *info, const char *name)
{
	size_t len = strlen(name);

	while (info && *info) {
		size_t line = strcspn(info, "\n");

		if (line > len && !strncmp(info, name, len) && info[len] == '=')
			return text("%.*s", (int)(line - len - 1),
				    info + len + 1);
		info += line + (info[line] == '\n');
	}
	return text("%s", "?");
}

static void kept_read(struct kept *kept, const char *dir, const char *key)
{
	char *bundle = text("%s/%s", dir, key);
	char *request = text("%s/request", bundle);
	char *info = bundle_read(bundle, "info");
	struct stat st;

	*kept = (struct kept){
		.key = text("%s", key),
		.release = info_value(info, "release"),
		.flavour = info_value(info, "flavour"),
		.source = info_value(info, "source"),
		.bytes = directory_bytes(bundle),
	};
	if (!stat(request, &st))
		kept->used = st.st_atime;
	free(info);
	free(request);
	free(bundle);
}

static int last_used_first(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;

	if (one->used != two->used)
		return one->used < two->used ? 1 : -1;
	return strcmp(one->key, two->key);
}

static bool is_key(const char *name)
{
	return strlen(name) == KEY_LEN &&
	       strspn(name, "0123456789abcdef") == KEY_LEN;
}

static void list_read(struct kept_list *list, const char *dir)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	char *link = text("%s/default", dir), target[KEY_LEN + 2];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	target[len > 0 ? len : 0] = '\0';
	while (handle && (entry = readdir(handle))) {
		struct kept *kept;

		if (!is_key(entry->d_name))
			continue;
		list->items = xrealloc(list->items, list->num + 1,
				       sizeof(*list->items));
		kept = &list->items[list->num++];
		kept_read(kept, dir, entry->d_name);
		kept->is_default = !strcmp(target, kept->key);
	}
	if (handle)
		closedir(handle);
	if (list->num)
		qsort(list->items, list->num, sizeof(*list->items),
		      last_used_first);
	free(link);
}

static void list_deinit(struct kept_list *list)
{
	for (size_t i = 0; i < list->num; i++) {
		free(list->items[i].key);
		free(list->items[i].release);
		free(list->items[i].flavour);
		free(list->items[i].source);
	}
	free(list->items);
}

/* "12 MB"; the caller frees. */
static char *size_text(long long bytes)
{
	if (bytes >= 1000000000)
		return text("%.1f GB", bytes / 1e9);
	return text("%.0f MB", bytes / 1e6);
}

static char *day_text(time_t when)
{
	struct tm tm;
	char day[32];

	if (!when || !localtime_r(&when, &tm) ||
	    !strftime(day, sizeof(day), "%Y-%m-%d %H:%M", &tm))
		return text("%s", "?");
	return text("%s", day);
}

/* What is kept besides, for faster builds. */
static const struct {
	const char *name, *what;
} others[] = {
	{ "objects", "object files of builds; without them the next one is slow" },
	{ "configs", "what options lead to; the next build finds it out again" },
	{ "sources", "unpacked packages" },
};

static void print_other(const char *name, const char *what)
{
	char *path = cache_path(name), *size = size_text(directory_bytes(path));

	if (is_directory(path))
		printf("%-16s   %-38s %8s  %s\n", name, "", size, what);
	free(size);
	free(path);
}

int kernel_list(void)
{
	char *dir = cache_path("kernels");
	struct kept_list list = { 0 };

	if (access(dir, R_OK | X_OK) && errno != ENOENT) {
		cli_error("can't read %s: %m", dir);
		path_remedy(dir);
		free(dir);
		return CLI_NOT_RUN;
	}
	list_read(&list, dir);
	if (list.num)
		printf("%-16s   %-12s %-8s %-16s %8s  %s\n", "NAME", "RELEASE",
		       "FLAVOUR", "LAST USED", "SIZE", "SOURCE");
	else
		fprintf(stderr, "there are no kernels in %s yet\n", dir);
	for (size_t i = 0; i < list.num; i++) {
		const struct kept *kept = &list.items[i];
		char *day = day_text(kept->used);
		char *size = size_text(kept->bytes);

		printf("%s %c %-12s %-8s %-16s %8s  %s\n", kept->key,
		       kept->is_default ? '*' : ' ', kept->release,
		       kept->flavour, day, size, kept->source);
		free(size);
		free(day);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		print_other(others[i].name, others[i].what);
	list_deinit(&list);
	free(dir);
	return CLI_OK;
}

/* ------------------------------------------------------------------------
 * Removing
 */

/* Nobody finds it from now on; what is left of an earlier try goes too. */
static bool take_away(const char *path)
{
	char *gone = text("%s.gone", path);
	bool ok;

	remove_tree(gone);
	ok = !rename(path, gone) && remove_tree(gone);
	if (!ok)
		cli_error("can't remove %s: %m", path);
	free(gone);
	return ok;
}

/* Does a run use it? Takes it over, if not: the descriptor; else -1 after a
 * message. */
static int take_kernel(const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	if (fd >= 0 && errno == EWOULDBLOCK) {
		cli_error("%s is in use by a run, and was not removed", name);
		cli_remedy("try it again when the run has ended");
	} else {
		cli_error("can't remove %s: %m", path);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void forget_default(const char *dir, const char *key)
{
	char *link = text("%s/default", dir), target[KEY_LEN + 2];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	target[len > 0 ? len : 0] = '\0';
	if (!strcmp(target, key))
		unlink(link);
	free(link);
}

static bool remove_kernel(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *key = slash ? slash + 1 : name;
	char *dir = cache_path("kernels"), *path = text("%s/%s", dir, key);
	char *given = slash ? realpath(name, NULL) : text("%s", path);
	char *real = realpath(path, NULL);
	bool known = is_key(key) && given && is_directory(path) &&
		     (!slash || (real && !strcmp(given, real)));
	bool ok = false;
	int fd;

	if (!known) {
		cli_error("there is no kernel \"%s\"", name);
		cli_remedy("\"roadtest kernel list\" shows all");
	} else {
		fd = take_kernel(path, name);
		if (fd >= 0) {
			forget_default(dir, key);
			ok = take_away(path);
			close(fd);
		}
	}
	free(real);
	free(given);
	free(path);
	free(dir);
	return ok;
}

/* "objects", "configs" or "sources": each directory below under the lock of its maker. */
static bool remove_other(const char *name)
{
	char *dir = cache_path(name);
	DIR *handle = opendir(dir);
	struct dirent *entry;
	bool ok = true;

	while (handle && (entry = readdir(handle))) {
		char *path = text("%s/%s", dir, entry->d_name);
		/* Of one that was being copied, that of what it is for. */
		int len = strcspn(entry->d_name, ".");
		char *lock_name = strcmp(name, "sources") ?
				  text("%s-%.*s", name, len, entry->d_name) :
				  text("%s", entry->d_name);
		struct lock lock;

		if (*entry->d_name != '.') {
			ok = lock_take(&lock, lock_name, "to remove objects") &&
			     take_away(path) && ok;
			lock_drop(&lock);
		}
		free(lock_name);
		free(path);
	}
	if (handle)
		closedir(handle);
	free(dir);
	return ok;
}

static bool is_other(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(name, others[i].name))
			return true;
	return false;
}

int kernel_remove(char *const names[])
{
	bool ok = true;

	if (!*names) {
		cli_error("which kernel? roadtest kernel remove NAME...");
		cli_remedy("\"roadtest kernel list\" shows all");
		return CLI_NOT_RUN;
	}
	for (; *names; names++)
		ok = (is_other(*names) ? remove_other(*names) :
					 remove_kernel(*names)) && ok;
	return ok ? CLI_OK : CLI_NOT_RUN;
}

void kernel_hold(const char *dir, bool for_good)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
					   { .tv_nsec = UTIME_OMIT } };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | (for_good ? 0 : O_CLOEXEC));

	if (fd < 0)
		return;
	/* Held until we end. */
	flock(fd, LOCK_SH | LOCK_NB);
	utimensat(fd, "request", times, 0);
}
