// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * units.c - which tests are given out together, and in which order
 *
 * A class is never split, unless the program says that its tests are
 * independent of each other, or the user wants a kernel for each. Units that
 * took long in earlier runs go first, so that no processor is idle at the end
 * while another one has a long one. Parts of several units are large as long
 * as much is left, since each costs the start of a process, and small at the
 * end.
 *
 * A shuffled order depends on the seed and the tests alone: not on times, nor
 * on how many jobs there are.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* A part is this fraction of what each job would get of the rest. */
#define PARTS_A_JOB 2
/* A command line holds that many filters. */
#define MAX_FILTERS 1000
/* Shuffled classes that share a process, at most. */
#define MAX_SHUFFLED 4

/* State of nrand48(), which is the same everywhere. */
struct dice {
	unsigned short state[3];
};

/* Each program has an order of its own. */
static struct dice dice_of(const struct program *program)
{
	char *name = text("%llu %s", (unsigned long long)program->seed,
			  program->path);
	char *hash = hash_text(name);
	uint64_t bits = strtoull(hash, NULL, 16);

	free(hash);
	free(name);
	return (struct dice){ { bits, bits >> 16, bits >> 32 } };
}

static size_t dice_roll(struct dice *dice, size_t sides)
{
	return nrand48(dice->state) % sides;
}

static size_t class_len(const char *id)
{
	const char *dot = strrchr(id, '.');

	return dot ? (size_t)(dot - id) : 0;
}

bool same_class(const char *a, const char *b)
{
	size_t len = class_len(a);

	return len == class_len(b) && !strncmp(a, b, len);
}

static void unit_add(struct program *program, size_t first, size_t num)
{
	program->units = xrealloc(program->units, program->num_units + 1,
				  sizeof(*program->units));
	program->units[program->num_units++] = (struct unit){
		.first = first, .num = num,
	};
}

/* Classes or tests, as they stand in the list. */
static void units_cut(struct program *program, enum isolate isolate)
{
	bool split = program->independent || isolate == ISOLATE_TEST;
	const struct entry *entries = program->entries;
	size_t num = 0, first = 0;

	program->order = xcalloc(program->num_entries, sizeof(*program->order));
	/* Those that can't be run have a result already. */
	for (size_t i = 0; i < program->num_entries; i++)
		if (!entries[i].done)
			program->order[num++] = i;
	program->num_order = num;
	for (size_t i = 1; i <= num; i++) {
		if (i < num && !split &&
		    same_class(entries[program->order[i - 1]].id,
			       entries[program->order[i]].id))
			continue;
		unit_add(program, first, i - first);
		first = i;
	}
}

/* ------------------------------------------------------------------------
 * Shuffled
 */

static void shuffle_indexes(size_t *items, size_t num, struct dice *dice)
{
	for (size_t i = num; i > 1; i--) {
		size_t other = dice_roll(dice, i), kept = items[i - 1];

		items[i - 1] = items[other];
		items[other] = kept;
	}
}

static void shuffle_units(struct program *program, struct dice *dice)
{
	for (size_t i = program->num_units; i > 1; i--) {
		size_t other = dice_roll(dice, i);
		struct unit kept = program->units[i - 1];

		program->units[i - 1] = program->units[other];
		program->units[other] = kept;
	}
}

/* Lay the tests out as the units stand now, and put some units together. */
static void units_join(struct program *program, struct dice *dice)
{
	size_t *order = xcalloc(program->num_order, sizeof(*order));
	size_t kept = 0, at = 0, room = 0;

	for (size_t i = 0; i < program->num_units; i++) {
		struct unit *unit = &program->units[i];

		memcpy(order + at, program->order + unit->first,
		       unit->num * sizeof(*order));
		if (room && !program->independent) {
			program->units[kept - 1].num += unit->num;
			room--;
		} else {
			program->units[kept++] = (struct unit){
				.first = at, .num = unit->num,
			};
			room = dice_roll(dice, MAX_SHUFFLED);
		}
		at += unit->num;
	}
	program->num_units = kept;
	free(program->order);
	program->order = order;
}

