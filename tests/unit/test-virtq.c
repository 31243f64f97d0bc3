// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-virtq.c - of lib/virtio/virtq.c: the fake guest's rings on one side,
 * in the same process
 */
#include "virtio.h"

#include <errno.h>
#include <limits.h>

static struct fg_guest *guest;
static struct fg_queue *queue;
static struct guest_mem mem;
static struct virtq vq;
static struct vq_chain chain;
static struct road_error error;

static void set_rings(unsigned int num)
{
	queue = &guest->devices[0].queues[0];
	memset(queue, 0, sizeof(*queue));
	queue->num = num;
	queue->desc_addr = fg_alloc(guest, 16 * num, 4096);
	queue->avail_addr = fg_alloc(guest, 6 + 2 * num, 2);
	queue->used_addr = fg_alloc(guest, 6 + 8 * num, 4);
	queue->desc = fg_mem(guest, queue->desc_addr);
	queue->avail = fg_mem(guest, queue->avail_addr);
	queue->used = fg_mem(guest, queue->used_addr);
	memset(queue->desc, 0, 16 * num);
	memset(queue->avail, 0, 6 + 2 * num);
	memset(queue->used, 0, 6 + 8 * num);
	while (queue->num_free < num) {
		queue->free[queue->num_free] = num - 1 - queue->num_free;
		queue->num_free++;
	}
}

static void setup(unsigned int num)
{
	guest = fg_create();
	set_rings(num);
	gm_init(&mem);
	CHECK_INT(gm_add(&mem, FG_MEM_START, FG_MEM_SIZE, FG_MEM_START,
			 guest->mem_fd, &error), 0);
	vq_init(&vq, &mem, "test", 3);
	CHECK_INT(vq_set_num(&vq, num, &error), 0);
	vq_set_base(&vq, 0);
	CHECK_INT(vq_set_addr(&vq, queue->desc_addr, queue->avail_addr,
			      queue->used_addr, &error), 0);
	vq.enabled = true;
}

static void teardown(void)
{
	gm_clear(&mem);
	fg_destroy(guest);
	err_clear(&error);
}

/* A chain of buffers of these sizes: negative ones to write. */
static uint16_t add(int a, int b, int c)
{
	const int lens[] = { a, b, c };
	struct fg_buf bufs[3];
	unsigned int num = 0;

	for (int i = 0; i < 3 && lens[i]; i++)
		bufs[num++] = (struct fg_buf){
			fg_alloc(guest, abs(lens[i]), 1), abs(lens[i]),
			lens[i] < 0,
		};
	return fg_add(queue, bufs, num);
}

static void check_broken(const char *message)
{
	CHECK_INT(vq_pop(&vq, &chain, &error), -ROAD_EPROTO);
	CHECK_HAS(err_message(&error), "test: queue 3: ");
	CHECK_HAS(err_message(&error), message);
	err_clear(&error);
}

static void a_chain_comes_with_its_buffers_in_order(void)
{
	uint16_t head;

	setup(16);
	CHECK(!vq_available(&vq));
	CHECK_INT(vq_pop(&vq, &chain, &error), 0);
	head = add(8, 3, -5);
	memset(fg_mem(guest, queue->desc[head].addr), 'a', 8);
	CHECK(vq_available(&vq));
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(chain.head, head);
	CHECK_INT(chain.num_out, 2);
	CHECK_INT(chain.num_in, 1);
	CHECK_INT(chain.out_len, 11);
	CHECK_INT(chain.in_len, 5);
	CHECK(!memcmp(chain.bufs[0].data, "aaaaaaaa", 8));
	CHECK_INT(chain.bufs[1].len, 3);
	CHECK_INT(chain.bufs[2].len, 5);
	CHECK(!vq_available(&vq));
	CHECK_INT(vq_pop(&vq, &chain, &error), 0);
	teardown();
}

static void the_guest_gets_its_chains_back_with_a_length(void)
{
	uint32_t head, len;
	uint16_t a, b;

	setup(16);
	a = add(1, -4, 0);
	b = add(1, -4, 0);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	vq_push(&vq, b, 4);
	vq_push(&vq, a, 2);
	CHECK(fg_get_used(queue, &head, &len));
	CHECK_INT(head, b);
	CHECK_INT(len, 4);
	CHECK(fg_get_used(queue, &head, &len));
	CHECK_INT(head, a);
	CHECK_INT(len, 2);
	CHECK(!fg_get_used(queue, &head, &len));
	teardown();
}

