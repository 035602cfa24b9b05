import type { Trace } from '../../trace/columns.ts';
import { has } from '../prepass.ts';
import { quantile, type Sorted } from '../quantiles.ts';
import { kindIndex } from '../../trace/kinds.ts';
import type { Demand, Fidelity, Machine, Pair } from './types.ts';
import { hiddenThreads, wakeupLatencies } from './latencies.ts';

/** Relative errors up to which a baseline is good, and fair; of the quantiles, the switches, the run times. */
export const THRESHOLDS = {
  good: { p90: 0.15, p95: 0.15, p99: 0.25, switches: 0.1, runtime: 0.03, bursts: 0.98 },
  fair: { p90: 0.5, p95: 0.5, p99: 0.75, switches: 0.3, runtime: 0.1, bursts: 0.95 },
} as const;
/** The limits of the run times where the groups are a guess: they depend on the groups most. */
const GUESSED = { good: 0.1, fair: 0.2 } as const;
/** Wake-ups below which there is no such quantile: fewer than ten lie beyond it. */
const LEAST = { p99: 1_000, p999: 10_000 } as const;
/** Differences below this are those of the clock and of single instructions, in ns. */
const FLOOR_NS = 2_000;
/** Times the limit of good from which on more is no worse. */
const OFF = 8;
const NONE: ReadonlySet<number> = new Set();

/** How well a finished run of `machine`, with no policy, reproduces what was recorded. */
export function fidelityOf(machine: Machine, schedule: Trace): Fidelity {
  const { demand } = machine;
  const hidden = hiddenThreads(demand.trace);
  const recorded = wakeupLatencies(demand.trace, demand.startNs, hidden);
  const simulated = wakeupLatencies(schedule, demand.startNs, hidden);
  const pair = (p: number): Pair => ({ recorded: quantile(recorded, p), simulated: quantile(simulated, p) });
  const wakeup_latency = {
    p50: pair(0.5),
    p90: pair(0.9),
    p95: pair(0.95),
    ...(recorded.length >= LEAST.p99 && { p99: pair(0.99) }),
    ...(recorded.length >= LEAST.p999 && { p999: pair(0.999) }),
  };
  const measured = {
    wakeup_latency,
    switches: countPair(demand, schedule, 'sched_switch', hidden),
    migrations: countPair(demand, schedule, 'sched_migrate_task'),
    runtime_error: runtimeError(machine),
    bursts_completed: completedOf(machine),
    busy: busyOf(demand, schedule),
    ks: distance(recorded, simulated),
  };
  return { ...judge(measured, demand.groupsGuessed), ...measured, inferred: demand.notes };
}

/** Events of that kind since the start, but the switches away from `hidden` threads: the recording shows none of those. */
function countPair(demand: Demand, schedule: Trace, event: string, hidden: ReadonlySet<number> = NONE): Pair {
  const kind = kindIndex(event);
  const count = (trace: Trace): number => {
    let sum = 0;
    for (let row = 0; row < trace.length; row++)
      if (trace.kind[row] === kind && trace.time[row]! >= demand.startNs && !hidden.has(trace.a[row]!)) sum++;
    return sum;
  };
  if (!has(demand.trace, event)) return { recorded: NaN, simulated: count(schedule) };
  return { recorded: count(demand.trace), simulated: count(schedule) };
}

function runtimeError({ demand, tasks }: Machine): number {
  let off = 0;
  let all = 0;
  for (const task of tasks) {
    off += Math.abs(task.ran - demand.recorded.ran[task.index]!);
    all += demand.recorded.ran[task.index]!;
  }
  return all > 0 ? off / all / 2 : 0;
}

function completedOf({ demand, tasks }: Machine): number {
  let done = 0;
  for (const task of tasks) {
    const from = demand.tasks[task.index]!;
    const whole = from.lastBurst - (from.cut ? 1 : 0);
    done += Math.min(task.done, whole - from.firstBurst);
  }
  return demand.recorded.completed > 0 ? done / demand.recorded.completed : 1;
}

