// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-regmap.c - of lib/regmap.c, driven through the chip's ops as the bus
 * would do it
 */
#include <roadtest/model.h>

#include "board.h"
#include "machine.h"
#include "trace.h"
#include "unit.h"

#include <errno.h>
#include <stdarg.h>

/* The parts of a machine that a register map uses. */
struct road_machine {
	struct trace trace;
};

static struct road_machine machine;
static uint64_t now;
static char failure[256];

struct trace *machine_trace(struct road_machine *m)
{
	return &m->trace;
}

uint32_t board_transaction(const struct road_machine *m)
{
	return 7;
}

void road_i2c_chip_init(struct road_i2c_chip *chip, const char *name,
			const struct road_i2c_ops *ops)
{
	*chip = (struct road_i2c_chip){ .name = name, .ops = ops };
}

void road_i2c_detach(struct road_i2c_chip *chip)
{
	chip->machine = NULL;
}

int road_chip_fail(struct road_i2c_chip *chip, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(failure, sizeof(failure), fmt, ap);
	va_end(ap);
	return -EREMOTEIO;
}

/* ------------------------------------------------------------------------ */

enum { RESULT, CONFIG, LIMIT, COMMAND, STATUS, WIDE = 8 };

static const struct road_reg_desc regs[] = {
	{ RESULT, "RESULT", .reset = 0x3456, .access = ROAD_RO },
	{ CONFIG, "CONFIG", .reset = 0xc810, .writable = 0xff0f,
	  .reserved = 0x0040 },
	{ LIMIT, "LIMIT", .reset = 0xc000 },
	{ COMMAND, "COMMAND", .access = ROAD_WO, .width = 1 },
	{ STATUS, "STATUS", .reset = 0xff, .width = 1, .w1c = 0x0f,
	  .rc = 0x30 },
	{ WIDE, "WIDE", .reset = 0x12345678, .width = 4 },
	{ WIDE + 4, "HIGH", .reset = 0xabcd },
	{ 0 },
};

struct chip {
	struct road_regmap map;
	char hooks[256];
	int ret;
};

static void chip_log(struct road_regmap *map, const char *what,
		     const struct road_reg *reg, uint32_t old, uint32_t value)
{
	struct chip *chip = road_container_of(map, struct chip, map);
	size_t len = strlen(chip->hooks);

	snprintf(chip->hooks + len, sizeof(chip->hooks) - len,
		 "%s %s %x %x %x;", what, reg->desc->name, reg->value, old,
		 value);
}

static int before_read(struct road_regmap *map, struct road_reg *reg)
{
	chip_log(map, "before", reg, 0, 0);
	if (reg->desc->addr == LIMIT)
		reg->value = 0x1111;
	return road_container_of(map, struct chip, map)->ret;
}

static int after_read(struct road_regmap *map, struct road_reg *reg)
{
	chip_log(map, "after", reg, 0, 0);
	return 0;
}

static int after_write(struct road_regmap *map, struct road_reg *reg,
		       uint32_t old, uint32_t written)
{
	chip_log(map, "write", reg, old, written);
	return road_container_of(map, struct chip, map)->ret;
}

static const struct road_regmap_config plain = { .regs = regs, .width = 2 };
static const struct road_regmap_config increment = {
	.regs = regs, .width = 2, .auto_increment = true,
};
static const struct road_regmap_config hooked = {
	.regs = regs, .width = 2, .auto_increment = true,
	.before_read = before_read, .after_read = after_read,
	.after_write = after_write,
};
static const struct road_regmap_config little = {
	.regs = regs, .width = 2, .little_endian = true, .addr_width = 2,
};

/* As TAOS's light sensors: bit 7 is set, bit 5 increments, 0x60 is special. */
static int on_command(struct road_regmap *map, uint32_t sent)
{
	if (!(sent & 0x80))
		return road_chip_fail(&map->chip, "no command 0x%02x", sent);
	return (sent & 0x60) == 0x60;
}

static const struct road_regmap_config commanded = {
	.regs = regs, .width = 2, .addr_mask = 0x1f, .increment_mask = 0x20,
	.command = on_command,
};

static void setup(struct chip *chip, const struct road_regmap_config *config)
{
	*chip = (struct chip){ 0 };
	failure[0] = '\0';
	trace_init(&machine.trace, &now);
	CHECK_INT(road_regmap_init(&chip->map, "chip", config), 0);
	chip->map.chip.machine = &machine;
	chip->map.chip.addr = 0x44;
}

