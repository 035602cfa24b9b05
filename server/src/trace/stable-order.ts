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

/** Merges the runs [from, middle) and [middle, to) of `order` into `into`. */
function merge(
  keys: Float64Array,
  order: Uint32Array,
  into: Uint32Array,
  from: number,
  middle: number,
  to: number,
) {
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const takeLeft = left < middle && (right >= to || keys[order[left]!]! <= keys[order[right]!]!);
    into[i] = order[takeLeft ? left++ : right++]!;
  }
}
