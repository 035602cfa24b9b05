import type { Decl, EnumDecl, Expr, FnDecl, Ident, ParamDecl, TableDecl } from '../../../grammar/ast.ts';
import { closest } from '../diagnostics/suggest.ts';
import { report, type Context, type Env, type Side } from './context.ts';
import { isAdaptable } from './conversions.ts';
import { expectType, typeOfExpr } from './expressions.ts';
import { renameFix } from './fixes.ts';
import type { Scope, Symbol } from './model.ts';
import { checkParam, constantValue } from './params.ts';
import { inRange } from './ranges.ts';
import { builtinTypeSymbol, typeOf } from './type-refs.ts';
import { ERROR, VOID, type Type } from './types.ts';

export function makeConst(cx: Context, env: Env, decl: Decl & { readonly kind: 'const' }): Symbol {
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

export function makeParam(cx: Context, env: Env, decl: ParamDecl): Symbol {
  const type = typeOf(cx, env.side, decl.type, 'param');
  cx.declared.set(decl, type);
  checkParam(cx, env, decl, type);
  return { kind: 'param', decl, type };
}

export function makeTable(cx: Context, env: Env, decl: TableDecl): Symbol {
  const key = typeOf(cx, env.side, decl.key, 'table-key');
  const value = typeOf(cx, env.side, decl.value, 'table-value');
  cx.declared.set(decl, value);
  const what = `the default of '${decl.name.text}'`;
  constantValue(cx, decl.fallback, expectType(cx, env, decl.fallback, value, what), what);
  return { kind: 'table', decl, key, value };
}

export function makeEnum(cx: Context, env: Env, decl: EnumDecl): Symbol {
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

function memberValue(cx: Context, env: Env, expr: Expr, otherwise: bigint): bigint {
  const what = 'the value of an enum member';
  const type = expectType(cx, env, expr, ENUM_VALUE, what);
  const value = constantValue(cx, expr, type, what);
  return typeof value === 'bigint' && inRange(value, ENUM_VALUE) ? value : otherwise;
}

export function makeFunction(cx: Context, side: Side, decl: FnDecl): Symbol {
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

const SCOPES: readonly string[] = ['vcpu', 'vm', 'task', 'cpu'];

/** The scope behind `per`; global where there is none. */
export function perScope(cx: Context, side: Side, per: Ident | undefined): Scope {
  if (per === undefined) return 'global';
  return scopeWord(cx, side, per) ?? 'global';
}

/** The scope that a word names; reported and undefined where it names none. */
export function scopeWord(cx: Context, side: Side, word: Ident): Exclude<Scope, 'global'> | undefined {
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
