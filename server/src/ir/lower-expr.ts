import type * as ast from '../../../grammar/ast.ts';
import { cast } from './casts.ts';
import { coerce } from './coerce.ts';
import type { Expr, IrType } from './ir.ts';
import { bare, constant, intrinsic, localOf, symbolOf, typeOf, type Body } from './lower-body.ts';
import { lowerCall } from './lower-call.ts';
import {
  collectionOf,
  instanceOf,
  kernelPlace,
  lowerEntity,
  sharedOwner,
  sharedPlace,
  type Collection,
  type StateField,
} from './lower-place.ts';
import { maskLiteral } from './masks.ts';
import { builtinMember } from './members.ts';
import { lowerOperator } from './operators.ts';
import { IR_BOOL, IR_CPUMASK, IR_S64, IR_U64, irType, wide, wrap } from './types.ts';

/** Lowers an expression that has a value. */
export function lowerExpr(body: Body, expr: ast.Expr): Expr {
  const { span } = expr;
  const value = body.model.constants.get(expr);
  if (value !== undefined && !namesKernel(body, expr)) return lowerConstant(body, expr, value);
  switch (expr.kind) {
    case 'paren':
      return lowerExpr(body, expr.inner);
    case 'none':
      return { kind: 'none', type: { kind: 'optional', inner: { kind: 'void' } }, span };
    case 'name':
      return lowerName(body, expr);
    case 'member':
      return lowerMember(body, expr);
    case 'index':
      return lowerIndex(body, expr);
    case 'call':
      return lowerCall(body, expr);
    case 'unary':
      return lowerUnary(body, expr);
    case 'binary':
      return lowerBinary(body, expr);
    case 'cond': {
      const type = irType(typeOf(body, expr));
      return {
        kind: 'select',
        condition: lowerExpr(body, expr.condition),
        then: lowerAs(body, expr.then, type),
        otherwise: lowerAs(body, expr.otherwise, type),
        type,
        span,
      };
    }
    case 'cast':
      return cast(lowerExpr(body, expr.operand), irType(typeOf(body, expr)));
    case 'int':
    case 'duration':
    case 'ratio':
    case 'bool':
    case 'string':
      throw new Error(`the checker left the ${expr.kind} at ${span.start} without a value`);
    case 'range':
    case 'metric':
    case 'error':
      throw new Error(`a ${expr.kind} at ${span.start} has no value`);
  }
}

/** Lowers `expr` where a value of `type` is needed. */
export function lowerAs(body: Body, expr: ast.Expr, type: IrType): Expr {
  return coerce(lowerExpr(body, expr), type);
}

/** Is the constant made of one of the kernel's? C reads those from the kernel's BTF, so their names stay. */
function namesKernel(body: Body, expr: ast.Expr): boolean {
  switch (expr.kind) {
    case 'name':
      return body.model.names.get(expr.name)?.kind === 'kernel-constant';
    case 'paren':
      return namesKernel(body, expr.inner);
    case 'unary':
    case 'cast':
      return namesKernel(body, expr.operand);
    case 'binary':
      return namesKernel(body, expr.left) || namesKernel(body, expr.right);
    default:
      return false;
  }
}

function lowerConstant(body: Body, expr: ast.Expr, value: bigint | boolean | string): Expr {
  const type = irType(typeOf(body, expr));
  if (type.kind === 'cpumask' && typeof value === 'bigint') return maskLiteral(value, expr.span);
  return constant(typeof value === 'bigint' ? wrap(value, type) : value, type, expr.span);
}

function lowerName(body: Body, expr: ast.NameExpr): Expr {
  const symbol = symbolOf(body, expr.name);
  const { span } = expr;
  switch (symbol.kind) {
    case 'local': {
      const local = localOf(body, symbol.decl);
      return { kind: 'local', local, type: local.type, span };
    }
    case 'param':
      return { kind: 'param', name: symbol.decl.name.text, type: irType(symbol.type), span };
    case 'state-field':
      return loadState(symbol, undefined, span);
    case 'shared-field':
      return { kind: 'load', place: sharedPlace(symbol, undefined), type: irType(symbol.type), span };
    case 'counter':
      return { kind: 'counter-value', counter: symbol.decl.name.text, entity: undefined, type: IR_U64, span };
    case 'dsq':
      return {
        kind: 'dsq',
        which: { kind: 'user', name: symbol.decl.name.text },
        type: { kind: 'dsq' },
        span,
      };
    case 'kernel-constant': {
      const { name, enumName, value, type } = symbol.constant;
      return { kind: 'kernel-const', name, enumName, value, type: irType(type), span };
    }
    case 'builtin-name':
      if (symbol.name === 'LOCAL')
        return { kind: 'dsq', which: { kind: 'local' }, type: { kind: 'dsq' }, span };
      if (symbol.name === 'GLOBAL')
        return { kind: 'dsq', which: { kind: 'global' }, type: { kind: 'dsq' }, span };
      throw new Error(`${symbol.name} has no value of its own`);
    default:
      throw new Error(`the ${symbol.kind} ${expr.name.text} has no value of its own`);
  }
}

