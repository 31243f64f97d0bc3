// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * c-suite.c - the program of a C suite: built with the tree, or compiled now
 *
 * One that no build knows is compiled into the cache:
 *
 *	programs/KEY/test-x	the program
 *	programs/KEY/test-x.d	what it was made from, as the compiler says
 *
 * Both are moved there when they are complete, since another run may look for
 * them at the same time.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True also if @than is gone. */
static bool is_older(const char *path, const char *than)
{
	struct stat a, b;

	if (stat(path, &a) || stat(than, &b))
		return true;
	return a.st_mtim.tv_sec < b.st_mtim.tv_sec ||
	       (a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
		a.st_mtim.tv_nsec < b.st_mtim.tv_nsec);
}

/* ------------------------------------------------------------------------
 * Compiling
 */

/* @source: as the user named it; @real: from wherever somebody looks. */
static bool compile(const char *source, const char *real, const char *exe,
		    const char *depends, const char *flags)
{
	const char *cc = getenv("CC");
	char *command = text("exec \"$0\" -g -O1 -D_GNU_SOURCE -MMD -MF \"$3\" -o \"$1\" \"$2\" %s",
			     flags);
	char *argv[] = { "sh", "-c", command, (char *)(cc && *cc ? cc : "cc"),
			 (char *)exe, (char *)real, (char *)depends, NULL };
	const struct process_options options = { .out_fd = STDERR_FILENO };
	int status;

	fprintf(stderr, "compiling %s\n", source);
	status = process_run(argv, &options);
	free(command);
	if (status)
		cli_error("%s does not compile", source);
	return !status;
}

/* Compile it beside its place, and move it there. */
static bool compile_into(const char *source, const char *real,
			 const char *exe, const char *depends,
			 const char *flags)
{
	char *new_exe = text("%s.%d", exe, getpid());
	char *new_depends = text("%s.%d", depends, getpid());
	bool ok = compile(source, real, new_exe, new_depends, flags);

	if (ok && (rename(new_depends, depends) || rename(new_exe, exe))) {
		cli_error("can't move %s to %s: %m", new_exe, exe);
		ok = false;
	}
	if (!ok) {
		unlink(new_exe);
		unlink(new_depends);
	}
	free(new_depends);
	free(new_exe);
	return ok;
}

static char *library_flags(void)
{
	char *argv[] = { "pkg-config", "--cflags", "--libs", "roadtest", NULL };
	const char *build = path_build_dir();

	if (build)
		return text("-I%s/include %s/lib/libroadtest.a -lfdt -lkmod",
			    path_source_dir(), build);
	return process_output(argv);
}

/* ------------------------------------------------------------------------
 * Is it still good?
 */

/* Cut the next word from the rule of a Makefile: a blank in a name has a
 * backslash before it, and so has the end of a line. NULL at the end. */
static char *next_file(char **rest)
{
	char *from = *rest, *to, *word;

	while (*from == ' ' || *from == '\n' ||
	       (*from == '\\' && from[1] == '\n'))
		from++;
	if (!*from)
		return NULL;
	word = to = from;
	while (*from && *from != ' ' && *from != '\n') {
		if (*from == '\\' && (from[1] == ' ' || from[1] == '#'))
			from++;
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* Is it newer than all that it was made from? */
static bool is_fresh(const char *exe, const char *depends)
{
	char *library = text("%s/lib/libroadtest.a",
			     path_build_dir() ? path_build_dir() : "");
	char *content = file_read(depends), *rest, *file;
	bool fresh = content && is_program(exe) &&
		     !(path_build_dir() && is_older(exe, library));

	rest = content ? strstr(content, ": ") : NULL;
	fresh = fresh && rest;
	for (rest += rest ? 2 : 0; fresh && (file = next_file(&rest));)
		fresh = !is_older(exe, file);
	free(content);
	free(library);
	return fresh;
}

/* Where the program of the source @real is kept. */
static char *cached_path(const char *real)
{
	const char *base = strrchr(real, '/') + 1;
	char *cache = cache_dir(), *hash = hash_text(real);
	char *exe = text("%s/programs/%s/%.*s", cache, hash,
			 (int)strlen(base) - 2, base);

	free(hash);
	free(cache);
	return exe;
}

static bool compile_cached(const char *source, const char *real,
			   const char *exe, const char *depends)
{
	char *dir = text("%.*s", (int)(strrchr(exe, '/') - exe), exe);
	char *flags = library_flags();
	bool ok = flags && make_directories(dir) &&
		  compile_into(source, real, exe, depends, flags);

	if (!flags)
		cli_error("%s is not built, and pkg-config does not know roadtest",
			  source);
	free(flags);
	free(dir);
	return ok;
}

/* To be freed; NULL after a message. */
static char *cached_program(const char *source)
{
	char *real = realpath(source, NULL), *exe, *depends;

	if (!real) {
		cli_error("%s: %m", source);
		return NULL;
	}
	exe = cached_path(real);
	depends = text("%s.d", exe);
	if (!is_fresh(exe, depends) &&
	    !compile_cached(source, real, exe, depends)) {
		free(exe);
		exe = NULL;
	}
	free(depends);
	free(real);
	return exe;
}

char *c_suite_program(const char *source)
{
	char *built = path_built(source);
	char *exe = text("%.*s", (int)strlen(source) - 2, source);
	bool ours = built && is_program(built);

	if (ours) {
		free(exe);
		exe = built;
		built = NULL;
	}
	if (!is_program(exe)) {
		free(exe);
		exe = cached_program(source);
	} else if (is_older(exe, source)) {
		cli_error("%s is older than %s", exe, source);
		if (ours)
			cli_remedy("ninja -C %s", path_build_dir());
		else
			cli_remedy("build it again, or remove it");
		free(exe);
		exe = NULL;
	}
	free(built);
	return exe;
}
