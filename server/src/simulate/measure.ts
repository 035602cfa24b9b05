import { GLOBAL_ENTITY } from '../emit/executor/host.ts';
import type { Samples } from '../emit/executor/samples.ts';
import type { Scope } from '../semantics/model.ts';
import type { Trace } from '../trace/columns.ts';
import { stretches, threadsOf, type StretchMetric, type ThreadMetrics } from './metrics.ts';
import { jain, largest, mean, quantile, sorted, total, type Sorted } from './quantiles.ts';
import type { ReplayRun } from './run.ts';
import type { Machines, Vm } from './vms.ts';

export type Statistic = 'p50' | 'p90' | 'p99' | 'p999' | 'max' | 'mean' | 'sum' | 'count' | 'share' | 'jain';

/** What expectations are held against. */
export interface Measurements {
  /** The run of the policy; undefined: what is measured ran without one. */
  readonly run: ReplayRun | undefined;
  readonly machines: Machines;
  /** The schedule, with what it did to every vCPU's thread. */
  readonly schedule: Trace;
  readonly threads: ReadonlyMap<number, ThreadMetrics>;
  /** Is it the recorded schedule, in which the policy had no part? */
  readonly recorded: boolean;
}

/** Values of one metric of one VM, or of everything. */
export interface MetricValues {
  /** Each value: of a stretch, a sample, or what one entity counted. */
  readonly values: Sorted;
  /** Sums of the single vCPUs, for `jain`. */
  readonly perVcpu: readonly number[];
  /** Sum over all VMs, for `share`. */
  readonly everything: number;
  /** Of the recorded schedule: the policy has not touched it. */
  readonly recorded: boolean;
}

interface Reason {
  readonly reason: string;
}

/** The values of a metric: one of the policy's own counters and histograms, or of the recorded schedule. */
export function metricValues(
  measurements: Measurements,
  metric: { readonly name: string; readonly own: boolean },
  of: string | undefined,
): MetricValues | Reason {
  const { vms } = measurements.machines;
  const chosen = of === undefined ? vms : vms.filter(({ name }) => name === of);
  if (of !== undefined && chosen.every((vm) => vm.vcpus.length === 0)) {
    return { reason: `the trace has no thread of ${of}` };
  }
  if (!metric.own) return scheduleValues(measurements, metric.name, chosen);
  const { run } = measurements;
  return run
    ? ownValues(run, metric.name, of === undefined ? undefined : chosen)
    : { reason: `without the policy there is no ${metric.name}` };
}

/** Of a counter or histogram of the policy; `vms` undefined: of everything. */
function ownValues(run: ReplayRun, name: string, vms: readonly Vm[] | undefined): MetricValues | Reason {
  const { program, machines } = run.world;
  const counter = program.counters.find((candidate) => candidate.name === name);
  const histogram = program.histograms.find((candidate) => candidate.name === name);
  const per = counter?.per ?? histogram?.per ?? 'global';
  if (vms && (per === 'global' || per === 'cpu')) {
    return { reason: `${name} is kept ${per === 'cpu' ? 'per cpu' : 'for everything'}, not per VM` };
  }
  const valuesOf = (entity: number): readonly number[] =>
    entityValues(run, name, entity, counter !== undefined);
  const all = entitiesOf(run, name, per);
  const chosen = vms ? vms.flatMap((vm) => entitiesOfVm(run, per, vm)) : all;
  const perVcpu = machines.vms
    .filter((vm) => !vms || vms.includes(vm))
    .flatMap(threadsOf)
    .map((tid) => add(per === 'vcpu' || per === 'task' ? valuesOf(tid) : []));
  return {
    values: sorted(chosen.flatMap(valuesOf)),
    perVcpu,
    everything: add(all.flatMap(valuesOf)),
    recorded: false,
  };
}

const add = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Everything that the metric has, or could have, a value for. */
function entitiesOf(run: ReplayRun, name: string, per: Scope): readonly number[] {
  const { machine } = run.execution;
  const seen = [...(machine.counters.get(name)?.keys() ?? machine.histograms.get(name)?.keys() ?? [])];
  const possible =
    per === 'global' ? [GLOBAL_ENTITY] : run.world.machines.vms.flatMap((vm) => entitiesOfVm(run, per, vm));
  return [...new Set([...possible, ...seen])];
}

function entitiesOfVm(run: ReplayRun, per: Scope, vm: Vm): readonly number[] {
  switch (per) {
    case 'vm':
      return [run.world.machines.vms.indexOf(vm)];
    case 'vcpu':
    case 'task':
      return threadsOf(vm);
    case 'cpu':
    case 'global':
      return [];
  }
}

function entityValues(run: ReplayRun, name: string, entity: number, counts: boolean): readonly number[] {
  const { machine } = run.execution;
  if (counts) return [Number(machine.counters.get(name)?.get(entity)?.value ?? 0)];
  const samples = machine.histograms.get(name)?.get(entity);
  if (!samples) return [];
  const histogram = run.world.program.histograms.find((candidate) => candidate.name === name);
  // The policy counts in 1/1024, expectations in fractions.
  const whole = histogram?.type.kind === 'int' && histogram.type.unit === 'ratio' ? 1024 : 1;
  return sampleValues(samples).map((value) => value / whole);
}

export const sampleValues = (samples: Samples): readonly number[] => [
  ...samples.values.subarray(0, samples.length),
];

/** Of the schedule; boosts are those that the policy asked for. */
function scheduleValues(
  { run, machines, schedule, threads, recorded }: Measurements,
  metric: string,
  vms: readonly Vm[],
): MetricValues | Reason {
  const count = countOf(metric);
  if (metric === 'boosts' || count) {
    const of = (tid: number): number =>
      count ? (threads.get(tid)?.[count] ?? 0) : (run?.world.boosts.requests.get(tid) ?? 0);
    return {
      values: sorted(vms.flatMap(threadsOf).map(of)),
      perVcpu: vms.flatMap(threadsOf).map(of),
      everything: add(machines.vms.flatMap(threadsOf).map(of)),
      recorded: recorded && count !== undefined,
    };
  }
  const stretch = (tids: readonly number[]): Sorted | undefined =>
    stretches(schedule, threads, metric as StretchMetric, tids);
  const values = stretch(vms.flatMap(threadsOf));
  if (!values) return { reason: `the trace has not the events that ${metric} needs` };
  return {
    values,
    perVcpu: vms.flatMap(threadsOf).map((tid) => total(stretch([tid]) ?? values)),
    everything: total(stretch(machines.vms.flatMap(threadsOf)) ?? values),
    recorded,
  };
}

const countOf = (metric: string): 'switches' | 'migrations' | undefined =>
  metric === 'switches' || metric === 'migrations' ? metric : undefined;

/** A statistic of the values: ns or a number; a fraction for `share` and `jain`; NaN where there is nothing to tell. */
export function statisticOf(statistic: Statistic, metric: MetricValues): number {
  const { values } = metric;
  switch (statistic) {
    case 'p50':
      return quantile(values, 0.5);
    case 'p90':
      return quantile(values, 0.9);
    case 'p99':
      return quantile(values, 0.99);
    case 'p999':
      return quantile(values, 0.999);
    case 'max':
      return largest(values);
    case 'mean':
      return mean(values);
    case 'sum':
      return total(values);
    case 'count':
      return values.length;
    case 'share':
      return total(values) / metric.everything;
    case 'jain':
      return jain(metric.perVcpu);
  }
}
