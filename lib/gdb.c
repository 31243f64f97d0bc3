// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * gdb.c - let a debugger attach to the guest's kernel before the test goes on
 *
 * ROADTEST_GDB is the roadtest command. It is run with the kernel's process,
 * the kernel's directory and a file that says where modules are; it prints what
 * the user has to type, and ends once the kernel is being traced. From then on
 * the guest runs when the debugger lets it.
 *
 * The file has a line for each section: module, how many modules need it,
 * section, address.
 */
#include "gdb.h"

#include "device.h"
#include "machine.h"
#include "machine-parts.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULES "/sys/module/"

bool gdb_wanted(void)
{
	const char *command = getenv("ROADTEST_GDB");

	return command && *command;
}

static unsigned int count_paths(struct road_machine *machine,
				const char *pattern)
{
	unsigned int count = 0;
	char *paths;

	if (road_glob(machine, pattern, &paths))
		return 0;
	for (char *path = paths; *path; path += strlen(path) + 1)
		count++;
	free(paths);
	return count;
}

/* @path: /sys/module/NAME/sections/SECTION */
static int write_section(struct road_machine *machine, FILE *file,
			 const char *path)
{
	const char *name = path + strlen(MODULES);
	size_t len = strcspn(name, "/");
	char holders[128], address[32];
	ssize_t n = road_read_file(machine, path, address,
				   sizeof(address));

	if (n < 0)
		return n;
	address[strcspn(address, "\n")] = '\0';
	snprintf(holders, sizeof(holders), MODULES "%.*s/holders/*", (int)len,
		 name);
	fprintf(file, "%.*s %u %s %s\n", (int)len, name,
		count_paths(machine, holders), strrchr(path, '/') + 1,
		address);
	return 0;
}

static int write_sections(struct road_machine *machine, const char *path)
{
	FILE *file = fopen(path, "we");
	char *paths = NULL;
	int ret;

	if (!file)
		return machine_error(machine, -ROAD_EHOST, "%s: %s", path,
				     strerror(errno));
	ret = road_glob(machine, MODULES "*/sections/.*", &paths);
	for (char *one = paths; !ret && *one; one += strlen(one) + 1)
		ret = write_section(machine, file, one);
	if (fclose(file) && !ret)
		ret = machine_error(machine, -ROAD_EHOST, "%s: %s", path,
				    strerror(errno));
	free(paths);
	return ret;
}

/* It has our environment: it looks into the cache, and knows the terminal. */
static int run_command(struct road_machine *machine, const char *const *argv)
{
	int status = 0, error;
	pid_t pid;

	error = posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ);
	if (error)
		return machine_error(machine, -ROAD_EHOST,
				     "ROADTEST_GDB: can't run %s: %s", argv[0],
				     strerror(error));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? machine_error(machine, -ROAD_EHOST,
				      "%s gdb could not let a debugger in",
				      argv[0]) : 0;
}

int gdb_stop(struct road_machine *machine)
{
	char pid[16], path[128];
	const char *argv[] = { getenv("ROADTEST_GDB"), "gdb", pid,
			       machine->kernel.dir, path, NULL };
	int ret;

	device_load_all(machine);
	snprintf(pid, sizeof(pid), "%d", machine->uml.pid);
	snprintf(path, sizeof(path), "%s/sections", machine->uml.dir);
	ret = write_sections(machine, path);
	return ret ? ret : run_command(machine, argv);
}
