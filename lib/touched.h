/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * touched.h - what a test uses of its devices; without ROADTEST_TOUCHED these
 * do nothing
 */
#ifndef LIB_TOUCHED_H
#define LIB_TOUCHED_H

#include "call.h"

/* A machine is about to start with this devicetree. */
void touched_boot(const void *blob);
/* A call begins. */
void touched_call(const struct call_request *request);
/* A file was written: a driver may have been bound. */
void touched_written(struct road_machine *machine, const char *path,
		     const char *data, size_t len);

#endif /* LIB_TOUCHED_H */
