// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * failures.c - guests that die, hang or go wrong
 *
 * Each ends in an error that says what happened, and the next machine in the
 * same process works.
 */
#include "guest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* lkdtm is one file to the kernel's WARNs. */
#define WARNING_AT "drivers/misc/lkdtm/bugs.c"
#define CRASH "/sys/kernel/debug/provoke-crash/DIRECT"

FIXTURE(guest) {
	struct road_machine *machine;
};

FIXTURE_SETUP(guest)
{
	/* Short, for the tests that run into it. */
	const struct road_machine_config config = { .wall_limit_ms = 30000 };

	self->machine = guest_boot(_metadata, &config);
}

FIXTURE_TEARDOWN(guest)
{
	road_machine_destroy(self->machine);
	guest_next_works(_metadata);
}

static int crash(struct road_test_run *_metadata, struct road_machine *machine,
		 const char *what)
{
	ASSERT_EQ(0, road_module_load(machine, "lkdtm", NULL));
	return road_write_file(machine, CRASH, what);
}

/* Later uses say so, and name the same cause. */
static void is_gone(struct road_test_run *_metadata,
		    struct road_machine *machine, const char *cause)
{
	char text[64];

	EXPECT_FALSE(road_machine_is_up(machine));
	EXPECT_ERROR(machine, -ROAD_EGONE, cause, road_advance(machine, 1));
	EXPECT_HAS(road_machine_error(machine), "the machine has ended");
	EXPECT_ERROR(machine, -ROAD_EGONE, cause,
		     road_read_file(machine, "/proc/version", text,
				    sizeof(text)));
	EXPECT_NULL(road_start_read_file(machine, "/proc/version"));
	EXPECT_ERROR(machine, -ROAD_EGONE, cause, road_test_end(machine));
}

/* ---- the guest dies */

TEST_F(guest, panic_gives_the_kernels_log)
{
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "Kernel panic - not syncing",
		     crash(_metadata, self->machine, "PANIC"));
	EXPECT_HAS(road_machine_error(self->machine), "dumptest");
	is_gone(_metadata, self->machine, "the guest has ended");
}

TEST_F(guest, bug_ends_the_guest_with_its_report)
{
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "lkdtm_BUG",
		     crash(_metadata, self->machine, "BUG"));
	is_gone(_metadata, self->machine, "the guest has ended");
}

TEST_F(guest, a_report_comes_in_parts)
{
	size_t mark = road_log_test_mark(self->machine);
	struct road_report report;

	EXPECT_LE(0, crash(_metadata, self->machine, "WARNING"));
	ASSERT_EQ(1, road_report_next(self->machine, &mark, &report));
	EXPECT_STREQ("WARNING", report.kind);
	EXPECT_STREQ(WARNING_AT, report.file);
	EXPECT_LT(0, report.line);
	EXPECT_STREQ("lkdtm_WARNING", report.function);
	EXPECT_STREQ("lkdtm", report.module);
	EXPECT_HAS(report.stack, "\nlkdtm_WARNING+0x");
	EXPECT_HAS(report.text, "---[ end trace ");
	EXPECT_FALSE(report.expected);
	road_report_deinit(&report);
	EXPECT_EQ(0, road_report_next(self->machine, &mark, &report));
	EXPECT_EQ(-ROAD_EORACLE, road_test_end(self->machine));
}

TEST_F(guest, a_report_is_told_of_a_guest_that_has_ended)
{
	size_t mark = road_log_test_mark(self->machine);
	struct road_report report;

	EXPECT_EQ(-ROAD_EGONE, crash(_metadata, self->machine, "BUG"));
	ASSERT_EQ(1, road_report_next(self->machine, &mark, &report));
	EXPECT_STREQ("BUG", report.kind);
	EXPECT_STREQ("lkdtm_BUG", report.function);
	EXPECT_STREQ("lkdtm", report.module);
	road_report_deinit(&report);
	ASSERT_EQ(1, road_report_next(self->machine, &mark, &report));
	EXPECT_STREQ("panic", report.kind);
	road_report_deinit(&report);
}

