// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A guest in an endless loop says nothing, but its kernel is an ordinary
 * process of ours: ptrace has its registers and memory, the ELF symbols of its
 * image and of its modules the names that belong to them.
 *
 * The kernel is built with frame pointers, so that each frame has the address
 * of the one above it. Where a module lies the kernel's list of them says:
 *
 *	struct list_head modules	next -> struct module
 *	struct module			state, list, name[], ..., somewhere
 *					behind: begin and size of its code
 *
 * "Somewhere" differs from release to release; it is the address of a page
 * not far below the one that is looked for, with a size that reaches it.
 *
 * Trust: the files are ours. The memory is the guest's: whatever is in it, a
 * wrong name is the worst that comes of it.
 */
#include "uml-where.h"

#include "elf-file.h"
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a running process may take to stop. */
#define STOP_MS 200
#define MAX_CALLERS 20
#define MAX_MODULES 256
#define MAX_CODE (64 << 20)
/* Of struct module: in front of its list_head, name behind that, all that is
 * looked at. */
#define MODULE_LIST 8
#define MODULE_NAME 24
#define MODULE_NAME_LEN 56
#define MODULE_BYTES 2048

struct where {
	int mem;		/* of the process, which is stopped */
	struct elf_file image;
	const char *modules;	/* tree of files */
	FILE *out;
};

static bool peek(const struct where *where, uint64_t addr, void *data,
		 size_t len)
{
	return pread(where->mem, data, len, addr) == len;
}

/* ---- modules */

/* Begin of the code that holds @pc, as struct module says; 0 if it does not. */
static uint64_t code_begin(const uint8_t *module, uint64_t pc)
{
	uint64_t begin, found = 0;
	uint32_t bytes;
	size_t i, k;

	for (i = MODULE_NAME + MODULE_NAME_LEN; i + 24 <= MODULE_BYTES; i += 8) {
		memcpy(&begin, module + i, sizeof(begin));
		if (begin % 4096 || begin <= found || begin > pc)
			continue;
		for (k = 8; k < 24; k += 4) {
			memcpy(&bytes, module + i + k, sizeof(bytes));
			if (bytes <= MAX_CODE && bytes > pc - begin)
				found = begin;
		}
	}
	return found;
}

static bool print_module_function(const struct where *where, const char *name,
				  uint64_t offset, bool with_offset)
{
	struct module_list list = {};
	struct road_error error = {};
	struct modules *modules = NULL;
	const char *function = NULL;
	struct elf_file elf = {};
	uint64_t start = 0;

	if (!modules_create(where->modules, NULL, &modules, &error) &&
	    !modules_resolve(modules, name, &list, &error) && list.num &&
	    elf_open(&elf, list.modules[list.num - 1].path))
		function = elf_module_function(&elf, offset, &start);
	if (function && with_offset)
		fprintf(where->out, "%.100s+0x%" PRIx64 " [%s]", function,
			offset - start, name);
	else if (function)
		fprintf(where->out, "%.100s [%s]", function, name);
	elf_close(&elf);
	modules_list_deinit(&list);
	modules_destroy(modules);
	err_clear(&error);
	return function;
}

/* Is it the name of a module, and no more? */
static bool is_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *name && !name[strspn(name, letters)];
}

static bool print_in_module(const struct where *where, uint64_t pc,
			    bool with_offset)
{
	uint64_t head = elf_object(&where->image, "modules"), node = head;
	uint8_t module[MODULE_BYTES];
	size_t i;

	for (i = 0; head && i < MAX_MODULES; i++) {
		char name[MODULE_NAME_LEN + 1] = {};
		uint64_t begin;

		if (!peek(where, node, &node, sizeof(node)) || node == head ||
		    !peek(where, node - MODULE_LIST, module, sizeof(module)))
			return false;
		begin = code_begin(module, pc);
		memcpy(name, module + MODULE_NAME, MODULE_NAME_LEN);
		if (begin && is_name(name) &&
		    print_module_function(where, name, pc - begin,
					  with_offset))
			return true;
	}
	return false;
}

