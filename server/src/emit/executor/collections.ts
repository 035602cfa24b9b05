import type { IrType } from '../../ir/ir.ts';
import type { Value } from './host.ts';
import { mulRatio, UNSIGNED, wrapper, type Num } from './number.ts';
import { operations } from './binary.ts';
import { zeroValue, type Average, type Items } from './store.ts';

/** Adds to a list that is not full yet. */
export function pushList(items: Items, value: Value, max: number): void {
  if (items.values.length < max) items.values.push(value);
}

/** Takes the first equal value out; the last one takes its place. */
export function removeFrom(items: Items, value: Value): void {
  const at = items.values.indexOf(value);
  if (at < 0) return;
  const last = items.values.pop();
  if (at < items.values.length) items.values[at] = last;
}

/** Adds the newest value; a full ring forgets its oldest. */
export function pushRing(items: Items, value: Value, max: number): void {
  if (items.values.length < max) {
    items.values.push(value);
    return;
  }
  items.values[items.first] = value;
  items.first = (items.first + 1) % max;
}

export function clear(items: Items): void {
  items.values.length = 0;
  items.first = 0;
}

/** The value at `index`, the oldest first; zero beyond the end. */
export function at(items: Items, index: Num, type: IrType): Value {
  const { values, first } = items;
  if (typeof index !== 'number' || index >= values.length) return zeroValue(type);
  return values[(first + index) % values.length];
}

/** The sum in 64 bits, which wraps. */
function total(items: Items, type: IrType): Num {
  const { add } = operations(type);
  return items.values.reduce<Num>((all, value) => add(all, value as Num), 0);
}

/** The sum, cut to the width of the element type. */
export function sum(items: Items, type: IrType): Num {
  const all = total(items, type);
  return type.kind === 'int' && type.bits < 64 ? wrapper(type.bits, type.signed)(all) : all;
}

/** The mean, rounded towards zero; 0 while there is nothing. */
export function average(items: Items, type: IrType): Num {
  return operations(type).div(total(items, type), items.values.length);
}

/** The largest value; 0 while there is nothing. */
export function largest(items: Items): Num {
  const [first = 0, ...rest] = items.values as Num[];
  return rest.reduce<Num>((best, value) => (value > best ? value : best), first);
}

/**
 * Moves the average towards `sample` by `alpha` (in 1/1024) of the distance, which is rounded down; the first sample
 * is taken as it is.
 */
export function updateAverage(average: Average, sample: Num, alpha: number, type: IrType): void {
  if (!average.primed) {
    average.value = sample;
    average.primed = true;
    return;
  }
  const old = average.value as Num;
  const { add, sub } = operations(type);
  const step = (from: Num, to: Num): Num => mulRatio(unsigned(UNSIGNED.sub(from, to)), alpha);
  average.value = sample >= old ? add(old, step(sample, old)) : sub(old, step(old, sample));
}

const unsigned = wrapper(64, false);
