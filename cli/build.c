// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * build.c - kernels for roadtest: find one in the cache, or build it
 *
 * The options lead to a .config (configure.c), which has object files of its
 * own (objects.c), of which the finished kernel is made (bundle.c).
 */
#include "build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	    !strcmp(plan->flavour, "base") || !strcmp(plan->flavour, "usual")) {
		cli_error("there is no flavour \"%s\"", plan->flavour);
		cli_remedy("fast (no checkers), check (KASAN, lockdep, ...) or coverage (gcov)");
		ok = false;
	}
	ok = ok && options_read(&plan->options, base);
	options_soften(&plan->options);
	ok = ok && options_read(&plan->options, flavour);
	for (size_t i = 0; ok && i < req->fragments.num; i++)
		ok = strings_have(&req->refused, req->fragments.items[i]) ||
		     options_read(&plan->options, req->fragments.items[i]);
	for (size_t i = 0; ok && i < req->extra.num; i++) {
		ok = options_read(&plan->options, req->extra.items[i]) &&
		     options_read(&plan->extra, req->extra.items[i]);
	}
	free(flavour);
	free(base);
	free(dir);
	return ok;
}

/* @source: the plan keeps the pointer. */
static bool plan_init(struct plan *plan, const struct kernel_request *req,
		      const struct source *source)
{
	char *compiler, *options, *extra, *hash, *cache;

	*plan = (struct plan){
		.flavour = req->flavour ? req->flavour : "fast",
		.source = source,
		.exact = req->exact,
	};
	if (!plan_options(plan, req))
		return false;
	compiler = compiler_identity();
	if (!compiler)
		return false;
	cache = cache_dir();
	options = options_text(&plan->options);
	extra = options_text(&plan->extra);
	/* Whatever has the same head differs in the suites' options only. */
	plan->head = text("bundle 2\nsource %s\ncompiler %s\nflavour %s\n%s--\n",
			  plan->source->identity, compiler, plan->flavour,
			  extra);
	plan->request = text("%s%s", plan->head, options);
	plan->bundle = bundle_path(plan->request);
	plan->lineage = text("%s\n%s\n", plan->source->dir, compiler);
	hash = hash_text(plan->lineage);
	plan->configs = text("%s/configs/%s", cache, hash);
	free(hash);
	hash = hash_text(plan->request + strlen("bundle 2\nsource ") +
			 strlen(plan->source->identity));
	plan->refusals = text("%s/refused-%s", plan->configs, hash);
	free(hash);
	free(extra);
	free(options);
	free(cache);
	free(compiler);
	return true;
}

static void plan_set_config(struct plan *plan, char *config)
{
	char *cache = cache_dir(), *all = text("%s%s", plan->lineage, config);

	free(plan->config);
	free(plan->object_key);
	free(plan->objects);
	plan->config = config;
	plan->object_key = hash_text(all);
	plan->objects = text("%s/objects/%s", cache, plan->object_key);
	free(all);
	free(cache);
}

static void plan_deinit(struct plan *plan)
{
	options_deinit(&plan->options);
	options_deinit(&plan->extra);
	free(plan->head);
	free(plan->request);
	free(plan->bundle);
	free(plan->lineage);
	free(plan->configs);
	free(plan->refusals);
	free(plan->config);
	free(plan->object_key);
	free(plan->objects);
}

/* ------------------------------------------------------------------------
 * Options that are known not to be had, so that it is not tried each time
 */

/* Whatever it says holds for this text alone. */
static char *refusals_head(const char *request)
{
	return text("%s== refused\n", request);
}

static void refusals_write(const struct plan *plan, const struct unmet *unmet)
{
	char *all = refusals_head(plan->request);

	for (size_t i = 0; i < unmet->num; i++) {
		const struct unmet_option *option = &unmet->items[i];
		char *more = text("%s%s=%s\t%s\n", all, option->name,
				  option->wanted, option->why);

		free(all);
		all = more;
	}
	file_write(plan->refusals, all);
	free(all);
}

