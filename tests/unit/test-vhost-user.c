// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-vhost-user.c - of lib/virtio/vhost-user.c, with a fake guest that
 * keeps the protocol; see test-vhost-user-hostile.c for the others
 */
#include "gpio-guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static struct fixture fx;

/* ---- what works */

static void ask_for_direction(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	uint8_t *answer = add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 5,
				      0);
	uint32_t head, len;

	fg_kick(gpio, 0);
	/* Interrupted before the kick was acknowledged. */
	CHECK_INT(gpio->queues[0].calls, 1);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	CHECK_INT(len, 2);
	CHECK_INT(answer[0], VIRTIO_GPIO_STATUS_OK);
	CHECK_INT(answer[1], VIRTIO_GPIO_DIRECTION_IN);
	fg_answer(guest);
}

static void a_request_is_answered_with_an_interrupt(void)
{
	fx_run_script(&fx, ask_for_direction);
	fx_finish(&fx);
}

static void get_config(struct fg_guest *guest)
{
	struct fg_device *gpio = connect_gpio(guest);
	uint32_t config[3 + 2] = { 0, 8, 0x1234 };

	fg_vu_send(gpio, FG_GET_CONFIG, FG_VERSION, config, 20, NULL, 0);
	memset(config, 0xff, sizeof(config));
	CHECK_INT(fg_vu_recv(gpio, FG_GET_CONFIG, config, sizeof(config)), 20);
	CHECK_INT(config[0], 0);
	CHECK_INT(config[1], 8);
	CHECK_INT(config[3] & 0xffff, ROAD_NUM_LINES);	/* lines */
	CHECK_INT(config[4], 0);
	fg_answer(guest);
}

static void configuration_comes_with_the_size_that_was_asked_for(void)
{
	fx_run_script(&fx, get_config);
	fx_finish(&fx);
}

static void use_no_interrupt(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	uint32_t head, len;

	gpio->queues[0].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 0, 0);
	fg_kick(gpio, 0);
	CHECK_INT(gpio->queues[0].calls, 0);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	fg_answer(guest);
}

static void a_guest_that_wants_no_interrupt_gets_none(void)
{
	fx_run_script(&fx, use_no_interrupt);
	fx_finish(&fx);
}

/* Suspend: what is queued while a queue is disabled waits. */
static void kick_while_disabled(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	uint32_t head, len;

	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 0, 0);
	add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 0, 0);
	fg_kick(gpio, 0);
	CHECK(!fg_get_used(&gpio->queues[0], &head, &len));
	CHECK_INT(gpio->queues[0].calls, 0);
	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 0, 1);
	CHECK_INT(gpio->queues[0].calls, 0);
	/* Not before the host knows what time it is here. */
	fg_sleep_until(guest, 10 * ROAD_MS);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	CHECK_INT(gpio->queues[0].calls, 1);
	fg_answer(guest);
}

static void a_disabled_queue_waits_until_it_is_enabled(void)
{
	fx_run_script(&fx, kick_while_disabled);
	fx_finish(&fx);
}

/* A reset with a request under way, then a life with other rings. */
static void reset_in_mid_session(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct fg_queue old;
	uint32_t head, len;
	uint8_t *answer;

	answer = add_request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0);
	fg_kick(gpio, 0);		/* takes 1 us */
	old = gpio->queues[0];
	fg_vu_stop(gpio);
	fg_vu_start(gpio, 2);
	fg_sleep_until(guest, guest->now + ROAD_MS);
	CHECK_INT(answer[0], 0xa5);
	CHECK_INT(old.used->idx, 0);
	CHECK_INT(gpio->queues[0].calls, 0);

	add_request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0);
	fg_kick(gpio, 0);
	fg_wait_calls(&gpio->queues[0], guest, 1);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	fg_answer(guest);
}

static void a_device_is_set_up_again_in_mid_session(void)
{
	fx_run_script(&fx, reset_in_mid_session);
	fx_finish(&fx);
}

/* Between del_vqs() and the next find_vqs() the rings are free memory. */
static void watch_memory_of_a_stopped_device(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	uint64_t event = fg_alloc(guest, 3, 2);
	uint8_t *status = fg_mem(guest, event + 2);

	memcpy(fg_mem(guest, event), (uint16_t[]){ 7 }, 2);
	add_request(gpio, VIRTIO_GPIO_MSG_IRQ_TYPE, 7, ROAD_IRQ_EDGE_BOTH);
	fg_kick(gpio, 0);
	fg_wait_calls(&gpio->queues[0], guest, 1);
	fg_add(&gpio->queues[1], (struct fg_buf[]){
		{ event, 2, false }, { event + 2, 1, true } }, 2);
	fg_kick(gpio, 1);
	fg_vu_stop(gpio);
	fg_give_turn(guest, ROAD_MS);
	CHECK_INT(*status, 0xa5);
	CHECK_INT(gpio->queues[1].used->idx, 0);
	fg_answer(guest);
}

