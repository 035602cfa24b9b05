import type { AssignStmt, Expr, IndexExpr, MemberExpr, NameExpr } from '../../../grammar/ast.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import { report, type Context, type Env } from './context.ts';
import { typeOfExpr } from './expressions.ts';
import { insert, replace, textOf } from './fixes.ts';
import type { Symbol } from './model.ts';
import { resolveName } from './resolve.ts';
import { ERROR, type Type } from './types.ts';

/**
 * The type of what an assignment writes to; `error` where it cannot be written, which is then reported. A local that
 * is only written does not count as used.
 */
export function placeType(cx: Context, env: Env, stmt: AssignStmt): Type {
  const { target } = stmt;
  switch (target.kind) {
    case 'name':
      return variable(cx, env, stmt, target);
    case 'member': {
      const type = typeOfExpr(cx, env, target);
      return type.kind !== 'error' && writableMember(cx, env, target) ? type : ERROR;
    }
    case 'index': {
      const type = typeOfExpr(cx, env, target);
      return type.kind !== 'error' && writableElement(cx, stmt, target) ? type : ERROR;
    }
    default:
      // The parser has said what can be assigned to.
      typeOfExpr(cx, env, target);
      return ERROR;
  }
}

function variable(cx: Context, env: Env, stmt: AssignStmt, target: NameExpr): Type {
  const symbol = resolveName(cx, env, target.name);
  if (symbol === undefined) return ERROR;
  cx.assigned.add(symbol);
  const type = symbolType(cx, env, target, symbol);
  cx.types.set(target, type);
  if (type.kind === 'error') return type;
  const problem = whyFixed(cx, symbol, stmt);
  if (problem === undefined) return type;
  const { what, way, fixes } = problem;
  report(
    cx,
    'PV3015',
    target.span,
    { name: target.name.text, what, way },
    {
      related:
        'decl' in symbol && symbol.kind === 'local'
          ? [{ message: 'declared here', span: symbol.decl.span }]
          : [],
      fixes,
    },
  );
  return ERROR;
}

/** Writing a local does not use it; anything else that is mentioned is used. */
function symbolType(cx: Context, env: Env, target: NameExpr, symbol: Symbol): Type {
  return symbol.kind === 'local' ? symbol.type : typeOfExpr(cx, env, target);
}

interface Problem {
  readonly what: string;
  readonly way: string;
  readonly fixes: readonly Fix[];
}

const problem = (what: string, way: string): Problem => ({ what, way, fixes: [] });

function whyFixed(cx: Context, symbol: Symbol, stmt: AssignStmt): Problem | undefined {
  switch (symbol.kind) {
    case 'local':
      return symbol.mutable ? undefined : fixedLocal(cx, symbol);
    case 'state-field':
      return undefined;
    case 'counter':
      return stmt.op === '+=' ? undefined : problem('a counter', "it only grows: '+='");
    case 'const':
      return problem('a constant', 'declare it as state');
    case 'param':
      return symbol.decl.tunable
        ? problem('a tunable', 'only the operator changes it; keep what the policy changes in state')
        : problem('a param', 'it is fixed when the policy is loaded; keep what changes in state');
    case 'table':
      return problem('a table', 'the operator fills it; keep what the policy changes in state');
    default:
      return problem('a built-in or declared thing', 'assign to a variable or to a field of state');
  }
}

function fixedLocal(cx: Context, symbol: Symbol & { readonly kind: 'local' }): Problem {
  const stmt = cx.lets.get(symbol);
  if (symbol.role === 'let' && stmt !== undefined) {
    const keyword = { start: stmt.span.start, end: stmt.span.start + 'let'.length };
    return {
      what: 'declared with let',
      way: "declare it with 'var'",
      fixes: [{ title: "Declare it with 'var'", edits: [replace(keyword, 'var')] }],
    };
  }
  const what =
    symbol.role === 'loop' ? 'set by the loop' : symbol.role === 'let' ? "set by 'if let'" : 'a parameter';
  return { what, way: "copy it into a 'var' of its own", fixes: [] };
}

function writableMember(cx: Context, env: Env, target: MemberExpr): boolean {
  const symbol = cx.names.get(target.member);
  const way = symbol === undefined ? '' : whyReadOnly(env, symbol);
  if (way === undefined) return true;
  if (way !== '') {
    report(cx, 'PV3016', target.span, { what: `'${textOf(target) ?? target.member.text}'`, way });
  }
  return false;
}

/** Why a member cannot be written; undefined where it can. */
function whyReadOnly(env: Env, symbol: Symbol): string | undefined {
  switch (symbol.kind) {
    case 'state-field':
      return undefined;
    case 'shared-field': {
      const writer = symbol.shared.direction.text === 'hint' ? 'guest' : 'host';
      return env.side === writer ? undefined : `the ${writer} writes it, the other side reads it`;
    }
    case 'kernel-field':
      return symbol.field.writable ? undefined : 'the kernel lets a program read this field only';
    case 'enum-member':
      return 'it is a constant';
    default:
      return 'it is a fact of the machine';
  }
}

function writableElement(cx: Context, stmt: AssignStmt, target: IndexExpr): boolean {
  const object = cx.types.get(target.object);
  if (object?.kind === 'map' && object.of === 'counter' && stmt.op === '+=') return true;
  const name = textOf(target.object) ?? 'this';
  if (object?.kind === 'map' && object.of === 'counter') {
    report(cx, 'PV3015', target.span, { name, what: 'a counter', way: "it only grows: '+='" });
  } else if (object?.kind === 'list') {
    const what = `an element of '${name}'`;
    report(cx, 'PV3016', target.span, { what, way: 'use .push(x) and .remove(x)' });
  } else if (object?.kind === 'map') {
    const what = `the ${object.of} '${name}'`;
    const table = 'the operator fills it; keep what the policy changes in state';
    report(cx, 'PV3016', target.span, {
      what,
      way: object.of === 'table' ? table : 'add a value with .record(x)',
    });
  }
  return false;
}

/** The fix that turns `x = e` into `x.update(e)`. */
export function updateFix(stmt: AssignStmt): readonly Fix[] {
  const between = { start: stmt.target.span.end, end: stmt.value.span.start };
  return [
    { title: 'Give it a sample', edits: [replace(between, '.update('), insert(stmt.value.span.end, ')')] },
  ];
}

/** Do two expressions name the same place? Only paths of names and members count. */
export function samePlace(cx: Context, a: Expr, b: Expr): boolean {
  if (a.kind === 'paren') return samePlace(cx, a.inner, b);
  if (b.kind === 'paren') return samePlace(cx, a, b.inner);
  if (a.kind === 'name' && b.kind === 'name') {
    const symbol = cx.names.get(a.name);
    return symbol !== undefined && symbol === cx.names.get(b.name);
  }
  if (a.kind === 'member' && b.kind === 'member') {
    const symbol = cx.names.get(a.member);
    return symbol !== undefined && symbol === cx.names.get(b.member) && samePlace(cx, a.object, b.object);
  }
  if (a.kind === 'call' && b.kind === 'call') {
    return a.args.length === 0 && b.args.length === 0 && samePlace(cx, a.callee, b.callee);
  }
  return false;
}
