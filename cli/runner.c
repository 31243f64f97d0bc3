// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runner.c - run tests of one program to their end, however it ends
 *
 * A program that dies has its current test reported as failed and is started
 * again for the tests that have not run yet. Each start must bring at least
 * one of them to an end, so this comes to an end too.
 */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Programs end a test that hangs themselves, and know more about it. */
#define GRACE_S 10
#define DEATH_MS 3000
#define SLEPT_MS 2000
/* A program with more results that nobody asked for prints them for ever. */
#define MAX_STRAYS 1000
#define MAX_LIST (16 << 20)	/* bytes of a list of tests */

static void runner_kill(const struct runner *runner)
{
	if (runner->program->launcher)
		launched_kill(&runner->process);
	else
		kill(-runner->process.pid, SIGKILL);
}

static void runner_result(void *arg, const struct stream_test *test)
{
	struct runner *runner = arg;
	struct stream_test whole = *test;

	/* It is being killed; what else is in its pipe may be thousands. */
	if (runner->program->strays >= MAX_STRAYS)
		return;
	whole.journal = runner->journal;
	report_test(runner->report, runner->program, &whole);
	if (runner->program->strays >= MAX_STRAYS)
		runner_kill(runner);
}

/* Of its tests, those without a result. */
static void runner_missing(struct runner *runner, const struct strings *ids,
			   struct strings *missing)
{
	for (size_t i = 0; i < ids->num; i++)
		if (!report_has(runner->program, ids->items[i]))
			strings_add(missing, text("%s", ids->items[i]));
}

/* The list that stands before the results. */
static void runner_announced(void *arg, char *list)
{
	struct runner *runner = arg;
	struct program *program = runner->program;

	runner->bad_list = program_parse_list(program, list);
	if (runner->bad_list) {
		runner_kill(runner);
		return;
	}
	program->planned = program->whole = true;
	report_plan(runner->report, program);
	runner_missing(runner, &program->ids, &runner->ids);
	runner->asked = runner->ids.num;
}

/* A debugger at work: on a process of the program's group. */
static bool process_is_traced(const char *pid, pid_t group)
{
	char *path = text("/proc/%s/status", pid);
	char *status = file_read(path), *tracer;
	bool traced = false;

	tracer = status ? strstr(status, "\nTracerPid:\t") : NULL;
	if (tracer && atoi(tracer + strlen("\nTracerPid:\t")))
		traced = getpgid(atoi(pid)) == group;
	free(status);
	free(path);
	return traced;
}

static bool runner_is_held(const struct runner *runner)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool held = false;

	while (!held && proc && (entry = readdir(proc)))
		if (atoi(entry->d_name) > 0)
			held = process_is_traced(entry->d_name,
						 runner->process.pid);
	if (proc)
		closedir(proc);
	return held;
}

static void runner_set_deadline(struct runner *runner)
{
	runner->watched = runner->stream.current;
	runner->count = runner->stream.count;
	runner->deadline = now_ms() +
			   (runner->options->timeout + GRACE_S) * 1000LL;
}

/* We look when a deadline is over, unless Ctrl-Z has stopped us meanwhile: what
 * the program did then, and whether it could, is not known. */
static bool slept_over(const struct runner *runner)
{
	return now_ms() - runner->deadline > SLEPT_MS;
}

/* Past the deadline: ask for a stack, then kill. */
static void runner_late(struct runner *runner)
{
	if (!runner->hung && (slept_over(runner) || runner_is_held(runner))) {
		runner_set_deadline(runner);
		return;
	}
	if (runner->hung) {
		runner_kill(runner);
		runner->killed = true;
	} else if (runner->program->launcher) {
		launched_signal(&runner->process, SIGABRT);
	} else {
		kill(runner->process.pid, SIGABRT);
	}
	runner->hung = true;
	runner->deadline = now_ms() + DEATH_MS;
}

static void runner_keep_list(struct runner *runner, const char *data,
			     size_t len)
{
	if (runner->list_len + len > MAX_LIST) {
		runner->endless = true;
		runner_kill(runner);
		return;
	}
	runner->list = xrealloc(runner->list, runner->list_len + len + 1, 1);
	memcpy(runner->list + runner->list_len, data, len);
	runner->list_len += len;
	runner->list[runner->list_len] = '\0';
}

