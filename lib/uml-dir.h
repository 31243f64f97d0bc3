/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uml-dir.h - a guest's directory and the process that cleans up behind it;
 * see uml_make_dir() too
 */
#ifndef LIB_UML_DIR_H
#define LIB_UML_DIR_H

#include "uml.h"

/* Start a guard of @dir, and of the kernel @pid if that is not 0. It acts when
 * @guard_fd is closed. Return: 0 or a code with @error set. */
int uml_start_guard(struct uml *uml, pid_t pid, const char *dir,
		    int *guard_fd, pid_t *guard, struct road_error *error);
/* Have it act, and wait until it has ended. */
void uml_wait_guard(pid_t *guard, int *guard_fd);
/* Leave the directory: without its lock it is not swept by later runs. */
void uml_keep(const struct uml *uml);

#endif /* LIB_UML_DIR_H */
