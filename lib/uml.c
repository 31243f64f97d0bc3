// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * User Mode Linux: start it, watch it, end it
 *
 * The kernel is started with a fixed memory layout (ADDR_NO_RANDOMIZE) and an
 * environment of its own, in a process group of its own so that a Ctrl-C at
 * the terminal is the test's alone, pinned to the caller's processor: host and
 * guest take turns, and waking up another processor costs more than the turn.
 */
#include "uml-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UML_MAX_ARGS 32

void uml_init(struct uml *uml)
{
	memset(uml, 0, sizeof(*uml));
	uml->lock_fd = -1;
	uml->pidfd = -1;
	uml->console_fd = -1;
	uml->guard_fd = -1;
}

/* ---- our own programs */

char *uml_find_helper(const char *name, struct road_error *error)
{
	const char *dirs[] = {
		getenv("ROADTEST_LIBEXEC"),
		ROAD_LIBEXECDIR,
		ROAD_BUILD_DIR "/agent",
		ROAD_BUILD_DIR "/kernel",
		ROAD_BUILD_DIR "/lib/guard",
	};
	char *path;
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (!dirs[i])
			continue;
		if (asprintf(&path, "%s/%s", dirs[i], name) < 0)
			break;
		if (!access(path, R_OK))
			return path;
		free(path);
	}
	err_set(error, -ROAD_EHOST,
		"%s not found in %s; set ROADTEST_LIBEXEC to where it is",
		name, ROAD_LIBEXECDIR);
	return NULL;
}

/* ---- starting */

struct uml_args {
	char *argv[UML_MAX_ARGS + 1];
	int num;
	bool failed;
};

static void args_add(struct uml_args *args, const char *fmt, ...)
	ROAD_PRINTF(2, 3);

static void args_add(struct uml_args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->num == UML_MAX_ARGS) {
		args->failed = true;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&args->argv[args->num], fmt, ap) < 0)
		args->failed = true;
	else
		args->num++;
	va_end(ap);
}

static void args_free(struct uml_args *args)
{
	while (args->num)
		free(args->argv[--args->num]);
}

/*
 * A path below the work directory, as seen from it: the kernel runs there. Its
 * command line goes into its random numbers, and the directory's name is
 * another one each time. hostfs takes no relative root (seen; 6.12), hence
 * /proc/self/cwd.
 */
static const char *uml_relative(const struct uml *uml, const char *path)
{
	size_t len = strlen(uml->dir);

	return !strncmp(path, uml->dir, len) && path[len] == '/' ?
		       path + len + 1 : path;
}

static void uml_build_args(struct uml *uml, const struct uml_config *config,
			   struct uml_args *args)
{
	args_add(args, "%s", config->image);
	args_add(args, "mem=%uM", config->mem_mib);
	args_add(args, "hostfs=/proc/self/cwd/root");
	args_add(args, "rootfstype=hostfs");
	args_add(args, "rootflags=/");
	/* Else it is UML's 98:0, a disk. Kernels of 6.1 then mount nothing. */
	args_add(args, "root=none");
	args_add(args, "rw");
	args_add(args, "init=/sbin/init");
	args_add(args, "uml_dir=./");
	args_add(args, "umid=uml");
	args_add(args, "con0=fd:0,fd:1");
	args_add(args, "dtb=%s", uml_relative(uml, config->dtb));
	args_add(args, "time-travel=ext:1:%s",
		 uml_relative(uml, config->calendar));
	args_add(args, "ignore_loglevel");
	args_add(args, "printk.time=1");
	/* A driver that crashes while the system sleeps must be heard. */
	args_add(args, "no_console_suspend");
	args_add(args, "panic=-1");
	if (config->seccomp)
		args_add(args, "seccomp=auto");
	if (config->autoprobe)
		args_add(args, "roadtest.autoprobe=1");
	if (config->args && *config->args)
		args_add(args, "%s", config->args);
}

/* The processor that `roadtest run` has for us, if it is one of @allowed, else
 * the one that we are on. */
static int uml_choose_cpu(const cpu_set_t *allowed)
{
	const char *given = getenv("ROADTEST_CPU");
	char *end;
	long cpu;

	if (given && *given) {
		cpu = strtol(given, &end, 10);
		if (!*end && cpu >= 0 && cpu < CPU_SETSIZE &&
		    CPU_ISSET(cpu, allowed))
			return cpu;
	}
	return sched_getcpu();
}

/* Host and guest on one processor. */
static void uml_pin(struct uml *uml)
{
	cpu_set_t *old = (cpu_set_t *)uml->cpus;
	cpu_set_t one;
	int cpu;

	_Static_assert(sizeof(cpu_set_t) <= sizeof(uml->cpus), "cpu_set_t");
	/* With another machine in this process it is on one already: who
	 * changed that changes it back, whichever ends first. */
	if (sched_getaffinity(0, sizeof(*old), old) || CPU_COUNT(old) == 1)
		return;
	cpu = uml_choose_cpu(old);
	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	uml->pinned = !sched_setaffinity(0, sizeof(one), &one);
}

