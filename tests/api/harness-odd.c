// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * harness-odd.c - tests that do what a test should not, and might pass by it
 *
 * The begin of a name says how the test must end: fails_, passes_, or known_
 * for one that passes with its known bug. test_harness.py looks.
 */
#include <roadtest/harness.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in a process that the test forks */

#define IN_A_CHILD(...) \
	do { \
		if (!fork()) { \
			__VA_ARGS__; \
			_exit(0); \
		} \
		EXPECT_LT(0, wait(NULL)); \
	} while (0)

TEST(fails_by_an_expectation_in_a_child)
{
	IN_A_CHILD(EXPECT_EQ(1, 2));
}

TEST(fails_by_an_assertion_in_a_child)
{
	IN_A_CHILD(ASSERT_EQ(1, 2); printf("not reached\n"));
}

TEST(fails_by_an_expectation_in_a_grandchild)
{
	IN_A_CHILD(IN_A_CHILD(EXPECT_EQ(1, 2)));
}

TEST(fails_when_a_child_comes_back)
{
	IN_A_CHILD(return);
}

TEST(fails_when_a_child_skips)
{
	IN_A_CHILD(SKIP(break, "not its business"));
}

TEST(fails_when_a_child_knows_a_bug)
{
	IN_A_CHILD(KNOWN_BUG("x", "not its business"));
}

TEST(passes_with_a_child_that_is_good)
{
	IN_A_CHILD(EXPECT_EQ(1, 1));
}

TEST(known_failure_in_a_child)
{
	KNOWN_BUG("1 == 2", "known");
	IN_A_CHILD(EXPECT_EQ(1, 2));
}

/* ---- in a thread */

static void *expect(void *metadata)
{
	struct road_test_run *_metadata = metadata;

	EXPECT_EQ(1, 2);
	return NULL;
}

static void *assert_it(void *metadata)
{
	struct road_test_run *_metadata = metadata;

	ASSERT_EQ(1, 2);
	printf("not reached\n");
	return NULL;
}

static void *skip(void *metadata)
{
	struct road_test_run *_metadata = metadata;

	SKIP(return NULL, "not its business");
}

static void in_a_thread(struct road_test_run *_metadata, void *(*fn)(void *))
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, fn, _metadata));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST(fails_by_an_expectation_in_a_thread)
{
	in_a_thread(_metadata, expect);
}

TEST(fails_by_an_assertion_in_a_thread)
{
	in_a_thread(_metadata, assert_it);
}

TEST(fails_when_a_thread_skips)
{
	in_a_thread(_metadata, skip);
}

TEST(fails_with_a_known_bug_and_another_in_a_thread)
{
	KNOWN_BUG("1 == 2", "known");
	EXPECT_EQ(1, 2);
	in_a_thread(_metadata, expect);
}

/* ---- at the exit of the process */

static struct road_test_run *kept;

static void expect_at_exit(void)
{
	expect(kept);
}

static void assert_at_exit(void)
{
	assert_it(kept);
}

static void at_exit(struct road_test_run *_metadata, void (*fn)(void))
{
	kept = _metadata;
	ASSERT_EQ(0, atexit(fn));
}

TEST(fails_by_an_expectation_at_exit)
{
	at_exit(_metadata, expect_at_exit);
}

TEST(fails_by_an_assertion_at_exit)
{
	at_exit(_metadata, assert_at_exit);
}

TEST(fails_with_a_known_bug_and_another_at_exit)
{
	KNOWN_BUG("1 == 2", "known");
	EXPECT_EQ(1, 2);
	at_exit(_metadata, expect_at_exit);
}

/* ---- ends before its end */

TEST(fails_when_it_exits)
{
	EXPECT_TRUE(true);
	exit(0);
}

TEST(fails_when_it_exits_at_once)
{
	EXPECT_TRUE(true);
	_exit(0);
}

TEST(fails_when_its_thread_exits)
{
	EXPECT_TRUE(true);
	pthread_exit(NULL);
}

TEST(fails_when_it_becomes_another_program)
{
	EXPECT_TRUE(true);
	execl("/bin/true", "true", NULL);
}

TEST(fails_when_it_kills_itself)
{
	EXPECT_TRUE(true);
	raise(SIGKILL);
}

static jmp_buf place;

static void jump(void)
{
	longjmp(place, 1);
}

