import type * as ast from '../../../grammar/ast.ts';
import { coerce } from './coerce.ts';
import type { Expr, Place, Stmt } from './ir.ts';
import { bare, isPrivate, localOf, symbolOf, type Body } from './lower-body.ts';
import { lowerAs, lowerExpr } from './lower-expr.ts';
import { instanceOf, kernelPlace, lowerEntity, sharedOwner, sharedPlace } from './lower-place.ts';
import { lowerOperator, saturates } from './operators.ts';
import { IR_U64, irType, wide } from './types.ts';

/** Updates that the hardware does in one step. */
const ATOMIC = { '+=': 'add', '-=': 'sub', '|=': 'or', '&=': 'and', '^=': 'xor' } as const;

/** Lowers `target op value`. */
export function lowerAssign(body: Body, stmt: ast.AssignStmt): Stmt {
  const { span, op } = stmt;
  const target = bare(stmt.target);
  const counter = counterOf(body, target);
  if (counter) {
    if (op !== '+=') throw new Error(`a counter only counts up: ${op} at ${span.start}`);
    return { kind: 'count', ...counter, amount: lowerAs(body, stmt.value, IR_U64), span };
  }
  const local = target.kind === 'name' ? localTarget(body, target.name) : undefined;
  if (local) {
    const old: Expr = { kind: 'local', local, type: local.type, span: target.span };
    return { kind: 'set', local, value: combined(body, stmt, old), span };
  }
  return lowerStore(body, stmt, lowerPlace(body, target));
}

function localTarget(body: Body, ident: ast.Ident): ReturnType<typeof localOf> | undefined {
  const symbol = symbolOf(body, ident);
  return symbol.kind === 'local' ? localOf(body, symbol.decl) : undefined;
}

function counterOf(body: Body, target: ast.Expr): { counter: string; entity: Expr | undefined } | undefined {
  const named = target.kind === 'index' ? bare(target.object) : target;
  if (named.kind !== 'name') return undefined;
  const symbol = symbolOf(body, named.name);
  if (symbol.kind !== 'counter') return undefined;
  const entity = target.kind === 'index' ? lowerEntity(body, target.index, symbol.per) : undefined;
  return { counter: symbol.decl.name.text, entity };
}

/** The value that `target op= value` leaves, of the target's type. */
function combined(body: Body, stmt: ast.AssignStmt, old: Expr): Expr {
  if (stmt.op === '=') return lowerAs(body, stmt.value, old.type);
  const op = stmt.op.slice(0, -1) as Exclude<ast.BinaryOp, '&&' | '||'>;
  const result = old.type.kind === 'int' ? wide(old.type) : old.type;
  return coerce(lowerOperator(op, old, lowerExpr(body, stmt.value), result, stmt.span), old.type);
}

function lowerStore(body: Body, stmt: ast.AssignStmt, place: Place): Stmt {
  const { span, op } = stmt;
  const update = op in ATOMIC ? ATOMIC[op as keyof typeof ATOMIC] : undefined;
  const shared = isShared(body, place);
  if (update && place.type.kind === 'int') {
    return {
      kind: 'store',
      place,
      op: update,
      saturate: update === 'sub' && saturates(place.type),
      atomic: shared,
      value: lowerAs(body, stmt.value, wide(place.type)),
      span,
    };
  }
  if (update && place.type.kind === 'cpumask') {
    const value = lowerAs(body, stmt.value, place.type);
    return { kind: 'store', place, op: update, saturate: false, atomic: shared, value, span };
  }
  const old: Expr = { kind: 'load', place, type: place.type, span };
  return {
    kind: 'store',
    place,
    op: 'set',
    saturate: false,
    atomic: false,
    value: combined(body, stmt, old),
    span,
  };
}

/** May another CPU, or a hook that interrupts this one, change the place meanwhile? Pages are anybody's. */
function isShared(body: Body, place: Place): boolean {
  if (place.kind === 'hint' || place.kind === 'feedback') return true;
  return place.kind === 'state' && !isPrivate(body, place.instance);
}

function lowerPlace(body: Body, target: ast.Expr): Place {
  if (target.kind === 'name') {
    const symbol = symbolOf(body, target.name);
    if (symbol.kind === 'state-field') {
      const instance = instanceOf(symbol, undefined);
      return { kind: 'state', instance, field: symbol.decl.name.text, type: irType(symbol.type) };
    }
    if (symbol.kind === 'shared-field') return sharedPlace(symbol, undefined);
  }
  if (target.kind === 'member') {
    const symbol = symbolOf(body, target.member);
    if (symbol.kind === 'state-field') {
      const instance = instanceOf(symbol, lowerExpr(body, target.object));
      return { kind: 'state', instance, field: symbol.decl.name.text, type: irType(symbol.type) };
    }
    if (symbol.kind === 'shared-field') return sharedPlace(symbol, sharedOwner(body, target.object));
    if (symbol.kind === 'kernel-field') return kernelPlace(body, target);
  }
  throw new Error(`nothing to assign to at ${target.span.start}`);
}
