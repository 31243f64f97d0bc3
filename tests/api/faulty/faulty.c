// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faulty.c - a driver with every kind of bug, for the tests of what is said
 * about them (test_bad_guests.py builds it)
 *
 * Properties of its node say which one it has, and where: fault = "panic" and
 * at = "probe", "interrupt", "timer" (a second behind probe) or "remove". The
 * module's parameter `now` is a fault that happens when it is set.
 *
 * With at = "poll" it reads its chip a thousand times a second, and its module stays.
 *
 * With leaves = "timer" and the like it leaves that behind when it is removed: it
 * runs `after` seconds later (5), when memory and code are gone. With loses =
 * "memory" and the like it fails in probe, and gives that not back.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_shutdown_sync del_timer_sync
#endif

struct faulty {
	struct timer_list timer;
	const char *fault;
	const char *at;
	const char *leaves;
	struct timer_list late_timer;
	struct hrtimer late_hrtimer;
	struct delayed_work late_work;
	struct workqueue_struct *queue;
	struct i2c_client *client;
	struct delayed_work poll;
	struct rcu_head late_rcu;
	u32 after;
	int ran;
};

/* Outlives the driver, and what it belongs to. */
struct faulty_late {
	struct delayed_work work;
	struct faulty *faulty;
};

/* ---- what may go wrong */

static noinline void faulty_panic(void)
{
	panic("faulty gives up");
}

static noinline void faulty_oops(void)
{
	*(volatile int *)16 = 1;
}

static noinline void faulty_warn(void)
{
	WARN(1, "faulty is not well");
}

static noinline void faulty_loop(void)
{
	for (;;)
		barrier();
}

static noinline void faulty_loop_irqs_off(void)
{
	local_irq_disable();
	for (;;)
		barrier();
}

/* Each frame is used, so that no compiler makes a loop of it. */
static noinline int faulty_deep(int depth)
{
	volatile char frame[512];

	memset((char *)frame, depth, sizeof(frame));
	return depth ? faulty_deep(depth - 1) + frame[depth % 512] : 0;
}

static noinline void faulty_stack(void)
{
	faulty_deep(INT_MAX);
}

/* By some frames, and back. */
static noinline void faulty_stack_a_little(void)
{
	faulty_deep(THREAD_SIZE / 512);
}

static noinline void faulty_memory(void)
{
	while (alloc_page(GFP_KERNEL))
		;
}

/* 100 MB. */
static noinline void faulty_noise(void)
{
	int i;

	for (i = 0; i < 1000 * 1000; i++)
		pr_info("faulty %7d: no news, only noise, and that many times over for nothing at all ...\n",
			i);
}

static noinline void faulty_line(void)
{
	pr_info("faulty: a line\n");
}

/* Where that is not allowed the scheduler says so again and again. */
static noinline void faulty_sleep(void)
{
	msleep(10);
}

static const struct {
	const char *name;
	void (*happen)(void);
} faults[] = {
	{ "panic", faulty_panic },
	{ "oops", faulty_oops },
	{ "warn", faulty_warn },
	{ "loop", faulty_loop },
	{ "loop-irqs-off", faulty_loop_irqs_off },
	{ "stack", faulty_stack },
	{ "stack-a-little", faulty_stack_a_little },
	{ "memory", faulty_memory },
	{ "noise", faulty_noise },
	{ "line", faulty_line },
	{ "sleep", faulty_sleep },
};

