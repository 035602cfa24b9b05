import type { Expr, ParamDecl } from '../../../grammar/ast.ts';
import { report, type Context, type Env } from './context.ts';
import { expectType } from './expressions.ts';
import type { Value } from './model.ts';
import { showValue } from './show-value.ts';
import type { Type } from './types.ts';

/** The value of an expression that has been typed; reported where it is not constant. */
export function constantValue(cx: Context, expr: Expr, type: Type, what: string): Value | undefined {
  const value = cx.constants.get(expr);
  if (value === undefined && type.kind !== 'error') report(cx, 'PV3010', expr.span, { what });
  return value;
}

/** Checks default and range of a param or tunable. */
export function checkParam(cx: Context, env: Env, decl: ParamDecl, type: Type): void {
  const name = decl.name.text;
  const value = valueOf(cx, env, decl.value, type, `the default of '${name}'`);
  if (decl.range === undefined) return;
  const lo = valueOf(cx, env, decl.range.lo, type, `the range of '${name}'`);
  const hi = valueOf(cx, env, decl.range.hi, type, `the range of '${name}'`);
  if (!isOrdered(type)) {
    if (type.kind !== 'error') {
      report(cx, 'PV3032', decl.range.span, {
        type: `a param of type ${type.kind}`,
        where: 'held in a range',
        way: 'leave the range out',
      });
    }
    return;
  }
  if (typeof lo !== 'bigint' || typeof hi !== 'bigint') return;
  const shown = { lo: showValue(lo, type), hi: showValue(hi, type) };
  if (lo > hi) report(cx, 'PV3011', decl.range.span, shown);
  else if (typeof value === 'bigint' && (value < lo || value > hi)) {
    report(
      cx,
      'PV3012',
      decl.value.span,
      { name, value: showValue(value, type), ...shown },
      { related: [{ message: 'the range', span: decl.range.span }] },
    );
  }
}

function valueOf(cx: Context, env: Env, expr: Expr, type: Type, what: string): Value | undefined {
  const found = expectType(cx, env, expr, type, what);
  return found.kind === 'error' ? undefined : constantValue(cx, expr, found, what);
}

const ORDERED: readonly Type['kind'][] = ['int', 'duration', 'ratio', 'nice', 'rt_prio', 'weight', 'cpu'];
const isOrdered = (type: Type): boolean => ORDERED.includes(type.kind);

/** Holds the value that a scenario gives to a param against its range. */
export function checkSetting(cx: Context, decl: ParamDecl, expr: Expr, value: Value, type: Type): void {
  if (decl.range === undefined || typeof value !== 'bigint') return;
  const lo = cx.constants.get(decl.range.lo);
  const hi = cx.constants.get(decl.range.hi);
  if (typeof lo !== 'bigint' || typeof hi !== 'bigint' || (value >= lo && value <= hi) || lo > hi) return;
  report(
    cx,
    'PV3012',
    expr.span,
    { name: decl.name.text, value: showValue(value, type), lo: showValue(lo, type), hi: showValue(hi, type) },
    { related: [{ message: 'the range', span: decl.range.span }] },
  );
}
