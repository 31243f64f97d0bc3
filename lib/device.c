// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One chip in one call: its devicetree node, its model, its driver
 */
#include "device.h"

#include "board.h"
#include "call.h"
#include "devicetree.h"
#include "machine.h"
#include "modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct road_device {
	struct road_machine *machine;
	struct road_device *next;
	unsigned int addr;
	int pin;			/* -1: no interrupt */
	char path[64];			/* in the guest */
	char *alias;			/* modalias; NULL: not read yet */
	char *driver;			/* that took it last; NULL: none */
};

static int device_add_node(struct road_device *device,
			   const struct road_device_config *config)
{
	struct road_machine *machine = device->machine;
	struct road_fragment fragment = {};
	char irq[64] = "", name[128];
	char *src;
	int ret;

	if (device->pin >= 0)
		snprintf(irq, sizeof(irq),
			 "\t\tinterrupts-extended = <&gpio %d %u>;\n",
			 device->pin, config->irq);
	if (asprintf(&src,
		     "&i2c {\n"
		     "\t%s@%x {\n"
		     "\t\tcompatible = \"%s\";\n"
		     "\t\treg = <0x%x>;\n"
		     "%s%s%s"
		     "\t};\n"
		     "};\n",
		     config->node ? config->node : "device", device->addr,
		     config->compatible, device->addr, irq,
		     config->properties ? config->properties : "",
		     config->properties ? "\n" : "") < 0)
		return machine_error(machine, -ENOMEM, "out of memory");
	/* What errors of dtc point to: the author wrote but its properties. */
	snprintf(name, sizeof(name), "node of the device \"%s\"",
		 config->compatible);
	fragment.src = src;
	fragment.file = name;
	ret = road_add_fragment(machine, &fragment);
	free(src);
	return ret;
}

static int device_alloc(struct road_device *device,
			const struct road_device_config *config)
{
	struct road_error *error = machine_error_of(device->machine);
	struct dt *dt = machine_dt(device->machine);
	int ret;

	device->addr = config->addr;
	device->pin = -1;
	ret = dt_alloc_addr(dt, &device->addr, error);
	if (!ret && config->irq)
		ret = dt_alloc_line(dt, &device->pin, error);
	return ret ? ret : device_add_node(device, config);
}

int road_device_add(struct road_machine *machine,
		    const struct road_device_config *config,
		    struct road_i2c_chip *model, struct road_device **out)
{
	struct road_device *device;
	int ret;

	if (!machine_is_new(machine))
		return machine_error(machine, -ROAD_EUSAGE,
				     "the devicetree is fixed once the machine is booted; add devices before");
	device = calloc(1, sizeof(*device));
	if (!device)
		return machine_error(machine, -ENOMEM, "out of memory");
	device->machine = machine;
	ret = device_alloc(device, config);
	if (!ret && model) {
		ret = road_i2c_attach(machine, device->addr, model);
		if (!ret && device->pin >= 0)
			board_connect_irq(model, device->pin, config->irq);
	}
	if (ret) {
		free(device);
		return ret;
	}
	snprintf(device->path, sizeof(device->path),
		 "/sys/bus/i2c/devices/0-%04x", device->addr);
	device->next = *machine_devices(machine);
	*machine_devices(machine) = device;
	*out = device;
	return 0;
}

void device_free_all(struct road_machine *machine)
{
	struct road_device **list = machine_devices(machine);

	while (*list) {
		struct road_device *device = *list;

		*list = device->next;
		free(device->alias);
		free(device->driver);
		free(device);
	}
}

struct road_machine *road_device_machine(const struct road_device *device)
{
	return device->machine;
}

unsigned int road_device_addr(const struct road_device *device)
{
	return device->addr;
}

int road_device_pin(const struct road_device *device)
{
	return device->pin;
}

const char *road_device_path(const struct road_device *device)
{
	return machine_is_new(device->machine) ? NULL : device->path;
}

/* Name of the device on its bus. */
static const char *device_id(const struct road_device *device)
{
	return strrchr(device->path, '/') + 1;
}

/* ---- the driver */

/* A device keeps its alias as long as the machine lives. */
static int device_read_alias(struct road_device *device)
{
	char path[80], alias[512];
	ssize_t n;

	if (device->alias)
		return 0;
	snprintf(path, sizeof(path), "%s/modalias", device->path);
	n = road_read_file(device->machine, path, alias, sizeof(alias));
	if (n < 0)
		return n;
	alias[strcspn(alias, "\n")] = '\0';
	device->alias = strdup(alias);
	return device->alias ? 0 : machine_error(device->machine, -ENOMEM,
						 "out of memory");
}

