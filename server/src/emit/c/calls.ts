import type { Expr } from '../../ir/ir.ts';
import { atMost, atom, hoist, isTooLong, LEVEL, type Body, type C } from './body.ts';
import { absent, cType, declare, widthOf } from './ctypes.ts';
import { exprC, innerOf } from './expressions.ts';
import { guardOf } from './guard.ts';
import { guardsOf } from './operators.ts';
import { kfuncName, takesIterator } from './kfuncs.ts';
import { maskC } from './masks.ts';
import { threadIds } from './owners.ts';
import { cleanupKind } from './references.ts';
import { taskC } from './tasks.ts';
import { helper } from './unit.ts';
import type { HelperName } from './helpers.ts';

/** A value as an argument of a C function. */
export function argumentC(body: Body, arg: Expr): C {
  const { kind } = arg.type;
  if (kind === 'task') return taskC(body, arg);
  return kind === 'cpumask' ? maskC(body, arg) : exprC(body, arg);
}

const textOf = (c: C): string => atMost(c, LEVEL.conditional);

/** A call of one of the policy's functions. */
export function callC(body: Body, expr: Expr & { kind: 'call' }): C {
  const args = expr.args.map((arg) => argumentC(body, arg));
  const call = `${body.unit.globals.name(expr.fn)}(${args.map(textOf).join(', ')})`;
  return guarded(call, guardsOf(args), expr, widthOf(expr.type));
}

/** A call of the kernel. A reference that it gives lives to the end of the block. */
export function kernelCallC(body: Body, expr: Expr & { kind: 'kernel-call' }): C {
  const c = bareKernelCall(body, expr);
  const auto = cleanupOf(body, expr);
  if (auto === undefined) return c;
  const type = cType(expr.type);
  const name = hoist(
    body,
    nameOfResult(expr),
    (variable) => `${declare(type, variable)} ${auto} = ${c.text};`,
  );
  return atom(name, 'none', expr.type.kind === 'optional' ? [name] : []);
}

/** The call alone, for a declaration that takes the reference itself (`cleanupOf`). */
export function bareKernelCall(
  body: Body,
  expr: Expr & { kind: 'kernel-call' },
  out: readonly string[] = [],
): C {
  const args = expr.args.map((arg) => argumentC(body, arg));
  const name = kfuncName(body.unit, expr.call);
  const iterator = takesIterator(expr.call) ? ['&pv_dsq'] : [];
  const call = `${name}(${[...iterator, ...args.map(textOf), ...out].join(', ')})`;
  const mark = guardOf(body.unit, expr.call.name);
  const guards = [...guardsOf(args), ...(mark === undefined ? [] : [mark])];
  return guarded(call, guards, expr, widthOf(innerOf(expr.type)));
}

/** The call, made only where the pointers that it needs are there. */
function guarded(call: string, guards: readonly string[], expr: Expr, width: C['width']): C {
  if (guards.length === 0) return atom(call, width);
  const text = `${guards.join(' && ')} ? ${call} : ${nothing(expr)}`;
  return { text, level: LEVEL.conditional, width };
}

function nothing(expr: Expr): string {
  const { type } = expr;
  if (type.kind === 'void') return '(void)0';
  if (type.kind === 'optional') return absent(type.inner);
  if (type.kind === 'tuple') return '-1';
  return type.kind === 'int' || type.kind === 'bool' || type.kind === 'cpu' ? '0' : 'NULL';
}

/** The attribute that puts the reference back which a call gives; undefined for calls that give none. */
export function cleanupOf(body: Body, expr: Expr): string | undefined {
  const kind = expr.kind === 'kernel-call' ? cleanupKind(expr.call.name) : undefined;
  if (kind === undefined) return undefined;
  helper(body.unit, `pv_put_${kind}` as HelperName);
  return `pv_auto(${kind})`;
}

/** `idle` for scx_bpf_get_idle_cpumask(). */
function nameOfResult(expr: Expr & { kind: 'kernel-call' }): string {
  const { name } = expr.call;
  return (
    /get_(\w+?)_?(?:cpumask|smtmask)/.exec(name)?.[1] ??
    (innerOf(expr.type).kind === 'task' ? 'task' : 'result')
  );
}

/** The operator's value for a key. */
export function tableC(body: Body, expr: Expr & { kind: 'table' }): C {
  const { unit } = body;
  const table = unit.program.tables.find(({ name }) => name === expr.table);
  // No key of the operator's is longer than the name of a thread.
  if (table && expr.key.kind === 'const' && isTooLong(expr.key.value))
    return exprC(body, { kind: 'const', value: table.fallback, type: expr.type, span: expr.span });
  unit.features.add(`table ${expr.table}`);
  const key = expr.key.type.kind === 'task' ? threadIds(body, expr.key).tid : exprC(body, expr.key).text;
  return atom(`${unit.globals.name(expr.table)}(${key})`, widthOf(expr.type));
}
