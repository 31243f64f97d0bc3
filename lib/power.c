// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Power-off: the one end of a guest that a test may want
 *
 * The kernel says so in its log behind the last of the drivers' callbacks that
 * UML's kernel calls, and goes on to take its own devices apart. That is no
 * power-off any more, so the guest is ended as soon as it has said it.
 */
#include "call.h"
#include "machine-parts.h"

#include <string.h>
#include <sys/reboot.h>

static bool power_is_off(const struct road_machine *machine)
{
	return machine->klog.end && machine->klog.end_is_off;
}

bool road_machine_is_off(const struct road_machine *machine)
{
	return machine->engine.fatal.code && power_is_off(machine);
}

int road_expect_power_off(struct road_machine *machine)
{
	int ret = machine_may_call(machine);

	machine->expect_off = !ret;
	return ret;
}

int road_power_off(struct road_machine *machine)
{
	const struct call_request request = {
		.op = PROTO_REBOOT, .arg = { (uint32_t)RB_POWER_OFF },
	};
	int ret = road_expect_power_off(machine);

	if (ret)
		return ret;
	ret = call_finish(machine, call_start(machine, &request, "power off"));
	/* A model that failed on the way is more than that. */
	if (ret == -ROAD_EGONE && road_machine_is_off(machine))
		return 0;
	return ret ? ret : machine_error(machine, -ROAD_EORACLE,
					 "the guest is still there after power-off");
}
