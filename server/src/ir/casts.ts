import { coerce } from './coerce.ts';
import type { Expr, IrType } from './ir.ts';
import { constant } from './lower-body.ts';
import { IR_S64, IR_U64, sameType } from './types.ts';

/** Units whose casts bring the number into the range of the type (`semantics/ranges.ts`). */
const CLAMPED: Readonly<Record<string, readonly [bigint, bigint]>> = {
  nice: [-20n, 19n],
  rt_prio: [1n, 99n],
  weight: [1n, 10_000n],
};

/** Lowers `operand as type`. */
export function cast(operand: Expr, type: IrType): Expr {
  const range = type.kind === 'int' && typeof type.unit === 'string' ? CLAMPED[type.unit] : undefined;
  if (!range || sameType(operand.type, type)) return coerce(operand, type);
  const { span } = operand;
  const from = operand.type.kind === 'int' && operand.type.signed ? IR_S64 : IR_U64;
  const value = coerce(operand, from);
  const lo = constant(from === IR_U64 && range[0] < 0n ? 0n : range[0], from, span);
  const raised: Expr = { kind: 'binary', op: 'max', left: value, right: lo, type: from, span };
  const hi = constant(range[1], from, span);
  return coerce({ kind: 'binary', op: 'min', left: raised, right: hi, type: from, span }, type);
}
