// SPDX-License-Identifier: LGPL-2.1-or-later
/* journal.c - all that a machine does, as a file of JSON Lines */
#include "journal.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Machines of one process. */
#define MAX_FILES 100000

/* A name that no other machine has; names sort as they were made. */
static int journal_open(const char *dir)
{
	char path[PATH_MAX];
	int fd = -1;

	for (int n = 0; fd < 0 && n < MAX_FILES; n++) {
		snprintf(path, sizeof(path), "%s/%d-%05d.jsonl", dir,
			 (int)getpid(), n);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND |
			  O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

void journal_init(struct journal *journal, const uint64_t *now)
{
	const char *dir = getenv("ROADTEST_JOURNAL");

	*journal = (struct journal){ .now = now, .fd = -1 };
	if (!dir || !*dir)
		return;
	journal->fd = journal_open(dir);
	if (journal->fd < 0)
		return;
	journal->out = open_memstream(&journal->record, &journal->size);
	if (journal->out)
		return;
	close(journal->fd);
	journal->fd = -1;
}

void journal_deinit(struct journal *journal)
{
	if (journal->fd < 0)
		return;
	fclose(journal->out);
	free(journal->record);
	close(journal->fd);
	journal->fd = -1;
}

FILE *journal_begin_at(struct journal *journal, const char *type,
		       uint64_t time)
{
	if (!journal || journal->fd < 0)
		return NULL;
	rewind(journal->out);
	fprintf(journal->out, "{\"time\":%" PRIu64 ",\"type\":\"%s\"", time,
		type);
	return journal->out;
}

FILE *journal_begin(struct journal *journal, const char *type)
{
	return journal && journal->fd >= 0 ?
		       journal_begin_at(journal, type, *journal->now) :
		       NULL;
}

void journal_end(struct journal *journal)
{
	fputs("}\n", journal->out);
	/* Its size is how far it was written since the rewind. */
	if (fflush(journal->out) ||
	    write(journal->fd, journal->record, journal->size) !=
		    (ssize_t)journal->size) {
		/* Half a journal would show a test that just stopped. */
		journal_deinit(journal);
	}
}

void journal_put(struct journal *journal, const char *type, const char *key,
		 const char *text)
{
	FILE *out = journal_begin(journal, type);

	if (!out)
		return;
	if (key)
		text_put_json(out, key, text);
	journal_end(journal);
}