TEST_F(guest, null_pointer_ends_the_guest_with_its_report)
{
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "lkdtm_EXCEPTION",
		     crash(_metadata, self->machine, "EXCEPTION"));
	is_gone(_metadata, self->machine, "the guest has ended");
}

TEST_F(guest, death_of_init_ends_the_guest)
{
	guest_put_helper(_metadata, self->machine);
	guest_run_helper(_metadata, self->machine, NULL, 0, "kill-init", NULL);
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "Attempted to kill init",
		     road_advance(self->machine, ROAD_S));
	is_gone(_metadata, self->machine, "the guest has ended");
}

TEST_F(guest, killed_between_calls_is_seen_by_the_next_one)
{
	char text[64];

	ASSERT_EQ(0, kill(road_machine_pid(self->machine), SIGKILL));
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "killed by signal 9",
		     road_read_file(self->machine, "/proc/version", text,
				    sizeof(text)));
	is_gone(_metadata, self->machine, "killed by signal 9");
}

struct killer {
	struct road_timer timer;
	pid_t pid;
};

static void kill_guest(struct road_timer *timer)
{
	kill(road_container_of(timer, struct killer, timer)->pid, SIGKILL);
}

TEST_F(guest, killed_during_a_call_ends_the_call)
{
	struct killer killer = { .pid = road_machine_pid(self->machine) };
	struct road_pollfd none = { .fd = -1 };

	road_timer_init(&killer.timer, "killer", kill_guest);
	road_timer_set(self->machine, &killer.timer, ROAD_S);
	EXPECT_ERROR(self->machine, -ROAD_EGONE, "killed by signal 9",
		     road_poll(self->machine, &none, 1, 5000));
	EXPECT_LE(ROAD_S, road_now(self->machine));
	is_gone(_metadata, self->machine, "killed by signal 9");
}

static void fail_and_kill_guest(struct road_timer *timer)
{
	static int payload;

	road_machine_raise(timer->machine, &payload, NULL, "a bug of the model");
	kill_guest(timer);
}

TEST_F(guest, failure_of_a_model_is_told_even_if_the_guest_dies_of_it)
{
	struct killer killer = { .pid = road_machine_pid(self->machine) };
	struct road_pollfd none = { .fd = -1 };

	road_timer_init(&killer.timer, "killer", fail_and_kill_guest);
	road_timer_set(self->machine, &killer.timer, ROAD_S);
	EXPECT_ERROR(self->machine, -ROAD_EMODEL, "a bug of the model",
		     road_poll(self->machine, &none, 1, 5000));
	EXPECT_HAS(road_machine_error(self->machine), "killed by signal 9");
	EXPECT_NOT_NULL(road_machine_take(self->machine));
	is_gone(_metadata, self->machine, "killed by signal 9");
}

TEST_F(guest, pending_calls_end_with_the_guest)
{
	struct road_pollfd none = { .fd = -1 };
	struct road_call *call = road_start_poll(self->machine, &none, 1, -1);

	ASSERT_NOT_NULL(call);
	ASSERT_EQ(0, road_advance(self->machine, ROAD_S));
	EXPECT_FALSE(road_call_done(call));
	ASSERT_EQ(0, kill(road_machine_pid(self->machine), SIGKILL));
	EXPECT_EQ(-ROAD_EGONE, road_call_wait(call));
	EXPECT_TRUE(road_call_done(call));
	EXPECT_EQ(-ROAD_EGONE, road_call_result(call));
	road_call_destroy(call);
}

/* ---- the guest hangs */

static void hangs(struct road_test_run *_metadata, const char *how)
{
	const struct road_machine_config config = { .wall_limit_ms = 1000 };
	struct road_machine *machine = guest_boot(_metadata, &config);
	const char *where;
	char function[64];

	EXPECT_ERROR(machine, -ROAD_ELIMIT, "endless loop",
		     crash(_metadata, machine, how));
	EXPECT_HAS(road_machine_error(machine), "write_file " CRASH);
	/* The driver's function, which is in a module. */
	snprintf(function, sizeof(function), "lkdtm_%s", how);
	where = strstr(road_machine_error(machine), " Its kernel is in ");
	EXPECT_HAS(where, function);
	EXPECT_HAS(where, "[lkdtm]");
	EXPECT_HAS(where, ", called by ");
	is_gone(_metadata, machine, "endless loop");
	road_machine_destroy(machine);
	guest_next_works(_metadata);
}

