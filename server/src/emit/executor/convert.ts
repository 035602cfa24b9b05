import type { IrType } from '../../ir/ir.ts';
import type { Code } from './binary.ts';
import { wrapper, type Num } from './number.ts';

/** To another type; code that changes nothing where every value of `from` is one of `to`. */
export function convertCode(operand: Code, from: IrType, to: IrType): Code {
  if (to.kind === 'bool') return from.kind === 'bool' ? operand : () => operand() !== 0;
  if (from.kind === 'bool') return () => (operand() ? 1 : 0);
  const bits = to.kind === 'cpu' ? 32 : to.kind === 'int' ? to.bits : undefined;
  if (bits === undefined) return operand;
  const signed = to.kind === 'cpu' || (to.kind === 'int' && to.signed);
  if (holdsAll(from, bits, signed)) return operand;
  const wrap = wrapper(bits, signed);
  const number = operand as () => Num;
  return () => wrap(number());
}

function holdsAll(from: IrType, bits: number, signed: boolean): boolean {
  if (from.kind === 'cpu') return bits >= 32;
  if (from.kind !== 'int') return false;
  if (from.signed === signed) return from.bits <= bits;
  return signed && from.bits < bits;
}
