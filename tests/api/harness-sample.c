// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * harness-sample.c - tests that pass, fail, crash and hang on purpose
 *
 * test_harness.py runs this program and compares what the harness says.
 */
#include <roadtest/harness.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FIXTURE(numbers) {
	int value;
};

FIXTURE_VARIANT(numbers) {
	int start;
};

FIXTURE_VARIANT_ADD(numbers, small) {
	.start = 1,
};

FIXTURE_VARIANT_ADD(numbers, big) {
	.start = 1000,
};

FIXTURE_SETUP(numbers)
{
	EXPECT_EQ(0, self->value);
	self->value = variant->start;
}

FIXTURE_TEARDOWN(numbers)
{
	printf("tear-down of %d\n", self->value);
}

TEST_F(numbers, are_those_of_the_variant)
{
	EXPECT_EQ(variant->start, self->value);
}

TEST_F(numbers, are_small)
{
	ASSERT_GT(10, self->value) {
		TH_LOG("a block that runs on failure");
	}
	printf("not reached with big\n");
}

FIXTURE(plain) {
	char *text;
};

FIXTURE_SETUP(plain)
{
	self->text = strdup("x");
	ASSERT_NOT_NULL(self->text);
}

FIXTURE_TEARDOWN(plain)
{
	free(self->text);
}

TEST_F(plain, has_no_variant)
{
	EXPECT_NULL(variant);
	EXPECT_STREQ("x", self->text);
	EXPECT_STRNE("y", self->text);
}

FIXTURE(broken) {
	int unused;
};

FIXTURE_SETUP(broken)
{
	ASSERT_TRUE(self->unused);
}

FIXTURE_TEARDOWN(broken)
{
	printf("tear-down of what was not set up\n");
}

TEST_F(broken, setup_fails)
{
	printf("a test without its set-up\n");
}

TEST(passes)
{
	EXPECT_EQ(-1, -1L);
	EXPECT_LT(-1, 1U);
	EXPECT_NE(UINT64_MAX, -1);
	EXPECT_GE(UINT64_MAX, INT64_MAX);
	EXPECT_LE('a', 'a');
	EXPECT_TRUE(2);
	EXPECT_FALSE(0);
	EXPECT_OK(3);
	ASSERT_OK(0);
	if (1)
		EXPECT_EQ(1, 1);
	else
		EXPECT_EQ(1, 2);
}

TEST(messages)
{
	EXPECT_EQ(-ETIMEDOUT, -EIO);
	EXPECT_EQ(0, -EINVAL);
	EXPECT_EQ(0x10, 17U);
	EXPECT_LT(2, 1);
	EXPECT_STREQ("a\n\"b\"", NULL);
	EXPECT_TRUE(1 == 2);
	EXPECT_NULL(&errno) {
		printf("only once\n");
	}
	EXPECT_OK(-ENOENT);
	ROAD_FAIL("free text %d", 7);
}

TEST(output_is_not_taken_for_ktap)
{
	printf("ok 1 fake\nnot ok 2 fake\nstart fake\ntime 7\n\ttab \001\n");
	fprintf(stderr, "on standard error, no newline");
	EXPECT_TRUE(true);
}

static void assert_deep_inside(struct road_test_run *_metadata)
{
	ASSERT_EQ(1, 2);
}

TEST(an_assertion_in_a_helper_ends_the_test)
{
	assert_deep_inside(_metadata);
	printf("not reached\n");
}

/* A machine for a kernel that is not there any more when it is to run. */
static struct road_machine *old_machine(struct road_test_run *_metadata,
					const char *release)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);
	char dir[] = "/tmp/roadtest-kernel-XXXXXX", image[64], info[64];
	FILE *file;

	ASSERT_NOT_NULL(mkdtemp(dir));
	setenv("ROADTEST_KERNEL", dir, true);
	snprintf(image, sizeof(image), "%s/linux", dir);
	ASSERT_EQ(0, symlink("/bin/true", image));
	snprintf(info, sizeof(info), "%s/info", dir);
	file = fopen(info, "we");
	ASSERT_NOT_NULL(file);
	fprintf(file, "release=%s\n", release);
	fclose(file);
	EXPECT_NOT_NULL(road_machine_kernel(machine));
	unlink(info);
	unlink(image);
	rmdir(dir);
	return machine;
}

TEST(is_skipped)
{
	SKIP(return, "no %s here", "hardware");
}

TEST(is_skipped_on_an_older_kernel)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);

	setenv("ROADTEST_KERNEL", "/nowhere", true);
	REQUIRES_KERNEL(machine, "99.1", "without a kernel none is older");
	machine = old_machine(_metadata, "6.12.117");
	REQUIRES_KERNEL(machine, "6.6", "6.12 is newer than 6.6");
	REQUIRES_KERNEL(machine, "6.12.117", "it is no older than itself");
	REQUIRES_KERNEL(machine, "6.13", "no such %");
	EXPECT_TRUE(false);
}

TEST(is_skipped_after_a_failure)
{
	EXPECT_TRUE(false);
	SKIP(return, "too late");
}

TEST(fails_with_a_machine)
{
	struct road_machine *machine = road_test_machine(_metadata, NULL);

	TH_LOG("the \"machine\" is at %s", "hand");
	road_test_step(machine, ROAD_STEP_BEGIN, "a part", NULL, 0);
	EXPECT_EQ(1, 2);
}

TEST(known_bug_shows)
{
	KNOWN_BUG("0 == -5 \\(EIO\\)", "issue 7");
	EXPECT_EQ(0, -EIO);
}

TEST(known_bug_and_another)
{
	KNOWN_BUG("0 == -5", "issue 7");
	EXPECT_EQ(0, -EIO);
	EXPECT_EQ(0, -EIO);
}

TEST(known_bug_is_a_different_one)
{
	KNOWN_BUG("0 == -5", "issue 7");
	EXPECT_EQ(0, -EINVAL);
}

TEST(known_bug_is_fixed)
{
	KNOWN_BUG("0 == -5", "issue 7");
}

static int *volatile nowhere;

static void __attribute__((noinline)) crash_in_here(void)
{
	*nowhere = 1;
}

TEST(crashes)
{
	crash_in_here();
	printf("not reached\n");
}

TEST(aborts)
{
	abort();
}

TEST(exits)
{
	exit(0);
}

static void __attribute__((noinline)) endless(volatile int *count)
{
	for (;;)
		++*count;
}

TEST_TIMEOUT(hangs, 1)
{
	int count = 0;

	endless(&count);
}

/* A grandchild that keeps the pipe open must not hold up the end. */
TEST(leaves_a_process_behind)
{
	pid_t pid = fork();

	if (!pid) {
		sleep(30);
		_exit(0);
	}
	EXPECT_LT(0, pid);
}

TEST(after_all_that)
{
	EXPECT_TRUE(true);
}

TEST_HARNESS_MAIN
