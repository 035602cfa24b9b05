import type { BinaryOp, Expr, IrType } from '../../ir/ir.ts';
import { atMost, atom, LEVEL, type Body, type C } from './body.ts';
import { isEverywhere } from './constants.ts';
import { widthOf, type Width } from './ctypes.ts';
import { exprC } from './expressions.ts';
import { helper } from './unit.ts';

const isSigned = (type: IrType): boolean => type.kind === 'int' && type.signed;

const is64 = (width: Width): boolean => typeof width === 'object' && width.bits === 64;

/** The expression as a 64-bit number: literals and what is 64 bits wide already stay. */
export function in64(c: C, signed: boolean): C {
  return c.width === 'literal' || is64(c.width) ? c : cast(signed ? 's64' : 'u64', c, { bits: 64, signed });
}

export function cast(type: string, c: C, width: Width): C {
  return { text: `(${type})${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width };
}

/** `~x` and `-x`, in 64 bits. */
export function prefix(operator: string, c: C, signed: boolean): C {
  const operand = atMost(c, LEVEL.unary);
  const gap = operand.startsWith(operator) ? ' ' : '';
  return { text: `${operator}${gap}${operand}`, level: LEVEL.unary, width: { bits: 64, signed } };
}

export const sameWidth = (a: Width, b: Width): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && a.bits === b.bits && a.signed === b.signed);

const SYMBOLS: Readonly<Partial<Record<BinaryOp, readonly [string, number]>>> = {
  add: ['+', LEVEL.add],
  sub: ['-', LEVEL.add],
  mul: ['*', LEVEL.mul],
  and: ['&', LEVEL.and],
  or: ['|', LEVEL.or],
  xor: ['^', LEVEL.xor],
  eq: ['==', LEVEL.equality],
  ne: ['!=', LEVEL.equality],
  lt: ['<', LEVEL.relational],
  le: ['<=', LEVEL.relational],
  gt: ['>', LEVEL.relational],
  ge: ['>=', LEVEL.relational],
};

/** Read from right to left: the policy's `a > b` is the program's b < a. */
const MIRRORED: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { lt: 'gt', le: 'ge' };

const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

/**
 * What is compared. Of a variable that a loop changes the verifier would learn something in each round that it then has to walk
 * apart from the others: it gets to see another number of the same value.
 */
export function comparedC(body: Body, expr: Expr): C {
  const c = exprC(body, expr);
  const changes = expr.kind === 'local' && expr.type.kind === 'int' && body.carried.has(expr.local.id);
  return changes && body.loops > 0 ? atom(`${helper(body.unit, 'pv_hidden')}(${c.text})`, c.width) : c;
}

/** C for an operator, in 64 bits whatever the widths of its operands. */
export function binaryC(body: Body, expr: Expr & { kind: 'binary' }): C {
  const { op, left, right } = expr;
  const mirrored = MIRRORED[op];
  if (mirrored && right.span.start < left.span.start) {
    return binaryC(body, { ...expr, op: mirrored, left: right, right: left });
  }
  const side = COMPARISONS.has(op) ? comparedC : exprC;
  const [l, r] = [side(body, left), side(body, right)];
  const signed = isSigned(left.type);
  switch (op) {
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return (op === 'eq' && flagC(body, left, right)) || comparison(op, l, r, signed);
    case 'add':
    case 'sub':
    case 'mul':
      return infix(op, ...meet(l, r, signed), signed);
    case 'and':
    case 'or':
    case 'xor':
      return infix(op, sameSign(l, r, signed) ? l : in64(l, signed), r, signed);
    case 'shl':
    case 'shr':
      return shift(op, in64(l, signed), r, right, signed);
    case 'div':
    case 'mod':
      return division(body, op, l, r, right, signed);
    default:
      return apply(helper(body.unit, functionFor(op, expr)), [l, r], resultWidth(op, signed));
  }
}

/** `flags has FLAG` of one bit that every kernel has: the test that people write. */
function flagC(body: Body, masked: Expr, flag: Expr): C | undefined {
  if (masked.kind !== 'binary' || masked.op !== 'and' || flag.kind !== 'kernel-const') return undefined;
  const { right } = masked;
  if (right.kind !== 'kernel-const' || right.name !== flag.name) return undefined;
  if (!isOneBit(flag.value) || !isEverywhere(flag.name)) return undefined;
  const test = exprC(body, masked).text;
  return {
    text: `(${test}) != 0`,
    level: LEVEL.equality,
    width: widthOf({ kind: 'bool' }),
    truth: `(${test})`,
  };
}

const isOneBit = (value: bigint | undefined): boolean =>
  value !== undefined && value > 0n && (value & (value - 1n)) === 0n;

function functionFor(op: BinaryOp, expr: Expr & { kind: 'binary' }): Parameters<typeof helper>[1] {
  const unsigned = !isSigned(expr.left.type);
  const vtime = expr.left.type.kind === 'int' && expr.left.type.unit === 'vtime';
  switch (op) {
    case 'sub-sat':
      return 'pv_sub_sat';
    case 'mul-ratio':
      return 'pv_part';
    case 'div-ratio':
      return 'pv_ratio';
    case 'before':
      return 'pv_before';
    case 'min':
      return vtime ? 'pv_vtime_min' : unsigned ? 'pv_min' : 'pv_smin';
    case 'max':
      return vtime ? 'pv_vtime_max' : unsigned ? 'pv_max' : 'pv_smax';
    default:
      throw new Error(`no function for ${op}`);
  }
}

const resultWidth = (op: BinaryOp, signed: boolean): Width =>
  op === 'before'
    ? widthOf({ kind: 'bool' })
    : { bits: 64, signed: (op === 'min' || op === 'max') && signed };

const apply = (name: string, args: readonly C[], width: Width): C =>
  atom(`${name}(${args.map((arg) => arg.text).join(', ')})`, width, guardsOf(args));

/** Pointers that any of the parts needs tested. */
export const guardsOf = (parts: readonly C[]): readonly string[] => [
  ...new Set(parts.flatMap((part) => part.guards ?? [])),
];

/** Both operands so that C computes in 64 bits: one that is 64 bits wide takes the other along. */
function meet(l: C, r: C, signed: boolean): [C, C] {
  if (is64(l.width) || is64(r.width)) return [l, r];
  return l.width === 'literal' ? [l, in64(r, signed)] : [in64(l, signed), r];
}

function infix(op: BinaryOp, l: C, r: C, signed: boolean): C {
  const [symbol, level] = SYMBOLS[op] ?? fail(op);
  const bitwise = level >= LEVEL.and && level <= LEVEL.or;
  // Compilers ask for parentheses where bits and sums mix.
  const own = (c: C): boolean => (op === 'add' || op === 'mul' || bitwise) && c.level === level;
  const limit = bitwise ? LEVEL.unary : level;
  const left = own(l) ? l.text : atMost(l, limit);
  const right = own(r) ? r.text : atMost(r, bitwise ? LEVEL.unary : level - 1);
  const widest: Width = is64(l.width)
    ? l.width
    : is64(r.width)
      ? r.width
      : bitwise
        ? wider(l, r)
        : { bits: 64, signed };
  return { text: `${left} ${symbol} ${right}`, level, width: widest };
}

const wider = (l: C, r: C): Width => {
  if (typeof l.width !== 'object') return r.width;
  if (typeof r.width !== 'object') return l.width;
  return l.width.bits >= r.width.bits ? l.width : r.width;
};

const fail = (op: BinaryOp): never => {
  throw new Error(`${op} is no operator of C`);
};

function comparison(op: BinaryOp, l: C, r: C, signed: boolean): C {
  const [symbol, level] = SYMBOLS[op] ?? fail(op);
  const left = sameSign(l, r, signed) ? l : in64(l, signed);
  // Compilers ask whether `!a == b` is meant as !(a == b).
  const first = left.text.startsWith('!') ? `(${left.text})` : atMost(left, LEVEL.add);
  const text = `${first} ${symbol} ${atMost(r, LEVEL.add)}`;
  return { text, level, width: widthOf({ kind: 'bool' }) };
}

/** Does C compare the two as the numbers that they are? */
function sameSign(l: C, r: C, signed: boolean): boolean {
  const [a, b] = [promoted(l.width), promoted(r.width)];
  if (typeof a !== 'object' || typeof b !== 'object') return true;
  const decides = (w: typeof a): boolean => w.bits === 64 && w.signed === signed;
  return sameWidth(a, b) || decides(a) || decides(b);
}

/** What C makes of a width before it compares. */
const promoted = (width: Width): Width =>
  typeof width === 'object' && width.bits < 32 ? { bits: 32, signed: true } : width;

function shift(op: 'shl' | 'shr', value: C, count: C, countExpr: Expr, signed: boolean): C {
  const wide = value.width === 'literal' ? cast(signed ? 's64' : 'u64', value, { bits: 64, signed }) : value;
  const by =
    countExpr.kind === 'const' && typeof countExpr.value === 'bigint'
      ? `${BigInt.asUintN(6, countExpr.value)}`
      : `(${atMost(count, LEVEL.unary)} & 63)`;
  const text = `${atMost(wide, LEVEL.unary)} ${op === 'shl' ? '<<' : '>>'} ${by}`;
  return { text, level: LEVEL.shift, width: { bits: 64, signed } };
}

/** A number, or one that cannot be less: `max(n, 1)`. */
const isNonZero = (expr: Expr): boolean =>
  (expr.kind === 'const' && typeof expr.value === 'bigint' && expr.value !== 0n) ||
  (expr.kind === 'binary' &&
    expr.op === 'max' &&
    functionFor(expr.op, expr) === 'pv_max' &&
    [expr.left, expr.right].some(isNonZero));

function division(body: Body, op: 'div' | 'mod', l: C, r: C, divisor: Expr, signed: boolean): C {
  const width: Width = { bits: 64, signed };
  if (!signed && isNonZero(divisor)) {
    const text = `${atMost(l, LEVEL.mul)} ${op === 'div' ? '/' : '%'} ${atMost(r, LEVEL.unary)}`;
    // Of a narrow number C makes a narrow one, which is what it is: the quotient of what has no sign is smaller.
    const narrow = r.width === 'literal' && l.width !== 'literal';
    return { text, level: LEVEL.mul, width: narrow ? promoted(l.width) : width };
  }
  const name = signed ? (op === 'div' ? 'pv_sdiv' : 'pv_smod') : op === 'div' ? 'pv_div' : 'pv_mod';
  return apply(helper(body.unit, name), [l, r], width);
}
