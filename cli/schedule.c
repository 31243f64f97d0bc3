// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schedule.c - run the tests of many programs, several at once
 *
 * First each program is asked for its tests. They are given out in parts: a
 * class is never split, unless the program says that its tests are independent
 * of each other. Parts are large as long as much is left, since each costs the
 * start of a process, and small at the end, so that no processor is idle while
 * another one has a long part.
 */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* A part is this fraction of what each job would get of a program's rest. */
#define PARTS_A_JOB 3

struct schedule {
	struct report *report;
	struct programs *programs;
	const struct runner_options *options;
	struct forkserver server;
	struct runner *runners;		/* as many as there are jobs */
	bool *busy;
	struct pollfd *fds;		/* RUNNER_FDS for each, and ours */
	unsigned int jobs, num_busy;
	size_t to_list;			/* programs up to here were asked */
};

/* ------------------------------------------------------------------------
 * Parts
 */

/* Length of the name of the class in an id. */
static size_t class_len(const char *id)
{
	const char *dot = strrchr(id, '.');

	return dot ? (size_t)(dot - id) : 0;
}

static bool same_class(const char *a, const char *b)
{
	size_t len = class_len(a);

	return len == class_len(b) && !strncmp(a, b, len);
}

/* Where the part that begins at ids[@from] may end. */
static size_t unit_end(const struct program *program, size_t from)
{
	const struct strings *ids = &program->ids;
	size_t to = from + 1;

	while (!program->independent && to < ids->num &&
	       same_class(ids->items[from], ids->items[to]))
		to++;
	return to;
}

/* Move the next part of a program into @runner. */
static void take_part(struct schedule *schedule, struct program *program,
		      struct runner *runner)
{
	size_t left = program->ids.num - program->next;
	size_t want = left / (PARTS_A_JOB * schedule->jobs), to;

	if (schedule->jobs == 1)
		want = left;
	to = unit_end(program, program->next);
	while (to < program->ids.num && unit_end(program, to) <=
					program->next + want)
		to = unit_end(program, to);
	runner->filtered = program->filter.num ||
			   to - program->next < program->ids.num;
	for (; program->next < to; program->next++)
		strings_add(&runner->ids,
			    text("%s", program->ids.items[program->next]));
}

/* The program with the most tests that nobody has. */
static struct program *longest_rest(const struct schedule *schedule)
{
	struct program *longest = NULL;
	size_t most = 0;

	for (size_t i = 0; i < schedule->programs->num; i++) {
		struct program *program = &schedule->programs->items[i];
		size_t left = program->ids.num - program->next;

		if (left > most) {
			longest = program;
			most = left;
		}
	}
	return longest;
}

/* ------------------------------------------------------------------------
 * Runners
 */

/* Something to do for @runner. */
static bool find_work(struct schedule *schedule, struct runner *runner)
{
	struct programs *programs = schedule->programs;

	*runner = (struct runner){
		.report = schedule->report,
		.options = schedule->options,
		.server = &schedule->server,
	};
	while (schedule->to_list < programs->num) {
		runner->program = &programs->items[schedule->to_list++];
		if (runner->program->planned)
			continue;
		/* The only program may go without. */
		runner->listing = programs->num > 1 || schedule->jobs > 1 ||
				  runner->program->refused;
		return true;
	}
	runner->program = longest_rest(schedule);
	if (runner->program)
		take_part(schedule, runner->program, runner);
	return runner->program;
}

static bool is_ours(const struct schedule *schedule, pid_t pid)
{
	for (unsigned int i = 0; i < schedule->jobs; i++)
		if (schedule->busy[i] &&
		    schedule->runners[i].process.pid == pid)
			return true;
	return schedule->server.sock >= 0 &&
	       schedule->server.process.pid == pid;
}

/* What a dead program left behind became our child, as we are a subreaper. */
static void reap_orphans(const struct schedule *schedule)
{
	siginfo_t info = { 0 };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid && !is_ours(schedule, info.si_pid)) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

static void runner_done(struct schedule *schedule, unsigned int i)
{
	struct program *program = schedule->runners[i].program;

	schedule->busy[i] = false;
	schedule->num_busy--;
	runner_deinit(&schedule->runners[i]);
	reap_orphans(schedule);
	if (!--program->running && program->next == program->ids.num)
		report_program_end(schedule->report, program);
}

