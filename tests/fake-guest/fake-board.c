// SPDX-License-Identifier: LGPL-2.1-or-later
/* fake-board.c - see fake-board.h */
#include "fake-board.h"

#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- machine.h */

int machine_error(struct road_machine *machine, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(&machine->error, code, fmt, ap);
	va_end(ap);
	return code;
}

struct road_error *machine_error_of(struct road_machine *machine)
{
	return &machine->error;
}

struct board *board_of(struct road_machine *machine)
{
	return &machine->board;
}

struct engine *machine_engine(struct road_machine *machine)
{
	return &machine->engine;
}

struct trace *machine_trace(struct road_machine *machine)
{
	return &machine->engine.trace;
}

int machine_i2c_irq(const struct road_machine *machine, unsigned int addr,
		    unsigned int *line, unsigned int *type)
{
	return -ENOENT;
}

uint64_t road_now(const struct road_machine *machine)
{
	return machine->engine.cal.now;
}

/* ---- the console's owner */

static void fake_receive(struct con_dev *con, unsigned int port,
			 const void *data, size_t len)
{
	struct road_machine *machine = road_container_of(
		con, struct road_machine, con);
	size_t space = sizeof(machine->received) - machine->num_received;

	if (len > space)
		len = space;
	memcpy(machine->received + machine->num_received, data, len);
	machine->num_received += len;
}

static void fake_opened(struct con_dev *con, unsigned int port, bool open)
{
	struct road_machine *machine = road_container_of(
		con, struct road_machine, con);

	if (open)
		machine->open_ports |= 1U << port;
	else
		machine->open_ports &= ~(1U << port);
}

int fake_board_init_quiet(struct road_machine *machine, uint64_t seed)
{
	int ret;

	memset(machine, 0, sizeof(*machine));
	ret = engine_init(&machine->engine, machine, seed);
	if (!ret)
		ret = board_init(&machine->board, &machine->engine);
	if (!ret)
		ret = con_init(&machine->con, &machine->engine);
	machine->con.receive = fake_receive;
	machine->con.opened = fake_opened;
	return ret;
}

static const char *fake_path(const struct road_machine *machine,
			     const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", machine->dir, name);
	return buf;
}

int fake_board_init(struct road_machine *machine, uint64_t seed)
{
	char path[128];
	int ret = fake_board_init_quiet(machine, seed);

	if (ret)
		return ret;
	machine->engine.wall_limit_ms = 5000;
	strcpy(machine->dir, "/tmp/roadtest-unit-XXXXXX");
	if (!mkdtemp(machine->dir))
		return -errno;
	ret = cal_listen(&machine->engine.cal,
			 fake_path(machine, "calendar", path, sizeof(path)));
	if (!ret)
		ret = vu_listen(&machine->board.i2c.vu,
				fake_path(machine, "i2c", path, sizeof(path)));
	if (!ret)
		ret = vu_listen(&machine->board.gpio.vu,
				fake_path(machine, "gpio", path,
					  sizeof(path)));
	if (!ret)
		ret = vu_listen(&machine->con.vu,
				fake_path(machine, "console", path,
					  sizeof(path)));
	return ret;
}

void fake_board_deinit(struct road_machine *machine)
{
	static const char *const names[] = { "calendar", "i2c", "gpio",
					     "console" };
	char path[128];

	con_deinit(&machine->con);
	board_deinit(&machine->board);
	engine_deinit(&machine->engine);
	err_clear(&machine->error);
	if (!machine->dir[0])
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(fake_path(machine, names[i], path, sizeof(path)));
	rmdir(machine->dir);
}
