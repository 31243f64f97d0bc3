// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * build.c - kernels for roadtest: find one in the cache, or build it
 *
 * Object files are kept apart from the finished kernels (bundle.c), by source
 * and flavour: with other options, only what changed is built again.
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
	    !strcmp(plan->flavour, "base")) {
		cli_error("there is no flavour \"%s\"", plan->flavour);
		cli_remedy("fast (no checkers), check (KASAN, lockdep, ...) or coverage (gcov)");
		ok = false;
	}
	ok = ok && options_read(&plan->options, base) &&
	     options_read(&plan->options, flavour);
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
	plan->head = text("bundle 1\nsource %s\ncompiler %s\nflavour %s\n%s--\n",
			  plan->source->identity, compiler, plan->flavour,
			  extra);
	plan->request = text("%s%s", plan->head, options);
	plan->bundle = bundle_path(plan->request);
	hash = text("%s\n%s\n%s\n%s", plan->source->dir, compiler,
		    plan->flavour, extra);
	plan->object_key = hash_text(hash);
	plan->objects = text("%s/objects/%s", cache, plan->object_key);
	free(hash);
	hash = hash_text(options);
	plan->refusals = text("%s/refused-%s", plan->objects, hash);
	free(hash);
	free(extra);
	free(options);
	free(cache);
	free(compiler);
	return true;
}

static void plan_deinit(struct plan *plan)
{
	options_deinit(&plan->options);
	options_deinit(&plan->extra);
	free(plan->head);
	free(plan->request);
	free(plan->bundle);
	free(plan->objects);
	free(plan->object_key);
	free(plan->refusals);
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

/* Build under locks: one for the objects, which the bundle is made from. */
static int kernel_build(const struct plan *plan,
			const struct kernel_request *request, char **bundle,
			struct unmet *unmet)
{
	char *name = text("objects-%s", plan->object_key);
	int lock = cache_lock(name), status = CLI_OK;

	free(name);
	if (lock < 0)
		return CLI_NOT_RUN;
	/* Whoever held the lock may have built just this. */
	if (!request->force)
		*bundle = bundle_find(plan);
	if (!*bundle && !request->force && !plan->source->tarball)
		status = rebuild(plan, bundle,
				 request->may_refuse ? unmet : NULL);
	if (!*bundle && !status) {
		status = source_unpack(plan->source) ?
			 make_kernel(plan, request->jobs, unmet) : CLI_NOT_RUN;
		if (!status)
			*bundle = text("%s", plan->bundle);
		else if (unmet->num)
			refusals_write(plan, unmet);
	}
	close(lock);
	return status;
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

void kernel_request_deinit(struct kernel_request *request)
{
	strings_deinit(&request->fragments);
	strings_deinit(&request->extra);
	strings_deinit(&request->refused);
	strings_deinit(&request->reasons);
}
