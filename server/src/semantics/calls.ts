import type { CallExpr, Expr, Ident, MemberExpr } from '../../../grammar/ast.ts';
import { likely } from '../diagnostics/suggest.ts';
import { familiarFunction, familiarMember } from './familiar.ts';
import { matchArguments, parametersOf, type Parameter } from './arguments.ts';
import { builtinCall } from './builtin-calls.ts';
import { builtinSymbol, findLocal, report, type Context, type Env } from './context.ts';
import { expectType, presentType, typeOfExpr } from './expressions.ts';
import { renameFix, replace, textOf } from './fixes.ts';
import type { CallInfo } from './kernel-view.ts';
import {
  ACTIONS_BY_NAME,
  BUILTIN_FUNCTIONS,
  BUILTIN_NAMES,
  STATISTICS_BY_NAME,
  callableNames,
  findGlobal,
  findMethod,
  findOnOtherSide,
  isAvailable,
  reportUnavailable,
  symbolOf,
} from './lookup.ts';
import { memberNames, whose } from './members.ts';
import { METHODS, type BuiltinInfo } from './builtins.ts';
import { measuredBy, statisticCall } from './metrics.ts';
import type { Callee, Symbol } from './model.ts';
import { useMeant } from './resolve.ts';
import { ERROR, VOID, show, type Type } from './types.ts';

/** The type of a call's result, with the call resolved: what is called, and which argument is for which parameter. */
export function call(cx: Context, env: Env, expr: CallExpr, wanted: Type | undefined): Type {
  switch (expr.callee.kind) {
    case 'name':
      return expr.callee.name.text === ''
        ? skip(cx, env, expr)
        : callByName(cx, env, expr, expr.callee.name, wanted);
    case 'member':
      return callMethod(cx, env, expr, expr.callee);
    case 'error':
      return skip(cx, env, expr);
    default:
      typeOfExpr(cx, env, expr.callee);
      report(cx, 'PV2025', expr.callee.span, { name: textOf(expr.callee) ?? 'this', what: 'a value' });
      return skip(cx, env, expr);
  }
}

/** Types the arguments of a call that cannot be resolved, so that the names in them are known. */
function skip(cx: Context, env: Env, expr: CallExpr): Type {
  for (const { value } of expr.args) {
    if (value.kind === 'metric') measuredBy(cx, env, value);
    else typeOfExpr(cx, env, value);
  }
  return ERROR;
}

function callByName(cx: Context, env: Env, expr: CallExpr, ident: Ident, wanted: Type | undefined): Type {
  const name = ident.text;
  const statistic = env.place === 'expect' ? STATISTICS_BY_NAME.get(name) : undefined;
  if (statistic !== undefined && (expr.args.length === 1 || !BUILTIN_FUNCTIONS.has(name))) {
    nameCallee(cx, ident, { kind: 'builtin', builtin: statistic });
    return statisticCall(cx, env, expr, statistic);
  }
  const entry = findGlobal(cx, env.side, name);
  if (env.place === 'expect' && (entry?.decl.kind === 'fn' || isOfRun(BUILTIN_FUNCTIONS.get(name)))) {
    report(cx, 'PV2026', ident.span, { name, where: 'code and invariants' });
    return skip(cx, env, expr);
  }
  if (entry?.decl.kind === 'fn' && !entry.taken) {
    const symbol = symbolOf(cx, entry, ident);
    if (symbol?.kind === 'fn') return callFunction(cx, env, expr, ident, symbol);
  }
  const builtin = BUILTIN_FUNCTIONS.get(name);
  if (builtin !== undefined) {
    if (!isAvailable(cx, env, builtin.where)) {
      reportUnavailable(cx, ident, builtin.where);
      return skip(cx, env, expr);
    }
    nameCallee(cx, ident, { kind: 'builtin', builtin });
    return builtinCall(cx, env, expr, builtin, undefined, wanted);
  }
  const action = ACTIONS_BY_NAME.get(name);
  if (action !== undefined) return callAction(cx, env, expr, ident, action);
  const kernelCall = cx.kernel.call(name);
  if (kernelCall !== undefined) return callKernel(cx, env, expr, ident, kernelCall);
  return unknownCallee(cx, env, expr, ident);
}

