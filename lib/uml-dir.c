// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The directory of a guest: everything that it needs lies in one of its own on
 * tmpfs
 *
 * A lock on that directory says that it is in use. A guard process makes it, and
 * removes directory and kernel when the test process is gone, however that
 * happened; directories whose lock nobody holds (the guard was killed too) are
 * removed by the next run.
 */
#include "uml-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UML_TMP "/dev/shm"
#define UML_PREFIX "roadtest-"
#define UML_UNBORN_S 60	/* no directory takes that long to be made */

/* ---- the guard */

/* In the child of a vfork(): only system calls. Away from the terminal and its
 * signals, of which all are blocked. */
static void guard_exec(char **argv, int fd, volatile int *failed)
{
	char *envp[] = { NULL };

	setsid();
	fcntl(fd, F_SETFD, 0);
	execve(argv[0], argv, envp);
	*failed = errno;
	_exit(127);
}

static int guard_spawn(char **argv, int fd, pid_t *guard,
		       struct road_error *error)
{
	volatile int failed = 0;
	sigset_t all, before;
	pid_t child;

	/* A Ctrl-C must not strike before the guard can bear it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = vfork();
	if (!child)
		guard_exec(argv, fd, &failed);
	if (child < 0)
		failed = errno;
	else if (failed)
		waitpid(child, NULL, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return err_set(error, -ROAD_EHOST, "can't run %s: %s", argv[0],
			       strerror(failed));
	*guard = child;
	return 0;
}

static int guard_start(const char *dir, bool make, int *guard_fd, pid_t *guard,
		       struct road_error *error)
{
	char *path = uml_find_helper("roadtest-guard", error);
	char fd_arg[16];
	char *argv[] = { path, fd_arg, (char *)dir, make ? "make" : NULL,
			 NULL };
	int fds[2], ret;

	if (!path)
		return -ROAD_EHOST;
	/* Not a pipe: shutdown() ends it even if a process that the test
	 * forked has a copy of our end. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		free(path);
		return err_set(error, -ROAD_EHOST, "socketpair: %s",
			       strerror(errno));
	}
	snprintf(fd_arg, sizeof(fd_arg), "%d", fds[0]);
	ret = guard_spawn(argv, fds[0], guard, error);
	close(fds[0]);
	free(path);
	if (ret)
		close(fds[1]);
	else
		*guard_fd = fds[1];
	return ret;
}

void uml_wait_guard(pid_t *guard, int *guard_fd)
{
	if (*guard_fd >= 0) {
		shutdown(*guard_fd, SHUT_RDWR);
		close(*guard_fd);
	}
	*guard_fd = -1;
	if (*guard)
		while (waitpid(*guard, NULL, 0) < 0 && errno == EINTR)
			;
	*guard = 0;
}

/* The lock of a directory, or -1: somebody uses it, or it is not ours. */
static int uml_lock(const char *dir)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/lock", dir) < 0)
		return -1;
	errno = 0;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whoever made it was killed before it had a lock, if it is not just being
 * made. One that is kept has none either, but is not empty. */
static void uml_sweep_unborn(const char *dir, const struct stat *st)
{
	char *lock;

	if (st->st_mtime + UML_UNBORN_S > time(NULL))
		return;
	if (asprintf(&lock, "%s/lock.new", dir) < 0)
		return;
	unlink(lock);
	rmdir(dir);
	free(lock);
}

/* Remove a directory that nobody holds the lock of. */
static void uml_sweep_one(const char *name)
{
	struct road_error error = {};
	struct stat st;
	pid_t guard = 0;
	int guard_fd = -1;
	char *dir;
	int lock;

	if (asprintf(&dir, UML_TMP "/%s", name) < 0)
		return;
	if (lstat(dir, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		goto out;
	lock = uml_lock(dir);
	if (lock < 0) {
		if (errno == ENOENT)
			uml_sweep_unborn(dir, &st);
		goto out;
	}
	if (!guard_start(dir, false, &guard_fd, &guard, &error))
		uml_wait_guard(&guard, &guard_fd);
	close(lock);
out:
	err_clear(&error);
	free(dir);
}

static void uml_sweep(void)
{
	DIR *d = opendir(UML_TMP);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (!strncmp(entry->d_name, UML_PREFIX, strlen(UML_PREFIX)))
			uml_sweep_one(entry->d_name);
	closedir(d);
}

static int uml_populate(struct uml *uml, struct road_error *error)
{
	static const char *const dirs[] = {
		"root", "root/dev", "root/proc", "root/sys", "root/tmp",
		"root/run", "root/sbin", "root/lib", "root/lib/modules",
		"root/mnt", "root/etc",
	};
	int dir_fd = open(uml->dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	size_t i;
	int ret = 0;

	if (dir_fd < 0)
		return err_set(error, -ROAD_EHOST, "%s: %s", uml->dir,
			       strerror(errno));
	/* It gets its name once it is locked, or another run could think that
	 * nobody holds it. */
	uml->lock_fd = openat(dir_fd, "lock.new", O_RDWR | O_CREAT | O_CLOEXEC,
			      0600);
	if (uml->lock_fd < 0 || flock(uml->lock_fd, LOCK_EX | LOCK_NB) ||
	    renameat(dir_fd, "lock.new", dir_fd, "lock"))
		ret = err_set(error, -ROAD_EHOST, "%s/lock: %s", uml->dir,
			      strerror(errno));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(dir_fd, dirs[i], 0755))
			ret = err_set(error, -ROAD_EHOST, "%s/%s: %s",
				      uml->dir, dirs[i], strerror(errno));
	close(dir_fd);
	return ret;
}

/* On a disk that gets full, only the write after the short one has an errno. */
static bool write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = write(fd, data, len);
		if (n < 0)
			return false;
	}
	return true;
}

static int copy_file(const char *from, const char *to, mode_t mode,
		     struct road_error *error)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ssize_t n = -1;

