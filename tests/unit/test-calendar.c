// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-calendar.c - of lib/calendar.c and lib/engine.c, with a fake guest */
#include "virtio.h"

#include <errno.h>
#include <linux/virtio_i2c.h>

static struct fixture fx;

/* ---- timers, without a guest */

static unsigned int order[64], num_order;

struct numbered {
	struct road_timer timer;
	unsigned int number;
};

static void note_number(struct road_timer *timer)
{
	order[num_order++] = road_container_of(timer, struct numbered,
					       timer)->number;
}

static void set_timers(struct numbered *timers, unsigned int num,
		       const uint64_t *due, struct calendar *cal)
{
	num_order = 0;
	for (unsigned int i = 0; i < num; i++) {
		road_timer_init(&timers[i].timer, "n", note_number);
		timers[i].number = i;
		CHECK_INT(cal_add(cal, &timers[i].timer, due[i]), 0);
	}
}

static void timers_run_in_the_order_of_time_and_then_of_insertion(void)
{
	static const uint64_t due[] = { 30, 10, 20, 10, 10, 30, 5, 20 };
	static const unsigned int want[] = { 6, 1, 3, 4, 2, 7, 0, 5 };
	struct numbered timers[8];
	struct calendar *cal;

	CHECK_INT(fake_board_init_quiet(&fx.machine, 0), 0);
	cal = &fx.machine.engine.cal;
	set_timers(timers, 8, due, cal);
	for (int i = 0; i < 8; i++) {
		cal_run_next(cal);
		CHECK_INT(order[i], want[i]);
		CHECK_INT(cal->now, due[want[i]]);
	}
	CHECK(cal_next(cal) == ROAD_NEVER);
	fake_board_deinit(&fx.machine);
}

static void a_timer_that_is_set_again_goes_to_the_end_of_its_instant(void)
{
	static const uint64_t due[] = { 10, 10, 10, 10 };
	struct numbered timers[4];
	struct calendar *cal;

	CHECK_INT(fake_board_init_quiet(&fx.machine, 0), 0);
	cal = &fx.machine.engine.cal;
	set_timers(timers, 4, due, cal);
	CHECK_INT(cal_add(cal, &timers[0].timer, 10), 0);
	cal_del(cal, &timers[2].timer);
	cal_del(cal, &timers[2].timer);
	CHECK(!road_timer_pending(&timers[2].timer));
	while (cal->num_timers)
		cal_run_next(cal);
	CHECK_INT(num_order, 3);
	CHECK_INT(order[0], 1);
	CHECK_INT(order[1], 3);
	CHECK_INT(order[2], 0);
	fake_board_deinit(&fx.machine);
}

static void many_timers_stay_in_order(void)
{
	static struct numbered timers[500];
	uint64_t last = 0, x = 1;
	struct calendar *cal;

	CHECK_INT(fake_board_init_quiet(&fx.machine, 0), 0);
	cal = &fx.machine.engine.cal;
	for (int i = 0; i < 500; i++) {
		road_timer_init(&timers[i].timer, NULL, note_number);
		x = x * 6364136223846793005 + 1442695040888963407;
		cal_add(cal, &timers[i].timer, x >> 54);
	}
	for (int i = 0; i < 500; i += 3)
		cal_del(cal, &timers[i].timer);
	for (int i = 0; i < 333; i++) {
		num_order = 0;
		CHECK(cal_next(cal) >= last);
		last = cal_next(cal);
		cal_run_next(cal);
	}
	CHECK_INT(cal->num_timers, 0);
	fake_board_deinit(&fx.machine);
}

static void a_seed_shuffles_one_instant_and_nothing_else(void)
{
	static uint64_t due[32];
	struct numbered timers[32];
	unsigned int first[32];
	bool same = true;

	for (int run = 0; run < 3; run++) {
		struct calendar *cal;

		CHECK_INT(fake_board_init_quiet(&fx.machine, run ? 7 : 0), 0);
		cal = &fx.machine.engine.cal;
		for (int i = 0; i < 32; i++)
			due[i] = i / 16 * 100 + 100;
		set_timers(timers, 32, due, cal);
		while (cal->num_timers)
			cal_run_next(cal);
		CHECK_INT(num_order, 32);
		for (int i = 0; i < 32; i++) {
			CHECK_INT(order[i] / 16, i / 16);
			if (run == 0)
				CHECK_INT(order[i], i);
			if (run == 2)
				CHECK_INT(order[i], first[i]);
			same = same && order[i] == i;
			first[i] = order[i];
		}
		fake_board_deinit(&fx.machine);
	}
	CHECK(!same);
}

