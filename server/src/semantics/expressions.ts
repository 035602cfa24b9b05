import type { CastExpr, CondExpr, Expr, RangeExpr, UnaryExpr } from '../../../grammar/ast.ts';
import { binary } from './binary.ts';
import { call } from './calls.ts';
import { CONSTANT, mayDescend, report, type Context, type Env, type What } from './context.ts';
import { adapt, coerce, common, isAdaptable, mayBeAbsent, noTruth, outOfRange } from './conversions.ts';
import { castFix } from './fixes.ts';
import { foldCast, foldUnary } from './fold.ts';
import { index } from './indexing.ts';
import { member } from './members.ts';
import { metric } from './metrics.ts';
import { castAllowed, classOf } from './operators.ts';
import { nameValue } from './resolve.ts';
import { typeOf } from './type-refs.ts';
import { BOOL, DURATION, ERROR, NONE, RATIO, S64, STRING, U64, same, show, type Type } from './types.ts';

/**
 * The type of an expression, with those of its parts, and its value where it is constant. `wanted` is the type that
 * the place asks for: numbers adapt to it; whether the result fits is the caller's to check (`expectType` does both).
 */
export function typeOfExpr(cx: Context, env: Env, expr: Expr, wanted?: Type): Type {
  if (!mayDescend(cx)) return ERROR;
  cx.depth++;
  const type = infer(cx, env, expr, wanted);
  cx.depth--;
  cx.types.set(expr, type);
  return (wanted === undefined ? undefined : adapt(cx, expr, wanted)) ?? type;
}

/** Types `expr` and holds it against `wanted`. `what` names the place: "the argument 'slice'". */
export function expectType(cx: Context, env: Env, expr: Expr, wanted: Type, what: What): Type {
  return coerce(cx, expr, typeOfExpr(cx, env, expr, wanted), wanted, what);
}

/** A value that is there: `T?` is reported, and gives `error`. An `ewma` stays one. */
export function presentType(cx: Context, env: Env, expr: Expr, wanted?: Type): Type {
  const type = typeOfExpr(cx, env, expr, wanted);
  if (type.kind !== 'optional') return type;
  mayBeAbsent(cx, expr, type);
  return ERROR;
}

/** Types a condition. */
export function condition(cx: Context, env: Env, expr: Expr): void {
  expectType(cx, env, expr, BOOL, 'a condition');
}

/** The value of a constant integer, such as a bound; reported where it is not constant. `wanted` is its type. */
export function constantInt(
  cx: Context,
  env: Env,
  expr: Expr,
  what: string,
  wanted: Type = U64,
): bigint | undefined {
  const type = expectType(cx, { ...CONSTANT, side: env.side }, expr, wanted, what);
  const value = cx.constants.get(expr);
  if (typeof value === 'bigint') return value;
  if (type.kind !== 'error') report(cx, 'PV3010', expr.span, { what });
  return undefined;
}

function infer(cx: Context, env: Env, expr: Expr, wanted: Type | undefined): Type {
  switch (expr.kind) {
    case 'int':
      cx.constants.set(expr, expr.value);
      return expr.value < 1n << 64n ? U64 : outOfRange(cx, expr, expr.value, U64);
    case 'duration':
      cx.constants.set(expr, expr.value);
      return DURATION;
    case 'ratio':
      cx.constants.set(expr, expr.value);
      return RATIO;
    case 'bool':
      cx.constants.set(expr, expr.value);
      return BOOL;
    case 'string':
      cx.constants.set(expr, expr.value);
      return STRING;
    case 'none':
      return NONE;
    case 'error':
      cx.gaps = true;
      return ERROR;
    case 'name':
      return nameValue(cx, env, expr);
    case 'member':
      return member(cx, env, expr);
    case 'index':
      return index(cx, env, expr);
    case 'call':
      return call(cx, env, expr, wanted);
    case 'unary':
      return unary(cx, env, expr, wanted);
    case 'binary':
      return binary(cx, env, expr);
    case 'cond':
      return conditional(cx, env, expr, wanted);
    case 'cast':
      return cast(cx, env, expr);
    case 'range':
      return range(cx, env, expr, wanted);
    case 'metric':
      return metric(cx, env, expr);
    case 'paren': {
      const type = typeOfExpr(cx, env, expr.inner, wanted);
      copyValue(cx, expr.inner, expr);
      return type;
    }
  }
}

function copyValue(cx: Context, from: Expr, to: Expr): void {
  const value = cx.constants.get(from);
  if (value !== undefined) cx.constants.set(to, value);
}

