// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * supervisor.c - the task that looks after the workers
 *
 * It never makes a call that could block in a driver, so that it can be asked
 * for signals and stacks when everything else hangs. Workers are clones that
 * share descriptors and the working directory with it, not memory: one that
 * dies in a kernel oops takes nothing with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "modprobe.h"

struct supervisor {
	struct channel channel;
	const int *ports;
	size_t num_ports;
	int fifo;
	int fds[PROTO_NUM_WORKERS];
	pid_t pids[PROTO_NUM_WORKERS];
	struct worker_state *states;
	sigset_t waiting;		/* signal mask while it waits */
};

static int worker_port(struct supervisor *sv, unsigned int index)
{
	if (!sv->ports)
		return port_open(PROTO_PORT_WORKER + index);
	/* A copy, because the death of the worker closes it. */
	if (index < sv->num_ports)
		return fcntl(sv->ports[index], F_DUPFD_CLOEXEC, 3);
	errno = ENODEV;
	return -1;
}

static int64_t worker_spawn(struct supervisor *sv, uint64_t port)
{
	unsigned int index = port - PROTO_PORT_WORKER;
	pid_t pid;

	if (port < PROTO_PORT_WORKER || port >= PROTO_PORT_END)
		return -EINVAL;
	if (sv->pids[index])
		return -EBUSY;
	sv->fds[index] = worker_port(sv, index);
	if (sv->fds[index] < 0)
		return -errno;
	memset(&sv->states[index], 0, sizeof(sv->states[index]));
	pid = syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		worker_run(sv->fds[index], port, &sv->states[index]);
	if (pid < 0) {
		int error = errno;

		/* A port that stays open can't be opened again. */
		close(sv->fds[index]);
		return -error;
	}
	sv->pids[index] = pid;
	return 0;
}

/* Let it take the signal, at this instant. Return: has it left its transfer? */
static bool left_transfer(pid_t pid)
{
	int tries;

	for (tries = 0; tries < 20; tries++) {
		sched_yield();
		if (!task_in_transfer(pid))
			return true;
	}
	return false;
}

static int64_t send_signal(pid_t pid, int signo)
{
	bool inside = task_in_transfer(pid);

	if (kill(pid, signo))
		return -errno;
	return inside && left_transfer(pid) ? PROTO_SIGNAL_CUT : 0;
}

/*
 * The call may have been sent in the same instant as the signal: wait until
 * its task has begun it and sleeps, or a signal that comes too early would be
 * lost.
 */
static int64_t worker_signal(struct supervisor *sv, const uint64_t *arg)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	bool between = arg[3] & PROTO_SIGNAL_BETWEEN;
	uint64_t index = arg[0] - PROTO_PORT_WORKER;
	struct worker_state *state;
	int tries;
	char is;

	if (index >= PROTO_NUM_WORKERS || !sv->pids[index])
		return -ESRCH;
	state = &sv->states[index];
	for (tries = 0; tries < 100; tries++) {
		if (state->finished == arg[2])
			return -ESRCH;
		is = task_state(sv->pids[index]);
		if (state->id == arg[2] && (is == 'S' || is == 'D') &&
		    !(between && task_in_transfer(sv->pids[index])))
			break;
		nanosleep(&pause, NULL);
	}
	if (between && tries == 100)
		return -EBUSY;
	return send_signal(sv->pids[index], (int)arg[1]);
}

static void supervisor_event(struct supervisor *sv, enum proto_event event,
			     const void *head, size_t head_len,
			     const char *text)
{
	channel_begin(&sv->channel);
	buffer_add(&sv->channel.out, head, head_len);
	if (text)
		buffer_add_text(&sv->channel.out, text);
	channel_send(&sv->channel, PROTO_ID_EVENT, event);
}

