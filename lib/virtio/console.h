/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console.h - virtio-console with ports: the agent's channels
 */
#ifndef LIB_VIRTIO_CONSOLE_H
#define LIB_VIRTIO_CONSOLE_H

#include "virtio/vhost-user.h"

/* Port 0 would be a console of the guest; it is not plugged. */
#define CON_MAX_PORTS 10

struct con_port {
	bool plugged;			/* the guest shall have it */
	uint8_t *out;			/* waits for buffers of the guest */
	size_t out_start, out_len, out_max;
};

struct con_dev {
	struct vu_dev vu;
	struct con_port ports[CON_MAX_PORTS];
	struct con_port control;	/* control messages, 8 bytes each */
	bool ready;			/* the guest's driver is */
	/* Bytes from the guest, and whether it opened a port. */
	void (*receive)(struct con_dev *con, unsigned int port,
			const void *data, size_t len);
	void (*opened)(struct con_dev *con, unsigned int port, bool open);
};

int con_init(struct con_dev *con, struct engine *engine);
void con_deinit(struct con_dev *con);
/* Plug a port in, now or once the driver is ready. Return: 0, -ENOMEM,
 * -EINVAL. */
int con_add_port(struct con_dev *con, unsigned int port);
/* Queue bytes for a port; they are copied. Return: 0 or -ENOMEM. */
int con_send(struct con_dev *con, unsigned int port, const void *data,
	     size_t len);

#endif /* LIB_VIRTIO_CONSOLE_H */
