// SPDX-License-Identifier: LGPL-2.1-or-later
/* signals.c - how the agent's tasks take signals */
#include <signal.h>

#include "agent.h"

volatile sig_atomic_t signals_interrupted;

static void on_usr1(int signo)
{
	signals_interrupted = 1;
}

static void on_child(int signo)
{
}

void signals_init(sigset_t *waiting)
{
	/* Without SA_RESTART: what blocks ends with EINTR. */
	struct sigaction action = { .sa_handler = on_usr1 };
	sigset_t child;

	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_child;
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, waiting);
}

void signals_block(sigset_t *before)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGCHLD);
	sigprocmask(SIG_BLOCK, &both, before);
}
