/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roadtest-proto.h - what host and guest agent say to each other
 *
 * The channels are ports of the virtio console. Each is a stream of frames;
 * integers are in the byte order that host and guest share (User Mode Linux
 * runs on the host's own processor).
 *
 *	host -> agent	struct proto_request, then its payload
 *	agent -> host	struct proto_reply, then its data
 *
 * A port carries requests and replies of one task. The supervisor's may be
 * several deep; a worker gets the next request only after the last reply. A
 * reply with id PROTO_ID_EVENT answers nothing: its @result is one of enum
 * proto_event.
 *
 * The host sends nothing to a port before its PROTO_EVENT_HELLO: the kernel
 * throws away what comes before the agent opened the port.
 *
 * The host does not trust the agent. The agent trusts the host's intentions,
 * not its sizes.
 */
#ifndef ROADTEST_PROTO_H
#define ROADTEST_PROTO_H

#include <stdint.h>

#define PROTO_VERSION		1

#define PROTO_PORT_SUPERVISOR	1
#define PROTO_PORT_WORKER	2	/* the first worker's */
#define PROTO_NUM_WORKERS	8
#define PROTO_PORT_END		(PROTO_PORT_WORKER + PROTO_NUM_WORKERS)

/* Bytes behind a header, either way. */
#define PROTO_MAX_DATA		(4U << 20)
/* Bytes of an event. */
#define PROTO_MAX_EVENT		4096
/* Of a path, its NUL included. */
#define PROTO_MAX_PATH		4096

#define PROTO_ID_EVENT		0

/*
 * struct proto_request - asks for one thing
 * @size: of the frame, this header included
 * @id: comes back in the reply; never PROTO_ID_EVENT
 * @op: enum proto_op
 * @reserved: 0
 * @arg: as the operation says
 */
struct proto_request {
	uint32_t size;
	uint32_t id;
	uint32_t op;
	uint32_t reserved;
	uint64_t arg[4];
};

/*
 * struct proto_reply - the answer
 * @size: of the frame, this header included
 * @id: of the request, or PROTO_ID_EVENT
 * @result: 0 or more, or -errno
 */
struct proto_reply {
	uint32_t size;
	uint32_t id;
	int64_t result;
};

/*
 * Operations. "path" and "text" are NUL-terminated in the payload, one after
 * the other in the order given; "bytes" are the rest of it. A result that is
 * not described is 0. Everything else is as in the system call of that name.
 */
enum proto_op {
	/* For a worker. */
	PROTO_OPEN = 1,		/* arg: flags, mode; path. Result: fd */
	PROTO_CLOSE,		/* arg: fd */
	PROTO_READ,		/* arg: fd, length. Result: length of data */
	PROTO_PREAD,		/* arg: fd, length, offset; like READ */
	PROTO_WRITE,		/* arg: fd; bytes. Result: bytes written */
	PROTO_READ_FILE,	/* path. Result: length of data */
	PROTO_WRITE_FILE,	/* path, bytes. Result: bytes written */
	PROTO_PUT,		/* arg: mode, PROTO_PUT_*; path, bytes */
	PROTO_POLL,		/* arg: timeout (s64 ms); struct proto_pollfd[].
				 * Result: ready ones; int16_t revents[] */
	PROTO_IOCTL,		/* see struct proto_ioctl */
	PROTO_STAT,		/* arg: follow; path. struct proto_stat */
	PROTO_READLINK,		/* path. Result: length of data, no NUL */
	PROTO_LIST,		/* path. Texts, unsorted */
	PROTO_GLOB,		/* text. Paths, unsorted */
	PROTO_MKDIR,		/* arg: mode; path */
	PROTO_UNLINK,		/* path; an empty directory too */
	PROTO_MOUNT,		/* arg: flags; source, target, type, data */
	PROTO_UMOUNT,		/* path */
	PROTO_LOAD_MODULES,	/* arg: index from which on -EEXIST is an error;
				 * (path, text: parameters) repeated, until the
				 * first error. Result: how many were loaded.
				 * Data: uint32_t index of what failed */
	PROTO_UNLOAD_MODULE,	/* arg: flags; text: name */
	PROTO_RUN,		/* arg: argc; texts: argv, bytes: input. Result:
				 * wait status; struct proto_run, out, err */
	PROTO_PWRITE,		/* arg: fd, offset; bytes; like WRITE */
	PROTO_LSEEK,		/* arg: fd, offset, whence. Result: offset */
	PROTO_REBOOT,		/* arg: command of reboot(2) */
	PROTO_NUM_WORKER_OPS,

	/* For the supervisor. */
	PROTO_SPAWN = 64,	/* arg: port; its worker says hello there */
	PROTO_SIGNAL,		/* arg: port, signal, id of the call,
				 * PROTO_SIGNAL_*. Result: PROTO_SIGNAL_CUT: it
				 * was in an I2C transfer, and left it. -ESRCH:
				 * the call is over. -EBUSY: see BETWEEN */
	PROTO_STACKS,		/* data: text */
	PROTO_MODPROBE,		/* arg: token, error; (path, text) as above.
				 * Answers PROTO_EVENT_MODPROBE */
};

enum proto_event {
	PROTO_EVENT_HELLO = 1,	/* proto_hello; a task's first frame */
	PROTO_EVENT_DEAD,	/* supervisor's: struct proto_dead */
	PROTO_EVENT_MODPROBE,	/* supervisor's: struct proto_modprobe, text:
				 * what request_module() asked for */
};

struct proto_hello {
	uint32_t version;
	uint32_t port;
};

/* A worker is no more; @status as of waitpid(). */
struct proto_dead {
	uint32_t port;
	int32_t status;
};

struct proto_modprobe {
	uint32_t token;
};

/* PROTO_SIGNAL: only while it is in no transfer; -EBUSY if that does not end. */
#define PROTO_SIGNAL_BETWEEN	1
#define PROTO_SIGNAL_CUT	1

/* PROTO_PUT: write behind what is there instead of replacing it. */
#define PROTO_PUT_APPEND	1

struct proto_pollfd {
	int32_t fd;
	int16_t events;
	int16_t reserved;
};

struct proto_stat {
	uint32_t mode, uid, gid, reserved;
	uint64_t size, rdev, ino, nlink;
	int64_t mtime_ns;
};

struct proto_run {
	uint32_t out_len;
};

/*
 * PROTO_IOCTL: arg: fd, request, argument, num_bufs | num_ptrs << 32. Payload:
 * uint32_t lengths[num_bufs], struct proto_ioctl_ptr[num_ptrs], the buffers.
 * Without buffers the argument is passed as it is; else buffer 0 is passed.
 * Result: the ioctl's. Data: the buffers, also when it failed; the pointers in
 * them are as they came from the host.
 */
#define PROTO_MAX_IOCTL_BUFS	256
#define PROTO_MAX_IOCTL_PTRS	256

/* "At @offset of buffer @buf store the address of buffer @target." */
struct proto_ioctl_ptr {
	uint32_t buf;
	uint32_t target;
	uint64_t offset;
};

#endif /* ROADTEST_PROTO_H */
