// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * touched.c - what a test uses of its devices, for tools/touched
 *
 * With ROADTEST_TOUCHED=FILE lines are appended to FILE, with tabs between:
 *
 *	boot				a machine starts
 *	property COMPATIBLE NAME	its devicetree has this; NAME with the path
 *					below the node that has the compatible
 *	bound DEVICE COMPATIBLE		a driver was bound to it
 *	has DEVICE PATH			a file below its directory, or a link
 *					"subsystem"
 *	use PATH			a test opens, reads or writes this
 *
 * What a program in the guest does is not seen.
 */
#include "touched.h"

#include <fcntl.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "machine.h"

#define DEVICES_OF "/devices/"

/* The file to append to, NULL if nobody wants to know. */
static FILE *touched_open(void)
{
	const char *path = getenv("ROADTEST_TOUCHED");

	return path && *path ? fopen(path, "ae") : NULL;
}

/* ---- devicetree */

/* @prefix: path of @node below the one with the compatible, with a slash. */
static void touched_node(FILE *out, const void *blob, int node,
			 const char *compatible, const char *prefix)
{
	const char *own = fdt_getprop(blob, node, "compatible", NULL);
	const char *name;
	char path[256];
	int prop, child;

	if (own) {
		compatible = own;
		prefix = "";
	}
	fdt_for_each_property_offset(prop, blob, node) {
		fdt_getprop_by_offset(blob, prop, &name, NULL);
		if (compatible && strcmp(name, "phandle"))
			fprintf(out, "property\t%s\t%s%s\n", compatible, prefix,
				name);
	}
	fdt_for_each_subnode(child, blob, node) {
		snprintf(path, sizeof(path), "%s%s/", prefix,
			 fdt_get_name(blob, child, NULL));
		touched_node(out, blob, child, compatible, path);
	}
}

void touched_boot(const void *blob)
{
	FILE *out = touched_open();

	if (!out)
		return;
	fputs("boot\n", out);
	touched_node(out, blob, 0, NULL, "");
	fclose(out);
}

/* ---- devices */

/* What is in a directory of a device, and below. @at: as @prefix above. */
static void touched_walk(FILE *out, struct road_machine *machine,
			 const char *device, const char *at)
{
	struct road_stat st;
	char *names, *path, *below;

	if (asprintf(&path, "%s/%s", device, at) < 0)
		return;
	if (road_list(machine, path, &names))
		names = NULL;
	free(path);
	for (const char *name = names; name && *name;
	     name += strlen(name) + 1) {
		if (asprintf(&path, "%s/%s%s", device, at, name) < 0)
			break;
		if (road_stat(machine, path, false, &st)) {
			free(path);
			continue;
		}
		if (S_ISREG(st.mode) || !strcmp(name, "subsystem"))
			fprintf(out, "has\t%s\t%s%s\n",
				strrchr(device, '/') + 1, at, name);
		else if (S_ISDIR(st.mode) &&
			 asprintf(&below, "%s%s/", at, name) >= 0) {
			touched_walk(out, machine, device, below);
			free(below);
		}
		free(path);
	}
	free(names);
}

static void touched_bound(FILE *out, struct road_machine *machine,
			  const char *device)
{
	char path[256], compatible[256];

	snprintf(path, sizeof(path), "%s/of_node/compatible", device);
	if (road_read_file(machine, path, compatible, sizeof(compatible)) <= 0)
		return;
	fprintf(out, "bound\t%s\t%s\n", strrchr(device, '/') + 1, compatible);
	touched_walk(out, machine, device, "");
}

/* @path: /sys/bus/BUS/drivers/DRIVER/bind; @data: a device's name. */
void touched_written(struct road_machine *machine, const char *path,
		     const char *data, size_t len)
{
	const char *drivers = strstr(path, "/drivers/");
	const char *last = strrchr(path, '/');
	const char *newline = memchr(data, '\n', len);
	char *device;
	FILE *out;

	if (!drivers || !last || strcmp(last, "/bind"))
		return;
	out = touched_open();
	if (!out)
		return;
	if (asprintf(&device, "%.*s" DEVICES_OF "%.*s", (int)(drivers - path),
		     path, (int)(newline ? newline - data : (ssize_t)len),
		     data) >= 0) {
		touched_bound(out, machine, device);
		free(device);
	}
	fclose(out);
}

/* ---- calls */

void touched_call(const struct call_request *request)
{
	FILE *out;

	if (request->op != PROTO_OPEN && request->op != PROTO_READ_FILE &&
	    request->op != PROTO_WRITE_FILE)
		return;
	out = touched_open();
	if (!out)
		return;
	fprintf(out, "use\t%s\n", (const char *)request->parts[0].data);
	fclose(out);
}
