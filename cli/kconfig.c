// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig.c - config fragments, and whether what they ask for came true
 *
 * Kconfig drops what can't be: an option whose dependencies are not met, or
 * that does not exist, is not in the .config, without a word. A test would
 * then miss its driver; so each option is compared.
 */
#include "kconfig.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SHOWN 100	/* bytes of one that is wrong */

static struct config_option *options_find(const struct config_options *options,
				   const char *name, size_t len)
{
	for (size_t i = 0; i < options->num; i++)
		if (!strncmp(options->items[i].name, name, len) &&
		    !options->items[i].name[len])
			return &options->items[i];
	return NULL;
}

static void options_set(struct config_options *options, const char *name, size_t len,
			const char *value, const char *path, int line)
{
	struct config_option *option = options_find(options, name, len);

	if (!option) {
		options->items = xrealloc(options->items, options->num + 1,
					  sizeof(*options->items));
		option = &options->items[options->num++];
		*option = (struct config_option){
			.name = text("%.*s", (int)len, name),
		};
	}
	free(option->value);
	free(option->origin);
	option->value = text("%s", value);
	option->origin = text("%s:%d", path, line);
	option->soft = false;
}

/* One line without its newline and outer blanks. */
static bool options_line(struct config_options *options, char *line, const char *path,
			 int number)
{
	static const char unset[] = " is not set";
	const char *name = line + strlen("CONFIG_");
	char *shown;
	size_t len;

	if (starts_with(line, "# CONFIG_") && ends_with(line, unset)) {
		name += 2;
		options_set(options, name, strlen(name) - strlen(unset), "n",
			    path, number);
		return true;
	}
	if (*line == '#' || !*line)
		return true;
	if (starts_with(line, "CONFIG_")) {
		for (len = 0; isalnum((unsigned char)name[len]) ||
		     name[len] == '_';)
			len++;
		if (len && name[len] == '=' && name[len + 1]) {
			options_set(options, name, len, name + len + 1, path,
				    number);
			return true;
		}
	}
	shown = printable(line, strnlen(line, LINE_SHOWN));
	cli_error("%s:%d: not a config option: %s", path, number, shown);
	free(shown);
	cli_remedy("write CONFIG_NAME=y, =m, =n, =\"text\" or =number");
	return false;
}

bool options_read(struct config_options *options, const char *path)
{
	char *content = file_read(path);
	bool ok = true;
	int number = 0;
	char *rest = content, *line;

	if (!content) {
		cli_error("can't read the config fragment %s: %m", path);
		return false;
	}
	while (ok && (line = strsep(&rest, "\n"))) {
		size_t len;

		number++;
		while (isspace((unsigned char)*line))
			line++;
		len = strlen(line);
		while (len && isspace((unsigned char)line[len - 1]))
			line[--len] = '\0';
		ok = options_line(options, line, path, number);
	}
	free(content);
	return ok;
}

void options_soften(struct config_options *options)
{
	for (size_t i = 0; i < options->num; i++)
		options->items[i].soft = !strcmp(options->items[i].value, "n");
}

char *options_text(const struct config_options *options)
{
	size_t size = 0;
	char *result = NULL;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		abort();
	for (size_t i = 0; i < options->num; i++) {
		const struct config_option *option = &options->items[i];

		if (strcmp(option->value, "n"))
			fprintf(out, "CONFIG_%s=%s\n", option->name,
				option->value);
		else
			fprintf(out, "# CONFIG_%s is not set\n",
				option->name);
	}
	fclose(out);
	return result;
}

void options_deinit(struct config_options *options)
{
	for (size_t i = 0; i < options->num; i++) {
		free(options->items[i].name);
		free(options->items[i].value);
		free(options->items[i].origin);
	}
	free(options->items);
	*options = (struct config_options){ 0 };
}

