// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IIO for tests in C; built on the public API alone
 */
#include <roadtest/iio.h>

#include "class-device.h"
#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#define BELOW "iio:device*"

/* include/uapi/linux/iio/events.h */
#define IIO_GET_EVENT_FD_IOCTL _IOR('i', 0x90, int)

struct iio_event_data {
	uint64_t id;
	int64_t timestamp;
};

int road_iio_path(struct road_device *device, char *buf, size_t size)
{
	return class_path(device, BELOW, buf, size);
}

int road_iio_read(struct road_device *device, const char *attr, char *buf,
		  size_t size)
{
	return class_read(device, BELOW, attr, buf, size);
}

int road_iio_write(struct road_device *device, const char *attr,
		   const char *value)
{
	return class_write(device, BELOW, attr, value);
}

struct road_call *road_start_iio_read(struct road_device *device,
				      const char *attr)
{
	char path[CLASS_PATH];

	if (class_attr_path(device, BELOW, attr, path, sizeof(path)))
		return NULL;
	return road_start_read_file(road_device_machine(device), path);
}

int road_iio_event_open(struct road_device *device)
{
	struct road_machine *machine = road_device_machine(device);
	char node[64];
	int fd, event_fd = -1;
	int ret = class_node(device, BELOW, node, sizeof(node));

	if (ret)
		return ret;
	fd = road_open(machine, node, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	ret = road_ioctl(machine, fd, IIO_GET_EVENT_FD_IOCTL, &event_fd,
			 sizeof(event_fd));
	road_close(machine, fd);
	return ret < 0 ? ret : event_fd;
}

int road_iio_event_read(struct road_device *device, int fd, int timeout_ms,
			struct road_iio_event *event)
{
	struct road_machine *machine = road_device_machine(device);
	struct road_pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct iio_event_data data;
	ssize_t n = road_poll(machine, &pollfd, 1, timeout_ms);

	if (n <= 0)
		return n;
	n = road_read(machine, fd, &data, sizeof(data));
	if (n < 0)
		return n;
	if (n != sizeof(data))
		return machine_error(machine, -ROAD_ESHORT,
				     "a read of an event gave %zd of %zu bytes",
				     n, sizeof(data));
	*event = (struct road_iio_event){
		.code = data.id,
		.timestamp = data.timestamp,
		.type = data.id >> 56,
		.differential = data.id >> 55 & 1,
		.direction = data.id >> 48 & 0x7f,
		.modifier = data.id >> 40 & 0xff,
		.channel_type = data.id >> 32 & 0xff,
		.channel = (int16_t)(data.id & 0xffff),
	};
	return 1;
}
