import type { Trace } from '../../trace/columns.ts';
import { CONTEXT } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadsEnd } from '../by-thread.ts';
import { sorted } from '../quantiles.ts';
import { COST, COSTS, type Calibration } from './types.ts';

/** Values kept of each cost. */
const SAMPLES = 256;
/** Fewer values than these say nothing. */
const ENOUGH = 10;
/**
 * Times the median from which on a delay is none of the machine's, where the wake-up came from another CPU: such an event
 * does not say whether it asked for a switch, so the task may have waited. All other delays are the machine's, however
 * long: nothing else ran, but the CPU itself may have stood still (a hypervisor took it away).
 */
const OUTLIER = 8;
/** Tick lengths of CONFIG_HZ 100, 250, 300 and 1000. */
const TICKS = [10_000_000, 4_000_000, 3_333_333, 1_000_000] as const;

/** What one pass over the recording says of its machine. */
export interface Calibrated extends Omit<Calibration, 'searchNs'> {
  readonly tickInferred: boolean;
  /** By row of a wake-up: which of COST it took, −1 where something came between, and its ns. */
  readonly costKind: Int8Array;
  readonly cost: Float32Array;
}

/** Tick, idle exits and preemptions of `trace`; `hz` from its sidecar where there is one. */
export function calibrate(trace: Trace, hz: number | undefined): Calibrated {
  const { delays, slices, costKind, cost } = observe(trace);
  const tick = hz === undefined ? inferTick(slices) : Math.round(1e9 / hz);
  const limits = delays.map((values, kind) => limitOf(kind, values));
  for (let row = 0; row < cost.length; row++)
    if (costKind[row]! >= 0 && cost[row]! > limits[costKind[row]!]!) costKind[row] = -1;
  return {
    tickNs: tick ?? 4_000_000,
    tickPhaseNs: phase(slices, tick ?? 4_000_000),
    costs: COSTS.map(({ kind, instead, otherwise }) =>
      sample(delays[kind]!, delays[instead]!, otherwise, limits[kind]!),
    ),
    costKind,
    cost,
    tickInferred: hz === undefined,
  };
}

const limitOf = (kind: number, values: readonly number[]): number =>
  kind === COST.preemptRemote ? OUTLIER * median(values) : Infinity;

const median = (values: readonly number[]): number =>
  values.length > 0 ? sorted(values)[values.length >> 1]! : 0;

/**
 * Delays from a wake-up to the switch, where nothing but the machine is between them: the wake-up found the CPU idle,
 * or the next thing that the CPU did was to preempt for it. And the times of preemptions that no wake-up caused.
 */
function observe(trace: Trace): {
  /** By COST. */
  readonly delays: readonly (readonly number[])[];
  readonly slices: readonly number[];
  readonly costKind: Int8Array;
  readonly cost: Float32Array;
} {
  const [change, waking, wakeup] = ['sched_switch', 'sched_waking', 'sched_wakeup'].map(kindIndex);
  const { cpus } = trace;
  const delays: number[][] = COSTS.map(() => []);
  const costKind = new Int8Array(trace.length).fill(-1);
  const cost = new Float32Array(trace.length);
  const slices: number[] = [];
  const current = new Int32Array(cpus).fill(-1);
  /** By CPU: for which task, since when and how it is about to switch. */
  const wokenFor = new Int32Array(cpus).fill(-1);
  const wokenAt = new Float64Array(cpus);
  const how = new Int8Array(cpus);
  const wokenRow = new Int32Array(cpus);
  const lastWake = new Float64Array(cpus).fill(-Infinity);
  /** By thread: the row in which it was asked for last; -1: none. */
  const askedIn = new Int32Array(threadsEnd(trace)).fill(-1);
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    if (kind !== change && kind !== waking && kind !== wakeup) continue;
    const t = trace.time[row]!;
    const cpu = trace.cpu[row]!;
    if (kind === waking) askedIn[trace.a[row]!] = row;
    else if (kind === wakeup) {
      const target = trace.b[row]!;
      const tid = trace.a[row]!;
      if (target >= cpus) continue;
      lastWake[target] = t;
      if (wokenFor[target]! >= 0 || current[target] === tid) continue;
      const asked = (askedIn[tid] ?? -1) >= 0 ? askedIn[tid]! : row;
      const remote = trace.cpu[asked] !== target;
      const marked = (trace.context[row]! & CONTEXT.needResched) !== 0;
      if (current[target] !== 0 && cpu === target && !marked) continue;
      wokenFor[target] = tid;
      wokenAt[target] = trace.time[asked]!;
      wokenRow[target] = asked;
      if (current[target] === 0) how[target] = remote ? COST.idleRemote : COST.idleLocal;
      else if (remote) how[target] = COST.preemptRemote;
      else how[target] = (trace.context[row]! & CONTEXT.hardirq) === 0 ? COST.preemptTask : COST.preemptIrq;
    } else {
      const next = trace.b[row]!;
      const preempted = ((trace.c[row]! >>> 16) & 0x7fff & ~0x100) === 0;
      if (wokenFor[cpu] === next && preempted) {
        const delay = t - wokenAt[cpu]!;
        delays[how[cpu]!]!.push(delay);
        costKind[wokenRow[cpu]!] = how[cpu]!;
        cost[wokenRow[cpu]!] = delay;
      }
      if (preempted && trace.a[row]! > 0 && next > 0 && wokenFor[cpu]! < 0 && t - lastWake[cpu]! > 50_000)
        slices.push(t);
      wokenFor[cpu] = -1;
      current[cpu] = next;
    }
  }
  return { delays, slices, costKind, cost };
}

/** `SAMPLES` values of up to `limit`, evenly over the ascending order; of `others` where there are too few. */
function sample(
  values: readonly number[],
  others: readonly number[],
  otherwise: number,
  limit: number,
): Float64Array {
  const enough = values.length >= ENOUGH ? values : others;
  if (enough.length < ENOUGH) return Float64Array.of(otherwise);
  const ascending = sorted(enough).filter((value) => enough !== values || value <= limit);
  const count = Math.min(SAMPLES, ascending.length);
  return Float64Array.from({ length: count }, (_, i) =>
    Math.round(ascending[Math.floor(((i + 0.5) / count) * ascending.length)]!),
  );
}

/** How well the times lie on a lattice of this length: 1 is all, 0 is anywhere. */
function concentration(times: readonly number[], length: number): readonly [size: number, angle: number] {
  let x = 0;
  let y = 0;
  for (const t of times) {
    const angle = ((t % length) / length) * 2 * Math.PI;
    x += Math.cos(angle);
    y += Math.sin(angle);
  }
  return [Math.hypot(x, y) / Math.max(1, times.length), Math.atan2(y, x)];
}

/** The longest tick on whose lattice preemptions lie; undefined where they are too few or lie anywhere. */
function inferTick(times: readonly number[]): number | undefined {
  if (times.length < 20) return undefined;
  const sizes = TICKS.map((length) => concentration(times, length)[0]);
  const best = Math.max(...sizes);
  return best < 0.3 ? undefined : TICKS[sizes.findIndex((size) => size >= 0.8 * best)];
}

function phase(times: readonly number[], length: number): number {
  if (times.length === 0) return 0;
  const [, angle] = concentration(times, length);
  return Math.round((((angle / (2 * Math.PI)) * length) % length) + length) % length;
}
