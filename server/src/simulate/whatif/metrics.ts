import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadMetrics, vmMetrics, type ThreadMetrics, type VmMetrics } from '../metrics.ts';
import { field } from '../prepass.ts';
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

/** Measures `schedule` from `from` on (ns since the start of the trace). */
export function measureSchedule(schedule: Trace, vms: Machines, from: number): Measured {
  const trace = { ...schedule, partialUntil: Math.max(schedule.partialUntil, from) };
  const tids = [...new Set([...schedule.tasks.keys(), ...vms.vcpuOf.keys()])].filter((tid) => tid > 0);
  const threads = threadMetrics(trace, new Set(tids));
  const everything = machines([{ name: 'all', id: 0, vcpus: tids.map((tid) => ({ tid, id: 0 })) }]);
  const [all] = vmMetrics(trace, threads, everything);
  return {
    schedule,
    threads,
    metrics: {
      metrics: vmMetrics(trace, threads, vms),
      all: all!,
      busy_ns: busyTime(trace, from),
    },
  };
}

function busyTime(trace: Trace, from: number): number[] {
  const change = kindIndex('sched_switch');
  const next = field(trace, 'sched_switch', 'next_pid');
  const prev = field(trace, 'sched_switch', 'prev_pid');
  const busy = Array.from({ length: trace.cpus }, () => 0);
  const since = new Float64Array(trace.cpus).fill(from);
  const running = new Int8Array(trace.cpus).fill(-1);
  const end = trace.time[trace.length - 1] ?? from;
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change) continue;
    const cpu = trace.cpu[row]!;
    const t = Math.max(from, trace.time[row]!);
    if (running[cpu] === -1) running[cpu] = prev(row) === 0 ? 0 : 1;
    if (running[cpu] === 1) busy[cpu] = busy[cpu]! + t - since[cpu]!;
    since[cpu] = t;
    running[cpu] = next(row) === 0 ? 0 : 1;
  }
  for (let cpu = 0; cpu < trace.cpus; cpu++)
    if (running[cpu] === 1) busy[cpu] = busy[cpu]! + end - since[cpu]!;
  return busy;
}
