/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * roadtest/harness.h - write tests in C
 *
 * The macros are named as in the kernel's kselftest_harness.h:
 *
 *	FIXTURE(opt3001) { struct road_machine *machine; };
 *	FIXTURE_SETUP(opt3001) { self->machine = road_test_machine(...); }
 *	FIXTURE_TEARDOWN(opt3001) { }
 *	TEST_F(opt3001, zero_lux) { EXPECT_EQ(0, lux(self->machine)); }
 *	TEST_HARNESS_MAIN
 *
 * Each test runs in a fork of its own: one that crashes, exits or hangs fails
 * alone. `_metadata` (struct road_test_run *) is in scope in tests, set-up and
 * tear-down; a helper function that uses the macros takes it as an argument.
 *
 * Models stand in the fixture, or are variables of the test that it detaches
 * before it returns. An assertion that ends the test does that itself.
 *
 * Output is KTAP; what a test prints becomes a diagnostic. The options of the
 * program are in docs/ktap.md; --no-fork is for a debugger.
 */
#ifndef ROADTEST_HARNESS_H
#define ROADTEST_HARNESS_H

#include <roadtest.h>

struct road_test_run;

/* ------------------------------------------------------------------------
 * Tests
 */

/** TEST(name) - a test without a fixture; a function body follows. */
#define TEST(test_name) ROAD_TEST(test_name, 0)

/** TEST_TIMEOUT() - a test with a wall limit of its own, in seconds. */
#define TEST_TIMEOUT(test_name, seconds) ROAD_TEST(test_name, seconds)

/** FIXTURE(name) - the data of a fixture; the members of a struct follow. */
#define FIXTURE(fixture_name) \
	static const struct road_fixture fixture_name##_fixture \
		__attribute__((unused)) = { #fixture_name, __LINE__ }; \
	struct fixture_name##_variant; \
	struct fixture_name##_data

/** FIXTURE_DATA(name) - the type of `*self`, for helper functions. */
#define FIXTURE_DATA(fixture_name) struct fixture_name##_data

/** FIXTURE_SETUP(name) - runs before each test; has `self` (zeroed) and
 *  `variant`. If it fails an assertion, neither test nor tear-down run. */
#define FIXTURE_SETUP(fixture_name) \
	static void fixture_name##_setup(ROAD_TEST_PARAMS(fixture_name))

/** FIXTURE_TEARDOWN(name) - runs after each test, also one that failed. */
#define FIXTURE_TEARDOWN(fixture_name) \
	static void fixture_name##_teardown(ROAD_TEST_PARAMS(fixture_name))

/** FIXTURE_VARIANT(name) - the type of `*variant`; members follow. */
#define FIXTURE_VARIANT(fixture_name) struct fixture_name##_variant

/** FIXTURE_VARIANT_ADD(fixture, variant) - a set of values, in braces. Each
 *  test of the fixture runs once with each; without any, `variant` is NULL. */
#define FIXTURE_VARIANT_ADD(fixture_name, variant_name) \
	static const struct fixture_name##_variant \
		fixture_name##_##variant_name##_variant; \
	static const struct road_variant \
		fixture_name##_##variant_name##_entry = { \
			.fixture = &fixture_name##_fixture, \
			.name = #variant_name, \
			.line = __LINE__, \
			.data = &fixture_name##_##variant_name##_variant, \
		}; \
	static const struct road_variant *const \
		fixture_name##_##variant_name##_pointer \
		__attribute__((used, section("road_variants"))) = \
			&fixture_name##_##variant_name##_entry; \
	static const struct fixture_name##_variant \
		fixture_name##_##variant_name##_variant =

/** TEST_F(fixture, name) - a test with a fixture; its id is FIXTURE.NAME, or
 *  FIXTURE.VARIANT.NAME. */
#define TEST_F(fixture_name, test_name) ROAD_TEST_F(fixture_name, test_name, 0)

/** TEST_F_TIMEOUT() - the same, with a wall limit of its own in seconds. */
#define TEST_F_TIMEOUT(fixture_name, test_name, seconds) \
	ROAD_TEST_F(fixture_name, test_name, seconds)

/** TEST_HARNESS_MAIN - the program's main(); once, at file level. */
#define TEST_HARNESS_MAIN \
	int main(int argc, char **argv) \
	{ \
		const struct road_test_table table = { \
			__start_road_tests, __stop_road_tests, \
			__start_road_variants, __stop_road_variants, \
		}; \
		return road_test_main(argc, argv, &table); \
	}

