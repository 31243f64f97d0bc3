/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* coverage.h - which lines of the kernel ran */
#ifndef LIB_COVERAGE_H
#define LIB_COVERAGE_H

struct road_machine;

/* The last thing that runs in a guest. Without ROADTEST_COVERAGE: nothing. */
void coverage_take(struct road_machine *machine);

#endif
