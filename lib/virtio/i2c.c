// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virtio-i2c (Virtual I/O Device Version 1.2, section 5.18), device id 34
 *
 * Theory of operation. A request is a header (address, flags), the bytes to
 * write or the buffer to read into, and a status byte. Requests that are
 * linked by FAIL_NEXT are one transaction: START, message, repeated START,
 * message, STOP; once one of them fails the rest fail without being put on the
 * bus. Transactions run one after the other.
 *
 * Time. A message takes its bits at the bus's clock frequency: START or
 * repeated START (1), address and acknowledge (9), 9 for each byte; STOP (1)
 * ends the transaction. The chip is asked at the instant at which it would
 * act: start() behind the address, write() behind the last byte, read() before
 * the first one. All requests of a transaction are given back, with one
 * interrupt, behind the STOP. Interrupts that a chip raises in one of these
 * hooks reach the guest after that.
 *
 * Transfers that are cut short. The guest's driver (6.1 to 7.2 at least) waits
 * interruptibly: a signal ends the transfer for the task, which frees requests
 * and buffers while they are queued here. To touch them then would write into
 * what is something else's memory by now, and so would the guest if it got them
 * back. So data to write is copied when it is queued, and of a transfer that is
 * known to be cut nothing is touched and nothing given back: its descriptors
 * are lost to the ring. That it is cut we are told when roadtest sent the
 * signal; else the next transfer shows it, for the adapter is locked as long as
 * one is under way.
 *
 * Trust: none; see virtq.c for the chains. The data of a write is copied
 * before the chip sees it.
 */
#include "virtio/i2c.h"

#include "board.h"

#include <errno.h>
#include <linux/virtio_i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define I2C_BITS_START 1
#define I2C_BITS_BYTE 9
#define I2C_BITS_STOP 1

static struct board *i2c_board(struct i2c_dev *i2c)
{
	return road_container_of(i2c, struct board, i2c);
}

static struct i2c_req *i2c_current(struct i2c_dev *i2c)
{
	return &i2c->reqs[i2c->first % VQ_MAX_SIZE];
}

static void i2c_wait_bits(struct i2c_dev *i2c, enum i2c_phase phase,
			  uint64_t bits)
{
	struct calendar *cal = &i2c->vu.engine->cal;

	i2c->phase = phase;
	if (cal_add(cal, &i2c->timer, cal->now + bits * i2c->bit_ns))
		engine_fail(i2c->vu.engine, -ROAD_EHOST, "out of memory");
}

/* ---- the hooks of a chip */

static void i2c_enter(struct i2c_dev *i2c)
{
	i2c_board(i2c)->in_transfer++;
	i2c->vu.engine->in_model++;
}

static void i2c_leave(struct i2c_dev *i2c)
{
	i2c->vu.engine->in_model--;
	i2c_board(i2c)->in_transfer--;
}

/* Is this one of the messages that the test lets fail? */
static int i2c_injected(struct road_i2c_chip *chip)
{
	chip->messages++;
	if (!chip->inject_count)
		return 0;
	if (chip->inject_after) {
		chip->inject_after--;
		return 0;
	}
	if (chip->inject_count != UINT32_MAX)
		chip->inject_count--;
	chip->inject_failed++;
	return chip->inject_error;
}

static int i2c_start(struct i2c_dev *i2c, struct i2c_req *req)
{
	struct road_i2c_chip *chip = board_chip(i2c_board(i2c), req->addr);
	int ret;

	i2c->chip = chip;
	if (!chip)
		return -ENXIO;
	board_called(chip, req->addr);
	ret = i2c_injected(chip);
	if (ret)
		return ret;
	i2c->started = chip;
	if (!chip->ops->start)
		return 0;
	i2c_enter(i2c);
	ret = chip->ops->start(chip, req->read, !i2c->in_transaction);
	i2c_leave(i2c);
	return ret;
}

