// SPDX-License-Identifier: LGPL-2.1-or-later
/* time.c - virtual time, and that the same test gives the same trace */
#include "guest.h"
#include "opt3001-model.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

FIXTURE(time) {
	struct road_machine *machine;
};

FIXTURE_SETUP(time)
{
	/* For those who sleep longer than a call may as a rule. */
	const struct road_machine_config config = {
		.call_limit_ns = 7200 * ROAD_S,
	};

	self->machine = road_test_machine(_metadata, &config);
	ASSERT_OK(road_machine_boot(self->machine));
}

FIXTURE_TEARDOWN(time)
{
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * ROAD_S + now.tv_nsec;
}

/* ---- advance */

TEST_F(time, boot_takes_less_than_a_virtual_millisecond)
{
	EXPECT_LT(0, road_now(self->machine));
	EXPECT_GT(ROAD_MS, road_now(self->machine));
}

TEST_F(time, advance_moves_the_clock_by_exactly_that)
{
	static const uint64_t steps[] = {
		1, 999, 12345678, ROAD_S, 3600 * ROAD_S, 1,
	};
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t before = road_now(self->machine);

		ASSERT_OK(road_advance(self->machine, steps[i]));
		EXPECT_EQ(before + steps[i], road_now(self->machine));
	}
}

TEST_F(time, settle_runs_the_guest_and_moves_no_clock)
{
	struct road_call *call;
	uint64_t before;

	ASSERT_OK(road_settle(self->machine));
	before = road_now(self->machine);
	call = road_start_read_file(self->machine, "/proc/sys/kernel/ostype");
	ASSERT_NOT_NULL(call);
	EXPECT_EQ(before, road_now(self->machine));
	ASSERT_OK(road_settle(self->machine));
	EXPECT_TRUE(road_call_done(call));
	/* But for what reading the clock costs the guest, 256 ns each. */
	EXPECT_GT(before + 100 * ROAD_US, road_now(self->machine));
	road_call_destroy(call);
}

TEST_F(time, clock_stands_still_between_calls)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	uint64_t before = road_now(self->machine);

	nanosleep(&pause, NULL);
	EXPECT_EQ(before, road_now(self->machine));
}

/* ---- sleeps of the guest */

static uint64_t guest_sleep(struct road_test_run *_metadata,
			    struct road_machine *machine, uint64_t ns)
{
	char out[32], arg[32];

	snprintf(arg, sizeof(arg), "%llu", (unsigned long long)ns);
	ASSERT_EQ(0, guest_run_helper(_metadata, machine, out, sizeof(out),
				      "sleep", arg, NULL));
	return strtoull(out, NULL, 10);
}

TEST_F(time, sleep_of_an_hour_takes_no_wall_time)
{
	uint64_t wall, before, slept;

	guest_put_helper(_metadata, self->machine);
	wall = wall_ns();
	before = road_now(self->machine);
	slept = guest_sleep(_metadata, self->machine, 3600 * ROAD_S);
	EXPECT_LE(3600 * ROAD_S, slept);
	EXPECT_GT(3600 * ROAD_S + ROAD_MS, slept);
	EXPECT_LE(before + slept, road_now(self->machine));
	EXPECT_GT(3 * ROAD_S, wall_ns() - wall);
}

TEST_F(time, sleep_is_as_long_as_the_guest_thinks)
{
	static const uint64_t sleeps[] = { 1, ROAD_US, ROAD_MS, 123456789 };
	size_t i;

	guest_put_helper(_metadata, self->machine);
	/* The kernel's timers are coarse until its first tick. */
	ASSERT_OK(road_advance(self->machine, 100 * ROAD_MS));
	for (i = 0; i < sizeof(sleeps) / sizeof(*sleeps); i++) {
		uint64_t slept = guest_sleep(_metadata, self->machine,
					     sleeps[i]);

		EXPECT_LE(sleeps[i], slept);
		/* The timer slack of a task is 50 us. */
		EXPECT_GT(sleeps[i] + 60 * ROAD_US, slept);
	}
}

TEST_F(time, poll_times_out_at_its_time)
{
	struct road_pollfd none = { .fd = -1 };
	uint64_t before = road_now(self->machine);

	EXPECT_EQ(0, road_poll(self->machine, &none, 1, 1500));
	EXPECT_LE(before + 1500 * ROAD_MS, road_now(self->machine));
	EXPECT_GT(before + 1503 * ROAD_MS, road_now(self->machine));
}

TEST_F(time, pm_test_delays_for_its_five_seconds)
{
	uint64_t before;

	ASSERT_OK(road_write_file(self->machine, "/sys/power/pm_test",
				  "freezer"));
	before = road_now(self->machine);
	ASSERT_OK(road_write_file(self->machine, "/sys/power/state", "freeze"));
	/* mdelay(5000) is exact; the freezer before it sleeps for ticks. */
	EXPECT_LE(before + 5 * ROAD_S, road_now(self->machine));
	EXPECT_GT(before + 5 * ROAD_S + 50 * ROAD_MS, road_now(self->machine));
}

