// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schedule.c - run the tests of many programs, several at once
 *
 * First each program is asked for its tests, then they are given out in parts
 * (units.c). When a round has nothing left to give out the next one begins, so
 * that the last tests of a round do not keep the other jobs waiting.
 */
#include "run.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNKNOWN_MS 100		/* a test, as long as nothing is known */
#define SHOW_MS 100		/* between changes of the live line */
#define STOP_MS 1000		/* for programs to end after a signal for us */

struct schedule {
	struct report *report;
	struct programs *programs;
	const struct schedule_options *options;
	struct forkserver server;
	struct runner *runners;		/* as many as there are jobs */
	bool *busy;
	struct pollfd *fds;		/* RUNNER_FDS for each, and ours */
	unsigned int jobs, num_busy;
	bool listing;
	size_t to_list;			/* programs up to here were asked */
	size_t num_first;		/* of programs, those of round 1 */
	size_t first_open;		/* those before it have nothing left */
	unsigned int rounds;		/* begun */
	bool stopped;
	int64_t shown;			/* when the live line was */
};

/* ------------------------------------------------------------------------
 * Rounds
 */

/* ms of a test whose time is not known: as those that are. */
static int64_t unknown_ms(const struct schedule *schedule)
{
	int64_t ms = 0, num = 0;

	for (size_t i = 0; i < schedule->num_first; i++) {
		const struct program *program = schedule->programs->items[i];

		for (size_t n = 0; program->past && n < program->ids.num; n++) {
			if (program->past[n].ms < 0)
				continue;
			ms += program->past[n].ms;
			num++;
		}
	}
	return num ? ms / num : UNKNOWN_MS;
}

/* None of its tests can run here. */
static void skip_program(struct report *report, struct program *program)
{
	for (size_t i = 0; i < program->ids.num; i++) {
		const struct stream_test test = {
			.result = RESULT_SKIP,
			.id = program->ids.items[i],
			.reason = program->refused,
		};

		report_test(report, program, &test);
	}
}

static void begin_program(struct schedule *schedule, struct program *program,
			  int64_t unknown)
{
	const struct unit_options *options = &schedule->options->units;

	program->seeded = schedule->options->seeded;
	if (program->seeded)
		program->seed = schedule->options->seed +
				(options->shuffle ? program->round - 1 : 0);
	if (program->unlisted) {
		report_program_end(schedule->report, program);
		return;
	}
	if (!program->planned)
		return;
	if (program->round > 1)
		history_load(program);
	report_plan(schedule->report, program);
	if (program->refused) {
		skip_program(schedule->report, program);
		report_program_end(schedule->report, program);
		return;
	}
	units_make(program, options, unknown);
	program->round_ms = units_left_ms(program);
	if (!units_left(program))
		report_program_end(schedule->report, program);
}

static void begin_round(struct schedule *schedule)
{
	struct programs *programs = schedule->programs;
	int64_t unknown = unknown_ms(schedule);

	schedule->rounds++;
	for (size_t i = 0; i < schedule->num_first; i++) {
		struct program *program = programs->items[i];

		if (schedule->rounds > 1)
			program = programs_add_round(programs, program);
		program->round = schedule->rounds;
		begin_program(schedule, program, unknown);
	}
}

static bool want_round(const struct schedule *schedule)
{
	unsigned int rounds = schedule->report->options.rounds;

	return !schedule->stopped && (!rounds || schedule->rounds < rounds);
}

/* ------------------------------------------------------------------------
 * What is next
 */

/* The program with the unit of the highest rank, in the earliest round. */
static struct program *next_program(struct schedule *schedule)
{
	struct programs *programs = schedule->programs;
	struct program *best = NULL;

	while (schedule->first_open < programs->num &&
	       programs->items[schedule->first_open]->ended)
		schedule->first_open++;
	for (size_t i = schedule->first_open; i < programs->num; i++) {
		struct program *program = programs->items[i];

		if (best && program->round > best->round)
			break;
		if (!program->planned && !program->running && !program->ended)
			return program;
		if (units_left(program) &&
		    (!best || program->units[program->next_unit].rank >
			      best->units[best->next_unit].rank))
			best = program;
	}
	return best;
}

static int64_t left_ms(const struct schedule *schedule)
{
	const struct programs *programs = schedule->programs;
	int64_t ms = 0;

	for (size_t i = schedule->first_open; i < programs->num; i++)
		ms += units_left_ms(programs->items[i]);
	return ms;
}

/* The next program that is to be asked for its tests; NULL: none. */
static struct program *next_to_list(struct schedule *schedule)
{
	while (schedule->to_list < schedule->programs->num) {
		struct program *program =
			schedule->programs->items[schedule->to_list++];

		if (!program->misnamed)
			return program;
		report_unlisted(schedule->report, program, NULL,
				program->misnamed);
	}
	return NULL;
}

