/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpio-guest.h - a fake guest with a gpio device, which is the simplest one
 */
#ifndef TESTS_UNIT_GPIO_GUEST_H
#define TESTS_UNIT_GPIO_GUEST_H

#include "virtio.h"

#include <linux/virtio_gpio.h>

static inline struct fg_device *gpio_of(struct fg_guest *guest)
{
	return &guest->devices[1];
}

/* Connected; nothing was said yet. */
static inline struct fg_device *raw_gpio(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_connect(gpio_of(guest), fx_path("gpio"));
	return gpio_of(guest);
}

/* Connected and negotiated, with memory; queues not set up. */
static inline struct fg_device *connect_gpio(struct fg_guest *guest)
{
	struct fg_device *gpio = raw_gpio(guest);

	fg_vu_negotiate(gpio);
	fg_vu_set_mem_table(gpio);
	return gpio;
}

/* A device that works. */
static inline struct fg_device *probe_gpio(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(gpio_of(guest), fx_path("gpio"), 2);
	return gpio_of(guest);
}

/* A request, not kicked yet. Return: where its answer comes: status, value. */
static inline uint8_t *add_request(struct fg_device *gpio, uint16_t type,
				   uint16_t line, uint32_t value)
{
	struct virtio_gpio_request msg = { type, line, value };
	uint64_t out = fg_alloc(gpio->guest, sizeof(msg), 8);
	uint64_t in = fg_alloc(gpio->guest, 2, 1);

	memcpy(fg_mem(gpio->guest, out), &msg, sizeof(msg));
	fg_add(&gpio->queues[0], (struct fg_buf[]){
		{ out, sizeof(msg), false }, { in, 2, true } }, 2);
	return fg_mem(gpio->guest, in);
}

#endif /* TESTS_UNIT_GPIO_GUEST_H */
