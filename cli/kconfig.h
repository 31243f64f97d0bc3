/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kconfig.h - what options a kernel has
 *
 * kconfig-parse.c reads a kernel's Kconfig files, kconfig-why.c evaluates what
 * an option depends on and says why it could not be set, kconfig-extend.c finds
 * those that belong to what was asked for.
 */
#ifndef CLI_KCONFIG_H
#define CLI_KCONFIG_H

#include "cli.h"

/* One place where an option is defined. An option may have several. */
struct kconfig_symbol {
	char *name;
	struct strings depends;	/* expressions that must all hold */
	char *prompt_if;	/* condition of its prompt; NULL: none */
	bool prompt;		/* can be set at all */
	bool is_bool, is_tristate;
	bool in_choice;
	struct strings defaults;	/* "VALUE if CONDITION", the first that holds */
	struct strings selects;		/* "NAME if CONDITION" */
	char *origin;		/* file:line in the kernel tree */
};

struct kconfig {
	struct kconfig_symbol *symbols;
	size_t num, max;
	struct kconfig_symbol **by_name;	/* sorted; definitions in order */
};

/* Values of options and expressions. */
enum { KCONFIG_NO, KCONFIG_MODULE, KCONFIG_YES };

/* Read the files that are in reach of ARCH=um. */
struct kconfig *kconfig_parse(const char *source_dir);
void kconfig_destroy(struct kconfig *kconfig);
/* The first definition of an option; NULL if there is none. The others follow,
 * up to one with another name or kconfig->by_name's end. */
struct kconfig_symbol *const *kconfig_find(const struct kconfig *kconfig,
					   const char *name);
/* Value of an expression with the options of a .config. */
int kconfig_value(const char *expression, const char *config);
/* The first operand of &&, or all of an expression whose weakest operator is
 * ||: how long it is. */
size_t kconfig_clause(const char *expression);

/* Add to @reasons why @option is not in @config as it was wanted. */
void kconfig_explain(const struct kconfig *kconfig, const char *config,
		     const struct config_option *option,
		     struct strings *reasons);

/* Lines for Kconfig, to be freed, of options that @wanted does not name: menus
 * that a wanted one depends on and that are off, if these are all that it
 * lacks. "" if there are none. */
char *kconfig_menus(const struct kconfig *kconfig, const char *config,
		    const struct config_options *wanted);
/* Likewise: options of subsystems that are switched on, whose default is not
 * "n"; @usual: more such options, with the values that are their defaults. */
char *kconfig_defaults(const struct kconfig *kconfig, const char *config,
		       const struct config_options *wanted,
		       const struct config_options *usual);
/* Value in the text of a .config: "n" if it is not there; to be freed. */
char *config_value(const char *config, const char *name);

#endif /* CLI_KCONFIG_H */
