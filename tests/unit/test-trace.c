// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-trace.c - of lib/trace.c and lib/trace-text.c */
#include "trace.h"
#include "unit.h"

#include <errno.h>
#include <jansson.h>

static uint64_t now;

/* One record of each kind. */
static void record_all(struct trace *trace)
{
	static const uint8_t config[] = { 0x01, 0xca, 0x10 };

	now = 120046264;
	trace_i2c(trace, now - 95000, 12, 0x44, "opt3001", false, config, 3, 0);
	trace_reg(trace, 12, 0x44, 0x01, "CONFIG", false, 0xca10, NULL);
	trace_reg(trace, 13, 0x44, 0x00, NULL, true, 0x12, NULL);
	trace_i2c(trace, 0, 14, 0x45, NULL, true, NULL, 0, -ENXIO);
	now = 12 * ROAD_S + 5;
	trace_line(trace, 3, 0, false);
	trace_line(trace, 4, 1, true);
	trace_direction(trace, 3, ROAD_DIR_IN);
	trace_irq_type(trace, 3, ROAD_IRQ_EDGE_FALLING);
	trace_irq(trace, 3);
	trace_timer(trace, "conversion");
	trace_note(trace, "a note");
}

static void text_has_a_line_for_each_record(void)
{
	struct trace trace;
	char *text;

	trace_init(&trace, &now);
	record_all(&trace);
	text = trace_text(&trace, 0);
	CHECK_STR(text,
		  "   0.120046264 i2c #12 44 opt3001 W 01 ca 10\n"
		  "   0.120046264 reg CONFIG = 0xca10\n"
		  "   0.120046264 reg 0x00 -> 0x12\n"
		  "   0.120046264 i2c #14 45 - R = -ENXIO\n"
		  "  12.000000005 line 3 = 0\n"
		  "  12.000000005 line 4 = 1 guest\n"
		  "  12.000000005 line 3 in\n"
		  "  12.000000005 irq 3 type falling\n"
		  "  12.000000005 irq 3\n"
		  "  12.000000005 timer conversion\n"
		  "  12.000000005 -- a note\n");
	free(text);
	text = trace_text(&trace, 10);
	CHECK_STR(text, "  12.000000005 -- a note\n");
	free(text);
	text = trace_text(&trace, 99);
	CHECK_STR(text, "");
	free(text);
	trace_deinit(&trace);
}

static void json_has_a_line_for_each_record(void)
{
	struct trace trace;
	char *text;

	trace_init(&trace, &now);
	record_all(&trace);
	CHECK_INT(trace_get(&trace, 0)->start, 120046264 - 95000);
	text = trace_json(&trace, 0);
	CHECK_STR(text,
"{\"time\":120046264,\"type\":\"i2c\",\"start\":119951264,\"transaction\":12,\"addr\":68,"
"\"chip\":\"opt3001\",\"read\":false,\"data\":\"01ca10\"}\n"
"{\"time\":120046264,\"type\":\"reg\",\"transaction\":12,\"addr\":68,"
"\"reg\":1,\"name\":\"CONFIG\",\"read\":false,\"value\":51728}\n"
"{\"time\":120046264,\"type\":\"reg\",\"transaction\":13,\"addr\":68,"
"\"reg\":0,\"name\":null,\"read\":true,\"value\":18}\n"
"{\"time\":120046264,\"type\":\"i2c\",\"start\":0,\"transaction\":14,\"addr\":69,"
"\"chip\":null,\"read\":true,\"data\":\"\",\"error\":\"ENXIO\"}\n"
"{\"time\":12000000005,\"type\":\"line\",\"line\":3,\"level\":0,"
"\"guest\":false}\n"
"{\"time\":12000000005,\"type\":\"line\",\"line\":4,\"level\":1,"
"\"guest\":true}\n"
"{\"time\":12000000005,\"type\":\"direction\",\"line\":3,"
"\"direction\":\"in\"}\n"
"{\"time\":12000000005,\"type\":\"irq_type\",\"line\":3,"
"\"irq_type\":\"falling\"}\n"
"{\"time\":12000000005,\"type\":\"irq\",\"line\":3}\n"
"{\"time\":12000000005,\"type\":\"timer\",\"name\":\"conversion\"}\n"
"{\"time\":12000000005,\"type\":\"note\",\"text\":\"a note\"}\n");
	free(text);
	trace_deinit(&trace);
}

