// SPDX-License-Identifier: LGPL-2.1-or-later
/* buffer.c - bytes that grow */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define BUFFER_LIMIT (sizeof(struct proto_request) + PROTO_MAX_DATA)
/* More than this is given back after the call that needed it: the guest is
 * small. */
#define BUFFER_KEEP (256U << 10)

static int buffer_grow(struct buffer *buffer, size_t need)
{
	size_t max = buffer->max * 2;
	char *data;

	if (max < need)
		max = need;
	data = malloc(max);
	if (!data)
		return -1;
	memcpy(data, buffer->data, buffer->len);
	if (buffer->allocated)
		free(buffer->data);
	buffer->data = data;
	buffer->max = max;
	buffer->allocated = true;
	return 0;
}

void *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (more > BUFFER_LIMIT || buffer->len + more > BUFFER_LIMIT) {
		errno = EFBIG;
		return NULL;
	}
	if (buffer->len + more > buffer->max &&
	    buffer_grow(buffer, buffer->len + more))
		return NULL;
	return buffer->data + buffer->len;
}

int buffer_add(struct buffer *buffer, const void *data, size_t len)
{
	void *to = buffer_reserve(buffer, len);

	if (!to)
		return -1;
	memcpy(to, data, len);
	buffer->len += len;
	return 0;
}

int buffer_add_text(struct buffer *buffer, const char *text)
{
	return buffer_add(buffer, text, strlen(text) + 1);
}

int buffer_printf(struct buffer *buffer, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	return buffer_add(buffer, line, len);
}

void buffer_reset(struct buffer *buffer, char *fixed, size_t size)
{
	buffer->len = 0;
	if (buffer->allocated && buffer->max <= BUFFER_KEEP)
		return;
	if (buffer->allocated)
		free(buffer->data);
	buffer->data = fixed;
	buffer->max = size;
	buffer->allocated = false;
}
