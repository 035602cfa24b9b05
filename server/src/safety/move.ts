import type { ExprStmt } from '../../../grammar/ast.ts';
import type { Fix, Span } from '../diagnostics/diagnostic.ts';
import { textOf } from '../semantics/fixes.ts';
import type { Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';
import { moveToTimer } from './fixes.ts';
import type { Place } from './place.ts';

/**
 * Moves a call that the hook's locks forbid to the nearest hook that holds none, a timer. Only for a statement of its own that uses
 * nothing of the hook; `span` is that of the called name.
 */
export function moveOut(span: Span, { handler, model, step }: Place): readonly Fix[] {
  if (step !== undefined || handler.decl.kind !== 'hook' || handler.side === 'guest') return [];
  const statement = statementOf(handler.decl.body, span);
  if (statement === undefined || usesLocals(statement, model)) return [];
  const text = textOf(statement.expr);
  return text === undefined ? [] : moveToTimer(model.file, statement.span, text);
}

/** The statement that is nothing but the call. */
function statementOf(node: Part, span: Span): ExprStmt | undefined {
  if (node.kind === 'expr-stmt' && node.expr.kind === 'call' && node.expr.callee.span.start === span.start)
    return node;
  let found: ExprStmt | undefined;
  eachChild(node, (child) => {
    found ??= statementOf(child, span);
  });
  return found;
}

function usesLocals(node: Part, model: Model): boolean {
  if (node.kind === 'name' && model.names.get(node.name)?.kind === 'local') return true;
  let found = false;
  eachChild(node, (child) => (found ||= usesLocals(child, model)));
  return found;
}
