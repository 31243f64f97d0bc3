// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-vhost-user-hostile.c - of lib/virtio/vhost-user.c, with fake guests
 * that break the protocol
 */
#include "gpio-guest.h"

#include <errno.h>
#include <sys/socket.h>

static struct fixture fx;

/* ---- messages that are wrong */

/* Nothing comes any more but the end. */
static void expect_end(struct fg_device *dev)
{
	char c;

	if (recv(dev->sock, &c, 1, 0) > 0)
		CHECK(!"answered");
	fg_hang_up(dev->guest);
}

static void send_bad(struct fg_device *dev, uint32_t request, uint32_t flags,
		     const void *payload, uint32_t size)
{
	fg_vu_send(dev, request, flags, payload, size, NULL, 0);
	expect_end(dev);
}

static void unknown_request(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), 99, FG_VERSION, NULL, 0);
}

static void request_0(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), 0, FG_VERSION, NULL, 0);
}

static void request_without_handler(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), 4, FG_VERSION, NULL, 0);
}

static void wrong_version(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), FG_GET_FEATURES, 2, NULL, 0);
}

static void reply_flag(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), FG_GET_FEATURES, FG_VERSION | FG_REPLY, NULL,
		 0);
}

static void too_short(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), FG_SET_FEATURES, FG_VERSION, "1234567", 7);
}

static void too_long(struct fg_guest *guest)
{
	static char payload[513];

	send_bad(raw_gpio(guest), FG_SET_FEATURES, FG_VERSION, payload, 513);
}

static void size_of_4_gib(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	struct fg_header header = { FG_SET_FEATURES, FG_VERSION, UINT32_MAX };

	CHECK_INT(write(gpio->sock, &header, sizeof(header)), sizeof(header));
	expect_end(gpio);
}

static void half_a_header(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);

	CHECK_INT(write(gpio->sock, "123456", 6), 6);
	shutdown(gpio->sock, SHUT_WR);
	expect_end(gpio);
}

static void half_a_payload(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	struct fg_header header = { FG_SET_FEATURES, FG_VERSION, 8 };

	CHECK_INT(write(gpio->sock, &header, sizeof(header)), sizeof(header));
	CHECK_INT(write(gpio->sock, "1234", 4), 4);
	shutdown(gpio->sock, SHUT_WR);
	expect_end(gpio);
}

static void messages_of_wrong_form_end_the_machine(void)
{
	fx_run_broken(unknown_request, "gpio: unknown request (99)");
	fx_run_broken(request_0, "unknown request");
	fx_run_broken(request_without_handler, "unknown request");
	fx_run_broken(wrong_version, "unknown flags");
	fx_run_broken(reply_flag, "unknown flags");
	fx_run_broken(too_short, "too short");
	fx_run_broken(too_long, "too long");
	fx_run_broken(size_of_4_gib, "too long");
	fx_run_broken(half_a_header, "cut short");
	fx_run_broken(half_a_payload, "cut short");
}

/* ---- negotiation */

static void foreign_features(struct fg_guest *guest)
{
	uint64_t features = 1ULL << 28;		/* INDIRECT_DESC */

	send_bad(raw_gpio(guest), FG_SET_FEATURES, FG_VERSION, &features, 8);
}

static void fewer_protocol_features(struct fg_guest *guest)
{
	uint64_t features = FG_PROTOCOL_FEATURES & ~8;

	send_bad(raw_gpio(guest), FG_SET_PROTOCOL_FEATURES, FG_VERSION,
		 &features, 8);
}

static void backend_without_fd(struct fg_guest *guest)
{
	send_bad(raw_gpio(guest), FG_SET_BACKEND_REQ_FD, FG_VERSION, NULL, 0);
}

static void backend_with_many_fds(struct fg_guest *guest)
{
	int fds[] = { 1, 1, 1 };

	fg_vu_send(raw_gpio(guest), FG_SET_BACKEND_REQ_FD, FG_VERSION, NULL, 0,
		   fds, 3);
	expect_end(gpio_of(guest));
}

