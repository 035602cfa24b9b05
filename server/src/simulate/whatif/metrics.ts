import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadMetrics, vmMetrics, type ThreadMetrics, type VmMetrics } from '../metrics.ts';
import { machines, type Machines } from '../vms.ts';

/** What a schedule did: each VM, every thread that is not an idle task, and each CPU. */
export interface ScheduleMetrics {
  readonly metrics: readonly VmMetrics[];
  /** Of all threads together; its `vm` is `all`. */
  readonly all: VmMetrics;
  /** ns that each CPU ran something. */
  readonly busy_ns: readonly number[];
}

/** A schedule with what is known of every thread in it. */
export interface Measured {
  readonly schedule: Trace;
  readonly threads: ReadonlyMap<number, ThreadMetrics>;
  readonly metrics: ScheduleMetrics;
}

/** Measures `schedule` from `from` on (ns since the start of the trace), as far as the threads of `recorded` are in it. */
export function measureSchedule(schedule: Trace, recorded: Trace, vms: Machines, from: number): Measured {
  const trace = { ...schedule, partialUntil: Math.max(schedule.partialUntil, from) };
  const tids = [...new Set([...recorded.tasks.keys(), ...vms.vcpuOf.keys()])].filter((tid) => tid > 0);
  const { threads, all, busy_ns } = remembered(schedule, tids, from, () => measureAll(trace, tids, from));
  return { schedule, threads, metrics: { metrics: vmMetrics(trace, threads, vms), all, busy_ns } };
}

/** What a schedule did, whatever its VMs are called. */
type Whole = Pick<Measured, 'threads'> & Pick<ScheduleMetrics, 'all' | 'busy_ns'>;

function measureAll(trace: Trace, tids: readonly number[], from: number): Whole {
  const threads = threadMetrics(trace, new Set(tids));
  const everything = machines([{ name: 'all', id: 0, vcpus: tids.map((tid) => ({ tid, id: 0 })) }]);
  const [all] = vmMetrics(trace, threads, everything);
  return { threads, all: all!, busy_ns: busyTime(trace, from) };
}

interface Known {
  readonly tids: readonly number[];
  readonly from: number;
  readonly whole: Whole;
}

/** By schedule: the recorded one and the kernel's own are the same after each edit of a policy. */
const known = new WeakMap<Trace, Known>();

function remembered(schedule: Trace, tids: readonly number[], from: number, measure: () => Whole): Whole {
  const before = known.get(schedule);
  const same = before?.from === from && before.tids.length === tids.length;
  if (same && before.tids.every((tid, i) => tid === tids[i])) return before.whole;
  const whole = measure();
  known.set(schedule, { tids, from, whole });
  return whole;
}

function busyTime(trace: Trace, from: number): number[] {
  const change = kindIndex('sched_switch');
  const { length, time, kind, cpu: cpus, a: prev, b: next } = trace;
  const busy = Array.from({ length: trace.cpus }, () => 0);
  const since = new Float64Array(trace.cpus).fill(from);
  const running = new Int8Array(trace.cpus).fill(-1);
  const end = time[length - 1] ?? from;
  for (let row = 0; row < length; row++) {
    if (kind[row] !== change) continue;
    const cpu = cpus[row]!;
    const t = Math.max(from, time[row]!);
    if (running[cpu] === -1) running[cpu] = prev[row] === 0 ? 0 : 1;
    if (running[cpu] === 1) busy[cpu] = busy[cpu]! + t - since[cpu]!;
    since[cpu] = t;
    running[cpu] = next[row] === 0 ? 0 : 1;
  }
  for (let cpu = 0; cpu < trace.cpus; cpu++)
    if (running[cpu] === 1) busy[cpu] = busy[cpu]! + end - since[cpu]!;
  return busy;
}
