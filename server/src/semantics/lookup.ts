import type { Ident } from '../../../grammar/ast.ts';
import { FUNCTIONS, METHODS, NAMES, type BuiltinInfo, type BuiltinName, type Where } from './builtins.ts';
import { ACTIONS, type ActionInfo } from './actions.ts';
import { localNames, report, type Context, type Entry, type Env, type Side } from './context.ts';
import type { Symbol } from './model.ts';
import type { Type } from './types.ts';
import { STATISTICS } from './statistics.ts';

export const BUILTIN_NAMES: ReadonlyMap<string, BuiltinName> = new Map(NAMES.map((n) => [n.name, n]));
export const BUILTIN_FUNCTIONS: ReadonlyMap<string, BuiltinInfo> = new Map(FUNCTIONS.map((f) => [f.name, f]));
export const ACTIONS_BY_NAME: ReadonlyMap<string, ActionInfo> = new Map(ACTIONS.map((a) => [a.name, a]));
export const STATISTICS_BY_NAME: ReadonlyMap<string, BuiltinInfo> = new Map(
  STATISTICS.map((s) => [s.name, s]),
);
/** Things that belong to kinds of types, by kind and then by name. */
export function byKind<T extends { readonly name: string }>(
  all: readonly T[],
  kindOf: (item: T) => Type['kind'] | undefined,
): ReadonlyMap<Type['kind'], ReadonlyMap<string, T>> {
  const kinds = new Map<Type['kind'], Map<string, T>>();
  for (const item of all) {
    const kind = kindOf(item);
    if (kind === undefined) continue;
    kinds.set(kind, (kinds.get(kind) ?? new Map<string, T>()).set(item.name, item));
  }
  return kinds;
}

const METHODS_BY_KIND = byKind(METHODS, (m) => m.receiver);

/** The method `name` of values of a kind of type. */
export const findMethod = (kind: Type['kind'], name: string): BuiltinInfo | undefined =>
  METHODS_BY_KIND.get(kind)?.get(name);

/** Declarations of the host that the guest's code sees too: what is fixed before either runs. */
const isCommon = (entry: Entry): boolean =>
  entry.decl.kind === 'const' ||
  entry.decl.kind === 'enum' ||
  (entry.decl.kind === 'param' && !entry.decl.tunable);

/** The declaration that a name stands for in code of one side. */
export function findGlobal(cx: Context, side: Side, name: string): Entry | undefined {
  const host = cx.host.globals.get(name);
  if (side === 'host') return host;
  return cx.guest.globals.get(name) ?? (host !== undefined && isCommon(host) ? host : undefined);
}

/** The declaration of that name which code of this side cannot see. */
export function findOnOtherSide(cx: Context, side: Side, name: string): Entry | undefined {
  return (side === 'host' ? cx.guest : cx.host).globals.get(name);
}

/** Names of all declarations that code of one side sees. */
export function globalNames(cx: Context, side: Side): string[] {
  const host = [...cx.host.globals.entries()];
  if (side === 'host') return host.map(([name]) => name);
  return [...cx.guest.globals.keys(), ...host.filter(([, entry]) => isCommon(entry)).map(([name]) => name)];
}

/** The symbol of a declaration, made at the first request. `from` is where it is used, for a definition by itself. */
export function symbolOf(cx: Context, entry: Entry, from?: Ident): Symbol | undefined {
  if (entry.symbol !== undefined) return entry.symbol;
  if (entry.busy) {
    report(
      cx,
      'PV2021',
      (from ?? entry.ident).span,
      { name: entry.ident.text },
      { related: [{ message: 'declared here', span: entry.ident.span }] },
    );
    return undefined;
  }
  entry.busy = true;
  // A declaration sees no locals of the place that asks for it first.
  const { scope } = cx;
  cx.scope = undefined;
  const symbol = entry.make();
  cx.scope = scope;
  entry.busy = false;
  entry.symbol = symbol;
  cx.names.set(entry.ident, symbol);
  return symbol;
}

/** Is a built-in that is at home in `where` possible here? */
export function isAvailable(cx: Context, env: Env, where: Where): boolean {
  switch (where) {
    case 'both':
      return true;
    case 'host':
      return env.side === 'host';
    case 'guest':
      return env.side === 'guest';
    case 'sched_ext':
      return env.side === 'host' && (cx.target === undefined || cx.target === 'sched_ext');
    case 'invariant':
    case 'expect':
      return env.place === where;
  }
}

/** Says why a built-in is not possible here. */
export function reportUnavailable(cx: Context, ident: Ident, where: Where): void {
  const name = ident.text;
  switch (where) {
    case 'both':
      return;
    case 'host':
      return report(cx, 'PV2016', ident.span, {
        what: `'${name}' is of the host, and this runs in the guest`,
        way: 'the guest knows its own tasks and CPUs only',
      });
    case 'guest':
      return report(cx, 'PV2016', ident.span, {
        what: `'${name}' alone means the guest's own page, and this runs on the host`,
        way: `say of which vCPU: v.${name}`,
      });
    case 'sched_ext':
      return report(cx, 'PV2014', ident.span, {
        what: `'${name}'`,
        targets: 'sched_ext',
        target: cx.target ?? 'something else',
      });
    case 'invariant':
      return report(cx, 'PV2026', ident.span, { name, where: 'an invariant' });
    case 'expect':
      return report(cx, 'PV2026', ident.span, { name, where: "an 'expect' of a scenario" });
  }
}

/** What a policy can name as a value at this place: the candidates of a "did you mean". */
export function valueNames(cx: Context, env: Env): string[] {
  return [
    ...localNames(cx.scope),
    ...globalNames(cx, env.side),
    ...NAMES.filter((n) => isAvailable(cx, env, n.where)).map((n) => n.name),
    ...cx.kernel.constants().map((c) => c.name),
  ];
}

/** What a policy can call at this place. */
export function callableNames(cx: Context, env: Env): string[] {
  const functions = globalNames(cx, env.side).filter(
    (name) => findGlobal(cx, env.side, name)?.decl.kind === 'fn',
  );
  return [
    ...functions,
    ...FUNCTIONS.filter((f) => isAvailable(cx, env, f.where)).map((f) => f.name),
    ...(env.side === 'host' ? ACTIONS.map((a) => a.name) : []),
    ...(env.place === 'expect' ? STATISTICS.map((s) => s.name) : []),
    ...cx.kernel.calls().map((c) => c.name),
  ];
}