static int i2c_ask_read(struct i2c_dev *i2c, struct i2c_req *req)
{
	struct road_i2c_chip *chip = i2c->chip;
	int ret;

	if (!chip)
		return -ENXIO;
	memset(i2c->scratch, 0xff, req->len);
	if (!req->len)
		return 0;
	if (!chip->ops->read)
		return road_chip_fail(chip, "the chip can't be read");
	i2c_enter(i2c);
	ret = chip->ops->read(chip, i2c->scratch, req->len);
	i2c_leave(i2c);
	return ret;
}

static int i2c_ask_write(struct i2c_dev *i2c, struct i2c_req *req)
{
	struct road_i2c_chip *chip = i2c->chip;
	int ret;

	if (!chip)
		return -ENXIO;
	if (req->len)
		memcpy(i2c->scratch, req->copy, req->len);
	if (!chip->ops->write)
		return road_chip_fail(chip, "the chip can't be written");
	i2c_enter(i2c);
	ret = chip->ops->write(chip, i2c->scratch, req->len);
	i2c_leave(i2c);
	return ret;
}

static void i2c_stop_chip(struct i2c_dev *i2c)
{
	struct road_i2c_chip *chip = i2c->started;

	i2c->started = NULL;
	if (!chip || !chip->ops->stop)
		return;
	i2c_enter(i2c);
	chip->ops->stop(chip);
	i2c_leave(i2c);
}

/* ---- the course of a transaction */

static void i2c_trace(struct i2c_dev *i2c, const struct i2c_req *req)
{
	struct engine *engine = i2c->vu.engine;
	bool address_only = req->error && req->read;

	trace_i2c(&engine->trace, i2c->message_start, engine->transaction,
		  req->addr, i2c->chip ? i2c->chip->name : NULL, req->read,
		  req->read ? i2c->scratch : req->copy,
		  address_only ? 0 : req->len, req->error);
}

static void i2c_begin_message(struct i2c_dev *i2c)
{
	if (!i2c->in_transaction)
		i2c->vu.engine->transaction++;
	engine_count_message(i2c->vu.engine);
	i2c->message_start = i2c->vu.engine->cal.now;
	i2c_wait_bits(i2c, I2C_ADDRESS, I2C_BITS_START + I2C_BITS_BYTE);
}

/* The running message is over: go on with the next one, or STOP. */
static void i2c_end_message(struct i2c_dev *i2c, int error)
{
	struct i2c_req *req = i2c_current(i2c);
	bool linked = req->linked;

	req->error = error;
	i2c_trace(i2c, req);
	*req->status = error ? VIRTIO_I2C_MSG_ERR : VIRTIO_I2C_MSG_OK;
	if (!error && req->read && req->len)
		memcpy(req->data, i2c->scratch, req->len);
	i2c->in_transaction++;
	i2c->first++;
	i2c->num--;
	if (linked && !error && i2c->num) {
		i2c_begin_message(i2c);
		return;
	}
	i2c->failed = error;
	/* What is linked to a failed message is not put on the bus. */
	while (linked && i2c->num) {
		req = i2c_current(i2c);
		req->error = -ECANCELED;
		*req->status = VIRTIO_I2C_MSG_ERR;
		linked = req->linked;
		i2c->in_transaction++;
		i2c->first++;
		i2c->num--;
	}
	i2c_wait_bits(i2c, I2C_STOP, I2C_BITS_STOP);
}

/* A hook has returned: hold, fail, or go on with @bits more. */
static void i2c_after_hook(struct i2c_dev *i2c, int ret, enum i2c_phase phase,
			   uint64_t bits)
{
	/* One that detached itself in the hook will never release it. */
	if (ret == ROAD_I2C_HOLD && !i2c->chip)
		ret = -ENXIO;
	if (ret == ROAD_I2C_HOLD)
		i2c->phase = I2C_HELD;
	else if (ret || !bits)
		i2c_end_message(i2c, ret > 0 ? -EIO : ret);
	else
		i2c_wait_bits(i2c, phase, bits);
}

