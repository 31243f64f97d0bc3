// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A guest in an endless loop says nothing, but its kernel is an ordinary
 * process of ours: ptrace has its program counter, the ELF symbols of its
 * image the name that belongs to it.
 *
 * Trust: the image is the one that we have started.
 */
#include "uml-where.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a running process may take to stop. */
#define STOP_MS 200

struct image {
	const char *data;
	size_t size;
};

static int read_pc(pid_t pid, uint64_t *pc)
{
	struct user_regs_struct regs;
	int ms, ret = -ESRCH;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return -errno;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	for (ms = 0; ms < STOP_MS; ms++) {
		int status;

		if (waitpid(pid, &status, WNOHANG | __WALL) == pid) {
			if (!WIFSTOPPED(status) ||
			    ptrace(PTRACE_GETREGS, pid, NULL, &regs))
				break;
			*pc = regs.rip;
			ret = 0;
			break;
		}
		poll(NULL, 0, 1);
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return ret;
}

/* The bytes from @offset on, if @len of them are there. */
static const void *at(const struct image *image, uint64_t offset, uint64_t len)
{
	if (offset > image->size || len > image->size - offset)
		return NULL;
	return image->data + offset;
}

/* The function that holds @pc. Return: its name, or NULL. */
static const char *find_symbol(const struct image *image, uint64_t pc,
			       uint64_t *start)
{
	const Elf64_Ehdr *ehdr = at(image, 0, sizeof(*ehdr));
	const Elf64_Shdr *sections, *symtab, *strtab;
	const Elf64_Sym *syms;
	const char *names;
	size_t i, s;

	if (!ehdr || memcmp(ehdr->e_ident, ELFMAG, SELFMAG))
		return NULL;
	sections = at(image, ehdr->e_shoff,
		      (uint64_t)ehdr->e_shnum * sizeof(*sections));
	for (s = 0; sections && s < ehdr->e_shnum; s++) {
		symtab = &sections[s];
		if (symtab->sh_type != SHT_SYMTAB ||
		    symtab->sh_link >= ehdr->e_shnum)
			continue;
		strtab = &sections[symtab->sh_link];
		syms = at(image, symtab->sh_offset, symtab->sh_size);
		names = at(image, strtab->sh_offset, strtab->sh_size);
		for (i = 0; syms && names &&
			    i < symtab->sh_size / sizeof(*syms); i++) {
			if (ELF64_ST_TYPE(syms[i].st_info) != STT_FUNC ||
			    pc < syms[i].st_value ||
			    pc - syms[i].st_value >= syms[i].st_size ||
			    syms[i].st_name >= strtab->sh_size)
				continue;
			*start = syms[i].st_value;
			return names + syms[i].st_name;
		}
	}
	return NULL;
}

static void describe(const char *path, uint64_t pc, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image = {};
	const char *name = NULL;
	uint64_t start = 0;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st)) {
		image.data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd,
				  0);
		image.size = image.data == MAP_FAILED ? 0 : st.st_size;
	}
	if (image.size)
		name = find_symbol(&image, pc, &start);
	if (name)
		snprintf(buf, size, "in %.100s+0x%" PRIx64, name, pc - start);
	else
		snprintf(buf, size,
			 "in a module or in the C library, at 0x%" PRIx64, pc);
	if (image.size)
		munmap((void *)image.data, image.size);
	if (fd >= 0)
		close(fd);
}

int uml_where(pid_t pid, const char *image, char *buf, size_t size)
{
	uint64_t pc = 0;
	int ret = pid ? read_pc(pid, &pc) : -ESRCH;

	if (!ret)
		describe(image, pc, buf, size);
	return ret;
}
