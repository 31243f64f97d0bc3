// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz-agent.c - frames from a guest's agent that has gone mad
 *
 * Input: a series of steps, each a byte that says what and a byte that says
 * which, then what the step needs. Some steps build frames that are nearly
 * right, because random bytes rarely get behind the header.
 */
#include <stdlib.h>
#include <string.h>

#include "fake-guest/fake-machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { \
	if (!(condition)) \
		abort(); \
} while (0)

#define MAX_CALLS 12

struct fuzz {
	struct road_machine machine;
	struct road_call *calls[MAX_CALLS];
	const uint8_t *data;
	size_t size;
};

static const uint8_t *fuzz_take(struct fuzz *fuzz, size_t *len)
{
	const uint8_t *at = fuzz->data;

	if (*len > fuzz->size)
		*len = fuzz->size;
	fuzz->data += *len;
	fuzz->size -= *len;
	return at;
}

static uint8_t fuzz_byte(struct fuzz *fuzz)
{
	size_t len = 1;
	const uint8_t *at = fuzz_take(fuzz, &len);

	return len ? *at : 0;
}

static void fuzz_check(struct fuzz *fuzz, int ret)
{
	REQUIRE(!ret || ret == -ROAD_EPROTO || ret == -ROAD_EGONE);
	REQUIRE(!ret || *road_machine_error(&fuzz->machine));
}

static void fuzz_start(struct fuzz *fuzz, unsigned int slot)
{
	struct road_machine *m = &fuzz->machine;
	struct road_pollfd fds[2] = { { 1, 1, 0 }, { 2, 1, 0 } };
	const char *argv[] = { "a", "b", NULL };
	char bytes[16] = "";
	struct road_ioctl_buf bufs[] = { { bytes, 16 }, { bytes, 4 } };
	struct road_ioctl_ptr ptr = { 0, 8, 1 };
	struct road_call **call = &fuzz->calls[slot];

	road_call_destroy(*call);
	switch (fuzz_byte(fuzz) % 6) {
	case 0:
		*call = road_start_open(m, "/dev/x", 0, 0);
		break;
	case 1:
		*call = road_start_read(m, 3, 64);
		break;
	case 2:
		*call = road_start_read_file(m, "/x");
		break;
	case 3:
		*call = road_start_poll(m, fds, 2, 5);
		break;
	case 4:
		*call = road_start_ioctl(m, 3, 1, 0, bufs, 2, &ptr, 1);
		break;
	default:
		*call = road_start_run(m, argv, "input", 5);
	}
}

/* The answer to a call, with any result and data. */
static int fuzz_answer(struct fuzz *fuzz, const struct road_call *call)
{
	int8_t result = fuzz_byte(fuzz);
	size_t len = fuzz_byte(fuzz);
	const uint8_t *data = fuzz_take(fuzz, &len);

	if (!call || road_call_done(call) || !call->port)
		return 0;
	return fake_answer(&fuzz->machine, call,
			   result == 127 ? (int64_t)len : result, data, len);
}

static int fuzz_event(struct fuzz *fuzz, unsigned int port)
{
	uint8_t event = fuzz_byte(fuzz);
	size_t len = fuzz_byte(fuzz);
	const uint8_t *data = fuzz_take(fuzz, &len);

	return fake_send(&fuzz->machine, port, PROTO_ID_EVENT, event, data,
			 len);
}

static int fuzz_raw(struct fuzz *fuzz, unsigned int port)
{
	size_t len = fuzz_byte(fuzz);
	const uint8_t *data = fuzz_take(fuzz, &len);

	return agent_receive(fuzz->machine.agent, port, data, len);
}

/* What the supervisor was asked last succeeds or fails. */
static int fuzz_supervisor(struct fuzz *fuzz)
{
	int8_t result = fuzz_byte(fuzz);

	if (fuzz->machine.last_port != PROTO_PORT_SUPERVISOR)
		return 0;
	return fake_send(&fuzz->machine, PROTO_PORT_SUPERVISOR,
			 fuzz->machine.last.id, result, NULL, 0);
}

static void fuzz_step(struct fuzz *fuzz)
{
	uint8_t what = fuzz_byte(fuzz), which = fuzz_byte(fuzz);
	unsigned int slot = which % MAX_CALLS;
	unsigned int port = which % (PROTO_PORT_END + 2);
	int ret = 0;

	switch (what % 8) {
	case 0:
		fuzz_start(fuzz, slot);
		break;
	case 1:
		road_call_destroy(fuzz->calls[slot]);
		fuzz->calls[slot] = NULL;
		break;
	case 2:
		ret = fuzz_answer(fuzz, fuzz->calls[slot]);
		break;
	case 3:
		ret = fuzz_event(fuzz, port);
		break;
	case 4:
		ret = fuzz_raw(fuzz, port);
		break;
	case 5:
		ret = fake_hello(&fuzz->machine, port);
		break;
	case 6:
		ret = fuzz_supervisor(fuzz);
		break;
	default:
		agent_port_open(fuzz->machine.agent, port, which & 0x80);
	}
	fuzz_check(fuzz, ret);
}

static void fuzz_end(struct fuzz *fuzz)
{
	size_t i, len;

	free(agent_describe(fuzz->machine.agent));
	for (i = 0; i < MAX_CALLS; i++) {
		if (!fuzz->calls[i] || !road_call_done(fuzz->calls[i]))
			continue;
		if (road_call_result(fuzz->calls[i]) < 0)
			REQUIRE(*road_machine_error(&fuzz->machine));
		road_call_data(fuzz->calls[i], &len);
		REQUIRE(len <= PROTO_MAX_DATA);
		road_call_destroy(fuzz->calls[i]);
	}
	agent_gone(fuzz->machine.agent);
	fake_machine_deinit(&fuzz->machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .data = data, .size = size };

	fake_machine_init(&fuzz.machine, NULL);
	fuzz.machine.modules = "/nonexistent";
	fuzz.machine.root = "/nonexistent";
	fake_hello(&fuzz.machine, PROTO_PORT_SUPERVISOR);
	fake_hello(&fuzz.machine, PROTO_PORT_WORKER);
	while (fuzz.size)
		fuzz_step(&fuzz);
	fuzz_end(&fuzz);
	return 0;
}