TEST(fails_after_a_jump_of_its_own)
{
	if (!setjmp(place))
		jump();
	EXPECT_EQ(1, 2);
}

TEST_TIMEOUT(fails_when_it_has_itself_traced_and_hangs, 1)
{
	EXPECT_EQ(0, ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	for (;;)
		;
}

TEST(skips_and_would_have_another_result)
{
	SKIP(return, "a reason\nok 99 fails_but_who_knows\t\x7f.");
}

TEST(known_with_a_reason_of_two_lines)
{
	KNOWN_BUG("1 == 2", "known\r");
	EXPECT_EQ(1, 2);
}

TEST(fails_with_a_machine_in_a_child)
{
	IN_A_CHILD(road_test_machine(_metadata, NULL));
}

/* ---- looks at nothing, or at the wrong thing */

TEST(fails_when_it_is_empty)
{
}

TEST(fails_when_it_loops_over_nothing)
{
	for (int i = 0; i < 0; i++)
		EXPECT_EQ(i, i);
}

TEST(fails_when_it_compares_the_addresses_of_strings)
{
	char text[] = "abc";

	EXPECT_NE("abc", text);
}

TEST(fails_when_it_compares_with_the_address_of_a_string)
{
	char text[] = "abc";

	EXPECT_NE(text, "abc");
}

/* ---- nobody hears it */

TEST(fails_audibly_with_its_outputs_closed)
{
	fclose(stdout);
	fclose(stderr);
	EXPECT_EQ(1, 2);
}

TEST(fails_audibly_with_its_outputs_elsewhere)
{
	int fd = open("/dev/null", O_RDWR);

	ASSERT_LE(0, fd);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	EXPECT_EQ(1, 2);
}

TEST(fails_with_all_files_closed)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	EXPECT_EQ(1, 2);
}

TEST(passes_with_its_outputs_closed)
{
	fclose(stdout);
	fclose(stderr);
	EXPECT_EQ(1, 1);
}

TEST_TIMEOUT(fails_when_it_prints_for_ever, 1)
{
	EXPECT_TRUE(true);
	for (;;)
		usleep(printf("%0200d\n", 0) == 201 ? 0 : 1);
}

/* ---- a tear-down */

FIXTURE(fixture) {
	void (*end)(struct road_test_run *_metadata);
};

FIXTURE_SETUP(fixture)
{
}

FIXTURE_TEARDOWN(fixture)
{
	if (self->end)
		self->end(_metadata);
}

static void end_expect(struct road_test_run *_metadata)
{
	EXPECT_EQ(1, 2);
}

static void end_assert(struct road_test_run *_metadata)
{
	ASSERT_EQ(1, 2);
	printf("not reached\n");
}

static void end_skip(struct road_test_run *_metadata)
{
	SKIP(return, "too late");
}

static void end_known(struct road_test_run *_metadata)
{
	KNOWN_BUG("1 == 2", "known");
}

static void end_exit(struct road_test_run *_metadata)
{
	exit(0);
}

TEST_F(fixture, fails_by_an_expectation_in_its_teardown)
{
	EXPECT_NULL(self->end);
	self->end = end_expect;
}

TEST_F(fixture, fails_by_an_assertion_in_its_teardown)
{
	EXPECT_NULL(self->end);
	self->end = end_assert;
}

TEST_F(fixture, fails_when_it_skips_in_its_teardown)
{
	EXPECT_NULL(self->end);
	self->end = end_skip;
}

TEST_F(fixture, fails_when_it_knows_a_bug_too_late)
{
	EXPECT_EQ(1, 2);
	self->end = end_known;
}

TEST_F(fixture, fails_when_it_exits_in_its_teardown)
{
	EXPECT_NULL(self->end);
	self->end = end_exit;
}

TEST(fails_when_the_bug_was_known_after_it_showed)
{
	EXPECT_EQ(1, 2);
	KNOWN_BUG("1 == 2", "known");
}

/* ---- and one that outlives its test */

TEST(passes_and_leaves_a_child)
{
	pid_t pid = fork();

	if (!pid) {
		usleep(200 * 1000);
		EXPECT_EQ(5, 6);
		_exit(0);
	}
	EXPECT_LT(0, pid);
}

TEST_TIMEOUT(passes_behind_it, 0)
{
	EXPECT_EQ(0, usleep(900 * 1000));
}

TEST_HARNESS_MAIN
