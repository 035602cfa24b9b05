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
}

/** The recorded schedule so far: who runs where, and what every thread does. */
export interface Schedule {
  readonly threads: Map<number, Thread>;
  /** Thread id by CPU; −1: not known yet. */
  readonly current: Int32Array;
}

export function newSchedule(cpus: number): Schedule {
  return { threads: new Map(), current: new Int32Array(cpus).fill(-1) };
}

/** The thread `tid`, made where it has not been seen yet. */
export function threadOf(schedule: Schedule, tid: number): Thread {
  let thread = schedule.threads.get(tid);
  if (!thread) {
    thread = {
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
    };
    schedule.threads.set(tid, thread);
  }
  return thread;
}

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

/** A new thread: whatever was known of an older one with its id is void. */
export function applyFork(schedule: Schedule, t: number, parent: number, child: number): void {
  schedule.threads.delete(child);
  const thread = threadOf(schedule, child);
  thread.parent = parent;
  thread.born = t;
  thread.state = BLOCKED;
  thread.since = t;
  thread.prio = schedule.threads.get(parent)?.prio ?? -2;
}
