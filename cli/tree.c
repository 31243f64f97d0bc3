// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tree.c - the state of a source tree: which files, how large, how old
 *
 * All files are looked at, 0.2 s for a kernel, so that no change is missed: not
 * one that git would ignore, nor a file with an old time that was moved in.
 * What a build in the tree itself leaves there is no source.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Generated in place, with the rest of a build's products. */
static const char *const generated_dirs[] = {
	"include/generated", "include/config", NULL
};
static const char *const generated_tails[] = {
	".o", ".ko", ".a", ".mod", ".mod.c", ".cmd", ".order", ".symvers",
	".builtin", ".modinfo", "/vmlinux", "/System.map", "/linux", NULL
};

static bool ends_with_one(const char *path, const char *const *tails)
{
	for (; *tails; tails++)
		if (ends_with(path, *tails))
			return true;
	return false;
}

/* Nothing below it matters to a kernel for UML. */
static bool is_foreign_dir(const char *path)
{
	const char *arch = starts_with(path, "arch/") ? path + 5 : NULL;

	if (ends_with(path, "/include/generated"))
		return true;
	for (size_t i = 0; generated_dirs[i]; i++)
		if (!strcmp(path, generated_dirs[i]))
			return true;
	if (starts_with(path, "Documentation/"))
		return true;
	return arch && !strchr(arch, '/') && strcmp(arch, "um") &&
	       strcmp(arch, "x86");
}

static void tree_add(struct tree *tree, char *path, const struct stat *st)
{
	if (tree->num == tree->max) {
		tree->max = tree->max ? 2 * tree->max : 1 << 16;
		tree->files = xrealloc(tree->files, tree->max,
				       sizeof(*tree->files));
	}
	tree->files[tree->num++] = (struct tree_file){
		.path = path,
		.size = st->st_size,
		.ns = st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec,
	};
}

/* Takes over @fd. @path: of the directory, "" or with a slash at its end. */
static bool tree_walk(struct tree *tree, int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	bool ok = dir;

	if (!dir)
		close(fd);
	while (ok && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		char *full;
		struct stat st;

		if (*name == '.' || fstatat(dirfd(dir), name, &st,
					    AT_SYMLINK_NOFOLLOW))
			continue;
		full = text("%s%s", path, name);
		if (S_ISDIR(st.st_mode) && !is_foreign_dir(full)) {
			char *below = text("%s/", full);
			int sub = openat(dirfd(dir), name,
					 O_RDONLY | O_DIRECTORY | O_CLOEXEC |
					 O_NOFOLLOW);

			ok = sub >= 0 && tree_walk(tree, sub, below);
			free(below);
		} else if ((S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) &&
			   !ends_with_one(full, generated_tails)) {
			tree_add(tree, full, &st);
			continue;
		}
		free(full);
	}
	if (dir)
		closedir(dir);
	return ok;
}

static int compare_files(const void *a, const void *b)
{
	const struct tree_file *const left = a, *const right = b;

	return strcmp(left->path, right->path);
}

bool tree_read(struct tree *tree, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && tree_walk(tree, fd, "");

	if (!ok)
		cli_error("can't read %s: %m", dir);
	if (tree->num)
		qsort(tree->files, tree->num, sizeof(*tree->files),
		      compare_files);
	return ok;
}

void tree_deinit(struct tree *tree)
{
	for (size_t i = 0; i < tree->num; i++)
		free(tree->files[i].path);
	free(tree->files);
	*tree = (struct tree){ 0 };
}

char *tree_text(const struct tree *tree)
{
	size_t size = 0;
	char *all = NULL;
	FILE *out = open_memstream(&all, &size);

	if (!out)
		abort();
	for (size_t i = 0; i < tree->num; i++)
		fprintf(out, "%lld %lld %s\n", tree->files[i].size,
			tree->files[i].ns, tree->files[i].path);
	fclose(out);
	return all;
}

/* ------------------------------------------------------------------------
 * Differences
 */

/* One line of tree_text(), which is cut into pieces. */
static bool parse_file(char *line, struct tree_file *file)
{
	char *end;

	file->size = strtoll(line, &end, 10);
	file->ns = strtoll(end, &end, 10);
	file->path = *end == ' ' ? end + 1 : NULL;
	return file->path;
}

static void change_add(struct tree_changes *changes, enum change_kind kind,
		       const struct tree_file *file)
{
	changes->items = xrealloc(changes->items, changes->num + 1,
				  sizeof(*changes->items));
	changes->items[changes->num++] = (struct tree_change){
		.kind = kind,
		.path = text("%s", file->path),
		.ns = file->ns,
	};
}

void tree_compare(const struct tree *tree, char *before,
		  struct tree_changes *changes)
{
	char *rest = before, *line;
	struct tree_file old;
	size_t i = 0;

	while ((line = strsep(&rest, "\n"))) {
		int order = 1;

		if (!parse_file(line, &old))
			continue;
		for (; i < tree->num; i++) {
			order = strcmp(tree->files[i].path, old.path);
			if (order >= 0)
				break;
			change_add(changes, CHANGE_NEW, &tree->files[i]);
		}
		if (i == tree->num || order) {
			change_add(changes, CHANGE_GONE, &old);
			continue;
		}
		if (tree->files[i].size != old.size ||
		    tree->files[i].ns != old.ns)
			change_add(changes, CHANGE_CONTENT, &tree->files[i]);
		i++;
	}
	for (; i < tree->num; i++)
		change_add(changes, CHANGE_NEW, &tree->files[i]);
}

void changes_deinit(struct tree_changes *changes)
{
	for (size_t i = 0; i < changes->num; i++) {
		free(changes->items[i].path);
		strings_deinit(&changes->items[i].targets);
	}
	free(changes->items);
	*changes = (struct tree_changes){ 0 };
}