function lowerMember(body: Body, expr: ast.MemberExpr): Expr {
  const symbol = symbolOf(body, expr.member);
  const { span } = expr;
  switch (symbol.kind) {
    case 'state-field':
      return loadState(symbol, lowerExpr(body, expr.object), span);
    case 'shared-field': {
      const vcpu = sharedOwner(body, expr.object);
      const type = irType(symbol.type);
      if (symbol.shared.direction.text === 'hint' && vcpu) {
        return { kind: 'load-hint', vcpu, field: symbol.decl.name.text, type, span };
      }
      return { kind: 'load', place: sharedPlace(symbol, vcpu), type, span };
    }
    case 'kernel-field':
      return { kind: 'load', place: kernelPlace(body, expr), type: irType(symbol.field.type), span };
    case 'builtin-member': {
      const collection = collectionOf(body, expr.object);
      if (collection) return collectionMember(body, collection, symbol.name, expr);
      return builtinMember(lowerExpr(body, expr.object), symbol.name, span);
    }
    default:
      throw new Error(`the ${symbol.kind} ${expr.member.text} is no member`);
  }
}

function loadState(symbol: StateField, entity: Expr | undefined, span: ast.Expr['span']): Expr {
  const instance = instanceOf(symbol, entity);
  const field = symbol.decl.name.text;
  const type = irType(symbol.type);
  if (symbol.type.kind === 'ewma') {
    return { kind: 'collection', op: 'value', instance, field, arg: undefined, type, span };
  }
  return { kind: 'load', place: { kind: 'state', instance, field, type }, type, span };
}

function collectionMember(body: Body, collection: Collection, name: string, expr: ast.MemberExpr): Expr {
  if (name !== 'len' && name !== 'sum' && name !== 'avg' && name !== 'max') {
    throw new Error(`no lowering for the member .${name} of a ${collection.type.kind}`);
  }
  const { instance, field } = collection;
  const type = irType(typeOf(body, expr));
  return { kind: 'collection', op: name, instance, field, arg: undefined, type, span: expr.span };
}

function lowerIndex(body: Body, expr: ast.IndexExpr): Expr {
  const { span } = expr;
  const object = bare(expr.object);
  const named = object.kind === 'name' ? object.name : object.kind === 'member' ? object.member : undefined;
  const symbol = named && symbolOf(body, named);
  switch (symbol?.kind) {
    case 'table': {
      const key = lowerAs(body, expr.index, irType(symbol.key));
      return { kind: 'table', table: symbol.decl.name.text, key, type: irType(symbol.value), span };
    }
    case 'counter': {
      const entity = lowerEntity(body, expr.index, symbol.per);
      return { kind: 'counter-value', counter: symbol.decl.name.text, entity, type: IR_U64, span };
    }
    case 'state-field': {
      const collection = collectionOf(body, object);
      if (!collection) throw new Error(`${symbol.decl.name.text} has no elements`);
      const { instance, field } = collection;
      const arg = lowerAs(body, expr.index, IR_U64);
      return { kind: 'collection', op: 'at', instance, field, arg, type: irType(typeOf(body, expr)), span };
    }
    default:
      throw new Error(`nothing to index at ${span.start}`);
  }
}

function lowerUnary(body: Body, expr: ast.UnaryExpr): Expr {
  const { span } = expr;
  const operand = lowerExpr(body, expr.operand);
  switch (expr.op) {
    case '!':
      return { kind: 'not', operand, type: IR_BOOL, span };
    case '-':
      return { kind: 'negate', operand: coerce(operand, IR_S64), type: IR_S64, span };
    case '~': {
      if (operand.type.kind === 'cpumask') return intrinsic('mask-not', [operand], IR_CPUMASK, span);
      const type = wide(operand.type);
      return { kind: 'complement', operand: coerce(operand, type), type, span };
    }
  }
}

function lowerBinary(body: Body, expr: ast.BinaryExpr): Expr {
  const { op, span } = expr;
  const left = lowerExpr(body, expr.left);
  const right = lowerExpr(body, expr.right);
  if (op === '&&' || op === '||') {
    return { kind: 'logical', op: op === '&&' ? 'and' : 'or', left, right, type: IR_BOOL, span };
  }
  return lowerOperator(op, left, right, irType(typeOf(body, expr)), span);
}
