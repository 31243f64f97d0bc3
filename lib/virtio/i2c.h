/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * i2c.h - virtio-i2c: the board's I2C bus
 */
#ifndef LIB_VIRTIO_I2C_H
#define LIB_VIRTIO_I2C_H

#include "virtio/vhost-user.h"

/* One message. Pointers are into guest memory, valid until a reset. */
struct i2c_req {
	uint16_t head;
	uint16_t addr;
	bool read;
	bool linked;			/* the next one belongs to it */
	unsigned int descs;		/* descriptors of the ring that it has */
	uint8_t *data;			/* where a read goes to */
	uint32_t len;
	uint8_t *status;
	int error;			/* -errno: failed */
	uint8_t *copy;			/* what a write writes */
	uint32_t copy_max;
};

enum i2c_phase {
	I2C_IDLE,
	I2C_ADDRESS,			/* the address byte is on the wire */
	I2C_DATA,			/* the data bytes are */
	I2C_HELD,			/* the chip stretches the clock */
	I2C_RELEASED,		/* it is not held any more: it ends */
	I2C_STOP,
};

struct i2c_dev {
	struct vu_dev vu;
	struct i2c_req *reqs;		/* ring of VQ_MAX_SIZE */
	unsigned int first, num;	/* queued, the running one first */
	unsigned int in_transaction;	/* done, not yet given back */
	unsigned int started_num;	/* transfers of the guest so far */
	unsigned int lost;		/* descriptors that can't be given back */
	enum i2c_phase phase;
	bool stalled;			/* its end waits for an enabled queue */
	int held_error;			/* with which a held message ends */
	bool failed;			/* a message of this transaction did */
	struct road_i2c_chip *chip;	/* of the running message, or NULL */
	struct road_i2c_chip *started;	/* who is to see the STOP */
	struct road_i2c_chip *cut;	/* who held a transfer that was cut */
	struct road_timer timer;
	uint64_t bit_ns;
	uint64_t message_start;		/* its START or repeated START */
	uint8_t *scratch;		/* a copy of the data for the chip */
};

/* A message may not be longer; the kernel's i2c-dev allows 8192. */
#define I2C_MAX_LEN 65536

int i2c_init(struct i2c_dev *i2c, struct engine *engine);
void i2c_deinit(struct i2c_dev *i2c);
void i2c_set_hertz(struct i2c_dev *i2c, uint32_t hertz);
/* See road_i2c_release(). */
int i2c_release(struct i2c_dev *i2c, struct road_i2c_chip *chip, int status,
		const uint8_t *data, size_t len);
/* Bytes of the message that is held. */
size_t i2c_held_len(struct i2c_dev *i2c);
/* Is a transfer of the guest under way? */
bool i2c_busy(const struct i2c_dev *i2c);
/*
 * The guest's task has left its transfer before the end: nothing of it is
 * touched any more. @who is for the message, and may be NULL: who sent it a
 * signal is not known.
 */
void i2c_cut(struct i2c_dev *i2c, const char *who);
/* Let a message that a chip holds fail: roadtest waits for its end. */
void i2c_give_up(struct i2c_dev *i2c);
/* The chip is taken off the bus. */
void i2c_forget(struct i2c_dev *i2c, struct road_i2c_chip *chip);

#endif /* LIB_VIRTIO_I2C_H */