/* Whatever a test writes into a note, a record is one line of valid JSON. */
static void hostile_notes_stay_one_line_of_json(void)
{
	static const char *const notes[] = {
		"", "two\nlines\r\n", "\"quoted\" \\ back", "\x01\x1b[2J\x7f",
		"\xff\xfe", "\xc3", "\xc3(", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xc0\x80", "\xc3\xa5 \xe2\x82\xac",
	};
	struct trace trace;
	char *text, *end;
	json_error_t error;
	json_t *json;
	size_t i;

	trace_init(&trace, &now);
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		trace_note(&trace, notes[i]);
		text = trace_json(&trace, i);
		json = json_loads(text, JSON_DISABLE_EOF_CHECK, &error);
		CHECK(json);
		json_decref(json);
		end = strchr(text, '\n');
		CHECK(end && !end[1]);
		free(text);
		text = trace_text(&trace, i);
		end = strchr(text, '\n');
		CHECK(end && !end[1]);
		free(text);
	}
	text = trace_text(&trace, i - 1);
	CHECK_HAS(text, "-- \xc3\xa5 \xe2\x82\xac\n");
	free(text);
	text = trace_text(&trace, 1);
	CHECK_HAS(text, "-- two\\nlines\\x0d\\n\n");
	CHECK_HAS(text, "-- \\xff\\xfe\n");
	free(text);
	text = trace_json(&trace, 4);
	CHECK_HAS(text, ":\"\\ufffd\\ufffd\"}\n");
	free(text);
	text = trace_json(&trace, i - 1);
	CHECK_HAS(text, ":\"\xc3\xa5 \xe2\x82\xac\"}\n");
	free(text);
	trace_deinit(&trace);
}

static void records_keep_their_own_copies(void)
{
	const struct road_record *a, *b;
	uint8_t data[] = { 1, 2 };
	char name[] = "chip";
	struct trace trace;

	trace_init(&trace, &now);
	trace_i2c(&trace, 0, 1, 8, name, false, data, 2, 0);
	trace_i2c(&trace, 0, 2, 8, name, false, data, 2, 0);
	memset(name, 'x', 4);
	memset(data, 0, 2);
	trace_i2c(&trace, 0, 3, 8, name, false, data, 2, 0);
	a = trace_get(&trace, 0);
	b = trace_get(&trace, 1);
	CHECK_STR(a->name, "chip");
	CHECK(a->name == b->name);
	CHECK_INT(a->data[1], 2);
	CHECK_STR(trace_get(&trace, 2)->name, "xxxx");
	CHECK(!trace_get(&trace, 3));
	trace_deinit(&trace);
}

static void records_do_not_move(void)
{
	const struct road_record *first;
	static uint8_t big[100 * 1024];
	struct trace trace;
	unsigned int i;

	trace_init(&trace, &now);
	trace_irq(&trace, 7);
	first = trace_get(&trace, 0);
	for (i = 1; i < 2000; i++)
		trace_i2c(&trace, 0, i, 8, "c", false, (uint8_t *)&i, sizeof(i),
			  0);
	trace_i2c(&trace, 0, i, 8, "c", true, big, sizeof(big), 0);
	CHECK(first == trace_get(&trace, 0));
	CHECK_INT(first->addr, 7);
	CHECK_INT(trace_count(&trace), 2001);
	for (i = 1; i < 2000; i++) {
		CHECK_INT(trace_get(&trace, i)->transaction, i);
		CHECK(!memcmp(trace_get(&trace, i)->data, &i, sizeof(i)));
	}
	CHECK_INT(trace_get(&trace, 2000)->len, sizeof(big));
	trace_deinit(&trace);
}

static const struct unit_test tests[] = {
	{ "text_has_a_line_for_each_record", text_has_a_line_for_each_record },
	{ "json_has_a_line_for_each_record", json_has_a_line_for_each_record },
	{ "hostile_notes_stay_one_line_of_json",
	  hostile_notes_stay_one_line_of_json },
	{ "records_keep_their_own_copies", records_keep_their_own_copies },
	{ "records_do_not_move", records_do_not_move },
};

UNIT_MAIN(tests)
