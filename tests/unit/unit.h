/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unit.h - the least that a unit test needs: checks, and TAP on standard
 * output
 *
 * The library's own unit tests can't use the library's harness: they also run
 * when that one is broken.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
	const char *name;
	void (*fn)(void);
};

static int unit_failures;

#define UNIT_FAIL(...) do { \
	unit_failures++; \
	printf("# %s:%d: ", __FILE__, __LINE__); \
	printf(__VA_ARGS__); \
	putchar('\n'); \
} while (0)

#define CHECK(condition) do { \
	if (!(condition)) \
		UNIT_FAIL("not true: %s", #condition); \
} while (0)

#define CHECK_INT(got, want) do { \
	int64_t got_ = (int64_t)(got), want_ = (int64_t)(want); \
	if (got_ != want_) \
		UNIT_FAIL("%s is %" PRId64 " (0x%" PRIx64 "), not %" PRId64, \
			  #got, got_, (uint64_t)got_, want_); \
} while (0)

#define CHECK_STR(got, want) do { \
	const char *got_ = (got), *want_ = (want); \
	if (!got_ || strcmp(got_, want_)) \
		UNIT_FAIL("%s is\n\"%s\", not\n\"%s\"", #got, \
			  got_ ? got_ : "(null)", want_); \
} while (0)

#define CHECK_HAS(text, part) do { \
	const char *text_ = (text), *part_ = (part); \
	if (!text_ || !strstr(text_, part_)) \
		UNIT_FAIL("no \"%s\" in\n\"%s\"", part_, \
			  text_ ? text_ : "(null)"); \
} while (0)

/* Run the tests of a table; @argv[1], if there, is the only one to run. */
static int unit_main(int argc, char **argv, const struct unit_test *tests,
		     size_t num)
{
	int failed = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", num);
	for (i = 0; i < num; i++) {
		bool skip = argc > 1 && strcmp(argv[1], tests[i].name);

		unit_failures = 0;
		if (!skip)
			tests[i].fn();
		printf("%sok %zu %s%s\n", unit_failures ? "not " : "", i + 1,
		       tests[i].name, skip ? " # SKIP not asked for" : "");
		failed += unit_failures != 0;
	}
	return failed ? 1 : 0;
}

#define UNIT_MAIN(tests) \
	int main(int argc, char **argv) \
	{ \
		return unit_main(argc, argv, tests, \
				 sizeof(tests) / sizeof((tests)[0])); \
	}

#endif /* TESTS_UNIT_H */
