// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-agent-hostile.c - the host's end against an agent that lies */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "fake-guest/fake-machine.h"
#include "unit.h"

static struct road_machine m;

enum { SUPERVISOR = PROTO_PORT_SUPERVISOR, WORKER = PROTO_PORT_WORKER };

static void begin(void)
{
	fake_machine_init(&m, NULL);
	CHECK(!agent_ready(m.agent));
	CHECK_INT(fake_hello(&m, SUPERVISOR), 0);
	CHECK_INT(fake_hello(&m, WORKER), 0);
	CHECK(agent_ready(m.agent));
}

static void end(void)
{
	fake_machine_deinit(&m);
}

#define CHECK_REFUSED(ret, message) do { \
	CHECK_INT(ret, -ROAD_EPROTO); \
	CHECK_HAS(road_machine_error(&m), message); \
	/* Nothing is taken any more, and nothing is read that is freed. */ \
	CHECK_INT(agent_receive(m.agent, WORKER, "x", 1), -ROAD_EPROTO); \
} while (0)

static int fake_event(unsigned int port, int64_t event, const void *data,
		      size_t len)
{
	return fake_send(&m, port, PROTO_ID_EVENT, event, data, len);
}

static void a_frame_may_come_in_pieces(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);
	const struct proto_reply head = {
		.size = sizeof(head) + 4, .id = call->id, .result = 4,
	};
	const char *bytes = (const char *)&head;
	const void *data;
	size_t i, len;

	for (i = 0; i < sizeof(head); i++)
		CHECK_INT(agent_receive(m.agent, WORKER, bytes + i, 1), 0);
	CHECK_INT(agent_receive(m.agent, WORKER, "a", 1), 0);
	CHECK_INT(agent_receive(m.agent, WORKER, "bc", 2), 0);
	CHECK(!road_call_done(call));
	CHECK_INT(agent_receive(m.agent, WORKER, "d", 1), 0);
	CHECK_INT(road_call_result(call), 4);
	data = road_call_data(call, &len);
	CHECK_INT(len, 4);
	CHECK(!memcmp(data, "abcd", 5));
	road_call_destroy(call);
}

static void only_a_call_that_is_waited_for_counts_as_answered(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_INT(fake_answer(&m, call, 0, NULL, 0), 0);
	CHECK(!agent_answered(m.agent));
	road_call_destroy(call);
	call = road_start_read(&m, 0, 100);
	call->waited = true;
	CHECK_INT(fake_answer(&m, call, -EIO, NULL, 0), 0);
	CHECK(agent_answered(m.agent));
	CHECK(!agent_answered(m.agent));
	CHECK_INT(road_call_result(call), -EIO);
	CHECK_STR(road_machine_error(&m),
		  "read ? (fd 0): Input/output error (EIO)");
	road_call_destroy(call);
}

static void an_answer_to_no_call_is_refused(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_REFUSED(fake_send(&m, WORKER, call->id + 1, 0, NULL, 0),
		      "worker 1: an answer to call 2, which is not under way");
}

static void an_answer_on_another_port_is_refused(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_REFUSED(fake_send(&m, SUPERVISOR, call->id, 0, NULL, 0),
		      "supervisor: an answer to call 1");
}

static void a_second_answer_is_refused(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_INT(fake_answer(&m, call, 0, NULL, 0), 0);
	CHECK_REFUSED(fake_answer(&m, call, 0, NULL, 0), "not under way");
}

static void more_data_than_asked_for_is_refused(void)
{
	struct road_call *call = road_start_read(&m, 0, 3);

	CHECK_REFUSED(fake_answer(&m, call, 4, "abcd", 4),
		      "4 bytes in the answer to \"read ? (fd 0)\", at most 3");
}

static void a_count_that_is_not_the_datas_is_refused(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_REFUSED(fake_answer(&m, call, 5, "abcd", 4),
		      "result 5 of \"read ? (fd 0)\" with 4 bytes");
}

static void an_ioctl_must_bring_all_its_buffers(void)
{
	char data[8];
	struct road_ioctl_buf buf = { data, sizeof(data) };
	struct road_call *call = road_start_ioctl(&m, 0, 1, 0, &buf, 1, NULL,
						  0);

	CHECK_REFUSED(fake_answer(&m, call, 0, "abcd", 4), "with 4 bytes");
}

static void results_outside_of_errno_and_int_are_refused(void)
{
	struct road_call *call = road_start_write(&m, 0, "x", 1);

	CHECK_REFUSED(fake_answer(&m, call, -ROAD_EGONE, NULL, 0),
		      "result -4097");
	end();
	begin();
	call = road_start_open(&m, "/x", O_RDONLY, 0);
	CHECK_REFUSED(fake_answer(&m, call, 1LL << 32, NULL, 0),
		      "result 4294967296 of \"open /x\"");
}

