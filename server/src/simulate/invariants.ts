import type { Checkable } from '../emit/executor/execute.ts';
import type { Expr, Intrinsic, InvariantDef, IrType } from '../ir/ir.ts';
import { walkExpr } from '../ir/walk.ts';
import type { World } from './world.ts';

/** The first time that an invariant did not hold for an entity. */
export interface Violation {
  readonly name: string;
  /** Offset in the policy of the condition that failed. */
  readonly start: number;
  /** What it failed for: one entity for each parameter. */
  readonly entities: readonly { readonly kind: IrType['kind']; readonly id: number }[];
  /** Row of the event at which it was noticed, and ns since the start of the trace. */
  readonly row: number;
  readonly t: number;
}

/** Up to so many entities all are checked at every event. */
const FEW = 16;
/** More than that: those that the event names at every event, and all of them in this grid of the trace's time, in ns. */
const GRID = 1_000_000;
/** Violations that are kept. */
const MOST = 1000;

/** Checks the invariants of a policy while it is replayed. */
export interface Watch {
  /** Checks at the moment of the world; `touched` are the threads that the event names. */
  readonly check: (touched: () => readonly number[]) => void;
  /** Would a check find what the last one found, whatever the time is? */
  readonly isSettled: () => boolean;
  readonly violations: readonly Violation[];
}

/** `changes` counts the times at which state may have changed. */
export function watch(
  world: World,
  invariants: readonly Checkable[],
  changes: { readonly count: number },
): Watch {
  const violations: Violation[] = [];
  const population = populationOf(world);
  const watched = invariants.map((checkable): Watched => ({
    checkable,
    broken: new Set(),
    few: population.few(checkable.invariant),
  }));
  const settles = watched.every(({ few }) => few !== undefined);
  /** Those that a check at another time may judge otherwise. */
  const restless: Watched[] = [];
  const restlessEntities: number[] = [];
  let checkedAt = -1;
  let nextSweep = 0;

  const checkOne = ({ checkable, broken }: Watched): void => {
    const condition = checkable.check();
    if (condition < 0) return;
    const { frame, invariant } = checkable;
    const ids = invariant.params.map((param) => Number(frame[param.id]));
    const key = ids.join(' ');
    if (broken.has(key) || violations.length >= MOST) return;
    broken.add(key);
    violations.push({
      name: invariant.name,
      start: invariant.always[condition]?.span.start ?? invariant.span.start,
      entities: ids.map((id, i) => ({ kind: invariant.params[i]?.type.kind ?? 'void', id })),
      row: world.moment.row,
      t: world.moment.t,
    });
  };

  /** Checks for each entity that the parameters from `depth` on can be. */
  const checkEach = (one: Watched, depth: number, sweep: boolean, touched: () => readonly number[]): void => {
    const { frame, invariant } = one.checkable;
    const param = invariant.params[depth];
    if (!param) return checkOne(one);
    const entities = population.at(param.type, sweep, touched);
    for (let i = 0; i < entities.length; i++) {
      frame[param.id] = entities[i];
      checkEach(one, depth + 1, sweep, touched);
    }
  };

  const checkFew = (one: Watched, entity: number): void => {
    const { frame, invariant, clock } = one.checkable;
    const [param] = invariant.params;
    if (param) frame[param.id] = entity;
    clock.read = false;
    checkOne(one);
  };

  /** After a change all are checked, and else those alone that asked for the time. */
  const checkSettling = (): void => {
    if (checkedAt === changes.count) {
      for (let i = 0; i < restless.length; i++) checkFew(restless[i]!, restlessEntities[i]!);
      return;
    }
    checkedAt = changes.count;
    let found = 0;
    for (let i = 0; i < watched.length; i++) {
      const one = watched[i]!;
      const { few = [] } = one;
      for (let at = 0; at < few.length; at++) {
        checkFew(one, few[at]!);
        if (!one.checkable.clock.read) continue;
        restless[found] = one;
        restlessEntities[found++] = few[at]!;
      }
    }
    while (restless.length > found) restless.pop();
  };

  return {
    violations,
    isSettled: () => settles && restless.length === 0 && checkedAt === changes.count,
    check: (touched) => {
      if (settles) return checkSettling();
      const sweep = world.moment.t >= nextSweep;
      if (sweep) nextSweep = world.moment.t + GRID;
      for (let i = 0; i < watched.length; i++) checkEach(watched[i]!, 0, sweep, touched);
    },
  };
}

