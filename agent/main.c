// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * main.c - pid 1 of the guest
 *
 * Boot time is what a test waits for first: a system call of the guest costs
 * some microseconds, so there is none here that could be left out.
 *
 *	init				in the guest
 *	modprobe ... ALIAS		for the guest's kernel
 *	NAME --supervisor FD FD...	on the host, for tests of the agent: the
 *					supervisor's channel and the workers'
 *	NAME --worker FD		a worker alone
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

static const struct {
	const char *type, *target;
} mounts[] = {
	{ "devtmpfs", "/dev" },
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "tmpfs", "/tmp" },
	{ "tmpfs", "/run" },
	{ "debugfs", "/sys/kernel/debug" },
};

static void mount_all(void)
{
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const char *target = mounts[i].target;

		if (!mount(mounts[i].type, target, mounts[i].type, 0, NULL) ||
		    errno != ENOENT || mkdir(target, 0755))
			continue;
		mount(mounts[i].type, target, mounts[i].type, 0, NULL);
	}
}

static void write_zero(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* A kernel without it has nothing to switch off. */
	if (write(fd, "0", 1) != 1)
		errno = 0;
	close(fd);
}

static bool wants_autoprobe(void)
{
	char line[4096];
	ssize_t len;
	int fd;

	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[len < 0 ? 0 : len] = '\0';
	return strstr(line, "roadtest.autoprobe=1") != NULL;
}

/* Drivers that are built in have bound by now; from here on a device waits
 * for the test. */
static void autoprobe_off(void)
{
	write_zero("/sys/bus/i2c/drivers_autoprobe");
	write_zero("/sys/bus/spi/drivers_autoprobe");
	write_zero("/sys/bus/platform/drivers_autoprobe");
}

/* A descriptor below 3 that is free would get into a program's streams. */
static void fill_streams(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= 2)
		;
	if (fd > 2)
		close(fd);
}

static void init(void)
{
	int fd;

	umask(0);
	mount_all();
	fill_streams();
	if (!wants_autoprobe())
		autoprobe_off();
	fd = port_open(PROTO_PORT_SUPERVISOR);
	if (fd < 0)
		fatal("no port for the supervisor");
	supervisor_run(fd, NULL, 0);
}

static int test_main(int argc, char **argv)
{
	static struct worker_state state;
	int ports[PROTO_NUM_WORKERS];
	sigset_t waiting;
	int i;

	umask(0);
	if (argc == 3 && !strcmp(argv[1], "--worker")) {
		signals_init(&waiting);
		worker_run(atoi(argv[2]), PROTO_PORT_WORKER, &state);
	}
	if (argc < 4 || argc > 3 + PROTO_NUM_WORKERS ||
	    strcmp(argv[1], "--supervisor"))
		fatal("this is the init of a roadtest guest");
	for (i = 2; i < argc; i++)
		fcntl(atoi(argv[i]), F_SETFD, FD_CLOEXEC);
	for (i = 3; i < argc; i++)
		ports[i - 3] = atoi(argv[i]);
	supervisor_run(atoi(argv[2]), ports, argc - 3);
}

int main(int argc, char **argv)
{
	const char *name = argc ? argv[0] : "";
	const char *slash = strrchr(name, '/');

	if (slash)
		name = slash + 1;
	if (!strcmp(name, "modprobe"))
		return modprobe_main(argc, argv);
	if (getpid() != 1)
		return test_main(argc, argv);
	init();
}
