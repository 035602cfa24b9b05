import type { Trace } from '../../trace/columns.ts';
import { CONTEXT } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import type { Calibration } from './types.ts';

/** Values kept of each cost. */
const SAMPLES = 256;
/** Costs to fall back on: idle exit and preemption of an idle machine of today. */
const IDLE_EXIT_NS = 8_000;
const PREEMPT_NS = 2_000;
/** Tick lengths of CONFIG_HZ 100, 250, 300 and 1000. */
const TICKS = [10_000_000, 4_000_000, 3_333_333, 1_000_000] as const;

/** What one pass over the recording says of its machine. */
export interface Calibrated extends Calibration {
  readonly tickInferred: boolean;
}

/** Tick, idle exits and preemptions of `trace`; `hz` from its sidecar where there is one. */
export function calibrate(trace: Trace, hz: number | undefined): Calibrated {
  const { idleExit, preempt, slices } = delays(trace);
  const tick = hz === undefined ? inferTick(slices) : Math.round(1e9 / hz);
  return {
    tickNs: tick ?? 4_000_000,
    tickPhaseNs: phase(slices, tick ?? 4_000_000),
    idleExit: sample(idleExit, IDLE_EXIT_NS),
    preempt: sample(preempt, PREEMPT_NS),
    tickInferred: hz === undefined,
  };
}

/**
 * Delays from a wake-up to the switch, where nothing but the machine is between them: of an idle CPU, and of a CPU
 * that the wake-up made reschedule (the flag on its sched_wakeup); and the times of preemptions that no wake-up caused.
 */
function delays(trace: Trace) {
  const [change, waking, wakeup] = ['sched_switch', 'sched_waking', 'sched_wakeup'].map(kindIndex);
  const { cpus } = trace;
  const current = new Int32Array(cpus).fill(-1);
  const wokenFor = new Int32Array(cpus).fill(-1);
  const wokenAt = new Float64Array(cpus);
  const idle = new Uint8Array(cpus);
  const wakingAt = new Map<number, number>();
  const lastWake = new Float64Array(cpus).fill(-Infinity);
  const idleExit: number[] = [];
  const preempt: number[] = [];
  const slices: number[] = [];
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    if (kind !== change && kind !== waking && kind !== wakeup) continue;
    const t = trace.time[row]!;
    const cpu = trace.cpu[row]!;
    if (kind === waking) wakingAt.set(trace.a[row]!, t);
    else if (kind === wakeup) {
      const target = trace.b[row]!;
      if (target >= cpus) continue;
      lastWake[target] = t;
      const marked = cpu === target && (trace.context[row]! & CONTEXT.needResched) !== 0;
      if (wokenFor[target]! >= 0 || (current[target] !== 0 && !marked)) continue;
      wokenFor[target] = trace.a[row]!;
      wokenAt[target] = wakingAt.get(trace.a[row]!) ?? t;
      idle[target] = current[target] === 0 ? 1 : 0;
    } else {
      const next = trace.b[row]!;
      const preempted = ((trace.c[row]! >>> 16) & 0x7fff & ~0x100) === 0;
      if (wokenFor[cpu] === next && (idle[cpu] === 1 || preempted))
        (idle[cpu] === 1 ? idleExit : preempt).push(t - wokenAt[cpu]!);
      if (preempted && trace.a[row]! > 0 && next > 0 && wokenFor[cpu]! < 0 && t - lastWake[cpu]! > 50_000)
        slices.push(t);
      wokenFor[cpu] = -1;
      current[cpu] = next;
    }
  }
  return { idleExit, preempt, slices };
}

/** `SAMPLES` values, evenly over the ascending order, without the outermost percent. */
function sample(values: readonly number[], otherwise: number): Float64Array {
  if (values.length < 10) return Float64Array.of(otherwise);
  const ascending = Float64Array.from(values).sort();
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
