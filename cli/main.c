// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * main.c - the roadtest command: a table of subcommands
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "run", cmd_run, "run tests" },
	{ "list", cmd_list, "show which tests would run" },
	{ "trace", cmd_trace, "print what happened in a test, or draw it" },
	{ "new", cmd_new, "begin a suite for a driver" },
	{ "shell", cmd_shell, "a shell in the guest of a suite" },
	{ "kernel", cmd_kernel, "build the kernel that tests run on" },
	{ "doctor", cmd_doctor, "check what this machine lacks" },
	{ "gdb", cmd_gdb, NULL },	/* for run --gdb */
	{ "worker", cmd_worker, NULL },	/* for --launcher, not for people */
};

#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("Usage: roadtest COMMAND [ARGUMENT]...\n"
	      "Test Linux drivers without their hardware.\n\n", out);
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		if (commands[i].summary)
			fprintf(out, "  %-10s%s\n", commands[i].name,
				commands[i].summary);
	fputs("\n\"roadtest COMMAND --help\" says more.\n", out);
}

/* Else the next file that is opened would be standard output, or the like. */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

/* What was not printed was not said: that is no success. */
static int end(int rc)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return rc;
	if (errno)
		cli_error("can't write to standard output: %m");
	else
		cli_error("can't write to standard output");
	return rc ? rc : CLI_NOT_RUN;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") ||
	       !strcmp(word, "help");
}

static int run_command(const struct command *command, int argc, char **argv)
{
	char title[32];		/* getopt's messages begin with it */

	snprintf(title, sizeof(title), "roadtest %s", command->name);
	argv[0] = title;
	if (argc > 1 && !strcmp(argv[1], "-h"))
		argv[1] = "--help";
	return command->run(argc, argv);
}

static int no_command(const char *name)
{
	struct strings names = { 0 };

	for (size_t i = 0; i < NUM_COMMANDS; i++)
		if (commands[i].summary)
			strings_add(&names, text("%s", commands[i].name));
	cli_error("there is no command \"%s\"", name);
	near_suggest(name, &names);
	cli_remedy("see \"roadtest --help\"");
	strings_deinit(&names);
	return CLI_NOT_RUN;
}

static int dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		usage(stderr);
		return CLI_NOT_RUN;
	}
	if (!strcmp(name, "--version")) {
		puts("roadtest " ROADTEST_VERSION);
		return CLI_OK;
	}
	if (is_help(name)) {
		if (argc == 2 || strcmp(name, "help")) {
			usage(stdout);
			return CLI_OK;
		}
		/* "help run" is "run --help". */
		name = argv[1] = argv[2];
		argv[2] = "--help";
		argc = 3;
	}
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	return no_command(name);
}

int main(int argc, char **argv)
{
	open_standard();
	/* What nobody may look into is of no use to us either. */
	umask(umask(0) & ~S_IRWXU);
	return end(dispatch(argc, argv));
}
