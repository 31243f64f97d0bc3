// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * roadtest-guard - clean up behind a test process, however it ended
 *
 *	roadtest-guard FD WORKDIR [make]
 *
 * FD is one end of a pair of sockets whose other end the test process holds. At
 * its end of file the guard kills the guest's kernel and its process group,
 * removes the work directory and exits. It works the same way when the test
 * process ends the machine on purpose, so that there is one way of cleaning up
 * and not two.
 *
 * With "make" it is the guard that makes the directory, once no signal of the
 * terminal can end it any more: there is no moment at which the directory is
 * there and nobody would remove it. The answer goes to FD: 0 or an errno, an
 * int. Who starts it has all signals blocked and its session made before.
 *
 * The kernel tells its pid itself, an int to FD, before it is executed. It
 * should lead its process group. If the kernel ends first, its group is killed
 * at that moment, while the pid cannot belong to anybody else yet.
 *
 * A process that the test forked has a copy of the other end, and may live
 * longer. So the end of the test process, which is the guard's parent, counts
 * as well.
 *
 * The guard trusts its arguments no further than that: WORKDIR must be
 * /dev/shm/roadtest-SOMETHING. What stands in it was written by the guest
 * and is hostile: links are not followed, and neither depth nor number of
 * directories costs memory or descriptors.
 *
 * Exit status: 0, 1 when something could not be removed, 2 for bad arguments.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARENT "/dev/shm"
#define PREFIX "roadtest-"

/* Where the socket is moved to; everything else is closed. */
#define TEST_FD 3

/* How long a killed process may take to die before its files are removed. */
#define DEATH_MS 2000

/*
 * struct target - the guest's kernel
 * @pid: 0 when there is nothing (left) to kill
 * @pidfd: readable once it has ended, also before it is reaped
 * @leads: its process group is its own, and may be killed as a whole
 */
struct target {
	pid_t pid;
	int pidfd;
	bool leads;
};

static bool parse_number(const char *text, int *out)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > 0x7fffffff)
		return false;
	*out = value;
	return true;
}

/* The last component of a work directory's path; NULL for any other path. */
static const char *workdir_name(const char *path)
{
	const char *name;

	if (strncmp(path, PARENT "/", strlen(PARENT "/")))
		return NULL;
	name = path + strlen(PARENT "/");
	if (strncmp(name, PREFIX, strlen(PREFIX)) || !name[strlen(PREFIX)])
		return NULL;
	if (strchr(name, '/') || strstr(name, ".."))
		return NULL;
	return name;
}

/* ------------------------------------------------------------------------
 * Processes
 */

/*
 * The process group of a live process from /proc/PID/stat, 0 for a zombie or
 * none. The command's name may hold anything, so look behind the last ')'.
 */
static pid_t live_group(const char *pid)
{
	char path[64], buf[512];
	ssize_t len;
	int fd, group;
	char state, *p;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	buf[len] = '\0';
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 1, " %c %*d %d", &state, &group) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : group;
}

/* Is a process of this group alive? */
static bool group_alive(pid_t group)
{
	struct dirent *entry;
	bool alive = false;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return kill(-group, 0) == 0;
	while (!alive && (entry = readdir(proc))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			alive = live_group(entry->d_name) == group;
	}
	closedir(proc);
	return alive;
}

static void target_init(struct target *target, pid_t pid)
{
	target->pid = pid;
	target->leads = false;
	target->pidfd = pid ? syscall(SYS_pidfd_open, pid, 0) : -1;
	/* No pidfd: it has been reaped, and the number is anybody's. */
	if (target->pidfd < 0)
		target->pid = 0;
}

