// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * device-probe.c - drivers that can't be bound and unbound by hand
 *
 * A driver with suppress_bind_attrs has no files `bind` and `unbind` (the tuners
 * and demodulators of DVB for example). The bus probes with it all the same when
 * its `drivers_probe` is written to. That swallows the errno of the probe: the
 * kernel's log has it, but for the two that mean "not my chip", and a probe that
 * is deferred is in the list of those.
 */
#include "device-probe.h"

#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Last part of what the link PATH/LINK points to; NULL: it is not there. To be
 * freed. */
static char *link_name(struct road_machine *machine, const char *path,
		       const char *link)
{
	char full[128], target[PATH_MAX];
	const char *slash;

	snprintf(full, sizeof(full), "%s/%s", path, link);
	if (road_readlink(machine, full, target, sizeof(target)))
		return NULL;
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

char *device_module(struct road_machine *machine, const char *path)
{
	return link_name(machine, path, "driver/module");
}

static bool is_deferred(struct road_machine *machine, const char *id)
{
	char list[4096], *found;
	size_t len = strlen(id);

	if (road_read_file(machine, "/sys/kernel/debug/devices_deferred", list,
			   sizeof(list)) < 0)
		return false;
	found = strstr(list, id);
	return found && (found == list || found[-1] == '\n') &&
	       strchr("\t\n", found[len]);
}

static int logged_errno(struct road_machine *machine, const char *driver,
			size_t mark)
{
	char *log = road_log_since(machine, mark), *said = NULL, *line;
	int error = 0;

	if (log && asprintf(&said, ": probe with driver %s failed with error ",
			    driver) < 0)
		said = NULL;
	line = said ? strstr(log, said) : NULL;
	if (line)
		error = atoi(line + strlen(said));
	free(said);
	free(log);
	return error;
}

/* The bus has found another one than was asked for: take that off again. */
static int refuse(struct road_machine *machine, const char *path)
{
	char unbind[128];
	int ret;

	snprintf(unbind, sizeof(unbind), "%s/driver/unbind", path);
	ret = road_write_file(machine, unbind, strrchr(path, '/') + 1);
	return ret < 0 && ret != -ENOENT ? ret : -ENODEV;
}

int device_probe(struct road_machine *machine, const char *path,
		 const char *driver)
{
	const char *id = strrchr(path, '/') + 1;
	size_t mark = road_log_mark(machine);
	char *now = link_name(machine, path, "driver");
	int ret;

	if (now) {
		free(now);
		return -EBUSY;
	}
	ret = road_write_file(machine, "/sys/bus/i2c/drivers_probe", id);
	/* -EINVAL: no driver took it. */
	if (ret < 0 && ret != -EINVAL)
		return ret;
	now = link_name(machine, path, "driver");
	if (now)
		ret = strcmp(now, driver) ? refuse(machine, path) : 0;
	else if (is_deferred(machine, id))
		ret = -EAGAIN;
	else
		ret = logged_errno(machine, driver, mark) ? : -ENODEV;
	free(now);
	return ret;
}

int device_unload(struct road_machine *machine, const char *path)
{
	char *driver = link_name(machine, path, "driver");
	char *module = driver ? device_module(machine, path) : NULL;
	int ret;

	if (module)
		ret = road_module_unload(machine, module);
	else
		ret = machine_error(machine, -ROAD_ENODRIVER, driver ?
				    "%s: its driver is built in and can't be unbound (suppress_bind_attrs)" :
				    "%s has no driver", path);
	free(module);
	free(driver);
	return ret;
}
