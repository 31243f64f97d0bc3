// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * helper.c - what tests of roadtest do in the guest with a program
 *
 * Static; road_put() by the tests and run there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* kill-parent SIGNAL: the agent's worker that runs this. */
static int do_kill_parent(char **argv)
{
	return kill(getppid(), atoi(argv[0])) ? fail("kill") : 0;
}

/*
 * kill-init: the kernel protects init from signals, but not from an illegal
 * instruction where its next one should be. That is anywhere in its code.
 */
static int do_kill_init(char **argv)
{
	static uint8_t ud2[1 << 20];
	unsigned long from, to;
	char line[256];
	FILE *maps;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(ud2); i++)
		ud2[i] = i & 1 ? 0x0b : 0x0f;
	fd = open("/proc/1/mem", O_RDWR);
	maps = fopen("/proc/1/maps", "r");
	if (fd < 0 || !maps)
		return fail("/proc/1");
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx r-xp", &from, &to) != 2 ||
		    !strstr(line, "r-xp") || to - from > sizeof(ud2))
			continue;
		if (pwrite(fd, ud2, to - from, from) < 0)
			return fail("/proc/1/mem");
	}
	/* Its next signal wakes it up. */
	return kill(1, SIGCHLD) ? fail("kill") : 0;
}

/* eat: all the memory that there is. */
static int do_eat(char **argv)
{
	for (;;) {
		char *page = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return fail("mmap");
		memset(page, 0xa5, 64 * PAGE);
	}
}

/* spin: never ends and never sleeps. */
static int do_spin(char **argv)
{
	volatile bool ever = true;

	while (ever)
		;
	return 0;
}

/* cat STATUS: standard input to standard output, a word to standard error. */
static int do_cat(char **argv)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			return fail("write");
	fputs("done", stderr);
	return atoi(argv[0]);
}

/* flood BYTES: to both outputs, as fast as they take them. */
static int do_flood(char **argv)
{
	long left = atol(argv[0]);
	char buf[1024];

	memset(buf, 'x', sizeof(buf));
	for (; left > 0; left -= sizeof(buf))
		if (write(1, buf, sizeof(buf)) < 0 ||
		    write(2, buf, sizeof(buf)) < 0)
			return 1;
	return 0;
}

/* sleep NANOSECONDS: prints how long it took. */
static int do_sleep(char **argv)
{
	uint64_t ns = strtoull(argv[0], NULL, 0), start = now_ns();
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	if (nanosleep(&ts, NULL))
		return fail("nanosleep");
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	return 0;
}

/* mknod PATH MAJOR MINOR: a character device. */
static int do_mknod(char **argv)
{
	dev_t dev = makedev(atoi(argv[1]), atoi(argv[2]));

	return mknod(argv[0], S_IFCHR | 0600, dev) ? fail(argv[0]) : 0;
}

static const struct {
	const char *name;
	int num_args;
	int (*run)(char **argv);
} commands[] = {
	{ "kill-parent", 1, do_kill_parent },
	{ "kill-init", 0, do_kill_init },
	{ "eat", 0, do_eat },
	{ "spin", 0, do_spin },
	{ "cat", 1, do_cat },
	{ "flood", 1, do_flood },
	{ "sleep", 1, do_sleep },
	{ "mknod", 3, do_mknod },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) &&
		    argc == 2 + commands[i].num_args)
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: helper COMMAND ARGS, see helper.c\n");
	return 2;
}
