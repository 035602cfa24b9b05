import type { CallExpr, Expr, Ident, MetricExpr } from '../../../grammar/ast.ts';
import { closest } from '../diagnostics/suggest.ts';
import type { BuiltinInfo } from './builtins.ts';
import { builtinSymbol, report, type Context, type Env } from './context.ts';
import { typeOfExpr } from './expressions.ts';
import { insert, renameFix } from './fixes.ts';
import { findGlobal, symbolOf } from './lookup.ts';
import type { Symbol } from './model.ts';
import { METRICS, type MetricInfo } from './statistics.ts';
import { ERROR, U64, show, type Type } from './types.ts';

export const METRICS_BY_NAME: ReadonlyMap<string, MetricInfo> = new Map(METRICS.map((m) => [m.name, m]));

/** What a statistic is made of: type of one value, and whether there are many or a total only. */
interface Measured {
  readonly type: Type;
  readonly kind: 'samples' | 'count';
}

/** Statistics that a count has too: over the vCPUs, each of which has its own. */
const OF_COUNTS: readonly string[] = ['sum', 'count', 'max', 'mean', 'share', 'jain'];

/** What a metric's name means: a counter or histogram of the policy, or else a metric of every simulation. */
export function metricSymbol(cx: Context, ident: Ident): Symbol | undefined {
  const entry = findGlobal(cx, 'host', ident.text) ?? findGlobal(cx, 'guest', ident.text);
  if (entry?.decl.kind === 'counter' || entry?.decl.kind === 'histogram') return symbolOf(cx, entry, ident);
  const info = METRICS_BY_NAME.get(ident.text);
  if (info === undefined) {
    const own = [...cx.host.globals.values()].filter(
      (e) => e.decl.kind === 'counter' || e.decl.kind === 'histogram',
    );
    const near = closest(ident.text, [...own.map((e) => e.ident.text), ...METRICS_BY_NAME.keys()]);
    report(cx, 'PV2027', ident.span, { name: ident.text, near }, { fixes: renameFix(ident.span, near) });
    return undefined;
  }
  return builtinSymbol(cx, `builtin-name metric ${info.name}`, () => ({
    kind: 'builtin-name',
    name: info.name,
    type: info.type,
    doc: info.doc,
  }));
}

function measured(symbol: Symbol): Measured | undefined {
  switch (symbol.kind) {
    case 'counter':
      return { type: U64, kind: 'count' };
    case 'histogram':
      return { type: symbol.type, kind: 'samples' };
    case 'builtin-name': {
      const info = METRICS_BY_NAME.get(symbol.name);
      return info === undefined ? undefined : { type: info.type, kind: info.kind };
    }
    default:
      return undefined;
  }
}

/** The type of a metric's name that stands in `expect` without a statistic; undefined: it is no metric. */
export function totalOf(
  cx: Context,
  expr: Expr & { readonly kind: 'name' },
  symbol: Symbol,
): Type | undefined {
  const what = measured(symbol);
  return what === undefined ? undefined : total(cx, expr, expr.name, what);
}

/** Without a statistic a count means its total; of many values one has to say what counts. */
function total(cx: Context, expr: Expr, ident: Ident, what: Measured): Type {
  if (what.kind === 'count') return U64;
  const fixes = [
    {
      title: 'Take the 99th percentile',
      edits: [insert(expr.span.start, 'p99('), insert(expr.span.end, ')')],
    },
  ];
  report(cx, 'PV3042', expr.span, { metric: ident.text }, { fixes });
  return ERROR;
}

/** The type of `wakeup_latency of rt` outside of a statistic. */
export function metric(cx: Context, env: Env, expr: MetricExpr): Type {
  const what = measuredBy(cx, env, expr);
  return what === undefined ? ERROR : total(cx, expr, expr.metric, what);
}

/** What `wakeup_latency of rt` measures, with its names resolved. */
export function measuredBy(cx: Context, env: Env, expr: MetricExpr): Measured | undefined {
  if (env.place !== 'expect') {
    report(cx, 'PV2026', expr.span, {
      name: `${expr.metric.text} of \u2026`,
      where: "an 'expect' of a scenario",
    });
    return undefined;
  }
  if (expr.of.text !== '') {
    const vm = env.vms?.get(expr.of.text);
    if (vm === undefined) unknownVm(cx, env, expr.of);
    else {
      cx.names.set(expr.of, vm);
      cx.used.add(vm);
    }
  }
  return expr.metric.text === '' ? undefined : byName(cx, expr.metric);
}

function byName(cx: Context, ident: Ident): Measured | undefined {
  const symbol = metricSymbol(cx, ident);
  if (symbol === undefined) return undefined;
  cx.names.set(ident, symbol);
  cx.used.add(symbol);
  return measured(symbol);
}

export function unknownVm(cx: Context, env: Env, ident: Ident): void {
  const near = closest(ident.text, env.vms?.keys() ?? []);
  report(cx, 'PV2028', ident.span, { name: ident.text, near }, { fixes: renameFix(ident.span, near) });
}

/** The type of `p99(…)`. */
export function statisticCall(cx: Context, env: Env, expr: CallExpr, info: BuiltinInfo): Type {
  const [arg, ...more] = expr.args;
  cx.calls.set(expr, {
    callee: { kind: 'builtin', builtin: info },
    receiver: undefined,
    args: expr.args.map((a) => a.value),
  });
  if (arg === undefined || more.length > 0) {
    report(cx, 'PV3009', expr.callee.span, {
      callee: info.name,
      wanted: 'one metric',
      found: expr.args.length,
    });
    for (const { value } of expr.args) typeOfExpr(cx, { ...env, place: 'expect' }, value);
    return ERROR;
  }
  const what = argument(cx, env, arg.value);
  if (what === undefined) return info.result === ERROR ? ERROR : (info.result as Type);
  cx.types.set(arg.value, what.type);
  if (what.kind === 'count' && !OF_COUNTS.includes(info.name)) {
    report(cx, 'PV3001', arg.value.span, {
      what: `what '${info.name}' is taken of`,
      found: 'a count',
      wanted: `a metric or histogram with many values (a count has ${OF_COUNTS.join(', ')})`,
    });
    return ERROR;
  }
  return typeof info.result !== 'string' && info.result.kind === 'error' ? what.type : (info.result as Type);
}

function argument(cx: Context, env: Env, expr: Expr): Measured | undefined {
  switch (expr.kind) {
    case 'metric':
      return measuredBy(cx, env, expr);
    case 'name':
      return expr.name.text === '' ? undefined : byName(cx, expr.name);
    case 'paren':
      return argument(cx, env, expr.inner);
    default: {
      const type = typeOfExpr(cx, env, expr);
      if (type.kind !== 'error') {
        report(cx, 'PV3001', expr.span, {
          what: 'what a statistic is taken of',
          found: show(type),
          wanted: 'a metric, such as wakeup_latency of a VM',
        });
      }
      return undefined;
    }
  }
}
