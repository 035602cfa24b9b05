// SPDX-License-Identifier: GPL-2.0
// Loads BPF objects into the kernel and runs their syscall programs on numbers, one line a request on standard input:
//
//	load OBJECT			loads it, in place of the one before: `ok`, or `failed ERRNO`
//	run PROGRAM ARGUMENT...		runs it: its result in hexadecimal, or `failed ERRNO`
//
// Answers are lines on standard output; what the verifier says goes to standard error. Nothing is attached.
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS 8

/* As the programs see it. */
struct call {
	unsigned long long argument[ARGUMENTS];
	unsigned long long result;
};

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static struct bpf_object *load(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	int error;

	if (!object) {
		printf("failed %d\n", errno);
		return NULL;
	}
	error = bpf_object__load(object);
	if (error) {
		printf("failed %d\n", -error);
		bpf_object__close(object);
		return NULL;
	}
	printf("ok\n");
	return object;
}

static void run(struct bpf_object *object, char *words)
{
	struct call call = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));
	char *word, *name = strtok_r(words, " ", &words);
	struct bpf_program *program = object && name ? bpf_object__find_program_by_name(object, name) : NULL;
	int i = 0, error;

	while (i < ARGUMENTS && (word = strtok_r(NULL, " ", &words)))
		call.argument[i++] = strtoull(word, NULL, 0);
	if (!program) {
		printf("failed %d\n", ENOENT);
		return;
	}
	error = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	if (error)
		printf("failed %d\n", -error);
	else
		printf("%llx\n", call.result);
}

int main(void)
{
	struct bpf_object *object = NULL;
	cpu_set_t first;
	char line[4096];

	/* State of a CPU stays where it is. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	libbpf_set_print(print);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "load ", 5)) {
			bpf_object__close(object);
			object = load(line + 5);
		} else if (!strncmp(line, "run ", 4)) {
			run(object, line + 4);
		}
		fflush(stdout);
	}
	bpf_object__close(object);
	return 0;
}
