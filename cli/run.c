// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - `roadtest run`: run suites and say how they did
 */
#include "run.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#define OTHER_FILES 64		/* that are open besides those of jobs */

struct run {
	struct run_options want;
	struct report report;
	struct schedule *schedule;
};

/* The kernel of one program, with its own options alone. */
static int find_exact(struct run *run, struct program *program)
{
	struct kernel_request *all = &run->want.request;
	struct kernel_request request = {
		.source = all->source, .flavour = all->flavour,
		.jobs = all->jobs, .may_refuse = true, .exact = true,
	};
	const char *why;
	int rc = CLI_NOT_RUN;

	strings_copy(&request.extra, &all->extra);
	if (kernel_add_suite(&request, program->path)) {
		request.bare = !request.fragments.num;
		rc = kernel_get(&request, &program->kernel);
	}
	why = kernel_refused(&request, program->path);
	if (why) {
		strings_add(&all->reasons, text("%s", why));
		program->refused = all->reasons.items[all->reasons.num - 1];
	}
	kernel_request_deinit(&request);
	return rc;
}

/* @kernel: one of them. */
static int find_exact_kernels(struct run *run, char **kernel)
{
	int rc = CLI_OK;

	if (run->want.kernel) {
		cli_error("--exact and --kernel contradict each other");
		return CLI_NOT_RUN;
	}
	for (size_t i = 0; !rc && i < run->want.programs.num; i++) {
		struct program *program = run->want.programs.items[i];

		if (program->origin != program)
			continue;
		rc = find_exact(run, program);
		if (program->kernel) {
			kernel_hold(program->kernel, false);
			free(*kernel);
			*kernel = text("%s", program->kernel);
		}
	}
	return rc;
}

/* @kernel: its directory, NULL if all suites are refused. Return: CLI_OK, or
 * an exit status after a message. */
static int find_kernel(struct run *run, char **kernel)
{
	const char *variable = getenv("ROADTEST_KERNEL");
	const char *given = run->want.kernel;
	int rc;

	if (run->want.exact)
		return find_exact_kernels(run, kernel);
	/* An empty option is a mistake; an empty variable is none. */
	if (!given && variable && *variable)
		given = variable;
	if (given) {
		*kernel = use_given_kernel(given, run->want.kernel ?
					   "--kernel" : "ROADTEST_KERNEL");
		return *kernel ? CLI_OK : CLI_NOT_RUN;
	}
	run->want.request.set_default = run->want.request.may_refuse = true;
	for (size_t i = 0; i < run->want.programs.num; i++)
		run->want.request.bare |= !kernel_has_suite(&run->want.request,
						run->want.programs.items[i]->path);
	rc = kernel_get(&run->want.request, kernel);
	for (size_t i = 0; i < run->want.programs.num; i++)
		run->want.programs.items[i]->refused =
			kernel_refused(&run->want.request,
				       run->want.programs.items[i]->path);
	return rc;
}

/* As many as there are processors; more makes no sense, a guest waits for
 * nothing. */
static unsigned int job_count(const struct run *run)
{
	cpu_set_t set;

	if (run->want.schedule.units.jobs)
		return run->want.schedule.units.jobs;
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set);
}

/* Each job has three pipes and a descriptor for its end, and poll() takes no
 * more of them than may be open. */
static bool make_room(unsigned int jobs)
{
	const rlim_t need = (rlim_t)jobs * (RUNNER_FDS + 1) + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return true;
	limit.rlim_cur = need;
	if (need <= limit.rlim_max && !setrlimit(RLIMIT_NOFILE, &limit))
		return true;
	cli_error("%u jobs need %llu open files, and the limit is %llu", jobs,
		  (unsigned long long)need, (unsigned long long)limit.rlim_max);
	cli_remedy("give fewer with -j, or raise the limit: ulimit -n");
	return false;
}

/* A part of a file of Python can be run without asking it for its tests first:
 * that would cost another start of Python. So can the only one, if there is
 * nothing to share out. The list comes before the results then. */
static bool may_go_unlisted(const struct run *run)
{
	const struct program *first = run->want.programs.items[0];
	const struct selection *selection = &run->want.selection;

	return run->want.programs.num == 1 && first->python &&
	       (first->select.num || run->want.schedule.units.jobs == 1) &&
	       !selection->filter.num && !selection->skip.num &&
	       !selection->expression && !selection->shard.count &&
	       !selection->failed && !run->want.list &&
	       !run->want.schedule.units.shuffle && !run->want.show.retries &&
	       run->want.schedule.units.isolate == ISOLATE_NONE &&
	       run->want.show.rounds == 1;
}

