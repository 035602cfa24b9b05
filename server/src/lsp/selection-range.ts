import type { Position, SelectionRange } from 'vscode-languageserver';
import { layout } from '../../../grammar/parser-layout.ts';
import * as T from '../../../grammar/tokens.ts';
import { pathTo, type AnyNode } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { startBefore } from './completion-spot.ts';
import { toOffset, toRange } from './convert.ts';
import { startWithComments, trimmed } from './stretches.ts';

/** What a growing selection takes in, step by step: the nodes around each position, the smallest first. */
export const selectionRanges = (
  snapshot: Snapshot,
  positions: readonly Position[],
): readonly SelectionRange[] => positions.map((position) => around(snapshot, position));

function around(snapshot: Snapshot, position: Position): SelectionRange {
  const offset = toOffset(snapshot, position);
  const path = pathTo(snapshot.file, offset);
  const comment = commentAt(snapshot, offset);
  const spans = [
    ...path.flatMap((node) => [node.span, ...insideOf(snapshot.text, node)]),
    ...(comment ? [comment] : []),
  ];
  let found: SelectionRange | undefined;
  let last: Span = { start: 0, end: snapshot.text.length };
  for (const span of spans) {
    const holds = span.start <= offset && offset <= span.end && span.start < span.end;
    const within = last.start <= span.start && span.end <= last.end;
    // What is no smaller than what is around it is no step of its own.
    if (found !== undefined && (!holds || !within || lengthOf(span) === lengthOf(last))) continue;
    found = { range: toRange(snapshot, span), ...(found && { parent: found }) };
    last = span;
  }
  return found ?? { range: { start: position, end: position } };
}

const lengthOf = ({ start, end }: Span): number => end - start;

/** What stands between the braces, parentheses or quotes of a node. */
function insideOf(text: string, node: AnyNode): readonly Span[] {
  switch (node.kind) {
    case 'block':
    case 'string':
      return [trimmed(text, { start: node.span.start + 1, end: node.span.end - 1 })];
    case 'call':
      return [trimmed(text, { start: node.callee.span.end + 1, end: node.span.end - 1 })];
    case 'state':
    case 'shared':
    case 'enum':
    case 'guest':
    case 'scenario':
    case 'invariant': {
      const brace = text.indexOf('{', node.span.start);
      return brace < 0 || brace >= node.span.end
        ? []
        : [trimmed(text, { start: brace + 1, end: node.span.end - 1 })];
    }
    default:
      return [];
  }
}

/** The comment at the offset; lines of comments below each other are one. */
function commentAt({ text, file }: Snapshot, offset: number): Span | undefined {
  const line = text.indexOf('\n', offset);
  const { raw } = layout(
    text,
    startWithComments(text, startBefore(file, offset)),
    line < 0 ? text.length : line,
  );
  const token = raw.findLast(
    ({ startOffset, image, tokenType }) =>
      T.isComment(tokenType) && startOffset <= offset && offset <= startOffset + image.length,
  );
  return token && { start: token.startOffset, end: token.startOffset + token.image.length };
}
