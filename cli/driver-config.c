// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * driver-config.c - the kernel options that a driver needs
 *
 * The driver's Makefile names its option, and Kconfig what that one depends
 * on. Of an alternative ("A || B") the first is taken that can be had. An
 * option that has no prompt is one that others turn on: it is passed over, and
 * if it is the driver's own, the one that selects it is taken.
 */
#include "kconfig.h"
#include "new.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16	/* of options that need options */

struct needs {
	const struct kconfig *kconfig;
	const char *base;		/* text of options that are there */
	struct strings names;		/* in the order in which they are added */
	struct strings *options;
	unsigned int depth;
};

/* ------------------------------------------------------------------------
 * The Makefile
 */

/* Is WORD one of the words in @line? */
static bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *s = line; (s = strstr(s, word)); s += len) {
		bool begins = s == line || isspace((unsigned char)s[-1]) ||
			      s[-1] == '=';

		if (begins && (!s[len] || isspace((unsigned char)s[len])))
			return true;
	}
	return false;
}

/* "CONFIG_X" of "obj-$(CONFIG_X)" in front of what is assigned; NULL if it has
 * none. */
static char *line_symbol(const char *line)
{
	const char *start = strstr(line, "$(CONFIG_");
	size_t len;

	if (!start || start > line + strcspn(line, "="))
		return NULL;
	start += strlen("$(CONFIG_");
	len = strcspn(start, ")");
	return text("%.*s", (int)len, start);
}

/* Join lines that end in a backslash. */
static void join(char *content)
{
	for (char *s = content; (s = strstr(s, "\\\n")); s += 2)
		s[0] = s[1] = ' ';
}

/* The options that build OBJECT, such as "lm75.o"; those of the parts of a
 * module first. */
static void makefile_symbols(const char *content, const char *object,
			     struct strings *out, unsigned int depth)
{
	char *copy = text("%s", content), *rest = copy, *line;

	join(copy);
	while ((line = strsep(&rest, "\n"))) {
		size_t name = strcspn(line, "-");
		char *symbol;

		line[strcspn(line, "#")] = '\0';
		if (!strchr(line, '=') || !has_word(strchr(line, '='), object))
			continue;
		symbol = line_symbol(line);
		if (symbol && !strings_have(out, symbol))
			strings_add(out, symbol);
		else
			free(symbol);
		/* A part: MODULE-objs, MODULE-y, MODULE-$(CONFIG_X). */
		if (starts_with(line, "obj-") || depth > 3)
			continue;
		while (line[name] == '-' && !starts_with(line + name, "-objs") &&
		       !starts_with(line + name, "-y") &&
		       !starts_with(line + name, "-$("))
			name += 1 + strcspn(line + name + 1, "-");
		symbol = text("%.*s.o", (int)name, line);
		if (strcmp(symbol, object))
			makefile_symbols(content, symbol, out, depth + 1);
		free(symbol);
	}
	free(copy);
}

/* ------------------------------------------------------------------------
 * Kconfig
 */

/* Where an option can be set; NULL: nowhere. */
static const struct kconfig_symbol *find_symbol(const struct needs *needs,
						const char *name, bool prompt)
{
	for (size_t i = 0; i < needs->kconfig->num; i++) {
		const struct kconfig_symbol *symbol =
			&needs->kconfig->symbols[i];

		if (!strcmp(symbol->name, name) &&
		    (symbol->prompt || !prompt))
			return symbol;
	}
	return NULL;
}

static bool need_symbol(struct needs *needs, const char *name, bool try);
static bool need_or(struct needs *needs, const char **p, bool try);

static void blanks(const char **p)
{
	while (isspace((unsigned char)**p))
		(*p)++;
}

/* A name or constant, maybe compared with another one. What is compared is
 * left to Kconfig, which says so if it does not hold. */