/* ---- the protocol */

static void boot_and_answer(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	CHECK_INT(guest->now, 0);
	CHECK_INT(guest->start_of_day, 1704067200 * ROAD_S);
	fg_answer(guest);
}

static void a_guest_boots_and_the_test_gets_its_turn(void)
{
	fx_run_script(&fx, boot_and_answer);
	CHECK_INT(fx.machine.engine.cal.now, 0);
	/* It sleeps for ever, so that there is nothing but the limit. */
	CHECK_INT(fx_advance(&fx, 5 * ROAD_S), ENGINE_LIMIT);
	CHECK_INT(fx.machine.engine.cal.now, 5 * ROAD_S);
	fx_finish(&fx);
}

static void sleep_a_bit(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	for (int i = 1; i <= 10; i++) {
		fg_sleep_until(guest, i * ROAD_MS);
		CHECK_INT(guest->now, i * ROAD_MS);
	}
	fg_tt_get(guest);
	CHECK_INT(guest->now, 10 * ROAD_MS);
	fg_answer(guest);
}

static void the_guest_sleeps_exactly_as_long_as_it_asked(void)
{
	fx_init(&fx);
	fx.machine.engine.cal.use_free_until = false;
	fx_start(&fx, sleep_a_bit);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.machine.engine.cal.now, 10 * ROAD_MS);
	fx_finish(&fx);
}

static void wait_for_ever(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_idle(guest, FG_FOREVER);
	CHECK(!"woken");
}

static void a_guest_that_is_idle_for_ever_is_reported_and_not_woken(void)
{
	fx_init(&fx);
	fx_start(&fx, wait_for_ever);
	CHECK_INT(fx_run(&fx), ENGINE_IDLE);
	CHECK_INT(fx.guest->runs, 0);
	fx_finish(&fx);
}

static void wait_without_request(struct fg_guest *guest)
{
	struct fg_tt_msg msg;

	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_req(guest, FG_WAIT, -1);
	fg_tt_handle(guest, &msg);
	CHECK(!"woken");
}

static void a_wait_without_a_request_is_idle_too(void)
{
	fx_init(&fx);
	fx_start(&fx, wait_without_request);
	CHECK_INT(fx_run(&fx), ENGINE_IDLE);
	fx_finish(&fx);
}

static void request_twice(struct fg_guest *guest)
{
	struct fg_tt_msg msg;

	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_request(guest, 5 * ROAD_MS);
	fg_tt_request(guest, 2 * ROAD_MS);
	fg_tt_request(guest, 3 * ROAD_MS);
	guest->waiting = true;
	fg_tt_req(guest, FG_WAIT, -1);
	while (!guest->runs)
		fg_tt_handle(guest, &msg);
	guest->waiting = false;
	CHECK_INT(guest->now, 3 * ROAD_MS);
	fg_answer(guest);
}

static void the_last_request_counts(void)
{
	fx_run_script(&fx, request_twice);
	fx_finish(&fx);
}

/* ---- the host's timers against the guest */

static uint64_t fired_at;
static unsigned int runs_when_fired;

static void note_time(struct road_timer *timer)
{
	fired_at = fx.machine.engine.cal.now;
	runs_when_fired = fx.guest->runs;
}

static void sleep_to_5_ms(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_sleep_until(guest, 5 * ROAD_MS);
	guest->result[0] = guest->runs;
	fg_answer(guest);
}

