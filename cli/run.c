// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - `roadtest run`: run suites and say how they did
 */
#include "run.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 120
#define MAX_JOBS 1024

static const char help[] =
"Usage: roadtest run [OPTION]... [PATH]...\n"
"Run tests. PATH is a directory, which is searched for test_*.py, test-*.c and\n"
"executables test-*; a file; or a part of a file: FILE::CLASS, or\n"
"FILE::CLASS::TEST. Default: the current directory. A kernel with what the\n"
"suites' `config` files ask for is built if the cache has none; suites whose\n"
"options it can't have are skipped.\n"
"\n"
"  --filter ID       run only this test; may be repeated\n"
"  --skip ID         leave this test out; may be repeated\n"
"  --mark NAME       run only tests with this mark (Python's roadtest.mark);\n"
"                    repeated: with one of these\n"
"  --list            print the ids of the tests, run none\n"
"  --ktap            print KTAP instead of text\n"
"  --junit FILE      write the results as JUnit XML, too\n"
"  --json FILE       write the results as JSON\n"
"  --html FILE       write them as one HTML page, with timelines of failures\n"
"  --trace[=DIR]     keep the timeline of each test for \"roadtest trace\"; so\n"
"                    do --json and --html; in DIR for its --from\n"
"  -j, --jobs N      run N parts of the tests at once; default: one for each\n"
"                    processor. Results come in the same order.\n"
"  --launcher COMMAND\n"
"                    have test programs started by this one, which may do so on\n"
"                    another machine: \"ssh host\", \"srun -n1\"\n"
"  --timeout SECONDS wall time for one test, default 120; 0: none. Time in a\n"
"                    debugger does not count.\n"
"  --gdb             wait for gdb before the test, and say how to start it; name\n"
"                    one test\n"
"  --seed N          vary what a seed may vary: random numbers, the start\n"
"                    time, free addresses and pins\n"
"  --kernel DIR      run on this kernel, made by \"roadtest kernel\"; default:\n"
"                    $ROADTEST_KERNEL, else one from the cache\n"
"  --source DIR|PACKAGE, --flavour NAME, --config FILE\n"
"                    which one, see \"roadtest kernel --help\"\n"
"  --help            this text\n"
"\n"
"Exit status: 0 all passed; 1 a test failed; 2 nothing could be run (a wrong path\n"
"or id, no tests, no kernel); 3 some tests did not run; 4 all were skipped; 125 the\n"
"kernel does not build.\n";

enum { OPT_FILTER = 1, OPT_SKIP, OPT_MARK, OPT_LIST, OPT_KTAP, OPT_TIMEOUT,
       OPT_JUNIT, OPT_JSON, OPT_HTML, OPT_TRACE,
       OPT_SEED, OPT_KERNEL, OPT_SOURCE, OPT_FLAVOUR, OPT_CONFIG, OPT_LAUNCHER,
       OPT_GDB, OPT_HELP };

static const struct option options[] = {
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "skip", required_argument, NULL, OPT_SKIP },
	{ "mark", required_argument, NULL, OPT_MARK },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "ktap", no_argument, NULL, OPT_KTAP },
	{ "junit", required_argument, NULL, OPT_JUNIT },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "html", required_argument, NULL, OPT_HTML },
	{ "trace", optional_argument, NULL, OPT_TRACE },
	{ "jobs", required_argument, NULL, 'j' },
	{ "launcher", required_argument, NULL, OPT_LAUNCHER },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "gdb", no_argument, NULL, OPT_GDB },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "flavour", required_argument, NULL, OPT_FLAVOUR },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct run {
	struct programs programs;
	struct selection selection;
	struct strings marks;
	struct kernel_request request;
	struct report report;
	struct report_options show;
	struct schedule_options options;
	struct schedule *schedule;
	struct reports reports;
	struct strings launcher;
	const char *kernel, *seed;
	bool list;
};

static bool parse_number(const char *name, const char *arg, uint64_t max,
			 uint64_t *out)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 0);
	if (errno || end == arg || *end || *arg == '-' || value > max) {
		cli_error("%s needs a number, not \"%s\"", name, arg);
		return false;
	}
	*out = value;
	return true;
}

