// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * suites.c - the options that suites ask for, and which of them are refused
 *
 * The files named `config` in and below a directory of suites, or beside a
 * suite, are fragments of the kernel's configuration, and so are those in the
 * directories above as long as each has one. A fragment belongs to the suites in
 * its directory and below.
 */
#include "cli.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "__pycache__");
}

static void add_fragment(struct kernel_request *request, char *path)
{
	char *real = realpath(path, NULL);

	if (real && !strings_have(&request->fragments, real))
		strings_add(&request->fragments, real);
	else
		free(real);
}

/* Return: false after a message. */
static bool add_directory(struct kernel_request *request, const char *path,
			  const struct walk *above)
{
	struct dirent **entries;
	struct walk walk = { 0 };
	bool ok = true;
	int num;

	if (!walk_enter(&walk, above, path))
		return true;
	num = scandir(path, &entries, not_hidden, alphasort);
	if (num < 0)
		cli_error("can't read %s: %m", path);
	for (int i = 0; i < num; i++) {
		char *entry = text("%s/%s", path, entries[i]->d_name);

		if (is_directory(entry))
			ok &= add_directory(request, entry, &walk);
		else if (!strcmp(entries[i]->d_name, "config"))
			add_fragment(request, entry);
		free(entry);
		free(entries[i]);
	}
	if (num >= 0)
		free(entries);
	return ok && num >= 0;
}

/* Anything may be called "config" up there. */
static bool is_fragment(const char *path)
{
	char *content = is_directory(path) ? NULL : file_read(path);
	bool is = content && (starts_with(content, "CONFIG_") ||
			      strstr(content, "\nCONFIG_"));

	free(content);
	return is;
}

/* Those above @dir, without links; the highest first: what is nearer to the
 * suite comes later, and wins. */
static void add_above(struct kernel_request *request, const char *dir)
{
	const char *slash = strrchr(dir, '/');
	char *above, *config;

	if (!slash || slash == dir)
		return;
	above = text("%.*s", (int)(slash - dir), dir);
	config = text("%s/config", above);
	if (is_fragment(config)) {
		add_above(request, above);
		add_fragment(request, config);
	}
	free(config);
	free(above);
}

static void add_above_path(struct kernel_request *request, const char *path)
{
	char *real = realpath(path, NULL);

	if (real)
		add_above(request, real);
	free(real);
}

bool kernel_add_suite(struct kernel_request *request, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir, *config;

	if (!file_exists(path)) {
		cli_error("%s: there is no such file or directory", path);
		return false;
	}
	if (is_directory(path)) {
		add_above_path(request, path);
		return add_directory(request, path, NULL);
	}
	dir = slash ? text("%.*s", (int)(slash - path), path) : text(".");
	add_above_path(request, *dir ? dir : "/");
	config = text("%s/config", dir);
	add_fragment(request, config);
	free(config);
	free(dir);
	return true;
}

/* ------------------------------------------------------------------------
 * Options that can't be had
 */

bool kernel_refuse(struct kernel_request *request, const struct unmet *unmet)
{
	size_t before = request->refused.num;

	for (size_t i = 0; i < request->fragments.num; i++) {
		const char *fragment = request->fragments.items[i];
		const struct unmet_option *option = NULL;
		struct config_options options = { 0 };

		if (!strings_have(&request->refused, fragment) &&
		    options_read(&options, fragment))
			option = unmet_find(unmet, &options);
		if (option) {
			strings_add(&request->refused, text("%s", fragment));
			strings_add(&request->reasons,
				    text("CONFIG_%s=%s can't be had: %s",
					 option->name, option->wanted,
					 option->why));
		}
		options_deinit(&options);
	}
	return request->refused.num > before;
}

/* Is the file @path, without links, in the fragment's directory or below? */
static bool fragment_is_of(const char *fragment, const char *path)
{
	size_t len = strrchr(fragment, '/') - fragment + 1;

	return !strncmp(fragment, path, len);
}

const char *kernel_refused(const struct kernel_request *request,
			   const char *path)
{
	char *real = realpath(path, NULL);
	const char *why = NULL;

	for (size_t i = 0; real && !why && i < request->refused.num; i++)
		if (fragment_is_of(request->refused.items[i], real))
			why = request->reasons.items[i];
	free(real);
	return why;
}

bool kernel_has_suite(const struct kernel_request *request, const char *path)
{
	char *real = realpath(path, NULL);
	bool has = false;

	for (size_t i = 0; real && !has && i < request->fragments.num; i++)
		has = fragment_is_of(request->fragments.items[i], real);
	free(real);
	return has;
}
