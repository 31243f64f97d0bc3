// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run-options.c - what the user of `roadtest run` wants
 */
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 120
#define MAX_JOBS 1024
#define MAX_ROUNDS 1000000
#define MAX_RETRIES 1000

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
"  -k EXPRESSION     run only tests in whose id or file's name the words occur:\n"
"                    -k \"light and not (events or nak)\"\n"
"  --failed          run only tests that failed in their last run, or did not run\n"
"  --shard K/N       cut the tests into N parts, and run the Kth\n"
"  --list            print the ids of the tests, run none\n"
"  --ktap            print KTAP instead of text\n"
"  --junit FILE      write the results as JUnit XML, too\n"
"  --json FILE       write the results as JSON\n"
"  --html FILE       write them as one HTML page, with timelines of failures\n"
"  --trace[=DIR]     keep the timeline of each test for \"roadtest trace\"; so\n"
"                    do --json and --html; in DIR for its --from\n"
"  -j, --jobs N      run N parts of the tests at once; default: one for each\n"
"                    processor. Results come in the same order.\n"
"  --repeat N        run all N times\n"
"  --until-failure   end with the first failure; without --repeat, repeat until\n"
"                    then\n"
"  --shuffle         run tests in an order that --seed says; without that, the\n"
"                    seed is drawn, and printed. Each round has the next seed.\n"
"  --isolate WHAT    give each test, or each class, a process and kernels of its\n"
"                    own: \"test\" or \"class\"\n"
"  --retry N         try a test that failed up to N times more; if it passes, it\n"
"                    is flaky, and both outcomes are shown\n"
"  --allow-flaky     a flaky test does not fail the run\n"
"  --launcher COMMAND\n"
"                    have test programs started by this one, which may do so on\n"
"                    another machine: \"ssh host\", \"srun -n1\"\n"
"  --timeout SECONDS wall time for one test, default 120; 0: none. Time in a\n"
"                    debugger does not count.\n"
"  --wall-limit SECONDS, --call-limit SECONDS\n"
"                    how long one guest call may keep the guest busy, default 30,\n"
"                    and how long it may take by the guest's own clock, default\n"
"                    100; for tests that don't say so themselves\n"
"  --message-limit N\n"
"                    I2C messages of one guest call, default 20000; likewise\n"
"  --gdb             wait for gdb before the test, and say how to start it; name\n"
"                    one test\n"
"  --seed N          vary what a seed may vary: random numbers, the start\n"
"                    time, free addresses and pins\n"
"  --kernel DIR|IMAGE\n"
"                    run on this kernel: a directory made by \"roadtest kernel\",\n"
"                    or the file of a kernel that was built otherwise; default:\n"
"                    $ROADTEST_KERNEL, else one from the cache\n"
"  --source DIR|PACKAGE, --flavour NAME, --config FILE\n"
"                    which one, see \"roadtest kernel --help\"\n"
"  --exact           each suite on a kernel with the options that it asks for, and\n"
"                    no more: does it ask for all that it needs?\n"
"  --help            this text\n"
"\n"
"Exit status: 0 all passed; 1 a test failed; 2 nothing could be run (a wrong path\n"
"or id, no tests, no kernel); 3 some tests did not run; 4 all were skipped; 125 the\n"
"kernel does not build.\n";

enum { OPT_FILTER = 1, OPT_SKIP, OPT_MARK, OPT_LIST, OPT_KTAP, OPT_TIMEOUT,
       OPT_JUNIT, OPT_JSON, OPT_HTML, OPT_TRACE,
       OPT_SEED, OPT_KERNEL, OPT_SOURCE, OPT_FLAVOUR, OPT_CONFIG, OPT_EXACT,
       OPT_LAUNCHER, OPT_WALL_LIMIT, OPT_CALL_LIMIT, OPT_MESSAGE_LIMIT, OPT_GDB,
       OPT_FAILED, OPT_SHARD, OPT_REPEAT, OPT_UNTIL_FAILURE,
       OPT_SHUFFLE, OPT_ISOLATE, OPT_RETRY, OPT_ALLOW_FLAKY, OPT_HELP };

