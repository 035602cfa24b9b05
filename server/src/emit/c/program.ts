import type { Program } from '../../ir/ir.ts';
import { dsqName } from './dsq.ts';
import { guardLines } from './guard.ts';
import { functionLines } from './handlers.ts';
import { helperFor } from './helpers.ts';
import { isOld } from './old-kernels.ts';
import { pageLines } from './pages.ts';
import { includes, kernelLines, paramLines, settleHelpers } from './prelude.ts';
import { comment, generated, inComment, print, type Line } from './printer.ts';
import { wordsOf } from './maps.ts';
import { requestLines } from './requests.ts';
import { stateLines } from './state-maps.ts';
import { statsLines } from './stats.ts';
import { tableLines } from './tables.ts';
import { timerMap } from './timers.ts';
import { countsVcpus } from './tracking.ts';
import { IDENTITY, type Unit } from './unit.ts';
import { vcpuLines, vcpuList } from './vcpus.ts';
import { mostVms, reachable } from './walk.ts';

/** What a target adds to the common parts of a BPF source file. */
export interface TargetParts {
  /** A sentence on what the file needs, for its head. */
  readonly needs: string;
  /** Includes and declarations that come before all others. */
  readonly includes?: readonly string[];
  /** Declarations behind those of the kernel: structs of operations. */
  readonly declarations?: () => readonly string[];
  /** Programs before the policy's own, printed after them because they depend on what those need. */
  readonly before: () => readonly Line[];
  /** The policy's handlers. */
  readonly handlers: () => readonly Line[];
  /** Programs and tables behind the policy's own. */
  readonly after: () => readonly Line[];
}

/** A BPF source file: its code first, for what the code needs decides what is declared. */
export function programText(unit: Unit, file: string, sourceName: string, parts: TargetParts): string {
  nameGlobals(unit);
  const functions = reachable(unit.code).flatMap((fn) => functionLines(unit, fn));
  const handlers = parts.handlers();
  if (unit.features.has('vm-vcpus')) unit.features.add('state vm').add('any vm');
  settleIdentity(unit, textOf([...functions, ...handlers]).join('\n'));
  const before = parts.before();
  const after = parts.after();
  const code = [...functions, ...before, ...handlers, ...after];
  const data = dataLines(unit);
  const helpers = helperLines(unit);
  const counts = [...helpers, ...data, ...textOf(code)].some((line) => line.includes('pv_health'));
  const health = unit.side === 'host' || counts ? ['struct pv_health pv_health;', ''] : [];
  const kept = [...health, ...helpers, ...data];
  const declared = [...(parts.declarations?.() ?? [])];
  const kernel = [...kernelLines(unit), ...declared];
  const words = wordsOf(textOf(code).join('\n'));
  const params = [
    ...paramLines(unit, unit.side === 'guest' ? words : undefined),
    ...nrCpus(unit, [...kept, ...textOf(code)]),
  ];
  const rest = [...kernel, ...sizes(unit), ...params, ...kept, ...textOf(code)].join('\n');
  return print(
    [
      ...generated(
        ...headLines(unit.program, sourceName, parts.needs),
        ...includes(unit, rest, parts.includes ?? []),
      ),
      ...generated(...kernel, ...sizes(unit), ...params, ...kept),
      ...code,
    ],
    file,
    sourceName,
    unit.remarks,
  ).replace(/\n{3,}/g, '\n\n');
}

/** Notes which ids of vCPUs are to be kept: those that the code reads, and those that the generated parts need. */
function settleIdentity(unit: Unit, code: string): void {
  const all = unit.program.target === 'pvsched' || unit.features.has('vm-vcpus') || unit.features.has('vms');
  for (const field of IDENTITY) {
    if (new RegExp(`->${field}\\b`).test(code) || (all && field !== 'id')) unit.identity.add(field);
  }
  // A map of nothing there cannot be.
  if (unit.identity.size === 0) unit.identity.add('tid');
}

const textOf = (lines: readonly Line[]): string[] => lines.map((line) => line.text);

/** Gives the names that code refers to before the code that declares them is printed. */
function nameGlobals(unit: Unit): void {
  const { program, code } = unit;
  for (const param of program.params) unit.globals.name(param.name);
  for (const table of program.tables) unit.globals.name(table.name);
  for (const fn of code.functions) unit.globals.name(fn.name);
}

/** State, counters, tables and what reaches user space. The accessors of some need others, hence the order. */
function dataLines(unit: Unit): string[] {
  settleHelpers(unit);
  const vcpus = vcpuLines(unit);
  return [
    ...dsqIds(unit.program),
    ...guardLines(unit),
    ...stateLines(unit),
    ...vcpus,
    ...statsLines(unit),
    ...tableLines(unit),
    ...pageLines(unit),
    ...requestLines(unit),
    ...timerMap(unit),
  ];
}

function helperLines(unit: Unit): string[] {
  return settleHelpers(unit).flatMap((name) => [...helperFor(unit, name).code.split('\n'), '']);
}

const sizes = (unit: Unit): string[] => {
  const lines = [
    ...(unit.features.has('vms') || usesVms(unit) ? ['#define PV_VMS 1024'] : []),
    ...(unit.features.has('vms')
      ? [`#define PV_VM_SLOTS ${isOld(unit) ? mostVms(unit.code) : 'PV_VMS'}`]
      : []),
    ...vcpuList(unit),
  ];
  return lines.length > 0 ? [...lines, ''] : [];
};

const usesVms = (unit: Unit): boolean =>
  unit.features.has('state vm') || unit.features.has('stats vm') || countsVcpus(unit);

function nrCpus(unit: Unit, text: readonly string[]): string[] {
  unit.usesNrCpus = text.some((line) => line.includes('pv_nr_cpus'));
  if (!unit.usesNrCpus) return [];
  return [
    '/* CPUs that the machine can have; the loader knows. */',
    'const volatile __u32 pv_nr_cpus = 1024;',
    '',
  ];
}

function dsqIds(program: Program): string[] {
  if (program.dsqs.length === 0) return [];
  return [
    'enum {',
    ...program.dsqs.flatMap((dsq) => [
      ...comment(dsq.doc).map((line) => `\t${line}`),
      `\t${dsqName(program, dsq.name)} = ${dsq.index},${dsq.order === 'vtime' ? '\t/* in order of virtual time */' : ''}`,
    ]),
    '};',
    '',
  ];
}

function headLines(program: Program, sourceName: string, needs: string): string[] {
  const doc =
    program.doc === undefined
      ? []
      : [
          ' *',
          ...inComment(program.doc)
            .split('\n')
            .map((line) => ` * ${line}`.trimEnd()),
        ];
  return [
    '// SPDX-License-Identifier: GPL-2.0',
    '/*',
    ` * ${program.name} for ${program.target}. Made from ${sourceName}: changes belong there, not here.`,
    ...doc,
    ' *',
    ...needs.split('\n').map((line) => ` * ${line}`),
    ' */',
  ];
}
