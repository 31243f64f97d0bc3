/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.h - the parts of the guest's init
 *
 * One binary: pid 1 of the guest is the supervisor, each worker is a task that
 * it cloned, and as /sbin/modprobe it is the kernel's module helper. All of
 * them know errno and nothing else; messages are the host's business.
 */
#ifndef AGENT_H
#define AGENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "roadtest-proto.h"

/* Where the module helper finds the supervisor. */
#define MODPROBE_FIFO		"/run/roadtest-modprobe"
/* The helper's end of the pipe that it wants the answer on. */
#define MODPROBE_REPLY_FD	10

/* Bytes that grow. The first @data is static and not freed. */
struct buffer {
	char *data;
	size_t len, max;
	bool allocated;
};

/* One port, seen from its task. */
struct channel {
	int fd;
	struct buffer in, out;
	size_t taken;		/* of @in, by the request at hand */
};

/* The request at hand; lives in the channel's buffer. */
struct request {
	const struct proto_request *header;
	char *data;		/* what is left of the payload */
	size_t len;
};

/*
 * What a worker lets the supervisor see, in shared memory: the id of the call
 * that it is in, 0 outside of one, and of the last one that it finished.
 */
struct worker_state {
	volatile uint32_t id;
	volatile uint32_t finished;
};

/* buffer.c */
/* Room for @more bytes behind @len, at most PROTO_MAX_DATA and a header in
 * all. Return: where they go; NULL with errno. */
void *buffer_reserve(struct buffer *buffer, size_t more);
int buffer_add(struct buffer *buffer, const void *data, size_t len);
/* Text with its NUL. */
int buffer_add_text(struct buffer *buffer, const char *text);
int buffer_printf(struct buffer *buffer, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Forget the content; give much memory back and use @fixed again. */
void buffer_reset(struct buffer *buffer, char *fixed, size_t size);

/* channel.c */
void channel_init(struct channel *channel, int fd);
/* Read once. Return: false at the end of the stream. */
bool channel_fill(struct channel *channel);
/* Take a whole request from what was read, if there is one. */
bool channel_take(struct channel *channel, struct request *request);
/* Send what is in the out buffer, whose header channel_begin() left room
 * for. */
void channel_begin(struct channel *channel);
void channel_send(struct channel *channel, uint32_t id, int64_t result);
void channel_hello(struct channel *channel, uint32_t port);
/* The next text of a request's payload; NULL if there is none. */
const char *request_text(struct request *request);
/* Nothing works without the channel: print and exit. */
void fatal(const char *what) __attribute__((noreturn));

/* signals.c */
/* SIGUSR1 came. */
extern volatile sig_atomic_t signals_interrupted;
/* SIGUSR1 ends what blocks with EINTR. SIGCHLD is blocked, and ends a ppoll()
 * with the mask @waiting: no death is missed in between. */
void signals_init(sigset_t *waiting);
/* Block both. */
void signals_block(sigset_t *before);

/* worker.c */
void worker_run(int fd, uint32_t port, struct worker_state *state)
	__attribute__((noreturn));

/* supervisor.c */
/* @ports: descriptors for the ports, by number from PROTO_PORT_WORKER on,
 * instead of devices of the guest; NULL in the guest. */
void supervisor_run(int fd, const int *ports, size_t num_ports)
	__attribute__((noreturn));

/* port.c */
/* Open the port's device, waiting for it to appear. Return: fd, -1 with
 * errno. */
int port_open(unsigned int port);

/* stacks.c */
int stacks_collect(struct buffer *out, const pid_t *workers, size_t num);
/* State of a task ('S', 'D', ...); 0 if there is no such task. */
char task_state(pid_t pid);
/* Is it, or a child of it, in the middle of an I2C transfer? */
bool task_in_transfer(pid_t pid);

/* modprobe.c */
int modprobe_main(int argc, char **argv);
/* Load (path, parameters)... Return: how many were loaded, or -errno with the
 * index of the one that failed in @index. */
int64_t modules_load(struct request *list, uint64_t strict_from,
		     uint32_t *index);

/*
 * ops-*.c: return the reply's result. They add the reply's data to @out and
 * may leave some there when they fail.
 */
int64_t op_open(struct request *request, struct buffer *out);
int64_t op_close(struct request *request, struct buffer *out);
int64_t op_read(struct request *request, struct buffer *out);
int64_t op_pread(struct request *request, struct buffer *out);
int64_t op_write(struct request *request, struct buffer *out);
int64_t op_pwrite(struct request *request, struct buffer *out);
int64_t op_lseek(struct request *request, struct buffer *out);
int64_t op_read_file(struct request *request, struct buffer *out);
int64_t op_write_file(struct request *request, struct buffer *out);
int64_t op_put(struct request *request, struct buffer *out);
int64_t op_poll(struct request *request, struct buffer *out);
int64_t op_ioctl(struct request *request, struct buffer *out);
int64_t op_stat(struct request *request, struct buffer *out);
int64_t op_readlink(struct request *request, struct buffer *out);
int64_t op_list(struct request *request, struct buffer *out);
int64_t op_glob(struct request *request, struct buffer *out);
int64_t op_mkdir(struct request *request, struct buffer *out);
int64_t op_unlink(struct request *request, struct buffer *out);
int64_t op_mount(struct request *request, struct buffer *out);
int64_t op_umount(struct request *request, struct buffer *out);
int64_t op_load_modules(struct request *request, struct buffer *out);
int64_t op_reboot(struct request *request, struct buffer *out);
int64_t op_unload_module(struct request *request, struct buffer *out);
int64_t op_run(struct request *request, struct buffer *out);

#endif /* AGENT_H */
