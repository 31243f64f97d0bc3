// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz-klog.c - bytes from the console of a guest that is broken, or worse
 *
 * Input: the size of the pieces in which the rest arrives, then the rest.
 */
#include "klog.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { \
	if (!(condition)) \
		abort(); \
} while (0)

static void check_lines(const struct klog *klog)
{
	const char *s;
	size_t i;

	for (i = 0; i < klog->num_lines; i++)
		for (s = klog->lines[i].text; *s; s++)
			REQUIRE((unsigned char)*s >= 0x20 || *s == '\t');
}

static void check_oracles(struct klog *klog)
{
	struct road_error error = { 0 };
	bool report = false;
	size_t i;
	int ret;

	klog_flush(klog);
	for (i = 0; i < klog->num_lines; i++)
		report |= klog->lines[i].report;
	ret = klog_test_end(klog, &error);
	REQUIRE(ret == (report ? -ROAD_EORACLE : 0));
	REQUIRE(!ret || *err_message(&error));
	/* What matches every line covers every report. */
	REQUIRE(!klog_expect(klog, ".*", &error));
	ret = klog_test_end(klog, &error);
	REQUIRE(ret == (klog->num_lines ? 0 : -ROAD_EORACLE));
	klog_test_begin(klog);
	REQUIRE(!klog_test_end(klog, &error));
	err_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t now = 0;
	struct klog klog;
	size_t piece, n;
	char *text;

	if (size < 1)
		return 0;
	piece = data[0] + 1;
	klog_init(&klog, &now);
	for (data++, size--; size; data += n, size -= n) {
		n = size < piece ? size : piece;
		klog_feed(&klog, (const char *)data, n);
		now += piece & 1;
	}
	check_oracles(&klog);
	check_lines(&klog);
	klog_contains(&klog, 0, "x");
	text = klog_since(&klog, 0, piece);
	REQUIRE(text);
	free(text);
	klog_deinit(&klog);
	return 0;
}
