// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * module.c - make modules again by the commands that kbuild saved
 *
 * Three steps: the compiler makes the objects, modpost writes what the kernel
 * wants to know of the module into a file of C, the linker makes the .ko. All
 * results go below QUICK, with the same names; each command is the saved one
 * with the names of what is made new replaced.
 */
#include "build.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUICK "roadtest.quick"	/* directory among the objects */

/* ------------------------------------------------------------------------
 * Which modules there are
 */

/* Lines of a file among the objects. */
static struct strings object_lines(const struct plan *plan, const char *name)
{
	char *path = objects_file(plan, name);
	char *content = file_read(path);
	char *rest = content, *line;
	struct strings lines = { 0 };

	while ((line = strsep(&rest, "\n")))
		if (*line)
			strings_add(&lines, text("%s", line));
	free(content);
	free(path);
	return lines;
}

/* Names without suffix; modules.order has .o, before Linux 6.3 .ko. */
static struct strings all_modules(const struct plan *plan)
{
	struct strings modules = object_lines(plan, "modules.order");

	for (size_t i = 0; i < modules.num; i++)
		*strrchr(modules.items[i], '.') = '\0';
	return modules;
}

static struct strings module_parts(const struct plan *plan, const char *module)
{
	char *name = text("%s.mod", module);
	struct strings parts = object_lines(plan, name);

	free(name);
	return parts;
}

void modules_parts(const struct plan *plan, struct strings *all)
{
	struct strings modules = all_modules(plan);

	for (size_t i = 0; i < modules.num; i++) {
		struct strings parts = module_parts(plan, modules.items[i]);

		for (size_t n = 0; n < parts.num; n++)
			strings_add(all, text("%s", parts.items[n]));
		strings_deinit(&parts);
	}
	strings_deinit(&modules);
}

/* ------------------------------------------------------------------------
 * Commands
 */

/* Put QUICK before each word of @command that is @name. */
static char *redirect(char *command, const char *name)
{
	size_t len = strlen(name);
	char *at = command;

	while ((at = strstr(at, name))) {
		bool begins = at == command || strchr(" \t@", at[-1]);
		bool ends = !at[len] || strchr(" \t;", at[len]);
		size_t offset = at - command;
		char *longer;

		if (!begins || !ends) {
			at += len;
			continue;
		}
		longer = text("%.*s" QUICK "/%s", (int)offset, command, at);
		free(command);
		command = longer;
		at = command + offset + strlen(QUICK "/") + len;
	}
	return command;
}

/* The list of headers would go beside kbuild's objects. */
static char *redirect_depfile(char *command)
{
	static const char option[] = "-Wp,-MMD,";
	char *at = strstr(command, option), *longer;

	if (!at)
		return command;
	at += strlen(option);
	longer = text("%.*s" QUICK "/%s", (int)(at - command), command, at);
	free(command);
	return longer;
}

static bool run_command(struct make *make, const char *what, char *command)
{
	char *argv[] = { "sh", "-c", command, NULL };
	const struct process_options options = { .cwd = make->plan->objects };

	return make_run(make, what, argv, &options);
}

/* The saved command of @target, with QUICK before it and before the @also. */
static bool run_saved(struct make *make, const char *target,
		      const struct strings *also)
{
	char *command = saved_command(make->plan, target);
	char *what = text("building %s", target);
	bool ok = false;

	if (command) {
		command = redirect_depfile(command);
		command = redirect(command, target);
		for (size_t i = 0; also && i < also->num; i++)
			command = redirect(command, also->items[i]);
		ok = run_command(make, what, command);
	}
	free(what);
	free(command);
	return ok;
}

static bool make_parent(const struct make *make, const char *target)
{
	const char *base = strrchr(target, '/');
	char *dir = text("%s/" QUICK "/%.*s", make->plan->objects,
			 (int)(base ? base - target : 0), target);
	bool ok = make_directories(dir);

	free(dir);
	return ok;
}

/* ------------------------------------------------------------------------
 * A module
 */

/* Link its objects, if it has several. */
static bool link_parts(struct make *make, const char *module,
		       const struct strings *parts,
		       const struct strings *objects)
{
	char *target = text("%s.o", module), *list = text("%s.mod", module);
	char *path = text("%s/" QUICK "/%s", make->plan->objects, list);
	struct strings also = { 0 };
	char *content = text("%s", "");
	bool ok;

	/* Older kernels name them in a file, some in the command itself. */
	strings_add(&also, text("%s", list));
	for (size_t i = 0; i < parts->num; i++) {
		const char *part = parts->items[i];
		bool new = strings_have(objects, part);
		char *more = text("%s%s%s\n", content, new ? QUICK "/" : "",
				  part);

		if (new)
			strings_add(&also, text("%s", part));
		free(content);
		content = more;
	}
	ok = make_parent(make, target) && file_write(path, content);
	/* A single object is the module's own. */
	if (ok && !strings_have(parts, target))
		ok = run_saved(make, target, &also);
	free(content);
	strings_deinit(&also);
	free(path);
	free(list);
	free(target);
	return ok;
}

/* What @module exports, by the lines of a file like Module.symvers; all that
 * others export goes to @others. */
static char *exports(const struct plan *plan, const char *file,
		     const struct strings *modules, FILE *others)
{
	struct strings lines = object_lines(plan, file);
	char *own = text("%s", "");

	for (size_t i = 0; i < lines.num; i++) {
		char *line = lines.items[i];
		char *symbol = strchr(line, '\t');
		char *module = symbol ? strchr(symbol + 1, '\t') : NULL;
		char *type = module ? strchr(module + 1, '\t') : NULL;
		char *name, *more;

		if (!type)
			continue;
		name = text("%.*s", (int)(type - module - 1), module + 1);
		if (others && !strings_have(modules, name))
			fprintf(others, "%s\n", line);
		if (!others || strings_have(modules, name)) {
			more = text("%s%.*s%s\n", own, (int)(module - symbol),
				    symbol, type);
			free(own);
			own = more;
		}
		free(name);
	}
	strings_deinit(&lines);
	return own;
}

