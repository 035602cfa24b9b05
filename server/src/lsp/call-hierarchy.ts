import {
  SymbolKind,
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type Position,
} from 'vscode-languageserver';
import type { CallExpr, EveryDecl, FnDecl, HookDecl, InvariantDecl } from '../../../grammar/ast.ts';
import { pathTo, walk } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { toOffset, toRange } from './convert.ts';
import { occurrenceAt } from './occurrences.ts';
import { hookTitle } from './symbols.ts';

type Caller = FnDecl | HookDecl | EveryDecl | InvariantDecl;

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
  const decl = fn ?? (around !== undefined && offset < bodyOf(around) ? around : undefined);
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
  node.kind === 'fn' || node.kind === 'hook' || node.kind === 'every' || node.kind === 'invariant';

/** Where what it does begins. */
const bodyOf = (decl: Caller): number =>
  decl.kind === 'invariant' ? (decl.always[0]?.span.start ?? decl.span.end) : decl.body.span.start;

const callers = ({ model }: Snapshot): readonly Caller[] =>
  [...model.functions, ...model.handlers.map(({ decl }) => decl), ...model.invariants].toSorted(
    (a, b) => a.span.start - b.span.start,
  );

function callsIn({ model }: Snapshot, caller: Caller): readonly { readonly to: FnDecl; readonly at: Span }[] {
  const found: { to: FnDecl; at: Span }[] = [];
  for (const part of caller.kind === 'invariant' ? caller.always : [caller.body])
    walk(part, (node) => {
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
    case 'invariant':
      return decl.name.span;
    case 'hook':
      return decl.hook.name?.span ?? decl.hook.span;
    case 'every':
      return decl.period.span;
  }
}

const KINDS: Readonly<Record<Caller['kind'], SymbolKind>> = {
  fn: SymbolKind.Function,
  hook: SymbolKind.Event,
  every: SymbolKind.Event,
  invariant: SymbolKind.Boolean,
};

function itemOf(snapshot: Snapshot, uri: string, decl: Caller): CallHierarchyItem {
  const name = nameOf(decl);
  const shown = snapshot.text.slice(name.start, name.end);
  return {
    name: decl.kind === 'hook' ? hookTitle(decl.hook) : decl.kind === 'every' ? `every ${shown}` : shown,
    kind: KINDS[decl.kind],
    uri,
    range: toRange(snapshot, decl.span),
    selectionRange: toRange(snapshot, name),
  };
}
