import type { BinaryOp, EnumDef, Expr, IrType } from '../../ir/ir.ts';
import { asTruth, atMost, atom, LEVEL, localName, type Body, type C } from './body.ts';
import { collectionC, loadC } from './places.ts';
import { absent, cType, integer, nanoseconds, SCHED_CLASSES, widthOf, type Width } from './ctypes.ts';
import { intrinsicC } from './intrinsics.ts';
import { callC, kernelCallC, tableC } from './calls.ts';
import { dsqC } from './dsq.ts';
import { counterC, hintC } from './places.ts';
import { constantName, literal, upper } from './names.ts';
import { helper } from './unit.ts';

/** The C expression for `expr`. What it needs beforehand goes to `body.before`. */
export function exprC(body: Body, expr: Expr): C {
  switch (expr.kind) {
    case 'const':
      return constC(body, expr.value, expr.type);
    case 'kernel-const':
      body.unit.constants.set(expr.name, expr);
      return atom(expr.name, expr.enumName === undefined ? 'literal' : { bits: 64, signed: false });
    case 'local':
      return atom(localName(body, expr.local), widthOf(expr.type));
    case 'param':
      return atom(body.unit.globals.name(expr.name), widthOf(expr.type));
    case 'table':
      return tableC(body, expr);
    case 'load':
      return loadC(body, expr.place);
    case 'load-hint':
      return hintC(body, expr);
    case 'counter-value':
      return counterC(body, expr);
    case 'binary':
      return binaryC(body, expr);
    case 'logical':
      return logicalC(body, expr);
    case 'not':
      return notC(body, expr.operand);
    case 'complement':
      return prefix('~', in64(exprC(body, expr.operand), isSigned(expr.type)), isSigned(expr.type));
    case 'negate':
      return prefix('-', in64(exprC(body, expr.operand), true), true);
    case 'convert':
      return convertC(body, expr.operand, expr.type);
    case 'select':
      return selectC(body, expr);
    case 'none':
      return atom(absent(innerOf(expr.type)), widthOf(innerOf(expr.type)));
    case 'some':
      return exprC(body, expr.operand);
    case 'is-some':
      return isSomeC(body, expr.operand);
    case 'call':
      return callC(body, expr);
    case 'kernel-call':
      return kernelCallC(body, expr);
    case 'intrinsic':
      return intrinsicC(body, expr);
    case 'collection':
      return collectionC(body, expr);
    case 'dsq':
      return dsqC(body, expr.which);
  }
}

/** The C text of a condition: only zero or not matters. */
export const conditionText = (body: Body, expr: Expr): string => asTruth(exprC(body, expr)).text;

/** The C text of `expr`, in parentheses where it binds looser than an argument. */
export const exprText = (body: Body, expr: Expr): string => exprC(body, expr).text;

export const innerOf = (type: IrType): IrType => (type.kind === 'optional' ? type.inner : type);

const isSigned = (type: IrType): boolean => type.kind === 'int' && type.signed;

function constC(body: Body, value: bigint | boolean | string, type: IrType): C {
  if (typeof value === 'boolean') return atom(`${value}`, widthOf(type));
  if (typeof value === 'string') return atom(stringC(value), 'none');
  if (type.kind !== 'int') return number(value, integer(value));
  const { unit } = type;
  if (unit === 'duration' || unit === 'instant' || unit === 'vtime') {
    const span = nanoseconds(value);
    return span.atom ? number(value, span.text) : { text: span.text, level: LEVEL.mul, width: widthOf(type) };
  }
  if (unit === 'ratio')
    return { ...number(value, `${integer(value)} /* ${percent(value)} */`), width: 'literal' };
  if (unit === 'sched_class') return schedClass(body, value);
  if (typeof unit === 'object' && 'enum' in unit) return enumerator(body, unit.enum, value);
  return number(value, integer(value));
}

function number(value: bigint, text: string): C {
  const fits = value < 1n << 31n && value >= -(1n << 31n);
  const width: Width = fits ? 'literal' : { bits: 64, signed: value < 1n << 63n };
  return { text, level: value < 0n ? LEVEL.unary : LEVEL.atom, width };
}

/** A string is at most 15 characters, as the names of threads are. */
export const stringC = (text: string): string => `(struct pv_comm){ .text = ${literal(text.slice(0, 15))} }`;

/** A ratio in 1/1024 as people read it. */
const percent = (ratio: bigint): string => `${Number(((ratio * 10000n) / 1024n + 5n) / 10n) / 10}%`;

function schedClass(body: Body, value: bigint): C {
  const name = SCHED_CLASSES.get(value);
  if (name === undefined) return number(value, integer(value));
  body.unit.constants.set(name, { enumName: undefined, value });
  return atom(name, 'literal');
}

function enumerator(body: Body, name: string, value: bigint): C {
  const def = body.unit.program.enums.find((candidate) => candidate.name === name);
  const member = def?.members.find((candidate) => candidate.value === value);
  return def && member ? atom(enumeratorName(def, member.name), 'literal') : number(value, integer(value));
}

/** `class.batch` as CLASS_BATCH. */
export const enumeratorName = (def: EnumDef, member: string): string =>
  constantName(
    upper(def.name),
    member,
    def.members.map(({ name }) => name),
  );

const is64 = (width: Width): boolean => typeof width === 'object' && width.bits === 64;