static void start_runners(struct schedule *schedule)
{
	for (unsigned int i = 0; i < schedule->jobs; i++) {
		struct runner *runner = &schedule->runners[i];

		while (!schedule->busy[i] && find_work(schedule, runner)) {
			schedule->busy[i] = true;
			schedule->num_busy++;
			runner->program->running++;
			if (!runner_begin(runner))
				runner_done(schedule, i);
		}
	}
}

/* A signal for us: end all, say what ran. */
static void interrupted(struct schedule *schedule, int signo)
{
	struct strings *in = &(struct strings){ 0 };
	const struct report *report = schedule->report;

	for (unsigned int i = 0; i < schedule->jobs; i++)
		if (schedule->busy[i])
			runner_signal(&schedule->runners[i], signo);
	for (unsigned int i = 0; i < schedule->jobs; i++) {
		struct runner *runner = &schedule->runners[i];

		if (!schedule->busy[i])
			continue;
		if (runner->stream.current)
			strings_add(in, text("%s", runner->stream.current));
		runner_stop(runner, signo);
	}
	forkserver_stop(&schedule->server);
	report_rest(schedule->report);
	if (report->ktap) {
		printf("Bail out! SIG%s\n", sigabbrev_np(signo));
	} else {
		printf("interrupted");
		for (size_t i = 0; i < in->num; i++)
			printf("%s%s", i ? ", " : " in ", in->items[i]);
		printf(" after %u passed, %u failed\n", report->passed,
		       report->failed);
	}
	reports_end(report->reports, report, true);
	signals_raise(signo);
}

static void show_progress(const struct schedule *schedule)
{
	const struct report *report = schedule->report;
	size_t total = 0;

	for (size_t i = 0; i < schedule->programs->num; i++)
		total += schedule->programs->items[i].num_entries;
	progress("%u of %zu done, %u failed, %u running",
		 report_tests(report), total, report->failed, schedule->num_busy);
}

/* Wait for something to happen, and let it. */
static void wait_runners(struct schedule *schedule)
{
	unsigned int num = schedule->jobs * RUNNER_FDS;
	struct pollfd *fds = schedule->fds;
	int64_t timeout = -1;
	int signo;

	for (unsigned int i = 0; i < schedule->jobs; i++) {
		struct pollfd *own = &fds[i * RUNNER_FDS];
		int64_t left;

		memset(own, -1, RUNNER_FDS * sizeof(*own));
		if (!schedule->busy[i])
			continue;
		runner_poll(&schedule->runners[i], own);
		left = runner_left(&schedule->runners[i]);
		if (left >= 0 && (timeout < 0 || left < timeout))
			timeout = left;
	}
	fds[num] = (struct pollfd){
		.fd = signals_fd(), .events = POLLIN,
	};
	if (poll(fds, num + 1, timeout) < 0)
		return;
	signo = signals_poll();
	if (signo)
		interrupted(schedule, signo);
	for (unsigned int i = 0; i < schedule->jobs; i++)
		if (schedule->busy[i] &&
		    !runner_step(&schedule->runners[i], &fds[i * RUNNER_FDS]))
			runner_done(schedule, i);
}

/* Is it worth a server: are there several starts of Python to come? */
static bool want_server(const struct programs *programs, unsigned int jobs)
{
	size_t python = 0;

	for (size_t i = 0; i < programs->num; i++)
		python += programs->items[i].python &&
			  !programs->items[i].launcher;
	return python > 1 || (python && (programs->num > 1 || jobs > 1));
}

void schedule_run(struct report *report, struct programs *programs,
		  const struct runner_options *options, unsigned int jobs)
{
	struct schedule schedule = {
		.report = report,
		.programs = programs,
		.options = options,
		.server = { .sock = -1 },
		.runners = xcalloc(jobs, sizeof(*schedule.runners)),
		.busy = xcalloc(jobs, sizeof(*schedule.busy)),
		.fds = xcalloc(jobs * RUNNER_FDS + 1,
			       sizeof(*schedule.fds)),
		.jobs = jobs,
	};

	for (size_t i = 0; i < programs->num; i++)
		if (programs->items[i].ids.num) {
			report_plan(report, &programs->items[i]);
			if (programs->items[i].refused)
				report_program_end(report, &programs->items[i]);
		}
	if (want_server(programs, jobs))
		forkserver_start(&schedule.server);
	start_runners(&schedule);
	while (schedule.num_busy) {
		show_progress(&schedule);
		wait_runners(&schedule);
		start_runners(&schedule);
	}
	progress_end();
	forkserver_stop(&schedule.server);
	free(schedule.runners);
	free(schedule.busy);
	free(schedule.fds);
}
