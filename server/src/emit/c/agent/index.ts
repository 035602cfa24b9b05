import { REQUESTS } from '../actions.ts';
import { literal } from '../names.ts';
import { actionEnumerator, askedActions } from '../requests.ts';
import type { Unit } from '../unit.ts';
import { mainLines } from './main.ts';
import { CPU_SETS, PARSING, TABLES } from './options.ts';
import { carriers, pageSizes, usesPages } from './pages.ts';
import { privilegeLines } from './privileges.ts';
import { healthReport, REPORT } from './report.ts';
import { hasCpuSets, paramTable, statTables, usedTables } from './tables-of.ts';
import { THREAD_ACTIONS, THREADS } from './threads.ts';
import { MEET_VCPUS, meetsVcpus, VCPU_NAMES } from './vcpu-names.ts';
import { VM_ACTIONS, VMS } from './vms.ts';
import { RUN_AHEAD, WATCHDOG } from './watchdog.ts';

const HEADERS =
  'dirent.h errno.h fcntl.h fnmatch.h getopt.h limits.h poll.h sched.h signal.h stdbool.h stddef.h stdio.h stdlib.h string.h ' +
  'sys/mman.h sys/prctl.h sys/stat.h sys/syscall.h sys/types.h sys/utsname.h time.h unistd.h linux/capability.h linux/types.h bpf/bpf.h bpf/btf.h bpf/libbpf.h';

/** NAME.c: loads and attaches the programs, does what they ask for, undoes it, and reports. */
export function agentText(unit: Unit, sourceName: string): string {
  const { program } = unit;
  const lines = [
    '// SPDX-License-Identifier: GPL-2.0',
    `/* Loader and agent of ${program.name}. Made from ${sourceName}: changes belong there, not here. */`,
    '#define _GNU_SOURCE',
    ...HEADERS.split(' ').map((header) => `#include <${header}>`),
    '',
    `#include "${program.name}.h"`,
    `#include "${program.name}.skel.h"`,
    ...COMMON.split('\n'),
    ...(program.params.length + usedTables(unit).length > 0 ? PARSING.split('\n') : []),
    ...(hasCpuSets(unit) ? CPU_SETS.split('\n') : []),
    ...(usedTables(unit).length > 0 ? TABLES.split('\n') : []),
    ...paramTable(unit),
    ...(hasStats(unit) ? [...REPORT.split('\n'), ...statTables(unit)] : []),
    ...healthReport(unit.guarded.size > 0).split('\n'),
    ...(namesVcpus(unit) ? VCPU_NAMES.split('\n') : []),
    ...(meetsVcpus(unit) ? MEET_VCPUS.split('\n') : []),
    ...privilegeLines(unit),
    ...actionLines(unit),
    ...(usesPages(unit) ? [...pageSizes(unit), ...carriers(unit)] : []),
    ...mainLines(unit),
  ];
  return `${lines.join('\n')}\n`.replace(/\n{3,}/g, '\n\n');
}

export const hasStats = (unit: Unit): boolean =>
  [...unit.features].some((feature) => feature.startsWith('stats '));

const COMMON = String.raw`
#ifndef SCHED_EXT
#define SCHED_EXT 7
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool as_json, verbose;
static int nr_cpus;
static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static __attribute__((unused, format(printf, 1, 2))) void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}
`;

/** Does the agent look for threads of vCPUs? */
const namesVcpus = (unit: Unit): boolean =>
  meetsVcpus(unit) || usesPages(unit) || askedActions(unit).includes('cap');

/** Actions that change threads, and those that change files. */
const THREAD = ['boost', 'unboost', 'set_nice', 'set_weight', 'set_uclamp', 'pin', 'unpin', 'core_tag'];
const FILES = ['cap', 'set_halt_poll'];

export const changesThreads = (unit: Unit): boolean =>
  askedActions(unit).some((name) => THREAD.includes(name));
export const changesFiles = (unit: Unit): boolean => askedActions(unit).some((name) => FILES.includes(name));

/** Can the policy boost a thread? Ending boosts needs the same code. */
export const boosts = (unit: Unit): boolean => askedActions(unit).includes('boost');

function actionLines(unit: Unit): string[] {
  const asked = askedActions(unit);
  if (asked.length === 0) return [];
  const needsBase = asked.some((name) => ['set_nice', 'set_weight', 'set_uclamp'].includes(name));
  const needsBoost = asked.includes('boost') || asked.includes('unboost');
  const wanted = (name: string): boolean =>
    asked.includes(name) || (name === 'base' && needsBase) || (name === 'boost' && needsBoost);
  const code = (table: Readonly<Record<string, string>>): string[] =>
    Object.entries(table)
      .filter(([name]) => wanted(name))
      .flatMap(([, text]) => text.split('\n'));
  return [
    ...(changesThreads(unit) ? [...THREADS.split('\n'), ...code(THREAD_ACTIONS)] : []),
    ...(changesFiles(unit) ? VMS.split('\n') : []),
    ...code(VM_ACTIONS),
    ...restoreAll(unit),
    ...(asksAgent(unit) ? RUN_AHEAD.split('\n') : []),
    ...(changesThreads(unit) || changesFiles(unit) ? WATCHDOG.split('\n') : []),
    ...eventNames(unit),
    ...requestHandler(asked),
  ];
}

function restoreAll(unit: Unit): string[] {
  if (!changesThreads(unit) && !changesFiles(unit)) return [];
  return [
    'static void restore_all(void)',
    '{',
    ...(changesThreads(unit) ? ['\trestore_threads();'] : []),
    ...(changesFiles(unit) ? ['\trestore_settings();'] : []),
    '}',
  ];
}

function eventNames(unit: Unit): string[] {
  if (unit.events.size === 0) return [];
  return [
    'static const char *const events[] = {',
    ...[...unit.events.keys()].map((text) => `\t${literal(text)},`),
    '};',
    '',
    'static void do_signal(const struct pv_request *r)',
    '{',
    '\tif (r->arg[0] >= 0 && r->arg[0] < (long)ARRAY_SIZE(events))',
    '\t\tfprintf(stderr, "%llu.%06llu %s\\n", (unsigned long long)r->at / 1000000000,',
    '\t\t\t(unsigned long long)r->at / 1000 % 1000000, events[r->arg[0]]);',
    '}',
    '',
  ];
}

function requestHandler(asked: readonly string[]): string[] {
  return [
    'static const char *const actions[] = {',
    ...asked.map((name) => `\t[${actionEnumerator(name)}] = "${name}",`),
    '};',
    '',
    'static int on_request(void *ctx, void *data, size_t size)',
    '{',
    '\tconst struct pv_request *r = data;',
    '',
    '\t(void)ctx;',
    '\tif (size < sizeof(*r))',
    '\t\treturn 0;',
    '\tif (verbose && r->action < ARRAY_SIZE(actions))',
    `\t\tfprintf(stderr, "line %u: %s of thread %u, process %u, after %llu us\\n", r->line,`,
    '\t\t\tactions[r->action], r->tid, r->tgid, (unsigned long long)(now_ns() - r->at) / 1000);',
    '\tswitch (r->action) {',
    ...asked.flatMap((name) => [`\tcase ${actionEnumerator(name)}:`, `\t\tdo_${name}(r);`, '\t\tbreak;']),
    '\t}',
    '\treturn 0;',
    '}',
    '',
  ];
}

/** Does the policy ask the agent for anything? */
export const asksAgent = (unit: Unit): boolean =>
  askedActions(unit).some((name) => REQUESTS[name] !== undefined);
