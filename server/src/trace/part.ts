import type { Trace } from './columns.ts';

/** ns since the first event from which on the events of every CPU are there. */
export function wholeFrom({ partialUntil, cpuStart }: Trace): number {
  return cpuStart.reduce((from, start) => (start === Infinity ? from : Math.max(from, start)), partialUntil);
}

/**
 * The trace up to the event with which `events` were seen since all CPUs are there; itself where it has no more. Its
 * columns are views; its threads, counts and notes are those of the whole.
 */
export function firstPart(trace: Trace, events: number): Trace {
  const from = wholeFrom(trace);
  const first = trace.time.findIndex((time) => time >= from);
  const length = first < 0 ? trace.length : Math.min(trace.length, first + events);
  if (length === trace.length) return trace;
  const cut = <T extends { subarray(from: number, to: number): T }>(column: T): T =>
    column.subarray(0, length);
  return {
    ...trace,
    length,
    durationNs: trace.time[length - 1]!,
    time: cut(trace.time),
    kind: cut(trace.kind),
    cpu: cut(trace.cpu),
    tid: cut(trace.tid),
    context: cut(trace.context),
    a: cut(trace.a),
    b: cut(trace.b),
    c: cut(trace.c),
    wide: cut(trace.wide),
  };
}
