// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * list.c - `roadtest list`: which tests `roadtest run` would run
 *
 * That is a run with --list; here stand the options that make sense for it.
 */
#include "run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"Usage: roadtest list [OPTION]... [PATH]...\n"
"Print the ids of the tests that \"roadtest run\" would run, one a line, and run\n"
"none. PATH as for \"roadtest run\". No kernel is needed.\n"
"\n"
"  --filter ID       only this test; may be repeated\n"
"  --skip ID         leave this test out; may be repeated\n"
"  --mark NAME       only tests with this mark; repeated: with one of these\n"
"  -k EXPRESSION     only tests in whose id or file's name the words occur:\n"
"                    -k \"light and not (events or nak)\"\n"
"  --failed          only tests that failed in their last run, or did not run\n"
"  --shard K/N       cut the tests into N parts, and list the Kth\n"
"  --help            this text\n"
"\n"
"Exit status: 0 there are tests; 2 there are none, or a wrong path, id or option;\n"
"3 some programs can't say which tests they have, or have some that can't be run.\n";

static const struct option options[] = {
	{ "filter", required_argument, NULL, 'f' },
	{ "skip", required_argument, NULL, 's' },
	{ "mark", required_argument, NULL, 'm' },
	{ "failed", no_argument, NULL, 'l' },
	{ "shard", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

int cmd_list(int argc, char **argv)
{
	char **run = xcalloc(argc + 2, sizeof(*run));
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "k:", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			rc = CLI_OK;
			goto out;
		}
		if (opt == '?') {
			cli_remedy("see \"roadtest list --help\"");
			rc = CLI_NOT_RUN;
			goto out;
		}
	}
	run[0] = argv[0];
	run[1] = "--list";
	memcpy(run + 2, argv + 1, (argc - 1) * sizeof(*run));
	optind = 0;	/* from the beginning again */
	rc = cmd_run(argc + 1, run);
out:
	free(run);
	return rc;
}
