// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * coverage.c - which lines of the kernel ran: taken before the guest ends
 *
 * With ROADTEST_COVERAGE=DIR each guest leaves a directory in DIR, with what
 * its kernel's gcov counted: a file for each object that was built to count,
 * also of modules that have been unloaded. Its name is the object's path with
 * '#' for '/', as `gcov --preserve-paths` writes it. A kernel without gcov
 * leaves an empty directory, one that has crashed none.
 */
#include "coverage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "machine.h"

#define GCOV_ROOT "/sys/kernel/debug/gcov"

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static void coverage_write(const char *to, const char *path,
			   const struct road_call *call)
{
	char *name = strdup(path + strlen(GCOV_ROOT));
	char *file = NULL;
	FILE *out;

	for (char *c = name; c && *c; c++)
		if (*c == '/')
			*c = '#';
	if (name && asprintf(&file, "%s/%s", to, name) >= 0) {
		out = fopen(file, "we");
		if (out) {
			fwrite(call->data, 1, call->len, out);
			fclose(out);
		}
		free(file);
	}
	free(name);
}

static void coverage_file(struct road_machine *machine, const char *path,
			  const char *to)
{
	struct road_call *call = road_start_read_file(machine, path);

	if (call_result(machine, call) > 0)
		coverage_write(to, path, call);
	road_call_destroy(call);
}

/* What is below a directory of the guest, to the directory @to of ours. */
static void coverage_walk(struct road_machine *machine, const char *dir,
			  const char *to)
{
	struct road_stat st;
	char *names, *path;

	if (road_list(machine, dir, &names))
		return;
	for (const char *name = names; *name; name += strlen(name) + 1) {
		if (asprintf(&path, "%s/%s", dir, name) < 0)
			break;
		if (ends_with(name, ".gcda"))
			coverage_file(machine, path, to);
		else if (!road_stat(machine, path, false, &st) &&
			 S_ISDIR(st.mode))
			coverage_walk(machine, path, to);
		free(path);
	}
	free(names);
}

void coverage_take(struct road_machine *machine)
{
	const char *dir = getenv("ROADTEST_COVERAGE");
	char *to;

	if (!dir || !*dir || !road_machine_is_up(machine) ||
	    machine_may_call(machine))
		return;
	if (asprintf(&to, "%s/guest-XXXXXX", dir) < 0)
		return;
	if (mkdtemp(to))
		coverage_walk(machine, GCOV_ROOT, to);
	free(to);
}
