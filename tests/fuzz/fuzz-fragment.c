// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz-fragment.c - devicetree fragments as a test may write them, and
 * messages of the tools about them
 *
 * Input: flags, then the fragment, and behind a NUL what cpp or dtc said.
 * Neither tool runs.
 */
#include "devicetree.h"
#include "dt-fragment.h"
#include "dt-message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { \
	if (!(condition)) \
		abort(); \
} while (0)

static size_t count(const char *text, char c)
{
	size_t num = 0;

	for (; *text; text++)
		num += *text == c;
	return num;
}

/* What holds for every fragment that was taken. */
static void check_fragment(const struct dt_fragment *fragment, const char *src)
{
	int brace = dt_fragment_open_brace(fragment);
	size_t lines = count(src, '\n');

	REQUIRE(count(fragment->text, '\n') == lines);
	REQUIRE(dt_fragment_line(fragment, fragment->line) == fragment->text);
	REQUIRE(dt_fragment_line(fragment, fragment->line + lines));
	REQUIRE(!dt_fragment_line(fragment, fragment->line + lines + 1));
	REQUIRE(!dt_fragment_line(fragment, fragment->line - 1L));
	REQUIRE(!brace || (brace >= fragment->line &&
			   brace <= fragment->line + (long)lines));
}

static void check_message(const struct dt *dt, const char *output)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	dt_message_rewrite(dt, out, output);
	fclose(out);
	REQUIRE(strlen(text) == size);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct road_var vars[] = {
		{ "addr", ROAD_VAR_I2C_ADDR, 0xffff },
		{ "irq", ROAD_VAR_GPIO_PIN, 0xffff },
		{ "a", ROAD_VAR_GPIO_PIN, 0xffff },
	};
	struct road_fragment fragment = { .vars = vars };
	struct road_error error = { 0 };
	struct dt dt;
	char *src;
	int ret;

	if (size < 1)
		return 0;
	/* Twice terminated: behind the fragment and behind the message. */
	src = calloc(1, size + 1);
	if (!src)
		return 0;
	memcpy(src, data + 1, size - 1);
	fragment.src = src;
	fragment.num_vars = data[0] & 3;
	fragment.file = data[0] & 4 ? "test.py" : NULL;
	fragment.line = data[0] >> 3;
	dt_init(&dt, data[0] & 8);
	ret = dt_add_fragment(&dt, &fragment, &error);
	REQUIRE(ret == 0 || ret == -ROAD_EUSAGE);
	REQUIRE(ret == error.code);
	if (ret) {
		REQUIRE(error.message && *error.message);
		REQUIRE(vars[0].value == 0xffff && vars[1].value == 0xffff);
		REQUIRE(!dt.num_fragments && !dt.lines_used[0]);
	} else {
		REQUIRE(dt.num_fragments == 1);
		check_fragment(&dt.fragments[0], src);
	}
	check_message(&dt, src + strlen(src) + 1);
	err_clear(&error);
	dt_deinit(&dt);
	free(src);
	return 0;
}
