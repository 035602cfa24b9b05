import { COPY_HINT, PUBLISH_HINT } from './pages.ts';
import { programText } from './program.ts';
import { timerLines } from './timers.ts';
import { lifeLines, tracepointLines } from './tracing.ts';
import type { Unit } from './unit.ts';

const NEEDS = `Runs in the guest, on a kernel with BTF from 6.4 on. It writes what the host may know into a page for each
CPU; its loader carries the pages to the memory that the two share.`;

/** NAME.guest.bpf.c: the programs that run in the guest. */
export function guestText(unit: Unit, sourceName: string): string {
  return programText(unit, `${unit.program.name}.guest.bpf.c`, sourceName, {
    needs: NEEDS,
    before: () => [],
    handlers: () => [...tracepointLines(unit), ...timerLines(unit), ...lifeLines(unit)],
    after: () => [],
  });
}

/** NAME.guest.c: loads them and carries the pages to and fro. */
export function guestLoaderText(unit: Unit, sourceName: string): string {
  const { name } = unit.program;
  const { features } = unit;
  const size = (which: 'hint' | 'feedback'): string =>
    unit.program[which].length > 0 ? `sizeof(struct ${which})` : '0';
  const start = unit.code.handlers.some(({ hook }) => hook.family === 'init' || hook.family === 'every');
  const stop = unit.code.handlers.some(({ hook }) => hook.family === 'exit');
  return String.raw`// SPDX-License-Identifier: GPL-2.0
/*
 * Loader of the guest's part of ${name}. Made from ${sourceName}: changes belong there, not here.
 *
 * usage: ${name}.guest FILE [MICROSECONDS]
 * FILE is the memory that this guest shares with the host, such as resource2 of an ivshmem device: a page of hints
 * for each CPU, behind them one of feedback for each. They are carried every so many microseconds (1000).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
${features.has('hint') ? '#include <stdbool.h>\n#include <stddef.h>\n' : ''}#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/types.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "${name}.h"
#include "${name}.guest.skel.h"

#define GUEST_CPUS 1024
#define HINT_SIZE ${size('hint')}
#define FEEDBACK_SIZE ${size('feedback')}

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

${features.has('hint') ? `${COPY_HINT.trimStart()}${PUBLISH_HINT}\n` : ''}int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const size_t size = GUEST_CPUS * (HINT_SIZE + FEEDBACK_SIZE);
	unsigned int period = argc > 2 ? atoi(argv[2]) : 1000;
	struct ${name}_guest_bpf *skel;
	char *memory;
${start || stop ? '\tLIBBPF_OPTS(bpf_test_run_opts, once);\n' : ''}${features.has('hint') ? '\tstruct hint *hints, *shared, page;\n\tint cpu;\n' : ''}${features.has('feedback') ? '\tvoid *feedbacks;\n' : ''}	int fd;

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: %s FILE [MICROSECONDS]\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	memory = fd < 0 ? MAP_FAILED : map_file(fd, size);
	if (memory == MAP_FAILED)
		return fail(argv[1]);
${features.has('hint') ? '\tshared = (struct hint *)memory;\n' : ''}	skel = ${name}_guest_bpf__open_and_load();
	if (!skel)
		return fail("cannot load the programs");
${features.has('hint') ? '\thints = map_file(bpf_map__fd(skel->maps.hints), GUEST_CPUS * HINT_SIZE);\n\tif (hints == MAP_FAILED)\n\t\treturn fail("cannot map the hints");\n' : ''}${features.has('feedback') ? '\tfeedbacks = map_file(bpf_map__fd(skel->maps.feedbacks), GUEST_CPUS * FEEDBACK_SIZE);\n\tif (feedbacks == MAP_FAILED)\n\t\treturn fail("cannot map the feedback");\n' : ''}	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
${start ? '\tif (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_start), &once))\n\t\treturn fail("cannot start");\n' : ''}	if (${name}_guest_bpf__attach(skel))
		return fail("cannot attach the programs");
	while (!stopped) {
${features.has('hint') ? '\t\tfor (cpu = 0; cpu < GUEST_CPUS; cpu++)\n\t\t\tif (copy_hint(&page, &hints[cpu]))\n\t\t\t\tpublish_hint(&shared[cpu], &page);\n' : ''}${features.has('feedback') ? '\t\tmemcpy(feedbacks, memory + GUEST_CPUS * HINT_SIZE, GUEST_CPUS * FEEDBACK_SIZE);\n' : ''}		usleep(period);
	}
${stop ? '\tbpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_stop), &once);\n' : ''}	${name}_guest_bpf__destroy(skel);
	/* Whoever is gone has nothing to ask for. */
	memset(memory, 0, GUEST_CPUS * HINT_SIZE);
	return 0;
}
`;
}
