import type { LinkedEditingRanges, Position } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { occurrenceAt, uses } from './occurrences.ts';

/** The places that change together while the name of a local is typed over: its declaration and its uses. */
export function linkedEditing(snapshot: Snapshot, position: Position): LinkedEditingRanges | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  if (found?.symbol.kind !== 'local') return undefined;
  const ranges = uses(snapshot.model, found.symbol).map(({ span }) => toRange(snapshot, span));
  return { ranges, wordPattern: '[A-Za-z_][A-Za-z0-9_]*' };
}
