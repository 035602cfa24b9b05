/**
 * A recorded trace in memory: one row an event, one typed array a column, in the order of time (ties keep the
 * order of the file). Rows cost 36 bytes; strings are interned. What an event's `a`, `b`, `c` and `wide` mean is
 * said by its kind in `kinds.ts`.
 */
export interface Trace {
  readonly format: TraceFormat;
  /** Name of the trace clock where the file says it, else 'unknown'. */
  readonly clock: string;
  /** Number of CPUs: what the file says, else the highest CPU seen plus one. */
  readonly cpus: number;
  readonly length: number;
  /** Time of the first event in ns, as the clock counts. */
  readonly baseNs: bigint;
  /** ns from the first event to the last, whether they have a row or not. */
  readonly durationNs: number;
  /** ns since `baseNs`. */
  readonly time: Float64Array;
  /** Index into KINDS. */
  readonly kind: Uint8Array;
  readonly cpu: Uint16Array;
  /** The thread that was running on `cpu`; 0 for the idle task, −1 where the file does not know it. */
  readonly tid: Int32Array;
  /** Bits of CONTEXT: in what context the event fired. */
  readonly context: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly c: Int32Array;
  readonly wide: Float64Array;
  readonly strings: readonly string[];
  /** The threads by id, in the order in which they were first seen; not the idle tasks, which share the id 0. */
  readonly tasks: ReadonlyMap<number, TaskInfo>;
  /** Time of the first event of each CPU, ns since `baseNs`; Infinity where a CPU has none. */
  readonly cpuStart: Float64Array;
  /**
   * ns since `baseNs` until when events of some CPU are missing because the recorder's buffers, one a CPU, were
   * overwritten from their start; 0 where the file says nothing of that kind.
   */
  readonly partialUntil: number;
  /** Events seen, by name, of every kind: also of those that have no row because no policy can use them. */
  readonly counts: ReadonlyMap<string, number>;
  /** Events that the recorder said it lost, at least; those overwritten before the trace begins are not counted. */
  readonly lost: number;
  /** Lines or records that could not be read, or not wholly. */
  readonly skipped: number;
  readonly notes: readonly TraceNote[];
  /** The names of threads that had several, by id, in the order of time; absent where no thread changed its name. */
  readonly renamed?: ReadonlyMap<number, readonly Name[]>;
  /** Guests whose vCPUs the recorder told; absent where it did not. */
  readonly guests?: readonly Guest[];
}

/** The name of a thread from `from` on, ns since the first event. */
export interface Name {
  readonly from: number;
  readonly comm: string;
}

/** A virtual machine that was recorded together with its host. */
export interface Guest {
  readonly name: string;
  readonly vcpus: readonly { readonly id: number; readonly tid: number }[];
}

export type TraceFormat =
  | 'ftrace-text'
  | 'trace-cmd-text'
  | 'perf-script-text'
  | 'systrace-html'
  | 'trace.dat-v6'
  | 'trace.dat-v7'
  | 'perf.data'
  | 'raw-pages'
  | 'perfetto'
  | 'ctf'
  | 'simulated';

export interface TaskInfo {
  readonly tid: number;
  /** The last name seen; `<...>` where the trace has none. */
  readonly comm: string;
  /** Thread group where the trace tells it (TGID column), else undefined. */
  readonly tgid: number | undefined;
}

/**
 * Something the reader had to put up with: where (line, counted from 1, which binary files do not have, and byte
 * offset), and how often.
 */
export interface TraceNote {
  readonly message: string;
  readonly line: number | undefined;
  readonly offset: number;
  readonly count: number;
}

/** Bits of the `context` column. `known` is clear where the file has no such information. */
export const CONTEXT = {
  known: 1,
  irqsOff: 2,
  hardirq: 4,
  softirq: 8,
  nmi: 16,
  needResched: 32,
  preemptOff: 64,
} as const;

/** A trace that cannot be read at all: why, and at which line and byte. */
export interface TraceError {
  readonly message: string;
  readonly line: number | undefined;
  readonly offset: number | undefined;
}

export type TraceResult =
  /** `more`: only the beginning was asked for, and the file goes on. */
  | { readonly ok: true; readonly trace: Trace; readonly more?: boolean }
  | { readonly ok: false; readonly error: TraceError };