TEST(loop_in_the_kernel_ends_at_the_wall_limit)
{
	hangs(_metadata, "LOOP");
}

TEST(loop_with_preemption_off_ends_at_the_wall_limit)
{
	hangs(_metadata, "SOFTLOCKUP");
}

TEST(loop_with_interrupts_off_ends_at_the_wall_limit)
{
	hangs(_metadata, "HARDLOCKUP");
}

TEST(loop_of_a_program_ends_at_the_wall_limit)
{
	const struct road_machine_config config = { .wall_limit_ms = 1000 };
	struct road_machine *machine = guest_boot(_metadata, &config);

	guest_put_helper(_metadata, machine);
	EXPECT_ERROR(machine, -ROAD_ELIMIT, "endless loop",
		     guest_run_helper(_metadata, machine, NULL, 0, "spin",
				      NULL));
	is_gone(_metadata, machine, "endless loop");
	road_machine_destroy(machine);
}

TEST_F(guest, hung_task_is_found_by_the_oracle)
{
	struct road_call *call;

	ASSERT_EQ(0, road_module_load(self->machine, "lkdtm", NULL));
	road_test_begin(self->machine, "hung");
	call = road_start_write_file(self->machine, CRASH, "HUNG_TASK", 9);
	ASSERT_NOT_NULL(call);
	ASSERT_EQ(0, road_advance(self->machine, 300 * ROAD_S));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, "blocked for more than",
		     road_test_end(self->machine));
	EXPECT_HAS(road_machine_error(self->machine), "lkdtm_HUNG_TASK");
	road_call_destroy(call);
}

TEST_F(guest, call_that_sleeps_past_the_virtual_limit_names_its_stack)
{
	ASSERT_EQ(0, road_module_load(self->machine, "lkdtm", NULL));
	EXPECT_ERROR(self->machine, -ROAD_ELIMIT,
		     "not finished after 100.000 s of virtual time",
		     road_write_file(self->machine, CRASH, "HUNG_TASK"));
	EXPECT_HAS(road_machine_error(self->machine), "write_file " CRASH);
	EXPECT_HAS(road_machine_error(self->machine), "lkdtm_HUNG_TASK");
	is_gone(_metadata, self->machine, "100.000 s");
}

TEST_F(guest, sleep_for_ever_is_told_from_a_limit)
{
	struct road_pollfd none = { .fd = -1 };

	/* Nothing of the kernel's own may be left that would wake it up. */
	road_advance(self->machine, 10 * ROAD_S);
	EXPECT_ERROR(self->machine, -ROAD_ELIMIT, "poll",
		     road_poll(self->machine, &none, 1, -1));
}

/* ---- tasks of the agent */

TEST_F(guest, worker_that_is_killed_ends_its_call_only)
{
	char text[64];

	guest_put_helper(_metadata, self->machine);
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, "was killed (Killed)",
		     guest_run_helper(_metadata, self->machine, NULL, 0,
				      "kill-parent", "9", NULL));
	EXPECT_TRUE(road_machine_is_up(self->machine));
	EXPECT_EQ(6, road_read_file(self->machine, "/proc/sys/kernel/ostype",
				    text, sizeof(text)));
}

/* The kernel's own limit: root is not held by others. */
static int set_max_threads(struct road_machine *machine, const char *num)
{
	return road_write_file(machine, "/proc/sys/kernel/threads-max", num);
}

/* Calls that need a worker each. Return: how many could not have one. */
static int poll_with_all_workers(struct road_test_run *_metadata,
				 struct road_machine *machine)
{
	struct road_pollfd none = { .fd = -1 };
	struct road_call *calls[8];
	int failed = 0, i;

	for (i = 0; i < 8; i++) {
		calls[i] = road_start_poll(machine, &none, 1, 1000);
		ASSERT_NOT_NULL(calls[i]);
	}
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, road_call_wait(calls[i]));
		failed += road_call_result(calls[i]) == -ROAD_EHOST;
		road_call_destroy(calls[i]);
	}
	return failed;
}