/** The expression as a 64-bit number: literals and what is 64 bits wide already stay. */
function in64(c: C, signed: boolean): C {
  return c.width === 'literal' || is64(c.width) ? c : cast(signed ? 's64' : 'u64', c, { bits: 64, signed });
}

function cast(type: string, c: C, width: Width): C {
  return { text: `(${type})${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width };
}

function prefix(operator: string, c: C, signed: boolean): C {
  const operand = atMost(c, LEVEL.unary);
  const gap = operand.startsWith(operator) ? ' ' : '';
  return { text: `${operator}${gap}${operand}`, level: LEVEL.unary, width: { bits: 64, signed } };
}

function notC(body: Body, operand: Expr): C {
  if (operand.kind === 'is-some') return isSomeC(body, operand.operand, true);
  if (operand.kind === 'binary' && operand.op === 'eq') return binaryC(body, { ...operand, op: 'ne' });
  const c = asTruth(exprC(body, operand));
  return { text: `!${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width: widthOf({ kind: 'bool' }) };
}

function isSomeC(body: Body, operand: Expr, negated = false): C {
  const inner = innerOf(operand.type);
  const c = exprC(body, operand);
  const width = widthOf({ kind: 'bool' });
  if (inner.kind === 'cpu') {
    return { text: `${atMost(c, LEVEL.shift)} ${negated ? '<' : '>='} 0`, level: LEVEL.relational, width };
  }
  if (negated) return { text: `!${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width };
  const zero = inner.kind === 'vm' ? '0' : 'NULL';
  return { text: `${atMost(c, LEVEL.equality)} != ${zero}`, level: LEVEL.equality, width };
}

function logicalC(body: Body, expr: Expr & { kind: 'logical' }): C {
  const level = expr.op === 'and' ? LEVEL.logicalAnd : LEVEL.logicalOr;
  const side = (c: C): string => (c.level === level ? c.text : atMost(c, LEVEL.or));
  const [left, right] = [side(asTruth(exprC(body, expr.left))), side(asTruth(exprC(body, expr.right)))];
  return {
    text: `${left} ${expr.op === 'and' ? '&&' : '||'} ${right}`,
    level,
    width: widthOf({ kind: 'bool' }),
  };
}

function selectC(body: Body, expr: Expr & { kind: 'select' }): C {
  const condition = atMost(asTruth(exprC(body, expr.condition)), LEVEL.logicalOr);
  const branch = (value: Expr): string => {
    const c = exprC(body, value);
    // Branches meet in the type of the whole, whatever C would make of their own types.
    const meets = expr.type.kind !== 'int' || c.width === 'literal' || sameWidth(c.width, widthOf(expr.type));
    return atMost(meets ? c : cast(cType(expr.type), c, widthOf(expr.type)), LEVEL.logicalOr);
  };
  const text = `${condition} ? ${branch(expr.then)} : ${branch(expr.otherwise)}`;
  return { text, level: LEVEL.conditional, width: widthOf(expr.type) };
}

const sameWidth = (a: Width, b: Width): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && a.bits === b.bits && a.signed === b.signed);

/** A value of another type: a cast only where C would not give the same number by itself. */
function convertC(body: Body, operand: Expr, type: IrType): C {
  const c = exprC(body, operand);
  if (type.kind === 'bool') {
    if (operand.type.kind === 'bool') return c;
    return { text: `${atMost(c, LEVEL.relational)} != 0`, level: LEVEL.equality, width: widthOf(type) };
  }
  if (type.kind !== 'int' && type.kind !== 'cpu') return c;
  const to = widthOf(type);
  if (typeof to !== 'object' || c.width === 'literal' || c.width === 'none') return c;
  if (typeof c.width !== 'object') return c;
  const from = c.width;
  const neverNegative = operand.type.kind === 'bool' || operand.type.kind === 'cpu';
  const keeps =
    sameWidth(from, to) ||
    (to.bits > from.bits && (from.signed === to.signed || !from.signed || neverNegative));
  return keeps ? c : cast(cType(type), c, to);
}

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

function binaryC(body: Body, expr: Expr & { kind: 'binary' }): C {
  const { op, left, right } = expr;
  const mirrored = MIRRORED[op];
  if (mirrored && right.span.start < left.span.start) {
    return binaryC(body, { ...expr, op: mirrored, left: right, right: left });
  }
  const [l, r] = [exprC(body, left), exprC(body, right)];
  const signed = isSigned(left.type);
  switch (op) {
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return comparison(op, l, r, signed);
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
  const text = `${atMost(left, LEVEL.add)} ${symbol} ${atMost(r, LEVEL.add)}`;
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

function division(body: Body, op: 'div' | 'mod', l: C, r: C, divisor: Expr, signed: boolean): C {
  const width: Width = { bits: 64, signed };
  if (!signed && divisor.kind === 'const' && divisor.value !== 0n) {
    const right = atMost(r, LEVEL.unary);
    return { text: `${atMost(l, LEVEL.mul)} ${op === 'div' ? '/' : '%'} ${right}`, level: LEVEL.mul, width };
  }
  const name = signed ? (op === 'div' ? 'pv_sdiv' : 'pv_smod') : op === 'div' ? 'pv_div' : 'pv_mod';
  return apply(helper(body.unit, name), [l, r], width);
}
