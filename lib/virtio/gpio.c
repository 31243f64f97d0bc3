// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virtio-gpio (Virtual I/O Device Version 1.2, section 5.19), device id 41
 *
 * Theory of operation. Queue 0 takes requests: direction and value, get and
 * set, and the interrupt type of a line. On queue 1 the guest hands in a
 * buffer for each line whose interrupt it has unmasked; giving it back is the
 * interrupt.
 *
 * Edge types: an edge that comes while no buffer is there (masked) is latched
 * and delivered at unmask. Level types keep no latch: whenever a buffer is
 * there the line's level decides. A handler that clears its interrupt thus
 * gets neither lost nor spurious ones. When the guest sets the type to NONE, a
 * queued buffer goes back with status INVALID.
 *
 * A level line that stays active is a storm; the guest can't get out of it, so
 * it ends the machine with the line's name.
 *
 * Time. A request takes 1 us, so that a driver that polls a line against a
 * deadline sees time pass. Questions for direction and names are answered at
 * once: the guest asks for all 128 lines at boot.
 *
 * Trust: none; see virtq.c for the chains. Lines and values are checked.
 */
#include "virtio/gpio.h"

#include "board.h"

#include <linux/virtio_gpio.h>
#include <stdlib.h>
#include <string.h>

#define GPIO_REQUEST_NS 1000

enum {
	GPIO_REQUESTQ,
	GPIO_EVENTQ,
};

static struct board *gpio_board(struct gpio_dev *gpio)
{
	return road_container_of(gpio, struct board, gpio);
}

static int gpio_bad(struct gpio_dev *gpio, const char *what)
{
	engine_fail(gpio->vu.engine, -ROAD_EPROTO, "gpio: %s", what);
	return -ROAD_EPROTO;
}

/* May a queue's buffers be touched? After a stop they may be free memory;
 * when the board goes, the queues go first. */
static bool gpio_runs(const struct gpio_dev *gpio, unsigned int queue)
{
	return gpio->vu.queues && vq_ready(&gpio->vu.queues[queue]);
}

/* ---- interrupts */

/* Give the guest's buffer for a line back. */
static void gpio_give_back(struct gpio_dev *gpio, struct gpio_line *line,
			   uint8_t status)
{
	line->queued = false;
	/* First the status, then the ring: the guest may look at once. */
	*line->status = status;
	vu_push(&gpio->vu, GPIO_EVENTQ, line->head, 1);
}

static bool gpio_pending(const struct gpio_line *line, int level)
{
	switch (line->irq_type) {
	case ROAD_IRQ_NONE:
		return false;
	case ROAD_IRQ_LEVEL_HIGH:
		return level;
	case ROAD_IRQ_LEVEL_LOW:
		return !level;
	default:
		return line->latched;
	}
}

static void gpio_deliver(struct gpio_dev *gpio, unsigned int i)
{
	struct gpio_line *line = &gpio->lines[i];
	struct engine *engine = gpio->vu.engine;

	line->latched = false;
	line->irqs++;
	if (++line->storm > GPIO_MAX_STORM &&
	    line->irq_type >= ROAD_IRQ_LEVEL_HIGH)
		engine_fail(engine, -ROAD_ELIMIT,
			    "interrupt storm: %u interrupts on line %u, which stays %s; does the driver or the model release it?",
			    line->storm, i,
			    line->irq_type == ROAD_IRQ_LEVEL_LOW ? "low" :
								   "high");
	trace_irq(&engine->trace, i);
	gpio_give_back(gpio, line, VIRTIO_GPIO_IRQ_STATUS_VALID);
}

void gpio_flush(struct gpio_dev *gpio)
{
	struct board *board = gpio_board(gpio);
	bool any = false;
	unsigned int i;

	if (board->in_transfer || !gpio_runs(gpio, GPIO_EVENTQ))
		return;
	for (i = 0; i < ROAD_NUM_LINES; i++) {
		if (!gpio->lines[i].queued || gpio->lines[i].after_transfer ||
		    !gpio_pending(&gpio->lines[i], board->lines[i].level))
			continue;
		gpio_deliver(gpio, i);
		any = true;
	}
	if (any)
		vu_call(&gpio->vu, GPIO_EVENTQ);
}

void gpio_after_transfer(struct gpio_dev *gpio)
{
	unsigned int i;

	for (i = 0; i < ROAD_NUM_LINES; i++)
		gpio->lines[i].after_transfer = false;
}

