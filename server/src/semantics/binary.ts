import type { BinaryExpr, BinaryOp, Expr } from '../../../grammar/ast.ts';
import { report, type Context, type Env } from './context.ts';
import { adapt, isAdaptable, mayBeAbsent } from './conversions.ts';
import { expectType, typeOfExpr } from './expressions.ts';
import { castFix, insert, replace, textOf } from './fixes.ts';
import { foldBinary } from './fold.ts';
import { eachExpr } from './walk.ts';
import { whose } from './members.ts';
import { classOf, operation, resultType, whyForbidden } from './operators.ts';
import { BOOL, DURATION, ERROR, S64, U64, show, type Type } from './types.ts';

const EQUALITY: readonly BinaryOp[] = ['==', '!='];
const COMPARISON: readonly BinaryOp[] = ['==', '!=', '<', '<=', '>', '>='];

/** The type of `left op right`. */
export function binary(cx: Context, env: Env, expr: BinaryExpr): Type {
  if (expr.op === '&&' || expr.op === '||') return logical(cx, env, expr);
  const [left, right] = operands(cx, env, expr);
  if (EQUALITY.includes(expr.op) && (left.kind === 'none' || right.kind === 'none')) {
    return absenceTest(cx, expr, left, right);
  }
  const there = [present(cx, expr.left, left), present(cx, expr.right, right)] as const;
  return operate(cx, expr, there[0], there[1]);
}

function logical(cx: Context, env: Env, expr: BinaryExpr): Type {
  const what = (): string => `the operand of '${expr.op}'`;
  expectType(cx, env, expr.left, BOOL, what);
  expectType(cx, env, expr.right, BOOL, what);
  fold(cx, expr, BOOL, BOOL);
  return BOOL;
}

/** Types both sides; a number adapts to the other side, and `baseline` takes the type of what it is compared with. */
function operands(cx: Context, env: Env, expr: BinaryExpr): readonly [Type, Type] {
  const compares = COMPARISON.includes(expr.op);
  if (env.place === 'expect' && compares && mentionsBaseline(expr.left) !== mentionsBaseline(expr.right)) {
    return withBaseline(cx, env, expr);
  }
  const first = typeOfExpr(cx, env, expr.left);
  const second = typeOfExpr(cx, env, expr.right);
  const leftAdapts = isAdaptable(cx, expr.left);
  const rightAdapts = isAdaptable(cx, expr.right);
  if (leftAdapts === rightAdapts) {
    return leftAdapts ? sameSign(cx, expr, first, second) : [first, second];
  }
  const wanted = adaptsTo(expr.op, leftAdapts ? second : first, leftAdapts);
  if (wanted === undefined) return [first, second];
  return leftAdapts
    ? [adapt(cx, expr.left, wanted) ?? first, second]
    : [first, adapt(cx, expr.right, wanted) ?? second];
}

function withBaseline(cx: Context, env: Env, expr: BinaryExpr): readonly [Type, Type] {
  const rightHasIt = mentionsBaseline(expr.right);
  const measuring = rightHasIt ? expr.left : expr.right;
  const measured = typeOfExpr(cx, env, measuring);
  const inside = measures(cx, measuring) ? { ...env, baseline: measured } : env;
  const other = typeOfExpr(cx, inside, rightHasIt ? expr.right : expr.left, measured);
  return rightHasIt ? [measured, other] : [other, measured];
}

/** Is there something of the run in it, of which the baseline run has its own? */
function measures(cx: Context, expr: Expr): boolean {
  let found = false;
  eachExpr(expr, (part) => {
    const callee = part.kind === 'call' ? cx.calls.get(part)?.callee : undefined;
    found ||= part.kind === 'metric' || (callee?.kind === 'builtin' && callee.builtin.where === 'expect');
    found ||=
      part.kind === 'name' && ['counter', 'builtin-name'].includes(cx.names.get(part.name)?.kind ?? '');
  });
  return found;
}

/** Is `baseline` part of the expression? */
export function mentionsBaseline(expr: Expr): boolean {
  switch (expr.kind) {
    case 'name':
      return expr.name.text === 'baseline';
    case 'paren':
      return mentionsBaseline(expr.inner);
    case 'binary':
      return mentionsBaseline(expr.left) || mentionsBaseline(expr.right);
    case 'unary':
    case 'cast':
      return mentionsBaseline(expr.operand);
    default:
      return false;
  }
}

/** Two literals of which one is negative: both are signed. */
function sameSign(cx: Context, expr: BinaryExpr, left: Type, right: Type): readonly [Type, Type] {
  if (left.kind === 'error' || right.kind === 'error' || classOf(left) === classOf(right))
    return [left, right];
  return [adapt(cx, expr.left, S64) ?? left, adapt(cx, expr.right, S64) ?? right];
}

/** The type that a number takes beside an operand of type `other`; undefined: the number stays what it is. */
function adaptsTo(op: BinaryOp, other: Type, numberIsLeft: boolean): Type | undefined {
  const c = classOf(other);
  if (op === '<<' || op === '>>') return numberIsLeft ? undefined : U64;
  if (c === 'uint' || c === 'sint') {
    return COMPARISON.includes(op) ? (other.kind === 'ewma' ? other.of : other) : c === 'uint' ? U64 : S64;
  }
  if (c === 'flags') return other;
  if (COMPARISON.includes(op)) return other;
  if (op === '+' || op === '-') {
    if (c === 'duration' || c === 'ratio') return other;
    return c === 'instant' || c === 'vtime' ? DURATION : undefined;
  }
  return op === '%' && (c === 'duration' || c === 'instant') ? DURATION : undefined;
}