/* The modules that have this alias, loaded. Dependencies are not in @list. */
static int device_load(struct road_device *device, struct module_list *list)
{
	const char *alias = device->alias;
	struct road_machine *machine = device->machine;
	struct road_error error = {};
	struct modules *modules;
	int ret = agent_modules(machine_agent(machine), &modules,
				machine_error_of(machine));

	if (ret)
		return ret;
	ret = modules_resolve(modules, alias, list, &error);
	err_clear(&error);
	if (ret == -ENOENT)
		return machine_error(machine, -ENODEV,
				     "%s: no module of this kernel has the alias \"%s\": is the driver enabled in the suite's config, and does its match table have the compatible? The kernel is %s",
				     device->path, alias,
				     road_machine_kernel(machine));
	return ret ? ret : road_module_load(machine, alias, NULL);
}

void device_load_all(struct road_machine *machine)
{
	struct road_device *device;

	for (device = *machine_devices(machine); device; device = device->next) {
		struct module_list list = {};

		if (!device_read_alias(device))
			device_load(device, &list);
		modules_list_deinit(&list);
	}
	err_clear(machine_error_of(machine));
}

/*
 * What the kernel has said of the device since @mark, each line behind a
 * newline. dev_err() and its kin write "DRIVER DEVICE: TEXT"; that the probe
 * failed says the error itself.
 */
static char *device_messages(const struct road_device *device, size_t mark)
{
	char *log = road_log_since(device->machine, mark), *text = NULL;
	char name[32], *line, *rest;
	FILE *out;
	size_t size;

	if (!log)
		return NULL;
	out = open_memstream(&text, &size);
	snprintf(name, sizeof(name), " %s: ", device_id(device));
	for (line = strtok_r(log, "\n", &rest); out && line;
	     line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, name) && !strstr(line, ": probe with driver "))
			fprintf(out, "\n  %s", line);
	free(log);
	if (out && (ferror(out) | fclose(out))) {
		free(text);
		return NULL;
	}
	return text;
}

/* A driver did not take the device: say it in words of devices. */
static int device_probe_failed(struct road_device *device, const char *driver,
			       int error, size_t mark)
{
	bool answers = board_chip(board_of(device->machine),
				  device->addr);
	char *messages = device_messages(device, mark);

	machine_error(device->machine, error,
		      "%s: the probe of %s failed with %s%s%s", device->path,
		      driver, road_strerror(error),
		      answers ? "" : "; no model is attached at its address",
		      messages ? messages : "");
	free(messages);
	return error;
}

/*
 * A driver's `bind` gives the errno of its probe, which the bus's
 * `drivers_probe` would swallow. -ENODEV: it does not match; -ENOENT: there
 * is no such driver.
 */
static int device_bind_driver(struct road_device *device, const char *driver)
{
	size_t mark = road_log_mark(device->machine);
	char path[512];
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/i2c/drivers/%s/bind", driver);
	ret = road_write_file(device->machine, path, device_id(device));
	if (ret < 0 && ret > -ROAD_EGONE)
		return device_probe_failed(device, driver, ret, mark);
	if (ret >= 0 && (!device->driver || strcmp(device->driver, driver))) {
		free(device->driver);
		device->driver = strdup(driver);
	}
	return ret < 0 ? ret : 0;
}

/* @module may be a pattern; a name is looked up, which is much faster. */
static int device_bind_module(struct road_device *device, const char *module)
{
	struct road_machine *machine = device->machine;
	char path[512], *drivers, *driver;
	int ret;

	snprintf(path, sizeof(path), "/sys/module/%s/drivers/i2c:*", module);
	ret = road_glob(machine, path, &drivers);
	if (ret)
		return ret;
	ret = -ENODEV;
	machine_error(machine, ret, "%s: its module has no driver of this bus",
		      device->path);
	for (driver = drivers; *driver && ret == -ENODEV;
	     driver += strlen(driver) + 1)
		ret = device_bind_driver(device, strrchr(driver, ':') + 1);
	free(drivers);
	return ret;
}

static int device_bind_drivers(struct road_device *device,
			       const struct module_list *list)
{
	int ret = -ENODEV;
	size_t i;

	/* The one of last time, if it is there again, spares the search. */
	if (device->driver) {
		ret = device_bind_driver(device, device->driver);
		if (ret != -ENOENT)
			return ret;
		ret = -ENODEV;
	}
	if (!list->num)		/* built in: any driver may be it */
		ret = device_bind_module(device, "*");
	for (i = 0; i < list->num && ret == -ENODEV; i++)
		if (list->modules[i].wanted)
			ret = device_bind_module(device,
						 list->modules[i].name);
	if (!ret)
		err_clear(machine_error_of(device->machine));
	return ret;
}

int road_device_bind(struct road_device *device)
{
	struct module_list list = {};
	int ret = machine_may_call(device->machine);

	if (!ret)
		ret = device_read_alias(device);
	if (!ret)
		ret = device_load(device, &list);
	if (!ret)
		ret = device_bind_drivers(device, &list);
	modules_list_deinit(&list);
	return ret;
}

int road_device_unbind(struct road_device *device)
{
	char path[96];
	int ret = machine_may_call(device->machine);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/driver/unbind", device->path);
	ret = road_write_file(device->machine, path, device_id(device));
	if (ret == -ENOENT)
		return machine_error(device->machine, -ENODEV,
				     "%s has no driver", device->path);
	return ret;
}
