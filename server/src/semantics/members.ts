import type { Ident, MemberExpr } from '../../../grammar/ast.ts';
import { closest, likely } from '../diagnostics/suggest.ts';
import { familiarMember } from './familiar.ts';
import { MEMBERS, METHODS, type BuiltinMember, type Slot } from './builtins.ts';
import { builtinSymbol, findLocal, report, type Context, type Env } from './context.ts';
import { mayBeAbsent } from './conversions.ts';
import { typeOfExpr } from './expressions.ts';
import { insert, renameFix, textOf } from './fixes.ts';
import { byKind, findGlobal, findMethod, isAvailable, reportUnavailable, symbolOf } from './lookup.ts';
import type { Scope, Symbol } from './model.ts';
import { ERROR, optional, show, type Type } from './types.ts';

const BY_KIND = byKind(MEMBERS, (m) => m.of);

/** The type of `object.member`. */
export function member(cx: Context, env: Env, expr: MemberExpr): Type {
  const enumType = enumMember(cx, env, expr);
  if (enumType !== undefined) return enumType;
  const found = typeOfExpr(cx, env, expr.object);
  const object = found.kind === 'optional' ? found.inner : found;
  if (object.kind === 'error' || expr.member.text === '') return ERROR;
  const symbol = findMember(cx, env, object, expr.member.text);
  if (found.kind === 'optional') {
    mayBeAbsent(cx, expr.object, found);
    // The member means something all the same, to the editor and to whoever looks for unused fields.
    if (symbol !== undefined && symbol !== 'unavailable') use(cx, expr.member, symbol);
    return ERROR;
  }
  if (symbol === undefined) return missing(cx, env, expr, object);
  if (symbol === 'unavailable') return ERROR;
  use(cx, expr.member, symbol);
  if (symbol.kind === 'kernel-field' && symbol.field.unreadable !== undefined) {
    const { name, unreadable: reason } = symbol.field;
    report(cx, 'PV2034', expr.member.span, { name, struct: symbol.struct, reason });
    return ERROR;
  }
  return memberType(symbol);
}

function use(cx: Context, ident: Ident, symbol: Symbol): void {
  cx.names.set(ident, symbol);
  cx.used.add(symbol);
}

function memberType(symbol: Symbol): Type {
  switch (symbol.kind) {
    case 'state-field':
    case 'shared-field':
    case 'builtin-member':
      return symbol.type;
    case 'kernel-field':
      return symbol.field.type;
    default:
      return ERROR;
  }
}

/** `Class.RT`: undefined where the object is no enum. */
function enumMember(cx: Context, env: Env, expr: MemberExpr): Type | undefined {
  if (!cx.hasEnums || expr.object.kind !== 'name' || findLocal(cx.scope, expr.object.name.text) !== undefined)
    return undefined;
  const ident = expr.object.name;
  const entry = findGlobal(cx, env.side, ident.text);
  if (entry?.decl.kind !== 'enum') return undefined;
  const symbol = symbolOf(cx, entry, ident);
  if (symbol === undefined) return ERROR;
  const type: Type = { kind: 'enum', name: ident.text };
  cx.names.set(ident, symbol);
  cx.types.set(expr.object, type);
  cx.used.add(symbol);
  const found = entry.decl.members.find((m) => m.name.text === expr.member.text);
  const memberSymbol = found === undefined ? undefined : cx.names.get(found.name);
  if (memberSymbol?.kind === 'enum-member') {
    cx.names.set(expr.member, memberSymbol);
    cx.constants.set(expr, memberSymbol.value);
    return type;
  }
  // While the enum's own values are computed, a member of it is not there yet.
  if (found !== undefined || expr.member.text === '') return ERROR;
  const near = closest(
    expr.member.text,
    entry.decl.members.map((m) => m.name.text),
  );
  unknown(cx, expr.member, `the enum '${ident.text}'`, near, '');
  return ERROR;
}

/** Fields and members of values of a type; 'unavailable': it was reported that it cannot be used here. */
export function findMember(
  cx: Context,
  env: Env,
  object: Type,
  name: string,
): Symbol | 'unavailable' | undefined {
  const builtin = BY_KIND.get(object.kind)?.get(name);
  if (builtin !== undefined) return builtinMember(cx, env, object, builtin);
  if (object.kind === 'shared') return cx.shared[object.direction]?.fields.get(name);
  const scope = scopeOf(object);
  const field = scope === undefined ? undefined : cx[env.side].state[scope].get(name);
  if (field !== undefined) return field;
  const struct = structOf(object);
  return struct === undefined ? undefined : kernelField(cx, struct, name);
}

function kernelField(
  cx: Context,
  struct: string,
  name: string,
): (Symbol & { readonly kind: 'kernel-field' }) | undefined {
  const fields = cx.kernelFields.get(struct) ?? new Map<string, undefined>();
  cx.kernelFields.set(struct, fields);
  if (fields.has(name)) return fields.get(name);
  const field = cx.kernel.field(struct, name);
  const symbol = field === undefined ? undefined : ({ kind: 'kernel-field', struct, field } as const);
  fields.set(name, symbol);
  return symbol;
}