static void more_fds_than_anybody_needs(struct fg_guest *guest)
{
	int fds[16] = { 0 };

	fg_vu_send(raw_gpio(guest), FG_SET_OWNER, FG_VERSION, NULL, 0, fds,
		   16);
	expect_end(gpio_of(guest));
}

static void what_was_not_offered_is_refused(void)
{
	fx_run_broken(foreign_features, "features that were not offered");
	fx_run_broken(fewer_protocol_features, "lacks protocol features");
	fx_run_broken(backend_without_fd, "without a descriptor");
	fx_run_broken(backend_with_many_fds, "backend channel");
	fx_run_broken(more_fds_than_anybody_needs, "too many descriptors");
}

/* ---- memory tables */

static void send_mem_table(struct fg_device *gpio, uint32_t num, uint32_t size,
			   uint64_t region_size, unsigned int num_fds)
{
	struct fg_mem_table table = { .num = num };
	int fds[16];

	for (unsigned int i = 0; i < 9; i++) {
		table.regions[i].guest_addr = 0x1000000 * (i + 1);
		table.regions[i].size = region_size;
		fds[i] = gpio->guest->mem_fd;
	}
	fg_vu_send(gpio, FG_SET_MEM_TABLE, FG_VERSION, &table, size, fds,
		   num_fds);
	expect_end(gpio);
}

static void mem_table_that_lacks_fds(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 2, 8 + 64, 4096, 1);
}

static void mem_table_without_fds(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 1, 8 + 32, 4096, 0);
}

static void mem_table_cut_short(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 2, 8 + 63, 4096, 2);
}

static void mem_table_too_large(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 9, 8 + 9 * 32, 4096, 8);
}

static void mem_table_of_4_g_regions(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 0x8000000, 8, 4096, 0);
}

static void mem_table_beyond_the_file(struct fg_guest *guest)
{
	send_mem_table(raw_gpio(guest), 1, 8 + 32, FG_MEM_END + 1, 1);
}

static void wrong_memory_tables_are_refused(void)
{
	fx_run_broken(mem_table_that_lacks_fds, "missing descriptors");
	fx_run_broken(mem_table_without_fds, "missing descriptors");
	fx_run_broken(mem_table_cut_short, "wrong size");
	fx_run_broken(mem_table_too_large, "wrong size");
	fx_run_broken(mem_table_of_4_g_regions, "wrong size");
	fx_run_broken(mem_table_beyond_the_file, "beyond the end");
}

/* ---- queues */

static void queue_that_is_not_there(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_NUM, 2, 256);
}

static void queue_far_away(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_BASE, UINT32_MAX, 0);
}

static void enable_far_away(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_ENABLE, 0x80000000,
			1);
}

static void kick_far_away(struct fg_guest *guest)
{
	fg_kick(connect_gpio(guest), 64);
}

static void addr_far_away(struct fg_guest *guest)
{
	struct fg_vring_addr addr = { .index = 77 };

	send_bad(connect_gpio(guest), FG_SET_VRING_ADDR, FG_VERSION, &addr,
		 sizeof(addr));
}

static void num_0(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_NUM, 0, 0);
}

static void num_100(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_NUM, 0, 100);
}

static void num_huge(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_NUM, 0, 0x80000000);
}

static void base_huge(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_BASE, 0, 65536);
}

static void enable_2(struct fg_guest *guest)
{
	fg_vu_set_state(connect_gpio(guest), FG_SET_VRING_ENABLE, 0, 2);
}

static void addr_before_num(struct fg_guest *guest)
{
	struct fg_device *gpio = connect_gpio(guest);

	gpio->queues[0].desc_addr = gpio->queues[0].avail_addr =
		gpio->queues[0].used_addr = FG_MEM_START;
	fg_vu_set_addr(gpio, 0);
}

static void addr_before_memory(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);

	fg_vu_negotiate(gpio);
	fg_vu_setup_queue(gpio, 0, 256);
}

