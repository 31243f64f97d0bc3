// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * depends.c - what the kernel's build made from which source file
 *
 * Beside each file DIR/NAME that it makes, kbuild leaves DIR/.NAME.cmd: the
 * command, and the files that the compiler read. The sources among them are
 * named with the whole path of the tree.
 */
#include "build.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	const char *objects;	/* directory */
	char *prefix;		/* of the source tree, with a slash */
	struct tree_changes *changes;	/* sorted by path */
};

static int compare_change(const void *key, const void *item)
{
	const struct tree_change *change = item;

	return strcmp(key, change->path);
}

/* "a/../b" is "b": the compiler names a header as it was included. */
static void clean_path(char *path)
{
	char *up;

	while ((up = strstr(path, "/../"))) {
		char *begin = up;

		while (begin > path && begin[-1] != '/')
			begin--;
		memmove(begin, up + 4, strlen(up + 4) + 1);
	}
}

/* @content: of the .cmd file of @target. */
static void search_content(const struct search *search, const char *content,
			   const char *target)
{
	const char *at = content;
	size_t prefix = strlen(search->prefix);

	while ((at = strstr(at, search->prefix))) {
		size_t len = strcspn(at, " \t\n\\\"':;)") - prefix;
		char *path = text("%.*s", (int)len, at + prefix);
		struct tree_change *change;

		clean_path(path);
		change = bsearch(path, search->changes->items,
				 search->changes->num,
				 sizeof(*search->changes->items),
				 compare_change);
		if (change && !strings_have(&change->targets, target))
			strings_add(&change->targets, text("%s", target));
		free(path);
		at += prefix;
	}
}

/* @dir: below the objects, "" or with a slash at its end. */
static void search_directory(const struct search *search, const char *dir)
{
	char *path = text("%s/%s", search->objects, dir);
	DIR *handle = opendir(path);
	struct dirent *entry;

	while (handle && (entry = readdir(handle))) {
		const char *name = entry->d_name;
		char *full = text("%s%s", path, name), *content = NULL;

		if (*name == '.' && ends_with(name, ".cmd"))
			content = file_read(full);
		if (content) {
			char *target = text("%s%.*s", dir,
					    (int)strlen(name) - 5, name + 1);

			search_content(search, content, target);
			free(target);
		} else if (*name != '.' && entry->d_type == DT_DIR) {
			char *below = text("%s%s/", dir, name);

			search_directory(search, below);
			free(below);
		}
		free(content);
		free(full);
	}
	if (handle)
		closedir(handle);
	free(path);
}

void depends_find(const struct plan *plan, struct tree_changes *changes)
{
	struct search search = {
		.objects = plan->objects,
		.prefix = text("%s/", plan->source->dir),
		.changes = changes,
	};

	search_directory(&search, "");
	free(search.prefix);
}

void depends_forget(const struct plan *plan, const struct tree_changes *changes)
{
	for (size_t i = 0; i < changes->num; i++) {
		const struct tree_change *change = &changes->items[i];

		for (size_t n = 0; n < change->targets.num; n++) {
			char *path = objects_file(plan,
						  change->targets.items[n]);
			struct stat st;

			if (!lstat(path, &st) && S_ISREG(st.st_mode) &&
			    st.st_mtim.tv_sec * 1000000000LL +
			    st.st_mtim.tv_nsec >= change->ns)
				unlink(path);
			free(path);
		}
	}
}

char *saved_command(const struct plan *plan, const char *target)
{
	const char *base = strrchr(target, '/');
	char *name = base ? text("%.*s/.%s.cmd", (int)(base - target), target,
				 base + 1) : text(".%s.cmd", target);
	char *path = objects_file(plan, name);
	char *content = file_read(path), *command = NULL, *at, *end;

	/* "savedcmd_TARGET := COMMAND", before Linux 6.2 "cmd_". */
	at = content ? strstr(content, " := ") : NULL;
	end = at ? strchr(at, '\n') : NULL;
	if (end) {
		*end = '\0';
		command = text("%s", at + strlen(" := "));
	}
	/* As make reads it. */
	for (at = command; at && (at = strchr(at, '$')); at++) {
		size_t len = starts_with(at, "$(pound)") ? strlen("$(pound)") :
			     starts_with(at, "$$") ? 2 : 1;

		*at = len > 2 ? '#' : '$';
		memmove(at + 1, at + len, strlen(at + len) + 1);
	}
	free(content);
	free(path);
	free(name);
	return command;
}
