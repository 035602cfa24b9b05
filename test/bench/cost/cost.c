// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says that a BPF object costs, as lines on standard output:
 *
 *	program NAME VERIFIED XLATED JITED	instructions that the verifier walked; bytes of BPF and of machine code
 *	run NAME NS				one call of what measure_NAME calls, the lowest of several rounds
 *	attached NAME COUNT NS			how often a hook ran while it was attached, and ns a call
 *
 *	cost OBJECT [SECONDS]	without SECONDS the programs measure_* are run; with it everything is attached that long
 *
 * Programs of operations that the kernel does not have are left out.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS 1000
#define ROUNDS 60
#define MAX_LINKS 64

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static struct bpf_prog_info info_of(struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	unsigned int size = sizeof(info);

	bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size);
	return info;
}

/* Nobody reads the requests: a full ring would be measured, which no agent leaves. */
static int drop(void *context, void *data, size_t size)
{
	return 0;
}

static void measure(struct bpf_object *object)
{
	struct bpf_map *requests = bpf_object__find_map_by_name(object, "requests");
	struct ring_buffer *ring = requests ? ring_buffer__new(bpf_map__fd(requests), drop, NULL, NULL) : NULL;
	struct bpf_program *program;
	int round;

	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);
		double best = 1e18;

		if (!strncmp(name, "prepare_", 8)) {
			bpf_prog_test_run_opts(bpf_program__fd(program), NULL);
			continue;
		}
		if (strncmp(name, "measure_", 8))
			continue;
		for (round = 0; round < ROUNDS; round++) {
			struct bpf_prog_info before = info_of(program), after;
			double ns;

			if (bpf_prog_test_run_opts(bpf_program__fd(program), NULL)) {
				fprintf(stderr, "%s: %s\n", name, strerror(errno));
				break;
			}
			after = info_of(program);
			ns = (double)(after.run_time_ns - before.run_time_ns) / CALLS;
			if (ns < best)
				best = ns;
			if (ring)
				ring_buffer__consume(ring);
		}
		printf("run %s %.2f\n", name + 8, best);
	}
	ring_buffer__free(ring);
}

static int attach(struct bpf_object *object, int seconds)
{
	struct bpf_link *links[MAX_LINKS];
	struct bpf_program *program;
	struct bpf_map *map;
	int count = 0;

	bpf_object__for_each_program(program, object) {
		if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING || count == MAX_LINKS)
			continue;
		links[count] = bpf_program__attach(program);
		if (links[count])
			count++;
	}
	bpf_object__for_each_map(map, object) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || count == MAX_LINKS)
			continue;
		links[count] = bpf_map__attach_struct_ops(map);
		if (!links[count])
			return 1;
		count++;
	}
	sleep(seconds);
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = info_of(program);

		if (info.run_cnt)
			printf("attached %s %llu %.1f\n", bpf_program__name(program), info.run_cnt,
			       (double)info.run_time_ns / info.run_cnt);
	}
	while (count > 0)
		bpf_link__destroy(links[--count]);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	int stats, status = 0;

	if (argc < 2)
		return 2;
	libbpf_set_print(print);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "%s does not load: %s\n", argv[1], strerror(errno));
		return 1;
	}
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		fprintf(stderr, "no statistics: %s\n", strerror(errno));
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = info_of(program);

		if (bpf_program__fd(program) >= 0)
			printf("program %s %u %u %u\n", bpf_program__name(program), info.verified_insns,
			       info.xlated_prog_len, info.jited_prog_len);
	}
	if (argc > 2)
		status = attach(object, atoi(argv[2]));
	else
		measure(object);
	close(stats);
	bpf_object__close(object);
	return status;
}