static void frames_of_a_wrong_size_are_refused(void)
{
	struct proto_reply head = { .size = 15, .id = 1 };

	CHECK_REFUSED(agent_receive(m.agent, WORKER, &head, sizeof(head)),
		      "a frame of 15 bytes");
	end();
	begin();
	head.size = sizeof(head) + PROTO_MAX_DATA + 1;
	CHECK_REFUSED(agent_receive(m.agent, WORKER, &head, sizeof(head)),
		      "a frame of 4194321 bytes");
	end();
	begin();
	head = (struct proto_reply){ .size = 8192, .id = PROTO_ID_EVENT };
	CHECK_REFUSED(agent_receive(m.agent, WORKER, &head, sizeof(head)),
		      "an event of 8176 bytes");
}

static void a_second_or_false_hello_is_refused(void)
{
	struct proto_hello hello = { PROTO_VERSION + 1, SUPERVISOR };

	CHECK_REFUSED(fake_hello(&m, WORKER), "a second hello");
	end();
	fake_machine_init(&m, NULL);
	CHECK_REFUSED(fake_event(SUPERVISOR, PROTO_EVENT_HELLO, &hello,
				 sizeof(hello)), "build both from one tree");
	end();
	fake_machine_init(&m, NULL);
	hello.version = PROTO_VERSION;
	CHECK_REFUSED(fake_event(WORKER, PROTO_EVENT_HELLO, &hello,
				 sizeof(hello)), "a hello of port 1");
	end();
	fake_machine_init(&m, NULL);
	CHECK_REFUSED(fake_event(SUPERVISOR, PROTO_EVENT_HELLO, &hello, 7),
		      "a hello of 7 bytes");
}

static void ports_without_a_task_are_refused(void)
{
	CHECK_REFUSED(fake_hello(&m, WORKER + 1), "no task is on its port");
	end();
	begin();
	CHECK_INT(agent_receive(m.agent, 0, "x", 1), -ROAD_EPROTO);
	CHECK_INT(agent_receive(m.agent, PROTO_PORT_END, "x", 1),
		  -ROAD_EPROTO);
	CHECK_INT(agent_receive(m.agent, UINT32_MAX, "x", 1), -ROAD_EPROTO);
	agent_port_open(m.agent, UINT32_MAX, false);
}

static void unknown_events_are_refused(void)
{
	CHECK_REFUSED(fake_event(SUPERVISOR, 77, NULL, 0), "an event 77");
	end();
	begin();
	/* Only the supervisor tells of deaths. */
	CHECK_REFUSED(fake_event(WORKER, PROTO_EVENT_DEAD, NULL, 0),
		      "worker 1: an event 2");
}

static void the_death_of_nobody_is_refused(void)
{
	struct proto_dead dead = { WORKER + 1, SIGKILL };

	CHECK_REFUSED(fake_event(SUPERVISOR, PROTO_EVENT_DEAD, &dead,
				 sizeof(dead)), "port 3, which has none");
	end();
	begin();
	dead.port = SUPERVISOR;
	CHECK_REFUSED(fake_event(SUPERVISOR, PROTO_EVENT_DEAD, &dead,
				 sizeof(dead)), "port 1, which has none");
}

static void a_death_in_the_middle_of_an_answer_ends_the_call(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);
	const struct proto_reply head = {
		.size = sizeof(head) + 4, .id = call->id, .result = 4,
	};
	struct proto_dead dead = { WORKER, SIGSEGV };

	CHECK_INT(agent_receive(m.agent, WORKER, &head, sizeof(head)), 0);
	CHECK_INT(agent_receive(m.agent, WORKER, "ab", 2), 0);
	CHECK_INT(fake_event(SUPERVISOR, PROTO_EVENT_DEAD, &dead,
			     sizeof(dead)), 0);
	CHECK_INT(road_call_result(call), -ROAD_EORACLE);
	CHECK_HAS(road_machine_error(&m), "Segmentation fault");
	road_call_destroy(call);
	/* The next call asks for a new worker and waits for its hello. */
	call = road_start_read(&m, 0, 100);
	CHECK_INT(m.last_port, SUPERVISOR);
	CHECK_INT(m.last.op, PROTO_SPAWN);
	CHECK_INT(call->port, 0);
	CHECK_INT(fake_hello(&m, WORKER), 0);
	CHECK_INT(m.last.op, PROTO_READ);
	CHECK_INT(fake_answer(&m, call, 0, NULL, 0), 0);
	road_call_destroy(call);
}

