/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elf-file.h - names of functions in an ELF file: a kernel, or a module of one
 */
#ifndef LIB_ELF_FILE_H
#define LIB_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
	const char *data;
	size_t size;
};

/* Map a file. Return: false if it can't be read or is no ELF file of 64 bits;
 * there is nothing to close then. */
bool elf_open(struct elf_file *elf, const char *path);
void elf_close(struct elf_file *elf);
/* The function of a linked program that holds @addr; its name, or NULL.
 * @start: its address. The name is valid until elf_close(). */
const char *elf_function(const struct elf_file *elf, uint64_t addr,
			 uint64_t *start);
/* The function of a module, @offset bytes behind the begin of its code as the
 * kernel lays it out. @start: offset of its begin. */
const char *elf_module_function(const struct elf_file *elf, uint64_t offset,
				uint64_t *start);
/* Address of the object called @name; 0 if there is none. */
uint64_t elf_object(const struct elf_file *elf, const char *name);

#endif /* LIB_ELF_FILE_H */
