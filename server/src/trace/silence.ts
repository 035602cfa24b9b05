import type { Trace } from './columns.ts';
import { KINDS } from './kinds.ts';

/**
 * ns without an event on any CPU after which what follows is taken for another recording: of a clock that was changed, of
 * another boot, or of a time that is damaged. A kernel is never silent for so long: its watchdog alone wakes a thread on
 * each CPU every 4 s (kernel/watchdog.c, watchdog_timer_fn and set_sample_period, 6.12).
 */
const LONGEST = 600e9;

/** A stretch without an event that is too long to be one of a recording. */
export interface Silence {
  /** The event before it, ns since the first event. */
  readonly from: number;
  /** Its length in ns. */
  readonly ns: number;
}

/** The silences of `trace` that part it. */
export const silencesIn = ({ time, length }: Trace): readonly Silence[] =>
  partsOf(time, length).flatMap(({ end }) =>
    end < length ? [{ from: time[end - 1]!, ns: time[end]! - time[end - 1]! }] : [],
  );

/** The part of `trace` between silences that has the most events; itself where there is no silence. */
export function longestPart(trace: Trace): Trace {
  const parts = partsOf(trace.time, trace.length);
  if (parts.length < 2) return trace;
  const { begin, end } = parts.reduce((most, part) =>
    part.end - part.begin > most.end - most.begin ? part : most,
  );
  return partOf(trace, begin, end);
}

interface Part {
  /** Rows, the end excluded. */
  readonly begin: number;
  readonly end: number;
}

function partsOf(time: Float64Array, length: number): readonly Part[] {
  const parts: Part[] = [];
  let begin = 0;
  for (let row = 1; row < length; row++) {
    if (time[row]! - time[row - 1]! <= LONGEST) continue;
    parts.push({ begin, end: row });
    begin = row;
  }
  return [...parts, { begin, end: length }];
}

/** The rows of `trace` from `begin` up to `end`, as a trace of their own; its threads and notes are those of the whole. */
function partOf(trace: Trace, begin: number, end: number): Trace {
  const first = trace.time[begin]!;
  const time = trace.time.slice(begin, end).map((one) => one - first);
  const kind = trace.kind.subarray(begin, end);
  const cpu = trace.cpu.subarray(begin, end);
  const counts = new Map<string, number>();
  const cpuStart = new Float64Array(trace.cpus).fill(Infinity);
  for (let row = 0; row < time.length; row++) {
    const { name } = KINDS[kind[row]!]!;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    cpuStart[cpu[row]!] = Math.min(cpuStart[cpu[row]!]!, time[row]!);
  }
  const renamed = [...(trace.renamed ?? [])].map(
    ([tid, names]) => [tid, names.map(({ from, comm }) => ({ from: from - first, comm }))] as const,
  );
  return {
    ...trace,
    length: end - begin,
    baseNs: trace.baseNs + BigInt(Math.round(first)),
    durationNs: time.at(-1) ?? 0,
    time,
    kind,
    cpu,
    tid: trace.tid.subarray(begin, end),
    context: trace.context.subarray(begin, end),
    a: trace.a.subarray(begin, end),
    b: trace.b.subarray(begin, end),
    c: trace.c.subarray(begin, end),
    wide: trace.wide.subarray(begin, end),
    cpuStart,
    partialUntil: begin === 0 ? Math.min(trace.partialUntil, trace.time[end - 1]!) : 0,
    counts,
    ...(renamed.length > 0 && { renamed: new Map(renamed) }),
  };
}
