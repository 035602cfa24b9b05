import type { EwmaType, Expr, Ident, ListType, RingType, TypeRef } from '../../../grammar/ast.ts';
import { likely } from '../diagnostics/suggest.ts';
import { familiarType } from './familiar.ts';
import { TYPES } from './builtins.ts';
import { builtinSymbol, CONSTANT, report, type Context, type Side } from './context.ts';
import { constantInt, typeOfExpr } from './expressions.ts';
import { insert, renameFix } from './fixes.ts';
import type { Symbol } from './model.ts';
import { ERROR, optional, show, U64, type Type } from './types.ts';
import { findGlobal, symbolOf } from './lookup.ts';

/** Where a type is written; not every type is possible everywhere. */
export type TypePlace =
  | 'state'
  | 'shared'
  | 'param'
  | 'const'
  | 'local'
  | 'fn'
  | 'table-key'
  | 'table-value'
  | 'histogram'
  | 'invariant'
  | 'cast';

type Kind = Type['kind'];

const NUMBERS: readonly Kind[] = ['int', 'duration', 'ratio', 'nice', 'rt_prio', 'weight'];
const FIXED: readonly Kind[] = ['bool', ...NUMBERS, 'sched_class', 'enum'];
const ENTITIES: readonly Kind[] = ['task', 'vcpu', 'vm'];
const VALUES: readonly Kind[] = [...FIXED, 'instant', 'vtime', 'cpu', 'cpumask', ...ENTITIES, 'dsq', 'string', 'optional']; // prettier-ignore

interface PlaceRule {
  readonly kinds: readonly Kind[];
  /** Completes 'a dsq cannot be …'. */
  readonly where: string;
  /** Completes '…; it can be …'. */
  readonly can: string;
}

const PLACES: Readonly<Record<TypePlace, PlaceRule>> = {
  state: {
    kinds: [...FIXED, 'instant', 'vtime', 'cpu', 'cpumask', ...ENTITIES, 'optional', 'ewma', 'list', 'ring'],
    where: 'kept in state',
    can: 'keep a number, a clock, an entity that may be absent, or a collection of them',
  },
  shared: {
    kinds: FIXED,
    where: 'shared with the guest',
    can: 'share truth values, numbers and enums: host and guest have nothing else in common',
  },
  param: {
    kinds: [...FIXED, 'cpu', 'cpumask'],
    where: 'a param',
    can: 'use a number, a duration, a ratio, a truth value, an enum, a cpu or a cpumask',
  },
  const: {
    kinds: [...FIXED, 'cpu', 'cpumask', 'string'],
    where: 'a constant',
    can: 'use a number, a duration, a ratio, a truth value, an enum, a cpu, a cpumask or a text',
  },
  local: { kinds: VALUES, where: 'a variable', can: 'keep collections in state' },
  fn: { kinds: VALUES, where: 'passed to or from a function', can: 'pass the entity that has it' },
  'table-key': {
    kinds: ['vm', 'task', 'cpu', 'string'],
    where: 'the key of a table',
    can: 'use vm, task, cpu or string',
  },
  'table-value': {
    kinds: [...FIXED, 'cpu', 'cpumask'],
    where: 'the value of a table',
    can: 'use a number, a duration, a ratio, a truth value, an enum, a cpu or a cpumask',
  },
  histogram: {
    kinds: ['int', 'duration', 'ratio'],
    where: 'counted in a histogram',
    can: 'use a duration, an unsigned integer or a ratio',
  },
  invariant: {
    kinds: ['vcpu', 'vm', 'task', 'cpu'],
    where: 'the parameter of an invariant',
    can: 'use vcpu, vm, task or cpu: it is checked for each of them',
  },
  cast: {
    kinds: VALUES.filter((kind) => kind !== 'optional'),
    where: 'the target of a cast',
    can: 'cast to a plain type',
  },
};

