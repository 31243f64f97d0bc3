/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vhost-user.h - virtio devices for the guest
 *
 * A device type embeds struct vu_dev and has a const table of what it does.
 */
#ifndef LIB_VIRTIO_VHOST_USER_H
#define LIB_VIRTIO_VHOST_USER_H

#include "engine.h"
#include "virtio/virtq.h"

/* What the guest's driver can have at most (virtio_uml: 64). */
#define VU_MAX_QUEUES 64

struct vu_dev;

struct vu_ops {
	const char *name;
	uint64_t features;		/* of the device type, bits 0 to 23 */
	unsigned int num_queues;
	uint32_t config_len;
	/* Fill in @config_len bytes of configuration. NULL: there is none. */
	void (*get_config)(struct vu_dev *dev, void *config);
	/* The guest kicked @queue, or it was enabled with chains waiting. The
	 * guest is blocked until this returns. */
	void (*kick)(struct vu_dev *dev, unsigned int queue);
	/* @queue was enabled. May be NULL. */
	void (*enabled)(struct vu_dev *dev, unsigned int queue);
	/* The guest reset the device or is gone: forget all chains. */
	void (*reset)(struct vu_dev *dev);
};

struct vu_dev {
	const struct vu_ops *ops;
	struct engine *engine;
	struct loop_source listen, conn;
	int backend_fd;			/* our channel to the guest, or -1 */
	uint64_t features;		/* what the guest accepted */
	struct guest_mem mem;
	struct virtq *queues;		/* ops->num_queues */
	struct vq_chain *chain;		/* for vu_pop() */
	struct road_timer wake;		/* serves queues that were asleep */
};

int vu_init(struct vu_dev *dev, struct engine *engine,
	    const struct vu_ops *ops);
void vu_deinit(struct vu_dev *dev);
/* Listen on the socket @path. */
int vu_listen(struct vu_dev *dev, const char *path);
/* Accepts one that is all zero. */
void vu_close(struct vu_dev *dev);

/* Does a queue that is asleep have a chain of which the guest could not tell?
 * Its driver waits for that to no end. */
bool vu_unheard(const struct vu_dev *dev);

/* Take the next chain of a queue: valid until the next vu_pop() of the
 * device. NULL: there is none, or the ring is broken and the machine ends. */
struct vq_chain *vu_pop(struct vu_dev *dev, unsigned int queue);
/* The same into memory of the caller's, who takes others meanwhile. */
struct vq_chain *vu_pop_into(struct vu_dev *dev, unsigned int queue,
			     struct vq_chain *chain);
/* Give a chain back. The guest learns of it by vu_call(). */
void vu_push(struct vu_dev *dev, unsigned int queue, uint16_t head,
	     uint32_t len);
/* Interrupt the guest for a queue, if it wants that. */
void vu_call(struct vu_dev *dev, unsigned int queue);

#endif /* LIB_VIRTIO_VHOST_USER_H */
