import type { Expr, IrType } from './ir.ts';
import { IR_TASK, sameType, wrap } from './types.ts';

/**
 * Makes `expr` a value of `type`: the conversions that the language does by itself (a number to another width, a
 * vCPU to its thread, a value to one that may be absent) and those that `as` asks for. Constants are folded.
 */
export function coerce(expr: Expr, type: IrType): Expr {
  if (sameType(expr.type, type)) return expr;
  if (type.kind === 'void') return expr;
  if (type.kind === 'optional') return toOptional(expr, type);
  if (type.kind === 'task' && expr.type.kind === 'vcpu') {
    return { kind: 'intrinsic', name: 'vcpu-task', args: [expr], type: IR_TASK, span: expr.span };
  }
  if (expr.kind === 'const') return foldedConstant(expr, type);
  return { kind: 'convert', operand: expr, type, span: expr.span };
}

function toOptional(expr: Expr, type: IrType & { kind: 'optional' }): Expr {
  if (expr.kind === 'none') return { ...expr, type };
  // An optional vCPU as an optional task: the same thread, or none.
  if (expr.type.kind === 'optional') return { kind: 'convert', operand: expr, type, span: expr.span };
  return { kind: 'some', operand: coerce(expr, type.inner), type, span: expr.span };
}

function foldedConstant(expr: Expr & { kind: 'const' }, type: IrType): Expr {
  const { value } = expr;
  if (typeof value === 'string') throw new Error(`the string "${value}" where a ${type.kind} is needed`);
  if (type.kind === 'bool')
    return { ...expr, value: typeof value === 'boolean' ? value : value !== 0n, type };
  const number = typeof value === 'boolean' ? (value ? 1n : 0n) : value;
  return { ...expr, value: wrap(number, type), type };
}
