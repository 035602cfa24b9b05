import type * as ast from '../../../grammar/ast.ts';
import type { Symbol } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import { coerce } from './coerce.ts';
import type { Expr, Instance, Place } from './ir.ts';
import { bare, symbolOf, typeOf, type Body } from './lower-body.ts';
import { lowerExpr } from './lower-expr.ts';
import { IR_CPU, IR_TASK, irType } from './types.ts';

type SharedField = Extract<Symbol, { kind: 'shared-field' }>;
export type StateField = Extract<Symbol, { kind: 'state-field' }>;

/** `v` of `v.hint` and `v.feedback`; undefined where the guest names its own page. */
export function sharedOwner(body: Body, shared: ast.Expr): Expr | undefined {
  const page = bare(shared);
  return page.kind === 'member' ? lowerExpr(body, page.object) : undefined;
}

/** The field of a shared page; `vcpu` says whose, on the host. */
export function sharedPlace(symbol: SharedField, vcpu: Expr | undefined): Place {
  const field = symbol.decl.name.text;
  const type = irType(symbol.type);
  return symbol.shared.direction.text === 'hint'
    ? { kind: 'hint', field, type }
    : { kind: 'feedback', vcpu, field, type };
}

/** Whose state a field is of: the entity that is written, or its thread where the state is the thread's. */
export function instanceOf(symbol: StateField, entity: Expr | undefined): Instance {
  if (symbol.scope === 'task' && entity) return { scope: 'task', entity: coerce(entity, IR_TASK) };
  return { scope: symbol.scope, entity };
}

/** `p.scx.slice`: the entity or pointer at the root and the names behind it. */
export function kernelPlace(body: Body, expr: ast.MemberExpr): Place {
  const path = [expr.member.text];
  let object = bare(expr.object);
  while (object.kind === 'member') {
    if (symbolOf(body, object.member).kind !== 'kernel-field') break;
    path.unshift(object.member.text);
    object = bare(object.object);
  }
  const root = lowerExpr(body, object);
  const type = irType(typeOf(body, expr));
  return { kind: 'kernel', object: root.type.kind === 'vcpu' ? coerce(root, IR_TASK) : root, path, type };
}

/** A list, ring or moving average: whose state it is in, and the field. */
export interface Collection {
  readonly instance: Instance;
  readonly field: string;
  readonly type: Type & { kind: 'list' | 'ring' | 'ewma' };
}

/** The collection that `expr` names; undefined where it is something else. */
export function collectionOf(body: Body, expr: ast.Expr): Collection | undefined {
  const named = bare(expr);
  const ident = named.kind === 'name' ? named.name : named.kind === 'member' ? named.member : undefined;
  const symbol = ident && symbolOf(body, ident);
  if (symbol?.kind !== 'state-field') return undefined;
  const { type } = symbol;
  if (type.kind !== 'list' && type.kind !== 'ring' && type.kind !== 'ewma') return undefined;
  const owner = named.kind === 'member' ? lowerExpr(body, named.object) : undefined;
  return { instance: instanceOf(symbol, owner), field: symbol.decl.name.text, type };
}

/** The entity in `counter[x]`; a vCPU stands for its thread where the counter is kept per task. */
export function lowerEntity(body: Body, expr: ast.Expr, scope: string): Expr {
  const entity = lowerExpr(body, expr);
  if (scope === 'task') return coerce(entity, IR_TASK);
  return scope === 'cpu' ? coerce(entity, IR_CPU) : entity;
}
