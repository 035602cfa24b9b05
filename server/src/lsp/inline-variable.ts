import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { Block, Expr, Ident, LetStmt } from '../../../grammar/ast.ts';
import { pathTo, walk } from '../../../grammar/walk.ts';
import type { Span, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { BuiltinInfo } from '../semantics/builtins.ts';
import type { Symbol } from '../semantics/model.ts';
import { toEdit } from './convert.ts';
import { occurrenceAt, uses } from './occurrences.ts';
import { localsAt } from './scope.ts';

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
  const locals = localsIn(snapshot, stmt.value);
  if (places.some((ident) => isHidden(snapshot, locals, ident.span.start))) return [];
  const value = text.slice(stmt.value.span.start, stmt.value.span.end);
  const edits: TextEdit[] = [
    { span: wholeLines(text, stmt.span), newText: '' },
    ...places.map(({ span: place }) => ({
      span: place,
      newText: isAtom(stmt.value) || !isOperand(snapshot, place.start) ? value : `(${value})`,
    })),
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

const OPERATIONS: ReadonlySet<string> = new Set([
  'binary',
  'unary',
  'cond',
  'cast',
  'member',
  'index',
  'range',
]);

/** Does the name at `offset` stand in an operation, so that what takes its place has to stay together? */
function isOperand({ file }: Snapshot, offset: number): boolean {
  const path = pathTo(file, offset);
  const name = path.findLastIndex(({ kind }) => kind === 'name');
  return OPERATIONS.has(path[name - 1]?.kind ?? '');
}

/** The locals that a value reads. */
function localsIn({ model }: Snapshot, value: Expr): readonly (Symbol & { readonly kind: 'local' })[] {
  const found = new Set<Symbol & { readonly kind: 'local' }>();
  walk(value, (node) => {
    const symbol = node.kind === 'ident' ? model.names.get(node) : undefined;
    if (symbol?.kind === 'local') found.add(symbol);
  });
  return [...found];
}

/** Does one of the names mean another local at `offset`? */
function isHidden({ file }: Snapshot, locals: ReturnType<typeof localsIn>, offset: number): boolean {
  const there = localsAt(pathTo(file, offset), offset);
  return locals.some(({ decl }) => there.findLast(({ text }) => text === decl.text) !== decl);
}

/** Is the value the same wherever it is computed in the block? */
function isSteady({ model }: Snapshot, value: Expr, block: Block): boolean {
  const read = new Set<Symbol>();
  let steady = true;
  walk(value, (node) => {
    if (node.kind === 'call') {
      const callee = model.calls.get(node)?.callee;
      if (callee?.kind !== 'builtin' || !isSteadyFunction(callee.builtin)) steady = false;
    }
    if (node.kind === 'ident') {
      const symbol = model.names.get(node);
      if (symbol !== undefined) read.add(symbol);
      if (symbol !== undefined && changes(symbol)) steady = false;
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

/** Asks neither the clock, nor the kernel about what can change meanwhile, nor a collection. */
const isSteadyFunction = ({ name, pure, receiver }: BuiltinInfo): boolean =>
  pure && name !== 'now' && name !== 'can_run_on' && (receiver === undefined || receiver === 'cpumask');

/** Others may write what is not the policy's own local; what a collection or a queue holds is no name's value. */
function changes(symbol: Symbol): boolean {
  switch (symbol.kind) {
    case 'state-field':
    case 'shared-field':
    case 'kernel-field':
    case 'counter':
    case 'histogram':
      return true;
    case 'builtin-member':
      return !LASTING.has(symbol.name);
    default:
      return false;
  }
}

/** Members that are what they are for as long as what they are of is there. */
const LASTING: ReadonlySet<string> = new Set(['id', 'tid', 'vm', 'task', 'pid', 'tgid', 'hint', 'feedback']);

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
  const first = text.slice(from, start).trim() === '';
  if (first && text.slice(end, to).trim() === '') return { start: from, end: to };
  // What follows on the line, a comment or a statement, moves to its place.
  const gap = /^[ \t]*;?[ \t]*/u.exec(text.slice(end, next < 0 ? text.length : next))?.[0].length ?? 0;
  return { start, end: end + gap };
}
