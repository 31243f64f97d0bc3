// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * shard.c - `--shard K/N`: one of N parts of the tests
 *
 * Each of N machines runs its own part, and all must cut in the same way. So
 * that depends on the tests alone, not on times that one machine has measured.
 * A class is never split; the largest ones are given out first, each to the
 * part that has least.
 */
#include "run.h"

#include <stdlib.h>

/* A class, or a test of a program whose tests are independent. */
struct piece {
	struct program *program;
	size_t first, num;		/* of program->ids */
	size_t index;			/* among the pieces */
};

struct pieces {
	struct piece *items;
	size_t num;
};

static void pieces_add(struct pieces *pieces, struct program *program)
{
	const struct strings *ids = &program->ids;
	size_t first = 0;

	for (size_t i = 1; i <= ids->num; i++) {
		if (i < ids->num && !program->independent &&
		    same_class(ids->items[i - 1], ids->items[i]))
			continue;
		pieces->items = xrealloc(pieces->items, pieces->num + 1,
					 sizeof(*pieces->items));
		pieces->items[pieces->num] = (struct piece){
			.program = program, .first = first, .num = i - first,
			.index = pieces->num,
		};
		pieces->num++;
		first = i;
	}
}

static int larger_first(const void *a, const void *b)
{
	const struct piece *one = a, *two = b;

	if (one->num != two->num)
		return one->num < two->num ? 1 : -1;
	return one->index < two->index ? -1 : 1;
}

/* Drop it: select.c removes ids that are NULL. */
static void piece_drop(const struct piece *piece)
{
	for (size_t i = 0; i < piece->num; i++) {
		char **id = &piece->program->ids.items[piece->first + i];

		free(*id);
		*id = NULL;
	}
}

size_t shard_cut(struct programs *programs, const struct shard *shard)
{
	size_t *sizes = xcalloc(shard->count, sizeof(*sizes));
	struct pieces pieces = { 0 };
	size_t kept;

	for (size_t i = 0; i < programs->num; i++)
		pieces_add(&pieces, programs->items[i]);
	if (pieces.num)
		qsort(pieces.items, pieces.num, sizeof(*pieces.items),
		      larger_first);
	for (size_t i = 0; i < pieces.num; i++) {
		unsigned int least = 0;

		for (unsigned int n = 1; n < shard->count; n++)
			if (sizes[n] < sizes[least])
				least = n;
		sizes[least] += pieces.items[i].num;
		if (least != shard->index)
			piece_drop(&pieces.items[i]);
	}
	kept = sizes[shard->index];
	free(pieces.items);
	free(sizes);
	return kept;
}
