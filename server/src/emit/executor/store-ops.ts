import type { IrType, Stmt } from '../../ir/ir.ts';
import type { Value } from './host.ts';
import { operations } from './binary.ts';
import { saturatingSub, wrapper, type Num } from './number.ts';

type Store = Stmt & { kind: 'store' };

/** What `place op= value` leaves in the place, from what is there; undefined for a plain store. */
export function updateOf(stmt: Store): ((old: Value, value: Value) => Value) | undefined {
  const { op, place } = stmt;
  if (op === 'set') return undefined;
  if (place.type.kind === 'cpumask') return MASKS[op];
  const wide = widened(place.type);
  const operation = op === 'sub' && stmt.saturate ? saturatingSub : operations(wide)[op];
  const fit = fitting(place.type);
  return (old, value) => fit(operation(old as Num, value as Num));
}

const MASKS: Readonly<Record<string, (old: Value, value: Value) => Value>> = {
  or: (old, value) => (old as bigint) | (value as bigint),
  and: (old, value) => (old as bigint) & (value as bigint),
  xor: (old, value) => (old as bigint) ^ (value as bigint),
};

const widened = (type: IrType): IrType => (type.kind === 'int' ? { ...type, bits: 64 } : type);

/** Cuts a value of 64 bits to the width of the place that it is stored in. */
export function fitting(type: IrType): (value: Value) => Value {
  if (type.kind !== 'int' || type.bits === 64) return (value) => value;
  const wrap = wrapper(type.bits, type.signed);
  return (value) => wrap(value as Num);
}