TEST_F(guest, worker_that_could_not_be_started_can_be_later)
{
	/* Some more than the kernel has by itself. */
	ASSERT_EQ(0, set_max_threads(self->machine, "20"));
	EXPECT_LT(0, poll_with_all_workers(_metadata, self->machine));
	EXPECT_HAS(road_machine_error(self->machine),
		   "can't start another task");
	ASSERT_EQ(0, set_max_threads(self->machine, "1000"));
	EXPECT_EQ(0, poll_with_all_workers(_metadata, self->machine));
}

TEST_F(guest, signal_ends_a_blocked_call_with_eintr)
{
	struct road_pollfd none = { .fd = -1 };
	struct road_call *call = road_start_poll(self->machine, &none, 1, -1);

	ASSERT_NOT_NULL(call);
	ASSERT_EQ(0, road_call_signal(call, SIGUSR1));
	EXPECT_EQ(0, road_call_wait(call));
	EXPECT_EQ(-EINTR, road_call_result(call));
	EXPECT_EQ(-ROAD_EUSAGE, road_call_signal(call, SIGUSR1));
	road_call_destroy(call);
}

TEST_F(guest, out_of_memory_kills_the_program_and_is_reported)
{
	int status;

	guest_put_helper(_metadata, self->machine);
	road_test_begin(self->machine, "oom");
	status = guest_run_helper(_metadata, self->machine, NULL, 0, "eat",
				  NULL);
	EXPECT_EQ(SIGKILL, status);
	EXPECT_TRUE(road_machine_is_up(self->machine));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, "Out of memory",
		     road_test_end(self->machine));
}

/* ---- oracles */

TEST_F(guest, warning_that_nobody_expects_fails_the_test)
{
	ASSERT_EQ(0, road_module_load(self->machine, "lkdtm", NULL));
	road_test_begin(self->machine, "warning");
	EXPECT_EQ(0, road_write_file(self->machine, CRASH, "WARNING"));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, WARNING_AT,
		     road_test_end(self->machine));
	/* The next test begins without it. */
	road_test_begin(self->machine, "next");
	EXPECT_EQ(0, road_test_end(self->machine));
}

TEST_F(guest, warning_that_is_expected_is_accepted)
{
	ASSERT_EQ(0, road_module_load(self->machine, "lkdtm", NULL));
	road_test_begin(self->machine, "warning");
	ASSERT_EQ(0, road_expect_log(self->machine, WARNING_AT));
	EXPECT_EQ(0, road_write_file(self->machine, CRASH, "WARNING"));
	EXPECT_EQ(0, road_test_end(self->machine));
	/* It is one report that is expected, not any. */
	road_test_begin(self->machine, "other");
	ASSERT_EQ(0, road_expect_log(self->machine, "lkdtm_BUG"));
	EXPECT_EQ(0, road_write_file(self->machine, CRASH, "WARNING"));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, WARNING_AT,
		     road_test_end(self->machine));
	EXPECT_HAS(road_machine_error(self->machine), "matches \"lkdtm_BUG\"");
}

TEST_F(guest, report_behind_an_unterminated_line_fails_the_test)
{
	road_test_begin(self->machine, "prompt");
	ASSERT_EQ(0, road_write_file(self->machine, "/dev/console",
				     "password: "));
	/* Most reports have a frame above; this one begins with it. */
	ASSERT_EQ(0, road_write_file(self->machine, "/dev/kmsg",
				     "BUG: scheduling while atomic: cat/2\n"));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE, "scheduling while atomic",
		     road_test_end(self->machine));
}

TEST_F(guest, report_that_is_expected_and_does_not_come_fails_the_test)
{
	road_test_begin(self->machine, "quiet");
	ASSERT_EQ(0, road_expect_log(self->machine, "lkdtm_WARNING"));
	EXPECT_ERROR(self->machine, -ROAD_EORACLE,
		     "matches \"lkdtm_WARNING\"",
		     road_test_end(self->machine));
	EXPECT_EQ(-ROAD_EUSAGE, road_expect_log(self->machine, "("));
}