static bool target_ended(const struct target *target)
{
	struct pollfd pfd = { .fd = target->pidfd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/*
 * Kill it and what is left of its group, and wait until all are dead. May only
 * be called while it runs or right after it ended: later its number may have
 * been given away.
 */
static void target_kill(struct target *target)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct pollfd pfd = { .fd = target->pidfd, .events = POLLIN };

	if (!target->pid)
		return;
	/* A process that runs may change its group; a dead one can't. */
	if (!target_ended(target))
		target->leads = getpgid(target->pid) == target->pid;
	if (target->leads)
		kill(-target->pid, SIGKILL);
	syscall(SYS_pidfd_send_signal, target->pidfd, SIGKILL, NULL, 0);
	poll(&pfd, 1, DEATH_MS);
	for (int ms = 0; target->leads && ms < DEATH_MS; ms++) {
		/* One that was being forked may have missed the first. */
		if (!group_alive(target->pid))
			break;
		kill(-target->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	close(target->pidfd);
	target->pidfd = -1;
	target->pid = 0;
}

/* Take what the test process says, the kernel's pid. Return: false at the end
 * of file. */
static bool hear(struct target *target)
{
	ssize_t n;
	int pid;

	do {
		n = recv(TEST_FD, &pid, sizeof(pid), MSG_DONTWAIT);
		if (n == sizeof(pid) && pid > 1 && !target->pid)
			target_init(target, pid);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 && errno == EAGAIN;
}

/* Until the test process has closed its end or has ended; @parent is its
 * pidfd. */
static void wait_for_end(struct target *target, int parent)
{
	struct pollfd fds[3] = {
		{ .fd = TEST_FD, .events = POLLIN },
		{ .events = POLLIN },
		{ .fd = parent, .events = POLLIN },
	};

	for (;;) {
		fds[1].fd = target->pidfd;	/* -1: poll() skips it */
		if (target->pid)
			target->leads = getpgid(target->pid) == target->pid;
		if (poll(fds, 3, -1) < 0) {
			if (errno != EINTR)
				return;
			continue;
		}
		if (fds[1].revents)
			target_kill(target);
		if (fds[0].revents && !hear(target))
			return;
		if (fds[2].revents) {
			hear(target);	/* it may have come since */
			return;
		}
	}
}

/* ------------------------------------------------------------------------
 * Files
 */

static int open_dir(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		      O_CLOEXEC);
}

/* The guest may have taken our own permissions away. */
static int open_dir_forced(int parent, const char *name)
{
	char path[64];
	int fd, pathfd;

	pathfd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
			O_CLOEXEC);
	if (pathfd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pathfd);
	chmod(path, 0700);
	fd = open_dir(pathfd, ".");
	close(pathfd);
	return fd;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Move a directory up into @top under a new name. Return: was it moved? */
static bool move_dir(int parent, const char *name, int top,
		     unsigned long *serial)
{
	char moved[64];
	int fd;

	/* Its owner must be allowed to write to it for that. */
	fd = open_dir_forced(parent, name);
	if (fd < 0)
		return false;
	close(fd);
	/* The guest may have guessed the name; then take the next one. */
	do {
		snprintf(moved, sizeof(moved), "%s%lu", PREFIX, (*serial)++);
		if (!renameat2(parent, name, top, moved, RENAME_NOREPLACE))
			return true;
	} while (errno == EEXIST);
	return false;
}

/*
 * Remove one directory: its files are unlinked, its directories moved up into
 * @top, where they are found later. So the tree gets flat instead of being
 * walked, and its depth does not matter. Return: was anything changed?
 */
static bool remove_dir(int top, const char *name, unsigned long *serial)
{
	bool changed = false;
	struct dirent *entry;
	DIR *dir;
	int fd;

	fd = open_dir_forced(top, name);
	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		if (is_dots(entry->d_name))
			continue;
		if (!unlinkat(fd, entry->d_name, 0) ||
		    !unlinkat(fd, entry->d_name, AT_REMOVEDIR)) {
			changed = true;
			continue;
		}
		if (move_dir(fd, entry->d_name, top, serial))
			changed = true;
	}
	closedir(dir);
	return !unlinkat(top, name, AT_REMOVEDIR) || changed;
}

/* Empty the directory @top. Return: 0 when nothing is left. */
static int empty_dir(int top)
{
	unsigned long serial = 0;
	struct dirent *entry;
	bool changed, left;
	DIR *dir;

	dir = fdopendir(dup(top));
	if (!dir)
		return -1;
	do {
		changed = left = false;
		rewinddir(dir);
		while ((entry = readdir(dir))) {
			if (is_dots(entry->d_name))
				continue;
			left = true;
			if (!unlinkat(top, entry->d_name, 0) ||
			    remove_dir(top, entry->d_name, &serial))
				changed = true;
		}
	} while (changed);
	closedir(dir);
	return left ? -1 : 0;
}

static int remove_once(int parent, const char *name)
{
	int top, ret;

	top = open_dir_forced(parent, name);
	if (top < 0)
		return errno == ENOENT ? 0 : -1;
	ret = empty_dir(top);
	close(top);
	return unlinkat(parent, name, AT_REMOVEDIR) ? -1 : ret;
}

/* A tool that the test process ran, dtc say, may outlive it for a moment and
 * write a file where we have just been. */
static int remove_workdir(const char *name)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int parent, ret, ms = 0;

	parent = open_dir(AT_FDCWD, PARENT);
	if (parent < 0)
		return -1;
	while ((ret = remove_once(parent, name)) && errno == ENOTEMPTY &&
	       ms++ < DEATH_MS)
		nanosleep(&pause, NULL);
	close(parent);
	return ret;
}

/* And say how it went. Who asked may be gone. */
static bool make_workdir(const char *path)
{
	int error = mkdir(path, 0700) ? errno : 0;

	send(TEST_FD, &error, sizeof(error), MSG_NOSIGNAL);
	return !error;
}

/* ------------------------------------------------------------------------
 * Set-up
 */

/* The test process may have few left. */
static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/*
 * Only SIGKILL ends it. Nothing that the test process has open may stay open
 * here: a pipe of its output would keep a CI system waiting.
 */
static int detach(int fd)
{
	sigset_t all;
	int null;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();	/* fails if it leads a group already: as good */
	raise_limit();

	fd = fcntl(fd, F_DUPFD, TEST_FD + 1);
	null = open("/dev/null", O_RDWR);
	if (fd < 0 || null < 0)
		return -1;
	for (int i = 0; i < TEST_FD; i++)
		dup2(null, i);
	if (dup2(fd, TEST_FD) < 0)
		return -1;
	return syscall(SYS_close_range, TEST_FD + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
	bool make = argc == 4 && !strcmp(argv[3], "make");
	struct target target = { .pidfd = -1 };
	const char *name;
	int fd, parent;

	if (argc != 3 + make || !parse_number(argv[1], &fd) ||
	    fcntl(fd, F_GETFD) < 0) {
		fprintf(stderr, "usage: roadtest-guard FD WORKDIR [make]\n");
		return 2;
	}
	name = workdir_name(argv[2]);
	if (!name) {
		fprintf(stderr, "roadtest-guard: %s: not a work directory "
			"(" PARENT "/" PREFIX "*)\n", argv[2]);
		return 2;
	}
	parent = getppid();
	if (detach(fd))
		return 1;
	parent = syscall(SYS_pidfd_open, parent, 0);
	if (chdir("/"))
		return 1;
	if (make && !make_workdir(argv[2]))
		return 1;
	wait_for_end(&target, parent);
	target_kill(&target);
	return remove_workdir(name) ? 1 : 0;
}