static void run_tie(bool use_free_until)
{
	struct road_timer timer;

	fx_init(&fx);
	fx.machine.engine.cal.use_free_until = use_free_until;
	road_timer_init(&timer, "tie", note_time);
	CHECK_INT(cal_add(&fx.machine.engine.cal, &timer, 5 * ROAD_MS), 0);
	fired_at = 0;
	fx_start(&fx, sleep_to_5_ms);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fired_at, 5 * ROAD_MS);
	/* The guest had not been told to run yet. */
	CHECK_INT(runs_when_fired, 0);
	CHECK_INT(fx.guest->result[0], 1);
	fx_finish(&fx);
}

static void the_host_goes_first_on_ties(void)
{
	run_tie(false);
	run_tie(true);
}

/* The grant ends before the next timer, also for a guest that runs freely. */
static void run_past_the_timer(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_sleep_until(guest, ROAD_MS);
	guest->result[0] = fg_free_until(guest);
	for (int i = 2; i <= 20; i++)
		fg_sleep_until(guest, i * ROAD_MS);
	guest->result[1] = guest->runs;
	guest->result[2] = guest->messages;
	fg_answer(guest);
}

static void free_until_ends_at_the_next_timer(void)
{
	struct road_timer timer;

	fx_init(&fx);
	road_timer_init(&timer, "t", note_time);
	CHECK_INT(cal_add(&fx.machine.engine.cal, &timer, 10 * ROAD_MS), 0);
	fx_start(&fx, run_past_the_timer);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.guest->result[0], 10 * ROAD_MS);
	CHECK_INT(fired_at, 10 * ROAD_MS);
	/* It waited at 1 ms and at 10 ms, and ran freely between. */
	CHECK_INT(runs_when_fired, 1);
	CHECK_INT(fx.guest->result[1], 2);
	CHECK_INT(fx.machine.engine.cal.now, 20 * ROAD_MS);
	fx_finish(&fx);
}

static void free_until_ends_at_the_limit(void)
{
	fx_init(&fx);
	fx_start(&fx, run_past_the_timer);
	CHECK_INT(engine_run(&fx.machine.engine, fx_answered, fx.guest,
			     5 * ROAD_MS), ENGINE_LIMIT);
	CHECK_INT(fx.machine.engine.cal.now, 5 * ROAD_MS);
	CHECK_INT(fx.guest->now, 5 * ROAD_MS);
	CHECK_INT(fx.guest->result[0], 5 * ROAD_MS + 1);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.machine.engine.cal.now, 20 * ROAD_MS);
	fx_finish(&fx);
}

/* An event that a kick creates shrinks the grant before the kick's ACK. */
static void kick_while_free(struct fg_guest *guest)
{
	struct fg_device *dev = &guest->devices[0];
	uint64_t out, in;

	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(dev, fx_path("i2c"), 1);
	out = fg_alloc(guest, 8, 8);
	in = fg_alloc(guest, 1, 1);
	*(struct virtio_i2c_out_hdr *)fg_mem(guest, out) =
		(struct virtio_i2c_out_hdr){ .addr = 0x44 << 1 };
	fg_sleep_until(guest, ROAD_MS);
	CHECK(fg_free_until(guest));
	guest->result[0] = fg_free_until(guest);
	fg_add(&dev->queues[0], (struct fg_buf[]){ { out, 8, false },
						   { in, 1, true } }, 2);
	fg_kick(dev, 0);
	guest->result[1] = fg_free_until(guest);
	fg_wait_calls(&dev->queues[0], guest, 1);
	guest->result[2] = guest->now;
	fg_answer(guest);
}

static void an_event_that_a_kick_makes_shrinks_the_grant(void)
{
	/* At 400 kHz: START and the address take 10 bits, STOP one more. */
	fx_run_script(&fx, kick_while_free);
	CHECK(fx.guest->result[0] > ROAD_S);
	CHECK_INT(fx.guest->result[1], ROAD_MS + 25000);
	CHECK_INT(fx.guest->result[2], ROAD_MS + 27500);
	fx_finish(&fx);
}

/* The answer comes with a kick: the guest may not run ahead of the test. */
static void answer_with_a_kick(struct fg_guest *guest)
{
	struct fg_device *dev = &guest->devices[0];

	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(dev, fx_path("gpio"), 2);
	fg_sleep_until(guest, ROAD_MS);
	guest->result[0] = fg_free_until(guest);
	guest->answered = true;
	fg_kick(dev, 0);
	guest->result[1] = fg_free_until(guest);
	fg_sleep_until(guest, 2 * ROAD_MS);
	fg_sleep_until(guest, FG_FOREVER);
}

