// SPDX-License-Identifier: LGPL-2.1-or-later
/* guest-file.c - guest calls on descriptors and on the content of files */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "guest.h"
#include "machine.h"
#include "touched.h"

/* What road_put() sends in one call. */
#define PUT_CHUNK (1U << 20)

struct call_part guest_text(const char *text)
{
	return (struct call_part){ text, strlen(text) + 1 };
}

static const char *guest_fd(struct road_machine *machine, int fd)
{
	struct agent *agent = machine_agent(machine);

	return agent ? agent_fd_name(agent, fd) : "?";
}

/* Finish a call whose data goes to the caller's memory of @size bytes. */
static int64_t guest_take(struct road_machine *machine, struct road_call *call,
			  void *buf, size_t size)
{
	int64_t result = call_result(machine, call);

	if (result >= 0 && call->len)
		memcpy(buf, call->data, call->len < size ? call->len : size);
	road_call_destroy(call);
	return result;
}

/* ---- open files */

struct road_call *road_start_open(struct road_machine *machine,
				  const char *path, int flags, mode_t mode)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = PROTO_OPEN, .arg = { (unsigned int)flags, mode },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	/* agent.c takes the descriptor's name from this. */
	return call_start(machine, &request, "open %s", path);
}

int road_open(struct road_machine *machine, const char *path, int flags,
	      mode_t mode)
{
	return call_finish(machine,
			   road_start_open(machine, path, flags, mode));
}

int road_close(struct road_machine *machine, int fd)
{
	const struct call_request request = {
		.op = PROTO_CLOSE, .arg = { (unsigned int)fd },
	};
	struct road_call *call;

	call = call_start(machine, &request, "close %s (fd %d)",
			  guest_fd(machine, fd), fd);
	if (call)
		agent_fd_closed(machine_agent(machine), fd);
	return call_finish(machine, call);
}

/* A longer read than fits into a frame may come back short: that is what a
 * read may do. */
static size_t read_len(size_t len)
{
	return len < PROTO_MAX_DATA ? len : PROTO_MAX_DATA;
}

struct road_call *road_start_read(struct road_machine *machine, int fd,
				  size_t len)
{
	const struct call_request request = {
		.op = PROTO_READ,
		.arg = { (unsigned int)fd, read_len(len) },
		.max_data = read_len(len), .check = CALL_COUNTED,
	};

	return call_start(machine, &request, "read %s (fd %d)",
			  guest_fd(machine, fd), fd);
}

ssize_t road_read(struct road_machine *machine, int fd, void *buf, size_t len)
{
	return guest_take(machine, road_start_read(machine, fd, len), buf,
			  len);
}

struct road_call *road_start_pread(struct road_machine *machine, int fd,
				   size_t len, uint64_t offset)
{
	const struct call_request request = {
		.op = PROTO_PREAD,
		.arg = { (unsigned int)fd, read_len(len), offset },
		.max_data = read_len(len), .check = CALL_COUNTED,
	};

	return call_start(machine, &request, "pread %s (fd %d)",
			  guest_fd(machine, fd), fd);
}

ssize_t road_pread(struct road_machine *machine, int fd, void *buf, size_t len,
		   uint64_t offset)
{
	return guest_take(machine, road_start_pread(machine, fd, len, offset),
			  buf, len);
}

