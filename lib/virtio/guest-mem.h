/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest-mem.h - the guest's memory
 *
 * This is the only place where an address of the guest becomes a pointer.
 */
#ifndef LIB_VIRTIO_GUEST_MEM_H
#define LIB_VIRTIO_GUEST_MEM_H

#include "error.h"

#define GM_MAX_REGIONS 8

struct gm_region {
	uint64_t addr;		/* in the guest */
	uint64_t size;
	void *map;		/* of the whole file up to the region's end */
	uint64_t map_size;
	uint8_t *base;		/* host address of @addr */
};

struct guest_mem {
	struct gm_region regions[GM_MAX_REGIONS];
	unsigned int num_regions;
};

void gm_init(struct guest_mem *mem);
/* Forget all regions. Every pointer into them is invalid then. */
void gm_clear(struct guest_mem *mem);
/*
 * Map @size bytes from @offset of @fd as the guest's @addr. @fd stays the
 * caller's. Fails when sizes overflow, when the file is shorter than it
 * claims (touching it would kill us), or when regions overlap.
 */
int gm_add(struct guest_mem *mem, uint64_t addr, uint64_t size,
	   uint64_t offset, int fd, struct road_error *error);
/* Host pointer to @len bytes at the guest's @addr; NULL if they do not lie in
 * one region. @len 0 gives a pointer only to an address inside a region. */
void *gm_ptr(const struct guest_mem *mem, uint64_t addr, uint64_t len);

#endif /* LIB_VIRTIO_GUEST_MEM_H */
