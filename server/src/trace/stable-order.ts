/**
 * The order in which `keys` have to be taken to be ascending; equal keys keep their order. A natural merge sort:
 * traces are long runs that are in order already, so the work is n log (number of runs).
 */
export function stableOrder(keys: Float64Array): Uint32Array {
  let order = new Uint32Array(keys.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let spare = new Uint32Array(keys.length);
  const starts = runStarts(keys);
  for (let last = starts.length - 1; last > 1;) {
    let merged = 0;
    for (let run = 0; run < last; run += 2) {
      const from = starts[run]!;
      const middle = starts[run + 1]!;
      const to = run + 1 < last ? starts[run + 2]! : middle;
      merge(keys, order, spare, from, middle, to);
      starts[++merged] = to;
    }
    [order, spare] = [spare, order];
    last = merged;
  }
  return order;
}

/** Keys one after the other that are moved at once rather than one by one. */
export const LONG = 32;

/** Where each ascending run begins, and at last the length: counted first, as a list of their own would be larger. */
function runStarts(keys: Float64Array): Uint32Array {
  let runs = Math.min(keys.length, 1);
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) runs++;
  const starts = new Uint32Array(runs + 1);
  let run = 0;
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) starts[++run] = i;
  starts[runs] = keys.length;
  return starts;
}

/**
 * Merges the runs [from, middle) and [middle, to) of `order` into `into`. What is in its place already, before the
 * second run's first and behind the first run's last, is copied as it is, and so are long stretches of one run: runs
 * often overlap by little, or one has far more than the other.
 */
function merge(
  keys: Float64Array,
  order: Uint32Array,
  into: Uint32Array,
  from: number,
  middle: number,
  to: number,
) {
  if (middle >= to) {
    into.set(order.subarray(from, to), from);
    return;
  }
  const least = keys[order[middle]!]!;
  const most = keys[order[middle - 1]!]!;
  let left = firstIn(from, middle, (at) => keys[order[at]!]! > least);
  const end = firstIn(middle, to, (at) => keys[order[at]!]! >= most);
  into.set(order.subarray(from, left), from);
  into.set(order.subarray(end, to), end);
  let right = middle;
  let [streak, wasLeft] = [0, true];
  for (let i = left; i < end;) {
    const isLeft = left < middle && (right >= end || keys[order[left]!]! <= keys[order[right]!]!);
    into[i++] = order[isLeft ? left++ : right++]!;
    streak = isLeft === wasLeft ? streak + 1 : 0;
    wasLeft = isLeft;
    if (streak < LONG) continue;
    const next = isLeft
      ? firstIn(left, middle, (at) => right < end && keys[order[at]!]! > keys[order[right]!]!)
      : firstIn(right, end, (at) => left < middle && keys[order[at]!]! >= keys[order[left]!]!);
    const stretch = order.subarray(isLeft ? left : right, next);
    into.set(stretch, i);
    i += stretch.length;
    if (isLeft) left = next;
    else right = next;
    streak = 0;
  }
}

/** The first place in [from, to) from which on `holds`; `to` where it never does. */
function firstIn(from: number, to: number, holds: (at: number) => boolean): number {
  while (from < to) {
    const half = (from + to) >>> 1;
    if (holds(half)) to = half;
    else from = half + 1;
  }
  return to;
}

/** From each place of `order` in which a stretch of consecutive numbers begins to the next; at last its length. */
export function stretchesOf(order: Uint32Array): Uint32Array {
  let stretches = Math.min(order.length, 1);
  for (let i = 1; i < order.length; i++) if (order[i] !== order[i - 1]! + 1) stretches++;
  const starts = new Uint32Array(stretches + 1);
  let stretch = 0;
  for (let i = 1; i < order.length; i++) if (order[i] !== order[i - 1]! + 1) starts[++stretch] = i;
  starts[stretches] = order.length;
  return starts;
}

/** Places, from `from` up to `to`, whose keys have to change places among themselves. */
export interface Disorder {
  readonly from: number;
  readonly to: number;
  /** The largest key of them. */
  readonly most: number;
}

/** Keys in order between two disorders; fewer are counted to them, so that there are few. */
const GAP = 64;

/** The parts of `keys` that are not in order, in the order of their places: each can be sorted on its own. */
export function disordersIn(keys: Float64Array): readonly Disorder[] {
  const found: Disorder[] = [];
  const { length } = keys;
  let most = keys[0] ?? 0;
  for (let at = 1; at < length; at++) {
    const key = keys[at]!;
    if (key >= most) most = key;
    else {
      const from = beginOf(keys, at, found);
      while (at + 1 < length && keys[at + 1]! >= keys[at]! && keys[at + 1]! < most) at++;
      found.push({ from, to: at + 1, most });
    }
  }
  return found;
}

/** Where the disorder begins in which the key at `at` is lower than others before it: with those of `found` that it takes in. */
function beginOf(keys: Float64Array, at: number, found: Disorder[]): number {
  const key = keys[at]!;
  let end = at;
  for (;;) {
    const before = found.at(-1);
    const from = firstIn(before?.to ?? 0, end, (place) => keys[place]! > key);
    if (!before || (from >= before.to + GAP && before.most <= key)) return from;
    end = before.from;
    found.pop();
  }
}
