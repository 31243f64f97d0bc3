// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runner.c - run tests of one program to their end, however it ends
 *
 * A program that dies has its current test reported as failed and is started
 * again for the tests that have not run yet. Each start must bring at least
 * one of them to an end, so this comes to an end too.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Programs end a test that hangs themselves, and know more about it. */
#define GRACE_S 10
#define DEATH_MS 3000

static void runner_result(void *arg, const struct stream_test *test)
{
	struct runner *runner = arg;
	struct stream_test whole = *test;

	whole.journal = runner->journal;
	report_test(runner->report, runner->program, &whole);
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

/* Past the deadline: ask for a stack, then kill. */
static void runner_late(struct runner *runner)
{
	if (!runner->hung && runner_is_held(runner)) {
		runner_set_deadline(runner);
		return;
	}
	if (runner->hung) {
		kill(-runner->process.pid, SIGKILL);
		runner->killed = true;
	} else if (runner->program->launcher) {
		launched_signal(&runner->process, SIGABRT);
	} else {
		kill(runner->process.pid, SIGABRT);
	}
	runner->hung = true;
	runner->deadline = now_ms() + DEATH_MS;
}

/* Read what is there. Return: false at the end of it. */
static bool runner_read(struct runner *runner, int fd, int stream)
{
	char data[16384];
	ssize_t len = read(fd, data, sizeof(data));

	if (len > 0 && stream == 1 && !runner->heard) {
		runner->heard = true;
		runner_set_deadline(runner);
	}
	if (len > 0 && runner->listing && stream == 1)
		strings_add(&runner->list, text("%.*s", (int)len, data));
	else if (len > 0)
		stream_feed(&runner->stream, stream, data, len);
	return len > 0;
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
	program_argv(program, runner->filtered ? &runner->ids : NULL, &argv);
	if (runner->listing)
		strings_add(&argv, text("--list"));
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
	runner->heard = runner->hung = runner->killed = false;
	runner_set_deadline(runner);
	return ok;
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
	else
		why = text("the program ended here: %s", end);
	free(end);
	return why;
}

/* Tests without a result; false if that can't be known. */
static bool runner_missing(struct runner *runner, struct strings *missing)
{
	struct program *program = runner->program;
	struct strings listed = { 0 };
	const struct strings *ids = &runner->ids;
	bool ok = true;

	if (!program->planned) {
		ok = program_list(program, &listed);
		ids = &listed;
	}
	for (size_t i = 0; ok && i < ids->num; i++)
		if (!report_has(program, ids->items[i]) &&
		    !strings_have(&program->skip, ids->items[i]))
			strings_add(missing, text("%s", ids->items[i]));
	strings_deinit(&listed);
	return ok;
}

/* It ended well by its own account: is that so? */
static void runner_check_end(struct runner *runner, int status)
{
	struct stream *stream = &runner->stream;
	char *end = status_text(status);
	const char *what = "it printed no KTAP";

	if (stream->header)
		what = "it ran no tests";
	else if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_NOT_RUN)
		what = "it could not run";
	if (!stream->header && program_none_marked(runner->program, status)) {
		free(end);
		return;
	}
	if (!stream->header || !stream->count) {
		runner->report->not_run = true;
		report_trouble(runner->report, runner->program,
			       &stream->lines, "%s (%s)",
			       what, end);
	} else if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1 ||
		   (WEXITSTATUS(status) == 1 && !stream->failed)) {
		report_trouble(runner->report, runner->program,
			       &stream->lines,
			       "it ended badly, %s, behind its last test", end);
	}
	free(end);
}

static void runner_fail_missing(struct runner *runner,
				const struct strings *missing, const char *why)
{
	struct strings lines = { 0 };

	strings_add(&lines, text("did not run: %s", why));
	for (size_t i = 0; i < missing->num; i++) {
		const struct stream_test test = {
			.result = RESULT_FAIL,
			.id = missing->items[i],
			.lines = &lines,
			.journal = runner->journal,
		};

		report_test(runner->report, runner->program, &test);
	}
	strings_deinit(&lines);
}

