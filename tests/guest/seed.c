// SPDX-License-Identifier: LGPL-2.1-or-later
/* seed.c - the guest's random numbers are a function of the machine's seed */
#include "guest.h"

static void read_random(struct road_test_run *_metadata, uint64_t seed,
			char *id, size_t size)
{
	const struct road_machine_config config = { .seed = seed };
	struct road_machine *m = guest_boot(_metadata, &config);

	id[0] = '\0';
	EXPECT_LT(0, road_read_file(m, "/proc/sys/kernel/random/boot_id", id,
				    size));
	road_machine_destroy(m);
}

TEST(same_seed_gives_the_same_random_numbers)
{
	char first[64], again[64], other[64];

	read_random(_metadata, 5, first, sizeof(first));
	read_random(_metadata, 5, again, sizeof(again));
	read_random(_metadata, 6, other, sizeof(other));
	EXPECT_STREQ(first, again);
	EXPECT_STRNE(first, other);
}

TEST_HARNESS_MAIN
