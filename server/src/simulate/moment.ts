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

/**
 * A function that gives the absolute time of `t` ns since `baseNs` as `seconds.nanoseconds`, with six digits where the
 * last three are zero, as ftrace prints it.
 */
export function clockText(baseNs: bigint): (t: number) => string {
  const baseSeconds = Number(baseNs / 1_000_000_000n);
  const baseRest = Number(baseNs % 1_000_000_000n);
  return (t) => {
    const rest = baseRest + t;
    const seconds = Math.floor(rest / 1e9);
    const digits = String(rest - seconds * 1e9).padStart(9, '0');
    return `${baseSeconds + seconds}.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
  };
}
