// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-i2c.c - of lib/virtio/i2c.c, with a fake guest: timing, transactions,
 * NAK and held transfers
 */
#include "virtio.h"

#include <errno.h>
#include <linux/virtio_i2c.h>

#define BIT 2500	/* nanoseconds at 400 kHz */

static struct fixture fx;

/* ---- a chip that notes what it is asked, and when */

struct recorder {
	struct road_i2c_chip chip;
	char log[1024];
	int start_ret, write_ret, read_ret;
	uint8_t out[16];
};

static struct recorder recorder, other;

static void __attribute__((format(printf, 2, 3)))
note(struct road_i2c_chip *chip, const char *fmt, ...)
{
	struct recorder *r = road_container_of(chip, struct recorder, chip);
	size_t len = strlen(r->log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->log + len, sizeof(r->log) - len, fmt, ap);
	va_end(ap);
	len = strlen(r->log);
	snprintf(r->log + len, sizeof(r->log) - len, "@%" PRIu64 " ",
		 fx.machine.engine.cal.now / BIT);
}

static int rec_start(struct road_i2c_chip *chip, bool read, bool first)
{
	note(chip, "%s%c", first ? "S" : "Sr", read ? 'r' : 'w');
	return road_container_of(chip, struct recorder, chip)->start_ret;
}

static int rec_write(struct road_i2c_chip *chip, const uint8_t *data,
		     size_t len)
{
	note(chip, "W%zu:%02x", len, len ? data[0] : 0);
	return road_container_of(chip, struct recorder, chip)->write_ret;
}

static int rec_read(struct road_i2c_chip *chip, uint8_t *data, size_t len)
{
	struct recorder *r = road_container_of(chip, struct recorder, chip);

	note(chip, "R%zu", len);
	memcpy(data, r->out, len < sizeof(r->out) ? len : sizeof(r->out));
	return r->read_ret;
}

static void rec_stop(struct road_i2c_chip *chip)
{
	note(chip, "P");
}

static const struct road_i2c_ops recorder_ops = {
	.start = rec_start,
	.write = rec_write,
	.read = rec_read,
	.stop = rec_stop,
};

static void init_recorder(struct recorder *r, const char *name,
			  unsigned int addr)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->out, "\x12\x34\x56\x78", 4);
	road_i2c_chip_init(&r->chip, name, &recorder_ops);
	CHECK_INT(road_i2c_attach(&fx.machine, addr, &r->chip), 0);
}

/* ---- the guest's side */

struct message {
	uint64_t data, status;
	uint32_t len;
	uint16_t head;
};

static struct fg_device *i2c_of(struct fg_guest *guest)
{
	return &guest->devices[0];
}

static struct fg_device *probe_i2c(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(i2c_of(guest), fx_path("i2c"), 1);
	return i2c_of(guest);
}

static struct message add_message(struct fg_device *i2c, unsigned int addr,
				  uint32_t flags, uint32_t len)
{
	struct fg_guest *guest = i2c->guest;
	struct virtio_i2c_out_hdr hdr = { .addr = addr << 1, .flags = flags };
	uint64_t out = fg_alloc(guest, sizeof(hdr), 8);
	struct message m = { .len = len };
	struct fg_buf bufs[3] = { { out, sizeof(hdr), false } };
	unsigned int num = 1;

	memcpy(fg_mem(guest, out), &hdr, sizeof(hdr));
	if (len) {
		m.data = fg_alloc(guest, len, 1);
		bufs[num++] = (struct fg_buf){
			m.data, len, flags & VIRTIO_I2C_FLAGS_M_RD,
		};
	}
	m.status = fg_alloc(guest, 1, 1);
	bufs[num++] = (struct fg_buf){ m.status, 1, true };
	m.head = fg_add(&i2c->queues[0], bufs, num);
	return m;
}

static void check_status(struct fg_guest *guest, struct message m, int status)
{
	CHECK_INT(*(uint8_t *)fg_mem(guest, m.status), status);
}

