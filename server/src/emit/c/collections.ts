import type { Expr, IrType } from '../../ir/ir.ts';
import { atom, hoist, LEVEL, type Body, type C } from './body.ts';
import { cType, widthOf } from './ctypes.ts';
import { exprC, exprText, innerOf } from './expressions.ts';
import { threadIds } from './owners.ts';
import { instanceC, stored } from './places.ts';
import { isSigned, stateField } from './state.ts';
import { helper } from './unit.ts';

const required = (expr: Expr | undefined): Expr => {
  if (expr === undefined) throw new Error('a collection is asked about nothing');
  return expr;
};

/** Reads of lists, rings and averages. */
export function collectionC(body: Body, expr: Expr & { kind: 'collection' }): C {
  const { unit } = body;
  const { instance, op } = expr;
  const { type } = stateField(unit, instance.scope, expr.field);
  const field = `${instanceC(body, instance)}${unit.fields[instance.scope].name(expr.field)}`;
  if (type.kind === 'scalar') throw new Error(`${expr.field} is no collection`);
  const signed = isSigned(type.type);
  const number = (text: string): C => element(body, text, type.type);
  switch (op) {
    case 'value':
      return number(`${field}.value`);
    case 'len':
      return atom(`${field}.len`, { bits: 32, signed: false });
    case 'at': {
      const at = helper(unit, type.kind === 'ring' ? 'pv_ring_at' : 'pv_list_at');
      return number(`${at}(&${field}, ${exprText(body, required(expr.arg))})`);
    }
    case 'contains': {
      const value = elementText(body, required(expr.arg));
      return atom(`${helper(unit, 'pv_list_has')}(&${field}, ${value})`, widthOf({ kind: 'bool' }));
    }
    case 'sum':
      return number(`${helper(unit, 'pv_ring_sum')}(&${field})`);
    case 'avg': {
      const divide = helper(unit, signed ? 'pv_sdiv' : 'pv_div');
      return number(`${divide}(${helper(unit, 'pv_ring_sum')}(&${field}), ${field}.len)`);
    }
    case 'max':
      return number(`${helper(unit, signed ? 'pv_ring_smax' : 'pv_ring_max')}(&${field})`);
  }
}

/** The value of an element from its 64 bits. CPUs are kept plus one: 0 is none. */
export function element(body: Body, text: string, type: IrType): C {
  if (innerOf(type).kind === 'cpu')
    return stored(body, text, { kind: 'optional', inner: innerOf(type) }, false);
  if (type.kind !== 'int') return stored(body, text, type, false);
  if (type.bits === 64 && !type.signed) return atom(text, widthOf(type));
  return { text: `(${cType(type)})${text}`, level: LEVEL.unary, width: widthOf(type) };
}

/** The 64 bits that are kept of an element: entities by id, CPUs plus one. */
export function elementText(body: Body, value: Expr): string {
  return value.type.kind === 'cpu' ? `${exprText(body, value)} + 1` : storedText(body, value);
}

/** What is kept of a value (`storedType`). */
export function storedText(body: Body, value: Expr): string {
  const inner = innerOf(value.type);
  if (value.kind === 'none') return '0';
  const plain = value.kind === 'some' ? value.operand : value;
  if (inner.kind === 'task' || inner.kind === 'vcpu') {
    if (value.type.kind === 'optional' && value.kind !== 'some') return optionalId(body, plain);
    return threadIds(body, plain).tid;
  }
  if (inner.kind === 'cpu' && value.type.kind === 'optional') return `${exprC(body, plain).text} + 1`;
  return exprText(body, plain);
}

/** The thread id behind an optional, 0 for none. */
function optionalId(body: Body, value: Expr): string {
  const c = exprC(body, value);
  const field = innerOf(value.type).kind === 'vcpu' ? 'tid' : 'pid';
  if (field === 'pid') body.unit.structs.use('task_struct', ['pid']);
  const name = hoist(body, 'other', (variable) => `${cType(innerOf(value.type))}${variable} = ${c.text};`);
  return `${name} ? ${name}->${field} : 0`;
}
