// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * forkserver.c - run Python without a start of Python for each run
 *
 * One Python that has imported the package forks a copy for each request; see
 * python/roadtest/forkserver.py for the protocol. The copies become children
 * of this process, which is a subreaper for that. Where the server can't help,
 * a program is started as any other.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_MESSAGE (1 << 18)	/* as in forkserver.py */
#define MAX_PID 16		/* digits */

struct request {
	int sock;
	struct strings *argv;
};

bool forkserver_start(struct forkserver *server)
{
	static char *argv[] = { PYTHON, "-m", "roadtest.forkserver", NULL };
	struct process_options options = { 0 };
	int size = 2 * MAX_MESSAGE;
	int socks[2];

	*server = (struct forkserver){ .sock = -1 };
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return false;
	setsockopt(socks[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	options.in_fd = socks[1];
	if (process_start(&server->process, argv, &options))
		server->sock = socks[0];
	else
		close(socks[0]);
	close(socks[1]);
	return server->sock >= 0;
}

void forkserver_stop(struct forkserver *server)
{
	if (server->sock < 0)
		return;
	close(server->sock);
	server->sock = -1;
	process_end(&server->process, SIGKILL);
}

/* The arguments, an empty string, the environment; each with its NUL. */
static size_t request_text(const struct strings *argv, char **out)
{
	size_t len;
	FILE *f = open_memstream(out, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < argv->num; i++)
		fwrite(argv->items[i], 1, strlen(argv->items[i]) + 1, f);
	putc('\0', f);
	for (char **env = environ; *env; env++)
		if (starts_with(*env, "ROADTEST_"))
			fwrite(*env, 1, strlen(*env) + 1, f);
	fclose(f);
	return len;
}

static bool request_send(int sock, char *text, size_t len, int out, int err)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { text, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fds[] = { out, err };

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	return len <= MAX_MESSAGE &&
	       sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)len;
}

static pid_t request_ask(void *arg, int out, int err)
{
	const struct request *request = arg;
	char answer[MAX_PID + 1], *data;
	size_t len = request_text(request->argv, &data);
	bool sent = request_send(request->sock, data, len, out, err);
	ssize_t n;

	free(data);
	if (!sent)
		return 0;
	do {
		n = recv(request->sock, answer, MAX_PID, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	answer[n] = '\0';
	return atoi(answer);
}

bool forkserver_run(struct forkserver *server, struct process *process,
		    struct strings *argv)
{
	struct request request = { server->sock, argv };

	return server->sock >= 0 &&
	       process_start_forked(process, request_ask, &request);
}