static void the_answer_shrinks_the_grant_to_now(void)
{
	fx_run_script(&fx, answer_with_a_kick);
	CHECK(fx.guest->result[0] > ROAD_S);
	CHECK_INT(fx.guest->result[1], ROAD_MS);
	CHECK_INT(fx.machine.engine.cal.now, ROAD_MS);
	CHECK_INT(fx.guest->now, ROAD_MS);
	CHECK_INT(fx_advance(&fx, ROAD_S), ENGINE_LIMIT);
	fx_finish(&fx);
}

/* ---- with and without FREE_UNTIL the same happens */

static void mixed_load(struct fg_guest *guest)
{
	struct fg_device *i2c = &guest->devices[0];
	struct fg_device *gpio = &guest->devices[1];
	uint64_t out, in, irq;

	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(i2c, fx_path("i2c"), 1);
	fg_vu_probe(gpio, fx_path("gpio"), 2);
	out = fg_alloc(guest, 8, 8);
	in = fg_alloc(guest, 1, 1);
	irq = fg_alloc(guest, 8, 8);
	*(struct virtio_i2c_out_hdr *)fg_mem(guest, out) =
		(struct virtio_i2c_out_hdr){ .addr = 0x44 << 1 };
	/* IRQ_TYPE of line 3: both edges. */
	memcpy(fg_mem(guest, irq), (uint8_t[]){ 6, 0, 3, 0, 3, 0, 0, 0 }, 8);
	fg_add(&gpio->queues[0], (struct fg_buf[]){
		{ irq, 8, false }, { fg_alloc(guest, 2, 1), 2, true } }, 2);
	fg_kick(gpio, 0);
	fg_wait_calls(&gpio->queues[0], guest, 1);
	for (int i = 0; i < 20; i++) {
		uint64_t event = fg_alloc(guest, 3, 2);
		uint32_t head, len;

		memcpy(fg_mem(guest, event), (uint16_t[]){ 3 }, 2);
		fg_add(&gpio->queues[1], (struct fg_buf[]){
			{ event, 2, false }, { event + 2, 1, true } }, 2);
		fg_kick(gpio, 1);
		for (int j = 0; j < 30; j++)
			fg_sleep_until(guest, guest->now + 10 * ROAD_US);
		fg_add(&i2c->queues[0], (struct fg_buf[]){
			{ out, 8, false }, { in, 1, true } }, 2);
		fg_kick(i2c, 0);
		fg_wait_calls(&i2c->queues[0], guest, i + 1);
		while (fg_get_used(&i2c->queues[0], &head, &len))
			;
		fg_wait_calls(&gpio->queues[1], guest, i + 1);
	}
	guest->result[0] = guest->messages;
	fg_answer(guest);
}

static int toggled;

static void toggle(struct road_timer *timer)
{
	board_set_level(&fx.machine.board, 3, ++toggled & 1, false);
	road_timer_set(&fx.machine, timer, 777 * ROAD_US);
}

static char *run_mixed_load(bool use_page, bool use_free_until, uint64_t *now,
			    uint64_t *messages)
{
	struct road_timer timer;
	char *text;

	fx_init(&fx);
	fx.machine.engine.cal.use_free_until = use_free_until;
	fx.machine.engine.cal.use_page = use_page;
	toggled = 0;
	road_timer_init(&timer, "toggle", toggle);
	road_timer_set(&fx.machine, &timer, 100 * ROAD_US);
	fx_start(&fx, mixed_load);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	text = trace_text(&fx.machine.engine.trace, 0);
	*now = fx.machine.engine.cal.now;
	*messages = fx.guest->result[0];
	fx_finish(&fx);
	return text;
}

