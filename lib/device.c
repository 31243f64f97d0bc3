// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One chip in one call: its devicetree node, its model, its driver
 */
#include "device.h"

#include "board.h"
#include "call.h"
#include "device-probe.h"
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
	bool nameless;			/* no module has that alias */
	char *warning;			/* NULL: none */
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
		return err_nomem(machine_error_of(machine));
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
		return err_nomem(machine_error_of(machine));
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
		free(device->warning);
		free(device);
	}
}

struct road_device *device_next(const struct road_device *device)
{
	return device->next;
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
	return device->alias ? 0 :
			       err_nomem(machine_error_of(device->machine));
}

/* The modules with @alias, or by the I2C name that the kernel made of the
 * compatible, which a driver without a table of compatibles has. -ROAD_ENODRIVER:
 * there are none. */
static int device_resolve(struct road_device *device, const char *alias,
			  struct module_list *list)
{
	struct road_error error = {};
	struct modules *modules;
	int ret = agent_modules(machine_agent(device->machine), &modules,
				machine_error_of(device->machine));

	if (!ret)
		ret = modules_resolve(modules, alias, list, &error);
	err_clear(&error);
	return ret;
}

static int device_name_alias(struct road_device *device, char *alias,
			     size_t size)
{
	char path[80], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/name", device->path);
	n = road_read_file(device->machine, path, name, sizeof(name));
	if (n < 0)
		return n;
	name[strcspn(name, "\n")] = '\0';
	snprintf(alias, size, "i2c:%s", name);
	return 0;
}

/* What udev would load for it. */
static int device_load_alias(struct road_device *device,
			     struct module_list *list)
{
	int ret = device_resolve(device, device->alias, list);

	return ret ? ret : road_module_load(device->machine, device->alias,
					    NULL);
}

/*
 * The modules that may have its driver, loaded; if none has the alias of its
 * node, those for its I2C name. Dependencies are not in @list, and what is
 * built in, or loaded already without such an alias, isn't either.
 */
static int device_load(struct road_device *device, struct module_list *list)
{
	char name[80];
	int ret = device_load_alias(device, list);

	device->nameless = ret == -ROAD_ENODRIVER;
	if (!device->nameless)
		return ret;
	ret = device_name_alias(device, name, sizeof(name));
	if (!ret)
		ret = device_resolve(device, name, list);
	if (!ret)
		return road_module_load(device->machine, name, NULL);
	return ret == -ROAD_ENODRIVER ? 0 : ret;
}

void device_load_all(struct road_machine *machine)
{
	struct road_device *device;

	for (device = *machine_devices(machine); device; device = device->next) {
		struct module_list list = {};

		if (!device_read_alias(device))
			device_load_alias(device, &list);
		modules_list_deinit(&list);
	}
	err_clear(machine_error_of(machine));
}

