// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * build.c - kernels for roadtest: find one in the cache, or build it
 *
 * A bundle is a directory with all that a machine needs of a kernel:
 *
 *	linux		the kernel, an ordinary program
 *	modules/	what modules_install made
 *	include/	dt-bindings for the fragments of tests
 *	config		the .config
 *	info		name=value lines
 *	request		what it was made from; all of it is compared
 *
 * Its name is the hash of `request`. It is made under another name, so that
 * whatever has the name is complete. Object files are kept apart, by source
 * and flavour: with other options, only what changed is built again.
 */
#include "build.h"

#include <errno.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_LEN 16	/* of hash_text() */

/* The C compiler, recognised without running it. */
static char *compiler_identity(void)
{
	const char *cc = getenv("CC");
	char *path = find_program(cc && *cc ? cc : "gcc");
	char *real = path ? realpath(path, NULL) : NULL;
	char *identity = NULL;
	struct stat st;

	if (real && !stat(real, &st))
		identity = text("%s %lld %lld", real, (long long)st.st_size,
				(long long)st.st_mtim.tv_sec);
	else
		cli_error("there is no C compiler %s", cc && *cc ? cc : "gcc");
	free(real);
	free(path);
	return identity;
}

static bool plan_options(struct plan *plan, const struct kernel_request *req)
{
	char *dir = path_kernel_configs();
	char *base = text("%s/base.config", dir);
	char *flavour = text("%s/%s.config", dir, plan->flavour);
	bool ok = true;

	if (!file_exists(flavour) || strchr(plan->flavour, '/') ||
	    !strcmp(plan->flavour, "base")) {
		cli_error("there is no flavour \"%s\"", plan->flavour);
		cli_remedy("fast (no checkers) or check (KASAN, lockdep, ...)");
		ok = false;
	}
	ok = ok && options_read(&plan->options, base) &&
	     options_read(&plan->options, flavour);
	for (size_t i = 0; ok && i < req->fragments.num; i++)
		ok = options_read(&plan->options, req->fragments.items[i]);
	for (size_t i = 0; ok && i < req->extra.num; i++) {
		ok = options_read(&plan->options, req->extra.items[i]) &&
		     options_read(&plan->extra, req->extra.items[i]);
	}
	free(flavour);
	free(base);
	free(dir);
	return ok;
}

bool plan_init(struct plan *plan, const struct kernel_request *req)
{
	char *compiler, *options, *extra, *hash, *cache;

	*plan = (struct plan){
		.flavour = req->flavour ? req->flavour : "fast",
	};
	if (!plan_options(plan, req) ||
	    !source_find(&plan->source, req->source))
		return false;
	compiler = compiler_identity();
	if (!compiler)
		return false;
	cache = cache_dir();
	options = options_text(&plan->options);
	extra = options_text(&plan->extra);
	/* Whatever has the same head differs in the suites' options only. */
	plan->head = text("bundle 1\nsource %s\ncompiler %s\nflavour %s\n%s--\n",
			  plan->source.identity, compiler, plan->flavour,
			  extra);
	plan->request = text("%s%s", plan->head, options);
	hash = hash_text(plan->request);
	plan->bundle = text("%s/kernels/%s", cache, hash);
	free(hash);
	hash = text("%s\n%s\n%s\n%s", plan->source.dir, compiler,
		    plan->flavour, extra);
	plan->object_key = hash_text(hash);
	plan->objects = text("%s/objects/%s", cache, plan->object_key);
	free(hash);
	free(extra);
	free(options);
	free(cache);
	free(compiler);
	return true;
}

void plan_deinit(struct plan *plan)
{
	options_deinit(&plan->options);
	options_deinit(&plan->extra);
	source_deinit(&plan->source);
	free(plan->head);
	free(plan->request);
	free(plan->bundle);
	free(plan->objects);
	free(plan->object_key);
}

/* Content of a file of a bundle; NULL if it is not there. */
static char *bundle_read(const char *bundle, const char *name)
{
	char *path = text("%s/%s", bundle, name);
	char *content = file_read(path);

	free(path);
	return content;
}