/** Does a built-in ask something of a running system? What is left computes with numbers. */
const isOfRun = (builtin: BuiltinInfo | undefined): boolean =>
  builtin !== undefined && builtin.where === 'both' && builtin.generic.length === 0 && builtin.name !== 'abs';

function nameCallee(cx: Context, ident: Ident, callee: Exclude<Callee, { readonly kind: 'fn' }>): void {
  const described =
    callee.kind === 'builtin' ? callee.builtin : callee.kind === 'action' ? callee.action : callee.call;
  cx.names.set(
    ident,
    builtinSymbol(cx, described, () => ({ kind: 'callable', callee })),
  );
}

function callFunction(
  cx: Context,
  env: Env,
  expr: CallExpr,
  ident: Ident,
  symbol: Symbol & { readonly kind: 'fn' },
): Type {
  cx.names.set(ident, symbol);
  cx.used.add(symbol);
  const params = parametersOf(cx, symbol, () =>
    symbol.decl.params.map((p, i) => ({
      name: p.name.text,
      type: symbol.params[i] ?? ERROR,
      labelled: false,
      required: true,
      symbol: cx.names.get(p.name),
    })),
  );
  const declared = { message: 'declared here', span: symbol.decl.name.span };
  const args = checkArguments(cx, env, expr, ident, params, declared);
  cx.calls.set(expr, { callee: { kind: 'fn', decl: symbol.decl }, receiver: undefined, args });
  args.forEach((from, i) => {
    const to = params[i]?.symbol;
    if (to !== undefined && from !== undefined) cx.flows.push({ to, from });
  });
  if (env.body?.decl !== undefined) cx.edges.push({ from: env.body.decl, to: symbol.decl, call: expr });
  return symbol.result;
}

function callAction(
  cx: Context,
  env: Env,
  expr: CallExpr,
  ident: Ident,
  action: NonNullable<ReturnType<typeof ACTIONS_BY_NAME.get>>,
): Type {
  if (env.side === 'guest') {
    report(cx, 'PV2016', ident.span, {
      what: `'${ident.text}' acts on the host's scheduler, and this runs in the guest`,
      way: 'write a hint, and act on it on the host',
    });
    return skip(cx, env, expr);
  }
  if (env.place !== 'code') {
    report(cx, 'PV2026', ident.span, { name: ident.text, where: 'code' });
    return skip(cx, env, expr);
  }
  nameCallee(cx, ident, { kind: 'action', action });
  const args = checkArguments(cx, env, expr, ident, action.params);
  cx.calls.set(expr, { callee: { kind: 'action', action }, receiver: undefined, args });
  return VOID;
}

function callKernel(cx: Context, env: Env, expr: CallExpr, ident: Ident, info: CallInfo): Type {
  nameCallee(cx, ident, { kind: 'kernel', call: info });
  if (env.place !== 'code') {
    report(cx, 'PV2026', ident.span, { name: ident.text, where: 'code' });
    return skip(cx, env, expr);
  }
  if (info.usable !== true) {
    report(cx, 'PV2012', ident.span, { name: ident.text, reason: info.usable.reason });
    return skip(cx, env, expr);
  }
  const params = parametersOf(cx, info, () =>
    info.params
      .filter((p) => !p.out)
      .map((p) => ({ name: p.name, type: p.type, labelled: false, required: true })),
  );
  const args = checkArguments(cx, env, expr, ident, params);
  cx.calls.set(expr, { callee: { kind: 'kernel', call: info }, receiver: undefined, args });
  return info.result;
}

