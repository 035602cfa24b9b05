import type { Position, Range } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt } from './occurrences.ts';

/** Where the name at `position` is declared; undefined for names that the language or the kernel brings. */
export function definition(snapshot: Snapshot, position: Position): Range | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  const ident = found && declaration(found.symbol);
  return ident && toRange(snapshot, ident.span);
}