char *config_value(const char *config, const char *name)
{
	char *needle = text("\nCONFIG_%s=", name);
	size_t len = strlen(needle);
	const char *found = strncmp(config, needle + 1, len - 1) ?
			    strstr(config, needle) : config - 1;
	char *value;

	free(needle);
	if (!found)
		return text("n");
	found += len;
	value = text("%.*s", (int)strcspn(found, "\n"), found);
	return value;
}

/* As wanted, or more: a module that something else needs built in is. */
static bool option_holds(const struct config_option *option, const char *value)
{
	return option->soft || !strcmp(option->value, value) ||
	       (!strcmp(option->value, "m") && !strcmp(value, "y"));
}

bool options_check(const struct config_options *options, const char *config)
{
	bool ok = true;

	for (size_t i = 0; ok && i < options->num; i++) {
		char *value = config_value(config, options->items[i].name);

		ok = option_holds(&options->items[i], value);
		free(value);
	}
	return ok;
}

/* ------------------------------------------------------------------------
 * Options that could not be had
 */

static char *join(const struct strings *list)
{
	char *all = text("%s", "");

	for (size_t i = 0; i < list->num; i++) {
		char *more = text("%s%s%s", all, i ? "; " : "",
				  list->items[i]);

		free(all);
		all = more;
	}
	return all;
}

void unmet_add(struct unmet *unmet, const char *name, const char *wanted,
	       const char *why)
{
	unmet->items = xrealloc(unmet->items, unmet->num + 1,
				sizeof(*unmet->items));
	unmet->items[unmet->num++] = (struct unmet_option){
		.name = text("%s", name),
		.wanted = text("%s", wanted),
		.why = text("%s", why),
	};
}

void options_unmet(const struct config_options *options, const char *config,
		   const char *source_dir, struct unmet *unmet)
{
	struct kconfig *kconfig = NULL;

	for (size_t i = 0; i < options->num; i++) {
		const struct config_option *option = &options->items[i];
		char *value = config_value(config, option->name);
		struct strings reasons = { 0 };
		char *why;

		if (!option_holds(option, value)) {
			if (!kconfig)
				kconfig = kconfig_parse(source_dir);
			kconfig_explain(kconfig, config, option, &reasons);
			why = join(&reasons);
			unmet_add(unmet, option->name, option->value, why);
			unmet->items[unmet->num - 1].origin =
				text("%s", option->origin);
			unmet->items[unmet->num - 1].value =
				text("%s", value);
			unmet->items[unmet->num - 1].reasons = reasons;
			free(why);
		}
		free(value);
	}
	kconfig_destroy(kconfig);
}

void unmet_print(const struct unmet *unmet)
{
	for (size_t i = 0; i < unmet->num; i++) {
		const struct unmet_option *option = &unmet->items[i];

		if (!option->origin) {
			cli_error("CONFIG_%s=%s can't be had: %s",
				  option->name, option->wanted, option->why);
			continue;
		}
		cli_error("%s: CONFIG_%s=%s did not take effect: it is %s",
			  option->origin, option->name, option->wanted,
			  option->value);
		for (size_t n = 0; n < option->reasons.num; n++)
			fprintf(stderr, "    %s\n", option->reasons.items[n]);
	}
	cli_remedy("what an option depends on must be in the fragment too");
}

const struct unmet_option *unmet_find(const struct unmet *unmet,
				      const struct config_options *options)
{
	for (size_t i = 0; i < unmet->num; i++) {
		const struct unmet_option *item = &unmet->items[i];
		const struct config_option *option =
			options_find(options, item->name, strlen(item->name));

		if (option && !strcmp(option->value, item->wanted))
			return item;
	}
	return NULL;
}

void unmet_deinit(struct unmet *unmet)
{
	for (size_t i = 0; i < unmet->num; i++) {
		free(unmet->items[i].name);
		free(unmet->items[i].wanted);
		free(unmet->items[i].origin);
		free(unmet->items[i].value);
		free(unmet->items[i].why);
		strings_deinit(&unmet->items[i].reasons);
	}
	free(unmet->items);
	*unmet = (struct unmet){ 0 };
}
