/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reports.h - the files that a run writes: JUnit XML, JSON, an HTML page
 *
 * reports.c	which are wanted, where the journals of the run are, writing all
 * report-text.c	texts of any bytes as XML and as JSON
 * report-junit.c, report-json.c, report-html.c
 *		one kind of file each
 * timeline.c	the journals' records of one test (docs/reports.md)
 * timeline-text.c, timeline-vcd.c
 *		a timeline for people and for waveform viewers
 */
#ifndef CLI_REPORTS_H
#define CLI_REPORTS_H

#include "run.h"

#include <jansson.h>

/* What each writer is given; it is complete. */
struct results {
	const struct programs *programs;
	struct report *report;	/* for report_lines() */
	const char *journals;	/* directory, NULL: there are none */
	const char *kernel;	/* directory of the kernel */
	const char *seed;	/* NULL: not given */
	int64_t began;		/* seconds since 1970 */
	int64_t ms;		/* of wall time */
	bool interrupted;
};

/* Return: false with errno. */
typedef bool report_writer(FILE *out, const struct results *results);

report_writer report_junit, report_json, report_html;

/* Word for an outcome: "passed", "failed", ... */
const char *result_word(const struct entry *entry);
/* "2024-02-29T12:00:00Z"; @buf has 32 bytes. */
const char *report_time(int64_t seconds, char *buf);

/* --- run-index.c: which tests the last run had, for `roadtest trace` */

/* Of the index in @dir, to be freed. */
char *run_index_path(const char *dir);
bool run_index_write(const char *dir, const struct results *results);
/* An array with an object for each test: "program", "id", "outcome",
 * "journal". NULL after a message. */
json_t *run_index_read(const char *dir);
/* Directory of the last run's journals (reports.c), to be freed. */
char *reports_last(void);

/* --- timeline.c */

struct timelines;

/* Of journals below @dir. */
struct timelines *timelines_create(const char *dir);
void timelines_destroy(struct timelines *timelines);
/*
 * What the process @process (may be NULL) did in the test @id: an array with
 * an object for each of its machines, in the order in which they were made:
 * "begin", "end": virtual nanoseconds; "log": records of the kernel's
 * messages; "records": all of them, only if @all. The caller owns it.
 *
 * Of very many the middle is left out: a driver that polls for a minute must
 * not make a page that nobody can open.
 */
json_t *timelines_get(struct timelines *timelines, const char *process,
		      const char *id, bool all);

/* All records, of however many there are. */
json_t *timelines_whole(struct timelines *timelines, const char *process,
			const char *id);

/* --- timeline-text.c */

/* Members of a record; "" and 0 without one. */
const char *record_text(const json_t *record, const char *key);
int64_t record_number(const json_t *record, const char *key);
bool record_is(const json_t *record, const char *type);
/* The records of one of timelines_get()'s machines. */
bool timeline_text(FILE *out, const json_t *machine);

/* --- timeline-vcd.c */

/* All machines of a test; @changes: how many there are in it. */
bool timeline_vcd(FILE *out, const json_t *machines, size_t *changes);

/* --- report-text.c */

/* @s as content or attribute of XML. Bytes that XML can't have become
 * U+FFFD. */
void xml_put(FILE *out, const char *s);
/* A new reference to a JSON string; what is no UTF-8 becomes U+FFFD. */
json_t *json_text(const char *s);
/* On one line, and safe inside of a <script> of HTML. */
bool json_put(FILE *out, const json_t *json);

#endif /* CLI_REPORTS_H */
