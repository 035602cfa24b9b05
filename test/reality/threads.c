// SPDX-License-Identifier: MIT
// Threads to try policies on: some that only compute, and one that wakes up regularly, works a little and sleeps.
//
//	threads SECONDS HOGS
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static atomic_bool over;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *hog(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "pvr-hog");
	while (!over)
		;
	return NULL;
}

static void *web(void *unused)
{
	struct timespec pause = { .tv_nsec = 4000000 };
	long long until;

	(void)unused;
	prctl(PR_SET_NAME, "pvr-web");
	while (!over) {
		nanosleep(&pause, NULL);
		for (until = now() + 500000; now() < until;)
			;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 4, hogs = argc > 2 ? atoi(argv[2]) : 4;
	pthread_t thread, last;

	for (; hogs > 0; hogs--)
		pthread_create(&thread, NULL, hog, NULL);
	pthread_create(&last, NULL, web, NULL);
	sleep(seconds);
	over = true;
	pthread_join(last, NULL);
	return 0;
}