bool refusals_read(const struct plan *plan, const char *request,
		   struct unmet *unmet)
{
	char *head = refusals_head(request);
	char *content = file_read(plan->refusals);
	char *rest = content, *line;

	if (content && starts_with(content, head))
		rest += strlen(head);
	else
		rest = NULL;
	while ((line = strsep(&rest, "\n"))) {
		char *why = strchr(line, '\t'), *wanted = strchr(line, '=');

		if (!why || !wanted)
			continue;
		*why = *wanted = '\0';
		unmet_add(unmet, line, wanted + 1, why + 1);
	}
	free(content);
	free(head);
	return unmet->num;
}

/* ------------------------------------------------------------------------
 * Building
 */

/* Under the lock of the objects: two who want the same make it once, and two
 * who want different ones don't wait for each other. */
static int build_locked(struct plan *plan,
			const struct kernel_request *request, char **bundle)
{
	int status = CLI_OK;

	/* Whoever held the lock may have built just this. */
	if (!request->force)
		*bundle = bundle_find(plan);
	if (*bundle)
		return CLI_OK;
	status = make_objects(plan, request->jobs, request->force);
	if (!status)
		status = make_bundle(plan);
	if (!status)
		*bundle = text("%s", plan->bundle);
	return status;
}

static int build_objects(struct plan *plan,
			 const struct kernel_request *request, char **bundle)
{
	char *name = text("objects-%s", plan->object_key);
	int status = CLI_NOT_RUN;
	struct lock lock;

	if (lock_take(&lock, name, "to build a kernel of the same options")) {
		plan->lock = &lock;
		status = build_locked(plan, request, bundle);
		plan->lock = NULL;
	}
	lock_drop(&lock);
	free(name);
	if (!status)
		objects_prune();
	return status;
}

static int kernel_build(struct plan *plan, const struct kernel_request *request,
			char **bundle, struct unmet *unmet)
{
	char *config = NULL;
	int status = CLI_OK;

	if (!make_possible(plan->source))
		return CLI_NOT_RUN;
	if (!request->force && !plan->source->tarball)
		status = rebuild(plan, bundle,
				 request->may_refuse ? unmet : NULL);
	if (*bundle || status)
		return status;
	if (!source_unpack(plan->source))
		return CLI_NOT_RUN;
	status = configure(plan, &config, unmet);
	if (unmet->num)
		refusals_write(plan, unmet);
	if (status)
		return status;
	plan_set_config(plan, config);
	return build_objects(plan, request, bundle);
}

/* Options that can't be had are in @unmet, and not yet spoken of. */
static int kernel_try(const struct kernel_request *request,
		      const struct source *source, char **bundle,
		      struct unmet *unmet)
{
	struct plan plan;
	int status = CLI_NOT_RUN;

	if (plan_init(&plan, request, source)) {
		if (!request->force)
			*bundle = bundle_find(&plan);
		if (*bundle)
			status = CLI_OK;
		else if (request->may_refuse && refusals_read(&plan, plan.request, unmet))
			status = CLI_NO_BUILD;
		else if (request->find_only)
			cli_error("the cache has no such kernel; without --print it is built");
		else
			status = kernel_build(&plan, request, bundle, unmet);
	}
	plan_deinit(&plan);
	return status;
}

int kernel_get(struct kernel_request *request, char **bundle)
{
	struct source source;
	bool again = true;
	int status = CLI_NOT_RUN;

	*bundle = NULL;
	if (!source_find(&source, request->source))
		again = false;
	while (again) {
		struct unmet unmet = { 0 };

		status = kernel_try(request, &source, bundle, &unmet);
		again = unmet.num && request->may_refuse &&
			kernel_refuse(request, &unmet);
		/* That is no commit to be skipped: what was asked for is not
		 * there. */
		if (unmet.num && !again) {
			unmet_print(&unmet);
			status = CLI_NOT_RUN;
		}
		unmet_deinit(&unmet);
		/* Without any suite there is nothing to build it for. */
		if (again && !request->bare &&
		    request->refused.num == request->fragments.num) {
			again = false;
			status = CLI_OK;
		}
	}
	if (*bundle && request->set_default)
		bundle_set_default(*bundle);
	source_deinit(&source);
	return status;
}

