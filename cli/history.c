// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * history.c - times and outcomes of earlier runs
 *
 * In the cache stands a file for each test program. Its first line names the
 * program, the others are "MS RESULT ID", by id; MS is -1 if it is not known.
 * All of it may be missing: it only says what goes first, and what --failed
 * means. So an error here is no error of the run.
 */
#include "run.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MS (7LL * 24 * 3600 * 1000)	/* no test takes longer */
#define FIRST_LINE "roadtest history 1 of "

static const char *const words[NUM_RESULTS] = {
	[RESULT_PASS] = "pass",	  [RESULT_FAIL] = "fail",
	[RESULT_SKIP] = "skip",	  [RESULT_KNOWN] = "known",
	[RESULT_FLAKY] = "flaky", [RESULT_NOT_RUN] = "norun",
};

struct line {
	const char *id;
	struct past past;
	bool gone;		/* the program has no such test any more */
};

/* What a file has; the ids point into @content. */
struct lines {
	struct line *items;
	size_t num;
	char *content;
};

/* To be freed; NULL if it has no name. */
static char *history_name(const struct program *program)
{
	return realpath(program->path, NULL);
}

static char *history_path(const char *name)
{
	char *cache = cache_dir(), *hash = hash_text(name);
	char *path = text("%s/history/%s", cache, hash);

	free(hash);
	free(cache);
	return path;
}

static int line_order(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->id,
		      ((const struct line *)b)->id);
}

static int word_result(const char *word)
{
	for (int i = 0; i < NUM_RESULTS; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

static void lines_add(struct lines *lines, const struct line *line)
{
	lines->items = xrealloc(lines->items, lines->num + 1,
				sizeof(*lines->items));
	lines->items[lines->num++] = *line;
}

/* @path: of the history of @name. */
static void lines_read(struct lines *lines, const char *path, const char *name)
{
	char *rest, *text_line, *first = text(FIRST_LINE "%s", name);

	*lines = (struct lines){ .content = file_read(path) };
	rest = lines->content;
	text_line = strsep(&rest, "\n");
	if (text_line && strcmp(text_line, first))
		rest = NULL;
	free(first);
	while ((text_line = strsep(&rest, "\n"))) {
		const char *ms = strsep(&text_line, " ");
		const char *word = strsep(&text_line, " ");
		struct line line = { .id = text_line };

		if (!text_line || !*text_line)
			continue;
		line.past.ms = atoll(ms);
		if (line.past.ms < 0 || line.past.ms > MAX_MS)
			line.past.ms = -1;
		line.past.result = word_result(word);
		lines_add(lines, &line);
	}
	if (lines->num)
		qsort(lines->items, lines->num, sizeof(*lines->items),
		      line_order);
}

static struct line *lines_find(const struct lines *lines, size_t num,
			       const char *id)
{
	const struct line key = { .id = id };

	return num ? bsearch(&key, lines->items, num, sizeof(key), line_order) :
		     NULL;
}

static void lines_deinit(struct lines *lines)
{
	free(lines->items);
	free(lines->content);
}

bool past_failed(const struct past *past)
{
	return past->result == RESULT_FAIL || past->result == RESULT_FLAKY ||
	       past->result == RESULT_NOT_RUN;
}

/* A fixture that failed is one of the tests that have it. */
static bool fixture_failed(const struct program *program,
			   const struct lines *lines, const char *id)
{
	struct strings fixtures = { 0 };
	bool failed = false;

	fixtures_of(program, id, &fixtures);
	for (size_t i = 0; i < fixtures.num; i++) {
		const struct line *line = lines_find(lines, lines->num,
						     fixtures.items[i]);

		failed |= line && past_failed(&line->past);
	}
	strings_deinit(&fixtures);
	return failed;
}

void history_load(struct program *program)
{
	char *name = history_name(program), *path;
	struct lines lines;

	if (!name)
		return;
	path = history_path(name);
	lines_read(&lines, path, name);
	free(program->past);
	program->past = xcalloc(program->ids.num, sizeof(*program->past));
	for (size_t i = 0; i < program->ids.num; i++) {
		const struct line *line = lines_find(&lines, lines.num,
						     program->ids.items[i]);

		program->past[i] = line ? line->past :
					  (struct past){ -1, -1 };
		if (fixture_failed(program, &lines, program->ids.items[i]))
			program->past[i].result = RESULT_FAIL;
	}
	lines_deinit(&lines);
	free(path);
	free(name);
}

/* ------------------------------------------------------------------------
 * Writing
 */

/* Of several rounds the one that failed counts. */
static void line_update(struct line *line, const struct entry *entry,
			bool again)
{
	bool ran = entry->result != RESULT_SKIP &&
		   entry->result != RESULT_NOT_RUN;

	if (ran)
		line->past.ms = entry->ms;
	if (!again || !past_failed(&line->past))
		line->past.result = entry->result;
	line->gone = false;
}

/* Those of what has run have failed again, or no more. */
static void forget_fixtures(struct lines *lines, const struct program *program)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		const struct entry *entry = &program->entries[i];
		struct strings fixtures = { 0 };

		if (entry->done && program->round <= 1)
			fixtures_of(program, entry->id, &fixtures);
		for (size_t n = 0; n < fixtures.num; n++) {
			struct line *line = lines_find(lines, lines->num,
						       fixtures.items[n]);

			if (line)
				line->gone = true;
		}
		strings_deinit(&fixtures);
	}
}