struct road_call *road_start_write(struct road_machine *machine, int fd,
				   const void *data, size_t len)
{
	const struct call_part parts[] = { { data, len } };
	const struct call_request request = {
		.op = PROTO_WRITE, .arg = { (unsigned int)fd },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	return call_start(machine, &request, "write %s (fd %d)",
			  guest_fd(machine, fd), fd);
}

ssize_t road_write(struct road_machine *machine, int fd, const void *data,
		   size_t len)
{
	return call_finish(machine, road_start_write(machine, fd, data, len));
}

struct road_call *road_start_pwrite(struct road_machine *machine, int fd,
				    const void *data, size_t len,
				    uint64_t offset)
{
	const struct call_part parts[] = { { data, len } };
	const struct call_request request = {
		.op = PROTO_PWRITE, .arg = { (unsigned int)fd, offset },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	return call_start(machine, &request, "pwrite %s (fd %d)",
			  guest_fd(machine, fd), fd);
}

ssize_t road_pwrite(struct road_machine *machine, int fd, const void *data,
		    size_t len, uint64_t offset)
{
	return call_finish(machine, road_start_pwrite(machine, fd, data, len,
						      offset));
}

int64_t road_lseek(struct road_machine *machine, int fd, int64_t offset,
		   int whence)
{
	const struct call_request request = {
		.op = PROTO_LSEEK,
		.arg = { (unsigned int)fd, offset, (unsigned int)whence },
	};

	return call_finish(machine,
			   call_start(machine, &request, "lseek %s (fd %d)",
				      guest_fd(machine, fd), fd));
}

int road_fd_set_name(struct road_machine *machine, int fd, const char *name)
{
	int ret = machine_may_call(machine);

	if (ret)
		return ret;
	if (fd < 0)
		return machine_error(machine, -ROAD_EUSAGE,
				     "%d is no descriptor to be called %s", fd,
				     name);
	agent_fd_opened(machine_agent(machine), fd, name);
	return 0;
}

/* ---- whole files */

struct road_call *road_start_read_file(struct road_machine *machine,
				       const char *path)
{
	const struct call_part parts[] = { guest_text(path) };
	const struct call_request request = {
		.op = PROTO_READ_FILE,
		.parts = parts, .num_parts = NUM_PARTS(parts),
		.max_data = PROTO_MAX_DATA, .check = CALL_COUNTED,
	};

	return call_start(machine, &request, "read_file %s", path);
}

ssize_t road_read_file(struct road_machine *machine, const char *path,
		       char *buf, size_t size)
{
	struct road_call *call = road_start_read_file(machine, path);
	int64_t result = call_result(machine, call);

	if (result >= 0 && result >= (int64_t)size) {
		result = machine_error(machine, -ROAD_ESIZE,
				       "read_file %s: it has %lld bytes, the buffer only %zu",
				       path, (long long)result, size);
	} else if (result >= 0) {
		memcpy(buf, call->data, result);
		buf[result] = '\0';
	}
	road_call_destroy(call);
	return result;
}

int road_read_file_alloc(struct road_machine *machine, const char *path,
			 char **data, size_t *len)
{
	struct road_call *call = road_start_read_file(machine, path);
	int64_t result = call_result(machine, call);

	if (result >= 0) {
		/* It has a NUL behind it already. */
		if (result && call->data[result - 1] == '\n')
			call->data[--result] = '\0';
		*data = call->data;
		call->data = NULL;
		if (len)
			*len = result;
		result = 0;
	}
	road_call_destroy(call);
	return result;
}

struct road_call *road_start_write_file(struct road_machine *machine,
					const char *path, const void *data,
					size_t len)
{
	const struct call_part parts[] = { guest_text(path), { data, len } };
	const struct call_request request = {
		.op = PROTO_WRITE_FILE,
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};

	return call_start(machine, &request, "write_file %s", path);
}

int road_write_file_data(struct road_machine *machine, const char *path,
			 const void *data, size_t len)
{
	int64_t result;

	result = call_finish(machine, road_start_write_file(machine, path,
							    data, len));
	if (result < 0)
		return result;
	if ((uint64_t)result != len)
		return machine_error(machine, -ROAD_ESHORT,
				     "write_file %s: only %lld of %zu bytes were taken",
				     path, (long long)result, len);
	touched_written(machine, path, data, len);
	return 0;
}

int road_write_file(struct road_machine *machine, const char *path,
		    const char *text)
{
	return road_write_file_data(machine, path, text, strlen(text));
}

int road_put(struct road_machine *machine, const char *path, const void *data,
	     size_t len, mode_t mode)
{
	struct call_part parts[] = { guest_text(path), { data, 0 } };
	struct call_request request = {
		.op = PROTO_PUT, .arg = { mode },
		.parts = parts, .num_parts = NUM_PARTS(parts),
	};
	size_t done = 0;
	int ret;

	do {
		parts[1].data = (const char *)data + done;
		parts[1].len = len - done < PUT_CHUNK ? len - done : PUT_CHUNK;
		request.arg[1] = done ? PROTO_PUT_APPEND : 0;
		done += parts[1].len;
		ret = call_finish(machine, call_start(machine, &request,
						      "put %s", path));
	} while (ret >= 0 && done < len);
	return ret;
}
