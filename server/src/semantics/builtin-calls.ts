import type { CallExpr, Expr, Ident } from '../../../grammar/ast.ts';
import { matchArguments, parametersOf, type Parameter } from './arguments.ts';
import type { BuiltinInfo } from './builtins.ts';
import { checkArguments } from './calls.ts';
import { report, type Context, type Env } from './context.ts';
import { adapt, coerce, common, isAdaptable } from './conversions.ts';
import { presentType } from './expressions.ts';
import { slotType } from './members.ts';
import { classOf } from './operators.ts';
import type { Value } from './model.ts';
import { CPU, CPUMASK, ERROR, show, type Type } from './types.ts';

/** The type of a call of a built-in function, or of a method on a receiver of type `object`. */
export function builtinCall(
  cx: Context,
  env: Env,
  expr: CallExpr,
  info: BuiltinInfo,
  object: Type | undefined,
  wanted: Type | undefined,
): Type {
  const receiver = expr.callee.kind === 'member' ? expr.callee.object : undefined;
  const done = (args: readonly (Expr | undefined)[]): void => {
    cx.calls.set(expr, { callee: { kind: 'builtin', builtin: info }, receiver, args });
    const field = receiver?.kind === 'member' ? cx.names.get(receiver.member) : undefined;
    for (const from of args)
      if (field !== undefined && from !== undefined) cx.flows.push({ to: field, from });
  };
  if (info.name === 'cpus') {
    done(expr.args.map((arg) => arg.value));
    return cpuSet(cx, env, expr);
  }
  if (info.generic.length > 0) return generic(cx, env, expr, info, wanted, done);
  const owner = object ?? ERROR;
  const describe = (): readonly Parameter[] => parameters(info, owner);
  // What a method of a collection takes depends on what the collection holds.
  const params = object === undefined ? parametersOf(cx, info, describe) : describe();
  done(checkArguments(cx, env, expr, calleeIdent(expr), params));
  return slotType(info.result, owner);
}

const parameters = (info: BuiltinInfo, owner: Type): readonly Parameter[] =>
  info.params.map((p) => ({ name: p.name, type: slotType(p.type, owner), labelled: false, required: true }));

function calleeIdent(expr: CallExpr): Ident {
  if (expr.callee.kind === 'name') return expr.callee.name;
  if (expr.callee.kind === 'member') return expr.callee.member;
  return { kind: 'ident', text: '', span: expr.callee.span };
}

/** `min`, `max`, `clamp`, `before`, `ratio`: all arguments are of one kind. */
function generic(
  cx: Context,
  env: Env,
  expr: CallExpr,
  info: BuiltinInfo,
  wanted: Type | undefined,
  done: (args: readonly (Expr | undefined)[]) => void,
): Type {
  const params = parametersOf(cx, info, () => parameters(info, ERROR));
  const inside = info.result === 'T' ? wanted : undefined;
  const types = new Map<Expr, Type>(expr.args.map((arg) => [arg.value, presentType(cx, env, arg.value)]));
  const leading = expr.args.find((arg) => !isAdaptable(cx, arg.value))?.value;
  const kind = leading === undefined ? inside : types.get(leading);
  const args = matchOnly(cx, expr, params);
  done(args);
  if (args.some((arg) => arg === undefined) || args.length !== expr.args.length) return resultOf(info, ERROR);
  let type: Type | undefined;
  for (const arg of args) {
    if (arg === undefined) continue;
    const own = (kind === undefined ? undefined : adapt(cx, arg, kind)) ?? types.get(arg) ?? ERROR;
    if (own.kind === 'error') return resultOf(info, ERROR);
    const both = type === undefined ? own : common(type, own);
    if (both === undefined) {
      coerce(cx, arg, own, type ?? ERROR, () => `each argument of '${info.name}'`);
      return resultOf(info, ERROR);
    }
    type = both.kind === 'ewma' ? both.of : both;
  }
  if (type === undefined || type.kind === 'error') return resultOf(info, ERROR);
  if (!info.generic.includes(classOf(type))) {
    report(cx, 'PV3001', expr.span, {
      what: `each argument of '${info.name}'`,
      found: show(type),
      wanted: info.generic
        .map(className)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1'),
    });
    return resultOf(info, ERROR);
  }
  foldCall(cx, expr, info, args, type);
  return resultOf(info, type);
}

const className = (c: string): string =>
  c === 'uint' ? 'an unsigned integer' : c === 'sint' ? 'a signed integer' : c;
const resultOf = (info: BuiltinInfo, type: Type): Type =>
  slotType(info.result === 'T' ? type : info.result, ERROR);

/** Matches arguments to parameters without typing them: generic calls type them together. */
function matchOnly(
  cx: Context,
  expr: CallExpr,
  params: Parameters<typeof checkArguments>[4],
): readonly (Expr | undefined)[] {
  return matchArguments(cx, expr, calleeIdent(expr), params, undefined).matched;
}

function foldCall(
  cx: Context,
  expr: CallExpr,
  info: BuiltinInfo,
  args: readonly (Expr | undefined)[],
  type: Type,
): void {
  if (type.kind === 'vtime') return;
  const values = args.map((arg) => (arg === undefined ? undefined : cx.constants.get(arg)));
  const [a, b, c] = values;
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return;
  const value = compute(info.name, a, b, c);
  if (value !== undefined) cx.constants.set(expr, value);
}

function compute(name: string, a: bigint, b: bigint, c: Value | undefined): Value | undefined {
  switch (name) {
    case 'min':
      return a < b ? a : b;
    case 'max':
      return a > b ? a : b;
    case 'clamp':
      return typeof c !== 'bigint' ? undefined : a < b ? b : a > c ? c : a;
    case 'ratio':
      return b === 0n ? 0n : BigInt.asUintN(64, a << 10n) / b;
    default:
      return undefined;
  }
}

/** `cpus(0, 2..3)` is a set of CPUs; `cpus(mask)` is the mask, in the words of a loop. */
function cpuSet(cx: Context, env: Env, expr: CallExpr): Type {
  for (const { value } of expr.args) {
    const wanted: Type = value.kind === 'range' ? { kind: 'range', of: CPU } : CPU;
    const type = presentType(cx, env, value, wanted);
    if (type.kind === 'cpumask' && expr.args.length === 1) return sameSet(cx, value, expr);
    coerce(cx, value, type.kind === 'range' ? type.of : type, CPU, "a part of 'cpus'");
  }
  foldSet(cx, expr);
  return CPUMASK;
}

function sameSet(cx: Context, mask: Expr, expr: CallExpr): Type {
  const value = cx.constants.get(mask);
  if (value !== undefined) cx.constants.set(expr, value);
  return CPUMASK;
}

function foldSet(cx: Context, expr: CallExpr): void {
  let mask = 0n;
  for (const { value: part } of expr.args) {
    const [from, to] = part.kind === 'range' ? [part.from, part.to] : [part, part];
    const lo = cx.constants.get(from);
    const hi = cx.constants.get(to);
    if (typeof lo !== 'bigint' || typeof hi !== 'bigint') return;
    if (lo > hi) {
      report(cx, 'PV3011', part.span, { lo: `${lo}`, hi: `${hi}` });
      return;
    }
    // Numbers beyond what a kernel can have were reported when they were typed.
    if (lo < 0n || hi > 8191n) return;
    mask |= ((1n << (hi - lo + 1n)) - 1n) << lo;
  }
  cx.constants.set(expr, mask);
}
