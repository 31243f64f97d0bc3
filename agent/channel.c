// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * channel.c - frames on a port
 *
 * The usual request arrives with one read() and the usual reply leaves with
 * one write(): system calls are what costs time in the guest.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

/* A task has one channel; it keeps these when its buffers shrink. */
#define FIXED_SIZE 8192
static char fixed_in[FIXED_SIZE] __attribute__((aligned(16)));
static char fixed_out[FIXED_SIZE] __attribute__((aligned(16)));

void fatal(const char *what)
{
	static const char prefix[] = "roadtest agent: ";

	if (write(2, prefix, sizeof(prefix) - 1) < 0 ||
	    write(2, what, strlen(what)) < 0 || write(2, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

void channel_init(struct channel *channel, int fd)
{
	memset(channel, 0, sizeof(*channel));
	channel->fd = fd;
	buffer_reset(&channel->in, fixed_in, sizeof(fixed_in));
	buffer_reset(&channel->out, fixed_out, sizeof(fixed_out));
}

/* The request that was taken last is over: move the rest to the front. */
static void channel_drop(struct channel *channel)
{
	struct buffer *in = &channel->in;
	size_t rest = in->len - channel->taken;

	if (!channel->taken)
		return;
	if (rest)
		memmove(in->data, in->data + channel->taken, rest);
	else
		buffer_reset(in, fixed_in, sizeof(fixed_in));
	in->len = rest;
	channel->taken = 0;
}

/* Size of the frame that is at the front, 0 if that is not known yet. */
static size_t channel_frame(const struct channel *channel)
{
	const struct proto_request *header = (void *)channel->in.data;

	if (channel->in.len < sizeof(*header))
		return 0;
	if (header->size < sizeof(*header) ||
	    header->size - sizeof(*header) > PROTO_MAX_DATA)
		fatal("request of a wrong size");
	return header->size;
}

bool channel_fill(struct channel *channel)
{
	struct buffer *in = &channel->in;
	size_t want;
	ssize_t len;

	channel_drop(channel);
	want = channel_frame(channel);
	if (want > in->max && !buffer_reserve(in, want - in->len))
		fatal("out of memory for a request");
	do
		len = read(channel->fd, in->data + in->len, in->max - in->len);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return false;
	in->len += len;
	return true;
}

bool channel_take(struct channel *channel, struct request *request)
{
	size_t size;

	channel_drop(channel);
	size = channel_frame(channel);
	if (!size || size > channel->in.len)
		return false;
	channel->taken = size;
	request->header = (void *)channel->in.data;
	request->data = channel->in.data + sizeof(*request->header);
	request->len = size - sizeof(*request->header);
	return true;
}

void channel_begin(struct channel *channel)
{
	buffer_reset(&channel->out, fixed_out, sizeof(fixed_out));
	channel->out.len = sizeof(struct proto_reply);
}

void channel_send(struct channel *channel, uint32_t id, int64_t result)
{
	struct buffer *out = &channel->out;
	struct proto_reply *reply = (void *)out->data;
	size_t done = 0;
	ssize_t len;

	*reply = (struct proto_reply){
		.size = out->len, .id = id, .result = result,
	};
	while (done < out->len) {
		len = write(channel->fd, out->data + done, out->len - done);
		if (len < 0 && errno == EPIPE)
			_exit(0);
		if (len < 0 && errno != EINTR)
			fatal("can't write to the port");
		if (len > 0)
			done += len;
	}
}

void channel_hello(struct channel *channel, uint32_t port)
{
	struct proto_hello hello = { .version = PROTO_VERSION, .port = port };

	channel_begin(channel);
	buffer_add(&channel->out, &hello, sizeof(hello));
	channel_send(channel, PROTO_ID_EVENT, PROTO_EVENT_HELLO);
}

const char *request_text(struct request *request)
{
	char *text = request->data;
	char *end = memchr(text, '\0', request->len);

	if (!end)
		return NULL;
	request->len -= end + 1 - text;
	request->data = end + 1;
	return text;
}