/** The elements that each collection can have. */
const ELEMENTS: Readonly<Record<'ewma' | 'list' | 'ring', readonly Kind[]>> = {
  ewma: ['int', 'duration', 'ratio'],
  list: ['int', 'duration', 'cpu', 'task', 'vcpu', 'vm', 'enum'],
  ring: ['int', 'duration', 'ratio'],
};

/** Where a type is written, the elements of collections included. */
export type TypeSpot = TypePlace | keyof typeof ELEMENTS;

/** The kinds of type that are possible there. A signed histogram is not, though its kind is. */
export const kindsAt = (spot: TypeSpot): readonly Kind[] =>
  spot === 'ewma' || spot === 'list' || spot === 'ring' ? ELEMENTS[spot] : PLACES[spot].kinds;

/** The language's types that can be written there; where an entity has to be one that may be absent, it has its `?`. */
export const typesAt = (spot: TypeSpot): readonly (typeof TYPES)[number][] =>
  TYPES.filter(
    ({ type }) =>
      kindsAt(spot).includes(type.kind) && !(spot === 'histogram' && type.kind === 'int' && type.signed),
  ).map((one) =>
    spot === 'state' && ENTITIES.includes(one.type.kind) ? { ...one, name: `${one.name}?` } : one,
  );

const LONGEST = 256;

const BUILTIN_TYPES: ReadonlyMap<string, (typeof TYPES)[number]> = new Map(TYPES.map((t) => [t.name, t]));

/** The symbol of a built-in type, such as the `vcpu` of `state vcpu`. */
export function builtinTypeSymbol(
  cx: Context,
  name: string,
): (Symbol & { readonly kind: 'builtin-type' }) | undefined {
  const known = BUILTIN_TYPES.get(name);
  if (known === undefined) return undefined;
  return builtinSymbol(cx, `builtin-type ${name}`, () => ({ kind: 'builtin-type', ...known }));
}

/** Is it the name of a type that the language brings? */
export const isBuiltinType = (name: string): boolean => BUILTIN_TYPES.has(name);

/** The type that `ref` means, reported and `error` where it is not possible at this place. */
export function typeOf(cx: Context, side: Side, ref: TypeRef, place: TypePlace): Type {
  const type = resolve(cx, side, ref);
  return checkPlace(cx, ref, type, place) ? type : ERROR;
}

function resolve(cx: Context, side: Side, ref: TypeRef): Type {
  switch (ref.kind) {
    case 'named-type':
      return named(cx, side, ref.name);
    case 'optional-type': {
      const inside = resolve(cx, side, ref.inner);
      if (inside.kind === 'error') return ERROR;
      if ([...ENTITIES, 'cpu'].includes(inside.kind)) return optional(inside);
      report(cx, 'PV3032', ref.span, {
        type: show(inside),
        where: 'absent',
        way: 'only task, vcpu, vm and cpu have a `?`',
      });
      return ERROR;
    }
    case 'ewma-type':
      return ewma(cx, side, ref);
    case 'list-type':
    case 'ring-type':
      return collection(cx, side, ref);
    case 'error-type':
      return ERROR;
  }
}

function named(cx: Context, side: Side, name: Ident): Type {
  if (name.text === '') return ERROR;
  const builtin = builtinTypeSymbol(cx, name.text);
  if (builtin !== undefined) {
    cx.names.set(name, builtin);
    return builtin.type;
  }
  const entry = findGlobal(cx, side, name.text);
  const symbol = entry?.decl.kind === 'enum' ? symbolOf(cx, entry, name) : undefined;
  if (symbol !== undefined) {
    cx.names.set(name, symbol);
    cx.used.add(symbol);
    return { kind: 'enum', name: name.text };
  }
  const enums = [...cx.host.globals.values(), ...cx.guest.globals.values()].filter(
    (e) => e.decl.kind === 'enum',
  );
  const types = [...BUILTIN_TYPES.keys(), ...enums.map((e) => e.ident.text)];
  const near = likely(name.text, familiarType(name.text), types);
  report(cx, 'PV2004', name.span, { name: name.text, near }, { fixes: renameFix(name.span, near) });
  return ERROR;
}

