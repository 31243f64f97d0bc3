/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli.h - the roadtest command
 *
 * main.c	the table of subcommands
 * kernel.c	`roadtest kernel`; source.c has the sources, suites.c and kconfig.c the
 *		options, build.c makes a kernel, bundle.c keeps it;
 *		kernel-list.c shows and removes what is kept
 * image.c	kernels that somebody else has built
 * run.c	`roadtest run` and `roadtest list`; run.h has its parts
 * worker.c	`roadtest worker`, what launchers start
 * trace.c	`roadtest trace`
 * new.c	`roadtest new`; new.h has its parts
 * shell.c	`roadtest shell`
 * gdb.c	what `roadtest run --gdb` needs
 * doctor.c	`roadtest doctor`
 * cache.c	where bundles of kernels are kept; lock.c: one run at a time
 * process.c	programs that are started, and their end
 * text.c	strings, files, messages; near.c has names that are like one that
 *		does not exist
 *
 * A program may end at once where a library may not: what runs out of memory
 * exits, and messages are printed where the error is found.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Exit status. The last is what `git bisect run` takes for "can't be tested". */
enum {
	CLI_OK,
	CLI_FAILED,
	CLI_NOT_RUN,		/* nothing could be done, or wrong use */
	CLI_SOME_NOT_RUN,
	CLI_ALL_SKIPPED,
	CLI_NO_BUILD = 125,	/* a kernel does not build */
};

enum { CLI_NONE_MARKED = 5 };	/* of a program: no test has the mark */

#define CLI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

int cmd_kernel(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_gdb(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_worker(int argc, char **argv);

/* --- text.c */

/* A list of strings that it owns; NULL-terminated once it is not empty. */
struct strings {
	char **items;
	size_t num;
};

/* All exit when out of memory; the caller frees what is returned. */
char *text(const char *fmt, ...) CLI_PRINTF(1, 2);
void *xcalloc(size_t num, size_t size);
void *xrealloc(void *p, size_t num, size_t size);
/* Takes @item over. */
void strings_add(struct strings *list, char *item);
bool strings_have(const struct strings *list, const char *item);
void strings_deinit(struct strings *list);
/* @len bytes, which may be any, as UTF-8 without control characters but tab;
 * the others become "\x1b". The caller frees. (output.c) */
char *printable(const char *line, size_t len);

/* Content of a file, NUL-terminated; NULL with errno. */
char *file_read(const char *path);
bool file_write(const char *path, const char *content);
bool file_exists(const char *path);
bool is_directory(const char *path);

/* A directory that is being searched, and those above it. */
struct walk {
	const struct walk *above;	/* NULL: it was named */
	dev_t dev;
	ino_t ino;
};

/* Begin to search @path, which was found in @above. Return: false if it is one
 * of those above, by a link. */
bool walk_enter(struct walk *walk, const struct walk *above, const char *path);
/* mkdir -p. */
bool make_directories(const char *path);
bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);

/* "roadtest: ..." on standard error. */
void cli_error(const char *fmt, ...) CLI_PRINTF(1, 2);
/* What to do about it: a line below an error. */
void cli_remedy(const char *fmt, ...) CLI_PRINTF(1, 2);
/* Escape sequences for a stream; "" unless it is a terminal and NO_COLOR is
 * not set. */
enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW,
	      COLOUR_DIM };
const char *colour(FILE *stream, enum colour which);
/* A line that is overwritten by the next one, on a terminal; else nothing. */
void progress(const char *fmt, ...) CLI_PRINTF(1, 2);
void progress_end(void);
int64_t now_ms(void);

/* --- near.c */

/* A line of advice with those of @names that are most like @name; nothing if
 * none is. */
void near_suggest(const char *name, const struct strings *names);
/* The same name, if '-' and '_' and upper and lower case are alike? */
bool near_same(const char *a, const char *b);

/* --- paths.c: where things are, in the source tree or installed */

/* Directory with base.config and the flavours. */
char *path_kernel_configs(void);
/* Path of a library to be preloaded, NULL if it is not there. */
char *path_preload(const char *name);
/* Value for PYTHONPATH, with what the environment has behind it. */
char *path_python(void);
/* Program built from a C suite inside the source tree: the place where the
 * build puts it; NULL for a file that is not in the tree. */
char *path_built(const char *source);
/* Build directory; NULL when installed. */
const char *path_build_dir(void);
const char *path_source_dir(void);

/* --- use.c: what started programs find in their environment */

/* A kernel that is there already, as the user named it: a directory as
 * `roadtest kernel` makes it, or an image; @by: by which option or variable.
 * Return: such a directory, to be freed; NULL after a message. */