/* Something to do for @runner. */
static bool find_work(struct schedule *schedule, struct runner *runner)
{
	*runner = (struct runner){
		.report = schedule->report,
		.options = &schedule->options->runner,
		.server = &schedule->server,
	};
	if (schedule->listing) {
		runner->program = next_to_list(schedule);
		runner->listing = true;
		return runner->program;
	}
	if (schedule->stopped)
		return false;
	runner->program = next_program(schedule);
	if (!runner->program && want_round(schedule)) {
		begin_round(schedule);
		runner->program = next_program(schedule);
		/* In another one nothing would run either. */
		schedule->stopped = !runner->program;
	}
	if (runner->program && runner->program->planned)
		runner->filtered = units_take(runner->program,
					      &schedule->options->units,
					      left_ms(schedule), &runner->ids);
	return runner->program;
}

/* ------------------------------------------------------------------------
 * What is left behind
 */

static bool is_ours(const struct schedule *schedule, pid_t pid)
{
	for (unsigned int i = 0; i < schedule->jobs; i++)
		if (schedule->busy[i] &&
		    schedule->runners[i].process.pid == pid)
			return true;
	return schedule->server.sock >= 0 &&
	       schedule->server.process.pid == pid;
}

/* What a dead process left behind became our child, as we are a subreaper. A
 * guest leaves two, so it is not enough to look when a program has ended. */
static void reap_orphans(const struct schedule *schedule)
{
	siginfo_t info = { 0 };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid && !is_ours(schedule, info.si_pid)) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* ------------------------------------------------------------------------
 * Runners
 */

/* Is there something that --until-failure waits for? */
static bool has_failed(const struct report *report)
{
	return report_is_bad(report) || report->unlisted || report->unfinished ||
	       report->counts[RESULT_NOT_RUN];
}

static void program_done(struct schedule *schedule, struct program *program)
{
	/* While another process runs, it may be the one with the result. */
	if (!program->running)
		units_again(program);
	/* What is left when the run is stopped is report_stop()'s. */
	if (!units_left(program) && !program->running)
		report_program_end(schedule->report, program);
}

static void runner_done(struct schedule *schedule, unsigned int i)
{
	struct program *program = schedule->runners[i].program;

	schedule->busy[i] = false;
	schedule->num_busy--;
	runner_deinit(&schedule->runners[i]);
	program->running--;
	if (schedule->options->until_failure && has_failed(schedule->report))
		schedule->stopped = true;
	if (!schedule->listing)
		program_done(schedule, program);
}

/*
 * A guest and its test share a processor (lib/uml.c). Left to themselves two
 * that begin at once may choose the same one, while another is idle.
 */
static int choose_cpu(const struct schedule *schedule, unsigned int job)
{
	cpu_set_t set;
	int cpu = -1, skip;

	if (schedule->jobs < 2 || sched_getaffinity(0, sizeof(set), &set) ||
	    CPU_COUNT(&set) < 2)
		return -1;
	/* Another run should not begin with the same one. */
	skip = (getpid() + job) % CPU_COUNT(&set);
	do {
		while (!CPU_ISSET(++cpu, &set))
			;
	} while (skip--);
	return cpu;
}

static void start_runners(struct schedule *schedule)
{
	for (unsigned int i = 0; i < schedule->jobs; i++) {
		struct runner *runner = &schedule->runners[i];

		while (!schedule->busy[i] && find_work(schedule, runner)) {
			schedule->busy[i] = true;
			schedule->num_busy++;
			runner->program->running++;
			runner->cpu = choose_cpu(schedule, i);
			if (!runner_begin(runner))
				runner_done(schedule, i);
		}
	}
}

/* ------------------------------------------------------------------------
 * Interrupted
 */

static void print_interrupted(const struct schedule *schedule,
			      const struct strings *in, int signo)
{
	const struct report *report = schedule->report;
	const unsigned int *counts = report->counts;
	size_t planned = 0;

	for (size_t i = 0; i < schedule->programs->num; i++)
		planned += schedule->programs->items[i]->ids.num;
	if (report->options.ktap) {
		printf("Bail out! SIG%s\n", sigabbrev_np(signo));
		return;
	}
	printf("interrupted");
	for (size_t i = 0; i < in->num; i++)
		printf("%s%s", i ? ", " : " in ", in->items[i]);
	printf(" after %u passed, %u failed", counts[RESULT_PASS],
	       counts[RESULT_FAIL]);
	if (planned > report_tests(report))
		printf(", %zu did not run", planned - report_tests(report));
	putchar('\n');
}

/* Wait for them all to end, but not for long, nor if the user insists. */
static void wait_ended(const struct schedule *schedule)
{
	int64_t end = now_ms() + STOP_MS, left;

	while ((left = end - now_ms()) > 0) {
		struct pollfd *fds = schedule->fds;
		unsigned int num = 0;

		for (unsigned int i = 0; i < schedule->jobs; i++)
			if (schedule->busy[i])
				fds[num++] = (struct pollfd){
					.fd = schedule->runners[i].process.pidfd,
					.events = POLLIN,
				};
		if (poll(fds, num, 0) == (int)num || signals_poll())
			return;
		/* One after the other ends: a short look at each. */
		fds[0] = (struct pollfd){ .fd = signals_fd(),
					  .events = POLLIN };
		poll(fds, 1, left < 10 ? left : 10);
	}
}

