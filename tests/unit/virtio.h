/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtio.h - fixture of the tests of calendar and virtio devices: a machine
 * without UML, and a fake guest in a process of its own
 *
 * A test starts a script and runs the engine until it has ended, or until it
 * says that the answer is there. Checks in a script count: its process ends
 * with 1 if one failed.
 */
#ifndef TESTS_UNIT_VIRTIO_H
#define TESTS_UNIT_VIRTIO_H

#include "fake-guest/fake-board.h"
#include "fake-guest/fake-guest.h"
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	struct road_machine machine;
	struct fg_guest *guest;
	pid_t pid;
};

typedef void (*fx_script)(struct fg_guest *guest);

/* The script's machine, for paths of sockets. */
static const char *fx_dir;

static inline const char *fx_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", fx_dir, name);
	return path;
}

static inline void fx_init(struct fixture *fx)
{
	CHECK_INT(fake_board_init(&fx->machine, 0), 0);
	fx->guest = fg_create();
	fx_dir = fx->machine.dir;
}

static inline void fx_start(struct fixture *fx, fx_script script)
{
	fflush(stdout);
	fx->pid = fork();
	if (fx->pid)
		return;
	unit_failures = 0;
	alarm(20);
	if (!setjmp(fx->guest->hung_up))
		script(fx->guest);
	else if (!fx->guest->answered)
		fx->guest->result[63] = 1;	/* see fx_hung_up() */
	fflush(stdout);
	_exit(unit_failures ? 1 : 0);
}

static inline bool fx_answered(const void *arg)
{
	return ((const struct fg_guest *)arg)->answered;
}

/* Until the script answers. */
static inline enum engine_end fx_run(struct fixture *fx)
{
	return engine_run(&fx->machine.engine, fx_answered, fx->guest,
			  fx->machine.engine.cal.now + 1000 * ROAD_S);
}

/* Let virtual time pass. */
static inline enum engine_end fx_advance(struct fixture *fx, uint64_t ns)
{
	return engine_run(&fx->machine.engine, NULL, NULL,
			  fx->machine.engine.cal.now + ns);
}

/* The machine ends; how did the script? */
static inline void fx_finish(struct fixture *fx)
{
	int status;

	fake_board_deinit(&fx->machine);
	waitpid(fx->pid, &status, 0);
	CHECK(WIFEXITED(status));
	if (WIFEXITED(status))
		CHECK_INT(WEXITSTATUS(status), 0);
	fg_destroy(fx->guest);
}

/* A script that runs to its end without help. */
static inline void fx_run_script(struct fixture *fx, fx_script script)
{
	fx_init(fx);
	fx_start(fx, script);
	CHECK_INT(fx_run(fx), ENGINE_DONE);
	CHECK_STR(err_message(&fx->machine.engine.fatal), "");
}

/* A script that breaks a rule: the machine must end with @message. */
static inline void fx_run_broken(fx_script script, const char *message)
{
	static struct fixture fx;

	fx_init(&fx);
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	if (message) {
		CHECK_INT(fx.machine.engine.fatal.code, -ROAD_EPROTO);
		CHECK_HAS(err_message(&fx.machine.engine.fatal), message);
	}
	CHECK(!fx.guest->answered);
	fx_finish(&fx);
}

#endif /* TESTS_UNIT_VIRTIO_H */