static void indices_wrap_at_65536(void)
{
	uint32_t head, len;

	setup(4);
	vq_set_base(&vq, 65530);
	queue->avail->idx = queue->used->idx = queue->last_used = 65530;
	for (int i = 0; i < 20; i++) {
		uint16_t want = add(4, 0, 0);

		CHECK_INT(vq_pop(&vq, &chain, &error), 1);
		CHECK_INT(chain.head, want);
		vq_push(&vq, chain.head, i);
		CHECK(fg_get_used(queue, &head, &len));
		CHECK_INT(head, want);
		CHECK_INT(len, i);
	}
	CHECK_INT(queue->used->idx, 14);
	teardown();
}

static void a_whole_ring_can_be_in_flight(void)
{
	setup(256);
	for (int i = 0; i < 256; i++)
		add(1, 0, 0);
	for (int i = 0; i < 256; i++)
		CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(vq_pop(&vq, &chain, &error), 0);
	for (int i = 0; i < 256; i++)
		vq_push(&vq, i, 0);
	CHECK_INT(queue->used->idx, 256);
	teardown();
}

static void what_we_do_not_hold_is_not_given_back(void)
{
	uint16_t head;

	setup(16);
	vq_push(&vq, 0, 1);
	vq_push(&vq, 15, 1);
	vq_push(&vq, 16, 1);
	vq_push(&vq, 65535, 1);
	CHECK_INT(queue->used->idx, 0);
	head = add(1, 0, 0);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	vq_push(&vq, head, 0);
	vq_push(&vq, head, 0);
	CHECK_INT(queue->used->idx, 1);
	/* The device was reset while it held a chain. */
	add(1, 0, 0);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	vq_reset(&vq);
	vq_push(&vq, chain.head, 0);
	CHECK_INT(queue->used->idx, 1);
	teardown();
}

static void a_queue_that_is_not_set_up_gives_nothing(void)
{
	setup(16);
	add(1, 0, 0);
	vq.enabled = false;
	CHECK(!vq_available(&vq));
	CHECK_INT(vq_pop(&vq, &chain, &error), 0);
	vq.enabled = true;
	CHECK_INT(vq_set_num(&vq, 8, &error), 0);	/* rings are gone */
	CHECK(!vq_ready(&vq));
	CHECK_INT(vq_pop(&vq, &chain, &error), 0);
	CHECK(!vq_wants_call(&vq));
	vq_set_no_notify(&vq, true);
	CHECK_INT(queue->used->flags, 0);
	teardown();
}

static void sizes_of_rings_are_powers_of_2_up_to_1024(void)
{
	static const uint32_t bad[] = { 0, 3, 12, 255, 1025, 2048, 65536,
					0x80000000, UINT32_MAX };

	setup(16);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(vq_set_num(&vq, bad[i], &error), -ROAD_EPROTO);
		CHECK_INT(vq.num, 16);
	}
	CHECK_HAS(err_message(&error), "power of 2");
	for (uint32_t num = 1; num <= 1024; num *= 2)
		CHECK_INT(vq_set_num(&vq, num, &error), 0);
	teardown();
}

static void check_addr(uint64_t desc, uint64_t avail, uint64_t used,
		       const char *message)
{
	CHECK_INT(vq_set_addr(&vq, desc, avail, used, &error), -ROAD_EPROTO);
	CHECK_HAS(err_message(&error), message);
	err_clear(&error);
}

static void rings_lie_in_memory_and_are_aligned(void)
{
	uint64_t end = FG_MEM_END, ok = FG_MEM_START;

	setup(16);
	check_addr(end - 15 * 16, ok, ok, "descriptors outside");
	check_addr(ok, end - 5 - 2 * 16, ok, "aligned");
	check_addr(ok, end - 4 - 2 * 16, ok, "available ring outside");
	check_addr(ok, ok, end - 4 - 8 * 16, "used ring outside");
	check_addr(0, ok, ok, "descriptors outside");
	check_addr(UINT64_MAX - 15, ok, ok, "descriptors outside");
	check_addr(ok, UINT64_MAX - 1, ok, "available ring outside");
	check_addr(ok, ok, UINT64_MAX - 3, "used ring outside");
	check_addr(ok + 8, ok, ok, "aligned");
	check_addr(ok, ok + 1, ok, "aligned");
	check_addr(ok, ok, ok + 2, "aligned");
	CHECK_INT(vq_set_addr(&vq, end - 16 * 16, end - 6 - 2 * 16,
			      end - 8 - 8 * 16, &error), 0);
	vq_reset(&vq);
	check_addr(ok, ok, ok, "addresses before size");
	teardown();
}