/* ------------------------------------------------------------------------
 * Inside a test
 */

/**
 * road_test_machine() - a machine for this test, not booted yet
 * @_metadata: of the test
 * @config: may be NULL. A seed of 0 takes the environment's ROADTEST_SEED.
 *
 * The harness owns it: at the test's end the oracles are asked (a report of
 * the kernel that the test did not expect fails it), a call that still blocks
 * fails the test, and the machine is destroyed: road_machine_destroy() is not
 * for it. A test may have several. Ends the test when out of memory. Of a
 * machine of road_machine_create() the harness knows nothing.
 */
ROAD_API struct road_machine *
road_test_machine(struct road_test_run *_metadata,
		  const struct road_machine_config *config);

/** road_test_name() - id of the test that runs; valid as long as it does. */
ROAD_API const char *road_test_name(const struct road_test_run *_metadata);

/** SKIP(statement, fmt, ...) - the test is skipped for a reason; @statement
 *  is usually return. Failures before it still count. In set-up and test. */
#define SKIP(statement, fmt, ...) \
	do { \
		road_test_skip(_metadata, fmt, ##__VA_ARGS__); \
		statement; \
	} while (0)

/**
 * REQUIRES_KERNEL(machine, release, reason) - skip the rest of this test on a
 * kernel older than @release ("6.6"), which lacks what @reason says
 *
 * Before boot it costs nothing. In a fixture's setup it is for all its tests.
 */
#define REQUIRES_KERNEL(machine, release, reason) \
	do { \
		if (road_machine_older(machine, release)) \
			SKIP(return, "needs Linux %s: %s", release, reason); \
	} while (0)

/**
 * KNOWN_BUG(regex, reason) - this test shows a bug that is known
 *
 * Exactly one failure, whose message matches @regex (POSIX extended), is
 * accepted: the test passes and says @reason. Any other failure counts, and
 * without one the test fails, since the bug seems to be fixed. Once a test, in
 * the test itself. A crash or hang of the guest, with all that fails by its
 * code, is one failure; @regex may match the kernel's log in its message.
 */
#define KNOWN_BUG(regex, reason) \
	road_test_known_bug(_metadata, __FILE__, __LINE__, regex, reason)

/** TH_LOG(fmt, ...) - a line of diagnostics with its place. */
#define TH_LOG(fmt, ...) \
	road_test_log(_metadata, __FILE__, __LINE__, fmt, ##__VA_ARGS__)

/*
 * ASSERT_* end the test when they do not hold (from any depth of calls),
 * EXPECT_* let it go on. As in the kernel, the value that is expected comes
 * first, and a block may follow that runs on failure:
 *
 *	ASSERT_EQ(3, n) {
 *		TH_LOG("after %d tries", tries);
 *	}
 *
 * Integers of any type are compared by their value (-1 < 1U); pointers too. A
 * string in quotes has no value to compare, and fails: that is for STREQ.
 *
 * They work in processes that the test forks, in threads, in callbacks of
 * models and in exit handlers: a failure there is one of the test. ASSERT_* ends
 * that process or thread; in a callback it ends the test, and the machine. What
 * a process does that outlives its test only fails the program, if it comes
 * before the program's end: wait for it in the test. A test in which no
 * assertion runs, and that has no machine, fails.
 *
 * An error below -4096 (enum road_errno) that a model or the machine met with
 * fails the test at its end, whatever became of its code, unless an assertion
 * names it as the one that it expects:
 *
 *	EXPECT_EQ(-ROAD_EMODEL, road_read(machine, fd, buf, 1));
 */
#define EXPECT_EQ(expected, seen) \
	ROAD_COMPARE(EXPECT, EQ, #expected, #seen, expected, seen)
#define EXPECT_NE(expected, seen) \
	ROAD_COMPARE(EXPECT, NE, #expected, #seen, expected, seen)
#define EXPECT_LT(expected, seen) \
	ROAD_COMPARE(EXPECT, LT, #expected, #seen, expected, seen)
#define EXPECT_LE(expected, seen) \
	ROAD_COMPARE(EXPECT, LE, #expected, #seen, expected, seen)
#define EXPECT_GT(expected, seen) \
	ROAD_COMPARE(EXPECT, GT, #expected, #seen, expected, seen)
#define EXPECT_GE(expected, seen) \
	ROAD_COMPARE(EXPECT, GE, #expected, #seen, expected, seen)
#define EXPECT_TRUE(seen) ROAD_TRUTH(EXPECT, TRUE, true, #seen, seen)
#define EXPECT_FALSE(seen) ROAD_TRUTH(EXPECT, FALSE, false, #seen, seen)
#define EXPECT_NULL(seen) ROAD_NULL(EXPECT, NULL, EQ, #seen, seen)
#define EXPECT_NOT_NULL(seen) ROAD_NULL(EXPECT, NOT_NULL, NE, #seen, seen)
#define EXPECT_STREQ(expected, seen) \
	ROAD_STRINGS(EXPECT, EQ, #expected, #seen, expected, seen)
#define EXPECT_STRNE(expected, seen) \
	ROAD_STRINGS(EXPECT, NE, #expected, #seen, expected, seen)

/** The same; the test ends. */
#define ASSERT_EQ(expected, seen) \
	ROAD_COMPARE(ASSERT, EQ, #expected, #seen, expected, seen)
#define ASSERT_NE(expected, seen) \
	ROAD_COMPARE(ASSERT, NE, #expected, #seen, expected, seen)
#define ASSERT_LT(expected, seen) \
	ROAD_COMPARE(ASSERT, LT, #expected, #seen, expected, seen)
#define ASSERT_LE(expected, seen) \
	ROAD_COMPARE(ASSERT, LE, #expected, #seen, expected, seen)
#define ASSERT_GT(expected, seen) \
	ROAD_COMPARE(ASSERT, GT, #expected, #seen, expected, seen)
#define ASSERT_GE(expected, seen) \
	ROAD_COMPARE(ASSERT, GE, #expected, #seen, expected, seen)
#define ASSERT_TRUE(seen) ROAD_TRUTH(ASSERT, TRUE, true, #seen, seen)
#define ASSERT_FALSE(seen) ROAD_TRUTH(ASSERT, FALSE, false, #seen, seen)
#define ASSERT_NULL(seen) ROAD_NULL(ASSERT, NULL, EQ, #seen, seen)
#define ASSERT_NOT_NULL(seen) ROAD_NULL(ASSERT, NOT_NULL, NE, #seen, seen)
#define ASSERT_STREQ(expected, seen) \
	ROAD_STRINGS(ASSERT, EQ, #expected, #seen, expected, seen)
#define ASSERT_STRNE(expected, seen) \
	ROAD_STRINGS(ASSERT, NE, #expected, #seen, expected, seen)

/** EXPECT_OK(call) - @call did not return an error; else the message is that
 *  of road_machine_error(). An int, long or the like: a bool, a pointer, or a
 *  type that no error fits into does not compile. */
#define EXPECT_OK(call) ROAD_OK(EXPECT, #call, call)
#define ASSERT_OK(call) ROAD_OK(ASSERT, #call, call)

/** ROAD_FAIL(fmt, ...) - fail the test and go on. */
#define ROAD_FAIL(fmt, ...) \
	road_test_fail(_metadata, __FILE__, __LINE__, fmt, ##__VA_ARGS__)

/* ------------------------------------------------------------------------
 * What the macros are made of
 */

struct road_fixture {
	const char *name;
	int line;
};

struct road_variant {
	const struct road_fixture *fixture;
	const char *name;
	int line;
	const void *data;
};

enum road_test_phase {
	ROAD_TEST_SETUP,
	ROAD_TEST_BODY,
	ROAD_TEST_TEARDOWN,
};

struct road_test {
	const struct road_fixture *fixture;	/* NULL: none */
	const char *name;
	const char *file;
	int line;
	unsigned int timeout;			/* seconds; 0: the default */
	size_t size;				/* of the fixture's data */
	void (*run)(struct road_test_run *_metadata,
		    enum road_test_phase phase, void *self,
		    const void *variant);
};

/* All tests and variants of a program: pointers that the linker collects from
 * all its files, in no order. */
struct road_test_table {
	const struct road_test *const *tests, *const *tests_end;
	const struct road_variant *const *variants, *const *variants_end;
};

#define ROAD_TEST_SYMBOL __attribute__((weak, visibility("hidden")))
extern const struct road_test *const __start_road_tests[] ROAD_TEST_SYMBOL;
extern const struct road_test *const __stop_road_tests[] ROAD_TEST_SYMBOL;
extern const struct road_variant *const
	__start_road_variants[] ROAD_TEST_SYMBOL;
extern const struct road_variant *const
	__stop_road_variants[] ROAD_TEST_SYMBOL;

/** road_test_main() - run the tests of @table as the arguments say. Return:
 *  the exit status: 0 all passed, 1 a test failed, 2 could not run. */
ROAD_API int road_test_main(int argc, char **argv,
			    const struct road_test_table *table);

#define ROAD_TEST_PARAMS(fixture_name) \
	struct road_test_run *_metadata __attribute__((unused)), \
	struct fixture_name##_data *self __attribute__((unused)), \
	const struct fixture_name##_variant *variant __attribute__((unused))

#define ROAD_TEST_ENTRY(ident, ...) \
	static const struct road_test ident##_test = { \
		.file = __FILE__, .line = __LINE__, .run = ident##_run, \
		__VA_ARGS__ \
	}; \
	static const struct road_test *const ident##_pointer \
		__attribute__((used, section("road_tests"))) = &ident##_test;

#define ROAD_TEST(test_name, seconds) \
	static void test_name(struct road_test_run *_metadata); \
	static void test_name##_run(struct road_test_run *_metadata, \
		enum road_test_phase phase, \
		void *self __attribute__((unused)), \
		const void *variant __attribute__((unused))) \
	{ \
		if (phase == ROAD_TEST_BODY) \
			test_name(_metadata); \
	} \
	ROAD_TEST_ENTRY(test_name, .name = #test_name, .timeout = seconds) \
	static void \
	test_name(struct road_test_run *_metadata __attribute__((unused)))

#define ROAD_TEST_F(fixture_name, test_name, seconds) \
	static void \
	fixture_name##_##test_name(ROAD_TEST_PARAMS(fixture_name)); \
	static void fixture_name##_##test_name##_run( \
		struct road_test_run *_metadata, enum road_test_phase phase, \
		void *self, const void *variant) \
	{ \
		switch (phase) { \
		case ROAD_TEST_SETUP: \
			fixture_name##_setup(_metadata, self, variant); \
			break; \
		case ROAD_TEST_BODY: \
			fixture_name##_##test_name(_metadata, self, variant); \
			break; \
		case ROAD_TEST_TEARDOWN: \
			fixture_name##_teardown(_metadata, self, variant); \
			break; \
		} \
	} \
	ROAD_TEST_ENTRY(fixture_name##_##test_name, \
		.fixture = &fixture_name##_fixture, .name = #test_name, \
		.timeout = seconds, .size = sizeof(struct fixture_name##_data)) \
	static void fixture_name##_##test_name(ROAD_TEST_PARAMS(fixture_name))

/* A value of an assertion. Made by the functions below, chosen by type. */
struct road_value {
	enum {
		ROAD_VALUE_SIGNED,
		ROAD_VALUE_UNSIGNED,
		ROAD_VALUE_POINTER,
	} kind;
	union {
		int64_t i;
		uint64_t u;
		const volatile void *p;
	};
};

static inline struct road_value road_value_signed(int64_t i)
{
	return (struct road_value){ .kind = ROAD_VALUE_SIGNED, .i = i };
}

static inline struct road_value road_value_unsigned(uint64_t u)
{
	return (struct road_value){ .kind = ROAD_VALUE_UNSIGNED, .u = u };
}

static inline struct road_value road_value_pointer(const volatile void *p)
{
	return (struct road_value){ .kind = ROAD_VALUE_POINTER, .p = p };
}

/* Floating point has no branch on purpose: it does not compile. */
#define ROAD_VALUE(x) \
	_Generic((x), \
		char: road_value_signed, \
		signed char: road_value_signed, \
		short: road_value_signed, \
		int: road_value_signed, \
		long: road_value_signed, \
		long long: road_value_signed, \
		bool: road_value_unsigned, \
		unsigned char: road_value_unsigned, \
		unsigned short: road_value_unsigned, \
		unsigned int: road_value_unsigned, \
		unsigned long: road_value_unsigned, \
		unsigned long long: road_value_unsigned, \
		default: road_value_pointer)(x)

static inline int64_t road_result(int64_t result)
{
	return result;
}

/* Such a type has no negative error, or has lost it. */
int64_t road_result_of_bool(bool is_true)
	__attribute__((error("a bool is no result: use ..._TRUE()")));
int64_t road_result_of_unsigned(unsigned int number)
	__attribute__((error("an error does not fit into this type: use int")));
int64_t road_result_of_pointer(const volatile void *p)
	__attribute__((error("a pointer is no result: use ..._NOT_NULL()")));

/* What a call returns that gives a negative error when it fails. */
#define ROAD_RESULT(x) \
	_Generic((x), \
		int: road_result, \
		long: road_result, \
		long long: road_result, \
		unsigned long: road_result, \
		unsigned long long: road_result, \
		bool: road_result_of_bool, \
		char: road_result_of_unsigned, \
		signed char: road_result_of_unsigned, \
		short: road_result_of_unsigned, \
		unsigned char: road_result_of_unsigned, \
		unsigned short: road_result_of_unsigned, \
		unsigned int: road_result_of_unsigned, \
		default: road_result_of_pointer)(x)

enum road_comparison {
	ROAD_CMP_EQ,
	ROAD_CMP_NE,
	ROAD_CMP_LT,
	ROAD_CMP_LE,
	ROAD_CMP_GT,
	ROAD_CMP_GE,
};

/* Where an assertion stands, in the author's words. */
struct road_where {
	const char *file;
	int line;
	const char *macro;
	const char *expected, *seen;
};

/* All return whether the assertion holds; if not, the failure is noted. */
ROAD_API bool road_test_compare(struct road_test_run *_metadata,
				const struct road_where *where,
				enum road_comparison comparison,
				struct road_value expected,
				struct road_value seen);
ROAD_API bool road_test_truth(struct road_test_run *_metadata,
			      const struct road_where *where, bool expected,
			      bool seen);
ROAD_API bool road_test_strings(struct road_test_run *_metadata,
				const struct road_where *where, bool equal,
				const char *expected, const char *seen);
ROAD_API bool road_test_ok(struct road_test_run *_metadata,
			   const struct road_where *where, int64_t result);
/** Ends the test. */
ROAD_API void road_test_bail(struct road_test_run *_metadata)
	__attribute__((noreturn));
ROAD_API void road_test_fail(struct road_test_run *_metadata,
			     const char *file, int line, const char *fmt, ...)
	ROAD_PRINTF(4, 5);
ROAD_API void road_test_log(struct road_test_run *_metadata, const char *file,
			    int line, const char *fmt, ...) ROAD_PRINTF(4, 5);
ROAD_API void road_test_skip(struct road_test_run *_metadata, const char *fmt,
			     ...) ROAD_PRINTF(2, 3);
ROAD_API void road_test_known_bug(struct road_test_run *_metadata,
				  const char *file, int line,
				  const char *regex, const char *reason);

#define ROAD_THEN_EXPECT(_metadata) ((void)0)
#define ROAD_THEN_ASSERT(_metadata) road_test_bail(_metadata)

#define ROAD_PASTE2(a, b) a##b
#define ROAD_PASTE(a, b) ROAD_PASTE2(a, b)

/* A loop, not an if: an else behind the macro then can't be ambiguous. The
 * switch keeps clang from warning of an empty body. */
#define ROAD_CHECK(kind, name, holds, expected_text, seen_text, ...) \
	for (bool ROAD_PASTE(road_failed_, __LINE__) = !holds(_metadata, \
		&(const struct road_where){ __FILE__, __LINE__, name, \
			expected_text, seen_text }, __VA_ARGS__); \
	     ROAD_PASTE(road_failed_, __LINE__); \
	     ROAD_PASTE(road_failed_, __LINE__) = false, \
		ROAD_THEN_##kind(_metadata)) \
		switch (0) \
		default:

/* The texts are made by the outermost macro: deeper, -ETIMEDOUT is -110. */
#define ROAD_COMPARE(kind, op, expected_text, seen_text, expected, seen) \
	ROAD_CHECK(kind, #kind "_" #op, road_test_compare, expected_text, \
		   seen_text, ROAD_CMP_##op, ROAD_VALUE(expected), \
		   ROAD_VALUE(seen))
#define ROAD_TRUTH(kind, name, expected, seen_text, seen) \
	ROAD_CHECK(kind, #kind "_" #name, road_test_truth, NULL, seen_text, \
		   expected, !!(seen))
#define ROAD_NULL(kind, name, op, seen_text, seen) \
	ROAD_CHECK(kind, #kind "_" #name, road_test_compare, NULL, seen_text, \
		   ROAD_CMP_##op, road_value_pointer(NULL), \
		   road_value_pointer(seen))
#define ROAD_STRINGS(kind, op, expected_text, seen_text, expected, seen) \
	ROAD_CHECK(kind, #kind "_STR" #op, road_test_strings, expected_text, \
		   seen_text, ROAD_CMP_##op == ROAD_CMP_EQ, expected, seen)
#define ROAD_OK(kind, text, call) \
	ROAD_CHECK(kind, #kind "_OK", road_test_ok, NULL, text, \
		   ROAD_RESULT(call))

#endif /* ROADTEST_HARNESS_H */
