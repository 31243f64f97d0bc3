// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * harness.c - the main program of a C test suite
 *
 * The parent forks one child after the other, each runs one test. Whatever
 * the child prints comes through a pipe and becomes diagnostics; how it ended
 * comes from memory that both share and from its exit status. The parent holds
 * no machine, so nothing that a test does can harm the tests behind it.
 *
 * With --no-fork one test runs in the program itself: a debugger need not know
 * which of the processes to follow.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 120	/* seconds of wall time for one test */
#define DEATH_MS 3000		/* for a child to print its stack and die */
#define TAIL_SIZE 32768		/* of a child's output, to find its stack */

enum { EXIT_PASSED, EXIT_FAILED, EXIT_NOT_RUN };

struct harness {
	const char *program;
	struct test_case *cases;
	size_t num_cases;
	unsigned int timeout;
	bool list, no_fork;
	struct test_outcome *outcomes;	/* one a case; shared with its child */
	struct ktap ktap;
	int signals;			/* signalfd */
	sigset_t old_mask;
};

/* The child that runs. */
struct child {
	pid_t pid;
	int pidfd, output;		/* output -1: at its end */
	int64_t deadline;		/* monotonic milliseconds */
	unsigned int limit;		/* seconds */
	bool hung;
	int interrupted;		/* signal that ends everything */
	char *tail;			/* last output, NUL-terminated */
	size_t tail_len;
};

/* ------------------------------------------------------------------------
 * The cases of a program
 */

static int case_order(const void *a, const void *b)
{
	const struct test_case *one = a, *two = b;
	const struct road_test *s = one->test, *t = two->test;
	int order = strcmp(s->file, t->file);

	/* As they stand in the file: fixtures, in them variants, in them
	 * tests. */
	if (!order)
		order = (s->fixture ? s->fixture->line : s->line) -
			(t->fixture ? t->fixture->line : t->line);
	if (!order && one->variant && two->variant)
		order = one->variant->line - two->variant->line;
	return order ? order : s->line - t->line;
}

static void harness_add(struct harness *h, const struct road_test *test,
			const struct road_variant *variant)
{
	struct test_case *cases = realloc(h->cases, (h->num_cases + 1) *
					  sizeof(*cases));
	struct test_case *tc = cases ? cases + h->num_cases : NULL;

	if (!tc)
		abort();
	h->cases = cases;
	h->num_cases++;
	*tc = (struct test_case){ .test = test, .variant = variant };
	if (asprintf(&tc->id, "%s%s%s%s%s",
		     test->fixture ? test->fixture->name : "",
		     test->fixture ? "." : "", variant ? variant->name : "",
		     variant ? "." : "", test->name) < 0)
		abort();
}

static void harness_collect(struct harness *h,
			    const struct road_test_table *table)
{
	const struct road_test *const *t;
	const struct road_variant *const *v;

	for (t = table->tests; t < table->tests_end; t++) {
		bool any = false;

		for (v = table->variants; v < table->variants_end; v++) {
			if (!(*t)->fixture || (*v)->fixture != (*t)->fixture)
				continue;
			harness_add(h, *t, *v);
			any = true;
		}
		if (!any)
			harness_add(h, *t, NULL);
	}
	if (h->num_cases)
		qsort(h->cases, h->num_cases, sizeof(*h->cases), case_order);
}

/* Of two tests of one name a run would know one, and report it for both. */
static bool harness_names_differ(const struct harness *h)
{
	for (size_t i = 0; i < h->num_cases; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct road_test *a = h->cases[k].test;
			const struct road_test *b = h->cases[i].test;

			if (strcmp(h->cases[i].id, h->cases[k].id))
				continue;
			fprintf(stderr, "%s: two tests are called \"%s\", at %s:%d and %s:%d: give one another name\n",
				h->program, h->cases[i].id, a->file, a->line,
				b->file, b->line);
			return false;
		}
	}
	return true;
}

static void harness_deinit(struct harness *h)
{
	for (size_t i = 0; i < h->num_cases; i++)
		free(h->cases[i].id);
	free(h->cases);
	if (h->outcomes)
		munmap(h->outcomes, h->num_cases * sizeof(*h->outcomes));
	if (h->ktap.file)
		fclose(h->ktap.file);
	if (h->signals >= 0)
		close(h->signals);
}

static struct test_case *harness_find(struct harness *h, const char *id)
{
	for (size_t i = 0; i < h->num_cases; i++)
		if (!strcmp(h->cases[i].id, id))
			return &h->cases[i];
	fprintf(stderr, "%s: there is no test \"%s\"; --list shows all\n",
		h->program, id);
	return NULL;
}

