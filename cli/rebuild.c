// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rebuild.c - a kernel of a tree in which little changed: only its modules
 *
 * The whole of kbuild takes longer than the compiler does for one driver. So
 * beside objects (objects.c) stand the tree's state at their last whole build
 * and the kernel that came of it, the base. If nothing but sources of
 * modules changed since, these modules are made by kbuild's own saved commands
 * (module.c), into a directory of their own, and the new kernel is the base
 * with them. kbuild's objects stay as they are; its next build sees all changes
 * since its last one.
 *
 * Whatever is not surely a source of modules alone is left to kbuild.
 */
#include "build.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CHANGES 32	/* of files that matter */

/* The kernel of the last whole build. */
struct base {
	char *request, *bundle;
	const char *options;	/* in the request */
};

/* ------------------------------------------------------------------------
 * What a whole build leaves for later ones
 */

/* The tree's state at the last whole build; NULL: there was none. */
static char *tree_before(const struct plan *plan)
{
	char *path = objects_file(plan, "roadtest.tree");
	char *tree = file_read(path);

	free(path);
	return tree;
}

bool tree_is_made(const struct plan *plan)
{
	char *before = tree_before(plan);
	char *now = tree_text(&plan->source->tree);
	bool same = plan->source->tarball || (before && !strcmp(before, now));

	free(now);
	free(before);
	return same;
}

void base_forget(const struct plan *plan)
{
	char *path = objects_file(plan, "roadtest.base");
	char *tree = plan->source->tarball ? NULL : tree_before(plan);
	struct tree_changes changes = { 0 };

	unlink(path);
	if (tree) {
		tree_compare(&plan->source->tree, tree, &changes);
		depends_find(plan, &changes);
		depends_forget(plan, &changes);
	}
	changes_deinit(&changes);
	free(tree);
	free(path);
}

void base_remember(const struct plan *plan)
{
	char *path = objects_file(plan, "roadtest.tree");
	char *tree = tree_text(&plan->source->tree);

	if (!plan->source->tarball)
		file_write(path, tree);
	free(tree);
	free(path);
}

void base_remember_bundle(const struct plan *plan)
{
	char *path = objects_file(plan, "roadtest.base");

	if (!plan->source->tarball)
		file_write(path, plan->request);
	free(path);
}

/* Behind the second line, which names the source's state. */
static const char *behind_source(const char *request)
{
	const char *line = strchr(request, '\n');

	line = line ? strchr(line + 1, '\n') : NULL;
	return line ? line : "";
}

/* Is the request of the plan's tree, in any state, flavour and --config? */
static bool request_is_of_tree(const char *request, const struct plan *plan)
{
	return starts_with(request, "bundle 2\nsource directory ") &&
	       starts_with(behind_source(request), behind_source(plan->head));
}

static void base_deinit(struct base *base)
{
	free(base->request);
	free(base->bundle);
	*base = (struct base){ 0 };
}

static bool base_read(struct base *base, const struct plan *plan)
{
	char *path = objects_file(plan, "roadtest.base");
	char *made = NULL;

	*base = (struct base){ .request = file_read(path) };
	if (base->request && request_is_of_tree(base->request, plan)) {
		base->bundle = bundle_path(base->request);
		made = bundle_read(base->bundle, "request");
		base->options = behind_source(base->request) +
				strlen(behind_source(plan->head));
	}
	if (!made || strcmp(made, base->request))
		base_deinit(base);
	free(made);
	free(path);
	return base->request;
}

/* ------------------------------------------------------------------------
 * What a change means
 */

enum effect { EFFECT_NONE, EFFECT_MODULES, EFFECT_ALL };

static bool is_code(const char *path)
{
	return ends_with(path, ".c") || ends_with(path, ".h");
}

/* Read by the build in other ways than by the compiler of the kernel. */
static bool is_tool(const char *path)
{
	return starts_with(path, "scripts/") || starts_with(path, "tools/") ||
	       starts_with(path, "include/dt-bindings/") ||
	       starts_with(path, "usr/");
}