/* Return: an exit status, -1 to go on. */
static int parse_option(struct run *run, int opt)
{
	uint64_t number;

	switch (opt) {
	case OPT_FILTER:
		strings_add(&run->selection.filter, text("%s", optarg));
		break;
	case OPT_SKIP:
		strings_add(&run->selection.skip, text("%s", optarg));
		break;
	case OPT_MARK:
		strings_add(&run->marks, text("%s", optarg));
		break;
	case OPT_LIST:
		run->list = true;
		break;
	case OPT_KTAP:
		run->show.ktap = true;
		break;
	case OPT_JUNIT:
		run->reports.paths[REPORT_JUNIT] = optarg;
		break;
	case OPT_JSON:
		run->reports.paths[REPORT_JSON] = optarg;
		break;
	case OPT_HTML:
		run->reports.paths[REPORT_HTML] = optarg;
		break;
	case OPT_TRACE:
		run->reports.trace = true;
		run->reports.trace_dir = optarg;
		break;
	case 'j':
		if (!parse_number("--jobs", optarg, MAX_JOBS, &number) ||
		    !number) {
			cli_remedy("--jobs takes 1 to %d", MAX_JOBS);
			return CLI_NOT_RUN;
		}
		run->options.units.jobs = number;
		break;
	case OPT_TIMEOUT:
		if (!parse_number("--timeout", optarg, 1000000, &number))
			return CLI_NOT_RUN;
		run->options.runner.timeout = number;
		run->options.runner.given = true;
		break;
	case OPT_GDB:
		gdb_begin();
		run->options.units.jobs = 1;
		run->options.runner.timeout = 0;
		run->options.runner.given = true;
		break;
	case OPT_SEED:
		if (!parse_number("--seed", optarg, UINT64_MAX, &number))
			return CLI_NOT_RUN;
		run->seed = optarg;
		run->options.seed = number;
		run->options.seeded = true;
		break;
	case OPT_KERNEL:
		run->kernel = optarg;
		break;
	case OPT_SOURCE:
		run->request.source = optarg;
		break;
	case OPT_FLAVOUR:
		run->request.flavour = optarg;
		break;
	case OPT_CONFIG:
		strings_add(&run->request.extra, text("%s", optarg));
		break;
	case OPT_LAUNCHER:
		strings_deinit(&run->launcher);
		if (!launcher_parse(&run->launcher, optarg))
			return CLI_NOT_RUN;
		break;
	case OPT_HELP:
		fputs(help, stdout);
		return CLI_OK;
	default:
		cli_remedy("see \"roadtest run --help\"");
		return CLI_NOT_RUN;
	}
	return -1;
}

static bool add_path(struct run *run, const char *argument)
{
	char *path = text("%.*s", (int)(strstr(argument, "::") ?
			  strstr(argument, "::") - argument :
			  (long)strlen(argument)), argument);
	bool ok = programs_add(&run->programs, argument) &&
		  kernel_add_suite(&run->request, path);

	free(path);
	return ok;
}

static int parse(struct run *run, int argc, char **argv)
{
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "j:", options, NULL)) != -1) {
		rc = parse_option(run, opt);
		if (rc >= 0)
			return rc;
	}
	if (optind == argc && !add_path(run, "."))
		return CLI_NOT_RUN;
	for (; optind < argc; optind++)
		if (!add_path(run, argv[optind]))
			return CLI_NOT_RUN;
	for (size_t i = 0; run->launcher.num && i < run->programs.num; i++)
		run->programs.items[i]->launcher = &run->launcher;
	return -1;
}

/* ------------------------------------------------------------------------
 * The kernel, and the run
 */

/* @kernel: its directory, NULL if all suites are refused. Return: CLI_OK, or
 * an exit status after a message. */
static int find_kernel(struct run *run, char **kernel)
{
	const char *given = run->kernel ? run->kernel :
					  getenv("ROADTEST_KERNEL");
	int rc;

	if (given && *given) {
		*kernel = use_given_kernel(given);
		return *kernel ? CLI_OK : CLI_NOT_RUN;
	}
	run->request.set_default = run->request.may_refuse = true;
	for (size_t i = 0; i < run->programs.num; i++)
		run->request.bare |= !kernel_has_suite(&run->request,
						run->programs.items[i]->path);
	rc = kernel_get(&run->request, kernel);
	for (size_t i = 0; i < run->programs.num; i++)
		run->programs.items[i]->refused =
			kernel_refused(&run->request,
				       run->programs.items[i]->path);
	return rc;
}

/* As many as there are processors; more makes no sense, a guest waits for
 * nothing. */
