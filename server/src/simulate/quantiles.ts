/** Values of one metric, in ascending order. */
export type Sorted = Float64Array;

export function sorted(values: ArrayLike<number>): Sorted {
  return ascending(new Float64Array(values));
}

/** The values of all lists. */
export function sortedOf(lists: readonly (readonly number[])[]): Sorted {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return ascending(all);
}

/** Bits of a digit, and values from which on counting digits is worth it. */
const DIGIT = 11;
const MANY = 512;

/**
 * Sorts in place. Most metrics are whole numbers below 2^32 (ns, up to four seconds): those are sorted by their digits,
 * from the lowest on, which compares nothing.
 */
function ascending(values: Float64Array): Sorted {
  const { length } = values;
  if (length < MANY) return values.sort();
  let from = new Uint32Array(length);
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    const whole = value >>> 0;
    if (whole !== value) return values.sort();
    from[i] = whole;
    bits |= whole;
  }
  let to = new Uint32Array(length);
  for (let shift = 0; shift < 32 && bits >>> shift !== 0; shift += DIGIT) {
    byDigit(from, to, shift);
    [from, to] = [to, from];
  }
  values.set(from);
  return values;
}

/** Puts the values of `from` into `to`, ascending in the digit at `shift`; equal ones keep their order. */
function byDigit(from: Uint32Array, to: Uint32Array, shift: number): void {
  const mask = (1 << DIGIT) - 1;
  const starts = new Uint32Array(mask + 2);
  for (let i = 0; i < from.length; i++) starts[((from[i]! >>> shift) & mask) + 1]!++;
  for (let digit = 0; digit < mask; digit++) starts[digit + 1]! += starts[digit]!;
  for (let i = 0; i < from.length; i++) {
    const value = from[i]!;
    to[starts[(value >>> shift) & mask]!++] = value;
  }
}

/**
 * The smallest value that at least the part `p` of all values do not exceed (nearest rank): one that was measured,
 * never a mean of two. NaN where there are no values.
 */
export function quantile(values: Sorted, p: number): number {
  const rank = Math.max(1, Math.ceil(p * values.length));
  return values[rank - 1] ?? NaN;
}

export function total(values: Sorted): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

export const mean = (values: Sorted): number => total(values) / values.length;

export const largest = (values: Sorted): number => values[values.length - 1] ?? NaN;

/** What reports show of a metric; undefined figures where there are no values. */
export interface Summary {
  readonly count: number;
  readonly sum: number;
  readonly mean: number | undefined;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
  readonly max: number | undefined;
}

export function summarize(values: Sorted): Summary {
  const figure = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
  return {
    count: values.length,
    sum: total(values),
    mean: figure(mean(values)),
    p50: figure(quantile(values, 0.5)),
    p90: figure(quantile(values, 0.9)),
    p99: figure(quantile(values, 0.99)),
    p999: figure(quantile(values, 0.999)),
    max: figure(largest(values)),
  };
}

/** Jain's index of fairness: 1 where all get the same, 1/n where one gets all; NaN of nothing. */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((a, b) => a + b, 0);
  const squares = values.reduce((a, b) => a + b * b, 0);
  return (sum * sum) / (values.length * squares);
}
