// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * reports.c - files that a run writes, and the journals that they need
 *
 * Each process of a test program gets a directory for its journals. A file is
 * written beside its place and moved there when it is complete, so that one of
 * an earlier run is never half overwritten.
 *
 * The journals of the last run stay in the cache, for `roadtest trace`:
 *
 *	runs/last	of the last run that had a reason to keep them
 *	runs/XXXXXX	of one that goes on; it holds a lock on it
 *
 * or in a directory that the user gave.
 */
#include "reports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *option;
	report_writer *write;
	bool journals;		/* it needs them */
} kinds[REPORT_KINDS] = {
	[REPORT_JUNIT] = { "--junit", report_junit, false },
	[REPORT_JSON] = { "--json", report_json, true },
	[REPORT_HTML] = { "--html", report_html, true },
};

const char *result_word(const struct entry *entry)
{
	static const char *const words[] = {
		[RESULT_PASS] = "passed",
		[RESULT_FAIL] = "failed",
		[RESULT_SKIP] = "skipped",
		[RESULT_KNOWN] = "known bug",
		[RESULT_FLAKY] = "flaky",
		[RESULT_NOT_RUN] = "not run",
	};

	return entry->done ? words[entry->result] : "not run";
}

const char *report_time(int64_t seconds, char *buf)
{
	time_t when = seconds;
	struct tm tm;

	strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
	return buf;
}

bool reports_wanted(const struct reports *reports)
{
	for (int i = 0; i < REPORT_KINDS; i++)
		if (reports->paths[i])
			return true;
	return reports->trace;
}

static bool want_journals(const struct reports *reports)
{
	for (int i = 0; i < REPORT_KINDS; i++)
		if (reports->paths[i] && kinds[i].journals)
			return true;
	return reports->trace;
}

/* ------------------------------------------------------------------------
 * Journals
 */

static char *runs_dir(void)
{
	char *cache = cache_dir(), *runs = text("%s/runs", cache);

	free(cache);
	return runs;
}

char *reports_last(void)
{
	char *runs = runs_dir(), *last = text("%s/last", runs);

	free(runs);
	return last;
}

/* What runs left behind that were killed: nobody holds its lock. */
static void remove_left_behind(const char *runs)
{
	DIR *dir = opendir(runs);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path = text("%s/%s", runs, entry->d_name);
		int fd = -1;

		if (*entry->d_name != '.' && strcmp(entry->d_name, "last"))
			fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			remove_tree(path);
		if (fd >= 0)
			close(fd);
		free(path);
	}
	if (dir)
		closedir(dir);
}

/* A directory of the user's stays what it is; only journals come into it. */
static bool journals_given(struct reports *reports)
{
	char *index = run_index_path(reports->trace_dir);
	bool ok = make_directories(reports->trace_dir);

	if (ok && file_exists(index)) {
		cli_error("--trace: %s has the journals of another run",
			  reports->trace_dir);
		cli_remedy("remove it, or give another one");
		ok = false;
	}
	if (ok)
		reports->journals = text("%s", reports->trace_dir);
	free(index);
	return ok;
}

static bool journals_begin(struct reports *reports)
{
	char *runs = runs_dir(), *path = text("%s/XXXXXX", runs);
	bool ok = make_directories(runs);

	if (ok) {
		remove_left_behind(runs);
		ok = mkdtemp(path);
		if (!ok) {
			cli_error("can't make a directory in %s: %m", runs);
			path_remedy(runs);
		}
	}
	if (ok) {
		reports->journals = path;
		reports->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		flock(reports->lock, LOCK_EX | LOCK_NB);
	} else {
		free(path);
	}
	free(runs);
	return ok;
}

char *reports_process(struct reports *reports)
{
	char *name, *path;

	if (!reports || !reports->journals)
		return NULL;
	name = text("%u", ++reports->processes);
	path = text("%s/%s", reports->journals, name);
	mkdir(path, 0777);
	setenv("ROADTEST_JOURNAL", path, true);
	free(path);
	return name;
}

static bool journals_end_given(struct reports *reports,
			       const struct results *results)
{
	bool ok = run_index_write(reports->journals, results);

	free(reports->journals);
	reports->journals = NULL;
	return ok;
}

/* Put the journals to where `roadtest trace` looks for them. */
static bool journals_end(struct reports *reports, const struct results *results)
{
	char *runs = runs_dir(), *last = reports_last();
	char *old = text("%s/XXXXXX", runs);
	bool ok = run_index_write(reports->journals, results);

	/* rename() replaces only a directory that is empty. */
	if (ok && mkdtemp(old)) {
		rename(last, old);
		ok = !rename(reports->journals, last);
		if (!ok)
			cli_error("can't move %s to %s: %m", reports->journals,
				  last);
		remove_tree(old);
	}
	if (!ok)
		remove_tree(reports->journals);
	if (reports->lock >= 0)
		close(reports->lock);
	free(reports->journals);
	reports->journals = NULL;
	free(old);
	free(last);
	free(runs);
	return ok;
}

/* ------------------------------------------------------------------------
 * Files
 */

/* What is no file (a terminal, a pipe, /dev/null) is written as it is: nothing
 * may be moved to its place. */
static char *part_path(const char *path)
{
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return text("%s", path);
	return text("%s.part", path);
}

/* Leaves nothing behind: who knows how the run will end. */
static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return !access(path, W_OK);
	if (fd < 0)
		return false;
	unlink(path);
	close(fd);
	return true;
}

/* Is there a place for it? A run of an hour must not end in "no such
 * directory". */
static bool check_place(enum report_kind kind, const char *path)
{
	char *part = part_path(path);
	bool ok = false;

	if (is_directory(path)) {
		errno = EISDIR;
	} else if (!strcmp(part, path)) {
		/* Who reads from a pipe would take this for its end. */
		ok = !access(path, W_OK);
	} else {
		ok = can_write(part);
	}
	if (!ok)
		cli_error("%s: can't write %s: %m", kinds[kind].option, path);
	free(part);
	return ok;
}

bool reports_begin(struct reports *reports)
{
	reports->began = time(NULL);
	for (int i = 0; i < REPORT_KINDS; i++)
		if (reports->paths[i] && !check_place(i, reports->paths[i]))
			return false;
	if (reports->trace_dir)
		return journals_given(reports);
	return !want_journals(reports) || journals_begin(reports);
}

static bool write_file(enum report_kind kind, const char *path,
		       const struct results *results)
{
	char *part = part_path(path);
	FILE *out = fopen(part, "we");
	bool ok = out && kinds[kind].write(out, results);

	if (out && (ferror(out) | fclose(out)))
		ok = false;
	if (ok && strcmp(part, path))
		ok = !rename(part, path);
	if (!ok) {
		cli_error("%s: can't write %s: %m", kinds[kind].option, path);
		path_remedy(path);
		if (strcmp(part, path))
			unlink(part);
	}
	free(part);
	return ok;
}

bool reports_end(struct reports *reports, struct report *report,
		 bool interrupted)
{
	struct results results = { .interrupted = interrupted };
	bool ok = true;

	if (!reports)
		return true;
	results.programs = report->programs;
	results.report = report;
	results.journals = reports->journals;
	results.kernel = reports->kernel;
	results.seed = reports->seed;
	results.began = reports->began;
	results.ms = now_ms() - report->begin;
	for (int i = 0; i < REPORT_KINDS; i++)
		if (reports->paths[i])
			ok &= write_file(i, reports->paths[i], &results);
	if (reports->journals && reports->trace_dir)
		ok &= journals_end_given(reports, &results);
	else if (reports->journals)
		ok &= journals_end(reports, &results);
	return ok;
}