	if (in >= 0 && out >= 0)
		while ((n = copy_file_range(in, NULL, out, NULL, 1 << 24, 0)) >
		       0)
			;
	if (n < 0 && in >= 0 && out >= 0) {
		char buf[16384];

		/* Not every pair of file systems can. */
		while ((n = read(in, buf, sizeof(buf))) > 0)
			if (!write_all(out, buf, n))
				break;
	}
	if (n)
		err_set(error, -ROAD_EHOST, "can't copy %s to %s: %s", from,
			to, strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n ? -ROAD_EHOST : 0;
}

/* The agent is the guest's init, and its modprobe. */
static int uml_copy_agent(struct uml *uml, struct road_error *error)
{
	char *agent = uml_find_helper("roadtest-agent", error);
	char *init = NULL, *modprobe = NULL;
	int ret = -ROAD_EHOST;

	if (agent && asprintf(&init, "%s/root/sbin/init", uml->dir) > 0 &&
	    asprintf(&modprobe, "%s/root/sbin/modprobe", uml->dir) > 0) {
		ret = copy_file(agent, init, 0755, error);
		if (!ret && link(init, modprobe))
			ret = err_set(error, -ROAD_EHOST, "%s: %s", modprobe,
				      strerror(errno));
	}
	free(agent);
	free(init);
	free(modprobe);
	return ret;
}

/* A name that mkdtemp() could have made; nobody else may guess it. */
static char *uml_choose_name(struct road_error *error)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char dir[] = UML_TMP "/" UML_PREFIX "XXXXXX", *name;
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		err_set(error, -ROAD_EHOST, "getrandom: %s", strerror(errno));
		return NULL;
	}
	for (size_t i = sizeof(dir) - 7; i < sizeof(dir) - 1; i++) {
		dir[i] = letters[random % (sizeof(letters) - 1)];
		random /= sizeof(letters) - 1;
	}
	name = strdup(dir);
	if (!name)
		err_nomem(error);
	return name;
}

/* Until the guard has made the directory. */
static int uml_wait_dir(struct uml *uml, struct road_error *error)
{
	int made;
	ssize_t n;

	do
		n = recv(uml->guard_fd, &made, sizeof(made), MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(made))
		return err_set(error, -ROAD_EHOST,
			       "the process that makes %s has ended", uml->dir);
	if (made)
		return err_set(error, -ROAD_EHOST,
			       "can't make a directory in %s: %s", UML_TMP,
			       strerror(made));
	return 0;
}

int uml_make_dir(struct uml *uml, struct road_error *error)
{
	int ret;

	uml->dir = uml_choose_name(error);
	if (!uml->dir)
		return error->code;
	ret = guard_start(uml->dir, true, &uml->guard_fd, &uml->guard, error);
	if (ret)
		return ret;
	uml_sweep();	/* meanwhile */
	ret = uml_wait_dir(uml, error);
	if (!ret)
		ret = uml_populate(uml, error);
	return ret ? ret : uml_copy_agent(uml, error);
}

void uml_keep(const struct uml *uml)
{
	char *path;

	if (uml->guard)
		kill(uml->guard, SIGKILL);
	if (!uml->dir || asprintf(&path, "%s/lock", uml->dir) < 0)
		return;
	unlink(path);
	free(path);
}
