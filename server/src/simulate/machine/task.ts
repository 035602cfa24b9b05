import { loadOfNice } from '../weights.ts';
import {
  TASK,
  type CpuSet,
  type Demand,
  type DemandTask,
  type Policy,
  type SchedClass,
  type SimTask,
  type TaskState,
} from './types.ts';

/** A task with what only the machine itself changes. */
export interface Task extends SimTask {
  ran: number;
  done: number;
  ended: number;
  burst: number;
  progress: number;
  asks: boolean;
  /** The next point of its burst, and the end of them. */
  point: number;
  pointEnd: number;
  readonly firstBurst: number;
  readonly lastBurst: number;
  readonly group: number;
  /** The weight that a policy gave it; 0: none. */
  ownWeight: number;
  wokenAt: number;
}

/**
 * Zero in fields that come to have fractions, or more than 2^31 ns. V8 keeps a field of small whole numbers apart: with 0
 * the first other one makes the shape of all such objects anew, and all code that was compiled for them.
 */
export const FRACTION = -0;

export function newTask(from: DemandTask, index: number, sched: SchedClass): Task {
  return {
    index,
    tid: from.tid,
    comm: from.comm,
    policy: from.policy as Policy,
    nice: from.nice,
    rtPriority: from.rtPriority,
    weight: 1024,
    slice: 0,
    allowed: from.allowed as CpuSet | undefined,
    state: TASK.blocked as TaskState,
    cpu: from.cpu,
    sched,
    ran: 0,
    done: 0,
    ended: -1,
    burst: from.firstBurst,
    progress: FRACTION,
    asks: false,
    point: 0,
    pointEnd: 0,
    firstBurst: from.firstBurst,
    lastBurst: from.lastBurst,
    group: from.group,
    ownWeight: 0,
    wokenAt: FRACTION,
  };
}

/** Puts `task` at the beginning of `burst`. */
export function startBurst(task: Task, { bursts }: Demand, burst: number): void {
  task.burst = burst;
  task.progress = 0;
  task.point = bursts.pointStart[burst]!;
  task.pointEnd = bursts.pointStart[burst + 1]!;
}

/** The kernel's priority: 0 to 98 real time, 100 to 139 others; 120 of the idle task. */
export function priorityOf(task: SimTask | undefined): number {
  if (!task) return 120;
  if (task.policy === 'STOP') return 0;
  return task.rtPriority > 0 ? 99 - task.rtPriority : 120 + task.nice;
}

/** Weight of SCHED_IDLE (kernel/sched/sched.h: WEIGHT_IDLEPRIO). */
const WEIGHT_IDLE = 3;

/** The load weight that a policy gave it, or that its nice value has. */
export function weightOf(task: Task): number {
  if (task.ownWeight > 0) return task.ownWeight;
  return task.policy === 'IDLE' ? WEIGHT_IDLE : loadOfNice(task.nice);
}
