// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * error.c - error codes and the messages behind them
 */
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct errno_name {
	unsigned int number;
	const char *name;
};

/*
 * The kernel's own errnos are not meant for userspace, but drivers leak them
 * (ENOTSUPP above all), and then their name is what one wants to see.
 */
static const struct errno_name errno_names[] = {
	{ 512, "ERESTARTSYS" },
	{ 513, "ERESTARTNOINTR" },
	{ 514, "ERESTARTNOHAND" },
	{ 515, "ENOIOCTLCMD" },
	{ 516, "ERESTART_RESTARTBLOCK" },
	{ 517, "EPROBE_DEFER" },
	{ 518, "EOPENSTALE" },
	{ 519, "ENOPARAM" },
	{ 521, "EBADHANDLE" },
	{ 522, "ENOTSYNC" },
	{ 523, "EBADCOOKIE" },
	{ 524, "ENOTSUPP" },
	{ 525, "ETOOSMALL" },
	{ 526, "ESERVERFAULT" },
	{ 527, "EBADTYPE" },
	{ 528, "EJUKEBOX" },
	{ 529, "EIOCBQUEUED" },
	{ 530, "ERECALLCONFLICT" },
	{ 531, "ENOGRACE" },
	{ ROAD_EGONE, "ROAD_EGONE" },
	{ ROAD_ELIMIT, "ROAD_ELIMIT" },
	{ ROAD_EMODEL, "ROAD_EMODEL" },
	{ ROAD_EORACLE, "ROAD_EORACLE" },
	{ ROAD_EPROTO, "ROAD_EPROTO" },
	{ ROAD_EUSAGE, "ROAD_EUSAGE" },
	{ ROAD_EHOST, "ROAD_EHOST" },
	{ ROAD_EDEVICETREE, "ROAD_EDEVICETREE" },
	{ ROAD_EPROGRAM, "ROAD_EPROGRAM" },
	{ ROAD_ENOMEM, "ROAD_ENOMEM" },
	{ ROAD_EINTR, "ROAD_EINTR" },
	{ ROAD_ENODRIVER, "ROAD_ENODRIVER" },
	{ ROAD_ENODEVICE, "ROAD_ENODEVICE" },
	{ ROAD_ESIZE, "ROAD_ESIZE" },
	{ ROAD_ESHORT, "ROAD_ESHORT" },
};

const char *road_strerror(int error)
{
	/* Unsigned, so that INT_MIN has a negation. */
	unsigned int number = error < 0 ? -(unsigned int)error : error;
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(errno_names) / sizeof(errno_names[0]); i++)
		if (errno_names[i].number == number)
			return errno_names[i].name;
	name = strerrorname_np((int)number);
	return name ? name : "unknown error";
}

void err_clear(struct road_error *error)
{
	if (!error)
		return;
	free(error->message);
	if (error->payload && error->payload_free)
		error->payload_free(error->payload);
	*error = (struct road_error){ 0 };
}

int err_vset(struct road_error *error, int code, const char *fmt, va_list ap)
{
	char *message;

	if (!error)
		return code;
	/* Before the old message goes: it may be one of the arguments. */
	if (vasprintf(&message, fmt, ap) < 0)
		message = NULL;
	err_clear(error);
	error->code = code;
	error->message = message;
	return code;
}

int err_set(struct road_error *error, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(error, code, fmt, ap);
	va_end(ap);
	return code;
}

/* Put @first and @second together as the message; NULL stands for failure
 * and leaves the old message, which is better than none. */
static void err_join(struct road_error *error, const char *first,
		     const char *middle, const char *second)
{
	char *message;

	if (!first || !second ||
	    asprintf(&message, "%s%s%s", first, middle, second) < 0)
		return;
	free(error->message);
	error->message = message;
}

int err_prefix(struct road_error *error, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (!error)
		return 0;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	err_join(error, text, ": ", err_message(error));
	free(text);
	return error->code;
}

void err_append(struct road_error *error, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (!error)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	err_join(error, err_message(error), "", text);
	free(text);
}

int err_nomem(struct road_error *error)
{
	/* No message is allocated: err_message() knows the code. */
	err_clear(error);
	if (error)
		error->code = -ROAD_ENOMEM;
	return -ROAD_ENOMEM;
}

int err_move(struct road_error *to, struct road_error *from)
{
	int code = from->code;

	if (!to) {
		err_clear(from);
		return code;
	}
	if (to == from)
		return code;
	err_clear(to);
	*to = *from;
	*from = (struct road_error){ 0 };
	return code;
}

const char *err_message(const struct road_error *error)
{
	if (!error || !error->code)
		return "";
	if (error->message)
		return error->message;
	return error->code == -ROAD_ENOMEM ? "out of memory" :
	       road_strerror(error->code);
}