function busyOf({ recorded, cpus }: Demand, schedule: Trace): readonly Pair[] {
  const change = kindIndex('sched_switch');
  const busy = new Float64Array(cpus);
  const since = new Float64Array(cpus).fill(NaN);
  for (let row = 0; row < schedule.length; row++) {
    if (schedule.kind[row] !== change) continue;
    const cpu = schedule.cpu[row]!;
    if (schedule.a[row]! > 0) busy[cpu]! += schedule.time[row]! - since[cpu]!;
    since[cpu] = schedule.b[row]! > 0 ? schedule.time[row]! : NaN;
  }
  for (let cpu = 0; cpu < cpus; cpu++)
    if (!Number.isNaN(since[cpu]!)) busy[cpu]! += schedule.durationNs - since[cpu]!;
  return Array.from(busy, (simulated, cpu) => ({ recorded: recorded.busy[cpu]!, simulated }));
}

/** Greatest distance between the two distributions (Kolmogorov and Smirnov). */
function distance(left: Sorted, right: Sorted): number {
  if (left.length === 0 || right.length === 0) return 0;
  let greatest = 0;
  let j = 0;
  for (let i = 0; i < left.length; i++) {
    while (j < right.length && right[j]! <= left[i]!) j++;
    if (left[i] === left[i + 1]) continue;
    greatest = Math.max(greatest, Math.abs((i + 1) / left.length - j / right.length));
  }
  return greatest;
}

type Limits = Readonly<Record<keyof (typeof THRESHOLDS)['good'], number>>;
type Measured = Omit<Fidelity, 'verdict' | 'reasons' | 'inferred'>;

function judge(measured: Measured, guessed: boolean): Pick<Fidelity, 'verdict' | 'reasons'> {
  const limits = (verdict: 'good' | 'fair'): Limits =>
    guessed ? { ...THRESHOLDS[verdict], runtime: GUESSED[verdict] } : THRESHOLDS[verdict];
  const good = failures(measured, limits('good'));
  if (good.length === 0) return { verdict: 'good', reasons: [] };
  const fair = failures(measured, limits('fair'));
  return fair.length === 0 ? { verdict: 'fair', reasons: good } : { verdict: 'poor', reasons: fair };
}

/** How far a baseline is from the recording, in units of what is good; 0 is the same. */
export function distanceOf({ wakeup_latency: latency, ...measured }: Fidelity): number {
  const { good } = THRESHOLDS;
  const parts = [
    relative(latency.p90, FLOOR_NS) / good.p90,
    relative(latency.p95, FLOOR_NS) / good.p95,
    relative(latency.p99, FLOOR_NS) / good.p99,
    relative(measured.switches, 0) / good.switches,
    measured.runtime_error / good.runtime,
  ];
  return parts.reduce((sum, part) => sum + Math.min(part, OFF), 0);
}

function failures(measured: Measured, limits: Limits): string[] {
  const found: string[] = [];
  const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
  const check = (what: string, error: number, limit: number): void => {
    if (error > limit) found.push(`${what} is ${percent(error)} off (limit ${percent(limit)})`);
  };
  const { wakeup_latency: latency } = measured;
  check('p90 of the wake-up latency', relative(latency.p90, FLOOR_NS), limits.p90);
  check('p95 of the wake-up latency', relative(latency.p95, FLOOR_NS), limits.p95);
  check('p99 of the wake-up latency', relative(latency.p99, FLOOR_NS), limits.p99);
  check('the number of switches', relative(measured.switches, 0), limits.switches);
  check('the run time of the tasks', measured.runtime_error, limits.runtime);
  if (measured.bursts_completed < limits.bursts)
    found.push(
      `${percent(measured.bursts_completed)} of the bursts are completed (limit ${percent(limits.bursts)})`,
    );
  return found;
}

/** Relative error; differences up to `floor` are none. */
function relative(pair: Pair | undefined, floor: number): number {
  if (!pair || Number.isNaN(pair.recorded) || Number.isNaN(pair.simulated)) return 0;
  const off = Math.max(0, Math.abs(pair.simulated - pair.recorded) - floor);
  return pair.recorded > 0 ? off / pair.recorded : off > 0 ? Infinity : 0;
}
