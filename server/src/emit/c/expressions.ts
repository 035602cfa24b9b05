import type { Expr, IrType } from '../../ir/ir.ts';
import { asTruth, atMost, atom, hoist, LEVEL, localName, type Body, type C } from './body.ts';
import { isMade } from './mask-kinds.ts';
import { maskC, ownedMask } from './masks.ts';
import { argumentC, callC, kernelCallC, tableC } from './calls.ts';
import { constC } from './constants.ts';
import { absent, cType, declare, widthOf } from './ctypes.ts';
import { dsqC } from './dsq.ts';
import { intrinsicC } from './intrinsics.ts';
import { binaryC, cast, in64, prefix, sameWidth } from './operators.ts';
import { counterC, hintC, loadC } from './places.ts';
import { collectionC } from './collections.ts';

/** The C expression for `expr`. What it needs beforehand goes to `body.before`. */
export function exprC(body: Body, expr: Expr): C {
  switch (expr.kind) {
    case 'const':
      return constC(body, expr.value, expr.type);
    case 'kernel-const':
      body.unit.constants.set(expr.name, expr);
      return atom(expr.name, expr.enumName === undefined ? 'literal' : { bits: 64, signed: false });
    case 'local':
      return localC(body, expr);
    case 'param':
      return atom(body.unit.globals.name(expr.name), widthOf(expr.type));
    case 'table':
      return tableC(body, expr);
    case 'load':
      return loadC(body, expr.place);
    case 'load-hint':
      return hintC(body, expr);
    case 'counter-value':
      return counterC(body, expr);
    case 'binary':
      return binaryC(body, expr);
    case 'logical':
      return logicalC(body, expr);
    case 'not':
      return notC(body, expr.operand);
    case 'complement':
      return prefix('~', in64(exprC(body, expr.operand), isSigned(expr.type)), isSigned(expr.type));
    case 'negate':
      return prefix('-', in64(exprC(body, expr.operand), true), true);
    case 'convert':
      return convertC(body, expr.operand, expr.type);
    case 'select':
      return selectC(body, expr);
    case 'none':
      return atom(absent(innerOf(expr.type)), widthOf(innerOf(expr.type)));
    case 'some':
      return exprC(body, expr.operand);
    case 'is-some':
      return isSomeC(body, expr.operand);
    case 'call':
      return callC(body, expr);
    case 'kernel-call':
      return kernelCallC(body, expr);
    case 'intrinsic':
      return intrinsicC(body, expr);
    case 'collection':
      return collectionC(body, expr);
    case 'dsq':
      return dsqC(body, expr.which);
  }
}

function localC(body: Body, { local, type }: Expr & { kind: 'local' }): C {
  const name = localName(body, local);
  if (body.ownedMasks.has(local.id)) return ownedMask(name);
  return atom(name, widthOf(type), body.doubted.has(local.id) ? [name] : []);
}

/** The C text of a condition: only zero or not matters. */
export const conditionText = (body: Body, expr: Expr): string => asTruth(exprC(body, expr)).text;

/** The C text of `expr`, in parentheses where it binds looser than an argument. */
export const exprText = (body: Body, expr: Expr): string => exprC(body, expr).text;

export const innerOf = (type: IrType): IrType => (type.kind === 'optional' ? type.inner : type);

const isSigned = (type: IrType): boolean => type.kind === 'int' && type.signed;

function notC(body: Body, operand: Expr): C {
  if (operand.kind === 'is-some') return isSomeC(body, operand.operand, true);
  if (operand.kind === 'binary' && operand.op === 'eq') return binaryC(body, { ...operand, op: 'ne' });
  const c = asTruth(exprC(body, operand));
  return { text: `!${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width: widthOf({ kind: 'bool' }) };
}

function isSomeC(body: Body, operand: Expr, negated = false): C {
  const inner = innerOf(operand.type);
  const c = exprC(body, operand);
  const width = widthOf({ kind: 'bool' });
  if (inner.kind === 'cpu') {
    return { text: `${atMost(c, LEVEL.shift)} ${negated ? '<' : '>='} 0`, level: LEVEL.relational, width };
  }
  if (negated) return { text: `!${atMost(c, LEVEL.unary)}`, level: LEVEL.unary, width };
  const zero = inner.kind === 'vm' ? '0' : 'NULL';
  return { text: `${atMost(c, LEVEL.equality)} != ${zero}`, level: LEVEL.equality, width };
}

function logicalC(body: Body, expr: Expr & { kind: 'logical' }): C {
  const level = expr.op === 'and' ? LEVEL.logicalAnd : LEVEL.logicalOr;
  const side = (c: C): string => (c.level === level ? c.text : atMost(c, LEVEL.or));
  const [left, right] = [side(asTruth(exprC(body, expr.left))), side(asTruth(exprC(body, expr.right)))];
  return {
    text: `${left} ${expr.op === 'and' ? '&&' : '||'} ${right}`,
    level,
    width: widthOf({ kind: 'bool' }),
  };
}

function selectC(body: Body, expr: Expr & { kind: 'select' }): C {
  const made: Expr = expr;
  if (isMade(made)) return maskC(body, made);
  const condition = atMost(asTruth(exprC(body, expr.condition)), LEVEL.logicalOr);
  const pointer = expr.type.kind === 'task' || expr.type.kind === 'cpumask';
  let doubted = false;
  const branch = (value: Expr): string => {
    const c = pointer ? argumentC(body, value) : exprC(body, value);
    // Branches meet in the type of the whole, whatever C would make of their own types.
    const meets = expr.type.kind !== 'int' || c.width === 'literal' || sameWidth(c.width, widthOf(expr.type));
    const guards = c.guards ?? [];
    doubted ||= guards.length > 0;
    if (pointer && guards.length > 0) return `(${guards.join(' && ')} ? ${c.text} : NULL)`;
    return atMost(meets ? c : cast(cType(expr.type), c, widthOf(expr.type)), LEVEL.logicalOr);
  };
  const text = `${condition} ? ${branch(expr.then)} : ${branch(expr.otherwise)}`;
  if (pointer && doubted) {
    const type = cType(expr.type);
    const name = hoist(
      body,
      expr.type.kind === 'task' ? 'task' : 'chosen',
      (n) => `${declare(type, n)} = ${text};`,
    );
    return atom(name, 'none', [name]);
  }
  return { text, level: LEVEL.conditional, width: widthOf(expr.type) };
}

/** A value of another type: a cast only where C would not give the same number by itself. */
function convertC(body: Body, operand: Expr, type: IrType): C {
  const c = exprC(body, operand);
  if (type.kind === 'bool') {
    if (operand.type.kind === 'bool') return c;
    return { text: `${atMost(c, LEVEL.relational)} != 0`, level: LEVEL.equality, width: widthOf(type) };
  }
  if (type.kind !== 'int' && type.kind !== 'cpu') return c;
  const to = widthOf(type);
  if (typeof to !== 'object' || c.width === 'literal' || c.width === 'none') return c;
  if (typeof c.width !== 'object') return c;
  const from = c.width;
  const neverNegative = operand.type.kind === 'bool' || operand.type.kind === 'cpu';
  const keeps =
    sameWidth(from, to) ||
    (to.bits > from.bits && (from.signed === to.signed || !from.signed || neverNegative));
  return keeps ? c : cast(cType(type), c, to);
}
