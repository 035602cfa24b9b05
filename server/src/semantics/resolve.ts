import type { Ident, NameExpr } from '../../../grammar/ast.ts';
import { likely } from '../diagnostics/suggest.ts';
import { familiarValue } from './familiar.ts';
import { builtinSymbol, findLocal, report, type Context, type Env } from './context.ts';
import { renameFix } from './fixes.ts';
import {
  ACTIONS_BY_NAME,
  BUILTIN_FUNCTIONS,
  BUILTIN_NAMES,
  findGlobal,
  findOnOtherSide,
  isAvailable,
  reportUnavailable,
  symbolOf,
  valueNames,
} from './lookup.ts';
import { METRICS_BY_NAME, metricSymbol, totalOf } from './metrics.ts';
import type { Scope, Symbol } from './model.ts';
import { isBuiltinType } from './type-refs.ts';
import { CPU, DSQ, ERROR, TASK, U64, VCPU, VM, type Type } from './types.ts';

/** The entity type of a scope; undefined for the global one. */
export function entityOf(scope: Scope): Type | undefined {
  switch (scope) {
    case 'vcpu':
      return VCPU;
    case 'vm':
      return VM;
    case 'task':
      return TASK;
    case 'cpu':
      return CPU;
    case 'global':
      return undefined;
  }
}

/**
 * What a name means as a value: a local, a declaration, a built-in name or a kernel constant, in this order.
 * Undefined where it is nothing of that; what was wrong has then been reported.
 */
export function resolveName(cx: Context, env: Env, ident: Ident): Symbol | undefined {
  if (ident.text === '') return undefined;
  // It takes what is not needed, and so never has a value.
  if (ident.text === '_') return void report(cx, 'PV2001', ident.span, { name: '_', near: undefined });
  const symbol = find(cx, env, ident);
  if (symbol !== undefined) cx.names.set(ident, symbol);
  return symbol;
}

function find(cx: Context, env: Env, ident: Ident): Symbol | undefined {
  const name = ident.text;
  const local = findLocal(cx.scope, name);
  if (local !== undefined) return local;
  const entry = findGlobal(cx, env.side, name);
  if (entry !== undefined) return symbolOf(cx, entry, ident);
  const builtin = BUILTIN_NAMES.get(name);
  if (builtin !== undefined) {
    if (!isAvailable(cx, env, builtin.where)) return void reportUnavailable(cx, ident, builtin.where);
    return builtinSymbol(cx, `builtin-name ${name}`, () => ({ kind: 'builtin-name', ...builtin }));
  }
  if (env.place === 'expect' && METRICS_BY_NAME.has(name)) return metricSymbol(cx, ident);
  const constant = cx.kernel.constant(name);
  if (constant !== undefined) {
    return builtinSymbol(cx, `kernel-constant ${name}`, () => ({ kind: 'kernel-constant', constant }));
  }
  return void unknown(cx, env, ident);
}

function unknown(cx: Context, env: Env, ident: Ident): void {
  const name = ident.text;
  const other = findOnOtherSide(cx, env.side, name);
  if (other !== undefined) {
    return report(
      cx,
      'PV2016',
      ident.span,
      env.side === 'guest'
        ? {
            what: `'${name}' is declared for the host, and this runs in the guest`,
            way: 'share it in shared feedback { }',
          }
        : {
            what: `'${name}' is declared in guest { }, and this runs on the host`,
            way: 'share it in shared hint { }',
          },
      { related: [{ message: 'declared here', span: other.ident.span }] },
    );
  }
  if (BUILTIN_FUNCTIONS.has(name) || ACTIONS_BY_NAME.has(name) || cx.kernel.call(name) !== undefined) {
    return report(cx, 'PV2023', ident.span, { name, what: 'a function', way: `call it: ${name}(\u2026)` });
  }
  if (isBuiltinType(name)) {
    return report(cx, 'PV2023', ident.span, { name, what: 'a type', way: 'name a variable of that type' });
  }
  const member = enumWithMember(cx, env, name);
  if (member !== undefined) {
    const near = `${member}.${name}`;
    return report(cx, 'PV2001', ident.span, { name, near }, { fixes: renameFix(ident.span, near) });
  }
  const near = likely(name, familiarValue(name), [...valueNames(cx, env), 'none', 'true', 'false']);
  useMeant(cx, env, near);
  report(cx, 'PV2001', ident.span, { name, near }, { fixes: renameFix(ident.span, near) });
}

