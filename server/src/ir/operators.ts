import type * as ast from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { coerce } from './coerce.ts';
import type { BinaryOp, Expr, IrType, Unit } from './ir.ts';
import { IR_BOOL, IR_CPUMASK, IR_S64, IR_U64, wide, wrap } from './types.ts';

/** An operator of the language that is no short-circuit. */
export type Operator = Exclude<ast.BinaryOp, '&&' | '||'>;

/** Lowers `left op right` where the checker gave the whole the type `result`. */
export function lowerOperator(op: Operator, left: Expr, right: Expr, result: IrType, span: Span): Expr {
  switch (op) {
    case '==':
      return equality(left, right, span);
    case '!=':
      return inequality(left, right, span);
    case '<':
      return less(left, right, span);
    case '>':
      return isVtime(left.type) ? less(right, left, span) : comparison('gt', left, right, span);
    case '<=':
      return atMost(left, right, span);
    case '>=':
      return isVtime(left.type) ? atMost(right, left, span) : comparison('ge', left, right, span);
    case 'has':
      return has(left, right, span);
    case '&':
    case '|':
    case '^':
      return bitwise(op, left, right, result, span);
    case '<<':
    case '>>':
      return shift(op, left, right, result, span);
    case '+':
      return arithmetic('add', left, right, result, span);
    case '-':
      if (isVtime(left.type) && isVtime(right.type)) return ahead(left, right, result, span);
      return arithmetic(saturates(left.type) ? 'sub-sat' : 'sub', left, right, result, span);
    case '*':
      return arithmetic(
        isRatio(left.type) || isRatio(right.type) ? 'mul-ratio' : 'mul',
        left,
        right,
        result,
        span,
      );
    case '/':
      return arithmetic(isRatio(right.type) ? 'div-ratio' : 'div', left, right, result, span);
    case '%':
      return arithmetic('mod', left, right, result, span);
  }
}

function unitOf(type: IrType): Unit {
  return type.kind === 'int' ? type.unit : 'plain';
}

const isRatio = (type: IrType): boolean => unitOf(type) === 'ratio';
const isVtime = (type: IrType): boolean => unitOf(type) === 'vtime';

/** Does subtraction from a value of this type stop at zero? Virtual time and integers wrap on purpose. */
export function saturates(left: IrType): boolean {
  const unit = unitOf(left);
  return unit === 'duration' || unit === 'instant' || unit === 'ratio';
}

/** How far `left` is ahead of `right` in virtual time: the wrapped difference, or 0 where it is behind. */
function ahead(left: Expr, right: Expr, result: IrType, span: Span): Expr {
  const difference = coerce(binary('sub', left, right, wide(left.type), span), IR_S64);
  return coerce(
    binary('max', difference, { kind: 'const', value: 0n, type: IR_S64, span }, IR_S64, span),
    result,
  );
}

/** The 64-bit type in which two numbers meet: signed where one of them is, unless the other needs all 64 bits. */
export function meet(left: Expr, right: Expr): IrType {
  const l = wide(left.type);
  const r = wide(right.type);
  if (l.signed === r.signed) return l;
  if (left.kind === 'const') return fits(left, r) ? r : l;
  if (right.kind === 'const') return fits(right, l) ? l : r;
  const unsigned = l.signed ? right.type : left.type;
  return unsigned.kind === 'int' && unsigned.bits === 64 ? IR_U64 : IR_S64;
}

/** Does the constant have the same value in `type`? */
function fits(expr: Expr & { kind: 'const' }, type: IrType & { kind: 'int' }): boolean {
  return typeof expr.value !== 'bigint' || type.signed || expr.value >= 0n;
}

function arithmetic(op: BinaryOp, left: Expr, right: Expr, result: IrType, span: Span): Expr {
  const operand = result.kind === 'int' ? wide(result) : meet(left, right);
  return binary(op, widen(left, operand), widen(right, operand), operand, span);
}

/** To 64 bits with the signedness of `like`, the operand's own unit kept. */
function widen(expr: Expr, like: IrType): Expr {
  const signed = like.kind === 'int' && like.signed;
  return coerce(expr, { ...wide(expr.type), signed });
}

function binary(op: BinaryOp, left: Expr, right: Expr, type: IrType, span: Span): Expr {
  return { kind: 'binary', op, left, right, type, span };
}

