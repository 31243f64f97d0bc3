// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virtio-console with MULTIPORT (Virtual I/O Device Version 1.2, section 5.3),
 * device id 3
 *
 * Theory of operation. Queues 0 and 1 belong to port 0, 2 and 3 carry control
 * messages, 4 and 5 belong to port 1, and so on; even ones go to the guest. The
 * driver says DEVICE_READY; we add ports with PORT_ADD; it answers PORT_READY;
 * we open our end with PORT_OPEN; it tells with PORT_OPEN when a program opens
 * or closes the device node.
 *
 * The driver fills the queues to the guest with 256 buffers and would kick for
 * each. We need no kick while we have nothing to send, so NO_NOTIFY is set on
 * these queues until we wait for a buffer.
 *
 * Trust: none; see virtq.c for the chains. Port numbers are checked.
 */
#include "virtio/console.h"

#include <errno.h>
#include <linux/virtio_console.h>
#include <stdlib.h>
#include <string.h>

enum {
	CON_CONTROL_IN = 2,		/* to the guest */
	CON_CONTROL_OUT = 3,
};

/* Bytes of control messages that wait for the guest; normal are some 100. */
#define CON_MAX_CONTROL 65536

static unsigned int con_in_queue(unsigned int port)
{
	return port ? 2 + 2 * port : 0;
}

/* ---- to the guest */

static int con_append(struct con_port *port, const void *data, size_t len)
{
	size_t used = port->out_start + port->out_len;

	if (!len)
		return 0;
	if (port->out_start && used + len > port->out_max) {
		memmove(port->out, port->out + port->out_start, port->out_len);
		port->out_start = 0;
		used = port->out_len;
	}
	if (used + len > port->out_max) {
		size_t max = (used + len) * 2;
		uint8_t *out = realloc(port->out, max);

		if (!out)
			return -ENOMEM;
		port->out = out;
		port->out_max = max;
	}
	memcpy(port->out + used, data, len);
	port->out_len += len;
	return 0;
}

static void con_clear(struct con_port *port)
{
	port->out_start = 0;
	port->out_len = 0;
}

/* Fill buffers of the guest; @unit is how many bytes go into one of them. */
static bool con_fill(struct con_dev *con, struct con_port *port,
		     unsigned int queue, size_t unit)
{
	struct vq_chain *chain;
	bool any = false;

	while (port->out_len && (chain = vu_pop(&con->vu, queue))) {
		size_t n = port->out_len < unit ? port->out_len : unit;

		n = vq_write(chain, port->out + port->out_start, n);
		vu_push(&con->vu, queue, chain->head, n);
		port->out_start += n;
		port->out_len -= n;
		any = true;
	}
	if (!port->out_len)
		port->out_start = 0;
	return any;
}

static void con_pump(struct con_dev *con, struct con_port *port,
		     unsigned int queue, size_t unit)
{
	struct virtq *vq = &con->vu.queues[queue];
	bool any = con_fill(con, port, queue, unit);

	if (port->out_len) {
		/* Ask for a kick, then look again: one may have come. */
		vq_set_no_notify(vq, false);
		any |= con_fill(con, port, queue, unit);
	}
	if (!port->out_len)
		vq_set_no_notify(vq, true);
	if (any)
		vu_call(&con->vu, queue);
}

static void con_pump_port(struct con_dev *con, unsigned int port)
{
	con_pump(con, &con->ports[port], con_in_queue(port), SIZE_MAX);
}

static void con_pump_control(struct con_dev *con)
{
	con_pump(con, &con->control, CON_CONTROL_IN,
		 sizeof(struct virtio_console_control));
}

int con_send(struct con_dev *con, unsigned int port, const void *data,
	     size_t len)
{
	int ret = con_append(&con->ports[port], data, len);

	if (!ret)
		con_pump_port(con, port);
	return ret;
}

static int con_control(struct con_dev *con, unsigned int port, uint16_t event,
		       uint16_t value)
{
	struct virtio_console_control msg = {
		.id = port,
		.event = event,
		.value = value,
	};

	/* The guest makes us answer, and takes no answers. */
	if (con->control.out_len > CON_MAX_CONTROL) {
		engine_fail(con->vu.engine, -ROAD_EPROTO,
			    "console: the guest does not take control messages");
		return -EPROTO;
	}
	return con_append(&con->control, &msg, sizeof(msg));
}

int con_add_port(struct con_dev *con, unsigned int port)
{
	int ret = 0;

	if (!port || port >= CON_MAX_PORTS)
		return -EINVAL;
	if (con->ports[port].plugged)
		return 0;
	con->ports[port].plugged = true;
	if (con->ready)
		ret = con_control(con, port, VIRTIO_CONSOLE_PORT_ADD, 1);
	con_pump_control(con);
	return ret;
}