/* ---- timers of the test */

struct mark {
	struct road_timer timer;
	struct road_machine *machine;
	char *log;
	char name;
	uint64_t time;
	struct mark *then;
};

static void mark_run(struct road_timer *timer)
{
	struct mark *mark = road_container_of(timer, struct mark, timer);

	strncat(mark->log, &mark->name, 1);
	mark->time = road_now(mark->machine);
	if (mark->then)
		road_timer_set(mark->machine, &mark->then->timer, 0);
}

static void marks_init(struct mark *marks, size_t num, char *log,
		       struct road_machine *machine)
{
	size_t i;

	*log = '\0';
	for (i = 0; i < num; i++) {
		marks[i] = (struct mark){
			.machine = machine, .log = log, .name = 'a' + i,
		};
		road_timer_init(&marks[i].timer, "mark", mark_run);
	}
}

TEST_F(time, timers_of_one_instant_run_as_they_were_set)
{
	static const int order[] = { 2, 0, 3, 1 };
	struct mark marks[4];
	char log[16];
	size_t i;

	marks_init(marks, 4, log, self->machine);
	for (i = 0; i < 4; i++)
		road_timer_set(self->machine, &marks[order[i]].timer, ROAD_S);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_STREQ("cadb", log);
}

TEST_F(time, timer_that_is_moved_goes_to_the_end_of_its_instant)
{
	struct mark marks[3];
	char log[16];

	marks_init(marks, 3, log, self->machine);
	road_timer_set(self->machine, &marks[0].timer, ROAD_S);
	road_timer_set(self->machine, &marks[1].timer, ROAD_S);
	road_timer_set(self->machine, &marks[2].timer, ROAD_S);
	road_timer_set(self->machine, &marks[0].timer, ROAD_S);
	road_timer_cancel(&marks[1].timer);
	EXPECT_FALSE(road_timer_pending(&marks[1].timer));
	ASSERT_OK(road_advance(self->machine, ROAD_S - 1));
	EXPECT_STREQ("", log);
	ASSERT_OK(road_advance(self->machine, 1));
	EXPECT_STREQ("ca", log);
}

TEST_F(time, timer_set_by_a_timer_runs_at_the_same_instant)
{
	uint64_t before = road_now(self->machine);
	struct mark marks[3];
	char log[16];

	marks_init(marks, 3, log, self->machine);
	marks[0].then = &marks[2];
	road_timer_set(self->machine, &marks[0].timer, ROAD_S);
	road_timer_set(self->machine, &marks[1].timer, ROAD_S);
	ASSERT_OK(road_advance(self->machine, ROAD_S));
	EXPECT_STREQ("abc", log);
	EXPECT_EQ(before + ROAD_S, marks[2].time);
}

TEST_F(time, timer_runs_on_time_while_the_guest_sleeps)
{
	uint64_t before = road_now(self->machine);
	struct road_pollfd none = { .fd = -1 };
	struct mark mark;
	char log[16];

	marks_init(&mark, 1, log, self->machine);
	road_timer_set(self->machine, &mark.timer, 777777777);
	EXPECT_EQ(0, road_poll(self->machine, &none, 1, 2000));
	EXPECT_EQ(before + 777777777, mark.time);
}

/* ---- a scenario with everything in it */

struct scenario {
	char *trace, *log;
	uint64_t end;
	unsigned int addr;
};

static void scenario_use(struct road_test_run *_metadata,
			 struct road_machine *machine,
			 struct road_device *device, struct opt3001 *chip)
{
	struct road_call *calls[2];
	char *path;
	int i;

	guest_put_helper(_metadata, machine);
	ASSERT_EQ(0, road_device_bind(device));
	ASSERT_EQ(0, road_glob(machine,
			       "/sys/bus/i2c/devices/*/iio:device*/in_illuminance_input",
			       &path));
	chip->raw = 0x1234;
	for (i = 0; i < 2; i++)
		calls[i] = road_start_read_file(machine, path);
	ASSERT_LT(0, guest_sleep(_metadata, machine, 300 * ROAD_MS));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, road_call_wait(calls[i]));
		road_call_destroy(calls[i]);
	}
	chip->never_ends = true;
	ASSERT_EQ(0, road_module_load(machine, "lkdtm", NULL));
	ASSERT_EQ(0, road_write_file(machine,
				     "/sys/kernel/debug/provoke-crash/DIRECT",
				     "WARNING"));
	calls[0] = road_start_read_file(machine, path);
	ASSERT_EQ(0, road_call_wait(calls[0]));
	road_call_destroy(calls[0]);
	ASSERT_EQ(0, road_advance(machine, 3 * ROAD_S));
	ASSERT_EQ(0, road_device_unbind(device));
	free(path);
}

