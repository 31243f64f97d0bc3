// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-guard.c - of lib/guard/guard.c; $ROADTEST_GUARD is the program */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Deeper than PATH_MAX and than the usual limit of descriptors. */
#define DEPTH 3000

struct run {
	char dir[64];
	int fd;			/* our end */
	pid_t guard;
};

static void sleep_ms(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void make_dir(char *dir, size_t size, const char *what)
{
	snprintf(dir, size, "/dev/shm/roadtest-unit-%s-%d", what, getpid());
	CHECK_INT(mkdir(dir, 0700), 0);
}

static pid_t exec_guard(int fd, const char *dir, const char *make)
{
	char fd_text[16];
	pid_t pid;

	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	pid = fork();
	if (pid == 0) {
		execl(getenv("ROADTEST_GUARD"), "roadtest-guard", fd_text,
		      dir, make, NULL);
		_exit(127);
	}
	return pid;
}

/* A pair whose first end a guard inherits. */
static void make_pair(int *fds)
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
}

static void start_in(struct run *run, const char *make, pid_t uml)
{
	int fds[2];

	make_pair(fds);
	run->fd = fds[1];
	run->guard = exec_guard(fds[0], run->dir, make);
	close(fds[0]);
	if (uml)
		CHECK_INT(write(run->fd, &uml, sizeof(uml)), sizeof(uml));
}

static void start(struct run *run, const char *what, pid_t uml)
{
	make_dir(run->dir, sizeof(run->dir), what);
	start_in(run, NULL, uml);
}

/* Until it has detached itself: then it leads a session, and its last step is
 * to leave the working directory. */
static void wait_detached(pid_t guard)
{
	char path[64], cwd[2] = "";

	snprintf(path, sizeof(path), "/proc/%d/cwd", guard);
	for (int i = 0; i < 5000; i++) {
		if (readlink(path, cwd, sizeof(cwd)) == 1)
			break;
		sleep_ms(1);
	}
	CHECK_INT(getsid(guard), guard);
	CHECK_INT(cwd[0], '/');
	sleep_ms(20);
}

static int exit_status(pid_t pid)
{
	int status;

	for (int i = 0; i < 10000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		sleep_ms(1);
	}
	UNIT_FAIL("pid %d does not end", pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -2;
}

static void finish(struct run *run)
{
	close(run->fd);
	CHECK_INT(exit_status(run->guard), 0);
	CHECK(!exists(run->dir));
}

static bool wait_dead(pid_t pid)
{
	for (int i = 0; i < 10000; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		waitpid(pid, NULL, WNOHANG);
		sleep_ms(1);
	}
	return false;
}

/* Ends by itself when nobody kills it: a failed test leaves nothing. */
static void __attribute__((noreturn)) sleep_until_killed(void)
{
	alarm(20);
	for (;;)
		pause();
}

/* Something like UML: a leader of its group with a child. The child's id
 * comes in @child. */
static pid_t start_uml(pid_t *child)
{
	int fds[2];
	pid_t pid;

	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		pid_t stub;

		setpgid(0, 0);
		signal(SIGTERM, SIG_IGN);
		stub = fork();
		if (stub == 0)
			sleep_until_killed();
		if (write(fds[1], &stub, sizeof(stub)) != sizeof(stub))
			_exit(1);
		sleep_until_killed();
	}
	close(fds[1]);
	CHECK_INT(read(fds[0], child, sizeof(*child)), sizeof(*child));
	close(fds[0]);
	return pid;
}

static void the_end_of_the_socket_kills_the_group_and_removes_the_tree(void)
{
	struct run run;
	pid_t uml, stub;

	uml = start_uml(&stub);
	start(&run, "end", uml);
	wait_detached(run.guard);
	CHECK(exists(run.dir));
	CHECK_INT(kill(uml, 0), 0);
	finish(&run);
	CHECK(wait_dead(stub));
	CHECK_INT(waitpid(uml, NULL, WNOHANG), uml);
}

static void children_die_when_the_kernel_dies_first(void)
{
	struct run run;
	pid_t uml, stub;

	uml = start_uml(&stub);
	start(&run, "first", uml);
	wait_detached(run.guard);
	kill(uml, SIGKILL);
	waitpid(uml, NULL, 0);
	CHECK(wait_dead(stub));
	CHECK(exists(run.dir));
	finish(&run);
}

static void a_kernel_in_a_foreign_group_is_killed_alone(void)
{
	struct run run;
	pid_t uml = fork();

	if (uml == 0)
		sleep_until_killed();
	start(&run, "alone", uml);
	wait_detached(run.guard);
	finish(&run);		/* this process lives, or the test would not */
	CHECK_INT(waitpid(uml, NULL, 0), uml);
}

/* A test process that is killed with all of its group, as a CI system does it.
 * @forked: a process that it forked lives on. */
