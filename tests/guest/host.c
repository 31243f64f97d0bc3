// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * host.c - what happens in the test process and on its machine: forks, no
 * descriptors left, no memory left
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- processes that the test forks */

FIXTURE(forked) {
	struct road_machine *machine;
};

FIXTURE_SETUP(forked)
{
	self->machine = guest_boot(_metadata, NULL);
}

FIXTURE_TEARDOWN(forked)
{
	road_machine_destroy(self->machine);
	guest_next_works(_metadata);
}

static void sleep_until_killed(void)
{
	alarm(20);
	for (;;)
		pause();
}

TEST_F(forked, process_may_not_use_the_machine_nor_end_it)
{
	pid_t pid = fork();
	char text[64];
	int status;

	if (!pid) {
		int ret = road_read_file(self->machine, "/proc/version", text,
					 sizeof(text));

		road_machine_destroy(self->machine);
		_exit(ret == -ROAD_EUSAGE ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_LT(0, road_read_file(self->machine, "/proc/sys/kernel/ostype",
				    text, sizeof(text)));
}

TEST_F(forked, end_does_not_wait_for_a_process_that_the_test_forked)
{
	uint64_t start = time(NULL);
	pid_t pid = fork();

	if (!pid)
		sleep_until_killed();
	road_machine_destroy(self->machine);
	self->machine = NULL;
	EXPECT_GT(start + 10, time(NULL));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- what the host lacks */

/* A /dev/shm of this process alone. */
static int mount_small_shm(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=4m,mode=1777");
}

TEST(small_dev_shm_is_named)
{
	struct road_machine *machine;

	if (mount_small_shm())
		SKIP(return, "this user may not mount a /dev/shm of its own");
	machine = road_machine_create(NULL);
	ASSERT_NOT_NULL(machine);
	/* UML may have said so, or was killed before. */
	EXPECT_ERROR(machine, -ROAD_EGONE, "/dev/shm",
		     road_machine_boot(machine));
	EXPECT_HAS(road_machine_error(machine), "MiB");
	EXPECT_HAS(road_machine_error(machine), "make room there");
	road_machine_destroy(machine);
}

static int count_descriptors(void)
{
	int num = 0;

	for (int fd = 0; fd < 256; fd++)
		num += fcntl(fd, F_GETFD) >= 0;
	return num;
}

/* With one more than before each time, until it boots. */
TEST(boot_without_descriptors_says_so_and_leaves_none_open)
{
	struct rlimit before, limit;
	const struct road_machine_config config = { .wall_limit_ms = 30000 };
	int open_ones = count_descriptors(), ret = -1;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = open_ones + 3;
	for (; ret && limit.rlim_cur < 100; limit.rlim_cur++) {
		struct road_machine *machine = road_machine_create(&config);
		const char *error;

		ASSERT_NOT_NULL(machine);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		ret = road_machine_boot(machine);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
		error = road_machine_error(machine);
		/* Later it is the guest's kernel that has too few. */
		if (ret && ret != -ROAD_EGONE &&
		    !strstr(error, "too many descriptors"))
			EXPECT_HAS(error, "Too many open files");
		road_machine_destroy(machine);
		EXPECT_EQ(open_ones, count_descriptors()) {
			TH_LOG("limit %lu", (unsigned long)limit.rlim_cur);
		}
	}
	EXPECT_EQ(0, ret);
}

/* ---- what a run left that was killed at once */

static void make_unborn(struct road_test_run *_metadata, const char *dir,
			const char *lock, int seconds)
{
	const struct timespec when = { .tv_sec = time(NULL) - seconds };
	const struct timespec times[2] = { when, when };
	int fd;

	ASSERT_EQ(0, mkdir(dir, 0700));
	if (lock) {
		fd = open(lock, O_CREAT | O_WRONLY, 0600);
		ASSERT_OK(fd);
		close(fd);
	}
	ASSERT_EQ(0, utimensat(AT_FDCWD, dir, times, 0));
}

TEST(directories_that_no_run_came_to_lock_are_removed)
{
	const char *empty = "/dev/shm/roadtest-host-empty";
	const char *begun = "/dev/shm/roadtest-host-begun";
	const char *recent = "/dev/shm/roadtest-host-recent";

	make_unborn(_metadata, empty, NULL, 100);
	make_unborn(_metadata, begun, "/dev/shm/roadtest-host-begun/lock.new",
		    100);
	make_unborn(_metadata, recent, NULL, 1);
	road_machine_destroy(guest_boot(_metadata, NULL));
	EXPECT_EQ(-1, access(empty, F_OK));
	EXPECT_EQ(-1, access(begun, F_OK));
	/* It may be another run's that goes on with it now. */
	EXPECT_EQ(0, rmdir(recent));
}

TEST_HARNESS_MAIN
