import { builtin, type BuiltinInfo } from './builtins.ts';
import { DURATION, ERROR, RATIO, U64, type Type } from './types.ts';

/** What a metric counts: something that takes time, each occurrence with its own; or occurrences alone. */
export interface MetricInfo {
  readonly name: string;
  /** Type of one value; of a count, of the total. */
  readonly type: Type;
  readonly kind: 'samples' | 'count';
  readonly doc: string;
}

const samples = (name: string, doc: string): MetricInfo => ({ name, type: DURATION, kind: 'samples', doc });
const counted = (name: string, doc: string): MetricInfo => ({ name, type: U64, kind: 'count', doc });

/** What every simulation measures. A counter or histogram of the policy is a metric too, and goes before these. */
export const METRICS: readonly MetricInfo[] = [
  samples('wakeup_latency', 'From the wake-up of a thread until it runs.'),
  samples(
    'runqueue_delay',
    'Each stretch of waiting for a CPU while runnable, after a wake-up or a preemption.',
  ),
  samples('run_time', 'Each stretch of running, from switch-in to switch-out.'),
  samples('steal', 'Each stretch in which a vCPU had work and did not run.'),
  samples(
    'preempted_in_guest',
    'Each stretch in which a vCPU waited that was preempted while its guest worked.',
  ),
  counted('switches', 'How often a thread was switched in.'),
  counted('migrations', 'How often a thread changed its CPU.'),
  counted('boosts', 'How many boosts the policy asked for.'),
];

const statistic = (name: string, result: Type, doc: string): BuiltinInfo =>
  builtin(name, [['metric', ERROR]], result, doc, { where: 'expect' });

/** The result `ERROR` stands for the type of the metric itself. */
export const STATISTICS: readonly BuiltinInfo[] = [
  statistic('p50', ERROR, 'The median: half of the values are at most this.'),
  statistic('p90', ERROR, 'Nine in ten values are at most this.'),
  statistic('p99', ERROR, 'Ninety-nine in a hundred values are at most this.'),
  statistic('p999', ERROR, '999 in a thousand values are at most this.'),
  statistic('max', ERROR, 'The largest value.'),
  statistic('mean', ERROR, 'The mean value.'),
  statistic('sum', ERROR, 'All values together.'),
  statistic('count', U64, 'How many values there are.'),
  statistic('share', RATIO, 'The part of the VM in the sum over all VMs.'),
  statistic('jain', RATIO, 'Jain\u2019s index of fairness over the vCPUs: 100% where all get the same.'),
].map((s) => ({ ...s, signature: `${s.name}(METRIC of VM)` }));