static void a_worker_that_can_not_be_had_fails_the_call(void)
{
	struct road_call *first = road_start_read(&m, 0, 100);
	struct road_call *second = road_start_read(&m, 0, 100);

	CHECK_INT(m.last.op, PROTO_SPAWN);
	CHECK_INT(m.last.arg[0], WORKER + 1);
	CHECK_INT(fake_send(&m, SUPERVISOR, m.last.id, -EAGAIN, NULL, 0), 0);
	CHECK_INT(road_call_result(second), -ROAD_EHOST);
	CHECK_HAS(road_machine_error(&m), "can't start another task");
	CHECK_INT(fake_answer(&m, first, 0, NULL, 0), 0);
	road_call_destroy(first);
	road_call_destroy(second);
}

static void a_closed_port_forgets_half_a_frame(void)
{
	struct road_call *call = road_start_read(&m, 0, 100);

	CHECK_INT(agent_receive(m.agent, WORKER, "123", 3), 0);
	agent_port_open(m.agent, WORKER, false);
	agent_port_open(m.agent, WORKER, true);
	CHECK_INT(fake_answer(&m, call, 2, "ok", 2), 0);
	CHECK_INT(road_call_result(call), 2);
	road_call_destroy(call);
}

static void lists_without_an_end_are_refused(void)
{
	struct proto_run run = { .out_len = 5 };
	struct road_call *call;

	CHECK_INT(fake_event(SUPERVISOR, PROTO_EVENT_MODPROBE, "abcdx", 5),
		  -ROAD_EPROTO);
	end();
	begin();
	CHECK_INT(fake_event(SUPERVISOR, PROTO_EVENT_MODPROBE, "abcd", 4),
		  -ROAD_EPROTO);
	end();
	begin();
	call = road_start_run(&m, (const char *[]){ "x", NULL }, NULL, 0);
	CHECK_INT(fake_answer(&m, call, 0, &run, sizeof(run)), 0);
	road_call_destroy(call);
}

static void request_module_of_a_path_is_not_found(void)
{
	char event[] = "\1\0\0\0../../etc/passwd";

	CHECK_INT(fake_event(SUPERVISOR, PROTO_EVENT_MODPROBE, event,
			     sizeof(event)), 0);
	CHECK_INT(m.last.op, PROTO_MODPROBE);
	CHECK_INT(m.last.arg[0], 1);
	CHECK_INT((int64_t)m.last.arg[1], -ENOENT);
	CHECK_INT(m.last.size, sizeof(struct proto_request));
}

static void a_flood_of_events_ends(void)
{
	int ret = 0, i;

	for (i = 0; i < 1000 && !ret; i++)
		ret = fake_event(SUPERVISOR, PROTO_EVENT_MODPROBE,
				 "\1\0\0\0a/b", 8);
	CHECK_INT(i, 257);
	CHECK_REFUSED(ret, "has not answered 256 requests");
}

#define T(name) { #name, name }
static const struct unit_test all[] = {
	T(a_frame_may_come_in_pieces),
	T(only_a_call_that_is_waited_for_counts_as_answered),
	T(an_answer_to_no_call_is_refused),
	T(an_answer_on_another_port_is_refused),
	T(a_second_answer_is_refused),
	T(more_data_than_asked_for_is_refused),
	T(a_count_that_is_not_the_datas_is_refused),
	T(an_ioctl_must_bring_all_its_buffers),
	T(results_outside_of_errno_and_int_are_refused),
	T(frames_of_a_wrong_size_are_refused),
	T(a_second_or_false_hello_is_refused),
	T(ports_without_a_task_are_refused),
	T(unknown_events_are_refused),
	T(the_death_of_nobody_is_refused),
	T(a_death_in_the_middle_of_an_answer_ends_the_call),
	T(a_worker_that_can_not_be_had_fails_the_call),
	T(a_closed_port_forgets_half_a_frame),
	T(lists_without_an_end_are_refused),
	T(request_module_of_a_path_is_not_found),
	T(a_flood_of_events_ends),
};

static const struct unit_test *current = all;

static void with_machine(void)
{
	begin();
	current->fn();
	end();
	current++;
}

int main(int argc, char **argv)
{
	struct unit_test tests[sizeof(all) / sizeof(all[0])];
	size_t num = sizeof(all) / sizeof(all[0]), i;

	for (i = 0; i < num; i++) {
		tests[i] = (struct unit_test){ all[i].name, with_machine };
		if (argc > 1 && !strcmp(argv[1], all[i].name))
			current = &all[i];
	}
	return unit_main(argc, argv, tests, num);
}
