// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-uml.c - of lib/uml.c: how the end of a kernel is described */
#include "uml.h"
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A process that ends by itself: of a signal, or with a status. */
static void describe(int signo, int status, char *buf, size_t size)
{
	struct uml uml;

	uml_init(&uml);
	uml.pid = fork();
	if (!uml.pid) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		/* Sanitizers catch it. */
		if (signo && signo != SIGKILL)
			signal(signo, SIG_DFL);
		if (signo)
			kill(getpid(), signo);
		_exit(status);
	}
	uml.pidfd = syscall(SYS_pidfd_open, uml.pid, 0);
	CHECK_INT(uml_describe_end(&uml, 5000, buf, size), 0);
	uml_kill(&uml);
}

static void an_end_says_how(void)
{
	char buf[200];

	describe(0, 3, buf, sizeof(buf));
	CHECK_STR(buf, "exited with status 3");
	describe(SIGKILL, 0, buf, sizeof(buf));
	CHECK_STR(buf, "was killed by signal 9 (Killed)");
}

static void a_fault_that_the_kernel_could_not_handle_says_what_it_may_be(void)
{
	char buf[200];

	describe(SIGSEGV, 0, buf, sizeof(buf));
	CHECK_STR(buf, "was killed by signal 11 (Segmentation fault) and could "
		       "not say why: an endless recursion, or memory that was "
		       "overwritten?");
}

static const struct unit_test tests[] = {
	{"an_end_says_how", an_end_says_how},
	{"a_fault_that_the_kernel_could_not_handle_says_what_it_may_be",
	 a_fault_that_the_kernel_could_not_handle_says_what_it_may_be},
};

UNIT_MAIN(tests)
