// SPDX-License-Identifier: LGPL-2.1-or-later
/* modules.c - find kernel modules, with libkmod */
#include "modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper than any real chain of dependencies: a cycle in a broken tree. */
#define MAX_DEPTH 64

struct modules {
	struct kmod_ctx *kmod;
	char *dir;		/* TREE/lib/modules/RELEASE */
	char *release;
};

static void no_log(void *data, int priority, const char *file, int line,
		   const char *fn, const char *format, va_list args)
{
}

/* The one directory in TREE/lib/modules. */
static char *only_release(const char *tree)
{
	char *path = NULL, *release = NULL;
	struct dirent *entry;
	DIR *dir;

	if (asprintf(&path, "%s/lib/modules", tree) < 0)
		return NULL;
	dir = opendir(path);
	free(path);
	while (dir && !release && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			release = strdup(entry->d_name);
	if (dir)
		closedir(dir);
	return release;
}

static int modules_open(struct modules *modules, const char *tree,
			const char *release, struct road_error *error)
{
	char *softdep = NULL;
	const char *config[2] = { NULL, NULL };

	modules->release = release ? strdup(release) : only_release(tree);
	if (!modules->release ||
	    asprintf(&modules->dir, "%s/lib/modules/%s", tree,
		     modules->release) < 0) {
		modules->dir = NULL;
		return err_set(error, -ROAD_EHOST, "%s: no lib/modules/RELEASE",
			       tree);
	}
	if (access(modules->dir, R_OK))
		return err_set(error, -ROAD_EHOST, "%s: %s", modules->dir,
			       strerror(errno));
	if (asprintf(&softdep, "%s/modules.softdep", modules->dir) < 0)
		return err_nomem(error);
	/* Instead of the host's /etc/modprobe.d. */
	config[0] = softdep;
	modules->kmod = kmod_new(modules->dir, config);
	free(softdep);
	if (!modules->kmod)
		return err_set(error, -ROAD_EHOST, "%s: libkmod can't read it",
			       modules->dir);
	kmod_set_log_fn(modules->kmod, no_log, NULL);
	/* It reads the indices once now instead of at each lookup. */
	kmod_load_resources(modules->kmod);
	return 0;
}

int modules_create(const char *tree, const char *release, struct modules **out,
		   struct road_error *error)
{
	struct modules *modules = calloc(1, sizeof(*modules));
	int ret;

	if (!modules)
		return err_nomem(error);
	ret = modules_open(modules, tree, release, error);
	if (ret) {
		modules_destroy(modules);
		return ret;
	}
	*out = modules;
	return 0;
}

void modules_destroy(struct modules *modules)
{
	if (!modules)
		return;
	if (modules->kmod)
		kmod_unref(modules->kmod);
	free(modules->dir);
	free(modules->release);
	free(modules);
}

void modules_list_deinit(struct module_list *list)
{
	size_t i;

	for (i = 0; i < list->num; i++) {
		free(list->modules[i].name);
		free(list->modules[i].path);
		free(list->modules[i].guest_path);
	}
	free(list->modules);
	*list = (struct module_list){ 0 };
}

/* ---- resolving */

struct resolve {
	struct modules *modules;
	struct module_list *list;
	struct road_error *error;
	unsigned int depth;
};

static struct module *list_find(struct module_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->num; i++)
		if (!strcmp(list->modules[i].name, name))
			return &list->modules[i];
	return NULL;
}

static char *guest_path(const struct modules *modules, const char *path)
{
	size_t len = strlen(modules->dir);
	const char *below, *slash;
	char *guest;

	if (!strncmp(path, modules->dir, len) && path[len] == '/') {
		below = path + len + 1;
	} else {
		slash = strrchr(path, '/');
		below = slash ? slash + 1 : path;
	}
	if (asprintf(&guest, "/lib/modules/%s/%s%s", modules->release,
		     below == path + len + 1 ? "" : "updates/", below) < 0)
		return NULL;
	return guest;
}

static int list_add(struct resolve *r, const char *name, const char *path)
{
	struct module_list *list = r->list;
	struct module *to;

	to = reallocarray(list->modules, list->num + 1, sizeof(*to));
	if (!to)
		return err_nomem(r->error);
	list->modules = to;
	to += list->num++;
	*to = (struct module){
		.name = strdup(name), .path = strdup(path),
		.guest_path = guest_path(r->modules, path),
	};
	if (!to->name || !to->path || !to->guest_path)
		return err_nomem(r->error);
	return 0;
}

static int resolve_module(struct resolve *r, struct kmod_module *mod);

