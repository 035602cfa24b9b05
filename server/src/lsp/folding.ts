import { FoldingRangeKind, type FoldingRange } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Snapshot } from '../pipeline.ts';
import { walk, type AnyNode } from '../../../grammar/walk.ts';

/** What can be folded: declarations, blocks, arguments and comments of several lines. */
export function* folding(snapshot: Snapshot): InParts<readonly FoldingRange[]> {
  const { lines, file } = snapshot;
  const found = new Map<number, FoldingRange>();
  const look = (node: AnyNode): void => {
    if (!folds(node)) return;
    // The line of the closing brace stays in sight.
    const end = lines.lineAt(Math.max(node.span.start, node.span.end - 1)) - 1;
    const startLine = firstLine(snapshot, node);
    if (end > startLine && !found.has(startLine)) found.set(startLine, { startLine, endLine: end });
  };
  for (const decl of file.decls) {
    walk(decl, look);
    yield;
  }
  return [...found.values(), ...comments(snapshot)];
}

const FOLDS: ReadonlySet<string> = new Set([
  'block',
  'match',
  'enum',
  'shared',
  'state',
  'guest',
  'scenario',
  'invariant',
  'call',
]);

const folds = (node: AnyNode): boolean => FOLDS.has(node.kind);

/** The line that stays in sight. */
function firstLine(snapshot: Snapshot, node: AnyNode): number {
  switch (node.kind) {
    case 'call':
      return snapshot.lines.lineAt(node.callee.span.end);
    case 'match':
    case 'block':
      return snapshot.lines.lineAt(node.span.start);
    default:
      return bodyLine(snapshot, node);
  }
}

/** The line of a declaration's opening brace. */
function bodyLine(snapshot: Snapshot, node: AnyNode): number {
  const brace = snapshot.text.indexOf('{', node.span.start);
  const at = brace < 0 || brace >= node.span.end ? node.span.start : brace;
  return snapshot.lines.lineAt(at);
}

function comments({ text, lines }: Snapshot): readonly FoldingRange[] {
  const found: FoldingRange[] = [];
  const comment = /^[ \t]*\/\/.*(?:\r?\n[ \t]*\/\/.*)+|\/\*[^]*?\*\//gmu;
  for (const match of text.matchAll(comment)) {
    const startLine = lines.lineAt(match.index);
    const endLine = lines.lineAt(match.index + match[0].length);
    if (endLine > startLine) found.push({ startLine, endLine, kind: FoldingRangeKind.Comment });
  }
  return found;
}
