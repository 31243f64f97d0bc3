// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-console.c - of lib/virtio/console.c, with a fake guest */
#include "virtio.h"

#include <errno.h>
#include <linux/virtio_console.h>

#define NUM_QUEUES 8	/* control and ports 0 to 2 */

static struct fixture fx;

static struct fg_device *con_of(struct fg_guest *guest)
{
	return &guest->devices[2];
}

static struct fg_device *probe_console(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(con_of(guest), fx_path("console"), NUM_QUEUES);
	return con_of(guest);
}

/* Buffers for what the host sends; without a kick if it wants none. */
static void fill(struct fg_device *con, unsigned int queue, unsigned int num,
		 uint32_t len)
{
	for (unsigned int i = 0; i < num; i++) {
		struct fg_buf buf = { fg_alloc(con->guest, len, 1), len,
				      true };

		fg_add(&con->queues[queue], &buf, 1);
		if (!(con->queues[queue].used->flags & VRING_USED_F_NO_NOTIFY)) {
			con->guest->result[10]++;
			fg_kick(con, queue);
		}
	}
}

/* The next buffer that came back. Return: its length, -1 if there is none. */
static int take(struct fg_device *con, unsigned int queue, void *data,
		size_t size)
{
	struct fg_queue *q = &con->queues[queue];
	uint32_t head, len;

	if (!fg_get_used(q, &head, &len))
		return -1;
	CHECK(len <= size);
	memcpy(data, fg_mem(con->guest, q->desc[head].addr), len);
	return len;
}

static void check_control(struct fg_device *con, uint32_t id, uint16_t event,
			  uint16_t value)
{
	struct virtio_console_control msg = {};

	CHECK_INT(take(con, 2, &msg, sizeof(msg)), sizeof(msg));
	CHECK_INT(msg.id, id);
	CHECK_INT(msg.event, event);
	CHECK_INT(msg.value, value);
}

static void write_queue(struct fg_device *con, unsigned int queue,
			const void *data, uint32_t len)
{
	struct fg_buf buf = { fg_alloc(con->guest, len, 1), len, false };
	uint32_t head, used;

	memcpy(fg_mem(con->guest, buf.addr), data, len);
	fg_add(&con->queues[queue], &buf, 1);
	fg_kick(con, queue);
	CHECK(fg_get_used(&con->queues[queue], &head, &used));
}

static void control(struct fg_device *con, uint32_t id, uint16_t event,
		    uint16_t value)
{
	struct virtio_console_control msg = { id, event, value };

	write_queue(con, 3, &msg, sizeof(msg));
}

/* As the driver does it for port 1. */
static struct fg_device *open_port(struct fg_guest *guest)
{
	struct fg_device *con = probe_console(guest);

