/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel.h - a kernel that `roadtest kernel` has built
 *
 * Its directory has: linux, modules/ (a modules_install tree), include/
 * (dt-bindings), config, and info with lines "key=value" (release, flavour,
 * source, compiler).
 */
#ifndef LIB_KERNEL_H
#define LIB_KERNEL_H

#include "error.h"

struct kernel {
	char *dir;
	char *image;
	char *modules;
	char *include;
	char *release;
	unsigned int mem_mib;	/* what its flavour needs */
	bool checks;		/* of the flavour "check" */
	bool seccomp;		/* has the seccomp mode of UML */
};

/* @dir NULL: $ROADTEST_KERNEL, else the newest in the cache. */
int kernel_find(struct kernel *kernel, const char *dir,
		struct road_error *error);
void kernel_deinit(struct kernel *kernel);

#endif /* LIB_KERNEL_H */
