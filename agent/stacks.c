// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stacks.c - where the guest's tasks sleep
 *
 * The workers, whatever they do, and every task that can't be interrupted.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

/* Text of /proc/PID/NAME without its last newline; "" if there is none. */
static size_t proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t got;
	int fd;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (len < size - 1) {
		got = read(fd, text + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	close(fd);
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return len;
}

char task_state(pid_t pid)
{
	char text[512], *end;

	proc_read(pid, "stat", text, sizeof(text));
	/* "pid (name) state": a name may hold anything, ')' too. */
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

static int task_print(struct buffer *out, pid_t pid, char state, int worker)
{
	char name[64], text[4096], *line, *next;
	int rc;

	proc_read(pid, "comm", name, sizeof(name));
	if (worker >= 0)
		rc = buffer_printf(out, "worker %d (task %d \"%s\"), state %c",
				   worker + 1, (int)pid, name, state);
	else
		rc = buffer_printf(out, "task %d \"%s\", state %c", (int)pid,
				   name, state);
	if (proc_read(pid, "wchan", text, sizeof(text)) && strcmp(text, "0"))
		rc |= buffer_printf(out, ", in %s", text);
	if (proc_read(pid, "syscall", text, sizeof(text)))
		rc |= buffer_printf(out, ", syscall %s", text);
	rc |= buffer_printf(out, "\n");
	proc_read(pid, "stack", text, sizeof(text));
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		rc |= buffer_printf(out, "  %s\n", line);
	}
	return rc ? -errno : 0;
}

static int find_worker(const pid_t *workers, size_t num, pid_t pid)
{
	size_t i;

	for (i = 0; i < num; i++)
		if (workers[i] == pid)
			return i;
	return -1;
}

int stacks_collect(struct buffer *out, const pid_t *workers, size_t num)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -errno;
	while (!rc && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);
		int worker;
		char state;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		worker = find_worker(workers, num, pid);
		state = task_state(pid);
		if (state && (worker >= 0 || state == 'D'))
			rc = task_print(out, pid, state, worker);
	}
	closedir(dir);
	return rc;
}