static void lines_update(struct lines *lines, const struct program *program)
{
	size_t num = lines->num;	/* those are sorted */

	for (size_t i = 0; i < program->num_entries; i++) {
		const struct entry *entry = &program->entries[i];
		struct line *line, fresh = { .id = entry->id,
					     .past = { -1, -1 } };

		if (!entry->done)
			continue;
		line = lines_find(lines, num, entry->id);
		if (line) {
			line_update(line, entry, program->round > 1);
			continue;
		}
		line_update(&fresh, entry, false);
		lines_add(lines, &fresh);
	}
	if (lines->num > num)
		qsort(lines->items, lines->num, sizeof(*lines->items),
		      line_order);
}

/* A whole file or none: others may read it. */
static void lines_write(const struct lines *lines, const char *path,
			const char *name)
{
	char *fresh = text("%s.%d", path, getpid());
	FILE *out = fopen(fresh, "we");
	bool ok = out;

	if (out) {
		fprintf(out, FIRST_LINE "%s\n", name);
		for (size_t i = 0; i < lines->num; i++) {
			const struct line *line = &lines->items[i];

			if (!line->gone && line->past.result >= 0)
				fprintf(out, "%lld %s %s\n",
					(long long)line->past.ms,
					words[line->past.result], line->id);
		}
		ok = !ferror(out);
		ok = !fclose(out) && ok;
	}
	if (!ok || rename(fresh, path))
		unlink(fresh);
	free(fresh);
}

static bool has_results(const struct program *program)
{
	for (size_t i = 0; i < program->num_entries; i++)
		if (program->entries[i].done)
			return true;
	return false;
}

static void history_update(const struct program *program, const char *path,
			   const char *name)
{
	/* A program that was asked for a part does not list the others. */
	bool whole = program->whole && !program->select.num &&
		     !program->marks.num;
	struct lines lines;

	lines_read(&lines, path, name);
	for (size_t i = 0; whole && i < lines.num; i++)
		lines.items[i].gone = true;
	forget_fixtures(&lines, program);
	lines_update(&lines, program);
	lines_write(&lines, path, name);
	lines_deinit(&lines);
}

/* Return: a descriptor to close; -1 if nothing can be kept. */
static int history_lock(void)
{
	char *cache = cache_dir(), *dir = text("%s/history", cache);
	int lock = -1;

	if (is_directory(dir) || !mkdir(cache, 0777) || !access(cache, W_OK)) {
		mkdir(dir, 0777);
		lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	/* Two runs at once: neither loses what the other has found. */
	if (lock >= 0)
		flock(lock, LOCK_EX);
	free(dir);
	free(cache);
	return lock;
}

void history_save(const struct program *program)
{
	char *name, *path;
	int lock;

	if (!has_results(program))
		return;
	name = history_name(program);
	lock = name ? history_lock() : -1;
	if (lock >= 0) {
		path = history_path(name);
		history_update(program, path, name);
		free(path);
		close(lock);
	}
	free(name);
}