char *use_given_kernel(const char *given, const char *by);
/* Let Python find the package, in whatever is started from now on. */
void use_package(void);

/* --- image.c */

/* A directory for a kernel that somebody else has built, to be freed; NULL
 * after a message. */
char *image_use(const char *path);

/* --- gdb.c */

/* Let guests that are booted from now on wait for a debugger. */
void gdb_begin(void);

/* --- process.c */

struct process {
	pid_t pid;		/* leads a group of its own */
	int pidfd;
	int out, err;		/* to read from; -1: not a pipe or closed */
	int in;			/* to write to; -1: likewise */
	int interrupted;	/* signal that ended the wait */
};

struct process_options {
	const char *cwd;	/* NULL: this one */
	const char *const *env;	/* "NAME=value" to add, NULL at the end */
	bool pipe_in;		/* write standard input through .in */
	bool pipe_out;		/* read standard output through .out */
	bool pipe_err;		/* ... standard error through .err */
	int out_fd;		/* else: both go here; 0: inherited */
	int in_fd;		/* standard input; 0: /dev/null */
	int nice;
};

/* SIGINT, SIGTERM and SIGHUP come through signals_fd() from now on; the
 * command must end by signals_raise() after it cleaned up. */
void signals_catch(void);
int signals_fd(void);
/* The signal that came, 0 if none. Does not block. */
int signals_poll(void);
/* They come as they did before: somebody else takes our place. */
void signals_release(void);
void signals_raise(int signo) __attribute__((noreturn));

bool process_start(struct process *process, char *const argv[],
		   const struct process_options *options);
/* A process that another one forks for us, as our child and the leader of a
 * group: @ask returns its pid, 0 or less for none. Standard output and error
 * are pipes. Return: false without a message. */
bool process_start_forked(struct process *process,
			  pid_t (*ask)(void *arg, int out, int err),
			  void *arg);
/* Wait for its end; a signal for us ends its group first. Return: wait
 * status. */
int process_wait(struct process *process);
/* End it with its group: ask with @signo, then SIGKILL. Return: status. */
int process_end(struct process *process, int signo);
/* Start, wait. Return: wait status, -1 when it could not start. */
int process_run(char *const argv[], const struct process_options *options);
/* Standard output of a program without its last newline; NULL when it could
 * not start or failed. */
char *process_output(char *const argv[]);
/* The same, with any exit status; @status: as of process_run(). */
char *process_output_status(char *const argv[], int *status);
/* "exit status 3", "SIGSEGV"; the caller frees. */
char *status_text(int status);
/* Path of a program in PATH; NULL when there is none. */
char *find_program(const char *name);

/* --- cache.c */

/* ${ROADTEST_CACHE}, else ${XDG_CACHE_HOME:-~/.cache}/roadtest. */
char *cache_dir(void);
/* Say what can be done about a file or directory, in the cache or not, that
 * could not be made or written, by errno. Behind the message about it. */
void path_remedy(const char *path);
/* Is there no room left where this directory is? */
bool disk_is_full(const char *dir);
/* 16 hex digits. */
char *hash_text(const char *content);
/* Remove a directory with all that is in it. */
bool remove_tree(const char *path);

/* --- lock.c: names in the cache, each for one run at a time */

struct lock {
	int fd;			/* -1: not held */
	long long begin;	/* in seconds of the wall clock */
	int64_t said;
};

/* Lock @name; waits for another run that has it, and says for which. @what: "to
 * unpack a source", for that message. Return: false after a message. */
bool lock_take(struct lock *lock, const char *name, const char *what);
/* The same without waiting, and without a message. @shared: with others who
 * take it so. */
bool lock_try(struct lock *lock, const char *name, bool shared);
/* What we do, for those who wait. Costs nothing if called often. */
void lock_say(struct lock *lock, const char *what);
void lock_drop(struct lock *lock);

/* --- tree.c: the state of a source tree */

struct tree_file {
	char *path;		/* below the tree */
	long long size, ns;	/* bytes; when it was changed */
};

struct tree {
	struct tree_file *files;	/* sorted by path */
	size_t num, max;
};

enum change_kind { CHANGE_CONTENT, CHANGE_NEW, CHANGE_GONE };

struct tree_change {
	enum change_kind kind;
	char *path;
	long long ns;		/* of what is there now, else of what was */
	struct strings targets;	/* rebuild.c: what was made from it */
};

struct tree_changes {
	struct tree_change *items;
	size_t num;
};

/* Return: false after a message. */
bool tree_read(struct tree *tree, const char *dir);
void tree_deinit(struct tree *tree);
/* All of it, for tree_compare(); the same if nothing changed. */
char *tree_text(const struct tree *tree);
/* Add what changed since tree_text() gave @before, which is cut into pieces. */
void tree_compare(const struct tree *tree, char *before,
		  struct tree_changes *changes);
