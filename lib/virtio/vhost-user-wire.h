/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vhost-user-wire.h - vhost-user messages as they are sent
 *
 * Numbers and layouts: see vhost-user.c.
 */
#ifndef LIB_VIRTIO_VHOST_USER_WIRE_H
#define LIB_VIRTIO_VHOST_USER_WIRE_H

#include <stdint.h>

enum {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES = 2,
	VU_SET_OWNER = 3,
	VU_SET_MEM_TABLE = 5,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR = 9,
	VU_SET_VRING_BASE = 10,
	VU_GET_PROTOCOL_FEATURES = 15,
	VU_SET_PROTOCOL_FEATURES = 16,
	VU_SET_VRING_ENABLE = 18,
	VU_SET_BACKEND_REQ_FD = 21,
	VU_GET_CONFIG = 24,
	VU_SET_CONFIG = 25,
	VU_VRING_KICK = 35,
	VU_NUM_MESSAGES,
};

#define VU_BACKEND_VRING_CALL 4

#define VU_VERSION 1
#define VU_REPLY (1U << 2)
#define VU_NEED_REPLY (1U << 3)

#define VU_F_PROTOCOL_FEATURES (1ULL << 30)
#define VU_PROTOCOL_FEATURES \
	(1ULL << 3 | /* REPLY_ACK */ \
	 1ULL << 5 | /* BACKEND_REQ */ \
	 1ULL << 9 | /* CONFIG */ \
	 1ULL << 14 /* INBAND_NOTIFICATIONS */)

struct vu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct vu_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vu_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc, used, avail, log;
};

struct vu_mem_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t offset;
};

struct vu_mem_table {
	uint32_t num;
	uint32_t padding;
	struct vu_mem_region regions[];
};

struct vu_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t data[];
};

#endif /* LIB_VIRTIO_VHOST_USER_WIRE_H */
