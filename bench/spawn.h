/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spawn.h - a guest without roadtest, for what roadtest is compared with */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Start the kernel argv[0] with root file system argv[1], preloaded shim
 * argv[2] and directory argv[3], as lib/uml.c does, on the processor that we
 * are on. @args: more arguments, up to 8, NULL-terminated. @out: its output.
 */
pid_t spawn_guest(char **argv, char **args, int out);
/* A listening socket DIR/NAME; its path is stored. -1: no. */
int listen_on(const char *dir, const char *name, char *path, size_t size);

#endif /* BENCH_SPAWN_H */
