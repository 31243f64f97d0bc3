/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.h - the message behind an error code
 *
 * Functions of the library return 0 or a negative code and leave the message
 * for the test's author in a struct road_error. The library never prints.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <roadtest.h>

#include <stdarg.h>

/*
 * struct road_error - @code is negative, 0: none. @message is owned, NULL: "".
 * @payload: an exception of another language, freed with @payload_free if
 * nobody took it.
 */
struct road_error {
	int code;
	char *message;
	void *payload;
	void (*payload_free)(void *payload);
};

/* Replace what @error holds; @error may be NULL. Return: @code. */
int err_set(struct road_error *error, int code, const char *fmt, ...)
	ROAD_PRINTF(3, 4);
int err_vset(struct road_error *error, int code, const char *fmt, va_list ap);
/* Put "text: " before the message. Return: the code in @error. */
int err_prefix(struct road_error *error, const char *fmt, ...)
	ROAD_PRINTF(2, 3);
/* Append to the message. */
void err_append(struct road_error *error, const char *fmt, ...)
	ROAD_PRINTF(2, 3);
/* -ROAD_ENOMEM with its message. */
int err_nomem(struct road_error *error);
/* Move @from, which is empty then, over what @to holds. Return: the code. */
int err_move(struct road_error *to, struct road_error *from);
void err_clear(struct road_error *error);
/* Never NULL. */
const char *err_message(const struct road_error *error);

#endif /* LIB_ERROR_H */