static void i2c_address_done(struct i2c_dev *i2c)
{
	struct i2c_req *req = i2c_current(i2c);
	int ret = i2c_start(i2c, req);

	if (ret) {
		i2c_end_message(i2c, ret > 0 ? -EIO : ret);
	} else if (req->read) {
		ret = i2c_ask_read(i2c, req);
		i2c_after_hook(i2c, ret, I2C_DATA, I2C_BITS_BYTE * req->len);
	} else if (req->len) {
		i2c_wait_bits(i2c, I2C_DATA, I2C_BITS_BYTE * req->len);
	} else {
		i2c_after_hook(i2c, i2c_ask_write(i2c, req), I2C_IDLE, 0);
	}
}

static void i2c_data_done(struct i2c_dev *i2c)
{
	struct i2c_req *req = i2c_current(i2c);

	if (req->read)
		i2c_end_message(i2c, 0);
	else
		i2c_after_hook(i2c, i2c_ask_write(i2c, req), I2C_IDLE, 0);
}

static void i2c_stop(struct i2c_dev *i2c)
{
	unsigned int done = i2c->in_transaction;

	i2c_stop_chip(i2c);
	for (; i2c->in_transaction; i2c->in_transaction--) {
		struct i2c_req *req = &i2c->reqs[(i2c->first -
						  i2c->in_transaction) %
						 VQ_MAX_SIZE];

		vu_push(&i2c->vu, 0, req->head,
			1 + (req->read && !req->error ? req->len : 0));
	}
	i2c->phase = I2C_IDLE;
	i2c->chip = NULL;
	if (done)
		vu_call(&i2c->vu, 0);
	gpio_after_transfer(&i2c_board(i2c)->gpio);
	gpio_flush(&i2c_board(i2c)->gpio);
	if (i2c->num && i2c->phase == I2C_IDLE)
		i2c_begin_message(i2c);
}

static void i2c_timer(struct road_timer *timer)
{
	struct i2c_dev *i2c = road_container_of(timer, struct i2c_dev, timer);

	/* Buffers of a queue that is disabled may be free memory: the bus
	 * stands still until it is enabled. */
	i2c->stalled = !vq_ready(&i2c->vu.queues[0]);
	if (i2c->stalled)
		return;
	switch (i2c->phase) {
	case I2C_ADDRESS:
		i2c_address_done(i2c);
		break;
	case I2C_DATA:
		i2c_data_done(i2c);
		break;
	case I2C_RELEASED:
		i2c_end_message(i2c, i2c->held_error);
		break;
	case I2C_STOP:
		i2c_stop(i2c);
		break;
	case I2C_IDLE:
	case I2C_HELD:
		break;
	}
}

/* At this instant, but by the timer: the queue may be disabled. */
static void i2c_end_held(struct i2c_dev *i2c, int error)
{
	i2c->held_error = error;
	i2c_wait_bits(i2c, I2C_RELEASED, 0);
}

int i2c_release(struct i2c_dev *i2c, struct road_i2c_chip *chip, int status,
		const uint8_t *data, size_t len)
{
	struct i2c_req *req = i2c_current(i2c);

	if (i2c->phase != I2C_HELD || i2c->chip != chip) {
		/* The chip can't know that nobody waits for it any more. */
		if (!chip || i2c->cut != chip)
			return -ROAD_EUSAGE;
		i2c->cut = NULL;
		return 0;
	}
	if (status || !req->read) {
		i2c_end_held(i2c, status > 0 ? -EIO : status);
		return 0;
	}
	if (data && len != req->len)
		return -EMSGSIZE;
	if (data)
		memcpy(i2c->scratch, data, len);
	i2c_wait_bits(i2c, I2C_DATA, I2C_BITS_BYTE * req->len);
	return 0;
}

/* ---- transfers that do not end as they should */

bool i2c_busy(const struct i2c_dev *i2c)
{
	return i2c->num || i2c->in_transaction;
}

void i2c_give_up(struct i2c_dev *i2c)
{
	if (i2c->phase == I2C_HELD)
		i2c_end_held(i2c, -ETIMEDOUT);
}

