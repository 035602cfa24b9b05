import type { Position, Range } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt, uses } from './occurrences.ts';

/** Every place that names what is named at `position`, with its declaration if asked for. */
export function references(
  snapshot: Snapshot,
  position: Position,
  includeDeclaration: boolean,
): readonly Range[] {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  if (!found) return [];
  const declared = declaration(found.symbol);
  return uses(snapshot.model, found.symbol)
    .filter((ident) => includeDeclaration || ident !== declared)
    .map((ident) => toRange(snapshot, ident.span));
}
