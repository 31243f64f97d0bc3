// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig-extend.c - options that belong to those that were asked for
 *
 * With everything off that nobody named, a driver lacks what every kernel
 * with that driver has: the menu that it stands in, and what is on by default
 * in there. Both are found by evaluating the Kconfig files with a .config;
 * what an option that is added selects is not seen, so that Kconfig itself has
 * the last word.
 */
#include "kconfig.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8	/* of menus in menus */

/* Lines that were added, and the .config as if they were in it. */
struct extension {
	const struct kconfig *kconfig;
	const struct config_options *wanted;
	char *lines, *config;
	char *plain;		/* the same without COMPILE_TEST */
};

static void extension_init(struct extension *extension,
			   const struct kconfig *kconfig, const char *config,
			   const struct config_options *wanted)
{
	*extension = (struct extension){
		.kconfig = kconfig, .wanted = wanted,
		.lines = text("%s", ""), .config = text("%s", config),
		.plain = text("CONFIG_COMPILE_TEST=n\n%s", config),
	};
}

static void extension_copy(struct extension *copy,
			   const struct extension *extension)
{
	*copy = *extension;
	copy->lines = text("%s", extension->lines);
	copy->config = text("%s", extension->config);
	copy->plain = text("%s", extension->plain);
}

static void extension_deinit(struct extension *extension)
{
	free(extension->lines);
	free(extension->config);
	free(extension->plain);
}

/* The lines alone. */
static char *extension_end(struct extension *extension)
{
	char *lines = text("%s", extension->lines);

	extension_deinit(extension);
	return lines;
}

static const struct config_option *
find_wanted(const struct extension *extension, const char *name)
{
	for (size_t i = 0; i < extension->wanted->num; i++)
		if (!strcmp(extension->wanted->items[i].name, name))
			return &extension->wanted->items[i];
	return NULL;
}

/* Let the .config have the option. */
static void extension_set(struct extension *extension, const char *name,
			  int value)
{
	/* The first one counts. */
	char *config = text("CONFIG_%s=%s\n%s", name,
			    value == KCONFIG_YES ? "y" : "m",
			    extension->config);
	char *plain = text("CONFIG_%s=%s\n%s", name,
			   value == KCONFIG_YES ? "y" : "m", extension->plain);

	free(extension->config);
	free(extension->plain);
	extension->config = config;
	extension->plain = plain;
}

/* ... and what it selects. */
static void extension_select(struct extension *extension,
			     const struct kconfig_symbol *symbol, int value,
			     unsigned int depth)
{
	extension_set(extension, symbol->name, value);
	for (size_t i = 0; i < symbol->selects.num && depth < MAX_DEPTH; i++) {
		char *name = text("%s", symbol->selects.items[i]);
		char *condition = strstr(name, " if ");
		struct kconfig_symbol *const *found;
		bool holds = !condition ||
			     kconfig_value(condition + strlen(" if "),
					   extension->config);
		int selected = value;

		if (condition)
			*condition = '\0';
		found = kconfig_find(extension->kconfig, name);
		if (found && (*found)->is_bool)
			selected = KCONFIG_YES;
		if (holds && found &&
		    kconfig_value(name, extension->config) < selected)
			extension_select(extension, *found, selected, depth + 1);
		free(name);
	}
}

static void extension_add(struct extension *extension,
			  const struct kconfig_symbol *symbol, int value)
{
	char *lines = text("%sCONFIG_%s=%s\n", extension->lines, symbol->name,
			   value == KCONFIG_YES ? "y" : "m");

	free(extension->lines);
	extension->lines = lines;
	extension_select(extension, symbol, value, 0);
}

static bool is_identifier(const char *text)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len > 1 && !text[len] && !isdigit((unsigned char)*text);
}

static int option_value(const char *config, const char *name)
{
	return kconfig_value(name, config);
}

/* What a definition depends on, as far as it can be. */
static int depends_value(const struct kconfig_symbol *symbol,
			 const char *config)
{
	int value = KCONFIG_YES;

	for (size_t i = 0; i < symbol->depends.num && value; i++) {
		int one = kconfig_value(symbol->depends.items[i], config);

		value = one < value ? one : value;
	}
	return value;
}

static bool has_prompt(const struct kconfig_symbol *symbol, const char *config)
{
	return symbol->prompt &&
	       (!symbol->prompt_if || kconfig_value(symbol->prompt_if, config));
}

/* ------------------------------------------------------------------------
 * Menus
 */

static bool add_needed(struct extension *extension,
		       const struct kconfig_symbol *symbol, int need,
		       unsigned int depth);

/* Switch an option on that another one depends on. */
static bool add_menu(struct extension *extension, const char *name, int need,
		     unsigned int depth)
{
	struct kconfig_symbol *const *found =
		kconfig_find(extension->kconfig, name);
	const struct config_option *wanted = find_wanted(extension, name);
	int value;

	if (!found || depth == MAX_DEPTH || (wanted && !wanted->soft) ||
	    !(*found)->prompt || (*found)->in_choice ||
	    !((*found)->is_bool || (*found)->is_tristate))
		return false;
	value = (*found)->is_bool ? KCONFIG_YES : need;
	if (!add_needed(extension, *found,
			(*found)->is_bool ? KCONFIG_MODULE : value, depth + 1) ||
	    !has_prompt(*found, extension->config))
		return false;
	extension_add(extension, *found, value);
	return true;
}

/* Let each clause of an expression have the value @need. */
static bool add_clauses(struct extension *extension, const char *expression,
			int need, unsigned int depth)
{
	bool ok = true;

	while (ok && *expression) {
		size_t len = kconfig_clause(expression), end = len;
		char *clause = text("%.*s", (int)len, expression);

		while (end && isspace((unsigned char)clause[end - 1]))
			clause[--end] = '\0';
		if (kconfig_value(clause, extension->config) < need)
			ok = is_identifier(clause) &&
			     add_menu(extension, clause, need, depth);
		free(clause);
		expression += len + 2 * !!expression[len];
		expression += strspn(expression, " \t");
	}
	return ok;
}