function builtinMember(
  cx: Context,
  env: Env,
  object: Type,
  info: BuiltinMember,
): Symbol | 'unavailable' | undefined {
  if (
    object.kind === 'vcpu' &&
    (info.name === 'hint' || info.name === 'feedback') &&
    cx.shared[info.name] === undefined
  ) {
    return undefined;
  }
  if (!isAvailable(cx, env, info.where)) return undefined;
  const type = slotType(info.type, object);
  // A member of a collection is one symbol for each type of element.
  const id = typeof info.type === 'string' ? `builtin-member ${show(object)}.${info.name}` : info;
  return builtinSymbol(cx, id, () => ({ kind: 'builtin-member', name: info.name, type, doc: info.doc }));
}

/** The type that a slot of a built-in stands for, on a receiver of type `object`. */
export function slotType(slot: Slot, object: Type): Type {
  if (typeof slot !== 'string') return slot;
  const of = 'of' in object && typeof object.of !== 'string' ? object.of : ERROR;
  return slot === 'element?' ? optional(of) : of;
}

/** The state that values of a type have. */
export function scopeOf(type: Type): Exclude<Scope, 'global'> | undefined {
  return type.kind === 'vcpu' || type.kind === 'vm' || type.kind === 'task' || type.kind === 'cpu'
    ? type.kind
    : undefined;
}

/** The kernel struct that values of a type have the fields of. */
export function structOf(type: Type): string | undefined {
  return type.kind === 'task' ? 'task_struct' : type.kind === 'struct' ? type.name : undefined;
}

function missing(cx: Context, env: Env, expr: MemberExpr, object: Type): Type {
  const { member: ident } = expr;
  const name = ident.text;
  if (object.kind === 'map') {
    report(cx, 'PV3030', expr.object.span, { name: textOf(expr.object) ?? 'this', way: whose(object) });
    return ERROR;
  }
  if (findMethod(object.kind, name) !== undefined) {
    report(
      cx,
      'PV3036',
      ident.span,
      { name, problem: 'is a method; call it: (\u2026)' },
      { fixes: [{ title: 'Call it', edits: [insert(ident.span.end, '()')] }] },
    );
    return ERROR;
  }
  const builtin = BY_KIND.get(object.kind)?.get(name);
  if (builtin !== undefined && !isAvailable(cx, env, builtin.where)) {
    reportUnavailable(cx, ident, builtin.where);
    return ERROR;
  }
  const hint = elsewhere(cx, env, object, name);
  const known = likely(name, familiarMember(name), memberNames(cx, env, object));
  const meant = known === undefined ? undefined : findMember(cx, env, object, known);
  if (meant !== undefined && meant !== 'unavailable') cx.used.add(meant);
  unknown(cx, ident, describe(object), hint === '' ? known : undefined, hint);
  return ERROR;
}

/** How the type is called in "… has no member". */
function describe(object: Type): string {
  const scope = scopeOf(object);
  return scope === undefined ? show(object) : `a ${scope} of this policy`;
}

function unknown(cx: Context, ident: Ident, of: string, near: string | undefined, hint: string): void {
  report(
    cx,
    'PV2006',
    ident.span,
    { name: ident.text, near, of, hint },
    { fixes: renameFix(ident.span, near) },
  );
}

/** Completes "'boosts' …" for something that is kept per entity and was not indexed. */
export function whose(type: Type & { readonly kind: 'map' }): string {
  const verb = type.of === 'table' ? 'has a value for each' : 'is counted per';
  return `${verb} ${show(type.key)}; say whose you mean, in brackets: [\u2026]`;
}

/** Where else a field of that name is. */
function elsewhere(cx: Context, env: Env, object: Type, name: string): string {
  const state = cx[env.side].state;
  const page = object.kind === 'shared' ? object.direction : name;
  const isPage =
    object.kind === 'shared' || (object.kind === 'vcpu' && (name === 'hint' || name === 'feedback'));
  if (isPage && cx.shared[page as 'hint' | 'feedback'] === undefined) {
    return `the policy has no 'shared ${page} { }' block`;
  }
  if (object.kind === 'vcpu') {
    if (state.vm.has(name)) return `it is state of the VM: '.vm.${name}'`;
    if (state.task.has(name) || cx.kernel.field('task_struct', name) !== undefined) {
      return `the vCPU's thread has it: '.task.${name}'`;
    }
    if (cx.shared.hint?.fields.has(name) === true) return `the guest wrote it: '.hint.${name}'`;
    if (cx.shared.feedback?.fields.has(name) === true) return `it is for the guest: '.feedback.${name}'`;
  }
  if (
    object.kind === 'task' &&
    (state.vcpu.has(name) || state.vm.has(name) || name === 'vm' || name === 'hint')
  ) {
    return `a vCPU has it: 'if let v = vcpu(\u2026) { \u2026 }'`;
  }
  // include/linux/sched/prio.h: PRIO_TO_NICE.
  if (object.kind === 'task' && name === 'nice') return `its nice value is '.static_prio - 120'`;
  return '';
}

/** Names of all members that values of a type have. */
export function memberNames(cx: Context, env: Env, object: Type): string[] {
  const scope = scopeOf(object);
  const struct = structOf(object);
  return [
    ...MEMBERS.filter((m) => m.of === object.kind && isAvailable(cx, env, m.where)).map((m) => m.name),
    ...METHODS.filter((m) => m.receiver === object.kind).map((m) => m.name),
    ...(scope === undefined ? [] : cx[env.side].state[scope].keys()),
    ...(object.kind === 'shared' ? (cx.shared[object.direction]?.fields.keys() ?? []) : []),
    ...(struct === undefined ? [] : cx.kernel.fields(struct).map((f) => f.name)),
  ];
}
