import type { FnDecl } from '../../../grammar/ast.ts';
import { report, type Context } from './context.ts';
import { eachExpr, eachExprOf, eachStmt } from './walk.ts';

/** Invariants only look: a function that changes or asks for something cannot be called in one. */
export function pureInvariants(cx: Context): void {
  const invariants = cx.file.decls.filter((decl) => decl.kind === 'invariant');
  if (invariants.length === 0) return;
  const known = new Map<FnDecl, boolean>();
  for (const { always } of invariants) {
    for (const condition of always) {
      eachExpr(condition, (expr) => {
        const callee = expr.kind === 'call' ? cx.calls.get(expr)?.callee : undefined;
        if (callee?.kind !== 'fn' || !changes(cx, callee.decl, known)) return;
        const related = [{ message: 'it changes something', span: callee.decl.name.span }];
        report(cx, 'PV2026', expr.span, { name: callee.decl.name.text, where: 'code' }, { related });
      });
    }
  }
}

/** Does a function do more than compute its result? */
function changes(cx: Context, fn: FnDecl, known: Map<FnDecl, boolean>): boolean {
  const before = known.get(fn);
  if (before !== undefined) return before;
  // A function that calls itself is reported elsewhere; it must not keep this from ending.
  known.set(fn, false);
  let found = false;
  eachStmt(fn.body, (stmt) => {
    if (stmt.kind === 'defer' || stmt.kind === 'log') found = true;
    if (
      stmt.kind === 'assign' &&
      (stmt.target.kind !== 'name' || cx.names.get(stmt.target.name)?.kind !== 'local')
    )
      found = true;
  });
  eachExprOf(fn.body, (expr) => {
    const callee = expr.kind === 'call' ? cx.calls.get(expr)?.callee : undefined;
    if (callee === undefined) return;
    if (callee.kind === 'fn') found ||= changes(cx, callee.decl, known);
    else found ||= callee.kind !== 'builtin' || !callee.builtin.pure;
  });
  known.set(fn, found);
  return found;
}
