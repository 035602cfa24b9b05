// SPDX-License-Identifier: GPL-2.0
// Loads a BPF object into the kernel, runs its syscall programs once, attaches everything else in it for a bounded time
// (less where the kernel ejects the scheduler) and says in one JSON line what became of it. Runs as the only program of
// interest in a virtual machine; links libbpf statically.
//
//	load OBJECT SECONDS [verify]        with `verify` the object is loaded and not attached
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAX_LINKS 64
#define STATE "/sys/kernel/sched_ext/state"

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

static void read_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	text[0] = '\0';
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

static int fail(const char *stage, int error)
{
	printf("RESULT {\"ok\":false,\"stage\":\"%s\",\"errno\":%d}\n", stage, error < 0 ? -error : error);
	fflush(stdout);
	return 1;
}

/* Runs what the loader of a policy runs once; the program that it runs for each vCPU is told of none here. */
static int run_once(struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (!strcmp(bpf_program__name(program), "pv_meet_vcpu"))
		return 0;
	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

/* As the agent has it: before 6.10 a program that is run cannot look for a thread. */
static bool can_meet_vcpus(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	return !uname(&kernel) && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 10));
}

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_LINKS];
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *map;
	char state[64], ops[64];
	int count = 0, seconds, waited, scheds = 0;

	if (argc < 3)
		return 2;
	seconds = atoi(argv[2]);
	libbpf_set_print(print);
	object = bpf_object__open(argv[1]);
	if (!object)
		return fail("open", errno);
	program = bpf_object__find_program_by_name(object, "pv_meet_vcpu");
	if (program)
		bpf_program__set_autoload(program, can_meet_vcpus());
	if (bpf_object__load(object))
		return fail("load", errno);
	if (argc > 3 && !strcmp(argv[3], "verify")) {
		printf("RESULT {\"ok\":true,\"stage\":\"load\"}\n");
		return 0;
	}
	bpf_object__for_each_program(program, object)
		if (bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL && run_once(program))
			return fail(bpf_program__name(program), errno);
	bpf_object__for_each_program(program, object) {
		if (bpf_program__type(program) == BPF_PROG_TYPE_STRUCT_OPS || bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL)
			continue;
		if (count == MAX_LINKS)
			return fail("too many programs", 0);
		links[count] = bpf_program__attach(program);
		if (!links[count])
			return fail(bpf_program__name(program), errno);
		count++;
	}
	bpf_object__for_each_map(map, object) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || count == MAX_LINKS)
			continue;
		links[count] = bpf_map__attach_struct_ops(map);
		if (!links[count])
			return fail(bpf_map__name(map), errno);
		count++;
		scheds++;
	}
	printf("ATTACHED\n");
	fflush(stdout);
	for (waited = 0; waited < 4 * seconds; waited++) {
		read_line(STATE, state, sizeof(state));
		if (scheds && waited > 0 && !strcmp(state, "disabled"))
			break;
		usleep(250 * 1000);
	}
	read_line(STATE, state, sizeof(state));
	read_line("/sys/kernel/sched_ext/root/ops", ops, sizeof(ops));
	while (count > 0)
		bpf_link__destroy(links[--count]);
	printf("RESULT {\"ok\":true,\"stage\":\"run\",\"state\":\"%s\",\"ops\":\"%s\"}\n", state, ops);
	bpf_object__close(object);
	return 0;
}