/* Resolve each of @mods, which is freed. */
static int resolve_each(struct resolve *r, struct kmod_list *mods)
{
	struct kmod_module *mod;
	struct kmod_list *at;
	int ret = 0;

	kmod_list_foreach(at, mods) {
		mod = kmod_module_get_module(at);
		if (!ret)
			ret = resolve_module(r, mod);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(mods);
	return ret;
}

/* What a file outside of the tree says that it depends on: depmod has not seen
 * it. */
static int resolve_foreign(struct resolve *r, struct kmod_module *mod)
{
	struct kmod_list *info = NULL, *at;
	char *names, *name, *rest = NULL;
	int ret = 0;

	if (kmod_module_get_info(mod, &info) < 0)
		return err_set(r->error, -ROAD_EHOST, "%s: not a kernel module",
			       kmod_module_get_path(mod));
	kmod_list_foreach(at, info) {
		if (ret || strcmp(kmod_module_info_get_key(at), "depends"))
			continue;
		names = strdup(kmod_module_info_get_value(at));
		if (!names)
			ret = err_nomem(r->error);
		for (name = names ? strtok_r(names, ",", &rest) : NULL;
		     name && !ret; name = strtok_r(NULL, ",", &rest)) {
			struct kmod_module *needed = NULL;

			if (kmod_module_new_from_name(r->modules->kmod, name,
						      &needed) < 0)
				continue;
			ret = resolve_module(r, needed);
			kmod_module_unref(needed);
		}
		free(names);
	}
	kmod_module_info_free_list(info);
	return ret;
}

/* Add @mod behind what it depends on. */
static int resolve_module(struct resolve *r, struct kmod_module *mod)
{
	const char *name = kmod_module_get_name(mod);
	const char *path = kmod_module_get_path(mod);
	struct kmod_list *pre = NULL, *post = NULL;
	int ret;

	/* No file: it is built in, or the index knows no such module. The
	 * kernel says so if that hurts. */
	if (!path || list_find(r->list, name))
		return 0;
	if (r->depth == MAX_DEPTH)
		return err_set(r->error, -ROAD_EHOST,
			       "%s: its dependencies go round in a circle",
			       name);
	r->depth++;
	ret = resolve_each(r, kmod_module_get_dependencies(mod));
	if (!ret && kmod_module_get_softdeps(mod, &pre, &post) >= 0)
		ret = resolve_each(r, pre);
	if (!ret && strncmp(path, r->modules->dir, strlen(r->modules->dir)))
		ret = resolve_foreign(r, mod);
	if (!ret && !list_find(r->list, name))
		ret = list_add(r, name, path);
	if (!ret)
		ret = resolve_each(r, post);
	r->depth--;
	return ret;
}

static int not_found(const struct resolve *r, const char *name)
{
	return err_set(r->error, -ROAD_ENODRIVER,
		       "no module \"%s\" in %s: is its option =m in the kernel's configuration, and does the driver's table have that alias?",
		       name, r->modules->dir);
}

/* All that @found names; at least one must be a file or be built in. */
static int resolve_found(struct resolve *r, const char *name,
			 struct kmod_list *found)
{
	bool any = false;
	struct kmod_list *at;
	int ret = 0;

	kmod_list_foreach(at, found) {
		struct kmod_module *mod = kmod_module_get_module(at);
		struct module *added;

		if (kmod_module_get_path(mod) ||
		    kmod_module_get_initstate(mod) == KMOD_MODULE_BUILTIN)
			any = true;
		if (!ret)
			ret = resolve_module(r, mod);
		added = list_find(r->list, kmod_module_get_name(mod));
		if (added)
			added->wanted = true;
		kmod_module_unref(mod);
	}
	return ret || any ? ret : not_found(r, name);
}

static int resolve_file(struct resolve *r, const char *path)
{
	struct kmod_module *mod;
	struct module *added;
	char *full;
	int ret;

	full = realpath(path, NULL);
	ret = full ? kmod_module_new_from_path(r->modules->kmod, full, &mod) :
		     -errno;
	free(full);
	if (ret < 0)
		return err_set(r->error, -ROAD_EHOST,
			       "module file %s: %s", path, strerror(-ret));
	ret = resolve_module(r, mod);
	added = list_find(r->list, kmod_module_get_name(mod));
	if (added)
		added->wanted = true;
	kmod_module_unref(mod);
	return ret;
}

int modules_resolve(struct modules *modules, const char *name,
		    struct module_list *list, struct road_error *error)
{
	struct module_list found_list = { 0 };
	struct resolve r = {
		.modules = modules, .list = &found_list, .error = error,
	};
	struct kmod_list *found = NULL;
	int ret;

	if (strchr(name, '/')) {
		ret = resolve_file(&r, name);
	} else {
		/* What it finds nothing for is an error or an empty list, as
		 * its version has it. */
		kmod_module_new_from_lookup(modules->kmod, name, &found);
		ret = found ? resolve_found(&r, name, found) :
			      not_found(&r, name);
		kmod_module_unref_list(found);
	}
	if (ret)
		modules_list_deinit(&found_list);
	else
		*list = found_list;
	return ret;
}
