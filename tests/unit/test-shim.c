// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-shim.c - of kernel/preload/shim.c, which is preloaded into this test as
 * it is into UML
 */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Offsets in the standard form of the XSAVE area (Intel SDM vol. 1, 13.4). */
#define XSTATE_BV	512
#define XSTATE_YMM_HIGH	576
/* A short buffer: without the upper half of ymm15, which stands last. */
#define SHORT_LEN	816

/* What the child loads before it stops, and what it finds when it goes on. */
struct shared {
	uint8_t in_head[32], out_head[32];	/* ymm0 */
	uint8_t in_tail[32], out_tail[32];	/* ymm15 */
};

static struct shared *shared;

static void avx_child(void)
{
	asm volatile("vmovdqu %2, %%ymm0\n\t"
		     "vmovdqu %3, %%ymm15\n\t"
		     "int3\n\t"
		     "vmovdqu %%ymm0, %0\n\t"
		     "vmovdqu %%ymm15, %1"
		     : "=m"(shared->out_head), "=m"(shared->out_tail)
		     : "m"(shared->in_head), "m"(shared->in_tail)
		     : "xmm0", "xmm15");
}

/* A traced child that stops at its int3. */
static pid_t start_child(void)
{
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	memset(shared->in_head, 0x11, sizeof(shared->in_head));
	memset(shared->in_tail, 0x22, sizeof(shared->in_tail));
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		avx_child();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	return pid;
}

static void end_child(pid_t pid)
{
	int status;

	CHECK_INT(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool all_bytes(const uint8_t *p, size_t len, uint8_t value)
{
	while (len--) {
		if (*p++ != value)
			return false;
	}
	return true;
}

static void the_kernel_itself_refuses_a_short_buffer(void)
{
	static uint8_t buf[SHORT_LEN];
	struct iovec iov = { buf, sizeof(buf) };
	pid_t pid = start_child();

	CHECK_INT(ptrace(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &iov),
		  0);
	errno = 0;
	CHECK_INT(syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE,
			  &iov), -1);
	CHECK_INT(errno, EFAULT);
	kill_child(pid);
}

static void a_short_buffer_sets_its_part_and_leaves_the_rest(void)
{
	static uint8_t buf[SHORT_LEN];
	struct iovec iov = { buf, sizeof(buf) };

	/* The first time it learns the length, the second it knows it. */
	for (int i = 0; i < 2; i++) {
		pid_t pid = start_child();

		iov.iov_len = sizeof(buf);
		CHECK_INT(ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov),
			  0);
		CHECK(all_bytes(buf + XSTATE_YMM_HIGH, 16, 0x11));
		memset(buf + XSTATE_YMM_HIGH, 0x33, 16);
		memset(buf + 160, 0x33, 16);		/* xmm0 */
		errno = 77;
		CHECK_INT(ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov),
			  0);
		CHECK_INT(errno, 77);
		CHECK_INT(iov.iov_len, sizeof(buf));
		end_child(pid);
		CHECK(all_bytes(shared->out_head, 32, 0x33));
		CHECK(all_bytes(shared->out_tail, 32, 0x22));
	}
}

static void a_whole_buffer_goes_through(void)
{
	static uint8_t buf[65536];
	struct iovec iov = { buf, sizeof(buf) };
	pid_t pid = start_child();

	CHECK_INT(ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov), 0);
	CHECK(iov.iov_len > SHORT_LEN);
	memset(buf + XSTATE_YMM_HIGH, 0x44, 16);
	memset(buf + 160, 0x44, 16);
	CHECK_INT(ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), 0);
	end_child(pid);
	CHECK(all_bytes(shared->out_head, 32, 0x44));
	CHECK(all_bytes(shared->out_tail, 32, 0x22));
}

static void errors_are_the_kernels(void)
{
	static uint8_t buf[SHORT_LEN];
	struct iovec iov = { buf, sizeof(buf) };
	pid_t pid = start_child();

	CHECK_INT(ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov), 0);
	errno = 0;
	CHECK_INT(ptrace(PTRACE_SETREGSET, 0x3fffffff, NT_X86_XSTATE, &iov),
		  -1);
	CHECK_INT(errno, ESRCH);
	iov.iov_len = sizeof(buf) - 3;
	errno = 0;
	CHECK_INT(ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), -1);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK_INT(ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, NULL), -1);
	CHECK_INT(errno, EFAULT);
	iov.iov_base = NULL;
	iov.iov_len = sizeof(buf);
	errno = 0;
	CHECK_INT(ptrace(PTRACE_SETREGSET, pid, 0x7777, &iov), -1);
	CHECK_INT(errno, EINVAL);
	/* A header with a bit that no processor has. */
	iov.iov_base = buf;
	buf[XSTATE_BV + 7] = 0x40;
	errno = 0;
	CHECK_INT(ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), -1);
	CHECK_INT(errno, EINVAL);
	kill_child(pid);
}