/* As an adapter does that gives up: STOP, and the bus is free. */
static void i2c_abort(struct i2c_dev *i2c)
{
	i2c->stalled = false;
	cal_del(&i2c->vu.engine->cal, &i2c->timer);
	i2c_stop_chip(i2c);
	i2c->phase = I2C_IDLE;
	i2c->chip = NULL;
	i2c->first += i2c->num;
	i2c->num = i2c->in_transaction = 0;
	gpio_after_transfer(&i2c_board(i2c)->gpio);
}

static void i2c_lose(struct i2c_dev *i2c)
{
	unsigned int from = i2c->first - i2c->in_transaction, i;
	unsigned int size = i2c->vu.queues[0].num;

	for (i = 0; i < i2c->in_transaction + i2c->num; i++)
		i2c->lost += i2c->reqs[(from + i) % VQ_MAX_SIZE].descs;
	/* With a full ring transfers of the driver would fail. */
	if (i2c->lost > size / 2)
		engine_fail(i2c->vu.engine, -ROAD_EUSAGE,
			    "i2c: signals have cut so many transfers short that the guest's adapter has no room for more (%u of %u descriptors are lost); let a test that does so have a machine of its own",
			    i2c->lost, size);
}

void i2c_cut(struct i2c_dev *i2c, const char *who)
{
	struct engine *engine = i2c->vu.engine;
	struct i2c_req *req;
	char text[512];

	if (!i2c_busy(i2c))
		return;
	req = &i2c->reqs[(i2c->first - !i2c->num) % VQ_MAX_SIZE];
	snprintf(text, sizeof(text),
		 "%s cut a transfer short at %.6f s: the %s of %u byte%s %s 0x%02x",
		 who ? who : "a signal within the guest",
		 engine->cal.now / 1e9, req->read ? "read" : "write", req->len,
		 req->len == 1 ? "" : "s", req->read ? "from" : "to",
		 req->addr);
	if (i2c->num) {
		req->error = -ECANCELED;
		i2c_trace(i2c, req);
	}
	engine_cut(engine, text);
	if (i2c->phase == I2C_HELD)
		i2c->cut = i2c->chip;
	i2c_lose(i2c);
	i2c_abort(i2c);
}

size_t i2c_held_len(struct i2c_dev *i2c)
{
	return i2c_current(i2c)->len;
}

void i2c_forget(struct i2c_dev *i2c, struct road_i2c_chip *chip)
{
	if (i2c->started == chip)
		i2c->started = NULL;
	if (i2c->cut == chip)
		i2c->cut = NULL;
	if (i2c->chip != chip)
		return;
	i2c->chip = NULL;
	if (i2c->phase == I2C_HELD)
		i2c_end_held(i2c, -ENXIO);
}

/* ---- requests of the guest */

static int i2c_bad(struct i2c_dev *i2c, const char *what)
{
	engine_fail(i2c->vu.engine, -ROAD_EPROTO, "i2c: %s", what);
	return -ROAD_EPROTO;
}

static int i2c_copy(struct i2c_dev *i2c, struct i2c_req *req)
{
	uint8_t *copy = req->copy;

	if (req->len > req->copy_max) {
		copy = realloc(copy, req->len);
		if (!copy)
			return err_nomem(&i2c->vu.engine->fatal);
		req->copy = copy;
		req->copy_max = req->len;
	}
	if (req->len)
		memcpy(copy, req->data, req->len);
	return 0;
}

/* Layout: header; out data or in buffer, if any; status byte. */
static int i2c_parse(struct i2c_dev *i2c, const struct vq_chain *chain,
		     struct i2c_req *req)
{
	struct virtio_i2c_out_hdr hdr;
	const struct vq_buf *in = &chain->bufs[chain->num_out];
	const struct vq_buf *data = NULL;

