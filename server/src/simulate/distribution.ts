import type { Trace } from '../trace/columns.ts';
import { stretches, threadMetrics, threadsOf, type StretchMetric } from './metrics.ts';
import { quantile } from './quantiles.ts';
import type { Machines } from './vms.ts';

/** The quantiles that a curve has: close together where the tail is. */
export const CURVE: readonly number[] = [
  ...Array.from({ length: 90 }, (_, i) => (i + 1) / 100),
  ...Array.from({ length: 18 }, (_, i) => 0.905 + i / 200),
  0.992,
  0.995,
  0.997,
  0.999,
  0.9995,
  0.9999,
  1,
];

/** Values of one metric of a VM's vCPUs at the quantiles of CURVE, in ns; no values: an empty curve. */
export interface Distribution {
  readonly vm: string;
  readonly metric: StretchMetric;
  readonly count: number;
  readonly values: readonly number[];
}

const METRICS: readonly StretchMetric[] = ['wakeup_latency', 'runqueue_delay', 'run_time'];

/** How the stretches of a schedule, recorded or simulated, are distributed, by VM and metric. */
export function distributionsOf(trace: Trace, machines: Machines): readonly Distribution[] {
  const threads = threadMetrics(trace, new Set(machines.vcpuOf.keys()));
  return machines.vms.flatMap((vm) =>
    METRICS.flatMap((metric) => {
      const values = stretches(trace, threads, metric, threadsOf(vm));
      if (!values || values.length === 0) return [];
      return [{ vm: vm.name, metric, count: values.length, values: CURVE.map((p) => quantile(values, p)) }];
    }),
  );
}
