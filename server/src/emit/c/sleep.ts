import type { Expr, Fn, Side, Stmt } from '../../ir/ir.ts';
import { callRow } from '../../kernel/catalogue.ts';
import { effectOf } from '../../kernel/effects.ts';
import { forEachExpr } from './walk.ts';

/** Calls `visit` for every expression that a body reaches, through any function. */
export function forEachReached(
  body: readonly Stmt[],
  functions: readonly Fn[],
  visit: (expr: Expr) => void,
): void {
  const seen = new Set<string>();
  const walk = (stmts: readonly Stmt[]): void =>
    forEachExpr(stmts, (expr) => {
      visit(expr);
      if (expr.kind !== 'call' || seen.has(expr.fn)) return;
      seen.add(expr.fn);
      walk(functions.find((fn) => fn.name === expr.fn)?.body ?? []);
    });
  walk(body);
}

const reaches = (side: Side, body: readonly Stmt[], what: (expr: Expr) => boolean): boolean => {
  let found = false;
  forEachReached(body, side.functions, (expr) => {
    found ||= what(expr);
  });
  return found;
};

/** May the body sleep? A call that the catalogue lacks may. */
export const maySleep = (side: Side, body: readonly Stmt[]): boolean =>
  reaches(side, body, (expr) => expr.kind === 'kernel-call' && isSleeping(expr.call.name));

function isSleeping(name: string): boolean {
  const row = callRow(name);
  if (row === undefined) return true;
  const words = [...(row.effects ?? []), ...(row.effects612 ?? []), ...(row.effects73 ?? [])];
  return row.flags?.includes('sleepable') === true || words.some((word) => effectOf(word) === 'may_sleep');
}

/**
 * Does the body hand on what a struct of the kernel points to? Programs that sleep have to be in an RCU section for it; in
 * all others one is understood.
 */
export const followsPointers = (side: Side, body: readonly Stmt[]): boolean =>
  reaches(
    side,
    body,
    (expr) =>
      (expr.kind === 'load' && expr.place.kind === 'kernel' && POINTED.has(innermost(expr))) ||
      (expr.kind === 'intrinsic' && expr.name === 'can-run-on'),
  );

const POINTED: ReadonlySet<string> = new Set(['task', 'cpumask', 'struct']);

const innermost = ({ type }: Expr): string => (type.kind === 'optional' ? type.inner.kind : type.kind);
