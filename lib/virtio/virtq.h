/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtq.h - split virtqueues, the device's side
 */
#ifndef LIB_VIRTIO_VIRTQ_H
#define LIB_VIRTIO_VIRTQ_H

#include "virtio/guest-mem.h"

/* The largest ring that a queue may have; also the longest chain. */
#define VQ_MAX_SIZE 1024

struct virtq {
	const struct guest_mem *mem;
	const char *name;		/* of the device, for messages */
	unsigned int index;
	uint16_t num;			/* a power of 2, or 0: not set up */
	uint16_t next_avail;		/* the next one to take */
	uint16_t next_used;		/* the next one to give back */
	/* Into guest memory, checked for the whole ring; NULL: not set up. */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	bool enabled;
	bool asleep;			/* disabled again: suspend does that */
	bool waking;			/* enabled after that, not yet served */
	bool call_pending;		/* to be sent once it is enabled */
	uint64_t in_flight[VQ_MAX_SIZE / 64];	/* heads that we hold */
};

/* A run of bytes in the guest's memory. */
struct vq_buf {
	uint8_t *data;
	uint32_t len;
};

/*
 * A chain of descriptors: @num_out buffers for us to read, then @num_in to
 * write. Pointers are valid until the guest resets the device.
 */
struct vq_chain {
	uint16_t head;
	unsigned int num_out, num_in;
	uint32_t out_len, in_len;
	struct vq_buf bufs[VQ_MAX_SIZE];
};

void vq_init(struct virtq *vq, const struct guest_mem *mem, const char *name,
	     unsigned int index);
/* Forget ring and state, as after power-on. */
void vq_reset(struct virtq *vq);
/* Number of entries; checked. */
int vq_set_num(struct virtq *vq, uint32_t num, struct road_error *error);
/* Where the rings are; needs the number and the memory first. */
int vq_set_addr(struct virtq *vq, uint64_t desc, uint64_t avail, uint64_t used,
		struct road_error *error);
void vq_set_base(struct virtq *vq, uint16_t base);
bool vq_ready(const struct virtq *vq);

/* Take the next chain. Return: 1, 0 if there is none, -ROAD_EPROTO. */
int vq_pop(struct virtq *vq, struct vq_chain *chain, struct road_error *error);
/* Is there one to take? A broken ring counts as yes. */
bool vq_available(const struct virtq *vq);
/* The same of a queue that is disabled. */
bool vq_pending(const struct virtq *vq);
/* Give a chain back, with @len bytes written to it. One that we do not hold
 * (the device was reset meanwhile) is ignored. */
void vq_push(struct virtq *vq, uint16_t head, uint32_t len);
/* Does the guest want to be told? */
bool vq_wants_call(const struct virtq *vq);
/* Tell the guest that we need no kicks. */
void vq_set_no_notify(struct virtq *vq, bool no_notify);

/* Gather the out buffers of a chain into @data. Return: bytes copied, at most
 * @size. */
size_t vq_read(const struct vq_chain *chain, void *data, size_t size);
/* Scatter @data over the in buffers. Return: bytes copied. */
size_t vq_write(const struct vq_chain *chain, const void *data, size_t len);

#endif /* LIB_VIRTIO_VIRTQ_H */
