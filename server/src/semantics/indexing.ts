import type { IndexExpr } from '../../../grammar/ast.ts';
import { report, type Context, type Env } from './context.ts';
import { coerce } from './conversions.ts';
import { expectType, presentType, typeOfExpr } from './expressions.ts';
import { insert, textOf } from './fixes.ts';
import { ERROR, U64, optional, show, type Type } from './types.ts';

/** What may be absent when a list is shorter than the index: entities have no zero. */
const HAS_NO_ZERO: readonly Type['kind'][] = ['task', 'vcpu', 'vm', 'cpu'];

/** The type of `object[index]`: a value of a table, counter or histogram, or an element of a list. */
export function index(cx: Context, env: Env, expr: IndexExpr): Type {
  const object = presentType(cx, env, expr.object);
  switch (object.kind) {
    case 'error':
      typeOfExpr(cx, env, expr.index);
      return ERROR;
    case 'map':
      key(cx, env, expr, object.key);
      return object.value;
    case 'list':
      expectType(cx, env, expr.index, U64, 'the index');
      return HAS_NO_ZERO.includes(object.of.kind) ? optional(object.of) : object.of;
    default: {
      typeOfExpr(cx, env, expr.index);
      const whole = object.kind === 'histogram' || isCounter(cx, expr);
      report(cx, 'PV3030', expr.span, {
        name: textOf(expr.object) ?? 'this',
        way: whole
          ? "is one for everything; add 'per \u2026' to its declaration, or leave the index out"
          : `is ${show(object)}, which has no elements`,
      });
      return ERROR;
    }
  }
}

const isCounter = (cx: Context, expr: IndexExpr): boolean =>
  expr.object.kind === 'name' && cx.names.get(expr.object.name)?.kind === 'counter';

function key(cx: Context, env: Env, expr: IndexExpr, wanted: Type): void {
  const type = presentType(cx, env, expr.index, wanted);
  if (type.kind === 'vcpu' && wanted.kind === 'vm') {
    report(
      cx,
      'PV3001',
      expr.index.span,
      { what: 'the index', found: 'vcpu', wanted: 'vm' },
      { fixes: [{ title: "Take the vCPU's VM", edits: [insert(expr.index.span.end, '.vm')] }] },
    );
    return;
  }
  coerce(cx, expr.index, type, wanted, 'the index');
}