static void teardown(struct chip *chip)
{
	road_regmap_deinit(&chip->map);
	trace_deinit(&machine.trace);
}

#define WRITE(chip, ...) \
	chip_write(chip, (const uint8_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }))

static int chip_write(struct chip *chip, const uint8_t *data, size_t len)
{
	struct road_i2c_chip *base = &chip->map.chip;
	/* On the heap, so that ASan sees a byte read too many. */
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	if (len)
		memcpy(copy, data, len);
	ret = base->ops->write(base, copy, len);
	free(copy);
	return ret;
}

/* Bytes as hex digits, or the error's name. */
static const char *chip_read(struct chip *chip, size_t len)
{
	static char text[64];
	struct road_i2c_chip *base = &chip->map.chip;
	uint8_t *data = malloc(len ? len : 1);
	int ret = base->ops->read(base, data, len);
	size_t i;

	text[0] = '\0';
	for (i = 0; !ret && i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	free(data);
	return ret ? road_strerror(ret) : text;
}

static void a_register_is_written_and_read(void)
{
	struct chip chip;

	setup(&chip, &plain);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 2), "3456");
	CHECK_INT(WRITE(&chip, LIMIT, 0xbe, 0xef), 0);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xbeef);
	CHECK_STR(chip_read(&chip, 2), "beef");
	/* The pointer outlives the STOP; reading on repeats the register; a
	 * read may stop inside of one. */
	CHECK_STR(chip_read(&chip, 5), "beefbeefbe");
	CHECK_STR(chip_read(&chip, 0), "");
	CHECK_INT(chip_write(&chip, NULL, 0), 0);
	road_regmap_reset(&chip.map);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xc000);
	CHECK_STR(failure, "");
	teardown(&chip);
}

static void byte_order_and_wide_addresses(void)
{
	struct chip chip;

	setup(&chip, &little);
	CHECK_INT(WRITE(&chip, 0, WIDE, 4, 3, 2, 1), 0);
	CHECK_INT(road_regmap_get(&chip.map, WIDE), 0x01020304);
	CHECK_STR(chip_read(&chip, 4), "04030201");
	CHECK_INT(WRITE(&chip, 0), -EREMOTEIO);
	CHECK_STR(failure, "register address cut short: 1 of 2 bytes");
	teardown(&chip);
}

static void auto_increment_goes_to_the_next_register(void)
{
	struct chip chip;

	setup(&chip, &increment);
	CHECK_INT(WRITE(&chip, CONFIG, 0xff, 0x0f, 0xbe, 0xef, 0x77), 0);
	CHECK_INT(road_regmap_get(&chip.map, CONFIG), 0xff1f);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xbeef);
	CHECK_INT(road_regmap_get(&chip.map, COMMAND), 0x77);
	/* The pointer went on, too. */
	CHECK_STR(chip_read(&chip, 1), "ff");
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 5), "3456ff1fbe");
	/* A read that stopped inside of a register starts it again. */
	CHECK_STR(chip_read(&chip, 2), "beef");
	/* Addresses that count bytes: 0x08 has four, so 0x0c is next. */
	CHECK_INT(WRITE(&chip, WIDE), 0);
	CHECK_STR(chip_read(&chip, 6), "12345678abcd");
	CHECK_STR(chip_read(&chip, 1), "EREMOTEIO");
	CHECK_STR(failure,
		  "read of register 0x0d, which the model does not have");
	teardown(&chip);
}

