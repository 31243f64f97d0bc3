// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * machine-trouble.c - what went wrong with a machine and no test may pass over
 *
 * A call that ends with one of these returns its code, and a test may look
 * away. Here they stay until the test's end, where the harness asks whether
 * somebody expected them.
 */
#include "machine-parts.h"

#include <stdlib.h>
#include <string.h>

static struct machine_trouble *trouble_create(int code, const char *message)
{
	size_t size = strlen(message) + 1;
	struct machine_trouble *trouble = calloc(1, sizeof(*trouble) + size);

	if (!trouble)
		return NULL;
	trouble->code = code;
	trouble->count = 1;
	memcpy(trouble->message, message, size);
	return trouble;
}

/* The last one is replaced by what is known of it now. */
void machine_trouble_renew(struct road_machine *machine)
{
	struct machine_trouble **at = &machine->troubles, *old;

	while (*at && (*at)->next)
		at = &(*at)->next;
	old = *at;
	*at = NULL;
	machine_trouble_add(machine, old && old->end);
	free(old);
}

struct machine_trouble *machine_trouble_add(struct road_machine *machine,
					    bool end)
{
	const char *message = err_message(&machine->error);
	int code = machine->error.code;
	struct machine_trouble **at;

	for (at = &machine->troubles; *at; at = &(*at)->next) {
		if ((*at)->code != code || strcmp((*at)->message, message))
			continue;
		(*at)->count++;
		return *at;
	}
	*at = trouble_create(code, message);
	if (*at)
		(*at)->end = end;
	return *at;
}

void machine_troubles_free(struct road_machine *machine)
{
	struct machine_trouble *trouble, *next;

	for (trouble = machine->troubles; trouble; trouble = next) {
		next = trouble->next;
		free(trouble);
	}
	machine->troubles = NULL;
}

struct machine_trouble *machine_trouble_of(const struct road_machine *machine,
					   int code)
{
	struct machine_trouble *trouble, *found = NULL;

	for (trouble = machine->troubles; trouble; trouble = trouble->next)
		if (trouble->code == code ||
		    (trouble->end && code == -ROAD_EGONE))
			found = trouble;
	return found;
}

struct machine_trouble *
machine_troubles(const struct road_machine *machine)
{
	return machine->troubles;
}

char *machine_blocked(const struct road_machine *machine)
{
	char *text = NULL;

	if (machine->state == MACHINE_UP && machine->agent)
		text = agent_describe(machine->agent);
	if (text && *text)
		return text;
	free(text);
	return NULL;
}

bool machine_is_gone(const struct road_machine *machine)
{
	return machine->state == MACHINE_GONE;
}

void machine_keep(struct road_machine *machine, bool keep)
{
	machine->kept = keep;
}

void machine_abandon(struct road_machine *machine)
{
	struct machine_trouble *trouble;

	if (!machine->engine.in_model)
		return;
	/* The callback does not return into the engine, which was serving the
	 * guest: neither can go on. */
	machine->engine.in_model = 0;
	engine_fail(&machine->engine, -ROAD_EGONE,
		    "an assertion ended the test inside of a model's callback");
	machine->state = MACHINE_GONE;
	uml_kill(&machine->uml);
	if (machine->agent)
		agent_gone(machine->agent);
	machine_error(machine, -ROAD_EGONE, "%s",
		      err_message(&machine->engine.fatal));
	trouble = machine_trouble_add(machine, true);
	if (trouble)
		trouble->told = true;
}
