/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device-probe.h - drivers that can't be bound and unbound by hand
 */
#ifndef LIB_DEVICE_PROBE_H
#define LIB_DEVICE_PROBE_H

#include <roadtest.h>

/* Have the bus probe the device at @path with @driver, which has no file
 * `bind`. Return: 0, or the errno of the probe, as `bind` would give it. */
int device_probe(struct road_machine *machine, const char *path,
		 const char *driver);
/* Take off a driver that has no file `unbind`: its module is unloaded. Return:
 * -ROAD_ENODRIVER if there is none or it is built in. */
int device_unload(struct road_machine *machine, const char *path);
/* The module of the driver at @path; NULL: none, or it is built in. To be
 * freed. */
char *device_module(struct road_machine *machine, const char *path);

#endif /* LIB_DEVICE_PROBE_H */