static void runner_feed(struct runner *runner, int stream, const char *data,
			size_t len)
{
	if (stream == 1 && !runner->heard) {
		runner->heard = true;
		runner_set_deadline(runner);
	}
	if (runner->listing && stream == 1)
		runner_keep_list(runner, data, len);
	else
		stream_feed(&runner->stream, stream, data, len);
}

/* Read what is there of standard error, @max bytes at most. Return: how many
 * it was; 0 at the end. */
static size_t runner_read_err(struct runner *runner, size_t max)
{
	char data[65536];
	ssize_t len = read(runner->process.err, data,
			   max < sizeof(data) ? max : sizeof(data));

	if (len > 0)
		runner_feed(runner, 2, data, len);
	return len > 0 ? len : 0;
}

/* Bytes in a pipe; 0 for one that is closed. */
static size_t pipe_fill(int fd)
{
	int left = 0;

	return fd < 0 || ioctl(fd, FIONREAD, &left) ? 0 : left;
}

/* @left bytes that are in the pipe; more may come all the time. */
static void runner_drain_err(struct runner *runner, size_t left)
{
	size_t len;

	while (left && (len = runner_read_err(runner, left)))
		left -= len;
}

/* Add what standard output has by now to the @len bytes of @data, which has
 * room for @max. Return: how many there are. */
static size_t runner_read_more(const struct runner *runner, char *data,
			       size_t len, size_t max)
{
	size_t more = pipe_fill(runner->process.out);
	ssize_t got = 0;

	if (more > max - len)
		more = max - len;
	if (more)
		got = read(runner->process.out, data + len, more);
	return len + (got > 0 ? got : 0);
}

/* Read what is there of standard output, @max bytes at most, and of standard
 * error. Return: how many bytes of the former; 0 at its end. */
static size_t runner_read(struct runner *runner, size_t max)
{
	char data[65536];
	size_t place, err;
	ssize_t len;

	if (max > sizeof(data))
		max = sizeof(data);
	len = read(runner->process.out, data, max);
	/* What was written there before a result is in the pipe by now; and the
	 * start of the test that wrote it is in the other one. */
	err = pipe_fill(runner->process.err);
	if (len <= 0) {
		runner_drain_err(runner, err);
		return 0;
	}
	if (err)
		len = runner_read_more(runner, data, len, max);
	place = stream_place_err(data, len);
	runner_feed(runner, 1, data, place);
	runner_drain_err(runner, err);
	runner_feed(runner, 1, data + place, len - place);
	return len;
}

/* There is something in standard error, or its end. Return: false at its end. */
static bool runner_hear_err(struct runner *runner)
{
	size_t err = pipe_fill(runner->process.err);

	/* The test that wrote it may have begun since we looked. */
	if (pipe_fill(runner->process.out))
		return runner_read(runner, SIZE_MAX);
	return runner_read_err(runner, err ? err : 1);
}

/* It has ended, and what it wrote is in its pipes. Their end may never come:
 * something that it started may hold them open, and go on writing. */
static void runner_drain(struct runner *runner)
{
	size_t left = pipe_fill(runner->process.out), len;

	while (left && (len = runner_read(runner, left)))
		left -= len;
	runner_drain_err(runner, pipe_fill(runner->process.err));
}

/* For lib/uml.c. Processors of another machine are none of our business. */
static void runner_set_cpu(const struct runner *runner)
{
	char *cpu = text("%d", runner->cpu);

	if (runner->cpu < 0 || runner->program->launcher)
		unsetenv("ROADTEST_CPU");
	else
		setenv("ROADTEST_CPU", cpu, true);
	free(cpu);
}

