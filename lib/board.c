// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The board: chips on the bus, lines and who drives them
 */
#include "board.h"

#include "machine.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int board_init(struct board *board, struct engine *engine)
{
	int ret;

	memset(board, 0, sizeof(*board));
	board->engine = engine;
	ret = i2c_init(&board->i2c, engine);
	return ret ? ret : gpio_init(&board->gpio, engine);
}

void board_deinit(struct board *board)
{
	unsigned int i;

	/* A chip that goes lets its line go: that must not reach the guest. */
	if (board->i2c.vu.ops)
		vu_close(&board->i2c.vu);
	if (board->gpio.vu.ops)
		vu_close(&board->gpio.vu);
	while (board->chips)
		road_i2c_detach(board->chips);
	free(board->missed);
	i2c_deinit(&board->i2c);
	gpio_deinit(&board->gpio);
	for (i = 0; i < ROAD_NUM_LINES; i++)
		while (board->lines[i].watches)
			road_line_unwatch(board->lines[i].watches);
}

/* The first chip that lies between two addresses. */
static struct road_i2c_chip *board_chip_in(const struct board *board,
					   const void *from, const void *to)
{
	struct road_i2c_chip *chip;

	for (chip = board->chips; chip; chip = chip->next)
		if ((void *)chip >= from && (void *)chip < to)
			break;
	return chip;
}

static struct road_line_watch *watch_in(struct road_line_watch *watch,
					const void *from, const void *to)
{
	while (watch && ((void *)watch < from || (void *)watch >= to))
		watch = watch->next;
	return watch;
}

void board_forget(struct board *board, const void *from, const void *to)
{
	struct road_line_watch *watch;
	struct road_i2c_chip *chip;
	unsigned int i;

	for (i = 0; i < ROAD_NUM_LINES; i++)
		while ((watch = watch_in(board->lines[i].watches, from, to)))
			road_line_unwatch(watch);
	/* A hook of a chip may have others attached or detached. */
	while ((chip = board_chip_in(board, from, to)))
		road_i2c_detach(chip);
}

bool board_holds(const struct board *board, const void *from, const void *to)
{
	unsigned int i;

	for (i = 0; i < ROAD_NUM_LINES; i++)
		if (watch_in(board->lines[i].watches, from, to))
			return true;
	return board_chip_in(board, from, to);
}

uint32_t board_transaction(const struct road_machine *machine)
{
	return board_of((struct road_machine *)machine)->engine->transaction;
}

/* ---- chips */

/* Readers of a journal learn from it whose line an interrupt came on. */
static void board_journal_chip(struct board *board,
			       const struct road_i2c_chip *chip)
{
	struct journal *journal = &board->engine->journal;
	FILE *out = journal_begin(journal, "chip");

	if (!out)
		return;
	fprintf(out, ",\"addr\":%u", chip->addr);
	text_put_json(out, "name", chip->name);
	if (chip->irq_line >= 0)
		fprintf(out, ",\"irq_line\":%d", chip->irq_line);
	journal_end(journal);
}

/* Who stands at exactly this address, which may be ROAD_I2C_EVERY_ADDR? */
static struct road_i2c_chip *chip_attached_at(const struct board *board,
					      unsigned int addr)
{
	struct road_i2c_chip *chip;

	for (chip = board->chips; chip; chip = chip->next)
		if (chip->every_addr ? addr == ROAD_I2C_EVERY_ADDR :
				       addr == chip->addr)
			return chip;
	return NULL;
}

struct road_i2c_chip *board_chip(const struct board *board, unsigned int addr)
{
	struct road_i2c_chip *chip = chip_attached_at(board, addr);

	return chip ? chip : chip_attached_at(board, ROAD_I2C_EVERY_ADDR);
}

int road_i2c_attach(struct road_machine *machine, unsigned int addr,
		    struct road_i2c_chip *chip)
{
	struct board *board = board_of(machine);
	const struct road_i2c_chip *other;
	unsigned int line, type;

	if (addr > 0x7f && addr != ROAD_I2C_EVERY_ADDR)
		return machine_error(machine, -ROAD_EUSAGE,
				     "0x%02x is not an I2C address of 7 bits",
				     addr);
	if (chip->machine)
		return machine_error(machine, -ROAD_EUSAGE,
				     "%s is attached already, at 0x%02x",
				     chip->name, chip->addr);
	other = chip_attached_at(board, addr);
	if (other && other->every_addr)
		return machine_error(machine, -ROAD_EUSAGE,
				     "%s answers at every address already",
				     other->name);
	if (other)
		return machine_error(machine, -ROAD_EUSAGE,
				     "address 0x%02x is taken by %s", addr,
				     other->name);
	chip->machine = machine;
	chip->addr = addr;
	chip->every_addr = addr == ROAD_I2C_EVERY_ADDR;
	chip->next = board->chips;
	board->chips = chip;
	if (!machine_i2c_irq(machine, addr, &line, &type))
		board_connect_irq(chip, line, type);
	else
		board_journal_chip(board, chip);
	if (chip->every_addr)
		board_idle_all(chip);
	if (chip->ops->power_on)
		chip->ops->power_on(chip);
	return 0;
}

