/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modules.h - find kernel modules and what they depend on
 *
 * Works on a modules_install tree with libkmod. Nothing of the host's own
 * kernel or of its /etc/modprobe.d has a say.
 */
#ifndef LIB_MODULES_H
#define LIB_MODULES_H

#include "error.h"

struct modules;

/*
 * struct module - one to load
 * @name: with underscores
 * @path: on the host
 * @guest_path: where modules_install() puts it, seen from the guest
 * @wanted: asked for; else a dependency
 */
struct module {
	char *name;
	char *path;
	char *guest_path;
	bool wanted;
};

/* In the order of loading; empty: what was asked for is built in. */
struct module_list {
	struct module *modules;
	size_t num;
};

/* @tree has lib/modules/@release; NULL: the only one there is. */
int modules_create(const char *tree, const char *release, struct modules **out,
		   struct road_error *error);
void modules_destroy(struct modules *modules);
/*
 * Find @name: a module's name, an alias, or (with a '/' in it) the host path
 * of a module's file. Return: 0; -ENOENT if there is none; -ROAD_EHOST.
 */
int modules_resolve(struct modules *modules, const char *name,
		    struct module_list *list, struct road_error *error);
void modules_list_deinit(struct module_list *list);
/* Copy the files below @root, the guest's root directory on the host. Those
 * that are there already and the same stay. */
int modules_install(const struct module_list *list, const char *root,
		    struct road_error *error);

#endif /* LIB_MODULES_H */
