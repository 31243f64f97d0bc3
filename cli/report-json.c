// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report-json.c - results as JSON (docs/reports.md has the members)
 *
 * Written test by test, so that memory does not grow with the timelines.
 */
#include "reports.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT 1

/* A line "name=value" of the kernel's info file; null without one. */
static json_t *kernel_info(const char *info, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = info; line && *line;
	     line += strcspn(line, "\n") + !!strchr(line, '\n')) {
		if (!strncmp(line, name, len) && line[len] == '=') {
			char *value = text("%.*s",
					   (int)strcspn(line + len + 1, "\n"),
					   line + len + 1);
			json_t *json = json_text(value);

			free(value);
			return json;
		}
	}
	return json_null();
}

static json_t *kernel_json(const char *dir)
{
	char *path = text("%s/info", dir ? dir : ""), *info = file_read(path);
	json_t *kernel = json_pack("{s:o, s:o, s:o}", "directory",
				   dir ? json_text(dir) : json_null(),
				   "release", kernel_info(info, "release"),
				   "flavour", kernel_info(info, "flavour"));

	free(info);
	free(path);
	return kernel;
}

static json_t *summary_json(const struct programs *programs)
{
	static const struct entry each[] = {
		{ .done = true, .result = RESULT_PASS },
		{ .done = true, .result = RESULT_FAIL },
		{ .done = true, .result = RESULT_SKIP },
		{ .done = true, .result = RESULT_KNOWN },
		{ .done = true, .result = RESULT_FLAKY },
		{ .done = true, .result = RESULT_NOT_RUN },
	};
	json_t *summary = json_object();

	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++)
		json_object_set_new(summary, result_word(&each[i]),
				    json_integer(0));
	for (size_t i = 0; i < programs->num; i++) {
		const struct program *program = programs->items[i];

		for (size_t n = 0; n < program->num_entries; n++) {
			const char *word = result_word(&program->entries[n]);
			json_int_t count = json_integer_value(
				json_object_get(summary, word));

			json_object_set_new(summary, word,
					    json_integer(count + 1));
		}
	}
	return summary;
}

static json_t *strings_json(const struct strings *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < strings->num; i++)
		json_array_append_new(array, json_text(strings->items[i]));
	return array;
}

/* Does it need to be looked at, so that its timeline goes into the report? */
static bool is_bad(const struct entry *entry)
{
	return !entry->done || entry->result == RESULT_FAIL ||
	       entry->result == RESULT_FLAKY ||
	       entry->result == RESULT_NOT_RUN;
}

/* Virtual time that its machines took; null if it had none. */
static json_t *virtual_json(const json_t *machines)
{
	json_int_t sum = 0;
	json_t *machine;
	size_t i;

	json_array_foreach(machines, i, machine)
		sum += json_integer_value(json_object_get(machine, "end")) -
		       json_integer_value(json_object_get(machine, "begin"));
	return json_array_size(machines) ? json_integer(sum) : json_null();
}

static json_t *output_json(const struct results *results,
			   const struct entry *entry)
{
	struct strings lines = { 0 };
	json_t *output;

	report_lines(results->report, entry, &lines);
	output = strings_json(&lines);
	strings_deinit(&lines);
	return output;
}

static json_t *entry_json(const struct results *results,
			  const struct entry *entry,
			  struct timelines *timelines)
{
	bool all = is_bad(entry);
	json_t *machines = timelines_get(timelines, entry->journal, entry->id,
					 all);
	json_t *log = json_array(), *machine;
	size_t i;

	json_array_foreach(machines, i, machine) {
		json_array_extend(log, json_object_get(machine, "log"));
		json_object_del(machine, "log");
	}
	machine = json_pack("{s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o}",
			    "id", json_text(entry->id),
			    "outcome", result_word(entry),
			    "reason", entry->reason ? json_text(entry->reason) :
						      json_null(),
			    "wall_ms", (json_int_t)entry->ms,
			    "virtual_ns", virtual_json(machines),
			    "output", output_json(results, entry),
			    "log", log,
			    "machines", all ? json_incref(machines) :
					      json_array());
	json_decref(machines);
	return machine;
}

/* Write and free it. */
static bool put(FILE *out, json_t *json)
{
	bool ok = json && json_put(out, json);

	json_decref(json);
	return ok;
}

static bool put_program(FILE *out, const struct results *results,
			const struct program *program,
			struct timelines *timelines)
{
	bool ok;

	fputs("{\"path\":", out);
	ok = put(out, json_text(program->path));
	fputs(",\"errors\":", out);
	ok = ok && put(out, strings_json(&program->errors));
	fputs(",\"tests\":[", out);
	for (size_t i = 0; ok && i < program->num_entries; i++) {
		fputs(i ? ",\n" : "\n", out);
		ok = put(out, entry_json(results, &program->entries[i],
						 timelines));
	}
	fputs("]}", out);
	return ok;
}

static json_t *head_json(const struct results *results)
{
	char began[32];

	report_time(results->began, began);
	return json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:o}",
			 "version", ROADTEST_VERSION, "began", began,
			 "wall_ms", (json_int_t)results->ms,
			 "interrupted", results->interrupted,
			 "kernel", kernel_json(results->kernel),
			 "seed", results->seed ? json_text(results->seed) :
						 json_null(),
			 "summary", summary_json(results->programs));
}

bool report_json(FILE *out, const struct results *results)
{
	const struct programs *programs = results->programs;
	struct timelines *timelines = NULL;
	bool ok;

	if (results->journals)
		timelines = timelines_create(results->journals);
	fprintf(out, "{\"roadtest\":%d,\n\"run\":", FORMAT);
	ok = put(out, head_json(results));
	fputs(",\n\"programs\":[", out);
	for (size_t i = 0; ok && i < programs->num; i++) {
		fputs(i ? ",\n" : "\n", out);
		ok = put_program(out, results, programs->items[i], timelines);
	}
	fputs("]}\n", out);
	timelines_destroy(timelines);
	return ok;
}
