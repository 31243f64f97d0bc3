// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-gpio.c - of lib/virtio/gpio.c and the lines of lib/board.c, with a
 * fake guest
 */
#include "gpio-guest.h"

#include <errno.h>

static struct fixture fx;

struct event {
	uint8_t *status;
	uint16_t head;
};

/* Return: the result's value, or -1 for status ERR. */
static int request(struct fg_device *gpio, uint16_t type, uint16_t line,
		   uint32_t value)
{
	unsigned int calls = gpio->queues[0].calls;
	uint8_t *answer = add_request(gpio, type, line, value);
	uint32_t head, len;

	fg_kick(gpio, 0);
	fg_wait_calls(&gpio->queues[0], gpio->guest, calls + 1);
	CHECK(fg_get_used(&gpio->queues[0], &head, &len));
	CHECK_INT(len, 2);
	return answer[0] == VIRTIO_GPIO_STATUS_OK ? answer[1] : -1;
}

static void set_irq_type(struct fg_device *gpio, uint16_t line, uint32_t type)
{
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_IRQ_TYPE, line, type), 0);
}

/* What the guest does to unmask. */
static struct event unmask(struct fg_device *gpio, uint16_t line)
{
	uint64_t addr = fg_alloc(gpio->guest, 3, 2);
	struct event event = { fg_mem(gpio->guest, addr + 2) };

	memcpy(fg_mem(gpio->guest, addr), &line, 2);
	event.head = fg_add(&gpio->queues[1], (struct fg_buf[]){
		{ addr, 2, false }, { addr + 2, 1, true } }, 2);
	fg_kick(gpio, 1);
	return event;
}

/* The next event that is given back must be this one. */
static void check_event(struct fg_device *gpio, struct event event,
			uint8_t status)
{
	uint32_t head = 0xffff, len;

	CHECK(fg_get_used(&gpio->queues[1], &head, &len));
	CHECK_INT(head, event.head);
	CHECK_INT(*event.status, status);
}

static void check_no_event(struct fg_device *gpio)
{
	uint32_t head, len;

	CHECK(!fg_get_used(&gpio->queues[1], &head, &len));
}

static void wait_event(struct fg_device *gpio, struct event event)
{
	while (*event.status == 0xa5)
		fg_idle(gpio->guest, FG_FOREVER);
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
}

/* The test's turn: it sets the line and lets time pass. */
static void set_line(int level)
{
	fx.guest->answered = false;
	CHECK_INT(road_line_set(&fx.machine, 7, level), 0);
}

static void next_turn(struct fg_guest *guest)
{
	fg_give_turn(guest, ROAD_MS);
}

static void run(fx_script script)
{
	fx_init(&fx);
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_STR(err_message(&fx.machine.engine.fatal), "");
}

/* ---- lines */

static void ask_all(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	for (int i = 0; i < ROAD_NUM_LINES; i++)
		CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, i, 0),
			  VIRTIO_GPIO_DIRECTION_IN);
	CHECK_INT(guest->now, 0);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 127, 0), 1);
	CHECK_INT(guest->now, ROAD_US);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_GET_VALUE, 0, 0), 0);
	CHECK_INT(guest->now, 2 * ROAD_US);
	fg_answer(guest);
}

static void there_are_128_lines_and_a_request_takes_a_microsecond(void)
{
	fx_init(&fx);
	CHECK_INT(road_line_set(&fx.machine, 127, 5), 0);
	CHECK_INT(road_line_set(&fx.machine, 128, 1), -ROAD_EUSAGE);
	fx_start(&fx, ask_all);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void drive(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_SET_VALUE, 9, 1), 0);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_SET_DIRECTION, 9,
			  VIRTIO_GPIO_DIRECTION_OUT), 0);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_GET_DIRECTION, 9, 0),
		  VIRTIO_GPIO_DIRECTION_OUT);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_SET_VALUE, 9, 0), 0);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_SET_VALUE, 9, 0), 0);
	CHECK_INT(request(gpio, VIRTIO_GPIO_MSG_SET_VALUE, 9, 1), 0);
	fg_answer(guest);
}

static char watched[256];

static void line_changed(struct road_line_watch *watch, unsigned int line,
			 enum road_direction direction, int level)
{
	size_t len = strlen(watched);

	snprintf(watched + len, sizeof(watched) - len, "%u:%s=%d ", line,
		 direction == ROAD_DIR_OUT ? "out" :
		 direction == ROAD_DIR_IN ? "in" : "none", level);
}