/* ------------------------------------------------------------------------
 * Options
 */

static void harness_help(const char *program)
{
	printf("Usage: %s [OPTION]...\n"
	       "Run the tests of this program; results are KTAP.\n\n"
	       "  --list             print the ids of all tests, run none\n"
	       "  --filter ID        run only this test; may be repeated\n"
	       "  --skip ID          leave this test out; may be repeated\n"
	       "  --timeout SECONDS  wall time for a test, default %d;\n"
	       "                     0: none\n"
	       "  --no-fork          run one test in this process, without a limit\n"
	       "                     of time, for a debugger\n"
	       "  --help             this text\n\n"
	       "Exit status: 0 all passed, 1 a test failed, 2 could not run.\n",
	       program, DEFAULT_TIMEOUT);
}

static bool parse_timeout(const char *text, unsigned int *out)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value > 1000000 || *text == '-') {
		fprintf(stderr, "--timeout needs a number of seconds\n");
		return false;
	}
	*out = value;
	return true;
}

enum {
	OPT_LIST = 1,
	OPT_FILTER,
	OPT_SKIP,
	OPT_TIMEOUT,
	OPT_NO_FORK,
	OPT_HELP,
};

static const struct option options[] = {
	{ "list", no_argument, NULL, OPT_LIST },
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "skip", required_argument, NULL, OPT_SKIP },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "no-fork", no_argument, NULL, OPT_NO_FORK },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Mark what --filter and --skip select. Return: was every id known? */
static bool harness_select(struct harness *h, int argc, char **argv)
{
	bool filtered = false;
	struct test_case *tc;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != OPT_FILTER)
			continue;
		tc = harness_find(h, optarg);
		if (!tc)
			return false;
		tc->selected = filtered = true;
	}
	for (size_t i = 0; i < h->num_cases && !filtered; i++)
		h->cases[i].selected = true;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != OPT_SKIP)
			continue;
		tc = harness_find(h, optarg);
		if (!tc)
			return false;
		tc->selected = false;
	}
	return true;
}

/* Return: an exit status, -1 to go on. */
static int harness_parse(struct harness *h, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_LIST:
			h->list = true;
			break;
		case OPT_TIMEOUT:
			if (!parse_timeout(optarg, &h->timeout))
				return EXIT_NOT_RUN;
			break;
		case OPT_NO_FORK:
			h->no_fork = true;
			break;
		case OPT_HELP:
			harness_help(h->program);
			return EXIT_PASSED;
		case '?':
			fprintf(stderr, "Try \"%s --help\".\n", h->program);
			return EXIT_NOT_RUN;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: \"%s\": takes options only; to select a test: --filter ID\n",
			h->program, argv[optind]);
		return EXIT_NOT_RUN;
	}
	return harness_select(h, argc, argv) ? -1 : EXIT_NOT_RUN;
}

/* ------------------------------------------------------------------------
 * One child
 */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Is a debugger attached, or is it stopped by job control? Then the time that
 * passes is a human's. */
static bool child_is_held(pid_t pid)
{
	char path[64], line[128];
	bool held = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		/* One that asks to be traced has us, who do not. */
		if (!strncmp(line, "TracerPid:", 10) && atoi(line + 10) &&
		    atoi(line + 10) != getpid())
			held = true;
		if (!strncmp(line, "State:\tT", 8))
			held = true;
	}
	if (file)
		fclose(file);
	return held;
}

static void __attribute__((noreturn))
child_main(struct harness *h, const struct test_case *tc, int output,
	   pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NOT_RUN);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	/* What the test leaves behind must not keep the results' end open. */
	close(fileno(h->ktap.file));
	close(h->signals);
	sigprocmask(SIG_SETMASK, &h->old_mask, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_crash_init();
	test_run_case(tc, output);
	/* Not _exit(): the leak checker and coverage report at exit. */
	exit(0);
}

static bool child_start(struct harness *h, const struct test_case *tc,
			struct child *child)
{
	unsigned int limit = tc->test->timeout;
	pid_t parent = getpid();
	int fds[2];

	*child = (struct child){ .limit = h->timeout };
	if (limit && h->timeout)
		child->limit = limit;
	child->tail = calloc(1, TAIL_SIZE + 1);
	if (!child->tail || pipe2(fds, O_CLOEXEC))
		return false;
	fflush(NULL);
	child->pid = fork();
	if (!child->pid)
		child_main(h, tc, fds[1], parent);
	close(fds[1]);
	child->output = fds[0];
	child->pidfd = child->pid > 0 ? pidfd_open(child->pid, 0) : -1;
	child->deadline = now_ms() + child->limit * 1000LL;
	fcntl(child->output, F_SETFL, O_NONBLOCK);
	return child->pidfd >= 0;
}

