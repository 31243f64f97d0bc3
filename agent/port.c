// SPDX-License-Identifier: LGPL-2.1-or-later
/* port.c - find the device of a port */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define MAX_TRIES	1000	/* of a millisecond each */
#define MAX_DEVICES	16

/*
 * Not there yet? The driver makes the device's node first, sleeps until devtmpfs
 * has it, and then puts the port into the list that open() looks at: in between
 * it is ENXIO (add_port() in drivers/char/virtio_console.c).
 */
static bool is_early(int error)
{
	return error == ENOENT || error == ENXIO;
}

/* vportDpP: D counts all virtio devices, the console may not be the first. */
static int port_try(unsigned int port, unsigned int num_devices)
{
	unsigned int device;
	char path[32];
	int fd = -1;

	for (device = 0; fd < 0 && device < num_devices; device++) {
		snprintf(path, sizeof(path), "/dev/vport%up%u", device, port);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT)
			return -1;
	}
	return fd;
}

int port_open(unsigned int port)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int fd = port_try(port, 1);
	int tries = 0, error;

	while (fd < 0 && is_early(errno) && tries++ < MAX_TRIES) {
		fd = port_try(port, MAX_DEVICES);
		if (fd < 0 && is_early(errno)) {
			error = errno;
			nanosleep(&pause, NULL);
			errno = error;
		}
	}
	return fd;
}
