// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - `roadtest trace`: what happened in a test, on one axis of time
 *
 * The tests of the last run that kept its journals, or of a run that is made
 * for it.
 */
#include "reports.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
"Usage: roadtest trace [OPTION]... [ID|PATH]...\n"
"Print what happened in tests, on one axis of virtual time: steps of the test,\n"
"guest calls, transfers and registers, lines, interrupts, timers, messages of\n"
"the kernel. ID is a test of the last run with --trace, --json or --html, or a\n"
"part of its id; the default is all that failed there. PATH is what \"roadtest\n"
"run\" takes (a file, FILE::CLASS, FILE::CLASS::TEST): it is run first.\n"
"\n"
"  --from DIR   look at the run that had --trace=DIR\n"
"  --vcd FILE   write bus, lines and interrupts of one test for a waveform\n"
"               viewer, instead of the text; -: to standard output\n"
"  --jsonl      print the records as JSON Lines\n"
"  --boot       with what the kernel says while it boots\n"
"  --list       print the tests that can be asked for\n"
"  --help       this text\n"
"\n"
"Exit status: 0; 2 there is nothing to print, or it could not be run. How the\n"
"tests did, a run says on standard error.\n";

enum { OPT_FROM = 1, OPT_VCD, OPT_JSONL, OPT_BOOT, OPT_LIST, OPT_HELP };

static const struct option options[] = {
	{ "from", required_argument, NULL, OPT_FROM },
	{ "vcd", required_argument, NULL, OPT_VCD },
	{ "jsonl", no_argument, NULL, OPT_JSONL },
	{ "boot", no_argument, NULL, OPT_BOOT },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct trace_command {
	struct strings paths, ids;
	const char *vcd, *from;
	bool jsonl, boot, list;
	char *dir;			/* journals */
	json_t *index;
};

/* ------------------------------------------------------------------------
 * Which tests
 */

/* "FILE::CLASS" stands for FILE. */
static bool is_path(const char *argument)
{
	const char *colons = strstr(argument, "::");
	char *path = text("%.*s", colons ? (int)(colons - argument) : INT_MAX,
			  argument);
	bool is = file_exists(path);

	free(path);
	return is;
}

static void run_argv(const struct strings *paths, const char *dir,
		     struct strings *argv)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	strings_add(argv, text("%.*s", len < 0 ? 0 : (int)len, exe));
	strings_add(argv, text("run"));
	strings_add(argv, text("--trace=%s", dir));
	for (size_t i = 0; i < paths->num; i++)
		strings_add(argv, text("%s", paths->items[i]));
}

/* Run them, with all that a run says on standard error. Return: where the
 * journals are; NULL when nothing ran. */
static char *run_paths(const struct strings *paths)
{
	struct process_options to_err = { .out_fd = STDERR_FILENO };
	const char *tmp = getenv("TMPDIR");
	char *dir = text("%s/roadtest-trace-XXXXXX", tmp && *tmp ? tmp :
								   "/tmp");
	struct strings argv = { 0 };
	struct process process;
	char *index;

	if (!mkdtemp(dir)) {
		cli_error("can't make %s: %m", dir);
		free(dir);
		return NULL;
	}
	run_argv(paths, dir, &argv);
	if (process_start(&process, argv.items, &to_err))
		process_wait(&process);
	strings_deinit(&argv);
	index = run_index_path(dir);
	if (process.interrupted || !file_exists(index)) {
		remove_tree(dir);
		free(dir);
		dir = NULL;
	}
	free(index);
	if (process.interrupted)
		signals_raise(process.interrupted);
	return dir;
}

static bool did_fail(const json_t *test)
{
	const char *outcome = record_text(test, "outcome");

	return !strcmp(outcome, "failed") || !strcmp(outcome, "not run");
}

static bool is_wanted(const struct trace_command *command, const json_t *test)
{
	const struct strings *ids = &command->ids;

	for (size_t i = 0; i < ids->num; i++)
		if (strstr(record_text(test, "id"), ids->items[i]))
			return true;
	return !ids->num && (command->paths.num || did_fail(test));
}

/* An exact id keeps those that only contain it out. */
static bool exact_only(const struct trace_command *command)
{
	json_t *test;
	size_t i;

	json_array_foreach(command->index, i, test)
		if (strings_have(&command->ids, record_text(test, "id")))
			return true;
	return false;
}

static json_t *chosen_tests(const struct trace_command *command)
{
	bool exact = exact_only(command);
	json_t *chosen = json_array(), *test;
	size_t i;

	json_array_foreach(command->index, i, test)
		if (exact ? strings_have(&command->ids,
					 record_text(test, "id")) :
			    is_wanted(command, test))
			json_array_append(chosen, test);
	return chosen;
}

static void say_none(const struct trace_command *command)
{
	if (command->ids.num)
		cli_error("no test of the last run has \"%s\" in its id",
			  command->ids.items[0]);
	else
		cli_error("no test of the last run failed");
	cli_remedy("--list prints those that can be asked for");
}

/* ------------------------------------------------------------------------
 * Printing
 */

static void drop_boot(json_t *machine)
{
	json_t *records = json_object_get(machine, "records"), *record;
	size_t i, ready = 0;

	json_array_foreach(records, i, record)
		if (record_is(record, "ready"))
			ready = i;
	while (ready--)
		if (record_is(json_array_get(records, ready), "log"))
			json_array_remove(records, ready);
}