interface Watched {
  readonly checkable: Checkable;
  /** Entities that have been reported. */
  readonly broken: Set<string>;
  /** What it is for, where that is always the same and state and time alone decide. */
  readonly few: readonly number[] | undefined;
}

interface Population {
  /** The entities of a type that are to be checked at one event. */
  readonly at: (type: IrType, sweep: boolean, touched: () => readonly number[]) => readonly number[];
  readonly few: (invariant: InvariantDef) => readonly number[] | undefined;
}

function populationOf(world: World): Population {
  const { machines, schedule, trace, moment } = world;
  const vms = [...machines.vms.keys()];
  const vcpus = [...machines.vcpuOf.keys()];
  const cpus = Array.from({ length: trace.cpus }, (_, cpu) => cpu);
  return {
    few: ({ params: [param, second], always }) => {
      if (second || !always.every(isSettled)) return undefined;
      if (!param) return [0];
      const all = { vm: vms, vcpu: vcpus, cpu: cpus };
      const entities = Object.hasOwn(all, param.type.kind) ? all[param.type.kind as keyof typeof all] : [];
      return param.type.kind === 'task' || (entities.length > FEW && entities !== vms) ? undefined : entities;
    },
    at: (type, sweep, touched) => {
      switch (type.kind) {
        case 'vm':
          return vms;
        case 'vcpu':
          return sweep || vcpus.length <= FEW ? vcpus : touched().filter((tid) => machines.vcpuOf.has(tid));
        case 'task': {
          const all = sweep || schedule.threads.size <= FEW;
          return (all ? [...schedule.threads.keys()] : touched()).filter((tid) => tid > 0);
        }
        case 'cpu':
          return sweep || cpus.length <= FEW ? cpus : [moment.cpu];
        default:
          throw new Error(`an invariant for every ${type.kind}`);
      }
    },
  };
}

/** Is the invariant about every task, or about more than the time and the policy's own state? */
export function asksForTasks({ params, always }: InvariantDef): boolean {
  let asks = params.some(({ type }) => type.kind === 'task');
  const expr = (inner: Expr): void => {
    if (inner.kind === 'intrinsic') asks ||= inner.name !== 'now';
    if (inner.kind === 'load') asks ||= inner.place.kind !== 'state';
    if (inner.kind === 'call') asks = true;
  };
  for (const condition of always) walkExpr(condition, { expr });
  return asks;
}

/** Expressions whose value changes only with the policy's state. */
const OF_STATE: ReadonlySet<Expr['kind']> = new Set<Expr['kind']>([
  'const',
  'kernel-const',
  'local',
  'param',
  'counter-value',
  'binary',
  'logical',
  'not',
  'complement',
  'negate',
  'convert',
  'select',
  'none',
  'some',
  'is-some',
  'collection',
]);

/** Does the value of a condition change with the policy's state and the time alone? */
function isSettled(condition: Expr): boolean {
  let settled = true;
  const expr = (inner: Expr): void => {
    settled &&=
      OF_STATE.has(inner.kind) ||
      (inner.kind === 'intrinsic' && OF_VCPU.has(inner.name)) ||
      (inner.kind === 'load' && inner.place.kind === 'state');
  };
  walkExpr(condition, { expr });
  return settled;
}

/** Operations whose result is that of the same operands, but for `now`, which a check notices. */
const OF_VCPU: ReadonlySet<Intrinsic> = new Set<Intrinsic>(['now', 'vcpu-vm', 'vcpu-id', 'vm-id', 'abs']);
