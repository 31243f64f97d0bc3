/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device.h - devices of a machine that road_device_add() made
 */
#ifndef LIB_DEVICE_H
#define LIB_DEVICE_H

#include <roadtest.h>

void device_free_all(struct road_machine *machine);
/* Load the modules of all devices; what has none is passed over. */
void device_load_all(struct road_machine *machine);
/* The one behind it in a machine's list; NULL: it is the last. */
struct road_device *device_next(const struct road_device *device);
/* Take the drivers off that road_device_bind() has bound; a device that has none
 * any more is passed over. A model may have been detached: then its driver's
 * farewell fails, as it does on a board from which the chip is gone. Return: 0,
 * or the first error that is not the guest's. */
int device_unbind_all(struct road_machine *machine);

#endif /* LIB_DEVICE_H */