static void a_stopped_device_writes_nothing(void)
{
	fx_run_script(&fx, watch_memory_of_a_stopped_device);
	CHECK_INT(road_line_set(&fx.machine, 7, 1), 0);
	CHECK_INT(fx_advance(&fx, ROAD_S), ENGINE_LIMIT);
	fx_finish(&fx);
}

static void reconnect(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	uint32_t head, len;

	add_request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0);
	fg_kick(gpio, 0);
	fg_vu_close(gpio);
	fg_sleep_until(guest, guest->now + ROAD_MS);
	fg_vu_probe(gpio, fx_path("gpio"), 2);
	add_request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 0, 0);
	fg_kick(gpio, 0);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	fg_answer(guest);
}

static void a_guest_may_hang_up_and_connect_again(void)
{
	fx_run_script(&fx, reconnect);
	fx_finish(&fx);
}

static void send_in_pieces(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	struct fg_header header = { FG_SET_FEATURES,
				    FG_VERSION | FG_NEED_REPLY, 8 };
	uint64_t features = 1ULL << 32, status;

	for (size_t i = 0; i < sizeof(header); i++) {
		CHECK_INT(write(gpio->sock, (char *)&header + i, 1), 1);
		usleep(1000);
	}
	CHECK_INT(write(gpio->sock, &features, 3), 3);
	usleep(1000);
	CHECK_INT(write(gpio->sock, (char *)&features + 3, 5), 5);
	CHECK_INT(fg_vu_recv(gpio, FG_SET_FEATURES, &status, 8), 8);
	CHECK_INT(status, 0);
	fg_answer(guest);
}

static void a_message_may_come_in_pieces(void)
{
	fx_run_script(&fx, send_in_pieces);
	fx_finish(&fx);
}

static int count_fds(void)
{
	int num = 0;

	for (int fd = 0; fd < 200; fd++)
		num += fcntl(fd, F_GETFD) >= 0;
	return num;
}

static void fds_everywhere(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);
	int fds[8] = { 0 };

	for (int i = 0; i < 10; i++)
		fg_vu_send(gpio, FG_SET_OWNER, FG_VERSION, NULL, 0, fds, 8);
	for (int i = 0; i < 10; i++)
		fg_vu_request(gpio, FG_SET_BACKEND_REQ_FD, NULL, 0, fds, 1);
	guest->result[0] = 1;
	fg_answer(guest);
}

static void descriptors_that_nobody_wants_are_closed(void)
{
	int before;

	fx_init(&fx);
	before = count_fds();
	fx_start(&fx, fds_everywhere);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	/* The connections of calendar (one for another) and gpio, and the
	 * last backend channel. */
	CHECK_INT(count_fds(), before + 2);
	fx_finish(&fx);
}

static void enable_and_kick_without_rings(struct fg_guest *guest)
{
	struct fg_device *gpio = connect_gpio(guest);

	CHECK_INT(fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 0, 1), 0);
	CHECK_INT(fg_kick(gpio, 0), 0);
	fg_answer(guest);
}

static void a_queue_without_rings_does_nothing(void)
{
	fx_run_script(&fx, enable_and_kick_without_rings);
	fx_finish(&fx);
}

/* What a board without memory leaves. */
static void a_device_that_was_never_made_can_be_closed(void)
{
	struct vu_dev dev = {};

	vu_close(&dev);
	CHECK(fcntl(0, F_GETFD) >= 0);
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_request_is_answered_with_an_interrupt),
	TEST(configuration_comes_with_the_size_that_was_asked_for),
	TEST(a_guest_that_wants_no_interrupt_gets_none),
	TEST(a_disabled_queue_waits_until_it_is_enabled),
	TEST(a_device_is_set_up_again_in_mid_session),
	TEST(a_stopped_device_writes_nothing),
	TEST(a_guest_may_hang_up_and_connect_again),
	TEST(a_message_may_come_in_pieces),
	TEST(descriptors_that_nobody_wants_are_closed),
	TEST(a_queue_without_rings_does_nothing),
	TEST(a_device_that_was_never_made_can_be_closed),
};

UNIT_MAIN(tests)
