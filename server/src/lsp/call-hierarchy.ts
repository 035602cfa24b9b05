import {
  SymbolKind,
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type Position,
} from 'vscode-languageserver';
import type { CallExpr, EveryDecl, FnDecl, HookDecl } from '../../../grammar/ast.ts';
import { pathTo, walk } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { occurrenceAt } from './occurrences.ts';
import { hookTitle } from './symbols.ts';

type Caller = FnDecl | HookDecl | EveryDecl;

/** The function that is named at `position`, or the hook or function in whose head it is. */
export function prepareCallHierarchy(
  snapshot: Snapshot,
  uri: string,
  position: Position,
): readonly CallHierarchyItem[] {
  const offset = toOffset(snapshot, position);
  const named = occurrenceAt(snapshot.model, offset)?.symbol;
  const called = named?.kind === 'callable' && named.callee.kind === 'fn' ? named.callee.decl : undefined;
  const fn = named?.kind === 'fn' ? named.decl : called;
  const around = pathTo(snapshot.file, offset).findLast(isCaller);
  const decl = fn ?? (around !== undefined && offset < around.body.span.start ? around : undefined);
  return decl === undefined ? [] : [itemOf(snapshot, uri, decl)];
}

/** Who calls the item's function. */
export function incomingCalls(
  snapshot: Snapshot,
  item: CallHierarchyItem,
): readonly CallHierarchyIncomingCall[] {
  const decl = declOf(snapshot, item);
  return callers(snapshot).flatMap((from) => {
    const places = callsIn(snapshot, from).filter(({ to }) => to === decl);
    return places.length === 0
      ? []
      : [
          {
            from: itemOf(snapshot, item.uri, from),
            fromRanges: places.map(({ at }) => toRange(snapshot, at)),
          },
        ];
  });
}

/** The functions that the item's hook or function calls. */
export function outgoingCalls(
  snapshot: Snapshot,
  item: CallHierarchyItem,
): readonly CallHierarchyOutgoingCall[] {
  const decl = declOf(snapshot, item);
  const places = new Map<FnDecl, Span[]>();
  for (const { to, at } of decl === undefined ? [] : callsIn(snapshot, decl))
    places.set(to, [...(places.get(to) ?? []), at]);
  return [...places].map(([to, found]) => ({
    to: itemOf(snapshot, item.uri, to),
    fromRanges: found.map((at) => toRange(snapshot, at)),
  }));
}

const isCaller = (node: { readonly kind: string }): node is Caller =>
  node.kind === 'fn' || node.kind === 'hook' || node.kind === 'every';

const callers = ({ model }: Snapshot): readonly Caller[] =>
  [...model.functions, ...model.handlers.map(({ decl }) => decl)].toSorted(
    (a, b) => a.span.start - b.span.start,
  );

function callsIn({ model }: Snapshot, caller: Caller): readonly { readonly to: FnDecl; readonly at: Span }[] {
  const found: { to: FnDecl; at: Span }[] = [];
  walk(caller.body, (node) => {
    const callee = node.kind === 'call' ? model.calls.get(node)?.callee : undefined;
    if (callee?.kind === 'fn') found.push({ to: callee.decl, at: (node as CallExpr).callee.span });
  });
  return found;
}

/** The declaration of an item that the client brings back, by its place. */
const declOf = (snapshot: Snapshot, { selectionRange }: CallHierarchyItem): Caller | undefined => {
  const at = toOffset(snapshot, selectionRange.start);
  return callers(snapshot).find((decl) => nameOf(decl).start === at);
};

function nameOf(decl: Caller): Span {
  switch (decl.kind) {
    case 'fn':
      return decl.name.span;
    case 'hook':
      return decl.hook.name?.span ?? decl.hook.span;
    case 'every':
      return decl.period.span;
  }
}

function itemOf(snapshot: Snapshot, uri: string, decl: Caller): CallHierarchyItem {
  const name = nameOf(decl);
  const shown = snapshot.text.slice(name.start, name.end);
  return {
    name: decl.kind === 'hook' ? hookTitle(decl.hook) : decl.kind === 'every' ? `every ${shown}` : shown,
    kind: decl.kind === 'fn' ? SymbolKind.Function : SymbolKind.Event,
    uri,
    range: toRange(snapshot, decl.span),
    selectionRange: toRange(snapshot, name),
  };
}
