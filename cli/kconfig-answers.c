// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig-answers.c - what the shell told Kconfig, so that it is asked once
 *
 * Kconfig asks which options the compiler and its tools take. The answers are
 * kept for as long as the source and these programs are what they were.
 */
#include "build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What scripts/Kconfig.include and the Kconfig files of 6.1 to 7.2 ask. */
static const char *const programs[] = {
	"as", "awk", "bash", "bindgen", "clang", "grep", "ld", "ld.lld", "nm",
	"objcopy", "objdump", "pahole", "perl", "python3", "rustc", "sh",
};

/* A line for the key; nothing if it is not there. */
static void add_program(FILE *out, const char *name)
{
	char *path = find_program(name);
	struct stat st;

	if (path && !stat(path, &st))
		fprintf(out, "%s %llu %lld %lld.%ld\n", path,
			(unsigned long long)st.st_ino, (long long)st.st_size,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	free(path);
}

/* Path of the file; NULL: it can't be made. */
static char *answers_path(const struct plan *plan)
{
	const char *cc = getenv("CC");
	char *state = config_state(plan->source);
	char *key = NULL, *hash, *path;
	size_t size = 0;
	FILE *out = open_memstream(&key, &size);
	int fd;

	if (!out)
		abort();
	fprintf(out, "%s\n%s\n", plan->lineage, state);
	add_program(out, cc && *cc ? cc : "gcc");
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		add_program(out, programs[i]);
	fclose(out);
	hash = hash_text(key);
	path = text("%s/answers-%s", plan->configs, hash);
	free(hash);
	free(key);
	free(state);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		return path;
	}
	free(path);
	return NULL;
}

struct strings kconfig_env(const struct plan *plan, const char *const *env)
{
	char *preload = path_preload("roadtest-kconfig.so");
	char *path = preload ? answers_path(plan) : NULL;
	const char *others = getenv("LD_PRELOAD");
	struct strings all = { 0 };

	while (env && *env)
		strings_add(&all, text("%s", *env++));
	if (path) {
		strings_add(&all, text("LD_PRELOAD=%s%s%s", preload,
				       others ? ":" : "",
				       others ? others : ""));
		strings_add(&all, text("ROADTEST_KCONFIG_ANSWERS=%s", path));
	}
	free(path);
	free(preload);
	return all;
}
