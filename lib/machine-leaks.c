// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory that a driver has lost, on a kernel that has kmemleak
 *
 * kmemleak looks through all memory for the addresses of what is allocated. An
 * object that nothing points to is a suspect when its contents are those of the
 * scan before, so two scans find it. It must be five seconds old, of the guest's
 * time, which passes behind a test anyway; see road_aftermath().
 *
 * There are suspects in a kernel that no driver has touched. Only what was
 * allocated since the first driver came, on behalf of one, is told.
 */
#include "call.h"
#include "machine-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAKS_FILE	"/sys/kernel/debug/kmemleak"
/* Of each suspect, and of how many. */
#define LEAKS_SHOWN	8

static const char record_start[] = "unreferenced object ";

/*
 * Has the backtrace of a record a frame of a module, "fn+0x1/0x2 [module]", or
 * of one that is gone, "0x68808073"? Or did a driver that is built in probe?
 */
static bool leak_is_driver(const char *record)
{
	const char *trace = strstr(record, "\n  backtrace");

	return trace && (strstr(trace, " [") || strstr(trace, "\n    0x") ||
			 strstr(trace, " really_probe+"));
}

/* Cut off the first record of @text. Return: it, or NULL. */
static char *leak_next(char **text)
{
	char *record = *text, *next;

	if (!record || !*record)
		return NULL;
	next = strstr(record + 1, record_start);
	if (next)
		next[-1] = '\0';
	*text = next;
	return record;
}

/* What of the file is told, in @out. Return: how many leaks. */
static size_t leaks_tell(FILE *out, char *text)
{
	char *record;
	size_t num = 0;

	while ((record = leak_next(&text))) {
		if (!leak_is_driver(record))
			continue;
		if (++num <= LEAKS_SHOWN)
			fprintf(out, "\n%s", record);
	}
	if (num > LEAKS_SHOWN)
		fprintf(out, "\n(%zu more)", num - LEAKS_SHOWN);
	return num;
}

/* Return: 0, or an error. */
static int leaks_scan(struct road_machine *machine)
{
	/*
	 * A stack has addresses of calls that are long over, down to its end. No
	 * call runs now that would keep a driver's memory on one.
	 */
	static const char *const commands[] = { "stack=off", "scan", "scan" };
	size_t mark, i;
	int n;

	klog_flush(&machine->klog);
	mark = klog_mark(&machine->klog);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		n = road_write_file(machine, LEAKS_FILE, commands[i]);
		if (n == -EPERM)
			return machine_error(machine, -ROAD_EORACLE,
					     "kmemleak has switched itself off, what drivers lose is not seen: the kernel's log says why");
		if (n < 0)
			return n;
	}
	/* What it has found is told from its file. */
	klog_pass(&machine->klog, mark, "kmemleak: ");
	return 0;
}

int road_leaks(struct road_machine *machine)
{
	char *text = NULL, *message = NULL;
	size_t size, num;
	FILE *out;
	int ret = machine_may_call(machine);

	if (ret || !machine->kernel.checks || !machine->driver_seen)
		return ret;
	ret = leaks_scan(machine);
	if (!ret)
		ret = road_read_file_alloc(machine, LEAKS_FILE, &text, NULL);
	if (ret || !text)
		return ret;
	out = open_memstream(&message, &size);
	num = out ? leaks_tell(out, text) : 0;
	free(text);
	if (!out || (ferror(out) | fclose(out)))
		ret = err_nomem(&machine->error);
	else if (num)
		ret = machine_error(machine, -ROAD_EORACLE,
				    "the guest has lost memory, and a driver had asked for it (%zu kmemleak %s):%s",
				    num, num == 1 ? "report" : "reports",
				    message);
	free(message);
	return ret;
}
