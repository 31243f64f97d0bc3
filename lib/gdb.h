/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gdb.h - let a debugger attach to the guest's kernel before the test goes on
 */
#ifndef LIB_GDB_H
#define LIB_GDB_H

#include <stdbool.h>

struct road_machine;

/* Did the user ask for it (ROADTEST_GDB)? */
bool gdb_wanted(void);
/* Load the modules of the machine's devices, so that they have addresses, and
 * wait until a debugger is there. The machine is up. Return: 0 or an error. */
int gdb_stop(struct road_machine *machine);

#endif /* LIB_GDB_H */
