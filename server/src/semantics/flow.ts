import type { Block, Expr, IfLetStmt, IfStmt, MatchStmt, Stmt } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { report, type Context, type Env, type Side } from './context.ts';
import { isExhaustive } from './match.ts';
import { mustReturn } from './statements.ts';
import { show } from './types.ts';

/** Finds statements that are never reached, and ends that are reached without the result that is due. */
export function flow(cx: Context, env: Env, body: Block, head: Span): void {
  const ends = completes({ cx, side: env.side, inLoop: false }, body);
  if (!ends || env.body === undefined || !mustReturn(env.body.result, env.body.kind)) return;
  if (hasErrors(body)) return;
  report(cx, 'PV3021', head, { label: env.body.label, wanted: show(env.body.result) });
}

/** A statement that could not be read might be the `return`. */
const hasErrors = (body: Block): boolean => body.stmts.some((stmt) => stmt.kind === 'error-stmt');

interface Place {
  readonly cx: Context;
  readonly side: Side;
  /** Outside of a loop, `break` and `continue` have been reported and count as nothing. */
  readonly inLoop: boolean;
}

/** Can the end of the block be reached? Reports what stands behind a statement that never ends. */
function completes(at: Place, body: Block): boolean {
  let left: Stmt | undefined;
  let reported = false;
  for (const stmt of body.stmts) {
    if (left !== undefined && !reported) {
      const last = body.stmts.at(-1) ?? stmt;
      report(at.cx, 'PV3023', { start: stmt.span.start, end: last.span.end }, { after: keyword(left) });
      reported = true;
    }
    if (!stmtCompletes(at, stmt)) left ??= stmt;
  }
  return left === undefined;
}

const keyword = (stmt: Stmt): string => (stmt.kind === 'if-let' ? 'if let' : stmt.kind);

function stmtCompletes(at: Place, stmt: Stmt): boolean {
  switch (stmt.kind) {
    case 'return':
      return false;
    case 'break':
    case 'continue':
      return !at.inLoop;
    case 'if':
    case 'if-let':
      return choiceCompletes(at, stmt);
    case 'match':
      return matchCompletes(at, stmt);
    case 'for':
      completes({ ...at, inLoop: true }, stmt.body);
      return true;
    default:
      return true;
  }
}

function choiceCompletes(at: Place, first: IfStmt | IfLetStmt): boolean {
  let ends = false;
  let stmt: IfStmt | IfLetStmt | Block | undefined = first;
  while (stmt !== undefined && stmt.kind !== 'block') {
    const then = completes(at, stmt.then);
    ends ||= then && !(stmt.kind === 'if' && isAlways(at.cx, stmt.condition, false));
    if (stmt.kind === 'if' && isAlways(at.cx, stmt.condition, true)) return ends;
    stmt = stmt.otherwise;
  }
  const otherwise = stmt === undefined || completes(at, stmt);
  return ends || otherwise;
}

const isAlways = (cx: Context, condition: Expr, value: boolean): boolean =>
  cx.constants.get(condition) === value;

function matchCompletes(at: Place, stmt: MatchStmt): boolean {
  const arms = stmt.arms.map((arm) => completes(at, arm.body));
  return arms.some((ends) => ends) || !isExhaustive(at.cx, at.side, stmt);
}