/* After a process of the program: report what it left. Return: true when the
 * tests in @missing are to be run by another one. */
static bool runner_judge(struct runner *runner, int status,
			 struct strings *missing)
{
	struct stream *stream = &runner->stream;
	bool died = stream->current || stream->bail || runner->hung ||
		    WIFSIGNALED(status);
	bool named = stream->current, again = false;
	char *why;

	if (!stream->header || (!stream->current && stream->plan >= 0 &&
				stream->plan <= stream->count))
		runner_check_end(runner, status);
	if (!stream->header || (!stream->count && !stream->plan))
		return false;
	why = runner_why(runner, status);
	if (stream->current)
		stream_fail_current(stream, why);
	if (!runner_missing(runner, missing))
		report_trouble(runner->report, runner->program, &stream->lines,
			       "%d of %d tests did not run: %s",
			       stream->plan - stream->count, stream->plan,
			       why);
	else if (died && (named || stream->count))
		again = missing->num;
	else
		runner_fail_missing(runner, missing, why);
	free(why);
	return again;
}

/* Return: true when another process goes on with what is left. */
static bool runner_ended(struct runner *runner, int status)
{
	struct strings missing = { 0 };
	bool again, filtered = runner->filtered;

	stream_finish(&runner->stream);
	again = runner_judge(runner, status, &missing);
	if (again && filtered && missing.num >= runner->ids.num) {
		runner_fail_missing(runner, &missing,
				    "the program ends before them");
		again = false;
	}
	stream_deinit(&runner->stream);
	strings_deinit(&runner->ids);
	runner->ids = missing;
	runner->filtered = true;
	return again;
}

/* The list is there: what does it say? */
static void runner_listed(struct runner *runner, int status)
{
	struct program *program = runner->program;
	struct strings *lines = &runner->stream.lines;
	char *end = status_text(status), *why = NULL, *list = text("%s", "");

	for (size_t i = 0; i < runner->list.num; i++) {
		char *longer = text("%s%s", list, runner->list.items[i]);

		free(list);
		list = longer;
	}
	stream_finish(&runner->stream);
	if (program_none_marked(program, status))
		*list = '\0';
	else if (status)
		why = text("%s", end);
	else
		why = program_parse_list(program, list);
	if (!why && !program->ids.num && !status)
		why = text("there are none");
	if (why) {
		strings_deinit(&program->ids);
		runner->report->not_run = true;
		report_trouble(runner->report, program, lines,
			       "it can't list its tests: %s", why);
	} else {
		report_plan(runner->report, program);
	}
	stream_deinit(&runner->stream);
	free(list);
	free(why);
	free(end);
}

/* ------------------------------------------------------------------------
 * The steps
 */

bool runner_begin(struct runner *runner)
{
	if (runner_start(runner))
		return true;
	runner->report->not_run = true;
	report_trouble(runner->report, runner->program, NULL,
		       "it can't be started");
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

bool runner_step(struct runner *runner, const struct pollfd fds[RUNNER_FDS])
{
	struct process *process = &runner->process;
	int *const pipes[] = { &process->out, &process->err };
	int status;

	if (!runner_left(runner))
		runner_late(runner);
	for (int i = 0; i < 2; i++) {
		if (fds[i].revents && !runner_read(runner, *pipes[i], i + 1)) {
			close(*pipes[i]);
			*pipes[i] = -1;
		}
	}
	if (!runner->hung && (runner->stream.current != runner->watched ||
			      runner->stream.count != runner->count))
		runner_set_deadline(runner);
	/* Not the pipes' end: something may hold them open. */
	if (!fds[2].revents || fds[0].revents || fds[1].revents)
		return true;
	status = process_end(process, SIGKILL);
	if (runner->listing)
		runner_listed(runner, status);
	else if (runner_ended(runner, status))
		return runner_begin(runner);
	return false;
}

void runner_signal(struct runner *runner, int signo)
{
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
	strings_deinit(&runner->list);
	free(runner->journal);
}