/* Ask the programs for their tests, and choose. */
static bool find_tests(struct run *run)
{
	schedule_list(run->schedule);
	run->want.selection.marked = run->want.marks.num;
	return select_tests(&run->want.programs, &run->want.selection);
}

/* Return: does it have a test that can be run? */
static bool list_program(const struct program *program)
{
	bool listed = false;

	for (size_t i = 0; i < program->ids.num; i++) {
		if (strings_have(&program->norun, program->ids.items[i]))
			continue;
		puts(program->ids.items[i]);
		listed = true;
	}
	for (size_t i = 0; i < program->norun.num; i++)
		if (strings_have(&program->ids, program->norun.items[i]))
			cli_error("%s: %s is not run: %s", program->shown,
				  program->norun.items[i],
				  program->norun_why.items[i]);
	for (size_t i = 0; i < program->errors.num; i++)
		cli_error("%s: %s", program->shown, program->errors.items[i]);
	return listed;
}

static bool has_norun(const struct program *program)
{
	for (size_t i = 0; i < program->norun.num; i++)
		if (strings_have(&program->ids, program->norun.items[i]))
			return true;
	return false;
}

static int list_tests(struct run *run)
{
	const struct programs *programs = &run->want.programs;
	bool missing = false, listed = false;

	for (size_t i = 0; i < programs->num; i++) {
		const struct program *program = programs->items[i];

		listed |= list_program(program);
		missing |= program->unlisted || has_norun(program);
	}
	if (missing)
		return listed ? CLI_SOME_NOT_RUN : CLI_NOT_RUN;
	return CLI_OK;
}

static int run_programs(struct run *run, const char *kernel)
{
	struct report *report = &run->report;
	int rc;

	if (kernel) {
		setenv("ROADTEST_KERNEL", kernel, true);
		kernel_hold(kernel, false);
	}
	run->want.reports.kernel = kernel;
	run->want.reports.seed = run->want.seed;
	if (!reports_begin(&run->want.reports))
		return CLI_NOT_RUN;
	if (reports_wanted(&run->want.reports))
		report->reports = &run->want.reports;
	report_begin(report);
	schedule_run(run->schedule);
	if (run->want.marks.num && !report_tests(report) && !report->unlisted) {
		cli_error("no test has the mark");
		report->unlisted = true;
	}
	rc = report_end(report);
	return reports_end(report->reports, report, false) ? rc : CLI_NOT_RUN;
}

/* Leave out what can't have a marked test; an error if that is all. */
static bool apply_marks(struct run *run)
{
	if (!run->want.marks.num)
		return true;
	programs_mark(&run->want.programs, &run->want.marks);
	if (!run->want.programs.num)
		cli_error("no test has the mark \"%s\"", run->want.marks.items[0]);
	return run->want.programs.num;
}

static int run_all(struct run *run)
{
	char *kernel = NULL;
	int64_t asked;
	int rc;

	if (!apply_marks(run))
		return CLI_NOT_RUN;
	run->want.schedule.units.jobs = job_count(run);
	if (may_go_unlisted(run))
		run->want.schedule.units.jobs = 1;
	if (!make_room(run->want.schedule.units.jobs))
		return CLI_NOT_RUN;
	report_init(&run->report, &run->want.show, &run->want.programs);
	run->schedule = schedule_create(&run->report, &run->want.schedule);
	if (!may_go_unlisted(run) && !find_tests(run))
		return CLI_NOT_RUN;
	if (run->want.list)
		return list_tests(run);
	asked = now_ms();
	rc = find_kernel(run, &kernel);
	/* A kernel that was built is no part of how long the tests took. */
	run->report.begin += now_ms() - asked;
	/* What can't run is reported test by test. */
	if (!rc && run->want.programs.items[0]->refused && may_go_unlisted(run) &&
	    !find_tests(run))
		rc = CLI_NOT_RUN;
	if (!rc)
		rc = run_programs(run, kernel);
	free(kernel);
	return rc;
}

int cmd_run(int argc, char **argv)
{
	struct run run = { 0 };
	int rc;

	signals_catch();
	use_package();
	rc = run_options_parse(&run.want, argc, argv);
	if (rc < 0)
		rc = run_all(&run);
	if (run.schedule)
		schedule_destroy(run.schedule);
	report_deinit(&run.report);
	run_options_deinit(&run.want);
	return rc;
}
