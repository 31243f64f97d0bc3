/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * class-device.h - what a driver registered below its device in sysfs: an IIO
 * device, an RTC; built on the public API alone
 */
#ifndef LIB_CLASS_DEVICE_H
#define LIB_CLASS_DEVICE_H

#include <roadtest.h>

/* Length of a path of an attribute, with its NUL. */
#define CLASS_PATH 256

/*
 * class_path() - path of the one directory below @device that matches
 * @pattern ("iio:device*", "rtc/rtc*"); if it has none, that of the nearest
 * device that it consists of, a cell of an MFD
 *
 * Return: 0; -ROAD_ENODEVICE if there is none (is the driver bound?), or
 * several of its parts have one; -ROAD_ESIZE;
 * any error of a guest call.
 */
int class_path(struct road_device *device, const char *pattern, char *buf,
	       size_t size);
/* Path of the character device of the same name. */
int class_node(struct road_device *device, const char *pattern, char *buf,
	       size_t size);
/* Path of its attribute. */
int class_attr_path(struct road_device *device, const char *pattern,
		    const char *attr, char *buf, size_t size);
/* Text of its attribute without the newline. */
int class_read(struct road_device *device, const char *pattern,
	       const char *attr, char *buf, size_t size);
int class_write(struct road_device *device, const char *pattern,
		const char *attr, const char *value);

#endif /* LIB_CLASS_DEVICE_H */
