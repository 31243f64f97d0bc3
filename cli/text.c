// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * text.c - strings, files and messages
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void __attribute__((noreturn)) out_of_memory(void)
{
	fputs("roadtest: out of memory\n", stderr);
	exit(CLI_NOT_RUN);
}

char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (rc < 0)
		out_of_memory();
	return s;
}

void *xcalloc(size_t num, size_t size)
{
	void *p = calloc(num ? num : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t num, size_t size)
{
	p = reallocarray(p, num ? num : 1, size);
	if (!p)
		out_of_memory();
	return p;
}

void strings_add(struct strings *list, char *item)
{
	/* The room is a power of two, at least one more than there are. */
	if (!(list->num & (list->num + 1)))
		list->items = xrealloc(list->items, 2 * (list->num + 1),
				       sizeof(*list->items));
	list->items[list->num++] = item;
	list->items[list->num] = NULL;
}

bool strings_have(const struct strings *list, const char *item)
{
	for (size_t i = 0; i < list->num; i++)
		if (!strcmp(list->items[i], item))
			return true;
	return false;
}

void strings_deinit(struct strings *list)
{
	for (size_t i = 0; i < list->num; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings){ 0 };
}

char *file_read(const char *path)
{
	size_t len = 0, size = 8192;
	char *data = NULL;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	do {
		len += n;
		if (!data || len + 1 == size) {
			size *= 2;
			data = xrealloc(data, size, 1);
		}
		n = read(fd, data + len, size - len - 1);
	} while (n > 0);
	close(fd);
	if (n < 0) {
		free(data);
		return NULL;
	}
	data[len] = '\0';
	return data;
}

bool file_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");
	bool ok = file && fputs(content, file) >= 0;

	if (file && fclose(file))
		ok = false;
	if (!ok) {
		cli_error("can't write %s: %m", path);
		path_remedy(path);
	}
	return ok;
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool walk_enter(struct walk *walk, const struct walk *above, const char *path)
{
	struct stat st = { 0 };

	if (stat(path, &st))
		return true;	/* whoever reads it says why not */
	for (const struct walk *up = above; up; up = up->above)
		if (up->dev == st.st_dev && up->ino == st.st_ino)
			return false;
	*walk = (struct walk){ above, st.st_dev, st.st_ino };
	return true;
}

bool make_directories(const char *path)
{
	char *copy = text("%s", path);
	bool ok;

	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(copy, 0777);
		*p = '/';
	}
	ok = !mkdir(copy, 0777) || (errno == EEXIST && is_directory(copy));
	if (!ok) {
		cli_error("can't create %s: %m", path);
		path_remedy(path);
	}
	free(copy);
	return ok;
}

bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && !strcmp(s + len - tail, suffix);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------
 * Messages
 */

/* A terminal that knows escape sequences. */
static bool draws(FILE *stream)
{
	const char *term = getenv("TERM");

	return isatty(fileno(stream)) && !(term && !strcmp(term, "dumb"));
}

const char *colour(FILE *stream, enum colour which)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "\033[0m",    [COLOUR_RED] = "\033[31m",
		[COLOUR_GREEN] = "\033[32m",  [COLOUR_YELLOW] = "\033[33m",
		[COLOUR_DIM] = "\033[2m",
	};

	if (!draws(stream) || getenv("NO_COLOR"))
		return "";
	return codes[which];
}

/* A name in it may be any bytes. Lines stay lines. */
static void put_message(const char *said)
{
	for (const char *end;; said = end + 1) {
		char *line;

		end = strchrnul(said, '\n');
		line = printable(said, end - said);
		fprintf(stderr, "%s\n", line);
		free(line);
		if (!*end)
			return;
	}
}

static void message(const char *label, enum colour which, const char *fmt,
		    va_list ap)
{
	int error = errno;	/* for a %m, and for who calls path_remedy() */
	char *said;

	if (vasprintf(&said, fmt, ap) < 0)
		out_of_memory();
	progress_end();
	fflush(stdout);
	fprintf(stderr, "%s%s%s ", colour(stderr, which), label,
		colour(stderr, COLOUR_NONE));
	put_message(said);
	free(said);
	errno = error;
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("roadtest:", COLOUR_RED, fmt, ap);
	va_end(ap);
}

void cli_remedy(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("       ->", COLOUR_YELLOW, fmt, ap);
	va_end(ap);
}

/* The state of the one terminal line that progress() owns. */
static bool progress_shown;

/* Bytes of @line that fit, so that it does not go on in another line, which
 * nobody would clear. */
static size_t fitting(const char *line)
{
	size_t len = strlen(line);
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
	    len < size.ws_col)
		return len;
	len = size.ws_col - 1;
	/* Not in the midst of a character. */
	while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void progress(const char *fmt, ...)
{
	va_list ap;
	char *line;

	if (!draws(stderr))
		return;
	progress_shown = true;
	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	fprintf(stderr, "\r\033[K%.*s", (int)fitting(line), line);
	fflush(stderr);
	free(line);
}

void progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}
