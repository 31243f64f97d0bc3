// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Split virtqueues, the device's side (Virtual I/O Device Version 1.2,
 * section 2.7)
 *
 * Trust: none. Ring addresses are checked once, when the guest sets them;
 * each descriptor is copied out of guest memory before it is looked at, so
 * that it can't change between check and use. A chain may not be longer than
 * the ring, point out of the table or of guest memory, or have a buffer for
 * the device to read behind one to write.
 */
#include "virtio/virtq.h"

#include <inttypes.h>
#include <linux/virtio_ring.h>
#include <string.h>

void vq_init(struct virtq *vq, const struct guest_mem *mem, const char *name,
	     unsigned int index)
{
	memset(vq, 0, sizeof(*vq));
	vq->mem = mem;
	vq->name = name;
	vq->index = index;
}

void vq_reset(struct virtq *vq)
{
	vq_init(vq, vq->mem, vq->name, vq->index);
}

static int vq_error(const struct virtq *vq, struct road_error *error,
		    const char *what, uint64_t value)
{
	return err_set(error, -ROAD_EPROTO,
		       "%s: queue %u: %s (%" PRIu64 ", 0x%" PRIx64 ")",
		       vq->name, vq->index, what, value, value);
}

int vq_set_num(struct virtq *vq, uint32_t num, struct road_error *error)
{
	if (!num || num > VQ_MAX_SIZE || num & (num - 1))
		return vq_error(vq, error, "size is not a power of 2 up to 1024",
				num);
	vq->num = num;
	/* The rings were checked for another size. */
	vq->desc = NULL;
	vq->avail = NULL;
	vq->used = NULL;
	return 0;
}

int vq_set_addr(struct virtq *vq, uint64_t desc, uint64_t avail, uint64_t used,
		struct road_error *error)
{
	/* Both rings have a u16 of event index behind their last entry. */
	uint64_t avail_size = sizeof(struct vring_avail) + 2ULL * vq->num + 2;
	uint64_t used_size = sizeof(struct vring_used) +
			     sizeof(struct vring_used_elem) * vq->num + 2;
	void *d, *a, *u;

	if (!vq->num)
		return vq_error(vq, error, "addresses before size", 0);
	if (desc % 16 || avail % 2 || used % 4)
		return vq_error(vq, error, "a ring is not aligned", desc);
	d = gm_ptr(vq->mem, desc, sizeof(struct vring_desc) * vq->num);
	a = gm_ptr(vq->mem, avail, avail_size);
	u = gm_ptr(vq->mem, used, used_size);
	if (!d)
		return vq_error(vq, error, "descriptors outside memory", desc);
	if (!a)
		return vq_error(vq, error, "available ring outside memory",
				avail);
	if (!u)
		return vq_error(vq, error, "used ring outside memory", used);
	vq->desc = d;
	vq->avail = a;
	vq->used = u;
	return 0;
}

void vq_set_base(struct virtq *vq, uint16_t base)
{
	vq->next_avail = base;
	vq->next_used = base;
	memset(vq->in_flight, 0, sizeof(vq->in_flight));
}

bool vq_ready(const struct virtq *vq)
{
	return vq->desc && vq->enabled;
}

bool vq_pending(const struct virtq *vq)
{
	return vq->desc &&
	       __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE) !=
		       vq->next_avail;
}

bool vq_available(const struct virtq *vq)
{
	return vq_ready(vq) && vq_pending(vq);
}

