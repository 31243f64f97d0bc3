// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-error.c - of lib/error.c */
#include "error.h"
#include "unit.h"

#include <errno.h>
#include <limits.h>

static int payloads_freed;

static void payload_free(void *payload)
{
	payloads_freed++;
}

static void every_error_has_a_name(void)
{
	CHECK_STR(road_strerror(-ETIMEDOUT), "ETIMEDOUT");
	CHECK_STR(road_strerror(EAGAIN), "EAGAIN");
	CHECK_STR(road_strerror(-524), "ENOTSUPP");
	CHECK_STR(road_strerror(-ROAD_EGONE), "ROAD_EGONE");
	CHECK_STR(road_strerror(-ROAD_EDEVICETREE), "ROAD_EDEVICETREE");
	CHECK_STR(road_strerror(-ROAD_EPROGRAM), "ROAD_EPROGRAM");
	CHECK_STR(road_strerror(INT_MIN), "unknown error");
	CHECK_STR(road_strerror(INT_MAX), "unknown error");
}

static void messages_are_put_together(void)
{
	struct road_error error = { 0 };

	CHECK_STR(err_message(NULL), "");
	CHECK_STR(err_message(&error), "");
	CHECK_INT(err_set(&error, -EIO, "number %d", 5), -EIO);
	CHECK_INT(err_prefix(&error, "in %s", "here"), -EIO);
	err_append(&error, "; %s", "more");
	CHECK_STR(err_message(&error), "in here: number 5; more");
	/* Its own message as an argument. */
	err_set(&error, -EPERM, "again: %s", err_message(&error));
	CHECK_STR(err_message(&error), "again: in here: number 5; more");
	CHECK_INT(err_nomem(&error), -ROAD_ENOMEM);
	CHECK_STR(err_message(&error), "out of memory");
	CHECK_INT(err_set(NULL, -EIO, "nobody listens"), -EIO);
	err_clear(&error);
	err_clear(NULL);
	CHECK_STR(err_message(&error), "");
}

static void a_payload_is_freed_once(void)
{
	struct road_error from = { 0 }, to = { 0 };

	payloads_freed = 0;
	err_set(&from, -ROAD_EMODEL, "raised");
	from.payload = &from;
	from.payload_free = payload_free;
	CHECK_INT(err_move(&to, &from), -ROAD_EMODEL);
	CHECK_INT(from.code, 0);
	err_clear(&from);
	CHECK_INT(payloads_freed, 0);
	err_prefix(&to, "chip");
	CHECK_STR(err_message(&to), "chip: raised");
	CHECK_INT(payloads_freed, 0);
	err_set(&to, -EIO, "another");
	CHECK_INT(payloads_freed, 1);
	err_clear(&to);
	CHECK_INT(payloads_freed, 1);
}

static const struct unit_test tests[] = {
	{ "every_error_has_a_name", every_error_has_a_name },
	{ "messages_are_put_together", messages_are_put_together },
	{ "a_payload_is_freed_once", a_payload_is_freed_once },
};

UNIT_MAIN(tests)
