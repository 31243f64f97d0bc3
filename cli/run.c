// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - `roadtest run`: run suites and say how they did
 */
#include "cli.h"

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
"Exit status: 0 all passed; 1 a test failed; 2 something could not be run: a\n"
"wrong path or id, no tests, no kernel; 125 the kernel does not build.\n";

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
	struct strings filter, skip, marks;
	struct kernel_request request;
	struct runner_options options;
	struct reports reports;
	struct strings launcher;
	const char *kernel, *seed;
	unsigned int jobs;	/* 0: not given */
	bool list, ktap;
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
		strings_add(&run->filter, text("%s", optarg));
		break;
	case OPT_SKIP:
		strings_add(&run->skip, text("%s", optarg));
		break;
	case OPT_MARK:
		strings_add(&run->marks, text("%s", optarg));
		break;
	case OPT_LIST:
		run->list = true;
		break;
	case OPT_KTAP:
		run->ktap = true;
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
		run->jobs = number;
		break;
	case OPT_TIMEOUT:
		if (!parse_number("--timeout", optarg, 1000000, &number))
			return CLI_NOT_RUN;
		run->options.timeout = number;
		run->options.given = true;
		break;
	case OPT_GDB:
		gdb_begin();
		run->jobs = 1;
		run->options.timeout = 0;
		run->options.given = true;
		break;
	case OPT_SEED:
		if (!parse_number("--seed", optarg, UINT64_MAX, &number))
			return CLI_NOT_RUN;
		run->seed = optarg;
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
		run->programs.items[i].launcher = &run->launcher;
	return -1;
}

/* ------------------------------------------------------------------------
 * Which tests
 */

/* Keep of @ids what the selection and the options name. */
static void select_ids(struct run *run, struct program *program,
		       const struct strings *ids, struct strings *known)
{
	for (size_t i = 0; i < ids->num; i++) {
		const char *id = ids->items[i];

		if (!program_selects(program, id))
			continue;
		strings_add(known, text("%s", id));
		if (strings_have(&run->skip, id) ||
		    (run->filter.num && !strings_have(&run->filter, id)))
			continue;
		strings_add(&program->filter, text("%s", id));
		strings_add(&program->ids, text("%s", id));
	}
}

static bool check_known(const struct strings *wanted,
			const struct strings *known)
{
	bool ok = true;

	for (size_t i = 0; i < wanted->num; i++) {
		if (strings_have(known, wanted->items[i]))
			continue;
		cli_error("there is no test \"%s\"; --list shows all",
			  wanted->items[i]);
		ok = false;
	}
	return ok;
}

/* Turn selections and options into exact filters, by asking each program for
 * its tests. */
static bool select_tests(struct run *run)
{
	struct strings known = { 0 };
	bool ok = true;

	for (size_t i = 0; i < run->programs.num && ok; i++) {
		struct program *program = &run->programs.items[i];
		struct strings ids = { 0 };
		size_t before = known.num;

		ok = program_list(program, &ids);
		if (ok)
			select_ids(run, program, &ids, &known);
		if (ok && program->select.num && known.num == before) {
			cli_error("%s has no test \"%s\"; --list shows all",
				  program->path, program->select.items[0]);
			ok = false;
		}
		strings_deinit(&ids);
	}
	ok = ok && check_known(&run->filter, &known) &&
	     check_known(&run->skip, &known);
	strings_deinit(&known);
	return ok;
}

static int list_tests(struct run *run)
{
	size_t count = 0;

	if (!select_tests(run))
		return CLI_NOT_RUN;
	for (size_t i = 0; i < run->programs.num; i++) {
		const struct strings *ids = &run->programs.items[i].filter;

		for (size_t n = 0; n < ids->num; n++, count++)
			puts(ids->items[n]);
	}
	if (!count)
		cli_error(run->marks.num ? "no test has the mark" : "no tests");
	return count ? CLI_OK : CLI_NOT_RUN;
}

/* ------------------------------------------------------------------------
 * The kernel, and the run
 */

/* A kernel that is there already. */
static char *given_kernel(const char *given)
{
	char *path = realpath(given, NULL), *image;

	image = text("%s/linux", path ? path : given);
	if (!path || access(image, X_OK)) {
		cli_error("%s: there is no kernel in it", given);
		cli_remedy("give a directory that \"roadtest kernel\" printed");
		free(path);
		path = NULL;
	}
	free(image);
	return path;
}

