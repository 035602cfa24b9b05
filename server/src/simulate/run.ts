import { execution, type Execution } from '../emit/executor/execute.ts';
import type { Value } from '../emit/executor/host.ts';
import type { Program } from '../ir/ir.ts';
import type { Trace } from '../trace/columns.ts';
import { expireBoosts, newBoosts } from './boosts.ts';
import type { Inspection } from './decide.ts';
import { newHints, type Assumption } from './hints.ts';
import type { Violation } from './invariants.ts';
import { ops } from './ops.ts';
import { clock } from './moment.ts';
import { haltRows } from './prepass.ts';
import { newQueues } from './queues.ts';
import { newRecorder } from './recorder.ts';
import { replayHost } from './replay-host.ts';
import type { Tables } from './scenario.ts';
import { newFiring, newSession } from './session.ts';
import { stepsOf } from './steps.ts';
import { newSchedule } from './threads.ts';
import type { Machines } from './vms.ts';
import { idleTask } from './tasks.ts';
import { boundMask, type World } from './world.ts';

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
  const { trace, program } = plan;
  const halts = lazily(() => haltRows(trace, plan.machines.vcpuOf));
  const world = newWorld(plan, {
    haltsAt: (row) => halts()[row] === 1,
    allowed: (tid) => boundMask(trace, tid),
  });
  const inspection: Inspection = { machine: undefined };
  const compiled = execution(program, 'host', replayHost(world, inspection), plan.params);
  inspection.machine = compiled.machine;
  const firing = newFiring(compiled);
  const opSteps = program.target === 'sched_ext' ? ops(world, firing, compiled.handlers) : undefined;
  const session = newSession(world, compiled, firing, stepsOf(world, firing, compiled, opSteps));
  const end = trace.time[trace.length - 1] ?? 0;
  session.begin(trace.time[0] ?? 0);
  opSteps?.atStart();
  for (let row = 0; row < trace.length; row++) {
    const t = trace.time[row] ?? 0;
    if (t >= session.timers.next) session.timers.runUntil(t);
    session.event(row, t, row);
  }
  session.end(end);
  opSteps?.atEnd();
  expireBoosts(world.boosts, end);
  return session.result();
}

function lazily<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}

/** The world of a run that has not begun. */
export function newWorld(
  { program, trace, machines, tables, assumptions, mostDecisions }: ReplayPlan,
  around: Pick<World, 'haltsAt' | 'allowed'>,
): World {
  // No spread: objects that begin with one do not share a shape, and all code that knows them is optimized anew.
  return {
    haltsAt: around.haltsAt,
    allowed: around.allowed,
    program,
    trace,
    // The map of states by thread of the generated C: task storage, but a hash by thread id for pvsched.
    idleOf: program.target === 'pvsched' ? () => 0 : idleTask,
    machines,
    tables,
    schedule: newSchedule(trace.cpus),
    moment: { row: -1, t: 0, cpu: 0, tid: 0, handler: -1 },
    clock: clock(trace.baseNs),
    boosts: newBoosts(),
    hints: newHints(assumptions),
    queues: newQueues(),
    recorder: newRecorder(mostDecisions),
    claimed: new Uint8Array(trace.cpus),
    placement: { cpu: -1 },
    picked: { thread: undefined },
    random: { state: 0x2545f491 },
  };
}
