// SPDX-License-Identifier: LGPL-2.1-or-later
/* call-end.c - the end of a call that nobody waits for any more */
#include <errno.h>
#include <signal.h>

#include "board.h"
#include "call.h"
#include "machine.h"

/* How often a call is asked to end, and how long that may take each time. */
#define MAX_ENDS 5
#define END_NS (10 * ROAD_MS)

int road_call_end(struct road_call *call)
{
	struct road_machine *machine = agent_machine(call->agent);
	int tries, ret = 0;

	for (tries = 0; tries < MAX_ENDS && !call->done && !ret; tries++) {
		i2c_give_up(&board_of(machine)->i2c);
		ret = road_settle(machine);
		if (ret || call->done)
			break;
		ret = call_signal(call, SIGUSR1, PROTO_SIGNAL_BETWEEN);
		if (ret == -EBUSY || (ret == -ROAD_EUSAGE && call->done))
			ret = 0;
		if (!ret)
			ret = road_advance(machine, END_NS);
	}
	if (ret || call->done)
		return ret;
	return machine_error(machine, -ROAD_EUSAGE,
			     "%s: it still runs, also after a signal",
			     call->what);
}
