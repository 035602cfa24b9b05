import type { Program } from '../../ir/ir.ts';
import { needsKvm } from './agent/skeleton.ts';
import { enumeratorName } from './constants.ts';
import { integer } from './ctypes.ts';
import { mangle, upper } from './names.ts';
import { fetchStruct, pageStruct, toldStruct } from './pages.ts';
import { comment } from './printer.ts';
import { requestHeader } from './requests.ts';
import { SCOPES, statsStruct } from './stats.ts';
import type { Unit } from './unit.ts';

/** NAME.h: layouts that the BPF programs share with user space, and the two ends of a page with each other. */
export function headerText(units: readonly [Unit, ...Unit[]], sourceName: string): string {
  const [unit] = units;
  const { program } = unit;
  const guard = `__${upper(program.name)}_H`;
  const lines = [
    '/* SPDX-License-Identifier: GPL-2.0 */',
    `/* What the programs of ${program.name} and its agent share. Made from ${sourceName}; changes belong there. */`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include <stdbool.h>',
    '',
    ...enumLines(program),
    ...requestHeader(unit),
    ...histogram(program),
    ...SCOPES.flatMap((scope) => statsStruct(unit, scope)),
    ...(program.tables.some((table) => table.key === 'string') || units.some(usesComm) ? COMM : []),
    ...(needsKvm(unit) ? MEETING : []),
    ...pageStruct(unit, 'hint'),
    ...pageStruct(unit, 'feedback'),
    ...fetchStruct(unit),
    ...toldStruct(units),
    ...health(units.some(({ guarded }) => guarded.size > 0)),
    ...(program.target === 'sched_ext' ? EXIT : []),
    `#endif /* ${guard} */`,
  ];
  return `${lines.join('\n')}\n`;
}

function enumLines(program: Program): string[] {
  return program.enums.flatMap((def) => [
    ...comment(def.doc),
    `enum ${mangle(def.name)} {`,
    ...def.members.map((member) => `\t${enumeratorName(def, member.name)} = ${integer(member.value)},`),
    '};',
    '',
  ]);
}

const usesComm = (unit: Unit): boolean => unit.helpers.has('pv_comm') || unit.helpers.has('pv_comm_eq');

const COMM = [
  '/* The name of a thread, padded with zeros. */',
  'struct pv_comm {',
  '\tunion {',
  '\t\tchar text[16];',
  '\t\t__u64 word[2];',
  '\t};',
  '};',
  '',
];

const MEETING = [
  '/* A thread that is a vCPU, and its number in its VM. */',
  'struct pv_meeting {',
  '\t__u32 tid;',
  '\t__u32 number;',
  '};',
  '',
];

const histogram = (program: Program): string[] =>
  program.histograms.length === 0
    ? []
    : [
        '#define PV_SLOTS 64',
        '',
        '/* Slot i counts values from 2^i up to 2^(i+1), slot 0 also 0. */',
        'struct pv_histogram {',
        '\t__u64 slot[PV_SLOTS];',
        '\t__u64 sum;',
        '};',
        '',
      ];

const health = (guarded: boolean): string[] => [
  '/* What the programs could not do. */',
  'struct pv_health {',
  '\t__u64 requests_dropped;\t/* the agent was too far behind */',
  '\t__u64 states_lost;\t/* no room or memory for the state of an entity */',
  '\t__u64 stats_lost;\t/* no room or memory for counters of an entity */',
  '\t__u64 updates_lost;\t/* too many CPUs updated one value at once */',
  ...(guarded ? ['\t__u64 calls_refused;\t/* a hook had interrupted another */'] : []),
  '};',
  '',
];

const EXIT = [
  '/* Why the kernel stopped the scheduler. */',
  'struct pv_exit {',
  '\t__s32 kind;\t\t/* SCX_EXIT_*; 0 while it runs */',
  '\t__s64 code;',
  '\tchar reason[128];',
  '\tchar message[1024];',
  '};',
  '',
];