/* ------------------------------------------------------------------------
 * The objects of a kernel that is there
 */

/* What stands in a line of a request behind @name; to be freed; NULL if there
 * is no such line. */
static char *request_value(const char *request, const char *name)
{
	char *needle = text("\n%s ", name);
	const char *at = strstr(request, needle);
	char *value = NULL;

	if (at) {
		at += strlen(needle);
		value = text("%.*s", (int)strcspn(at, "\n"), at);
	}
	free(needle);
	return value;
}

/* "tarball PATH SIZE TIME", "directory PATH N files HASH" (source.c): the path,
 * to be freed. */
static char *identity_path(const char *identity)
{
	const char *path = strchr(identity, ' ');
	int words = starts_with(identity, "directory ") ? 3 : 2;
	size_t len = strlen(identity);

	while (words-- && len)
		while (len && identity[--len] != ' ')
			;
	return path && identity + len > path ?
	       text("%.*s", (int)(identity + len - path - 1), path + 1) : NULL;
}

static int objects_of(struct plan *plan)
{
	char *name = text("objects-%s", plan->object_key);
	int status = CLI_NOT_RUN;
	struct lock lock;

	/* Others may be using them, this command's caller for one. */
	if (objects_are_made(plan)) {
		objects_end(plan);
		status = CLI_OK;
	} else if (lock_take(&lock, name, "to build the objects of a kernel")) {
		plan->lock = &lock;
		status = make_objects(plan, 0, false);
		if (!status)
			objects_end(plan);
		plan->lock = NULL;
		lock_drop(&lock);
	}
	free(name);
	if (!status)
		puts(plan->objects);
	return status;
}

/* @identity, @compiler, @flavour: as the request of @bundle has them. */
static int objects_from(const char *bundle, const char *identity,
			const char *compiler, const char *flavour)
{
	char *path = identity_path(identity), *now = compiler_identity();
	char *config = bundle_read(bundle, "config");
	struct source source = { 0 };
	struct plan plan = { .flavour = flavour, .source = &source };
	int status = CLI_NOT_RUN;

	if (!now || !path || !source_find(&source, path)) {
		/* That was said. */
	} else if (strcmp(source.identity, identity) || strcmp(now, compiler)) {
		cli_error("%s was made from another state of %s, or by another compiler",
			  bundle, path);
		cli_remedy("make a kernel of what is there now: roadtest kernel");
	} else if (config && make_possible(&source) && source_unpack(&source)) {
		plan.lineage = text("%s\n%s\n", source.dir, compiler);
		plan_set_config(&plan, config);
		config = NULL;
		status = objects_of(&plan);
	}
	plan_deinit(&plan);
	source_deinit(&source);
	free(config);
	free(now);
	free(path);
	return status;
}

int kernel_objects(const char *kernel)
{
	char *bundle = realpath(kernel, NULL);
	char *request = bundle ? bundle_read(bundle, "request") : NULL;
	char *identity = NULL, *compiler = NULL, *flavour = NULL;
	int status = CLI_NOT_RUN;

	if (request) {
		identity = request_value(request, "source");
		compiler = request_value(request, "compiler");
		flavour = request_value(request, "flavour");
	}
	if (identity && compiler && flavour) {
		status = objects_from(bundle, identity, compiler, flavour);
	} else {
		cli_error("%s is no kernel that \"roadtest kernel\" made",
			  kernel);
		cli_remedy("give a directory that \"roadtest kernel\" printed");
	}
	free(flavour);
	free(compiler);
	free(identity);
	free(request);
	free(bundle);
	return status;
}

void kernel_request_deinit(struct kernel_request *request)
{
	strings_deinit(&request->fragments);
	strings_deinit(&request->extra);
	strings_deinit(&request->refused);
	strings_deinit(&request->reasons);
}
