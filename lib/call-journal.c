// SPDX-License-Identifier: LGPL-2.1-or-later
/* call-journal.c - guest calls in the journal, with the begin of their data */
#include "call.h"

#include <inttypes.h>
#include <string.h>

#include "journal.h"
#include "machine.h"
#include "text.h"

#define MAX_SHOWN 128

static bool is_text(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((data[i] < ' ' && data[i] != '\n' && data[i] != '\t') ||
		    data[i] == 0x7f)
			return false;
	return true;
}

/* As text if it is, else as hex digits. */
static void put_data(FILE *out, const char *data, size_t len)
{
	char shown[MAX_SHOWN + 1];
	size_t num = len < MAX_SHOWN ? len : MAX_SHOWN;

	if (is_text(data, num)) {
		memcpy(shown, data, num);
		shown[num] = '\0';
		text_put_json(out, "text", shown);
	} else {
		fputs(",\"data\":\"", out);
		for (size_t i = 0; i < num; i++)
			fprintf(out, "%02x", (unsigned char)data[i]);
		fputc('"', out);
	}
	if (len > num)
		fprintf(out, ",\"len\":%zu", len);
}

/* What the call gives to a file of the guest; NULL if it does not. */
static const struct call_part *written(const struct call_request *request)
{
	switch (request->op) {
	case PROTO_WRITE:
	case PROTO_PWRITE:
		return &request->parts[0];
	case PROTO_WRITE_FILE:
		return &request->parts[1];
	default:
		return NULL;
	}
}

void call_journal_begin(const struct road_call *call,
			const struct call_request *request)
{
	struct journal *journal = machine_journal(agent_machine(call->agent));
	const struct call_part *part = written(request);
	FILE *out = journal_begin(journal, "call");

	if (!out)
		return;
	fprintf(out, ",\"call\":%" PRIu32, call->id);
	text_put_json(out, "what", call->what);
	if (part && part->len)
		put_data(out, part->data, part->len);
	journal_end(journal);
}

void call_journal_end(const struct road_call *call)
{
	struct journal *journal = machine_journal(agent_machine(call->agent));
	FILE *out = journal_begin(journal, "return");

	if (!out)
		return;
	fprintf(out, ",\"call\":%" PRIu32 ",\"result\":%" PRId64, call->id,
		call->result);
	if (call->result < 0)
		text_put_json(out, "error", road_strerror(call->result));
	else if (call->len && (call->op == PROTO_READ ||
			       call->op == PROTO_PREAD ||
			       call->op == PROTO_READ_FILE ||
			       call->op == PROTO_READLINK))
		put_data(out, call->data, call->len);
	journal_end(journal);
}