static void what_the_guest_drives_reaches_the_test(void)
{
	struct road_line_watch watch = { .changed = line_changed };

	fx_init(&fx);
	watched[0] = '\0';
	CHECK_INT(road_line_watch(&fx.machine, 9, &watch), 0);
	fx_start(&fx, drive);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_STR(watched, "9:none=1 9:out=1 9:out=0 9:out=1 ");
	CHECK_INT(road_line_direction(&fx.machine, 9), ROAD_DIR_OUT);
	CHECK_INT(road_line_get(&fx.machine, 9), 1);
	/* It is the guest's now. */
	CHECK_INT(road_line_set(&fx.machine, 9, 0), -ROAD_EUSAGE);
	road_line_unwatch(&watch);
	fx_finish(&fx);
}

static void ask_wrongly(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	static const struct {
		uint16_t type, line;
		uint32_t value;
	} bad[] = {
		{ VIRTIO_GPIO_MSG_GET_DIRECTION, 128, 0 },
		{ VIRTIO_GPIO_MSG_GET_VALUE, 65535, 0 },
		{ VIRTIO_GPIO_MSG_SET_VALUE, 0, 2 },
		{ VIRTIO_GPIO_MSG_SET_DIRECTION, 0, 3 },
		{ VIRTIO_GPIO_MSG_IRQ_TYPE, 0, 5 },
		{ VIRTIO_GPIO_MSG_IRQ_TYPE, 0, 16 },
		{ VIRTIO_GPIO_MSG_IRQ_TYPE, 0, UINT32_MAX },
		{ 0, 0, 0 },
		{ 7, 0, 0 },
		{ 65535, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(request(gpio, bad[i].type, bad[i].line,
				  bad[i].value), -1);
	fg_answer(guest);
}

static void wrong_values_are_answered_with_an_error(void)
{
	run(ask_wrongly);
	CHECK_INT(trace_count(&fx.machine.engine.trace), 0);
	fx_finish(&fx);
}

/* ---- edges */

static void take_edges(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, guest->result[0]);
	event = unmask(gpio, 7);
	next_turn(guest);			/* the test sets it to 1 */
	guest->result[1] = *event.status;
	if (*event.status == VIRTIO_GPIO_IRQ_STATUS_VALID) {
		check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
		event = unmask(gpio, 7);
	}
	next_turn(guest);			/* and to 0 */
	guest->result[2] = *event.status;
	fg_answer(guest);
}

static void check_edges(enum road_irq_type type, int rising, int falling)
{
	fx_init(&fx);
	fx.guest->result[0] = type;
	fx_start(&fx, take_edges);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	set_line(0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.guest->result[1], rising ? 1 : 0xa5);
	CHECK_INT(fx.guest->result[2], falling ? 1 : 0xa5);
	CHECK_INT(road_line_irqs(&fx.machine, 7), rising + falling);
	fx_finish(&fx);
}

static void each_edge_type_takes_its_edges(void)
{
	check_edges(ROAD_IRQ_EDGE_RISING, 1, 0);
	check_edges(ROAD_IRQ_EDGE_FALLING, 0, 1);
	check_edges(ROAD_IRQ_EDGE_BOTH, 1, 1);
	check_edges(ROAD_IRQ_NONE, 0, 0);
}

static void mask_during_edges(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_RISING);
	next_turn(guest);			/* three pulses, masked */
	check_no_event(gpio);
	event = unmask(gpio, 7);
	/* Given back before the kick was acknowledged. */
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	event = unmask(gpio, 7);
	next_turn(guest);
	check_no_event(gpio);			/* and only once */
	fg_answer(guest);
}

static void edges_while_masked_are_latched_once(void)
{
	run(mask_during_edges);
	for (int i = 0; i < 3; i++) {
		set_line(1);
		set_line(0);
	}
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx.guest->answered = false;
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 1);
	fx_finish(&fx);
}

static void change_type_with_latch(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_RISING);
	next_turn(guest);			/* an edge, masked */
	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_RISING);
	unmask(gpio, 7);
	check_no_event(gpio);
	fg_answer(guest);
}

static void setting_the_type_forgets_old_edges(void)
{
	run(change_type_with_latch);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 0);
	fx_finish(&fx);
}

/* ---- levels */

static void take_level(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_LEVEL_HIGH);
	event = unmask(gpio, 7);
	check_no_event(gpio);
	next_turn(guest);			/* active */
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	/* Still active: a buffer comes back at once, and again. */
	for (int i = 0; i < 3; i++) {
		event = unmask(gpio, 7);
		check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	}
	next_turn(guest);			/* inactive */
	event = unmask(gpio, 7);
	check_no_event(gpio);
	CHECK_INT(*event.status, 0xa5);
	fg_answer(guest);
}