static bool is_text(const char *path)
{
	return ends_with(path, ".rst") || ends_with(path, ".txt") ||
	       ends_with(path, ".dts") || ends_with(path, ".dtsi") ||
	       !strcmp(path, "MAINTAINERS");
}

/* Adds to @objects what must be made again. */
static enum effect change_effect(const struct tree_change *change,
				 const struct strings *parts,
				 struct strings *objects)
{
	const struct strings *targets = &change->targets;

	if (is_text(change->path))
		return EFFECT_NONE;
	if (!is_code(change->path) || is_tool(change->path))
		return EFFECT_ALL;
	/* A new header may be found before the one that was. */
	if (change->kind == CHANGE_NEW)
		return ends_with(change->path, ".c") ? EFFECT_NONE :
						       EFFECT_ALL;
	if (!targets->num)
		return EFFECT_NONE;
	for (size_t i = 0; i < targets->num; i++) {
		if (change->kind == CHANGE_GONE ||
		    !strings_have(parts, targets->items[i]))
			return EFFECT_ALL;
		if (!strings_have(objects, targets->items[i]))
			strings_add(objects,
				    text("%s", targets->items[i]));
	}
	return EFFECT_MODULES;
}

/* The objects of modules that must be made again. Return: is that all? */
static bool find_objects(const struct plan *plan, struct tree_changes *changes,
			 struct strings *objects)
{
	struct strings parts = { 0 };
	size_t effects = 0;
	bool ok;

	depends_find(plan, changes);
	modules_parts(plan, &parts);
	ok = parts.num;
	for (size_t i = 0; ok && i < changes->num; i++) {
		enum effect effect = change_effect(&changes->items[i], &parts,
						   objects);

		effects += effect != EFFECT_NONE;
		ok = effect != EFFECT_ALL && effects <= MAX_CHANGES;
	}
	strings_deinit(&parts);
	return ok;
}

/* ------------------------------------------------------------------------
 * The new kernel
 */

/* The base with other modules, under the request of this tree. */
static char *bundle_with(struct make *make, const struct base *base,
			 const struct strings *modules)
{
	char *request = text("%s%s", make->plan->head, base->options);
	char *bundle = bundle_path(request);
	char *temp = text("%s.making", bundle);
	/* The contents of a kernel never change, so they may be shared. */
	char *copy[] = { "cp", "-al", base->bundle, temp, NULL };
	bool ok;

	remove_tree(temp);
	ok = make_run(make, "copying the kernel", copy, NULL) &&
	     modules_install(make, temp, modules) &&
	     bundle_finish(temp, request, bundle);
	if (!ok) {
		remove_tree(temp);
		free(bundle);
		bundle = NULL;
	}
	free(temp);
	free(request);
	return bundle;
}

/* A refusal of the base's tree holds as long as no option changed. */
static bool base_refuses(const struct plan *plan, const struct base *base,
			 struct unmet *unmet)
{
	char *config = bundle_read(base->bundle, "config");
	bool serves = config && options_check(&plan->options, config);

	free(config);
	if (!serves && unmet) {
		const char *rest = behind_source(base->request);
		char *request = text("%.*s%s", (int)(rest - base->request),
				     base->request,
				     behind_source(plan->request));

		refusals_read(plan, request, unmet);
		free(request);
	}
	return !serves;
}

static int rebuild_modules(const struct plan *plan, const struct base *base,
			   const struct strings *objects, char **bundle)
{
	struct make make;
	struct strings modules = { 0 };
	int64_t begin = now_ms();
	int status = CLI_NOT_RUN;

	if (make_open(&make, plan, plan->objects))
		status = modules_make(&make, objects, &modules);
	if (!status) {
		make.quiet = true;
		*bundle = bundle_with(&make, base, &modules);
	}
	for (size_t i = 0; *bundle && i < modules.num; i++)
		fprintf(stderr, "rebuilt %s.ko\n", modules.items[i]);
	if (*bundle && modules.num)
		fprintf(stderr, "rebuilt in %lld ms: %s\n",
			(long long)(now_ms() - begin), *bundle);
	make_close(&make);
	strings_deinit(&modules);
	return status;
}

