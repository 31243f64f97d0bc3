// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * make.c - run the kernel's own build, out of tree
 */
#include "build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

bool make_make(struct make *make, const char *what, unsigned int jobs,
	       char *const more[], const char *const *env)
{
	char *out = text("O=%s", make->dir);
	char *parallel = text("-j%u", jobs);
	const char *cc = getenv("CC");
	char *compiler = text("CC=%s", cc && *cc ? cc : "gcc");
	char *argv[16] = { "make", "-C", make->plan->source->dir, "ARCH=um",
			   "LOCALVERSION=", out, compiler, parallel };
	struct strings all = kconfig_env(make->plan, env);
	const struct process_options options = {
		.env = (const char *const *)all.items,
	};
	size_t n = 8;
	bool ok;

	while (more && *more && n < 15)
		argv[n++] = *more++;
	ok = make_run(make, what, argv, &options);
	strings_deinit(&all);
	free(compiler);
	free(parallel);
	free(out);
	return ok;
}

char *objects_file(const struct plan *plan, const char *name)
{
	return text("%s/%s", plan->objects, name);
}

/* Only if it differs: kbuild goes by its time. */
static bool write_config(const struct plan *plan)
{
	char *path = objects_file(plan, ".config"), *now = file_read(path);
	bool ok = (now && !strcmp(now, plan->config)) ||
		  file_write(path, plan->config);

	free(now);
	free(path);
	return ok;
}

static bool make_all(struct make *make, unsigned int jobs)
{
	char *more[] = { "all", NULL };

	fprintf(stderr, "building a kernel (%s) from %s with %u jobs; the first time takes some\nminutes, log in %s\n",
		make->plan->flavour, make->plan->source->name, jobs, make->log);
	return make_make(make, "building the kernel", jobs, more, NULL);
}

/* ------------------------------------------------------------------------
 * The bundle
 */

static bool install_modules(struct make *make, const char *temp)
{
	char *path = text("INSTALL_MOD_PATH=%s/modules", temp);
	char *depmod = find_program("depmod");
	char *tool = text("DEPMOD=%s", depmod ? depmod : "/sbin/depmod");
	char *more[] = { "modules_install", "INSTALL_MOD_STRIP=1", path, tool,
			 NULL };
	bool ok = make_make(make, "installing the modules", 1, more, NULL);

	free(tool);
	free(depmod);
	free(path);
	return ok;
}

static bool install_files(struct make *make, const char *temp)
{
	char *image = objects_file(make->plan, "linux");
	char *config = objects_file(make->plan, ".config");
	char *to_image = text("%s/linux", temp);
	char *to_config = text("%s/config", temp);
	char *include = text("%s/include", temp);
	char *bindings = text("%s/include/dt-bindings",
			      make->plan->source->dir);
	char *strip[] = { "strip", "--strip-debug", "-o", to_image, image,
			  NULL };
	char *copy[] = { "cp", config, to_config, NULL };
	/* Links lead into the source tree, which may go away. */
	char *copy_include[] = { "cp", "-rL", bindings, include, NULL };
	bool ok = make_run(make, "installing the kernel", strip, NULL) &&
		  make_run(make, "installing the kernel", copy, NULL) &&
		  make_directories(include) &&
		  make_run(make, "installing dt-bindings", copy_include, NULL);

	free(bindings);
	free(include);
	free(to_config);
	free(to_image);
	free(config);
	free(image);
	return ok;
}

static bool install_info(struct make *make, const char *temp)
{
	char *release_file = objects_file(make->plan,
					  "include/config/kernel.release");
	char *release = file_read(release_file);
	char *path = text("%s/info", temp);
	const char *cc = getenv("CC");
	char *argv[] = { (char *)(cc && *cc ? cc : "gcc"), "--version", NULL };
	char *compiler = process_output(argv);
	char *build, *info;
	bool ok;

	if (release)
		release[strcspn(release, "\n")] = '\0';
	if (compiler)
		compiler[strcspn(compiler, "\n")] = '\0';
	info = text("release=%s\nflavour=%s\nsource=%s\ncompiler=%s\n",
		    release ? release : "?", make->plan->flavour,
		    make->plan->source->name, compiler ? compiler : "?");
	ok = release && file_write(path, info);
	/* A link to the objects; the bundle stands alone. */
	build = text("%s/modules/lib/modules/%s/build", temp,
		     release ? release : "");
	unlink(build);
	free(build);
	free(info);
	free(compiler);
	free(path);
	free(release);
	free(release_file);
	return ok;
}

static bool install_bundle(struct make *make)
{
	const char *bundle = make->plan->bundle;
	char *temp = text("%s.making", bundle);
	bool ok;

	/* The lock on the objects keeps others away from this name. */
	remove_tree(temp);
	ok = make_directories(temp) && install_modules(make, temp) &&
	     install_files(make, temp) && install_info(make, temp) &&
	     bundle_finish(temp, make->plan->request, bundle);
	if (!ok)
		remove_tree(temp);
	free(temp);
	return ok;
}

/* The kernel's Makefile makes nothing elsewhere from such a tree: what was made
 * in it would be found before the rest. */
static bool is_built_in_place(const struct source *source)
{
	static const char *const signs[] = {
		".config", "include/config", "arch/um/include/generated",
	};
	bool is = false;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		char *path = text("%s/%s", source->dir, signs[i]);

		if (!is && file_exists(path)) {
			is = true;
			cli_error("%s has %s: a kernel was configured in the tree itself, so that its Makefile builds nothing elsewhere",
				  source->dir, signs[i]);
			cli_remedy("git -C %s worktree add /path/of/another, and --source that",
				   source->dir);
			cli_remedy("or make -C %s mrproper, which removes that .config and all objects",
				   source->dir);
		}
		free(path);
	}
	return is;
}

bool make_possible(const struct source *source)
{
	return !is_built_in_place(source);
}

/* What a failed step of @make means. A full disk is no fault of the kernel. */
static int make_status(const struct make *make, bool ok)
{
	if (ok)
		return CLI_OK;
	return !make->log_file || make->full || disk_is_full(make->dir) ?
	       CLI_NOT_RUN : CLI_NO_BUILD;
}

bool objects_are_made(const struct plan *plan)
{
	return objects_whole(plan) && tree_is_made(plan);
}

int make_objects(const struct plan *plan, unsigned int jobs, bool force)
{
	int64_t begin = now_ms();
	struct make make;
	bool ok;

	if (!force && objects_are_made(plan))
		return CLI_OK;
	/* Before anything is written there. */
	if (!is_directory(plan->objects))
		objects_copy(plan);
	objects_begin(plan);
	base_forget(plan);
	ok = make_open(&make, plan, plan->objects) && write_config(plan) &&
	     make_all(&make, jobs ? jobs : (unsigned int)get_nprocs());
	make_close(&make);
	if (ok) {
		base_remember(plan);
		objects_end(plan);
		fprintf(stderr, "built in %lld s\n",
			(long long)(now_ms() - begin) / 1000);
	}
	return make_status(&make, ok);
}

int make_bundle(const struct plan *plan)
{
	struct make make;
	bool ok = make_open(&make, plan, plan->objects) &&
		  install_bundle(&make);

	make_close(&make);
	if (ok) {
		base_remember_bundle(plan);
		objects_end(plan);
		fprintf(stderr, "%s\n", plan->bundle);
	}
	return make_status(&make, ok);
}
