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

/*
 * A table of the file: nothing says that it lies where a structure may, so what
 * is looked at is copied. @len: bytes of all of it.
 */
static bool elf_entry(const struct elf_file *elf, uint64_t offset,
		      uint64_t len, size_t i, void *entry, size_t size)
{
	const char *table = at(elf, offset, len);

	if (!table || i >= len / size)
		return false;
	memcpy(entry, table + i * size, size);
	return true;
}

static bool elf_section(const struct elf_file *elf, size_t i,
			Elf64_Shdr *section)
{
	const Elf64_Ehdr *ehdr = at(elf, 0, sizeof(*ehdr));
	uint64_t size = (uint64_t)ehdr->e_shnum * sizeof(*section);

	return elf_entry(elf, ehdr->e_shoff, size, i, section,
			 sizeof(*section));
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

/* Look through one table of symbols, with the names in @names. */
static const char *elf_find_in(const struct elf_file *elf,
			       const Elf64_Shdr *table,
			       const Elf64_Shdr *names,
			       const struct wanted *wanted, uint64_t *value)
{
	const char *name;
	Elf64_Sym sym;
	size_t i;

	for (i = 0; elf_entry(elf, table->sh_offset, table->sh_size, i, &sym,
			      sizeof(sym)); i++) {
		name = elf_string(elf, names, sym.st_name);
		if (!symbol_is(&sym, name, wanted))
			continue;
		*value = sym.st_value;
		return name;
	}
	return NULL;
}

static const char *elf_find(const struct elf_file *elf,
			    const struct wanted *wanted, uint64_t *value)
{
	Elf64_Shdr table, names;
	const char *name = NULL;
	size_t s;

	for (s = 0; !name && elf_section(elf, s, &table); s++)
		if (table.sh_type == SHT_SYMTAB &&
		    elf_section(elf, table.sh_link, &names))
			name = elf_find_in(elf, &table, &names, wanted, value);
	return name;
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
	Elf64_Shdr section, names;
	uint64_t begin = 0;
	size_t i;

	if (!elf_section(elf, ehdr->e_shstrndx, &names))
		return NULL;
	for (i = 0; elf_section(elf, i, &section); i++) {
		uint64_t align = section.sh_addralign;

		if (!is_code(elf, &section, &names))
			continue;
		if (align > 1)
			begin = (begin + align - 1) / align * align;
		if (offset >= begin && offset - begin < section.sh_size) {
			const char *name;

			wanted.section = i;
			wanted.addr = offset - begin;
			name = elf_find(elf, &wanted, start);
			*start += name ? begin : 0;
			return name;
		}
		begin += section.sh_size;
	}
	return NULL;
}
