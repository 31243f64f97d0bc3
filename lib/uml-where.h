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
 * is, by the symbols of @image and of the modules in the tree @modules: "in
 * spin_loop+0x12 [driver], called by irq_thread, ...", or "in the C library, at
 * 0x..." for what has none. Return: 0, or -errno when it can't be told.
 */
int uml_where(pid_t pid, const char *image, const char *modules, char *buf,
	      size_t size);

#endif /* LIB_UML_WHERE_H */
