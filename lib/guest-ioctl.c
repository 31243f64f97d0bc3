// SPDX-License-Identifier: LGPL-2.1-or-later
/* guest-ioctl.c - ioctl and poll in the guest */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "ioctl-name.h"
#include "machine.h"

/* ---- poll */

struct road_call *road_start_poll(struct road_machine *machine,
				  const struct road_pollfd *fds, size_t num,
				  int timeout_ms)
{
	struct proto_pollfd *list = calloc(num + 1, sizeof(*list));
	struct call_part part = { list, num * sizeof(*list) };
	const struct call_request request = {
		.op = PROTO_POLL, .arg = { (int64_t)timeout_ms },
		.parts = &part, .num_parts = 1,
		.max_data = num * sizeof(int16_t), .check = CALL_EXACT,
	};
	struct road_call *call;
	size_t i;

	if (!list) {
		err_nomem(machine_error_of(machine));
		return NULL;
	}
	for (i = 0; i < num; i++)
		list[i] = (struct proto_pollfd){
			.fd = fds[i].fd, .events = fds[i].events,
		};
	if (num)
		call = call_start(machine, &request, "poll %s (fd %d)%s",
				  machine_agent(machine) ?
				  agent_fd_name(machine_agent(machine),
						fds[0].fd) : "?",
				  fds[0].fd, num > 1 ? " and others" : "");
	else
		call = call_start(machine, &request, "poll");
	free(list);
	return call;
}

int road_poll(struct road_machine *machine, struct road_pollfd *fds, size_t num,
	      int timeout_ms)
{
	struct road_call *call = road_start_poll(machine, fds, num, timeout_ms);
	int64_t result = call_result(machine, call);
	size_t i;

	for (i = 0; result >= 0 && i < num; i++)
		memcpy(&fds[i].revents, call->data + i * sizeof(int16_t),
		       sizeof(int16_t));
	road_call_destroy(call);
	return result;
}

/* ---- ioctl */

static int ioctl_check(struct road_machine *machine, const char *name,
		       const struct road_ioctl_buf *bufs, size_t num_bufs,
		       const struct road_ioctl_ptr *ptrs, size_t num_ptrs)
{
	size_t i;

	if (num_bufs > PROTO_MAX_IOCTL_BUFS || num_ptrs > PROTO_MAX_IOCTL_PTRS)
		return machine_error(machine, -ROAD_EUSAGE,
				     "ioctl %s: %zu buffers and %zu pointers; at most %u and %u",
				     name, num_bufs, num_ptrs,
				     PROTO_MAX_IOCTL_BUFS,
				     PROTO_MAX_IOCTL_PTRS);
	for (i = 0; i < num_ptrs; i++) {
		if (ptrs[i].buf >= num_bufs || ptrs[i].target >= num_bufs)
			return machine_error(machine, -ROAD_EUSAGE,
					     "ioctl %s: pointer %zu is of buffer %u to buffer %u, but there are %zu",
					     name, i, ptrs[i].buf,
					     ptrs[i].target, num_bufs);
		if (ptrs[i].offset + sizeof(void *) > bufs[ptrs[i].buf].len ||
		    ptrs[i].offset > bufs[ptrs[i].buf].len)
			return machine_error(machine, -ROAD_EUSAGE,
					     "ioctl %s: pointer %zu at offset %zu does not fit into the %zu bytes of buffer %u",
					     name, i, ptrs[i].offset,
					     bufs[ptrs[i].buf].len,
					     ptrs[i].buf);
	}
	for (i = 0; i < num_bufs; i++)
		if (bufs[i].len > PROTO_MAX_DATA)
			return machine_error(machine, -ROAD_EUSAGE,
					     "ioctl %s: buffer %zu has %zu bytes, at most %u are possible",
					     name, i, bufs[i].len,
					     PROTO_MAX_DATA);
	return 0;
}