void road_i2c_detach(struct road_i2c_chip *chip)
{
	struct road_i2c_chip **link;
	struct board *board;

	if (!chip->machine)
		return;
	board = board_of(chip->machine);
	for (link = &board->chips; *link != chip; link = &(*link)->next)
		;
	*link = chip->next;
	board_fault_end(board, chip);
	if (board->i2c.reqs)
		i2c_forget(&board->i2c, chip);
	road_irq_deassert(chip);
	chip->machine = NULL;
	chip->next = NULL;
	chip->irq_line = -1;
	chip->irq_by_hand = false;
	if (chip->ops->detached)
		chip->ops->detached(chip);
}

/* ---- injected faults */

static void board_missed(struct board *board, const struct road_i2c_chip *chip)
{
	char where[16] = "", why[64], *text;

	if (!chip->every_addr)
		snprintf(where, sizeof(where), " at 0x%02x", chip->addr);
	if (chip->inject_failed)
		snprintf(why, sizeof(why), "%u more messages should fail",
			 chip->inject_count);
	else if (chip->inject_after)
		snprintf(why, sizeof(why), "%u more messages come before it",
			 chip->inject_after);
	else
		snprintf(why, sizeof(why), "no message came");
	if (asprintf(&text,
		     "%s%s%s%s: a fault that was injected has not struck: %s (a count of 0 cancels it)",
		     board->missed ? board->missed : "",
		     board->missed ? "\n" : "", chip->name, where, why) < 0)
		return;
	free(board->missed);
	board->missed = text;
}

void board_fault_end(struct board *board, struct road_i2c_chip *chip)
{
	/* One without end has struck when the first message failed. */
	if (!chip->inject_count ||
	    (chip->inject_count == UINT32_MAX && chip->inject_failed))
		return;
	board_missed(board, chip);
	chip->inject_count = 0;
}

int board_faults_end(struct board *board, struct road_error *error)
{
	struct road_i2c_chip *chip;

	for (chip = board->chips; chip; chip = chip->next)
		board_fault_end(board, chip);
	if (!board->missed)
		return 0;
	err_set(error, -ROAD_EORACLE, "%s", board->missed);
	free(board->missed);
	board->missed = NULL;
	return -ROAD_EORACLE;
}

int road_i2c_release(struct road_i2c_chip *chip, int status,
		     const uint8_t *data, size_t len)
{
	struct board *board;
	int ret;

	if (!chip->machine)
		return -ROAD_EUSAGE;
	board = board_of(chip->machine);
	ret = i2c_release(&board->i2c, chip, status, data, len);
	if (!ret)
		return 0;
	if (ret == -EMSGSIZE)
		return machine_error(chip->machine, -ROAD_EUSAGE,
				     "%s releases %zu bytes; the guest reads %zu",
				     chip->name, len,
				     i2c_held_len(&board->i2c));
	return machine_error(chip->machine, -ROAD_EUSAGE,
			     "%s holds no transfer that could be released",
			     chip->name);
}

/* ---- interrupts of chips */

static int irq_active_level(unsigned int type)
{
	return type != ROAD_IRQ_EDGE_FALLING && type != ROAD_IRQ_LEVEL_LOW;
}

void board_idle_all(struct road_i2c_chip *chip)
{
	struct board *board = board_of(chip->machine);
	unsigned int addr, line, type;

	for (addr = 0; addr <= 0x7f; addr++)
		if (!chip_attached_at(board, addr) &&
		    !machine_i2c_irq(chip->machine, addr, &line, &type))
			board_set_level(board, line, !irq_active_level(type),
					false);
}

void board_connect_irq(struct road_i2c_chip *chip, unsigned int line,
		       unsigned int type)
{
	chip->irq_line = line;
	chip->irq_type = type;
	board_journal_chip(board_of(chip->machine), chip);
	board_set_level(board_of(chip->machine), line,
			irq_active_level(chip->irq_type) == chip->irq_active, false);
}

int road_i2c_connect_irq(struct road_i2c_chip *chip, unsigned int line,
			 enum road_irq_type type)
{
	if (!chip->machine)
		return -ROAD_EUSAGE;
	if (line >= ROAD_NUM_LINES || !type)
		return machine_error(chip->machine, -ROAD_EUSAGE,
				     "%s: no line %u, or no interrupt type",
				     chip->name, line);
	chip->irq_by_hand = true;
	board_connect_irq(chip, line, type);
	return 0;
}