static void traces_are_equal_in_every_mode_of_the_calendar(void)
{
	uint64_t now, messages, slowest_now, slowest_messages;
	char *slowest = run_mixed_load(false, false, &slowest_now,
				       &slowest_messages);

	CHECK(slowest && strlen(slowest) > 2000);
	for (int mode = 1; mode < 4; mode++) {
		char *text = run_mixed_load(mode & 2, mode & 1, &now,
					    &messages);

		CHECK_STR(text, slowest);
		CHECK_INT(now, slowest_now);
		CHECK(messages < slowest_messages ||
		      (mode == 2 && getenv("FAKE_GUEST_NO_PAGE")));
		free(text);
	}
	free(slowest);
}

static void take_the_page(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	guest->result[0] = guest->page != NULL;
	fg_answer(guest);
}

static void the_page_is_offered_unless_it_is_not_wanted(void)
{
	for (int wanted = 0; wanted < 2; wanted++) {
		fx_init(&fx);
		fx.machine.engine.cal.use_page = wanted;
		fx_start(&fx, take_the_page);
		CHECK_INT(fx_run(&fx), ENGINE_DONE);
		CHECK_INT(fx.guest->result[0], wanted && !fx.guest->no_page);
		CHECK_INT(fx.machine.engine.cal.shared, fx.guest->result[0]);
		fx_finish(&fx);
	}
}

/* ---- a guest that breaks the rules */

static void unknown_operation(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_req(guest, 77, 0);
}

static void broadcast(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_req(guest, FG_BROADCAST, 0);
}

static void cut_short(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	if (write(guest->tt, "1234567", 7) != 7)
		_exit(1);
	close(guest->tt);
}

static void back_in_time(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_sleep_until(guest, ROAD_MS);
	fg_tt_req(guest, FG_UPDATE, ROAD_MS - 1);
}

/* By message or by page, whichever it uses. */
static void kick_with_the_clock_at(struct fg_guest *guest, uint64_t time)
{
	struct fg_device *dev = &guest->devices[0];

	fg_tt_connect(guest, fx_path("calendar"));
	fg_vu_probe(dev, fx_path("gpio"), 2);
	fg_sleep_until(guest, ROAD_MS);
	fg_kick(dev, 0);
	guest->now = time;
	fg_kick(dev, 0);
}

static void kick_back_in_time(struct fg_guest *guest)
{
	kick_with_the_clock_at(guest, ROAD_MS - 1);
}

static void kick_at_the_end_of_time(struct fg_guest *guest)
{
	kick_with_the_clock_at(guest, FG_FOREVER);
}

static void request_the_past(struct fg_guest *guest)
{
	struct fg_tt_msg msg;

	fg_tt_connect(guest, fx_path("calendar"));
	fg_sleep_until(guest, ROAD_MS);
	guest->request_valid = false;
	fg_tt_request(guest, 1);
	guest->waiting = true;
	fg_tt_req(guest, FG_WAIT, -1);
	while (guest->runs < 2)
		fg_tt_handle(guest, &msg);
	guest->waiting = false;
	CHECK_INT(guest->now, ROAD_MS);
	fg_answer(guest);
}

static void a_request_in_the_past_is_one_for_now(void)
{
	fx_init(&fx);
	fx.machine.engine.cal.use_free_until = false;
	fx_start(&fx, request_the_past);
	CHECK_INT(fx_run(&fx), ENGINE_DONE);
	CHECK_INT(fx.machine.engine.cal.now, ROAD_MS);
	fx_finish(&fx);
}

static void to_the_end_of_time(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_req(guest, FG_UPDATE, UINT64_MAX - 1);
}

static void what_breaks_the_protocol_ends_the_machine(void)
{
	fx_run_broken(unknown_operation, "unknown operation 77");
	fx_run_broken(broadcast, "unknown operation 9");
	fx_run_broken(cut_short, "7 bytes");
	fx_run_broken(back_in_time, "clock went from");
	fx_run_broken(kick_back_in_time, "clock went from");
	fx_run_broken(kick_at_the_end_of_time, "clock went from");
	fx_run_broken(to_the_end_of_time, "clock went from");
}

static void say_nothing(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_wait_readable(guest, guest->tt);
	fg_hang_up(guest);
}

static bool signal_came(struct engine *engine)
{
	return true;
}