/* ---- what a guest can get wrong in a chain */

static void an_available_index_that_jumps_is_refused(void)
{
	setup(16);
	add(1, 0, 0);
	queue->avail->idx = 17;
	check_broken("available index jumped");
	queue->avail->idx = 65535;
	check_broken("available index jumped");
	queue->avail->idx = 16;		/* as many as it can be */
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	teardown();
}

static void a_head_outside_the_table_is_refused(void)
{
	setup(16);
	fg_make_available(queue, 16);
	check_broken("head outside the table");
	queue->avail->ring[0] = 65535;
	check_broken("head outside the table");
	teardown();
}

static void a_head_that_we_hold_already_is_refused(void)
{
	uint16_t head;

	setup(16);
	head = add(1, 0, 0);
	fg_make_available(queue, head);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	check_broken("in use already");
	teardown();
}

static void a_chain_that_leaves_the_table_is_refused(void)
{
	uint16_t head;

	setup(16);
	head = add(1, 1, 0);
	queue->desc[head].next = 16;
	check_broken("descriptor outside the table");
	queue->desc[head].next = 65535;
	check_broken("descriptor outside the table");
	teardown();
}

static void a_loop_is_refused(void)
{
	uint16_t head;

	setup(16);
	head = add(1, 1, 1);
	queue->desc[head].next = head;
	check_broken("a loop");
	teardown();
}

static void a_chain_may_be_as_long_as_the_ring(void)
{
	setup(16);
	for (int i = 0; i < 16; i++)
		queue->desc[i] = (struct vring_desc){
			.addr = FG_MEM_START, .len = 1,
			.flags = i < 15 ? VRING_DESC_F_NEXT : 0,
			.next = i + 1,
		};
	fg_make_available(queue, 0);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(chain.num_out, 16);
	vq_push(&vq, 0, 0);
	queue->desc[15].flags = VRING_DESC_F_NEXT;
	queue->desc[15].next = 3;
	fg_make_available(queue, 0);
	check_broken("longer than the ring");
	teardown();
}

static void flags_that_were_not_negotiated_are_refused(void)
{
	uint16_t head;

	setup(16);
	head = add(16, 0, 0);
	queue->desc[head].flags = VRING_DESC_F_INDIRECT;
	check_broken("flags not negotiated");
	queue->desc[head].flags = 0x8000;
	check_broken("flags not negotiated");
	teardown();
}

static void a_buffer_to_read_behind_one_to_write_is_refused(void)
{
	setup(16);
	add(1, -1, 1);
	check_broken("behind one to write");
	teardown();
}

static void a_buffer_outside_memory_is_refused(void)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} cases[] = {
		{ FG_MEM_END - 4, 5 }, { FG_MEM_END, 1 }, { 0, 1 },
		{ FG_MEM_START - 1, 2 }, { UINT64_MAX, 1 },
		{ UINT64_MAX - 3, 8 }, { FG_MEM_START, UINT32_MAX },
		{ FG_MEM_START + 16, FG_MEM_SIZE - 15 },
	};
	uint16_t head;

	setup(16);
	head = add(1, 0, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		queue->desc[head].addr = cases[i].addr;
		queue->desc[head].len = cases[i].len;
		check_broken("buffer outside memory");
	}
	queue->desc[head].addr = FG_MEM_END - 4;
	queue->desc[head].len = 4;
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	teardown();
}