static int faulty_happen(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (sysfs_streq(name, faults[i].name)) {
			faults[i].happen();
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- where */

static void faulty_reach(struct faulty *faulty, const char *place)
{
	if (!strcmp(faulty->at, place))
		faulty_happen(faulty->fault);
}

static noinline irqreturn_t faulty_interrupt(int irq, void *data)
{
	faulty_reach(data, "interrupt");
	return IRQ_HANDLED;
}

static noinline void faulty_timer(struct timer_list *timer)
{
	faulty_reach(container_of(timer, struct faulty, timer), "timer");
}

static void faulty_poll(struct work_struct *work)
{
	struct faulty *faulty = container_of(to_delayed_work(work),
					     struct faulty, poll);
	int i;

	for (i = 0; i < 1000 / HZ; i++)
		i2c_smbus_read_byte(faulty->client);
	schedule_delayed_work(&faulty->poll, 1);
}

/* ---- what it leaves behind */

static noinline void faulty_late_timer(struct timer_list *timer)
{
	container_of(timer, struct faulty, late_timer)->ran++;
}

static noinline enum hrtimer_restart faulty_late_hrtimer(struct hrtimer *timer)
{
	container_of(timer, struct faulty, late_hrtimer)->ran++;
	return HRTIMER_NORESTART;
}

static noinline void faulty_late_work(struct work_struct *work)
{
	container_of(work, struct faulty, late_work.work)->ran++;
}

static noinline void faulty_late_user(struct work_struct *work)
{
	struct faulty_late *late = container_of(work, struct faulty_late,
						work.work);

	late->faulty->ran++;
	kfree(late);
}

/* The work item is sound, but not what it works on. */
static void faulty_leave_user(struct faulty *faulty, unsigned long ticks)
{
	struct faulty_late *late = kzalloc(sizeof(*late), GFP_KERNEL);

	if (!late)
		return;
	late->faulty = faulty;
	INIT_DELAYED_WORK(&late->work, faulty_late_user);
	schedule_delayed_work(&late->work, ticks);
}

static noinline void faulty_late_rcu(struct rcu_head *head)
{
	container_of(head, struct faulty, late_rcu)->ran++;
}

static noinline int faulty_late_thread(void *data)
{
	struct faulty *faulty = data;

	ssleep(faulty->after);
	faulty->ran++;
	return 0;
}

static noinline irqreturn_t faulty_late_interrupt(int irq, void *data)
{
	faulty_late_thread(data);
	return IRQ_HANDLED;
}

static void faulty_late_init(struct faulty *faulty)
{
	timer_setup(&faulty->late_timer, faulty_late_timer, 0);
	INIT_DELAYED_WORK(&faulty->late_work, faulty_late_work);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	hrtimer_init(&faulty->late_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	faulty->late_hrtimer.function = faulty_late_hrtimer;
#else
	hrtimer_setup(&faulty->late_hrtimer, faulty_late_hrtimer,
		      CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#endif
}

static void faulty_leave(struct faulty *faulty, const char *what)
{
	unsigned long ticks = faulty->after * HZ;

	if (!strcmp(what, "timer"))
		mod_timer(&faulty->late_timer, jiffies + ticks);
	else if (!strcmp(what, "hrtimer"))
		hrtimer_start(&faulty->late_hrtimer,
			      ktime_set(faulty->after, 0), HRTIMER_MODE_REL);
	else if (!strcmp(what, "work"))
		schedule_delayed_work(&faulty->late_work, ticks);
	else if (!strcmp(what, "queue"))
		queue_delayed_work(faulty->queue, &faulty->late_work, ticks);
	else if (!strcmp(what, "user"))
		faulty_leave_user(faulty, ticks);
	else if (!strcmp(what, "rcu"))
		call_rcu(&faulty->late_rcu, faulty_late_rcu);
	else if (!strcmp(what, "thread"))
		kthread_run(faulty_late_thread, faulty, "faulty");
}

/* ---- what it loses */

static noinline int faulty_lose(struct i2c_client *client, const char *what)
{
	int ret = -EINVAL;

	if (!strcmp(what, "memory"))
		ret = kmalloc(200, GFP_KERNEL) ? -EIO : -ENOMEM;
	return ret;
}

static int now_set(const char *value, const struct kernel_param *param)
{
	return faulty_happen(value);
}

static const struct kernel_param_ops now_ops = { .set = now_set };
module_param_cb(now, &now_ops, NULL, 0200);
MODULE_PARM_DESC(now, "a fault, which happens");

static int faulty_probe(struct i2c_client *client)
{
	struct device *dev = &client->dev;
	struct faulty *faulty = devm_kzalloc(dev, sizeof(*faulty), GFP_KERNEL);
	const char *loses;
	int ret;

	if (!faulty)
		return -ENOMEM;
	faulty->fault = faulty->at = "";
	device_property_read_string(dev, "fault", &faulty->fault);
	device_property_read_string(dev, "at", &faulty->at);
	i2c_set_clientdata(client, faulty);
	timer_setup(&faulty->timer, faulty_timer, 0);
	faulty->leaves = "";
	faulty->after = 5;
	device_property_read_string(dev, "leaves", &faulty->leaves);
	device_property_read_u32(dev, "after", &faulty->after);
	faulty_late_init(faulty);
	if (!device_property_read_string(dev, "loses", &loses))
		return faulty_lose(client, loses);
	if (!strcmp(faulty->leaves, "queue"))
		faulty->queue = alloc_workqueue("faulty", 0, 0);
	if (!strcmp(faulty->leaves, "interrupt")) {
		ret = request_threaded_irq(client->irq, NULL,
					   faulty_late_interrupt, IRQF_ONESHOT,
					   "faulty", faulty);
		if (ret)
			return ret;
	} else if (client->irq) {
		ret = devm_request_irq(dev, client->irq, faulty_interrupt, 0,
				       "faulty", faulty);
		if (ret)
			return ret;
	}
	faulty_reach(faulty, "probe");
	INIT_DELAYED_WORK(&faulty->poll, faulty_poll);
	faulty->client = client;
	if (!strcmp(faulty->at, "poll")) {
		__module_get(THIS_MODULE);
		schedule_delayed_work(&faulty->poll, 0);
	}
	mod_timer(&faulty->timer, jiffies + HZ);
	return 0;
}

static void faulty_remove(struct i2c_client *client)
{
	struct faulty *faulty = i2c_get_clientdata(client);

	faulty_reach(faulty, "remove");
	cancel_delayed_work_sync(&faulty->poll);
	faulty_leave(faulty, faulty->leaves);
	timer_shutdown_sync(&faulty->timer);
}

static const struct of_device_id faulty_of_match[] = {
	{ .compatible = "roadtest,faulty" },
	{}
};
MODULE_DEVICE_TABLE(of, faulty_of_match);

static struct i2c_driver faulty_driver = {
	.driver = {
		.name = "faulty",
		.of_match_table = faulty_of_match,
	},
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	.probe_new = faulty_probe,
#else
	.probe = faulty_probe,
#endif
	.remove = faulty_remove,
};
module_i2c_driver(faulty_driver);

MODULE_DESCRIPTION("A driver with every kind of bug");
MODULE_LICENSE("GPL");
