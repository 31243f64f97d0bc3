// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What models share: timers, and how they fail
 */
#include "board.h"
#include "machine.h"

#include <errno.h>
#include <string.h>

void road_timer_init(struct road_timer *timer, const char *name,
		     void (*fn)(struct road_timer *timer))
{
	memset(timer, 0, sizeof(*timer));
	timer->name = name;
	timer->fn = fn;
}

void road_timer_set(struct road_machine *machine, struct road_timer *timer,
		    uint64_t delay_ns)
{
	struct engine *engine = machine_engine(machine);
	uint64_t due = engine->cal.now + delay_ns;

	/* It may be set on another machine, which has it in its heap. */
	if (timer->slot && timer->machine != machine)
		road_timer_cancel(timer);
	timer->machine = machine;
	if (due < delay_ns || due >= INT64_MAX)
		road_timer_cancel(timer);	/* longer than the clock */
	else if (cal_add(&engine->cal, timer, due))
		engine_fail(engine, -ROAD_EHOST, "out of memory");
}

void road_timer_cancel(struct road_timer *timer)
{
	if (timer->slot)
		cal_del(&machine_engine(timer->machine)->cal, timer);
}

void road_i2c_chip_init(struct road_i2c_chip *chip, const char *name,
			const struct road_i2c_ops *ops)
{
	memset(chip, 0, sizeof(*chip));
	chip->name = name;
	chip->ops = ops;
	chip->irq_line = -1;
}

void road_i2c_inject(struct road_i2c_chip *chip, uint32_t after,
		     uint32_t count, int error)
{
	if (chip->machine && count)
		board_fault_end(board_of(chip->machine), chip);
	chip->inject_failed = 0;
	chip->inject_after = after;
	chip->inject_count = count;
	chip->inject_error = error < 0 ? error : -ENXIO;
}

int road_chip_fail(struct road_i2c_chip *chip, const char *fmt, ...)
{
	struct road_error error = {};
	va_list ap;

	if (!chip->machine)
		return -EREMOTEIO;
	va_start(ap, fmt);
	err_vset(&error, -ROAD_EMODEL, fmt, ap);
	va_end(ap);
	err_prefix(&error, "%s at 0x%02x", chip->name, chip->addr);
	engine_model_error(machine_engine(chip->machine), &error);
	return -EREMOTEIO;
}

int road_machine_raise(struct road_machine *machine, void *payload,
		       void (*payload_free)(void *payload),
		       const char *message)
{
	struct road_error error = {};

	err_set(&error, -ROAD_EMODEL, "%s", message);
	error.payload = payload;
	error.payload_free = payload_free;
	engine_model_error(machine_engine(machine), &error);
	return -EREMOTEIO;
}

void *road_machine_take(struct road_machine *machine)
{
	struct road_error *error = machine_error_of(machine);
	void *payload = error->payload;

	error->payload = NULL;
	return payload;
}