/* Pass on what is there, and not what comes meanwhile: a test that prints
 * without an end has its limit of time, too. */
static void child_read(struct harness *h, struct child *child)
{
	char buf[4096];
	ssize_t len;
	int left = 0;

	ioctl(child->output, FIONREAD, &left);
	while ((len = read(child->output, buf, sizeof(buf))) > 0) {
		size_t over = child->tail_len + len > TAIL_SIZE ?
			      child->tail_len + len - TAIL_SIZE : 0;

		ktap_output(&h->ktap, buf, len);
		memmove(child->tail, child->tail + over,
			child->tail_len - over);
		child->tail_len -= over;
		memcpy(child->tail + child->tail_len, buf, len);
		child->tail_len += len;
		child->tail[child->tail_len] = '\0';
		left -= len;
		if (left <= 0)
			break;
	}
	if (!len) {
		close(child->output);
		child->output = -1;
	}
}

/* The deadline has passed: first ask for a stack, then kill. */
static void child_late(struct child *child)
{
	if (!child->hung && child_is_held(child->pid)) {
		child->deadline = now_ms() + child->limit * 1000LL;
		return;
	}
	kill(child->pid, child->hung ? SIGKILL : TEST_SIG_HANG);
	child->hung = true;
	child->deadline = now_ms() + DEATH_MS;
}

static void child_interrupt(struct harness *h, struct child *child)
{
	struct signalfd_siginfo info;

	if (read(h->signals, &info, sizeof(info)) != sizeof(info))
		return;
	/* A debugger's Ctrl-C is for the child. */
	if (info.ssi_signo == SIGINT && child_is_held(child->pid))
		return;
	child->interrupted = info.ssi_signo;
	kill(child->pid, SIGKILL);
}

/* Run the child to its end. Return: its wait status. */
static int child_wait(struct harness *h, struct child *child)
{
	int status = 0;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = child->output, .events = POLLIN },
			{ .fd = child->pidfd, .events = POLLIN },
			{ .fd = h->signals, .events = POLLIN },
		};
		int64_t left = child->deadline - now_ms();
		bool limited = child->limit || child->hung;

		if (limited && left <= 0) {
			child_late(child);
			continue;
		}
		if (poll(fds, 3, limited ? (int)left : -1) < 0 &&
		    errno != EINTR)
			abort();
		if (fds[0].revents)
			child_read(h, child);
		if (fds[2].revents)
			child_interrupt(h, child);
		/* Not the pipe's end: a grandchild may hold it open. */
		if (fds[1].revents)
			break;
	}
	if (child->output >= 0)
		child_read(h, child);
	waitpid(child->pid, &status, 0);
	close(child->pidfd);
	if (child->output >= 0)
		close(child->output);
	return status;
}

/* Say how a child ended that did not end well. */
static void child_explain(struct harness *h, const struct test_case *tc,
			  const struct child *child, int status)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (child->hung)
		ktap_diag(&h->ktap, "the test took more than %u s and was killed",
			  child->limit);
	else if (WIFSIGNALED(status))
		ktap_diag(&h->ktap, "the test died of SIG%s",
			  sigabbrev_np(WTERMSIG(status)));
	else if (!tc->outcome->finished)
		ktap_diag(&h->ktap, "the test called exit(%d)",
			  WEXITSTATUS(status));
	else
		ktap_diag(&h->ktap, "the test's process exited with %d at its end",
			  WEXITSTATUS(status));
	out = open_memstream(&text, &size);
	if (!out)
		return;
	test_crash_symbolize(out, child->tail);
	fclose(out);
	if (size)
		ktap_diag(&h->ktap, "%s", text);
	free(text);
}

/* @ok: it came to its end, and its process ended well. */
static void harness_result(struct harness *h, struct test_case *tc, bool ok)
{
	const struct test_outcome *outcome = tc->outcome;
	const char *directive = NULL;

	tc->failures = __atomic_load_n(&outcome->failures, __ATOMIC_SEQ_CST);
	/* Those of an exit handler come behind the test's own judgement. */
	ok = ok && !outcome->failed && tc->failures == outcome->judged;
	if (ok && outcome->skipped)
		directive = "SKIP";
	else if (ok && outcome->known_bug)
		directive = "known bug:";
	ktap_result(&h->ktap, ok, tc->id, directive, outcome->reason);
}

