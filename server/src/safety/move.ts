import type { Fix, Span } from '../diagnostics/diagnostic.ts';
import { callInfoOfRow } from '../kernel/calls.ts';
import { hookRow, type CallRow } from '../kernel/catalogue.ts';
import { textOf } from '../semantics/fixes.ts';
import type { Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';
import { contextOfRow, contextOfTimer } from './context.ts';
import { moveToTimer } from './fixes.ts';
import { denial } from './permission.ts';
import type { Place } from './place.ts';
import { inOp } from './rewrites.ts';
import { callStatement } from './statements.ts';
import { judgeEffects } from './verdict.ts';

/**
 * Moves a call that the hook's locks forbid to the nearest hook that holds none, a timer. Only for a statement of its own that uses
 * nothing of the hook; `span` is that of the called name.
 */
export function moveOut(
  span: Span,
  row: CallRow,
  { handler, model, step, selection }: Place,
): readonly Fix[] {
  if (step !== undefined || handler.decl.kind !== 'hook' || handler.side === 'guest') return [];
  const timer = contextOfTimer(model.target);
  const helps = selection.profiles.every(
    (profile) => denial(row, timer, profile) === undefined && judgeEffects(row, timer, profile) === undefined,
  );
  if (!helps || !isForPolicies(row)) return [];
  const statement = callStatement(handler.decl.body, span);
  if (statement?.kind !== 'expr-stmt' || usesLocals(statement, model)) return [];
  const text = textOf(statement.expr);
  return text === undefined ? [] : moveToTimer(model.file, statement.span, text);
}

/** Where calls are moved to, the ops that run most often first. */
const TARGETS = ['dispatch', 'enqueue', 'select_cpu', 'init'] as const;

/** Moves a call that this op may not make to one that may, on every kernel; only for what `moveOut` could move. */
export function moveToOp(
  span: Span,
  row: CallRow,
  { handler, model, step, context, selection }: Place,
): readonly Fix[] {
  if (step !== undefined || context.kind !== 'scx' || !isForPolicies(row)) return [];
  const statement = callStatement(handler.decl.body, span);
  if (statement?.kind !== 'expr-stmt' || usesLocals(statement, model)) return [];
  const text = textOf(statement.expr);
  const op = TARGETS.find((name) => {
    const hook = hookRow('op', name);
    const there = hook && contextOfRow('', 'sched_ext', hook);
    return (
      there !== undefined && selection.profiles.every((profile) => denial(row, there, profile) === undefined)
    );
  });
  if (text === undefined || op === undefined) return [];
  const edits = [{ span: statement.span, newText: '' }, ...inOp(model, op, text)];
  return [{ title: `Move to '${op === 'init' ? 'on init' : `on op ${op}`}'`, edits }];
}

/** What no policy may call is refused anywhere else too. */
const isForPolicies = (row: CallRow): boolean => callInfoOfRow(row).usable === true;

function usesLocals(node: Part, model: Model): boolean {
  if (node.kind === 'name' && model.names.get(node.name)?.kind === 'local') return true;
  let found = false;
  eachChild(node, (child) => (found ||= usesLocals(child, model)));
  return found;
}