/* ---- modules that the kernel asks for */

TEST_F(guest, request_module_loads_the_module)
{
	char modules[4096];

	/* Loaded, but it wants options of its own. */
	EXPECT_EQ(-EINVAL, road_mount(self->machine, "none", "/mnt", "autofs",
				      0, NULL));
	ASSERT_LT(0, road_read_file(self->machine, "/proc/modules", modules,
				    sizeof(modules)));
	EXPECT_HAS(modules, "autofs4 ");
}

TEST_F(guest, request_module_for_what_is_missing_is_in_the_log_by_name)
{
	size_t mark = road_log_mark(self->machine);

	EXPECT_EQ(-ENODEV, road_mount(self->machine, "none", "/mnt",
				      "nosuchfs", 0, NULL));
	EXPECT_TRUE(guest_log_has(self->machine, mark, "\"fs-nosuchfs\""));
}

/* ---- kernels that do not boot */

/* Boot, in vain. Return: the error; *@message is the caller's to free. */
static int boot_fails(struct road_test_run *_metadata,
		      const struct road_machine_config *config, char **message)
{
	struct road_machine *machine = road_machine_create(config);
	int ret;

	ASSERT_NOT_NULL(machine);
	ret = road_machine_boot(machine);
	*message = strdup(road_machine_error(machine));
	EXPECT_FALSE(road_machine_is_up(machine));
	EXPECT_GT(0, road_settle(machine));
	road_machine_destroy(machine);
	return ret;
}

TEST(kernel_that_does_not_exist_is_named)
{
	const struct road_machine_config config = { .kernel = "/no/kernel" };
	char *message;

	EXPECT_EQ(-ROAD_EHOST, boot_fails(_metadata, &config, &message));
	EXPECT_HAS(message, "/no/kernel");
	free(message);
	guest_next_works(_metadata);
}

TEST(kernel_without_its_init_gives_its_panic)
{
	const struct road_machine_config config = {
		.kernel_args = "init=/no/init",
	};
	char *message;

	EXPECT_EQ(-ROAD_EGONE, boot_fails(_metadata, &config, &message));
	EXPECT_HAS(message, "Requested init /no/init failed");
	free(message);
	guest_next_works(_metadata);
}

TEST(kernel_without_memory_gives_its_last_words)
{
	const struct road_machine_config config = { .mem_mib = 8 };
	char *message;
	int ret = boot_fails(_metadata, &config, &message);

	EXPECT_TRUE(ret == -ROAD_EGONE || ret == -ROAD_ELIMIT);
	EXPECT_HAS(message, "the kernel's log ends with:");
	free(message);
	guest_next_works(_metadata);
}

/* A kernel's directory whose `linux` is another program. */
static void fake_kernel(struct road_test_run *_metadata, char *dir,
			const char *program)
{
	struct road_machine *machine = guest_boot(_metadata, NULL);
	char from[512], to[512];
	static const char *const parts[] = { "modules", "include", "info" };
	size_t i;

	ASSERT_NOT_NULL(mkdtemp(dir));
	for (i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s/%s",
			 road_machine_kernel(machine), parts[i]);
		snprintf(to, sizeof(to), "%s/%s", dir, parts[i]);
		ASSERT_EQ(0, symlink(from, to));
	}
	snprintf(to, sizeof(to), "%s/linux", dir);
	ASSERT_EQ(0, symlink(program, to));
	road_machine_destroy(machine);
}

static void fake_kernel_remove(const char *dir)
{
	static const char *const parts[] = { "modules", "include", "info",
					     "linux" };
	char path[512];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		unlink(path);
	}
	rmdir(dir);
}

TEST(kernel_that_exits_at_once_says_how)
{
	char dir[] = "/tmp/road-kernel-XXXXXX";
	const struct road_machine_config config = { .kernel = dir };
	char *message;

	fake_kernel(_metadata, dir, "/bin/false");
	EXPECT_EQ(-ROAD_EGONE, boot_fails(_metadata, &config, &message));
	EXPECT_HAS(message, "its kernel exited with status 1");
	free(message);
	fake_kernel_remove(dir);
}

TEST_HARNESS_MAIN
