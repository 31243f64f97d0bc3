/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text.h - bytes that should be text
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Length of the UTF-8 sequence at @s, which is NUL-terminated; 0 if it is
 * none. NUL itself has length 1. */
size_t text_utf8_len(const char *s);

/* Write one character or byte to @out such that it can't disturb a terminal
 * or a line: control characters but tab, and what is no UTF-8, as \xNN.
 * Return: bytes of @s that were used. */
size_t text_put_plain(FILE *out, const char *s);

/* A further member of a JSON object: a comma, @key, and @text as a string, in
 * which what is no UTF-8 becomes U+FFFD; NULL: null. */
void text_put_json(FILE *out, const char *key, const char *text);

#endif /* LIB_TEXT_H */
