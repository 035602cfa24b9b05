import { className } from '../emit/executor/classes.ts';
import { DSQ, type Site, type Value } from '../emit/executor/host.ts';
import { showMask } from '../emit/executor/show.ts';
import { snapshot } from '../emit/executor/store.ts';
import type { Machine } from '../emit/executor/machine.ts';
import type { Program } from '../ir/ir.ts';
import { ACTIONS } from '../semantics/actions.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { Type } from '../semantics/types.ts';
import { plain, recordDecision, type Plain, type Target } from './recorder.ts';
import { threadLabel } from './tasks.ts';
import type { World } from './world.ts';

/** Where the state that decisions show is found: set once the policy is compiled. */
export interface Inspection {
  machine: Machine | undefined;
}

/** Remembers that the policy asked for the action `name`. */
export function recordAction(
  world: World,
  inspection: Inspection,
  name: string,
  deferred: boolean,
  args: readonly Value[],
  site: Site,
): void {
  const params = ACTIONS.find((action) => action.name === name)?.params ?? [];
  const [first] = params;
  const target = targetOf(first?.type, args[0]);
  const rest = params.slice(1).map((param, i) => [param.name, args[i + 1], param.type] as const);
  record(world, inspection, name, deferred, target, rest, site);
}

/** Remembers a call that changes something in the kernel. */
export function recordCall(
  world: World,
  call: CallInfo,
  args: readonly Value[],
  site: Site,
  result: Value,
): void {
  const params = call.params.filter((param) => !param.out);
  const [first] = params;
  const target = targetOf(first?.type, args[0], world.program);
  const rest: (readonly [string, Value, Type])[] = params
    .slice(1)
    .map((param, i) => [param.name, args[i + 1], param.type] as const);
  if (call.result.kind === 'bool') rest.push(['result', result, call.result]);
  record(world, { machine: undefined }, call.name, false, target, rest, site);
}

function record(
  world: World,
  { machine }: Inspection,
  action: string,
  deferred: boolean,
  target: Target,
  args: readonly (readonly [string, Value, Type])[],
  site: Site,
): void {
  const { moment } = world;
  recordDecision(world.recorder, action, () => ({
    row: moment.row,
    t: moment.t,
    cpu: moment.cpu,
    handler: moment.handler,
    start: site.span.start,
    action,
    deferred,
    target,
    args: Object.fromEntries(args.map(([name, value, type]) => [name, shown(world, value, type)])),
    state: machine ? stateOf(world, machine, target) : {},
  }));
}

function targetOf(type: Type | undefined, value: Value, program?: Program): Target {
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

function queueName(program: Program | undefined, dsq: number): string {
  if (dsq === DSQ.local) return 'LOCAL';
  if (dsq === DSQ.global) return 'GLOBAL';
  const cpu = DSQ.cpuOf(dsq);
  return cpu === undefined ? (program?.dsqs[dsq]?.name ?? `dsq ${dsq}`) : `local_on(${cpu})`;
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

/** The state that is kept of the target, of its VM, and globally. */
function stateOf(world: World, machine: Machine, target: Target): Record<string, Plain> {
  const entities: (readonly ['vcpu' | 'task' | 'vm' | 'cpu' | 'global', number | undefined])[] = [
    ['global', 0],
    [
      'vm',
      target.kind === 'vm'
        ? target.vm
        : target.kind === 'thread'
          ? world.machines.vmOf.get(target.tid)
          : undefined,
    ],
    ['task', target.kind === 'thread' ? target.tid : undefined],
    ['vcpu', target.kind === 'thread' ? target.tid : undefined],
    ['cpu', target.kind === 'cpu' ? target.cpu : undefined],
  ];
  const state: Record<string, Plain> = {};
  for (const [scope, entity] of entities) {
    const store = machine.stores.get(scope);
    const values = store && entity !== undefined ? snapshot(store, entity) : undefined;
    for (const [name, value] of Object.entries(values ?? {})) {
      state[scope === 'global' ? name : `${scope}.${name}`] = plain(value);
    }
  }
  return state;
}