static void addr_outside_memory(struct fg_guest *guest)
{
	struct fg_device *gpio = connect_gpio(guest);

	fg_vu_setup_queue(gpio, 0, 256);
	gpio->queues[0].used_addr = FG_MEM_END - 4;
	fg_vu_set_addr(gpio, 0);
}

static void queues_are_checked_when_they_are_set_up(void)
{
	fx_run_broken(queue_that_is_not_there, "no such queue (2)");
	fx_run_broken(queue_far_away, "no such queue");
	fx_run_broken(enable_far_away, "no such queue");
	fx_run_broken(kick_far_away, "no such queue");
	fx_run_broken(addr_far_away, "no such queue");
	fx_run_broken(num_0, "power of 2");
	fx_run_broken(num_100, "power of 2");
	fx_run_broken(num_huge, "power of 2");
	fx_run_broken(base_huge, "base out of range");
	fx_run_broken(enable_2, "neither 0 nor 1");
	fx_run_broken(addr_before_num, "addresses before size");
	fx_run_broken(addr_before_memory, "outside memory");
	fx_run_broken(addr_outside_memory, "used ring outside memory");
}

/* ---- rings */

static void jump(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	gpio->queues[0].avail->idx = 257;
	fg_kick(gpio, 0);
}

static void loop(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct fg_queue *queue = &gpio->queues[0];
	uint16_t head;

	add_request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0);
	head = queue->avail->ring[0];
	queue->desc[head].next = head;
	fg_kick(gpio, 0);
}

static void indirect(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	add_request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0);
	gpio->queues[0].desc[gpio->queues[0].avail->ring[0]].flags =
		VRING_DESC_F_INDIRECT;
	fg_kick(gpio, 0);
}

static void broken_when_enabled(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 0, 0);
	fg_make_available(&gpio->queues[0], 300);
	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 0, 1);
	fg_sleep_until(guest, 10 * ROAD_MS);
}

static void broken_rings_end_the_machine(void)
{
	fx_run_broken(jump, "available index jumped");
	fx_run_broken(loop, "a loop");
	fx_run_broken(indirect, "flags not negotiated");
	fx_run_broken(broken_when_enabled, "head outside the table");
}

/* ---- interrupts */

static void hang_up_on_call(struct fg_device *dev,
			    const struct fg_header *call)
{
	fg_vu_close(dev);
	fg_hang_up(dev->guest);
}

static void no_answer_to_a_call(struct fg_device *dev,
				const struct fg_header *call)
{
	char c;

	while (recv(dev->sock, &c, 1, 0) > 0)
		;
	fg_hang_up(dev->guest);
}

static void kick_for_a_call(struct fg_guest *guest,
			    void (*on_call)(struct fg_device *dev,
					    const struct fg_header *call))
{
	struct fg_device *gpio = probe_gpio(guest);

	gpio->on_call = on_call;
	add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 0, 0);
	fg_kick(gpio, 0);
	CHECK(!"went on");
}

static void leave_at_a_call(struct fg_guest *guest)
{
	kick_for_a_call(guest, hang_up_on_call);
}

static void ignore_a_call(struct fg_guest *guest)
{
	kick_for_a_call(guest, no_answer_to_a_call);
}

static void half_an_answer_to_a_call(struct fg_device *dev,
				     const struct fg_header *call)
{
	CHECK_INT(write(dev->backend, "1234", 4), 4);
	no_answer_to_a_call(dev, call);
}

static void half_answer_a_call(struct fg_guest *guest)
{
	kick_for_a_call(guest, half_an_answer_to_a_call);
}

static void ask_for_the_time_for_ever(struct fg_device *dev,
				      const struct fg_header *call)
{
	struct fg_tt_msg msg;

	do {
		fg_tt_send(dev->guest, FG_GET, 1, 0);
	} while (recv(dev->guest->tt, &msg, sizeof(msg), MSG_WAITALL) > 0);
	fg_hang_up(dev->guest);
}

static void ask_at_a_call(struct fg_guest *guest)
{
	kick_for_a_call(guest, ask_for_the_time_for_ever);
}