static void forbidden_accesses_say_why(void)
{
	struct chip chip;

	setup(&chip, &plain);
	CHECK_STR(chip_read(&chip, 1), "EREMOTEIO");
	CHECK_STR(failure,
		  "read of 1 byte before a register was selected since power-on");
	CHECK_INT(WRITE(&chip, 0x55, 1, 2), -EREMOTEIO);
	CHECK_STR(failure,
		  "write to register 0x55, which the model does not have");
	CHECK_INT(WRITE(&chip, 0x55), -EREMOTEIO);
	CHECK_STR(failure,
		  "selection of register 0x55, which the model does not have");
	CHECK_INT(WRITE(&chip, RESULT, 0x00, 0x01), -EREMOTEIO);
	CHECK_STR(failure,
		  "write of 0x0001 to RESULT (0x00), which is read-only");
	CHECK_INT(WRITE(&chip, COMMAND), 0);
	CHECK_STR(chip_read(&chip, 1), "EREMOTEIO");
	CHECK_STR(failure, "read of COMMAND (0x03), which is write-only");
	CHECK_INT(WRITE(&chip, CONFIG, 0x00, 0xc1), -EREMOTEIO);
	CHECK_STR(failure,
		  "write of 0x00c1 to CONFIG (0x01) sets reserved bits 0x0040, which must be 0");
	CHECK_INT(WRITE(&chip, CONFIG, 0x00), -EREMOTEIO);
	CHECK_STR(failure, "write of 1 byte to CONFIG (0x01), which has 2");
	CHECK_INT(WRITE(&chip, CONFIG, 0, 0, 0), -EREMOTEIO);
	CHECK_STR(failure,
		  "write of 3 bytes to CONFIG (0x01), which has 2 and no auto-increment");
	/* Nothing of that changed a register or stands in the trace. */
	CHECK_INT(road_regmap_get(&chip.map, CONFIG), 0xc810);
	CHECK_INT(road_regmap_get(&chip.map, RESULT), 0x3456);
	CHECK_INT(trace_count(&machine.trace), 0);
	road_regmap_reset(&chip.map);
	CHECK_STR(chip_read(&chip, 2), "EREMOTEIO");
	CHECK_HAS(failure, "before a register was selected");
	teardown(&chip);
}

static void a_cut_value_behind_a_whole_one_is_an_error(void)
{
	struct chip chip;

	setup(&chip, &increment);
	CHECK_INT(WRITE(&chip, CONFIG, 0x01, 0x02, 0x03), -EREMOTEIO);
	CHECK_STR(failure, "write of 1 byte to LIMIT (0x02), which has 2");
	CHECK_INT(road_regmap_get(&chip.map, CONFIG), 0x0112);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xc000);
	teardown(&chip);
}

static void access_rules_of_bits(void)
{
	struct chip chip;

	setup(&chip, &plain);
	CHECK_INT(WRITE(&chip, CONFIG, 0x12, 0xbf), 0);
	CHECK_INT(road_regmap_get(&chip.map, CONFIG), 0x121f);
	/* Low nibble: a 1 clears, a 0 leaves. High nibble: plain. */
	CHECK_INT(WRITE(&chip, STATUS, 0xf3), 0);
	CHECK_INT(road_regmap_get(&chip.map, STATUS), 0xfc);
	CHECK_INT(WRITE(&chip, STATUS, 0xf0), 0);
	CHECK_INT(road_regmap_get(&chip.map, STATUS), 0xfc);
	CHECK_STR(chip_read(&chip, 2), "fccc");
	CHECK_INT(road_regmap_get(&chip.map, STATUS), 0xcc);
	road_regmap_set(&chip.map, STATUS, 0x1ff);
	CHECK_INT(road_regmap_get(&chip.map, STATUS), 0xff);
	road_regmap_update(&chip.map, STATUS, 0x0f, 0xf6);
	CHECK_INT(road_regmap_get(&chip.map, STATUS), 0xf6);
	CHECK_INT(road_regmap_get(&chip.map, 0x55), 0);
	road_regmap_set(&chip.map, 0x55, 1);
	road_regmap_update(&chip.map, 0x55, 1, 1);
	CHECK(!road_regmap_reg(&chip.map, 0x55));
	CHECK_STR(failure, "");
	teardown(&chip);
}

static void hooks_run_in_order(void)
{
	struct chip chip;

	setup(&chip, &hooked);
	CHECK_INT(WRITE(&chip, CONFIG, 0x12, 0x00, 0xaa, 0xbb), 0);
	CHECK_STR(chip.hooks,
		  "write CONFIG 1210 c810 1200;write LIMIT aabb c000 aabb;");
	chip.hooks[0] = '\0';
	CHECK_INT(WRITE(&chip, LIMIT), 0);
	CHECK_STR(chip_read(&chip, 2), "1111");
	CHECK_INT(WRITE(&chip, STATUS), 0);
	CHECK_STR(chip_read(&chip, 1), "ff");
	CHECK_STR(chip.hooks, "before LIMIT aabb 0 0;after LIMIT 1111 0 0;"
			      "before STATUS ff 0 0;after STATUS cf 0 0;");
	chip.ret = -ENXIO;
	CHECK_STR(chip_read(&chip, 1), "EREMOTEIO");
	CHECK_INT(WRITE(&chip, LIMIT, 1, 2, 3), -ENXIO);
	CHECK_INT(road_regmap_get(&chip.map, COMMAND), 0);
	CHECK_STR(chip_read(&chip, 1), "ENXIO");
	teardown(&chip);
}

