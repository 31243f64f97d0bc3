/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-guest.h - acts as the guest's kernel towards the library
 *
 * A fake guest is a script, a C function in a process of its own, that does
 * what UML's kernel does (arch/um/kernel/time.c, arch/um/drivers/virtio_uml.c)
 * or something that no kernel should do. The functions below behave like the
 * kernel; with the raw ones among them a script breaks any rule.
 *
 * The struct and the guest's memory are shared between the two processes, so
 * that a test may look at both at any time.
 */
#ifndef TESTS_FAKE_GUEST_H
#define TESTS_FAKE_GUEST_H

#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest memory: addresses are offsets in the file, as in UML. */
#define FG_MEM_START	0x100000
#define FG_MEM_SIZE	0x400000
#define FG_MEM_END	(FG_MEM_START + FG_MEM_SIZE)

#define FG_QUEUE_SIZE	256
#define FG_MAX_QUEUES	8
#define FG_MAX_DEVICES	4
#define FG_FOREVER	((uint64_t)INT64_MAX)

/* um_timetravel.h */
enum fg_tt_op {
	FG_ACK, FG_START, FG_REQUEST, FG_WAIT, FG_GET, FG_UPDATE, FG_RUN,
	FG_FREE_UNTIL, FG_GET_TOD, FG_BROADCAST,
};

struct fg_tt_msg {
	uint32_t op;
	uint32_t seq;
	uint64_t time;
};

/* struct um_timetravel_schedshm, of version 2 */
struct fg_page {
	uint32_t version, len;
	uint64_t free_until, current_time;
	uint16_t running_id, max_clients;
	uint32_t unused[1017];
	struct {
		uint32_t capa, flags;
		uint64_t req_time, name;
		uint64_t reserve[13];
	} clients[2];
};

#define FG_PAGE_ID	1

/* vhost_user.h */
enum fg_request {
	FG_GET_FEATURES = 1,
	FG_SET_FEATURES = 2,
	FG_SET_OWNER = 3,
	FG_SET_MEM_TABLE = 5,
	FG_SET_VRING_NUM = 8,
	FG_SET_VRING_ADDR = 9,
	FG_SET_VRING_BASE = 10,
	FG_GET_PROTOCOL_FEATURES = 15,
	FG_SET_PROTOCOL_FEATURES = 16,
	FG_SET_VRING_ENABLE = 18,
	FG_SET_BACKEND_REQ_FD = 21,
	FG_GET_CONFIG = 24,
	FG_VRING_KICK = 35,
};

#define FG_VERSION	1
#define FG_REPLY	4
#define FG_NEED_REPLY	8
/* REPLY_ACK, BACKEND_REQ, CONFIG, INBAND_NOTIFICATIONS */
#define FG_PROTOCOL_FEATURES (1 << 3 | 1 << 5 | 1 << 9 | 1 << 14)

struct fg_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct fg_vring_state {
	uint32_t index, num;
};

struct fg_vring_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct fg_mem_table {
	uint32_t num, padding;
	struct {
		uint64_t guest_addr, size, user_addr, offset;
	} regions[9];
};

struct fg_guest;

/* A ring as the guest's driver sees it. */
struct fg_queue {
	unsigned int num;
	uint64_t desc_addr, avail_addr, used_addr;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t free[FG_QUEUE_SIZE];	/* a stack */
	unsigned int num_free;
	uint16_t last_used;
	unsigned int calls;		/* interrupts so far */
};

struct fg_device {
	struct fg_guest *guest;
	int sock;			/* -1: not connected */
	int backend;			/* our end of the backend channel */
	uint64_t features;
	unsigned int num_queues;
	struct fg_queue queues[FG_MAX_QUEUES];
	/* Instead of answering an interrupt; NULL: answer. */
	void (*on_call)(struct fg_device *dev, const struct fg_header *call);
};

struct fg_guest {
	/* The calendar's client. */
	int tt;				/* -1: not connected */
	uint32_t seq;
	uint64_t now, propagated, free_until;
	uint64_t start_of_day;
	uint64_t request;		/* sent last */
	bool request_valid, waiting, free_until_valid;
	struct fg_page *page;		/* NULL: messages alone */
	bool no_page;			/* as Linux before 6.11 */
	bool irq_pending;
	uint64_t irq_time;
	unsigned int messages;		/* sent to the calendar */
	unsigned int runs;		/* RUN messages received */
	/* Devices and memory. */
	struct fg_device devices[FG_MAX_DEVICES];
	int mem_fd;
	uint8_t *mem;			/* of the whole file, by address */
	uint64_t alloc;			/* next free address */
	/* Between script and test. */
	volatile bool answered;		/* what the test waits for is there */
	volatile uint64_t result[64];
	jmp_buf hung_up;		/* taken when the host hangs up */
};

/* A guest in shared memory; NULL on failure. */
struct fg_guest *fg_create(void);
void fg_destroy(struct fg_guest *guest);
void __attribute__((noreturn)) fg_hang_up(struct fg_guest *guest);

