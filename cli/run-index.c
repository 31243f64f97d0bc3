// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run-index.c - the tests of a run, beside its journals
 *
 * A line of JSON for each: program, id, outcome, and the name of the directory
 * that has the journals of the process that ran it.
 */
#include "reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *entry_line(const struct program *program,
			  const struct entry *entry)
{
	return json_pack("{s:o, s:o, s:s, s:o}", "program",
			 json_text(program->path), "id", json_text(entry->id),
			 "outcome", result_word(entry), "journal",
			 entry->journal ? json_text(entry->journal) :
					  json_null());
}

char *run_index_path(const char *dir)
{
	return text("%s/tests.jsonl", dir);
}

bool run_index_write(const char *dir, const struct results *results)
{
	const struct programs *programs = results->programs;
	char *path = run_index_path(dir);
	FILE *out = fopen(path, "we");
	bool ok = out;

	for (size_t i = 0; ok && i < programs->num; i++) {
		const struct program *program = programs->items[i];

		for (size_t n = 0; n < program->num_entries; n++) {
			json_t *line = entry_line(program,
						  &program->entries[n]);

			ok = line && json_put(out, line) && putc('\n', out) > 0;
			json_decref(line);
		}
	}
	if (out && (ferror(out) | fclose(out)))
		ok = false;
	if (!ok) {
		cli_error("can't write %s: %m", path);
		path_remedy(path);
	}
	free(path);
	return ok;
}

json_t *run_index_read(const char *dir)
{
	char *path = run_index_path(dir), *content = file_read(path);
	json_t *index = content ? json_array() : NULL;

	for (char *line = content; line && *line;) {
		size_t len = strcspn(line, "\n");
		json_t *test = json_loadb(line, len, 0, NULL);

		if (json_is_object(test))
			json_array_append(index, test);
		json_decref(test);
		line += len + !!line[len];
	}
	if (!index) {
		cli_error("%s: there is no run to look at", dir);
		cli_remedy("run tests with \"roadtest run --trace\", or name a file");
	}
	free(content);
	free(path);
	return index;
}
