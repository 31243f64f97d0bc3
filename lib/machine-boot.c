// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine boots: devicetree, sockets, kernel, and the channels on which
 * its agent says that it is ready
 */
#include "gdb.h"
#include "machine-parts.h"
#include "roadtest-proto.h"
#include "touched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_LIMIT_NS (60 * ROAD_S)

/* ---- the agent's channels */

static int machine_send(struct agent_transport *transport, unsigned int port,
			const void *data, size_t len)
{
	struct road_machine *machine = road_container_of(transport,
							 struct road_machine,
							 transport);

	return con_send(&machine->console, port, data, len);
}

static int machine_add_port(struct agent_transport *transport,
			    unsigned int port)
{
	struct road_machine *machine = road_container_of(transport,
							 struct road_machine,
							 transport);

	return con_add_port(&machine->console, port);
}

static void machine_receive(struct con_dev *con, unsigned int port,
			    const void *data, size_t len)
{
	struct road_machine *machine = con->vu.engine->machine;

	if (agent_receive(machine->agent, port, data, len))
		engine_fail(&machine->engine, -ROAD_EPROTO, "%s",
			    err_message(&machine->error));
}

static void machine_opened(struct con_dev *con, unsigned int port, bool open)
{
	struct road_machine *machine = con->vu.engine->machine;

	agent_port_open(machine->agent, port, open);
}

/* ---- the kernel's console and its death */

static void machine_console(struct loop_source *source)
{
	struct road_machine *machine = road_container_of(source,
							 struct road_machine,
							 console_source);
	char buf[16384];
	ssize_t n;

	while ((n = read(source->fd, buf, sizeof(buf))) > 0) {
		klog_feed(&machine->klog, buf, n);
		machine_count_reports(machine);
		/* What follows is UML's doing, see power.c. */
		if (machine->klog.end)
			engine_fail(&machine->engine, -ROAD_EGONE, "%s",
				    machine->klog.end);
		if (machine->engine.fatal.code)
			return;
	}
	if (!n)
		loop_close(&machine->engine.loop, source);
}

static void machine_death(struct loop_source *source)
{
	struct road_machine *machine = road_container_of(source,
							 struct road_machine,
							 death_source);

	engine_fail(&machine->engine, -ROAD_EGONE, "the guest has ended");
}

/* ---- boot */

int machine_find_kernel(struct road_machine *machine)
{
	int ret;

	if (machine->kernel.dir)
		return 0;
	ret = kernel_find(&machine->kernel, machine->config.kernel,
			  &machine->error);
	if (ret)
		kernel_deinit(&machine->kernel);
	return ret;
}

static int machine_listen(struct road_machine *machine)
{
	const struct {
		const char *name;
		struct vu_dev *dev;
	} devices[] = {
		{ "console", &machine->console.vu },
		{ "gpio", &machine->board.gpio.vu },
		{ "i2c", &machine->board.i2c.vu },
	};
	char path[128];
	size_t i;
	int ret;

	snprintf(path, sizeof(path), "%s/calendar.sock", machine->uml.dir);
	ret = cal_listen(&machine->engine.cal, path);
	for (i = 0; !ret && i < sizeof(devices) / sizeof(devices[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s.sock", machine->uml.dir,
			 devices[i].name);
		ret = vu_listen(devices[i].dev, path);
	}
	return ret ? err_move(&machine->error, &machine->engine.fatal) : 0;
}

static int machine_build_tree(struct road_machine *machine, const char *dtb)
{
	struct road_i2c_chip *chip;
	unsigned int line, type;
	int ret;

	ret = dt_build(&machine->dt, machine->kernel.include,
		       machine->uml.dir, machine->uml.dir, dtb,
		       &machine->error);
	if (ret)
		return ret;
	touched_boot(machine->dt.blob);
	i2c_set_hertz(&machine->board.i2c, dt_i2c_hertz(&machine->dt));
	for (chip = machine->board.chips; chip; chip = chip->next)
		if (chip->every_addr)
			board_idle_all(chip);
		else if (chip->irq_line < 0 &&
			 !dt_i2c_irq(&machine->dt, chip->addr, &line, &type))
			board_connect_irq(chip, line, type);
	return 0;
}

/* A copy of @fd goes into the loop, which closes what it has. */
static int machine_watch(struct road_machine *machine,
			 struct loop_source *source, int fd,
			 enum loop_order order)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int ret;

	if (copy < 0)
		return machine_error(machine, -ROAD_EHOST, "fcntl: %s",
				     strerror(errno));
	ret = loop_add(&machine->engine.loop, source, copy, order,
		       &machine->error);
	if (ret)
		close(copy);
	return ret;
}

