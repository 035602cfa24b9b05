import type { Trace, TraceFormat, TraceNote } from './columns.ts';
import { gapsIn } from './gaps.ts';
import { type VcpuTimes, vcpuTimes } from './vcpu-times.ts';
import { type Silence, silencesIn } from './silence.ts';
import { type Vm, findVms } from './vms.ts';

/** What is in a trace, for people to read. */
export interface TraceInfo {
  readonly format: TraceFormat;
  readonly clock: string;
  readonly cpus: number;
  /** Time of the first event, ns of the trace's clock. */
  readonly startNs: bigint;
  readonly durationNs: number;
  /** Events of all names. */
  readonly total: number;
  /** How many of them are kept in the columns. */
  readonly rows: number;
  /** The most frequent first; as many by their name. */
  readonly events: readonly { readonly name: string; readonly count: number }[];
  readonly lost: number;
  readonly skipped: number;
  /** Switches that are missing, as the others show. */
  readonly gaps: number;
  /** Stretches without an event that are too long to be of one recording. */
  readonly silences: readonly Silence[];
  readonly tasks: number;
  readonly vms: readonly Vm[];
  /** By the thread of a vCPU. */
  readonly vcpuTimes: ReadonlyMap<number, VcpuTimes>;
  /** ns from the start until the first event of each CPU; Infinity where it has none. */
  readonly cpuStart: readonly number[];
  /** ns from the start until when events are missing because buffers were overwritten; 0: nothing says so. */
  readonly partialUntil: number;
  readonly notes: readonly TraceNote[];
}

/** Sums up `trace`. */
export function traceInfo(trace: Trace): TraceInfo {
  const events = [...trace.counts].map(([name, count]) => ({ name, count }));
  const vms = findVms(trace);
  return {
    format: trace.format,
    clock: trace.clock,
    cpus: trace.cpus,
    startNs: trace.baseNs,
    durationNs: trace.durationNs,
    total: events.reduce((sum, { count }) => sum + count, 0),
    rows: trace.length,
    events: events.toSorted((left, right) => right.count - left.count || (left.name < right.name ? -1 : 1)),
    lost: trace.lost,
    skipped: trace.skipped,
    gaps: gapsIn(trace).length,
    silences: silencesIn(trace),
    tasks: trace.tasks.size,
    vms,
    vcpuTimes: vcpuTimes(trace, vms),
    cpuStart: [...trace.cpuStart],
    partialUntil: trace.partialUntil,
    notes: trace.notes,
  };
}

/** The document that `trace info --json` prints. */
export function traceInfoJson(info: TraceInfo) {
  return {
    version: 1,
    format: info.format,
    clock: info.clock,
    cpus: info.cpus,
    duration_ns: info.durationNs,
    total: info.total,
    events: Object.fromEntries(info.events.map(({ name, count }) => [name, count])),
    lost: info.lost,
    skipped: info.skipped,
    gaps: info.gaps,
    silences: info.silences.map(({ from, ns }) => ({ from_ns: from, ns })),
    partial_until_ns: info.partialUntil,
    notes: info.notes.map(({ message, line, offset, count }) => ({
      message,
      line: line ?? null,
      offset,
      count,
    })),
    tasks: info.tasks,
    vms: info.vms.map(({ name, vcpus }) => ({ name, vcpus: vcpus.map(({ id, tid }) => ({ id, tid })) })),
  } as const;
}
