// SPDX-License-Identifier: LGPL-2.1-or-later
#include "spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

pid_t spawn_guest(char **argv, char **args, int out)
{
	char hostfs[256], dir[256], preload[256];
	char *all[20] = { argv[0], "mem=48M", hostfs, "rootfstype=hostfs",
			  "rootflags=/", "rw", "init=/init", dir, "umid=bare",
			  "con0=fd:0,fd:1", "panic=-1" };
	char *env[] = { preload, "ROADTEST_SEED=0", NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cpu_set_t cpu;
	pid_t pid;
	int i;

	snprintf(hostfs, sizeof(hostfs), "hostfs=%s", argv[1]);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[2]);
	snprintf(dir, sizeof(dir), "uml_dir=%s/", argv[3]);
	for (i = 0; i < 8 && args[i]; i++)
		all[11 + i] = args[i];
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	pid = vfork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		personality(ADDR_NO_RANDOMIZE);
		dup2(null, 0);
		dup2(out, 1);
		dup2(out, 2);
		execve(all[0], all, env);
		_exit(127);
	}
	close(null);
	return pid;
}

int listen_on(const char *dir, const char *name, char *path, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, size, "%s/%s", dir, name);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		fd = -1;
	return fd;
}