/* The next used chain must be this one. */
static void check_used(struct fg_device *i2c, struct message m, uint32_t len)
{
	uint32_t head = 0xffff, used = 0xffff;

	CHECK(fg_get_used(&i2c->queues[0], &head, &used));
	CHECK_INT(head, m.head);
	CHECK_INT(used, len);
}

static void kick_and_wait(struct fg_device *i2c)
{
	fg_kick(i2c, 0);
	fg_wait_calls(&i2c->queues[0], i2c->guest, i2c->queues[0].calls + 1);
}

/* Run a script against two recorders. */
static void run(fx_script script)
{
	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	init_recorder(&other, "other", 0x45);
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_STR(err_message(&fx.machine.engine.fatal), "");
}

/* ---- timing */

static void read_register(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a, b;

	a = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_FAIL_NEXT, 1);
	*(uint8_t *)fg_mem(guest, a.data) = 0x7e;
	b = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 2);
	kick_and_wait(i2c);
	guest->result[0] = guest->now;
	check_status(guest, a, VIRTIO_I2C_MSG_OK);
	check_status(guest, b, VIRTIO_I2C_MSG_OK);
	CHECK(!memcmp(fg_mem(guest, b.data), "\x12\x34", 2));
	check_used(i2c, a, 1);
	check_used(i2c, b, 3);
	CHECK_INT(i2c->queues[0].calls, 1);
	fg_answer(guest);
}

static void a_transfer_takes_its_bits(void)
{
	run(read_register);
	/* START 1, address 9, byte 9; repeated START 1, address 9, two bytes
	 * 18; STOP 1. */
	CHECK_STR(recorder.log,
		  "Sw@10 W1:7e@19 Srr@29 R2@29 P@48 ");
	CHECK_INT(fx.guest->result[0], 48 * BIT);
	CHECK_STR(other.log, "");
	fx_finish(&fx);
}

static void another_clock_makes_other_times(void)
{
	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	i2c_set_hertz(&fx.machine.board.i2c, 100000);
	fx_start(&fx, read_register);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.guest->result[0], 48 * 4 * BIT);
	fx_finish(&fx);
}

static void read_twice_at_once(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);

	add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 1);
	add_message(i2c, 0x45, VIRTIO_I2C_FLAGS_M_RD, 1);
	fg_kick(i2c, 0);
	fg_wait_calls(&i2c->queues[0], guest, 1);
	guest->result[0] = guest->now;
	CHECK_INT(i2c->queues[0].used->idx, 1);
	fg_wait_calls(&i2c->queues[0], guest, 2);
	guest->result[1] = guest->now;
	CHECK_INT(i2c->queues[0].used->idx, 2);
	fg_answer(guest);
}

static void transactions_run_one_after_the_other(void)
{
	run(read_twice_at_once);
	CHECK_STR(recorder.log, "Sr@10 R1@10 P@20 ");
	CHECK_STR(other.log, "Sr@30 R1@30 P@40 ");
	CHECK_INT(fx.guest->result[0], 20 * BIT);
	CHECK_INT(fx.guest->result[1], 40 * BIT);
	CHECK_INT(fx.machine.engine.transaction, 2);
	fx_finish(&fx);
}

static void zero_length(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message w = add_message(i2c, 0x44, 0, 0);
	struct message r = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 0);
	struct message n = add_message(i2c, 0x46, 0, 0);

	fg_kick(i2c, 0);
	fg_wait_calls(&i2c->queues[0], guest, 3);
	check_status(guest, w, VIRTIO_I2C_MSG_OK);
	check_status(guest, r, VIRTIO_I2C_MSG_OK);
	check_status(guest, n, VIRTIO_I2C_MSG_ERR);
	check_used(i2c, w, 1);
	check_used(i2c, r, 1);
	check_used(i2c, n, 1);
	fg_answer(guest);
}

static void a_message_of_no_length_is_an_address_alone(void)
{
	run(zero_length);
	CHECK_STR(recorder.log, "Sw@10 W0:00@10 P@11 Sr@21 P@22 ");
	fx_finish(&fx);
}

/* ---- failures */