static void kill_test_process(bool forked)
{
	char dir[64], path[80];
	pid_t uml, stub, test, other;
	int report[2];

	make_dir(dir, sizeof(dir), "killed");
	snprintf(path, sizeof(path), "%s/file", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	CHECK_INT(pipe(report), 0);
	test = fork();
	if (test == 0) {
		pid_t pids[3] = {};
		int fds[2];

		setpgid(0, 0);
		pids[0] = start_uml(&pids[1]);
		make_pair(fds);
		/* The library has it in a session of its own from the begin. */
		wait_detached(exec_guard(fds[0], dir, NULL));
		if (write(fds[1], pids, sizeof(*pids)) != sizeof(*pids))
			_exit(1);
		if (forked)
			pids[2] = fork();
		if (forked && !pids[2]) {
			setpgid(0, 0);
			sleep_until_killed();
		}
		if (write(report[1], pids, sizeof(pids)) != sizeof(pids))
			_exit(1);
		sleep_until_killed();
	}
	CHECK_INT(read(report[0], &uml, sizeof(uml)), sizeof(uml));
	CHECK_INT(read(report[0], &stub, sizeof(stub)), sizeof(stub));
	CHECK_INT(read(report[0], &other, sizeof(other)), sizeof(other));
	close(report[0]);
	close(report[1]);
	kill(-test, SIGKILL);
	waitpid(test, NULL, 0);
	CHECK(wait_dead(uml));
	CHECK(wait_dead(stub));
	for (int i = 0; i < 10000 && exists(dir); i++)
		sleep_ms(1);
	CHECK(!exists(dir));
	if (other)
		kill(other, SIGKILL);
}

static void a_killed_test_process_leaves_nothing(void)
{
	kill_test_process(false);
}

static void a_killed_test_process_leaves_nothing_if_what_it_forked_lives(void)
{
	kill_test_process(true);
}

/* A tree as a hostile guest makes it. */
static void fill(const char *dir, const char *outside)
{
	char path[200];
	int fd, next;

	snprintf(path, sizeof(path), "%s/link", dir);
	CHECK_INT(symlink(outside, path), 0);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	CHECK_INT(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/locked", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/locked/inner", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/locked/inner/link", dir);
	CHECK_INT(symlink(outside, path), 0);
	snprintf(path, sizeof(path), "%s/locked/inner", dir);
	CHECK_INT(chmod(path, 0), 0);
	snprintf(path, sizeof(path), "%s/locked", dir);
	CHECK_INT(chmod(path, 0), 0);
	/* The name that the guard gives to the first directory it moves. */
	snprintf(path, sizeof(path), "%s/roadtest-0", dir);
	CHECK_INT(mkdir(path, 0500), 0);

	fd = open(dir, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < DEPTH; i++) {
		CHECK_INT(mkdirat(fd, "deep", 0700), 0);
		CHECK_INT(mkdirat(fd, "wide", 0700), 0);
		CHECK_INT(mknodat(fd, "file", S_IFREG | 0600, 0), 0);
		next = openat(fd, "deep", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
}

static void a_hostile_tree_is_removed_and_links_are_not_followed(void)
{
	char outside[64], canary[80];
	struct run run;

	snprintf(outside, sizeof(outside), "/dev/shm/outside-%d", getpid());
	snprintf(canary, sizeof(canary), "%s/canary", outside);
	CHECK_INT(mkdir(outside, 0700), 0);
	close(open(canary, O_CREAT | O_WRONLY, 0600));
	start(&run, "tree", 0);
	fill(run.dir, outside);
	finish(&run);
	CHECK(exists(canary));
	unlink(canary);
	rmdir(outside);
}

/* The test process may have used up its own. */
static void it_needs_no_descriptors_of_the_test(void)
{
	struct rlimit before, few;
	char path[80];
	struct run run;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	make_dir(run.dir, sizeof(run.dir), "few");
	snprintf(path, sizeof(path), "%s/a", run.dir);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/a/b", run.dir);
	CHECK_INT(mkdir(path, 0700), 0);
	/* The pair's, and the one that it is moved from. */
	few.rlim_cur = 7;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	start_in(&run, NULL, 0);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	finish(&run);
}

static void only_work_directories_are_accepted(void)
{
	static const char *const paths[] = {
		"/tmp/roadtest-x", "/dev/shm/other", "/dev/shm/roadtest-",
		"/dev/shm/roadtest-a/../b", "/dev/shm/roadtest-..",
		"/dev/shm/roadtest-a/b", "/dev/shm/roadtest-a/",
		"/dev/shm//roadtest-a", "roadtest-a", "",
	};
	int fds[2];

	make_pair(fds);
	close(fds[1]);
	CHECK_INT(dup2(open("/dev/null", O_WRONLY), 9), 9);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int saved = dup(2), status;

		dup2(9, 2);
		status = exit_status(exec_guard(fds[0], paths[i], NULL));
		dup2(saved, 2);
		close(saved);
		if (status != 2)
			UNIT_FAIL("\"%s\": status %d", paths[i], status);
	}
	close(9);
	close(fds[0]);
}

static void a_work_directory_that_is_a_link_stays(void)
{
	char dir[64], link[64], canary[80];
	int fds[2];

	snprintf(dir, sizeof(dir), "/dev/shm/target-%d", getpid());
	snprintf(canary, sizeof(canary), "%s/canary", dir);
	snprintf(link, sizeof(link), "/dev/shm/roadtest-unit-l-%d", getpid());
	CHECK_INT(mkdir(dir, 0700), 0);
	close(open(canary, O_CREAT | O_WRONLY, 0600));
	CHECK_INT(symlink(dir, link), 0);
	make_pair(fds);
	close(fds[1]);
	CHECK_INT(exit_status(exec_guard(fds[0], link, NULL)), 1);
	close(fds[0]);
	CHECK(exists(canary));
	unlink(canary);
	unlink(link);
	rmdir(dir);
}

static void it_makes_the_directory_and_removes_it(void)
{
	struct stat st = { 0 };
	struct run run;
	int error = -1;

	make_dir(run.dir, sizeof(run.dir), "make");
	CHECK_INT(rmdir(run.dir), 0);
	start_in(&run, "make", 0);
	CHECK_INT(read(run.fd, &error, sizeof(error)), sizeof(error));
	CHECK_INT(error, 0);
	CHECK_INT(stat(run.dir, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	finish(&run);
}

/* It may be another run's. */
static void a_directory_that_is_there_already_stays(void)
{
	struct run run;
	int error = -1;

	make_dir(run.dir, sizeof(run.dir), "taken");
	start_in(&run, "make", 0);
	CHECK_INT(read(run.fd, &error, sizeof(error)), sizeof(error));
	CHECK_INT(error, EEXIST);
	CHECK_INT(exit_status(run.guard), 1);
	CHECK_INT(rmdir(run.dir), 0);
	close(run.fd);
}

static void signals_do_not_end_it(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGUSR1, SIGALRM, SIGTSTP };
	struct run run;

	start(&run, "signals", 0);
	wait_detached(run.guard);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		kill(run.guard, signals[i]);
	sleep_ms(20);
	CHECK(exists(run.dir));
	finish(&run);
}

static void it_holds_nothing_of_the_test_open(void)
{
	char path[64], target[64];
	struct dirent *entry;
	struct run run;
	int fds[2], num = 0;
	DIR *dir;

	CHECK_INT(pipe(fds), 0);	/* inherited by the guard */
	start(&run, "fds", 0);
	wait_detached(run.guard);
	snprintf(path, sizeof(path), "/proc/%d/fd", run.guard);
	dir = opendir(path);
	while ((entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target,
					 sizeof(target) - 1);

		if (len < 0)
			continue;
		target[len] = '\0';
		num++;
		if (atoi(entry->d_name) < 3)
			CHECK_STR(target, "/dev/null");
		else if (atoi(entry->d_name) > 3)
			CHECK_STR(target, "anon_inode:[pidfd]");
	}
	closedir(dir);
	CHECK_INT(num, 5);	/* and the socket; the pidfd is its parent's */
	close(fds[0]);
	close(fds[1]);
	finish(&run);
}

static const struct unit_test tests[] = {
	{ "the_end_of_the_socket_kills_the_group_and_removes_the_tree",
	  the_end_of_the_socket_kills_the_group_and_removes_the_tree },
	{ "children_die_when_the_kernel_dies_first",
	  children_die_when_the_kernel_dies_first },
	{ "a_kernel_in_a_foreign_group_is_killed_alone",
	  a_kernel_in_a_foreign_group_is_killed_alone },
	{ "a_killed_test_process_leaves_nothing",
	  a_killed_test_process_leaves_nothing },
	{ "a_killed_test_process_leaves_nothing_if_what_it_forked_lives",
	  a_killed_test_process_leaves_nothing_if_what_it_forked_lives },
	{ "a_hostile_tree_is_removed_and_links_are_not_followed",
	  a_hostile_tree_is_removed_and_links_are_not_followed },
	{ "it_needs_no_descriptors_of_the_test",
	  it_needs_no_descriptors_of_the_test },
	{ "only_work_directories_are_accepted",
	  only_work_directories_are_accepted },
	{ "a_work_directory_that_is_a_link_stays",
	  a_work_directory_that_is_a_link_stays },
	{ "it_makes_the_directory_and_removes_it",
	  it_makes_the_directory_and_removes_it },
	{ "a_directory_that_is_there_already_stays",
	  a_directory_that_is_there_already_stays },
	{ "signals_do_not_end_it", signals_do_not_end_it },
	{ "it_holds_nothing_of_the_test_open",
	  it_holds_nothing_of_the_test_open },
};

int main(int argc, char **argv)
{
	/* Orphans come here and not to init, which may not reap them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