/* No system call of ours is interrupted by it any more. */
static void a_signal_that_came_just_before_the_wait_ends_it(void)
{
	fx_init(&fx);
	fx.machine.engine.interrupted = signal_came;
	fx.machine.engine.wall_limit_ms = 5000;
	fx_start(&fx, say_nothing);
	CHECK_INT(fx_run(&fx), ENGINE_SIGNAL);
	fx_finish(&fx);
}

static void ask_for_ever(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	for (;;)
		fg_tt_get(guest);
}

/* There is always something to serve, so that no wait is long. */
static void a_signal_is_noticed_while_the_guest_talks(void)
{
	fx_init(&fx);
	fx.machine.engine.interrupted = signal_came;
	fx.machine.engine.wall_limit_ms = 5000;
	fx_start(&fx, ask_for_ever);
	CHECK_INT(fx_run(&fx), ENGINE_SIGNAL);
	fx_finish(&fx);
}

static void ask_without_reading(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	for (;;)
		fg_tt_send(guest, FG_GET, 1, 0);
}

static void a_guest_that_reads_no_answers_does_not_block_us(void)
{
	fx_init(&fx);
	fx.machine.engine.wall_limit_ms = 200;
	fx_start(&fx, ask_without_reading);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_HAS(err_message(&fx.machine.engine.fatal),
		  "does not read what it is told");
	fx_finish(&fx);
}

static void connect_and_leave(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
}

static void leave_at_once(struct fg_guest *guest)
{
	close(fg_socket(fx_path("calendar")));
}

/* Ends instead of acknowledging RUN. */
static void leave_when_told_to_run(struct fg_guest *guest)
{
	fg_tt_connect(guest, fx_path("calendar"));
	fg_tt_request(guest, ROAD_MS);
	fg_tt_req(guest, FG_WAIT, -1);
	fg_wait_readable(guest, guest->tt);
}

static void run_leaving(fx_script script)
{
	fx_init(&fx);
	fx_start(&fx, script);
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	CHECK_INT(fx.machine.engine.fatal.code, -ROAD_EGONE);
	/* And it stays like that. */
	CHECK_INT(fx_run(&fx), ENGINE_GONE);
	fx_finish(&fx);
}

static void a_guest_that_ends_is_noticed(void)
{
	run_leaving(connect_and_leave);
	run_leaving(leave_at_once);
	run_leaving(leave_when_told_to_run);
}

static void a_guest_that_runs_for_ever_meets_the_wall_limit(void)
{
	fx_init(&fx);
	fx.machine.engine.wall_limit_ms = 200;
	fx_start(&fx, say_nothing);
	CHECK_INT(fx_run(&fx), ENGINE_WALL);
	fx_finish(&fx);
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(timers_run_in_the_order_of_time_and_then_of_insertion),
	TEST(a_timer_that_is_set_again_goes_to_the_end_of_its_instant),
	TEST(many_timers_stay_in_order),
	TEST(a_seed_shuffles_one_instant_and_nothing_else),
	TEST(a_guest_boots_and_the_test_gets_its_turn),
	TEST(the_guest_sleeps_exactly_as_long_as_it_asked),
	TEST(a_guest_that_is_idle_for_ever_is_reported_and_not_woken),
	TEST(a_wait_without_a_request_is_idle_too),
	TEST(the_last_request_counts),
	TEST(the_host_goes_first_on_ties),
	TEST(free_until_ends_at_the_next_timer),
	TEST(free_until_ends_at_the_limit),
	TEST(an_event_that_a_kick_makes_shrinks_the_grant),
	TEST(the_answer_shrinks_the_grant_to_now),
	TEST(traces_are_equal_in_every_mode_of_the_calendar),
	TEST(the_page_is_offered_unless_it_is_not_wanted),
	TEST(what_breaks_the_protocol_ends_the_machine),
	TEST(a_request_in_the_past_is_one_for_now),
	TEST(a_guest_that_reads_no_answers_does_not_block_us),
	TEST(a_signal_that_came_just_before_the_wait_ends_it),
	TEST(a_signal_is_noticed_while_the_guest_talks),
	TEST(a_guest_that_ends_is_noticed),
	TEST(a_guest_that_runs_for_ever_meets_the_wall_limit),
};

UNIT_MAIN(tests)
