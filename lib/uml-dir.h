/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uml-dir.h - a guest's directory and the process that cleans up behind it;
 * see uml_make_dir() too
 */
#ifndef LIB_UML_DIR_H
#define LIB_UML_DIR_H

#include "uml.h"

/* Have it act, and wait until it has ended. */
void uml_wait_guard(pid_t *guard, int *guard_fd);
/* Leave the directory: without its lock it is not swept by later runs. */
void uml_keep(const struct uml *uml);

#endif /* LIB_UML_DIR_H */