static bool runner_start(struct runner *runner)
{
	const struct program *program = runner->program;
	const struct process_options options = {
		.pipe_in = program->launcher,
		.pipe_out = true,
		.pipe_err = true,
	};
	struct strings argv = { 0 }, python = { 0 };
	bool ok;

	/* Before the arguments: a launcher's have the environment in them. */
	free(runner->journal);
	runner->journal = runner->listing ? NULL :
			  reports_process(runner->report->reports);
	runner_set_cpu(runner);
	if (program->origin->kernel)
		setenv("ROADTEST_KERNEL", program->origin->kernel, true);
	if (program->seeded) {
		char *seed = text("%llu", (unsigned long long)program->seed);

		setenv("ROADTEST_SEED", seed, true);
		free(seed);
	}
	program_argv(program, runner->filtered ? &runner->ids : NULL, &argv);
	if (runner->listing)
		strings_add(&argv, text("--list"));
	else if (!program->planned)
		strings_add(&argv, text("--announce"));
	if (runner->options->given && !runner->listing) {
		strings_add(&argv, text("--timeout"));
		strings_add(&argv, text("%u", runner->options->timeout));
	}
	/* The server wants them without "python3 -m roadtest". */
	for (size_t i = 3; program->python && i < argv.num; i++)
		strings_add(&python, text("%s", argv.items[i]));
	ok = program->python &&
	     forkserver_run(runner->server, &runner->process, &python);
	if (!ok)
		ok = process_start(&runner->process, argv.items, &options);
	strings_deinit(&argv);
	strings_deinit(&python);
	stream_init(&runner->stream, runner_result, runner);
	runner->stream.own = program->python;
	runner->stream.listed = program->planned ? NULL : runner_announced;
	runner->asked = runner->ids.num;
	runner->heard = runner->hung = runner->killed = false;
	runner->endless = false;
	runner_set_deadline(runner);
	return ok;
}

#define LEFT "tearDownClass(), tearDownModule() or an exit handler ended it"

/* Did our runner in Python end, and not by itself? */
static bool runner_cut_short(const struct runner *runner, int status)
{
	const struct stream *stream = &runner->stream;

	return stream->own && stream->header && !stream->ended &&
	       !stream->current && WIFEXITED(status);
}

/* Why did the program end before its time? The caller frees. */
static char *runner_why(const struct runner *runner, int status)
{
	char *end = status_text(status), *why;

	if (runner->hung)
		why = text("it took more than %u s and was killed",
			   runner->options->timeout + GRACE_S);
	else if (runner->stream.bail)
		why = text("the program gave up: %s", runner->stream.bail);
	else if (runner_cut_short(runner, status))
		why = text("the process ended before them, %s: " LEFT, end);
	else
		why = text("the program ended here: %s", end);
	free(end);
	return why;
}

static void runner_report_missing(struct runner *runner,
				  const struct strings *missing,
				  const char *why)
{
	struct strings lines = { 0 };

	strings_add(&lines, text("did not run: %s", why));
	for (size_t i = 0; i < missing->num; i++) {
		const struct stream_test test = {
			.result = RESULT_NOT_RUN,
			.id = missing->items[i],
			.lines = &lines,
			.journal = runner->journal,
		};

		report_test(runner->report, runner->program, &test);
	}
	strings_deinit(&lines);
}

/* It ran nothing: say what it printed, once. */
static void runner_ran_nothing(struct runner *runner, int status)
{
	struct stream *stream = &runner->stream;
	struct program *program = runner->program;
	struct strings lines = { 0 }, missing = { 0 };
	const char *what = "it printed no KTAP";
	char *end = status_text(status), *why;

	if (stream->header)
		what = "it ran no tests";
	else if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_NOT_RUN)
		what = "it could not run";
	if (runner->bad_list)
		why = text("it can't list its tests: %s", runner->bad_list);
	else if (runner->hung || stream->bail)
		why = runner_why(runner, status);
	else
		why = text("%s (%s)", what, end);
	stream_take_lines(stream, &lines);
	if (!program->planned) {
		report_unlisted(runner->report, program, &lines, why);
	} else {
		runner_missing(runner, &runner->ids, &missing);
		if (missing.num)
			report_note(program, &lines, why);
		else
			report_trouble(runner->report, program, &lines, "%s",
				       why);
		runner_report_missing(runner, &missing, why);
	}
	strings_deinit(&missing);
	strings_deinit(&lines);
	free(why);
	free(end);
}

/* What it printed is not what it was asked for, though every test has a
 * result. */
