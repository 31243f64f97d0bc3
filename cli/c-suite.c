// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * c-suite.c - the program of a C suite: built with the tree, or compiled now
 *
 * One that no build knows is compiled into the cache:
 *
 *	programs/KEY/test-x	the program
 *	programs/KEY/test-x.d	what it was made from, as the compiler says
 *
 * KEY is for the source and for all that changes what a compiler makes of it:
 * which one that is, its arguments, its environment. Two compilers in turn have
 * a program each. Both files are moved there when they are complete, since another run may look for
 * them at the same time.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $0 is the compiler. */
#define COMPILE "exec \"$0\" -g -O1 -D_GNU_SOURCE -MMD -MF \"$3\" -o \"$1\" \"$2\""

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

/* The compiler as the user names it. */
static const char *compiler(void)
{
	const char *cc = getenv("CC");

	return cc && *cc ? cc : "cc";
}

/* @source: as the user named it; @real: from wherever somebody looks. */
static bool compile(const char *source, const char *real, const char *exe,
		    const char *depends, const char *flags)
{
	char *command = text(COMPILE " %s", flags);
	char *argv[] = { "sh", "-c", command, (char *)compiler(), (char *)exe,
			 (char *)real, (char *)depends, NULL };
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

/* Which file the compiler is: another one in its place is another compiler,
 * though its package keeps the time at which it was built. */
static char *compiler_identity(void)
{
	char *path = find_program(compiler());
	char *identity;
	struct stat st;

	if (path && !stat(path, &st))
		identity = text("%s %llu %llu %lld %lld.%09ld", path,
				(unsigned long long)st.st_dev,
				(unsigned long long)st.st_ino,
				(long long)st.st_size,
				(long long)st.st_ctim.tv_sec,
				st.st_ctim.tv_nsec);
	else
		identity = text("%s", compiler());
	free(path);
	return identity;
}

/* What compilers take from their environment: where they look for headers,
 * libraries and their own parts, and what they take for the date. */
static char *compiler_environment(void)
{
	static const char *const names[] = {
		"CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
		"GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH", "CCC_OVERRIDE_OPTIONS",
	};
	char *all = text("%s", ""), *more;
	const char *value;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		value = getenv(names[i]);
		if (!value)
			continue;
		more = text("%s%s=%s\n", all, names[i], value);
		free(all);
		all = more;
	}
	return all;
}

/* Where the program of the source @real is kept. */
static char *cached_path(const char *real, const char *flags)
{
	const char *base = strrchr(real, '/') + 1;
	char *identity = compiler_identity();
	char *environment = compiler_environment();
	char *key = text("%s\n%s\n" COMPILE " %s\n%s", real, identity, flags,
			 environment);
	char *cache = cache_dir(), *hash = hash_text(key);
	char *exe = text("%s/programs/%s/%.*s", cache, hash,
			 (int)strlen(base) - 2, base);

	free(hash);
	free(cache);
	free(key);
	free(environment);
	free(identity);
	return exe;
}

static bool compile_cached(const char *source, const char *real,
			   const char *exe, const char *depends,
			   const char *flags)
{
	char *dir = text("%.*s", (int)(strrchr(exe, '/') - exe), exe);
	bool ok = make_directories(dir) &&
		  compile_into(source, real, exe, depends, flags);

	free(dir);
	return ok;
}

/* To be freed; NULL after a message. */
static char *cached_program(const char *source)
{
	char *real = realpath(source, NULL), *exe, *depends, *flags;

	if (!real) {
		cli_error("%s: %m", source);
		return NULL;
	}
	flags = library_flags();
	if (!flags) {
		cli_error("%s is not built, and pkg-config does not know roadtest",
			  source);
		free(real);
		return NULL;
	}
	exe = cached_path(real, flags);
	depends = text("%s.d", exe);
	if (!is_fresh(exe, depends) &&
	    !compile_cached(source, real, exe, depends, flags)) {
		free(exe);
		exe = NULL;
	}
	free(depends);
	free(flags);
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
