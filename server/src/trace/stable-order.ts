/**
 * The order in which `keys` have to be taken to be ascending; equal keys keep their order. A natural merge sort:
 * traces are long runs that are in order already, so the work is n log (number of runs).
 */
export function stableOrder(keys: Float64Array): Uint32Array {
  let order = new Uint32Array(keys.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let spare = new Uint32Array(keys.length);
  let starts = runStarts(keys);
  while (starts.length > 2) {
    const merged = [0];
    for (let run = 0; run + 1 < starts.length; run += 2) {
      const from = starts[run]!;
      const middle = starts[run + 1]!;
      const to = starts[run + 2] ?? middle;
      merge(keys, order, spare, from, middle, to);
      merged.push(to);
    }
    [order, spare] = [spare, order];
    starts = merged;
  }
  return order;
}

/** Where each ascending run begins, and at last the length. */
function runStarts(keys: Float64Array): number[] {
  const starts = [0];
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) starts.push(i);
  starts.push(keys.length);
  return starts;
}

/**
 * Merges the runs [from, middle) and [middle, to) of `order` into `into`. What is in its place already, before the
 * second run's first and behind the first run's last, is copied as it is: runs often overlap by little.
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
  for (let i = left; i < end; i++) {
    const takeLeft = left < middle && (right >= end || keys[order[left]!]! <= keys[order[right]!]!);
    into[i] = order[takeLeft ? left++ : right++]!;
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
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) if (i === 0 || order[i] !== order[i - 1]! + 1) starts.push(i);
  starts.push(order.length);
  return Uint32Array.from(starts);
}