static void harness_run_case(struct harness *h, struct test_case *tc)
{
	struct child child;
	bool ok;
	int status;

	ktap_start(&h->ktap, tc->id);
	if (!child_start(h, tc, &child)) {
		ktap_diag(&h->ktap, "can't start a process: %m");
		ktap_result(&h->ktap, false, tc->id, NULL, NULL);
		free(child.tail);
		return;
	}
	status = child_wait(h, &child);
	if (child.interrupted) {
		signal(child.interrupted, SIG_DFL);
		sigprocmask(SIG_SETMASK, &h->old_mask, NULL);
		raise(child.interrupted);
	}
	ktap_output_end(&h->ktap);
	ok = !status && tc->outcome->finished;
	if (!ok)
		child_explain(h, tc, &child, status);
	harness_result(h, tc, ok);
	free(child.tail);
}

/* In this process; what the test prints goes to standard error. */
static void harness_run_here(struct harness *h, struct test_case *tc)
{
	sigprocmask(SIG_SETMASK, &h->old_mask, NULL);
	fflush(NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	ktap_start(&h->ktap, tc->id);
	test_run_case(tc, -1);
	harness_result(h, tc, tc->outcome->finished);
}

/* ------------------------------------------------------------------------
 * All of them
 */

/* What the parent needs to run children. */
static bool harness_prepare(struct harness *h, FILE **out)
{
	sigset_t mask;
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &h->old_mask);
	h->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	h->outcomes = mmap(NULL, h->num_cases * sizeof(*h->outcomes),
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (h->outcomes == MAP_FAILED)
		h->outcomes = NULL;
	for (size_t i = 0; h->outcomes && i < h->num_cases; i++)
		h->cases[i].outcome = &h->outcomes[i];
	*out = fd < 0 ? NULL : fdopen(fd, "we");
	return *out && h->outcomes && h->signals >= 0;
}

/* A process that a test has left behind may fail after the test has ended. The
 * result is printed by then: what remains is that the run fails. */
static bool harness_late_failures(const struct harness *h)
{
	bool any = false;

	for (size_t i = 0; i < h->num_cases; i++) {
		const struct test_case *tc = &h->cases[i];

		if (__atomic_load_n(&tc->outcome->failures,
				    __ATOMIC_SEQ_CST) == tc->failures)
			continue;
		fprintf(stderr, "%s: %s: an assertion failed in a process that the test forked, after the test had ended: wait for it there\n",
			h->program, tc->id);
		any = true;
	}
	return any;
}

static int harness_run(struct harness *h)
{
	unsigned int plan = 0;
	FILE *out;

	for (size_t i = 0; i < h->num_cases; i++)
		plan += h->cases[i].selected;
	if (!plan) {
		fprintf(stderr, "%s: no tests to run\n", h->program);
		return EXIT_NOT_RUN;
	}
	if (h->no_fork && plan != 1) {
		fprintf(stderr, "%s: --no-fork is for one test: --filter ID\n",
			h->program);
		return EXIT_NOT_RUN;
	}
	if (!harness_prepare(h, &out)) {
		fprintf(stderr, "%s: %m\n", h->program);
		return EXIT_NOT_RUN;
	}
	ktap_begin(&h->ktap, out, plan);
	for (size_t i = 0; i < h->num_cases; i++) {
		if (!h->cases[i].selected)
			continue;
		if (h->no_fork)
			harness_run_here(h, &h->cases[i]);
		else
			harness_run_case(h, &h->cases[i]);
	}
	if (harness_late_failures(h) || h->ktap.failed)
		return EXIT_FAILED;
	return EXIT_PASSED;
}

int road_test_main(int argc, char **argv, const struct road_test_table *table)
{
	struct harness h = {
		.program = program_invocation_short_name,
		.timeout = DEFAULT_TIMEOUT,
		.signals = -1,
	};
	int rc;

	harness_collect(&h, table);
	rc = harness_names_differ(&h) ? harness_parse(&h, argc, argv) :
					EXIT_NOT_RUN;
	if (rc < 0 && h.list) {
		/* Each test is a process and has machines of its own. */
		puts("# independent");
		for (size_t i = 0; i < h.num_cases; i++)
			if (h.cases[i].selected)
				printf("%s\n", h.cases[i].id);
		rc = EXIT_PASSED;
	} else if (rc < 0) {
		rc = harness_run(&h);
	}
	harness_deinit(&h);
	return rc;
}
