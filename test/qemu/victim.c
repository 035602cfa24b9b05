// SPDX-License-Identifier: GPL-2.0
/*
 * A thread called pv-victim that sleeps for 2 ms again and again on the last CPU, where children of it compete for the
 * time; prints how late it woke, in microseconds:
 *
 *	victim SECONDS HOGS
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MOST 100000

static unsigned int late[MOST];

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 2, hogs = argc > 2 ? atoi(argv[2]) : 4, n = 0;
	struct timespec nap = { .tv_nsec = 2000000 };
	long long end, before;
	cpu_set_t last;

	CPU_ZERO(&last);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
	sched_setaffinity(0, sizeof(last), &last);
	while (hogs-- > 0) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	prctl(PR_SET_NAME, "pv-victim");
	end = now() + seconds * 1000000000LL;
	while (n < MOST && (before = now()) < end) {
		nanosleep(&nap, NULL);
		late[n++] = (now() - before - nap.tv_nsec) / 1000;
	}
	qsort(late, n, sizeof(late[0]), compare);
	printf("{\"wakeups\":%d,\"p50\":%u,\"p99\":%u,\"max\":%u,\"policy\":%d}\n", n, late[n / 2], late[n * 99 / 100],
	       late[n - 1], sched_getscheduler(0));
	return 0;
}