static int vq_add_buf(const struct virtq *vq, struct vq_chain *chain,
		      const struct vring_desc *desc, struct road_error *error)
{
	unsigned int n = chain->num_out + chain->num_in;
	struct vq_buf *buf = &chain->bufs[n];
	bool in = desc->flags & VRING_DESC_F_WRITE;
	uint32_t *total = in ? &chain->in_len : &chain->out_len;

	if (desc->flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE))
		return vq_error(vq, error, "descriptor flags not negotiated",
				desc->flags);
	if (!in && chain->num_in)
		return vq_error(vq, error,
				"buffer to read behind one to write", n);
	buf->data = gm_ptr(vq->mem, desc->addr, desc->len);
	buf->len = desc->len;
	if (!buf->data)
		return vq_error(vq, error, "buffer outside memory",
				desc->addr);
	if (*total > INT32_MAX - desc->len)
		return vq_error(vq, error, "chain too large", desc->len);
	*total += desc->len;
	if (in)
		chain->num_in++;
	else
		chain->num_out++;
	return 0;
}

static int vq_walk(struct virtq *vq, struct vq_chain *chain,
		   struct road_error *error)
{
	struct vring_desc desc = { .next = chain->head };
	unsigned int n;
	int ret;

	for (n = 0; n < vq->num; n++) {
		if (desc.next >= vq->num)
			return vq_error(vq, error,
					"descriptor outside the table",
					desc.next);
		memcpy(&desc, &vq->desc[desc.next], sizeof(desc));
		ret = vq_add_buf(vq, chain, &desc, error);
		if (ret)
			return ret;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
	}
	return vq_error(vq, error, "chain longer than the ring, or a loop",
			vq->num);
}

int vq_pop(struct virtq *vq, struct vq_chain *chain, struct road_error *error)
{
	uint16_t idx, head;
	int ret;

	if (!vq_ready(vq))
		return 0;
	idx = __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
	if (idx == vq->next_avail)
		return 0;
	if ((uint16_t)(idx - vq->next_avail) > vq->num)
		return vq_error(vq, error, "available index jumped", idx);
	head = vq->avail->ring[vq->next_avail & (vq->num - 1)];
	if (head >= vq->num)
		return vq_error(vq, error, "head outside the table", head);
	if (vq->in_flight[head / 64] & 1ULL << head % 64)
		return vq_error(vq, error, "head is in use already", head);
	chain->head = head;
	chain->num_out = chain->num_in = 0;
	chain->out_len = chain->in_len = 0;
	ret = vq_walk(vq, chain, error);
	if (ret)
		return ret;
	vq->next_avail++;
	vq->in_flight[head / 64] |= 1ULL << head % 64;
	return 1;
}

void vq_push(struct virtq *vq, uint16_t head, uint32_t len)
{
	struct vring_used_elem *elem;

	if (!vq->desc || head >= vq->num ||
	    !(vq->in_flight[head / 64] & 1ULL << head % 64))
		return;
	vq->in_flight[head / 64] &= ~(1ULL << head % 64);
	elem = &vq->used->ring[vq->next_used & (vq->num - 1)];
	elem->id = head;
	elem->len = len;
	__atomic_store_n(&vq->used->idx, ++vq->next_used, __ATOMIC_RELEASE);
}

bool vq_wants_call(const struct virtq *vq)
{
	return vq->desc && !(vq->avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
}

void vq_set_no_notify(struct virtq *vq, bool no_notify)
{
	if (vq->desc)
		__atomic_store_n(&vq->used->flags,
				 no_notify ? VRING_USED_F_NO_NOTIFY : 0,
				 __ATOMIC_SEQ_CST);
}

size_t vq_read(const struct vq_chain *chain, void *data, size_t size)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < chain->num_out && done < size; i++) {
		size_t n = chain->bufs[i].len;

		if (n > size - done)
			n = size - done;
		memcpy((char *)data + done, chain->bufs[i].data, n);
		done += n;
	}
	return done;
}

size_t vq_write(const struct vq_chain *chain, const void *data, size_t len)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < chain->num_in && done < len; i++) {
		const struct vq_buf *buf = &chain->bufs[chain->num_out + i];
		size_t n = buf->len;

		if (n > len - done)
			n = len - done;
		memcpy(buf->data, (const char *)data + done, n);
		done += n;
	}
	return done;
}
