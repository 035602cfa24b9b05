import { isOld, MODERN_TRACING } from './old-kernels.ts';
import { copyPage, HAND_FEEDBACK, publishPage } from './page-copies.ts';
import { programText } from './program.ts';
import { timerLines } from './timers.ts';
import { lifeLines, tracepointLines } from './tracing.ts';
import type { Unit } from './unit.ts';

const needs = (
  unit: Unit,
): string => `Runs in the guest, on a kernel with BTF from ${isOld(unit) ? '6.1' : MODERN_TRACING} on. It writes what the host may know into a page for each
CPU; its loader carries the pages to the memory that the two share.`;

/** NAME.guest.bpf.c: the programs that run in the guest. */
export function guestText(unit: Unit, sourceName: string): string {
  return programText(unit, `${unit.program.name}.guest.bpf.c`, sourceName, {
    needs: needs(unit),
    before: () => [],
    handlers: () => [...tracepointLines(unit), ...timerLines(unit), ...lifeLines(unit)],
    after: () => [],
  });
}

/** NAME.guest.c: loads them and carries the pages to and fro. */
export function guestLoaderText(unit: Unit, sourceName: string): string {
  const { name } = unit.program;
  const hint = unit.features.has('hint');
  const feedback = unit.features.has('feedback');
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

${hint ? `${copyPage('hint').trimStart()}${publishPage('hint')}\n` : ''}${feedback ? `${copyPage('feedback').trimStart()}${HAND_FEEDBACK}\n` : ''}int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const size_t size = GUEST_CPUS * (HINT_SIZE + FEEDBACK_SIZE);
	char *end = "";
	long period = argc > 2 ? strtol(argv[2], &end, 10) : 1000;
	struct ${name}_guest_bpf *skel;
	char *memory;
${start || stop ? '\tLIBBPF_OPTS(bpf_test_run_opts, once);\n' : ''}${hint ? '\tstruct hint *hints, *shared, hint;\n' : ''}${feedback ? '\tstruct feedback *answers, answer;\n\tstruct pv_told *told;\n' : ''}${hint || feedback ? '\tint cpu;\n' : ''}
	if (argc < 2 || argc > 3 || argv[1][0] == '-' || *end || period < 1 || period > 1000000) {
		fprintf(stderr, "usage: %s FILE [MICROSECONDS]\n", argv[0]);
		return 2;
	}
	memory = map_shared(argv[1], size);
	if (memory == MAP_FAILED)
		return fail(argv[1]);
${hint ? '\tshared = (struct hint *)memory;\n' : ''}${feedback ? '\tanswers = (struct feedback *)(memory + GUEST_CPUS * HINT_SIZE);\n' : ''}	skel = ${name}_guest_bpf__open_and_load();
	if (!skel)
		return fail("cannot load the programs");
${hint ? '\thints = map_file(bpf_map__fd(skel->maps.hints), GUEST_CPUS * HINT_SIZE);\n\tif (hints == MAP_FAILED)\n\t\treturn fail("cannot map the hints");\n' : ''}${feedback ? '\ttold = map_file(bpf_map__fd(skel->maps.feedbacks), GUEST_CPUS * sizeof(*told));\n\tif (told == MAP_FAILED)\n\t\treturn fail("cannot map the feedback");\n' : ''}	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup has it ignored. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
${start ? '\tif (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_start), &once) || once.retval)\n\t\treturn fail("cannot start");\n' : ''}	if (${name}_guest_bpf__attach(skel))
		return fail("cannot attach the programs");
	while (!stopped) {
${hint ? '\t\tfor (cpu = 0; cpu < GUEST_CPUS; cpu++)\n\t\t\tif (copy_hint(&hint, &hints[cpu]))\n\t\t\t\tpublish_hint(&shared[cpu], &hint);\n' : ''}${feedback ? '\t\tfor (cpu = 0; cpu < GUEST_CPUS; cpu++)\n\t\t\tif (copy_feedback(&answer, &answers[cpu]))\n\t\t\t\thand_feedback(&told[cpu], &answer);\n' : ''}		usleep(period);
	}
${stop ? '\tbpf_prog_test_run_opts(bpf_program__fd(skel->progs.pv_stop), &once);\n' : ''}	${name}_guest_bpf__destroy(skel);
	/* Whoever is gone has nothing to ask for. */
	memset(memory, 0, GUEST_CPUS * HINT_SIZE);
	return 0;
}
`;
}
