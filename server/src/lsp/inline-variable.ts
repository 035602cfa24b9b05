import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { Block, Expr, Ident, LetStmt } from '../../../grammar/ast.ts';
import { pathTo, walk } from '../../../grammar/walk.ts';
import type { Span, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { toEdit } from './convert.ts';
import { occurrenceAt, uses } from './occurrences.ts';

/**
 * Puts the value of the `let` whose name is at `span` in the place of its name, and removes the `let`. Offered only where
 * that changes nothing: the value calls nothing but pure functions and reads nothing that changes in between.
 */
export function inlineVariable(snapshot: Snapshot, uri: string, span: Span): readonly CodeAction[] {
  const { model, file, text } = snapshot;
  const symbol = occurrenceAt(model, span.start)?.symbol;
  if (symbol?.kind !== 'local' || symbol.role !== 'let') return [];
  const path = pathTo(file, symbol.decl.span.start);
  const stmt = path.findLast((node): node is LetStmt => node.kind === 'let');
  const block = path.findLast((node): node is Block => node.kind === 'block');
  if (!stmt || !block || stmt.names.length !== 1 || stmt.type !== undefined) return [];
  const places = uses(model, symbol).filter((ident) => ident !== symbol.decl);
  if (places.length === 0 || !isSteady(snapshot, stmt.value, block)) return [];
  const value = text.slice(stmt.value.span.start, stmt.value.span.end);
  const put = isAtom(stmt.value) ? value : `(${value})`;
  const edits: TextEdit[] = [
    { span: wholeLines(text, stmt.span), newText: '' },
    ...places.map((ident) => ({ span: ident.span, newText: put })),
  ];
  return [
    {
      title: `Inline '${symbol.decl.text}'`,
      kind: CodeActionKind.RefactorInline,
      edit: { changes: { [uri]: edits.map((edit) => toEdit(snapshot, edit)) } },
    },
  ];
}

const isAtom = ({ kind }: Expr): boolean =>
  kind !== 'binary' && kind !== 'cond' && kind !== 'cast' && kind !== 'unary' && kind !== 'range';

/** Is the value the same wherever it is computed in the block? */
function isSteady({ model }: Snapshot, value: Expr, block: Block): boolean {
  const read = new Set<Symbol>();
  let steady = true;
  walk(value, (node) => {
    if (node.kind === 'call') {
      const callee = model.calls.get(node)?.callee;
      if (callee?.kind !== 'builtin' || !callee.builtin.pure || callee.builtin.name === 'now') steady = false;
    }
    if (node.kind === 'ident') {
      const symbol = model.names.get(node);
      if (symbol !== undefined) read.add(symbol);
      // Others may write what is not the policy's own local.
      if (
        symbol?.kind === 'state-field' ||
        symbol?.kind === 'shared-field' ||
        symbol?.kind === 'kernel-field'
      )
        steady = false;
    }
  });
  walk(block, (node) => {
    if (node.kind !== 'assign') return;
    const written = writtenName(node.target);
    const symbol = written && model.names.get(written);
    if (symbol !== undefined && read.has(symbol)) steady = false;
  });
  return steady;
}

function writtenName(target: Expr): Ident | undefined {
  switch (target.kind) {
    case 'name':
      return target.name;
    case 'member':
      return target.member;
    case 'index':
      return writtenName(target.object);
    case 'paren':
      return writtenName(target.inner);
    default:
      return undefined;
  }
}

/** The lines of a statement that has them for itself; else the statement. */
function wholeLines(text: string, { start, end }: Span): Span {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const next = text.indexOf('\n', end);
  const to = next < 0 ? text.length : next + 1;
  const alone = text.slice(from, start).trim() === '' && text.slice(end, to).trim() === '';
  return alone ? { start: from, end: to } : { start, end };
}
