import { before, type Num } from '../../../emit/executor/number.ts';

/** A task as sched_ext keeps it (kernel/sched/ext.c: struct sched_ext_entity). Times are ns since the start of the run. */
export interface ScxTask {
  readonly tid: number;
  /** The CPU whose runqueue it belongs to. */
  cpu: number;
  /** Runnable, on a runqueue: SCX_TASK_QUEUED. */
  queued: boolean;
  /** In the hands of the policy: it was given to `enqueue`, which has put it nowhere yet (SCX_OPSS_QUEUED). */
  owned: boolean;
  /** The queue that holds it. */
  dsq: Dsq | undefined;
  /** Key in a queue ordered by virtual time. */
  key: Num;
  /** Where select_cpu or enqueue inserted it, until the queue takes it. */
  direct: Insertion | undefined;
  /** Since when it waits, for the watchdog. */
  runnableAt: number;
}

/** An insertion that the policy asked for. */
export interface Insertion {
  readonly dsq: number;
  /** SCX_ENQ_HEAD or SCX_ENQ_PREEMPT: in front of all others. */
  readonly head: boolean;
  /** SCX_ENQ_PREEMPT: what runs on the CPU of a local queue makes way. */
  readonly preempt: boolean;
  /** The virtual time, for insertions by it. */
  readonly vtime: Num | undefined;
}

/** A dispatch queue: in the order of insertion, or of virtual time. */
export interface Dsq {
  readonly name: string;
  readonly kind: 'local' | 'global' | 'user';
  /** The CPU of a local queue, else −1. */
  readonly cpu: number;
  readonly tasks: ScxTask[];
}

export const newDsq = (name: string, kind: Dsq['kind'], cpu = -1): Dsq => ({ name, kind, cpu, tasks: [] });

/** Puts `task` at the end, or at the head, of `dsq`. */
export function push(dsq: Dsq, task: ScxTask, head: boolean): void {
  if (head) dsq.tasks.unshift(task);
  else dsq.tasks.push(task);
  task.dsq = dsq;
}

/** Puts `task` in front of the first one with a later virtual time. */
export function insertByTime(dsq: Dsq, task: ScxTask, vtime: Num): void {
  const { tasks } = dsq;
  let lo = 0;
  let hi = tasks.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (before(vtime, tasks[mid]!.key)) hi = mid;
    else lo = mid + 1;
  }
  task.key = vtime;
  tasks.splice(lo, 0, task);
  task.dsq = dsq;
}

/** Takes `task` out of whatever queue it is in. */
export function remove(task: ScxTask): void {
  const { dsq } = task;
  if (!dsq) return;
  const at = dsq.tasks.indexOf(task);
  if (at === 0) dsq.tasks.shift();
  else dsq.tasks.splice(at, 1);
  task.dsq = undefined;
}
