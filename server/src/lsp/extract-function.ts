import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { Block, Decl, Expr, Ident, Stmt } from '../../../grammar/ast.ts';
import { pathTo, walk, type AnyNode } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { show, type Type } from '../semantics/types.ts';
import { toEdit } from './convert.ts';
import { startWithComments, trimmed } from './stretches.ts';

/** What is taken out: one expression, or statements of one block. */
type Part =
  | { readonly kind: 'expression'; readonly expr: Expr; readonly type: Type }
  | { readonly kind: 'statements'; readonly stmts: readonly Stmt[] };

/**
 * Makes a function of the selected expression or statements, with the locals that they read as parameters. Not offered
 * for statements that leave what is around them (`return`, `break`), that assign to locals from outside, or that declare
 * some which are used behind them.
 */
export function extractFunction(snapshot: Snapshot, uri: string, selected: Span): readonly CodeAction[] {
  const span = trimmed(snapshot.text, selected);
  const part = span.start < span.end ? partAt(snapshot, span) : undefined;
  const decl = snapshot.file.decls.find((one) => one.span.start <= span.start && span.end <= one.span.end);
  if (part === undefined || decl === undefined || decl.kind === 'guest') return [];
  const nodes: readonly AnyNode[] = part.kind === 'expression' ? [part.expr] : part.stmts;
  const params = freeLocals(snapshot, nodes, span);
  if (params === undefined || escapes(snapshot, part, span, decl)) return [];
  const name = freshName(snapshot);
  const head = params.map(({ decl: ident, type }) => `${ident.text}: ${show(type)}`).join(', ');
  const call = `${name}(${params.map(({ decl: ident }) => ident.text).join(', ')})`;
  const body = snapshot.text.slice(span.start, span.end);
  const made =
    part.kind === 'expression'
      ? `fn ${name}(${head}) -> ${show(part.type)} {\n    return ${body}\n}\n\n`
      : `fn ${name}(${head}) {\n    ${indented(snapshot.text, span)}\n}\n\n`;
  const at = startWithComments(snapshot.text, decl.span.start);
  const edits = [
    { span: { start: at, end: at }, newText: made },
    { span, newText: call },
  ];
  return [
    {
      title: 'Extract into a function',
      kind: CodeActionKind.RefactorExtract,
      edit: { changes: { [uri]: edits.map((edit) => toEdit(snapshot, edit)) } },
    },
  ];
}

/** The expression or the statements that the selection is, to the character. */
function partAt({ file, model, text }: Snapshot, span: Span): Part | undefined {
  const path = pathTo(file, span.start);
  // Elsewhere only constants can stand.
  const isCode = path.some(({ kind }) => kind === 'block' || kind === 'invariant');
  for (const node of isCode ? path : []) {
    const type = model.types.get(node as Expr);
    if (node.span.start === span.start && node.span.end === span.end && isValue(type) && !isEnum(model, node))
      return isWritten(path, span) ? undefined : { kind: 'expression', expr: node as Expr, type };
  }
  const block = path.findLast((node): node is Block => node.kind === 'block');
  const stmts =
    block?.stmts.filter((stmt) => stmt.span.start >= span.start && stmt.span.end <= span.end) ?? [];
  const [first, last] = [stmts[0]?.span.start, stmts.at(-1)?.span.end];
  if (first === undefined || last === undefined) return undefined;
  const fits = isComments(text.slice(span.start, first)) && isComments(text.slice(last, span.end));
  return fits ? { kind: 'statements', stmts } : undefined;
}

/** Is it the name of an enum, which stands for no value without a member behind it? */
const isEnum = ({ names }: Snapshot['model'], node: AnyNode): boolean =>
  node.kind === 'name' && names.get(node.name)?.kind === 'enum';

/** Is it a part of what an assignment changes? */
const isWritten = (path: readonly AnyNode[], { start, end }: Span): boolean =>
  path.some(
    (node) => node.kind === 'assign' && node.target.span.start <= start && end <= node.target.span.end,
  );

/** Nothing but white space and comments. */
const isComments = (text: string): boolean => /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*$/u.test(text);

/** Can a function give it? Types that cannot be written, or stand for no value, cannot. */
const isValue = (type: Type | undefined): type is Type =>
  type !== undefined && isWritable(type) && type.kind !== 'cpumask';

const UNWRITABLE: ReadonlySet<string> = new Set([
  'error', 'void', 'none', 'tuple', 'shared', 'histogram', 'map', 'range', 'sequence', 'struct', 'flags', 'string', 'list',
  'ring', 'ewma',
]); // prettier-ignore

/** Can the type be written in a declaration? */
export const isWritable = (type: Type): boolean =>
  type.kind === 'optional' ? isWritable(type.inner) : !UNWRITABLE.has(type.kind);

type Local = Symbol & { readonly kind: 'local' };

/** Locals from outside of `span` that the nodes read, in the order of their use; undefined where one has no type to write. */
function freeLocals(
  { model }: Snapshot,
  nodes: readonly AnyNode[],
  span: Span,
): readonly Local[] | undefined {
  const found = new Set<Local>();
  for (const node of nodes) {
    walk(node, (inner) => {
      const symbol = inner.kind === 'ident' ? model.names.get(inner) : undefined;
      if (symbol?.kind === 'local' && !isInside(symbol.decl, span)) found.add(symbol);
    });
  }
  const all = [...found];
  return all.every(({ type }) => isWritable(type)) ? all : undefined;
}

const isInside = ({ span }: Ident, outer: Span): boolean =>
  span.start >= outer.start && span.end <= outer.end;

/** Would the function need more of its surroundings than values? */
function escapes({ model }: Snapshot, part: Part, span: Span, decl: Decl): boolean {
  if (part.kind === 'expression') return false;
  let leaves = false;
  const declared = new Set<Symbol>();
  for (const stmt of part.stmts) {
    walk(stmt, (node) => {
      if (node.kind === 'return' || node.kind === 'break' || node.kind === 'continue') leaves = true;
      if (node.kind === 'assign' && node.target.kind === 'name') {
        const symbol = model.names.get(node.target.name);
        if (symbol?.kind === 'local' && !isInside(symbol.decl, span)) leaves = true;
      }
      const symbol = node.kind === 'ident' ? model.names.get(node) : undefined;
      if (symbol?.kind === 'local' && isInside(symbol.decl, span)) declared.add(symbol);
    });
  }
  walk(decl, (node) => {
    const symbol = node.kind === 'ident' && !isInside(node, span) ? model.names.get(node) : undefined;
    if (symbol !== undefined && declared.has(symbol)) leaves = true;
  });
  return leaves;
}

function freshName({ model }: Snapshot): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'extracted' : `extracted_${n}`;
    if (!model.globals.host.has(name) && !model.globals.guest.has(name)) return name;
  }
}

/** The statements as they stand, moved left or right to the level of a function's body. */
function indented(text: string, { start, end }: Span): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indent = /^[ \t]*/u.exec(text.slice(lineStart, start))?.[0] ?? '';
  return text.slice(start, end).replaceAll(`\n${indent}`, '\n    ');
}