void board_called(struct road_i2c_chip *chip, unsigned int addr)
{
	bool active = chip->irq_active;
	unsigned int line, type;

	if (!chip->every_addr || chip->addr == addr)
		return;
	chip->addr = addr;
	if (chip->irq_by_hand)
		return;
	road_irq_deassert(chip);
	chip->irq_line = -1;
	chip->irq_active = active;
	if (!machine_i2c_irq(chip->machine, addr, &line, &type))
		board_connect_irq(chip, line, type);
}

static void irq_drive(struct road_i2c_chip *chip, bool active)
{
	chip->irq_active = active;
	if (chip->machine && chip->irq_line >= 0)
		board_set_level(board_of(chip->machine), chip->irq_line,
				irq_active_level(chip->irq_type) == active, false);
}

void road_irq_assert(struct road_i2c_chip *chip)
{
	irq_drive(chip, true);
}

void road_irq_deassert(struct road_i2c_chip *chip)
{
	irq_drive(chip, false);
}

/* ---- lines */

static void line_notify(struct board *board, unsigned int i)
{
	struct board_line *line = &board->lines[i];
	struct road_line_watch *watch;

	board->engine->in_model++;
	for (watch = line->watches; watch; watch = board->next_watch) {
		board->next_watch = watch->next;
		watch->changed(watch, i, line->direction, line->level);
	}
	board->engine->in_model--;
}

void board_set_level(struct board *board, unsigned int i, int level,
		     bool guest)
{
	struct board_line *line = &board->lines[i];

	if (line->level == level)
		return;
	line->level = level;
	trace_line(&board->engine->trace, i, level, guest);
	if (guest)
		line_notify(board, i);
	gpio_changed(&board->gpio, i, level);
}

void board_set_direction(struct board *board, unsigned int i,
			 enum road_direction direction)
{
	struct board_line *line = &board->lines[i];

	if (line->direction == direction)
		return;
	line->direction = direction;
	trace_direction(&board->engine->trace, i, direction);
	line_notify(board, i);
}

static int line_check(const struct road_machine *machine, unsigned int line)
{
	if (line < ROAD_NUM_LINES)
		return 0;
	return machine_error((struct road_machine *)machine, -ROAD_EUSAGE,
			     "there is no line %u: the board has 0 to %u",
			     line, ROAD_NUM_LINES - 1);
}

int road_line_set(struct road_machine *machine, unsigned int line, int level)
{
	struct board *board = board_of(machine);
	int ret = line_check(machine, line);

	if (ret)
		return ret;
	if (board->lines[line].direction == ROAD_DIR_OUT)
		return machine_error(machine, -ROAD_EUSAGE,
				     "line %u is driven by the guest", line);
	board_set_level(board, line, !!level, false);
	return 0;
}

int road_line_get(const struct road_machine *machine, unsigned int line)
{
	int ret = line_check(machine, line);

	return ret ? ret :
		     board_of((struct road_machine *)machine)->lines[line].level;
}

enum road_direction road_line_direction(const struct road_machine *machine,
					unsigned int line)
{
	if (line_check(machine, line))
		return ROAD_DIR_NONE;
	return board_of((struct road_machine *)machine)->lines[line].direction;
}

uint64_t road_line_irqs(const struct road_machine *machine, unsigned int line)
{
	if (line_check(machine, line))
		return 0;
	return board_of((struct road_machine *)machine)->gpio.lines[line].irqs;
}

static bool line_has_watch(const struct board_line *line,
			   const struct road_line_watch *watch)
{
	const struct road_line_watch *at;

	for (at = line->watches; at; at = at->next)
		if (at == watch)
			return true;
	return false;
}

int road_line_watch(struct road_machine *machine, unsigned int line,
		    struct road_line_watch *watch)
{
	struct board_line *l;
	int ret = line_check(machine, line);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; i < ROAD_NUM_LINES; i++)
		if (line_has_watch(&board_of(machine)->lines[i], watch))
			return machine_error(machine, -ROAD_EUSAGE,
					     "line %u has this watch already; a watch has one line",
					     i);
	l = &board_of(machine)->lines[line];
	watch->machine = machine;
	watch->line = line;
	watch->next = l->watches;
	l->watches = watch;
	return 0;
}

void road_line_unwatch(struct road_line_watch *watch)
{
	struct road_line_watch **link;
	struct board *board;

	if (!watch->machine)
		return;
	board = board_of(watch->machine);
	if (board->next_watch == watch)
		board->next_watch = watch->next;
	link = &board->lines[watch->line].watches;
	for (; *link; link = &(*link)->next) {
		if (*link == watch) {
			*link = watch->next;
			break;
		}
	}
	watch->machine = NULL;
	watch->next = NULL;
}
