import type * as ast from '../../../grammar/ast.ts';
import type { Type } from '../semantics/types.ts';
import { coerce } from './coerce.ts';
import type { Expr, MatchArm, Source, Stmt } from './ir.ts';
import { lowerAssign } from './lower-assign.ts';
import { bare, declare, declaredType, isOwn, isPrivate, symbolOf, typeOf, type Body } from './lower-body.ts';
import { lowerAction, resolved } from './lower-call.ts';
import { lowerAs, lowerExpr } from './lower-expr.ts';
import { collectionOf, lowerEntity } from './lower-place.ts';
import { IR_S64, IR_U64, irType, wide } from './types.ts';

/** Lowers the statements of a block. */
export function lowerBlock(body: Body, block: ast.Block): Stmt[] {
  return block.stmts.map((stmt) => lowerStmt(body, stmt));
}

function lowerStmt(body: Body, stmt: ast.Stmt): Stmt {
  const { span } = stmt;
  switch (stmt.kind) {
    case 'let':
      return lowerLet(body, stmt);
    case 'assign':
      return lowerAssign(body, stmt);
    case 'if':
      return {
        kind: 'if',
        condition: lowerExpr(body, stmt.condition),
        then: lowerBlock(body, stmt.then),
        otherwise: lowerElse(body, stmt.otherwise),
        span,
      };
    case 'if-let':
      return lowerIfLet(body, stmt);
    case 'match':
      return lowerMatch(body, stmt);
    case 'for':
      return lowerFor(body, stmt);
    case 'break':
    case 'continue':
      return { kind: stmt.kind, span };
    case 'return':
      return { kind: 'return', value: stmt.value && lowerAs(body, stmt.value, body.result), span };
    case 'defer': {
      const call = bare(stmt.call);
      if (call.kind !== 'call') throw new Error(`no call to defer at ${span.start}`);
      return { kind: 'action', action: lowerAction(body, resolved(body, call), true), span };
    }
    case 'log':
      return {
        kind: 'log',
        parts: stmt.parts.map((part) => (typeof part === 'string' ? part : lowerExpr(body, part))),
        span,
      };
    case 'expr-stmt':
      return lowerExprStmt(body, stmt);
    case 'error-stmt':
      throw new Error(`an unreadable statement at ${span.start}`);
  }
}

function lowerLet(body: Body, stmt: ast.LetStmt): Stmt {
  const { span } = stmt;
  const value = lowerExpr(body, stmt.value);
  const [name] = stmt.names;
  if (value.type.kind === 'tuple' && name) {
    const { items } = value.type;
    const locals = stmt.names.map((ident, i) => declare(body, ident, items[i] ?? { kind: 'void' }));
    return { kind: 'let-tuple', locals, value, span };
  }
  if (!name) throw new Error(`a let without a name at ${span.start}`);
  const type = declaredType(body, name);
  const local = declare(body, name, type);
  if (isOwn(body, value)) body.own.add(local.id);
  return { kind: 'let', local, value: coerce(value, type), span };
}

function lowerElse(body: Body, otherwise: ast.IfStmt['otherwise']): Stmt[] {
  if (!otherwise) return [];
  return otherwise.kind === 'block' ? lowerBlock(body, otherwise) : [lowerStmt(body, otherwise)];
}

function lowerIfLet(body: Body, stmt: ast.IfLetStmt): Stmt {
  const found = lowerExpr(body, stmt.value);
  // A value that is never absent is warned about, and is a program all the same.
  const type = found.type.kind === 'optional' ? found.type : { kind: 'optional' as const, inner: found.type };
  const value = coerce(found, type);
  const local = declare(body, stmt.name, type.inner);
  if (isOwn(body, value)) body.own.add(local.id);
  const then = lowerBlock(body, stmt.then);
  return { kind: 'if-some', local, value, then, otherwise: lowerElse(body, stmt.otherwise), span: stmt.span };
}

function lowerMatch(body: Body, stmt: ast.MatchStmt): Stmt {
  const subject = lowerExpr(body, stmt.subject);
  const number = subject.type.kind === 'int' ? subject : coerce(subject, IR_S64);
  const arms: MatchArm[] = stmt.arms.map((arm) => ({
    ranges: arm.patterns.some((pattern) => pattern.kind === 'wildcard')
      ? []
      : arm.patterns.map((pattern) => patternRange(body, pattern)),
    body: lowerBlock(body, arm.body),
    span: { start: arm.span.start, end: arm.patterns.at(-1)?.span.end ?? arm.span.start },
  }));
  return { kind: 'match', subject: coerce(number, wide(number.type)), arms, span: stmt.span };
}

function patternRange(body: Body, pattern: ast.Pattern): { lo: bigint; hi: bigint } {
  if (pattern.kind === 'wildcard') throw new Error('a wildcard has no range');
  const item = bare(pattern);
  if (item.kind === 'range') return { lo: constantOf(body, item.from), hi: constantOf(body, item.to) };
  const value = constantOf(body, item);
  return { lo: value, hi: value };
}

function constantOf(body: Body, expr: ast.Expr): bigint {
  const value = body.model.constants.get(expr);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value !== 'bigint') throw new Error(`no constant number at ${expr.span.start}`);
  return value;
}

