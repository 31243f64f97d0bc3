// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * roadtest-guard - clean up behind a test process, however it ended
 *
 *	roadtest-guard FD UMLPID WORKDIR
 *
 * FD is one end of a pipe or a pair of sockets whose other end the test process
 * holds. At its end of file the guard kills the guest's kernel UMLPID and its
 * process group, removes the work directory and exits. It works the same way
 * when the test process ends the machine on purpose, so that there is one way
 * of cleaning up and not two.
 *
 * A process that the test forked has a copy of that end, and may live longer.
 * So the end of the test process, which is the guard's parent, counts as well.
 *
 * UMLPID should lead its process group. If the kernel ends first, its group
 * is killed at that moment, while the pid cannot belong to anybody else yet.
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARENT "/dev/shm"
#define PREFIX "roadtest-"

/* Where the pipe is moved to; everything else is closed. */
#define PIPE_FD 3

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

/* Until the test process has closed its end or has ended; @parent is its
 * pidfd. */
static void wait_for_end(struct target *target, int parent)
{
	struct pollfd fds[3] = {
		{ .fd = PIPE_FD, .events = POLLIN },
		{ .events = POLLIN },
		{ .fd = parent, .events = POLLIN },
	};
	char buf[256];

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
		if (fds[2].revents)
			return;
		if (!fds[0].revents)
			continue;
		/* Nobody has anything to say here; only the end counts. */
		if (read(PIPE_FD, buf, sizeof(buf)) <= 0 && errno != EINTR)
			return;
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

static int remove_workdir(const char *name)
{
	int parent, top, ret;

	parent = open_dir(AT_FDCWD, PARENT);
	if (parent < 0)
		return -1;
	top = open_dir_forced(parent, name);
	if (top < 0) {
		ret = errno == ENOENT ? 0 : -1;
	} else {
		ret = empty_dir(top);
		close(top);
		if (unlinkat(parent, name, AT_REMOVEDIR))
			ret = -1;
	}
	close(parent);
	return ret;
}

/* ------------------------------------------------------------------------
 * Set-up
 */

/*
 * Nothing that the test process has open may stay open here: a pipe of its
 * output would keep a CI system waiting.
 */
static int detach(int fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGPIPE, SIGTSTP };
	sigset_t none;
	int null;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();	/* fails if it leads a group already: as good */

	fd = fcntl(fd, F_DUPFD, PIPE_FD + 1);
	null = open("/dev/null", O_RDWR);
	if (fd < 0 || null < 0)
		return -1;
	for (int i = 0; i < PIPE_FD; i++)
		dup2(null, i);
	if (dup2(fd, PIPE_FD) < 0)
		return -1;
	return syscall(SYS_close_range, PIPE_FD + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
	struct target target;
	const char *name;
	int fd, pid, parent;

	if (argc != 4 || !parse_number(argv[1], &fd) ||
	    !parse_number(argv[2], &pid) || pid == 1 || fcntl(fd, F_GETFD) < 0) {
		fprintf(stderr, "usage: roadtest-guard FD UMLPID WORKDIR\n");
		return 2;
	}
	name = workdir_name(argv[3]);
	if (!name) {
		fprintf(stderr, "roadtest-guard: %s: not a work directory "
			"(" PARENT "/" PREFIX "*)\n", argv[3]);
		return 2;
	}
	if (detach(fd))
		return 1;
	if (chdir("/"))
		return 1;
	target_init(&target, pid);
	parent = syscall(SYS_pidfd_open, getppid(), 0);
	wait_for_end(&target, parent);
	target_kill(&target);
	return remove_workdir(name) ? 1 : 0;
}
