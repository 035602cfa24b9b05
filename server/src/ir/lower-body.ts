import type * as ast from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Model, Symbol } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import type { Expr, Instance, IrType, Local } from './ir.ts';
import { irType } from './types.ts';

/** What is known while one function, handler or invariant is lowered. */
export interface Body {
  readonly model: Model;
  readonly side: 'host' | 'guest';
  /** Type that `return` gives. */
  readonly result: IrType;
  /** By where the name is declared. */
  readonly locals: Map<ast.Ident, Local>;
  /** Ids of locals that stand for what the hook itself is about: its parameters and the current thread. */
  readonly own: Set<number>;
  /** Locals made so far, those the compiler adds included. */
  count: number;
}

export function newBody(model: Model, side: 'host' | 'guest', result: IrType): Body {
  return { model, side, result, locals: new Map(), own: new Set(), count: 0 };
}

/** A fresh local for the name `ident`. */
export function declare(body: Body, ident: ast.Ident, type: IrType): Local {
  const local: Local = { id: body.count++, name: ident.text, type };
  body.locals.set(ident, local);
  return local;
}

export function localOf(body: Body, ident: ast.Ident): Local {
  const local = body.locals.get(ident);
  if (!local) throw new Error(`${ident.text} is used before it is declared`);
  return local;
}

/** Type of `expr` as the checker found it. Lowering runs only on policies without errors: it is known. */
export function typeOf(body: Body, expr: ast.Expr): Type {
  const type = body.model.types.get(expr);
  if (!type) throw new Error(`no type for the ${expr.kind} at ${expr.span.start}`);
  return type;
}

export function symbolOf(body: Body, ident: ast.Ident): Symbol {
  const symbol = body.model.names.get(ident);
  if (!symbol) throw new Error(`no meaning for ${ident.text} at ${ident.span.start}`);
  return symbol;
}

/** Type of the symbol of a local, as it is kept at run time. */
export function declaredType(body: Body, ident: ast.Ident): IrType {
  const symbol = symbolOf(body, ident);
  if (symbol.kind !== 'local') throw new Error(`${ident.text} is no local`);
  return irType(symbol.type);
}

export function intrinsic(
  name: (Expr & { kind: 'intrinsic' })['name'],
  args: readonly Expr[],
  type: IrType,
  span: Span,
): Expr {
  return { kind: 'intrinsic', name, args, type, span };
}

/** Takes parentheses off. */
export function bare(expr: ast.Expr): ast.Expr {
  return expr.kind === 'paren' ? bare(expr.inner) : expr;
}

/** A whole-number constant of a type. */
export function constant(value: bigint | boolean | string, type: IrType, span: Span): Expr {
  return { kind: 'const', value, type, span };
}

/** Is it the hook's own entity: the current thread, a parameter of the hook, or the vCPU or VM of one? */
export function isOwn(body: Body, value: Expr): boolean {
  if (value.kind === 'local') return body.own.has(value.local.id);
  if (value.kind === 'some') return isOwn(body, value.operand);
  if (value.kind !== 'intrinsic') return false;
  switch (value.name) {
    case 'current':
    case 'current-vcpu':
    case 'this-cpu':
      return true;
    case 'vcpu-of-task':
    case 'vcpu-task':
      return value.args.every((arg) => isOwn(body, arg));
    default:
      return false;
  }
}

/** Is the state of `instance` out of reach of other CPUs while the hook runs? */
export function isPrivate(body: Body, instance: Instance): boolean {
  if (instance.scope === 'vm' || instance.scope === 'global') return false;
  return instance.entity !== undefined && isOwn(body, instance.entity);
}
