import type {
  Block,
  DeferStmt,
  ExprStmt,
  IfLetStmt,
  IfStmt,
  LetStmt,
  LogStmt,
  ReturnStmt,
  Stmt,
} from '../../../grammar/ast.ts';
import { assignment } from './assignments.ts';
import { declareLocal, inBlock, mayDescend, report, type Context, type Env } from './context.ts';
import { adapt, coerce } from './conversions.ts';
import { condition, expectType, typeOfExpr } from './expressions.ts';
import { loop } from './loops.ts';
import { match } from './match.ts';
import { typeOf } from './type-refs.ts';
import { ERROR, S64, U64, show, type Type } from './types.ts';

/** Checks the statements of a block in a scope of their own. */
export function block(cx: Context, env: Env, node: Block): void {
  if (!mayDescend(cx)) return;
  cx.depth++;
  inBlock(cx, () => statements(cx, env, node));
  cx.depth--;
}

/** Checks the statements of a block in the scope at hand. */
export function statements(cx: Context, env: Env, node: Block): void {
  const [first] = node.stmts;
  // An arm of match without braces is a block with the span of its statement.
  const bare =
    first !== undefined && first.span.start === node.span.start && first.span.end === node.span.end;
  const blockEnd = bare ? node.span.end : node.span.end - 1;
  const outer = cx.statement;
  for (const stmt of node.stmts) {
    cx.statement = { stmt, blockEnd };
    statement(cx, env, stmt);
  }
  cx.statement = outer;
}

function statement(cx: Context, env: Env, stmt: Stmt): void {
  switch (stmt.kind) {
    case 'let':
      return variables(cx, env, stmt);
    case 'assign':
      return assignment(cx, env, stmt);
    case 'if':
    case 'if-let':
      return choice(cx, env, stmt);
    case 'match':
      return match(cx, env, stmt);
    case 'for':
      return loop(cx, env, stmt);
    case 'break':
    case 'continue':
      if (!env.inLoop) report(cx, 'PV2024', stmt.span, { word: stmt.kind });
      return;
    case 'return':
      return result(cx, env, stmt);
    case 'defer':
      return defer(cx, env, stmt);
    case 'log':
      return log(cx, env, stmt);
    case 'expr-stmt':
      return effect(cx, env, stmt);
    case 'error-stmt':
      cx.gaps = true;
      return;
  }
}

function variables(cx: Context, env: Env, stmt: LetStmt): void {
  const wanted = stmt.type === undefined ? undefined : typeOf(cx, env.side, stmt.type, 'local');
  const what = (): string =>
    stmt.names.length === 1 ? `the variable '${stmt.names[0]?.text ?? ''}'` : 'the variable';
  const found =
    wanted === undefined ? typeOfExpr(cx, env, stmt.value) : expectType(cx, env, stmt.value, wanted, what);
  const declared = wanted ?? variableType(cx, stmt, found);
  const role = stmt.mutable ? 'var' : 'let';
  if (stmt.names.length === 1 && found.kind !== 'tuple') {
    const [name] = stmt.names;
    const symbol = name === undefined ? undefined : declareLocal(cx, name, declared, role);
    if (symbol !== undefined) {
      cx.lets.set(symbol, stmt);
      cx.flows.push({ to: symbol, from: stmt.value });
    }
    return;
  }
  const items = found.kind === 'tuple' ? found.items : [];
  const matches = items.length === stmt.names.length;
  if (found.kind !== 'error' && !matches) {
    const parts =
      found.kind === 'tuple'
        ? `a tuple of ${items.length} values: ${show(found)}`
        : `one value: ${show(found)}`;
    report(cx, 'PV3034', stmt.value.span, { names: stmt.names.length, found: parts });
  }
  stmt.names.forEach((name, i) => {
    const symbol = declareLocal(cx, name, matches ? (items[i] ?? ERROR) : ERROR, role);
    if (symbol !== undefined) cx.lets.set(symbol, stmt);
  });
}

/** The type of a variable that is declared without one. */
function variableType(cx: Context, stmt: LetStmt, found: Type): Type {
  switch (found.kind) {
    case 'int':
      // A variable that starts with a number is 64 bits wide, whatever the number is.
      return found.signed ? widen(cx, stmt, found, S64) : widen(cx, stmt, found, U64);
    case 'ewma':
      return found.of;
    case 'void':
      report(cx, 'PV3032', stmt.value.span, {
        type: 'a call without a result',
        where: 'a variable',
        way: 'call it alone',
      });
      return ERROR;
    case 'none':
    case 'list':
    case 'ring':
    case 'map':
    case 'histogram':
    case 'shared':
    case 'sequence':
    case 'range':
      report(cx, 'PV3032', stmt.value.span, {
        type: found.kind === 'none' ? "'none' alone" : show(found),
        where: 'a variable',
        way:
          found.kind === 'none' ? 'say which type may be absent: let x: vcpu? = none' : 'use it where it is',
      });
      return ERROR;
    default:
      return found;
  }
}

