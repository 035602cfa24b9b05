import { bit } from '../emit/executor/masks.ts';
import type { Num } from '../emit/executor/number.ts';
import type { Program } from '../ir/ir.ts';
import type { Trace } from '../trace/columns.ts';
import type { Boosts } from './boosts.ts';
import type { Hints } from './hints.ts';
import type { Moment } from './moment.ts';
import type { Queues } from './queues.ts';
import type { Recorder } from './recorder.ts';
import { boundCpu, isIdleTask } from './tasks.ts';
import type { Tables } from './scenario.ts';
import type { Schedule, Thread } from './threads.ts';
import type { Machines } from './vms.ts';

/** Everything that a replay knows while it runs. */
export interface World {
  readonly program: Program;
  readonly trace: Trace;
  /** The idle task of a CPU: one each, or one for all where the policy keeps state by thread id. */
  readonly idleOf: (cpu: number) => number;
  readonly machines: Machines;
  readonly tables: Tables;
  /** Does a vCPU go to sleep halted at this row, a switch-out of its thread? */
  readonly haltsAt: (row: number) => boolean;
  /** CPUs that a task may use, as far as is known. */
  readonly allowed: (tid: number) => bigint;
  readonly schedule: Schedule;
  readonly moment: Moment;
  /** The time of a moment on the trace's own clock. */
  readonly clock: (t: number) => Num;
  readonly boosts: Boosts;
  readonly hints: Hints;
  readonly queues: Queues;
  readonly recorder: Recorder;
  /** CPUs that the policy took as idle since they last switched; 1 where taken. */
  readonly claimed: Uint8Array;
  /** The CPU that the task at hand was really placed on; −1 where none is being placed. */
  readonly placement: { cpu: number };
  /** The thread that the CPU at hand really runs next; undefined outside of `dispatch`. */
  readonly picked: { thread: Thread | undefined };
  /** State of the pseudo-random numbers that the policy asks for. */
  readonly random: { state: number };
}

/** The task with the thread id `tid` on `cpu`. */
export const taskAt = (world: World, cpu: number, tid: number): number =>
  tid === 0 ? world.idleOf(cpu) : tid;

/** Does the CPU idle in the recording, and has the policy not taken it yet? */
export function isIdle(world: World, cpu: number): boolean {
  const running = world.schedule.current[cpu] ?? -1;
  return isIdleTask(running) && world.claimed[cpu] === 0;
}

export function idleMask(world: World): bigint {
  let mask = 0n;
  for (let cpu = 0; cpu < world.trace.cpus; cpu++) if (isIdle(world, cpu)) mask |= bit(cpu);
  return mask;
}

/** CPUs that the task may use by its name: all, or the one that a kernel thread is bound to. */
export function boundMask(trace: Trace, tid: number): bigint {
  const bound = boundCpu(trace, tid);
  return bound === undefined ? (1n << BigInt(trace.cpus)) - 1n : bit(bound);
}

/** Notes that something is not in the trace, and what was taken for it. */
export function noteUnknown(world: World, what: string, taken: string): void {
  if (!world.recorder.unknown.has(what)) world.recorder.unknown.set(what, taken);
}

/** A function that does so the first time. */
export function noter(world: World, what: string, taken: string): () => void {
  let noted = false;
  return () => {
    if (noted) return;
    noted = true;
    noteUnknown(world, what, taken);
  };
}

/** The CPU where the thread ran or was placed last; the lowest where the trace has not shown it yet. */
export function cpuOf(world: World, tid: number): number {
  return Math.max(0, world.schedule.threads.get(tid)?.cpu ?? 0);
}
