import type { Trace } from '../../trace/columns.ts';
import { quantile, sortedOf, type Sorted } from '../quantiles.ts';
import type { VmMetrics } from '../metrics.ts';
import type { Machines } from '../vms.ts';
import { threadsOf } from '../metrics.ts';
import { RUNNABLE, RUNNING, type ThreadState } from '../threads.ts';
import type { Measured } from './metrics.ts';

/** What the policy changes against the baseline, in one metric of one VM or of all threads. ns or counts. */
export interface Effect {
  /** `wakeup_latency.p99`, `switches`, … */
  readonly metric: string;
  readonly of: string;
  readonly baseline: number;
  readonly policy: number;
  /** (policy − baseline) / baseline; null where the baseline is 0. */
  readonly change: number | null;
  /**
   * How far the baseline itself may be off, as a part of it: its distance from the recording, or what so few values, or the
   * end of the schedules, leave open, whichever is more. null where the recording has no such figure.
   */
  readonly error: number | null;
  /** Is the change larger than the error? */
  readonly significant: boolean;
}

const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
] as const;

/** Stretches of the recording that are taken to be independent of one another. */
const BLOCK_NS = 100_000_000;

type WaitMetric = 'wakeup_latency' | 'runqueue_delay';

interface Figure {
  readonly metric: string;
  readonly of: (metrics: VmMetrics) => number | undefined;
  /** The values that it is a quantile of. */
  readonly quantile: { readonly p: number; readonly key: WaitMetric } | undefined;
  /** Of a sum of stretches: what may have been under way at the end and would have added to it. */
  readonly cutOff?: readonly ThreadState[];
}

const FIGURES: readonly Figure[] = [
  ...QUANTILES.map(([name, p]): Figure => ({
    metric: `wakeup_latency.${name}`,
    of: (metrics) => metrics.wakeup_latency?.[name],
    quantile: { p, key: 'wakeup_latency' },
  })),
  {
    metric: 'runqueue_delay.p99',
    of: ({ runqueue_delay: delay }) => delay.p99,
    quantile: { p: 0.99, key: 'runqueue_delay' },
  },
  { metric: 'runqueue_delay.max', of: ({ runqueue_delay: delay }) => delay.max, quantile: undefined },
  { metric: 'steal.sum', of: ({ steal }) => steal.sum, quantile: undefined, cutOff: [RUNNABLE] },
  {
    metric: 'run_time.sum',
    of: ({ run_time: run }) => run.sum,
    quantile: undefined,
    // What waits would run, were the end later.
    cutOff: [RUNNING, RUNNABLE],
  },
  { metric: 'switches', of: ({ switches }) => switches, quantile: undefined },
  { metric: 'migrations', of: ({ migrations }) => migrations, quantile: undefined },
];

/** The policy against the baseline, with the recording to tell how far the baseline is to be trusted. */
export function effects(
  recorded: Measured,
  baseline: Measured,
  policy: Measured,
  { vms }: Machines,
): readonly Effect[] {
  const rows = [
    ...vms.map((vm, i) => ({
      of: vm.name,
      tids: threadsOf(vm),
      pick: (m: Measured) => m.metrics.metrics[i],
    })),
    { of: 'all', tids: [...baseline.threads.keys()], pick: (m: Measured) => m.metrics.all },
  ];
  return rows.flatMap(({ of, tids, pick }) => {
    const waits = {
      wakeup_latency: waitsOf(baseline, tids, 'wakeup_latency'),
      runqueue_delay: waitsOf(baseline, tids, 'runqueue_delay'),
    };
    return FIGURES.flatMap((figure): Effect[] => {
      const value = (measured: Measured): number | undefined => {
        const metrics = pick(measured);
        return metrics && figure.of(metrics);
      };
      const [before, after, truth] = [value(baseline), value(policy), value(recorded)];
      if (before === undefined || after === undefined) return [];
      const { quantile: rank, cutOff } = figure;
      const left = cutOff ? Math.max(...[baseline, policy].map((one) => underWay(one, tids, cutOff))) : 0;
      const noise = rank ? uncertainty(waits[rank.key], rank.p, baseline.schedule) : left;
      const distance = truth === undefined ? undefined : Math.max(Math.abs(before - truth), noise);
      return [
        {
          metric: figure.metric,
          of,
          baseline: before,
          policy: after,
          change: part(after - before, before),
          error: distance === undefined ? null : part(distance, before),
          significant: distance !== undefined && Math.abs(after - before) > distance,
        },
      ];
    });
  });
}

/** How long what the threads were at when the schedule ended had gone on, ns, all together. */
function underWay(
  { schedule, threads }: Measured,
  tids: readonly number[],
  states: readonly ThreadState[],
): number {
  const cut = tids.flatMap((tid) => threads.get(tid) ?? []).filter(({ state }) => states.includes(state));
  return cut.reduce((sum, { since }) => sum + schedule.durationNs - since, 0);
}

const part = (value: number, whole: number): number | null => (whole === 0 ? null : value / whole);

/** Stretches of waiting, thread by thread and all together. */
interface Waits {
  readonly lists: readonly (readonly number[])[];
  readonly values: Sorted;
}

function waitsOf({ threads }: Measured, tids: readonly number[], key: WaitMetric): Waits {
  const lists = tids.flatMap((tid) => {
    const values = threads.get(tid)?.[key];
    return values ? [values] : [];
  });
  return { lists, values: sortedOf(lists) };
}

/**
 * Half the width of the 95 % interval of a quantile: between the values whose ranks are 1.96 standard deviations of the
 * count of those below it away from its own (Woodruff 1952). Waits come in bad moments, so the count varies between
 * blocks of the recording by more than a binomial distribution would: the larger deviation counts.
 */
function uncertainty({ lists, values }: Waits, p: number, schedule: Trace): number {
  const n = values.length;
  if (n === 0) return 0;
  const blocks = Math.max(2, Math.round((schedule.durationNs - schedule.partialUntil) / BLOCK_NS));
  const limit = quantile(values, p);
  const excess = new Float64Array(blocks);
  for (const list of lists)
    list.forEach((value, i) => {
      excess[Math.floor((i * blocks) / list.length)]! += (value <= limit ? 1 : 0) - p;
    });
  const clustered = Math.sqrt(excess.reduce((sum, one) => sum + one * one, 0));
  const spread = 1.96 * Math.max(clustered, Math.sqrt(n * p * (1 - p)));
  const at = (rank: number): number => values[Math.min(n - 1, Math.max(0, Math.round(rank)))]!;
  return (at(n * p + spread) - at(n * p - spread)) / 2;
}
