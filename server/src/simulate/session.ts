import type { Execution } from '../emit/executor/execute.ts';
import { fire, handlersOf, type Firing } from './firing.ts';
import { watch } from './invariants.ts';
import type { ReplayRun } from './run.ts';
import { namedThreads, type Steps } from './steps.ts';
import { taskAt, type World } from './world.ts';

/** A policy that runs: what happens around it is told to it, in the order of time. */
export interface Session {
  /** At the first event, `t` ns since the start of the trace. */
  readonly begin: (t: number) => void;
  /** The event in the row `row` of the world's trace happens at `t`; reports know it as row `number`. */
  readonly event: (row: number, t: number, number: number) => void;
  /** It is `t`, and what happens does so on `cpu`, where the thread `tid` runs. */
  readonly at: (t: number, cpu: number, tid: number) => void;
  readonly timers: Timers;
  /** At the last event. */
  readonly end: (t: number) => void;
  readonly result: () => ReplayRun;
}

export const newFiring = ({ handlers }: Execution): Firing => ({
  fired: new Float64Array(handlers.length),
  ran: 0,
});

export function newSession(world: World, compiled: Execution, firing: Firing, steps: Steps): Session {
  const { trace, moment } = world;
  const { handlers, invariants } = compiled;
  const guard = invariants.length > 0 ? watch(world, invariants, compiled.machine.changes) : undefined;
  const named = namedThreads(world);
  const idle = Uint8Array.from(steps.byKind, (list) => (list.length === 0 ? 1 : 0));
  const timers = newTimers(world, firing, compiled);
  let at = 0;
  const touched = (): readonly number[] => named[trace.kind[at] ?? 0]?.(at) ?? [];
  return {
    timers,
    at: (t, cpu, tid) => {
      moment.t = t;
      moment.cpu = cpu;
      moment.tid = taskAt(world, cpu, tid);
    },
    begin: (t) => {
      moment.t = t;
      for (const executable of handlersOf(handlers, 'init', '')) fire(world, firing, executable);
    },
    event: (row, t, number) => {
      const kind = trace.kind[row] ?? 0;
      if (idle[kind] === 1 && (!guard || guard.isSettled())) return;
      at = row;
      moment.t = t;
      moment.row = number;
      moment.cpu = trace.cpu[row] ?? 0;
      moment.tid = taskAt(world, moment.cpu, trace.tid[row] ?? -1);
      // Before the event changes anything: what time alone has broken shows here.
      if (guard && !guard.isSettled()) guard.check(touched);
      const before = firing.ran;
      const list = steps.byKind[kind] ?? [];
      for (let i = 0; i < list.length; i++) list[i]!(row);
      if (guard && firing.ran !== before) guard.check(touched);
    },
    end: (t) => {
      moment.t = t;
      for (const executable of handlersOf(handlers, 'exit', '')) fire(world, firing, executable);
    },
    result: () => ({
      world,
      execution: compiled,
      fired: firing.fired,
      violations: guard?.violations ?? [],
    }),
  };
}

export interface Timers {
  /** When the next one is due; Infinity without any. */
  next: number;
  /** Runs what is due up to `t`, in the order of time. */
  readonly runUntil: (t: number) => void;
}

/** The policy's `every` blocks: each fires for the first time one period after the trace began, on CPU 0. */
function newTimers(world: World, firing: Firing, { handlers }: Execution): Timers {
  const start = world.trace.time[0] ?? 0;
  const timers = handlersOf(handlers, 'every', '').map((executable) => {
    const period = Math.max(1, Number(executable.handler.period));
    return { executable, period, due: start + period };
  });
  const soonest = (): number => timers.reduce((least, { due }) => Math.min(least, due), Infinity);
  const all: Timers = {
    next: soonest(),
    runUntil: (t) => {
      while (all.next <= t) {
        const timer = timers.find(({ due }) => due === all.next);
        if (!timer) return;
        world.moment.t = timer.due;
        world.moment.cpu = 0;
        const running = world.schedule.current[0] ?? -1;
        world.moment.tid = running === -1 ? world.idleOf(0) : running;
        fire(world, firing, timer.executable);
        timer.due += timer.period;
        all.next = soonest();
      }
    },
  };
  return all;
}
