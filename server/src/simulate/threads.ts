import { ByThread } from './by-thread.ts';
import { TASK_STATE } from '../trace/kinds.ts';

export const UNKNOWN = 0;
export const RUNNING = 1;
export const RUNNABLE = 2;
export const BLOCKED = 3;
export const DEAD = 4;
export type ThreadState = typeof UNKNOWN | typeof RUNNING | typeof RUNNABLE | typeof BLOCKED | typeof DEAD;

/** What the recorded schedule says of a thread up to now. Times are ns since the start of the trace. */
export interface Thread {
  readonly tid: number;
  state: ThreadState;
  /** Where it ran last, or was last placed; −1: not seen yet. */
  cpu: number;
  /** Kernel priority (nice + 120; below 100 real time); −2: not seen yet. */
  prio: number;
  /** Since when it is in its state. */
  since: number;
  /** How long it has run, as far as the trace goes back. */
  ran: number;
  /** The thread that made it, where the trace shows that; −1. */
  parent: number;
  /** When it was made, where the trace shows that; −1. */
  born: number;
  /** Its `p->scx` as the policy and the run so far leave it. */
  slice: number | bigint;
  vtime: number | bigint;
  /** The policy's queue that it is in; undefined: in none. */
  queue: number | undefined;
  /** Has the policy been told of it? */
  met: boolean;
  /** Has a sched_waking announced the wake-up that comes next? */
  announced: boolean;
}

/** The recorded schedule so far: who runs where, and what every thread does. */
export interface Schedule {
  readonly threads: ByThread<Thread>;
  /** Thread id by CPU; −1: not known yet. */
  readonly current: Int32Array;
}

export const newSchedule = (cpus: number): Schedule => ({
  threads: new ByThread(newThread),
  current: new Int32Array(cpus).fill(-1),
});

const newThread = (tid: number): Thread => ({
  tid,
  state: UNKNOWN,
  cpu: -1,
  prio: -2,
  since: 0,
  ran: 0,
  parent: -1,
  born: -1,
  slice: 0,
  vtime: 0,
  queue: undefined,
  met: false,
  announced: false,
});

/** The thread `tid`, made where it has not been seen yet. */
export const threadOf = ({ threads }: Schedule, tid: number): Thread => threads.of(tid);

/** Is a task that left its CPU in this `prev_state` still runnable? */
export const staysRunnable = (state: number): boolean => (state & ~TASK_STATE.preempted) === 0;

const isDead = (state: number): boolean => (state & (TASK_STATE.dead | TASK_STATE.zombie)) !== 0;

/** Takes a sched_switch into the schedule: `prev` leaves `cpu` in `state`, `next` runs there. */
export function applySwitch(
  schedule: Schedule,
  t: number,
  cpu: number,
  prev: Thread,
  prevPrio: number,
  state: number,
  next: Thread,
  nextPrio: number,
): void {
  if (prev.state === RUNNING) prev.ran += t - prev.since;
  prev.state = staysRunnable(state) ? RUNNABLE : isDead(state) ? DEAD : BLOCKED;
  prev.since = t;
  prev.cpu = cpu;
  prev.prio = prevPrio;
  next.state = RUNNING;
  next.since = t;
  next.cpu = cpu;
  next.prio = nextPrio;
  schedule.current[cpu] = next.tid;
}

/** Takes a wake-up into the schedule: the thread waits for `cpu` from now on, unless it never slept. */
export function applyWake(thread: Thread, t: number, cpu: number, prio: number): void {
  if (thread.state === RUNNING || thread.state === RUNNABLE) return;
  thread.state = RUNNABLE;
  thread.since = t;
  thread.cpu = cpu;
  thread.prio = prio;
}

/**
 * A new thread: what the recording showed of an older one with its id is void. What the policy was told of that one
 * holds until the new one wakes up.
 */
export function applyFork(schedule: Schedule, t: number, parent: number, child: number): void {
  const thread = threadOf(schedule, child);
  const { queue, met, announced } = thread;
  Object.assign(thread, newThread(child), { queue, met, announced });
  // To the end: threads are in the order in which they were first seen.
  schedule.threads.delete(child);
  schedule.threads.set(child, thread);
  thread.parent = parent;
  thread.born = t;
  thread.state = BLOCKED;
  thread.since = t;
  thread.prio = schedule.threads.get(parent)?.prio ?? -2;
}