/* ---- from the guest */

static void con_handle_control(struct con_dev *con,
			       const struct virtio_console_control *msg)
{
	unsigned int i;

	if (msg->event == VIRTIO_CONSOLE_DEVICE_READY) {
		con->ready = msg->value;
		for (i = 0; con->ready && i < CON_MAX_PORTS; i++)
			if (con->ports[i].plugged)
				con_control(con, i, VIRTIO_CONSOLE_PORT_ADD,
					    1);
		return;
	}
	if (msg->id >= CON_MAX_PORTS || !con->ports[msg->id].plugged) {
		engine_fail(con->vu.engine, -ROAD_EPROTO,
			    "console: control message for port %u, which does not exist",
			    msg->id);
		return;
	}
	if (msg->event == VIRTIO_CONSOLE_PORT_READY && msg->value)
		con_control(con, msg->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	else if (msg->event == VIRTIO_CONSOLE_PORT_OPEN)
		con->opened(con, msg->id, msg->value);
}

static void con_control_kick(struct con_dev *con)
{
	struct virtio_console_control msg;
	struct vq_chain *chain;
	bool any = false;

	while ((chain = vu_pop(&con->vu, CON_CONTROL_OUT))) {
		size_t n = vq_read(chain, &msg, sizeof(msg));

		vu_push(&con->vu, CON_CONTROL_OUT, chain->head, 0);
		any = true;
		if (n == sizeof(msg))
			con_handle_control(con, &msg);
	}
	if (any)
		vu_call(&con->vu, CON_CONTROL_OUT);
	con_pump_control(con);
}

static void con_data_kick(struct con_dev *con, unsigned int port)
{
	unsigned int queue = con_in_queue(port) + 1;
	struct vq_chain chain;
	bool any = false;
	unsigned int i;

	/* Not vu_pop(): the receiver may answer, which takes buffers too. */
	while (vu_pop_into(&con->vu, queue, &chain)) {
		for (i = 0; i < chain.num_out; i++)
			con->receive(con, port, chain.bufs[i].data,
				     chain.bufs[i].len);
		vu_push(&con->vu, queue, chain.head, 0);
		any = true;
	}
	if (any)
		vu_call(&con->vu, queue);
}

static void con_kick(struct vu_dev *dev, unsigned int queue)
{
	struct con_dev *con = road_container_of(dev, struct con_dev, vu);
	unsigned int port = queue < 2 ? 0 : queue / 2 - 1;

	if (queue == CON_CONTROL_OUT)
		con_control_kick(con);
	else if (queue == CON_CONTROL_IN)
		con_pump_control(con);
	else if (queue % 2)
		con_data_kick(con, port);
	else
		con_pump_port(con, port);
}

static void con_enabled(struct vu_dev *dev, unsigned int queue)
{
	struct con_dev *con = road_container_of(dev, struct con_dev, vu);
	unsigned int port = queue < 2 ? 0 : queue / 2 - 1;
	struct con_port *p = queue == CON_CONTROL_IN ? &con->control :
						       &con->ports[port];

	if (queue % 2 == 0)
		vq_set_no_notify(&dev->queues[queue], !p->out_len);
}

static void con_get_config(struct vu_dev *dev, void *config)
{
	struct virtio_console_config c = { .max_nr_ports = CON_MAX_PORTS };

	memcpy(config, &c, sizeof(c));
}

/* What was on its way is lost with the driver that it was for. */
static void con_reset(struct vu_dev *dev)
{
	struct con_dev *con = road_container_of(dev, struct con_dev, vu);
	unsigned int i;

	con->ready = false;
	con_clear(&con->control);
	for (i = 0; i < CON_MAX_PORTS; i++)
		con_clear(&con->ports[i]);
}

static const struct vu_ops con_ops = {
	.name = "console",
	.features = 1ULL << VIRTIO_CONSOLE_F_MULTIPORT,
	.num_queues = 2 + 2 * CON_MAX_PORTS,
	.config_len = sizeof(struct virtio_console_config),
	.get_config = con_get_config,
	.kick = con_kick,
	.enabled = con_enabled,
	.reset = con_reset,
};

int con_init(struct con_dev *con, struct engine *engine)
{
	memset(con, 0, sizeof(*con));
	return vu_init(&con->vu, engine, &con_ops);
}

void con_deinit(struct con_dev *con)
{
	unsigned int i;

	if (con->vu.ops)
		vu_deinit(&con->vu);
	for (i = 0; i < CON_MAX_PORTS; i++)
		free(con->ports[i].out);
	free(con->control.out);
	memset(con, 0, sizeof(*con));
}
