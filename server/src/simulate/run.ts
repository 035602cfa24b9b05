import { execution, type Execution } from '../emit/executor/execute.ts';
import type { Value } from '../emit/executor/host.ts';
import type { Program } from '../ir/ir.ts';
import type { Trace } from '../trace/columns.ts';
import { expireBoosts, newBoosts } from './boosts.ts';
import type { Inspection } from './decide.ts';
import { fire, handlersOf, type Firing } from './firing.ts';
import { newHints, type Assumption } from './hints.ts';
import { watch, type Violation } from './invariants.ts';
import { clock } from './moment.ts';
import { newQueues } from './queues.ts';
import { newRecorder } from './recorder.ts';
import { replayHost } from './replay-host.ts';
import type { Tables } from './scenario.ts';
import { namedThreads, stepsOf } from './steps.ts';
import { newSchedule } from './threads.ts';
import type { Machines } from './vms.ts';
import { idleTask } from './tasks.ts';
import { taskAt, type World } from './world.ts';

/** What to replay. */
export interface ReplayPlan {
  readonly program: Program;
  readonly trace: Trace;
  readonly machines: Machines;
  readonly assumptions: readonly Assumption[];
  /** Params that differ from the policy's own values. */
  readonly params: ReadonlyMap<string, Value>;
  /** Entries of tables; where there is none, the table's default holds. */
  readonly tables: Tables;
  /** Decisions to keep; what is beyond is counted. */
  readonly mostDecisions: number;
}

/** A replay that is over. */
export interface ReplayRun {
  readonly world: World;
  readonly execution: Execution;
  /** How often each handler fired, by its index. */
  readonly fired: Float64Array;
  readonly violations: readonly Violation[];
}

/** Runs the policy's hooks over the recorded events, in order. The trace and the policy have been found to go together. */
export function runReplay(plan: ReplayPlan): ReplayRun {
  const { program, trace } = plan;
  const world = newWorld(plan);
  const inspection: Inspection = { machine: undefined };
  const compiled = execution(program, 'host', replayHost(world, inspection), plan.params);
  inspection.machine = compiled.machine;
  const { handlers, invariants } = compiled;
  const firing: Firing = { fired: new Float64Array(handlers.length), ran: 0 };
  const steps = stepsOf(world, firing, compiled);
  const { moment } = world;
  const setTime = clock(trace.baseNs);
  const guard = invariants.length > 0 ? watch(world, invariants) : undefined;
  const named = namedThreads(world);
  const timers = newTimers(world, firing, compiled);

  const end = trace.time[trace.length - 1] ?? 0;
  setTime(moment, trace.time[0] ?? 0);
  for (const executable of handlersOf(handlers, 'init', '')) fire(world, firing, executable);
  steps.ops?.atStart();
  const touched = (): readonly number[] => named[trace.kind[moment.row] ?? 0]?.(moment.row) ?? [];
  const idle = steps.byKind.map((list) => list.length === 0 && !guard);
  for (let row = 0; row < trace.length; row++) {
    const t = trace.time[row] ?? 0;
    if (t >= timers.next) timers.runUntil(t, (at) => setTime(moment, at));
    const kind = trace.kind[row] ?? 0;
    if (idle[kind] === true) continue;
    setTime(moment, t);
    moment.row = row;
    moment.cpu = trace.cpu[row] ?? 0;
    moment.tid = taskAt(world, moment.cpu, trace.tid[row] ?? -1);
    // Before the event changes anything: what time alone has broken shows here.
    guard?.check(touched);
    const before = firing.ran;
    const list = steps.byKind[kind] ?? [];
    for (let i = 0; i < list.length; i++) list[i]!(row);
    if (guard && firing.ran !== before) guard.check(touched);
  }
  setTime(moment, end);
  for (const executable of handlersOf(handlers, 'exit', '')) fire(world, firing, executable);
  steps.ops?.atEnd();
  expireBoosts(world.boosts, end);
  return { world, execution: compiled, fired: firing.fired, violations: guard?.violations ?? [] };
}

function newWorld({ program, trace, machines, tables, assumptions, mostDecisions }: ReplayPlan): World {
  return {
    program,
    trace,
    // The map of states by thread of the generated C: task storage, but a hash by thread id for pvsched.
    idleOf: program.target === 'pvsched' ? () => 0 : idleTask,
    machines,
    tables,
    schedule: newSchedule(trace.cpus),
    moment: { row: -1, t: 0, now: 0, cpu: 0, tid: 0, handler: -1 },
    boosts: newBoosts(),
    hints: newHints(assumptions),
    queues: newQueues(),
    recorder: newRecorder(mostDecisions),
    claimed: new Uint8Array(trace.cpus),
    placement: { cpu: -1 },
    picked: { tid: -1 },
    random: { state: 0x2545f491 },
  };
}

interface Timers {
  /** When the next one is due; Infinity without any. */
  next: number;
  /** Runs what is due up to `t`, in the order of time. */
  readonly runUntil: (t: number, setTime: (t: number) => void) => void;
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
    runUntil: (t, setTime) => {
      while (all.next <= t) {
        const timer = timers.find(({ due }) => due === all.next);
        if (!timer) return;
        setTime(timer.due);
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
