// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * crash.c - backtraces of tests and models that crash or hang
 *
 * The handler runs on a stack of its own, since a stack that overflowed can't
 * hold it. It prints "file(+0x123)" frames; the parent, whose memory is sound,
 * has them turned into places by addr2line.
 */
#include "test.h"

#include <execinfo.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FRAMES 24
#define ALT_STACK (64 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define CRASH_SANITIZED true
#elif defined(__has_feature)
#define CRASH_SANITIZED __has_feature(address_sanitizer)
#else
#define CRASH_SANITIZED false
#endif

extern char **environ;

static void crash_write(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));

	(void)ignored;
}

/* Only what is allowed in a signal handler: the heap may be broken. */
static void crash_handler(int signo, siginfo_t *info, void *context)
{
	const char *name = sigabbrev_np(signo);
	void *frames[MAX_FRAMES];
	int num;

	if (signo == TEST_SIG_HANG && info->si_pid == getppid()) {
		crash_write("the test is here:\n");
	} else {
		crash_write("fatal signal SIG");
		crash_write(name ? name : "?");
		crash_write(", here:\n");
	}
	num = backtrace(frames, MAX_FRAMES);
	/* The handler itself and the kernel's return frame say nothing. */
	if (num > 2)
		backtrace_symbols_fd(frames + 2, num - 2, STDERR_FILENO);
	signal(signo, SIG_DFL);
	raise(signo);
}

void test_crash_init(void)
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL,
				       SIGFPE, SIGTRAP, SIGSYS };
	struct sigaction action = {
		.sa_sigaction = crash_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	/* The process keeps it for good; the leak checker can't see that. */
	static char alt_stack[ALT_STACK];
	stack_t stack = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	size_t num = sizeof(signals) / sizeof(*signals);
	void *frame;

	if (sigaltstack(&stack, NULL))
		return;
	/* The first call loads a library, which a handler must not. */
	backtrace(&frame, 1);
	if (CRASH_SANITIZED)
		num = 1;	/* its own reports of the others are better */
	for (size_t i = 0; i < num; i++)
		sigaction(signals[i], &action, NULL);
}

/* "/path/prog(+0x1139)[0x55...]": take the path and the offset. A frame with
 * a name, "(name+0x12)", says enough as it is. */
static bool crash_frame(const char *line, size_t len, char *path, size_t size,
			uint64_t *offset)
{
	const char *open = memchr(line, '(', len);

	if (!open || open == line || strncmp(open, "(+0x", 4) ||
	    open - line >= (ptrdiff_t)size)
		return false;
	*(char *)mempcpy(path, line, open - line) = '\0';
	*offset = strtoull(open + 2, NULL, 16);
	return true;
}

static void crash_addr2line(FILE *out, char *path, uint64_t offset)
{
	char address[32];
	char *argv[] = { "addr2line", "-fpe", path, address, NULL };
	posix_spawn_file_actions_t actions;
	char line[512];
	int fds[2];
	pid_t pid;
	FILE *in;

	snprintf(address, sizeof(address), "0x%llx",
		 (unsigned long long)offset);
	if (pipe(fds))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, fds[0]);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 1, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	in = fdopen(fds[0], "r");
	while (in && fgets(line, sizeof(line), in))
		if (line[0] != '?')
			fprintf(out, "  %s", line);
	if (in)
		fclose(in);
	if (pid)
		waitpid(pid, NULL, 0);
}

void test_crash_symbolize(FILE *out, const char *text)
{
	bool innermost = true;
	uint64_t offset;
	char path[512];

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		if (!crash_frame(text, end - text, path, sizeof(path),
				 &offset))
			continue;
		/* A caller's frame has the address behind its call. */
		crash_addr2line(out, path, innermost ? offset : offset - 1);
		innermost = false;
	}
}
