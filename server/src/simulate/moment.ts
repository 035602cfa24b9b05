import { canonical, type Num } from '../emit/executor/number.ts';

/** Where the replay is in the trace. */
export interface Moment {
  /** Row of the event; −1 before the first. */
  row: number;
  /** ns since the start of the trace. */
  t: number;
  cpu: number;
  /** The thread that runs on `cpu`. */
  tid: number;
  /** Index of the handler that runs. */
  handler: number;
}

/** A function that gives the time `t` ns since `baseNs` on the trace's own clock. */
export function clock(baseNs: bigint): (t: number) => Num {
  const base = Number(baseNs);
  // Far below 2^53 no sum with a trace's length leaves the exact numbers; else every time is a bigint or a number.
  if (base < Number.MAX_SAFE_INTEGER / 2) return (t) => base + t;
  return (t) => canonical(baseNs + BigInt(t));
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
    const ns = rest - seconds * 1e9;
    // The one in front keeps the zeros.
    const digits = ns % 1000 === 0 ? String(1e6 + ns / 1000) : String(1e9 + ns);
    return `${baseSeconds + seconds}.${digits.slice(1)}`;
  };
}
