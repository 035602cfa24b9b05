import type { Num } from '../emit/executor/number.ts';

/** Where the replay is in the trace. */
export interface Moment {
  /** Row of the event; −1 before the first. */
  row: number;
  /** ns since the start of the trace. */
  t: number;
  /** The same on the trace's own clock. */
  now: Num;
  cpu: number;
  /** The thread that runs on `cpu`. */
  tid: number;
  /** Index of the handler that runs. */
  handler: number;
}

/** A function that sets the time of a moment to `t` ns since `baseNs`. */
export function clock(baseNs: bigint): (moment: Moment, t: number) => void {
  const base = Number(baseNs);
  // Far below 2^53 no sum with a trace's length leaves the exact numbers; else every time is a bigint or a number.
  if (base < Number.MAX_SAFE_INTEGER / 2) {
    return (moment, t) => {
      moment.t = t;
      moment.now = base + t;
    };
  }
  return (moment, t) => {
    const now = baseNs + BigInt(t);
    moment.t = t;
    moment.now = now <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(now) : now;
  };
}

/** `seconds.nanoseconds` of an absolute time, with six digits where the last three are zero, as ftrace prints it. */
export function clockText(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const rest = (ns % 1_000_000_000n).toString().padStart(9, '0');
  return `${seconds}.${rest.endsWith('000') ? rest.slice(0, 6) : rest}`;
}
