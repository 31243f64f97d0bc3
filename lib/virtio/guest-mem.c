// SPDX-License-Identifier: LGPL-2.1-or-later
#include "virtio/guest-mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* No guest of ours has more; it also keeps sums far from overflow. */
#define GM_MAX_SIZE (1ULL << 40)

/* What an address is aligned to (16 for a table of descriptors), its pointer
 * must be aligned to as well. */
#define GM_ALIGN 16

void gm_init(struct guest_mem *mem)
{
	mem->num_regions = 0;
}

void gm_clear(struct guest_mem *mem)
{
	while (mem->num_regions) {
		struct gm_region *r = &mem->regions[--mem->num_regions];

		munmap(r->map, r->map_size);
	}
}

static bool gm_overlaps(const struct guest_mem *mem, uint64_t addr,
			uint64_t size)
{
	unsigned int i;

	for (i = 0; i < mem->num_regions; i++) {
		const struct gm_region *r = &mem->regions[i];

		if (addr < r->addr + r->size && r->addr < addr + size)
			return true;
	}
	return false;
}

static int gm_check(const struct guest_mem *mem, uint64_t addr, uint64_t size,
		    uint64_t offset, int fd, struct road_error *error)
{
	struct stat st;

	if (mem->num_regions == GM_MAX_REGIONS)
		return err_set(error, -ROAD_EPROTO,
			       "more than %u memory regions", GM_MAX_REGIONS);
	if (!size || size > GM_MAX_SIZE || offset > GM_MAX_SIZE ||
	    addr > UINT64_MAX - size)
		return err_set(error, -ROAD_EPROTO,
			       "memory region 0x%" PRIx64 "+0x%" PRIx64
			       " at offset 0x%" PRIx64 " is out of range",
			       addr, size, offset);
	if ((addr - offset) % GM_ALIGN)
		return err_set(error, -ROAD_EPROTO,
			       "memory region 0x%" PRIx64 "+0x%" PRIx64
			       " is not aligned as its offset 0x%" PRIx64,
			       addr, size, offset);
	if (gm_overlaps(mem, addr, size))
		return err_set(error, -ROAD_EPROTO,
			       "memory region 0x%" PRIx64 "+0x%" PRIx64
			       " overlaps another",
			       addr, size);
	if (fstat(fd, &st))
		return err_set(error, -ROAD_EPROTO, "memory region: %s",
			       strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size < offset + size)
		return err_set(error, -ROAD_EPROTO,
			       "memory region 0x%" PRIx64 "+0x%" PRIx64
			       " at offset 0x%" PRIx64
			       " is beyond the end of its file",
			       addr, size, offset);
	return 0;
}

int gm_add(struct guest_mem *mem, uint64_t addr, uint64_t size,
	   uint64_t offset, int fd, struct road_error *error)
{
	struct gm_region *r = &mem->regions[mem->num_regions];
	int ret = gm_check(mem, addr, size, offset, fd, error);

	if (ret)
		return ret;
	/* Offsets need not be a multiple of a page, so map from the start;
	 * what is not touched costs nothing. */
	r->map_size = offset + size;
	r->map = mmap(NULL, r->map_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (r->map == MAP_FAILED)
		return err_set(error, -ROAD_EPROTO,
			       "memory region of 0x%" PRIx64 " bytes: %s", size,
			       strerror(errno));
	r->addr = addr;
	r->size = size;
	r->base = (uint8_t *)r->map + offset;
	mem->num_regions++;
	return 0;
}

void *gm_ptr(const struct guest_mem *mem, uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < mem->num_regions; i++) {
		const struct gm_region *r = &mem->regions[i];
		uint64_t offset = addr - r->addr;

		if (addr >= r->addr && offset < r->size &&
		    len <= r->size - offset)
			return r->base + offset;
	}
	return NULL;
}
