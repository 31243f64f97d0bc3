// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-elf-file.c - of lib/elf-file.c: files whose tables lie anywhere
 *
 * The kernel's build packs the tables of a module; the sanitizers see an access
 * that is not aligned.
 */
#include "elf-file.h"
#include "unit.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NONE, CODE, SYMBOLS, STRINGS, NUM };

static const char strings[] = "\0.text\0first\0second\0thing";

/* A module with two functions and an object, its tables @shift bytes off. */
static size_t elf_make(char *file, unsigned int shift)
{
	const Elf64_Sym symbols[] = {
		{ 0 },
		{ .st_name = 7, .st_info = STT_FUNC, .st_shndx = CODE,
		  .st_value = 0, .st_size = 16 },
		{ .st_name = 13, .st_info = STT_FUNC, .st_shndx = CODE,
		  .st_value = 16, .st_size = 32 },
		{ .st_name = 20, .st_info = STT_OBJECT, .st_shndx = CODE,
		  .st_value = 0x1234, .st_size = 4 },
	};
	Elf64_Shdr sections[NUM] = {
		[CODE] = { .sh_name = 1, .sh_type = SHT_PROGBITS,
			   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
			   .sh_size = 48, .sh_addralign = 16 },
		[SYMBOLS] = { .sh_type = SHT_SYMTAB, .sh_link = STRINGS,
			      .sh_size = sizeof(symbols) },
		[STRINGS] = { .sh_type = SHT_STRTAB,
			      .sh_size = sizeof(strings) },
	};
	Elf64_Ehdr ehdr = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			    .e_shnum = NUM, .e_shstrndx = STRINGS };
	size_t at = sizeof(ehdr) + shift;

	sections[SYMBOLS].sh_offset = at;
	memcpy(file + at, symbols, sizeof(symbols));
	at += sizeof(symbols);
	sections[STRINGS].sh_offset = at;
	memcpy(file + at, strings, sizeof(strings));
	at += sizeof(strings);
	ehdr.e_shoff = at;
	memcpy(file + at, sections, sizeof(sections));
	memcpy(file, &ehdr, sizeof(ehdr));
	return at + sizeof(sections);
}

/* Write @len bytes to a file of its own, and open that. */
static bool elf_from(struct elf_file *elf, const char *file, size_t len)
{
	char path[] = "/tmp/roadtest-elf-XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	CHECK(fd >= 0);
	CHECK_INT(write(fd, file, len), len);
	close(fd);
	ok = elf_open(elf, path);
	unlink(path);
	return ok;
}

static void tables_may_lie_anywhere(void)
{
	char file[1024] = { 0 };
	struct elf_file elf;
	uint64_t start = 0;
	unsigned int shift;

	for (shift = 0; shift < 9; shift++) {
		CHECK(elf_from(&elf, file, elf_make(file, shift)));
		CHECK_STR(elf_module_function(&elf, 20, &start), "second");
		CHECK_INT(start, 16);
		CHECK_STR(elf_function(&elf, 3, &start), "first");
		CHECK_INT(elf_object(&elf, "thing"), 0x1234);
		CHECK_INT(elf_object(&elf, "second"), 0);
		CHECK(!elf_function(&elf, 100, &start));
		elf_close(&elf);
	}
}

/* Whatever is cut off, nothing behind the end is looked at. */
static void a_file_that_is_cut_has_no_names(void)
{
	char file[1024] = { 0 };
	size_t whole = elf_make(file, 3), len;
	struct elf_file elf;
	uint64_t start;

	for (len = 0; len < whole; len++) {
		if (!elf_from(&elf, file, len))
			continue;
		CHECK(!elf_module_function(&elf, 20, &start));
		CHECK_INT(elf_object(&elf, "thing"), 0);
		elf_close(&elf);
	}
}

static const struct unit_test tests[] = {
	{ "tables_may_lie_anywhere", tables_may_lie_anywhere },
	{ "a_file_that_is_cut_has_no_names", a_file_that_is_cut_has_no_names },
};

UNIT_MAIN(tests)