void gpio_changed(struct gpio_dev *gpio, unsigned int i, int level)
{
	struct gpio_line *line = &gpio->lines[i];

	line->storm = 0;
	/* An interrupt comes after the transfer that caused it, whatever else
	 * happens until then. */
	line->after_transfer |= gpio_board(gpio)->in_transfer;
	if (line->irq_type <= ROAD_IRQ_EDGE_BOTH &&
	    line->irq_type & (level ? ROAD_IRQ_EDGE_RISING :
				      ROAD_IRQ_EDGE_FALLING))
		line->latched = true;
	gpio_flush(gpio);
}

static void gpio_event_kick(struct gpio_dev *gpio)
{
	struct vq_chain *chain;

	while ((chain = vu_pop(&gpio->vu, GPIO_EVENTQ))) {
		struct gpio_line *line;
		uint16_t i;

		if (chain->num_out != 1 || chain->bufs[0].len != sizeof(i) ||
		    chain->num_in != 1 || chain->bufs[1].len < 1) {
			gpio_bad(gpio, "an event buffer of a wrong form");
			return;
		}
		memcpy(&i, chain->bufs[0].data, sizeof(i));
		if (i >= ROAD_NUM_LINES || gpio->lines[i].queued) {
			gpio_bad(gpio,
				 "an event buffer for no line, or a second one");
			return;
		}
		line = &gpio->lines[i];
		line->queued = true;
		line->head = chain->head;
		line->status = chain->bufs[1].data;
	}
	gpio_flush(gpio);
}

/* ---- requests */

static int gpio_set_irq_type(struct gpio_dev *gpio, unsigned int i,
			     uint32_t type)
{
	struct gpio_line *line = &gpio->lines[i];

	if (type > ROAD_IRQ_LEVEL_LOW || (type > ROAD_IRQ_LEVEL_HIGH &&
					  type != ROAD_IRQ_LEVEL_LOW))
		return -1;
	trace_irq_type(&gpio->vu.engine->trace, i, type);
	line->irq_type = type;
	line->latched = false;
	line->storm = 0;
	if (type == ROAD_IRQ_NONE && line->queued &&
	    gpio_runs(gpio, GPIO_EVENTQ)) {
		gpio_give_back(gpio, line, VIRTIO_GPIO_IRQ_STATUS_INVALID);
		vu_call(&gpio->vu, GPIO_EVENTQ);
	}
	return 0;
}

/* Carry a request out. Return: the result's value, or -1. */
static int gpio_handle(struct gpio_dev *gpio, const struct gpio_req *req)
{
	struct board *board = gpio_board(gpio);
	struct board_line *line;

	if (req->line >= ROAD_NUM_LINES)
		return -1;
	line = &board->lines[req->line];
	switch (req->type) {
	case VIRTIO_GPIO_MSG_GET_DIRECTION:
		/* The guest knows in and out only: what nobody drives is an
		 * input. */
		return line->direction == ROAD_DIR_OUT ?
			       VIRTIO_GPIO_DIRECTION_OUT :
			       VIRTIO_GPIO_DIRECTION_IN;
	case VIRTIO_GPIO_MSG_SET_DIRECTION:
		if (req->value > VIRTIO_GPIO_DIRECTION_IN)
			return -1;
		board_set_direction(board, req->line, req->value);
		return 0;
	case VIRTIO_GPIO_MSG_GET_VALUE:
		return line->level;
	case VIRTIO_GPIO_MSG_SET_VALUE:
		if (req->value > 1)
			return -1;
		board_set_level(board, req->line, req->value, true);
		return 0;
	case VIRTIO_GPIO_MSG_IRQ_TYPE:
		return gpio_set_irq_type(gpio, req->line, req->value);
	default:
		return -1;
	}
}

static void gpio_complete(struct gpio_dev *gpio, const struct gpio_req *req)
{
	int ret = gpio_handle(gpio, req);

	*req->status = ret < 0 ? VIRTIO_GPIO_STATUS_ERR :
				 VIRTIO_GPIO_STATUS_OK;
	*req->result = ret < 0 ? 0 : ret;
	vu_push(&gpio->vu, GPIO_REQUESTQ, req->head, 2);
	vu_call(&gpio->vu, GPIO_REQUESTQ);
}

static void gpio_schedule(struct gpio_dev *gpio)
{
	struct calendar *cal = &gpio->vu.engine->cal;

	if (gpio->num && gpio_runs(gpio, GPIO_REQUESTQ) &&
	    !road_timer_pending(&gpio->timer) &&
	    cal_add(cal, &gpio->timer, cal->now + GPIO_REQUEST_NS))
		engine_fail(gpio->vu.engine, -ROAD_EHOST, "out of memory");
}

