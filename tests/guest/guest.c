// SPDX-License-Identifier: LGPL-2.1-or-later
/* guest.c - what the tests that boot UML share */
#include "guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS 8

void guest_boot_it(struct road_test_run *_metadata,
		   struct road_machine *machine)
{
	int ret = road_machine_boot(machine);

	ASSERT_EQ(0, ret) {
		TH_LOG("%s", road_machine_error(machine));
	}
}

struct road_machine *guest_boot(struct road_test_run *_metadata,
				const struct road_machine_config *config)
{
	struct road_machine *machine = road_machine_create(config);

	ASSERT_NOT_NULL(machine);
	guest_boot_it(_metadata, machine);
	return machine;
}

void guest_next_works(struct road_test_run *_metadata)
{
	struct road_machine *machine = guest_boot(_metadata, NULL);
	char text[64];

	EXPECT_EQ(6, road_read_file(machine, "/proc/sys/kernel/ostype", text,
				    sizeof(text)));
	EXPECT_EQ(0, road_advance(machine, ROAD_S));
	road_machine_destroy(machine);
}

void guest_put_helper(struct road_test_run *_metadata,
		      struct road_machine *machine)
{
	FILE *file = fopen(GUEST_HELPER, "re");
	char *data = malloc(4 << 20);
	size_t len;

	ASSERT_NOT_NULL(file);
	ASSERT_NOT_NULL(data);
	len = fread(data, 1, 4 << 20, file);
	fclose(file);
	ASSERT_EQ(0, road_put(machine, GUEST_HELPER_PATH, data, len, 0755));
	free(data);
}

/* Up to MAX_ARGS arguments behind the program's name. */
static void helper_args(const char **argv, va_list ap)
{
	size_t i = 0;

	argv[i++] = GUEST_HELPER_PATH;
	do {
		argv[i] = va_arg(ap, const char *);
	} while (argv[i++] && i < MAX_ARGS);
	argv[MAX_ARGS] = NULL;
}

struct road_call *guest_start_helper(struct road_test_run *_metadata,
				     struct road_machine *machine, ...)
{
	const char *argv[MAX_ARGS + 1];
	struct road_call *call;
	va_list ap;

	va_start(ap, machine);
	helper_args(argv, ap);
	va_end(ap);
	call = road_start_run(machine, argv, NULL, 0);
	ASSERT_NOT_NULL(call);
	return call;
}

int guest_run_helper(struct road_test_run *_metadata,
		     struct road_machine *machine, char *out, size_t size, ...)
{
	struct road_output output = {};
	const char *argv[MAX_ARGS + 1];
	va_list ap;
	int ret;

	va_start(ap, size);
	helper_args(argv, ap);
	va_end(ap);
	ret = road_run(machine, argv, NULL, 0, &output);
	if (ret == -ROAD_EPROGRAM)
		ret = output.status;
	if (ret >= 0 && out)
		snprintf(out, size, "%s", output.out);
	if (ret > 0)
		TH_LOG("%s: %s", argv[1], output.err);
	free(output.out);
	free(output.err);
	return ret;
}

bool guest_log_has(struct road_machine *machine, size_t mark, const char *part)
{
	char *log = road_log_since(machine, mark);
	bool has = log && strstr(log, part);

	free(log);
	return has;
}
