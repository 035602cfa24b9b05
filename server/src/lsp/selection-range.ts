import type { Position, SelectionRange } from 'vscode-languageserver';
import { pathTo } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';

/** What a growing selection takes in, step by step: the nodes around each position, the smallest first. */
export const selectionRanges = (
  snapshot: Snapshot,
  positions: readonly Position[],
): readonly SelectionRange[] => positions.map((position) => around(snapshot, position));

function around(snapshot: Snapshot, position: Position): SelectionRange {
  let found: SelectionRange | undefined;
  let last = { start: -1, end: -1 };
  for (const { span } of pathTo(snapshot.file, toOffset(snapshot, position))) {
    // A node that is no smaller than the one around it is no step of its own.
    if (span.start === last.start && span.end === last.end) continue;
    found = { range: toRange(snapshot, span), ...(found && { parent: found }) };
    last = span;
  }
  return found ?? { range: { start: position, end: position } };
}
