/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * roadtest/iio.h - test IIO drivers through sysfs and their event descriptor
 *
 * Built on roadtest.h alone. Devices are found by their parent: the number in
 * iio:deviceN is nobody's promise.
 */
#ifndef ROADTEST_IIO_H
#define ROADTEST_IIO_H

#include <roadtest.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * road_iio_path() - sysfs directory of the IIO device of a bound device
 * @buf: "/sys/bus/i2c/devices/0-0044/iio:device0"
 *
 * Runs the guest. Return: 0; -ROAD_ENODEVICE when it has no IIO device (not
 * bound?); -ROAD_ESIZE.
 */
ROAD_API int road_iio_path(struct road_device *device, char *buf, size_t size);

/**
 * road_iio_read() - an attribute, without its newline
 * @attr: e.g. "in_illuminance_input"
 *
 * Runs the guest. Return: 0 or an error, the driver's errno among them.
 */
ROAD_API int road_iio_read(struct road_device *device, const char *attr,
			   char *buf, size_t size);
/** road_iio_write() - write an attribute. Runs the guest. */
ROAD_API int road_iio_write(struct road_device *device, const char *attr,
			    const char *value);
/** road_start_iio_read() - begin to read an attribute in a guest task of its
 *  own; see road_start_read_file(). Runs the guest to find the device. */
ROAD_API struct road_call *road_start_iio_read(struct road_device *device,
					       const char *attr);

/**
 * struct road_iio_event - decoded as include/uapi/linux/iio/events.h says
 * @code: as the kernel gives it
 * @timestamp: of the device's clock (current_timestamp_clock), nanoseconds
 * @type: enum iio_event_type, e.g. 0: IIO_EV_TYPE_THRESH
 * @direction: enum iio_event_direction, e.g. 1: rising, 2: falling
 * @channel_type: enum iio_chan_type, e.g. 6: IIO_LIGHT
 * @channel: its number
 */
struct road_iio_event {
	uint64_t code;
	int64_t timestamp;
	uint8_t type;
	uint8_t direction;
	uint8_t channel_type;
	uint8_t modifier;
	int16_t channel;
	bool differential;
};

/** road_iio_event_open() - Return: a guest descriptor to read events from, or
 *  an error. Runs the guest. */
ROAD_API int road_iio_event_open(struct road_device *device);
/**
 * road_iio_event_read() - the next event, if there is one
 * @timeout_ms: virtual milliseconds to wait for it; 0: don't
 *
 * Runs the guest. Return: 1, 0 when none came, or an error.
 */
ROAD_API int road_iio_event_read(struct road_device *device, int fd,
				 int timeout_ms, struct road_iio_event *event);

#ifdef __cplusplus
}
#endif

#endif /* ROADTEST_IIO_H */
