// SPDX-License-Identifier: GPL-2.0
/*
 * Loader of the guest's part of both_ends. Made from both_ends.pvpolicy: changes belong there, not here.
 *
 * usage: both_ends.guest FILE [MICROSECONDS]
 * FILE is the memory that this guest shares with the host, such as resource2 of an ivshmem device: a page of hints
 * for each CPU, behind them one of feedback for each. They are carried every so many microseconds (1000).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/types.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "both_ends.h"
#include "both_ends.guest.skel.h"

#define GUEST_CPUS 1024
#define HINT_SIZE sizeof(struct hint)
#define FEEDBACK_SIZE sizeof(struct feedback)

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static void *map_file(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/* The memory that the two share; MAP_FAILED without it. */
static void *map_shared(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory = MAP_FAILED;
	struct stat file;

	if (fd < 0)
		return MAP_FAILED;
	/* What is mapped behind the end of a file cannot be touched. */
	if (fstat(fd, &file) || !S_ISREG(file.st_mode) || (size_t)file.st_size >= size) {
		memory = map_file(fd, size);
	} else {
		fprintf(stderr, "%s is smaller than %zu bytes\n", path, size);
		errno = EINVAL;
	}
	close(fd);
	return memory;
}

/*
 * Copies a page that its writer may be changing; false: it did so all the time, or a guest that is up to no good says
 * that it does. What is in the making is left alone.
 */
static bool copy_hint(struct hint *to, const struct hint *from)
{
	__u32 done;
	int i;

	for (i = 0; i < 1000; i++) {
		done = __atomic_load_n(&from->pv_done, __ATOMIC_ACQUIRE);
		memcpy(to, from, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&from->pv_begun, __ATOMIC_RELAXED) == done)
			return true;
	}
	return false;
}

/* Shows the host a page, if it is another than the last, or whoever showed that one did not come to its end. */
static void publish_hint(struct hint *to, const struct hint *page)
{
	const size_t size = offsetof(struct hint, pv_begun);
	__u32 n = to->pv_begun + 1;

	if (!memcmp(to, page, size) && to->pv_begun == to->pv_done)
		return;
	__atomic_store_n(&to->pv_begun, n, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(to, page, size);
	__atomic_store_n(&to->pv_done, n, __ATOMIC_RELEASE);
}

/*
 * Copies a page that its writer may be changing; false: it did so all the time, or a guest that is up to no good says
 * that it does. What is in the making is left alone.
 */
static bool copy_feedback(struct feedback *to, const struct feedback *from)
{
	__u32 done;
	int i;

	for (i = 0; i < 1000; i++) {
		done = __atomic_load_n(&from->pv_done, __ATOMIC_ACQUIRE);
		memcpy(to, from, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&from->pv_begun, __ATOMIC_RELAXED) == done)
			return true;
	}
	return false;
}

/* Gives the programs another page, where it is another, beside the one that they may be reading. */
static void hand_feedback(struct pv_told *told, const struct feedback *page)
{
	__u32 turn = told->turn + 1;

	if (!memcmp(&told->page[told->turn & 1], page, offsetof(struct feedback, pv_begun)))
		return;
	/* The turn before this one is seen before the page that it left is written. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy(&told->page[turn & 1], page, sizeof(*page));
	__atomic_store_n(&told->turn, turn, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const size_t size = GUEST_CPUS * (HINT_SIZE + FEEDBACK_SIZE);
	char *end = "";
	long period = argc > 2 ? strtol(argv[2], &end, 10) : 1000;
	struct both_ends_guest_bpf *skel;
	char *memory;
	LIBBPF_OPTS(bpf_test_run_opts, once);
	struct hint *hints, *shared, hint;
	struct feedback *answers, answer;
	struct pv_told *told;
	int cpu;

	if (argc < 2 || argc > 3 || argv[1][0] == '-' || *end || period < 1 || period > 1000000) {
		fprintf(stderr, "usage: %s FILE [MICROSECONDS]\n", argv[0]);
		return 2;
	}
	memory = map_shared(argv[1], size);
	if (memory == MAP_FAILED)
		return fail(argv[1]);
	shared = (struct hint *)memory;
	answers = (struct feedback *)(memory + GUEST_CPUS * HINT_SIZE);
	skel = both_ends_guest_bpf__open_and_load();
	if (!skel)
		return fail("cannot load the programs");
	hints = map_file(bpf_map__fd(skel->maps.hints), GUEST_CPUS * HINT_SIZE);
	if (hints == MAP_FAILED)
		return fail("cannot map the hints");
	told = map_file(bpf_map__fd(skel->maps.feedbacks), GUEST_CPUS * sizeof(*told));
	if (told == MAP_FAILED)
		return fail("cannot map the feedback");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup has it ignored. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_start), &once) || once.retval)
		return fail("cannot start");
	if (both_ends_guest_bpf__attach(skel))
		return fail("cannot attach the programs");
	while (!stopped) {
		for (cpu = 0; cpu < GUEST_CPUS; cpu++)
			if (copy_hint(&hint, &hints[cpu]))
				publish_hint(&shared[cpu], &hint);
		for (cpu = 0; cpu < GUEST_CPUS; cpu++)
			if (copy_feedback(&answer, &answers[cpu]))
				hand_feedback(&told[cpu], &answer);
		usleep(period);
	}
	both_ends_guest_bpf__destroy(skel);
	/* Whoever is gone has nothing to ask for. */
	memset(memory, 0, GUEST_CPUS * HINT_SIZE);
	return 0;
}