void changes_deinit(struct tree_changes *changes);

/* --- source.c: kernel sources */

struct source {
	struct tree tree;	/* of a directory */
	char *dir;		/* unpacked; maybe not yet */
	char *tarball;		/* to unpack; NULL: a directory of the user */
	char *identity;		/* changes when the source does */
	char *name;		/* for messages and info */
};

/* @wanted: directory, name of a package (linux-source-6.12), tarball, or NULL
 * for the default package. Prints what is wrong. */
bool source_find(struct source *source, const char *wanted);
/* Unpack it if that is still to be done. */
bool source_unpack(const struct source *source);
void source_deinit(struct source *source);

/* --- kconfig.c: options that are wanted and options that are there */

struct config_option {
	char *name;		/* without CONFIG_ */
	char *value;		/* "y", "m", "n", "\"text\"", "12" */
	char *origin;		/* file:line */
	bool soft;		/* it need not hold */
};

struct config_options {
	struct config_option *items;
	size_t num;
};

/* Add a fragment; later values win. Prints errors with file and line. */
bool options_read(struct config_options *options, const char *path);
/* What is "n" so far may be switched on by what is read or selected later. */
void options_soften(struct config_options *options);
/* As text that Kconfig reads, sorted by first appearance. */
char *options_text(const struct config_options *options);
void options_deinit(struct config_options *options);
/* Is every option as wanted in the .config text @config? */
bool options_check(const struct config_options *options, const char *config);

/* An option that could not be had. */
struct unmet_option {
	char *name;		/* without CONFIG_ */
	char *wanted;
	char *origin;		/* file:line; NULL: not known any more */
	char *value;		/* what it is instead; NULL likewise */
	char *why;		/* one line */
	struct strings reasons;	/* the same, each for itself */
};

struct unmet {
	struct unmet_option *items;
	size_t num;
};

/* Add those that are not as wanted in @config, with the reasons that the
 * Kconfig files below @source_dir give. */
void options_unmet(const struct config_options *options, const char *config,
		   const char *source_dir, struct unmet *unmet);
void unmet_add(struct unmet *unmet, const char *name, const char *wanted,
	       const char *why);
/* Say which and why, as an error. */
void unmet_print(const struct unmet *unmet);
/* The first one that @options ask for; NULL: none. */
const struct unmet_option *unmet_find(const struct unmet *unmet,
				      const struct config_options *options);
void unmet_deinit(struct unmet *unmet);

/* --- build.c */

/* What a kernel is made from. */
struct kernel_request {
	const char *source;	/* NULL: default */
	const char *flavour;	/* NULL: "fast" */
	struct strings fragments;	/* of suites */
	struct strings extra;	/* --config */
	unsigned int jobs;	/* 0: one for each processor */
	bool force;
	bool set_default;	/* point kernels/default to it */
	bool find_only;		/* build nothing */
	bool exact;		/* not one that has more options */
	/* Leave suites out whose options can't be had; else that is an error. */
	bool may_refuse;
	bool bare;		/* a kernel for no suite is of use as well */
	/* Results: fragments that were left out, and why. */
	struct strings refused, reasons;
};

/* A bundle that serves @request, built if there is none. @bundle: its path, to
 * be freed; NULL if all suites are refused, and nothing else needs a kernel.
 * Return: CLI_OK, or an exit status after a message. */
int kernel_get(struct kernel_request *request, char **bundle);
void kernel_request_deinit(struct kernel_request *request);
/* Print the directory with the objects that a kernel was made from, made again
 * if they are gone. Return: an exit status. */
int kernel_objects(const char *kernel);

/* --- kernel-list.c: return an exit status */

int kernel_list(void);
/* @names: NULL-terminated. */
int kernel_remove(char *const names[]);
/* The kernel at @dir is in use as long as we live, @for_good: also when another
 * program takes our place. */
void kernel_hold(const char *dir, bool for_good);

/* --- suites.c: the options of suites */

/* Add the `config` files of suites below @path (file or directory). */
bool kernel_add_suite(struct kernel_request *request, const char *path);
/* Leave out the fragments that ask for one of @unmet. Return: is it less than
 * before? */
bool kernel_refuse(struct kernel_request *request, const struct unmet *unmet);
/* Why the suite at @path (file) can't run; NULL if it can. */
const char *kernel_refused(const struct kernel_request *request,
			   const char *path);
/* Does a fragment belong to the suite at @path? */
bool kernel_has_suite(const struct kernel_request *request, const char *path);

#endif /* CLI_CLI_H */