static unsigned int job_count(const struct run *run)
{
	cpu_set_t set;

	if (run->options.units.jobs)
		return run->options.units.jobs;
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set);
}

/* A part of a file of Python can be run without asking it for its tests first:
 * that would cost another start of Python. So can the only one, if there is
 * nothing to share out. */
static bool may_go_unlisted(const struct run *run)
{
	const struct program *first = run->programs.items[0];
	const struct selection *selection = &run->selection;

	return run->programs.num == 1 && first->python &&
	       (first->select.num || run->options.units.jobs == 1) &&
	       !selection->filter.num && !selection->skip.num && !run->list &&
	       !run->options.units.shuffle && !run->show.retries &&
	       run->options.units.isolate == ISOLATE_NONE &&
	       run->show.rounds == 1;
}

/* Ask the programs for their tests, and choose. */
static bool find_tests(struct run *run)
{
	schedule_list(run->schedule);
	run->selection.marked = run->marks.num;
	return select_tests(&run->programs, &run->selection);
}

static int list_tests(struct run *run)
{
	const struct programs *programs = &run->programs;
	bool unlisted = false, listed = false;

	for (size_t i = 0; i < programs->num; i++) {
		const struct program *program = programs->items[i];

		for (size_t n = 0; n < program->ids.num; n++, listed = true)
			puts(program->ids.items[n]);
		for (size_t n = 0; n < program->errors.num; n++)
			cli_error("%s: %s", program->path,
				  program->errors.items[n]);
		unlisted |= program->unlisted;
	}
	if (unlisted)
		return listed ? CLI_SOME_NOT_RUN : CLI_NOT_RUN;
	return CLI_OK;
}

static int run_programs(struct run *run, const char *kernel)
{
	struct report *report = &run->report;
	int rc;

	if (kernel)
		setenv("ROADTEST_KERNEL", kernel, true);
	run->reports.kernel = kernel;
	run->reports.seed = run->seed;
	if (!reports_begin(&run->reports))
		return CLI_NOT_RUN;
	if (reports_wanted(&run->reports))
		report->reports = &run->reports;
	report_begin(report);
	schedule_run(run->schedule);
	if (run->marks.num && !report_tests(report) && !report->unlisted) {
		cli_error("no test has the mark");
		report->unlisted = true;
	}
	rc = report_end(report);
	return reports_end(report->reports, report, false) ? rc : CLI_NOT_RUN;
}

/* Leave out what can't have a marked test; an error if that is all. */
static bool apply_marks(struct run *run)
{
	if (!run->marks.num)
		return true;
	programs_mark(&run->programs, &run->marks);
	if (!run->programs.num)
		cli_error("no test has the mark \"%s\"", run->marks.items[0]);
	return run->programs.num;
}

static int run_all(struct run *run)
{
	char *kernel = NULL;
	int rc;

	if (!apply_marks(run))
		return CLI_NOT_RUN;
	run->options.units.jobs = job_count(run);
	if (may_go_unlisted(run))
		run->options.units.jobs = 1;
	report_init(&run->report, &run->show, &run->programs);
	run->schedule = schedule_create(&run->report, &run->options);
	if (!may_go_unlisted(run) && !find_tests(run))
		return CLI_NOT_RUN;
	if (run->list)
		return list_tests(run);
	rc = find_kernel(run, &kernel);
	/* What can't run is reported test by test. */
	if (!rc && run->programs.items[0]->refused && may_go_unlisted(run) &&
	    !find_tests(run))
		rc = CLI_NOT_RUN;
	if (!rc)
		rc = run_programs(run, kernel);
	free(kernel);
	return rc;
}

static void run_deinit(struct run *run)
{
	if (run->schedule)
		schedule_destroy(run->schedule);
	report_deinit(&run->report);
	programs_deinit(&run->programs);
	strings_deinit(&run->selection.filter);
	strings_deinit(&run->selection.skip);
	strings_deinit(&run->marks);
	kernel_request_deinit(&run->request);
	strings_deinit(&run->launcher);
}

int cmd_run(int argc, char **argv)
{
	struct run run = {
		.options.runner.timeout = DEFAULT_TIMEOUT,
		.show.rounds = 1,
	};
	int rc;

	signals_catch();
	use_package();
	rc = parse(&run, argc, argv);
	if (rc < 0)
		rc = run_all(&run);
	run_deinit(&run);
	return rc;
}
