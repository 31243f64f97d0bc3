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

/* Below /sys, all that match it. */
static void class_where(const char *pattern, char *where, size_t size)
{
	snprintf(where, size, "/sys/%s/%s",
		 strchr(pattern, '/') ? "class" : "bus/iio/devices", pattern);
}

static int class_none(struct road_device *device, const char *pattern)
{
	struct road_machine *machine = road_device_machine(device);
	char where[128];
	const char *option;

	class_where(pattern, where, sizeof(where));
	option = road_missing_option(machine, where);
	return machine_error(machine, -ROAD_ENODEVICE, "%s has no %s: %s%s%s",
			     road_device_path(device), pattern,
			     option ? "CONFIG_" : "is its driver bound, and does it register one?",
			     option ? option : "",
			     option ? " is off in this kernel" : "");
}

/* ---- parts: a device that has none itself may consist of others, as an MFD */

/* What was found below a device, as the rest of its path. */
struct class_part {
	char rest[CLASS_PATH];		/* "" if there is none */
	unsigned int depth;
	bool several;			/* another part has one too */
};

/* Where @path leads to, as "devices/platform/...". */
static int class_target(struct road_machine *machine, const char *path,
			char *buf, size_t size)
{
	int ret = road_readlink(machine, path, buf, size);
	char *target = buf;

	if (ret)
		return ret;
	while (!strncmp(target, "../", 3))
		target += 3;
	memmove(buf, target, strlen(target) + 1);
	return 0;
}

static unsigned int class_depth(const char *rest)
{
	unsigned int depth = 0;

	for (; *rest; rest++)
		depth += *rest == '/';
	return depth;
}

/* Do both stand in one directory? */
static bool class_same_part(const char *a, const char *b)
{
	size_t len = strrchr(a, '/') - a;

	return len == (size_t)(strrchr(b, '/') - b) && !strncmp(a, b, len);
}

/* @target is one of the class: is it the nearest one below @top so far? */
static void class_part_add(struct class_part *part, const char *top,
			   const char *target)
{
	const char *rest = target + strlen(top);
	unsigned int depth;

	if (strncmp(target, top, strlen(top)) || *rest != '/')
		return;
	depth = class_depth(rest);
	if (*part->rest && depth > part->depth)
		return;
	if (*part->rest && depth == part->depth) {
		part->several |= !class_same_part(part->rest, rest);
		return;
	}
	part->depth = depth;
	part->several = false;
	strcpy(part->rest, rest);
}

static int class_find_part(struct road_device *device, const char *pattern,
			   struct class_part *part)
{
	struct road_machine *machine = road_device_machine(device);
	char top[CLASS_PATH], target[CLASS_PATH], where[128];
	char *links, *link;
	int ret;

	class_where(pattern, where, sizeof(where));
	ret = class_target(machine, road_device_path(device), top,
			   sizeof(top));
	if (!ret)
		ret = road_glob(machine, where, &links);
	if (ret)
		return ret;
	for (link = links; *link && !ret; link += strlen(link) + 1) {
		ret = class_target(machine, link, target, sizeof(target));
		if (!ret)
			class_part_add(part, top, target);
	}
	free(links);
	return ret;
}

/* The same as a list of paths for class_path(), none or one, to be freed. */
static int class_parts(struct road_device *device, const char *pattern,
		       char **paths)
{
	struct class_part part = {};
	const char *path = road_device_path(device);
	int ret = class_find_part(device, pattern, &part);

	if (ret)
		return ret;
	if (part.several)
		return machine_error(road_device_machine(device),
				     -ROAD_ENODEVICE,
				     "%s has no %s itself, and several of its parts have one",
				     path, pattern);
	/* calloc() for the second NUL, of a list that is empty. */
	*paths = calloc(1, strlen(path) + strlen(part.rest) + 2);
	if (!*paths)
		return err_nomem(machine_error_of(road_device_machine(device)));
	if (*part.rest)
		sprintf(*paths, "%s%s", path, part.rest);
	return 0;
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
	if (!ret && !*paths) {
		free(paths);
		ret = class_parts(device, pattern, &paths);
	}
	if (ret)
		return ret;
	if (!*paths)
		ret = class_none(device, pattern);
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
