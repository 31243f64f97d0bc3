// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timeline.c - what the journals say of one test
 *
 * A process leaves a file for each of its machines, in the order in which they
 * were made; in a file each test has a slice, from its "test" record to the
 * next one or to the end. The files of one process are looked through once, and
 * only the slices that are asked for are parsed: results come in an order in
 * which tests of one process stand together.
 *
 * A program that is killed may leave half a line, and one that is not of the
 * C harness or the Python package may leave anything: what is no record is
 * left out.
 */
#include "reports.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RECORDS 20000	/* of a machine, in a report */

struct slice {
	char *id;
	const char *begin, *end;	/* in one of the files */
};

struct timelines {
	char *dir;
	char *process;			/* whose files are loaded */
	struct strings files;		/* their contents */
	struct slice *slices;
	size_t num;
};

struct timelines *timelines_create(const char *dir)
{
	struct timelines *timelines = xcalloc(1, sizeof(*timelines));

	timelines->dir = text("%s", dir);
	return timelines;
}

static void unload(struct timelines *timelines)
{
	for (size_t i = 0; i < timelines->num; i++)
		free(timelines->slices[i].id);
	free(timelines->slices);
	timelines->slices = NULL;
	timelines->num = 0;
	strings_deinit(&timelines->files);
	free(timelines->process);
	timelines->process = NULL;
}

void timelines_destroy(struct timelines *timelines)
{
	if (!timelines)
		return;
	unload(timelines);
	free(timelines->dir);
	free(timelines);
}

/* Behind the line's end. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* Is it a record of @type? Only a look at how lib/journal.c begins them. */
static bool line_is(const char *line, const char *type)
{
	const char *end = next_line(line);
	const char *key = memmem(line, end - line, "\"type\":\"", 8);
	size_t len = strlen(type);

	return key && key + 8 + len < end && !strncmp(key + 8, type, len) &&
	       key[8 + len] == '"';
}

static json_t *parse_line(const char *line)
{
	json_t *record = json_loadb(line, next_line(line) - line, 0, NULL);

	if (json_is_object(record) &&
	    json_is_integer(json_object_get(record, "time")) &&
	    json_is_string(json_object_get(record, "type")))
		return record;
	json_decref(record);
	return NULL;
}

static void add_slices(struct timelines *timelines, const char *file)
{
	struct slice *slice = NULL;
	bool ended = false;

	for (const char *line = file; *line; line = next_line(line)) {
		json_t *record = line_is(line, "test") ? parse_line(line) :
							 NULL;
		const char *id = json_string_value(json_object_get(record,
								   "id"));

		/* Once when the machine is made for it, and when it begins. */
		if (id && (!slice || ended || strcmp(id, slice->id))) {
			ended = false;
			timelines->slices = xrealloc(timelines->slices,
						     timelines->num + 1,
						     sizeof(*slice));
			slice = &timelines->slices[timelines->num++];
			slice->id = text("%s", id);
			slice->begin = line;
		}
		json_decref(record);
		ended |= line_is(line, "end");
		if (slice)
			slice->end = next_line(line);
	}
}

static int wanted(const struct dirent *entry)
{
	return ends_with(entry->d_name, ".jsonl");
}

static void load(struct timelines *timelines, const char *process)
{
	char *dir = text("%s/%s", timelines->dir, process);
	struct dirent **entries;
	int num = scandir(dir, &entries, wanted, alphasort);

	unload(timelines);
	timelines->process = text("%s", process);
	for (int i = 0; i < num; i++) {
		char *path = text("%s/%s", dir, entries[i]->d_name);
		char *content = file_read(path);

		if (content) {
			strings_add(&timelines->files, content);
			add_slices(timelines, content);
		}
		free(path);
		free(entries[i]);
	}
	if (num >= 0)
		free(entries);
	free(dir);
}

static int64_t time_of(const json_t *record)
{
	return json_integer_value(json_object_get(record, "time"));
}

