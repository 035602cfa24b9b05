import type { Position, Range, TextEdit } from 'vscode-languageserver';
import type { Ident } from '../../../grammar/ast.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { snapshot as snapshotOf, type Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { declaration, occurrenceAt, uses } from './occurrences.ts';

/** Why a rename is refused; shown to the user. */
export interface Refused {
  readonly refused: string;
}

/** The name at `position`, if it is one that the policy declares. */
export function prepareRename(snapshot: Snapshot, position: Position): Range | Refused {
  const found = renamable(snapshot, position);
  return 'refused' in found ? found : toRange(snapshot, found.at.span);
}

/** The edits that give the name at `position` another name everywhere. */
export function* rename(
  snapshot: Snapshot,
  position: Position,
  newName: string,
): InParts<readonly TextEdit[] | Refused> {
  const found = renamable(snapshot, position);
  if ('refused' in found) return found;
  if (newName === '_' || !/^[A-Za-z_][A-Za-z0-9_]*$/u.test(newName)) {
    return {
      refused: `'${newName}' is no name: a name has letters, digits and '_', is not '_' alone, and has no digit in front`,
    };
  }
  const taken = snapshot.model.globals.host.get(newName) ?? snapshot.model.globals.guest.get(newName);
  if (taken) return { refused: `'${newName}' is taken in this policy` };
  const conflict = yield* conflictOf(snapshot, found.uses, newName);
  if (conflict !== undefined) return { refused: `with '${newName}' ${conflict}` };
  return found.uses.map((ident) => ({ range: toRange(snapshot, ident.span), newText: newName }));
}

/** What would go wrong under the new name: found by making the renamed policy and looking at it. */
function* conflictOf(old: Snapshot, places: readonly Ident[], newName: string): InParts<string | undefined> {
  const { text, settings } = old;
  const sorted = places.toSorted((a, b) => a.span.start - b.span.start);
  let renamed = '';
  let at = 0;
  const starts = new Set<number>();
  for (const { span } of sorted) {
    renamed += text.slice(at, span.start);
    starts.add(renamed.length);
    renamed += newName;
    at = span.end;
  }
  const then = snapshotOf(renamed + text.slice(at), settings);
  while (!then.advance('diagnostics', () => false)) yield;
  const before = errorsOf(old).map(({ code }) => code);
  // Each error that there was stands for one of its kind; one is new if none is left for it.
  const added = errorsOf(then).find(({ code }) => {
    const known = before.indexOf(code);
    if (known >= 0) before.splice(known, 1);
    return known < 0;
  });
  if (added !== undefined) return `there would be an error: ${added.message}`;
  const [first] = starts;
  const symbol = first === undefined ? undefined : occurrenceAt(then.model, first)?.symbol;
  const meant = symbol === undefined ? [] : uses(then.model, symbol);
  const same = meant.length === starts.size && meant.every(({ span }) => starts.has(span.start));
  return same ? undefined : 'some places would mean something else';
}

const errorsOf = ({ diagnostics }: Snapshot): readonly Diagnostic[] =>
  diagnostics.filter(({ severity }) => severity === 'error');

function renamable(
  snapshot: Snapshot,
  position: Position,
): { readonly at: Ident; readonly uses: readonly Ident[] } | Refused {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  if (!found) return { refused: 'there is no name here' };
  if (!declaration(found.symbol)) {
    return {
      refused: `'${found.ident.text}' is not declared in this policy; the kernel or the language brings it`,
    };
  }
  return { at: found.ident, uses: uses(snapshot.model, found.symbol) };
}