static bool add_needed(struct extension *extension,
		       const struct kconfig_symbol *symbol, int need,
		       unsigned int depth)
{
	bool ok = true;

	for (size_t i = 0; ok && i < symbol->depends.num; i++)
		ok = add_clauses(extension, symbol->depends.items[i], need,
				 depth);
	return ok;
}

/* All or nothing. */
static void add_menus_of(struct extension *extension,
			 const struct config_option *option)
{
	struct kconfig_symbol *const *found =
		kconfig_find(extension->kconfig, option->name);
	int need = strcmp(option->value, "y") ? KCONFIG_MODULE : KCONFIG_YES;
	struct extension tried;

	if (!found || !strcmp(option->value, "n"))
		return;
	/* A bool whose dependency is m can still be y. */
	if ((*found)->is_bool)
		need = KCONFIG_MODULE;
	extension_copy(&tried, extension);
	if (add_needed(&tried, *found, need, 0)) {
		extension_deinit(extension);
		*extension = tried;
	} else {
		extension_deinit(&tried);
	}
}

char *kconfig_menus(const struct kconfig *kconfig, const char *config,
		    const struct config_options *wanted)
{
	struct extension extension;

	extension_init(&extension, kconfig, config, wanted);
	for (size_t i = 0; i < wanted->num; i++)
		if (!option_value(config, wanted->items[i].name))
			add_menus_of(&extension, &wanted->items[i]);
	return extension_end(&extension);
}

/* ------------------------------------------------------------------------
 * Defaults
 */

static size_t directory_len(const struct kconfig_symbol *symbol)
{
	const char *slash = strrchr(symbol->origin, '/');

	return slash ? (size_t)(slash - symbol->origin + 1) : 0;
}

/* Does @expression name an option that is on, and has its own prompt in the
 * directory of @symbol or above? */
static bool names_subsystem(const struct extension *extension,
			    const struct kconfig_symbol *symbol,
			    const char *expression)
{
	bool found = false;

	while (*expression && !found) {
		size_t len = 0;
		char *name;

		while (isalnum((unsigned char)expression[len]) ||
		       expression[len] == '_')
			len++;
		name = text("%.*s", (int)len, expression);
		if (len > 1) {
			struct kconfig_symbol *const *parent =
				kconfig_find(extension->kconfig, name);

			found = parent && (*parent)->prompt &&
				!strncmp((*parent)->origin, symbol->origin,
					 directory_len(*parent)) &&
				option_value(extension->config, name);
		}
		free(name);
		expression += len ? len : 1;
	}
	return found;
}

static bool is_in_subsystem(const struct extension *extension,
			    const struct kconfig_symbol *symbol)
{
	bool is = false;

	for (size_t i = 0; i < symbol->depends.num && !is; i++)
		is = names_subsystem(extension, symbol,
				     symbol->depends.items[i]);
	return is;
}

/* The first default whose condition holds. COMPILE_TEST is on so that drivers
 * can be had, not so that they come by themselves. */
static int default_value(const struct extension *extension,
			 const struct kconfig_symbol *symbol)
{
	int value = KCONFIG_NO;
	bool holds = false;

	for (size_t i = 0; i < symbol->defaults.num && !holds; i++) {
		char *one = text("%s", symbol->defaults.items[i]);
		char *condition = strstr(one, " if ");

		holds = !condition || kconfig_value(condition + strlen(" if "),
						    extension->plain);
		if (condition)
			*condition = '\0';
		if (holds)
			value = kconfig_value(one, extension->plain);
		free(one);
	}
	return value;
}

static int usual_value(const struct config_options *usual, const char *name)
{
	for (size_t i = 0; i < usual->num; i++)
		if (!strcmp(usual->items[i].name, name))
			return strcmp(usual->items[i].value, "m") ?
			       KCONFIG_YES : KCONFIG_MODULE;
	return KCONFIG_NO;
}

static bool may_default(const struct extension *extension,
			const struct kconfig_symbol *symbol)
{
	return symbol->prompt && !symbol->in_choice &&
	       (symbol->is_bool || symbol->is_tristate) &&
	       starts_with(symbol->origin, "drivers/") &&
	       !find_wanted(extension, symbol->name);
}

/* Return: was it switched on? */
static bool add_default(struct extension *extension,
			const struct kconfig_symbol *symbol,
			const struct config_options *usual)
{
	int value = usual_value(usual, symbol->name), most;

	if (!value && symbol->defaults.num)
		value = default_value(extension, symbol);
	if (!value || option_value(extension->config, symbol->name))
		return false;
	most = depends_value(symbol, extension->plain);
	if (symbol->is_bool && most)
		most = KCONFIG_YES;
	if (!most || !has_prompt(symbol, extension->config) ||
	    !is_in_subsystem(extension, symbol))
		return false;
	extension_add(extension, symbol, value < most ? value : most);
	return true;
}

char *kconfig_defaults(const struct kconfig *kconfig, const char *config,
		       const struct config_options *wanted,
		       const struct config_options *usual)
{
	struct extension extension;
	bool more = true;

	extension_init(&extension, kconfig, config, wanted);
	/* One that is on may be what another one depends on. */
	while (more) {
		more = false;
		for (size_t i = 0; i < kconfig->num; i++)
			if (may_default(&extension, &kconfig->symbols[i]))
				more |= add_default(&extension,
						    &kconfig->symbols[i],
						    usual);
	}
	return extension_end(&extension);
}