static void an_address_may_hold_a_command(void)
{
	struct chip chip;

	setup(&chip, &commanded);
	CHECK_INT(WRITE(&chip, 0x80 | LIMIT, 0xbe, 0xef), 0);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xbeef);
	CHECK_INT(WRITE(&chip, 0x80 | CONFIG), 0);
	CHECK_STR(chip_read(&chip, 4), "c810c810");
	CHECK_INT(WRITE(&chip, 0xa0 | CONFIG), 0);
	CHECK_STR(chip_read(&chip, 4), "c810beef");
	/* A command of its own leaves the pointer alone. */
	CHECK_INT(WRITE(&chip, 0x80 | LIMIT), 0);
	CHECK_INT(WRITE(&chip, 0xe1), 0);
	CHECK_STR(chip_read(&chip, 4), "beefbeef");
	CHECK_STR(failure, "");
	CHECK_INT(WRITE(&chip, 0xe1, 1, 2), -EREMOTEIO);
	CHECK_STR(failure, "2 bytes behind command 0xe1, which takes none");
	CHECK_INT(WRITE(&chip, LIMIT, 1, 2), -EREMOTEIO);
	CHECK_STR(failure, "no command 0x02");
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0xbeef);
	CHECK_INT(WRITE(&chip, 0x80 | CONFIG, 1, 2, 3, 4), -EREMOTEIO);
	CHECK_STR(failure, "write of 4 bytes to CONFIG (0x01), which has 2 and no auto-increment");
	CHECK_INT(WRITE(&chip, 0xa0 | CONFIG, 1, 2, 3, 4), 0);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0x0304);
	teardown(&chip);
}

static int mode(struct road_regmap *map, struct road_reg *reg, uint32_t old,
		uint32_t written)
{
	if (reg->desc->addr == COMMAND) {
		road_regmap_set_auto_increment(map, written & 1);
		road_regmap_set_little_endian(map, written & 2);
	}
	return 0;
}

static void a_bit_of_a_register_may_change_increment_and_byte_order(void)
{
	static const struct road_regmap_config config = {
		.regs = regs, .width = 2, .after_write = mode,
	};
	struct chip chip;

	setup(&chip, &config);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 4), "34563456");
	CHECK_INT(WRITE(&chip, COMMAND, 1), 0);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 4), "3456c810");
	CHECK_INT(WRITE(&chip, COMMAND, 2), 0);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 4), "56345634");
	CHECK_INT(WRITE(&chip, LIMIT, 1, 2), 0);
	CHECK_INT(road_regmap_get(&chip.map, LIMIT), 0x0201);
	/* It is on behind the byte that turns it on, and no sooner. */
	CHECK_INT(WRITE(&chip, COMMAND, 1, 0xff), -EREMOTEIO);
	road_regmap_reset(&chip.map);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 4), "34563456");
	teardown(&chip);
}

enum { PAGE = 0, BELOW = 1, ABOVE = 2 };

static int turn(struct road_regmap *map, struct road_reg *reg, uint32_t old,
		uint32_t written)
{
	if (reg->desc->addr == PAGE)
		road_regmap_set_page(map, written);
	return 0;
}

static void a_register_may_select_a_page(void)
{
	static const struct road_reg_desc table[] = {
		{ PAGE, "PAGE" },
		{ ROAD_PAGED(0, BELOW), "BELOW0", .reset = 0x10 },
		{ ROAD_PAGED(1, BELOW), "BELOW1", .reset = 0x11 },
		{ ROAD_PAGED(1, ABOVE), "ABOVE1", .reset = 0x21,
		  .access = ROAD_RO },
		{ 0 },
	};
	static const struct road_regmap_config config = {
		.regs = table, .auto_increment = true, .after_write = turn,
	};
	struct chip chip;

	setup(&chip, &config);
	CHECK_INT(WRITE(&chip, PAGE), 0);
	CHECK_STR(chip_read(&chip, 2), "0010");
	CHECK_INT(WRITE(&chip, ABOVE), -EREMOTEIO);
	CHECK_INT(WRITE(&chip, PAGE, 1), 0);
	CHECK_INT(WRITE(&chip, PAGE), 0);
	CHECK_STR(chip_read(&chip, 3), "011121");
	CHECK_INT(WRITE(&chip, BELOW, 0x55), 0);
	CHECK_INT(road_regmap_get(&chip.map, ROAD_PAGED(1, BELOW)), 0x55);
	CHECK_INT(road_regmap_get(&chip.map, ROAD_PAGED(0, BELOW)), 0x10);
	CHECK_INT(WRITE(&chip, ABOVE, 1), -EREMOTEIO);
	CHECK_STR(failure, "write of 0x01 to ABOVE1 (0x02), which is read-only");
	CHECK_INT(WRITE(&chip, PAGE, 2), 0);
	CHECK_INT(WRITE(&chip, BELOW), -EREMOTEIO);
	CHECK_STR(failure,
		  "selection of register 0x01 of page 2, which the model does not have");
	road_regmap_reset(&chip.map);
	CHECK_INT(WRITE(&chip, BELOW), 0);
	CHECK_STR(chip_read(&chip, 1), "10");
	teardown(&chip);
}