/* Pid 1 is also told of orphans; those go without a word. */
static void supervisor_reap(struct supervisor *sv)
{
	struct proto_dead dead;
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < PROTO_NUM_WORKERS; i++) {
			if (sv->pids[i] != pid)
				continue;
			/* Closing the port throws away what was on the way. */
			close(sv->fds[i]);
			sv->pids[i] = 0;
			dead = (struct proto_dead){
				.port = PROTO_PORT_WORKER + i,
				.status = status,
			};
			supervisor_event(sv, PROTO_EVENT_DEAD, &dead,
					 sizeof(dead), NULL);
		}
}

/* Requests of the module helper. */
static void supervisor_fifo(struct supervisor *sv)
{
	struct modprobe_request request;
	struct proto_modprobe event;

	while (read(sv->fifo, &request, sizeof(request)) == sizeof(request)) {
		request.alias[sizeof(request.alias) - 1] = '\0';
		event.token = request.pid;
		supervisor_event(sv, PROTO_EVENT_MODPROBE, &event,
				 sizeof(event), request.alias);
	}
}

/* The host's answer for the helper. One that is dead needs none. */
static int64_t modprobe_answer(struct request *request)
{
	const uint64_t *arg = request->header->arg;
	struct modprobe_answer answer = {
		.error = (int32_t)arg[1], .len = request->len,
	};
	int64_t result = 0;
	char path[64];
	int fd;

	if (answer.len > MODPROBE_MAX_LIST) {
		answer.error = -EFBIG;
		answer.len = 0;
	}
	snprintf(path, sizeof(path), "/proc/%u/fd/%d", (uint32_t)arg[0],
		 MODPROBE_REPLY_FD);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &answer, sizeof(answer)) != sizeof(answer) ||
	    write(fd, request->data, answer.len) != answer.len)
		result = -EIO;
	close(fd);
	return result;
}

static int64_t supervisor_op(struct supervisor *sv, struct request *request,
			     struct buffer *out)
{
	const uint64_t *arg = request->header->arg;

	switch (request->header->op) {
	case PROTO_SPAWN:
		return worker_spawn(sv, arg[0]);
	case PROTO_SIGNAL:
		return worker_signal(sv, arg);
	case PROTO_STACKS:
		return stacks_collect(out, sv->pids, PROTO_NUM_WORKERS);
	case PROTO_MODPROBE:
		return modprobe_answer(request);
	}
	return -ENOSYS;
}

static void supervisor_serve(struct supervisor *sv)
{
	struct request request;
	int64_t result;

	if (!channel_fill(&sv->channel))
		_exit(0);
	while (channel_take(&sv->channel, &request)) {
		channel_begin(&sv->channel);
		result = supervisor_op(sv, &request, &sv->channel.out);
		channel_send(&sv->channel, request.header->id, result);
	}
}

void supervisor_run(int fd, const int *ports, size_t num_ports)
{
	struct supervisor sv = { .ports = ports, .num_ports = num_ports };
	struct pollfd fds[2];

	channel_init(&sv.channel, fd);
	signals_init(&sv.waiting);
	sv.states = mmap(NULL, PROTO_NUM_WORKERS * sizeof(*sv.states),
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	if (sv.states == MAP_FAILED)
		fatal("no shared memory");
	if (worker_spawn(&sv, PROTO_PORT_WORKER))
		fatal("can't start the first worker");
	sv.fifo = -1;
	/* Held open for writing too: it has no end then. */
	if (!ports && !mkfifo(MODPROBE_FIFO, 0600))
		sv.fifo = open(MODPROBE_FIFO, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	channel_hello(&sv.channel, PROTO_PORT_SUPERVISOR);
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = sv.fifo, .events = POLLIN };
	for (;;) {
		if (ppoll(fds, 2, NULL, &sv.waiting) < 0 && errno == EINTR) {
			supervisor_reap(&sv);
			continue;
		}
		if (fds[1].revents)
			supervisor_fifo(&sv);
		if (fds[0].revents)
			supervisor_serve(&sv);
	}
}