static void gpio_timer(struct road_timer *timer)
{
	struct gpio_dev *gpio = road_container_of(timer, struct gpio_dev,
						  timer);
	struct gpio_req req = gpio->reqs[gpio->first % VQ_MAX_SIZE];

	/* Disabled meanwhile: again when it is enabled. */
	if (!gpio_runs(gpio, GPIO_REQUESTQ))
		return;
	gpio->first++;
	gpio->num--;
	gpio_complete(gpio, &req);
	gpio_schedule(gpio);
}

static int gpio_parse(struct gpio_dev *gpio, const struct vq_chain *chain,
		      struct gpio_req *req)
{
	struct virtio_gpio_request msg;

	if (chain->num_out != 1 || chain->bufs[0].len != sizeof(msg) ||
	    chain->num_in != 1 || chain->bufs[1].len != 2)
		return gpio_bad(gpio, "a request of a wrong form");
	memcpy(&msg, chain->bufs[0].data, sizeof(msg));
	*req = (struct gpio_req){
		.head = chain->head,
		.type = msg.type,
		.line = msg.gpio,
		.value = msg.value,
		.status = chain->bufs[1].data,
		.result = chain->bufs[1].data + 1,
	};
	return 0;
}

static void gpio_request_kick(struct gpio_dev *gpio)
{
	struct vq_chain *chain;

	while ((chain = vu_pop(&gpio->vu, GPIO_REQUESTQ))) {
		struct gpio_req req;

		if (gpio->num == VQ_MAX_SIZE || gpio_parse(gpio, chain, &req))
			return;
		if (req.type == VIRTIO_GPIO_MSG_GET_DIRECTION) {
			gpio_complete(gpio, &req);
			continue;
		}
		gpio->reqs[(gpio->first + gpio->num++) % VQ_MAX_SIZE] = req;
	}
	gpio_schedule(gpio);
}

static void gpio_kick(struct vu_dev *dev, unsigned int queue)
{
	struct gpio_dev *gpio = road_container_of(dev, struct gpio_dev, vu);

	if (queue == GPIO_EVENTQ)
		gpio_event_kick(gpio);
	else
		gpio_request_kick(gpio);
}

/* Go on with what stood still while the queue was disabled. */
static void gpio_enabled(struct vu_dev *dev, unsigned int queue)
{
	struct gpio_dev *gpio = road_container_of(dev, struct gpio_dev, vu);

	if (queue == GPIO_EVENTQ)
		gpio_flush(gpio);
	else
		gpio_schedule(gpio);
}

static void gpio_get_config(struct vu_dev *dev, void *config)
{
	struct virtio_gpio_config c = { .ngpio = ROAD_NUM_LINES };

	memcpy(config, &c, sizeof(c));
}

static void gpio_reset(struct vu_dev *dev)
{
	struct gpio_dev *gpio = road_container_of(dev, struct gpio_dev, vu);
	unsigned int i;

	cal_del(&dev->engine->cal, &gpio->timer);
	gpio->first = gpio->num = 0;
	for (i = 0; i < ROAD_NUM_LINES; i++) {
		gpio->lines[i].irq_type = ROAD_IRQ_NONE;
		gpio->lines[i].queued = false;
		gpio->lines[i].latched = false;
	}
}

static const struct vu_ops gpio_ops = {
	.name = "gpio",
	.features = 1ULL << VIRTIO_GPIO_F_IRQ,
	.num_queues = 2,
	.config_len = sizeof(struct virtio_gpio_config),
	.get_config = gpio_get_config,
	.kick = gpio_kick,
	.enabled = gpio_enabled,
	.reset = gpio_reset,
};

int gpio_init(struct gpio_dev *gpio, struct engine *engine)
{
	memset(gpio, 0, sizeof(*gpio));
	road_timer_init(&gpio->timer, "gpio", gpio_timer);
	gpio->timer.quiet = true;
	gpio->reqs = calloc(VQ_MAX_SIZE, sizeof(*gpio->reqs));
	if (!gpio->reqs)
		return err_nomem(&engine->fatal);
	return vu_init(&gpio->vu, engine, &gpio_ops);
}

void gpio_deinit(struct gpio_dev *gpio)
{
	if (gpio->vu.ops) {
		cal_del(&gpio->vu.engine->cal, &gpio->timer);
		vu_deinit(&gpio->vu);
	}
	free(gpio->reqs);
	gpio->reqs = NULL;
}