/* What goes before the buffers; see PROTO_IOCTL. */
struct ioctl_parts {
	uint32_t lens[PROTO_MAX_IOCTL_BUFS];
	struct proto_ioctl_ptr ptrs[PROTO_MAX_IOCTL_PTRS];
	struct call_part parts[2 + PROTO_MAX_IOCTL_BUFS];
};

/* Return: bytes of all buffers. */
static size_t ioctl_pack(struct ioctl_parts *p,
			 const struct road_ioctl_buf *bufs, size_t num_bufs,
			 const struct road_ioctl_ptr *ptrs, size_t num_ptrs)
{
	size_t total = 0, i;

	p->parts[0].data = p->lens;
	p->parts[0].len = num_bufs * sizeof(*p->lens);
	p->parts[1].data = p->ptrs;
	p->parts[1].len = num_ptrs * sizeof(*p->ptrs);
	for (i = 0; i < num_bufs; i++) {
		p->lens[i] = bufs[i].len;
		p->parts[2 + i] = (struct call_part){
			bufs[i].data, bufs[i].len,
		};
		total += bufs[i].len;
	}
	for (i = 0; i < num_ptrs; i++)
		p->ptrs[i] = (struct proto_ioctl_ptr){
			.buf = ptrs[i].buf, .target = ptrs[i].target,
			.offset = ptrs[i].offset,
		};
	return total;
}

struct road_call *road_start_ioctl(struct road_machine *machine, int fd,
				   unsigned long request, unsigned long arg,
				   const struct road_ioctl_buf *bufs,
				   size_t num_bufs,
				   const struct road_ioctl_ptr *ptrs,
				   size_t num_ptrs)
{
	struct call_request call_request = {
		.op = PROTO_IOCTL,
		.arg = { (unsigned int)fd, request, arg,
			 num_bufs | (uint64_t)num_ptrs << 32 },
		.num_parts = 2 + num_bufs, .check = CALL_EXACT,
	};
	char name[IOCTL_TEXT];
	struct ioctl_parts *parts;
	struct road_call *call;

	ioctl_describe(request, name);
	if (machine_may_call(machine) ||
	    ioctl_check(machine, name, bufs, num_bufs, ptrs, num_ptrs))
		return NULL;
	parts = malloc(sizeof(*parts));
	if (!parts) {
		err_nomem(machine_error_of(machine));
		return NULL;
	}
	call_request.max_data = ioctl_pack(parts, bufs, num_bufs, ptrs,
					   num_ptrs);
	call_request.parts = parts->parts;
	call = call_start(machine, &call_request, "ioctl %s %s (fd %d)",
			  name, agent_fd_name(machine_agent(machine), fd),
			  fd);
	free(parts);
	return call;
}

int road_ioctl_bufs(struct road_machine *machine, int fd, unsigned long request,
		    const struct road_ioctl_buf *bufs, size_t num_bufs,
		    const struct road_ioctl_ptr *ptrs, size_t num_ptrs)
{
	struct road_call *call;
	const char *from;
	int64_t result;
	size_t i;

	call = road_start_ioctl(machine, fd, request, 0, bufs, num_bufs, ptrs,
				num_ptrs);
	result = call_result(machine, call);
	/* A driver may fill them in and fail all the same. */
	if (call && call->done && call->len == call->max_data) {
		from = call->data;
		for (i = 0; i < num_bufs; from += bufs[i++].len)
			if (bufs[i].len)
				memcpy(bufs[i].data, from, bufs[i].len);
	}
	road_call_destroy(call);
	return result;
}

int road_ioctl(struct road_machine *machine, int fd, unsigned long request,
	       void *arg, size_t len)
{
	const struct road_ioctl_buf buf = { arg, len };

	return road_ioctl_bufs(machine, fd, request, &buf, 1, NULL, 0);
}

int road_ioctl_int(struct road_machine *machine, int fd, unsigned long request,
		   unsigned long arg)
{
	return call_finish(machine, road_start_ioctl(machine, fd, request, arg,
						     NULL, 0, NULL, 0));
}