function widen(cx: Context, stmt: LetStmt, found: Type, to: Type): Type {
  return stmt.mutable ? (adapt(cx, stmt.value, to) ?? found) : found;
}

function choice(cx: Context, env: Env, first: IfStmt | IfLetStmt): void {
  let stmt: IfStmt | IfLetStmt | Block | undefined = first;
  while (stmt !== undefined && stmt.kind !== 'block') {
    if (stmt.kind === 'if') {
      condition(cx, env, stmt.condition);
      block(cx, env, stmt.then);
    } else {
      present(cx, env, stmt);
    }
    stmt = stmt.otherwise;
  }
  if (stmt !== undefined) block(cx, env, stmt);
}

function present(cx: Context, env: Env, stmt: IfLetStmt): void {
  const type = typeOfExpr(cx, env, stmt.value);
  if (type.kind !== 'optional' && type.kind !== 'error') {
    report(cx, 'PV3017', stmt.value.span, { found: show(type) });
  }
  inBlock(cx, () => {
    declareLocal(cx, stmt.name, type.kind === 'optional' ? type.inner : type, 'let');
    block(cx, env, stmt.then);
  });
}

function result(cx: Context, env: Env, stmt: ReturnStmt): void {
  const body = env.body;
  const wanted = body?.result ?? ERROR;
  if (stmt.value === undefined) {
    if (body !== undefined && mustReturn(wanted, body.kind)) {
      report(cx, 'PV3022', stmt.span, {
        label: body.label,
        problem: `must give ${show(wanted)}: return a value`,
      });
    }
    return;
  }
  if (body !== undefined && wanted.kind === 'void') {
    typeOfExpr(cx, env, stmt.value);
    const way = body.kind === 'fn' ? 'declare its result: -> TYPE' : 'return without a value';
    report(cx, 'PV3022', stmt.value.span, { label: body.label, problem: `gives no result; ${way}` });
    return;
  }
  expectType(cx, env, stmt.value, wanted, 'the result');
  if (body?.decl !== undefined) cx.flows.push({ to: body.decl, from: stmt.value });
}

/** An integer result of a hook is an error code: 0, for success, where nothing is returned. */
export const mustReturn = (type: Type, kind: 'hook' | 'fn'): boolean =>
  type.kind !== 'void' && type.kind !== 'error' && !(kind === 'hook' && type.kind === 'int');

function defer(cx: Context, env: Env, stmt: DeferStmt): void {
  const type = typeOfExpr(cx, env, stmt.call);
  const resolved = stmt.call.kind === 'call' ? cx.calls.get(stmt.call) : undefined;
  if (resolved?.callee.kind === 'action') return;
  if (stmt.call.kind === 'error' || (type.kind === 'error' && resolved === undefined)) return;
  const found =
    resolved === undefined
      ? 'a value'
      : resolved.callee.kind === 'fn'
        ? 'a function of the policy; defer the actions in it'
        : 'another call';
  report(cx, 'PV3027', stmt.call.span, { found });
}

const PRINTABLE: readonly Type['kind'][] = [
  'bool', 'int', 'duration', 'instant', 'vtime', 'ratio', 'cpu', 'task', 'vcpu', 'vm', 'nice', 'rt_prio', 'weight',
  'sched_class', 'string', 'enum', 'flags', 'error',
]; // prettier-ignore

function log(cx: Context, env: Env, stmt: LogStmt): void {
  for (const part of stmt.parts) {
    if (typeof part === 'string') continue;
    const type = typeOfExpr(cx, env, part);
    const value = type.kind === 'ewma' ? type.of : type;
    if (value.kind === 'optional') coerce(cx, part, value, value.inner, 'what is printed');
    else if (!PRINTABLE.includes(value.kind)) report(cx, 'PV3043', part.span, { found: show(value) });
  }
}

function effect(cx: Context, env: Env, stmt: ExprStmt): void {
  const before = cx.diagnostics.length;
  const type = typeOfExpr(cx, env, stmt.expr);
  if (stmt.expr.kind !== 'call') {
    // The parser has said that a value alone is no statement; its names still mean something to the editor.
    cx.diagnostics.length = before;
    return;
  }
  const callee = cx.calls.get(stmt.expr)?.callee;
  if (type.kind !== 'error' && callee?.kind === 'builtin' && callee.builtin.pure) {
    report(cx, 'PV3028', stmt.expr.span);
  }
}
