// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ops-file.c - operations on open files and on the content of files
 *
 * Everything is opened with O_CLOEXEC: a program that the test runs does not
 * hold a device open behind the test's back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

static int64_t file_result(int64_t result)
{
	return result < 0 ? -errno : result;
}

int64_t op_open(struct request *request, struct buffer *out)
{
	const uint64_t *arg = request->header->arg;
	const char *path = request_text(request);

	if (!path)
		return -EBADMSG;
	return file_result(open(path, (int)arg[0] | O_CLOEXEC, (mode_t)arg[1]));
}

int64_t op_close(struct request *request, struct buffer *out)
{
	return file_result(close((int)request->header->arg[0]));
}

static int64_t file_read(const uint64_t *arg, bool at, struct buffer *out)
{
	char *data;
	ssize_t len;

	if (arg[1] > PROTO_MAX_DATA)
		return -EINVAL;
	data = buffer_reserve(out, arg[1]);
	if (!data)
		return -errno;
	if (at)
		len = pread((int)arg[0], data, arg[1], (off_t)arg[2]);
	else
		len = read((int)arg[0], data, arg[1]);
	if (len < 0)
		return -errno;
	out->len += len;
	return len;
}

int64_t op_read(struct request *request, struct buffer *out)
{
	return file_read(request->header->arg, false, out);
}

int64_t op_pread(struct request *request, struct buffer *out)
{
	return file_read(request->header->arg, true, out);
}

int64_t op_write(struct request *request, struct buffer *out)
{
	return file_result(write((int)request->header->arg[0], request->data,
				 request->len));
}

int64_t op_pwrite(struct request *request, struct buffer *out)
{
	const uint64_t *arg = request->header->arg;

	return file_result(pwrite((int)arg[0], request->data, request->len,
				  (off_t)arg[1]));
}

int64_t op_lseek(struct request *request, struct buffer *out)
{
	const uint64_t *arg = request->header->arg;

	return file_result(lseek((int)arg[0], (off_t)arg[1], (int)arg[2]));
}

/* Read on until the end: a short read is not the end in procfs. */
static int64_t file_read_all(int fd, struct buffer *out)
{
	size_t before = out->len;
	ssize_t len;
	char *data;

	do {
		data = buffer_reserve(out, 4096);
		if (!data)
			return -errno;
		len = read(fd, data, out->max - out->len);
		if (len < 0)
			return -errno;
		out->len += len;
		if (out->len - before > PROTO_MAX_DATA)
			return -EFBIG;
	} while (len);
	return out->len - before;
}

int64_t op_read_file(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);
	size_t before = out->len;
	int64_t result;
	int fd;

	if (!path)
		return -EBADMSG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = file_read_all(fd, out);
	close(fd);
	if (result < 0)
		out->len = before;
	return result;
}

int64_t op_write_file(struct request *request, struct buffer *out)
{
	const char *path = request_text(request);
	int64_t result;
	int fd;

	if (!path)
		return -EBADMSG;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = file_result(write(fd, request->data, request->len));
	if (close(fd) && result >= 0)
		result = -errno;
	return result;
}

/* Make the directories above @path. */
static int make_parents(const char *path)
{
	char dir[PROTO_MAX_PATH];
	char *slash = dir;

	if (strlen(path) >= sizeof(dir))
		return -ENAMETOOLONG;
	strcpy(dir, path);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int64_t file_write_all(int fd, const char *data, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(fd, data, len);
		if (done < 0)
			return -errno;
		data += done;
		len -= done;
	}
	return 0;
}

int64_t op_put(struct request *request, struct buffer *out)
{
	mode_t mode = (mode_t)request->header->arg[0];
	bool append = request->header->arg[1] & PROTO_PUT_APPEND;
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC |
		    (append ? O_APPEND : O_TRUNC);
	const char *path = request_text(request);
	int64_t result;
	int fd;

	if (!path)
		return -EBADMSG;
	fd = open(path, flags, mode);
	if (fd < 0 && errno == ENOENT) {
		result = make_parents(path);
		if (result)
			return result;
		fd = open(path, flags, mode);
	}
	if (fd < 0)
		return -errno;
	result = file_write_all(fd, request->data, request->len);
	/* The file may have been there with another mode. */
	if (!result && !append && fchmod(fd, mode))
		result = -errno;
	if (close(fd) && !result)
		result = -errno;
	return result;
}

#define MAX_POLL 256

int64_t op_poll(struct request *request, struct buffer *out)
{
	size_t num = request->len / sizeof(struct proto_pollfd);
	struct pollfd fds[MAX_POLL];
	struct proto_pollfd in;
	int64_t result;
	size_t i;

	if (num > MAX_POLL || request->len % sizeof(in))
		return -EINVAL;
	for (i = 0; i < num; i++) {
		memcpy(&in, request->data + i * sizeof(in), sizeof(in));
		fds[i] = (struct pollfd){ .fd = in.fd, .events = in.events };
	}
	result = file_result(poll(fds, num, (int)request->header->arg[0]));
	for (i = 0; result >= 0 && i < num; i++)
		if (buffer_add(out, &fds[i].revents, sizeof(fds[i].revents)))
			return -errno;
	return result;
}