static void units_shuffle(struct program *program, enum isolate isolate)
{
	struct dice dice = dice_of(program);

	for (size_t i = 0; i < program->num_units; i++)
		shuffle_indexes(program->order + program->units[i].first,
				program->units[i].num, &dice);
	shuffle_units(program, &dice);
	if (isolate == ISOLATE_NONE)
		units_join(program, &dice);
	for (size_t i = 0; i < program->num_units; i++) {
		program->units[i].alone = true;
		program->units[i].rank = nrand48(dice.state);
	}
}

/* ------------------------------------------------------------------------
 * Longest first
 */

static int64_t entry_expected(const struct entry *entry, int64_t unknown)
{
	int64_t ms = entry->expected < 0 ? unknown : entry->expected;

	return ms > 0 ? ms : 1;
}

static void units_expect(struct program *program, int64_t unknown)
{
	for (size_t i = 0; i < program->num_units; i++) {
		struct unit *unit = &program->units[i];

		unit->ms = 0;
		for (size_t n = 0; n < unit->num; n++)
			unit->ms += entry_expected(&program->entries[
				program->order[unit->first + n]], unknown);
	}
}

static int longer_first(const void *a, const void *b)
{
	const struct unit *one = a, *two = b;

	if (one->rank != two->rank)
		return one->rank < two->rank ? 1 : -1;
	return one->first < two->first ? -1 : one->first > two->first;
}

void units_make(struct program *program, const struct unit_options *options,
		int64_t unknown)
{
	units_cut(program, options->isolate);
	if (options->shuffle)
		units_shuffle(program, options->isolate);
	units_expect(program, unknown);
	for (size_t i = 0; i < program->num_units && !options->shuffle; i++) {
		struct unit *unit = &program->units[i];

		unit->alone = options->isolate != ISOLATE_NONE;
		/* One job is as fast in any order: in that of the list,
		 * results can be shown as they come. */
		unit->rank = options->jobs > 1 ? unit->ms : 0;
	}
	if (program->num_units)
		qsort(program->units, program->num_units,
		      sizeof(*program->units), longer_first);
}

void units_again(struct program *program)
{
	for (size_t i = 0; i < program->num_entries; i++) {
		struct unit *unit;

		if (!program->entries[i].again)
			continue;
		program->entries[i].again = false;
		program->order = xrealloc(program->order,
					  program->num_order + 1,
					  sizeof(*program->order));
		program->order[program->num_order] = i;
		unit_add(program, program->num_order++, 1);
		unit = &program->units[program->num_units - 1];
		unit->alone = true;
		unit->rank = -1;
		unit->ms = entry_expected(&program->entries[i], 0);
	}
}

/* ------------------------------------------------------------------------
 * Giving out
 */

bool units_left(const struct program *program)
{
	return program->next_unit < program->num_units;
}

int64_t units_left_ms(const struct program *program)
{
	int64_t ms = 0;

	for (size_t i = program->next_unit; i < program->num_units; i++)
		ms += program->units[i].ms;
	return ms;
}

static int index_order(const void *a, const void *b)
{
	size_t one = *(const size_t *)a, two = *(const size_t *)b;

	return one < two ? -1 : one > two;
}

bool units_take(struct program *program, const struct unit_options *options,
		int64_t left, struct strings *ids)
{
	int64_t want = options->jobs == 1 ? INT64_MAX :
					    left / (PARTS_A_JOB * options->jobs);
	bool all = !program->next_unit, alone = false;
	/* All that the program has needs no filters. */
	bool unlimited = all && options->jobs == 1 && program->whole &&
			 !options->shuffle;
	size_t *tests = NULL, num = 0;
	int64_t ms = 0;

	while (units_left(program) && !alone) {
		const struct unit *unit = &program->units[program->next_unit];

		alone = unit->alone;
		if (num && (alone || ms + unit->ms > want ||
			    (num + unit->num > MAX_FILTERS && !unlimited)))
			break;
		tests = xrealloc(tests, num + unit->num, sizeof(*tests));
		memcpy(tests + num, program->order + unit->first,
		       unit->num * sizeof(*tests));
		num += unit->num;
		ms += unit->ms;
		program->next_unit++;
	}
	if (!options->shuffle)
		qsort(tests, num, sizeof(*tests), index_order);
	for (size_t i = 0; i < num; i++)
		strings_add(ids, text("%s", program->entries[tests[i]].id));
	free(tests);
	return !all || units_left(program) || options->shuffle ||
	       !program->whole;
}
