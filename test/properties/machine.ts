import { readFileSync } from 'node:fs';
import { REQUESTS } from '../../server/src/emit/c/actions.ts';
import { pageFieldType } from '../../server/src/emit/c/pages.ts';
import { atomicFields } from '../../server/src/emit/c/walk.ts';
import type { Host, Value } from '../../server/src/emit/executor/host.ts';
import type { Action, IrType, Program } from '../../server/src/ir/ir.ts';
import { fakeHost } from '../emit/executor/fake-host.ts';
import type { Choices } from '../support/random-choices.ts';
import { NAMES, type Table } from '../support/random-policy-things.ts';

/**
 * The machine that both the kernel and the executor answer from: three threads in two processes, all of them vCPUs, as
 * the runner (agree.c) makes them and as the fake host numbers them.
 */
export const THREADS = [
  { tid: 10, vm: 0, name: 'first' },
  { tid: 11, vm: 0, name: 'fifteen_letters' },
  { tid: 20, vm: 1, name: 'zwölf' },
] as const;

/** The first thread of each process. */
const FIRST_OF_VM = [0, 2] as const;

/** CPUs that the machine can have, from 0 on. */
export const CPUS =
  Number(/\d+$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim())?.[0] ?? 0) + 1;
export const ALL = (1n << BigInt(CPUS)) - 1n;

/** CPUs that each thread may run on. */
export const AFFINITY: readonly bigint[] = [1n, ALL, 1n << BigInt(CPUS - 1)];

/** What a function is called with: a number, or something of the machine. */
export type Argument =
  | bigint
  | { readonly kind: 'thread' | 'mask'; readonly at: number }
  | { readonly kind: 'vm'; readonly at: number };

/** An argument of that kind. */
export function argumentOf(c: Choices, kind: 'task' | 'vcpu' | 'vm' | 'cpu' | 'cpumask'): Argument {
  switch (kind) {
    case 'cpu':
      return BigInt(c.below(CPUS));
    case 'vm':
      return { kind: 'vm', at: c.below(2) };
    case 'cpumask':
      return { kind: 'mask', at: c.below(THREADS.length) };
    case 'task':
    case 'vcpu':
      return { kind: 'thread', at: c.below(THREADS.length) };
  }
}

/** The argument as the runner reads it. */
export function runnerText(argument: Argument): string {
  if (typeof argument === 'bigint') return `0x${BigInt.asUintN(64, argument).toString(16)}`;
  return argument.kind === 'vm' ? `%${FIRST_OF_VM[argument.at]}` : `@${argument.at}`;
}

/** The argument as the executor has it; undefined for numbers, which depend on their type. */
export function executorValue(argument: Argument): Value {
  if (typeof argument === 'bigint') return undefined;
  if (argument.kind === 'vm') return argument.at;
  return argument.kind === 'mask' ? AFFINITY[argument.at] : THREADS[argument.at]?.tid;
}

/** An entry of a table, by what stands for its key. */
export interface Row {
  readonly table: Table;
  readonly key: Argument | string;
  readonly value: bigint;
}

/** Entries for some of the keys of each table, with values that `valueOf` makes. */
export function rowsFrom(c: Choices, tables: readonly Table[], valueOf: (table: Table) => bigint): Row[] {
  return tables.flatMap((table) =>
    keysOf(table)
      .filter(() => c.flip())
      .map((key) => ({ table, key, value: valueOf(table) })),
  );
}

function keysOf({ key }: Table): readonly Row['key'][] {
  switch (key) {
    case 'string':
      return NAMES.filter((name) => Buffer.byteLength(name) <= 15);
    case 'cpu':
      return [0n, BigInt(CPUS - 1)];
    case 'vm':
      return [0, 1].map((at) => ({ kind: 'vm', at }));
    case 'task':
      return THREADS.map((_, at) => ({ kind: 'thread', at }));
  }
}

/** What the guest of each thread wrote into its page: a number for each field. */
export type Hints = readonly (readonly bigint[])[];

/** The page of a thread as bytes in hexadecimal, as C lays out its fields. */
function pageBytes(program: Program, values: readonly bigint[]): string {
  const bytes: number[] = [];
  const atomic = atomicFields(program, program.host);
  program.hint.forEach((field, i) => {
    const size = Number(/\d+/.exec(pageFieldType({ atomic }, 'hint', field))?.[0] ?? 32) / 8;
    while (bytes.length % size !== 0) bytes.push(0);
    for (let at = 0; at < size; at++)
      bytes.push(Number((BigInt.asUintN(64, values[i] ?? 0n) >> BigInt(8 * at)) & 255n));
  });
  return Buffer.from(bytes).toString('hex');
}

