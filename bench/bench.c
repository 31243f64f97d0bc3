// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bench - what the library's operations cost; one measurement per run
 *
 *	bench boot		nanoseconds from the kernel's start to its agent
 *	bench poweroff		the same, when the agent is a program that powers
 *				off: to the guest's end
 *	bench plain-boot LINUX ROOT SHIM DIR
 *				that without calendar and devices
 *	bench call		of an empty guest call
 *	bench sleep SECONDS	of a guest sleep
 *	bench i2c GUEST_LOOP COUNT
 *				of COUNT register reads by guest-loop, with a
 *				register map in C and the trace on
 *
 * Prints one number. bench.py runs it and makes the table.
 */
#include "spawn.h"

#include <roadtest.h>
#include <roadtest/model.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS 2000

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * ROAD_S + now.tv_nsec;
}

static void check(struct road_machine *machine, int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "bench: %s\n", road_machine_error(machine));
	exit(2);
}

static struct road_machine *boot(void)
{
	struct road_machine_config config = {
		.call_limit_ns = 10000 * ROAD_S,
	};
	struct road_machine *machine = road_machine_create(&config);

	check(machine, road_machine_boot(machine));
	return machine;
}

static uint64_t bench_boot(char **argv)
{
	struct road_machine *machine = boot();
	uint64_t ns = road_machine_boot_ns(machine);

	road_machine_destroy(machine);
	return ns;
}

/* bench.py has put another program where the agent is looked for. */
static uint64_t bench_poweroff(char **argv)
{
	struct road_machine *machine = road_machine_create(NULL);
	uint64_t ns;

	if (road_machine_boot(machine) != -ROAD_EGONE) {
		fprintf(stderr, "bench: the guest did not power off\n");
		exit(2);
	}
	ns = road_machine_boot_ns(machine);
	road_machine_destroy(machine);
	return ns;
}

/*
 * The same kernel with the same memory, root file system and console on one
 * processor; time-travel=inf-cpu stands in for the calendar, so that the delay
 * loop is not calibrated here either.
 */
static uint64_t bench_plain_boot(char **argv)
{
	char *args[] = { "time-travel=inf-cpu", "ignore_loglevel", NULL };
	uint64_t start;
	char buf[16384];
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return 0;
	start = wall_ns();
	pid = spawn_guest(argv, args, fds[1]);
	close(fds[1]);
	while (read(fds[0], buf, sizeof(buf)) > 0)
		;
	waitpid(pid, NULL, 0);
	return wall_ns() - start;
}

static uint64_t bench_call(char **argv)
{
	struct road_machine *machine = boot();
	uint64_t start;
	int i;

	for (i = 0; i < 100; i++)
		check(machine, road_poll(machine, NULL, 0, 0));
	start = wall_ns();
	for (i = 0; i < CALLS; i++)
		check(machine, road_poll(machine, NULL, 0, 0));
	start = (wall_ns() - start) / CALLS;
	road_machine_destroy(machine);
	return start;
}

static uint64_t bench_sleep(char **argv)
{
	struct road_machine *machine = boot();
	uint64_t virt = road_now(machine), start = wall_ns();
	int seconds = atoi(argv[0]);

	/* poll() without descriptors is a sleep of a task in the guest. */
	check(machine, road_poll(machine, NULL, 0, seconds * 1000));
	start = wall_ns() - start;
	if (road_now(machine) - virt < seconds * ROAD_S) {
		fprintf(stderr, "bench: the guest slept too short\n");
		exit(2);
	}
	road_machine_destroy(machine);
	return start;
}

static const struct road_reg_desc bench_regs[] = {
	{ 0, "VALUE", 0xa5a5, ROAD_RW },
	{},
};

static const struct road_regmap_config bench_map = {
	.regs = bench_regs,
	.width = 2,
};

static void put_file(struct road_machine *machine, const char *from,
		     const char *to)
{
	struct stat st;
	int fd = open(from, O_RDONLY);
	char *data;

	if (fd < 0 || fstat(fd, &st)) {
		perror(from);
		exit(2);
	}
	data = malloc(st.st_size);
	if (!data || read(fd, data, st.st_size) != st.st_size)
		exit(2);
	check(machine, road_put(machine, to, data, st.st_size, 0755));
	free(data);
	close(fd);
}

static uint64_t run_loop(struct road_machine *machine, const char *count)
{
	const char *const argv[] = { "/tmp/loop", "0x44", count, NULL };
	uint64_t start = wall_ns();
	int ret = road_run(machine, argv, NULL, 0, NULL);

	start = wall_ns() - start;
	check(machine, ret);
	return start;
}

static uint64_t bench_i2c(char **argv)
{
	struct road_machine *machine = boot();
	struct road_regmap map;
	uint64_t ns;

	check(machine, road_regmap_init(&map, "chip", &bench_map));
	check(machine, road_i2c_attach(machine, 0x44, &map.chip));
	put_file(machine, argv[0], "/tmp/loop");
	run_loop(machine, "100");
	ns = run_loop(machine, argv[1]) - run_loop(machine, "0");
	road_machine_destroy(machine);
	return ns;
}

static const struct {
	const char *name;
	int args;
	uint64_t (*run)(char **argv);
} benches[] = {
	{ "boot", 0, bench_boot },
	{ "poweroff", 0, bench_poweroff },
	{ "plain-boot", 4, bench_plain_boot },
	{ "call", 0, bench_call },
	{ "sleep", 1, bench_sleep },
	{ "i2c", 2, bench_i2c },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (strcmp(argv[1], benches[i].name) ||
		    argc - 2 != benches[i].args)
			continue;
		printf("%llu\n", (unsigned long long)benches[i].run(argv + 2));
		return 0;
	}
	fprintf(stderr, "usage: see bench.py, which runs this\n");
	return 2;
}
