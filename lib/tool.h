/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tool.h - run a program of the host to its end
 */
#ifndef LIB_TOOL_H
#define LIB_TOOL_H

#include "error.h"

/*
 * Run @argv (found by PATH, no shell) with standard input from /dev/null.
 * @output: what it wrote to standard output and standard error, at most
 * 64 KiB, NUL-terminated, to be freed; may be NULL.
 * Return: its exit status, 128 plus the signal that killed it, or -ROAD_EHOST
 * with a message when it can't be run.
 */
int tool_run(const char *const *argv, char **output, struct road_error *error);

#endif /* LIB_TOOL_H */