static bool bundle_is(const char *bundle, const struct plan *plan)
{
	char *request = bundle_read(bundle, "request");
	bool same = request && !strcmp(request, plan->request);

	free(request);
	return same;
}

/* Made from the same, for suites that wanted at least what is wanted now. */
static bool bundle_serves(const char *bundle, const struct plan *plan)
{
	char *request = bundle_read(bundle, "request");
	char *config = NULL;
	bool serves = request && starts_with(request, plan->head);

	if (serves)
		config = bundle_read(bundle, "config");
	serves = config && options_check(&plan->options, config, NULL);
	free(config);
	free(request);
	return serves;
}

/* The newest bundle that serves the plan; NULL if there is none. */
static char *bundle_search(const struct plan *plan)
{
	size_t len = strrchr(plan->bundle, '/') - plan->bundle;
	char *parent = text("%.*s", (int)len, plan->bundle);
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char *found = NULL;
	time_t newest = 0;

	while (dir && (entry = readdir(dir))) {
		char *bundle = text("%s/%s", parent, entry->d_name);
		struct stat st;

		/* Not the link, and not what is being made. */
		if (strlen(entry->d_name) == KEY_LEN && !stat(bundle, &st) &&
		    st.st_mtime >= newest && bundle_serves(bundle, plan)) {
			newest = st.st_mtime;
			free(found);
			found = bundle;
			continue;
		}
		free(bundle);
	}
	if (dir)
		closedir(dir);
	free(parent);
	return found;
}

static char *bundle_find(const struct plan *plan)
{
	if (bundle_is(plan->bundle, plan))
		return text("%s", plan->bundle);
	return bundle_search(plan);
}

/* Point kernels/default to @bundle. */
static void bundle_set_default(const char *bundle)
{
	size_t len = strrchr(bundle, '/') - bundle;
	char *link = text("%.*s/default", (int)len, bundle);
	char *temp = text("%s.%d", link, getpid());

	if (symlink(bundle + len + 1, temp) || rename(temp, link)) {
		cli_error("can't make the link %s: %m", link);
		unlink(temp);
	}
	free(temp);
	free(link);
}

/* Build under locks: one for the objects, which the bundle is made from. */
static char *kernel_build(const struct plan *plan, bool force,
			  unsigned int jobs)
{
	char *name = text("objects-%s", plan->object_key);
	int lock = cache_lock(name);
	char *bundle = NULL;

	free(name);
	if (lock < 0)
		return NULL;
	/* Whoever held the lock may have built just this. */
	if (!force)
		bundle = bundle_find(plan);
	if (!bundle && source_unpack(&plan->source) && make_kernel(plan, jobs))
		bundle = text("%s", plan->bundle);
	close(lock);
	return bundle;
}

char *kernel_get(const struct kernel_request *request)
{
	struct plan plan;
	char *bundle = NULL;

	if (plan_init(&plan, request)) {
		if (!request->force)
			bundle = bundle_find(&plan);
		if (!bundle && !request->find_only)
			bundle = kernel_build(&plan, request->force,
					      request->jobs);
		if (bundle && request->set_default)
			bundle_set_default(bundle);
	}
	plan_deinit(&plan);
	return bundle;
}

/* ------------------------------------------------------------------------
 * Fragments of suites
 */

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

static void add_directory(struct kernel_request *request, const char *path)
{
	struct dirent **entries;
	int num = scandir(path, &entries, not_hidden, alphasort);

	for (int i = 0; i < num; i++) {
		char *entry = text("%s/%s", path, entries[i]->d_name);

		if (is_directory(entry))
			add_directory(request, entry);
		else if (!strcmp(entries[i]->d_name, "config"))
			add_fragment(request, entry);
		free(entry);
		free(entries[i]);
	}
	if (num >= 0)
		free(entries);
}

bool kernel_add_suite(struct kernel_request *request, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *config;

	if (!file_exists(path)) {
		cli_error("%s: there is no such file or directory", path);
		return false;
	}
	if (is_directory(path)) {
		add_directory(request, path);
		return true;
	}
	config = slash ? text("%.*s/config", (int)(slash - path), path) :
			 text("config");
	add_fragment(request, config);
	free(config);
	return true;
}
