import type { Block, DeferStmt, ExprStmt, Stmt } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';

/** The innermost statement of a block inside of `body` that `span` lies in. */
export function statementAt(body: Block, span: Span): Stmt | undefined {
  let found: Stmt | undefined;
  const visit = (node: Part): void => {
    if (node.span.start > span.start || node.span.end < span.end) return;
    if (node.kind === 'block') found = node.stmts.find((stmt) => encloses(stmt.span, span)) ?? found;
    eachChild(node, visit);
  };
  visit(body);
  return found;
}

const encloses = (outer: Span, inner: Span): boolean => outer.start <= inner.start && inner.end <= outer.end;

/** The statement of `body` that is nothing but the call which begins at `span`, deferred or not. */
export function callStatement(body: Block, span: Span): ExprStmt | DeferStmt | undefined {
  const stmt = statementAt(body, span);
  const call = stmt?.kind === 'expr-stmt' ? stmt.expr : stmt?.kind === 'defer' ? stmt.call : undefined;
  const isCall = call?.kind === 'call' && call.callee.span.start === span.start;
  return isCall && (stmt?.kind === 'expr-stmt' || stmt?.kind === 'defer') ? stmt : undefined;
}

/** The same, wherever in the policy the call stands. */
export function callStatementIn(
  model: Pick<Model, 'handlers' | 'functions'>,
  span: Span,
): ExprStmt | DeferStmt | undefined {
  const bodies = [...model.handlers.map(({ decl }) => decl.body), ...model.functions.map(({ body }) => body)];
  const around = bodies.find((body) => encloses(body.span, span));
  return around && callStatement(around, span);
}
