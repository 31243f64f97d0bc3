/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpio.h - virtio-gpio: the board's 128 lines
 */
#ifndef LIB_VIRTIO_GPIO_H
#define LIB_VIRTIO_GPIO_H

#include "virtio/vhost-user.h"

/* The guest's side of one line. */
struct gpio_line {
	uint8_t irq_type;		/* enum road_irq_type */
	bool latched;			/* an edge came while it was masked */
	bool after_transfer;		/* changed in one: it has to end first */
	bool queued;			/* the guest listens: head, status */
	uint16_t head;
	uint8_t *status;
	uint64_t irqs;			/* delivered so far */
	unsigned int storm;		/* deliveries at an unchanged level */
};

struct gpio_req {
	uint16_t head;
	uint16_t type, line;
	uint32_t value;
	uint8_t *status, *result;
};

struct gpio_dev {
	struct vu_dev vu;
	struct gpio_line lines[ROAD_NUM_LINES];
	struct gpio_req *reqs;		/* ring of VQ_MAX_SIZE */
	unsigned int first, num;
	struct road_timer timer;	/* the first request is done */
};

/* Deliveries on a level line that does not change: normal are 1 or 2. */
#define GPIO_MAX_STORM 1000

int gpio_init(struct gpio_dev *gpio, struct engine *engine);
void gpio_deinit(struct gpio_dev *gpio);
/* The board changed a line's level: latch an edge, and deliver if it may. */
void gpio_changed(struct gpio_dev *gpio, unsigned int line, int level);
/* A bus transaction is over, or the bus was reset: what waited for that may be
 * delivered. */
void gpio_after_transfer(struct gpio_dev *gpio);
/* Deliver all that may be. */
void gpio_flush(struct gpio_dev *gpio);

#endif /* LIB_VIRTIO_GPIO_H */