/* ---- frames */

/* Print the function that holds @pc. Return: false if it is not known. */
static bool print_function(const struct where *where, uint64_t pc,
			   bool with_offset)
{
	uint64_t start;
	const char *name = elf_function(&where->image, pc, &start);

	if (!name)
		return print_in_module(where, pc, with_offset);
	if (with_offset)
		fprintf(where->out, "%.100s+0x%" PRIx64, name, pc - start);
	else
		fprintf(where->out, "%.100s", name);
	return true;
}

/* At its first two instructions and its last one a function has no frame: the
 * frame is its caller's then. Return: where it returns to, 0 if it has one. */
static uint64_t bare_return(const struct where *where,
			    const struct user_regs_struct *regs)
{
	static const uint8_t mov_rsp_rbp[] = { 0x48, 0x89, 0xe5 };
	const uint8_t push_rbp = 0x55, ret = 0xc3;
	uint64_t slot = regs->rsp, addr;
	uint8_t code[sizeof(mov_rsp_rbp)];

	if (!peek(where, regs->rip, code, sizeof(code)))
		return 0;
	if (!memcmp(code, mov_rsp_rbp, sizeof(code)))
		slot += 8;
	else if (code[0] != push_rbp && code[0] != ret)
		return 0;
	return peek(where, slot, &addr, sizeof(addr)) ? addr : 0;
}

/* Print the function that goes on at @ret. */
static bool print_caller(const struct where *where, uint64_t ret, bool first)
{
	fputs(first ? ", called by " : ", ", where->out);
	/* What is called last has its return behind its end. */
	if (print_function(where, ret - 1, false))
		return true;
	fputs("...", where->out);
	return false;
}

static void print_callers(const struct where *where,
			  const struct user_regs_struct *regs)
{
	uint64_t frame = regs->rbp, stack = regs->rsp;
	uint64_t ret = bare_return(where, regs);
	uint64_t words[2];	/* the frame above, and where to go on there */
	size_t i;

	if (ret && !print_caller(where, ret, true))
		return;
	for (i = 0; i < MAX_CALLERS && frame % 8 == 0 && frame >= stack; i++) {
		if (!peek(where, frame, words, sizeof(words)) || !words[1] ||
		    !print_caller(where, words[1], !ret && !i))
			return;
		stack = frame + 1;
		frame = words[0];
	}
}

static void print_where(const struct where *where,
			const struct user_regs_struct *regs)
{
	fputs("in ", where->out);
	/* The C library has no frames: they are those of its caller. */
	if (!print_function(where, regs->rip, true))
		fprintf(where->out, "a module or the C library, at 0x%llx",
			regs->rip);
	print_callers(where, regs);
}

/* ---- the process */

static int stop(pid_t pid, struct user_regs_struct *regs)
{
	int ms, status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return -errno;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	for (ms = 0; ms < STOP_MS; ms++) {
		if (waitpid(pid, &status, WNOHANG | __WALL) == pid) {
			if (!WIFSTOPPED(status) ||
			    ptrace(PTRACE_GETREGS, pid, NULL, regs))
				break;
			return 0;
		}
		poll(NULL, 0, 1);
	}
	return -ESRCH;
}

int uml_where(pid_t pid, const char *image, const char *modules, char *buf,
	      size_t size)
{
	struct where where = { .modules = modules };
	struct user_regs_struct regs;
	char path[32];
	int ret;

	if (!pid)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	where.mem = open(path, O_RDONLY | O_CLOEXEC);
	memset(buf, 0, size);
	where.out = fmemopen(buf, size - 1, "w");
	ret = where.out ? stop(pid, &regs) : -ENOMEM;
	if (!ret) {
		elf_open(&where.image, image);
		print_where(&where, &regs);
		elf_close(&where.image);
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (where.out)
		fclose(where.out);
	if (where.mem >= 0)
		close(where.mem);
	return ret;
}