	fill(con, 2, 16, 32);
	control(con, -1, VIRTIO_CONSOLE_DEVICE_READY, 1);
	check_control(con, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
	control(con, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	check_control(con, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(con, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	return con;
}

static void start(fx_script script)
{
	fx_init(&fx);
	CHECK_INT(con_add_port(&fx.machine.con, 1), 0);
	fx_start(&fx, script);
}

static void run(fx_script script)
{
	start(script);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_STR(err_message(&fx.machine.engine.fatal), "");
}

/* ---- control */

static void open_and_close(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);

	fg_give_turn(guest, ROAD_MS);
	control(con, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	fg_answer(guest);
}

static void a_port_is_plugged_opened_and_closed(void)
{
	run(open_and_close);
	CHECK_INT(fx.machine.open_ports, 1 << 1);
	fx.guest->answered = false;
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.machine.open_ports, 0);
	fx_finish(&fx);
}

static void wait_for_plug(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);

	fg_give_turn(guest, ROAD_MS);		/* the test plugs port 2 */
	check_control(con, 2, VIRTIO_CONSOLE_PORT_ADD, 1);
	fg_answer(guest);
}

static void a_port_can_be_plugged_later(void)
{
	run(wait_for_plug);
	fx.guest->answered = false;
	CHECK_INT(con_add_port(&fx.machine.con, 2), 0);
	CHECK_INT(con_add_port(&fx.machine.con, 2), 0);	/* it is already */
	CHECK_INT(con_add_port(&fx.machine.con, 0), -EINVAL);
	CHECK_INT(con_add_port(&fx.machine.con, CON_MAX_PORTS), -EINVAL);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

/* ---- data */

static void receive(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	char data[8];

	fill(con, 4, 3, 4);
	CHECK_INT(guest->result[10], 0);	/* no kick was wanted */
	fg_give_turn(guest, ROAD_MS);		/* 10 bytes */
	CHECK_INT(con->queues[4].calls, 1);
	CHECK_INT(take(con, 4, data, 4), 4);
	CHECK_INT(take(con, 4, data + 4, 4), 4);
	CHECK(!memcmp(data, "01234567", 8));
	CHECK_INT(take(con, 4, data, 4), 2);
	CHECK(!memcmp(data, "89", 2));
	CHECK_INT(take(con, 4, data, 4), -1);
	fg_answer(guest);
}

static void bytes_to_the_guest_fill_its_buffers_with_one_interrupt(void)
{
	run(receive);
	fx.guest->answered = false;
	CHECK_INT(con_send(&fx.machine.con, 1, "0123456789", 10), 0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void receive_late(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	char data[8];

	fill(con, 4, 1, 4);
	fg_give_turn(guest, ROAD_MS);
	CHECK_INT(take(con, 4, data, 4), 3);
	/* Now a kick is wanted. */
	CHECK_INT(con->queues[4].used->flags, 0);
	fill(con, 4, 1, 4);
	CHECK_INT(guest->result[10], 1);
	CHECK_INT(take(con, 4, data, 4), 3);
	CHECK(!memcmp(data, "345", 3));
	CHECK_INT(con->queues[4].used->flags, VRING_USED_F_NO_NOTIFY);
	fg_answer(guest);
}

static void what_does_not_fit_waits_for_a_buffer(void)
{
	run(receive_late);
	fx.guest->answered = false;
	CHECK_INT(con_send(&fx.machine.con, 1, "012", 3), 0);
	CHECK_INT(con_send(&fx.machine.con, 1, "345", 3), 0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void send_some(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	uint64_t a = fg_alloc(guest, 3, 1), b = fg_alloc(guest, 2, 1);

	write_queue(con, 5, "hello ", 6);
	memcpy(fg_mem(guest, a), "wor", 3);
	memcpy(fg_mem(guest, b), "ld", 2);
	fg_add(&con->queues[5], (struct fg_buf[]){
		{ a, 3, false }, { b, 2, false } }, 2);
	fg_kick(con, 5);
	CHECK_INT(con->queues[5].calls, 2);
	fg_answer(guest);
}

static void bytes_of_the_guest_come_in_order(void)
{
	run(send_some);
	CHECK_INT(fx.machine.num_received, 11);
	CHECK(!memcmp(fx.machine.received, "hello world", 11));
	fx_finish(&fx);
}

static void answer_at_once(struct con_dev *con, unsigned int port,
			   const void *data, size_t len)
{
	CHECK_INT(con_send(con, port, "ok", 2), 0);
}

static void ask_twice(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	uint64_t out = fg_alloc(guest, 2, 1);
	char data[4];

	fill(con, 4, 2, 4);
	for (int i = 0; i < 2; i++) {
		struct fg_buf bufs[] = { { out, 1, false },
					 { out + 1, 1, false } };
		uint16_t head = fg_add(&con->queues[5], bufs, 2);
		uint32_t used, len;

		fg_kick(con, 5);
		CHECK(fg_get_used(&con->queues[5], &used, &len));
		CHECK_INT(used, head);
		/* An answer to each of its two buffers, as far as there is
		 * room. */
		CHECK_INT(take(con, 4, data, 4), i ? -1 : 2);
		CHECK_INT(take(con, 4, data, 4), i ? -1 : 2);
	}
	fg_answer(guest);
}

static void an_answer_from_the_receiver_leaves_its_buffers_alone(void)
{
	fx_init(&fx);
	fx.machine.con.receive = answer_at_once;
	CHECK_INT(con_add_port(&fx.machine.con, 1), 0);
	fx_start(&fx, ask_twice);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_STR(err_message(&fx.machine.engine.fatal), "");
	fx_finish(&fx);
}

/* ---- the rest */

static void reset(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	char data[8];

	fg_give_turn(guest, ROAD_MS);		/* bytes without a buffer */
	fg_vu_stop(con);
	fg_vu_start(con, NUM_QUEUES);
	fill(con, 2, 16, 32);
	fill(con, 4, 4, 4);
	control(con, -1, VIRTIO_CONSOLE_DEVICE_READY, 1);
	check_control(con, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
	CHECK_INT(take(con, 4, data, sizeof(data)), -1);
	fg_answer(guest);
}

static void a_reset_drops_what_was_on_its_way(void)
{
	run(reset);
	fx.guest->answered = false;
	CHECK_INT(con_send(&fx.machine.con, 1, "0123", 4), 0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void empty_buffers(struct fg_guest *guest)
{
	struct fg_device *con = open_port(guest);
	struct fg_buf out = { FG_MEM_START, 8, false };

	/* One to read where one to write belongs: nothing fits into it. */
	fg_add(&con->queues[4], &out, 1);
	fill(con, 4, 1, 8);
	fg_give_turn(guest, ROAD_MS);
	CHECK_INT(con->queues[4].used->idx, 2);
	/* Control messages that are too short or have no meaning. */
	write_queue(con, 3, "1234567", 7);
	control(con, 1, 77, 1);
	control(con, 1, VIRTIO_CONSOLE_PORT_READY, 0);
	fg_answer(guest);
}

static void buffers_that_hold_nothing_do_no_harm(void)
{
	run(empty_buffers);
	fx.guest->answered = false;
	CHECK_INT(con_send(&fx.machine.con, 1, "0123", 4), 0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void control_for_port_5(struct fg_guest *guest)
{
	control(open_port(guest), 5, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void control_for_port_far_away(struct fg_guest *guest)
{
	control(open_port(guest), 0x80000001, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void run_broken(fx_script script)
{
	start(script);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_INT(fx.machine.engine.fatal.code, -ROAD_EPROTO);
	CHECK_HAS(err_message(&fx.machine.engine.fatal), "does not exist");
	fx_finish(&fx);
}

static void control_messages_for_no_port_end_the_machine(void)
{
	run_broken(control_for_port_5);
	run_broken(control_for_port_far_away);
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_port_is_plugged_opened_and_closed),
	TEST(a_port_can_be_plugged_later),
	TEST(bytes_to_the_guest_fill_its_buffers_with_one_interrupt),
	TEST(what_does_not_fit_waits_for_a_buffer),
	TEST(bytes_of_the_guest_come_in_order),
	TEST(an_answer_from_the_receiver_leaves_its_buffers_alone),
	TEST(a_reset_drops_what_was_on_its_way),
	TEST(buffers_that_hold_nothing_do_no_harm),
	TEST(control_messages_for_no_port_end_the_machine),
};

UNIT_MAIN(tests)
