import type { ForStmt } from '../../../grammar/ast.ts';
import { declareLocal, inBlock, report, type Context, type Env } from './context.ts';
import { mayBeAbsent } from './conversions.ts';
import { constantInt, presentType, typeOfExpr } from './expressions.ts';
import { insert } from './fixes.ts';
import { block } from './statements.ts';
import { CPU, ERROR, TASK, show, type Type } from './types.ts';

/** More rounds than this no loop in a hook can have: the watchdog of the scheduler is not that patient. */
const MOST_ROUNDS = 1n << 23n;

/** Checks `for x in … [max N] { … }`: what is walked, and that somebody knows how often at most. */
export function loop(cx: Context, env: Env, stmt: ForStmt): void {
  cx.sinks.push(stmt);
  const max = stmt.max === undefined ? undefined : bound(cx, env, stmt);
  const type = iterated(cx, env, stmt);
  const of = elementOf(cx, stmt, type);
  if (stmt.max === undefined || max !== undefined) needsBound(cx, stmt, type, of);
  inBlock(cx, () => {
    const symbol = declareLocal(cx, stmt.name, of, 'loop');
    if (symbol !== undefined) cx.flows.push({ to: symbol, from: stmt.iterable });
    block(cx, env.inLoop ? env : { ...env, inLoop: true }, stmt.body);
  });
}

function bound(cx: Context, env: Env, stmt: ForStmt): bigint | undefined {
  if (stmt.max === undefined) return undefined;
  const what = "the bound after 'max'";
  const value = constantInt(cx, env, stmt.max, what);
  if (value !== undefined && (value < 1n || value > MOST_ROUNDS)) {
    report(cx, 'PV3044', stmt.max.span, { what, lo: 1, hi: Number(MOST_ROUNDS) });
  }
  return value;
}

function iterated(cx: Context, env: Env, stmt: ForStmt): Type {
  if (stmt.iterable.kind === 'range') {
    const type = presentType(cx, env, stmt.iterable);
    // Numbers alone count in 64 bits.
    return type;
  }
  const type = typeOfExpr(cx, env, stmt.iterable);
  if (type.kind !== 'optional') return type;
  mayBeAbsent(cx, stmt.iterable, type);
  return ERROR;
}

/** The type of the loop variable; `error`, and reported, where the value cannot be walked. */
function elementOf(cx: Context, stmt: ForStmt, type: Type): Type {
  switch (type.kind) {
    case 'range':
      if (type.of.kind === 'int' || type.of.kind === 'cpu') return type.of.kind === 'int' ? type.of : CPU;
      break;
    case 'sequence':
    case 'list':
      return type.of;
    case 'cpumask':
      return CPU;
    case 'dsq':
      return TASK;
    case 'error':
      return ERROR;
    default:
      break;
  }
  const vcpus =
    type.kind === 'vm'
      ? [{ title: 'Walk its vCPUs', edits: [insert(stmt.iterable.span.end, '.vcpus')] }]
      : [];
  report(cx, 'PV3020', stmt.iterable.span, { found: show(type) }, { fixes: vcpus });
  return ERROR;
}

/** Everything but lists, the CPUs of a mask and constant ranges needs `max N`. */
function needsBound(cx: Context, stmt: ForStmt, type: Type, of: Type): void {
  if (of.kind === 'error') return;
  if (type.kind === 'range' && stmt.iterable.kind === 'range') return rangeBound(cx, stmt, stmt.iterable);
  const unbounded = type.kind === 'dsq' || (type.kind === 'sequence' && of.kind !== 'cpu');
  if (unbounded && stmt.max === undefined) {
    missing(
      cx,
      stmt,
      type.kind === 'dsq'
        ? 'nobody knows how long the queue is'
        : `nobody knows how many ${of.kind}s there are`,
    );
  }
}

function rangeBound(
  cx: Context,
  stmt: ForStmt,
  range: ForStmt['iterable'] & { readonly kind: 'range' },
): void {
  const from = cx.constants.get(range.from);
  const to = cx.constants.get(range.to);
  if (typeof from === 'bigint' && typeof to === 'bigint') {
    if (from > to) report(cx, 'PV3011', range.span, { lo: `${from}`, hi: `${to}` });
    else if (stmt.max === undefined && to - from > MOST_ROUNDS) {
      report(cx, 'PV3044', range.span, { what: 'the number of rounds', lo: 1, hi: Number(MOST_ROUNDS) });
    }
    return;
  }
  if (stmt.max === undefined) missing(cx, stmt, 'the ends of this range are not known at compile time');
}

function missing(cx: Context, stmt: ForStmt, why: string): void {
  const fixes = [16, 64].map((n) => ({
    title: `Add 'max ${n}'`,
    edits: [insert(stmt.iterable.span.end, ` max ${n}`)],
  }));
  report(cx, 'PV3019', stmt.iterable.span, { why }, { fixes });
}
