// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * launch.c - --launcher: test programs that another program starts elsewhere
 *
 * With "ssh host" or "srun -n1" in front of it, a test program has neither our
 * environment nor our working directory nor our signals. So what is launched
 * is `roadtest worker` (worker.c), whose arguments carry all of that:
 *
 *	LAUNCHER /path/roadtest worker DIR NAME=VALUE... PROGRAM ARG...
 *
 * Some launchers execute these words (srun, container engines), ssh gives them
 * to a shell, joined by blanks. Therefore no word has a character that means
 * anything to a shell: such bytes are written as %XX.
 */
#include "run.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

/* For what a killed launcher leaves behind; on a busy machine a second was not
 * enough for a worker to end its program. */
#define LEAVE_MS 10000
#define PLAIN "_./:=,@+-"	/* with letters and digits: no shell minds */

/* ------------------------------------------------------------------------
 * Words
 */

char *launch_encode(const char *word)
{
	char *coded = xcalloc(3 * strlen(word) + 2, 1);
	size_t len = 0;

	/* An empty word would be lost. */
	if (!*word)
		coded[len++] = '%';
	for (; *word; word++) {
		unsigned char byte = *word;

		if (byte < 128 && (isalnum(byte) || strchr(PLAIN, byte)))
			coded[len++] = byte;
		else
			len += sprintf(coded + len, "%%%02x", byte);
	}
	return coded;
}

bool launch_decode(char *word)
{
	char *to = word;

	if (!strcmp(word, "%")) {
		*word = '\0';
		return true;
	}
	while (*word) {
		char hex[3] = { 0 };

		if (*word != '%') {
			*to++ = *word++;
			continue;
		}
		if (!isxdigit((unsigned char)word[1]) ||
		    !isxdigit((unsigned char)word[2]))
			return false;
		memcpy(hex, word + 1, 2);
		*to = strtol(hex, NULL, 16);
		if (!*to++)
			return false;
		word += 3;
	}
	*to = '\0';
	return true;
}

/* ------------------------------------------------------------------------
 * The command
 */

bool launcher_parse(struct strings *launcher, const char *command)
{
	wordexp_t words;
	char *found;
	int rc = wordexp(command, &words, WRDE_NOCMD | WRDE_UNDEF);

	if (rc) {
		cli_error("--launcher: \"%s\" can't be cut into words", command);
		cli_remedy("quote as for a shell; it has to be one command, without ; | & < >");
		return false;
	}
	for (size_t i = 0; i < words.we_wordc; i++)
		strings_add(launcher, text("%s", words.we_wordv[i]));
	wordfree(&words);
	if (!launcher->num) {
		cli_error("--launcher needs a command");
		return false;
	}
	found = find_program(launcher->items[0]);
	if (!found) {
		cli_error("--launcher: there is no program \"%s\"",
			  launcher->items[0]);
		cli_remedy("install it, or give its path");
		return false;
	}
	free(found);
	return true;
}

/* What a test program or Python looks at; the rest belongs to the machine. */
static bool is_carried(const char *variable)
{
	return starts_with(variable, "ROADTEST_") ||
	       starts_with(variable, "PYTHON");
}

void launcher_argv(const struct strings *launcher, struct strings *argv)
{
	char path[PATH_MAX];
	char *dir = getcwd(NULL, 0);
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	for (size_t i = 0; i < launcher->num; i++)
		strings_add(argv, text("%s", launcher->items[i]));
	path[len > 0 ? len : 0] = '\0';
	strings_add(argv, launch_encode(path));
	strings_add(argv, text("worker"));
	strings_add(argv, launch_encode(dir ? dir : "/"));
	for (char **env = environ; *env; env++)
		if (is_carried(*env))
			strings_add(argv, launch_encode(*env));
	free(dir);
}

/* A program that does not read, or is gone, must not end us. */
void launched_signal(const struct process *process, int signo)
{
	unsigned char byte = signo;
	sighandler_t old = signal(SIGPIPE, SIG_IGN);

	if (process->in >= 0 && write(process->in, &byte, 1) != 1)
		errno = 0;
	signal(SIGPIPE, old);
}

/* ------------------------------------------------------------------------
 * The end of a launcher. srun has a second process, which cancels the job when
 * the first was killed; and what a script had started sees the end of standard
 * input. To kill all at once would leave the job behind.
 */

void launched_kill(const struct process *process)
{
	kill(process->pid, SIGKILL);
}

static bool was_killed(const struct process *process)
{
	siginfo_t info = { 0 };

	return !waitid(P_PIDFD, process->pidfd, &info, WEXITED | WNOWAIT) &&
	       info.si_code != CLD_EXITED;
}

/* Is there more in its group than itself? */
static bool has_company(pid_t leader)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (!found && proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		found = pid > 0 && pid != leader && getpgid(pid) == leader;
	}
	if (proc)
		closedir(proc);
	return found;
}

void launched_leave(struct process *process)
{
	if (!was_killed(process))
		return;
	close(process->in);
	process->in = -1;
	for (int ms = 0; ms < LEAVE_MS && has_company(process->pid); ms += 20)
		poll(NULL, 0, 20);
}