static void the_sum_of_a_chain_cannot_overflow(void)
{
	setup(256);
	for (int i = 0; i < 200; i++)
		queue->desc[i] = (struct vring_desc){
			.addr = FG_MEM_START, .len = FG_MEM_SIZE,
			.flags = i < 199 ? VRING_DESC_F_NEXT : 0,
			.next = i + 1,
		};
	CHECK_INT(vq_set_num(&vq, 256, &error), 0);
	/* 200 * 4 MiB is below 2 GiB; a larger memory is needed for more. */
	CHECK_INT(vq_set_addr(&vq, queue->desc_addr, queue->avail_addr,
			      queue->used_addr, &error), 0);
	fg_make_available(queue, 0);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(chain.out_len, 200 * FG_MEM_SIZE);
	teardown();
}

static void a_chain_of_2_gib_is_refused(void)
{
	setup(1024 / 4);
	/* Sparse: costs nothing. */
	CHECK_INT(ftruncate(guest->mem_fd, 1ULL << 32), 0);
	CHECK_INT(gm_add(&mem, FG_MEM_END, 1ULL << 30, FG_MEM_END,
			 guest->mem_fd, &error), 0);
	for (int i = 0; i < 3; i++)
		queue->desc[i] = (struct vring_desc){
			.addr = FG_MEM_END, .len = 1U << 30,
			.flags = i < 2 ? VRING_DESC_F_NEXT : 0,
			.next = i + 1,
		};
	fg_make_available(queue, 0);
	check_broken("chain too large");
	teardown();
}

/* ---- notifications and copying */

static void the_guest_says_whether_it_wants_interrupts(void)
{
	setup(16);
	CHECK(vq_wants_call(&vq));
	queue->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	CHECK(!vq_wants_call(&vq));
	vq_set_no_notify(&vq, true);
	CHECK_INT(queue->used->flags, VRING_USED_F_NO_NOTIFY);
	vq_set_no_notify(&vq, false);
	CHECK_INT(queue->used->flags, 0);
	teardown();
}

static void reading_gathers_and_writing_scatters(void)
{
	struct fg_buf bufs[4];
	char out[16] = "";

	setup(16);
	for (int i = 0; i < 4; i++)
		bufs[i] = (struct fg_buf){ fg_alloc(guest, 3, 1), 3, i > 1 };
	memcpy(fg_mem(guest, bufs[0].addr), "abc", 3);
	memcpy(fg_mem(guest, bufs[1].addr), "def", 3);
	fg_add(queue, bufs, 4);
	CHECK_INT(vq_pop(&vq, &chain, &error), 1);
	CHECK_INT(vq_read(&chain, out, 4), 4);
	CHECK_STR(out, "abcd");
	CHECK_INT(vq_read(&chain, out, sizeof(out)), 6);
	CHECK_STR(out, "abcdef");
	CHECK_INT(vq_write(&chain, "12345678", 4), 4);
	CHECK(!memcmp(fg_mem(guest, bufs[2].addr), "123", 3));
	CHECK(!memcmp(fg_mem(guest, bufs[3].addr), "4\xa5\xa5", 3));
	CHECK_INT(vq_write(&chain, "12345678", 8), 6);
	teardown();
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_chain_comes_with_its_buffers_in_order),
	TEST(the_guest_gets_its_chains_back_with_a_length),
	TEST(indices_wrap_at_65536),
	TEST(a_whole_ring_can_be_in_flight),
	TEST(what_we_do_not_hold_is_not_given_back),
	TEST(a_queue_that_is_not_set_up_gives_nothing),
	TEST(sizes_of_rings_are_powers_of_2_up_to_1024),
	TEST(rings_lie_in_memory_and_are_aligned),
	TEST(an_available_index_that_jumps_is_refused),
	TEST(a_head_outside_the_table_is_refused),
	TEST(a_head_that_we_hold_already_is_refused),
	TEST(a_chain_that_leaves_the_table_is_refused),
	TEST(a_loop_is_refused),
	TEST(a_chain_may_be_as_long_as_the_ring),
	TEST(flags_that_were_not_negotiated_are_refused),
	TEST(a_buffer_to_read_behind_one_to_write_is_refused),
	TEST(a_buffer_outside_memory_is_refused),
	TEST(the_sum_of_a_chain_cannot_overflow),
	TEST(a_chain_of_2_gib_is_refused),
	TEST(the_guest_says_whether_it_wants_interrupts),
	TEST(reading_gathers_and_writing_scatters),
};

UNIT_MAIN(tests)