static bool print_jsonl(const json_t *machines)
{
	json_t *machine, *record;
	size_t i, n;

	json_array_foreach(machines, i, machine)
		json_array_foreach(json_object_get(machine, "records"), n,
				   record)
			if (!json_put(stdout, record) || putchar('\n') < 0)
				return false;
	return true;
}

static bool print_text(const json_t *test, const json_t *machines)
{
	size_t num = json_array_size(machines), i;

	printf("%s: %s\n", record_text(test, "id"),
	       record_text(test, "outcome"));
	for (i = 0; i < num; i++) {
		if (num > 1)
			printf("machine %zu of %zu\n", i + 1, num);
		if (!timeline_text(stdout, json_array_get(machines, i)))
			return false;
	}
	if (!num)
		puts("  it had no machine, or left no journal");
	return true;
}

static bool write_vcd(const struct trace_command *command,
		      const json_t *machines)
{
	bool to_stdout = !strcmp(command->vcd, "-");
	FILE *out = to_stdout ? stdout : fopen(command->vcd, "we");
	size_t signals = 0;
	bool ok = out && timeline_vcd(out, machines, &signals);

	if (out && !to_stdout && fclose(out))
		ok = false;
	if (!ok)
		cli_error("--vcd: can't write %s: %m", command->vcd);
	else if (!signals)
		cli_error("nothing moved on the bus or on a line");
	return ok;
}

static bool print_test(const struct trace_command *command,
		       struct timelines *timelines, const json_t *test)
{
	const char *process = json_string_value(json_object_get(test,
								"journal"));
	json_t *machines = timelines_whole(timelines, process,
					   record_text(test, "id"));
	json_t *machine;
	size_t i;
	bool ok;

	if (!command->boot)
		json_array_foreach(machines, i, machine)
			drop_boot(machine);
	if (command->vcd)
		ok = write_vcd(command, machines);
	else if (command->jsonl)
		ok = print_jsonl(machines);
	else
		ok = print_text(test, machines);
	json_decref(machines);
	return ok;
}

static int print_tests(const struct trace_command *command)
{
	struct timelines *timelines = timelines_create(command->dir);
	json_t *tests = chosen_tests(command), *test;
	int rc = CLI_OK;
	size_t i;

	if (!json_array_size(tests)) {
		say_none(command);
		rc = CLI_NOT_RUN;
	} else if (command->vcd && json_array_size(tests) > 1) {
		cli_error("--vcd takes one test, these are %zu",
			  json_array_size(tests));
		json_array_foreach(tests, i, test)
			fprintf(stderr, "  %s\n", record_text(test, "id"));
		rc = CLI_NOT_RUN;
	} else {
		json_array_foreach(tests, i, test) {
			if (i && !command->jsonl)
				putchar('\n');
			if (!print_test(command, timelines, test))
				rc = CLI_NOT_RUN;
		}
	}
	json_decref(tests);
	timelines_destroy(timelines);
	return rc;
}

static int list_tests(const struct trace_command *command)
{
	json_t *test;
	size_t i;

	json_array_foreach(command->index, i, test)
		printf("%-9s %s\n", record_text(test, "outcome"),
		       record_text(test, "id"));
	return CLI_OK;
}

/* ------------------------------------------------------------------------
 * The command
 */

/* Return: an exit status, -1 to go on. */
static int parse(struct trace_command *command, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_FROM:
			command->from = optarg;
			break;
		case OPT_VCD:
			command->vcd = optarg;
			break;
		case OPT_JSONL:
			command->jsonl = true;
			break;
		case OPT_BOOT:
			command->boot = true;
			break;
		case OPT_LIST:
			command->list = true;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return CLI_OK;
		default:
			cli_remedy("see \"roadtest trace --help\"");
			return CLI_NOT_RUN;
		}
	}
	for (; optind < argc; optind++)
		strings_add(is_path(argv[optind]) ? &command->paths :
						    &command->ids,
			    text("%s", argv[optind]));
	if (command->paths.num && command->ids.num) {
		cli_error("%s: no such file; and a test of the last run can't be asked for together with what is to be run",
			  command->ids.items[0]);
		return CLI_NOT_RUN;
	}
	if (command->paths.num && command->from) {
		cli_error("--from has been run already: %s can't be asked for together with it",
			  command->paths.items[0]);
		return CLI_NOT_RUN;
	}
	return -1;
}

int cmd_trace(int argc, char **argv)
{
	struct trace_command command = { 0 };
	int rc = parse(&command, argc, argv);

	if (rc < 0) {
		signals_catch();
		command.dir = command.paths.num ? run_paths(&command.paths) :
			      command.from ? text("%s", command.from) :
					     reports_last();
		if (!command.dir)
			rc = CLI_NOT_RUN;
	}
	if (rc < 0) {
		/* Whoever reads may stop ("| head"); what was run is to go. */
		signal(SIGPIPE, SIG_IGN);
		command.index = run_index_read(command.dir);
		if (!command.index)
			rc = CLI_NOT_RUN;
		else
			rc = command.list ? list_tests(&command) :
					    print_tests(&command);
		json_decref(command.index);
	}
	if (fflush(stdout) && rc == CLI_OK)
		rc = CLI_NOT_RUN;
	if (command.paths.num && command.dir)
		remove_tree(command.dir);
	strings_deinit(&command.paths);
	strings_deinit(&command.ids);
	free(command.dir);
	return rc;
}
