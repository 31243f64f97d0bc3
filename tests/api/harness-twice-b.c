// SPDX-License-Identifier: LGPL-2.1-or-later
/* harness-twice-b.c - see harness-twice-a.c */
#include <roadtest/harness.h>

TEST(stands_in_two_files)
{
	EXPECT_EQ(1, 2);
}
