import type { AssignStmt, CallExpr, Expr, FnDecl, ForStmt } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { report, type Context } from './context.ts';
import type { Symbol } from './model.ts';
import { classOf } from './operators.ts';
import { structOf } from './members.ts';
import type { Type } from './types.ts';

/**
 * What the guest wrote may choose between what the policy bounds, and nothing else. Where a value comes from is
 * followed through variables, state, functions and arithmetic, regardless of the order of statements; truth values
 * are choices and carry nothing. `clamp`, `min`, `%` and `&` with values of the policy bound what comes out.
 */
export function untrusted(cx: Context): void {
  if (cx.shared.hint === undefined) return;
  const taint: Taint = { cx, tainted: new Set() };
  for (let grown = true; grown;) {
    grown = false;
    for (const { to, from } of cx.flows) {
      if (!taint.tainted.has(to) && isTainted(taint, from)) {
        taint.tainted.add(to);
        grown = true;
      }
    }
  }
  for (const expr of cx.types.keys()) sinks(taint, expr);
  for (const stmt of cx.sinks) statementSinks(taint, stmt);
}

interface Taint {
  readonly cx: Context;
  /** Symbols that hold, and functions that give, what the guest wrote. */
  readonly tainted: Set<Symbol | FnDecl>;
}

/** The variable or field that an expression names. */
function symbolOfPlace(cx: Context, expr: Expr): Symbol | undefined {
  switch (expr.kind) {
    case 'name':
      return cx.names.get(expr.name);
    case 'member':
      return cx.names.get(expr.member);
    case 'paren':
      return symbolOfPlace(cx, expr.inner);
    default:
      return undefined;
  }
}

function isTainted(t: Taint, expr: Expr): boolean {
  const type = t.cx.types.get(expr);
  if (type === undefined || type.kind === 'bool' || type.kind === 'error') return false;
  const some = (...parts: readonly (Expr | undefined)[]): boolean =>
    parts.some((part) => part !== undefined && isTainted(t, part));
  switch (expr.kind) {
    case 'name': {
      const symbol = t.cx.names.get(expr.name);
      return symbol !== undefined && t.tainted.has(symbol);
    }
    case 'member':
      return memberTainted(t, expr);
    case 'index':
      return some(expr.object);
    case 'call':
      return callTainted(t, expr);
    case 'unary':
    case 'cast':
      return some(expr.operand);
    case 'paren':
      return some(expr.inner);
    case 'binary':
      if (expr.op === '%') return some(expr.right);
      return expr.op === '&' ? some(expr.left) && some(expr.right) : some(expr.left, expr.right);
    case 'cond':
      return some(expr.then, expr.otherwise);
    case 'range':
      return some(expr.from, expr.to);
    default:
      return false;
  }
}

function memberTainted(t: Taint, expr: Expr & { readonly kind: 'member' }): boolean {
  const symbol = t.cx.names.get(expr.member);
  if (symbol === undefined) return false;
  // The guest reads its own page by the bare name `hint`, and may trust it; the host goes through a vCPU.
  if (symbol.kind === 'shared-field')
    return symbol.shared.direction.text === 'hint' && expr.object.kind !== 'name';
  if (t.tainted.has(symbol)) return true;
  const object = t.cx.types.get(expr.object);
  const isCollection = object?.kind === 'ring' || object?.kind === 'list';
  // How many values a list has is counted by the policy.
  return isCollection && expr.member.text !== 'len' && isTainted(t, expr.object);
}

function callTainted(t: Taint, call: CallExpr): boolean {
  const resolved = t.cx.calls.get(call);
  if (resolved?.callee.kind === 'fn') return t.tainted.has(resolved.callee.decl);
  if (resolved?.callee.kind !== 'builtin') return false;
  const args = resolved.args.map((arg) => arg !== undefined && isTainted(t, arg));
  switch (resolved.callee.builtin.name) {
    case 'min':
      return args.every(Boolean);
    case 'clamp':
      return args[1] === true || args[2] === true;
    default:
      return args.some(Boolean);
  }
}

/** Reports where a value of the guest decides what it must not. */
function sinks(t: Taint, expr: Expr): void {
  switch (expr.kind) {
    case 'index':
      return sink(t, expr.index, 'the index', expr.index.span);
    case 'binary':
      if (expr.op === '<<' || expr.op === '>>') sink(t, expr.right, 'the shift count', expr.right.span);
      return;
    case 'cast':
      if (t.cx.types.get(expr)?.kind === 'cpu') sink(t, expr.operand, 'the number of the CPU', expr.span);
      return;
    case 'call':
      return callSinks(t, expr);
    default:
      return;
  }
}

function statementSinks(t: Taint, stmt: ForStmt | AssignStmt): void {
  if (stmt.kind === 'for') {
    if (stmt.iterable.kind !== 'range') return;
    for (const end of [stmt.iterable.from, stmt.iterable.to]) sink(t, end, 'the bound of the loop', end.span);
    return;
  }
  if (stmt.op === '<<=' || stmt.op === '>>=') sink(t, stmt.value, 'the shift count', stmt.value.span);
  const symbol = symbolOfPlace(t.cx, stmt.target);
  if (symbol?.kind === 'kernel-field')
    sink(t, stmt.value, `the kernel's '${symbol.field.name}'`, stmt.value.span);
}

function callSinks(t: Taint, call: CallExpr): void {
  const resolved = t.cx.calls.get(call);
  if (resolved === undefined) return;
  const { callee } = resolved;
  const names =
    callee.kind === 'action'
      ? callee.action.params.map((p) => p.name)
      : callee.kind === 'kernel'
        ? callee.call.params.filter((p) => !p.out).map((p) => p.name)
        : undefined;
  if (names === undefined) return;
  resolved.args.forEach((arg, i) => {
    if (arg !== undefined) sink(t, arg, `the argument '${names[i] ?? ''}'`, arg.span);
  });
}

/** Entities are never what the guest wrote; numbers are. */
const isNumber = (type: Type | undefined): boolean =>
  type !== undefined &&
  structOf(type) === undefined &&
  !['vcpu', 'vm', 'dsq', 'string'].includes(classOf(type));

function sink(t: Taint, expr: Expr, what: string, span: Span): void {
  if (isNumber(t.cx.types.get(expr)) && isTainted(t, expr)) report(t.cx, 'PV3029', span, { what });
}
