import type { Decl, Field, Ident } from '../../../grammar/ast.ts';
import { closest } from '../diagnostics/suggest.ts';
import { ACTIONS } from './actions.ts';
import { FUNCTIONS, NAMES } from './builtins.ts';
import { builtinSymbol, CONSTANT, report, type Context, type Entry, type Env, type Side } from './context.ts';
import { renameFix } from './fixes.ts';
import type { Symbol } from './model.ts';
import { globalState } from './state.ts';
import { makeConst, makeEnum, makeFunction, makeParam, makeTable, perScope } from './symbols.ts';
import { isBuiltinType, typeOf } from './type-refs.ts';
import { VOID } from './types.ts';

/** Registers the names that the policy declares, each with a recipe for its symbol. */
export function collect(cx: Context, decls: readonly Decl[], side: Side): void {
  for (const decl of decls) {
    if (decl.kind === 'error-decl') cx.gaps = true;
    declare(cx, decl, side);
  }
}

/** What describes host and guest together, or the host alone. */
export const NOT_IN_GUEST: readonly string[] = ['shared', 'scenario', 'invariant', 'guest', 'table', 'dsq'];

function declare(cx: Context, decl: Decl, side: Side): void {
  if (side === 'guest' && NOT_IN_GUEST.includes(decl.kind)) {
    const span = { start: decl.span.start, end: decl.span.start + decl.kind.length };
    return report(cx, 'PV2031', span, { what: `'${decl.kind}'` });
  }
  const enter = (ident: Ident, make: () => Symbol, node: Decl | Field = decl): void =>
    register(cx, side, { ident, decl: node, side, make, symbol: undefined, busy: false, taken: false });
  const env: Env = { ...CONSTANT, side };
  switch (decl.kind) {
    case 'const':
      return enter(decl.name, () => makeConst(cx, env, decl));
    case 'param':
      return enter(decl.name, () => makeParam(cx, env, decl));
    case 'enum':
      cx.hasEnums = true;
      return enter(decl.name, () => makeEnum(cx, env, decl));
    case 'table':
      return enter(decl.name, () => makeTable(cx, env, decl));
    case 'counter':
      return enter(decl.name, () => ({ kind: 'counter', decl, per: perScope(cx, side, decl.per) }));
    case 'histogram':
      return enter(decl.name, () => {
        const type = typeOf(cx, side, decl.type, 'histogram');
        cx.declared.set(decl, type);
        return { kind: 'histogram', decl, per: perScope(cx, side, decl.per), type };
      });
    case 'dsq':
      return enter(decl.name, () => queue(cx, decl));
    case 'fn':
      return enter(decl.name, () => makeFunction(cx, side, decl));
    case 'state':
      if (decl.scope === undefined) globalState(cx, decl, side, enter);
      return;
    case 'guest':
      return collect(cx, decl.decls, 'guest');
    default:
      return;
  }
}

const ORDERS: Readonly<Record<string, string>> = {
  fifo: 'First in, first out.',
  vtime: 'The least virtual time first.',
};

function queue(cx: Context, decl: Decl & { readonly kind: 'dsq' }): Symbol {
  const { name, order } = decl;
  if (cx.target !== undefined && cx.target !== 'sched_ext' && name.text !== '') {
    report(cx, 'PV2014', name.span, { what: 'a dsq', targets: 'sched_ext', target: cx.target });
  }
  const doc = order === undefined ? undefined : ORDERS[order.text];
  if (order !== undefined && doc !== undefined) {
    const id = `builtin-name order ${order.text}`;
    const make = (): Symbol => ({ kind: 'builtin-name', name: order.text, type: VOID, doc });
    cx.names.set(order, builtinSymbol(cx, id, make));
  } else if (order !== undefined && order.text !== '') {
    const near = closest(order.text, Object.keys(ORDERS));
    report(cx, 'PV2033', order.span, { name: order.text, near }, { fixes: renameFix(order.span, near) });
  }
  return { kind: 'dsq', decl, order: order?.text === 'vtime' ? 'vtime' : 'fifo' };
}

function register(cx: Context, side: Side, entry: Entry): void {
  const name = entry.ident.text;
  cx.entries.push(entry);
  if (name === '' || name === '_') return;
  const first = cx.host.globals.get(name) ?? cx.guest.globals.get(name);
  if (first !== undefined) {
    entry.taken = true;
    report(
      cx,
      'PV2002',
      entry.ident.span,
      { name, what: describeDecl(first.decl) },
      { related: [{ message: 'first declared here', span: first.ident.span }] },
    );
    return;
  }
  const reserved = reservedAs(cx, name, entry.decl.kind === 'enum');
  if (reserved !== undefined) {
    entry.taken = true;
    report(cx, 'PV2003', entry.ident.span, { name, what: reserved });
  }
  cx[side].globals.set(name, entry);
}

const KINDS: Readonly<Record<string, string>> = {
  const: 'a constant',
  param: 'a param',
  enum: 'an enum',
  table: 'a table',
  counter: 'a counter',
  histogram: 'a histogram',
  dsq: 'a queue',
  fn: 'a function',
  field: 'a field of the global state',
};

/** 'a constant', 'a function', … */
export const describeDecl = (decl: Decl | Field): string => KINDS[decl.kind] ?? 'something else';

const RESERVED: ReadonlyMap<string, string> = new Map([
  ...FUNCTIONS.map((f) => [f.name, 'a built-in function'] as const),
  ...ACTIONS.map((a) => [a.name, 'an action'] as const),
  ...NAMES.map((n) => [n.name, 'a built-in value'] as const),
]);

/** What the language or the kernel calls by this name already. */
function reservedAs(cx: Context, name: string, isType: boolean): string | undefined {
  const known = RESERVED.get(name);
  if (known !== undefined) return known;
  if (isType && isBuiltinType(name)) return 'a built-in type';
  if (cx.kernel.call(name) !== undefined) return 'a function of the kernel';
  return cx.kernel.constant(name) === undefined ? undefined : 'a constant of the kernel';
}
