// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * worker.c - `roadtest worker`: a test program at the far end of a launcher
 *
 * `roadtest run --launcher` starts it (launch.c); nobody types it. Standard
 * output and error are the program's. Standard input is a line to the command:
 * each byte is the number of a signal for the program, and its end, when the
 * command or the connection died, is the program's end. A launcher that has no
 * standard input for its programs (it is /dev/null then) passes signals to
 * this process instead, or none.
 */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Is it a line to the command? */
static bool input_is_line(void)
{
	struct stat st;

	return !fstat(STDIN_FILENO, &st) &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* An abort asks for a stack: of the program, not of what it started. */
static void pass_on(const struct process *process, int signo)
{
	kill(signo == SIGABRT ? process->pid : -process->pid, signo);
}

/* Return: false when nobody is at the other end any more. */
static bool read_line(const struct process *process)
{
	unsigned char byte;
	ssize_t len = read(STDIN_FILENO, &byte, 1);

	if (len == 1)
		pass_on(process, byte);
	return len > 0 || (len < 0 && errno == EINTR);
}

/* Wait for the end of the program, or make it. Return: its status. */
static int attend(struct process *process, bool *interrupted)
{
	struct pollfd fds[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = input_is_line() ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int signo = 0;

	while (poll(fds, 3, -1) < 0 || !fds[0].revents) {
		if (fds[1].revents)
			signo = signals_poll();
		if (fds[2].revents && !read_line(process))
			signo = SIGHUP;
		if (signo) {
			*interrupted = true;
			return process_end(process, signo);
		}
	}
	return process_end(process, SIGKILL);
}

/* As the program ended: a launcher knows how to tell. */
static int leave(int status, bool interrupted)
{
	const struct rlimit no_core = { 0 };
	char *how;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	how = status_text(status);
	if (!interrupted)
		fprintf(stderr, "the program died of %s\n", how);
	free(how);
	setrlimit(RLIMIT_CORE, &no_core);
	signals_raise(WTERMSIG(status));
}

static const char *host_name(void)
{
	static char name[256];

	if (gethostname(name, sizeof(name) - 1))
		strcpy(name, "this host");
	return name;
}

int cmd_worker(int argc, char **argv)
{
	struct process_options options = { .cwd = argc > 1 ? argv[1] : NULL };
	struct process process;
	bool interrupted = false;
	int i, status;

	for (i = 1; i < argc; i++) {
		if (!launch_decode(argv[i])) {
			cli_error("worker: \"%s\" is not of \"roadtest run\"",
				  argv[i]);
			return CLI_NOT_RUN;
		}
	}
	for (i = 2; i < argc && strchr(argv[i], '='); i++)
		putenv(argv[i]);
	if (i >= argc) {
		cli_error("worker: \"roadtest run --launcher\" uses it; see \"roadtest run --help\"");
		return CLI_NOT_RUN;
	}
	if (!is_directory(argv[1])) {
		cli_error("%s has no directory %s", host_name(), argv[1]);
		cli_remedy("with --launcher the tests, roadtest and the kernel must have the same paths there");
		return CLI_NOT_RUN;
	}
	signals_catch();
	puts(WORKER_MARK);
	fflush(stdout);
	if (!process_start(&process, argv + i, &options))
		return CLI_NOT_RUN;
	status = attend(&process, &interrupted);
	return leave(status, interrupted);
}
