import type { Checkable } from '../emit/executor/execute.ts';
import type { IrType } from '../ir/ir.ts';
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
  readonly check: (touched: readonly number[]) => void;
  readonly violations: readonly Violation[];
}

export function watch(world: World, invariants: readonly Checkable[]): Watch {
  const violations: Violation[] = [];
  const watched = invariants.map((checkable) => ({ checkable, broken: new Set<string>() }));
  let nextSweep = 0;

  const report = (checkable: Checkable, condition: number, ids: readonly number[]): void => {
    if (violations.length >= MOST) return;
    const { invariant } = checkable;
    violations.push({
      name: invariant.name,
      start: invariant.always[condition]?.span.start ?? invariant.span.start,
      entities: ids.map((id, i) => ({ kind: invariant.params[i]?.type.kind ?? 'void', id })),
      row: world.moment.row,
      t: world.moment.t,
    });
  };

  const checkAll = (
    { checkable, broken }: (typeof watched)[number],
    sweep: boolean,
    touched: readonly number[],
  ): void => {
    const { frame, invariant } = checkable;
    const bind = (depth: number): void => {
      const param = invariant.params[depth];
      if (!param) {
        const ids = frame.slice(0, depth).map(Number);
        const key = ids.join(' ');
        if (broken.has(key)) return;
        const condition = checkable.check();
        if (condition < 0) return;
        broken.add(key);
        report(checkable, condition, ids);
        return;
      }
      for (const id of entities(world, param.type, sweep, touched)) {
        frame[param.id] = id;
        bind(depth + 1);
      }
    };
    bind(0);
  };

  return {
    violations,
    check: (touched) => {
      const sweep = world.moment.t >= nextSweep;
      if (sweep) nextSweep = world.moment.t + GRID;
      for (const one of watched) checkAll(one, sweep, touched);
    },
  };
}

/** The entities of a type that are to be checked now. */
function entities(world: World, type: IrType, sweep: boolean, touched: readonly number[]): Iterable<number> {
  const { machines, schedule, trace, moment } = world;
  switch (type.kind) {
    case 'vm':
      return machines.vms.keys();
    case 'vcpu':
      return sweep || machines.vcpuOf.size <= FEW
        ? machines.vcpuOf.keys()
        : touched.filter((tid) => machines.vcpuOf.has(tid));
    case 'task':
      return (sweep || schedule.threads.size <= FEW ? [...schedule.threads.keys()] : touched).filter(
        (tid) => tid > 0,
      );
    case 'cpu':
      return sweep || trace.cpus <= FEW ? Array.from({ length: trace.cpus }, (_, cpu) => cpu) : [moment.cpu];
    default:
      throw new Error(`an invariant for every ${type.kind}`);
  }
}
