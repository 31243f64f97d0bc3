/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.h - build.c finds or makes a bundle, make.c runs the kernel's build
 */
#ifndef CLI_BUILD_H
#define CLI_BUILD_H

#include "cli.h"

/* A request with everything that follows from it. */
struct plan {
	const char *flavour;
	struct source source;
	struct config_options options;		/* all that is wanted */
	struct config_options extra;		/* of them, those of --config */
	char *head;			/* begin of request: all but options */
	char *request;
	char *bundle;			/* path */
	char *objects;			/* path */
	char *object_key;
};

bool plan_init(struct plan *plan, const struct kernel_request *request);
void plan_deinit(struct plan *plan);

/* Configure, build and install into plan->bundle; prints what is wrong. The
 * caller holds the lock of the objects. */
bool make_kernel(const struct plan *plan, unsigned int jobs);

#endif /* CLI_BUILD_H */
