// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * shim.c - LD_PRELOAD library for the User Mode Linux kernel
 *
 * UML is an ordinary program that is linked to libc dynamically. This library
 * stands in front of four functions of libc, so that an unmodified kernel
 * runs everywhere and always in the same way. Neither the guest nor the stub
 * processes that run the guest's programs see it: a stub is a clone of the
 * kernel that has left libc for good (or, in newer kernels, a static program
 * of its own). The environment is left as it is, for some kernels execute
 * themselves again with ASLR off.
 *
 * ptrace()
 *
 *	UML keeps a guest task's FPU state in a buffer whose size is fixed when
 *	the kernel is built (2696 bytes: up to and with PKRU). Linux takes a
 *	PTRACE_SETREGSET of NT_X86_XSTATE only with the processor's whole
 *	state, which is longer with AMX, and gives EFAULT for less; UML dies of
 *	it. So lay the short buffer over the head of the tracee's whole state
 *	and set that. What lies behind the head (AMX tiles) is not switched
 *	between guest tasks; a guest has no permission to use it.
 *
 * getrandom(), getentropy()
 *
 *	With ROADTEST_SEED=N (decimal, 64 bits) in the environment the bytes
 *	are a function of N and of what was asked for before.
 *
 * sigaction()
 *
 *	Of a fault that is no page fault (a division by zero, an instruction
 *	that does not exist) UML's kernel keeps no registers: it panics with
 *	"Kernel mode signal 8" and a stack that has nothing of the code that
 *	did it. A page fault it reports like other architectures an oops. So
 *	say what it was in the words that x86 has for it, and hand the fault
 *	to the handler of page faults.
 *
 * Where a guest's random numbers come from (6.1 to 6.12; arch/um and
 * drivers/char/random.c):
 *
 *	source					made constant by
 *	os_getrandom(): rng_seed of setup_arch(),
 *	  arch_get_random_longs() at each reseed	this file
 *	random_get_entropy(), jiffies, boot time	the calendar: all
 *	  (jitter entropy, interrupts, timers)	clocks are virtual; UML has no
 *						cycle counter of its own
 *	registers at an interrupt		ADDR_NO_RANDOMIZE
 *	utsname					the kernel
 *	the kernel's command line		lib/uml.c: no path in it that
 *						is another one each time
 *
 * Not covered, because the guest's kernel does not read it: AT_RANDOM (libc's
 * own stack canary; the guest's programs get theirs from the guest's kernel)
 * and the name that mkstemp() gives to the file behind the guest's memory. A
 * guest program that executes RDRAND or RDTSC gets the processor's answer.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHIM_API __attribute__((visibility("default")))

/* Of getentropy(3): more is refused. */
#define GETENTROPY_MAX 256

/*
 * The tracee's whole state. Static because UML's kernel stacks are small; one
 * is enough because UML calls ptrace() from one thread and never from a
 * signal handler. AMX needs 11008 bytes.
 */
static char xstate[65536] __attribute__((aligned(64)));

/* Bytes of the processor's whole state; 0: not known yet. */
static size_t xstate_len;

/* Merge the short @iov into the tracee's state and set the whole. */
static long set_short_xstate(pid_t pid, void *type, const struct iovec *iov)
{
	struct iovec full = { xstate, sizeof(xstate) };

	if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, type, &full) < 0)
		return -1;
	xstate_len = full.iov_len;
	if (iov->iov_len >= full.iov_len) {
		/* Then its length is not why it was refused. */
		errno = EFAULT;
		return -1;
	}
	memcpy(xstate, iov->iov_base, iov->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, type, &full);
}

static long set_xstate(pid_t pid, void *type, void *data)
{
	const struct iovec *iov = data;
	int saved = errno;
	long ret;

	/* The kernel is asked first, so that its errors stay its own, until
	 * it is known that a buffer of this length can only be refused. */
	if (!xstate_len || !iov || iov->iov_len >= xstate_len ||
	    iov->iov_len % sizeof(uint64_t)) {
		ret = syscall(SYS_ptrace, PTRACE_SETREGSET, pid, type, data);
		if (ret >= 0 || errno != EFAULT || !iov || !iov->iov_base)
			return ret;
	}
	ret = set_short_xstate(pid, type, iov);
	if (ret >= 0)
		errno = saved;
	return ret;
}

SHIM_API long ptrace(enum __ptrace_request request, ...)
{
	void *addr, *data;
	long ret, word;
	va_list ap;
	pid_t pid;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);

	switch (request) {
	case PTRACE_SETREGSET:
		if ((uintptr_t)addr == NT_X86_XSTATE)
			return set_xstate(pid, addr, data);
		break;
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
	case PTRACE_PEEKUSER:
		/* The system call stores the word; libc's function returns
		 * it, and a clear errno says that a -1 is no error. */
		ret = syscall(SYS_ptrace, request, pid, addr, &word);
		if (ret < 0)
			return ret;
		errno = 0;
		return word;
	default:
		break;
	}
	return syscall(SYS_ptrace, request, pid, addr, data);
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do, 0 too. */
static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* The seed of the environment. Return: is there a valid one? */
static bool parse_seed(uint64_t *seed)
{
	const char *text = getenv("ROADTEST_SEED");
	uint64_t value = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return false;
	}
	*seed = value;
	return true;
}

/* Fill @buf from the stream. Return: false without a seed. */
static bool fill(void *buf, size_t len)
{
	static uint64_t state;
	static enum { UNKNOWN, HAVE_SEED, NO_SEED } seeded;
	unsigned char *p = buf;

	if (seeded == UNKNOWN)
		seeded = parse_seed(&state) ? HAVE_SEED : NO_SEED;
	if (seeded == NO_SEED)
		return false;
	while (len) {
		uint64_t word = splitmix64(&state);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		len -= n;
	}
	return true;
}

SHIM_API ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	if (!(flags & ~(GRND_NONBLOCK | GRND_RANDOM)) && fill(buf, len))
		return len;
	return syscall(SYS_getrandom, buf, len, flags);
}

SHIM_API int getentropy(void *buf, size_t len)
{
	size_t got = 0;

	if (len > GETENTROPY_MAX) {
		errno = EIO;
		return -1;
	}
	if (fill(buf, len))
		return 0;
	while (got < len) {
		ssize_t n = syscall(SYS_getrandom, (char *)buf + got,
				    len - got, 0);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			got += n;
	}
	return 0;
}

typedef void (*signal_fn)(int signo, siginfo_t *info, void *context);

/* What the kernel has for page faults; NULL: nothing yet. */
static signal_fn page_fault;

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		errno = 0;	/* who reads it is gone, and so are we */
}

/* Only the kernel's own faults come here: a program's are seen by ptrace. */
static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	say(signo == SIGFPE ? "Oops: divide error\n" :
			      "Oops: invalid opcode\n");
	/* The address of some page fault before. */
	uc->uc_mcontext.gregs[REG_CR2] = 0;
	page_fault(SIGSEGV, info, context);
}

SHIM_API int sigaction(int signo, const struct sigaction *action,
		       struct sigaction *old)
{
	int (*next)(int, const struct sigaction *, struct sigaction *) =
		dlsym(RTLD_NEXT, "sigaction");
	struct sigaction own;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (!action || !(action->sa_flags & SA_SIGINFO))
		return next(signo, action, old);
	if (signo == SIGSEGV)
		page_fault = action->sa_sigaction;
	if ((signo != SIGFPE && signo != SIGILL) || !page_fault)
		return next(signo, action, old);
	own = *action;
	own.sa_sigaction = on_fault;
	return next(signo, &own, old);
}