static int machine_start(struct road_machine *machine, const char *dtb)
{
	char calendar[128];
	struct uml_config config = {
		.image = machine->kernel.image,
		.dtb = dtb,
		.calendar = calendar,
		.mem_mib = machine_mem_mib(machine),
		.seed = machine->config.seed,
		.seccomp = machine->kernel.seccomp,
		.pin = !(machine->config.flags & ROAD_NO_PIN),
		.autoprobe = machine->config.flags & ROAD_AUTOPROBE,
		.args = machine->config.kernel_args,
	};
	int ret;

	snprintf(calendar, sizeof(calendar), "%s/calendar.sock",
		 machine->uml.dir);
	ret = uml_start(&machine->uml, &config, &machine->error);
	if (!ret)
		ret = machine_watch(machine, &machine->console_source,
				    machine->uml.console_fd, LOOP_CONSOLE);
	if (!ret)
		ret = machine_watch(machine, &machine->death_source,
				    machine->uml.pidfd, LOOP_DEATH);
	return ret;
}

static bool machine_ready(const void *arg)
{
	return agent_ready(arg);
}

static int machine_prepare(struct road_machine *machine, char *dtb,
			   size_t size)
{
	int ret = machine_find_kernel(machine);

	if (!ret)
		ret = uml_make_dir(&machine->uml, &machine->error);
	if (ret)
		return ret;
	snprintf(dtb, size, "%s/board.dtb", machine->uml.dir);
	if (asprintf(&machine->root, "%s/root", machine->uml.dir) < 0) {
		machine->root = NULL;
		return err_nomem(&machine->error);
	}
	ret = machine_build_tree(machine, dtb);
	if (ret)
		return ret;
	machine->agent = agent_create(machine, &machine->transport,
				      &machine->error);
	if (!machine->agent)
		return machine->error.code;
	/* The agent waits for these two. */
	if (con_add_port(&machine->console, PROTO_PORT_SUPERVISOR) ||
	    con_add_port(&machine->console, PROTO_PORT_WORKER))
		return err_nomem(&machine->error);
	return machine_listen(machine);
}

int road_machine_boot(struct road_machine *machine)
{
	char dtb[128];
	uint64_t start;
	int ret;

	if (machine->state != MACHINE_NEW)
		return machine_error(machine, -ROAD_EUSAGE,
				     "the machine has been booted already");
	if (machine->engine.fatal.code)
		return machine_end(machine);
	ret = machine_prepare(machine, dtb, sizeof(dtb));
	start = engine_wall_ns();
	if (!ret)
		ret = machine_start(machine, dtb);
	if (ret) {
		engine_fail(&machine->engine, ret, "%s",
			    err_message(&machine->error));
		return machine_end(machine);
	}
	machine->state = MACHINE_UP;
	ret = machine_run(machine, machine_ready, machine->agent, "boot",
			  BOOT_LIMIT_NS);
	machine->boot_ns = engine_wall_ns() - start;
	machine->boot_mark = klog_mark(&machine->klog);
	journal_put(&machine->engine.journal, "ready", "release",
		    machine->kernel.release);
	if (!ret && gdb_wanted())
		ret = gdb_stop(machine);
	return ret;
}

void machine_init_channels(struct road_machine *machine)
{
	machine->console_source = (struct loop_source){
		.fd = -1, .ready = machine_console };
	machine->death_source = (struct loop_source){
		.fd = -1, .ready = machine_death };
	machine->transport = (struct agent_transport){
		.send = machine_send,
		.add_port = machine_add_port,
		.run = machine_run_call,
	};
	machine->console.receive = machine_receive;
	machine->console.opened = machine_opened;
}
