// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process that is stopped, as a debugger stops it, does not run into limits
 *
 * ROADTEST_STOP_SECONDS says for how long; default 3, with a wall limit of 1 s.
 */
#include "opt3001-model.h"

#include <roadtest/harness.h>
#include <roadtest/iio.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stop this process; another one lets it go on later. */
static void stop(void)
{
	const char *seconds = getenv("ROADTEST_STOP_SECONDS");
	pid_t self = getpid(), child = fork();

	if (!child) {
		kill(self, SIGSTOP);
		sleep(seconds ? atoi(seconds) : 3);
		kill(self, SIGCONT);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void stop_in_model(struct road_timer *timer)
{
	stop();
}

TEST_TIMEOUT(a_debugger_in_test_and_model_does_not_count, 600)
{
	struct road_machine_config config = { .wall_limit_ms = 1000 };
	struct road_device_config light = { .compatible = "ti,opt3001" };
	struct road_machine *machine = road_test_machine(_metadata, &config);
	struct road_device *dev;
	struct road_timer timer;
	struct opt3001 chip;
	char lux[32];

	ASSERT_OK(opt3001_init(&chip));
	ASSERT_OK(road_device_add(machine, &light, &chip.map.chip, &dev));
	ASSERT_OK(road_machine_boot(machine));
	ASSERT_OK(road_device_bind(dev));
	stop();
	road_timer_init(&timer, "debugger", stop_in_model);
	road_timer_set(machine, &timer, 500 * ROAD_MS);
	chip.raw = 1;
	/* The timer runs in the middle of this conversion. */
	EXPECT_OK(road_iio_read(dev, "in_illuminance_input", lux,
				sizeof(lux)));
	EXPECT_STREQ("0.010000", lux);
	EXPECT_FALSE(road_timer_pending(&timer));
	opt3001_deinit(&chip);
}

TEST_HARNESS_MAIN
