/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.h - build.c finds or makes a kernel, bundle.c keeps finished ones,
 * make.c runs the kernel's build, make-error.c tells why it failed
 */
#ifndef CLI_BUILD_H
#define CLI_BUILD_H

#include "cli.h"

/* A request with everything that follows from it. */
struct plan {
	const char *flavour;
	const struct source *source;
	struct config_options options;		/* all that is wanted */
	struct config_options extra;		/* of them, those of --config */
	char *head;			/* begin of request: all but options */
	char *request;
	char *bundle;			/* path */
	char *objects;			/* path */
	char *object_key;
	char *refusals;			/* path */
};

/* --- bundle.c */

/* Path of a bundle that serves the plan; NULL if there is none. */
char *bundle_find(const struct plan *plan);
/* Content of a file of a bundle; NULL if it is not there. */
char *bundle_read(const char *bundle, const char *name);
/* Point kernels/default to @bundle. */
void bundle_set_default(const char *bundle);

/* --- make.c */

/* Configure, build and install into plan->bundle. The caller holds the lock of
 * the objects. Return: CLI_OK; or an exit status, after a message or with what
 * is in @unmet. */
int make_kernel(const struct plan *plan, unsigned int jobs,
		struct unmet *unmet);

/* --- make-error.c */

/* Print the first error in the log of a build, with the lines that belong to
 * it. */
void make_show_error(const char *log);

#endif /* CLI_BUILD_H */