/** Compared numbers keep their widths where both have the same sign; a constant takes the type of the other side. */
function comparison(op: BinaryOp, left: Expr, right: Expr, span: Span): Expr {
  if (left.type.kind !== 'int' && right.type.kind !== 'int') return binary(op, left, right, IR_BOOL, span);
  const [l, r] = [likeOther(left, right), likeOther(right, left)];
  if (isUnsigned(l.type) === isUnsigned(r.type)) return binary(op, l, r, IR_BOOL, span);
  const type = meet(l, r);
  return binary(op, widen(l, type), widen(r, type), IR_BOOL, span);
}

const isUnsigned = (type: IrType): boolean => type.kind === 'int' && !type.signed;

function likeOther(expr: Expr, other: Expr): Expr {
  if (expr.kind !== 'const' || typeof expr.value !== 'bigint') return expr;
  return wrap(expr.value, other.type) === expr.value ? coerce(expr, other.type) : expr;
}

function less(left: Expr, right: Expr, span: Span): Expr {
  return comparison(isVtime(left.type) || isVtime(right.type) ? 'before' : 'lt', left, right, span);
}

function atMost(left: Expr, right: Expr, span: Span): Expr {
  if (isVtime(left.type) || isVtime(right.type)) return not(less(right, left, span), span);
  return comparison('le', left, right, span);
}

function not(operand: Expr, span: Span): Expr {
  return { kind: 'not', operand, type: IR_BOOL, span };
}

function equality(left: Expr, right: Expr, span: Span): Expr {
  if (left.kind === 'none') return not(isSome(right, span), span);
  if (right.kind === 'none') return not(isSome(left, span), span);
  if (left.type.kind === 'cpumask') {
    const difference = mask('mask-xor', left, right, span);
    return { kind: 'intrinsic', name: 'mask-empty', args: [difference], type: IR_BOOL, span };
  }
  if (left.type.kind === 'string') {
    return { kind: 'intrinsic', name: 'string-eq', args: [left, right], type: IR_BOOL, span };
  }
  return comparison('eq', left, right, span);
}

function inequality(left: Expr, right: Expr, span: Span): Expr {
  if (left.kind === 'none') return isSome(right, span);
  if (right.kind === 'none') return isSome(left, span);
  const special = left.type.kind === 'cpumask' || left.type.kind === 'string';
  return special ? not(equality(left, right, span), span) : comparison('ne', left, right, span);
}

function isSome(operand: Expr, span: Span): Expr {
  return { kind: 'is-some', operand, type: IR_BOOL, span };
}

/**
 * `flags has X`: are all bits of X set? A constant that the running kernel lacks reads as 0 and is never had, so
 * where the value comes from the kernel, 0 is ruled out first.
 */
function has(left: Expr, right: Expr, span: Span): Expr {
  const type = wide(left.type);
  const wanted = widen(right, type);
  const all = binary('eq', binary('and', widen(left, type), wanted, type, span), wanted, IR_BOOL, span);
  if (isKnown(right)) return all;
  const exists = binary('ne', wanted, { kind: 'const', value: 0n, type, span }, IR_BOOL, span);
  return { kind: 'logical', op: 'and', left: exists, right: all, type: IR_BOOL, span };
}

/** Is its value the same on all kernels at hand? */
function isKnown(expr: Expr): boolean {
  switch (expr.kind) {
    case 'const':
      return true;
    case 'kernel-const':
      return expr.value !== undefined;
    case 'binary':
      return isKnown(expr.left) && isKnown(expr.right);
    default:
      return false;
  }
}

function mask(name: 'mask-and' | 'mask-or' | 'mask-xor', left: Expr, right: Expr, span: Span): Expr {
  return { kind: 'intrinsic', name, args: [left, right], type: IR_CPUMASK, span };
}

const BITS = { '&': 'and', '|': 'or', '^': 'xor' } as const;

function bitwise(op: '&' | '|' | '^', left: Expr, right: Expr, result: IrType, span: Span): Expr {
  if (left.type.kind === 'cpumask') return mask(`mask-${BITS[op]}`, left, right, span);
  return arithmetic(BITS[op], left, right, result, span);
}

function shift(op: '<<' | '>>', left: Expr, right: Expr, result: IrType, span: Span): Expr {
  const type = result.kind === 'int' ? wide(result) : wide(left.type);
  return binary(op === '<<' ? 'shl' : 'shr', widen(left, type), widen(right, type), type, span);
}
