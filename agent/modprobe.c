// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * modprobe.c - the kernel's module helper, and loading modules
 *
 * request_module() runs /sbin/modprobe, which is this binary, and waits for
 * it. The helper knows no modules: it sends what was asked for to the
 * supervisor, the supervisor tells the host, the host puts the files into the
 * guest and answers with their paths, and the helper loads them. It is the
 * helper that does, not the supervisor: a module's init may itself ask for
 * modules, and the supervisor must be there to serve that.
 *
 * The request is one write to a FIFO: struct modprobe_request and the text
 * (less than PIPE_BUF, so it is not torn). The answer comes through a pipe of
 * the helper's that the supervisor finds in /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"
#include "modprobe.h"

/* From the kernel's interface of finit_module(2). */
#define FINIT_COMPRESSED_FILE 4

static int module_load(const char *path, const char *params)
{
	size_t len = strlen(path);
	bool plain = len > 3 && !strcmp(path + len - 3, ".ko");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = syscall(SYS_finit_module, fd, params,
			 plain ? 0 : FINIT_COMPRESSED_FILE);
	if (result)
		result = -errno;
	close(fd);
	return result;
}

/* Is it loaded and ready? The file's name is the module's. */
static bool module_is_live(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char state[PATH_MAX], text[5] = "";
	int fd, len, i;

	len = snprintf(state, sizeof(state), "/sys/module/%.*s/initstate",
		       (int)strcspn(base, "."), base);
	if (len >= (int)sizeof(state))
		return false;
	for (i = strlen("/sys/module/"); state[i] != '/'; i++)
		if (state[i] == '-')
			state[i] = '_';
	fd = open(state, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len == 4 && !strcmp(text, "live");
}

int64_t modules_load(struct request *list, uint64_t strict_from,
		     uint32_t *index)
{
	const char *path, *params;
	int64_t loaded = 0;
	int result;

	for (*index = 0; list->len; ++*index) {
		path = request_text(list);
		params = request_text(list);
		if (!path || !params)
			return -EBADMSG;
		/* Reading it in vain costs more than the question. */
		if (*index < strict_from && module_is_live(path))
			continue;
		result = module_load(path, params);
		if (!result)
			loaded++;
		else if (result != -EEXIST || *index >= strict_from)
			return result;
	}
	return loaded;
}

int64_t op_load_modules(struct request *request, struct buffer *out)
{
	uint32_t index = 0;
	int64_t result;

	result = modules_load(request, request->header->arg[0], &index);
	if (result < 0 && buffer_add(out, &index, sizeof(index)))
		return -errno;
	return result;
}

int64_t op_unload_module(struct request *request, struct buffer *out)
{
	const char *name = request_text(request);

	if (!name)
		return -EBADMSG;
	if (syscall(SYS_delete_module, name,
		    (unsigned int)request->header->arg[0]))
		return -errno;
	return 0;
}

/* Into the kernel's log, which is where one looks for it. */
static int modprobe_failed(const char *alias, int error)
{
	char line[MODPROBE_MAX_ALIAS + 128];
	int fd, len;

	if (error == -ENOENT)
		len = snprintf(line, sizeof(line), "roadtest: request_module: "
			       "no module for \"%s\"\n", alias);
	else
		len = snprintf(line, sizeof(line), "roadtest: request_module: "
			       "\"%s\": error %d\n", alias, -error);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, len) != len)
		return 1;
	return 1;
}

static int modprobe_ask(const char *alias, int fds[2])
{
	struct modprobe_request request = { .pid = getpid() };
	int fifo, result = 0;

	if (pipe(fds) || dup2(fds[0], MODPROBE_REPLY_FD) < 0)
		return -errno;
	/* No supervisor yet: a request of the boot. Don't wait for it. */
	fifo = open(MODPROBE_FIFO, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0)
		return -EAGAIN;
	strcpy(request.alias, alias);
	if (write(fifo, &request, sizeof(request)) != sizeof(request))
		result = -errno;
	close(fifo);
	return result;
}

static bool read_whole(int fd, void *data, size_t len)
{
	char *to = data;
	ssize_t got;

	while (len) {
		got = read(fd, to, len);
		if (got <= 0)
			return false;
		to += got;
		len -= got;
	}
	return true;
}

/* Read the answer and do what it says. */
static int modprobe_obey(int fd)
{
	struct modprobe_answer answer;
	struct request list = { 0 };
	uint32_t index;
	int64_t result;

	if (!read_whole(fd, &answer, sizeof(answer)))
		return -EIO;
	if (answer.error)
		return answer.error;
	if (answer.len > MODPROBE_MAX_LIST)
		return -EBADMSG;
	list.len = answer.len;
	list.data = malloc(answer.len + 1);
	if (!list.data)
		return -ENOMEM;
	if (!read_whole(fd, list.data, answer.len))
		return -EIO;
	result = modules_load(&list, UINT64_MAX, &index);
	return result < 0 ? (int)result : 0;
}

int modprobe_main(int argc, char **argv)
{
	const char *alias = argc > 1 ? argv[argc - 1] : "";
	int fds[2], error;

	/* The kernel may run it without open descriptors: keep 0 to 2 away
	 * from the pipe. */
	while ((error = open("/dev/null", O_RDWR)) >= 0 && error <= 2)
		;
	if (strlen(alias) >= MODPROBE_MAX_ALIAS)
		return modprobe_failed("(too long)", -ENAMETOOLONG);
	error = modprobe_ask(alias, fds);
	if (!error)
		error = modprobe_obey(fds[0]);
	return error ? modprobe_failed(alias, error) : 0;
}