static void three_linked(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a, b, c;

	a = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_FAIL_NEXT, 1);
	b = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_FAIL_NEXT |
			VIRTIO_I2C_FLAGS_M_RD, 2);
	c = add_message(i2c, 0x44, 0, 2);
	kick_and_wait(i2c);
	guest->result[0] = *(uint8_t *)fg_mem(guest, a.status);
	guest->result[1] = *(uint8_t *)fg_mem(guest, b.status);
	guest->result[2] = *(uint8_t *)fg_mem(guest, c.status);
	guest->result[3] = *(uint8_t *)fg_mem(guest, b.data);
	CHECK_INT(i2c->queues[0].used->idx, 3);
	/* The next transaction works again. */
	a = add_message(i2c, 0x45, 0, 1);
	kick_and_wait(i2c);
	check_status(guest, a, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

static void check_three(int a, int b, int c)
{
	CHECK_INT(fx.guest->result[0], a);
	CHECK_INT(fx.guest->result[1], b);
	CHECK_INT(fx.guest->result[2], c);
}

static void run_three_failing(int start, int write, int read)
{
	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	init_recorder(&other, "other", 0x45);
	recorder.start_ret = start;
	recorder.write_ret = write;
	recorder.read_ret = read;
	fx_start(&fx, three_linked);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
}

static void what_is_linked_to_a_failed_message_is_not_sent(void)
{
	run_three_failing(0, -EIO, 0);
	check_three(1, 1, 1);
	CHECK_INT(fx.guest->result[3], 0xa5);
	CHECK_STR(recorder.log, "Sw@10 W1:a5@19 P@20 ");
	fx_finish(&fx);

	run_three_failing(0, 0, -EIO);
	check_three(0, 1, 1);
	CHECK_INT(fx.guest->result[3], 0xa5);
	CHECK_STR(recorder.log, "Sw@10 W1:a5@19 Srr@29 R2@29 P@30 ");
	fx_finish(&fx);

	run_three_failing(-ENXIO, 0, 0);
	check_three(1, 1, 1);
	CHECK_STR(recorder.log, "Sw@10 P@11 ");
	CHECK_HAS(other.log, "Sw@21 W1:a5@30 P@31 ");
	fx_finish(&fx);
}

static void unlinked_after_failure(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a = add_message(i2c, 0x50, 0, 1);
	struct message b = add_message(i2c, 0x44, 0, 1);

	fg_kick(i2c, 0);
	fg_wait_calls(&i2c->queues[0], guest, 2);
	check_status(guest, a, VIRTIO_I2C_MSG_ERR);
	check_status(guest, b, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

static void an_address_without_a_chip_is_not_acknowledged(void)
{
	const struct road_record *rec;

	run(unlinked_after_failure);
	CHECK_STR(recorder.log, "Sw@21 W1:a5@30 P@31 ");
	rec = trace_get(&fx.machine.engine.trace, 0);
	CHECK_INT(rec->status, -ENXIO);
	CHECK_INT(rec->addr, 0x50);
	CHECK(!rec->name);
	fx_finish(&fx);
}

static void five_writes(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);

	for (int i = 0; i < 5; i++) {
		struct message m = add_message(i2c, 0x44, 0, 1);

		kick_and_wait(i2c);
		guest->result[i] = *(uint8_t *)fg_mem(guest, m.status);
	}
	fg_answer(guest);
}

static void injected_errors_come_when_they_were_asked_for(void)
{
	static const int want[] = { 0, 1, 1, 0, 0 };

	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	road_i2c_inject(&recorder.chip, 1, 2, -EIO);
	fx_start(&fx, five_writes);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	for (int i = 0; i < 5; i++)
		CHECK_INT(fx.guest->result[i], want[i]);
	CHECK_INT(recorder.chip.messages, 5);
	CHECK_STR(recorder.log, "Sw@10 W1:a5@19 P@20 Sw@52 W1:a5@61 P@62 "
		  "Sw@72 W1:a5@81 P@82 ");
	fx_finish(&fx);
}

/* ---- strict chips */

static const struct road_i2c_ops deaf_ops = { .start = NULL };

static void run_deaf(uint32_t flags, fx_script script, const char *message)
{
	fx_init(&fx);
	memset(&recorder, 0, sizeof(recorder));
	road_i2c_chip_init(&recorder.chip, "deaf", &deaf_ops);
	CHECK_INT(road_i2c_attach(&fx.machine, 0x44, &recorder.chip), 0);
	fx_start(&fx, script);
	/* The guest's call still gets its answer, then the test fails. */
	CHECK_INT(fx_run(&fx), ENGINE_MODEL);
	CHECK_HAS(err_message(&fx.machine.engine.model), message);
	CHECK_INT(fx.guest->result[0], 1);
	fx_finish(&fx);
}

static void read_deaf(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message m = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 1);

	kick_and_wait(i2c);
	guest->result[0] = *(uint8_t *)fg_mem(guest, m.status);
	fg_answer(guest);
}

static void write_deaf(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message m = add_message(i2c, 0x44, 0, 1);

	kick_and_wait(i2c);
	guest->result[0] = *(uint8_t *)fg_mem(guest, m.status);
	fg_answer(guest);
}

static void a_chip_without_a_hook_fails_the_test(void)
{
	run_deaf(VIRTIO_I2C_FLAGS_M_RD, read_deaf,
		 "deaf at 0x44: the chip can't be read");
	run_deaf(0, write_deaf, "deaf at 0x44: the chip can't be written");
}

/* ---- hold and release */

static void release_write(struct road_timer *timer)
{
	CHECK_INT(road_i2c_release(&recorder.chip, 0, NULL, 0), 0);
	CHECK_INT(road_i2c_release(&recorder.chip, 0, NULL, 0), -ROAD_EUSAGE);
}

static void release(struct road_timer *timer)
{
	CHECK_INT(road_i2c_release(&recorder.chip, 0, (uint8_t[]){ 9 }, 1),
		  -ROAD_EUSAGE);
	CHECK_INT(road_i2c_release(&recorder.chip, 0, (uint8_t[]){ 9, 8 }, 2),
		  0);
	CHECK_INT(road_i2c_release(&recorder.chip, 0, NULL, 0), -ROAD_EUSAGE);
}

static void release_with_error(struct road_timer *timer)
{
	CHECK_INT(road_i2c_release(&recorder.chip, -EIO, NULL, 0), 0);
}

static void run_held(fx_script script, int write, int read,
		     void (*fn)(struct road_timer *timer))
{
	struct road_timer timer;

	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	init_recorder(&other, "other", 0x45);
	recorder.write_ret = write;
	recorder.read_ret = read;
	road_timer_init(&timer, "release", fn);
	road_timer_set(&fx.machine, &timer, 1000 * BIT);
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	road_timer_cancel(&timer);
}

static void hold_a_read(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 2);
	struct message b = add_message(i2c, 0x45, 0, 1);

	fg_kick(i2c, 0);
	fg_wait_calls(&i2c->queues[0], guest, 1);
	guest->result[0] = guest->now;
	guest->result[1] = *(uint8_t *)fg_mem(guest, a.status);
	guest->result[2] = *(uint8_t *)fg_mem(guest, a.data);
	fg_wait_calls(&i2c->queues[0], guest, 2);
	check_status(guest, b, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

static void a_held_read_goes_on_when_it_is_released(void)
{
	run_held(hold_a_read, 0, ROAD_I2C_HOLD, release);
	/* Two bytes and STOP after the release. */
	CHECK_INT(fx.guest->result[0], (1000 + 19) * BIT);
	CHECK_INT(fx.guest->result[1], VIRTIO_I2C_MSG_OK);
	CHECK_INT(fx.guest->result[2], 9);
	/* The bus was busy until then. */
	CHECK_STR(other.log, "Sw@1029 W1:a5@1038 P@1039 ");
	fx_finish(&fx);

	run_held(hold_a_read, 0, ROAD_I2C_HOLD, release_with_error);
	CHECK_INT(fx.guest->result[0], 1001 * BIT);
	CHECK_INT(fx.guest->result[1], VIRTIO_I2C_MSG_ERR);
	CHECK_INT(fx.guest->result[2], 0xa5);
	fx_finish(&fx);
}

static void hold_a_write(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a = add_message(i2c, 0x44, 0, 2);

	kick_and_wait(i2c);
	guest->result[0] = guest->now;
	guest->result[1] = *(uint8_t *)fg_mem(guest, a.status);
	fg_answer(guest);
}

static void a_held_write_ends_when_it_is_released(void)
{
	run_held(hold_a_write, ROAD_I2C_HOLD, 0, release_write);
	CHECK_INT(fx.guest->result[0], 1001 * BIT);
	CHECK_INT(fx.guest->result[1], VIRTIO_I2C_MSG_OK);
	fx_finish(&fx);
}

static void detach_recorder(struct road_timer *timer)
{
	road_i2c_detach(&recorder.chip);
	CHECK_INT(road_i2c_release(&recorder.chip, 0, NULL, 0), -ROAD_EUSAGE);
}

static void detaching_ends_a_held_transfer(void)
{
	run_held(hold_a_write, ROAD_I2C_HOLD, 0, detach_recorder);
	CHECK_INT(fx.guest->result[1], VIRTIO_I2C_MSG_ERR);
	fx_finish(&fx);
}

static int detach_and_hold(struct road_i2c_chip *chip, const uint8_t *data,
			   size_t len)
{
	road_i2c_detach(chip);
	return ROAD_I2C_HOLD;
}

static const struct road_i2c_ops leaving_ops = { .write = detach_and_hold };

static void a_chip_that_detaches_itself_holds_nothing(void)
{
	fx_init(&fx);
	memset(&recorder, 0, sizeof(recorder));
	road_i2c_chip_init(&recorder.chip, "leaving", &leaving_ops);
	CHECK_INT(road_i2c_attach(&fx.machine, 0x44, &recorder.chip), 0);
	fx_start(&fx, hold_a_write);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.guest->result[1], VIRTIO_I2C_MSG_ERR);
	fx_finish(&fx);
}

static void a_transfer_that_is_never_released_leaves_the_guest_idle(void)
{
	fx_init(&fx);
	init_recorder(&recorder, "recorder", 0x44);
	recorder.read_ret = ROAD_I2C_HOLD;
	fx_start(&fx, read_register);
	CHECK_INT(fx_run(&fx), ENGINE_IDLE);
	fx_finish(&fx);
}

static void reset_while_held(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a, b;

	a = add_message(i2c, 0x44, VIRTIO_I2C_FLAGS_M_RD, 2);
	fg_kick(i2c, 0);
	fg_sleep_until(guest, 500 * BIT);
	fg_vu_stop(i2c);
	fg_vu_start(i2c, 1);
	fg_sleep_until(guest, 2000 * BIT);
	check_status(guest, a, 0xa5);
	b = add_message(i2c, 0x45, 0, 1);
	kick_and_wait(i2c);
	check_status(guest, b, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

static void release_nothing(struct road_timer *timer)
{
	CHECK_INT(road_i2c_release(&recorder.chip, 0, NULL, 0), -ROAD_EUSAGE);
}

static void a_reset_stops_a_held_transfer(void)
{
	run_held(reset_while_held, 0, ROAD_I2C_HOLD, release_nothing);
	CHECK_STR(recorder.log, "Sr@10 R2@10 P@500 ");
	fx_finish(&fx);
}

/* ---- suspend */

static void disable_in_mid_transfer(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a = add_message(i2c, 0x44, 0, 2);

	fg_kick(i2c, 0);
	fg_sleep_until(guest, 5 * BIT);
	fg_vu_set_state(i2c, FG_SET_VRING_ENABLE, 0, 0);
	fg_sleep_until(guest, 100 * BIT);
	check_status(guest, a, 0xa5);
	fg_vu_set_state(i2c, FG_SET_VRING_ENABLE, 0, 1);
	fg_wait_calls(&i2c->queues[0], guest, 1);
	check_status(guest, a, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

/* What time it is for the guest then is not known: see CAL_STRIDE. */
static void the_bus_stands_still_while_its_queue_is_disabled(void)
{
	run(disable_in_mid_transfer);
	CHECK_STR(recorder.log, "Sw@4000 W2:a5@4018 P@4019 ");
	fx_finish(&fx);
}

/* What a work item of a driver queues then is not kicked. */
static void queue_while_disabled(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct message a;

	fg_vu_set_state(i2c, FG_SET_VRING_ENABLE, 0, 0);
	fg_sleep_until(guest, 5000 * BIT);
	a = add_message(i2c, 0x44, 0, 2);
	/* Free of the host's clock, which does not know of it. */
	fg_sleep_until(guest, 5001 * BIT);
	fg_sleep_until(guest, 5100 * BIT);
	fg_vu_set_state(i2c, FG_SET_VRING_ENABLE, 0, 1);
	fg_wait_calls(&i2c->queues[0], guest, 1);
	check_status(guest, a, VIRTIO_I2C_MSG_OK);
	fg_answer(guest);
}

static void what_was_queued_in_suspend_is_no_step_back_in_time(void)
{
	run(queue_while_disabled);
	CHECK_STR(recorder.log, "Sw@8010 W2:a5@8028 P@8029 ");
	fx_finish(&fx);
}

/* ---- an interrupt that a transfer causes comes after it */

static struct road_timer irq_timer;

/* Another line, before the STOP: no reason to look at all of them. */
static void change_another_line(struct road_timer *timer)
{
	CHECK_INT(road_line_set(&fx.machine, 33, 1), 0);
}

static int irq_write(struct road_i2c_chip *chip, const uint8_t *data,
		     size_t len)
{
	road_irq_assert(chip);
	road_timer_set(chip->machine, &irq_timer, BIT / 2);
	return 0;
}

static const struct road_i2c_ops irq_ops = { .write = irq_write };

static void write_and_take_irq(struct fg_guest *guest)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct fg_device *gpio = &guest->devices[1];
	uint64_t type = fg_alloc(guest, 8, 8), event = fg_alloc(guest, 3, 2);
	struct message m;

	fg_vu_probe(gpio, fx_path("gpio"), 2);
	memcpy(fg_mem(guest, type), (uint8_t[]){ 6, 0, 9, 0, 1, 0, 0, 0 }, 8);
	memcpy(fg_mem(guest, event), (uint16_t[]){ 9 }, 2);
	fg_add(&gpio->queues[0], (struct fg_buf[]){
		{ type, 8, false }, { fg_alloc(guest, 2, 1), 2, true } }, 2);
	fg_kick(gpio, 0);
	fg_wait_calls(&gpio->queues[0], guest, 1);
	fg_add(&gpio->queues[1], (struct fg_buf[]){
		{ event, 2, false }, { event + 2, 1, true } }, 2);
	fg_kick(gpio, 1);

	guest->result[0] = guest->now;
	m = add_message(i2c, 0x44, 0, 1);
	fg_kick(i2c, 0);
	while (!i2c->queues[0].calls) {
		CHECK_INT(gpio->queues[1].calls, 0);
		fg_idle(guest, FG_FOREVER);
	}
	check_status(guest, m, VIRTIO_I2C_MSG_OK);
	fg_wait_calls(&gpio->queues[1], guest, 1);
	guest->result[1] = guest->now;
	CHECK_INT(*(uint8_t *)fg_mem(guest, event + 2), 1);
	fg_answer(guest);
}

static void an_interrupt_of_a_transfer_comes_behind_its_stop(void)
{
	fx_init(&fx);
	memset(&recorder, 0, sizeof(recorder));
	road_i2c_chip_init(&recorder.chip, "irq", &irq_ops);
	CHECK_INT(road_i2c_attach(&fx.machine, 0x44, &recorder.chip), 0);
	CHECK_INT(road_i2c_connect_irq(&recorder.chip, 9,
				       ROAD_IRQ_EDGE_RISING), 0);
	road_timer_init(&irq_timer, "line", change_another_line);
	fx_start(&fx, write_and_take_irq);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_get(&fx.machine, 33), 1);
	CHECK_INT(fx.guest->result[1] - fx.guest->result[0], 20 * BIT);
	fx_finish(&fx);
}

/* ---- requests of a wrong form */

static void kick_bufs(struct fg_guest *guest, const uint32_t *lens,
		      unsigned int num_out, unsigned int num_in,
		      uint32_t flags)
{
	struct fg_device *i2c = probe_i2c(guest);
	struct fg_buf bufs[6];

	for (unsigned int i = 0; i < num_out + num_in; i++) {
		bufs[i] = (struct fg_buf){ fg_alloc(guest, 8, 8), lens[i],
					   i >= num_out };
		memset(fg_mem(guest, bufs[i].addr), 0, 8);
	}
	((struct virtio_i2c_out_hdr *)fg_mem(guest, bufs[0].addr))->flags =
		flags;
	fg_add(&i2c->queues[0], bufs, num_out + num_in);
	fg_kick(i2c, 0);
}

#define BAD_FORM(name, num_out, num_in, flags, ...) \
	static void name(struct fg_guest *guest) \
	{ \
		kick_bufs(guest, (uint32_t[]){ __VA_ARGS__ }, num_out, \
			  num_in, flags); \
	}

BAD_FORM(no_status, 2, 0, 0, 8, 1)
BAD_FORM(no_header, 0, 1, 0, 1)
BAD_FORM(header_of_7, 1, 1, 0, 7, 1)
BAD_FORM(header_of_9, 1, 1, 0, 9, 1)
BAD_FORM(status_of_2, 1, 1, 0, 8, 2)
BAD_FORM(status_of_0, 1, 1, 0, 8, 0)
BAD_FORM(four_buffers, 2, 2, 0, 8, 1, 1, 1)
BAD_FORM(three_in, 1, 3, 1, 8, 1, 1, 1)
BAD_FORM(read_into_out, 2, 1, VIRTIO_I2C_FLAGS_M_RD, 8, 4, 1)
BAD_FORM(write_from_in, 1, 2, 0, 8, 4, 1)
BAD_FORM(too_long, 2, 1, 0, 8, 65537, 1)

static void requests_of_wrong_form_end_the_machine(void)
{
	fx_run_broken(no_status, "i2c: a request of a wrong form");
	fx_run_broken(no_header, "wrong form");
	fx_run_broken(header_of_7, "wrong form");
	fx_run_broken(header_of_9, "wrong form");
	fx_run_broken(status_of_2, "wrong form");
	fx_run_broken(status_of_0, "wrong form");
	fx_run_broken(four_buffers, "wrong form");
	fx_run_broken(three_in, "wrong form");
	fx_run_broken(read_into_out, "wrong direction");
	fx_run_broken(write_from_in, "wrong direction");
	fx_run_broken(too_long, "too long");
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(a_transfer_takes_its_bits),
	TEST(another_clock_makes_other_times),
	TEST(transactions_run_one_after_the_other),
	TEST(a_message_of_no_length_is_an_address_alone),
	TEST(what_is_linked_to_a_failed_message_is_not_sent),
	TEST(an_address_without_a_chip_is_not_acknowledged),
	TEST(injected_errors_come_when_they_were_asked_for),
	TEST(a_chip_without_a_hook_fails_the_test),
	TEST(a_held_read_goes_on_when_it_is_released),
	TEST(a_held_write_ends_when_it_is_released),
	TEST(detaching_ends_a_held_transfer),
	TEST(a_chip_that_detaches_itself_holds_nothing),
	TEST(a_transfer_that_is_never_released_leaves_the_guest_idle),
	TEST(a_reset_stops_a_held_transfer),
	TEST(the_bus_stands_still_while_its_queue_is_disabled),
	TEST(what_was_queued_in_suspend_is_no_step_back_in_time),
	TEST(an_interrupt_of_a_transfer_comes_behind_its_stop),
	TEST(requests_of_wrong_form_end_the_machine),
};

UNIT_MAIN(tests)
