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
	bool exact;			/* no bundle with more options serves */
	struct config_options options;		/* all that is wanted */
	struct config_options extra;		/* of them, those of --config */
	char *head;			/* begin of request: all but options */
	char *request;
	char *bundle;			/* path */
	char *lineage;			/* the source's place, and the compiler */
	char *configs;			/* path: where it is configured */
	char *refusals;			/* path */
	/* Of plan_set_config(); else NULL. */
	char *config;			/* the .config */
	char *object_key;
	char *objects;			/* path */
	struct lock *lock;		/* on the objects; NULL: not yet */
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
	const char *dir;	/* the build directory: O= */
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

/* Begin a log in the build directory @dir, which is kept as a pointer. Return:
 * false after a message. Close it in any case. */
bool make_open(struct make *make, const struct plan *plan, const char *dir);
void make_close(struct make *make);
/* Run a program of the build; its output goes to the log. @options: NULL for
 * none. */
bool make_run(struct make *make, const char *what, char *const argv[],
	      const struct process_options *options);

/* --- make.c */

/* Path of a file among the objects. */
char *objects_file(const struct plan *plan, const char *name);

/* `make` in the source, for the build directory. @more: up to 3 arguments. */
bool make_make(struct make *make, const char *what, unsigned int jobs,
	       char *const more[], const char *const *env);
/* Could a kernel be made from the source? Else there was a message. */
bool make_possible(const struct source *source);
/* Have the objects of plan->config, and of the source as it is now. The caller
 * holds their lock. @force: let kbuild look even if all is known to be there.
 * Return: an exit status, after a message. */
int make_objects(const struct plan *plan, unsigned int jobs, bool force);
/* Are they there, and is the source as it was then? Needs no lock. */
bool objects_are_made(const struct plan *plan);
/* Install them into plan->bundle. Return: likewise. */
int make_bundle(const struct plan *plan);

/* --- objects.c */

/* Are plan->objects complete, for some state of the source? */
bool objects_whole(const struct plan *plan);
/* They are about to change, and are complete again, and in use. */
void objects_begin(const struct plan *plan);
void objects_end(const struct plan *plan);
/* Begin plan->objects with a copy of what is most like them, if there is
 * anything; else all has to be made. */
void objects_copy(const struct plan *plan);
/* Remove those that nobody needed for long. */
void objects_prune(void);

/* --- configure.c */

/* The .config of a plan, to be freed. Return: CLI_OK; or an exit status, after
 * a message or with what is in @unmet. */
int configure(const struct plan *plan, char **config, struct unmet *unmet);
/* What a .config depends on besides the options, to be freed: what Kconfig
 * reads, of a directory. A tarball is always the same. */
char *config_state(const struct source *source);

/* --- kconfig-answers.c */

/* Environment for the kernel's make: @env, which may be NULL, and what spares
 * its Kconfig the questions that were answered before. */
struct strings kconfig_env(const struct plan *plan, const char *const *env);

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
/* Are the objects those of the tree as it is? */
bool tree_is_made(const struct plan *plan);
/* A whole build begins: let make see all that changed in the tree since the
 * last one. */
void base_forget(const struct plan *plan);
/* It has come to its end. */
void base_remember(const struct plan *plan);
/* A bundle was made of it. */
void base_remember_bundle(const struct plan *plan);

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
