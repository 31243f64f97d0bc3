/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.h - what the tests that boot UML share
 *
 * Machines that a test lets die are not road_test_machine()s: at the end of
 * the test the oracles would be asked, and a dead guest is a failure to them.
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include <roadtest/harness.h>
#include <roadtest/model.h>

#include <string.h>

#define GUEST_HELPER_PATH "/run/helper"

/* Fail unless @text holds @part. */
#define EXPECT_HAS(text, part) guest_expect_has(_metadata, __FILE__, \
	__LINE__, text, part)
/* The call gives @code, and the machine's message holds @part. */
#define EXPECT_ERROR(machine, code, part, call) do { \
		EXPECT_EQ(code, call); \
		EXPECT_HAS(road_machine_error(machine), part); \
	} while (0)

static inline bool guest_expect_has(struct road_test_run *_metadata,
				    const char *file, int line,
				    const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	road_test_fail(_metadata, file, line, "\"%s\" is not in:\n%s", part,
		       text ? text : "(null)");
	return false;
}

/* A machine that the test destroys. @config may be NULL. */
struct road_machine *guest_boot(struct road_test_run *_metadata,
				const struct road_machine_config *config);
/* A fresh machine in this process works. */
void guest_next_works(struct road_test_run *_metadata);
/* Boot a machine that was made by hand. */
void guest_boot_it(struct road_test_run *_metadata,
		   struct road_machine *machine);
/* Put the helper program into the guest. */
void guest_put_helper(struct road_test_run *_metadata,
		      struct road_machine *machine);
/* Start or run it; the arguments end with NULL. */
struct road_call *guest_start_helper(struct road_test_run *_metadata,
				     struct road_machine *machine, ...)
	__attribute__((sentinel));
int guest_run_helper(struct road_test_run *_metadata,
		     struct road_machine *machine, char *out, size_t size, ...)
	__attribute__((sentinel));
/* Is this line in the machine's log? */
bool guest_log_has(struct road_machine *machine, size_t mark,
		   const char *part);

#endif /* TESTS_GUEST_H */