	if (!chain->num_out || chain->bufs[0].len != sizeof(hdr) ||
	    !chain->num_in || in[chain->num_in - 1].len != 1 ||
	    chain->num_out + chain->num_in > 3)
		return i2c_bad(i2c, "a request of a wrong form");
	memcpy(&hdr, chain->bufs[0].data, sizeof(hdr));
	*req = (struct i2c_req){
		.head = chain->head,
		.addr = hdr.addr >> 1,
		.read = hdr.flags & VIRTIO_I2C_FLAGS_M_RD,
		.linked = hdr.flags & VIRTIO_I2C_FLAGS_FAIL_NEXT,
		.status = in[chain->num_in - 1].data,
		.copy = req->copy,
		.copy_max = req->copy_max,
	};
	if (chain->num_in == 2)
		data = &in[0];
	else if (chain->num_out == 2)
		data = &chain->bufs[1];
	if (data && req->read != (chain->num_in == 2))
		return i2c_bad(i2c, "a buffer of the wrong direction");
	if (data && data->len > I2C_MAX_LEN)
		return i2c_bad(i2c, "a message that is too long");
	req->descs = chain->num_out + chain->num_in;
	if (data) {
		req->data = data->data;
		req->len = data->len;
	}
	return req->read ? 0 : i2c_copy(i2c, req);
}

static void i2c_kick(struct vu_dev *dev, unsigned int queue)
{
	struct i2c_dev *i2c = road_container_of(dev, struct i2c_dev, vu);
	struct vq_chain *chain;

	if (i2c_busy(i2c) && vq_available(&dev->queues[queue]))
		i2c_cut(i2c, NULL);
	i2c->started_num++;
	while ((chain = vu_pop(dev, queue))) {
		unsigned int next = i2c->first + i2c->num;

		/* The queue can't hold more than the ring has entries. */
		if (i2c->num + i2c->in_transaction == VQ_MAX_SIZE ||
		    i2c_parse(i2c, chain, &i2c->reqs[next % VQ_MAX_SIZE]))
			return;
		i2c->num++;
	}
	if (i2c->phase == I2C_IDLE && i2c->num)
		i2c_begin_message(i2c);
}

static void i2c_enabled(struct vu_dev *dev, unsigned int queue)
{
	struct i2c_dev *i2c = road_container_of(dev, struct i2c_dev, vu);

	if (i2c->stalled)
		i2c_wait_bits(i2c, i2c->phase, 0);
}

static void i2c_reset(struct vu_dev *dev)
{
	struct i2c_dev *i2c = road_container_of(dev, struct i2c_dev, vu);

	i2c_abort(i2c);
	i2c->lost = 0;
}

static const struct vu_ops i2c_ops = {
	.name = "i2c",
	.features = 1ULL << VIRTIO_I2C_F_ZERO_LENGTH_REQUEST,
	.num_queues = 1,
	.kick = i2c_kick,
	.enabled = i2c_enabled,
	.reset = i2c_reset,
};

void i2c_set_hertz(struct i2c_dev *i2c, uint32_t hertz)
{
	i2c->bit_ns = hertz ? ROAD_S / hertz : 0;
	if (!i2c->bit_ns)
		i2c->bit_ns = 1;
}

int i2c_init(struct i2c_dev *i2c, struct engine *engine)
{
	memset(i2c, 0, sizeof(*i2c));
	road_timer_init(&i2c->timer, "i2c", i2c_timer);
	i2c->timer.quiet = true;
	i2c_set_hertz(i2c, 400000);
	i2c->reqs = calloc(VQ_MAX_SIZE, sizeof(*i2c->reqs));
	i2c->scratch = malloc(I2C_MAX_LEN);
	if (!i2c->reqs || !i2c->scratch)
		return err_nomem(&engine->fatal);
	return vu_init(&i2c->vu, engine, &i2c_ops);
}

void i2c_deinit(struct i2c_dev *i2c)
{
	size_t i;

	if (i2c->vu.ops) {
		/* The calendar must not keep what is about to go. */
		cal_del(&i2c->vu.engine->cal, &i2c->timer);
		vu_deinit(&i2c->vu);
	}
	for (i = 0; i2c->reqs && i < VQ_MAX_SIZE; i++)
		free(i2c->reqs[i].copy);
	free(i2c->reqs);
	free(i2c->scratch);
	memset(i2c, 0, sizeof(*i2c));
}
