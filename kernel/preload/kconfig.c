// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig.c - LD_PRELOAD library for the kernel's conf
 *
 * Reading Kconfig asks a shell some 130 questions ("does this compiler take that
 * option?"), each several programs, and one build reads it three times. conf asks
 * by popen(); ROADTEST_KCONFIG_ANSWERS is a file, to read and to append to, that
 * has the answers of a source and of the programs that are asked
 * (cli/kconfig-answers.c): what was asked already is answered from there. Other
 * programs of the build are left alone.
 *
 * A record of the file is "QUESTION ANSWER\n", two decimal lengths, and then the
 * question and the answer.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_OPEN 4
#define MAX_ANSWER 65536

struct answered {
	FILE *file;		/* NULL: free */
	char *text;
};

static struct answered open_answers[MAX_OPEN];

static FILE *real_popen(const char *command, const char *mode)
{
	FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "popen");

	return next(command, mode);
}

static int real_pclose(FILE *file)
{
	int (*next)(FILE *) = dlsym(RTLD_NEXT, "pclose");

	return next(file);
}

/* To be freed; NULL: it was not asked. */
static char *find_answer(const char *path, const char *question, size_t *len)
{
	FILE *in = fopen(path, "re");
	size_t asked, wanted = strlen(question);
	char *answer = NULL;

	while (in && !answer && fscanf(in, "%zu %zu", &asked, len) == 2 &&
	       fgetc(in) == '\n' && *len <= MAX_ANSWER) {
		char *text = malloc(asked + *len + 1);

		if (!text || fread(text, 1, asked + *len, in) != asked + *len) {
			free(text);
			break;
		}
		if (asked == wanted && !memcmp(text, question, asked)) {
			memmove(text, text + asked, *len);
			answer = text;
		} else {
			free(text);
		}
	}
	if (in)
		fclose(in);
	return answer;
}

static void keep_answer(const char *path, const char *question,
			const char *answer, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	char *record;
	int size;

	if (fd < 0)
		return;
	size = asprintf(&record, "%zu %zu\n%s%.*s", strlen(question), len,
			question, (int)len, answer);
	if (size > 0) {
		/* A part of a record ends the reading, and no more. */
		if (write(fd, record, size) != size)
			errno = 0;
		free(record);
	}
	close(fd);
}

/* Ask, and keep what has no NUL and fits. To be freed; NULL with errno. */
static char *ask(const char *path, const char *question, size_t *len)
{
	FILE *in = real_popen(question, "r");
	char *answer;

	if (!in)
		return NULL;
	answer = malloc(MAX_ANSWER);
	*len = answer ? fread(answer, 1, MAX_ANSWER, in) : 0;
	if (real_pclose(in) == -1) {
		free(answer);
		return NULL;
	}
	if (answer && *len < MAX_ANSWER && !memchr(answer, '\0', *len))
		keep_answer(path, question, answer, *len);
	return answer;
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	const char *path = getenv("ROADTEST_KCONFIG_ANSWERS");
	struct answered *place = NULL;
	size_t len = 0;

	for (size_t i = 0; i < MAX_OPEN; i++)
		if (!open_answers[i].file)
			place = &open_answers[i];
	if (!path || !place || strcmp(mode, "r") ||
	    strcmp(program_invocation_short_name, "conf"))
		return real_popen(command, mode);
	place->text = find_answer(path, command, &len);
	if (!place->text)
		place->text = ask(path, command, &len);
	if (!place->text)
		return NULL;
	place->file = len ? fmemopen(place->text, len, "r") :
			    fopen("/dev/null", "re");
	if (!place->file)
		free(place->text);
	return place->file;
}

EXPORT int pclose(FILE *file)
{
	for (size_t i = 0; i < MAX_OPEN; i++) {
		if (!file || open_answers[i].file != file)
			continue;
		fclose(file);
		free(open_answers[i].text);
		open_answers[i].file = NULL;
		return 0;
	}
	return real_pclose(file);
}