/** Types each argument for its parameter; gives them in the order of the parameters. */
export function checkArguments(
  cx: Context,
  env: Env,
  expr: CallExpr,
  callee: Ident,
  params: readonly Parameter[],
  declared?: { readonly message: string; readonly span: Ident['span'] },
): readonly (Expr | undefined)[] {
  const { matched, extra } = matchArguments(cx, expr, callee, params, declared);
  for (const arg of extra) typeOfExpr(cx, env, arg);
  matched.forEach((arg, i) => {
    const param = params[i];
    if (arg !== undefined && param !== undefined) {
      expectType(cx, env, arg, param.type, () => `the argument '${param.name}'`);
    }
  });
  return matched;
}

function callMethod(cx: Context, env: Env, expr: CallExpr, callee: MemberExpr): Type {
  const object = presentType(cx, env, callee.object);
  const ident = callee.member;
  if (object.kind === 'error' || ident.text === '') return skip(cx, env, expr);
  const method = findMethod(object.kind, ident.text);
  if (method !== undefined) {
    nameCallee(cx, ident, { kind: 'builtin', builtin: method });
    return builtinCall(cx, env, expr, method, object, undefined);
  }
  if (object.kind === 'map') {
    report(cx, 'PV3030', callee.object.span, { name: textOf(callee.object) ?? 'this', way: whose(object) });
    return skip(cx, env, expr);
  }
  const names = memberNames(cx, env, object);
  if (names.includes(ident.text)) {
    const parentheses = { start: ident.span.end, end: expr.span.end };
    const fixes =
      expr.args.length === 0 ? [{ title: 'Remove the parentheses', edits: [replace(parentheses, '')] }] : [];
    report(
      cx,
      'PV3036',
      ident.span,
      { name: ident.text, problem: 'is a member, not a method; leave out the parentheses' },
      { fixes },
    );
    return skip(cx, env, expr);
  }
  const methods = METHODS.filter((m) => m.receiver === object.kind).map((m) => m.name);
  const near = likely(ident.text, familiarMember(ident.text), [...methods, ...names]);
  report(
    cx,
    'PV2006',
    ident.span,
    { name: ident.text, near, of: show(object), hint: '' },
    { fixes: renameFix(ident.span, near) },
  );
  return skip(cx, env, expr);
}

/** What prints in C, the kernel and other languages. */
const PRINTS: ReadonlySet<string> = new Set([
  'print', 'printf', 'println', 'printk', 'pr_info', 'trace_printk', 'bpf_printk', 'bpf_trace_printk', 'bpf_trace_vprintk',
]); // prettier-ignore

function unknownCallee(cx: Context, env: Env, expr: CallExpr, ident: Ident): Type {
  const name = ident.text;
  const other = findOnOtherSide(cx, env.side, name);
  const entry = findGlobal(cx, env.side, name);
  const local = findLocal(cx.scope, name);
  if (local !== undefined || entry !== undefined || BUILTIN_NAMES.has(name)) {
    const what =
      local !== undefined ? 'a variable' : entry === undefined ? 'a value' : `a ${entry.decl.kind}`;
    report(cx, 'PV2025', ident.span, { name, what });
    useMeant(cx, env, name);
  } else if (other !== undefined) {
    const where =
      env.side === 'guest'
        ? 'for the host, and this runs in the guest'
        : 'in guest { }, and this runs on the host';
    report(cx, 'PV2016', ident.span, {
      what: `'${name}' is declared ${where}`,
      way: 'declare a function on this side',
    });
  } else if (STATISTICS_BY_NAME.has(name)) {
    reportUnavailable(cx, ident, 'expect');
  } else {
    const hint = PRINTS.has(name) ? 'write a text with values in it: log "\u2026 {value}"' : '';
    const near = hint === '' ? likely(name, familiarFunction(name), callableNames(cx, env)) : undefined;
    useMeant(cx, env, near);
    report(
      cx,
      'PV2005',
      ident.span,
      { name, near, hint, kernel: cx.kernel.label },
      { fixes: renameFix(ident.span, near) },
    );
  }
  return skip(cx, env, expr);
}