static void accesses_are_in_the_trace(void)
{
	struct chip chip;
	char *text;

	now = 0;
	setup(&chip, &increment);
	CHECK_INT(WRITE(&chip, CONFIG, 0xca, 0x10, 0x00, 0x01), 0);
	CHECK_INT(WRITE(&chip, RESULT), 0);
	CHECK_STR(chip_read(&chip, 3), "3456ca");
	text = trace_text(&machine.trace, 0);
	CHECK_STR(text, "   0.000000000 reg CONFIG = 0xca10\n"
			"   0.000000000 reg LIMIT = 0x1\n"
			"   0.000000000 reg RESULT -> 0x3456\n"
			"   0.000000000 reg CONFIG -> 0xca10\n");
	free(text);
	CHECK_INT(trace_get(&machine.trace, 0)->transaction, 7);
	CHECK_INT(trace_get(&machine.trace, 0)->addr, 0x44);
	teardown(&chip);
}

static int init_with(const struct road_reg_desc *table, uint8_t width,
		     uint8_t addr_width)
{
	const struct road_regmap_config config = {
		.regs = table, .width = width, .addr_width = addr_width,
	};
	struct road_regmap map;
	int ret = road_regmap_init(&map, "chip", &config);

	road_regmap_deinit(&map);
	return ret;
}

static void wrong_tables_are_refused(void)
{
	static const struct road_reg_desc none[] = { { 0 } };
	static const struct road_reg_desc twice[] = {
		{ 1, "A" }, { 2, "B" }, { 1, "C" }, { 0 }
	};
	static const struct road_reg_desc wide[] = {
		{ 1, "A", .width = 5 }, { 0 }
	};
	static const struct road_reg_desc paged[] = {
		{ ROAD_PAGED(1, 7), "A" }, { ROAD_PAGED(2, 7), "B" }, { 0 }
	};
	static const struct road_reg_desc hidden[] = {
		{ 7, "A" }, { ROAD_PAGED(1, 7), "B" }, { 0 }
	};
	static const struct road_reg_desc far[] = { { 0x100, "A" }, { 0 } };

	CHECK_INT(init_with(none, 0, 0), 0);
	CHECK_INT(init_with(none, 5, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(none, 0, 3), -ROAD_EUSAGE);
	CHECK_INT(init_with(NULL, 0, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(twice, 0, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(wide, 0, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(paged, 0, 0), 0);
	CHECK_INT(init_with(hidden, 0, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(far, 0, 0), -ROAD_EUSAGE);
	CHECK_INT(init_with(far, 0, 2), 0);
}

static const struct unit_test tests[] = {
	{ "a_register_is_written_and_read", a_register_is_written_and_read },
	{ "byte_order_and_wide_addresses", byte_order_and_wide_addresses },
	{ "auto_increment_goes_to_the_next_register",
	  auto_increment_goes_to_the_next_register },
	{ "forbidden_accesses_say_why", forbidden_accesses_say_why },
	{ "a_cut_value_behind_a_whole_one_is_an_error",
	  a_cut_value_behind_a_whole_one_is_an_error },
	{ "access_rules_of_bits", access_rules_of_bits },
	{ "hooks_run_in_order", hooks_run_in_order },
	{ "an_address_may_hold_a_command", an_address_may_hold_a_command },
	{ "a_bit_of_a_register_may_change_increment_and_byte_order",
	  a_bit_of_a_register_may_change_increment_and_byte_order },
	{ "a_register_may_select_a_page", a_register_may_select_a_page },
	{ "accesses_are_in_the_trace", accesses_are_in_the_trace },
	{ "wrong_tables_are_refused", wrong_tables_are_refused },
};

UNIT_MAIN(tests)
