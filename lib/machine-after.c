// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What comes after a driver: the time in which a timer, work or a thread that
 * it forgot to cancel still runs, and the undoing that goes before it
 *
 * A driver comes and goes by a write to a file of sysfs, with a module, or by
 * what a program does. All of that passes call_start(), where it is noted.
 */
#include "call.h"
#include "device.h"
#include "machine-parts.h"

#include <stdio.h>
#include <string.h>

/* Files of sysfs that make a driver come or go, or its device. */
static const char *const driver_files[] = {
	"bind", "unbind", "drivers_probe", "new_device", "delete_device",
	"remove", "rescan", "new_id", "remove_id",
};

static bool is_driver_file(const char *path)
{
	const char *name = strrchr(path, '/');
	size_t i;

	for (i = 0; name && i < sizeof(driver_files) / sizeof(*driver_files);
	     i++)
		if (!strcmp(name + 1, driver_files[i]))
			return true;
	return false;
}

void machine_note_call(struct road_machine *machine,
		       const struct call_request *request)
{
	switch (request->op) {
	case PROTO_LOAD_MODULES:
	case PROTO_UNLOAD_MODULE:
	case PROTO_RUN:
		break;
	case PROTO_WRITE_FILE:
		if (is_driver_file(request->parts[0].data))
			break;
		return;
	default:
		return;
	}
	machine->driver_moved = machine->driver_seen = true;
}

/* Enough of a driver that stays bound and polls: more would cost more than its
 * test. What passes is looked at after the first two seconds. */
#define AFTER_RECORDS 3000
#define AFTER_FIRST_NS (2 * ROAD_S)

static int aftermath_run(struct road_machine *machine, uint64_t ns)
{
	static const char what[] = "the time after the test";
	uint64_t first = ns < AFTER_FIRST_NS ? ns : AFTER_FIRST_NS;
	uint64_t left = ns - first, enough;
	size_t records = road_trace_count(machine);
	int ret = machine_run(machine, NULL, NULL, what, first);

	records = road_trace_count(machine) - records;
	if (ret || !left)
		return ret;
	enough = records ? AFTER_RECORDS * first / records : left;
	return machine_run(machine, NULL, NULL, what,
			   left < enough ? left : enough);
}

int road_aftermath(struct road_machine *machine, uint64_t ns)
{
	uint64_t now = machine->engine.cal.now, end;
	int ret = machine_may_call(machine);

	if (ret || !machine->driver_seen)
		return ret;
	if (machine->driver_moved)
		machine->driver_at = now;
	machine->driver_moved = false;
	end = machine->driver_at + ns;
	if (end <= now)
		return 0;
	klog_test_over(&machine->klog);
	ret = aftermath_run(machine, end - now);
	if (ret)
		err_append(&machine->error,
			   "\nThis came in the time that passes after a test, when its drivers are gone (since %.6f s): of a timer, work or a thread that one left behind?",
			   machine->driver_at / 1e9);
	return ret;
}

/* ---- undoing */

/* Unload what nobody uses. */
static int undo_modules(struct road_machine *machine)
{
	char modules[16384], name[64], *line, *rest;
	unsigned int users;
	int ret = 0, failed;
	ssize_t n;

	n = road_read_file(machine, "/proc/modules", modules, sizeof(modules));
	if (n < 0)
		return n;
	for (line = strtok_r(modules, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%63s %*u %u", name, &users) != 2 || users)
			continue;
		failed = road_module_unload(machine, name);
		if (!ret && failed <= -ROAD_EGONE)
			ret = failed;
	}
	return ret;
}

int machine_undo(struct road_machine *machine)
{
	int ret = 0;

	if (machine->driver_seen)
		ret = device_unbind_all(machine);
	/* While its backtrace still has names. */
	if (!ret && machine->kernel.checks) {
		ret = road_aftermath(machine, ROAD_AFTER_TEST_NS);
		if (!ret)
			ret = road_leaks(machine);
	}
	if (!ret && machine->driver_seen)
		ret = undo_modules(machine);
	return ret <= -ROAD_EGONE ? ret : 0;
}
