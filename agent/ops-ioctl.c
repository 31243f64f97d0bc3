// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ops-ioctl.c - ioctl() on structures that hold pointers
 *
 * The buffers come one behind the other in the request. They are laid out
 * aligned, each followed by a gap that an ioctl with a wrong size may hit
 * without hurting the agent, and the addresses are stored where the host
 * wants them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "agent.h"

#define IOCTL_ALIGN	16
#define IOCTL_GAP	256

struct ioctl_call {
	size_t num_bufs, num_ptrs;
	const char *ptrs;		/* proto_ioctl_ptr[], unaligned */
	const char *data;		/* the buffers' content, packed */
	uint32_t lens[PROTO_MAX_IOCTL_BUFS];
	char *bufs[PROTO_MAX_IOCTL_BUFS];
};

static struct proto_ioctl_ptr ioctl_ptr(const struct ioctl_call *call, size_t i)
{
	struct proto_ioctl_ptr ptr;

	memcpy(&ptr, call->ptrs + i * sizeof(ptr), sizeof(ptr));
	return ptr;
}

static int ioctl_parse(struct request *request, struct ioctl_call *call)
{
	size_t lens_size, ptrs_size, total = 0, i;

	call->num_bufs = request->header->arg[3] & UINT32_MAX;
	call->num_ptrs = request->header->arg[3] >> 32;
	if (call->num_bufs > PROTO_MAX_IOCTL_BUFS ||
	    call->num_ptrs > PROTO_MAX_IOCTL_PTRS)
		return -EBADMSG;
	lens_size = call->num_bufs * sizeof(uint32_t);
	ptrs_size = call->num_ptrs * sizeof(struct proto_ioctl_ptr);
	if (request->len < lens_size + ptrs_size)
		return -EBADMSG;
	memcpy(call->lens, request->data, lens_size);
	call->ptrs = request->data + lens_size;
	call->data = call->ptrs + ptrs_size;
	for (i = 0; i < call->num_bufs; i++)
		total += call->lens[i];
	if (total != request->len - lens_size - ptrs_size)
		return -EBADMSG;
	for (i = 0; i < call->num_ptrs; i++) {
		struct proto_ioctl_ptr ptr = ioctl_ptr(call, i);

		if (ptr.buf >= call->num_bufs || ptr.target >= call->num_bufs ||
		    call->lens[ptr.buf] < sizeof(void *) ||
		    ptr.offset > call->lens[ptr.buf] - sizeof(void *))
			return -EBADMSG;
	}
	return 0;
}

static size_t ioctl_space(size_t len)
{
	return (len + IOCTL_GAP + IOCTL_ALIGN - 1) & ~(IOCTL_ALIGN - 1UL);
}

/* Return: memory to be freed; NULL with errno. */
static char *ioctl_lay_out(struct ioctl_call *call)
{
	const char *from = call->data;
	size_t size = 0, i;
	char *memory, *to;

	for (i = 0; i < call->num_bufs; i++)
		size += ioctl_space(call->lens[i]);
	memory = to = calloc(1, size);
	if (!memory)
		return NULL;
	for (i = 0; i < call->num_bufs; i++) {
		call->bufs[i] = to;
		memcpy(to, from, call->lens[i]);
		from += call->lens[i];
		to += ioctl_space(call->lens[i]);
	}
	for (i = 0; i < call->num_ptrs; i++) {
		struct proto_ioctl_ptr ptr = ioctl_ptr(call, i);

		memcpy(call->bufs[ptr.buf] + ptr.offset,
		       &call->bufs[ptr.target], sizeof(void *));
	}
	return memory;
}

/* The host must not see addresses of ours where it had its own. */
static void ioctl_restore(struct ioctl_call *call)
{
	size_t starts[PROTO_MAX_IOCTL_BUFS], at = 0, i;

	for (i = 0; i < call->num_bufs; i++) {
		starts[i] = at;
		at += call->lens[i];
	}
	for (i = 0; i < call->num_ptrs; i++) {
		struct proto_ioctl_ptr ptr = ioctl_ptr(call, i);

		memcpy(call->bufs[ptr.buf] + ptr.offset,
		       call->data + starts[ptr.buf] + ptr.offset,
		       sizeof(void *));
	}
}

int64_t op_ioctl(struct request *request, struct buffer *out)
{
	const uint64_t *arg = request->header->arg;
	struct ioctl_call call;
	int64_t result;
	char *memory;
	size_t i;

	result = ioctl_parse(request, &call);
	if (result)
		return result;
	if (!call.num_bufs) {
		result = ioctl((int)arg[0], (unsigned long)arg[1],
			       (unsigned long)arg[2]);
		return result < 0 ? -errno : result;
	}
	memory = ioctl_lay_out(&call);
	if (!memory)
		return -errno;
	result = ioctl((int)arg[0], (unsigned long)arg[1], call.bufs[0]);
	if (result < 0)
		result = -errno;
	ioctl_restore(&call);
	for (i = 0; i < call.num_bufs; i++)
		if (buffer_add(out, call.bufs[i], call.lens[i]))
			result = -errno;
	free(memory);
	return result;
}
