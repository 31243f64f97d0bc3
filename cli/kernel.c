// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kernel.c - `roadtest kernel`: build the kernel that tests run on
 */
#include "cli.h"

#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"Usage: roadtest kernel [OPTION]... [SUITE]...\n"
"       roadtest kernel list\n"
"       roadtest kernel remove NAME...\n"
"       roadtest kernel objects DIR\n"
"Build a User Mode Linux kernel with what the suites ask for, if the cache has\n"
"none yet. Prints nothing but the path of the result.\n"
"\n"
"SUITE is a directory or a file of tests; the files named `config` in and\n"
"below it, or beside it, are added to the kernel's configuration, and those of\n"
"the directories above, as far as each has one.\n"
"\n"
"  --source DIR|PACKAGE  a kernel tree, a tarball, or a package that is under\n"
"                        /usr/src; default: $ROADTEST_KERNEL_SOURCE, else\n"
"                        linux-source-6.12. It is never written to.\n"
"  --flavour NAME        fast (default): no checkers; check: KASAN, UBSAN,\n"
"                        lockdep and others; coverage: fast, with gcov\n"
"  --config FILE         one more fragment of options; may be repeated\n"
"  --jobs N              build with N jobs; default: one for each processor\n"
"  --force               build even if the cache has it\n"
"  --print               print the path if it is there; else fail, and build\n"
"                        nothing\n"
"  --no-default          leave the kernel alone that tests take by themselves\n"
"  --help                this text\n"
"\n"
"list shows the kernels in the cache, the default with a star, and what else is\n"
"kept there; remove removes those with these names. objects prints the build\n"
"directory that the kernel DIR came from, and builds it again if it is gone.\n"
"\n"
"An option that did not take effect is an error, with what it depends on.\n"
"\n"
"Environment: ROADTEST_CACHE (default ~/.cache/roadtest), CC.\n"
"Exit status: 0; 2 wrong use, or no source; 125 the kernel does not build.\n";

enum { OPT_SOURCE = 1, OPT_FLAVOUR, OPT_CONFIG, OPT_JOBS, OPT_FORCE,
       OPT_PRINT, OPT_NO_DEFAULT, OPT_HELP };

static const struct option long_options[] = {
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "flavour", required_argument, NULL, OPT_FLAVOUR },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "jobs", required_argument, NULL, OPT_JOBS },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "print", no_argument, NULL, OPT_PRINT },
	{ "no-default", no_argument, NULL, OPT_NO_DEFAULT },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool parse_number(const char *arg, unsigned int *out)
{
	char *end;
	unsigned long value = strtoul(arg, &end, 10);

	if (end == arg || *end || *arg == '-' || !value || value > 1024) {
		cli_error("--jobs needs a number from 1 to 1024");
		return false;
	}
	*out = value;
	return true;
}

/* Return: an exit status, -1 to go on. */
static int parse(struct kernel_request *request, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_SOURCE:
			request->source = optarg;
			break;
		case OPT_FLAVOUR:
			request->flavour = optarg;
			break;
		case OPT_CONFIG:
			strings_add(&request->extra, text("%s", optarg));
			break;
		case OPT_JOBS:
			if (!parse_number(optarg, &request->jobs))
				return CLI_NOT_RUN;
			break;
		case OPT_FORCE:
			request->force = true;
			break;
		case OPT_PRINT:
			request->find_only = true;
			break;
		case OPT_NO_DEFAULT:
			request->set_default = false;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return CLI_OK;
		default:
			cli_remedy("see \"roadtest kernel --help\"");
			return CLI_NOT_RUN;
		}
	}
	for (; optind < argc; optind++)
		if (!kernel_add_suite(request, argv[optind]))
			return CLI_NOT_RUN;
	return -1;
}

/* `roadtest kernel list`, `remove` and `objects`. */
static int manage(int argc, char **argv)
{
	static const struct option none[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	bool list = !strcmp(argv[0], "list");
	bool objects = !strcmp(argv[0], "objects");
	int opt = getopt_long(argc, argv, "", none, NULL);

	if (opt == OPT_HELP) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (opt == -1 && list && optind < argc)
		cli_error("list takes no argument");
	if (opt == -1 && objects && optind + 1 != argc)
		cli_error("objects takes the directory of one kernel");
	if (opt != -1 || (list && optind < argc) ||
	    (objects && optind + 1 != argc)) {
		cli_remedy("see \"roadtest kernel --help\"");
		return CLI_NOT_RUN;
	}
	signals_catch();
	if (objects)
		return kernel_objects(argv[optind]);
	return list ? kernel_list() : kernel_remove(argv + optind);
}

int cmd_kernel(int argc, char **argv)
{
	struct kernel_request request = { .set_default = true };
	char *bundle = NULL;
	int rc;

	/* A suite of that name is ./list. */
	if (argc > 1 && (!strcmp(argv[1], "list") ||
			 !strcmp(argv[1], "remove") ||
			 !strcmp(argv[1], "objects")))
		return manage(argc - 1, argv + 1);
	rc = parse(&request, argc, argv);

	if (rc < 0) {
		signals_catch();
		request.set_default &= !request.find_only;
		rc = kernel_get(&request, &bundle);
		if (bundle)
			puts(bundle);
	}
	free(bundle);
	kernel_request_deinit(&request);
	return rc;
}
