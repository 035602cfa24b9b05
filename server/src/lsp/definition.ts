import type { Position, Range } from 'vscode-languageserver';
import type { Ident } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt } from './occurrences.ts';

/** Where the name at `position` is declared; undefined for names that the language or the kernel brings. */
export function definition(snapshot: Snapshot, position: Position): Range | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  const ident = found && (declaration(found.symbol) ?? pageOf(snapshot, found.symbol));
  return ident && toRange(snapshot, ident.span);
}

/** `hint` and `feedback` are brought by the language, but what is in them the policy declares. */
function pageOf({ file }: Snapshot, symbol: Symbol): Ident | undefined {
  if (symbol.kind !== 'builtin-member' && symbol.kind !== 'builtin-name') return undefined;
  const { type } = symbol;
  if (type.kind !== 'shared') return undefined;
  for (const decl of file.decls)
    if (decl.kind === 'shared' && decl.direction.text === type.direction) return decl.direction;
  return undefined;
}