static void a_level_interrupt_comes_as_long_as_it_is_active(void)
{
	run(take_level);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	set_line(0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 4);
	fx_finish(&fx);
}

static void pulse_while_masked(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_LEVEL_LOW);
	next_turn(guest);			/* low and high again */
	event = unmask(gpio, 7);
	check_no_event(gpio);
	next_turn(guest);			/* low: delivered then */
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	fg_answer(guest);
}

static void a_level_has_no_latch(void)
{
	fx_init(&fx);
	set_line(1);
	fx_start(&fx, pulse_while_masked);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	set_line(0);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	set_line(0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 1);
	fx_finish(&fx);
}

/* ---- type NONE, suspend, reset */

static void set_none(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_BOTH);
	event = unmask(gpio, 7);
	set_irq_type(gpio, 7, ROAD_IRQ_NONE);
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_INVALID);
	CHECK_INT(gpio->queues[1].calls, 1);
	/* And once more: there is no buffer any more. */
	set_irq_type(gpio, 7, ROAD_IRQ_NONE);
	check_no_event(gpio);
	fg_answer(guest);
}

static void type_none_gives_the_buffer_back_as_invalid(void)
{
	run(set_none);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 0);
	fx_finish(&fx);
}

static void suspend(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_RISING);
	event = unmask(gpio, 7);
	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 1, 0);
	next_turn(guest);			/* an edge */
	CHECK_INT(*event.status, 0xa5);
	fg_vu_set_state(gpio, FG_SET_VRING_ENABLE, 1, 1);
	fg_sleep_until(guest, guest->now + 10 * ROAD_MS);
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	CHECK_INT(gpio->queues[1].calls, 1);
	fg_answer(guest);
}