int device_unbind_all(struct road_machine *machine)
{
	struct road_device *device;
	int ret = 0, failed;

	for (device = *machine_devices(machine); device; device = device->next) {
		if (!device->driver)
			continue;
		failed = road_device_unbind(device);
		/* The test has done so itself. */
		if (failed == -ROAD_ENODRIVER)
			err_clear(machine_error_of(machine));
		else if (!ret && failed <= -ROAD_EGONE)
			ret = failed;
	}
	return ret;
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
 * `drivers_probe` would swallow. -ENODEV: the probe's, or it does not match;
 * -ROAD_ENODRIVER: there is no such driver.
 */
static int device_bind_driver(struct road_device *device, const char *driver)
{
	size_t mark = road_log_mark(device->machine);
	struct road_stat st;
	char path[512];
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/i2c/drivers/%s/bind", driver);
	ret = road_write_file(device->machine, path, device_id(device));
	if (ret == -ENOENT &&
	    road_stat(device->machine, path, true, &st) == -ENOENT) {
		*strrchr(path, '/') = '\0';
		if (road_stat(device->machine, path, true, &st) == -ENOENT)
			return machine_error(device->machine, -ROAD_ENODRIVER,
					     "%s: there is no driver %s",
					     device->path, driver);
		ret = device_probe(device->machine, device->path, driver);
	}
	if (ret < 0 && ret > -ROAD_EGONE)
		return device_probe_failed(device, driver, ret, mark);
	if (ret >= 0 && (!device->driver || strcmp(device->driver, driver))) {
		free(device->driver);
		device->driver = strdup(driver);
	}
	return ret < 0 ? ret : 0;
}

/* Did that driver not take the device, so that another one may? */
static bool refused(int ret)
{
	return ret == -ENODEV || ret == -ROAD_ENODRIVER;
}

static int device_bind_module(struct road_device *device, const char *module)
{
	struct road_machine *machine = device->machine;
	char path[512], *drivers, *driver;
	int ret;

	snprintf(path, sizeof(path), "/sys/module/%s/drivers/i2c:*", module);
	ret = road_glob(machine, path, &drivers);
	if (ret)
		return ret;
	ret = machine_error(machine, -ROAD_ENODRIVER,
			    "%s: its module has no driver of this bus",
			    device->path);
	for (driver = drivers; *driver && refused(ret);
	     driver += strlen(driver) + 1)
		ret = device_bind_driver(device, strrchr(driver, ':') + 1);
	free(drivers);
	return ret;
}

static int device_no_driver(struct road_device *device)
{
	char name[80] = "its I2C name";

	device_name_alias(device, name, sizeof(name));
	return machine_error(device->machine, -ROAD_ENODRIVER,
			     "%s: no module of this kernel has the alias \"%s\" or \"%s\", and no driver that is loaded or built in takes the device: is the driver enabled in the suite's config, and has its match table the compatible? The kernel is %s",
			     device->path, device->alias, name,
			     road_machine_kernel(device->machine));
}

/*
 * The kernel probes with a driver that is built in at boot already, before
 * autoprobe is off. A test wants that probe for itself.
 */
static int device_unbind_at_boot(struct road_device *device)
{
	char path[96];
	int ret;

	if (device->driver)
		return 0;
	snprintf(path, sizeof(path), "%s/driver/unbind", device->path);
	ret = road_write_file(device->machine, path, device_id(device));
	return ret < 0 && ret != -ENOENT ? ret : 0;
}

/*
 * Any driver of the bus may be it: one that is built in has no alias (before
 * Linux 6.18), and one that the test has loaded may lack it. Most say -ENODEV
 * since they do not match; one that spoke to the chip did.
 */
static int device_bind_any(struct road_device *device)
{
	struct road_machine *machine = device->machine;
	char *drivers, *driver;
	bool took = false;
	int ret = device_unbind_at_boot(device);

	if (!ret)
		ret = road_glob(machine, "/sys/bus/i2c/drivers/*", &drivers);
	if (ret)
		return ret;
	ret = -ENODEV;
	for (driver = drivers; *driver && ret == -ENODEV && !took;
	     driver += strlen(driver) + 1) {
		size_t log = road_log_mark(machine);
		size_t trace = road_trace_count(machine);
		char *said;

		ret = device_bind_driver(device, strrchr(driver, '/') + 1);
		said = device_messages(device, log);
		took = road_trace_count(machine) > trace || (said && *said);
		free(said);
	}
	free(drivers);
	return ret == -ENODEV && !took ? device_no_driver(device) : ret;
}

static int device_bind_list(struct road_device *device,
			    const struct module_list *list)
{
	int ret = -ROAD_ENODRIVER;
	size_t i;

	for (i = 0; i < list->num && refused(ret); i++)
		if (list->modules[i].wanted)
			ret = device_bind_module(device,
						 list->modules[i].name);
	return ret;
}

/*
 * The module with the alias may be but the core of several drivers, which has
 * the table of compatibles for them all. The driver of this bus is found by the
 * I2C name then.
 */
static int device_bind_by_name(struct road_device *device)
{
	struct module_list list = {};
	char name[80] = "";
	int ret = device_name_alias(device, name, sizeof(name));

	if (!ret)
		ret = device_resolve(device, name, &list);
	if (!ret)
		ret = road_module_load(device->machine, name, NULL);
	if (!ret)
		ret = device_bind_list(device, &list);
	device->nameless = !ret;
	modules_list_deinit(&list);
	if (ret == -ROAD_ENODRIVER)
		machine_error(device->machine, ret,
			      "%s: no module with its alias or with \"%s\" has a driver of this bus",
			      device->path, name);
	return ret;
}

static int device_bind_drivers(struct road_device *device,
			       const struct module_list *list)
{
	int ret = -ROAD_ENODRIVER;

	/* The one of last time, if it is there again, spares the search. */
	if (device->driver) {
		ret = device_bind_driver(device, device->driver);
		if (ret != -ROAD_ENODRIVER)
			return ret;
	}
	if (!list->num)
		return device_bind_any(device);
	ret = device_bind_list(device, list);
	return ret == -ROAD_ENODRIVER ? device_bind_by_name(device) : ret;
}

/* ---- would it be there on a real board? */

/* Is the module of its driver one of these? Also if it has none. */
static bool device_is_of(struct road_device *device,
			 const struct module_list *list)
{
	char *module = device_module(device->machine, device->path);
	bool found = !module || !list->num;
	size_t i;

	for (i = 0; i < list->num && !found; i++)
		found = !strcmp(list->modules[i].name, module);
	free(module);
	return found;
}

int road_device_autoloads(struct road_device *device)
{
	struct module_list list = {};
	struct road_stat stat;
	char path[96];
	int ret = machine_may_call(device->machine);

	if (!ret)
		ret = device_read_alias(device);
	if (!ret)
		ret = device_resolve(device, device->alias, &list);
	if (!ret)
		ret = device_is_of(device, &list);
	modules_list_deinit(&list);
	if (ret != -ROAD_ENODRIVER)
		return ret;
	/* A driver that is of no module is built in, and there anyway. */
	snprintf(path, sizeof(path), "%s/driver/module", device->path);
	ret = road_stat(device->machine, path, true, &stat);
	if (ret == -ENOENT) {
		*strrchr(path, '/') = '\0';
		ret = road_stat(device->machine, path, true, &stat);
		err_clear(machine_error_of(device->machine));
		return ret == -ENOENT ? 0 : ret ? ret : 1;
	}
	return ret;
}

/* The driver was found, though not as a board would find it. */
static void device_warn(struct road_device *device,
			const struct module_list *list)
{
	char *module = NULL;

	if (device->nameless && !device->warning)
		module = device_module(device->machine, device->path);
	if (module &&
	    asprintf(&device->warning,
		     "%s: %s does not autoload from the devicetree: it has no alias \"%s\", by which udev loads it on a board (MODULE_DEVICE_TABLE(of, ...) with this compatible). Here it was found %s",
		     device->path, module, device->alias,
		     list->num ? "by its I2C name" :
				 "since it was loaded already") < 0)
		device->warning = NULL;
	free(module);
}

const char *road_device_warning(const struct road_device *device)
{
	return device->warning;
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
	if (!ret) {
		device_warn(device, &list);
		err_clear(machine_error_of(device->machine));
	}
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
	return ret == -ENOENT ? device_unload(device->machine, device->path) :
				ret;
}
