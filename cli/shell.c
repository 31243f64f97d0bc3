// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * shell.c - `roadtest shell`: the machine of a suite, with a shell in its guest
 *
 * Python's part of it is python/roadtest/shell.py, which takes our place: the
 * terminal is its own, and so are the signals.
 */
#include "run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
"Usage: roadtest shell [OPTION]... FILE[::CLASS]\n"
"Boot the machine of a suite, with its models attached and its drivers bound, and\n"
"give a shell (busybox) in the guest, in the directory of the first device.\n"
"\n"
"FILE is a file of tests in Python; without CLASS it is its first class that has\n"
"a device. If standard input is no terminal, its commands are run. Ctrl-D ends the\n"
"shell, and with it the machine. Ctrl-] goes to a Python prompt on the host's side\n"
"with self, dev, chip, board, clock and guest, as a test has them.\n"
"\n"
"At the prompt the clock stands still. While a command runs, virtual time follows\n"
"the wall clock.\n"
"\n"
"  --fast            while a command runs, time goes as fast as it can\n"
"  --python          begin at the Python prompt\n"
"  --kernel DIR|IMAGE\n"
"                    kernel to use; default: ROADTEST_KERNEL, else one from\n"
"                    the cache that has what the suite needs, built if need be\n"
"  --source DIR|PACKAGE, --flavour NAME, --config FILE\n"
"                    which one, see \"roadtest kernel --help\"\n"
"  --help            this text\n"
"\n"
"Exit status: 0, or that of the guest's shell; 1 the machine ended, or a model or\n"
"the kernel complained when it was taken down; 2 there is nothing to show; 125 the\n"
"kernel does not build.\n";

enum { OPT_FAST = 1, OPT_PYTHON, OPT_KERNEL, OPT_SOURCE, OPT_FLAVOUR,
       OPT_CONFIG, OPT_HELP };

static const struct option options[] = {
	{ "fast", no_argument, NULL, OPT_FAST },
	{ "python", no_argument, NULL, OPT_PYTHON },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "flavour", required_argument, NULL, OPT_FLAVOUR },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct shell {
	struct programs programs;
	struct kernel_request request;
	const char *argument, *kernel;
	bool fast, python;
};

/* Return: an exit status, -1 to go on. */
static int parse_option(struct shell *shell, int opt)
{
	switch (opt) {
	case OPT_FAST:
		shell->fast = true;
		break;
	case OPT_PYTHON:
		shell->python = true;
		break;
	case OPT_KERNEL:
		shell->kernel = optarg;
		break;
	case OPT_SOURCE:
		shell->request.source = optarg;
		break;
	case OPT_FLAVOUR:
		shell->request.flavour = optarg;
		break;
	case OPT_CONFIG:
		strings_add(&shell->request.extra, text("%s", optarg));
		break;
	case OPT_HELP:
		fputs(help, stdout);
		return CLI_OK;
	default:
		cli_remedy("see \"roadtest shell --help\"");
		return CLI_NOT_RUN;
	}
	return -1;
}

/* One file of Python. */
static bool check_program(const struct shell *shell)
{
	const struct programs *programs = &shell->programs;

	if (programs->num != 1) {
		cli_error("%s has %zu files of tests; the shell is for one",
			  shell->argument, programs->num);
		for (size_t i = 0; i < programs->num; i++)
			if (programs->items[i]->python)
				cli_remedy("roadtest shell %s",
					   programs->items[i]->path);
		return false;
	}
	if (programs->items[0]->python)
		return true;
	cli_error("%s is a program: its tests make their machines themselves, so that there is none to give a shell in",
		  programs->items[0]->path);
	cli_remedy("write a class in Python with the chip's Device, or stop the test in its kernel: roadtest run --gdb");
	return false;
}

static int parse(struct shell *shell, int argc, char **argv)
{
	int opt, rc;
	char *path;
	bool ok;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		rc = parse_option(shell, opt);
		if (rc >= 0)
			return rc;
	}
	if (argc != optind + 1) {
		cli_error("which suite? roadtest shell FILE[::CLASS]");
		cli_remedy("see \"roadtest shell --help\"");
		return CLI_NOT_RUN;
	}
	shell->argument = argv[optind];
	path = text("%s", shell->argument);
	if (strstr(path, "::"))
		*strstr(path, "::") = '\0';
	ok = programs_add(&shell->programs, shell->argument) &&
	     check_program(shell) &&
	     kernel_add_suite(&shell->request,
			      shell->programs.items[0]->path);
	free(path);
	return ok ? -1 : CLI_NOT_RUN;
}

/* Return: CLI_OK and *@kernel, or an exit status after a message. */
static int find_kernel(struct shell *shell, char **kernel)
{
	const char *given = shell->kernel ? shell->kernel :
					    getenv("ROADTEST_KERNEL");

	if (given && *given) {
		*kernel = use_given_kernel(given, shell->kernel ?
					   "--kernel" : "ROADTEST_KERNEL");
		return *kernel ? CLI_OK : CLI_NOT_RUN;
	}
	shell->request.set_default = true;
	return kernel_get(&shell->request, kernel);
}

/* Only returns when that fails. */
static void become_python(const struct shell *shell, const char *kernel)
{
	const struct program *program = shell->programs.items[0];
	const char *part = strstr(shell->argument, "::");
	char *what = text("%s%s", program->path, part ? part : "");
	char *argv[] = { PYTHON, "-m", "roadtest.shell", what,
			 shell->python ? "--python" : NULL, NULL, NULL };

	if (shell->fast)
		argv[shell->python ? 5 : 4] = "--fast";
	use_package();
	setenv("ROADTEST_KERNEL", kernel, true);
	kernel_hold(kernel, true);
	fflush(NULL);
	signals_release();
	execv(PYTHON, argv);
	cli_error("can't run " PYTHON ": %m");
	free(what);
}

int cmd_shell(int argc, char **argv)
{
	struct shell shell = { 0 };
	char *kernel = NULL;
	int rc;

	signals_catch();
	rc = parse(&shell, argc, argv);
	if (rc < 0) {
		rc = find_kernel(&shell, &kernel);
		if (rc == CLI_OK) {
			become_python(&shell, kernel);
			rc = CLI_NOT_RUN;
		}
	}
	free(kernel);
	programs_deinit(&shell.programs);
	kernel_request_deinit(&shell.request);
	return rc;
}
