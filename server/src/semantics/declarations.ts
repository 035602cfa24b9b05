import type {
  Decl,
  EnumDecl,
  Field,
  FnDecl,
  Ident,
  ParamDecl,
  SharedDecl,
  StateDecl,
  TableDecl,
} from '../../../grammar/ast.ts';
import { FUNCTIONS, MEMBERS, NAMES } from './builtins.ts';
import { ACTIONS } from './actions.ts';
import { CONSTANT, report, type Context, type Entry, type Env, type Side } from './context.ts';
import { expectType, typeOfExpr } from './expressions.ts';
import { isAdaptable } from './conversions.ts';
import type { Scope, Symbol } from './model.ts';
import { checkParam, constantValue } from './params.ts';
import { builtinTypeSymbol, isBuiltinType, typeOf } from './type-refs.ts';
import { closest } from '../diagnostics/suggest.ts';
import { renameFix } from './fixes.ts';
import { inRange } from './ranges.ts';
import { ERROR, VOID, type Type } from './types.ts';

const SCOPES: readonly string[] = ['vcpu', 'vm', 'task', 'cpu'];

/** Registers the names that the policy declares, each with a recipe for its symbol. */
export function collect(cx: Context, decls: readonly Decl[], side: Side): void {
  for (const decl of decls) {
    if (decl.kind === 'error-decl') cx.gaps = true;
    declare(cx, decl, side);
  }
}

/** Enters the fields of state that belongs to entities. Their types need the names that `collect` has registered. */
export function collectState(cx: Context, decls: readonly Decl[], side: Side): void {
  for (const decl of decls) {
    if (decl.kind === 'guest') collectState(cx, decl.decls, 'guest');
    if (decl.kind !== 'state' || decl.scope === undefined) continue;
    const scope = scopeWord(cx, side, decl.scope);
    for (const field of decl.fields) stateField(cx, side, scope, decl, field);
  }
}

/** Enters the fields of the pages that host and guest share. */
export function collectShared(cx: Context, decl: SharedDecl): void {
  const direction = decl.direction.text;
  const page = direction === 'hint' || direction === 'feedback' ? cx.shared[direction] : undefined;
  for (const field of decl.fields) {
    const type = typeOf(cx, 'host', field.type, 'shared');
    cx.declared.set(field, type);
    const symbol = { kind: 'shared-field', decl: field, shared: decl, type } as const;
    cx.names.set(field.name, symbol);
    const name = field.name.text;
    if (page === undefined || name === '') continue;
    const first = page.fields.get(name);
    if (first === undefined) page.fields.set(name, symbol);
    else fieldTwice(cx, field, `shared ${direction}`, first.decl);
  }
}

function fieldTwice(cx: Context, field: Field, block: string, first: Field): void {
  const related = [{ message: 'first declared here', span: first.name.span }];
  report(
    cx,
    'PV2002',
    field.name.span,
    { name: field.name.text, what: `a field of '${block}'` },
    { related },
  );
}

/** What describes host and guest together, or the host alone. */
const NOT_IN_GUEST: readonly string[] = ['shared', 'scenario', 'invariant', 'guest', 'table', 'dsq'];

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
      queueTarget(cx, decl.name);
      return enter(decl.name, () => ({
        kind: 'dsq',
        decl,
        order: decl.order?.text === 'vtime' ? 'vtime' : 'fifo',
      }));
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