/* A signal for us: end all, say what ran. */
static void interrupted(struct schedule *schedule, int signo)
{
	struct strings in = { 0 };

	for (unsigned int i = 0; i < schedule->jobs; i++)
		if (schedule->busy[i])
			runner_signal(&schedule->runners[i], signo);
	wait_ended(schedule);
	for (unsigned int i = 0; i < schedule->jobs; i++) {
		struct runner *runner = &schedule->runners[i];

		if (!schedule->busy[i])
			continue;
		if (runner->stream.current)
			strings_add(&in, text("%s", runner->stream.current));
		runner_stop(runner, SIGKILL);
		runner_deinit(runner);
		schedule->busy[i] = false;
	}
	forkserver_stop(&schedule->server);
	if (!schedule->listing) {
		report_rest(schedule->report);
		print_interrupted(schedule, &in, signo);
	}
	fflush(stdout);
	reports_end(schedule->report->reports, schedule->report, true);
	strings_deinit(&in);
	signals_raise(signo);
}

/* ------------------------------------------------------------------------
 * The loop
 */

/* Is the time known that tests will take? */
static bool has_past(const struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->num_first; i++) {
		const struct program *program = schedule->programs->items[i];

		for (size_t n = 0; program->past && n < program->ids.num; n++)
			if (program->past[n].ms >= 0)
				return true;
	}
	return false;
}

/* ", 12 s left", if that can be said; the caller frees. */
static char *time_left(const struct schedule *schedule)
{
	unsigned int rounds = schedule->report->options.rounds;
	int64_t ms = left_ms(schedule);

	if (!rounds || !has_past(schedule))
		return text("%s", "");
	for (size_t i = 0; i < schedule->num_first; i++) {
		const struct program *program = schedule->programs->items[i];

		ms += (rounds - schedule->rounds) * program->round_ms;
	}
	return text(", %lld s left",
		    (long long)(ms / schedule->jobs + 999) / 1000);
}

static void show_progress(struct schedule *schedule)
{
	const struct report *report = schedule->report;
	size_t total = 0;
	char *left;

	if (now_ms() - schedule->shown < SHOW_MS)
		return;
	schedule->shown = now_ms();
	if (schedule->listing) {
		progress("asking for tests: %zu of %zu programs",
			 schedule->to_list - schedule->num_busy,
			 schedule->programs->num);
		return;
	}
	for (size_t i = 0; i < schedule->programs->num; i++)
		total += schedule->programs->items[i]->ids.num;
	left = time_left(schedule);
	progress("%u of %zu done, %u failed, %u running%s",
		 report_tests(report), total, report->counts[RESULT_FAIL],
		 schedule->num_busy, left);
	free(left);
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
	reap_orphans(schedule);
}

static void schedule_loop(struct schedule *schedule)
{
	start_runners(schedule);
	while (schedule->num_busy) {
		show_progress(schedule);
		wait_runners(schedule);
		start_runners(schedule);
	}
	progress_end();
}

/* Is it worth a server: are there several starts of Python to come? */
static bool want_server(const struct schedule *schedule)
{
	const struct programs *programs = schedule->programs;
	size_t python = 0;

	for (size_t i = 0; i < programs->num; i++)
		python += programs->items[i]->python &&
			  !programs->items[i]->launcher;
	return python > 1 || (python && (programs->num > 1 ||
					 schedule->jobs > 1 ||
					 schedule->report->options.rounds != 1));
}

struct schedule *schedule_create(struct report *report,
				 const struct schedule_options *options)
{
	struct schedule *schedule = xcalloc(1, sizeof(*schedule));
	unsigned int jobs = options->units.jobs;

	*schedule = (struct schedule){
		.report = report,
		.programs = report->programs,
		.options = options,
		.server = { .sock = -1 },
		.runners = xcalloc(jobs, sizeof(*schedule->runners)),
		.busy = xcalloc(jobs, sizeof(*schedule->busy)),
		.fds = xcalloc(jobs * RUNNER_FDS + 1,
			       sizeof(*schedule->fds)),
		.jobs = jobs,
	};
	/* What programs leave behind comes to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (want_server(schedule))
		forkserver_start(&schedule->server);
	return schedule;
}

void schedule_destroy(struct schedule *schedule)
{
	forkserver_stop(&schedule->server);
	free(schedule->runners);
	free(schedule->busy);
	free(schedule->fds);
	free(schedule);
}

void schedule_list(struct schedule *schedule)
{
	schedule->listing = true;
	schedule_loop(schedule);
	schedule->listing = false;
}

void schedule_run(struct schedule *schedule)
{
	schedule->num_first = schedule->programs->num;
	begin_round(schedule);
	schedule_loop(schedule);
	if (schedule->stopped)
		report_stop(schedule->report);
	progress_end();
}