/* The options that kbuild gave to modpost. */
static char *modpost_command(const struct plan *plan)
{
	static const char rest[] = " -i " QUICK "/others -o " QUICK
				   "/symvers -T " QUICK "/order";
	char *saved = saved_command(plan, "Module.symvers");
	char *at = saved ? strstr(saved, "scripts/mod/modpost") : NULL;
	char *end = at ? strstr(at, " -o ") : NULL;
	char *command = end ? text("%.*s%s", (int)(end - at), at, rest) : NULL;

	free(saved);
	return command;
}

/* Let modpost write the .mod.c of all @modules. False too if they export
 * something else than before: others may depend on that. */
static bool run_modpost(struct make *make, const struct strings *modules)
{
	const struct plan *plan = make->plan;
	char *others = objects_file(plan, QUICK "/others");
	char *order = objects_file(plan, QUICK "/order");
	char *command = modpost_command(plan);
	FILE *f = fopen(others, "we"), *list = fopen(order, "we");
	char *before = NULL, *after = NULL;
	bool ok = f && list && command;

	if (f)
		before = exports(plan, "Module.symvers", modules, f);
	for (size_t i = 0; list && i < modules->num; i++)
		fprintf(list, QUICK "/%s.o\n", modules->items[i]);
	ok = !(f && fclose(f)) && !(list && fclose(list)) && ok &&
	     run_command(make, "modpost", command);
	if (ok)
		after = exports(plan, QUICK "/symvers", modules, NULL);
	ok = ok && !strcmp(before, after);
	free(before);
	free(after);
	free(command);
	free(order);
	free(others);
	return ok;
}

static bool link_module(struct make *make, const char *module)
{
	char *object = text("%s.mod.o", module), *ko = text("%s.ko", module);
	struct strings source = { 0 }, also = { 0 };
	bool ok;

	strings_add(&source, text("%s.mod.c", module));
	strings_add(&also, text("%s.o", module));
	strings_add(&also, text("%s", object));
	ok = run_saved(make, object, &source) && run_saved(make, ko, &also);
	strings_deinit(&also);
	strings_deinit(&source);
	free(ko);
	free(object);
	return ok;
}

/* The modules of which one of @objects is a part. */
static bool relink(struct make *make, const struct strings *objects,
		   struct strings *modules)
{
	struct strings all = all_modules(make->plan);
	bool ok = true;

	for (size_t i = 0; ok && i < all.num; i++) {
		struct strings parts = module_parts(make->plan, all.items[i]);
		bool changed = false;

		for (size_t n = 0; n < parts.num; n++)
			changed |= strings_have(objects, parts.items[n]);
		if (changed) {
			strings_add(modules, text("%s", all.items[i]));
			ok = link_parts(make, all.items[i], &parts, objects);
		}
		strings_deinit(&parts);
	}
	strings_deinit(&all);
	return ok;
}

int modules_make(struct make *make, const struct strings *objects,
		 struct strings *modules)
{
	char *quick = objects_file(make->plan, QUICK);
	bool ok = true;

	remove_tree(quick);
	for (size_t i = 0; ok && i < objects->num; i++) {
		ok = make_parent(make, objects->items[i]) &&
		     run_saved(make, objects->items[i], NULL);
		/* What does not compile so does not compile by kbuild. */
		if (!ok) {
			free(quick);
			return CLI_NO_BUILD;
		}
	}
	make->quiet = true;
	ok = relink(make, objects, modules);
	if (ok && modules->num)
		ok = run_modpost(make, modules);
	for (size_t i = 0; ok && i < modules->num; i++)
		ok = link_module(make, modules->items[i]);
	free(quick);
	return ok ? CLI_OK : CLI_NOT_RUN;
}

/* ------------------------------------------------------------------------
 * Into a kernel
 */

/* Name of the kernel's release, which is a directory of its modules. */
static char *bundle_release(const char *bundle)
{
	char *info = bundle_read(bundle, "info");
	char *at = info && starts_with(info, "release=") ?
		   info + strlen("release=") : NULL;
	char *release = at ? text("%.*s", (int)strcspn(at, "\n"), at) : NULL;

	free(info);
	return release;
}

static bool install_one(struct make *make, const char *dir, const char *module)
{
	char *from = text("%s/" QUICK "/%s.ko", make->plan->objects, module);
	char *to = text("%s/kernel/%s.ko", dir, module);
	char *strip[] = { "strip", "--strip-debug", "-o", to, from, NULL };
	/* The file is the base's too: write another one. */
	bool ok = !unlink(to) && make_run(make, "installing a module", strip,
					  NULL);

	free(to);
	free(from);
	return ok;
}

bool modules_install(struct make *make, const char *bundle,
		     const struct strings *modules)
{
	char *release = bundle_release(bundle);
	char *root = text("%s/modules", bundle);
	char *dir = text("%s/lib/modules/%s", root, release ? release : "");
	char *depmod = find_program("depmod");
	char *index[] = { depmod ? depmod : "/sbin/depmod", "-b", root, release,
			  NULL };
	bool ok = release;

	for (size_t i = 0; ok && i < modules->num; i++)
		ok = install_one(make, dir, modules->items[i]);
	if (modules->num)
		ok = ok && make_run(make, "depmod", index, NULL);
	free(depmod);
	free(dir);
	free(root);
	free(release);
	return ok;
}