static struct scenario play(struct road_test_run *_metadata,
			    const struct road_machine_config *config)
{
	const struct road_device_config device_config = {
		.compatible = "ti,opt3001",
		.irq = ROAD_IRQ_EDGE_FALLING,
	};
	struct road_machine *machine = road_machine_create(config);
	struct road_device *device;
	struct scenario scenario;
	struct opt3001 chip;
	size_t mark;

	ASSERT_EQ(0, opt3001_init(&chip));
	ASSERT_EQ(0, road_device_add(machine, &device_config, &chip.map.chip,
				     &device));
	guest_boot_it(_metadata, machine);
	mark = road_log_mark(machine);
	scenario_use(_metadata, machine, device, &chip);
	scenario = (struct scenario){
		.trace = road_trace_text(machine, 0),
		.log = road_log_since(machine, mark),
		.end = road_now(machine),
		.addr = road_device_addr(device),
	};
	road_machine_destroy(machine);
	opt3001_deinit(&chip);
	return scenario;
}

static void scenario_free(struct scenario *scenario)
{
	free(scenario->trace);
	free(scenario->log);
}

TEST(same_test_gives_the_same_trace_and_log)
{
	struct scenario first = play(_metadata, NULL), other;
	int i;

	EXPECT_HAS(first.trace, "opt3001 W");
	EXPECT_HAS(first.trace, "timer conversion");
	EXPECT_HAS(first.trace, " irq ");
	EXPECT_HAS(first.log, "WARNING: ");
	for (i = 0; i < 3; i++) {
		other = play(_metadata, NULL);
		EXPECT_STREQ(first.trace, other.trace);
		EXPECT_STREQ(first.log, other.log);
		EXPECT_EQ(first.end, other.end);
		scenario_free(&other);
	}
	scenario_free(&first);
}

TEST(trace_is_the_same_in_every_mode_of_the_calendar)
{
	struct scenario first = play(_metadata, NULL);

	for (int mode = 1; mode < 4; mode++) {
		const struct road_machine_config without = {
			.flags = (mode & 1 ? ROAD_NO_FREE_UNTIL : 0) |
				 (mode & 2 ? ROAD_NO_PAGE : 0),
		};
		struct scenario other = play(_metadata, &without);

		EXPECT_STREQ(first.trace, other.trace);
		EXPECT_EQ(first.end, other.end);
		scenario_free(&other);
	}
	scenario_free(&first);
}

TEST(trace_is_the_same_on_any_processor)
{
	const struct road_machine_config unpinned = { .flags = ROAD_NO_PIN };
	struct scenario first = play(_metadata, NULL);
	struct scenario other = play(_metadata, &unpinned);

	EXPECT_STREQ(first.trace, other.trace);
	EXPECT_STREQ(first.log, other.log);
	scenario_free(&first);
	scenario_free(&other);
}

/* The processor of a machine that was made with ROADTEST_CPU=@given. */
static int cpu_with(struct road_test_run *_metadata, const char *given)
{
	const struct road_machine_config config = { 0 };
	struct road_machine *machine;
	cpu_set_t set;
	int cpu = 0;

	setenv("ROADTEST_CPU", given, true);
	machine = road_machine_create(&config);
	ASSERT_EQ(0, road_machine_boot(machine));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	road_machine_destroy(machine);
	unsetenv("ROADTEST_CPU");
	if (CPU_COUNT(&set) != 1)
		return -1;
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

TEST(the_processor_is_the_one_that_the_run_has_chosen)
{
	cpu_set_t all;
	char given[16];

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < 2)
		SKIP(return, "there is only one processor");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		snprintf(given, sizeof(given), "%d", cpu);
		EXPECT_EQ(cpu, cpu_with(_metadata, given));
	}
	EXPECT_LE(0, cpu_with(_metadata, "4000"));
	EXPECT_LE(0, cpu_with(_metadata, "none"));
}

TEST(other_seed_gives_another_trace_and_the_same_results)
{
	const struct road_machine_config seeded = { .seed = 4711 };
	struct scenario first = play(_metadata, NULL);
	struct scenario other = play(_metadata, &seeded);
	struct scenario again = play(_metadata, &seeded);

	EXPECT_STRNE(first.trace, other.trace);
	EXPECT_NE(first.addr, other.addr);
	EXPECT_STREQ(other.trace, again.trace);
	EXPECT_STREQ(other.log, again.log);
	scenario_free(&first);
	scenario_free(&other);
	scenario_free(&again);
}

TEST_HARNESS_MAIN