/** What was probably meant is not reported as unused on top. */
export function useMeant(cx: Context, env: Env, near: string | undefined): void {
  if (near === undefined) return;
  const meant = findLocal(cx.scope, near) ?? findGlobal(cx, env.side, near)?.symbol;
  if (meant !== undefined) cx.used.add(meant);
}

/** The enum that has such a member, for who left its name out. */
function enumWithMember(cx: Context, env: Env, name: string): string | undefined {
  for (const globals of [cx.host.globals, cx.guest.globals]) {
    for (const [enumName, entry] of globals) {
      const visible = findGlobal(cx, env.side, enumName) === entry;
      if (visible && entry.decl.kind === 'enum' && entry.decl.members.some((m) => m.name.text === name))
        return enumName;
    }
  }
  return undefined;
}

/** Type and, where it is constant, value of a name that is used as a value. */
export function nameValue(cx: Context, env: Env, expr: NameExpr): Type {
  const symbol = resolveName(cx, env, expr.name);
  if (symbol === undefined) return ERROR;
  cx.used.add(symbol);
  const total = env.place === 'expect' ? totalOf(cx, expr, symbol) : undefined;
  if (total !== undefined) return total;
  if (env.place === 'expect' && isOfRunningPolicy(symbol)) {
    report(cx, 'PV2026', expr.name.span, { name: expr.name.text, where: 'code and invariants' });
    return ERROR;
  }
  const value = constantOf(symbol);
  if (value !== undefined) cx.constants.set(expr, value);
  return valueType(cx, env, expr, symbol);
}

const isOfRunningPolicy = (symbol: Symbol): boolean =>
  ['state-field', 'table', 'dsq', 'kernel-constant'].includes(symbol.kind) ||
  (symbol.kind === 'builtin-name' && symbol.name !== 'baseline');

const constantOf = (symbol: Symbol): bigint | boolean | string | undefined => {
  if (symbol.kind === 'const') return symbol.value;
  if (symbol.kind === 'kernel-constant') return symbol.constant.value;
  return symbol.kind === 'builtin-name' ? BUILTIN_NAMES.get(symbol.name)?.value : undefined;
};

function valueType(cx: Context, env: Env, expr: NameExpr, symbol: Symbol): Type {
  switch (symbol.kind) {
    case 'local':
    case 'const':
    case 'param':
    case 'state-field':
    case 'shared-field':
    case 'builtin-member':
      return symbol.type;
    case 'builtin-name':
      return symbol.name === 'baseline' ? baseline(cx, env, expr) : symbol.type;
    case 'kernel-constant':
      return symbol.constant.type;
    case 'dsq':
      return DSQ;
    case 'table':
      return { kind: 'map', of: 'table', key: symbol.key, value: symbol.value };
    case 'counter':
      return perEntity('counter', symbol.per, U64);
    case 'histogram':
      return perEntity('histogram', symbol.per, { kind: 'histogram', of: symbol.type });
    case 'fn':
      return notValue(cx, expr, 'a function', `call it: ${expr.name.text}(\u2026)`);
    case 'enum':
      return notValue(
        cx,
        expr,
        'an enum',
        `name one of its members: ${expr.name.text}.${symbol.decl.members[0]?.name.text ?? 'X'}`,
      );
    default:
      return ERROR;
  }
}

function notValue(cx: Context, expr: NameExpr, what: string, way: string): Type {
  report(cx, 'PV2023', expr.name.span, { name: expr.name.text, what, way });
  return ERROR;
}

function perEntity(of: 'counter' | 'histogram', per: Scope, value: Type): Type {
  const key = entityOf(per);
  return key === undefined ? value : { kind: 'map', of, key, value };
}

function baseline(cx: Context, env: Env, expr: NameExpr): Type {
  if (env.baseline !== undefined) return env.baseline;
  report(cx, 'PV3039', expr.span, {
    problem:
      'is the statistic on the other side of a comparison, in the run without the policy: p99(\u2026) < 0.5 * baseline',
  });
  return ERROR;
}
