import type { Trace } from '../columns.ts';

/** The beginning of a file: until when it has events, ns since the base, and how many were read then. */
interface Beginning {
  readonly until: number;
  readonly events: number;
}

/**
 * Finds out how far the beginning of a file has the events of all CPUs. Recorders empty the kernel's buffers in rounds,
 * one CPU after the other: what is read in a round is all that there was until its first CPU was read, so nothing in
 * the next round is older than the oldest of the last events of the CPUs in it. A file in which something is may hold
 * all of one CPU after all of another: nothing can be said of its beginning.
 */
export class Rounds {
  /** What is known to be read of all CPUs; undefined: nothing is. */
  whole: Beginning | undefined;
  private disorder = false;
  /** The CPU of the bundle before. */
  private cpu = -1;
  /** Of the round at hand: time of its first event, and of the last one of the CPU for which that is the earliest. */
  private first = Infinity;
  private last = Infinity;
  /** Of the CPU at hand, of which there may be several bundles. */
  private latest = -Infinity;
  /** What would be whole after the round before, if nothing in the one at hand is older. */
  private before: Beginning | undefined;

  /** A bundle of `cpu` had events from `first` to `last`, with which there are `events` before it. */
  saw(cpu: number, first: number, last: number, events: number): void {
    if (cpu < this.cpu) this.endRound(events);
    else if (cpu > this.cpu) this.endCpu();
    this.cpu = cpu;
    this.first = Math.min(this.first, first);
    this.latest = Math.max(this.latest, last);
  }

  private endCpu(): void {
    if (this.latest > -Infinity) this.last = Math.min(this.last, this.latest);
    this.latest = -Infinity;
  }

  private endRound(events: number): void {
    this.endCpu();
    this.disorder ||= this.before !== undefined && this.first < this.before.until;
    if (!this.disorder) this.whole = this.before;
    this.before = { until: this.last, events };
    this.first = Infinity;
    this.last = Infinity;
  }
}

/** The events of `trace` until `until`, ns since its first one. What is counted of other events stays as it was read. */
export function upTo(trace: Trace, until: number): Trace {
  let length = trace.length;
  while (length > 0 && trace.time[length - 1]! > until) length--;
  const { time, kind, cpu, tid, context, a, b, c, wide } = trace;
  return {
    ...trace,
    length,
    durationNs: Math.min(trace.durationNs, until),
    time: time.subarray(0, length),
    kind: kind.subarray(0, length),
    cpu: cpu.subarray(0, length),
    tid: tid.subarray(0, length),
    context: context.subarray(0, length),
    a: a.subarray(0, length),
    b: b.subarray(0, length),
    c: c.subarray(0, length),
    wide: wide.subarray(0, length),
    cpuStart: trace.cpuStart.map((start) => (start > until ? Infinity : start)),
    partialUntil: Math.min(trace.partialUntil, until),
  };
}
