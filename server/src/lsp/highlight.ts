import { DocumentHighlightKind, type DocumentHighlight, type Position } from 'vscode-languageserver';
import type { Decl, Ident } from '../../../grammar/ast.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt, uses } from './occurrences.ts';
import { walk } from '../../../grammar/walk.ts';

/** The other places of the name at `position`, told apart by reading and writing. */
export function* highlights(snapshot: Snapshot, position: Position): InParts<readonly DocumentHighlight[]> {
  const { model } = snapshot;
  const found = occurrenceAt(model, toOffset(snapshot, position));
  if (!found) return [];
  const all = uses(model, found.symbol);
  const written = new Set<Ident>();
  let next = 0;
  for (const decl of model.file.decls) {
    const first = next;
    while (next < all.length && (all[next]?.span.start ?? 0) < decl.span.end) next++;
    if (next === first) continue;
    addWritten(decl, written);
    yield;
  }
  const declared = declaration(found.symbol);
  return all.map((ident) => ({
    range: toRange(snapshot, ident.span),
    kind: ident === declared || written.has(ident) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

/** Adds the names that an assignment changes: `x` of `x = …`, `f` of `v.f = …` and of `f[i] += …`. */
function addWritten(decl: Decl, written: Set<Ident>): void {
  walk(decl, (node) => {
    if (node.kind !== 'assign') return;
    let target = node.target;
    while (target.kind === 'index' || target.kind === 'paren') {
      target = target.kind === 'index' ? target.object : target.inner;
    }
    if (target.kind === 'name') written.add(target.name);
    if (target.kind === 'member') written.add(target.member);
  });
}
