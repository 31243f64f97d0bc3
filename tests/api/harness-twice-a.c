// SPDX-License-Identifier: LGPL-2.1-or-later
/* harness-twice-a.c - with harness-twice-b.c, a program with a name twice */
#include <roadtest/harness.h>

TEST(stands_in_two_files)
{
	EXPECT_EQ(1, 1);
}

TEST_HARNESS_MAIN