static const struct option options[] = {
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "skip", required_argument, NULL, OPT_SKIP },
	{ "mark", required_argument, NULL, OPT_MARK },
	{ "failed", no_argument, NULL, OPT_FAILED },
	{ "shard", required_argument, NULL, OPT_SHARD },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "ktap", no_argument, NULL, OPT_KTAP },
	{ "junit", required_argument, NULL, OPT_JUNIT },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "html", required_argument, NULL, OPT_HTML },
	{ "trace", optional_argument, NULL, OPT_TRACE },
	{ "jobs", required_argument, NULL, 'j' },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "until-failure", no_argument, NULL, OPT_UNTIL_FAILURE },
	{ "shuffle", no_argument, NULL, OPT_SHUFFLE },
	{ "isolate", required_argument, NULL, OPT_ISOLATE },
	{ "retry", required_argument, NULL, OPT_RETRY },
	{ "allow-flaky", no_argument, NULL, OPT_ALLOW_FLAKY },
	{ "launcher", required_argument, NULL, OPT_LAUNCHER },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "wall-limit", required_argument, NULL, OPT_WALL_LIMIT },
	{ "call-limit", required_argument, NULL, OPT_CALL_LIMIT },
	{ "message-limit", required_argument, NULL, OPT_MESSAGE_LIMIT },
	{ "gdb", no_argument, NULL, OPT_GDB },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "flavour", required_argument, NULL, OPT_FLAVOUR },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool parse_number(const char *name, const char *arg, uint64_t max,
			 uint64_t *out)
{
	bool hex = starts_with(arg, "0x");
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, hex ? 16 : 10);
	if (errno || *end || !isdigit((unsigned char)*arg) || value > max) {
		cli_error("%s needs a number, not \"%s\"", name, arg);
		return false;
	}
	*out = value;
	return true;
}

/* A number of @min to @max; 0 after a message. */
static uint64_t parse_count(const char *name, uint64_t min, uint64_t max)
{
	uint64_t number;

	if (!parse_number(name, optarg, UINT64_MAX, &number))
		return 0;
	if (number >= min && number <= max)
		return number;
	cli_error("%s takes %llu to %llu, not %s", name,
		  (unsigned long long)min, (unsigned long long)max, optarg);
	return 0;
}

/* Digits alone, and not too many of them. */
static unsigned int shard_number(const char *digits, size_t len)
{
	if (!len || len > 6 || strspn(digits, "0123456789") < len)
		return 0;
	return strtoul(digits, NULL, 10);
}

/* "2/5" */
static bool parse_shard(struct shard *shard)
{
	size_t slash = strcspn(optarg, "/");
	const char *rest = optarg + slash + (optarg[slash] == '/');
	unsigned int index = shard_number(optarg, slash);
	unsigned int count = shard_number(rest, strlen(rest));

	if (!index || index > count) {
		cli_error("--shard needs K/N, such as 1/4, not \"%s\"", optarg);
		cli_remedy("K goes from 1 to N, and N to 999999");
		return false;
	}
	*shard = (struct shard){ .index = index - 1, .count = count };
	return true;
}

static bool parse_isolate(enum isolate *isolate)
{
	if (!strcmp(optarg, "test"))
		*isolate = ISOLATE_TEST;
	else if (!strcmp(optarg, "class"))
		*isolate = ISOLATE_CLASS;
	else
		cli_error("--isolate takes \"test\" or \"class\", not \"%s\"",
			  optarg);
	return *isolate != ISOLATE_NONE;
}

static bool parse_expression(struct selection *selection)
{
	expression_destroy(selection->expression);
	selection->expression = expression_parse(optarg);
	selection->words = optarg;
	return selection->expression;
}

/* Which tests. Return: false after a message; *@other: it is none of these. */
static bool parse_selection(struct run_options *run, int opt, bool *other)
{
	struct selection *selection = &run->selection;

	switch (opt) {
	case OPT_FILTER:
		strings_add(&selection->filter, text("%s", optarg));
		return true;
	case OPT_SKIP:
		strings_add(&selection->skip, text("%s", optarg));
		return true;
	case OPT_MARK:
		strings_add(&run->marks, text("%s", optarg));
		return true;
	case 'k':
		return parse_expression(selection);
	case OPT_FAILED:
		selection->failed = true;
		return true;
	case OPT_SHARD:
		return parse_shard(&selection->shard);
	case OPT_LIST:
		run->list = true;
		return true;
	}
	*other = true;
	return true;
}

/* What is shown and written. */
static bool parse_output(struct run_options *run, int opt, bool *other)
{
	switch (opt) {
	case OPT_KTAP:
		run->show.ktap = true;
		return true;
	case OPT_JUNIT:
		run->reports.paths[REPORT_JUNIT] = optarg;
		return true;
	case OPT_JSON:
		run->reports.paths[REPORT_JSON] = optarg;
		return true;
	case OPT_HTML:
		run->reports.paths[REPORT_HTML] = optarg;
		return true;
	case OPT_TRACE:
		run->reports.trace = true;
		run->reports.trace_dir = optarg;
		return true;
	case OPT_ALLOW_FLAKY:
		run->show.allow_flaky = true;
		return true;
	}
	*other = true;
	return true;
}

/* How often, in which order, how long. */
static bool parse_schedule(struct run_options *run, int opt, bool *other)
{
	struct schedule_options *schedule = &run->schedule;

	switch (opt) {
	case 'j':
		schedule->units.jobs = parse_count("--jobs", 1, MAX_JOBS);
		return schedule->units.jobs;
	case OPT_REPEAT:
		run->show.rounds = parse_count("--repeat", 1, MAX_ROUNDS);
		return run->show.rounds;
	case OPT_UNTIL_FAILURE:
		schedule->until_failure = true;
		return true;
	case OPT_SHUFFLE:
		schedule->units.shuffle = true;
		return true;
	case OPT_ISOLATE:
		return parse_isolate(&schedule->units.isolate);
	case OPT_RETRY:
		run->show.retries = parse_count("--retry", 1, MAX_RETRIES);
		return run->show.retries;
	case OPT_SEED:
		schedule->seeded = true;
		return parse_number("--seed", optarg, UINT64_MAX,
				    &schedule->seed);
	}
	*other = true;
	return true;
}