/* ---- the calendar's client */

/* Connect, START, GET_TOD, GET, as at boot. The calendar's shared page is
 * taken, unless @no_page was set before; then all goes by messages. */
void fg_tt_connect(struct fg_guest *guest, const char *path);
int fg_socket(const char *path);
/* Send a message as it is. */
void fg_tt_send(struct fg_guest *guest, uint32_t op, uint32_t seq,
		uint64_t time);
/* Send and take messages until the ACK. Return: its time. */
uint64_t fg_tt_req(struct fg_guest *guest, uint32_t op, uint64_t time);
/* Take one message, and acknowledge it if it is not an ACK. */
void fg_tt_handle(struct fg_guest *guest, struct fg_tt_msg *msg);
/* Ask to run at @time, unless that is known or granted already. */
void fg_tt_request(struct fg_guest *guest, uint64_t time);
/* Take over the time. */
void fg_tt_get(struct fg_guest *guest);
/* How far the guest may run by itself; 0: not at all. */
uint64_t fg_free_until(const struct fg_guest *guest);
/* Tell the calendar the time before another part is told something. */
void fg_tt_propagate(struct fg_guest *guest);

/* Sleep until @time or an interrupt. Return: was it an interrupt? */
bool fg_idle(struct fg_guest *guest, uint64_t time);
/* Sleep until @time; interrupts are taken and counted. */
void fg_sleep_until(struct fg_guest *guest, uint64_t time);
/* Sleep until the queue was interrupted @calls times in all. */
void fg_wait_calls(struct fg_queue *queue, struct fg_guest *guest,
		   unsigned int calls);
/* Say that the test may go on now, and sleep for @ns. */
void fg_give_turn(struct fg_guest *guest, uint64_t ns);
/* The same, and sleep for ever. */
void fg_answer(struct fg_guest *guest);

/* ---- the vhost-user front-end */

/* Wait until @fd is readable; serve the calendar and interrupts meanwhile. */
void fg_wait_readable(struct fg_guest *guest, int fd);
/* Send a message as it is. */
void fg_vu_send(struct fg_device *dev, uint32_t request, uint32_t flags,
		const void *payload, uint32_t size, const int *fds,
		unsigned int num_fds);
/* Receive a reply and check its header. Return: bytes of payload. */
uint32_t fg_vu_recv(struct fg_device *dev, uint32_t request, void *payload,
		    uint32_t size);
/* Send with NEED_REPLY and wait for the ACK. Return: the status. */
uint64_t fg_vu_request(struct fg_device *dev, uint32_t request,
		       const void *payload, uint32_t size, const int *fds,
		       unsigned int num_fds);
/* A request that is answered with a number. */
uint64_t fg_vu_get(struct fg_device *dev, uint32_t request);

/* SET_OWNER to SET_FEATURES, as virtio_uml does it. @features of the type. */
void fg_vu_connect(struct fg_device *dev, const char *path);
void fg_vu_negotiate(struct fg_device *dev);
uint64_t fg_vu_set_mem_table(struct fg_device *dev);
/* Memory for a ring, and NUM, BASE, ADDR. */
void fg_vu_setup_queue(struct fg_device *dev, unsigned int index,
		       unsigned int num);
uint64_t fg_vu_set_state(struct fg_device *dev, uint32_t request,
			 uint32_t index, uint32_t num);
uint64_t fg_vu_set_addr(struct fg_device *dev, unsigned int index);
/* All of the above and ENABLE: a device that works. */
void fg_vu_probe(struct fg_device *dev, const char *path,
		 unsigned int num_queues);
/* SET_MEM_TABLE to ENABLE. */
void fg_vu_start(struct fg_device *dev, unsigned int num_queues);
/* What del_vqs() does: disable all. */
void fg_vu_stop(struct fg_device *dev);
void fg_vu_close(struct fg_device *dev);
uint64_t fg_kick(struct fg_device *dev, unsigned int queue);

/* ---- memory and rings */

struct fg_buf {
	uint64_t addr;
	uint32_t len;
	bool in;		/* for the device to write */
};

/* Memory of the guest, filled with 0xa5. */
uint64_t fg_alloc(struct fg_guest *guest, size_t len, size_t align);
static inline void *fg_mem(struct fg_guest *guest, uint64_t addr)
{
	return guest->mem + addr;
}
/* Lay a chain out, without making it available. Return: its head. */
uint16_t fg_chain(struct fg_queue *queue, const struct fg_buf *bufs,
		  unsigned int num);
void fg_make_available(struct fg_queue *queue, uint16_t head);
/* Both. */
uint16_t fg_add(struct fg_queue *queue, const struct fg_buf *bufs,
		unsigned int num);
/* Take a used chain and free its descriptors. Return: is there one? */
bool fg_get_used(struct fg_queue *queue, uint32_t *head, uint32_t *len);

#endif /* TESTS_FAKE_GUEST_H */