function queueTarget(cx: Context, name: Ident): void {
  if (cx.target === undefined || cx.target === 'sched_ext' || name.text === '') return;
  report(cx, 'PV2014', name.span, { what: 'a dsq', targets: 'sched_ext', target: cx.target });
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

function makeConst(cx: Context, env: Env, decl: Decl & { readonly kind: 'const' }): Symbol {
  const declared = decl.type === undefined ? undefined : typeOf(cx, env.side, decl.type, 'const');
  const what = `the constant '${decl.name.text}'`;
  const found =
    declared === undefined
      ? typeOfExpr(cx, env, decl.value)
      : expectType(cx, env, decl.value, declared, what);
  const type = declared ?? found;
  const value = constantValue(cx, decl.value, found, what);
  const known = value !== undefined && found.kind !== 'error';
  const symbol: Symbol = {
    kind: 'const',
    decl,
    type: known ? type : ERROR,
    value: known ? value : undefined,
  };
  if (declared === undefined && type.kind === 'int' && isAdaptable(cx, decl.value)) cx.adaptable.add(symbol);
  return symbol;
}

function makeParam(cx: Context, env: Env, decl: ParamDecl): Symbol {
  const type = typeOf(cx, env.side, decl.type, 'param');
  cx.declared.set(decl, type);
  checkParam(cx, env, decl, type);
  return { kind: 'param', decl, type };
}

function makeTable(cx: Context, env: Env, decl: TableDecl): Symbol {
  const key = typeOf(cx, env.side, decl.key, 'table-key');
  const value = typeOf(cx, env.side, decl.value, 'table-value');
  cx.declared.set(decl, value);
  const what = `the default of '${decl.name.text}'`;
  constantValue(cx, decl.fallback, expectType(cx, env, decl.fallback, value, what), what);
  return { kind: 'table', decl, key, value };
}

function makeEnum(cx: Context, env: Env, decl: EnumDecl): Symbol {
  const symbol: Symbol = { kind: 'enum', decl };
  const byValue = new Map<bigint, Ident>();
  const byName = new Map<string, Ident>();
  let next = 0n;
  for (const member of decl.members) {
    const value = member.value === undefined ? next : memberValue(cx, env, member.value, next);
    cx.names.set(member.name, { kind: 'enum-member', decl: member, enum: decl, value });
    next = value + 1n;
    const { text, span } = member.name;
    const sameName = byName.get(text);
    const sameValue = byValue.get(value);
    if (text !== '' && sameName !== undefined) {
      const related = [{ message: 'first declared here', span: sameName.span }];
      report(cx, 'PV2002', span, { name: text, what: 'a member of this enum' }, { related });
    } else if (sameValue !== undefined) {
      const related = [{ message: 'the other one', span: sameValue.span }];
      report(cx, 'PV3040', span, { member: text, other: sameValue.text, value: `${value}` }, { related });
    }
    byName.set(text, member.name);
    byValue.set(value, member.name);
  }
  return symbol;
}

const ENUM_VALUE: Type = { kind: 'int', bits: 32, signed: false };

function memberValue(
  cx: Context,
  env: Env,
  expr: Parameters<typeof expectType>[2],
  otherwise: bigint,
): bigint {
  const what = 'the value of an enum member';
  const type = expectType(cx, env, expr, ENUM_VALUE, what);
  const value = constantValue(cx, expr, type, what);
  return typeof value === 'bigint' && inRange(value, ENUM_VALUE) ? value : otherwise;
}

function makeFunction(cx: Context, side: Side, decl: FnDecl): Symbol {
  const params = decl.params.map((param) => {
    const type = typeOf(cx, side, param.type, 'fn');
    cx.declared.set(param, type);
    // The local that the body sees; its symbol is made here, so that a label in a call can name it.
    const symbol = { kind: 'local', decl: param.name, type, mutable: false, role: 'fn-param' } as const;
    cx.names.set(param.name, symbol);
    cx.locals.push(symbol);
    return type;
  });
  const result = decl.result === undefined ? VOID : typeOf(cx, side, decl.result, 'fn');
  return { kind: 'fn', decl, params, result };
}

/** The scope behind `per`; global where there is none. */
function perScope(cx: Context, side: Side, per: Ident | undefined): Scope {
  if (per === undefined) return 'global';
  return scopeWord(cx, side, per) ?? 'global';
}

/** The scope that a word names; reported and undefined where it names none. */
function scopeWord(cx: Context, side: Side, word: Ident): Exclude<Scope, 'global'> | undefined {
  if (word.text === '') return undefined;
  if (!SCOPES.includes(word.text)) {
    const near = closest(word.text, SCOPES);
    report(
      cx,
      'PV2004',
      word.span,
      { name: word.text, near: near ?? 'vm' },
      { fixes: renameFix(word.span, near) },
    );
    return undefined;
  }
  const symbol = builtinTypeSymbol(cx, word.text);
  if (symbol !== undefined) cx.names.set(word, symbol);
  if (side === 'guest' && (word.text === 'vcpu' || word.text === 'vm')) {
    report(cx, 'PV2016', word.span, {
      what: `a guest knows no ${word.text}`,
      way: 'it has tasks and CPUs of its own: state task, state cpu',
    });
  }
  return word.text as Exclude<Scope, 'global'>;
}

function globalState(
  cx: Context,
  decl: StateDecl,
  side: Side,
  enter: (ident: Ident, make: () => Symbol, node: Field) => void,
): void {
  for (const field of decl.fields) {
    enter(field.name, () => fieldSymbol(cx, side, 'global', decl, field), field);
  }
}

function fieldSymbol(
  cx: Context,
  side: Side,
  scope: Scope,
  state: StateDecl,
  field: Field,
): Symbol & { readonly kind: 'state-field' } {
  const type = typeOf(cx, side, field.type, 'state');
  cx.declared.set(field, type);
  return { kind: 'state-field', decl: field, state, scope, type };
}

/** `scope` is undefined where the block belongs to something that there is not. */
function stateField(
  cx: Context,
  side: Side,
  scope: Exclude<Scope, 'global'> | undefined,
  decl: StateDecl,
  field: Field,
): void {
  const name = field.name.text;
  const symbol = fieldSymbol(cx, side, scope ?? 'global', decl, field);
  cx.names.set(field.name, symbol);
  if (name === '' || scope === undefined) return;
  const fields = cx[side].state[scope];
  const first = fields.get(name);
  if (first !== undefined) return fieldTwice(cx, field, `state ${scope}`, first.decl);
  if (MEMBERS.some((m) => m.of === scope && m.name === name)) {
    return report(cx, 'PV2003', field.name.span, { name, what: `a member that every ${scope} has` });
  }
  if (scope === 'task' && cx.kernel.field('task_struct', name) !== undefined) {
    report(cx, 'PV2019', field.name.span, { name, struct: 'task_struct' });
  }
  fields.set(name, symbol);
}