function unary(cx: Context, env: Env, expr: UnaryExpr, wanted: Type | undefined): Type {
  if (expr.op === '!') {
    const operand = typeOfExpr(cx, env, expr.operand);
    if (operand.kind !== 'bool' && operand.kind !== 'error') noTruth(cx, expr.operand, operand, true);
    return folded(cx, expr, BOOL);
  }
  const type = presentType(cx, env, expr.operand, expr.op === '~' ? wanted : undefined);
  const c = classOf(type);
  if (type.kind === 'error') return ERROR;
  if (expr.op === '~') {
    if (c === 'cpumask' || c === 'flags') return folded(cx, expr, type);
    if (c === 'uint' || c === 'sint') return folded(cx, expr, c === 'uint' ? U64 : S64);
  } else if (isAdaptable(cx, expr.operand)) {
    return negative(cx, expr);
  } else if (c === 'sint') {
    return folded(cx, expr, S64);
  } else if (c === 'uint') {
    report(
      cx,
      'PV3003',
      expr.operand.span,
      { left: show(type), right: 'a negative number' },
      { fixes: castFix(expr.operand, S64, true) },
    );
    return ERROR;
  }
  const why =
    expr.op === '-' && ['duration', 'instant', 'vtime', 'ratio'].includes(c)
      ? 'it is never negative'
      : undefined;
  report(cx, 'PV3001', expr.operand.span, {
    what: `the operand of '${expr.op}'`,
    found: why === undefined ? show(type) : `${show(type)}: ${why}`,
    wanted: 'a number',
  });
  return ERROR;
}

/** `-5`: the value of the whole, so that `-128` is an s8. */
function negative(cx: Context, expr: UnaryExpr): Type {
  const value = cx.constants.get(expr.operand);
  if (typeof value !== 'bigint') return ERROR;
  cx.types.set(expr.operand, S64);
  cx.constants.set(expr, -value);
  return -value < -(1n << 63n) ? outOfRange(cx, expr, -value, S64) : S64;
}

function folded(cx: Context, expr: UnaryExpr, type: Type): Type {
  const value = cx.constants.get(expr.operand);
  const result = value === undefined ? undefined : foldUnary(expr.op, value, type);
  if (result !== undefined) cx.constants.set(expr, result);
  return type;
}

function conditional(cx: Context, env: Env, expr: CondExpr, wanted: Type | undefined): Type {
  condition(cx, env, expr.condition);
  const first = typeOfExpr(cx, env, expr.then, wanted);
  const second = typeOfExpr(cx, env, expr.otherwise, wanted ?? numberLike(first));
  const then =
    isAdaptable(cx, expr.then) && !isAdaptable(cx, expr.otherwise)
      ? (adapt(cx, expr.then, second) ?? first)
      : first;
  const type = common(then, second);
  if (type === undefined) {
    report(cx, 'PV3001', expr.otherwise.span, {
      what: "the second choice of '?:'",
      found: show(second),
      wanted: `${show(then)} like the first`,
    });
    return ERROR;
  }
  const chosen = cx.constants.get(expr.condition);
  if (typeof chosen === 'boolean') copyValue(cx, chosen ? expr.then : expr.otherwise, expr);
  return type;
}

const numberLike = (type: Type): Type | undefined =>
  ['int', 'nice', 'rt_prio', 'weight', 'cpu', 'flags', 'instant', 'vtime'].includes(type.kind)
    ? type
    : undefined;

function cast(cx: Context, env: Env, expr: CastExpr): Type {
  const to = typeOf(cx, env.side, expr.type, 'cast');
  const from = presentType(cx, env, expr.operand);
  if (from.kind === 'error' || to.kind === 'error') return to;
  const value = cx.constants.get(expr.operand);
  if (!same(from, to) && !castAllowed(from, to)) {
    report(cx, 'PV3008', expr.span, { from: show(from), to: show(to), way: castWay(from, to) });
    return to;
  }
  const result = value === undefined ? undefined : same(from, to) ? value : foldCast(value, to);
  if (result !== undefined) cx.constants.set(expr, result);
  return to;
}

/** What to do instead of a cast that there is not. */
function castWay(from: Type, to: Type): string | undefined {
  const f = classOf(from);
  const numeric = f === 'uint' || f === 'sint';
  if (to.kind === 'bool') return 'compare it with something: != 0';
  if (to.kind === 'ratio' && numeric) return 'ratio(part, whole) makes a ratio of two numbers';
  if (from.kind === 'ratio' && classOf(to) === 'uint') return 'multiply instead: 100 * r is the percentage';
  if (f === 'sint' && ['duration', 'instant', 'vtime'].includes(to.kind))
    return "make it unsigned first: 'as u64'";
  if (to.kind === 'enum') return "choose the member with 'match'";
  if (to.kind === 'task' && from.kind === 'vcpu') return 'a vCPU is accepted as it is where a task is wanted';
  return undefined;
}

function range(cx: Context, env: Env, expr: RangeExpr, wanted: Type | undefined): Type {
  const inside = wanted?.kind === 'range' ? wanted.of : wanted;
  const from = presentType(cx, env, expr.from, inside);
  const to = presentType(cx, env, expr.to, inside ?? numberLike(from));
  const start =
    isAdaptable(cx, expr.from) && !isAdaptable(cx, expr.to) ? (adapt(cx, expr.from, to) ?? from) : from;
  if (start.kind === 'error' || to.kind === 'error') return ERROR;
  const of = common(start, to);
  if (of !== undefined) return { kind: 'range', of };
  report(cx, 'PV3001', expr.to.span, {
    what: 'the end of the range',
    found: show(to),
    wanted: `${show(start)} like its start`,
  });
  return ERROR;
}
