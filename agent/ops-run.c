// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ops-run.c - run a program with its three streams
 *
 * All three are served from one poll loop, so that a program which writes a
 * lot before it reads, or to both outputs, does not block for ever. The call
 * ends when both outputs are closed and the program has exited.
 *
 * SIGUSR1 to the worker ends the program. That signal and SIGCHLD are let in
 * only while the worker waits, so that none is lost that comes earlier.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define MAX_ARGS 256

struct run {
	char *argv[MAX_ARGS + 1];
	const char *input;
	size_t input_len;
	int ends[3][2];		/* [stream][0: the program's, 1: ours] */
	struct buffer *out;
	struct buffer err;
	volatile int exec_errno; /* set by the child in our memory */
	pid_t pid;
	bool exited;
	int status;
	sigset_t waiting;	/* signal mask while we wait */
};

static char *const run_environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LC_ALL=C",
	NULL,
};

static void run_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int run_pipes(struct run *run)
{
	int i, fds[2];

	for (i = 0; i < 3; i++) {
		if (pipe2(fds, O_CLOEXEC))
			return -errno;
		run->ends[i][0] = fds[i > 0];
		run->ends[i][1] = fds[i == 0];
		if (fcntl(run->ends[i][1], F_SETFL, O_NONBLOCK))
			return -errno;
	}
	return 0;
}

/* In the child, which borrows our memory until it execs. */
static void __attribute__((noreturn)) run_exec(struct run *run)
{
	sigset_t none;
	int i;

	setsid();
	for (i = 0; i < 3; i++)
		dup2(run->ends[i][0], i);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Not execvpe(): that looks in the PATH of the caller, who has none.
	 * The agent itself, who shares this, asks for no variable. */
	environ = (char **)run_environment;
	execvp(run->argv[0], run->argv);
	run->exec_errno = errno;
	_exit(127);
}

static void run_feed(struct run *run)
{
	ssize_t len = write(run->ends[0][1], run->input, run->input_len);

	/* A program that closes its input does not want the rest. */
	if (len < 0) {
		if (errno != EAGAIN)
			run->input_len = 0;
		return;
	}
	run->input += len;
	run->input_len -= len;
}

static int run_drain(struct run *run, int stream)
{
	struct buffer *to = stream == 1 ? run->out : &run->err;
	char *data = buffer_reserve(to, 4096);
	ssize_t len;

	if (!data)
		return -errno;
	len = read(run->ends[stream][1], data, to->max - to->len);
	if (len < 0)
		return errno == EAGAIN ? 0 : -errno;
	to->len += len;
	if (!len)
		run_close(&run->ends[stream][1]);
	if (run->out->len + run->err.len > PROTO_MAX_DATA)
		return -EFBIG;
	return 0;
}

/* Wait for @num of @fds, or for the exit. Return: 0 or -EINTR. */
static int run_pause(struct run *run, struct pollfd *fds, nfds_t num)
{
	int ready = ppoll(fds, num, NULL, &run->waiting);
	nfds_t i;

	if (ready < 0 && errno != EINTR)
		return -errno;
	if (signals_interrupted)
		return -EINTR;
	for (i = 0; ready < 0 && i < num; i++)
		fds[i].revents = 0;
	if (waitpid(run->pid, &run->status, WNOHANG) == run->pid)
		run->exited = true;
	return 0;
}

static int run_streams(struct run *run)
{
	struct pollfd fds[3];
	int i, rc = 0;

	while (!rc && (run->ends[1][1] >= 0 || run->ends[2][1] >= 0)) {
		if (!run->input_len)
			run_close(&run->ends[0][1]);
		for (i = 0; i < 3; i++)
			fds[i] = (struct pollfd){
				.fd = run->ends[i][1],
				.events = i ? POLLIN : POLLOUT,
			};
		rc = run_pause(run, fds, 3);
		if (!rc && fds[0].revents)
			run_feed(run);
		for (i = 1; i < 3 && !rc; i++)
			if (fds[i].revents)
				rc = run_drain(run, i);
	}
	while (!rc && !run->exited)
		rc = run_pause(run, NULL, 0);
	return rc;
}

static int64_t run_program(struct run *run)
{
	int64_t result;
	int i;

	run->pid = vfork();
	if (!run->pid)
		run_exec(run);
	if (run->pid < 0)
		return -errno;
	for (i = 0; i < 3; i++)
		run_close(&run->ends[i][0]);
	result = run_streams(run);
	if (!run->exited) {
		kill(-run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (run->exec_errno)
		return -run->exec_errno;
	return result ? result : run->status;
}

static int64_t run_parse(struct request *request, struct run *run)
{
	uint64_t argc = request->header->arg[0], i;

	if (!argc || argc > MAX_ARGS)
		return argc ? -E2BIG : -EINVAL;
	for (i = 0; i < argc; i++) {
		run->argv[i] = (char *)request_text(request);
		if (!run->argv[i])
			return -EBADMSG;
	}
	run->input = request->data;
	run->input_len = request->len;
	return 0;
}

int64_t op_run(struct request *request, struct buffer *out)
{
	static char fixed_err[4096];
	struct run run = {
		.ends = { { -1, -1 }, { -1, -1 }, { -1, -1 } }, .out = out,
	};
	size_t start = out->len;
	struct proto_run head;
	sigset_t before;
	int64_t result;
	int i;

	result = run_parse(request, &run);
	if (result)
		return result;
	buffer_reset(&run.err, fixed_err, sizeof(fixed_err));
	if (!buffer_reserve(out, sizeof(head)))
		return -errno;
	out->len += sizeof(head);
	signals_interrupted = 0;
	signals_block(&before);
	run.waiting = before;
	sigdelset(&run.waiting, SIGCHLD);
	result = run_pipes(&run);
	if (!result)
		result = run_program(&run);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (i = 0; i < 3; i++) {
		run_close(&run.ends[i][0]);
		run_close(&run.ends[i][1]);
	}
	head.out_len = out->len - start - sizeof(head);
	memcpy(out->data + start, &head, sizeof(head));
	if (result >= 0 && buffer_add(out, run.err.data, run.err.len))
		result = -errno;
	if (result < 0)
		out->len = start;
	if (run.err.allocated)
		free(run.err.data);
	return result;
}
