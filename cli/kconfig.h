/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kconfig.h - why an option could not be set
 *
 * kconfig-parse.c reads a kernel's Kconfig files, kconfig-why.c evaluates what
 * an option depends on.
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
	bool is_bool;
	char *origin;		/* file:line in the kernel tree */
};

struct kconfig {
	struct kconfig_symbol *symbols;
	size_t num, max;
};

/* Read the files that are in reach of ARCH=um. */
struct kconfig *kconfig_parse(const char *source_dir);
void kconfig_destroy(struct kconfig *kconfig);
/* Add to @reasons why @option is not in @config as it was wanted. */
void kconfig_explain(const struct kconfig *kconfig, const char *config,
		     const struct config_option *option,
		     struct strings *reasons);
/* Value in the text of a .config: "n" if it is not there; to be freed. */
char *config_value(const char *config, const char *name);

#endif /* CLI_KCONFIG_H */
