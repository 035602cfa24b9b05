import type { BinaryOp } from '../../../grammar/ast.ts';
import type { Value } from './model.ts';
import { classOf, type OperandClass } from './operators.ts';
import { intRange } from './ranges.ts';
import type { Type } from './types.ts';

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const saturate = (value: bigint): bigint => (value < 0n ? 0n : value);
const truth = (c: OperandClass): boolean => c === 'bool';

/**
 * `left op right` at compile time, with the values that the generated C and the executor compute: 64-bit wrapping
 * arithmetic, subtraction of clocks and ratios saturating at zero, division by zero 0, modulo by zero the dividend.
 * Undefined where the values do not go with the operator.
 */
export function foldBinary(
  op: BinaryOp,
  left: Value,
  leftType: Type,
  right: Value,
  rightType: Type,
): Value | undefined {
  const l = classOf(leftType);
  const r = classOf(rightType);
  if (op === '==') return left === right;
  if (op === '!=') return left !== right;
  if (typeof left === 'boolean' && typeof right === 'boolean') {
    return op === '&&' ? left && right : op === '||' ? left || right : undefined;
  }
  if (typeof left !== 'bigint' || typeof right !== 'bigint' || truth(l) || truth(r)) return undefined;
  return compare(op, left, right, l) ?? compute(op, left, right, l, r);
}

function compare(op: BinaryOp, left: bigint, right: bigint, c: OperandClass): boolean | undefined {
  const difference = c === 'vtime' ? s64(left - right) : left - right;
  switch (op) {
    case '<':
      return difference < 0n;
    case '<=':
      return difference <= 0n;
    case '>':
      return difference > 0n;
    case '>=':
      return difference >= 0n;
    case 'has':
      return (left & right) === right;
    default:
      return undefined;
  }
}

function compute(
  op: BinaryOp,
  left: bigint,
  right: bigint,
  l: OperandClass,
  r: OperandClass,
): bigint | undefined {
  const wrap = l === 'sint' ? s64 : l === 'cpumask' ? (v: bigint): bigint => v : u64;
  switch (op) {
    case '+':
      return wrap(left + right);
    case '-':
      if (l === 'vtime') return r === 'vtime' ? saturate(s64(left - right)) : u64(left - right);
      return l === 'uint' || l === 'sint' ? wrap(left - right) : saturate(left - right);
    case '*':
      return l === 'ratio' || r === 'ratio' ? u64(left * right) >> 10n : wrap(left * right);
    case '/':
      if (right === 0n) return 0n;
      return r === 'ratio' ? u64(left << 10n) / right : wrap(left / right);
    case '%':
      return right === 0n ? left : wrap(left % right);
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return wrap(left ^ right);
    case '<<':
      return wrap(left << (right & 63n));
    case '>>':
      return left >> (right & 63n);
    default:
      return undefined;
  }
}

/** `-x`, `!x` or `~x` at compile time. The complement of a cpumask is not known: it depends on the machine. */
export function foldUnary(op: '-' | '!' | '~', value: Value, type: Type): Value | undefined {
  if (op === '!') return typeof value === 'boolean' ? !value : undefined;
  if (typeof value !== 'bigint') return undefined;
  const c = classOf(type);
  if (op === '-') return s64(-value);
  return c === 'uint' || c === 'flags' ? u64(~value) : c === 'sint' ? s64(~value) : undefined;
}

/** `value as to` at compile time. */
export function foldCast(value: Value, to: Type): Value | undefined {
  const bits = typeof value === 'boolean' ? (value ? 1n : 0n) : value;
  if (typeof bits !== 'bigint') return undefined;
  if (to.kind === 'int') return to.signed ? BigInt.asIntN(to.bits, bits) : BigInt.asUintN(to.bits, bits);
  const range = intRange(to);
  if (range !== undefined && to.kind !== 'cpu')
    return bits < range.lo ? range.lo : bits > range.hi ? range.hi : bits;
  return u64(bits);
}
