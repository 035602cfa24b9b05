import { DocumentHighlightKind, type DocumentHighlight, type Position } from 'vscode-languageserver';
import type { Node, PolicyFile } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt, uses } from './occurrences.ts';
import { walk } from '../../../grammar/walk.ts';

/** The other places of the name at `position`, told apart by reading and writing. */
export function highlights(snapshot: Snapshot, position: Position): readonly DocumentHighlight[] {
  const { model } = snapshot;
  const found = occurrenceAt(model, toOffset(snapshot, position));
  if (!found) return [];
  const written = writtenNames(model.file);
  const declared = declaration(found.symbol);
  return uses(model, found.symbol).map((ident) => ({
    range: toRange(snapshot, ident.span),
    kind: ident === declared || written.has(ident) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

/** The names that an assignment changes: `x` of `x = …`, `f` of `v.f = …` and of `f[i] += …`. */
function writtenNames(file: PolicyFile): ReadonlySet<Node> {
  const written = new Set<Node>();
  walk(file, (node) => {
    if (node.kind !== 'assign') return;
    let target = node.target;
    while (target.kind === 'index' || target.kind === 'paren') {
      target = target.kind === 'index' ? target.object : target.inner;
    }
    if (target.kind === 'name') written.add(target.name);
    if (target.kind === 'member') written.add(target.member);
  });
  return written;
}
