import { className } from '../emit/executor/classes.ts';
import { DSQ, type Site, type Value } from '../emit/executor/host.ts';
import { showMask } from '../emit/executor/show.ts';
import { cellValue } from '../emit/executor/store.ts';
import type { Machine } from '../emit/executor/machine.ts';
import type { Program } from '../ir/ir.ts';
import { ACTIONS } from '../semantics/actions.ts';
import type { Scope } from '../semantics/model.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import { showValue } from '../semantics/show-value.ts';
import type { Type } from '../semantics/types.ts';
import { plain, recordDecision, type Plain, type RawDecision, type Target } from './recorder.ts';
import { threadLabel } from './tasks.ts';
import type { World } from './world.ts';

/** Where the state that decisions show is found: set once the policy is compiled. */
export interface Inspection {
  machine: Machine | undefined;
}

/** Remembers that the policy asked for the action `name`. */
export function recordAction(
  world: World,
  { machine }: Inspection,
  name: string,
  deferred: boolean,
  args: readonly Value[],
  site: Site,
): void {
  recordDecision(world.recorder, name, () => {
    const params = ACTIONS.find((action) => action.name === name)?.params ?? [];
    return decision(world, machine, { name, deferred, params, args }, site);
  });
}

/** Remembers a call that changes something in the kernel, with its answer where that is yes or no. */
export function recordCall(
  world: World,
  call: CallInfo,
  args: readonly Value[],
  site: Site,
  result: Value,
): void {
  recordDecision(world.recorder, call.name, () => {
    const params = shownParams(call);
    const values = call.result.kind === 'bool' ? [...args.slice(0, params.length - 1), result] : args;
    return decision(world, undefined, { name: call.name, deferred: false, params, args: values }, site);
  });
}

const shownOf = new WeakMap<CallInfo, Request['params']>();

/** What is shown of a call: what it was given, and its answer where that is yes or no. */
function shownParams(call: CallInfo): Request['params'] {
  let params = shownOf.get(call);
  if (!params) {
    const given = call.params.filter((param) => !param.out);
    params = call.result.kind === 'bool' ? [...given, { name: 'result', type: call.result }] : given;
    shownOf.set(call, params);
  }
  return params;
}

/** Something that a policy asked for; the first argument is what it is about. */
interface Request {
  readonly name: string;
  readonly deferred: boolean;
  readonly params: readonly { readonly name: string; readonly type: Type }[];
  readonly args: readonly Value[];
}

function decision(world: World, machine: Machine | undefined, request: Request, site: Site): RawDecision {
  const { row, t, cpu, handler } = world.moment;
  const { name, deferred, params, args } = request;
  const target = targetOf(params[0]?.type, args[0], world.program);
  const shownArgs: Record<string, Plain> = {};
  let words = '';
  for (let i = 1; i < params.length; i++) {
    const { name: label, type } = params[i]!;
    const value = shown(world, args[i], type);
    shownArgs[label] = value;
    words += `${i === 1 ? '' : ', '}${label}: ${inWords(value, type)}`;
  }
  return {
    row,
    t,
    cpu,
    handler,
    start: site.span.start,
    action: name,
    deferred,
    target,
    args: shownArgs,
    words,
    state: machine ? stateOf(world, machine, target) : {},
  };
}

function targetOf(type: Type | undefined, value: Value, program: Program): Target {
  switch (type?.kind) {
    case 'vm':
      return { kind: 'vm', vm: Number(value) };
    case 'cpu':
      return { kind: 'cpu', cpu: Number(value) };
    case 'string':
      return { kind: 'event', name: String(value) };
    case 'dsq':
      return { kind: 'queue', name: queueName(program, Number(value)) };
    default:
      return { kind: 'thread', tid: Number(value) };
  }
}

function queueName(program: Program, dsq: number): string {
  if (dsq === DSQ.local) return 'LOCAL';
  if (dsq === DSQ.global) return 'GLOBAL';
  const cpu = DSQ.cpuOf(dsq);
  return cpu === undefined ? (program.dsqs[dsq]?.name ?? `dsq ${dsq}`) : `local_on(${cpu})`;
}

/** An argument as JSON can hold it: durations in ns, classes and queues by name, masks as lists of CPUs. */
function shown(world: World, value: Value, type: Type): Plain {
  switch (type.kind) {
    case 'sched_class':
      return className(Number(value));
    case 'cpumask':
      return showMask(typeof value === 'bigint' ? value : 0n);
    case 'dsq':
      return queueName(world.program, Number(value));
    case 'flags':
      return typeof value === 'number' || typeof value === 'bigint'
        ? `0x${value.toString(16)}`
        : plain(value);
    case 'task':
    case 'vcpu':
      return threadLabel(world.trace, Number(value));
    case 'vm':
      return world.machines.vms[Number(value)]?.name ?? plain(value);
    default:
      return plain(value);
  }
}

/** `value` as people write it: durations and ratios with their unit. */
function inWords(value: Plain, type: Type | undefined): string {
  return type && typeof value === 'number' && Number.isInteger(value)
    ? showValue(BigInt(value), type)
    : String(value);
}

/** The state that is kept of the target, of its VM, and globally. */
function stateOf(world: World, machine: Machine, target: Target): Record<string, Plain> {
  const thread = target.kind === 'thread' ? target.tid : undefined;
  const vm =
    target.kind === 'vm' ? target.vm : thread === undefined ? undefined : world.machines.vmOf.get(thread);
  const state: Record<string, Plain> = {};
  addState(state, machine, 'global', 0, '');
  addState(state, machine, 'vm', vm, 'vm.');
  addState(state, machine, 'task', thread, 'task.');
  addState(state, machine, 'vcpu', thread, 'vcpu.');
  addState(state, machine, 'cpu', target.kind === 'cpu' ? target.cpu : undefined, 'cpu.');
  return state;
}

function addState(
  state: Record<string, Plain>,
  machine: Machine,
  scope: Scope,
  entity: number | undefined,
  prefix: string,
): void {
  const store = machine.stores.get(scope);
  const row = entity === undefined ? undefined : store?.rows.get(entity);
  if (!store || row === undefined) return;
  for (let i = 0; i < store.fields.length; i++)
    state[prefix + store.fields[i]!.name] = plain(cellValue(store.columns[i]?.[row]));
}
