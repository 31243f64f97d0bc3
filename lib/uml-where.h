/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uml-where.h - where a guest is that does not answer any more
 */
#ifndef LIB_UML_WHERE_H
#define LIB_UML_WHERE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Stop the kernel @pid, a child of ours, for a moment, and describe where it
 * is: "in spin_loop+0x12" by the symbols of @image, "in a module or in user
 * code, at 0x..." for what has none. Return: 0, or -errno when it can't be
 * told.
 */
int uml_where(pid_t pid, const char *image, char *buf, size_t size);

#endif /* LIB_UML_WHERE_H */