function lowerFor(body: Body, stmt: ast.ForStmt): Stmt {
  const { span } = stmt;
  const iterable = bare(stmt.iterable);
  const limit = stmt.max && constantOf(body, stmt.max);
  if (iterable.kind === 'range') {
    const type = wide(declaredType(body, stmt.name));
    const from = lowerAs(body, iterable.from, type);
    const to = lowerAs(body, iterable.to, type);
    const local = declare(body, stmt.name, declaredType(body, stmt.name));
    const max = limit ?? distance(from, to);
    return { kind: 'for-range', local, from, to, max, body: lowerBlock(body, stmt.body), span };
  }
  const source = lowerSource(body, iterable);
  const local = declare(body, stmt.name, declaredType(body, stmt.name));
  const max = limit ?? naturalBound(body, iterable);
  return { kind: 'for-each', local, source, max, body: lowerBlock(body, stmt.body), span };
}

function distance(from: Expr, to: Expr): bigint {
  if (from.kind !== 'const' || to.kind !== 'const') throw new Error('a loop without a bound');
  const [lo, hi] = [BigInt(from.value), BigInt(to.value)];
  return hi > lo ? hi - lo : 0n;
}

function lowerSource(body: Body, iterable: ast.Expr): Source {
  const collection = collectionOf(body, iterable);
  if (collection) return { kind: 'list', instance: collection.instance, field: collection.field };
  const type = typeOf(body, iterable);
  if (type.kind === 'cpumask') return { kind: 'cpus', mask: lowerExpr(body, iterable) };
  if (type.kind === 'dsq') return { kind: 'dsq', dsq: lowerExpr(body, iterable) };
  return lowerSequence(body, iterable, type);
}

function lowerSequence(body: Body, iterable: ast.Expr, type: Type): Source {
  if (type.kind === 'sequence') {
    if (type.of.kind === 'vm') return { kind: 'vms' };
    if (type.of.kind === 'cpu' && iterable.kind === 'call')
      return { kind: 'cpus', mask: lowerExpr(body, iterable) };
    if (type.of.kind === 'vcpu' && iterable.kind === 'member') {
      return { kind: 'vcpus', vm: lowerExpr(body, iterable.object) };
    }
  }
  throw new Error(`nothing to walk at ${iterable.span.start}`);
}

/** CPUs that the largest kernels are built for (NR_CPUS of x86-64 MAXSMP). */
const MOST_CPUS = 8192n;

function naturalBound(body: Body, iterable: ast.Expr): bigint {
  const type = typeOf(body, iterable);
  return type.kind === 'list' || type.kind === 'ring' ? BigInt(type.max) : MOST_CPUS;
}

function lowerExprStmt(body: Body, stmt: ast.ExprStmt): Stmt {
  const { span } = stmt;
  const expr = bare(stmt.expr);
  if (expr.kind !== 'call') return { kind: 'expr', value: lowerExpr(body, expr), span };
  const call = resolved(body, expr);
  if (call.callee.kind === 'action') {
    return { kind: 'action', action: lowerAction(body, call, false), span };
  }
  if (call.callee.kind === 'builtin' && call.receiver) {
    const effect = lowerEffect(body, call.callee.builtin.name, call.receiver, call.args[0], stmt);
    if (effect) return effect;
  }
  return { kind: 'expr', value: lowerExpr(body, expr), span };
}

/** Methods that change something; undefined for those that only ask. */
function lowerEffect(
  body: Body,
  method: string,
  receiver: ast.Expr,
  arg: ast.Expr | undefined,
  stmt: ast.ExprStmt,
): Stmt | undefined {
  const { span } = stmt;
  if (method === 'record' && arg) return lowerRecord(body, receiver, arg, stmt);
  const collection = collectionOf(body, receiver);
  if (!collection) return undefined;
  if (method !== 'update' && method !== 'push' && method !== 'remove' && method !== 'clear') return undefined;
  const { instance, field, type } = collection;
  const value = arg && lowerAs(body, arg, irType(type.of));
  return { kind: 'collect', op: method, shared: !isPrivate(body, instance), instance, field, value, span };
}

function lowerRecord(body: Body, receiver: ast.Expr, arg: ast.Expr, stmt: ast.ExprStmt): Stmt {
  const target = bare(receiver);
  const named = target.kind === 'index' ? bare(target.object) : target;
  if (named.kind !== 'name') throw new Error(`no histogram at ${stmt.span.start}`);
  const symbol = symbolOf(body, named.name);
  if (symbol.kind !== 'histogram') throw new Error(`${named.name.text} is no histogram`);
  return {
    kind: 'record',
    histogram: symbol.decl.name.text,
    entity: target.kind === 'index' ? lowerEntity(body, target.index, symbol.per) : undefined,
    value: coerce(lowerExpr(body, arg), recorded(irType(symbol.type))),
    span: stmt.span,
  };
}

/** What a histogram takes: whole numbers of 64 bits in its unit. */
const recorded = (type: ReturnType<typeof irType>): ReturnType<typeof irType> =>
  type.kind === 'int' ? wide(type) : IR_U64;