/* From what plan->objects hold. */
static int rebuild_here(const struct plan *plan, char **bundle,
			struct unmet *unmet)
{
	char *tree = tree_before(plan);
	struct tree_changes changes = { 0 };
	struct strings objects = { 0 };
	struct base base = { 0 };
	int status = CLI_OK;

	if (!tree)
		return CLI_OK;
	tree_compare(&plan->source->tree, tree, &changes);
	if (find_objects(plan, &changes, &objects) && base_read(&base, plan)) {
		if (base_refuses(plan, &base, unmet))
			status = unmet && unmet->num ? CLI_NO_BUILD : CLI_OK;
		else
			status = rebuild_modules(plan, &base, &objects, bundle);
	}
	/* Not to be made in this way: it is for kbuild to do. */
	if (status == CLI_NOT_RUN)
		status = CLI_OK;
	changes_deinit(&changes);
	strings_deinit(&objects);
	base_deinit(&base);
	free(tree);
	return status;
}

/* ------------------------------------------------------------------------
 * Which objects
 */

/* How well a base suits. */
enum { BASE_NONE, BASE_OTHER, BASE_SERVES, BASE_SAME };

static int base_suits(const struct plan *plan, time_t *made)
{
	char *path = objects_file(plan, "roadtest.base"), *config;
	struct base base;
	struct stat st;
	int suits = BASE_NONE;

	if (!stat(path, &st) && base_read(&base, plan)) {
		config = bundle_read(base.bundle, "config");
		if (!strcmp(base.options,
			    plan->request + strlen(plan->head)))
			suits = BASE_SAME;
		else if (plan->exact)
			suits = BASE_NONE;
		else if (config && options_check(&plan->options, config))
			suits = BASE_SERVES;
		else
			suits = BASE_OTHER;
		*made = st.st_mtime;
		free(config);
		base_deinit(&base);
	}
	free(path);
	return suits;
}

/* Key of those with the best base, of these the newest; NULL if there are
 * none. */
static char *find_base(const struct plan *plan)
{
	char *cache = cache_dir(), *root = text("%s/objects", cache);
	DIR *dir = opendir(root);
	struct dirent *entry;
	char *best = NULL;
	int best_suits = BASE_NONE;
	time_t best_made = 0;

	while (dir && (entry = readdir(dir))) {
		struct plan with = *plan;
		time_t made = 0;
		int suits;

		with.objects = text("%s/%s", root, entry->d_name);
		suits = *entry->d_name == '.' ? BASE_NONE :
			base_suits(&with, &made);
		if (suits > best_suits ||
		    (suits && suits == best_suits && made > best_made)) {
			free(best);
			best = text("%s", entry->d_name);
			best_suits = suits;
			best_made = made;
		}
		free(with.objects);
	}
	if (dir)
		closedir(dir);
	free(root);
	free(cache);
	return best;
}

int rebuild(const struct plan *plan, char **bundle, struct unmet *unmet)
{
	char *key = find_base(plan), *cache, *name;
	struct plan with = *plan;
	int status = CLI_NOT_RUN;
	struct lock lock;

	if (!key)
		return CLI_OK;
	cache = cache_dir();
	with.objects = text("%s/objects/%s", cache, key);
	name = text("objects-%s", key);
	if (lock_take(&lock, name, "to build modules again")) {
		with.lock = &lock;
		/* Whoever held the lock may have built just this. */
		*bundle = bundle_find(plan);
		status = *bundle ? CLI_OK : rebuild_here(&with, bundle, unmet);
	}
	lock_drop(&lock);
	free(name);
	free(with.objects);
	free(cache);
	free(key);
	return status;
}
