// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-uml-dir.c - of lib/uml-dir.c: a test process that is killed leaves
 * nothing, wherever it was
 */
#include "uml.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the process that is killed, which has it at the same address. */
static struct uml uml;

/* A machine's life, but for a kernel that does nothing. */
static void __attribute__((noreturn)) live(void)
{
	const struct uml_config config = {
		.image = "/usr/bin/yes", .dtb = "none", .calendar = "none",
	};
	struct road_error error = {};

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	uml_init(&uml);
	if (uml_make_dir(&uml, &error) || uml_start(&uml, &config, &error)) {
		printf("# %s\n", err_message(&error));
		fflush(stdout);
		_exit(1);
	}
	uml_deinit(&uml, false);
	_exit(0);
}

static void peek(pid_t pid, const void *from, void *to, size_t len)
{
	struct iovec local = { to, len }, remote = { (void *)from, len };

	CHECK_INT(process_vm_readv(pid, &local, 1, &remote, 1, 0), len);
}

/* The name of its directory, "" before it has one. */
static void peek_dir(pid_t pid, char *dir, size_t size)
{
	char *at;

	memset(dir, 0, size);
	peek(pid, &uml.dir, &at, sizeof(at));
	if (at)
		peek(pid, at, dir, strlen("/dev/shm/roadtest-XXXXXX"));
}

/* How far it gets: to its system call number @limit. Return: has it ended by
 * itself? */
static bool trace(pid_t pid, unsigned int limit)
{
	unsigned int stops = 0;
	int status, signo = 0;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			signo = 0;
			stops++;	/* at the beginning and at the end */
		} else {
			signo = WSTOPSIG(status) == SIGSTOP ? 0 :
							      WSTOPSIG(status);
			ptrace(PTRACE_SETOPTIONS, pid, NULL,
			       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		}
		if (stops == 2 * limit)
			return false;
		ptrace(PTRACE_SYSCALL, pid, NULL, signo);
	}
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
	return true;
}

/* Everything that it started is ours to wait for. */
static void wait_for_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	CHECK_INT(errno, ECHILD);
}

static void remove_tree(const char *dir)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

static void a_kill_at_any_system_call_leaves_nothing(void)
{
	bool ended = false;
	char dir[64];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned int limit = 1; !ended && limit < 2000; limit++) {
		pid_t pid = fork();

		if (!pid)
			live();
		ended = trace(pid, limit);
		if (!ended) {
			peek_dir(pid, dir, sizeof(dir));
			kill(pid, SIGKILL);
		}
		wait_for_all();
		if (!ended && *dir && !access(dir, F_OK)) {
			UNIT_FAIL("%s is left of a kill after %u system calls",
				  dir, limit);
			remove_tree(dir);
		}
	}
	CHECK(ended);
}

static const struct unit_test tests[] = {
	{ "a_kill_at_any_system_call_leaves_nothing",
	  a_kill_at_any_system_call_leaves_nothing },
};

UNIT_MAIN(tests)
