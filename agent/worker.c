// SPDX-License-Identifier: LGPL-2.1-or-later
/* worker.c - a task that makes the host's system calls, one at a time */
#include <errno.h>
#include <unistd.h>

#include "agent.h"

typedef int64_t (*op_fn)(struct request *request, struct buffer *out);

static const op_fn ops[PROTO_NUM_WORKER_OPS] = {
	[PROTO_OPEN] = op_open,
	[PROTO_CLOSE] = op_close,
	[PROTO_READ] = op_read,
	[PROTO_PREAD] = op_pread,
	[PROTO_WRITE] = op_write,
	[PROTO_READ_FILE] = op_read_file,
	[PROTO_WRITE_FILE] = op_write_file,
	[PROTO_PUT] = op_put,
	[PROTO_POLL] = op_poll,
	[PROTO_IOCTL] = op_ioctl,
	[PROTO_STAT] = op_stat,
	[PROTO_READLINK] = op_readlink,
	[PROTO_LIST] = op_list,
	[PROTO_GLOB] = op_glob,
	[PROTO_MKDIR] = op_mkdir,
	[PROTO_UNLINK] = op_unlink,
	[PROTO_MOUNT] = op_mount,
	[PROTO_UMOUNT] = op_umount,
	[PROTO_LOAD_MODULES] = op_load_modules,
	[PROTO_UNLOAD_MODULE] = op_unload_module,
	[PROTO_RUN] = op_run,
	[PROTO_PWRITE] = op_pwrite,
	[PROTO_LSEEK] = op_lseek,
	[PROTO_REBOOT] = op_reboot,
};

static int64_t worker_call(struct request *request, struct buffer *out)
{
	uint32_t op = request->header->op;

	if (op >= PROTO_NUM_WORKER_OPS || !ops[op])
		return -ENOSYS;
	return ops[op](request, out);
}

void worker_run(int fd, uint32_t port, struct worker_state *state)
{
	struct channel channel;
	struct request request;
	int64_t result;

	channel_init(&channel, fd);
	channel_hello(&channel, port);
	for (;;) {
		while (!channel_take(&channel, &request))
			if (!channel_fill(&channel))
				_exit(0);
		channel_begin(&channel);
		state->id = request.header->id;
		result = worker_call(&request, &channel.out);
		state->finished = request.header->id;
		state->id = 0;
		/* What the operation left of more than fits is not told. */
		if (channel.out.len - sizeof(struct proto_reply) >
		    PROTO_MAX_DATA) {
			channel_begin(&channel);
			result = -EFBIG;
		}
		channel_send(&channel, request.header->id, result);
	}
}
