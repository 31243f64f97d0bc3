// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * make-run.c - run the programs of a build; what they say goes to a log
 */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_MS 60000		/* between signs of life in a log file */

bool make_open(struct make *make, const struct plan *plan, const char *dir)
{
	*make = (struct make){ .plan = plan, .dir = dir };
	if (!make_directories(dir))
		return false;
	make->log = text("%s/build.log", dir);
	make->log_file = fopen(make->log, "we");
	if (make->log_file) {
		setvbuf(make->log_file, NULL, _IOLBF, 0);
	} else {
		cli_error("can't write %s: %m", make->log);
		path_remedy(make->log);
	}
	return make->log_file;
}

void make_close(struct make *make)
{
	if (make->log_file)
		fclose(make->log_file);
	free(make->log);
}

/* For those who wait for the objects. */
static void make_tell(struct make *make, bool at_once)
{
	char *what;

	if (!make->plan->lock)
		return;
	if (at_once)
		make->plan->lock->said = 0;
	what = text("%s, %lld s, %u steps", make->what,
		    (long long)(now_ms() - make->begin) / 1000, make->steps);
	lock_say(make->plan->lock, what);
	free(what);
}

/* A line of the build: "  CC [M]  drivers/iio/..." */
static void make_line(struct make *make)
{
	int64_t now = now_ms();

	make->line[make->len] = '\0';
	fprintf(make->log_file, "%s\n", make->line);
	make->len = 0;
	if (starts_with(make->line, "  "))
		make->steps++;
	make_tell(make, false);
	progress("%s: %3lld s, %u steps %.40s", make->what,
		 (long long)(now - make->begin) / 1000, make->steps,
		 make->line);
	if (!isatty(STDERR_FILENO) && now - make->reported > REPORT_MS) {
		make->reported = now;
		fprintf(stderr, "%s: %lld s, %u steps\n", make->what,
			(long long)(now - make->begin) / 1000, make->steps);
	}
}

static void make_output(struct make *make, const char *data, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			make_line(make);
		else if (make->len < sizeof(make->line) - 1)
			make->line[make->len++] = data[i];
	}
}

/* Read its output to the end. Return: a signal for us, or 0. */
static int make_read(struct make *make, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	char data[4096];
	ssize_t len = 1;

	while (len > 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return signals_poll();
		len = read(fd, data, sizeof(data));
		make_output(make, data, len);
	}
	return 0;
}

/* It failed; because of the disk? There may have been no room for saying so. */
static bool is_full(const struct make *make)
{
	char *log = file_read(make->log);
	bool full = disk_is_full(make->dir) ||
		    (log && strstr(log, "No space left on device"));

	free(log);
	return full;
}

bool make_run(struct make *make, const char *what, char *const argv[],
	      const struct process_options *given)
{
	struct process_options options = given ? *given :
					 (struct process_options){ 0 };
	struct process process;
	int fds[2], signo, status;

	/* A make around us has options of its own, -s or BUILD=... */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	make->what = what;
	make->steps = 0;
	make->begin = make->reported = now_ms();
	make_tell(make, true);
	if (pipe2(fds, O_CLOEXEC))
		return false;
	options.out_fd = fds[1];
	progress("%s", what);
	if (!process_start(&process, argv, &options)) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	close(fds[1]);
	signo = make_read(make, fds[0]);
	if (signo)
		process_end(&process, SIGTERM);
	if (signo)
		signals_raise(signo);
	status = process_wait(&process);
	if (process.interrupted)
		signals_raise(process.interrupted);
	close(fds[0]);
	fflush(make->log_file);
	progress_end();
	make->full = status && is_full(make);
	if (make->full && !make->quiet) {
		cli_error("%s failed: there is no room left in %s", what,
			  make->dir);
		errno = ENOSPC;
		path_remedy(make->dir);
	} else if (status && !make->quiet) {
		cli_error("%s failed", what);
		make_show_error(make->log);
	}
	return !status;
}
