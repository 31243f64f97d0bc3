/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journal.h - all that a machine does, as a file of JSON Lines
 *
 * For reports: the records of the trace, the kernel's messages, guest calls and
 * steps of tests, in the order in which they became known, each with its
 * virtual time (docs/reports.md has the members). With ROADTEST_JOURNAL=DIR in
 * the environment each machine writes a file of its own there; without it
 * nothing is done at all.
 *
 * A record is written at once and as a whole, so that a test program that
 * crashes or is killed leaves all that happened before.
 */
#ifndef LIB_JOURNAL_H
#define LIB_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct journal {
	const uint64_t *now;	/* the machine's clock */
	int fd;			/* -1: no journal */
	FILE *out;		/* the record that is made, in memory */
	char *record;
	size_t size;
};

/* Open a file in the directory that the environment names, if it does. One
 * that can't be written is none: a report is no reason to fail a test. */
void journal_init(struct journal *journal, const uint64_t *now);
void journal_deinit(struct journal *journal);

/*
 * Begin a record of @type at @time. Return: where to write further members,
 * each with a comma before it; NULL when there is no journal, which makes
 * this the check that costs nothing.
 */
FILE *journal_begin_at(struct journal *journal, const char *type,
		       uint64_t time);
FILE *journal_begin(struct journal *journal, const char *type);
/* Write it. */
void journal_end(struct journal *journal);

/* A record with a text, or none if @key is NULL. */
void journal_put(struct journal *journal, const char *type, const char *key,
		 const char *text);

#endif /* LIB_JOURNAL_H */
