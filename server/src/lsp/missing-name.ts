import type { BinaryExpr, Decl, Expr, Ident, StateDecl } from '../../../grammar/ast.ts';
import type { AnyNode } from '../../../grammar/walk.ts';
import type { TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { BOOL, DURATION, show, U64, type Type } from '../semantics/types.ts';
import { wantedAt } from './completion-arguments.ts';
import { isWritable } from './extract-function.ts';

/** A name that nothing declares, where it is used. */
export interface Missing {
  readonly ident: Ident;
  /** The nodes around it, the outermost first. */
  readonly path: readonly AnyNode[];
  /** The declaration of the file in which it is used. */
  readonly user: Decl;
}

/** A declaration that would do: what it is called, and the edit that makes it. */
export interface Offered {
  readonly title: string;
  readonly edit: TextEdit;
}

/** Puts a field behind the last one of a block, on a line of its own if the block has several. */
export function fieldIn({ text }: Snapshot, { fields, span }: StateDecl, made: string): TextEdit {
  const last = fields.at(-1)?.span.end;
  const at = last ?? text.indexOf('{', span.start) + 1;
  const oneLine = !text.slice(at, span.end).includes('\n');
  const newText = !oneLine ? `\n    ${made}` : last === undefined ? ` ${made} ` : `; ${made}`;
  return { span: { start: at, end: at }, newText };
}

/** The type that the place of an expression asks for. */
export function typeAround(snapshot: Snapshot, expr: Expr, path: readonly AnyNode[]): Type | undefined {
  const { types } = snapshot.model;
  const at = path.indexOf(expr);
  const [around, parent] = [path[at - 2], path[at - 1]];
  switch (parent?.kind) {
    case 'assign':
      return types.get(parent.target === expr ? parent.value : parent.target);
    case 'unary':
      return parent.op === '!' ? BOOL : undefined;
    case 'if':
      return BOOL;
    case 'binary':
      if (parent.op === '&&' || parent.op === '||') return BOOL;
      return operand(parent, types.get(parent.left === expr ? parent.right : parent.left), expr);
    case 'cond':
      return parent.condition === expr ? BOOL : undefined;
    case 'match-arm':
      return around?.kind === 'match' ? types.get(around.subject) : undefined;
    default:
      return wantedAt(snapshot, path.slice(0, at), expr.span.start);
  }
}

/** What stands beside an operand of this type: what times are multiplied by, divided by and moved by is not always one. */
function operand({ op, left }: BinaryExpr, other: Type | undefined, expr: Expr): Type | undefined {
  const isTime = other?.kind === 'duration' || other?.kind === 'instant' || other?.kind === 'vtime';
  if (!isTime) return other;
  if (op === '*' || (op === '/' && left !== expr)) return U64;
  return op === '+' || op === '-' ? DURATION : other;
}

/** A type as a declaration has it; undefined where none can. */
export const written = (type: Type | undefined): string | undefined =>
  type !== undefined && isWritable(type) ? show(type) : undefined;
