// SPDX-License-Identifier: LGPL-2.1-or-later
/* elf-file.c - names of functions in an ELF file */
#include "elf-file.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Any section, and symbols with addresses instead of offsets in one. */
#define ANY_SECTION 0

/* The bytes from @offset on, if @len of them are there. */
static const void *at(const struct elf_file *elf, uint64_t offset, uint64_t len)
{
	if (offset > elf->size || len > elf->size - offset)
		return NULL;
	return elf->data + offset;
}

bool elf_open(struct elf_file *elf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size >= sizeof(Elf64_Ehdr))
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return false;
	*elf = (struct elf_file){ .data = data, .size = st.st_size };
	if (!memcmp(elf->data, ELFMAG, SELFMAG) &&
	    elf->data[EI_CLASS] == ELFCLASS64)
		return true;
	elf_close(elf);
	return false;
}

void elf_close(struct elf_file *elf)
{
	if (elf->size)
		munmap((void *)elf->data, elf->size);
	*elf = (struct elf_file){ 0 };
}

static const Elf64_Shdr *elf_sections(const struct elf_file *elf, size_t *num)
{
	const Elf64_Ehdr *ehdr = at(elf, 0, sizeof(*ehdr));
	const Elf64_Shdr *sections;

	sections = at(elf, ehdr->e_shoff,
		      (uint64_t)ehdr->e_shnum * sizeof(*sections));
	*num = sections ? ehdr->e_shnum : 0;
	return sections;
}

/* The name at @offset of a table of them, if it ends there. */
static const char *elf_string(const struct elf_file *elf,
			      const Elf64_Shdr *table, uint64_t offset)
{
	const char *strings = at(elf, table->sh_offset, table->sh_size);

	if (!strings || offset >= table->sh_size ||
	    !memchr(strings + offset, 0, table->sh_size - offset))
		return NULL;
	return strings + offset;
}

/* What is asked of the symbols: one of this type with this name, or that
 * holds this address. */
struct wanted {
	unsigned char type;
	const char *name;
	unsigned int section;
	uint64_t addr;
};

static bool symbol_is(const Elf64_Sym *sym, const char *name,
		      const struct wanted *wanted)
{
	if (ELF64_ST_TYPE(sym->st_info) != wanted->type || !name)
		return false;
	if (wanted->name)
		return !strcmp(name, wanted->name);
	return wanted->addr >= sym->st_value &&
	       wanted->addr - sym->st_value < sym->st_size &&
	       (wanted->section == ANY_SECTION ||
		wanted->section == sym->st_shndx);
}

static const char *elf_find(const struct elf_file *elf,
			    const struct wanted *wanted, uint64_t *value)
{
	const Elf64_Shdr *sections, *table;
	size_t num, s, i;

	sections = elf_sections(elf, &num);
	for (s = 0; s < num; s++) {
		const Elf64_Sym *syms;

		table = &sections[s];
		if (table->sh_type != SHT_SYMTAB || table->sh_link >= num)
			continue;
		syms = at(elf, table->sh_offset, table->sh_size);
		for (i = 0; syms && i < table->sh_size / sizeof(*syms); i++) {
			const char *name = elf_string(elf,
						      &sections[table->sh_link],
						      syms[i].st_name);

			if (!symbol_is(&syms[i], name, wanted))
				continue;
			*value = syms[i].st_value;
			return name;
		}
	}
	return NULL;
}

const char *elf_function(const struct elf_file *elf, uint64_t addr,
			 uint64_t *start)
{
	const struct wanted wanted = { .type = STT_FUNC, .addr = addr };

	return elf_find(elf, &wanted, start);
}

uint64_t elf_object(const struct elf_file *elf, const char *name)
{
	const struct wanted wanted = { .type = STT_OBJECT, .name = name };
	uint64_t value;

	return elf_find(elf, &wanted, &value) ? value : 0;
}

/* Sections of code lie one behind the other, in the order of the file; what is
 * for the start of the module has a place of its own. */
static bool is_code(const struct elf_file *elf, const Elf64_Shdr *section,
		    const Elf64_Shdr *names)
{
	const uint64_t flags = SHF_ALLOC | SHF_EXECINSTR;
	const char *name = elf_string(elf, names, section->sh_name);

	return (section->sh_flags & flags) == flags && name &&
	       strncmp(name, ".init", 5);
}

const char *elf_module_function(const struct elf_file *elf, uint64_t offset,
				uint64_t *start)
{
	const Elf64_Ehdr *ehdr = at(elf, 0, sizeof(*ehdr));
	struct wanted wanted = { .type = STT_FUNC };
	const Elf64_Shdr *sections;
	uint64_t begin = 0;
	size_t num, i;

	sections = elf_sections(elf, &num);
	for (i = 0; i < num && ehdr->e_shstrndx < num; i++) {
		uint64_t align = sections[i].sh_addralign;

		if (!is_code(elf, &sections[i], &sections[ehdr->e_shstrndx]))
			continue;
		if (align > 1)
			begin = (begin + align - 1) / align * align;
		if (offset >= begin && offset - begin < sections[i].sh_size) {
			const char *name;

			wanted.section = i;
			wanted.addr = offset - begin;
			name = elf_find(elf, &wanted, start);
			*start += name ? begin : 0;
			return name;
		}
		begin += sections[i].sh_size;
	}
	return NULL;
}
