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

/* Its state and parent; 0 if there is no such task. */
static char task_stat(pid_t pid, int *parent)
{
	char text[512], *end, state;

	proc_read(pid, "stat", text, sizeof(text));
	/* "pid (name) state parent": a name may hold anything, ')' too. */
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %c %d", &state, parent) != 2)
		return 0;
	return state;
}

char task_state(pid_t pid)
{
	int parent;

	return task_stat(pid, &parent);
}

bool task_in_transfer(pid_t pid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char stack[4096];
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		int task = atoi(entry->d_name), parent = 0;

		if (!task || !task_stat(task, &parent) ||
		    (task != pid && parent != pid))
			continue;
		proc_read(task, "stack", stack, sizeof(stack));
		found = strstr(stack, " virtio_i2c_xfer+");
	}
	closedir(dir);
	return found;
}

/* A name that ends with '*' stands for all that begin so. */
static bool is_one_of(const char *const *names, const char *name, size_t len)
{
	for (; *names; names++) {
		size_t want = strcspn(*names, "*");

		if (!strncmp(*names, name, want) &&
		    (len == want || (*names)[want]))
			return true;
	}
	return false;
}

/* How a task sleeps, not what for: most of it is the kernel's .sched.text. */
static const char *const sleepers[] = {
	"__switch_to*", "switch_to*", "__schedule", "schedule*",
	"preempt_schedule*", "io_schedule*", "do_wait_for_common",
	"__wait_for_common", "wait_for_common*", "wait_for_completion*",
	"__mutex_lock*", "mutex_lock*", "rt_mutex_*", "__rt_mutex_*",
	"ww_mutex_lock*", "__ww_mutex_lock*", "down", "down_*", "__down*",
	"rwsem_down_*", "usleep_range*", "msleep*", "do_nanosleep", "wait_woken",
	"poll_schedule_timeout*", NULL,
};

/*
 * The first frame of /proc/PID/stack that says what it sleeps for; *@len of it:
 * "name [module]" stands there as "[<0>] name+0x12/0x34 [module]". Not wchan:
 * under UML that is any address which happens to lie on the stack. NULL if
 * there is none.
 */
static const char *waits_in(const char *stack, size_t *len, const char **module,
			    size_t *module_len)
{
	const char *line, *end;

	for (line = stack; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		line += strspn(line, " ");
		if (!strncmp(line, "[<", 2))
			line += strcspn(line, " \n");
		line += strspn(line, " ");
		*len = strcspn(line, "+ \n");
		if (!*len || is_one_of(sleepers, line, *len))
			continue;
		*module = memchr(line, '[', end - line);
		*module_len = *module ? end - *module : 0;
		return line;
	}
	return NULL;
}

static int task_print_place(struct buffer *out, const char *stack)
{
	const char *function, *module;
	size_t len, module_len;

	function = waits_in(stack, &len, &module, &module_len);
	if (!function)
		return 0;
	return buffer_printf(out, ", in %.*s%s%.*s", (int)len, function,
			     module ? " " : "", (int)module_len,
			     module ? module : "");
}

static int task_print(struct buffer *out, pid_t pid, char state, int worker)
{
	char name[64], text[4096], stack[4096], *line, *next;
	int rc;

	proc_read(pid, "comm", name, sizeof(name));
	if (worker >= 0)
		rc = buffer_printf(out, "worker %d (task %d \"%s\"), state %c",
				   worker + 1, (int)pid, name, state);
	else
		rc = buffer_printf(out, "task %d \"%s\", state %c", (int)pid,
				   name, state);
	proc_read(pid, "stack", stack, sizeof(stack));
	rc |= task_print_place(out, stack);
	if (proc_read(pid, "syscall", text, sizeof(text)))
		rc |= buffer_printf(out, ", syscall %s", text);
	rc |= buffer_printf(out, "\n");
	for (line = stack; *line; line = next) {
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