/* @kernel: its directory, NULL if all suites are refused. Return: CLI_OK, or
 * an exit status after a message. */
static int find_kernel(struct run *run, char **kernel)
{
	const char *given = run->kernel ? run->kernel :
					  getenv("ROADTEST_KERNEL");
	int rc;

	if (given && *given) {
		*kernel = given_kernel(given);
		return *kernel ? CLI_OK : CLI_NOT_RUN;
	}
	run->request.set_default = run->request.may_refuse = true;
	for (size_t i = 0; i < run->programs.num; i++)
		run->request.bare |= !kernel_has_suite(&run->request,
						run->programs.items[i].path);
	rc = kernel_get(&run->request, kernel);
	for (size_t i = 0; i < run->programs.num; i++)
		run->programs.items[i].refused =
			kernel_refused(&run->request,
				       run->programs.items[i].path);
	return rc;
}

/* For every program that is started from now on. */
static void set_environment(void)
{
	char *python = path_python();

	setenv("PYTHONPATH", python, true);
	if (path_build_dir())
		setenv("ROADTEST_BUILD", path_build_dir(), true);
	free(python);
}

/* As many as there are processors; more makes no sense, a guest waits for
 * nothing. One part of a file of Python is run without asking it for its
 * tests first: that would cost another start of Python. */
static unsigned int job_count(const struct run *run)
{
	const struct program *first = &run->programs.items[0];
	cpu_set_t set;

	if (run->jobs)
		return run->jobs;
	if (run->programs.num == 1 && first->python && first->select.num == 1 &&
	    !first->ids.num)
		return 1;
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set);
}

static int run_programs(struct run *run, const char *kernel)
{
	struct report report;
	int rc;

	if (kernel)
		setenv("ROADTEST_KERNEL", kernel, true);
	if (run->seed)
		setenv("ROADTEST_SEED", run->seed, true);
	run->reports.kernel = kernel;
	run->reports.seed = run->seed;
	if (!reports_begin(&run->reports))
		return CLI_NOT_RUN;
	report_begin(&report, run->ktap, &run->programs);
	if (reports_wanted(&run->reports))
		report.reports = &run->reports;
	schedule_run(&report, &run->programs, &run->options,
		     job_count(run));
	if (run->marks.num && !report_tests(&report) && !report.not_run) {
		cli_error("no test has the mark");
		report.not_run = true;
	}
	rc = report_end(&report);
	return reports_end(report.reports, &report, false) ? rc : CLI_NOT_RUN;
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

/* Programs in which nothing is left to run; an error if that is all. */
static bool drop_empty(struct run *run)
{
	struct programs *programs = &run->programs;
	size_t kept = 0;

	for (size_t i = 0; i < programs->num; i++) {
		struct program *program = &programs->items[i];

		if (program->filter.num)
			programs->items[kept++] = *program;
		else
			program_deinit(program);
	}
	programs->num = kept;
	if (!kept)
		cli_error("no tests to run");
	return kept;
}

int cmd_run(int argc, char **argv)
{
	struct run run = { .options.timeout = DEFAULT_TIMEOUT };
	char *kernel = NULL;
	int rc;

	signals_catch();
	set_environment();
	rc = parse(&run, argc, argv);
	if (rc < 0 && !apply_marks(&run))
		rc = CLI_NOT_RUN;
	if (rc < 0 && run.list) {
		rc = list_tests(&run);
	} else if (rc < 0) {
		bool chosen = run.filter.num || run.skip.num;

		/* Python's runner knows parts of files itself: asking it for
		 * its tests first would cost another start of Python. */
		for (size_t i = 0; i < run.programs.num; i++)
			chosen |= run.programs.items[i].select.num &&
				  !run.programs.items[i].python;
		rc = CLI_NOT_RUN;
		if (!chosen || (select_tests(&run) && drop_empty(&run)))
			rc = find_kernel(&run, &kernel);
		if (!rc)
			rc = run_programs(&run, kernel);
	}
	free(kernel);
	programs_deinit(&run.programs);
	strings_deinit(&run.filter);
	strings_deinit(&run.skip);
	strings_deinit(&run.marks);
	kernel_request_deinit(&run.request);
	strings_deinit(&run.launcher);
	return rc;
}