struct keyed {
	int64_t time;
	size_t order;
	json_t *record;			/* borrowed */
};

static int keyed_order(const void *a, const void *b)
{
	const struct keyed *one = a, *two = b;

	if (one->time != two->time)
		return one->time < two->time ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

/* Messages of the kernel may stand behind what came after them. */
static json_t *sorted(const json_t *records)
{
	size_t num = json_array_size(records), i;
	struct keyed *keyed = xcalloc(num, sizeof(*keyed));
	json_t *array = json_array(), *record;

	json_array_foreach(records, i, record)
		keyed[i] = (struct keyed){ time_of(record), i, record };
	qsort(keyed, num, sizeof(*keyed), keyed_order);
	for (i = 0; i < num; i++)
		json_array_append(array, keyed[i].record);
	free(keyed);
	return array;
}

static json_t *slice_parse(const struct slice *slice, bool all)
{
	json_t *records = json_array(), *log = json_array(), *slice_json;
	int64_t begin = -1, end = 0;

	for (const char *line = slice->begin; line < slice->end;
	     line = next_line(line)) {
		json_t *record;

		/* Of the others only the last is needed, for its time. */
		if (!all && !line_is(line, "log") && !line_is(line, "test") &&
		    !line_is(line, "ready") && next_line(line) != slice->end)
			continue;
		record = parse_line(line);
		if (!record)
			continue;
		if (begin < 0)
			begin = end = time_of(record);
		if (time_of(record) > end)
			end = time_of(record);
		/* What the kernel says at boot is the same for each test. */
		if (line_is(line, "ready"))
			json_array_clear(log);
		if (line_is(line, "log"))
			json_array_append(log, record);
		if (all)
			json_array_append(records, record);
		json_decref(record);
	}
	if (begin < 0)
		begin = 0;
	slice_json = json_pack("{s:I, s:I, s:o, s:o}", "begin",
			       (json_int_t)begin, "end", (json_int_t)end,
			       "log", log, "records", sorted(records));
	json_decref(records);
	return slice_json;
}

/* Take records out of the middle until there are only @max, and say so. */
static json_t *limited(json_t *records, size_t max)
{
	size_t num = json_array_size(records), head = max / 4, i;
	json_t *kept = json_array();

	for (i = 0; i < num; i++)
		if (i < head || i >= num - (max - head))
			json_array_append(kept, json_array_get(records, i));
	json_array_insert_new(kept, head,
		json_pack("{s:I, s:s, s:I}", "time",
			  (json_int_t)time_of(json_array_get(records, head)),
			  "type", "left_out", "count",
			  (json_int_t)(num - max)));
	return kept;
}

static void limit(json_t *machine, size_t max)
{
	static const char *const keys[] = { "records", "log" };

	for (size_t i = 0; i < 2; i++) {
		json_t *records = json_object_get(machine, keys[i]);

		if (json_array_size(records) > max)
			json_object_set_new(machine, keys[i],
					    limited(records, max));
	}
}

static json_t *find(struct timelines *timelines, const char *process,
		    const char *id, bool all)
{
	json_t *machines = json_array();

	if (!timelines || !process)
		return machines;
	if (!timelines->process || strcmp(timelines->process, process))
		load(timelines, process);
	for (size_t i = 0; i < timelines->num; i++)
		if (!strcmp(timelines->slices[i].id, id))
			json_array_append_new(machines,
				slice_parse(&timelines->slices[i], all));
	return machines;
}

json_t *timelines_get(struct timelines *timelines, const char *process,
		      const char *id, bool all)
{
	json_t *machines = find(timelines, process, id, all), *machine;
	size_t i;

	json_array_foreach(machines, i, machine)
		limit(machine, MAX_RECORDS);
	return machines;
}

json_t *timelines_whole(struct timelines *timelines, const char *process,
			const char *id)
{
	return find(timelines, process, id, true);
}
