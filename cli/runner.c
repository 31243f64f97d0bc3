// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runner.c - run one test program to its end, however it ends
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

struct runner {
	struct report *report;
	const struct runner_options *options;
	struct stream stream;
	struct process process;
	int64_t deadline;
	const char *watched;	/* stream.current when the deadline was set */
	int count;		/* and stream.count */
	bool hung;
	bool killed;
};

static void runner_result(void *arg, const struct stream_test *test)
{
	struct runner *runner = arg;

	report_test(runner->report, test);
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

	if (len > 0)
		stream_feed(&runner->stream, stream, data, len);
	return len > 0;
}

static void runner_interrupted(struct runner *runner, int signo)
{
	process_end(&runner->process, signo);
	if (runner->report->ktap)
		printf("Bail out! SIG%s\n", sigabbrev_np(signo));
	else
		printf("interrupted%s%s\n", runner->stream.current ? " in " :
		       "", runner->stream.current ? runner->stream.current :
		       "");
	signals_raise(signo);
}

/* Run one process to its end. Return: its wait status. */
static int runner_watch(struct runner *runner)
{
	struct process *process = &runner->process;
	bool limited = runner->options->timeout;

	runner_set_deadline(runner);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = process->out, .events = POLLIN },
			{ .fd = process->err, .events = POLLIN },
			{ .fd = process->pidfd, .events = POLLIN },
			{ .fd = signals_fd(), .events = POLLIN },
		};
		int64_t left = runner->deadline - now_ms();

		if (limited && left <= 0 && !runner->killed) {
			runner_late(runner);
			continue;
		}
		if (poll(fds, 4, limited && !runner->killed ? left : -1) < 0)
			continue;
		if (fds[3].revents)
			runner_interrupted(runner, signals_poll());
		if (fds[0].revents && !runner_read(runner, process->out, 1)) {
			close(process->out);
			process->out = -1;
		}
		if (fds[1].revents && !runner_read(runner, process->err, 2)) {
			close(process->err);
			process->err = -1;
		}
		if (!runner->hung &&
		    (runner->stream.current != runner->watched ||
		     runner->stream.count != runner->count))
			runner_set_deadline(runner);
		/* Not the pipes' end: something may hold them open. */
		if (fds[2].revents && !fds[0].revents && !fds[1].revents)
			break;
	}
	return process_end(process, SIGKILL);
}

static bool runner_start(struct runner *runner, const struct program *program,
			 int *status)
{
	const struct process_options options = {
		.pipe_out = true,
		.pipe_err = true,
	};
	struct strings argv = { 0 };
	bool ok;

	program_argv(program, &argv);
	if (runner->options->given) {
		strings_add(&argv, text("--timeout"));
		strings_add(&argv, text("%u", runner->options->timeout));
	}
	ok = process_start(&runner->process, argv.items, &options);
	strings_deinit(&argv);
	if (ok)
		*status = runner_watch(runner);
	if (ok)
		stream_finish(&runner->stream);
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

/* Tests of the program without a result; false if that can't be known. */
static bool runner_missing(const struct runner *runner,
			   const struct program *program,
			   struct strings *missing)
{
	struct strings ids = { 0 };
	bool ok = program_list(program, &ids);

	for (size_t i = 0; ok && i < ids.num; i++)
		if (!strings_have(&runner->stream.done, ids.items[i]) &&
		    !strings_have(&program->skip, ids.items[i]))
			strings_add(missing, text("%s", ids.items[i]));
	strings_deinit(&ids);
	return ok;
}

/* It ended well by its own account: is that so? */
static void runner_check_end(struct runner *runner,
			     const struct program *program, int status)
{
	struct stream *stream = &runner->stream;
	char *end = status_text(status);
	const char *what = "it printed no KTAP";
	bool none_marked = program->marks.num && WIFEXITED(status) &&
			   WEXITSTATUS(status) == CLI_NONE_MARKED;

	if (stream->header)
		what = "it ran no tests";
	else if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_NOT_RUN)
		what = "it could not run";
	if (none_marked && !stream->header) {
		free(end);
		return;
	}
	if (!stream->header || !stream->count) {
		runner->report->not_run = true;
		report_trouble(runner->report, &stream->lines, "%s (%s)",
			       what, end);
	} else if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1 ||
		   (WEXITSTATUS(status) == 1 && !stream->failed)) {
		report_trouble(runner->report, &stream->lines,
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
		};

		report_test(runner->report, &test);
	}
	strings_deinit(&lines);
}

/* After one process of the program: report what it left. Return: true when
 * the tests in @missing are to be run by another one. */
static bool runner_judge(struct runner *runner, const struct program *program,
			 int status, struct strings *missing)
{
	struct stream *stream = &runner->stream;
	bool short_of = stream->plan > stream->count;
	bool died = stream->current || stream->bail || runner->hung ||
		    WIFSIGNALED(status);
	char *why = runner_why(runner, status);
	bool named = stream->current, again = false;

	if (!stream->header || (!stream->current && !short_of)) {
		runner_check_end(runner, program, status);
		free(why);
		return false;
	}
	if (stream->current)
		stream_fail_current(stream, why);
	if (!runner_missing(runner, program, missing))
		report_trouble(runner->report, &stream->lines,
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

void runner_run(struct report *report, const struct program *program,
		const struct runner_options *options)
{
	struct runner runner = { .report = report, .options = options };
	struct program rest = *program;
	struct strings todo = { 0 };
	bool again = true;

	report_program(report, program->path);
	while (again) {
		struct strings missing = { 0 };
		size_t before = todo.num;
		int status;

		stream_init(&runner.stream, runner_result, &runner);
		runner.hung = runner.killed = false;
		again = runner_start(&runner, &rest, &status) &&
			runner_judge(&runner, &rest, status, &missing);
		if (again && before && missing.num >= before) {
			runner_fail_missing(&runner, &missing,
					    "the program ends before them");
			again = false;
		}
		stream_deinit(&runner.stream);
		strings_deinit(&todo);
		todo = missing;
		rest.filter = todo;
		rest.select = (struct strings){ 0 };
		rest.skip = (struct strings){ 0 };
	}
	strings_deinit(&todo);
	report_program_end(report);
}
