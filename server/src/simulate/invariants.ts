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
  readonly check: (touched: () => readonly number[]) => void;
  readonly violations: readonly Violation[];
}

export function watch(world: World, invariants: readonly Checkable[]): Watch {
  const violations: Violation[] = [];
  const watched = invariants.map((checkable): Watched => ({ checkable, broken: new Set() }));
  const population = populationOf(world);
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
    const entities = population(param.type, sweep, touched);
    for (let i = 0; i < entities.length; i++) {
      frame[param.id] = entities[i];
      checkEach(one, depth + 1, sweep, touched);
    }
  };

  return {
    violations,
    check: (touched) => {
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
}

type Population = (type: IrType, sweep: boolean, touched: () => readonly number[]) => readonly number[];

/** Gives the entities of a type that are to be checked at one event. */
function populationOf(world: World): Population {
  const { machines, schedule, trace, moment } = world;
  const vms = [...machines.vms.keys()];
  const vcpus = [...machines.vcpuOf.keys()];
  const cpus = Array.from({ length: trace.cpus }, (_, cpu) => cpu);
  return (type, sweep, touched) => {
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
  };
}
