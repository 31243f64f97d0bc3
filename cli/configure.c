// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * configure.c - the .config that a plan's options lead to
 *
 * allnoconfig with the wanted options as KCONFIG_ALLCONFIG gives a small
 * kernel whose every other option is off; it is the same for the same wish.
 * Then come the options that belong to them (kconfig-extend.c). It is made in a
 * directory of its own, apart from any objects: these are chosen by what comes
 * of it. What came of which wish is kept.
 */
#include "build.h"
#include "kconfig.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROUNDS 4	/* until nothing more is added */

static char *configs_file(const struct plan *plan, const char *name)
{
	return text("%s/%s", plan->configs, name);
}

char *config_state(const struct source *source)
{
	size_t size = 0;
	char *all = NULL, *hash;
	FILE *out;

	if (source->tarball)
		return text("%s", source->identity);
	out = open_memstream(&all, &size);
	if (!out)
		abort();
	for (size_t i = 0; i < source->tree.num; i++) {
		const struct tree_file *file = &source->tree.files[i];
		const char *name = strrchr(file->path, '/');

		name = name ? name + 1 : file->path;
		if (starts_with(name, "Kconfig") ||
		    starts_with(name, "Makefile") ||
		    starts_with(file->path, "scripts/"))
			fprintf(out, "%s %lld %lld\n", file->path, file->size,
				file->ns);
	}
	fclose(out);
	hash = hash_text(all);
	free(all);
	return hash;
}

/* ------------------------------------------------------------------------
 * What is kept
 */

/* Before the .config in its file. */
static char *kept_head(const struct plan *plan)
{
	char *state = config_state(plan->source);
	char *options = options_text(&plan->options);
	char *dir = path_kernel_configs();
	char *path = text("%s/usual.config", dir);
	char *usual = file_read(path);
	char *head = text("%s\n%s\n%s%s== config\n", plan->lineage, state,
			  options, usual ? usual : "");

	free(usual);
	free(path);
	free(dir);

	free(options);
	free(state);
	return head;
}

static char *kept_path(const struct plan *plan, const char *head)
{
	char *hash = hash_text(head);
	char *name = text("made-%s", hash), *path = configs_file(plan, name);

	free(name);
	free(hash);
	return path;
}

static char *kept_read(const char *path, const char *head)
{
	char *content = file_read(path);
	char *config = content && starts_with(content, head) ?
		       text("%s", content + strlen(head)) : NULL;

	free(content);
	return config;
}

static void kept_write(const char *path, const char *head, const char *config)
{
	char *all = text("%s%s", head, config);

	file_write(path, all);
	free(all);
}

/* ------------------------------------------------------------------------
 * Kconfig
 */

/* One run of it. Return: the .config, NULL after a message. */
static char *run_kconfig(struct make *make, const char *options)
{
	char *wanted = configs_file(make->plan, "roadtest.config");
	char *dotconfig = configs_file(make->plan, ".config");
	char *all = text("KCONFIG_ALLCONFIG=%s", wanted);
	const char *const env[] = { all, NULL };
	char *more[] = { "allnoconfig", NULL };
	char *config = NULL;

	if (file_write(wanted, options) &&
	    make_make(make, "configuring the kernel", 1, more, env))
		config = file_read(dotconfig);
	free(all);
	free(dotconfig);
	free(wanted);
	return config;
}

struct extending {
	struct make *make;
	struct kconfig *kconfig;
	char *options;		/* for Kconfig */
	char *config;		/* what it made of them */
};

/* Again, with @lines too, which are freed. Return: false if that changes
 * nothing, or after a message. */
static bool configure_with(struct extending *extending, char *lines)
{
	char *options, *config = NULL;

	if (*lines) {
		options = text("%s%s", extending->options, lines);
		config = run_kconfig(extending->make, options);
		free(extending->options);
		extending->options = options;
		free(extending->config);
		extending->config = config;
	}
	free(lines);
	return config;
}

static void say_menus(const char *lines)
{
	char *copy = text("%s", lines), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			fprintf(stderr, "%s is added: an option that is asked for depends on it\n",
				line);
	free(copy);
}

static void add_menus(struct extending *extending,
		      const struct config_options *wanted)
{
	bool more = true;

	for (int i = 0; i < MAX_ROUNDS && more; i++) {
		char *lines = kconfig_menus(extending->kconfig,
					    extending->config, wanted);

		say_menus(lines);
		more = configure_with(extending, lines);
	}
}

/* What is on by default in what is on. */
static void add_defaults(struct extending *extending,
			 const struct config_options *wanted)
{
	char *dir = path_kernel_configs();
	char *path = text("%s/usual.config", dir);
	struct config_options usual = { 0 };
	bool more = options_read(&usual, path);

	/* What one selects may have defaults too. */
	for (int i = 0; i < MAX_ROUNDS && more; i++)
		more = configure_with(extending,
				      kconfig_defaults(extending->kconfig,
						       extending->config,
						       wanted, &usual));
	options_deinit(&usual);
	free(path);
	free(dir);
}

static char *make_extended(struct make *make, const char *options)
{
	const struct config_options *wanted = &make->plan->options;
	struct extending extending = {
		.make = make,
		.options = text("%s", options),
		.config = run_kconfig(make, options),
	};

	if (extending.config)
		extending.kconfig = kconfig_parse(make->plan->source->dir);
	if (extending.config)
		add_menus(&extending, wanted);
	if (extending.config)
		add_defaults(&extending, wanted);
	kconfig_destroy(extending.kconfig);
	free(extending.options);
	return extending.config;
}

static int make_config(const struct plan *plan, char **config,
		       struct unmet *unmet)
{
	char *options = options_text(&plan->options);
	int status = CLI_NO_BUILD;
	struct make make;

	if (make_open(&make, plan, plan->configs))
		*config = make_extended(&make, options);
	if (*config)
		options_unmet(&plan->options, *config, plan->source->dir,
			      unmet);
	if (*config && !unmet->num)
		status = CLI_OK;
	/* That is no fault of the kernel. */
	else if (!make.log_file || make.full || disk_is_full(plan->configs))
		status = CLI_NOT_RUN;
	make_close(&make);
	free(options);
	return status;
}

int configure(const struct plan *plan, char **config, struct unmet *unmet)
{
	char *head = kept_head(plan), *path = kept_path(plan, head);
	char *made = kept_read(path, head);
	char *name = text("configs-%s", strrchr(plan->configs, '/') + 1);
	struct lock lock = { .fd = -1 };
	int status = CLI_OK;

	if (!made && !lock_take(&lock, name, "to configure a kernel"))
		status = CLI_NOT_RUN;
	/* Whoever held the lock may have made just this. */
	if (!made && !status)
		made = kept_read(path, head);
	if (!made && !status) {
		status = make_config(plan, &made, unmet);
		if (!status)
			kept_write(path, head, made);
	}
	lock_drop(&lock);
	if (status) {
		free(made);
		made = NULL;
	}
	*config = made;
	free(name);
	free(path);
	free(head);
	return status;
}