static void runner_check_plan(struct runner *runner)
{
	const struct stream *stream = &runner->stream;
	struct program *program = runner->program;
	char *what;

	if (subtests_bad(&stream->subtests)) {
		what = subtests_text(&stream->subtests);
		report_trouble(runner->report, program, NULL,
			       "behind its last test: %s", what);
		free(what);
	}
	if (stream->second_plan >= 0)
		report_trouble(runner->report, program, NULL,
			       "it has two plans, 1..%d and 1..%d",
			       stream->plan, stream->second_plan);
	else if (stream->plan >= 0 && stream->plan < runner->asked)
		report_trouble(runner->report, program, NULL,
			       "its plan is 1..%d, and %d tests were asked for",
			       stream->plan, runner->asked);
	if (stream->plan <= stream->count)
		return;
	what = text("it did not come to its end: its plan is 1..%d, and there are %d results",
		    stream->plan, stream->count);
	report_unfinished(runner->report, program, NULL, what);
	free(what);
}

/* A test that failed may be why it gave up; what did not run is known. */
static bool ended_badly(const struct stream *stream, int status)
{
	if (stream->bail)
		return !stream->failed;
	if (!WIFEXITED(status))
		return true;
	if (WEXITSTATUS(status) == CLI_FAILED)
		return !stream->failed;
	return WEXITSTATUS(status) &&
	       !(stream->own && WEXITSTATUS(status) == CLI_SOME_NOT_RUN);
}

/* It ended while no test ran; @where: as it is said. */
static void runner_check_end(struct runner *runner, int status,
			     const char *where)
{
	struct stream *stream = &runner->stream;
	struct strings lines = { 0 };
	bool bad = ended_badly(stream, status);
	bool cut = !bad && runner_cut_short(runner, status);
	char *end = status_text(status), *how;

	if (bad || cut)
		stream_take_lines(stream, &lines);
	if (bad) {
		how = stream->bail ? text("\"Bail out! %s\"", stream->bail) :
				     text("%s", end);
		report_trouble(runner->report, runner->program, &lines,
			       "it ended badly, %s, %s", how, where);
		free(how);
	} else if (cut) {
		how = text("it did not come to its end: the process ended %s, %s: " LEFT,
			   where, end);
		report_unfinished(runner->report, runner->program, &lines, how);
		free(how);
	}
	strings_deinit(&lines);
	free(end);
}

/* Is there a test that it should have run and did not? */
static bool runner_lacks(const struct runner *runner)
{
	for (size_t i = 0; i < runner->ids.num; i++)
		if (!report_has(runner->program, runner->ids.items[i]))
			return true;
	return false;
}

/* Tests have no result, for the reason @why: another process runs them if
 * @resume, else they did not run. Return: true if there is something to run. */
static bool runner_go_on(struct runner *runner, bool resume, const char *why)
{
	struct strings missing = { 0 };

	runner_missing(runner, &runner->ids, &missing);
	if (resume && runner->filtered && missing.num >= runner->ids.num) {
		resume = false;
		why = "the program ends before them";
	}
	if (!resume)
		runner_report_missing(runner, &missing, why);
	strings_deinit(&runner->ids);
	runner->ids = missing;
	runner->filtered = true;
	return resume && missing.num;
}

/* Return: true when another process goes on with what is left. */
static bool runner_ended(struct runner *runner, int status)
{
	struct stream *stream = &runner->stream;
	struct program *program = runner->program;
	bool named = stream->current, died, again;
	char *why;

	died = named || stream->bail || runner->hung || WIFSIGNALED(status);
	if (!stream->header && !program->planned &&
	    program_none_marked(program, status))
		return false;
	/* All that it has is known, and none of it can be run. */
	if (program->planned && !runner->asked && stream->ended)
		return false;
	if (!program->planned || !stream->header ||
	    (!stream->count && !named && stream->plan <= 0)) {
		runner_ran_nothing(runner, status);
		return false;
	}
	why = runner_why(runner, status);
	if (named)
		stream_fail_current(stream, why);
	else if (!runner_lacks(runner))
		runner_check_end(runner, status, "behind its last test");
	else if (died && stream->count)
		runner_check_end(runner, status, "between two tests");
	if (!died && !runner_lacks(runner))
		runner_check_plan(runner);
	again = runner_go_on(runner, died && (named || stream->count), why);
	free(why);
	return again;
}

