import type { Block, Expr, IfLetStmt, IfStmt, MatchStmt, Stmt } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { report, type Context, type Env, type Side } from './context.ts';
import { isExhaustive } from './match.ts';
import { mustReturn } from './statements.ts';
import { show } from './types.ts';

/** Finds statements that are never reached, and ends that are reached without the result that is due. */
export function flow(cx: Context, env: Env, body: Block, head: Span): void {
  const ends = completes(cx, env.side, body);
  if (!ends || env.body === undefined || !mustReturn(env.body.result, env.body.kind)) return;
  if (hasErrors(body)) return;
  report(cx, 'PV3021', head, { label: env.body.label, wanted: show(env.body.result) });
}

/** A statement that could not be read might be the `return`. */
const hasErrors = (body: Block): boolean => body.stmts.some((stmt) => stmt.kind === 'error-stmt');

/** Can the end of the block be reached? Reports what stands behind a statement that never ends. */
function completes(cx: Context, side: Side, body: Block): boolean {
  let left: Stmt | undefined;
  let reported = false;
  for (const stmt of body.stmts) {
    if (left !== undefined && !reported) {
      const last = body.stmts.at(-1) ?? stmt;
      report(cx, 'PV3023', { start: stmt.span.start, end: last.span.end }, { after: keyword(left) });
      reported = true;
    }
    if (!stmtCompletes(cx, side, stmt)) left ??= stmt;
  }
  return left === undefined;
}

const keyword = (stmt: Stmt): string => (stmt.kind === 'if-let' ? 'if let' : stmt.kind);

function stmtCompletes(cx: Context, side: Side, stmt: Stmt): boolean {
  switch (stmt.kind) {
    case 'return':
    case 'break':
    case 'continue':
      return false;
    case 'if':
    case 'if-let':
      return choiceCompletes(cx, side, stmt);
    case 'match':
      return matchCompletes(cx, side, stmt);
    case 'for':
      completes(cx, side, stmt.body);
      return true;
    default:
      return true;
  }
}

function choiceCompletes(cx: Context, side: Side, first: IfStmt | IfLetStmt): boolean {
  let ends = false;
  let stmt: IfStmt | IfLetStmt | Block | undefined = first;
  while (stmt !== undefined && stmt.kind !== 'block') {
    const then = completes(cx, side, stmt.then);
    ends ||= then && !(stmt.kind === 'if' && isAlways(cx, stmt.condition, false));
    if (stmt.kind === 'if' && isAlways(cx, stmt.condition, true)) return ends;
    stmt = stmt.otherwise;
  }
  const otherwise = stmt === undefined || completes(cx, side, stmt);
  return ends || otherwise;
}

const isAlways = (cx: Context, condition: Expr, value: boolean): boolean =>
  cx.constants.get(condition) === value;

function matchCompletes(cx: Context, side: Side, stmt: MatchStmt): boolean {
  const arms = stmt.arms.map((arm) => completes(cx, side, arm.body));
  return arms.some((ends) => ends) || !isExhaustive(cx, side, stmt);
}