static void uml_unpin(struct uml *uml)
{
	if (uml->pinned)
		sched_setaffinity(0, sizeof(cpu_set_t),
				  (cpu_set_t *)uml->cpus);
	uml->pinned = false;
}

/* In the child of a vfork() of @parent: only system calls. */
static void uml_exec(const struct uml *uml, pid_t parent, char **argv,
		     char **envp, int null_fd, int out_fd)
{
	const pid_t pid = getpid();
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* killed before that */
		_exit(127);
	send(uml->guard_fd, &pid, sizeof(pid), MSG_NOSIGNAL);
	personality(ADDR_NO_RANDOMIZE);
	dup2(null_fd, 0);
	dup2(out_fd, 1);
	dup2(out_fd, 2);
	if (chdir(uml->dir))
		_exit(127);
	execve(argv[0], argv, envp);
	_exit(127);
}

static int uml_spawn(struct uml *uml, char **argv, char **envp,
		     struct road_error *error)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const pid_t parent = getpid();
	int fds[2];
	pid_t pid;

	if (null_fd < 0 || pipe2(fds, O_CLOEXEC)) {
		err_set(error, -ROAD_EHOST, "pipe: %s", strerror(errno));
		if (null_fd >= 0)
			close(null_fd);
		return -ROAD_EHOST;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	pid = vfork();
	if (!pid)
		uml_exec(uml, parent, argv, envp, null_fd, fds[1]);
	close(null_fd);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_set(error, -ROAD_EHOST, "fork: %s",
			       strerror(errno));
	}
	uml->pid = pid;
	uml->console_fd = fds[0];
	uml->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (uml->pidfd < 0)
		return err_set(error, -ROAD_EHOST, "pidfd_open: %s",
			       strerror(errno));
	fcntl(uml->pidfd, F_SETFD, FD_CLOEXEC);
	return 0;
}

int uml_start(struct uml *uml, const struct uml_config *config,
	      struct road_error *error)
{
	char *shim = uml_find_helper("roadtest-shim.so", error);
	char *preload = NULL, *seed = NULL, *tmp = NULL, *confine = NULL;
	struct uml_args args = {};
	char *envp[5] = {};
	int ret = -ROAD_EHOST;

	if (!shim)
		return ret;
	uml_build_args(uml, config, &args);
	if (args.failed || asprintf(&preload, "LD_PRELOAD=%s", shim) < 0 ||
	    asprintf(&tmp, "TMPDIR=%s", uml->dir) < 0 ||
	    asprintf(&confine, "ROADTEST_CONFINE=%s", uml->dir) < 0 ||
	    asprintf(&seed, "ROADTEST_SEED=%llu",
		     (unsigned long long)config->seed) < 0) {
		ret = err_nomem(error);
		goto out;
	}
	envp[0] = preload;
	envp[1] = seed;
	/* Its memory is a file in the one directory that it may use. */
	envp[2] = tmp;
	envp[3] = confine;
	if (config->pin)
		uml_pin(uml);
	ret = uml_spawn(uml, args.argv, envp, error);
out:
	args_free(&args);
	free(shim);
	free(preload);
	free(tmp);
	free(confine);
	free(seed);
	return ret;
}

/* ---- ending */

static void uml_reap(struct uml *uml, int *status)
{
	while (uml->pid && waitpid(uml->pid, status, 0) < 0 && errno == EINTR)
		;
	uml->pid = 0;
}

int uml_describe_end(struct uml *uml, int timeout_ms, char *buf, size_t size)
{
	struct pollfd pfd = { .fd = uml->pidfd, .events = POLLIN };
	int status = 0;

	if (!uml->pid || uml->pidfd < 0 || poll(&pfd, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	uml_reap(uml, &status);
	/* It handles this one, on a stack of its own; not if that is gone. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		snprintf(buf, size,
			 "was killed by signal %d (%s) and could not say why: an endless recursion, or memory that was overwritten?",
			 SIGSEGV, strsignal(SIGSEGV));
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(buf, size, "exited with status %d",
			 WEXITSTATUS(status));
	return 0;
}

void uml_kill(struct uml *uml)
{
	if (uml->pid) {
		kill(-uml->pid, SIGKILL);
		kill(uml->pid, SIGKILL);
		uml_reap(uml, NULL);
	}
	if (uml->pidfd >= 0)
		close(uml->pidfd);
	uml->pidfd = -1;
	uml_unpin(uml);
}

void uml_deinit(struct uml *uml, bool keep)
{
	uml_kill(uml);
	if (uml->console_fd >= 0)
		close(uml->console_fd);
	if (keep)
		uml_keep(uml);
	uml_wait_guard(&uml->guard, &uml->guard_fd);
	if (uml->lock_fd >= 0)
		close(uml->lock_fd);
	free(uml->dir);
	uml_init(uml);
}
