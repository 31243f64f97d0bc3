// SPDX-License-Identifier: LGPL-2.1-or-later
/* class-device.c - find and use what a driver registered below its device */
#include "class-device.h"

#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int class_size_error(struct road_device *device, const char *path,
			    size_t size)
{
	return machine_error(road_device_machine(device), -ROAD_ESIZE,
			     "%s: longer than the buffer of %zu bytes", path,
			     size);
}

int class_path(struct road_device *device, const char *pattern, char *buf,
	       size_t size)
{
	struct road_machine *machine = road_device_machine(device);
	char below[128], *paths;
	int ret;

	snprintf(below, sizeof(below), "%s/%s", road_device_path(device),
		 pattern);
	ret = road_glob(machine, below, &paths);
	if (ret)
		return ret;
	if (!*paths)
		ret = machine_error(machine, -ROAD_ENODEVICE,
				    "%s has no %s: is its driver bound, and does it register one?",
				    road_device_path(device), pattern);
	else if (strlen(paths) >= size)
		ret = class_size_error(device, paths, size);
	else
		strcpy(buf, paths);
	free(paths);
	return ret;
}

int class_node(struct road_device *device, const char *pattern, char *buf,
	       size_t size)
{
	char path[CLASS_PATH];
	int ret = class_path(device, pattern, path, sizeof(path));

	if (ret)
		return ret;
	ret = snprintf(buf, size, "/dev/%s", strrchr(path, '/') + 1);
	return ret < (int)size ? 0 : class_size_error(device, path, size);
}

int class_attr_path(struct road_device *device, const char *pattern,
		    const char *attr, char *buf, size_t size)
{
	int ret = class_path(device, pattern, buf, size);
	size_t len;

	if (ret)
		return ret;
	len = strlen(buf);
	if (len + strlen(attr) + 2 > size)
		return class_size_error(device, buf, size);
	snprintf(buf + len, size - len, "/%s", attr);
	return 0;
}

int class_read(struct road_device *device, const char *pattern,
	       const char *attr, char *buf, size_t size)
{
	char path[CLASS_PATH];
	ssize_t n = class_attr_path(device, pattern, attr, path, sizeof(path));

	if (n)
		return n;
	n = road_read_file(road_device_machine(device), path, buf, size);
	if (n < 0)
		return n;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int class_write(struct road_device *device, const char *pattern,
		const char *attr, const char *value)
{
	char path[CLASS_PATH];
	int ret = class_attr_path(device, pattern, attr, path, sizeof(path));

	return ret ? ret :
		     road_write_file(road_device_machine(device), path, value);
}