function checkPlace(cx: Context, ref: TypeRef, type: Type, place: TypePlace): boolean {
  if (type.kind === 'error') return false;
  const rule = PLACES[place];
  const signedHistogram = place === 'histogram' && type.kind === 'int' && type.signed;
  if (!rule.kinds.includes(type.kind) || signedHistogram) {
    report(cx, 'PV3032', ref.span, { type: show(type), where: rule.where, way: rule.can });
    return false;
  }
  if (place === 'state' && ENTITIES.includes(type.kind)) {
    report(
      cx,
      'PV3033',
      ref.span,
      { type: show(type) },
      { fixes: [{ title: "Add '?'", edits: [insert(ref.span.end, '?')] }] },
    );
    return false;
  }
  return true;
}

function element(
  cx: Context,
  side: Side,
  ref: EwmaType | ListType | RingType,
  kind: 'ewma' | 'list' | 'ring',
): Type {
  const of = resolve(cx, side, ref.of);
  if (of.kind === 'error' || ELEMENTS[kind].includes(of.kind)) return of;
  report(cx, 'PV3032', ref.of.span, {
    type: show(of),
    where: `in ${kind === 'ewma' ? 'an average' : `a ${kind}`}`,
    way: `use one of: ${ELEMENTS[kind].join(', ')}`,
  });
  return ERROR;
}

function collection(cx: Context, side: Side, ref: ListType | RingType): Type {
  const kind = ref.kind === 'list-type' ? 'list' : 'ring';
  const of = element(cx, side, ref, kind);
  const max = constantInt(cx, { ...CONSTANT, side }, ref.max, `the size of a ${kind}`, U64);
  if (max !== undefined && (max < 1n || max > LONGEST)) {
    report(cx, 'PV3044', ref.max.span, { what: `the size of a ${kind}`, lo: 1, hi: LONGEST });
    return ERROR;
  }
  if (of.kind === 'error' || max === undefined) return ERROR;
  return kind === 'list' ? { kind, of, max: Number(max) } : { kind, of, max: Number(max) };
}

function ewma(cx: Context, side: Side, ref: EwmaType): Type {
  const of = element(cx, side, ref, 'ewma');
  const alpha = weightOf(cx, side, ref.alpha);
  if (alpha === undefined) {
    if (ref.alpha.kind !== 'error') {
      report(cx, 'PV3010', ref.alpha.span, { what: 'the weight of an average (such as 1/8 or 12.5%)' });
    }
    return ERROR;
  }
  if (alpha < 1n || alpha > 1024n) {
    report(cx, 'PV3044', ref.alpha.span, {
      what: 'the weight of an average, in steps of 1/1024,',
      lo: 1,
      hi: 1024,
    });
    return ERROR;
  }
  return of.kind === 'error' ? ERROR : { kind: 'ewma', of, alpha };
}

/** The weight of an average in 1/1024: a ratio, or a fraction `1/8`, which is no integer division here. */
function weightOf(cx: Context, side: Side, expr: Expr): bigint | undefined {
  const env = { ...CONSTANT, side };
  if (expr.kind === 'binary' && expr.op === '/') {
    const [above, below] = [expr.left, expr.right].map((part) => {
      typeOfExpr(cx, env, part);
      return cx.constants.get(part);
    });
    cx.types.set(expr, { kind: 'ratio' });
    if (typeof above !== 'bigint' || typeof below !== 'bigint' || below <= 0n) return undefined;
    const value = (above * 2048n + below) / (below * 2n);
    cx.constants.set(expr, value);
    return value;
  }
  const type = typeOfExpr(cx, env, expr);
  const value = cx.constants.get(expr);
  return type.kind === 'ratio' && typeof value === 'bigint' ? value : undefined;
}