/* The channel is full before the host has it. */
static void full_backend(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	int fds[2];

	fg_vu_negotiate(gpio);
	close(gpio->backend);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	gpio->backend = -1;	/* nothing of it is read */
	while (send(fds[1], gpio, sizeof(*gpio), MSG_DONTWAIT) > 0)
		;
	fg_vu_request(gpio, FG_SET_BACKEND_REQ_FD, NULL, 0, &fds[1], 1);
	fg_vu_start(gpio, 2);
	add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 0, 0);
	fg_kick(gpio, 0);
	CHECK(!"went on");
}

static void run_stubborn(fx_script script, const char *message)
{
	fx_init(&fx);
	fx.machine.engine.wall_limit_ms = 200;
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_HAS(err_message(&fx.machine.engine.fatal), message);
	fx_finish(&fx);
}

static void a_guest_that_does_not_answer_an_interrupt_is_gone(void)
{
	fx_run_broken(leave_at_a_call, NULL);
	run_stubborn(ignore_a_call, "does not take interrupts");
	run_stubborn(half_answer_a_call, "hung up");
	run_stubborn(ask_at_a_call, "does not take interrupts");
	run_stubborn(full_backend, "does not take interrupts");
}

/* Dies at each of the first messages of a session. */
static unsigned int leave_after;

static void leave_early(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	struct fg_vring_state state = { 0, 256 };
	uint64_t features = FG_PROTOCOL_FEATURES;
	unsigned int left = leave_after;

	for (uint32_t request = 1; left--; request++) {
		static const uint32_t order[] = {
			FG_SET_OWNER, FG_GET_FEATURES, FG_GET_PROTOCOL_FEATURES,
			FG_SET_PROTOCOL_FEATURES, FG_SET_VRING_NUM,
			FG_SET_VRING_ENABLE, FG_VRING_KICK,
		};
		uint32_t r = order[(request - 1) % 7];

		fg_vu_send(gpio, r, FG_VERSION | FG_NEED_REPLY,
			   r == FG_SET_PROTOCOL_FEATURES ? (void *)&features :
			   (void *)&state, 8, NULL, 0);
		state.num = 1;
	}
	/* Without reading one answer. */
}

static void a_guest_that_leaves_at_any_point_is_noticed(void)
{
	for (leave_after = 0; leave_after < 7; leave_after++) {
		fx_init(&fx);
		fx_start(&fx, leave_early);
		CHECK_INT(fx_run(&fx), ENGINE_GONE);
		CHECK_INT(fx.machine.engine.fatal.code, -ROAD_EGONE);
		fx_finish(&fx);
	}
}

static void connect_twice(struct fg_guest *guest)
{
	struct fg_device *gpio = connect_gpio(guest);

	close(fg_socket(fx_path("gpio")));
	expect_end(gpio);
}

static void a_second_connection_is_refused(void)
{
	fx_run_broken(connect_twice, "a second connection");
}

static void kick_without_end(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	for (;;)
		fg_kick(gpio, 0);
}

static void kicks_without_end_at_one_instant_are_no_progress(void)
{
	fx_init(&fx);
	fx_start(&fx, kick_without_end);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_INT(fx.machine.engine.fatal.code, -ROAD_ELIMIT);
	CHECK_HAS(err_message(&fx.machine.engine.fatal),
		  "10001 requests at one instant of virtual time, the last to gpio");
	fx_finish(&fx);
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(messages_of_wrong_form_end_the_machine),
	TEST(what_was_not_offered_is_refused),
	TEST(wrong_memory_tables_are_refused),
	TEST(queues_are_checked_when_they_are_set_up),
	TEST(broken_rings_end_the_machine),
	TEST(a_guest_that_does_not_answer_an_interrupt_is_gone),
	TEST(a_guest_that_leaves_at_any_point_is_noticed),
	TEST(a_second_connection_is_refused),
	TEST(kicks_without_end_at_one_instant_are_no_progress),
};

UNIT_MAIN(tests)