/* Why it is no list; NULL if it is one. To be freed. */
static char *runner_read_list(struct runner *runner, int status)
{
	struct program *program = runner->program;
	char *list = runner->list ? runner->list : "";

	if (runner->endless)
		return text("the list has more than %d bytes", MAX_LIST);
	if (runner->hung)
		return runner_why(runner, status);
	if (program_none_marked(program, status))
		return NULL;
	if (status)
		return status_text(status);
	if (strlen(list) < runner->list_len)
		return text("there is a NUL in the list");
	return program_parse_list(program, list);
}

/* The list is there: what does it say? */
static void runner_listed(struct runner *runner, int status)
{
	struct program *program = runner->program;
	char *why = runner_read_list(runner, status), *what;
	struct strings lines = { 0 };

	if (!why && !program->ids.num && !status)
		why = text("there are none");
	if (!why) {
		program->planned = program->whole = true;
		return;
	}
	stream_take_lines(&runner->stream, &lines);
	what = text("it can't list its tests: %s", why);
	report_unlisted(runner->report, program, &lines, what);
	strings_deinit(&lines);
	free(what);
	free(why);
}

/* ------------------------------------------------------------------------
 * The steps
 */

bool runner_begin(struct runner *runner)
{
	if (runner_start(runner))
		return true;
	if (!runner->program->planned)
		report_unlisted(runner->report, runner->program, NULL,
				"it can't be started");
	else
		runner_go_on(runner, false, "it can't be started");
	stream_deinit(&runner->stream);
	return false;
}

void runner_poll(const struct runner *runner, struct pollfd fds[RUNNER_FDS])
{
	const struct process *process = &runner->process;

	fds[0] = (struct pollfd){ .fd = process->out, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = process->err, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = process->pidfd, .events = POLLIN };
}

int64_t runner_left(const struct runner *runner)
{
	int64_t left = runner->deadline - now_ms();

	if (!runner->options->timeout || runner->killed)
		return -1;
	/* It may stand in a queue. */
	if (runner->program->launcher && !runner->heard)
		return -1;
	return left > 0 ? left : 0;
}

static bool runner_end(struct runner *runner)
{
	int status;
	bool again = false;

	if (runner->program->launcher)
		launched_leave(&runner->process);
	/* Not what it started; but no writing goes on in its group. */
	kill(-runner->process.pid, SIGKILL);
	runner_drain(runner);
	status = process_end(&runner->process, SIGKILL);
	stream_finish(&runner->stream);
	if (runner->listing)
		runner_listed(runner, status);
	else
		again = runner_ended(runner, status);
	stream_deinit(&runner->stream);
	return again && runner_begin(runner);
}

bool runner_step(struct runner *runner, const struct pollfd fds[RUNNER_FDS])
{
	struct process *process = &runner->process;

	if (fds[2].revents)
		return runner_end(runner);
	/* Both may be empty now: a read would wait. */
	if (fds[0].revents) {
		if (!runner_read(runner, SIZE_MAX)) {
			close(process->out);
			process->out = -1;
		}
	} else if (fds[1].revents && !runner_hear_err(runner)) {
		close(process->err);
		process->err = -1;
	}
	if (!runner->hung && (runner->stream.current != runner->watched ||
			      runner->stream.count != runner->count))
		runner_set_deadline(runner);
	if (!runner_left(runner))
		runner_late(runner);
	return true;
}

void runner_signal(struct runner *runner, int signo)
{
	/* What it has said until now counts. */
	runner_drain(runner);
	if (runner->program->launcher)
		launched_signal(&runner->process, signo);
	kill(-runner->process.pid, signo);
}

void runner_stop(struct runner *runner, int signo)
{
	process_end(&runner->process, signo);
	stream_deinit(&runner->stream);
}

void runner_deinit(struct runner *runner)
{
	strings_deinit(&runner->ids);
	free(runner->list);
	free(runner->bad_list);
	free(runner->journal);
}
