// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * process.c - programs that the command starts, and how they end
 *
 * Each leads a process group of its own, so that it can be ended with all that
 * it started. It dies with us, however we die. Signals that mean "stop" come
 * through a descriptor, so that every wait can end the group first.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEATH_MS 3000	/* for a program to end after it was asked to */

/* Signals belong to the process, so what is kept of them does too. */
static int signal_fd = -1;
static sigset_t old_mask;

void signals_catch(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &old_mask);
	signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_fd(void)
{
	return signal_fd;
}

int signals_poll(void)
{
	struct signalfd_siginfo info;

	if (signal_fd < 0 || read(signal_fd, &info, sizeof(info)) < 0)
		return 0;
	return info.ssi_signo;
}

void signals_release(void)
{
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

void signals_raise(int signo)
{
	progress_end();
	fflush(NULL);
	signal(signo, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	raise(signo);
	_exit(128 + signo);
}

/* In the child. */
static void __attribute__((noreturn))
process_exec(char *const argv[], const struct process_options *options,
	     int in, int out, int err, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (signal_fd >= 0)
		sigprocmask(SIG_SETMASK, &old_mask, NULL);
	/* In the background a read of the terminal would stop it for ever. */
	dup2(in >= 0 ? in : options->in_fd > 0 ? options->in_fd : null,
	     STDIN_FILENO);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (err >= 0)
		dup2(err, STDERR_FILENO);
	for (size_t i = 0; options->env && options->env[i]; i++)
		putenv((char *)options->env[i]);
	if (options->nice && nice(options->nice) < 0)
		errno = 0;
	if (!options->cwd || !chdir(options->cwd))
		execvp(argv[0], argv);
	fprintf(stderr, "roadtest: can't run %s: %m\n", argv[0]);
	_exit(127);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The pipes that @options want: in, out, err; all closed on failure. */
static bool open_pipes(const struct process_options *options, int pipes[3][2])
{
	const bool wanted[] = { options->pipe_in, options->pipe_out,
				options->pipe_err };

	memset(pipes, -1, 3 * sizeof(*pipes));
	for (int i = 0; i < 3; i++) {
		if (!wanted[i] || !pipe2(pipes[i], O_CLOEXEC))
			continue;
		while (i--) {
			close_fd(pipes[i][0]);
			close_fd(pipes[i][1]);
		}
		return false;
	}
	return true;
}

/* Close the child's ends, keep ours. */
static void take_pipes(struct process *process, int pipes[3][2])
{
	close_fd(pipes[0][0]);
	close_fd(pipes[1][1]);
	close_fd(pipes[2][1]);
	process->in = pipes[0][1];
	process->out = pipes[1][0];
	process->err = pipes[2][0];
}

static const struct process no_process = {
	.pidfd = -1, .in = -1, .out = -1, .err = -1,
};

bool process_start(struct process *process, char *const argv[],
		   const struct process_options *options)
{
	int given = options->out_fd > 0 ? options->out_fd : -1;
	pid_t parent = getpid();
	int pipes[3][2];

	*process = no_process;
	if (!open_pipes(options, pipes)) {
		cli_error("no pipe for %s: %m", argv[0]);
		return false;
	}
	fflush(NULL);
	process->pid = fork();
	if (!process->pid)
		process_exec(argv, options, pipes[0][0],
			     pipes[1][1] >= 0 ? pipes[1][1] : given,
			     pipes[2][1] >= 0 ? pipes[2][1] : given, parent);
	take_pipes(process, pipes);
	if (process->pid > 0) {
		setpgid(process->pid, process->pid);
		process->pidfd = pidfd_open(process->pid, 0);
	}
	if (process->pidfd < 0) {
		cli_error("can't start %s: %m", argv[0]);
		return false;
	}
	return true;
}

bool process_start_forked(struct process *process, pid_t (*ask)(void *arg, int out,
							      int err),
			  void *arg)
{
	const struct process_options options = {
		.pipe_out = true,
		.pipe_err = true,
	};
	int pipes[3][2];

	*process = no_process;
	if (!open_pipes(&options, pipes))
		return false;
	process->pid = ask(arg, pipes[1][1], pipes[2][1]);
	take_pipes(process, pipes);
	if (process->pid > 0)
		process->pidfd = pidfd_open(process->pid, 0);
	if (process->pidfd >= 0)
		return true;
	close_fd(process->out);
	close_fd(process->err);
	return false;
}

/* Wait for its end, @ms at most; -1: for ever. */
static bool process_ended(const struct process *process, int ms)
{
	struct pollfd fd = { .fd = process->pidfd, .events = POLLIN };

	return poll(&fd, 1, ms) > 0;
}

/* It has ended: nothing of its group may stay. */
static int process_reap(struct process *process)
{
	int status = 0;

	/* As long as it is not reaped its group can't be somebody else's. */
	kill(-process->pid, SIGKILL);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	close_fd(process->pidfd);
	close_fd(process->in);
	close_fd(process->out);
	close_fd(process->err);
	process->pidfd = process->in = process->out = process->err = -1;
	return status;
}

int process_end(struct process *process, int signo)
{
	kill(-process->pid, signo);
	if (!process_ended(process, DEATH_MS)) {
		kill(-process->pid, SIGKILL);
		process_ended(process, -1);
	}
	return process_reap(process);
}

int process_wait(struct process *process)
{
	struct pollfd fds[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			return process_reap(process);
		process->interrupted = fds[1].revents ? signals_poll() : 0;
		if (process->interrupted)
			return process_end(process, process->interrupted);
	}
}

/* Wait for standard output. Return: false when a signal came for us. */
static bool process_readable(const struct process *process)
{
	struct pollfd fds[] = {
		{ .fd = process->out, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0)
		;
	return !fds[1].revents;
}

int process_run(char *const argv[], const struct process_options *options)
{
	struct process process;
	int status;

	if (!process_start(&process, argv, options))
		return -1;
	status = process_wait(&process);
	if (process.interrupted)
		signals_raise(process.interrupted);
	return status;
}

char *process_output_status(char *const argv[], int *status)
{
	const struct process_options options = { .pipe_out = true };
	size_t len = 0, size = 4096;
	char *data = xcalloc(1, size);
	struct process process;
	ssize_t n = 1;

	*status = -1;
	if (!process_start(&process, argv, &options)) {
		free(data);
		return NULL;
	}
	while (n > 0 && process_readable(&process)) {
		n = read(process.out, data + len, size - len - 1);
		len += n > 0 ? n : 0;
		if (len + 1 == size) {
			size *= 2;
			data = xrealloc(data, size, 1);
		}
	}
	data[len] = '\0';
	if (len && data[len - 1] == '\n')
		data[len - 1] = '\0';
	*status = process_wait(&process);
	if (process.interrupted)
		signals_raise(process.interrupted);
	return data;
}

char *process_output(char *const argv[])
{
	int status;
	char *data = process_output_status(argv, &status);

	if (status) {
		free(data);
		data = NULL;
	}
	return data;
}

char *status_text(int status)
{
	if (WIFSIGNALED(status))
		return text("SIG%s", sigabbrev_np(WTERMSIG(status)));
	return text("exit status %d", WEXITSTATUS(status));
}

char *find_program(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : text("%s", name);
	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t len = strcspn(path, ":");
		char *full = text("%.*s/%s", (int)len, path, name);

		if (len && !access(full, X_OK) && !is_directory(full))
			return full;
		free(full);
		path += len + (path[len] == ':');
	}
	return NULL;
}