static void peek_returns_the_word(void)
{
	static long minus_one = -1;
	struct user_regs_struct regs;
	pid_t pid = start_child();

	errno = 77;
	CHECK_INT(ptrace(PTRACE_PEEKDATA, pid, &minus_one, 0), -1);
	CHECK_INT(errno, 0);
	CHECK_INT(ptrace(PTRACE_POKEDATA, pid, &minus_one, 0x1234567), 0);
	CHECK_INT(ptrace(PTRACE_PEEKTEXT, pid, &minus_one, 0), 0x1234567);
	CHECK_INT(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	CHECK_INT(ptrace(PTRACE_PEEKUSER, pid, RIP * sizeof(long), 0),
		  regs.rip);
	errno = 0;
	CHECK_INT(ptrace(PTRACE_PEEKDATA, pid, 8, 0), -1);
	CHECK_INT(errno, EIO);
	kill_child(pid);
}

/* ------------------------------------------------------------------------
 * Random numbers: each stream needs a process of its own
 */

static int print_random(void)
{
	uint8_t buf[16];
	uint64_t word;

	/* 8 bytes, 3 and 5 of the next word each, 8 bytes. */
	if (getrandom(&word, 8, 0) != 8)
		return 1;
	printf("%" PRIu64, word);
	if (getrandom(buf, 3, GRND_NONBLOCK) != 3 || getentropy(&word, 8))
		return 1;
	printf(" %02x%02x%02x %" PRIu64 "\n", buf[0], buf[1], buf[2], word);
	return 0;
}

static void random_of(const char *seed, char *out, size_t size)
{
	char command[256];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s /proc/%d/exe --random",
		 seed, getpid());
	pipe = popen(command, "r");
	len = fread(out, 1, size - 1, pipe);
	out[len] = '\0';
	CHECK_INT(pclose(pipe), 0);
}

static void random_numbers_are_a_function_of_the_seed(void)
{
	char out[128], again[128];

	/* The reference values of SplitMix64 for this seed are
	 * 6457827717110365317 3203168211198807973 9817491932198370423. */
	random_of("ROADTEST_SEED=1234567", out, sizeof(out));
	CHECK_STR(out, "6457827717110365317 a50f54 9817491932198370423\n");
	random_of("ROADTEST_SEED=0", out, sizeof(out));
	random_of("ROADTEST_SEED=0", again, sizeof(again));
	CHECK_STR(out, again);
	random_of("ROADTEST_SEED=18446744073709551615", again, sizeof(again));
	CHECK(strcmp(out, again));
}

static void without_a_valid_seed_they_are_random(void)
{
	static const char *const seeds[] = {
		"", "ROADTEST_SEED=", "ROADTEST_SEED=12x", "ROADTEST_SEED=-1",
		"ROADTEST_SEED=18446744073709551616",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char out[128], again[128];

		random_of(seeds[i], out, sizeof(out));
		random_of(seeds[i], again, sizeof(again));
		CHECK(out[0] && strcmp(out, again));
	}
}

static void random_errors_are_libcs(void)
{
	char buf[257];

	errno = 0;
	CHECK_INT(getrandom(buf, 8, 0x8000), -1);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK_INT(getentropy(buf, sizeof(buf)), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(getrandom(buf, 0, 0), 0);
}

/* ------------------------------------------------------------------------
 * Faults: as UML's kernel sets its handlers up, in a process of its own
 */

static void on_segv(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	dprintf(1, "signal %d, trap %lld, address %llx\n", signo,
		(long long)uc->uc_mcontext.gregs[REG_TRAPNO],
		(long long)uc->uc_mcontext.gregs[REG_CR2]);
	_exit(0);
}

static void on_other(int signo, siginfo_t *info, void *context)
{
	dprintf(1, "other %d\n", signo);
	_exit(0);
}

static int fault(const char *how)
{
	struct sigaction action = {
		.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO,
	};

	if (strcmp(how, "alone"))
		sigaction(SIGSEGV, &action, NULL);
	action.sa_sigaction = on_other;
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (!strcmp(how, "invalid"))
		asm volatile("ud2");
	if (!strcmp(how, "bus"))
		raise(SIGBUS);
	asm volatile("xor %%ecx, %%ecx\n\tdiv %%ecx" : : : "eax", "ecx", "edx");
	return 1;
}

static void fault_gives(const char *how, const char *output)
{
	char command[64], out[128];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "/proc/%d/exe --fault %s", getpid(),
		 how);
	pipe = popen(command, "r");
	len = fread(out, 1, sizeof(out) - 1, pipe);
	out[len] = '\0';
	CHECK_INT(pclose(pipe), 0);
	CHECK_STR(out, output);
}

/* Trap 0 is a divide error, 6 an invalid opcode (Intel SDM vol. 3, 6.3.1). */
static void faults_that_are_no_page_faults_get_their_handler(void)
{
	fault_gives("divide",
		    "Oops: divide error\nsignal 11, trap 0, address 0\n");
	fault_gives("invalid",
		    "Oops: invalid opcode\nsignal 11, trap 6, address 0\n");
	/* That one has a message of its own in UML. */
	fault_gives("bus", "other 7\n");
	fault_gives("alone", "other 8\n");
}

static const struct unit_test tests[] = {
	{ "faults_that_are_no_page_faults_get_their_handler",
	  faults_that_are_no_page_faults_get_their_handler },
	{ "the_kernel_itself_refuses_a_short_buffer",
	  the_kernel_itself_refuses_a_short_buffer },
	{ "a_short_buffer_sets_its_part_and_leaves_the_rest",
	  a_short_buffer_sets_its_part_and_leaves_the_rest },
	{ "a_whole_buffer_goes_through", a_whole_buffer_goes_through },
	{ "errors_are_the_kernels", errors_are_the_kernels },
	{ "peek_returns_the_word", peek_returns_the_word },
	{ "random_numbers_are_a_function_of_the_seed",
	  random_numbers_are_a_function_of_the_seed },
	{ "without_a_valid_seed_they_are_random",
	  without_a_valid_seed_they_are_random },
	{ "random_errors_are_libcs", random_errors_are_libcs },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--random"))
		return print_random();
	if (argc > 2 && !strcmp(argv[1], "--fault"))
		return fault(argv[2]);
	if (!__builtin_cpu_supports("avx")) {
		printf("1..0 # SKIP no AVX\n");
		return 0;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
