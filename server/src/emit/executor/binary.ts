import type { BinaryOp, IrType } from '../../ir/ir.ts';
import type { Value } from './host.ts';
import {
  before,
  divRatio,
  MAX,
  mulRatio,
  saturatingSub,
  SIGNED,
  UNSIGNED,
  type Arithmetic,
  type Num,
} from './number.ts';

export type Code = () => Value;
type NumCode = () => Num;

/**
 * Code that computes a list of values, from the first to the last. The lists are made with no numbers in them: V8 would
 * keep numbers alone unboxed, and box them one list after the other where code meets lists of both sorts.
 */
export function listCode(codes: readonly Code[]): () => readonly Value[] {
  const [a, b, c, d] = codes;
  if (!a) return () => NOTHING;
  if (!b)
    return () => {
      const list: Value[] = [undefined];
      list[0] = a();
      return list;
    };
  if (!c)
    return () => {
      const list: Value[] = [undefined, undefined];
      list[0] = a();
      list[1] = b();
      return list;
    };
  if (!d)
    return () => {
      const list: Value[] = [undefined, undefined, undefined];
      list[0] = a();
      list[1] = b();
      list[2] = c();
      return list;
    };
  if (codes.length === 4)
    return () => {
      const list: Value[] = [undefined, undefined, undefined, undefined];
      list[0] = a();
      list[1] = b();
      list[2] = c();
      list[3] = d();
      return list;
    };
  return () => {
    const list: Value[] = [undefined, undefined, undefined, undefined, undefined];
    for (let i = 0; i < codes.length; i++) list[i] = codes[i]!();
    return list;
  };
}

const NOTHING: readonly Value[] = [];

/**
 * Code for `left op right`. `type` is that of the operands: its sign and unit choose the operation. The commonest
 * operations have their fast case written out, so that it costs no further call.
 */
export function binaryCode(op: BinaryOp, type: IrType, left: Code, right: Code): Code {
  const l = left as NumCode;
  const r = right as NumCode;
  switch (op) {
    case 'eq':
      return () => left() === right();
    case 'ne':
      return () => left() !== right();
    case 'lt':
      return () => l() < r();
    case 'le':
      return () => l() <= r();
    case 'gt':
      return () => l() > r();
    case 'ge':
      return () => l() >= r();
    case 'before':
      return () => before(l(), r());
    case 'sub-sat':
      return () => saturatingSub(l(), r());
    case 'mul-ratio':
      return () => mulRatio(l(), r());
    case 'div-ratio':
      return () => divRatio(l(), r());
    case 'min':
    case 'max':
      return choose(op, type, l, r);
    case 'add':
      if (!isSigned(type)) return unsignedAdd(l, r);
      return apply(SIGNED.add, l, r);
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
    case 'and':
    case 'or':
    case 'xor':
    case 'shl':
    case 'shr':
      return apply(operations(type)[op], l, r);
  }
}

/**
 * The same with the number `right` known: the commonest operand, and a call less. Undefined: as any other operation. A
 * number is equal to nothing but itself, and `<` compares it with a bigint as well.
 */
export function withConstant(op: BinaryOp, type: IrType, left: Code, right: number): Code | undefined {
  const l = left as NumCode;
  switch (op) {
    case 'eq':
      return () => left() === right;
    case 'ne':
      return () => left() !== right;
    case 'lt':
      return () => l() < right;
    case 'le':
      return () => l() <= right;
    case 'gt':
      return () => l() > right;
    case 'ge':
      return () => l() >= right;
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
    case 'and':
    case 'or':
    case 'xor':
    case 'shl':
    case 'shr': {
      const operation = operations(type)[op];
      return () => operation(l(), right);
    }
    default:
      return undefined;
  }
}

export const operations = (type: IrType): Arithmetic => (isSigned(type) ? SIGNED : UNSIGNED);

const isSigned = (type: IrType): boolean => type.kind === 'int' && type.signed;

const apply =
  (operation: (a: Num, b: Num) => Num, l: NumCode, r: NumCode): Code =>
  () =>
    operation(l(), r());

function unsignedAdd(l: NumCode, r: NumCode): Code {
  return () => {
    const a = l();
    const b = r();
    if (typeof a === 'number' && typeof b === 'number') {
      const sum = a + b;
      if (sum <= MAX) return sum;
    }
    return UNSIGNED.add(a, b);
  };
}

function choose(op: 'min' | 'max', type: IrType, l: NumCode, r: NumCode): Code {
  const less = type.kind === 'int' && type.unit === 'vtime' ? before : (a: Num, b: Num): boolean => a < b;
  return op === 'min'
    ? () => {
        const a = l();
        const b = r();
        return less(b, a) ? b : a;
      }
    : () => {
        const a = l();
        const b = r();
        return less(a, b) ? b : a;
      };
}
