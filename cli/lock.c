// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lock.c - names in the cache, each for one run at a time
 *
 * A lock is an flock() on locks/NAME, so it ends with its holder however that
 * ends. The holder writes into the file who it is and what it does: that is
 * only for the messages of those who wait.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define SILENT_MS 500		/* it is not worth a word before */
#define REPORT_MS 10000		/* between messages in a log file */
#define SAY_MS 500		/* between notes of the holder */

/* "process 4711, which builds ... since 12:00:07 (31 s)"; to be freed; NULL if
 * the holder has written nothing yet. */
static char *lock_holder(int fd)
{
	char content[256], since[32];
	ssize_t len = pread(fd, content, sizeof(content) - 1, 0);
	long long begin = 0;
	int pid = 0, at = 0;
	struct tm tm;
	time_t when;

	content[len > 0 ? len : 0] = '\0';
	if (sscanf(content, "%d %lld %n", &pid, &begin, &at) < 2 || !at)
		return NULL;
	when = begin;
	if (!localtime_r(&when, &tm) ||
	    !strftime(since, sizeof(since), "%H:%M:%S", &tm))
		return NULL;
	return text("process %d, since %s (%lld s): %s", pid, since,
		    (long long)time(NULL) - begin, content + at);
}

/* On a terminal all the time, in a log file now and then. */
static void wait_say(int fd, const char *what, int64_t *next)
{
	char *holder = lock_holder(fd);
	const char *whom = holder ? holder : "another run";

	progress("waiting %s: %s", what, whom);
	if (!isatty(STDERR_FILENO) && now_ms() >= *next)
		fprintf(stderr, "roadtest: waiting %s, for %s\n", what, whom);
	if (now_ms() >= *next)
		*next = now_ms() + REPORT_MS;
	free(holder);
}

/* Ctrl-C still works. */
static bool lock_wait(int fd, const char *what)
{
	int64_t begin = now_ms(), next = begin;
	bool said = false;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		struct pollfd signals = { .fd = signals_fd(),
					  .events = POLLIN };
		int signo;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (now_ms() - begin >= SILENT_MS) {
			wait_say(fd, what, &next);
			said = true;
		}
		poll(&signals, 1, 200);
		signo = signals_poll();
		if (signo)
			signals_raise(signo);
	}
	if (said)
		progress_end();
	return true;
}

/* Return: its path; NULL if there is no place for it, which is said then. */
static char *lock_open(struct lock *lock, const char *name)
{
	char *cache = cache_dir();
	char *dir = text("%s/locks", cache);
	char *path = NULL;

	*lock = (struct lock){ .fd = -1, .begin = time(NULL) };
	if (make_directories(dir)) {
		path = text("%s/%s", dir, name);
		lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	}
	free(dir);
	free(cache);
	return path;
}

bool lock_take(struct lock *lock, const char *name, const char *what)
{
	char *path = lock_open(lock, name);

	if (!path)
		return false;
	if (lock->fd < 0 || !lock_wait(lock->fd, what)) {
		cli_error("can't lock %s: %m", path);
		path_remedy(path);
		lock_drop(lock);
	} else {
		lock->begin = time(NULL);
		lock_say(lock, what);
	}
	free(path);
	return lock->fd >= 0;
}

bool lock_try(struct lock *lock, const char *name, bool shared)
{
	free(lock_open(lock, name));
	if (lock->fd >= 0 &&
	    flock(lock->fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB))
		lock_drop(lock);
	return lock->fd >= 0;
}

void lock_say(struct lock *lock, const char *what)
{
	char *content;
	size_t len;

	if (lock->fd < 0 || (lock->said && now_ms() - lock->said < SAY_MS))
		return;
	lock->said = now_ms();
	content = text("%d %lld %.160s", getpid(), lock->begin, what);
	len = strlen(content);
	/* Nothing depends on it. */
	if (ftruncate(lock->fd, 0) || pwrite(lock->fd, content, len, 0) < 0)
		errno = 0;
	free(content);
}

void lock_drop(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