function present(cx: Context, expr: Expr, type: Type): Type {
  if (type.kind !== 'optional') return type;
  mayBeAbsent(cx, expr, type);
  return ERROR;
}

function absenceTest(cx: Context, expr: BinaryExpr, left: Type, right: Type): Type {
  const [side, type] = left.kind === 'none' ? [expr.right, right] : [expr.left, left];
  if (type.kind !== 'optional' && type.kind !== 'none' && type.kind !== 'error') {
    report(cx, 'PV3017', side.span, { found: show(type) });
  }
  return BOOL;
}

function operate(cx: Context, expr: BinaryExpr, left: Type, right: Type): Type {
  const compares = COMPARISON.includes(expr.op) || expr.op === 'has';
  if (left.kind === 'error' || right.kind === 'error') return compares ? BOOL : ERROR;
  const found = operation(expr.op, left, right);
  if (found === undefined) {
    notApplicable(cx, expr, left, right);
    return compares ? BOOL : ERROR;
  }
  if (!sameKind(left, right) && compatibleOnlyWithin(left)) {
    report(cx, 'PV3038', expr.span, { left: show(left), right: show(right) });
    return compares ? BOOL : ERROR;
  }
  checkShift(cx, expr);
  if (expr.op === '/' || expr.op === '%') noteDivision(cx, expr.right);
  fold(cx, expr, left, right);
  return resultType(found.result, left);
}

const compatibleOnlyWithin = (type: Type): boolean => ['flags', 'enum', 'struct'].includes(type.kind);

const sameKind = (left: Type, right: Type): boolean =>
  left.kind === right.kind &&
  (left.kind !== 'flags' || (right.kind === 'flags' && left.group === right.group)) &&
  (left.kind !== 'enum' || (right.kind === 'enum' && left.name === right.name)) &&
  (left.kind !== 'struct' || (right.kind === 'struct' && left.name === right.name));

/** Remembers that there is a divisor to look at, once the body is known. */
export function noteDivision(cx: Context, divisor: Expr): void {
  const value = cx.constants.get(divisor);
  if (value === undefined || value === 0n) cx.divides = true;
}

function checkShift(cx: Context, expr: BinaryExpr): void {
  if (expr.op !== '<<' && expr.op !== '>>') return;
  const count = cx.constants.get(expr.right);
  if (typeof count === 'bigint' && (count < 0n || count > 63n)) {
    report(cx, 'PV3035', expr.right.span, { count: `${count}` });
  }
}

function fold(cx: Context, expr: BinaryExpr, left: Type, right: Type): void {
  const l = cx.constants.get(expr.left);
  const r = cx.constants.get(expr.right);
  if (l === undefined || r === undefined) return;
  const value = foldBinary(expr.op, l, left, r, right);
  if (value !== undefined) cx.constants.set(expr, value);
}

function notApplicable(cx: Context, expr: BinaryExpr, left: Type, right: Type): void {
  const [side, map] = left.kind === 'map' ? [expr.left, left] : [expr.right, right];
  if (map.kind === 'map') {
    return report(cx, 'PV3030', side.span, { name: textOf(side) ?? 'this', way: whose(map) });
  }
  const l = classOf(left);
  const r = classOf(right);
  if ((l === 'uint' && r === 'sint') || (l === 'sint' && r === 'uint')) {
    return report(
      cx,
      'PV3003',
      expr.span,
      { left: show(left), right: show(right) },
      {
        fixes: castFix(l === 'uint' ? expr.left : expr.right, S64),
      },
    );
  }
  report(
    cx,
    'PV3002',
    expr.span,
    { op: expr.op, left: show(left), right: show(right), why: whyForbidden(expr.op, left, right) },
    { fixes: operatorFixes(expr, left, right) },
  );
}

/** Where another operator says what was probably meant. */
function operatorFixes(
  expr: BinaryExpr,
  left: Type,
  right: Type,
): readonly { title: string; edits: ReturnType<typeof replace>[] }[] {
  if (left.kind === 'bool' && right.kind === 'bool') {
    const op = { '&': '&&', '|': '||', '^': '!=' }[expr.op as string];
    return op === undefined ? [] : [{ title: `Change to '${op}'`, edits: [replace(expr.opSpan, op)] }];
  }
  if (expr.op === 'has' && left.kind === 'cpumask' && textOf(expr.left) !== undefined) {
    const between = { start: expr.left.span.end, end: expr.right.span.start };
    return [{ title: 'Call .has()', edits: [replace(between, '.has('), insert(expr.right.span.end, ')')] }];
  }
  const vcpu =
    left.kind === 'vcpu' && right.kind === 'task'
      ? expr.left
      : left.kind === 'task' && right.kind === 'vcpu'
        ? expr.right
        : undefined;
  return vcpu === undefined
    ? []
    : [{ title: "Compare the vCPU's thread", edits: [insert(vcpu.span.end, '.task')] }];
}
