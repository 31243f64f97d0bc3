// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-class-device.c - of lib/class-device.c, in a sysfs that is a table */
#include "class-device.h"
#include "machine.h"
#include "unit.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>

#define DEVICE "/sys/bus/i2c/devices/0-0020"
#define TOP "../../../devices/platform/virtio/i2c-0/0-0020"

struct link {
	const char *path, *target;
};

/* The links of the test that runs, up to one without a path. */
static const struct link *links;
static struct road_error error;
static const char *missing;

/* ---- what class-device.c asks the guest */

struct road_machine *road_device_machine(const struct road_device *device)
{
	return NULL;
}

const char *road_device_path(const struct road_device *device)
{
	return DEVICE;
}

int road_readlink(struct road_machine *machine, const char *path, char *buf,
		  size_t size)
{
	const struct link *link = links;

	if (!strcmp(path, DEVICE)) {
		snprintf(buf, size, TOP);
		return 0;
	}
	for (; link->path && strcmp(path, link->path); link++)
		;
	if (!link->path)
		return -ENOENT;
	snprintf(buf, size, "%s", link->target);
	return 0;
}

int road_glob(struct road_machine *machine, const char *pattern, char **paths)
{
	const struct link *link;
	size_t size;
	FILE *out = open_memstream(paths, &size);

	for (link = links; link->path; link++)
		if (!fnmatch(pattern, link->path, FNM_PATHNAME))
			fprintf(out, "%s%c", link->path, 0);
	fputc(0, out);
	fclose(out);
	return 0;
}

ssize_t road_read_file(struct road_machine *machine, const char *path,
		       char *buf, size_t size)
{
	return -ENOENT;
}

int road_write_file(struct road_machine *machine, const char *path,
		    const char *text)
{
	return -ENOENT;
}

const char *road_missing_option(struct road_machine *machine, const char *path)
{
	return missing;
}

int machine_error(struct road_machine *machine, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(&error, code, fmt, ap);
	va_end(ap);
	return code;
}

struct road_error *machine_error_of(struct road_machine *machine)
{
	return &error;
}

/* ---- tests */

static void check_path(const struct link *table, const char *pattern,
		       const char *want)
{
	char path[CLASS_PATH] = "";

	links = table;
	CHECK_INT(class_path(NULL, pattern, path, sizeof(path)), 0);
	CHECK_STR(path, want);
}

static void check_none(const struct link *table, const char *want)
{
	char path[CLASS_PATH] = "unchanged";

	links = table;
	CHECK_INT(class_path(NULL, "rtc/rtc*", path, sizeof(path)),
		  -ROAD_ENODEVICE);
	CHECK_HAS(err_message(&error), want);
	CHECK_STR(path, "unchanged");
	err_clear(&error);
}

static void its_own_comes_first(void)
{
	static const struct link table[] = {
		{ DEVICE "/rtc/rtc1", "" },
		{ "/sys/class/rtc/rtc0", "../../" TOP "/cell/rtc/rtc0" },
		{},
	};

	check_path(table, "rtc/rtc*", DEVICE "/rtc/rtc1");
}

static void that_of_a_cell_is_found(void)
{
	static const struct link table[] = {
		{ "/sys/class/rtc/rtc0",
		  "../../devices/platform/virtio/i2c-0/0-0021/rtc/rtc0" },
		{ "/sys/class/rtc/rtc1",
		  "../../devices/platform/virtio/i2c-0/0-00200/rtc/rtc1" },
		{ "/sys/class/rtc/rtc2", "../" TOP "/rk808-rtc.1/rtc/rtc2" },
		{ "/sys/bus/iio/devices/iio:device3",
		  "../" TOP "/adc/iio:device3" },
		{},
	};

	check_path(table, "rtc/rtc*", DEVICE "/rk808-rtc.1/rtc/rtc2");
	check_path(table, "iio:device*", DEVICE "/adc/iio:device3");
}

static void the_nearest_part_counts(void)
{
	static const struct link table[] = {
		{ "/sys/class/rtc/rtc0", "../" TOP "/a/b/c/rtc/rtc0" },
		{ "/sys/class/rtc/rtc1", "../" TOP "/d/rtc/rtc1" },
		{ "/sys/class/rtc/rtc2", "../" TOP "/e/f/rtc/rtc2" },
		{},
	};

	check_path(table, "rtc/rtc*", DEVICE "/d/rtc/rtc1");
}

static void one_of_several_parts_is_not_guessed(void)
{
	static const struct link table[] = {
		{ "/sys/class/rtc/rtc0", "../" TOP "/a/rtc/rtc0" },
		{ "/sys/class/rtc/rtc1", "../" TOP "/b/rtc/rtc1" },
		{},
	};

	check_none(table, "several of its parts have one");
}

static void none_is_an_error(void)
{
	static const struct link table[] = {
		{ "/sys/class/rtc/rtc0",
		  "../../devices/platform/virtio/i2c-0/0-0021/rtc/rtc0" },
		{},
	};

	check_none(table, DEVICE " has no rtc/rtc*: is its driver bound");
	check_none(table + 1, "is its driver bound");
	missing = "RTC_CLASS";
	check_none(table, " has no rtc/rtc*: CONFIG_RTC_CLASS is off");
	missing = NULL;
}

static const struct unit_test tests[] = {
	{ "its_own_comes_first", its_own_comes_first },
	{ "that_of_a_cell_is_found", that_of_a_cell_is_found },
	{ "the_nearest_part_counts", the_nearest_part_counts },
	{ "one_of_several_parts_is_not_guessed",
	  one_of_several_parts_is_not_guessed },
	{ "none_is_an_error", none_is_an_error },
};

UNIT_MAIN(tests)
