/** The C program that loads the probe, puts the machine under load for a while and prints what was seen. */
export const LOADER = String.raw`// SPDX-License-Identifier: GPL-2.0
// probe OBJECT SECONDS: attaches the probe to every tracepoint that the kernel has, makes the scheduler busy for so long,
// detaches it, and prints a line for each tracepoint. Everything that it starts ends with it.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "probe.h"

#define TRACEPOINT "tp_btf/"

static int complain(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static struct btf *kernel, *kvm;

static const char *tracepoint(const struct bpf_program *program)
{
	return bpf_program__section_name(program) + strlen(TRACEPOINT);
}

/* Does the kernel, or its KVM, have the tracepoint? */
static bool exists(const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0 ||
	       (kvm && btf__find_by_name_kind(kvm, type, BTF_KIND_TYPEDEF) > 0);
}

static void pause_for(long microseconds)
{
	struct timespec t = { .tv_nsec = microseconds * 1000 };

	nanosleep(&t, NULL);
}

static void ping(int in, int out)
{
	char byte = 0;

	for (;;)
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			_exit(0);
}

static void busy(void)
{
	for (;;)
		;
}

/* Threads that come and go, on one CPU and on all, and change their niceness. */
static void restless(void)
{
	cpu_set_t all, one;
	pid_t child;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	for (int i = 0;; i++) {
		sched_setaffinity(0, sizeof(one), i & 1 ? &one : &all);
		child = fork();
		if (child == 0) {
			setpriority(PRIO_PROCESS, 0, i % 5);
			pause_for(200);
			_exit(0);
		}
		if (child < 0)
			pause_for(10000);
		else
			waitpid(child, NULL, 0);
	}
}

/* Forks a child that runs 'what' until its parent ends. */
#define WITH_CHILD(what)                                         \
	do {                                                     \
		pid_t child = fork();                            \
		if (child == 0) {                                \
			prctl(PR_SET_PDEATHSIG, SIGKILL);        \
			what;                                    \
			_exit(0);                                \
		}                                                \
		if (child > 0)                                   \
			children[nr_children++] = child;         \
	} while (0)

static pid_t children[16];
static int nr_children;

static void make_load(void)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		return;
	WITH_CHILD(ping(back[0], there[1]));
	WITH_CHILD(ping(there[0], back[1]));
	WITH_CHILD(restless());
	WITH_CHILD(restless());
	WITH_CHILD(busy());
}

static void end_load(void)
{
	for (int i = 0; i < nr_children; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
}

static void print_seen(const char *name, const struct seen *cpus, int nr_cpus)
{
	const unsigned long long *numbers;
	unsigned long long sum[sizeof(*cpus) / sizeof(*numbers)] = {};

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		numbers = (const unsigned long long *)&cpus[cpu];
		for (size_t i = 0; i < sizeof(*cpus) / sizeof(*numbers); i++)
			sum[i] += numbers[i];
	}
	printf("SEEN %s", name);
	for (size_t i = 0; i < sizeof(*cpus) / sizeof(*numbers); i++)
		printf(" %llu", sum[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	int nr_cpus = libbpf_num_possible_cpus(), nr_links = 0, seconds, map;
	struct bpf_link *links[PROBES];
	struct bpf_program *program;
	struct bpf_object *object;
	struct seen *seen;

	if (argc != 3 || nr_cpus < 1)
		return 2;
	seconds = atoi(argv[2]);
	libbpf_set_print(complain);
	kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		fprintf(stderr, "this kernel has no BTF\n");
		return 1;
	}
	kvm = btf__load_module_btf("kvm", kernel);
	if (libbpf_get_error(kvm))
		kvm = NULL;
	object = bpf_object__open(argv[1]);
	if (!object)
		return 1;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, exists(tracepoint(program)));
	if (bpf_object__load(object))
		return 1;
	make_load();
	bpf_object__for_each_program(program, object) {
		if (!bpf_program__autoload(program))
			continue;
		links[nr_links] = bpf_program__attach(program);
		if (links[nr_links])
			nr_links++;
		else
			fprintf(stderr, "%s: %s\n", tracepoint(program), strerror(errno));
	}
	sleep(seconds);
	while (nr_links > 0)
		bpf_link__destroy(links[--nr_links]);
	end_load();
	map = bpf_object__find_map_fd_by_name(object, "results");
	seen = calloc(nr_cpus, sizeof(*seen));
	if (!seen)
		return 1;
	bpf_object__for_each_program(program, object) {
		unsigned int key = atoi(bpf_program__name(program) + strlen("probe_"));

		if (bpf_program__autoload(program) && !bpf_map_lookup_elem(map, &key, seen))
			print_seen(tracepoint(program), seen, nr_cpus);
	}
	bpf_object__close(object);
	return 0;
}
`;
