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
/* The place of the bundle that is made from @request. */
char *bundle_path(const char *request);
/* Write its request into the directory @temp and make it @bundle, in place of
 * an older one. */
bool bundle_finish(const char *temp, const char *request, const char *bundle);

/* --- make-run.c */

struct make {
	const struct plan *plan;
	char *log;		/* path */
	FILE *log_file;
	bool quiet;		/* about what fails */
	bool full;		/* the disk is, and that was said */
	const char *what;
	unsigned int steps;
	int64_t begin, reported;
	char line[512];
	size_t len;
};

/* Begin a log beside the objects. Return: false after a message. Close it in
 * any case. */
bool make_open(struct make *make, const struct plan *plan);
void make_close(struct make *make);
/* Run a program of the build; its output goes to the log. @options: NULL for
 * none. */
bool make_run(struct make *make, const char *what, char *const argv[],
	      const struct process_options *options);

/* --- make.c */

/* Path of a file among the objects. */
char *objects_file(const struct plan *plan, const char *name);

/* Configure, build and install into plan->bundle. The caller holds the lock of
 * the objects. Return: CLI_OK; or an exit status, after a message or with what
 * is in @unmet. */
int make_kernel(const struct plan *plan, unsigned int jobs,
		struct unmet *unmet);

/* --- build.c */

/* Options of the plan that are known not to be had. @request: the plan's, or
 * one that differs from it in the source's state. Return: are there any? */
bool refusals_read(const struct plan *plan, const char *request,
		   struct unmet *unmet);

/* --- rebuild.c */

/* Make a kernel from one of an earlier state of the tree, if only modules
 * changed: @bundle, else NULL. Return: CLI_OK; or an exit status, after a
 * message or with what is in @unmet, if it is not NULL. */
int rebuild(const struct plan *plan, char **bundle, struct unmet *unmet);
/* A whole build begins, and has come to its end. */
void base_forget(const struct plan *plan);
void base_remember(const struct plan *plan);

/* --- depends.c */

/* Find what was made from the files that changed. */
void depends_find(const struct plan *plan, struct tree_changes *changes);
/* Remove it where the file looks older, so that make builds it again. */
void depends_forget(const struct plan *plan, const struct tree_changes *changes);
/* The command that made @target; NULL if that is not known. */
char *saved_command(const struct plan *plan, const char *target);

/* --- module.c */

/* The objects that modules are made from. */
void modules_parts(const struct plan *plan, struct strings *all);
/* Compile @objects and link the @modules that they are part of. Return:
 * CLI_OK; CLI_NO_BUILD after a message; CLI_NOT_RUN: kbuild must do it. */
int modules_make(struct make *make, const struct strings *objects,
		 struct strings *modules);
/* Put them into a bundle. */
bool modules_install(struct make *make, const char *bundle,
		     const struct strings *modules);

/* --- make-error.c */

/* Print the first error in the log of a build, with the lines that belong to
 * it. */
void make_show_error(const char *log);

#endif /* CLI_BUILD_H */