static bool need_word(struct needs *needs, const char **p, bool try)
{
	const char *start = *p;
	bool compared, holds;
	char *name;

	*p += strspn(*p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_$()-,\"'") ;
	if (*p == start) {
		*p += **p != '\0';
		return true;
	}
	name = text("%.*s", (int)(*p - start), start);
	/* The bracket of a group may have been taken too. */
	while (ends_with(name, ")") && !strchr(name, '(')) {
		name[strlen(name) - 1] = '\0';
		(*p)--;
	}
	blanks(p);
	compared = (**p == '=' || **p == '<' || **p == '>' ||
		    starts_with(*p, "!="));
	if (compared) {
		*p += strspn(*p, "!=<>");
		blanks(p);
		*p += strcspn(*p, " \t)&|");
	}
	holds = compared || !strcmp(name, "y") || !strcmp(name, "m") ||
		*name == '$' ||
		(strcmp(name, "n") && need_symbol(needs, name, try));
	free(name);
	return holds;
}

/* Is what it stands before off, as far as is known? */
static bool need_not(struct needs *needs, const char **p, bool try)
{
	blanks(p);
	if (**p == '!' && (*p)[1] != '=') {
		const char *start = ++*p;
		char *name, *value;
		bool off;

		if (*start == '(') {
			need_not(needs, p, true);	/* only behind it */
			return true;
		}
		*p += strspn(*p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		name = text("%.*s", (int)(*p - start), start);
		value = config_value(needs->base, name);
		off = !strcmp(value, "n");
		free(value);
		free(name);
		return off;
	}
	if (**p == '(') {
		bool holds;

		(*p)++;
		holds = need_or(needs, p, try);
		blanks(p);
		*p += **p == ')';
		return holds;
	}
	return need_word(needs, p, try);
}

static bool need_and(struct needs *needs, const char **p, bool try)
{
	bool holds = need_not(needs, p, try);

	for (blanks(p); starts_with(*p, "&&"); blanks(p)) {
		*p += 2;
		holds &= need_not(needs, p, try);
	}
	return holds;
}

/* First whether one of them is there as it is (@try: nothing is added). */
static bool need_or(struct needs *needs, const char **p, bool try)
{
	const char *start = *p;
	bool holds = need_and(needs, p, true);

	for (blanks(p); starts_with(*p, "||"); blanks(p)) {
		*p += 2;
		holds |= need_and(needs, p, true);
	}
	if (holds || try)
		return holds;
	while (true) {
		const char *end = start;

		if (need_and(needs, &end, false))
			return true;
		blanks(&end);
		if (!starts_with(end, "||"))
			return false;
		start = end + 2;
	}
}

static bool is_there(const struct needs *needs, const char *name)
{
	char *value = config_value(needs->base, name);
	bool there = strcmp(value, "n") != 0;

	free(value);
	return there || strings_have(&needs->names, name);
}

static void cut(struct strings *list, size_t num)
{
	while (list->num > num)
		free(list->items[--list->num]);
}

/* Add it behind what it depends on. If that can't be had nothing is added. */
static bool add_symbol(struct needs *needs, const struct kconfig_symbol *symbol)
{
	size_t names = needs->names.num, options = needs->options->num;
	bool ok = true;

	needs->depth++;
	strings_add(&needs->names, text("%s", symbol->name));
	for (size_t i = 0; ok && i < symbol->depends.num; i++) {
		const char *p = symbol->depends.items[i];

		ok = need_or(needs, &p, false);
	}
	needs->depth--;
	if (!ok) {
		cut(&needs->names, names);
		cut(needs->options, options);
		return false;
	}
	strings_add(needs->options, text("CONFIG_%s=%c", symbol->name,
					 symbol->is_bool ? 'y' : 'm'));
	return true;
}

static bool need_symbol(struct needs *needs, const char *name, bool try)
{
	const struct kconfig_symbol *symbol;

	if (is_there(needs, name))
		return true;
	symbol = find_symbol(needs, name, true);
	if (!symbol)
		return find_symbol(needs, name, false);
	if (try || needs->depth > MAX_DEPTH)
		return false;
	return add_symbol(needs, symbol);
}

/* The option in FOLDER/Kconfig that turns on one that has no prompt. */
static char *selector(const char *root, const char *folder, const char *name)
{
	char *path = text("%s/%s/Kconfig", root, folder);
	char *content = file_read(path), *rest = content, *line;
	char *config = NULL, *found = NULL;

	while (rest && !found && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		if (starts_with(line, "config ") ||
		    starts_with(line, "menuconfig "))
			config = strchr(line, ' ') + 1;
		else if (config && starts_with(line, "select ") &&
			 has_word(line, name))
			found = text("%s", config);
	}
	free(content);
	free(path);
	return found;
}

static void need_driver_symbol(struct needs *needs, const char *root,
			       const char *folder, const char *name)
{
	char *other = NULL;

	if (!find_symbol(needs, name, true))
		other = selector(root, folder, name);
	/* What can't be had is said when a kernel is configured. */
	if (!need_symbol(needs, other ? other : name, false))
		strings_add(needs->options,
			    text("CONFIG_%s=m", other ? other : name));
	free(other);
}

/* The driver's own option has no prompt, and nothing in its folder selects it: it
 * is written down, and what turns it on is said when a kernel is configured. */
static void need_hidden(struct needs *needs, const struct strings *names)
{
	for (size_t i = 0; i < names->num; i++) {
		const struct kconfig_symbol *symbol =
			find_symbol(needs, names->items[i], false);

		if (symbol && !is_there(needs, symbol->name))
			strings_add(needs->options,
				    text("CONFIG_%s=%c", symbol->name,
					 symbol->is_bool ? 'y' : 'm'));
	}
}

/* Ways in for programs. Kconfig turns them on with the class; here nothing is
 * on that was not asked for, and a driver does not ask for them. */
static void need_interfaces(struct needs *needs)
{
	static const struct {
		const char *class, *interface;
	} rows[] = {
		{ "RTC_CLASS", "RTC_INTF_DEV" },
		{ "RTC_CLASS", "RTC_INTF_SYSFS" },
		{ "INPUT", "INPUT_EVDEV" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strings_have(&needs->names, rows[i].class))
			need_symbol(needs, rows[i].interface, false);
}

/*
 * What the driver's option turns on and every kernel here has off by name: the
 * suite says otherwise, or its kernel is refused.
 */
static void need_selected(struct needs *needs, const char *root,
			  const char *folder)
{
	char *path = text("%s/%s/Kconfig", root, folder);
	char *content = file_read(path), *rest = content, *line;
	bool wanted = false;

	while (rest && (line = strsep(&rest, "\n"))) {
		char *name, *off;

		line += strspn(line, " \t");
		if (starts_with(line, "config "))
			wanted = strings_have(&needs->names,
					      line + strlen("config "));
		if (!wanted || !starts_with(line, "select "))
			continue;
		line += strlen("select ");
		name = text("%.*s", (int)strcspn(line, " \t"), line);
		off = text("# CONFIG_%s is not set\n", name);
		if (strstr(needs->base, off) && !strings_have(&needs->names, name))
			strings_add(needs->options, text("CONFIG_%s=m", name));
		free(off);
		free(name);
	}
	free(content);
	free(path);
}

bool driver_options(const char *root, const struct driver *driver,
		    const char *base, struct strings *options)
{
	const char *slash = strrchr(driver->path, '/');
	char *folder = text("%.*s", (int)(slash ? slash - driver->path : 0),
			    driver->path);
	char *path = *folder == '/' ? text("%s/Makefile", folder) :
				      text("%s/%s/Makefile", root, folder);
	char *content = file_read(path);
	char *object = text("%s.o", driver->name);
	struct strings symbols = { 0 };
	struct needs needs = { .base = base, .options = options };
	bool ok;

	if (content)
		makefile_symbols(content, object, &symbols, 0);
	ok = symbols.num;
	if (ok) {
		struct kconfig *kconfig = kconfig_parse(root);

		needs.kconfig = kconfig;
		for (size_t i = 0; i < symbols.num; i++)
			need_driver_symbol(&needs, root, folder,
					   symbols.items[i]);
		if (!options->num)
			need_hidden(&needs, &symbols);
		need_interfaces(&needs);
		need_selected(&needs, root, folder);
		kconfig_destroy(kconfig);
	} else {
		cli_error("%s does not say which option builds %s",
			  content ? path : "no Makefile", object);
		cli_remedy("write it into the suite's config, a line CONFIG_NAME=m");
	}
	strings_deinit(&needs.names);
	strings_deinit(&symbols);
	free(object);
	free(content);
	free(path);
	free(folder);
	return ok;
}