static void an_edge_during_suspend_comes_at_resume(void)
{
	run(suspend);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

static void reset_with_buffers(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event event;

	set_irq_type(gpio, 7, ROAD_IRQ_EDGE_RISING);
	event = unmask(gpio, 7);
	fg_vu_stop(gpio);
	fg_vu_start(gpio, 2);
	next_turn(guest);			/* an edge: nobody listens */
	CHECK_INT(*event.status, 0xa5);
	set_irq_type(gpio, 7, ROAD_IRQ_LEVEL_HIGH);
	event = unmask(gpio, 7);
	check_event(gpio, event, VIRTIO_GPIO_IRQ_STATUS_VALID);
	fg_answer(guest);
}

static void a_reset_forgets_types_and_buffers(void)
{
	run(reset_with_buffers);
	set_line(1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

/* ---- many lines, and storms */

static void listen_on_all(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct event events[ROAD_NUM_LINES];

	for (int i = 0; i < ROAD_NUM_LINES; i++) {
		set_irq_type(gpio, i, ROAD_IRQ_EDGE_RISING);
		events[i] = unmask(gpio, i);
	}
	next_turn(guest);
	for (int i = ROAD_NUM_LINES - 1; i >= 0; i--)
		check_event(gpio, events[i], VIRTIO_GPIO_IRQ_STATUS_VALID);
	fg_answer(guest);
}

static void all_lines_interrupt_in_the_order_of_their_edges(void)
{
	run(listen_on_all);
	fx.guest->answered = false;
	for (int i = ROAD_NUM_LINES - 1; i >= 0; i--)
		CHECK_INT(road_line_set(&fx.machine, i, 1), 0);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	fx_finish(&fx);
}

/* Time passes, so that the number of kicks at an instant is not the limit. */
static void never_cleared(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	set_irq_type(gpio, 0, ROAD_IRQ_LEVEL_LOW);
	for (;;) {
		wait_event(gpio, unmask(gpio, 0));
		guest->result[0]++;
		fg_sleep_until(guest, guest->now + ROAD_US);
	}
}

static void a_level_that_is_never_released_is_a_storm(void)
{
	fx_init(&fx);
	fx_start(&fx, never_cleared);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_INT(fx.machine.engine.fatal.code, -ROAD_ELIMIT);
	CHECK_HAS(err_message(&fx.machine.engine.fatal),
		  "interrupt storm: 1001 interrupts on line 0, which stays low");
	CHECK_INT(fx.guest->result[0], 1000);
	fx_finish(&fx);
}

static void toggle(struct road_timer *timer)
{
	road_line_set(&fx.machine, 7, 0);
	road_line_set(&fx.machine, 7, 1);
	road_timer_set(&fx.machine, timer, 10 * ROAD_US);
}

static void many_cleared(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	set_irq_type(gpio, 7, ROAD_IRQ_LEVEL_HIGH);
	for (int i = 0; i < 3000; i++) {
		wait_event(gpio, unmask(gpio, 7));
		fg_sleep_until(guest, guest->now + 20 * ROAD_US);
		guest->alloc = FG_MEM_START + 0x10000;
	}
	fg_answer(guest);
}

static void a_level_that_changes_is_no_storm(void)
{
	struct road_timer timer;

	fx_init(&fx);
	road_timer_init(&timer, "toggle", toggle);
	road_timer_set(&fx.machine, &timer, 10 * ROAD_US);
	fx_start(&fx, many_cleared);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(road_line_irqs(&fx.machine, 7), 3000);
	road_timer_cancel(&timer);
	fx_finish(&fx);
}

/* ---- what breaks the protocol */

static void kick_lens(struct fg_guest *guest, unsigned int queue,
		      const struct fg_buf *lens, unsigned int num)
{
	struct fg_device *gpio = probe_gpio(guest);
	struct fg_buf bufs[4];

	for (unsigned int i = 0; i < num; i++) {
		bufs[i] = lens[i];
		bufs[i].addr = fg_alloc(guest, 16, 8);
		memset(fg_mem(guest, bufs[i].addr), 0, 16);
	}
	fg_add(&gpio->queues[queue], bufs, num);
	fg_kick(gpio, queue);
}

#define BAD_FORM(name, queue, ...) \
	static void name(struct fg_guest *guest) \
	{ \
		static const struct fg_buf bufs[] = { __VA_ARGS__ }; \
		kick_lens(guest, queue, bufs, \
			  sizeof(bufs) / sizeof(bufs[0])); \
	}

BAD_FORM(request_of_7, 0, { 0, 7, false }, { 0, 2, true })
BAD_FORM(request_of_9, 0, { 0, 9, false }, { 0, 2, true })
BAD_FORM(answer_of_1, 0, { 0, 8, false }, { 0, 1, true })
BAD_FORM(no_answer, 0, { 0, 8, false })
BAD_FORM(two_answers, 0, { 0, 8, false }, { 0, 1, true }, { 0, 1, true })
BAD_FORM(event_of_1, 1, { 0, 1, false }, { 0, 1, true })
BAD_FORM(event_without_status, 1, { 0, 2, false })
BAD_FORM(event_with_empty_status, 1, { 0, 2, false }, { 0, 0, true })

static void event_for_line_128(struct fg_guest *guest)
{
	unmask(probe_gpio(guest), 128);
}

static void two_events(struct fg_guest *guest)
{
	struct fg_device *gpio = probe_gpio(guest);

	unmask(gpio, 3);
	unmask(gpio, 3);
}

static void requests_of_wrong_form_end_the_machine(void)
{
	fx_run_broken(request_of_7, "gpio: a request of a wrong form");
	fx_run_broken(request_of_9, "wrong form");
	fx_run_broken(answer_of_1, "wrong form");
	fx_run_broken(no_answer, "wrong form");
	fx_run_broken(two_answers, "wrong form");
	fx_run_broken(event_of_1, "an event buffer of a wrong form");
	fx_run_broken(event_without_status, "wrong form");
	fx_run_broken(event_with_empty_status, "wrong form");
	fx_run_broken(event_for_line_128, "for no line");
	fx_run_broken(two_events, "a second one");
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(there_are_128_lines_and_a_request_takes_a_microsecond),
	TEST(what_the_guest_drives_reaches_the_test),
	TEST(wrong_values_are_answered_with_an_error),
	TEST(each_edge_type_takes_its_edges),
	TEST(edges_while_masked_are_latched_once),
	TEST(setting_the_type_forgets_old_edges),
	TEST(a_level_interrupt_comes_as_long_as_it_is_active),
	TEST(a_level_has_no_latch),
	TEST(type_none_gives_the_buffer_back_as_invalid),
	TEST(an_edge_during_suspend_comes_at_resume),
	TEST(a_reset_forgets_types_and_buffers),
	TEST(all_lines_interrupt_in_the_order_of_their_edges),
	TEST(a_level_that_is_never_released_is_a_storm),
	TEST(a_level_that_changes_is_no_storm),
	TEST(requests_of_wrong_form_end_the_machine),
};

UNIT_MAIN(tests)