/** What the runner is told before the first call: who is a vCPU, what their guests wrote, and the operator's tables. */
export function setup(program: Program, rows: readonly Row[], hints: Hints): string[] {
  return [
    ...THREADS.map(({ tid }, at) => `run call_track @${at} ${tid % 10}`),
    ...THREADS.flatMap((_, at) => [
      `set hints @${at} $${pageBytes(program, hints[at] ?? [])}`,
      `set feedbacks @${at} $00`,
    ]),
    ...rows.map(({ table, key, value }) => {
      const text = typeof key === 'string' ? `$${Buffer.from(key).toString('hex')}00` : runnerText(key);
      return `set ${table.name}_table ${text} ${runnerText(value)}`;
    }),
  ];
}

/** The executor's host. What the policy asks for is put into `asked` as the runner shows it. */
export function machineHost(
  program: Program,
  rows: readonly Row[],
  hints: Hints,
  lineOf: (start: number) => number,
): Host & {
  readonly asked: string[];
} {
  const asked: string[] = [];
  const at = (tid: unknown): number => THREADS.findIndex((thread) => thread.tid === tid);
  const host = fakeHost();
  for (const { table, key, value } of rows) {
    const name = typeof key === 'string' ? key : (executorValue(key) ?? Number(key as bigint));
    const type = program.tables.find((one) => one.name === table.name)?.value;
    host.rows.set(`${table.name} ${String(name)}`, typedValue(type, value));
  }
  program.hint.forEach(({ name, type }, i) => {
    if (type.kind !== 'scalar') return;
    for (const [thread, { tid }] of THREADS.entries())
      host.hints.set(`${tid} ${name}`, typedValue(type.type, hints[thread]?.[i] ?? 0n));
  });
  return {
    ...host,
    asked,
    allCpus: () => ALL,
    taskComm: (task) => THREADS[at(task)]?.name ?? '',
    isKthread: () => false,
    canRunOn: (task, cpu) => ((AFFINITY[at(task)] ?? 0n) >> BigInt(cpu)) % 2n === 1n,
    kernelField: (root, path, type, site) =>
      path.join('.') === 'cpus_ptr'
        ? { load: (task) => AFFINITY[at(task)], store: () => undefined }
        : host.kernelField(root, path, type, site),
    action: (action, site) => (args) => void asked.push(requestText(action, args, lineOf(site.span.start))),
  };
}

function typedValue(type: IrType | undefined, value: bigint): Value {
  if (type?.kind === 'bool') return value !== 0n;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A request, as the runner shows it: by name here, for the numbers of actions depend on which there are. */
function requestText({ name }: Action, args: readonly Value[], line: number): string {
  const form = REQUESTS[name];
  if (!form) throw new Error(`${name} is none of the agent's`);
  const [who, ...rest] = form.whom === 'nobody' ? [undefined, ...args] : args;
  const thread = form.whom === 'thread' ? THREADS.findIndex(({ tid }) => tid === who) : -1;
  const process =
    form.whom === 'thread'
      ? THREADS.findIndex(({ vm }) => vm === THREADS[thread]?.vm)
      : (FIRST_OF_VM[who as number] ?? -1);
  const numbers = form.mask === true ? [] : rest.map(bits);
  const span = form.until === true ? numbers.pop() : '0';
  const mask = form.mask === true ? `:${rest[0] === undefined ? '' : bits((rest[0] as bigint) & ALL)}` : '';
  return `${name}:${line}:@${thread}:%${process}:${numbers[0] ?? '0'}:${numbers[1] ?? '0'}:${span}${mask}`;
}

const bits = (value: Value): string =>
  typeof value === 'string' ? value : BigInt.asUintN(64, BigInt(value as bigint)).toString(16);

/** Names in the order of their numbers, as the header of a policy has them: of actions from 1 on, of events from 0 on. */
export interface Numbered {
  readonly actions: readonly string[];
  readonly events: readonly string[];
}

export function numbered(header: string): Numbered {
  const names = (tag: string, prefix: string): string[] => {
    const body = new RegExp(`enum ${tag} \\{([^}]*)\\}`).exec(header)?.[1] ?? '';
    return [...body.matchAll(/PV_\w+/g)].map(([name]) => name.replace(prefix, '').toLowerCase());
  };
  return { actions: names('pv_action', 'PV_'), events: names('pv_event', 'PV_EVENT_') };
}

/** A request that the runner shows, with names for what depends on the policy and without what does not count. */
export function requestSeen(text: string, { actions, events }: Numbered): string {
  const [action = '', line = '', thread, process, first = '', second, span, ...words] = text.split(':');
  const name = actions[parseInt(action, 16) - 1] ?? action;
  const mask = words.reduce((sum, word, i) => sum | (BigInt(`0x${word}`) << BigInt(64 * i)), 0n) & ALL;
  const shown = REQUESTS[name]?.mask === true ? `:${mask.toString(16)}` : '';
  const argument = name === 'signal' ? events[parseInt(first, 16)] : first;
  return `${name}:${parseInt(line, 16)}:${thread}:${process}:${argument}:${second}:${span}${shown}`;
}
