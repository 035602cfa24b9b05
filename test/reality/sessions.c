// SPDX-License-Identifier: MIT
// One session's load, for recordings. Times are in µs.
//
//	sessions hog
//	sessions periodic WORK PAUSE		works, then sleeps
//	sessions pair WORK			two tasks that wake each other through a pipe; each works before it answers
//
// Before these words: `nice N`, `fifo PRIORITY` or `rr PRIORITY`.
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void work(long us)
{
	long long until = now() + us;

	while (now() < until)
		;
}

static void answer(const char *name, int from, int to, long us)
{
	char byte = 0;

	prctl(PR_SET_NAME, name);
	while (read(from, &byte, 1) == 1) {
		work(us);
		if (write(to, &byte, 1) != 1)
			return;
	}
}

/* Takes the priority that `kind` and `value` name; 0: they name none. */
static int prioritize(const char *kind, int value)
{
	struct sched_param priority = { .sched_priority = value };

	if (!strcmp(kind, "nice"))
		return nice(value) == value;
	if (!strcmp(kind, "fifo"))
		return !sched_setscheduler(0, SCHED_FIFO, &priority);
	return !strcmp(kind, "rr") && !sched_setscheduler(0, SCHED_RR, &priority);
}

int main(int argc, char **argv)
{
	if (argc > 3 && prioritize(argv[1], atoi(argv[2]))) {
		argc -= 2;
		argv += 2;
	}

	const char *kind = argc > 1 ? argv[1] : "hog";
	long us = argc > 2 ? atol(argv[2]) : 0, pause = argc > 3 ? atol(argv[3]) : 0;
	int there[2], back[2];

	if (!strcmp(kind, "pair")) {
		if (pipe(there) || pipe(back) || write(back[1], "", 1) != 1)
			return 1;
		if (fork())
			answer("ping", back[0], there[1], us);
		else
			answer("pong", there[0], back[1], us);
		return 0;
	}
	prctl(PR_SET_NAME, kind);
	for (;;) {
		work(pause ? us : 1000000);
		if (pause)
			usleep(pause);
	}
}