static bool parse_timeout(struct runner_options *runner)
{
	uint64_t number;

	if (!parse_number("--timeout", optarg, 1000000, &number))
		return false;
	runner->timeout = number;
	runner->given = true;
	return true;
}

/* Machines look there, in whatever program they are. */
static bool parse_limit(const char *option, const char *variable)
{
	return parse_count(option, 1, 1000000) &&
	       !setenv(variable, optarg, true);
}

/* The process, and the kernel in it. */
static bool parse_process(struct run_options *run, int opt, bool *other)
{
	struct kernel_request *request = &run->request;

	switch (opt) {
	case OPT_TIMEOUT:
		return parse_timeout(&run->schedule.runner);
	case OPT_WALL_LIMIT:
		return parse_limit("--wall-limit", "ROADTEST_WALL_LIMIT");
	case OPT_CALL_LIMIT:
		return parse_limit("--call-limit", "ROADTEST_CALL_LIMIT");
	case OPT_MESSAGE_LIMIT:
		return parse_limit("--message-limit",
				   "ROADTEST_MESSAGE_LIMIT");
	case OPT_GDB:
		gdb_begin();
		run->schedule.units.jobs = 1;
		run->schedule.runner.timeout = 0;
		run->schedule.runner.given = true;
		return true;
	case OPT_LAUNCHER:
		strings_deinit(&run->launcher);
		return launcher_parse(&run->launcher, optarg);
	case OPT_KERNEL:
		run->kernel = optarg;
		return true;
	case OPT_SOURCE:
		request->source = optarg;
		return true;
	case OPT_FLAVOUR:
		request->flavour = optarg;
		return true;
	case OPT_CONFIG:
		strings_add(&request->extra, text("%s", optarg));
		return true;
	case OPT_EXACT:
		run->exact = true;
		return true;
	}
	*other = true;
	return true;
}

/* Return: an exit status, -1 to go on. */
static int parse_option(struct run_options *run, int opt)
{
	static bool (*const groups[])(struct run_options *, int, bool *) = {
		parse_selection, parse_output, parse_schedule, parse_process,
	};

	if (opt == OPT_HELP) {
		fputs(help, stdout);
		return CLI_OK;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		bool other = false;

		if (!groups[i](run, opt, &other))
			return CLI_NOT_RUN;
		if (!other)
			return -1;
	}
	cli_remedy("see \"roadtest run --help\"");
	return CLI_NOT_RUN;
}

/* What follows from several options. */
static void settle(struct run_options *run)
{
	struct schedule_options *schedule = &run->schedule;

	if (!run->show.rounds && !schedule->until_failure)
		run->show.rounds = 1;
	if (schedule->units.shuffle && !schedule->seeded) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		schedule->seed = (now.tv_nsec / 1000 + getpid()) % 100000;
		schedule->seeded = true;
	}
	if (schedule->seeded)
		run->seed = text("%llu", (unsigned long long)schedule->seed);
	if (schedule->units.shuffle)
		run->show.seed = run->seed;
}

static bool add_path(struct run_options *run, const char *argument)
{
	char *path = text("%.*s", (int)(strstr(argument, "::") ?
			  strstr(argument, "::") - argument :
			  (long)strlen(argument)), argument);
	bool ok = programs_add(&run->programs, argument) &&
		  kernel_add_suite(&run->request, path);

	free(path);
	return ok;
}

int run_options_parse(struct run_options *run, int argc, char **argv)
{
	int opt, rc;

	*run = (struct run_options){
		.schedule.runner.timeout = DEFAULT_TIMEOUT,
	};
	while ((opt = getopt_long(argc, argv, "j:k:", options, NULL)) != -1) {
		rc = parse_option(run, opt);
		if (rc >= 0)
			return rc;
	}
	if (optind == argc && !add_path(run, "."))
		return CLI_NOT_RUN;
	for (; optind < argc; optind++)
		if (!add_path(run, argv[optind]))
			return CLI_NOT_RUN;
	programs_complete(&run->programs);
	settle(run);
	for (size_t i = 0; run->launcher.num && i < run->programs.num; i++)
		run->programs.items[i]->launcher = &run->launcher;
	return -1;
}

void run_options_deinit(struct run_options *run)
{
	programs_deinit(&run->programs);
	strings_deinit(&run->selection.filter);
	strings_deinit(&run->selection.skip);
	expression_destroy(run->selection.expression);
	strings_deinit(&run->marks);
	strings_deinit(&run->launcher);
	kernel_request_deinit(&run->request);
	free(run->seed);
}
