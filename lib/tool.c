// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tool.c - run a program of the host to its end
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (64 * 1024)

/*
 * The tool's surroundings are the same in every test process: no locale that
 * translates its messages, no signal that the process ignores or blocks.
 */
static int tool_spawn(pid_t *pid, const char *const *argv, int output)
{
	static const char path_default[] = "PATH=/usr/bin:/bin";
	const char *path = getenv("PATH");
	char *path_var = NULL;
	char *env[] = { "LC_ALL=C", (char *)path_default, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	int ret;

	if (path && asprintf(&path_var, "PATH=%s", path) < 0)
		return ENOMEM;
	if (path_var)
		env[1] = path_var;
	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_adddup2(&actions, output, 2);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(pid, argv[0], &actions, &attr, (char **)argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(path_var);
	return ret;
}

/* Read to the end, keep OUTPUT_MAX: a tool must not block on a full pipe. */
static char *tool_collect(int fd)
{
	char *text = malloc(OUTPUT_MAX + 1), waste[4096];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		if (text && len < OUTPUT_MAX)
			n = read(fd, text + len, OUTPUT_MAX - len);
		else
			n = read(fd, waste, sizeof(waste));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (text && len < OUTPUT_MAX)
			len += n;
	}
	if (text)
		text[len] = '\0';
	return text;
}

static int tool_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 0;	/* SIGCHLD is ignored: nobody knows */
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int tool_run(const char *const *argv, char **output, struct road_error *error)
{
	int fds[2], ret;
	char *text;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return err_set(error, -ROAD_EHOST, "pipe: %s", strerror(errno));
	ret = tool_spawn(&pid, argv, fds[1]);
	close(fds[1]);
	if (ret) {
		close(fds[0]);
		return err_set(error, -ROAD_EHOST, "can't run %s: %s", argv[0],
			       strerror(ret));
	}
	text = tool_collect(fds[0]);
	close(fds[0]);
	ret = tool_wait(pid);
	if (!text)
		return err_nomem(error);
	if (output)
		*output = text;
	else
		free(text);
	return ret;
}
